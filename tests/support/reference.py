"""The rules for problems in other words, to compare the decision with.

The reference looks at the whole history each time, where the decision itself goes on
from what it knows. It is written from the README, not from the code.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum, auto
from itertools import pairwise
from typing import Final

from custom_components.green_api.api import AccountState, ErrorKind, GreenApiError
from custom_components.green_api.problem import Answer, Problem

from .replays import FAILURES, REBOOT, RESTART

START: Final = datetime(2026, 11, 24, tzinfo=UTC)


class Happening(Enum):
    """What happens to an account besides answers."""

    REBOOT = auto()
    RESTART = auto()


@dataclass(frozen=True)
class Event:
    """An answer, or what else happens to an account, at a time in seconds."""

    at: float
    what: Answer | Happening


EVENTS: Final[dict[str, Answer | Happening]] = {
    REBOOT: Happening.REBOOT,
    RESTART: Happening.RESTART,
    "null": AccountState(None),
    **{word: error() for word, (error, _) in FAILURES.items()},
}

STATE_POINTS_TO: Final[dict[str | None, Problem]] = {
    "blocked": Problem.BLOCKED,
    "notAuthorized": Problem.LOGGED_OUT,
    "pendingCode": Problem.LOGGED_OUT,
    "pendingPassword": Problem.LOGGED_OUT,
    "sleepMode": Problem.ASLEEP,
    "starting": Problem.STUCK_STARTING,
    "suspended": Problem.RESTRICTED,
    "yellowCard": Problem.RESTRICTED,
}
FAILURE_POINTS_TO: Final[dict[ErrorKind, Problem]] = {
    ErrorKind.DELETED: Problem.DELETED,
    ErrorKind.EXPIRED: Problem.EXPIRED,
    ErrorKind.WRONG_ADDRESS: Problem.WRONG_ADDRESS,
}
LASTS: Final[dict[Problem, float]] = {
    Problem.ASLEEP: 300,
    Problem.BLOCKED: 50,
    Problem.DELETED: 50,
    Problem.EXPIRED: 50,
    Problem.LOGGED_OUT: 50,
    Problem.RESTRICTED: 50,
    Problem.STUCK_STARTING: 301,
    Problem.UNKNOWN_STATE: 600,
    Problem.WRONG_ADDRESS: 600,
}
MOST_SPECIFIC_FIRST: Final = (
    Problem.DELETED,
    Problem.EXPIRED,
    Problem.BLOCKED,
    Problem.RESTRICTED,
    Problem.LOGGED_OUT,
    Problem.ASLEEP,
    Problem.STUCK_STARTING,
    Problem.UNKNOWN_STATE,
)
STUCK: Final = frozenset({Problem.STUCK_STARTING, Problem.STUCK_AFTER_REBOOT})
PASSES: Final = STUCK | {Problem.UNKNOWN_STATE}

DAY: Final = 86400
HALF_AN_HOUR: Final = 1800


@dataclass(frozen=True)
class Verdict:
    """What a history amounts to."""

    problem: Problem | None = None
    is_confirmed: bool = False
    replaced: frozenset[Problem] = frozenset()

    @property
    def shown(self) -> Problem | None:
        """The problem that the account has."""
        return self.problem if self.is_confirmed else None


def points_to(event: Event) -> Problem | str | None:
    """Return what an event says of the account, None if it says nothing."""
    match event.what:
        case AccountState("authorized"):
            return "well"
        case AccountState(raw):
            return STATE_POINTS_TO.get(raw, Problem.UNKNOWN_STATE)
        case GreenApiError(kind=kind):
            return FAILURE_POINTS_TO.get(kind)
    return None


def believable(reason: Problem | str | None) -> float:
    """Return for how many seconds a reason is evidence."""
    return HALF_AN_HOUR if reason in PASSES else DAY


def since_well(history: Sequence[Event]) -> list[Event]:
    """Return what happened since the account was authorized."""
    good = [n for n, event in enumerate(history) if points_to(event) == "well"]
    return list(history[max(good, default=-1) + 1 :])


def without_old(spell: Sequence[Event], seconds: float) -> list[Event]:
    """Return the end of a spell in which something is reported all the time."""
    reports = [n for n, event in enumerate(spell) if points_to(event)]
    gaps = [
        later
        for earlier, later in pairwise(reports)
        if spell[later].at - spell[earlier].at > seconds
    ]
    return list(spell[max(gaps, default=0) :])


def run_of(spell: Sequence[Event]) -> list[Event]:
    """Return the end of a spell in which all reports are the same."""
    said = points_to(spell[-1])
    others = [
        n for n, event in enumerate(spell) if points_to(event) not in {None, said}
    ]
    end = without_old(spell[max(others, default=-1) + 1 :], believable(said))
    first = min(n for n, event in enumerate(end) if points_to(event))
    return end[first:]


def reported_seconds(
    events: Sequence[Event], *, without: Problem | None = None
) -> float:
    """Return for how many seconds something is reported, as far as somebody polls."""
    seconds = 0.0
    current: Problem | str | None = None
    for earlier, later in pairwise(events):
        if earlier.what is not Happening.REBOOT:
            current = points_to(earlier)
        if current not in {None, without} and later.what is not Happening.RESTART:
            seconds += min(later.at - earlier.at, 120)
    return seconds


def agreed_seconds(run: Sequence[Event]) -> float:
    """Return for how many seconds a run says the same, since the last reboot in it."""
    reboots = [n for n, event in enumerate(run) if event.what is Happening.REBOOT]
    if not reboots:
        return reported_seconds(run)
    reboot = run[reboots[-1]]
    *_, before = (event for event in run[: reboots[-1]] if event.what != reboot.what)
    return reported_seconds([replace(before, at=reboot.at), *run[reboots[-1] + 1 :]])


def is_after_reboot(run: Sequence[Event], reboots: Sequence[float]) -> bool:
    """Return whether a run is what a reboot has come to."""
    began = run[0].at
    in_run = any(event.what is Happening.REBOOT for event in run)
    return in_run or any(began - 120 <= at <= began for at in reboots[-1:])


def verdict(  # noqa: PLR0911
    history: Sequence[Event], before: Verdict
) -> Verdict:
    """Return what a history amounts to, given what it did before its last event."""
    last = history[-1]
    said = points_to(last)
    if said == "well":
        return Verdict()
    if last.what is Happening.RESTART:
        return replace(before, is_confirmed=False)
    if not isinstance(said, Problem):
        return before
    spell = since_well(history)
    before = _believed(before, spell)
    reboots = [event.at for event in history if event.what is Happening.REBOOT]
    is_quiet = last.at < max(reboots, default=-DAY) + 300
    run = run_of(spell)
    if before.problem and (said is before.problem or {said, before.problem} <= STUCK):
        return _again(before, before.problem, run, reboots, is_quiet=is_quiet)
    if is_quiet:
        return before
    needed = max(LASTS[said], 600) if said in before.replaced else LASTS[said]
    if agreed_seconds(run) >= needed:
        return _again(before, said, run, reboots, is_quiet=False)
    recent = without_old(spell, HALF_AN_HOUR)
    if (
        before.shown is None
        and reported_seconds(recent, without=Problem.WRONG_ADDRESS) >= 600
    ):
        reported = {points_to(event) for event in recent}
        worst = next(problem for problem in MOST_SPECIFIC_FIRST if problem in reported)
        return _again(before, worst, run, reboots, is_quiet=False)
    return before


def _believed(before: Verdict, spell: Sequence[Event]) -> Verdict:
    """Return a verdict without a problem that was reported too long ago."""
    *_, earlier, last = [spell[0], *(event for event in spell if points_to(event))]
    is_old = last.at - earlier.at > believable(before.problem)
    if is_old and not before.is_confirmed:
        return replace(before, problem=None)
    return before


def _again(
    before: Verdict,
    problem: Problem,
    run: Sequence[Event],
    reboots: Sequence[float],
    *,
    is_quiet: bool,
) -> Verdict:
    """Return the verdict with a problem that is certain."""
    if (
        problem is Problem.STUCK_STARTING
        and not is_quiet
        and is_after_reboot(run, reboots)
    ):
        problem = Problem.STUCK_AFTER_REBOOT
    replaced = before.replaced
    if before.problem not in {None, problem}:
        replaced |= {before.problem}
    return Verdict(problem, is_confirmed=True, replaced=replaced)


def verdicts(history: Sequence[Event]) -> list[Verdict]:
    """Return what a history amounts to after each event."""
    known = [Verdict()]
    for end in range(1, len(history) + 1):
        known.append(verdict(history[:end], known[-1]))
    return known[1:]
