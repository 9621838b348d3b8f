"""Sensors, the last one disabled."""

from homeassistant.components.sensor import SensorEntity, SensorEntityDescription
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import BareEntity

SENSORS = (
    SensorEntityDescription(key="first", name="First"),
    SensorEntityDescription(key="second", name="Second"),
    SensorEntityDescription(
        key="third", name="Third", entity_registry_enabled_default=False
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors."""
    async_add_entities(BareSensor(entry, description) for description in SENSORS)


class BareSensor(BareEntity, SensorEntity):
    """A sensor with a constant value."""

    _attr_native_value = "authorized"
