"""Pass on the messages that count, each one once."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.signal_type import SignalType

from ..api import ReceivedMessage
from ..const import DOMAIN, LOGGER
from ..decisions.choices import Question, Questions
from ..decisions.received import Allowed, Dropped, DropReason, Heard, Inbox
from ..follow_ups import InstanceSettings
from .permissions import enabled_recipients, permitted_people, permitted_since

STORAGE_VERSION: Final = 1

# Maximum seconds to wait until a message is stored when an account is unloaded.
_CLOSE_TIMEOUT: Final = 10

_QUESTION: Final = vol.Schema(
    {"chat_id": str, "message_id": str, "choices": [str], "asked_at": str},
    required=True,
)
# The list of what has counted may be empty, unlike one that is a part of the schema.
_HEARD: Final = vol.Schema({str: str})
_FILE: Final = vol.Schema({"heard": _HEARD, "asked": [_QUESTION]}, required=True)


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


class MessageHandler:
    """Pass on the messages of an account that count.

    What has counted is stored first, in a file of its own: after a crash, a message may
    be lost, but is never passed on twice. The file does not contain its text.
    """

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, settings: InstanceSettings
    ) -> None:
        """Initialize without what is stored."""
        self._hass = hass
        self._entry = entry
        self._settings = settings
        self._store = _create_store(hass, entry)
        self._inbox = Inbox()
        self._questions = Questions()
        self._is_loaded = False
        self._task: asyncio.Task[None] | None = None

    @property
    def dropped(self) -> Mapping[DropReason, int]:
        """Return how many messages did not count, by reason."""
        return self._inbox.dropped

    async def async_load(self) -> None:
        """Load what has counted before, and what was asked, once."""
        if self._is_loaded:
            return
        heard: dict[str, datetime] = {}
        asked: list[Question] = []
        try:
            if stored := await self._store.async_load():
                heard, asked = _from_storage(stored)
        except Exception as err:  # noqa: BLE001
            LOGGER.warning(
                "The stored list of messages that %s has received cannot be read "
                "(%s): starting without it",
                self._entry.title,
                type(err).__name__,
            )
        if not self._is_loaded:
            self._is_loaded = True
            self._inbox = Inbox(heard)
            self._questions = Questions(asked)

    async def async_receive(self, *messages: ReceivedMessage) -> None:
        """Pass on the messages that count.

        On cancellation, the message that is being handled is still passed on.
        """
        allowed = self._allowed
        for message in messages:
            result = self._inbox.judge(message, allowed, dt_util.utcnow())
            if isinstance(result, Dropped):
                self._note_flood(result)
                continue
            self._task = self._hass.async_create_task(
                self._async_pass_on(result), f"{self._entry.title} message"
            )
            await asyncio.shield(self._task)

    async def async_remember(self, question: Question) -> None:
        """Remember a message with choices that was sent."""
        await self.async_load()
        self._questions.ask(question)
        await self._async_save()

    async def async_close(self) -> None:
        """Wait until the last message was passed on."""
        if self._task:
            await asyncio.wait([self._task], timeout=_CLOSE_TIMEOUT)

    async def _async_pass_on(self, heard: Heard) -> None:
        """Store that a message has counted, and send it to its listeners."""
        await self._async_save()
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
        answer = self._questions.answer(heard, dt_util.utcnow())
        return HeardMessage(
            message=heard.message,
            person_id=heard.person_id,
            recipient_id=heard.recipient_id,
            text=heard.message.text or ", ".join(heard.options),
            choice=answer.choice if answer else None,
            question_id=answer.question_id if answer else None,
        )

    async def _async_save(self) -> None:
        """Store what has counted, and what was asked."""
        await self._store.async_save(_to_storage(self._inbox, self._questions))

    @property
    def _allowed(self) -> Allowed:
        """Return who may write now, and where."""
        known = self._settings.known
        return Allowed(
            people=permitted_people(self._hass, self._entry),
            recipients=enabled_recipients(self._hass, self._entry),
            since=permitted_since(self._entry),
            own_id=known.wid if known else "",
        )

    @callback
    def _note_flood(self, dropped: Dropped) -> None:
        """Log that someone writes too many messages."""
        if dropped.is_new_flood:
            LOGGER.warning(
                "Someone who may write to %s sends too many messages: some of them "
                "are dropped",
                self._entry.title,
            )


async def async_forget_received(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete what is stored about the messages of a removed account."""
    await _create_store(hass, entry).async_remove()


def _create_store(hass: HomeAssistant, entry: ConfigEntry) -> Store[dict[str, Any]]:
    """Create the store of an account."""
    return Store(hass, STORAGE_VERSION, f"{DOMAIN}.{entry.entry_id}")


def _to_storage(inbox: Inbox, questions: Questions) -> dict[str, Any]:
    """Return the stored form of what has counted, and of what was asked."""
    return {
        "heard": {key: at.isoformat() for key, at in inbox.remembered.items()},
        "asked": [
            asdict(it) | {"choices": [*it.choices], "asked_at": it.asked_at.isoformat()}
            for it in questions.remembered
        ],
    }


def _from_storage(stored: object) -> tuple[dict[str, datetime], list[Question]]:
    """Return what has counted, and what was asked, from the stored form.

    Raises vol.Invalid or ValueError if it is damaged.
    """
    file: Mapping[str, Any] = _FILE(stored)
    heard = {key: _moment(at) for key, at in file["heard"].items()}
    asked = [
        Question(
            chat_id=it["chat_id"],
            message_id=it["message_id"],
            choices=tuple(it["choices"]),
            asked_at=_moment(it["asked_at"]),
        )
        for it in file["asked"]
    ]
    return heard, asked


def _moment(text: str) -> datetime:
    """Return a stored time. Raises ValueError if it is damaged."""
    return dt_util.as_utc(datetime.fromisoformat(text))
