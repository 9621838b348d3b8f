"""Decide, from the sequence of looks at it alone, whether a queue of messages moves.

All times are seconds of a monotonic clock, so that a change of the time of day makes
nothing early or late; only how long messages live is measured by the time of day.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import math
from typing import Final

from .api import AccountState, InstanceState
from .problem import Answer, Problem

# Seconds for which a queue has to stand still, and how many messages would have had to
# go out in that time. A file takes five seconds, which makes no difference.
_STANDS_STILL: Final = 600
_MESSAGES_DUE: Final = 3

# The longest delay between two messages that the vendor allows.
_LONGEST_DELAY: Final = 600.0

# The oldest message is asked for only when the count has not fallen: a look later,
# which may itself be some seconds late.
_LISTED_LATER: Final = 90

# Nobody knows what became of the queue between two looks further apart than this:
# two of them have failed.
_LONGEST_GAP: Final = 200

# A look that is older than this proves nothing any more.
_EVIDENCE_LASTS: Final = 1800

MESSAGE_LIFE: Final = timedelta(hours=24)


def patience(message_delay: float | None) -> float:
    """Return for how long a queue with this delay between messages may stand still."""
    delay = _LONGEST_DELAY if message_delay is None else message_delay
    return max(_STANDS_STILL, _MESSAGES_DUE * delay)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standstill:
    """A time in which a queue is not known to have moved.

    The count has not fallen since it `began`. From `listed_from` to `listed_until`, the
    same message was the `oldest` one. It is not known while the list cannot be read, and
    `is_listable` is False if that is of no use.
    """

    began: float
    oldest: int | None = None
    listed_from: float = math.inf
    listed_until: float = -math.inf
    is_listable: bool = True

    def is_certain(self, now: float, patience: float) -> bool:
        """Return whether the queue stands still for longer than it may.

        The count alone has to prove it for twice the time.
        """
        passed = now - self.began
        listed = self.listed_until - self.listed_from
        return passed >= 2 * patience or (
            passed >= patience and listed >= patience - _LISTED_LATER
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageQueue:
    """State of the queue of an account, as far as it was looked at.

    It held `count` messages when it was `counted_at`, which have waited since
    `waiting_since` at the latest. They have stood still for the `standstill`, None if
    the account could not send.

    `remembered` is the problem that was certain, None if the queue has moved since; it
    is `confirmed` unless nobody has asked since the last look that showed it, `shown_at`
    then. `is_rebooted` is whether somebody has rebooted the instance, and it is not
    certain yet whether that has helped.
    """

    count: int | None = None
    counted_at: float = -math.inf
    waiting_since: datetime | None = None
    standstill: Standstill | None = None
    remembered: Problem | None = None
    confirmed: bool = False
    shown_at: float = -math.inf
    is_rebooted: bool = False

    @property
    def problem(self) -> Problem | None:
        """Return the problem of the queue, None if none is certain."""
        return self.remembered if self.confirmed else None

    @property
    def issue(self) -> Problem | None:
        """Return the problem to ask somebody to act on.

        Whoever has rebooted the instance has acted on it.
        """
        return None if self.is_rebooted else self.problem

    def stood_for(self, now: float) -> float:
        """Return for how many seconds the queue is known to have stood still."""
        return now - self.standstill.began if self.standstill else 0

    def seems_stuck(self, now: float, patience: float) -> bool:
        """Return whether the count alone says that the queue is stuck."""
        return self.stood_for(now) >= patience and self.problem is None

    def is_list_wanted(self, now: float) -> bool:
        """Return whether the oldest message may show that the queue has moved.

        That is so when the count has not fallen since the last look.
        """
        still = self.standstill
        return still is not None and still.is_listable and now > still.began

    def answered(
        self, answer: Answer, problem: Problem | None, now: float
    ) -> MessageQueue:
        """Return the queue after an answer about the account, and its problem then.

        An account that cannot send for another reason has no other problem.
        """
        if problem is not None:
            return replace(
                self,
                standstill=None,
                remembered=None,
                confirmed=False,
                is_rebooted=False,
            )
        if not isinstance(answer, AccountState):
            return self
        if answer.known is not InstanceState.AUTHORIZED:
            return replace(self, standstill=None)
        if self.confirmed or now - self.shown_at > _EVIDENCE_LASTS:
            return self
        return replace(self, confirmed=self.remembered is not None)

    def counted(
        self, count: int, now: float, moment: datetime, *, can_send: bool
    ) -> MessageQueue:
        """Return the queue after its messages were counted.

        `now` is the time of the monotonic clock, `moment` that of the day.
        """
        has_moved = count == 0 or (self.count is not None and count < self.count)
        before = MessageQueue() if has_moved else self
        is_gap = now - self.counted_at > _LONGEST_GAP
        standstill = None if is_gap else before.standstill
        return replace(
            before,
            count=count,
            counted_at=now,
            shown_at=now if before.confirmed else before.shown_at,
            waiting_since=(before.waiting_since or moment) if count else None,
            standstill=(standstill or Standstill(began=now))
            if count and can_send
            else None,
        )

    def listed(self, oldest: int, now: float, moment: datetime) -> MessageQueue:
        """Return the queue after its oldest message was looked at."""
        still = self.standstill
        if still is None:
            return self
        if still.oldest is None:
            still = replace(still, oldest=oldest, listed_from=now)
        if still.oldest == oldest:
            return replace(self, standstill=replace(still, listed_until=now))
        return MessageQueue(
            count=self.count,
            counted_at=self.counted_at,
            waiting_since=moment,
            standstill=Standstill(
                began=now, oldest=oldest, listed_from=now, listed_until=now
            ),
        )

    def unlistable(self) -> MessageQueue:
        """Return the queue after its list was too large."""
        still = self.standstill
        return replace(self, standstill=still and replace(still, is_listable=False))

    def decided(self, now: float, patience: float) -> MessageQueue:
        """Return the queue with the problem that is certain now."""
        if self.standstill is None or not self.standstill.is_certain(now, patience):
            return self
        problem = self.remembered or Problem.NOT_SENDING
        if self.is_rebooted:
            problem = Problem.NOT_SENDING_AFTER_REBOOT
        return replace(
            self, remembered=problem, confirmed=True, shown_at=now, is_rebooted=False
        )

    def rebooted(self) -> MessageQueue:
        """Return the queue after a reboot that somebody asked for."""
        return replace(self, standstill=None, is_rebooted=self.remembered is not None)

    def interrupted(self) -> MessageQueue:
        """Return the queue when nobody asks any more: nothing is confirmed."""
        return replace(self, standstill=None, confirmed=False)
