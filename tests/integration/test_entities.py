"""Test how the entities of an account are registered."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from custom_components.green_api.const import DOMAIN
from homeassistant.const import ATTR_FRIENDLY_NAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.icon import async_get_icons
from tests.support.entities import CONNECTIVITY, PROBLEM


@pytest.fixture
def entities(
    loaded_entry: MockConfigEntry, entity_registry: er.EntityRegistry
) -> list[er.RegistryEntry]:
    """Return the entities of an account without recipients."""
    return er.async_entries_for_config_entry(entity_registry, loaded_entry.entry_id)


def registered(entity: er.RegistryEntry) -> dict[str, Any]:
    """Return how an entity is registered, as far as versions of core agree on it."""
    return {
        "category": plain(entity.entity_category),
        "device_class": plain(entity.original_device_class),
        "disabled_by": plain(entity.disabled_by),
        "has_entity_name": entity.has_entity_name,
        "name": entity.original_name,
        "translation_key": entity.translation_key,
        "unique_id": entity.unique_id,
    }


def plain(member: str | None) -> str | None:
    """Return the value of a member of an enumeration."""
    return None if member is None else f"{member}"


async def test_registered(
    entities: list[er.RegistryEntry], snapshot: SnapshotAssertion
) -> None:
    """Test that there are these entities, with their names, classes and categories."""
    assert {it.entity_id: registered(it) for it in entities} == snapshot


async def test_names(hass: HomeAssistant, entities: list[er.RegistryEntry]) -> None:
    """Test that each enabled entity has a state, named after its account and itself."""
    names = {
        it.entity_id: it.attributes[ATTR_FRIENDLY_NAME]
        for it in hass.states.async_all()
    }
    assert names == {
        it.entity_id: f"GREEN-API 1101000001 {it.original_name}"
        for it in entities
        if it.disabled_by is None
    }


async def test_icons(hass: HomeAssistant, entities: list[er.RegistryEntry]) -> None:
    """Test that each entity has an icon, unless its device class is enough."""
    icons = (await async_get_icons(hass, "entity", [DOMAIN]))[DOMAIN]
    without = {
        it.entity_id
        for it in entities
        if not icons.get(it.domain, {}).get(it.translation_key, {}).get("default")
    }
    assert without == {CONNECTIVITY, PROBLEM}
