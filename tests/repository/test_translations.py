"""Translations and icons are complete and fit to be shown."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
import re
from typing import Any, Final

import pytest
import voluptuous as vol

from custom_components.green_api.api import ACCOUNT_ERROR_KINDS, ErrorKind
from custom_components.green_api.const import DOMAIN
from custom_components.green_api.problem import Problem
from homeassistant.const import Platform
from homeassistant.exceptions import HomeAssistantError
from tests.support.translation_check import TranslationCheck, placeholders_of

from . import ENGLISH, ICONS, MODULES, named, read_json
from .source import nodes, strings

LANGUAGE_FILES: Final = sorted(ENGLISH.parent.glob("*.json"))
LANGUAGES: Final = {"de", "en", "es", "fr", "he", "pt-BR", "ru"}

FORBIDDEN: Final = {
    "a blank at an end": re.compile(r"^\s|\s$"),
    "HTML": re.compile(r"</?[a-zA-Z][^>]*>"),
    "a URL, to be passed as placeholder": re.compile(r"\w+://|\bwww\."),
    "a placeholder in single quotes": re.compile(r"'\{\w+\}'"),
}


def _is_text(value: Any) -> str:
    text: str = vol.All(str, vol.Length(min=1))(value)
    for what, pattern in FORBIDDEN.items():
        if pattern.search(text):
            raise vol.Invalid(f"has {what}: {text}")
    if wrong := [name for name in placeholders_of(text) if not name.isidentifier()]:
        raise vol.Invalid(f"placeholders are identifiers, unlike {wrong}")
    return text


def _is_plain_text(value: Any) -> str:
    text = _is_text(value)
    if placeholders_of(text):
        raise vol.Invalid(f"nobody fills a placeholder here: {text}")
    return text


def _each(value: Any) -> vol.Schema:
    return vol.Schema({vol.Match(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$"): value})


def _is_described(step: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refuse fields without a description, and descriptions without a field."""
    if step.get("data", {}).keys() != step.get("data_description", {}).keys():
        raise vol.Invalid("data and data_description differ in their fields")
    return step


FLOW: Final = {
    vol.Optional("abort"): _each(_is_text),
    vol.Optional("create_entry"): _each(_is_text),
    vol.Optional("error"): _each(_is_text),
    vol.Optional("progress"): _each(_is_text),
    vol.Optional("step"): _each(
        vol.All(
            {
                vol.Optional("title"): _is_text,
                vol.Optional("description"): _is_text,
                vol.Optional("data"): _each(_is_plain_text),
                vol.Optional("data_description"): _each(_is_text),
                vol.Optional("menu_options"): _each(_is_text),
                vol.Optional("menu_option_descriptions"): _each(_is_text),
                vol.Optional("submit"): _is_plain_text,
            },
            _is_described,
        )
    ),
}
STATES: Final = _each(_is_plain_text)
AUTOMATION: Final = _each(
    {
        vol.Required("name"): _is_plain_text,
        vol.Required("description"): _is_plain_text,
        vol.Optional("fields"): _each(
            {
                vol.Required("name"): _is_plain_text,
                vol.Required("description"): _is_plain_text,
            }
        ),
    }
)

TRANSLATION_SCHEMA: Final = vol.Schema(
    {
        vol.Required("common"): _each(_is_text),
        vol.Required("conditions"): AUTOMATION,
        vol.Required("config"): FLOW,
        vol.Required("config_subentries"): _each(
            {
                **FLOW,
                vol.Required("entry_type"): _is_plain_text,
                vol.Required("initiate_flow"): _each(_is_plain_text),
            }
        ),
        vol.Required("entity"): {
            vol.In(list(Platform)): _each(
                {
                    vol.Optional("name"): _is_plain_text,
                    vol.Optional("state"): STATES,
                    vol.Optional("state_attributes"): _each(
                        {
                            vol.Optional("name"): _is_plain_text,
                            vol.Optional("state"): STATES,
                        }
                    ),
                    vol.Optional("unit_of_measurement"): _is_plain_text,
                }
            )
        },
        vol.Required("exceptions"): _each({vol.Required("message"): _is_text}),
        vol.Optional("issues"): _each(
            vol.Any(
                {
                    vol.Required("title"): _is_text,
                    vol.Required("description"): _is_text,
                },
                {vol.Required("title"): _is_text, vol.Required("fix_flow"): FLOW},
            )
        ),
        vol.Optional("selector"): _each({vol.Required("options"): STATES}),
        vol.Required("services"): AUTOMATION,
        vol.Required("triggers"): AUTOMATION,
    }
)

ICON: Final = vol.Match(r"mdi:[a-z0-9-]+$")

ICONS_SCHEMA: Final = vol.Schema(
    {
        vol.Required("conditions"): _each({vol.Required("condition"): ICON}),
        vol.Required("entity"): {
            vol.In(list(Platform)): _each(
                {
                    vol.Required("default"): ICON,
                    vol.Optional("state"): _each(ICON),
                    vol.Optional("state_attributes"): _each(
                        {
                            vol.Required("default"): ICON,
                            vol.Optional("state"): _each(ICON),
                        }
                    ),
                }
            )
        },
        vol.Required("services"): _each({vol.Required("service"): ICON}),
        vol.Required("triggers"): _each({vol.Required("trigger"): ICON}),
    }
)

CORE_ABORTS: Final = {
    "already_configured",
    "already_in_progress",
    "reauth_successful",
    "reconfigure_successful",
}
FORBIDDEN_FIELDS: Final = {"interval", "name", "scan_interval", "update_interval"}


def _leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    """Return the texts of a tree by their paths."""
    if isinstance(value, str):
        return {path: value}
    return {
        leaf: text
        for key, below in value.items()
        for leaf, text in _leaves(below, (*path, key)).items()
    }


def _flows() -> Iterator[Mapping[str, Any]]:
    """Yield the English texts of each flow."""
    yield read_json(ENGLISH)["config"]
    yield from read_json(ENGLISH)["config_subentries"].values()
    for issue in read_json(ENGLISH)["issues"].values():
        yield issue.get("fix_flow", {})


def test_languages() -> None:
    """The promised languages are there."""
    assert {path.stem for path in LANGUAGE_FILES} >= LANGUAGES


@pytest.mark.parametrize("path", LANGUAGE_FILES, ids=named)
def test_translation(path: Path) -> None:
    """A translation has known sections only, and no text that would show badly."""
    TRANSLATION_SCHEMA(read_json(path))


@pytest.mark.parametrize("path", LANGUAGE_FILES, ids=named)
def test_translation_is_complete(path: Path) -> None:
    """A translation has English's texts with English's placeholders."""
    english, other = _leaves(read_json(ENGLISH)), _leaves(read_json(path))
    assert {key: placeholders_of(text) for key, text in other.items()} == {
        key: placeholders_of(text) for key, text in english.items()
    }


@pytest.mark.parametrize(
    "path", [path for path in LANGUAGE_FILES if path != ENGLISH], ids=named
)
def test_translation_is_not_english(path: Path) -> None:
    """No sentence was left in English."""
    english, other = _leaves(read_json(ENGLISH)), _leaves(read_json(path))
    assert not {
        key: text
        for key, text in other.items()
        if text == english.get(key) and len(text.split()) > 3
    }


def test_aborts_of_core() -> None:
    """The reasons that core gives have a text: it comes from us on older versions."""
    assert read_json(ENGLISH)["config"]["abort"].keys() >= CORE_ABORTS


def test_every_failure_has_a_text() -> None:
    """Whatever the client runs into has a text, in the dialog and outside."""
    errors = read_json(ENGLISH)["config"]["error"]
    assert errors.keys() >= ACCOUNT_ERROR_KINDS | {"unknown"}
    assert read_json(ENGLISH)["exceptions"].keys() >= set(ErrorKind)


def test_every_problem_has_a_text() -> None:
    """Whatever can be wrong with an account has a text, in repairs and automations."""
    assert read_json(ENGLISH)["issues"].keys() >= set(Problem)
    assert read_json(ENGLISH)["exceptions"].keys() >= set(Problem)


def test_every_text_is_used() -> None:
    """No text is left of what the code has no more."""
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


@pytest.mark.parametrize("path", LANGUAGE_FILES, ids=named)
def test_twins(path: Path) -> None:
    """The steps that link an account say the same in every dialog.

    The repair alone knows that the account was linked before.
    """
    texts = read_json(path)
    repair = texts["issues"]["logged_out"]["fix_flow"]
    sections = ("abort", "progress", "step")
    in_config = _leaves({name: texts["config"][name] for name in sections})
    in_repair = _leaves({name: repair[name] for name in sections})
    assert {key for key, text in in_repair.items() if in_config[key] != text} == {
        ("step", "ways", "description")
    }


def test_every_step_exists() -> None:
    """The texts of a step belong to a step of that name."""
    methods = {
        node.name
        for node in nodes(MODULES, ast.AsyncFunctionDef)
        if node.name.startswith("async_step_")
    }
    steps = {step for flow in _flows() for step in flow.get("step", {})}
    assert {f"async_step_{step}" for step in steps} <= methods


def test_no_forbidden_field() -> None:
    """Nobody is asked for a name or an interval: Home Assistant has its own for it.

    It has none for the name of a subentry.
    """
    fields = {
        field
        for step in read_json(ENGLISH)["config"]["step"].values()
        for field in step.get("data", {})
    }
    assert not fields & FORBIDDEN_FIELDS


def test_icons() -> None:
    """icons.json has icons of Material Design, and none twice for nothing."""
    icons = read_json(ICONS)
    ICONS_SCHEMA(icons)
    for entities in icons["entity"].values():
        for icon in entities.values():
            assert icon["default"] not in icon.get("state", {}).values()


def test_missing_text_is_noticed() -> None:
    """The check of the texts that tests meet is able to fail."""
    check = TranslationCheck({"exceptions": {"late": {"message": "{name} is late"}}})
    for key in ("late", "lost"):
        check.exception(_FailureError(key))
    assert check.problems == [
        "exceptions.late.message: nobody fills name",
        "exceptions.lost.message is missing",
    ]


class _FailureError(HomeAssistantError):
    """An exception that the check of this very test does not meet."""

    def __init__(self, key: str) -> None:
        """Name a text."""
        super().__init__()
        self.translation_domain = DOMAIN
        self.translation_key = key
