"""Models of what an account receives, and of its notifications.

https://green-api.com/en/docs/api/receiving/notifications-format/
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum, auto

from .models import AccountState


class MessageKind(StrEnum):
    """Kinds of received messages.

    Reactions, changed and deleted messages, statuses, and posts of channels are not
    treated as messages.
    """

    AUDIO = auto()
    """An audio file or a voice message, which GREEN-API does not tell apart."""

    CONTACT = auto()
    DOCUMENT = auto()
    IMAGE = auto()
    LOCATION = auto()
    OTHER = auto()
    """A reply to buttons, an invitation, a product, or an order."""

    POLL = auto()
    POLL_VOTE = auto()
    STICKER = auto()
    TEXT = auto()
    VIDEO = auto()


@dataclass(frozen=True, slots=True, repr=False)
class PollVote:
    """An option of a poll, and the chat IDs of everyone who votes for it now."""

    option: str
    voters: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMessage:
    """A message that somebody has written to the account or to one of its groups."""

    message_id: str = field(repr=False)
    """Unique in its chat."""

    chat_id: str = field(repr=False)
    """The chat that contains the message, as GREEN-API names it."""

    sender_id: str = field(repr=False)
    """The chat ID of the person who has written the message."""

    kind: MessageKind
    text: str = field(default="", repr=False)
    """The text or the caption, empty if there is none."""

    sent_at: datetime
    quoted_message_id: str | None = field(default=None, repr=False)
    """The message that this one replies to, or the poll that it votes in."""

    votes: tuple[PollVote, ...] = field(default=(), repr=False)
    """The votes of the sender in a poll, and perhaps those of others.

    https://green-api.com/en/docs/api/recommendations/working-with-webhooks-with-poll-responses
    """


@dataclass(frozen=True, slots=True)
class Journal:
    """The messages of the last minutes, the oldest first."""

    messages: tuple[ReceivedMessage, ...]
    is_whole: bool = True
    """False if there is more than can be read: the oldest messages are missing."""


@dataclass(frozen=True, slots=True)
class StateChange:
    """Another state of the account."""

    state: AccountState


@dataclass(frozen=True, slots=True)
class StatusChange:
    """Another status of a message that was sent."""

    chat_id: str = field(repr=False)
    message_id: str = field(repr=False)
    status: str
    """As GREEN-API spells it, as in `getMessage`."""


@dataclass(frozen=True, slots=True)
class MissedMessage:
    """A message that the plan does not allow to receive, because of its chat."""

    chat_ids: frozenset[str] = field(repr=False)
    """The chats that the plan allows, empty if GREEN-API does not say."""


type NotificationContent = MissedMessage | ReceivedMessage | StateChange | StatusChange


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification, which GREEN-API repeats until it is deleted."""

    receipt_id: int
    """Identifies it until it is deleted. It may change when the server restarts."""

    content: NotificationContent | None
    """None if it is about something else, such as messages that others send."""
