"""Base entities for the GREEN-API integration."""

from collections.abc import Callable
from typing import Final, override

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import CONF_INSTANCE_ID, CONSOLE_URL, DOMAIN
from .coordinator import GreenApiCoordinator
from .data import GreenApiConfigEntry
from .devices import recipient_identifier

_MANUFACTURER: Final = "GREEN-API"


class GreenApiAccountEntity(CoordinatorEntity[GreenApiCoordinator]):
    """Base class for the entities of an account."""

    _attr_has_entity_name = True

    def __init__(
        self,
        coordinator: GreenApiCoordinator,
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

        Its model is set once the server has reported which messenger is linked.
        """
        entry = self.coordinator.config_entry
        instance_id = entry.data[CONF_INSTANCE_ID]
        return DeviceInfo(
            configuration_url=CONSOLE_URL,
            entry_type=DeviceEntryType.SERVICE,
            identifiers={(DOMAIN, instance_id)},
            manufacturer=_MANUFACTURER,
            name=entry.title,
            serial_number=instance_id,
        )


class GreenApiRecipientEntity(Entity):
    """Base class for the entities of a recipient.

    They are always available, regardless of the state of the account.
    """

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(
        self,
        entry: GreenApiConfigEntry,
        subentry: ConfigSubentry,
        description: EntityDescription,
    ) -> None:
        """Initialize the entity."""
        self.entity_description = description
        self._entry = entry
        self._subentry_id = subentry.subentry_id
        identifier = recipient_identifier(entry, subentry.subentry_id)
        self._attr_unique_id = f"{identifier}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, identifier)})


@callback
def async_add_recipient_entities(
    hass: HomeAssistant,
    entry: GreenApiConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    create_entity: Callable[[GreenApiConfigEntry, ConfigSubentry], Entity],
    is_wanted: Callable[[ConfigSubentry], bool] = lambda _: True,
) -> None:
    """Add an entity for each wanted recipient, including those that are added later.

    Home Assistant removes the device and the entities of a recipient that is removed.
    """
    added: set[str] = set()

    def update_recipients() -> None:
        nonlocal added
        for subentry in entry.subentries.values():
            _async_update_device(hass, entry, subentry)
        wanted = {key: it for key, it in entry.subentries.items() if is_wanted(it)}
        for key, subentry in wanted.items():
            if key not in added:
                async_add_entities(
                    [create_entity(entry, subentry)], config_subentry_id=key
                )
        added = {*wanted}

    async def updated(hass: HomeAssistant, entry: ConfigEntry) -> None:
        update_recipients()

    update_recipients()
    entry.async_on_unload(entry.add_update_listener(updated))


@callback
def _async_update_device(
    hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry
) -> None:
    """Create or update the device of a recipient, and link it to the account.

    The link is made afterwards, because the argument for it differs between versions of
    Home Assistant.
    """
    registry = dr.async_get(hass)
    account = registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, entry.data[CONF_INSTANCE_ID])},
    )
    device = registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        config_subentry_id=subentry.subentry_id,
        entry_type=DeviceEntryType.SERVICE,
        identifiers={(DOMAIN, recipient_identifier(entry, subentry.subentry_id))},
        manufacturer=_MANUFACTURER,
        name=subentry.title,
    )
    registry.async_update_device(device.id, via_device_id=account.id)
