"""Notify entities of the recipients of an account."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.components.notify import (
    NotifyEntity,
    NotifyEntityDescription,
    NotifyEntityFeature,
)
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, ServiceResponse, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util.json import JsonValueType

from .attachment import async_get_attachment
from .const import CONF_CHAT_ID, CONF_INSTANCE_ID, DOMAIN
from .data import GreenApiConfigEntry
from .sending import Recipient
from .services import ATTR_LINK_PREVIEW

# The sender of the account keeps the order. A file that takes long keeps no message.
PARALLEL_UPDATES = 0

RECIPIENT: Final = NotifyEntityDescription(
    key="recipient", translation_key="recipient", name=None
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GreenApiConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the recipients, those as well that are added later.

    Home Assistant removes the device and the entity of one that is removed.
    """
    known: set[str] = set()

    @callback
    def follow() -> None:
        for subentry in entry.subentries.values():
            _async_update_device(hass, entry, subentry)
            if subentry.subentry_id not in known:
                async_add_entities(
                    [RecipientEntity(entry, subentry)],
                    config_subentry_id=subentry.subentry_id,
                )
        known.update(entry.subentries)

    async def updated(hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
        follow()

    follow()
    entry.async_on_unload(entry.add_update_listener(updated))


class RecipientEntity(NotifyEntity):
    """A recipient.

    It is available whatever the state of the account: Home Assistant would leave it
    out without a word otherwise.
    """

    entity_description = RECIPIENT
    _attr_has_entity_name = True
    _attr_supported_features = NotifyEntityFeature.TITLE

    def __init__(self, entry: GreenApiConfigEntry, subentry: ConfigSubentry) -> None:
        """Initialize the entity."""
        self._entry = entry
        self._subentry_id = subentry.subentry_id
        identifier = _identifier(entry, subentry)
        self._attr_unique_id = identifier
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, identifier)})

    @override
    async def async_send_message(
        self,
        message: str,
        title: str | None = None,
        *,
        attachment: Mapping[str, str] | str | None = None,
        filename: str | None = None,
        response: dict[str, JsonValueType] | None = None,
        **options: Any,
    ) -> None:
        """Send a text or a file; all but a text are of the integration's own action."""
        sender, recipient = self._entry.runtime_data.sender, self._recipient
        if attachment is None:
            message_id = await sender.async_send_message(
                recipient, message, title, **options
            )
        else:
            file = await async_get_attachment(self.hass, attachment, filename)
            # Captions have none.
            options.pop(ATTR_LINK_PREVIEW, None)
            message_id = await sender.async_send_file(
                recipient, file, message, title, **options
            )
        if response is not None:
            response["message_id"] = message_id

    async def async_send(self, **what: Any) -> ServiceResponse:
        """Send a text or a file, and return the id of the message."""
        response: dict[str, JsonValueType] = {}
        # In every version of Home Assistant this notes when it was.
        await self._async_send_message(**what, response=response)
        return response

    @property
    def _recipient(self) -> Recipient:
        """Return the recipient, who may have been renamed."""
        subentry = self._entry.subentries[self._subentry_id]
        return Recipient(subentry.title, subentry.data[CONF_CHAT_ID])


def _identifier(entry: GreenApiConfigEntry, subentry: ConfigSubentry) -> str:
    """Return what identifies a recipient, whatever name and chat it is given."""
    return f"{entry.data[CONF_INSTANCE_ID]}_{subentry.subentry_id}"


@callback
def _async_update_device(
    hass: HomeAssistant, entry: GreenApiConfigEntry, subentry: ConfigSubentry
) -> None:
    """Update the device of a recipient, and what it is linked to.

    To name that device while this one is made works differently in each version.
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
        identifiers={(DOMAIN, _identifier(entry, subentry))},
        manufacturer="GREEN-API",
        name=subentry.title,
    )
    registry.async_update_device(device.id, via_device_id=account.id)
