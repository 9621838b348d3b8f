"""Base of the entities of an account."""

from typing import override

from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import CONSOLE_URL, DOMAIN
from .coordinator import GreenApiCoordinator


class GreenApiEntity(CoordinatorEntity[GreenApiCoordinator]):
    """An entity of an account."""

    _attr_has_entity_name = True

    def __init__(
        self,
        coordinator: GreenApiCoordinator,
        description: EntityDescription,
        context: str | None = None,
    ) -> None:
        """Name the entity after the account and what it tells of it."""
        super().__init__(coordinator, context)
        self.entity_description = description
        self._attr_unique_id = f"{coordinator.client.instance_id}_{description.key}"

    @property
    @override
    def device_info(self) -> DeviceInfo:
        """Return the service device of the account.

        Its model is set when the server has said which messenger it is.
        """
        instance_id = self.coordinator.client.instance_id
        return DeviceInfo(
            configuration_url=CONSOLE_URL,
            entry_type=DeviceEntryType.SERVICE,
            identifiers={(DOMAIN, instance_id)},
            manufacturer="GREEN-API",
            name=self.coordinator.config_entry.title,
            serial_number=instance_id,
        )
