"""Messages with choices that people can answer."""

from collections.abc import Sequence
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError

from ..api import Messenger, is_group_id, text_length
from ..coordinator import GreenApiCoordinator
from ..decisions.choices import Question
from ..sending.followed import SentMessage
from ..sending.message_texts import full_text
from ..sending.sender import Recipient
from ..settings import InstanceSettings
from ..texts import translation
from .message_handler import MessageHandler
from .permissions import ReceiveMode, permitted_people, receive_mode
from .receiver import Receiver

# Limits of WhatsApp for the question of a poll, and for each option.
_MAX_POLL_LENGTH: Final = 255
_MAX_OPTION_LENGTH: Final = 100


class QuestionHandler:
    """Decide how choices are sent, and remember what was asked.

    Only polls of WhatsApp are known to report votes. Everywhere else, the choices are
    numbered lines below the message.
    """

    def __init__(
        self,
        coordinator: GreenApiCoordinator,
        settings: InstanceSettings,
        receiver: Receiver,
        message_handler: MessageHandler,
    ) -> None:
        """Initialize the questions of an account."""
        self._hass: HomeAssistant = coordinator.hass
        self._coordinator = coordinator
        self._entry = coordinator.config_entry
        self._message_handler = message_handler
        self._receiver = receiver
        self._settings = settings

    def check(self, recipient: Recipient) -> None:
        """Raise ServiceValidationError if no answer would be received."""
        chat_id = recipient.chat_id
        permitted = permitted_people(self._hass, self._entry)
        people = permitted.keys() - {self._settings.own_id}
        is_heard = chat_id in people or (people and is_group_id(chat_id))
        is_off = receive_mode(self._entry) is ReceiveMode.OFF
        if is_off or self._receiver.stopped or not is_heard:
            raise ServiceValidationError(
                **translation(
                    self._hass, self._entry, "nobody_heard", recipient=recipient.name
                )
            )

    def fit_poll(self, message: str, title: str | None, choices: Sequence[str]) -> bool:
        """Return whether choices can be a poll whose votes are reported.

        The journal does not contain any votes.
        """
        messenger = self._coordinator.data.messenger
        text = full_text(messenger, message, title)
        known = self._settings.known
        mode = receive_mode(self._entry)
        return (
            known is not None
            and known.receives_votes
            and mode is ReceiveMode.ONLY_HOME_ASSISTANT
            and messenger is Messenger.WHATSAPP
            and 0 < text_length(text) <= _MAX_POLL_LENGTH
            and all(text_length(it) <= _MAX_OPTION_LENGTH for it in choices)
        )

    async def async_asked(
        self,
        messages: Sequence[SentMessage],
        choices: Sequence[str],
    ) -> None:
        """Remember a message with choices that was sent, perhaps in two parts.

        It is asked from the response on: before, such as while a file is uploaded,
        nobody could have read it.
        """
        message, *rest = messages
        await self._message_handler.async_remember(
            Question(
                chat_id=message.chat_id,
                message_id=message.message_id,
                choices=tuple(choices),
                asked_at=message.moment,
                clock=message.sent_at,
                rest_id=rest[0].message_id if rest else None,
            )
        )
