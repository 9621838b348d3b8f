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

from .api import ACCOUNT_ERROR_KINDS, InstanceState
from .coordinator import Account
from .data import GreenApiConfigEntry
from .details import Details, DetailsCoordinator
from .entity import GreenApiAccountEntity, GreenApiEntity
from .problem import Problem

PARALLEL_UPDATES = 0

# The option of the sensors that name a problem or an error, while there is none.
NONE: Final = "none"

_STATE_OPTIONS: Final[Mapping[str | None, str]] = {
    state: state.name.lower() for state in InstanceState
}


@dataclass(frozen=True, kw_only=True)
class AccountSensorDescription(SensorEntityDescription):
    """Describes a sensor of an account.

    `stays_fn` returns whether the sensor stays available without an answer.
    """

    value_fn: Callable[[Account], StateType | datetime]
    stays_fn: Callable[[Account], bool] = lambda _: False


@dataclass(frozen=True, kw_only=True)
class DetailsSensorDescription(SensorEntityDescription):
    """Describes a sensor of the details of an account."""

    value_fn: Callable[[Details], StateType | datetime]


ACCOUNT_SENSORS: Final = (
    AccountSensorDescription(
        key="state",
        translation_key="state",
        device_class=SensorDeviceClass.ENUM,
        options=list(_STATE_OPTIONS.values()),
        value_fn=lambda account: _STATE_OPTIONS.get(account.state.raw),
    ),
    AccountSensorDescription(
        key="state_since",
        translation_key="state_since",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda account: account.since,
    ),
    AccountSensorDescription(
        key="problem_reason",
        translation_key="problem_reason",
        device_class=SensorDeviceClass.ENUM,
        options=[NONE, *Problem],
        value_fn=lambda account: account.problem or NONE,
        stays_fn=lambda account: account.problem is not None,
    ),
    AccountSensorDescription(
        key="error",
        translation_key="error",
        device_class=SensorDeviceClass.ENUM,
        entity_category=EntityCategory.DIAGNOSTIC,
        options=[NONE, *sorted(ACCOUNT_ERROR_KINDS)],
        value_fn=lambda account: account.error or NONE,
        stays_fn=lambda _: True,
    ),
)

DETAILS_SENSORS: Final = (
    DetailsSensorDescription(
        key="restricted_until",
        translation_key="restricted_until",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda details: details.restricted_until,
    ),
    DetailsSensorDescription(
        key="messages_in_queue",
        translation_key="messages_in_queue",
        entity_category=EntityCategory.DIAGNOSTIC,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda details: details.messages_in_queue,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GreenApiConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors."""
    data = entry.runtime_data
    async_add_entities(
        [
            *(AccountSensor(data.coordinator, sensor) for sensor in ACCOUNT_SENSORS),
            *(DetailsSensor(data.details, sensor) for sensor in DETAILS_SENSORS),
        ]
    )


class AccountSensor(GreenApiAccountEntity, SensorEntity):
    """A sensor of an account."""

    entity_description: AccountSensorDescription

    @property
    @override
    def available(self) -> bool:
        """Return whether the value is known."""
        stays = self.entity_description.stays_fn(self.coordinator.data)
        return stays or super().available

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the value of the sensor."""
        return self.entity_description.value_fn(self.coordinator.data)


class DetailsSensor(GreenApiEntity[DetailsCoordinator], SensorEntity):
    """A sensor of the details of an account."""

    entity_description: DetailsSensorDescription

    @property
    @override
    def available(self) -> bool:
        """Return whether the account answers."""
        return self.coordinator.account.last_update_success

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the value of the sensor."""
        return self.entity_description.value_fn(self.coordinator.data)
