"""Binary sensors."""

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import BareEntity

BINARY_SENSORS = (
    BinarySensorEntityDescription(key="first_binary", name="First binary"),
    BinarySensorEntityDescription(key="second_binary", name="Second binary"),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the binary sensors."""
    async_add_entities(
        BareBinarySensor(entry, description) for description in BINARY_SENSORS
    )


class BareBinarySensor(BareEntity, BinarySensorEntity):
    """A binary sensor that is always on."""

    _attr_is_on = True
