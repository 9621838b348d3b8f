"""Binary sensors of an account."""

from collections.abc import Mapping
from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import InstanceState
from .coordinator import GreenApiConfigEntry
from .entity import GreenApiEntity

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
    async_add_entities(
        [
            ConnectivityBinarySensor(entry.runtime_data, CONNECTIVITY),
            ProblemBinarySensor(entry.runtime_data, PROBLEM),
        ]
    )


class ConnectivityBinarySensor(GreenApiEntity, BinarySensorEntity):
    """Whether the account can send and receive."""

    @property
    @override
    def is_on(self) -> bool:
        """Return whether the account is linked and working."""
        return self.coordinator.data.state.known is InstanceState.AUTHORIZED


class ProblemBinarySensor(GreenApiEntity, BinarySensorEntity):
    """Whether something stands against the account, as in Home Assistant's repairs."""

    @property
    @override
    def available(self) -> bool:
        """Stay available where the failure itself is the problem: an expired plan."""
        return self.is_on or super().available

    @property
    @override
    def is_on(self) -> bool:
        """Return whether something stands against the account."""
        return self.coordinator.problem is not None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, str | None]:
        """Return what stands against the account."""
        return {"reason": self.coordinator.problem}
