"""What an account has received and asked."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN, LOGGER
from ..decisions.choices import Question, Questions
from ..decisions.received import Inbox

STORAGE_VERSION: Final = 1

# Maximum seconds to wait until everything is stored.
SAVE_TIMEOUT: Final = 5

_QUESTION: Final = vol.Schema(
    {
        vol.Required("chat_id"): str,
        vol.Required("message_id"): str,
        vol.Required("choices"): [str],
        vol.Required("asked_at"): str,
        vol.Optional("rest_id", default=None): vol.Any(str, None),
    }
)
# The list of what has counted may be empty, unlike one that is a part of the schema.
_HEARD: Final = vol.Schema({str: str})
_FILE: Final = vol.Schema({"heard": _HEARD, "asked": [_QUESTION]}, required=True)


class MessageMemory:
    """What an account has received and asked.

    It is kept while the account is reloaded. Over restarts, it is stored in a file of
    its own, which does not contain the texts of messages.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Initialize without what is stored."""
        self.inbox = Inbox()
        self.questions = Questions()
        self._hass = hass
        self._entry = entry
        self._store = Store[dict[str, Any]](
            hass, STORAGE_VERSION, f"{DOMAIN}.{entry.entry_id}"
        )
        self._loading: asyncio.Task[None] | None = None
        self._is_loaded = False
        self._is_removed = False

    async def async_load(self) -> None:
        """Load what has counted before, and what was asked, once.

        That continues if a caller that waits for it is canceled.
        """
        if self._is_loaded:
            return
        if self._loading is None:
            self._loading = self._hass.async_create_background_task(
                self._async_load(), f"{self._entry.title} load"
            )
        await asyncio.wait([self._loading])

    async def _async_load(self) -> None:
        """Load what is stored."""
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
        asked_meanwhile = self.questions.remembered
        self.inbox = Inbox(heard)
        self.questions = Questions(asked)
        for question in asked_meanwhile:
            self.questions.ask(question)
        self._is_loaded = True

    async def async_save(self) -> None:
        """Store what has counted, and what was asked.

        A disk that hangs or fails must neither delay an answer nor the action that has
        sent a question, nor make them fail: until a crash, all is known.
        """
        task = self._hass.async_create_task(
            self._async_save(), f"{self._entry.title} save"
        )
        await asyncio.wait([task], timeout=SAVE_TIMEOUT)

    async def _async_save(self) -> None:
        """Store everything once it is known what is stored already."""
        await self.async_load()
        if not self._is_loaded or self._is_removed:
            return
        try:
            await self._store.async_save(_to_storage(self.inbox, self.questions))
        except Exception as err:  # noqa: BLE001
            LOGGER.error(
                "The list of messages that %s has received cannot be stored (%s)",
                self._entry.title,
                type(err).__name__,
            )

    async def async_remove(self) -> None:
        """Delete what is stored, and store nothing anymore.

        A question may still be on its way.
        """
        self._is_removed = True
        await self._store.async_remove()


_MEMORIES: Final[HassKey[dict[str, MessageMemory]]] = HassKey(f"{DOMAIN}_received")


@callback
def async_get_memory(hass: HomeAssistant, entry: ConfigEntry) -> MessageMemory:
    """Return the memory of an account."""
    memories = hass.data.setdefault(_MEMORIES, {})
    if entry.entry_id not in memories:
        memories[entry.entry_id] = MessageMemory(hass, entry)
    return memories[entry.entry_id]


async def async_forget_received(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete what is known about the messages of a removed account."""
    memory = async_get_memory(hass, entry)
    del hass.data[_MEMORIES][entry.entry_id]
    await memory.async_remove()


def _to_storage(inbox: Inbox, questions: Questions) -> dict[str, Any]:
    """Return the stored form of what has counted, and of what was asked."""
    return {
        "heard": {key: at.isoformat() for key, at in inbox.remembered.items()},
        "asked": [
            {
                "chat_id": it.chat_id,
                "message_id": it.message_id,
                "choices": [*it.choices],
                "asked_at": it.asked_at.isoformat(),
                "rest_id": it.rest_id,
            }
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
            rest_id=it["rest_id"],
        )
        for it in file["asked"]
    ]
    return heard, asked


def _moment(text: str) -> datetime:
    """Return a stored time. Raises ValueError if it is damaged."""
    return dt_util.as_utc(datetime.fromisoformat(text))
