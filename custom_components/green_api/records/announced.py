"""Record what was announced to automations, so that everything is announced once.

All times and durations are seconds of a monotonic clock, unless they are datetimes.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
import math
from typing import Final, NamedTuple

from ..api import AccountState
from ..decisions.problem import Problem

# The reason for an account that does not work if there is neither a response nor a
# certain problem.
UNREACHABLE: Final = "unreachable"


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Count the seconds for which something lasts."""

    passed: float = 0
    """Seconds counted before it was last started."""

    running_from: float | None = None
    """When it was started, None while it is stopped."""

    def read(self, now: float) -> float:
        """Return the seconds counted so far."""
        if self.running_from is None:
            return self.passed
        return self.passed + now - self.running_from

    def started(self, now: float) -> Stopwatch:
        """Return a running stopwatch."""
        return self if self.running_from is not None else Stopwatch(self.passed, now)

    def stopped(self, now: float) -> Stopwatch:
        """Return a stopped stopwatch."""
        return Stopwatch(self.read(now))

    def shows_at(self, seconds: float) -> float | None:
        """Return when the stopwatch reaches a number of seconds.

        Return None if it is not running or has passed them before it was started.
        """
        if self.running_from is None or seconds < self.passed:
            return None
        return self.running_from + seconds - self.passed


class Wanted(NamedTuple):
    """What triggers an automation."""

    reasons: frozenset[Problem]
    """The problems that trigger it."""

    wait: float = 0
    """Seconds for which the account must have had a problem, this one or others."""

    outage: float | None = None
    """Seconds for which an outage must have lasted, None if it triggers nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What was announced about an account to automations."""

    state: AccountState | None = None
    """The last state, None before the first one."""

    since: datetime | None = None
    """Since when the account has not worked, None if it works."""

    problem: Problem | None = None
    """The last problem announced since the account last worked."""

    problem_at: float = -math.inf
    """When `problem` was announced, -inf if that was before a restart."""

    reasons: frozenset[Problem] = frozenset()
    """All problems announced since the account last worked."""

    with_problem: Stopwatch = field(default_factory=Stopwatch)
    """Runs while the account is known to have a problem."""

    unreachable: Stopwatch = field(default_factory=Stopwatch)
    """Runs while there is known to be no response."""

    def updated(
        self,
        state: AccountState | None,
        problem: Problem | None,
        *,
        works: bool | None,
        since: datetime,
        now: float,
    ) -> Announced:
        """Return what is announced now that an account is in this condition.

        `works` is None if there is no response. If the account does not work, it has
        not worked since `since`.
        """
        state = state or self.state
        if problem is None and works is not None:
            return Announced(state=state) if works else self.interrupted(now, state)
        announced = self._with(problem, now) if problem else self._without_response(now)
        return replace(announced, state=state, since=self.since or since)

    def interrupted(self, now: float, state: AccountState | None = None) -> Announced:
        """Return what was announced, with both stopwatches stopped."""
        return replace(
            self,
            state=state or self.state,
            with_problem=self.with_problem.stopped(now),
            unreachable=self.unreachable.stopped(now),
        )

    def due(self, wanted: Wanted) -> float | None:
        """Return when the current problem or outage triggers an automation, if ever."""
        if self.with_problem.running_from is not None:
            if self.problem not in wanted.reasons:
                return None
            at = self.with_problem.shows_at(wanted.wait)
            due = max(self.problem_at, -math.inf if at is None else at)
            return due if due > -math.inf else None
        if wanted.outage is None:
            return None
        return self.unreachable.shows_at(wanted.outage)

    def was_due(self, wanted: Wanted, now: float) -> bool:
        """Return whether an automation was triggered since the account last worked."""
        return (
            not wanted.reasons.isdisjoint(self.reasons)
            and self.with_problem.read(now) >= wanted.wait
        ) or (wanted.outage is not None and self.unreachable.read(now) >= wanted.outage)

    def _without_response(self, now: float) -> Announced:
        """Return what is announced while there is no response."""
        return replace(
            self,
            with_problem=self.with_problem.stopped(now),
            unreachable=self.unreachable.started(now),
        )

    def _with(self, problem: Problem, now: float) -> Announced:
        """Return what is announced while there is a problem, new or not."""
        announced = replace(
            self,
            with_problem=self.with_problem.started(now),
            unreachable=self.unreachable.stopped(now),
        )
        if problem is self.problem:
            return announced
        return replace(
            announced,
            problem=problem,
            problem_at=now,
            reasons=self.reasons | {problem},
        )
