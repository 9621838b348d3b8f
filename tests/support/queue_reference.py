"""The rules for queues in other words, to compare the decision with.

As for problems, the reference looks at the whole history each time, and is written from
the documentation, not from the code.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from custom_components.green_api.problem import Problem

from .reference import Happening

HALF_AN_HOUR: Final = 1800


@dataclass(frozen=True)
class Look:
    """A look at the queue: its count, and its oldest message if that was told."""

    at: float
    count: int
    oldest: int | None = None


@dataclass(frozen=True)
class Poll:
    """What the account was like: whether it can send, or has a certain problem."""

    at: float
    can_send: bool | None
    has_problem: bool = False


@dataclass(frozen=True)
class Turn:
    """What else happens to an account."""

    at: float
    what: Happening


type QueueEvent = Look | Poll | Turn


@dataclass(frozen=True)
class QueueVerdict:
    """What a history amounts to."""

    problem: Problem | None = None
    is_confirmed: bool = False
    shown_at: float = -HALF_AN_HOUR
    """When it was last seen to be so."""
    is_tried: bool = False
    """Whether somebody has rebooted, and it is open whether that has helped."""

    @property
    def shown(self) -> Problem | None:
        """The problem that the queue has."""
        return self.problem if self.is_confirmed else None

    @property
    def issue(self) -> Problem | None:
        """The problem that somebody has to act on."""
        return None if self.is_tried else self.shown


def patience(delay: float) -> float:
    """Return for how long a queue may stand still."""
    return max(600, 3 * delay)


def standing(history: Sequence[QueueEvent]) -> list[Look]:
    """Return the last looks between which the queue may have stood still."""
    looks: list[Look] = []
    can_send = True
    for event in history:
        if isinstance(event, Look):
            if looks and (
                event.at - looks[-1].at > 200 or event.count < looks[-1].count
            ):
                looks = []
            looks = [*looks, event] if event.count and can_send else []
        elif isinstance(event, Turn):
            looks = []
        else:
            can_send = can_send if event.can_send is None else event.can_send
            looks = looks if can_send and not event.has_problem else []
    named = [n for n, look in enumerate(looks) if look.oldest is not None]
    strangers = [n for n in named if looks[n].oldest != looks[named[-1]].oldest]
    if strangers:
        # It was another message that was the oldest one when it was last named.
        return looks[min(n for n in named if n > strangers[-1]) :]
    return looks


def has_moved(history: Sequence[QueueEvent]) -> bool:
    """Return whether the last look shows that the queue has moved since the one before."""
    *before, last = (event for event in history if isinstance(event, Look))
    if last.count == 0 or (before and last.count < before[-1].count):
        return True
    known = {look.oldest for look in standing(history[:-1])} - {None}
    is_near = bool(before) and last.at - before[-1].at <= 200
    return last.oldest is not None and is_near and bool(known - {last.oldest})


def is_proved(history: Sequence[QueueEvent], delay: float) -> bool:
    """Return whether the last look proves that the queue does not move."""
    looks = standing(history)
    passed = looks[-1].at - looks[0].at
    named = [look.at for look in looks if look.oldest is not None]
    is_same = bool(named) and named[-1] - named[0] >= patience(delay) - 90
    return passed >= 2 * patience(delay) or (passed >= patience(delay) and is_same)


def queue_verdict(
    history: Sequence[QueueEvent], before: QueueVerdict, delay: float
) -> QueueVerdict:
    """Return what a history amounts to, given what it did before its last event."""
    match history[-1]:
        case Turn(what=Happening.RESTART):
            return replace(before, is_confirmed=False)
        case Turn():
            return replace(before, is_tried=before.problem is not None)
        case Poll(has_problem=True):
            return QueueVerdict()
        case Poll(can_send=True, at=at):
            is_young = at - before.shown_at <= HALF_AN_HOUR
            is_back = before.problem is not None and is_young
            return replace(before, is_confirmed=before.is_confirmed or is_back)
        case Look():
            return _after_look(history, before, delay)
    return before


def _after_look(
    history: Sequence[QueueEvent], before: QueueVerdict, delay: float
) -> QueueVerdict:
    """Return what a history amounts to that ends with a look."""
    if has_moved(history):
        return QueueVerdict()
    at = history[-1].at
    if not standing(history) or not is_proved(history, delay):
        return replace(before, shown_at=at) if before.shown else before
    problem = before.problem or Problem.NOT_SENDING
    if before.is_tried:
        problem = Problem.NOT_SENDING_AFTER_REBOOT
    return QueueVerdict(problem, is_confirmed=True, shown_at=at)
