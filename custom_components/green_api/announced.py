"""Remember what was announced to automations, so that each thing is announced once.

Durations are measured in seconds of a monotonic clock.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
import math
from typing import Final

from .api import AccountState
from .problem import Problem

# What keeps an account from working if there is no answer and no certain problem.
UNREACHABLE: Final = "unreachable"


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Count the seconds in which something is known to last."""

    passed: float = 0
    running_from: float | None = None

    def read(self, now: float) -> float:
        """Return the seconds so far."""
        if self.running_from is None:
            return self.passed
        return self.passed + now - self.running_from

    def started(self, now: float) -> Stopwatch:
        """Return the stopwatch running."""
        return self if self.running_from is not None else Stopwatch(self.passed, now)

    def stopped(self, now: float) -> Stopwatch:
        """Return the stopwatch not running."""
        return Stopwatch(self.read(now))

    def shows_at(self, seconds: float) -> float | None:
        """Return when it shows so many seconds, None if not while it runs."""
        if self.running_from is None or seconds < self.passed:
            return None
        return self.running_from + seconds - self.passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an automation is triggered by.

    That is a problem for one of the `reasons` once the account has had one for `wait`
    seconds, and an outage once it has lasted for `outage` seconds, if that is not None.
    """

    reasons: frozenset[Problem]
    wait: float = 0
    outage: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What was announced of an account to automations.

    `state` is the last state, None before the first one. Since the account was
    authorized, which is no longer so `since` then, problems were announced for the
    `reasons`. The last one is the `problem`, announced at `problem_at` unless that was
    before a restart. One of the stopwatches runs while it is known that there is a
    problem, or that there is no answer.
    """

    state: AccountState | None = None
    since: datetime | None = None
    problem: Problem | None = None
    problem_at: float = -math.inf
    reasons: frozenset[Problem] = frozenset()
    with_problem: Stopwatch = field(default_factory=Stopwatch)
    unreachable: Stopwatch = field(default_factory=Stopwatch)

    def updated(
        self,
        state: AccountState | None,
        problem: Problem | None,
        *,
        works: bool | None,
        since: datetime,
        now: float,
    ) -> Announced:
        """Return what is announced when this is known of the account.

        It has been so `since` then if it does not work; `works` is None if there is no
        answer.
        """
        state = state or self.state
        if problem is None and works is not None:
            return Announced(state=state) if works else self.interrupted(now, state)
        announced = self._with(problem, now) if problem else self._without_answer(now)
        return replace(announced, state=state, since=self.since or since)

    def interrupted(self, now: float, state: AccountState | None = None) -> Announced:
        """Return what was announced when nothing else is known any more."""
        return replace(
            self,
            state=state or self.state,
            with_problem=self.with_problem.stopped(now),
            unreachable=self.unreachable.stopped(now),
        )

    def due(self, wanted: Wanted) -> float | None:
        """Return when what is wrong now triggers an automation, None if never."""
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

    def _without_answer(self, now: float) -> Announced:
        """Return what is announced while there is no answer."""
        return replace(
            self,
            with_problem=self.with_problem.stopped(now),
            unreachable=self.unreachable.started(now),
        )

    def _with(self, problem: Problem, now: float) -> Announced:
        """Return what is announced with a problem, which may be the one before."""
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
