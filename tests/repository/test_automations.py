"""The automation editor knows every trigger and condition, and of all options."""

from typing import Any, Final

import pytest

from custom_components.green_api.api import AccountState, InstanceState
from custom_components.green_api.condition import CONDITIONS
from custom_components.green_api.const import DOMAIN
from custom_components.green_api.payload import state_option
from custom_components.green_api.problem import Problem
from custom_components.green_api.trigger import TRIGGERS
from homeassistant.util.yaml import load_yaml_dict

from . import ENGLISH, ICONS, INTEGRATION, read_json

KINDS: Final[dict[str, dict[str, Any]]] = {
    "conditions": dict(CONDITIONS),
    "triggers": dict(TRIGGERS),
}
OPTIONS: Final = {
    "reason": {*Problem},
    "state": {state_option(AccountState(state)) for state in InstanceState},
}


def described(kind: str) -> dict[str, Any]:
    """Return the descriptions of all triggers, or of all conditions."""
    descriptions: dict[str, Any] = load_yaml_dict(str(INTEGRATION / f"{kind}.yaml"))
    return {
        key: description
        for key, description in descriptions.items()
        if not key.startswith(".")
    }


@pytest.mark.parametrize("kind", KINDS)
def test_all_are_described(kind: str) -> None:
    """What there is has a description, an icon and a text, and nothing else has."""
    assert described(kind).keys() == KINDS[kind].keys()
    assert read_json(ICONS)[kind].keys() == KINDS[kind].keys()
    assert read_json(ENGLISH)[kind].keys() == KINDS[kind].keys()


@pytest.mark.parametrize("kind", KINDS)
def test_fields(kind: str) -> None:
    """The fields of the editor are the options that are taken, and all have a text."""
    for key, description in described(kind).items():
        fields = description.get("fields", {})
        (taken,) = (
            value
            for name, value in KINDS[kind][key]._schema.schema.items()
            if name == "options"
        )
        assert fields.keys() == {str(name) for name in taken}
        assert read_json(ENGLISH)[kind][key].get("fields", {}).keys() == fields.keys()


def test_choices() -> None:
    """A field to choose from has all that can be chosen, each with a text."""
    selects = [
        field["selector"]["select"]
        for kind in KINDS
        for description in described(kind).values()
        for field in description.get("fields", {}).values()
        if "select" in field["selector"]
    ]
    assert selects
    for select in selects:
        key = select["translation_key"]
        assert set(select["options"]) == OPTIONS[key]
        assert read_json(ENGLISH)["selector"][key]["options"].keys() == OPTIONS[key]


@pytest.mark.parametrize("kind", KINDS)
def test_offered_for_accounts_only(kind: str) -> None:
    """The editor offers them for entities of accounts, and for no others."""
    filters = [
        entity
        for description in described(kind).values()
        for entity in description["target"]["entity"]
    ]
    assert {entity["integration"] for entity in filters} == {DOMAIN}
    assert all("domain" in entity for entity in filters)
