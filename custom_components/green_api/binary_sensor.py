"""Binary sensors for the GREEN-API integration."""

from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

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
    """Set up the binary sensors of an account."""
    coordinator = entry.runtime_data.coordinator
    async_add_entities(
        [
            ConnectivityBinarySensor(coordinator, CONNECTIVITY),
            ProblemBinarySensor(coordinator, PROBLEM),
        ]
    )


class ConnectivityBinarySensor(GreenApiAccountEntity, BinarySensorEntity):
    """Binary sensor for the connectivity of an account."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether the account is linked and working."""
        record = self.coordinator.data
        return record.is_authorized if record.is_polled else None


class ProblemBinarySensor(GreenApiAccountEntity, BinarySensorEntity):
    """Binary sensor for the problem of an account."""

    @property
    @override
    def available(self) -> bool:
        """Return whether the state is known.

        It is also known if polls fail because of the problem itself.
        """
        return super().available or bool(self.is_on)

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether the account has a problem."""
        record = self.coordinator.data
        return record.problem is not None if record.is_known else None
