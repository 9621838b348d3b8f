"""Read chats from responses of GREEN-API.

https://green-api.com/en/docs/api/service/GetContacts/
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from itertools import islice
import re
from typing import Any, Final

from .fields import id_of
from .models import Messenger

MAX_CHATS: Final = 20_000
MAX_NAME_LENGTH: Final = 100

_CHAT_ID: Final = re.compile(
    r"-?[0-9]{1,20}|[0-9]{5,20}@c\.us|[0-9]{5,32}(?:-[0-9]{1,20})?@g\.us|\w{5,64}@lid",
    re.ASCII,
)

# Chat IDs of people.
_NUMERIC_PERSON_ID: Final = re.compile(r"[1-9][0-9]{0,18}")
_PERSON_IDS: Final[Mapping[Messenger, re.Pattern[str]]] = {
    Messenger.MAX: _NUMERIC_PERSON_ID,
    Messenger.TELEGRAM: _NUMERIC_PERSON_ID,
    Messenger.WHATSAPP: re.compile(r"[1-9][0-9]{4,18}@c\.us|\w{5,64}@lid", re.ASCII),
}

# Characters that override the text direction, also of the surrounding text, and those
# that control the terminal in which a log is read.
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

_NUMBERS: Final = range(1, 10**15)


class ChatKind(StrEnum):
    """Kinds of chats."""

    BOT = auto()
    CHANNEL = auto()
    GROUP = auto()
    PERSON = auto()


_KINDS: Final[Mapping[str, ChatKind]] = {
    "bot": ChatKind.BOT,
    "channel": ChatKind.CHANNEL,
    "group": ChatKind.GROUP,
    "supergroup": ChatKind.GROUP,
    "user": ChatKind.PERSON,
}


@dataclass(frozen=True, slots=True, repr=False)
class Chat:
    """A chat that messages can be sent to."""

    chat_id: str
    name: str
    """The name that people know the chat by."""

    kind: ChatKind
    phone_number: int | None = None
    """Known only for people in Telegram and MAX, whose chat IDs do not contain it."""


def is_group_id(chat_id: str) -> bool:
    """Return whether a chat ID is one of a group or a channel."""
    return chat_id.startswith("-") or chat_id.endswith("@g.us")


def read_chats(
    items: list[object], is_secret: Callable[[str], bool]
) -> tuple[Chat, ...]:
    """Return the chats in a list. Items that cannot be sent to are omitted."""
    chats = (chat for chat in map(_chat, items) if chat)
    safe = (chat for chat in chats if not is_secret(f"{chat.chat_id} {chat.name}"))
    return tuple(islice(safe, MAX_CHATS))


def read_person_ids(
    data: Mapping[Any, object],
    messenger: Messenger,
    is_secret: Callable[[str], bool],
) -> tuple[str, ...]:
    """Return the chat IDs of a person in a response, the preferred one first.

    WhatsApp may name two. The account lists most people under the one with their
    number. In the other messengers, a number would be taken for the ID of another
    person.
    """
    is_whatsapp = messenger is Messenger.WHATSAPP
    keys = ("phoneNumber", "chatId") if is_whatsapp else ("chatId",)
    return tuple(
        chat_id
        for chat_id in map(id_of, map(data.get, keys))
        if _PERSON_IDS[messenger].fullmatch(chat_id) and not is_secret(chat_id)
    )


def _chat(item: object) -> Chat | None:
    """Return the chat that an item describes, None if it is not valid."""
    if not isinstance(item, dict):
        return None
    # The name of the field depends on the messenger.
    chat_id = id_of(item.get("id") or item.get("chatId"))
    if not _CHAT_ID.fullmatch(chat_id):
        return None
    phone_number = _phone_number(item.get("phoneNumber"))
    name = _name(item.get("contactName")) or _name(item.get("name"))
    return Chat(
        chat_id=chat_id,
        name=name or (f"+{phone_number}" if phone_number else chat_id),
        kind=_kind(item.get("type"), chat_id),
        phone_number=phone_number,
    )


def _phone_number(value: object) -> int | None:
    """Return a phone number, which may be a text, None if there is none."""
    digits = id_of(value)
    number = int(digits) if digits.isdecimal() else 0
    return number if number in _NUMBERS else None


def _name(value: object) -> str:
    """Return a name on one line, empty if there is none."""
    if not isinstance(value, str):
        return ""
    line = " ".join(value[: 2 * MAX_NAME_LENGTH].split())
    name = " ".join(_CONTROLS.sub("", line).split())[:MAX_NAME_LENGTH]
    # Half of a surrogate pair cannot be stored.
    return name.encode(errors="replace").decode()


def _kind(value: object, chat_id: str) -> ChatKind:
    """Return the kind of a chat, by its ID if the type is missing or unknown."""
    if isinstance(value, str) and (kind := _KINDS.get(value)):
        return kind
    return ChatKind.GROUP if is_group_id(chat_id) else ChatKind.PERSON
