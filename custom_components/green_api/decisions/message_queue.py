"""Decide from the sequence of checks whether a message queue is moving.

All times are seconds of a monotonic clock, so that changes of the system time make
nothing happen too early or too late. Only the lifetime of messages is based on the
system time.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import heapq
import math
from typing import Final

from ..api import AccountState, InstanceState
from .problem import AccountResponse, Problem

QUEUE_PROBLEMS: Final = frozenset(
    {Problem.NOT_SENDING, Problem.NOT_SENDING_AFTER_REBOOT}
)

# A queue that is stuck stands still for at least this many seconds, in which at least
# this many messages would have been due. A file takes five seconds, which makes no
# difference.
_MIN_STANDSTILL: Final = 600
_MESSAGES_DUE: Final = 3

# Seconds of the longest delay between two messages that the vendor allows.
_LONGEST_DELAY: Final = 600.0

# The messages are listed only once the count has not fallen. That is one check later,
# which may itself be delayed by some seconds.
_LISTED_LATER: Final = 90

# Maximum seconds between two checks that count. What happened to the queue in a longer
# gap, when two checks failed, is unknown.
_LONGEST_GAP: Final = 200

# Seconds after which a check is no longer evidence.
_EVIDENCE_LASTS: Final = 1800

# Seconds within which a queue that was cleared becomes empty.
_CLEARED_AFTER: Final = 30

# Maximum number of listed messages that are remembered.
_REMEMBERED: Final = 2000

# A message that has waited for this long is lost.
MESSAGE_LIFE: Final = timedelta(hours=24)

# How much longer than known a message may have waited: an empty queue is checked every
# five minutes.
_SEEN_LATE: Final = timedelta(minutes=10)


def patience(message_delay: float | None) -> float:
    """Return for how many seconds a queue may stand still.

    `message_delay` is the number of seconds between two messages, None if not known.
    """
    delay = _LONGEST_DELAY if message_delay is None else message_delay
    return max(_MIN_STANDSTILL, _MESSAGES_DUE * min(delay, _LONGEST_DELAY))


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingMessages:
    """The messages that are waiting in a queue."""

    count: int
    """The number of messages."""

    lost_at: datetime
    """When the first of them will be lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCheckResult:
    """Result of one check of the queue."""

    count: int
    """The number of messages in the queue."""

    counted_at: float
    """When the messages were counted."""

    can_send: bool
    """Whether the account was able to send then."""

    patience: float
    """Seconds for which the queue may stand still."""

    messages: frozenset[int] | None = field(default=None, repr=False)
    """The messages that were listed then, None if they were not."""

    is_listable: bool = True
    """False if the list was too large to be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMessages:
    """The messages that were listed, by numbers that identify them.

    The order of a list means nothing. A message that is missing from a list means
    something only if the list has as many messages as are waiting.
    """

    known: frozenset[int] = field(default=frozenset(), repr=False)
    """The messages that are considered waiting."""

    missing: frozenset[int] = field(default=frozenset(), repr=False)
    """The messages that were missing from the last complete list.

    They have been sent if they are missing from the next complete list as well.
    """

    missing_at: float = -math.inf
    """When the last complete list was read."""

    def gone(self, messages: frozenset[int], count: int | None) -> frozenset[int]:
        """Return the messages that have been sent, according to another list."""
        return self.missing - messages if len(messages) == count else frozenset()

    def read(
        self, messages: frozenset[int], count: int | None, now: float
    ) -> ListedMessages:
        """Return the messages after another list."""
        known = _sample((self.known | messages) - self.gone(messages, count))
        if len(messages) != count:
            return replace(self, known=known, missing=self.missing - messages)
        return ListedMessages(known=known, missing=known - messages, missing_at=now)


def _sample(messages: frozenset[int]) -> frozenset[int]:
    """Return a limited number of messages, always the same ones of the same set."""
    if len(messages) <= _REMEMBERED:
        return messages
    return frozenset(heapq.nsmallest(_REMEMBERED, messages))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standstill:
    """A period in which a queue is not known to have moved."""

    began: float
    """Time since when the count has not fallen."""

    listed_from: float = math.inf
    """Time since when no message was missing from the lists."""

    listed_until: float = -math.inf
    """Time of the last list from which no message was missing."""

    is_listable: bool = True
    """False if the messages cannot be listed."""

    def is_certain(self, now: float, patience: float, *, is_whole: bool) -> bool:
        """Return whether the queue has stood still for longer than `patience` seconds.

        Without lists from which no message is missing (`is_whole`), the count alone has
        to prove it for twice that time.
        """
        passed = now - self.began
        listed = self.listed_until - self.listed_from
        return passed >= 2 * patience or (
            is_whole and passed >= patience and listed >= patience - _LISTED_LATER
        )

    def listed(self, now: float) -> Standstill:
        """Return the standstill after a list from which no message was missing."""
        return replace(self, listed_from=min(self.listed_from, now), listed_until=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageQueue:
    """State of the message queue of an account, as far as it was checked."""

    count: int | None = None
    """The number of messages at the last check, None before the first one."""

    counted_at: float = -math.inf
    """When the messages were last counted."""

    waiting_since: datetime | None = None
    """Latest time since when messages have been waiting, None if there are none."""

    standstill: Standstill | None = None
    """The current standstill, None if the account could not send."""

    messages: ListedMessages = field(default_factory=ListedMessages)
    """The messages that were listed."""

    remembered: Problem | None = None
    """The last certain problem, None if the queue has moved since then."""

    confirmed: bool = False
    """Whether `remembered` has been confirmed since polling started."""

    shown_at: float = -math.inf
    """When a check last showed the problem."""

    is_rebooted: bool = False
    """Whether the user rebooted the instance and the effect is not known yet."""

    cleared_at: float | None = None
    """When the user cleared the queue, None if not or if the effect is known."""

    @property
    def problem(self) -> Problem | None:
        """Return the problem of the queue, None if none is certain."""
        return self.remembered if self.confirmed else None

    @property
    def is_acted_on(self) -> bool:
        """Return whether the user has just acted on the problem.

        That is the case if the instance was rebooted or the queue was cleared.
        """
        return self.is_rebooted or self.cleared_at is not None

    @property
    def waiting(self) -> WaitingMessages | None:
        """Return the waiting messages, None if there are none or it is unknown."""
        if not self.count or self.waiting_since is None:
            return None
        return WaitingMessages(
            count=self.count, lost_at=self.waiting_since + MESSAGE_LIFE
        )

    def can_lose(self, moment: datetime) -> bool:
        """Return whether a message that leaves the queue may be lost, not sent.

        That is the case if the queue is stuck, and its first message is old enough.
        """
        return (
            self.problem is not None
            and not self.is_acted_on
            and self.waiting_since is not None
            and moment >= self.waiting_since + MESSAGE_LIFE - _SEEN_LATE
        )

    def stood_for(self, now: float) -> float:
        """Return for how many seconds the queue is known to have stood still."""
        return now - self.standstill.began if self.standstill else 0

    def seems_stuck(self, now: float, patience: float) -> bool:
        """Return whether the queue is stuck according to the count alone."""
        return self.stood_for(now) >= patience and self.problem is None

    def is_list_wanted(self, now: float) -> bool:
        """Return whether a list of the messages may show that the queue has moved.

        That is the case if the count has not fallen since the last check, or if
        messages were listed before a gap without checks.
        """
        standstill = self.standstill
        if standstill is None or not standstill.is_listable:
            return False
        return now > standstill.began or bool(self.messages.known)

    def with_response(
        self, response: AccountResponse, problem: Problem | None, now: float
    ) -> MessageQueue:
        """Return the queue after a response about the account.

        `problem` is the problem of the account after it. If the account cannot send for
        that reason, the queue has no problem of its own.
        """
        if problem is not None:
            return _without_problem(self, self.waiting_since)
        if not isinstance(response, AccountState):
            return self
        if response.known is not InstanceState.AUTHORIZED:
            return replace(self, standstill=None)
        if self.confirmed or now - self.shown_at > _EVIDENCE_LASTS:
            return self
        return replace(self, confirmed=self.remembered is not None)

    def checked(
        self, check: QueueCheckResult, now: float, moment: datetime
    ) -> MessageQueue:
        """Return the queue after a check, with the problem that is certain then.

        `now` is the time of the monotonic clock in seconds, `moment` the system time.
        """
        counted_at = moment - timedelta(seconds=now - check.counted_at)
        queue = self.counted(
            check.count, check.counted_at, counted_at, can_send=check.can_send
        )
        if check.messages is not None:
            queue = _listed(queue, check.messages, now, moment)
        elif not check.is_listable and queue.standstill:
            unlistable = replace(queue.standstill, is_listable=False)
            queue = replace(queue, standstill=unlistable)
        return _decided(queue, now, check.patience)

    def counted(
        self, count: int, now: float, moment: datetime, *, can_send: bool
    ) -> MessageQueue:
        """Return the queue after its messages were counted.

        `now` is the time of the monotonic clock in seconds, `moment` the system time.
        """
        is_less = count < (self.count or 0)
        has_moved = count == 0 or (is_less and not self.can_lose(moment))
        is_sent = has_moved and can_send
        since = _waiting_since(self, moment, is_less=is_less, is_sent=is_sent)
        before = MessageQueue() if has_moved else self
        is_gap = now - self.counted_at > _LONGEST_GAP
        standstill = None if is_gap else before.standstill
        cleared_ago = math.inf if before.cleared_at is None else now - before.cleared_at
        return replace(
            before,
            count=count,
            counted_at=now,
            shown_at=now if before.confirmed else before.shown_at,
            waiting_since=since if count else None,
            standstill=(standstill or Standstill(began=now))
            if count and can_send
            else None,
            cleared_at=before.cleared_at if cleared_ago < _CLEARED_AFTER else None,
        )

    def rebooted(self) -> MessageQueue:
        """Return the queue after a reboot by the user."""
        return replace(self, standstill=None, is_rebooted=self.remembered is not None)

    def cleared(self, now: float) -> MessageQueue:
        """Return the queue after the server has confirmed that it was cleared."""
        return replace(self, cleared_at=now)

    def interrupted(self) -> MessageQueue:
        """Return the queue after polling has stopped: nothing is confirmed."""
        return replace(
            self, standstill=None, messages=ListedMessages(), confirmed=False
        )


def _waiting_since(
    before: MessageQueue, moment: datetime, *, is_less: bool, is_sent: bool
) -> datetime:
    """Return since when the first message has been waiting, at the latest.

    If a message has left the queue (`is_less`) without being sent, it was lost, and the
    next one may be as old.
    """
    if before.waiting_since is None or is_sent:
        return moment
    if is_less:
        return max(before.waiting_since, moment - MESSAGE_LIFE)
    return before.waiting_since


def _listed(
    queue: MessageQueue, messages: frozenset[int], now: float, moment: datetime
) -> MessageQueue:
    """Return the queue after its messages were listed.

    `now` is the time of the monotonic clock in seconds, `moment` the system time.
    """
    if queue.standstill is None:
        return queue
    after, standstill = queue, queue.standstill
    is_gone = bool(queue.messages.gone(messages, queue.count))
    if is_gone and not queue.can_lose(moment):
        began = max(standstill.began, queue.messages.missing_at)
        standstill = Standstill(began=began)
        after = _without_problem(queue, moment - timedelta(seconds=now - began))
    known = queue.messages.read(messages, queue.count, now)
    if messages and messages >= known.known:
        standstill = standstill.listed(now)
    return replace(after, standstill=standstill, messages=known)


def _decided(queue: MessageQueue, now: float, patience: float) -> MessageQueue:
    """Return the queue with the problem that is certain now."""
    standstill = queue.standstill
    if standstill is None or not standstill.is_certain(
        now, patience, is_whole=not queue.messages.missing
    ):
        return queue
    problem = queue.remembered or Problem.NOT_SENDING
    if queue.is_rebooted:
        problem = Problem.NOT_SENDING_AFTER_REBOOT
    return replace(
        queue, remembered=problem, confirmed=True, shown_at=now, is_rebooted=False
    )


def _without_problem(
    queue: MessageQueue, waiting_since: datetime | None
) -> MessageQueue:
    """Return the queue without a problem and without evidence of one."""
    return MessageQueue(
        count=queue.count, counted_at=queue.counted_at, waiting_since=waiting_since
    )
