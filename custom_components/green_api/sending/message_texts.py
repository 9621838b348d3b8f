"""The texts of messages, and what the messenger allows in them."""

from collections.abc import Mapping
from typing import Final

from homeassistant.exceptions import ServiceValidationError

from ..api import (
    MAX_CAPTION_LENGTH,
    MAX_MESSAGE_LENGTH,
    Attachment,
    Messenger,
    split_text,
    text_length,
)
from ..const import MESSENGER_NAMES
from ..coordinator import GreenApiCoordinator
from ..texts import translation

# Until the messenger is known, titles are plain text as in messengers without bold
# text.
_TITLE_FORMATS: Final[Mapping[Messenger | None, str]] = {
    None: "{}",
    Messenger.MAX: "{}",
    Messenger.TELEGRAM: "{}",
    Messenger.WHATSAPP: "*{}*",
}


class MessageTexts:
    """Create the texts of the messages of an account."""

    def __init__(self, coordinator: GreenApiCoordinator) -> None:
        """Initialize with the coordinator, which knows the messenger."""
        self._coordinator = coordinator

    def text(self, recipient_name: str, message: str, title: str | None) -> str:
        """Return the text of a message.

        Raises ServiceValidationError if it is empty or too long.
        """
        text = full_text(self._coordinator.data.messenger, message, title)
        if not text:
            raise self._error("message_empty", recipient_name)
        self._check_length(text, recipient_name)
        return text

    def caption(
        self,
        recipient_name: str,
        message: str,
        title: str | None,
        attachment: Attachment,
    ) -> tuple[str, str]:
        """Return the caption of a file, and the text that does not fit into it.

        Both may be empty. Raises ServiceValidationError if that text is too long as
        well.
        """
        text = full_text(self._coordinator.data.messenger, message, title)
        caption, rest = "", text
        if attachment.shows_caption:
            caption, rest = split_text(text, MAX_CAPTION_LENGTH)
        self._check_length(rest, recipient_name)
        return caption, rest

    def _check_length(self, text: str, recipient_name: str) -> None:
        """Raise ServiceValidationError if a text is too long for any chat.

        Nothing is checked until the messenger is known.
        """
        messenger = self._coordinator.data.messenger
        if messenger is None:
            return
        length, max_length = text_length(text), MAX_MESSAGE_LENGTH[messenger]
        if length > max_length:
            raise self._error(
                "message_too_long",
                recipient_name,
                length=f"{length}",
                longest=f"{max_length}",
                messenger=MESSENGER_NAMES[messenger],
            )

    def _error(
        self, key: str, recipient_name: str, **placeholders: str
    ) -> ServiceValidationError:
        """Return the exception that says why a text can't be sent."""
        hass, entry = self._coordinator.hass, self._coordinator.config_entry
        return ServiceValidationError(
            **translation(hass, entry, key, recipient=recipient_name, **placeholders)
        )


def full_text(messenger: Messenger | None, message: str, title: str | None) -> str:
    """Return a message below its title, empty if it contains no text."""
    title = " ".join((title or "").split())
    head = _TITLE_FORMATS[messenger].format(title) if title else ""
    body = message if message.strip() else ""
    return "\n".join(filter(None, (head, body)))
