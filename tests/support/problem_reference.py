"""A reference implementation of the rules for problems, to compare the decision with.

The reference evaluates the whole history each time, while the decision itself is
incremental. It is written from the README, not from the code.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum, auto
from itertools import pairwise
from typing import Final

from custom_components.green_api.api import AccountState, ErrorKind, GreenApiError
from custom_components.green_api.decisions.problem import AccountResponse, Problem

from .replays import FAILURES_BY_NAME, REBOOT, RESTART

START: Final = datetime(2026, 11, 24, tzinfo=UTC)


class Interruption(Enum):
    """An event of an account other than a response."""

    REBOOT = auto()
    RESTART = auto()


@dataclass(frozen=True)
class Event:
    """A response or interruption of an account, at a time in seconds."""

    at: float
    what: AccountResponse | Interruption


EVENTS: Final[dict[str, AccountResponse | Interruption]] = {
    REBOOT: Interruption.REBOOT,
    RESTART: Interruption.RESTART,
    "null": AccountState(None),
    **{word: error() for word, (error, _) in FAILURES_BY_NAME.items()},
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
CERTAIN_AFTER: Final[dict[Problem, float]] = {
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
    Problem.STUCK_AFTER_REBOOT,
    Problem.STUCK_STARTING,
    Problem.UNKNOWN_STATE,
    Problem.WRONG_ADDRESS,
)
STUCK: Final = frozenset({Problem.STUCK_STARTING, Problem.STUCK_AFTER_REBOOT})
PASSES: Final = STUCK | {Problem.UNKNOWN_STATE}

DAY: Final = 86400
HALF_AN_HOUR: Final = 1800


@dataclass(frozen=True)
class Verdict:
    """The result of a history."""

    problem: Problem | None = None
    is_confirmed: bool = False
    replaced: frozenset[Problem] = frozenset()

    @property
    def shown(self) -> Problem | None:
        """The problem that the account has."""
        return self.problem if self.is_confirmed else None


def points_to(event: Event) -> Problem | str | None:
    """Return what an event says about the account, None if nothing."""
    match event.what:
        case AccountState("authorized"):
            return "well"
        case AccountState(raw):
            return STATE_POINTS_TO.get(raw, Problem.UNKNOWN_STATE)
        case GreenApiError(kind=kind):
            return FAILURE_POINTS_TO.get(kind)
    return None


def evidence_lifetime(reason: Problem | str | None) -> float:
    """Return for how many seconds a reason is evidence."""
    return HALF_AN_HOUR if reason in PASSES else DAY


def since_authorized(history: Sequence[Event]) -> list[Event]:
    """Return the events since the account was authorized."""
    good = [n for n, event in enumerate(history) if points_to(event) == "well"]
    return list(history[max(good, default=-1) + 1 :])


def without_outdated(period: Sequence[Event], seconds: float) -> list[Event]:
    """Return the end of a period in which the gaps of reports are at most this long."""
    reports = [n for n, event in enumerate(period) if points_to(event)]
    gaps = [
        later
        for earlier, later in pairwise(reports)
        if period[later].at - period[earlier].at > seconds
    ]
    return list(period[max(gaps, default=0) :])


def agreeing_run(period: Sequence[Event]) -> list[Event]:
    """Return the end of a period in which all reports are the same."""
    reported = points_to(period[-1])
    others = [
        n for n, event in enumerate(period) if points_to(event) not in {None, reported}
    ]
    end = without_outdated(
        period[max(others, default=-1) + 1 :], evidence_lifetime(reported)
    )
    first = min(n for n, event in enumerate(end) if points_to(event))
    return end[first:]


def reported_seconds(
    events: Sequence[Event], *, without: Problem | None = None
) -> float:
    """Return for how many seconds a problem is reported, while there are polls."""
    seconds = 0.0
    current: Problem | str | None = None
    for earlier, later in pairwise(events):
        if earlier.what is not Interruption.REBOOT:
            current = points_to(earlier)
        if current not in {None, without} and later.what is not Interruption.RESTART:
            seconds += min(later.at - earlier.at, 120)
    return seconds


def agreed_seconds(run: Sequence[Event]) -> float:
    """Return for how many seconds a run reports the same, since its last reboot."""
    reboots = [n for n, event in enumerate(run) if event.what is Interruption.REBOOT]
    if not reboots:
        return reported_seconds(run)
    reboot = run[reboots[-1]]
    *_, before = (event for event in run[: reboots[-1]] if event.what != reboot.what)
    return reported_seconds([replace(before, at=reboot.at), *run[reboots[-1] + 1 :]])


def is_after_reboot(run: Sequence[Event], reboots: Sequence[float]) -> bool:
    """Return whether a run is the result of a reboot."""
    began = run[0].at
    in_run = any(event.what is Interruption.REBOOT for event in run)
    return in_run or any(began - 120 <= at <= began for at in reboots[-1:])


def verdict(  # noqa: PLR0911
    history: Sequence[Event], before: Verdict
) -> Verdict:
    """Return the result of a history, given the result before its last event."""
    last = history[-1]
    reported = points_to(last)
    if reported == "well":
        return Verdict()
    if last.what is Interruption.RESTART:
        return replace(before, is_confirmed=False)
    if not isinstance(reported, Problem):
        return before
    period = since_authorized(history)
    before = _without_outdated_problem(before, period)
    reboots = [event.at for event in history if event.what is Interruption.REBOOT]
    is_quiet = last.at < max(reboots, default=-DAY) + 300
    run = agreeing_run(period)
    if before.problem and (
        reported is before.problem or {reported, before.problem} <= STUCK
    ):
        return _certain(before, before.problem, run, reboots, is_quiet=is_quiet)
    if is_quiet:
        worst = None if before.problem else _worst(period, None, 1200)
        if worst:
            return _certain(before, worst, run, reboots, is_quiet=True)
        return before
    needed = (
        max(CERTAIN_AFTER[reported], 600)
        if reported in before.replaced
        else CERTAIN_AFTER[reported]
    )
    if agreed_seconds(run) >= needed:
        return _certain(before, reported, run, reboots, is_quiet=False)
    worst = None if before.shown else _worst(period, before.problem)
    if worst:
        return _certain(before, worst, run, reboots, is_quiet=False)
    return before


def _worst(
    period: Sequence[Event], before: Problem | None, seconds: float = 600
) -> Problem | None:
    """Return the problem of an account that was not authorized for some seconds.

    If it had a problem before the last restart, only reports after the restart count,
    and unless that problem is the most specific one, they must take 600 seconds again.
    """
    recent = without_outdated(period, HALF_AN_HOUR)
    restarts = [n for n, it in enumerate(recent) if it.what is Interruption.RESTART]
    counted = recent[max(restarts, default=-1) + 1 :] if before else recent
    reported = {points_to(event) for event in counted} - {Problem.WRONG_ADDRESS}
    worst = next((it for it in MOST_SPECIFIC_FIRST if it in reported | {before}), None)
    evidence = recent if worst is before else counted
    is_long = reported_seconds(evidence, without=Problem.WRONG_ADDRESS) >= seconds
    return worst if is_long else None


def _without_outdated_problem(before: Verdict, period: Sequence[Event]) -> Verdict:
    """Return the verdict without a problem that was reported too long ago."""
    *_, earlier, last = [period[0], *(event for event in period if points_to(event))]
    is_old = last.at - earlier.at > evidence_lifetime(before.problem)
    if is_old and not before.is_confirmed:
        return replace(before, problem=None)
    return before


def _certain(
    before: Verdict,
    problem: Problem,
    run: Sequence[Event],
    reboots: Sequence[float],
    *,
    is_quiet: bool,
) -> Verdict:
    """Return the verdict with a confirmed problem."""
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
    """Return the results of a history after each event."""
    known = [Verdict()]
    for end in range(1, len(history) + 1):
        known.append(verdict(history[:end], known[-1]))
    return known[1:]
