"""The automation editor has every trigger and condition with all options."""

from typing import Any, Final

import pytest

from custom_components.green_api.api import AccountState, InstanceState, MessageKind
from custom_components.green_api.automations.variables import state_option
from custom_components.green_api.condition import CONDITIONS
from custom_components.green_api.const import DOMAIN
from custom_components.green_api.decisions.problem import Problem
from custom_components.green_api.trigger import TRIGGERS
from homeassistant.util.yaml import load_yaml_dict

from . import ENGLISH, ICONS, INTEGRATION, read_json

KINDS: Final[dict[str, dict[str, Any]]] = {
    "conditions": dict(CONDITIONS),
    "triggers": dict(TRIGGERS),
}
OPTIONS: Final = {
    "message_kind": {*MessageKind},
    "reason": {*Problem},
    "state": {state_option(AccountState(state)) for state in InstanceState},
}


def descriptions_of(kind: str) -> dict[str, Any]:
    """Return the descriptions of all triggers or of all conditions."""
    descriptions: dict[str, Any] = load_yaml_dict(str(INTEGRATION / f"{kind}.yaml"))
    return {
        key: description
        for key, description in descriptions.items()
        if not key.startswith(".")
    }


@pytest.mark.parametrize("kind", KINDS)
def test_descriptions_are_complete(kind: str) -> None:
    """Exactly the existing ones have a description, an icon and a text."""
    assert descriptions_of(kind).keys() == KINDS[kind].keys()
    assert read_json(ICONS)[kind].keys() == KINDS[kind].keys()
    assert read_json(ENGLISH)[kind].keys() == KINDS[kind].keys()


@pytest.mark.parametrize("kind", KINDS)
def test_fields(kind: str) -> None:
    """The fields of the editor are the accepted options, and all have a text."""
    for key, description in descriptions_of(kind).items():
        fields = description.get("fields", {})
        (options,) = (
            value
            for name, value in KINDS[kind][key]._schema.schema.items()
            if name == "options"
        )
        assert fields.keys() == {str(name) for name in options}
        assert read_json(ENGLISH)[kind][key].get("fields", {}).keys() == fields.keys()


def test_select_options() -> None:
    """A select field has all options, each with a text."""
    selects = [
        field["selector"]["select"]
        for kind in KINDS
        for description in descriptions_of(kind).values()
        for field in description.get("fields", {}).values()
        if "select" in field["selector"]
    ]
    assert selects
    for select in selects:
        key = select["translation_key"]
        assert set(select["options"]) == OPTIONS[key]
        assert read_json(ENGLISH)["selector"][key]["options"].keys() == OPTIONS[key]


@pytest.mark.parametrize("kind", KINDS)
def test_targets_are_accounts(kind: str) -> None:
    """The editor only offers them for entities of accounts."""
    filters = [
        entity
        for description in descriptions_of(kind).values()
        for entity in description["target"]["entity"]
    ]
    assert {entity["integration"] for entity in filters} == {DOMAIN}
    assert all("domain" in entity for entity in filters)
