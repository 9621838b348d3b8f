"""Decide, from the sequence of answers alone, which problem an account has.

Whether an account that is authorized does send is decided in `message_queue.py`.

All times are seconds of a monotonic clock, so that a change of the time of day makes
nothing early or late.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from .api import AccountState, InstanceState
from .problem import Answer, Problem, reason_of

# Two answers in a row, a poll apart: polls are a minute apart, give or take
# a second or two, and may be only seconds apart when somebody asks for one.
_TWO_IN_A_ROW: Final = 50

CERTAIN_AFTER: Final[Mapping[Problem, float]] = {
    Problem.ASLEEP: 300,
    Problem.BLOCKED: _TWO_IN_A_ROW,
    Problem.DELETED: _TWO_IN_A_ROW,
    Problem.EXPIRED: _TWO_IN_A_ROW,
    Problem.LOGGED_OUT: _TWO_IN_A_ROW,
    Problem.RESTRICTED: _TWO_IN_A_ROW,
    # The vendor allows five minutes, so that it takes more to be stuck.
    Problem.STUCK_STARTING: 301,
    Problem.UNKNOWN_STATE: 600,
    Problem.WRONG_ADDRESS: 600,
}

# However its states alternate, an account has a problem that has not been authorized
# for as long as this. Also for how long the answers have to agree on a reason that
# they had before, so that reasons do not take turns.
_CERTAIN_AT_LAST: Final = 600

QUIET_AFTER_REBOOT: Final = 300

# A reboot shows as `starting` within this time, or it shows not at all.
_REBOOT_SHOWS: Final = 120

# Nobody knows what happened between two answers further apart than this
# (the computer slept, the server asked to wait).
_LONGEST_GAP: Final = 120

# Answers older than this prove nothing any more. What is over in minutes by itself
# is proved by young ones only.
EVIDENCE_LASTS: Final = 24 * 3600
_PASSING_EVIDENCE_LASTS: Final = 1800
_PASSING: Final = frozenset(
    {Problem.STUCK_AFTER_REBOOT, Problem.STUCK_STARTING, Problem.UNKNOWN_STATE}
)

_STUCK: Final = frozenset({Problem.STUCK_AFTER_REBOOT, Problem.STUCK_STARTING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Health of an account according to the answers so far.

    `remembered` is the last problem that was certain, None if the account has been
    authorized since; it is `confirmed` unless nobody has asked since.

    The last answer with a `reason` came at `reported_at`, None if the last one was good; `agreed` is for how long the answers agree on it. That time goes on from
    `counting_from`, None while the answers say nothing. Since it was authorized, the
    account has not been so for `unauthorized` seconds, for `reasons`; those in
    `replaced` have given way to others.
    """

    remembered: Problem | None = None
    confirmed: bool = False
    reason: Problem | None = None
    agreed: float = 0
    reported_at: float | None = None
    counting_from: float | None = None
    unauthorized: float = 0
    reasons: frozenset[Problem] = frozenset()
    replaced: frozenset[Problem] = frozenset()
    rebooted_at: float | None = None
    is_after_reboot: bool = False

    @property
    def problem(self) -> Problem | None:
        """Return the problem of the account, None if none is certain."""
        return self.remembered if self.confirmed else None

    def is_rebooting(self, now: float) -> bool:
        """Return whether a reboot excuses everything that is new."""
        return (
            self.rebooted_at is not None and now < self.rebooted_at + QUIET_AFTER_REBOOT
        )

    def is_settling(self, now: float) -> bool:
        """Return whether the account is about to change by itself."""
        return self.is_rebooting(now) or (
            self.counting_from is not None
            and self.reason in _PASSING
            and self.agreed < CERTAIN_AFTER[Problem.STUCK_STARTING]
        )

    def issue(self, now: float) -> Problem | None:
        """Return the problem to ask somebody to act on.

        Whoever has rebooted a stuck instance has acted on it.
        """
        if self.problem in _STUCK and self.is_rebooting(now):
            return None
        return self.problem

    def answered(self, answer: Answer, now: float) -> Health:
        """Return the health with one more answer."""
        if isinstance(answer, AccountState) and (
            answer.known is InstanceState.AUTHORIZED
        ):
            is_new = self.remembered or self.reason or self.is_after_reboot
            return Health(rebooted_at=self.rebooted_at) if is_new else self
        counted = _counted(self, now)
        reason = reason_of(answer)
        if reason is None:
            return replace(counted, counting_from=None)
        reported = _reported(_without_old_evidence(counted, now), reason, now)
        return _decided(reported, reason, now)

    def rebooted(self, now: float) -> Health:
        """Return the health after a reboot that somebody asked for."""
        return replace(
            _counted(self, now),
            agreed=0,
            rebooted_at=now,
            is_after_reboot=True,
        )

    def interrupted(self) -> Health:
        """Return the health when nobody asks any more: nothing is confirmed."""
        return replace(self, confirmed=False, counting_from=None)


def _counted(health: Health, now: float) -> Health:
    """Return the health with the time since the last answer added."""
    if health.counting_from is None:
        return health
    passed = min(now - health.counting_from, _LONGEST_GAP)
    is_refused = health.reason is Problem.WRONG_ADDRESS
    return replace(
        health,
        counting_from=now,
        agreed=health.agreed + passed,
        unauthorized=health.unauthorized + (0 if is_refused else passed),
    )


def _without_old_evidence(health: Health, now: float) -> Health:
    """Return the health without what was reported too long ago."""
    age = 0 if health.reported_at is None else now - health.reported_at
    if age <= _PASSING_EVIDENCE_LASTS:
        return health
    is_known = health.confirmed or _proves(health.remembered, age)
    return replace(
        health,
        remembered=health.remembered if is_known else None,
        reason=health.reason if _proves(health.reason, age) else None,
        unauthorized=0,
        reasons=frozenset(),
    )


def _proves(reason: Problem | None, age: float) -> bool:
    """Return whether a reason of this age is still evidence."""
    return age <= (_PASSING_EVIDENCE_LASTS if reason in _PASSING else EVIDENCE_LASTS)


def _reported(health: Health, reason: Problem, now: float) -> Health:
    """Return the health with one more reason."""
    is_refused = reason is Problem.WRONG_ADDRESS
    reported = replace(
        health,
        reported_at=now,
        counting_from=now,
        reasons=health.reasons if is_refused else health.reasons | {reason},
    )
    if reason is health.reason:
        return reported
    return replace(
        reported,
        reason=reason,
        agreed=0,
        is_after_reboot=health.rebooted_at is not None
        and now <= health.rebooted_at + _REBOOT_SHOWS,
    )


def _decided(health: Health, reason: Problem, now: float) -> Health:
    """Return the health with the problem that is certain now."""
    if reason is health.remembered or {reason, health.remembered} <= _STUCK:
        return _confirmed(health, health.remembered, now)
    if health.is_rebooting(now):
        return health
    if health.agreed >= _certain_after(health, reason):
        return _confirmed(health, reason, now)
    if health.problem is None and health.unauthorized >= _CERTAIN_AT_LAST:
        most_specific = min(health.reasons, key=list(Problem).index)
        return _confirmed(health, most_specific, now)
    return health


def _certain_after(health: Health, reason: Problem) -> float:
    """Return for how long the answers have to agree on a reason."""
    usual = CERTAIN_AFTER[reason]
    return max(usual, _CERTAIN_AT_LAST) if reason in health.replaced else usual


def _confirmed(health: Health, problem: Problem | None, now: float) -> Health:
    """Return the health with a certain problem, in place of the one before.

    Until its quiet minutes are over, no reboot is said to have failed.
    """
    if (
        problem is Problem.STUCK_STARTING
        and health.is_after_reboot
        and not health.is_rebooting(now)
    ):
        problem = Problem.STUCK_AFTER_REBOOT
    replaced = health.replaced
    if health.remembered and health.remembered is not problem:
        replaced |= {health.remembered}
    return replace(health, remembered=problem, confirmed=True, replaced=replaced)
