"""Decide, from the sequence of answers alone, what stands against an account.

To teach it a new state, add the state to `_SUSPICION_BY_STATE`. To teach it a new
problem, add the problem to `Problem` and `STANDS_AFTER`, and its issue to `issues.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from .api import AccountState, ErrorKind, GreenApiError, InstanceState


class Problem(StrEnum):
    """What can stand against an account; keys of issues and of their texts."""

    ASLEEP = "asleep"
    BLOCKED = "blocked"
    DELETED = "deleted"
    EXPIRED = "expired"
    LOGGED_OUT = "logged_out"
    RESTRICTED = "restricted"
    STUCK_AFTER_REBOOT = "stuck_after_reboot"
    STUCK_STARTING = "stuck_starting"
    WRONG_ADDRESS = "wrong_address"


_SUSPICION_BY_STATE: Final[Mapping[InstanceState, Problem]] = {
    InstanceState.NOT_AUTHORIZED: Problem.LOGGED_OUT,
    InstanceState.PENDING_CODE: Problem.LOGGED_OUT,
    InstanceState.PENDING_PASSWORD: Problem.LOGGED_OUT,
    InstanceState.SUSPENDED: Problem.RESTRICTED,
    InstanceState.YELLOW_CARD: Problem.RESTRICTED,
    InstanceState.BLOCKED: Problem.BLOCKED,
    InstanceState.SLEEP_MODE: Problem.ASLEEP,
    InstanceState.STARTING: Problem.STUCK_STARTING,
}

# All other failures tell nothing about the account.
_SUSPICION_BY_FAILURE: Final[Mapping[ErrorKind, Problem]] = {
    ErrorKind.EXPIRED: Problem.EXPIRED,
    ErrorKind.DELETED: Problem.DELETED,
    ErrorKind.WRONG_ADDRESS: Problem.WRONG_ADDRESS,
}

LOGGED_OUT_STATES: Final = frozenset(
    state
    for state, problem in _SUSPICION_BY_STATE.items()
    if problem is Problem.LOGGED_OUT
)
RESTRICTED_STATES: Final = frozenset(
    state
    for state, problem in _SUSPICION_BY_STATE.items()
    if problem is Problem.RESTRICTED
)

# Two answers in a row, a poll apart: polls are a minute apart, give or take
# a second or two, and may be only seconds apart when somebody asks for one.
_TWO_IN_A_ROW: Final = timedelta(seconds=50)

STANDS_AFTER: Final[Mapping[Problem, timedelta]] = {
    Problem.ASLEEP: timedelta(minutes=5),
    Problem.BLOCKED: _TWO_IN_A_ROW,
    Problem.DELETED: _TWO_IN_A_ROW,
    Problem.EXPIRED: _TWO_IN_A_ROW,
    Problem.LOGGED_OUT: _TWO_IN_A_ROW,
    Problem.RESTRICTED: _TWO_IN_A_ROW,
    # The vendor allows five minutes, so that it takes more to be stuck.
    Problem.STUCK_STARTING: timedelta(minutes=5, seconds=1),
    Problem.WRONG_ADDRESS: timedelta(minutes=10),
}

# An answer that no problem is known for (a state of the future, an instance being
# created) refutes what stands once it has been heard for as long as this.
_REFUTED_AFTER: Final = timedelta(minutes=5)

QUIET_AFTER_REBOOT: Final = timedelta(minutes=5)

# A reboot shows as `starting` within this time, or it shows not at all.
_REBOOT_SHOWS: Final = timedelta(minutes=2)

# Nobody knows what happened between two answers further apart than this
# (the computer slept, the server asked to wait).
_LONGEST_GAP: Final = timedelta(minutes=2)

_CURED_BY_REBOOT: Final = frozenset(
    {Problem.STUCK_STARTING, Problem.STUCK_AFTER_REBOOT}
)

type Answer = AccountState | GreenApiError


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What the answers so far amount to.

    `problem` stands against the account. `suspicion` is what the last telling answer
    points to, None if that is nothing bad; the answers have pointed there since
    `since`, for `held` altogether, time without answers not counted. `heard_at` is
    the time of the last answer, None if it told nothing.
    """

    problem: Problem | None = None
    suspicion: Problem | None = None
    since: datetime | None = None
    held: timedelta = timedelta()
    heard_at: datetime | None = None
    rebooted_at: datetime | None = None

    @property
    def quiet_until(self) -> datetime | None:
        """Return the end of the time in which a reboot excuses everything."""
        return self.rebooted_at and self.rebooted_at + QUIET_AFTER_REBOOT


def assess(previous: Assessment, answer: Answer, now: datetime) -> Assessment:
    """Return what the answers amount to with one more of them."""
    if isinstance(answer, AccountState) and answer.known is InstanceState.AUTHORIZED:
        return Assessment(
            heard_at=now, rebooted_at=_not_ahead(previous.rebooted_at, now)
        )
    previous = replace(
        previous,
        heard_at=_not_ahead(previous.heard_at, now),
        rebooted_at=_not_ahead(previous.rebooted_at, now),
    )
    if isinstance(answer, GreenApiError):
        suspicion = _SUSPICION_BY_FAILURE.get(answer.kind)
        if suspicion is None:
            return _heard_nothing(previous, now)
    else:
        suspicion = _SUSPICION_BY_STATE.get(answer.known) if answer.known else None
    return _judged(_heard(previous, suspicion, now), now)


def rebooted(previous: Assessment, now: datetime) -> Assessment:
    """Return what the answers amount to after a reboot that the user asked for."""
    return replace(
        previous,
        problem=None if previous.problem in _CURED_BY_REBOOT else previous.problem,
        held=timedelta(),
        heard_at=now,
        rebooted_at=now,
    )


def interrupted(previous: Assessment) -> Assessment:
    """Return what is left when nobody listens: nothing stands until it is heard again.

    A problem that stood stands at the first answer that confirms it.
    """
    return replace(previous, problem=None, heard_at=None)


def _not_ahead(moment: datetime | None, now: datetime) -> datetime | None:
    """Let no moment lie in the future: the clock may have been set back."""
    return moment and min(moment, now)


def _heard_nothing(previous: Assessment, now: datetime) -> Assessment:
    """Stop the clock, without a word against or for the account."""
    return replace(previous, held=_held(previous, now), heard_at=None)


def _heard(
    previous: Assessment, suspicion: Problem | None, now: datetime
) -> Assessment:
    """Go on with a suspicion, or begin with another one."""
    if suspicion is previous.suspicion and previous.since is not None:
        return replace(previous, held=_held(previous, now), heard_at=now)
    return replace(
        previous, suspicion=suspicion, since=now, held=timedelta(), heard_at=now
    )


def _held(previous: Assessment, now: datetime) -> timedelta:
    """Return for how long the answers have pointed to the same thing."""
    if previous.heard_at is None:
        return previous.held
    return previous.held + min(now - previous.heard_at, _LONGEST_GAP)


def _judged(heard: Assessment, now: datetime) -> Assessment:
    """Let the suspicion stand if its time has come."""
    if heard.quiet_until is not None and now < heard.quiet_until:
        return heard
    if heard.suspicion is None:
        return replace(heard, problem=None) if heard.held >= _REFUTED_AFTER else heard
    if heard.held < STANDS_AFTER[heard.suspicion]:
        return heard
    return replace(heard, problem=_named(heard))


def _named(heard: Assessment) -> Problem | None:
    """Tell an account that is stuck from one that a reboot did not help."""
    if (
        heard.suspicion is Problem.STUCK_STARTING
        and heard.rebooted_at is not None
        and heard.since is not None
        and heard.since <= heard.rebooted_at + _REBOOT_SHOWS
    ):
        return Problem.STUCK_AFTER_REBOOT
    return heard.suspicion
