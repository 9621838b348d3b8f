"""Chats in a list for people to choose from."""

from collections import Counter
from collections.abc import Iterable

from .api import Chat, ChatKind, Messenger
from .chat_id import InvalidChatIdError, parse_chat_id


def by_label(chats: Iterable[Chat], messenger: Messenger) -> dict[str, Chat]:
    """Return chats by what they are called: groups first, then in order of their names.

    No two are called the same, and none is called what somebody may type to mean
    another one: people choose their names themselves.
    """
    labelled = [(_label(chat), chat) for chat in sorted(chats, key=_order)]
    counts = Counter(label for label, _ in labelled)
    return {
        f"{label} ({chat.chat_id})"
        if counts[label] > 1 or _may_mean_another(label, chat, messenger)
        else label: chat
        for label, chat in labelled
    }


def _label(chat: Chat) -> str:
    """Return the name of a chat, with the number of a person."""
    number, _, server = chat.chat_id.partition("@")
    known = number if server == "c.us" else f"{chat.phone_number or ''}"
    return f"{chat.name} (+{known})" if known and known not in chat.name else chat.name


def _order(chat: Chat) -> tuple[bool, str]:
    """Return where a chat stands in the list: groups first, then by name."""
    return chat.kind is not ChatKind.GROUP, chat.name.casefold()


def _may_mean_another(label: str, chat: Chat, messenger: Messenger) -> bool:
    """Return whether a label can be read as a number or as the id of another chat."""
    if label == chat.chat_id:
        return False
    try:
        parse_chat_id(label, messenger)
    except InvalidChatIdError:
        return False
    return True
