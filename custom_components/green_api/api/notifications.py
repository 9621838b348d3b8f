"""Read received messages and notifications from responses of GREEN-API.

https://green-api.com/en/docs/api/receiving/notifications-format/
https://green-api.com/en/docs/api/journals/LastIncomingMessages/
"""

from collections.abc import Callable, Mapping
from operator import attrgetter
import re
from typing import Final

from .fields import MAX_WORD_LENGTH, id_of, text
from .message_content import Fields, part_of, read_message, texts_of
from .models import AccountState
from .received import (
    MissedMessage,
    NotificationContent,
    ReceivedMessage,
    StateChange,
    StatusChange,
)

type _IsSecret = Callable[[str], bool]


# The chat IDs in the description of a quota, and the maximum length of it that is read.
_CHAT_IDS: Final = re.compile(r"-?[0-9]{5,20}(?:@[cg]\.us)?")
_MAX_DESCRIPTION: Final = 4096


def read_notification(
    body: Fields, instance_id: str, is_secret: _IsSecret
) -> NotificationContent | None:
    """Return what a notification says, None if it is about something else."""
    instance = part_of(body, "instanceData").get("idInstance")
    if id_of(instance) != instance_id:
        return None
    read = _READERS.get(text(body, "typeWebhook"))
    return read(body, is_secret) if read else None


def read_journal(
    items: list[object], is_secret: _IsSecret
) -> tuple[ReceivedMessage, ...]:
    """Return the messages in a list of the journal, the oldest first."""
    found = (
        _safe(
            read_message(item, item, item.get("chatId"), _journal_sender(item)),
            is_secret,
        )
        # The server sorts by seconds, the latest message first.
        for item in reversed(items)
        if isinstance(item, dict)
    )
    return tuple(sorted(filter(None, found), key=attrgetter("sent_at")))


def _journal_sender(item: Fields) -> object:
    """Return who has written a message in the journal, None if that is not stated.

    According to the vendor's documentation, the type may be missing, and in Telegram
    the sender. Only messages of others have a sender, and in the chat with a person,
    nobody else can have sent what is received.
    """
    match item.get("type"), item.get("senderId"):
        case "incoming", None | "":
            return item.get("chatId")
        case "incoming" | None, sender:
            return sender
    return None


def _incoming(body: Fields, is_secret: _IsSecret) -> ReceivedMessage | None:
    """Return the message in a notification, None if it is not one."""
    sender = part_of(body, "senderData")
    if "channel" in (sender.get("chatType"), sender.get("senderType")):
        return None
    content = part_of(body, "messageData")
    message = read_message(body, content, sender.get("chatId"), sender.get("sender"))
    return _safe(message, is_secret)


def _safe(
    message: ReceivedMessage | None, is_secret: _IsSecret
) -> ReceivedMessage | None:
    """Return a message, None if it contains a secret."""
    if message is None or is_secret(" ".join(texts_of(message))):
        return None
    return message


def _state(body: Fields, is_secret: _IsSecret) -> StateChange | None:
    """Return the state in a notification, None if it is not documented."""
    state = AccountState(text(body, "stateInstance"))
    return StateChange(state) if state.known else None


def _status(body: Fields, is_secret: _IsSecret) -> StatusChange | None:
    """Return the status in a notification, None if it is not valid."""
    chat_id, message_id = id_of(body.get("chatId")), id_of(body.get("idMessage"))
    word = text(body, "status")
    if not chat_id or not message_id or not word.isalnum():
        return None
    if len(word) > MAX_WORD_LENGTH or is_secret(f"{chat_id} {message_id} {word}"):
        return None
    return StatusChange(chat_id, message_id, word)


def _missed(body: Fields, is_secret: _IsSecret) -> MissedMessage:
    """Return that a message was missed. It is not known who has written it."""
    description = text(part_of(body, "quotaData"), "description")
    return MissedMessage(frozenset(_CHAT_IDS.findall(description[:_MAX_DESCRIPTION])))


_READERS: Final[
    Mapping[str, Callable[[Fields, _IsSecret], NotificationContent | None]]
] = {
    "incomingMessageReceived": _incoming,
    "outgoingMessageStatus": _status,
    "quotaExceeded": _missed,
    "stateInstanceChanged": _state,
}
