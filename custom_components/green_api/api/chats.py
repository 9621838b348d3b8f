"""Chats in the lists of GREEN-API.

https://green-api.com/en/docs/api/service/GetContacts/
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from itertools import islice
import re
from typing import Final

MAX_CHATS: Final = 20_000
MAX_NAME_LENGTH: Final = 100

_CHAT_ID: Final = re.compile(
    r"-?[0-9]{1,20}|[0-9]{5,20}@c\.us|[0-9]{5,32}(?:-[0-9]{1,20})?@g\.us|\w{5,64}@lid",
    re.ASCII,
)
_GROUP_ID: Final = re.compile(r"^-|@g\.us$")
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
    """A chat to send messages to; its name is what people know it by.

    The phone number is known of people in Telegram and MAX, where it is not a part of
    the chat id.
    """

    chat_id: str
    name: str
    kind: ChatKind
    phone_number: int | None = None


def read_chats(
    items: list[object], is_secret: Callable[[str], bool]
) -> tuple[Chat, ...]:
    """Return the chats in a list; what cannot be sent to is left out."""
    chats = (chat for chat in map(_chat, items) if chat)
    safe = (chat for chat in chats if not is_secret(f"{chat.chat_id} {chat.name}"))
    return tuple(islice(safe, MAX_CHATS))


def _chat(item: object) -> Chat | None:
    """Return the chat that an item describes, if it does."""
    if not isinstance(item, dict):
        return None
    # The messengers name it differently.
    chat_id = item.get("id") or item.get("chatId")
    if not isinstance(chat_id, str) or not _CHAT_ID.fullmatch(chat_id):
        return None
    number = item.get("phoneNumber")
    phone_number = number if type(number) is int and number in _NUMBERS else None
    name = _name(item.get("contactName")) or _name(item.get("name"))
    return Chat(
        chat_id=chat_id,
        name=name or (f"+{phone_number}" if phone_number else chat_id),
        kind=_kind(item.get("type"), chat_id),
        phone_number=phone_number,
    )


def _name(value: object) -> str:
    """Return a name on one line, nothing if there is none."""
    if not isinstance(value, str):
        return ""
    name = " ".join(value[: 2 * MAX_NAME_LENGTH].split())[:MAX_NAME_LENGTH]
    # Half a sign is no text that could be stored.
    return name.encode(errors="replace").decode()


def _kind(value: object, chat_id: str) -> ChatKind:
    """Return the kind of a chat, by its id if the server names none that is known."""
    if isinstance(value, str) and (kind := _KINDS.get(value)):
        return kind
    return ChatKind.GROUP if _GROUP_ID.search(chat_id) else ChatKind.PERSON
