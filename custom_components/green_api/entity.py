"""Base of the entities of an account."""

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
        """Attach the entity to the service device of the account."""
        super().__init__(coordinator, context)
        instance_id = coordinator.client.instance_id
        self.entity_description = description
        self._attr_unique_id = f"{instance_id}_{description.key}"
        # The model is set when the server has said which messenger it is.
        self._attr_device_info = DeviceInfo(
            configuration_url=CONSOLE_URL,
            entry_type=DeviceEntryType.SERVICE,
            identifiers={(DOMAIN, instance_id)},
            manufacturer="GREEN-API",
            name=coordinator.config_entry.title,
            serial_number=instance_id,
        )
