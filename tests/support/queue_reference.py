"""A reference implementation of the rules for queues, to compare the decision with.

Like that for problems, the reference evaluates the whole history each time, and is
written from the documentation, not from the code.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from custom_components.green_api.decisions.problem import Problem

from .problem_reference import Interruption

HALF_AN_HOUR: Final = 1800


@dataclass(frozen=True)
class QueueCheck:
    """A check of the queue: its count, and its messages if they were listed."""

    at: float
    count: int
    listed: frozenset[int] = frozenset()

    @property
    def is_complete(self) -> bool:
        """Whether all waiting messages are listed."""
        return len(self.listed) == self.count


@dataclass(frozen=True)
class Reading:
    """The result of the list of a check."""

    check: QueueCheck
    is_all_there: bool
    """Whether no message is missing that was listed before."""
    is_suspect: bool
    """Whether a message is missing from the last complete list."""
    moved_before: QueueCheck | None
    """The first of two lists without a message, if this is the second one."""


@dataclass(frozen=True)
class Poll:
    """A poll of the state: whether the account can send, or has a confirmed problem."""

    at: float
    can_send: bool | None
    has_problem: bool = False


@dataclass(frozen=True)
class OtherEvent:
    """Another event of an account: a reboot or a restart."""

    at: float
    what: Interruption


type QueueEvent = QueueCheck | Poll | OtherEvent


@dataclass(frozen=True)
class QueueVerdict:
    """The result of a history."""

    problem: Problem | None = None
    is_confirmed: bool = False
    shown_at: float = -HALF_AN_HOUR
    """When the problem was last seen, in seconds."""
    is_tried: bool = False
    """Whether the instance was rebooted, and the effect is not known yet."""

    @property
    def shown(self) -> Problem | None:
        """The problem that the queue has."""
        return self.problem if self.is_confirmed else None

    @property
    def issue(self) -> Problem | None:
        """The problem that has a repair issue."""
        return None if self.is_tried else self.shown


def patience(delay: float) -> float:
    """Return for how many seconds a queue may stand still."""
    return max(600, 3 * min(delay, 600))


def since_counted(history: Sequence[QueueEvent]) -> list[QueueEvent]:
    """Return the events since the count has last shown that the queue moves.

    Messages before another problem or a restart are not known any more.
    """
    begin = 0
    count = 0
    for n, event in enumerate(history):
        match event:
            case QueueCheck():
                begin = n if not event.count or event.count < count else begin
                count = event.count
            case Poll(has_problem=True) | OtherEvent(what=Interruption.RESTART):
                begin = n + 1
    return list(history[begin:])


def listed_in(checks: Sequence[QueueCheck]) -> frozenset[int]:
    """Return the messages that are listed in any of some checks."""
    return frozenset[int]().union(*(check.listed for check in checks))


def readings(history: Sequence[QueueEvent]) -> list[Reading]:
    """Return the results of the lists since the count has last shown a movement.

    Messages that neither the last complete list but one nor any list after it contains
    have been sent.
    """
    since = since_counted(history)
    checks = [it for it in since if isinstance(it, QueueCheck) and it.listed]
    shown: list[Reading] = []
    complete = [0, 0, 0]
    for n, check in enumerate(checks):
        complete = [*complete, n] if check.is_complete and n else complete
        third, second, last = complete[-3:]
        moved = listed_in(checks[third:second]) - listed_in(checks[second : n + 1])
        absent = listed_in(checks[second:last]) - listed_in(checks[last : n + 1])
        shown.append(
            Reading(
                check,
                is_all_there=check.listed >= listed_in(checks[second : n + 1]),
                is_suspect=bool(absent),
                moved_before=checks[second] if moved and n == last else None,
            )
        )
    return shown


def checks_at_standstill(
    history: Sequence[QueueEvent], shown: Sequence[Reading]
) -> list[QueueCheck]:
    """Return the last checks between which the queue may have stood still."""
    checks: list[QueueCheck] = []
    can_send = True
    for event in history:
        if isinstance(event, QueueCheck):
            if checks and (
                event.at - checks[-1].at > 200 or event.count < checks[-1].count
            ):
                checks = []
            checks = [*checks, event] if event.count and can_send else []
        elif isinstance(event, OtherEvent):
            checks = []
        else:
            can_send = can_send if event.can_send is None else event.can_send
            checks = checks if can_send and not event.has_problem else []
    moves = [it.moved_before for it in shown if it.moved_before]
    return [it for it in checks if not moves or it.at >= moves[-1].at]


def has_moved(history: Sequence[QueueEvent], shown: Sequence[Reading]) -> bool:
    """Return whether the last check shows a movement since the one before."""
    *before, last = (event for event in history if isinstance(event, QueueCheck))
    if last.count == 0 or (before and last.count < before[-1].count):
        return True
    return any(it.check is last and it.moved_before for it in shown[-1:])


def is_proved(
    checks: Sequence[QueueCheck], shown: Sequence[Reading], delay: float
) -> bool:
    """Return whether the last of some checks proves that the queue does not move."""
    passed = checks[-1].at - checks[0].at
    whole = [it.check.at for it in shown if it.is_all_there and it.check in checks]
    is_same = bool(whole) and whole[-1] - whole[0] >= patience(delay) - 90
    return passed >= 2 * patience(delay) or (
        passed >= patience(delay) and is_same and not shown[-1].is_suspect
    )


def queue_verdict(
    history: Sequence[QueueEvent], before: QueueVerdict, delay: float
) -> QueueVerdict:
    """Return the result of a history, given the result before its last event."""
    match history[-1]:
        case OtherEvent(what=Interruption.RESTART):
            return replace(before, is_confirmed=False)
        case OtherEvent():
            return replace(before, is_tried=before.problem is not None)
        case Poll(has_problem=True):
            return QueueVerdict()
        case Poll(can_send=True, at=at):
            is_young = at - before.shown_at <= HALF_AN_HOUR
            is_back = before.problem is not None and is_young
            return replace(before, is_confirmed=before.is_confirmed or is_back)
        case QueueCheck():
            return _after_look(history, before, delay)
    return before


def _after_look(
    history: Sequence[QueueEvent], before: QueueVerdict, delay: float
) -> QueueVerdict:
    """Return the result of a history that ends with a check."""
    shown = readings(history)
    if has_moved(history, shown):
        return QueueVerdict()
    at = history[-1].at
    checks = checks_at_standstill(history, shown)
    if not checks or not is_proved(checks, shown, delay):
        return replace(before, shown_at=at) if before.shown else before
    problem = before.problem or Problem.NOT_SENDING
    if before.is_tried:
        problem = Problem.NOT_SENDING_AFTER_REBOOT
    return QueueVerdict(problem, is_confirmed=True, shown_at=at)
