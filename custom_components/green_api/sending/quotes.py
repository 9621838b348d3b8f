"""Messages that are quoted."""

from typing import Final

from homeassistant.exceptions import ServiceValidationError

from ..coordinator import GreenApiCoordinator
from ..texts import translation
from .recipient import Recipient

# Maximum number of sent message IDs that are remembered.
_MAX_SENT: Final = 1000


class Quotes:
    """Check that the messages of an account quote only those of the same chat.

    GREEN-API accepts a message with another quote, but never delivers it. Only the
    chats of recently sent messages are known.
    """

    def __init__(self, coordinator: GreenApiCoordinator) -> None:
        """Initialize without any messages."""
        self._coordinator = coordinator
        self._chats: dict[str, str] = {}

    def remember(self, message_id: str, chat_id: str) -> None:
        """Remember which chat a message was sent to."""
        self._chats[message_id] = chat_id
        if len(self._chats) > _MAX_SENT:
            del self._chats[next(iter(self._chats))]

    def check(self, message_id: str | None, recipient: Recipient) -> None:
        """Raise ServiceValidationError if a message of another chat is quoted."""
        chat_id = self._chats.get(message_id or "", recipient.chat_id)
        if chat_id != recipient.chat_id:
            hass, entry = self._coordinator.hass, self._coordinator.config_entry
            raise ServiceValidationError(
                **translation(hass, entry, "other_chat", recipient=recipient.name)
            )
