"""Sensors of an account."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .api import InstanceState
from .coordinator import (
    QUEUE_CONTEXT,
    Account,
    GreenApiConfigEntry,
    GreenApiCoordinator,
)
from .entity import GreenApiEntity

PARALLEL_UPDATES = 0

_STATE_OPTIONS: Final[Mapping[str | None, str]] = {
    state: state.name.lower() for state in InstanceState
}


@dataclass(frozen=True, kw_only=True)
class GreenApiSensorDescription(SensorEntityDescription):
    """Describe how a sensor reads the account."""

    value_fn: Callable[[Account], StateType | datetime]
    attributes_fn: Callable[[Account], Mapping[str, datetime]] | None = None
    context: str | None = None


SENSORS: Final = (
    GreenApiSensorDescription(
        key="state",
        translation_key="state",
        device_class=SensorDeviceClass.ENUM,
        options=list(_STATE_OPTIONS.values()),
        value_fn=lambda account: _STATE_OPTIONS.get(account.state.raw),
        attributes_fn=lambda account: {"since": account.since},
    ),
    GreenApiSensorDescription(
        key="restricted_until",
        translation_key="restricted_until",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda account: account.restricted_until,
    ),
    GreenApiSensorDescription(
        key="messages_in_queue",
        translation_key="messages_in_queue",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda account: account.messages_in_queue,
        context=QUEUE_CONTEXT,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GreenApiConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors."""
    async_add_entities(
        GreenApiSensor(entry.runtime_data, description) for description in SENSORS
    )


class GreenApiSensor(GreenApiEntity, SensorEntity):
    """A sensor that reads the account."""

    entity_description: GreenApiSensorDescription

    def __init__(
        self, coordinator: GreenApiCoordinator, description: GreenApiSensorDescription
    ) -> None:
        """Tell the coordinator what the sensor wants to know."""
        super().__init__(coordinator, description, description.context)

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return what the sensor reads."""
        return self.entity_description.value_fn(self.coordinator.data)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, datetime] | None:
        """Return what else the sensor reads."""
        if self.entity_description.attributes_fn is None:
            return None
        return self.entity_description.attributes_fn(self.coordinator.data)
