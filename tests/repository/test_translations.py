"""Translations and icons are complete and valid."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
import re
from typing import Any, Final

import pytest
import voluptuous as vol

from custom_components.green_api.api import ACCOUNT_ERROR_KINDS, ErrorKind
from custom_components.green_api.const import DOMAIN
from custom_components.green_api.decisions.problem import Problem
from homeassistant.const import Platform
from homeassistant.exceptions import HomeAssistantError
from tests.support.translation_check import TranslationCheck, placeholders_of

from . import ENGLISH, ICONS, MODULES, path_id, read_json
from .source import nodes, strings

LANGUAGE_FILES: Final = sorted(ENGLISH.parent.glob("*.json"))
LANGUAGES: Final = {"de", "en", "es", "fr", "he", "pt-BR", "ru"}

FORBIDDEN_PATTERNS: Final = {
    "leading or trailing whitespace": re.compile(r"^\s|\s$"),
    "HTML": re.compile(r"</?[a-zA-Z][^>]*>"),
    "a URL, which has to be a placeholder": re.compile(r"\w+://|\bwww\."),
    "a placeholder in single quotes": re.compile(r"'\{\w+\}'"),
}
MARKDOWN: Final = re.compile(r"\*\*|\]\(|`")

LONGEST_TITLE: Final = 25
"""How many characters fit in a line of a title on a phone with 320 pixels."""


def _is_text(value: Any) -> str:
    text: str = vol.All(str, vol.Length(min=1))(value)
    for what, pattern in FORBIDDEN_PATTERNS.items():
        if pattern.search(text):
            raise vol.Invalid(f"has {what}: {text}")
    if wrong := [name for name in placeholders_of(text) if not name.isidentifier()]:
        raise vol.Invalid(f"placeholders are identifiers, unlike {wrong}")
    return text


def _is_unformatted(value: Any) -> str:
    """Validate a text that is shown as it is: its Markdown isn't rendered."""
    text = _is_text(value)
    if MARKDOWN.search(text):
        raise vol.Invalid(f"has Markdown, which isn't rendered here: {text}")
    return text


def _is_plain_text(value: Any) -> str:
    text = _is_text(value)
    if placeholders_of(text):
        raise vol.Invalid(f"has a placeholder, but no values are passed: {text}")
    return text


def _mapping_of(value: Any) -> vol.Schema:
    return vol.Schema({vol.Match(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$"): value})


def _is_described(step: Mapping[str, Any]) -> Mapping[str, Any]:
    """Validate that exactly the fields of a step have a description."""
    if step.get("data", {}).keys() != step.get("data_description", {}).keys():
        raise vol.Invalid("data and data_description differ in their fields")
    return step


FLOW: Final = {
    vol.Optional("abort"): _mapping_of(_is_text),
    vol.Optional("create_entry"): _mapping_of(_is_text),
    vol.Optional("error"): _mapping_of(_is_unformatted),
    vol.Optional("progress"): _mapping_of(_is_text),
    vol.Optional("step"): _mapping_of(
        vol.All(
            {
                vol.Optional("title"): _is_text,
                vol.Optional("description"): _is_text,
                vol.Optional("data"): _mapping_of(_is_plain_text),
                vol.Optional("data_description"): _mapping_of(_is_text),
                vol.Optional("menu_options"): _mapping_of(_is_text),
                vol.Optional("menu_option_descriptions"): _mapping_of(_is_text),
                vol.Optional("submit"): _is_plain_text,
            },
            _is_described,
        )
    ),
}
STATES: Final = _mapping_of(_is_plain_text)
AUTOMATION: Final = _mapping_of(
    {
        vol.Required("name"): _is_plain_text,
        vol.Required("description"): _is_plain_text,
        vol.Optional("fields"): _mapping_of(
            {
                vol.Required("name"): _is_plain_text,
                vol.Required("description"): _is_plain_text,
            }
        ),
    }
)

TRANSLATION_SCHEMA: Final = vol.Schema(
    {
        vol.Required("common"): _mapping_of(_is_text),
        vol.Required("conditions"): AUTOMATION,
        vol.Required("config"): FLOW,
        vol.Required("config_subentries"): _mapping_of(
            {
                **FLOW,
                vol.Required("entry_type"): _is_plain_text,
                vol.Required("initiate_flow"): _mapping_of(_is_plain_text),
            }
        ),
        vol.Required("entity"): {
            vol.In(list(Platform)): _mapping_of(
                {
                    vol.Optional("name"): _is_plain_text,
                    vol.Optional("state"): STATES,
                    vol.Optional("state_attributes"): _mapping_of(
                        {
                            vol.Optional("name"): _is_plain_text,
                            vol.Optional("state"): STATES,
                        }
                    ),
                    vol.Optional("unit_of_measurement"): _is_plain_text,
                }
            )
        },
        vol.Required("exceptions"): _mapping_of(
            {vol.Required("message"): _is_unformatted}
        ),
        vol.Optional("issues"): _mapping_of(
            vol.Any(
                {
                    vol.Required("title"): _is_text,
                    vol.Required("description"): _is_text,
                },
                {vol.Required("title"): _is_text, vol.Required("fix_flow"): FLOW},
            )
        ),
        vol.Required("options"): FLOW,
        vol.Optional("selector"): _mapping_of({vol.Required("options"): STATES}),
        vol.Required("services"): AUTOMATION,
        # Shown in place of the manifest's name, except when adding an integration.
        vol.Required("title"): "GREEN-API",
        vol.Required("triggers"): AUTOMATION,
    }
)

ICON: Final = vol.Match(r"mdi:[a-z0-9-]+$")

ICONS_SCHEMA: Final = vol.Schema(
    {
        vol.Required("conditions"): _mapping_of({vol.Required("condition"): ICON}),
        vol.Required("entity"): {
            vol.In(list(Platform)): _mapping_of(
                {
                    vol.Required("default"): ICON,
                    vol.Optional("state"): _mapping_of(ICON),
                    vol.Optional("state_attributes"): _mapping_of(
                        {
                            vol.Required("default"): ICON,
                            vol.Optional("state"): _mapping_of(ICON),
                        }
                    ),
                }
            )
        },
        vol.Required("services"): _mapping_of({vol.Required("service"): ICON}),
        vol.Required("triggers"): _mapping_of({vol.Required("trigger"): ICON}),
    }
)

CORE_ABORTS: Final = {
    "already_configured",
    "already_in_progress",
    "reauth_successful",
    "reconfigure_successful",
}
FORBIDDEN_FIELDS: Final = {"interval", "name", "scan_interval", "update_interval"}


def _flattened(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    """Return the texts of a tree, by path."""
    if isinstance(value, str):
        return {path: value}
    return {
        leaf: text
        for key, below in value.items()
        for leaf, text in _flattened(below, (*path, key)).items()
    }


def _flows() -> Iterator[Mapping[str, Any]]:
    """Yield the English texts of each flow."""
    yield read_json(ENGLISH)["config"]
    yield from read_json(ENGLISH)["config_subentries"].values()
    for issue in read_json(ENGLISH)["issues"].values():
        yield issue.get("fix_flow", {})


def test_languages() -> None:
    """All documented languages exist."""
    assert {path.stem for path in LANGUAGE_FILES} >= LANGUAGES


@pytest.mark.parametrize("path", LANGUAGE_FILES, ids=path_id)
def test_translation(path: Path) -> None:
    """A translation only has known sections, and texts without forbidden patterns."""
    TRANSLATION_SCHEMA(read_json(path))


@pytest.mark.parametrize("path", LANGUAGE_FILES, ids=path_id)
def test_translation_is_complete(path: Path) -> None:
    """A translation has the same keys and placeholders as English."""
    english, other = _flattened(read_json(ENGLISH)), _flattened(read_json(path))
    assert {key: placeholders_of(text) for key, text in other.items()} == {
        key: placeholders_of(text) for key, text in english.items()
    }


@pytest.mark.parametrize(
    "path", [path for path in LANGUAGE_FILES if path != ENGLISH], ids=path_id
)
def test_translation_is_not_english(path: Path) -> None:
    """No sentence is left in English."""
    english, other = _flattened(read_json(ENGLISH)), _flattened(read_json(path))
    assert not {
        key: text
        for key, text in other.items()
        if text == english.get(key) and len(text.split()) > 3
    }


def test_core_aborts_have_texts() -> None:
    """The abort reasons of core have a text, which older versions need."""
    assert read_json(ENGLISH)["config"]["abort"].keys() >= CORE_ABORTS


def test_every_error_has_a_text() -> None:
    """Every error of the client has a text, in the dialog and as an exception."""
    errors = read_json(ENGLISH)["config"]["error"]
    assert errors.keys() >= ACCOUNT_ERROR_KINDS | {"unknown"}
    assert read_json(ENGLISH)["exceptions"].keys() >= set(ErrorKind)


def test_every_problem_has_a_text() -> None:
    """Every problem has a text, in repairs and in exceptions."""
    assert read_json(ENGLISH)["issues"].keys() >= set(Problem)
    assert read_json(ENGLISH)["exceptions"].keys() >= set(Problem)


def test_every_text_is_used() -> None:
    """Every text is used in the code."""
    english = read_json(ENGLISH)
    keys = {
        *english["common"],
        *english["conditions"],
        *english["exceptions"],
        *english["services"],
        *(field for it in english["services"].values() for field in it["fields"]),
        *english["triggers"],
        *english["issues"],
        *(key for entities in english["entity"].values() for key in entities),
    }
    for flow in _flows():
        keys |= flow.get("error", {}).keys() | flow.get("progress", {}).keys()
        keys |= flow.get("abort", {}).keys() - CORE_ABORTS
    assert not keys - strings()


@pytest.mark.parametrize("path", LANGUAGE_FILES, ids=path_id)
def test_linking_texts_are_the_same(path: Path) -> None:
    """The steps that link an account have the same texts in every dialog.

    Only the repair can mention that the account was linked before, and offers a reboot.
    Only the other dialogs say in the end how messages are sent.
    """
    texts = read_json(path)
    repair = texts["issues"]["logged_out"]["fix_flow"]
    sections = ("abort", "progress", "step")
    in_config = _flattened({name: texts["config"][name] for name in sections})
    in_repair = _flattened({name: repair[name] for name in sections})
    assert {key for key, text in in_repair.items() if in_config.get(key) != text} == {
        ("abort", "linked"),
        ("abort", "problem_ended"),
        ("step", "max_ways", "description"),
        ("step", "max_ways", "menu_option_descriptions", "reboot"),
        ("step", "max_ways", "menu_options", "reboot"),
        ("step", "reboot", "description"),
        ("step", "reboot", "submit"),
        ("step", "reboot", "title"),
        ("step", "ways", "description"),
        ("step", "ways", "menu_option_descriptions", "reboot"),
        ("step", "ways", "menu_options", "reboot"),
    }


@pytest.mark.parametrize("path", LANGUAGE_FILES, ids=path_id)
def test_titles_of_repairs_fit_on_a_phone(path: Path) -> None:
    """A title is one line: a repair says below it how serious it is.

    Home Assistant cuts off the title of a menu, and prints the second line of a title
    of a form over what is below.
    """
    titles = {
        text.format(messenger="Telegram")
        for key, text in _flattened(read_json(path)["issues"]).items()
        if "step" in key and key[-1] == "title"
    }
    assert titles
    assert not {title for title in titles if len(title) > LONGEST_TITLE}


def test_every_step_exists() -> None:
    """Every step with texts exists."""
    methods = {node.name for node in nodes(MODULES, ast.AsyncFunctionDef)}
    same = {node.id for node in nodes(MODULES, ast.Name)}
    steps = {step for flow in _flows() for step in flow.get("step", {})}
    assert {f"async_step_{step}" for step in steps} <= methods | same


def test_no_forbidden_field() -> None:
    """No form has a field for a name or an interval: Home Assistant has its own.

    It has none for the name of a subentry.
    """
    fields = {
        field
        for step in read_json(ENGLISH)["config"]["step"].values()
        for field in step.get("data", {})
    }
    assert not fields & FORBIDDEN_FIELDS


def test_icons() -> None:
    """icons.json has Material Design icons, and no state repeats the default."""
    icons = read_json(ICONS)
    ICONS_SCHEMA(icons)
    for entities in icons["entity"].values():
        for icon in entities.values():
            assert icon["default"] not in icon.get("state", {}).values()


def test_translation_check_reports_missing_texts() -> None:
    """The check of the texts that tests use is able to fail."""
    check = TranslationCheck({"exceptions": {"late": {"message": "{name} is late"}}})
    for key in ("late", "lost"):
        check.exception(_FailureError(key))
    assert check.problems == [
        "exceptions.late.message: nobody fills name",
        "exceptions.lost.message is missing",
    ]


class _FailureError(HomeAssistantError):
    """An exception that is only passed to the check of this test."""

    def __init__(self, key: str) -> None:
        """Initialize with a translation key."""
        super().__init__()
        self.translation_domain = DOMAIN
        self.translation_key = key


@pytest.mark.parametrize("path", LANGUAGE_FILES, ids=path_id)
def test_switch_of_statuses_is_named(path: Path) -> None:
    """The texts about statuses that are turned off name the switch that mends it."""
    texts = read_json(path)
    issue = texts["issues"]["statuses_off"]["description"]
    error = texts["exceptions"]["statuses_off"]["message"]
    assert "outgoingWebhook" in issue
    assert "outgoingWebhook" in error
    assert "{console_url}" in issue
