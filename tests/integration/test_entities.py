"""Test how the entities of an account are registered."""

from dataclasses import dataclass
from typing import Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.const import DOMAIN
from homeassistant.components.binary_sensor import BinarySensorDeviceClass
from homeassistant.components.button import ButtonDeviceClass
from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import ATTR_FRIENDLY_NAME, EntityCategory
from homeassistant.core import HomeAssistant, split_entity_id
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.icon import async_get_icons
from tests.support.entities import (
    BUTTON,
    CONNECTIVITY,
    ERROR,
    IMAGE,
    MESSAGES_IN_QUEUE,
    PROBLEM,
    REASON,
    RESTRICTED_UNTIL,
    STATE,
    STATE_SINCE,
)


@dataclass(frozen=True, slots=True)
class Registered:
    """How an entity is registered; one without a category is a main entity."""

    entity_id: str
    key: str
    name: str
    device_class: str | None = None
    category: EntityCategory | None = EntityCategory.DIAGNOSTIC
    disabled_by: er.RegistryEntryDisabler | None = None


ENTITIES: Final = (
    Registered(
        BUTTON, "reboot", "Reboot", ButtonDeviceClass.RESTART, EntityCategory.CONFIG
    ),
    Registered(
        CONNECTIVITY,
        "connectivity",
        "Connectivity",
        BinarySensorDeviceClass.CONNECTIVITY,
        None,
    ),
    Registered(ERROR, "error", "Error", SensorDeviceClass.ENUM),
    Registered(
        IMAGE, "qr_code", "QR code", disabled_by=er.RegistryEntryDisabler.INTEGRATION
    ),
    Registered(MESSAGES_IN_QUEUE, "messages_in_queue", "Messages in queue"),
    Registered(PROBLEM, "problem", "Problem", BinarySensorDeviceClass.PROBLEM, None),
    Registered(
        REASON, "problem_reason", "Problem reason", SensorDeviceClass.ENUM, None
    ),
    Registered(
        RESTRICTED_UNTIL,
        "restricted_until",
        "Restricted until",
        SensorDeviceClass.TIMESTAMP,
    ),
    Registered(STATE, "state", "Account state", SensorDeviceClass.ENUM, None),
    Registered(
        STATE_SINCE,
        "state_since",
        "In this state since",
        SensorDeviceClass.TIMESTAMP,
        None,
    ),
)


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize("expected", ENTITIES, ids=lambda expected: expected.key)
def test_registered(entity_registry: er.EntityRegistry, expected: Registered) -> None:
    """Each entity has its name, its class and its category."""
    entity = entity_registry.async_get(expected.entity_id)
    assert entity.unique_id == f"1101000001_{expected.key}"
    assert entity.has_entity_name
    assert entity.original_name == expected.name
    assert entity.original_device_class == expected.device_class
    assert entity.entity_category is expected.category
    assert entity.disabled_by is expected.disabled_by


@pytest.mark.usefixtures("loaded_entry")
def test_names(hass: HomeAssistant) -> None:
    """Each entity that is enabled has a state, named after the account and itself."""
    names = {
        it.entity_id: it.attributes[ATTR_FRIENDLY_NAME]
        for it in hass.states.async_all()
    }
    assert names == {
        it.entity_id: f"GREEN-API 1101000001 {it.name}"
        for it in ENTITIES
        if it.disabled_by is None
    }


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize(
    "expected",
    [it for it in ENTITIES if it.entity_id not in (CONNECTIVITY, PROBLEM)],
    ids=lambda expected: expected.key,
)
async def test_icon(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, expected: Registered
) -> None:
    """Each entity has an icon of its own, but those that their class is enough for."""
    platform, _ = split_entity_id(expected.entity_id)
    key = entity_registry.async_get(expected.entity_id).translation_key
    icons = await async_get_icons(hass, "entity", [DOMAIN])
    assert icons[DOMAIN][platform][key]["default"]


async def test_no_other_entities(
    loaded_entry: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    """An account without recipients has no other entities."""
    entities = er.async_entries_for_config_entry(entity_registry, loaded_entry.entry_id)
    assert {it.entity_id for it in entities} == {it.entity_id for it in ENTITIES}
