"""Binary sensors of an account."""

from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import InstanceState
from .data import GreenApiConfigEntry
from .entity import GreenApiAccountEntity

PARALLEL_UPDATES = 0

CONNECTIVITY: Final = BinarySensorEntityDescription(
    key="connectivity",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
)
PROBLEM: Final = BinarySensorEntityDescription(
    key="problem",
    translation_key="problem",
    device_class=BinarySensorDeviceClass.PROBLEM,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GreenApiConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the binary sensors."""
    coordinator = entry.runtime_data.coordinator
    async_add_entities(
        [
            ConnectivityBinarySensor(coordinator, CONNECTIVITY),
            ProblemBinarySensor(coordinator, PROBLEM),
        ]
    )


class ConnectivityBinarySensor(GreenApiAccountEntity, BinarySensorEntity):
    """Binary sensor of the connectivity of an account."""

    @property
    @override
    def is_on(self) -> bool:
        """Return whether the account is linked and working."""
        return self.coordinator.data.state.known is InstanceState.AUTHORIZED


class ProblemBinarySensor(GreenApiAccountEntity, BinarySensorEntity):
    """Binary sensor of the problem of an account."""

    @property
    @override
    def available(self) -> bool:
        """Return whether the state is known; the failure itself may be the problem."""
        return self.is_on or super().available

    @property
    @override
    def is_on(self) -> bool:
        """Return whether the account has a problem."""
        return self.coordinator.data.problem is not None
