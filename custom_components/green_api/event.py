"""Event entities for the GREEN-API integration."""

from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import MessageKind
from .data import GreenApiConfigEntry
from .entity import GreenApiRecipientEntity, async_add_recipient_entities
from .receiving.message_handler import SIGNAL_MESSAGE_RECEIVED, HeardMessage
from .receiving.permissions import may_write

# The entities are read-only.
PARALLEL_UPDATES = 0

MESSAGE: Final = EventEntityDescription(
    key="received_message",
    translation_key="received_message",
    event_types=sorted(MessageKind),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GreenApiConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up an entity for each person who may write to Home Assistant."""

    async def updated(hass: HomeAssistant, entry: ConfigEntry) -> None:
        _async_remove_entities(hass, entry)

    _async_remove_entities(hass, entry)
    entry.async_on_unload(entry.add_update_listener(updated))
    async_add_recipient_entities(
        hass, entry, async_add_entities, ReceivedMessageEntity, may_write
    )


@callback
def _async_remove_entities(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Remove the entities of recipients that may no longer write."""
    registry = er.async_get(hass)
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        subentry = entry.subentries.get(entity.config_subentry_id or "")
        if entity.domain == Platform.EVENT and subentry and not may_write(subentry):
            registry.async_remove(entity.entity_id)


class ReceivedMessageEntity(GreenApiRecipientEntity, EventEntity):
    """Event entity for the messages of a person.

    It does not contain what was written: its attributes are visible to all users and
    stored on disk. It is always available, so that no message is missed.
    """

    def __init__(self, entry: GreenApiConfigEntry, subentry: ConfigSubentry) -> None:
        """Initialize the entity."""
        super().__init__(entry, subentry, MESSAGE)

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the messages that are received from now on."""
        self.async_on_remove(
            async_dispatcher_connect(self.hass, SIGNAL_MESSAGE_RECEIVED, self._received)
        )

    @callback
    def _received(self, entry: ConfigEntry, heard: HeardMessage) -> None:
        """Trigger the event for a message of the person in any chat."""
        if entry is self._entry and heard.person_id == self._subentry_id:
            self._trigger_event(heard.message.kind)
            self.async_write_ha_state()
