"""Messages that automations and entities hear."""

from dataclasses import dataclass
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.util.signal_type import SignalType

from ..api import ReceivedMessage
from ..const import DOMAIN


@dataclass(frozen=True, slots=True, repr=False)
class HeardMessage:
    """A message of a person who may write to Home Assistant."""

    message: ReceivedMessage

    person_id: str
    """The subentry ID of the recipient who wrote it."""

    recipient_id: str
    """The subentry ID of the recipient whose chat it was written in."""

    text: str
    """What was written, or the options of a poll that were voted for."""

    choice: str | None = None
    """The text of the choice that it selects, if it does."""

    question_id: str | None = None
    """The ID of the message with that choice."""

    @property
    def words(self) -> frozenset[str]:
        """Return the texts that a trigger may wait for."""
        return frozenset(filter(None, (self.text, self.choice)))


SIGNAL_MESSAGE_RECEIVED: Final[SignalType[ConfigEntry, HeardMessage]] = SignalType(
    f"{DOMAIN}_message_received"
)
