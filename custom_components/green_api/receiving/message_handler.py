"""Pass on the messages that count, each one once."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
import math
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util import dt as dt_util
from homeassistant.util.signal_type import SignalType

from ..api import ReceivedMessage
from ..const import DOMAIN, LOGGER
from ..decisions.choices import Question, comparable
from ..decisions.received import Allowed, Dropped, DropReason, Heard
from ..settings import InstanceSettings
from .memory import async_get_memory
from .permissions import enabled_recipients, permitted_people, permitted_since

# Maximum seconds to wait until a message is stored when an account is unloaded.
_CLOSE_TIMEOUT: Final = 10

# Minimum seconds between two messages: a script that waits for several, one after the
# other, has to listen again.
_LISTENING_AGAIN: Final = 0.1


@dataclass(frozen=True, slots=True, repr=False)
class HeardMessage:
    """A message of a person who may write to Home Assistant."""

    message: ReceivedMessage

    person_id: str
    """The subentry ID of the recipient who wrote it."""

    recipient_id: str
    """The subentry ID of the recipient whose chat it was written in."""

    text: str
    """What was written, or the choice that was voted for.

    Others may have written the options of any other poll.
    """

    words: frozenset[str]
    """The texts that a trigger may wait for, in the form in which they are compared."""

    choice: str | None = None
    """The text of the choice that it selects, if it does."""

    question_id: str | None = None
    """The ID of the message with that choice."""


SIGNAL_MESSAGE_RECEIVED: Final[SignalType[ConfigEntry, HeardMessage]] = SignalType(
    f"{DOMAIN}_message_received"
)


class MessageHandler:
    """Pass on the messages of an account that count.

    What has counted is stored first: after a crash, a message may be lost, but is never
    passed on twice, unless the disk was hanging or failing.
    """

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, settings: InstanceSettings
    ) -> None:
        """Initialize with what is known from before a reload."""
        self.memory = async_get_memory(hass, entry)
        self._hass = hass
        self._entry = entry
        self._settings = settings
        self._task: asyncio.Task[None] | None = None
        self._passed_on_at = -math.inf

    @property
    def dropped(self) -> Mapping[DropReason, int]:
        """Return how many messages did not count, by reason."""
        return self.memory.inbox.dropped

    async def async_receive(self, *messages: ReceivedMessage) -> None:
        """Pass on the messages that count.

        On cancellation, the message that is being handled is still passed on.
        """
        allowed = self._allowed
        for message in messages:
            result = self.memory.inbox.judge(message, allowed, dt_util.utcnow())
            if isinstance(result, Dropped):
                await self._async_note(result)
                continue
            self._task = self._hass.async_create_task(
                self._async_pass_on(result), f"{self._entry.title} message"
            )
            await asyncio.shield(self._task)

    async def async_remember(self, question: Question) -> None:
        """Remember a message with choices that was sent."""
        self.memory.questions.ask(question)
        await self.memory.async_save()

    async def async_close(self) -> None:
        """Wait until the last message was passed on."""
        if self._task:
            await asyncio.wait([self._task], timeout=_CLOSE_TIMEOUT)

    async def _async_pass_on(self, heard: Heard) -> None:
        """Store that a message has counted, and send it to its listeners."""
        await self.memory.async_save()
        again_at = self._passed_on_at + _LISTENING_AGAIN
        await asyncio.sleep(max(0, again_at - self._hass.loop.time()))
        self._passed_on_at = self._hass.loop.time()
        # The permission may have ended while this was stored.
        people = permitted_people(self._hass, self._entry)
        recipients = enabled_recipients(self._hass, self._entry)
        if (
            heard.person_id in people.values()
            and heard.recipient_id in recipients.values()
        ):
            async_dispatcher_send(
                self._hass, SIGNAL_MESSAGE_RECEIVED, self._entry, self._heard(heard)
            )

    def _heard(self, heard: Heard) -> HeardMessage:
        """Return a message with the question that it answers."""
        now, clock = dt_util.utcnow(), self._hass.loop.time()
        answer = self.memory.questions.answer(heard, now, clock)
        choice = answer.choice if answer else None
        text = heard.message.text or choice or ""
        return HeardMessage(
            message=heard.message,
            person_id=heard.person_id,
            recipient_id=heard.recipient_id,
            text=text,
            words=frozenset(map(comparable, filter(None, (text, choice)))),
            choice=choice,
            question_id=answer.question_id if answer else None,
        )

    @property
    def _allowed(self) -> Allowed:
        """Return who may write now, and where."""
        return Allowed(
            people=permitted_people(self._hass, self._entry),
            recipients=enabled_recipients(self._hass, self._entry),
            since=permitted_since(self._entry),
            own_id=self._settings.own_id,
        )

    async def _async_note(self, dropped: Dropped) -> None:
        """Store that a vote was withdrawn, and log what users should know."""
        if dropped.reason is DropReason.NO_NEW_VOTE:
            await self.memory.async_save()
        future = DropReason.FROM_FUTURE
        if dropped.reason is future and self.dropped[future] == 1:
            LOGGER.warning(
                "A message that %s received is dropped because it was sent in the "
                "future: check the date and time of Home Assistant",
                self._entry.title,
            )
        if dropped.is_new_flood:
            LOGGER.warning(
                "Someone who may write to %s sends too many messages: some of them "
                "are dropped",
                self._entry.title,
            )
