"""Base of the entities of an account."""

from typing import override

from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import CONF_INSTANCE_ID, CONSOLE_URL, DOMAIN
from .coordinator import GreenApiCoordinator
from .details import DetailsCoordinator


class GreenApiEntity[CoordinatorT: GreenApiCoordinator | DetailsCoordinator](
    CoordinatorEntity[CoordinatorT]
):
    """An entity of an account."""

    _attr_has_entity_name = True

    def __init__(
        self,
        coordinator: CoordinatorT,
        description: EntityDescription,
    ) -> None:
        """Initialize the entity."""
        super().__init__(coordinator)
        self.entity_description = description
        instance_id = coordinator.config_entry.data[CONF_INSTANCE_ID]
        self._attr_unique_id = f"{instance_id}_{description.key}"

    @property
    @override
    def device_info(self) -> DeviceInfo:
        """Return the service device of the account.

        Its model is set when the server has said which messenger it is.
        """
        entry = self.coordinator.config_entry
        instance_id = entry.data[CONF_INSTANCE_ID]
        return DeviceInfo(
            configuration_url=CONSOLE_URL,
            entry_type=DeviceEntryType.SERVICE,
            identifiers={(DOMAIN, instance_id)},
            manufacturer="GREEN-API",
            name=entry.title,
            serial_number=instance_id,
        )


class GreenApiAccountEntity(GreenApiEntity[GreenApiCoordinator]):
    """An entity that shows the state of an account."""
