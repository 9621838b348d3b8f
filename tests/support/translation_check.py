"""Check that all texts that are shown in tests exist.

Home Assistant's own test suite has such a check, but the harness does not. With a
conftest that imports `check_translations`, each test fails that shows a missing text or
a text with a missing placeholder.
"""

from collections.abc import Generator, Iterable, Mapping
import json
from pathlib import Path
from string import Formatter
from typing import Any, Final, cast
from unittest.mock import patch

import pytest

from custom_components.green_api.const import DOMAIN
from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigFlow, ConfigSubentryFlow
from homeassistant.data_entry_flow import (
    FlowContext,
    FlowHandler,
    FlowManager,
    FlowResult,
    FlowResultType,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.issue_registry import IssueEntry, IssueRegistry

type Texts = Mapping[str, Texts | str]
type Flow = FlowHandler[Any, Any, Any]
type Manager = FlowManager[Any, Any, Any]
type Result = FlowResult[FlowContext, Any]

ENGLISH: Final = (
    Path(__file__).parents[2] / "custom_components" / DOMAIN / "translations/en.json"
)


class TranslationCheck:
    """Collect the missing texts and placeholders."""

    def __init__(self, english: Texts) -> None:
        """Initialize with the English translation."""
        self.problems: list[str] = []
        self._english = english
        self._issue_keys: dict[str, str] = {}

    def exception(self, err: HomeAssistantError) -> None:
        """Check the text of an exception, whether it is raised or not."""
        if err.translation_domain == DOMAIN:
            self._check(
                ("exceptions", str(err.translation_key), "message"),
                err.translation_placeholders,
            )

    def issue(self, issue: IssueEntry) -> None:
        """Check the texts of an issue; its fix flow is checked as a flow."""
        if issue.domain != DOMAIN:
            return
        key = str(issue.translation_key)
        self._issue_keys[issue.issue_id] = key
        self._check(("issues", key, "title"), issue.translation_placeholders)
        if not issue.is_fixable:
            self._check(("issues", key, "description"), issue.translation_placeholders)

    def flow(self, flow: Flow, result: Result) -> None:
        """Check the texts of a step of a flow."""
        if flow.handler != DOMAIN and not isinstance(flow, ConfigSubentryFlow):
            return
        section = self._section(flow)
        for path in _shown(result):
            self._check((*section, *path), result.get("description_placeholders"))

    def _section(self, flow: Flow) -> tuple[str, ...]:
        """Return the path of the texts of a flow."""
        match flow:
            case ConfigFlow():
                return ("config",)
            case ConfigSubentryFlow():
                return ("config_subentries", flow.handler[1])
            case RepairsFlow():
                return ("issues", self._issue_keys[flow.issue_id], "fix_flow")
        message = f"unknown type of flow: {flow!r}"
        raise NotImplementedError(message)

    def _check(
        self, path: tuple[str, ...], placeholders: Mapping[str, str] | None
    ) -> None:
        """Check that there are texts at a path, with all their placeholders."""
        texts = list(_texts(self._english, path))
        if not texts:
            self.problems.append(f"{'.'.join(path)} is missing")
        for text in texts:
            if unfilled := placeholders_of(text) - set(placeholders or ()):
                self.problems.append(
                    f"{'.'.join(path)}: nobody fills {', '.join(sorted(unfilled))}"
                )


def placeholders_of(text: str) -> set[str]:
    """Return the names of the placeholders in a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _texts(texts: Texts | str, path: tuple[str, ...]) -> Iterable[str]:
    """Yield the text at a path, or all texts below it."""
    match texts, path:
        case str(text), ():
            yield text
        case Mapping(), ():
            for below in texts.values():
                yield from _texts(below, ())
        case Mapping(), (key, *rest) if key in texts:
            yield from _texts(texts[key], tuple(rest))


def _shown(result: Result) -> Iterable[tuple[str, ...]]:
    """Yield the paths of the texts of a flow result."""
    match result["type"]:
        case FlowResultType.FORM:
            yield ("step", result["step_id"])
            for field in getattr(result.get("data_schema"), "schema", ()):
                yield ("step", result["step_id"], "data", str(field))
            for error in (result.get("errors") or {}).values():
                yield ("error", error)
        case FlowResultType.MENU:
            yield ("step", result["step_id"])
            for option in cast("Iterable[str]", result["menu_options"]):
                yield ("step", result["step_id"], "menu_options", option)
        case FlowResultType.SHOW_PROGRESS:
            yield ("progress", result["progress_action"])
        case FlowResultType.ABORT:
            yield ("abort", result["reason"])
        case FlowResultType.CREATE_ENTRY if {"next_flow", "version"} & {*result} == {
            "version"
        }:
            # Home Assistant shows its own text at the end of a repair.
            yield ("create_entry", "default")


@pytest.fixture(autouse=True)
def check_translations() -> Generator[None]:
    """Fail a test that shows a missing text."""
    check = TranslationCheck(json.loads(ENGLISH.read_text(encoding="utf-8")))
    handle_step = FlowManager._async_handle_step
    get_or_create = IssueRegistry.async_get_or_create
    make_error = HomeAssistantError.__init__

    async def checked_handle_step(
        self: Manager, flow: Flow, *args: Any, **kwargs: Any
    ) -> Result:
        result: Result = await handle_step(self, flow, *args, **kwargs)
        check.flow(flow, result)
        return result

    def checked_get_or_create(
        self: IssueRegistry, *args: Any, **kwargs: Any
    ) -> IssueEntry:
        issue = get_or_create(self, *args, **kwargs)
        check.issue(issue)
        return issue

    def checked_make_error(self: HomeAssistantError, *args: Any, **kwargs: Any) -> None:
        make_error(self, *args, **kwargs)
        check.exception(self)

    with (
        patch.object(FlowManager, "_async_handle_step", checked_handle_step),
        patch.object(IssueRegistry, "async_get_or_create", checked_get_or_create),
        patch.object(HomeAssistantError, "__init__", checked_make_error),
    ):
        yield
    assert not check.problems
