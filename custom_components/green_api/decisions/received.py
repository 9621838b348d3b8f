"""Decide which received messages count.

Only people who may write are heard, in their own chat or in a group that is a
recipient. All times are in system time: the server says when a message was sent.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum, auto
from hashlib import sha256
from typing import Final

from ..api import MessageKind, ReceivedMessage

# Age from which a message does not count anymore, in either direction: without the
# right time, no message can be considered new.
MAX_AGE: Final = timedelta(minutes=5)

# Messages within a minute that count, per person.
MAX_PER_MINUTE: Final = 30
_MINUTE: Final = timedelta(minutes=1)

# How long messages are remembered, and how many of them at most. Those that may be
# received again are always remembered.
_REMEMBERED_FOR: Final = timedelta(days=1)
_MAX_REMEMBERED: Final = 500
_REPEATED_FOR: Final = 3 * MAX_AGE

# Number of messages that are known to have been judged. In the journal, the same
# messages are read again and again.
_MAX_JUDGED: Final = 2000


class DropReason(StrEnum):
    """Why a message does not count."""

    ALREADY_HEARD = auto()
    """It has counted before."""

    BEFORE_PERMISSION = auto()
    """It was sent before its sender was allowed to write."""

    FROM_FUTURE = auto()
    """It was sent in the future: the time of Home Assistant is wrong."""

    NOT_ALLOWED = auto()
    """Its sender may not write."""

    NO_NEW_VOTE = auto()
    """It repeats a vote that has counted, or withdraws one."""

    OTHER_CHAT = auto()
    """Its sender may write, but only in chats of recipients."""

    OWN = auto()
    """The account itself has sent it."""

    TOO_MANY = auto()
    """Its sender has written too many messages within a minute."""

    TOO_OLD = auto()
    """It was sent too long ago."""


# The clock may be corrected a moment later, and the message be received again.
_AGES: Final = frozenset({DropReason.FROM_FUTURE, DropReason.TOO_OLD})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Allowed:
    """Who may write, and where."""

    people: Mapping[str, str]
    """The recipients who may write: their subentry IDs by their chat IDs."""

    recipients: Mapping[str, str]
    """All recipients, including groups: their subentry IDs by their chat IDs."""

    since: Mapping[str, datetime] = field(default_factory=dict)
    """Since when people may write, by their chat IDs, if it was not always so."""

    own_id: str = ""
    """The chat ID of the account itself, empty if not known."""


@dataclass(frozen=True, slots=True, repr=False)
class Heard:
    """A message that counts, for the first time."""

    message: ReceivedMessage
    person_id: str
    """The subentry ID of the recipient who has written it."""

    recipient_id: str
    """The subentry ID of the recipient whose chat it was written in."""

    options: tuple[str, ...] = ()
    """The options of a poll that the person votes for now."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A message that does not count."""

    reason: DropReason | None
    """None if the message was judged before, because the journal repeats messages."""

    is_new_flood: bool = False
    """Whether it is the first of too many messages of a person."""


class Inbox:
    """The messages of an account that were received.

    What has counted is remembered over restarts: `remembered` has to be stored before
    anything happens because of a message.
    """

    def __init__(self, remembered: Mapping[str, datetime] | None = None) -> None:
        """Initialize with what was remembered."""
        self.dropped: Counter[DropReason] = Counter()
        """The number of messages that were dropped since the start, by reason."""

        self._remembered = dict(remembered or {})
        self._judged: dict[str, DropReason | None] = {}
        self._sent_at: dict[str, list[datetime]] = {}
        self._flood_at: dict[str, datetime] = {}

    @property
    def remembered(self) -> Mapping[str, datetime]:
        """When each message has counted, by texts that identify them."""
        return dict(self._remembered)

    def judge(
        self, message: ReceivedMessage, allowed: Allowed, now: datetime
    ) -> Heard | Dropped:
        """Return whether a message counts, and remember that."""
        key = f"{message.chat_id} {message.message_id}"
        is_known = key in self._judged
        if is_known and self._judged[key] not in _AGES:
            return Dropped(None)
        reason = (
            _reason(message, allowed, now)
            or (DropReason.ALREADY_HEARD if key in self._remembered else None)
            or self._too_many(message)
            or self._repeated_vote(message, now)
        )
        self._note(key, reason)
        if reason:
            return Dropped(None) if is_known else self._dropped(message, reason)
        self._remember(key, now)
        return Heard(
            message,
            person_id=allowed.people[message.sender_id],
            recipient_id=allowed.recipients[message.chat_id],
            options=_options(message),
        )

    def _dropped(self, message: ReceivedMessage, reason: DropReason) -> Dropped:
        """Count a message that does not count."""
        self.dropped[reason] += 1
        is_flood = reason is DropReason.TOO_MANY
        return Dropped(reason, is_flood and self._is_new_flood(message))

    def _note(self, key: str, reason: DropReason | None) -> None:
        """Note how a message was judged."""
        self._judged[key] = reason
        if len(self._judged) > _MAX_JUDGED:
            del self._judged[next(iter(self._judged))]

    def _repeated_vote(
        self, message: ReceivedMessage, now: datetime
    ) -> DropReason | None:
        """Return the reason if the vote in a message has counted before.

        A vote is remembered and stored even if it is withdrawn, so that the number of
        all votes is limited.
        """
        if message.kind is not MessageKind.POLL_VOTE:
            return None
        voter = f"{message.chat_id} {message.quoted_message_id} {message.sender_id} "
        options = _options(message)
        vote = f"{voter}{sha256(repr(options).encode()).hexdigest()[:16]}"
        is_known = vote in self._remembered
        for old in [it for it in self._remembered if it.startswith(voter)]:
            del self._remembered[old]
        self._remember(vote, now)
        return DropReason.NO_NEW_VOTE if is_known or not options else None

    def _too_many(self, message: ReceivedMessage) -> DropReason | None:
        """Return the reason if the sender has written too many messages in a minute.

        Their own times are compared: after an outage, all of them arrive at once.
        """
        sent_at = message.sent_at
        others = [
            it
            for it in self._sent_at.get(message.sender_id, [])
            if abs(it - sent_at) < _REPEATED_FOR
        ]
        self._sent_at[message.sender_id] = others
        if sum(abs(it - sent_at) < _MINUTE for it in others) >= MAX_PER_MINUTE:
            return DropReason.TOO_MANY
        others.append(sent_at)
        return None

    def _is_new_flood(self, message: ReceivedMessage) -> bool:
        """Return whether a message of too many is the first one in minutes."""
        last_at = self._flood_at.get(message.sender_id)
        self._flood_at[message.sender_id] = message.sent_at
        return last_at is None or message.sent_at - last_at > MAX_AGE

    def _remember(self, key: str, now: datetime) -> None:
        """Remember that a message has counted, and forget old ones."""
        self._remembered[key] = now
        while self._is_too_old(next(iter(self._remembered.values())), now):
            del self._remembered[next(iter(self._remembered))]

    def _is_too_old(self, at: datetime, now: datetime) -> bool:
        """Return whether the message that was remembered first is forgotten."""
        is_full = len(self._remembered) > _MAX_REMEMBERED
        return abs(now - at) > (_REPEATED_FOR if is_full else _REMEMBERED_FOR)


def _reason(
    message: ReceivedMessage, allowed: Allowed, now: datetime
) -> DropReason | None:
    """Return why a message does not count, regardless of those before it."""
    since = allowed.since.get(message.sender_id, message.sent_at)
    reasons = {
        DropReason.OWN: message.sender_id == allowed.own_id,
        DropReason.NOT_ALLOWED: message.sender_id not in allowed.people,
        DropReason.OTHER_CHAT: message.chat_id not in allowed.recipients,
        DropReason.TOO_OLD: now - message.sent_at > MAX_AGE,
        DropReason.FROM_FUTURE: message.sent_at - now > MAX_AGE,
        # A permission that seems to begin later was given while the clock was ahead.
        DropReason.BEFORE_PERMISSION: message.sent_at < since <= now,
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


def _options(message: ReceivedMessage) -> tuple[str, ...]:
    """Return the options of a poll that the sender votes for now."""
    return tuple(it.option for it in message.votes if message.sender_id in it.voters)
