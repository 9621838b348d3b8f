"""Read the content of a received message, in a notification or in the journal.

https://green-api.com/en/docs/api/receiving/notifications-format/incoming-message/Webhook-IncomingMessageReceived/
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
import re
from typing import Any, Final

from .chats import is_group_id
from .fields import id_of, moment, number, text
from .models import MAX_MESSAGE_LENGTH, MAX_POLL_OPTIONS, Messenger
from .received import MessageKind, PollVote, ReceivedMessage

type Fields = Mapping[str, Any]

_MAX_TEXT_LENGTH: Final = MAX_MESSAGE_LENGTH[Messenger.WHATSAPP]
_MAX_VOTERS: Final = 1024

# Chats that are not conversations: channels, statuses, and lists of recipients.
_NO_CONVERSATION: Final = re.compile(r"@(?:broadcast|newsletter)$")

# Texts in place of a content that GREEN-API could not read.
_UNREADABLE: Final = re.compile(r"\s*\{\{SWE[0-9]{1,9}\}\}\s*")

# Types of messages. All others are not documented, or are not messages.
_KINDS: Final[Mapping[str, MessageKind]] = {
    "audioMessage": MessageKind.AUDIO,
    "buttonsResponseMessage": MessageKind.OTHER,
    "contactMessage": MessageKind.CONTACT,
    "contactsArrayMessage": MessageKind.CONTACT,
    "documentMessage": MessageKind.DOCUMENT,
    "extendedTextMessage": MessageKind.TEXT,
    "groupInviteMessage": MessageKind.OTHER,
    "imageMessage": MessageKind.IMAGE,
    "interactiveButtonsResponse": MessageKind.OTHER,
    "listResponseMessage": MessageKind.OTHER,
    "locationMessage": MessageKind.LOCATION,
    "orderMessage": MessageKind.OTHER,
    "pollMessage": MessageKind.POLL,
    "pollUpdateMessage": MessageKind.POLL_VOTE,
    "productMessage": MessageKind.OTHER,
    "quotedMessage": MessageKind.TEXT,
    "stickerMessage": MessageKind.STICKER,
    "templateButtonReplyMessage": MessageKind.OTHER,
    "templateButtonsReplyMessage": MessageKind.OTHER,
    "textMessage": MessageKind.TEXT,
    "videoMessage": MessageKind.VIDEO,
}

# Where each kind has its text: in notifications, then in the journal.
_TEXTS: Final[Mapping[MessageKind, tuple[tuple[str, ...], ...]]] = {
    MessageKind.TEXT: (
        ("textMessageData", "textMessage"),
        ("extendedTextMessageData", "text"),
        ("textMessage",),
        ("extendedTextMessage", "text"),
    ),
    **dict.fromkeys(
        (
            MessageKind.AUDIO,
            MessageKind.DOCUMENT,
            MessageKind.IMAGE,
            MessageKind.STICKER,
            MessageKind.VIDEO,
        ),
        (("fileMessageData", "caption"), ("caption",)),
    ),
}

# The parts with the ID of the message that another one replies to. Only in an older
# form of replies, it is beside the text.
_QUOTES: Final = ("quotedMessage", "extendedTextMessageData", "extendedTextMessage")

# Fields that are set in messages that were changed or deleted.
_CHANGED: Final = ("deletedMessageId", "editedMessageId", "isDeleted", "isEdited")
_UNSET: Final = (None, False, 0, "", "false")


def read_message(
    envelope: Fields, content: Fields, chat: object, sender: object
) -> ReceivedMessage | None:
    """Return the message in an envelope, None if no person has just written it."""
    message_id = id_of(envelope.get("idMessage"))
    chat_id, sender_id = id_of(chat), id_of(sender)
    kind = _KINDS.get(text(content, "typeMessage"))
    sent_at = _sent_at(envelope)
    if not (message_id and kind and sent_at and _is_conversation(chat_id, sender_id)):
        return None
    if _is_changed(content) or _UNREADABLE.fullmatch(words := _text(content, kind)):
        return None
    quoted_id, votes = _votes(content) if kind is MessageKind.POLL_VOTE else ("", ())
    return ReceivedMessage(
        message_id=message_id,
        chat_id=chat_id,
        sender_id=sender_id,
        kind=kind,
        text=words,
        sent_at=sent_at,
        quoted_message_id=quoted_id or _quoted_id(content) or None,
        votes=votes,
    )


def texts_of(message: ReceivedMessage) -> Iterator[str]:
    """Yield all texts in a message."""
    yield from (message.message_id, message.chat_id, message.sender_id, message.text)
    yield message.quoted_message_id or ""
    for vote in message.votes:
        yield from (vote.option, *vote.voters)


def part_of(fields: Fields, key: str) -> Fields:
    """Return a part of a response, empty if it is absent or something else."""
    value = fields.get(key)
    return value if isinstance(value, dict) else {}


def _is_conversation(chat_id: str, sender_id: str) -> bool:
    """Return whether a person has written in a chat where others can write as well."""
    if not chat_id or not sender_id or _NO_CONVERSATION.search(chat_id):
        return False
    return not is_group_id(sender_id)


def _sent_at(envelope: Fields) -> datetime | None:
    """Return when a message was sent, None if that is not stated."""
    seconds = number(envelope.get("timestamp"))
    return moment(seconds) if seconds else None


def _is_changed(content: Fields) -> bool:
    """Return whether a message was changed or deleted after it was sent."""
    return any(content.get(key) not in _UNSET for key in _CHANGED)


def _text(content: Fields, kind: MessageKind) -> str:
    """Return the text of a message, empty if it has none."""
    for *parts, key in _TEXTS.get(kind, ()):
        fields = content
        for part in parts:
            fields = part_of(fields, part)
        if words := text(fields, key):
            return _storable(words)
    return ""


def _storable(words: str) -> str:
    """Return a text without halves of surrogate pairs, which cannot be stored."""
    return words[:_MAX_TEXT_LENGTH].encode(errors="replace").decode()


def _quoted_id(content: Fields) -> str:
    """Return the ID of the message that a message replies to, empty if to none."""
    ids = (id_of(part_of(content, part).get("stanzaId")) for part in _QUOTES)
    return next(filter(None, ids), "")


def _votes(content: Fields) -> tuple[str, tuple[PollVote, ...]]:
    """Return the ID of a poll and the votes in it."""
    poll = part_of(content, "pollMessageData")
    votes = poll.get("votes")
    items = votes[:MAX_POLL_OPTIONS] if isinstance(votes, list) else []
    return id_of(poll.get("stanzaId")), tuple(
        PollVote(_storable(text(item, "optionName")), _voters(item))
        for item in items
        if isinstance(item, dict)
    )


def _voters(option: Fields) -> tuple[str, ...]:
    """Return the chat IDs of the voters of an option."""
    voters = option.get("optionVoters")
    ids = (
        id_of(it.get("voterWid", it.get("wid")) if isinstance(it, dict) else it)
        for it in (voters[:_MAX_VOTERS] if isinstance(voters, list) else [])
    )
    return tuple(filter(None, ids))
