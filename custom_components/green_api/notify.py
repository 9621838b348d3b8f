"""Notify entities for the GREEN-API integration."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, override

from homeassistant.components.notify import (
    NotifyEntity,
    NotifyEntityDescription,
    NotifyEntityFeature,
)
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import ATTR_LINK_PREVIEW, CONF_CHAT_ID
from .data import GreenApiConfigEntry
from .decisions.choices import numbered
from .decisions.delivery import DeliveryStatus
from .devices import recipient_identifier, recipient_name
from .entity import GreenApiRecipientEntity, async_add_recipient_entities
from .files.attachment import ChosenFile, FileSource, open_attachment
from .sending.followed import SentMessage
from .sending.sender import Recipient

# The sender of the account keeps messages in order. Files that take long do not delay
# other messages.
PARALLEL_UPDATES = 0

RECIPIENT: Final = NotifyEntityDescription(
    key="recipient", translation_key="recipient", name=None
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GreenApiConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the notify entities of the recipients."""
    async_add_recipient_entities(hass, entry, async_add_entities, RecipientEntity)


class RecipientEntity(GreenApiRecipientEntity, NotifyEntity):
    """Notify entity of a recipient.

    It is always available: Home Assistant would silently skip an unavailable entity.
    """

    _attr_supported_features = NotifyEntityFeature.TITLE

    def __init__(self, entry: GreenApiConfigEntry, subentry: ConfigSubentry) -> None:
        """Initialize the entity."""
        super().__init__(entry, subentry, RECIPIENT)
        self._attr_unique_id = recipient_identifier(entry, subentry.subentry_id)
        # A message is confirmed by the account that sent it, even after a reload.
        self._confirmation = entry.runtime_data.confirmation

    @override
    async def async_send_message(
        self,
        message: str,
        title: str | None = None,
        *,
        choices: Sequence[str] = (),
        sent: list[SentMessage] | None = None,
        **options: Any,
    ) -> None:
        """Send a text, a file, or a poll.

        Only the action of this integration passes the keyword arguments. Raises a
        HomeAssistantError if the message is not sent.
        """
        recipient, questions = self._recipient, self._entry.runtime_data.questions
        if choices:
            questions.check(recipient)
        messages = await self._async_send_any(message, title, choices, **options)
        if choices:
            await questions.async_asked(messages, choices)
        if sent is not None:
            sent += messages

    async def _async_send_any(
        self,
        message: str,
        title: str | None,
        choices: Sequence[str],
        *,
        attachment: FileSource | None = None,
        filename: str | None = None,
        **options: Any,
    ) -> list[SentMessage]:
        """Send a text, a file, or a poll, and return the messages."""
        if attachment is None:
            return [await self._async_send_text(message, title, choices, **options)]
        options.pop(ATTR_LINK_PREVIEW, None)  # Captions have none.
        data, recipient = self._entry.runtime_data, self._recipient
        chosen = ChosenFile(
            source=attachment,
            filename=filename,
            recipient=recipient.name,
            context=self._context,
        )
        async with open_attachment(self.hass, self._entry, data.files, chosen) as file:
            # The account may have been reloaded meanwhile.
            data = getattr(self._entry, "runtime_data", data)
            self._confirmation = data.confirmation
            return await data.sender.async_send_file(
                recipient, file, numbered(message, choices), title, **options
            )

    async def _async_send_text(
        self,
        message: str,
        title: str | None,
        choices: Sequence[str],
        *,
        link_preview: bool | None = None,
        **options: Any,
    ) -> SentMessage:
        """Send a text or a poll, which has no link preview, and return the message."""
        data, recipient = self._entry.runtime_data, self._recipient
        if choices and data.questions.fit_poll(message, title, choices):
            return await data.sender.async_send_poll(
                recipient, message, title, choices, **options
            )
        text = numbered(message, choices)
        return await data.sender.async_send_message(
            recipient, text, title, link_preview=link_preview, **options
        )

    async def async_send(self, **fields: Any) -> list[SentMessage]:
        """Send a text, a file, or a poll, and return the messages."""
        sent: list[SentMessage] = []
        # In all supported versions of Home Assistant, this also records the time.
        await self._async_send_message(**fields, sent=sent)
        return sent

    async def async_confirm(
        self, name: str, messages: list[SentMessage], within: timedelta
    ) -> DeliveryStatus:
        """Return the status of messages that were just sent, once they are delivered.

        Raises a NotConfirmedError that contains `name`, the name of the recipient, and
        the reason why they are not confirmed.
        """
        return await self._confirmation.async_wait(name, messages, within)

    @property
    def _recipient(self) -> Recipient:
        """Return the recipient under its current name."""
        subentry = self._entry.subentries[self._subentry_id]
        return Recipient(
            recipient_name(self.hass, self._entry, subentry),
            subentry.data[CONF_CHAT_ID],
            subentry.subentry_id,
        )
