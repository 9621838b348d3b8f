"""Decide from the sequence of responses which problem an account has.

Whether an authorized account does send its messages is decided in `message_queue.py`.

All times are seconds of a monotonic clock, so that changes of the system time make
nothing happen too early or too late.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ..api import AccountState, InstanceState
from .problem import AccountResponse, Problem, reason_of

# Seconds between two responses in a row. Polls are about a minute apart, but may be
# only seconds apart if a refresh is requested.
_TWO_IN_A_ROW: Final = 50

CERTAIN_AFTER: Final[Mapping[Problem, float]] = {
    Problem.ASLEEP: 300,
    Problem.BLOCKED: _TWO_IN_A_ROW,
    Problem.DELETED: _TWO_IN_A_ROW,
    Problem.EXPIRED: _TWO_IN_A_ROW,
    Problem.LOGGED_OUT: _TWO_IN_A_ROW,
    Problem.RESTRICTED: _TWO_IN_A_ROW,
    # The vendor allows five minutes, so it has to take longer than that.
    Problem.STUCK_STARTING: 301,
    Problem.UNKNOWN_STATE: 600,
    Problem.WRONG_ADDRESS: 600,
}

# Seconds without authorization after which an account has a problem, even if its states
# alternate. Also for how long responses have to agree on a reason that was replaced
# before, so that reasons do not take turns, and for how long an account in passing
# states is polled often.
_CERTAIN_AT_LAST: Final = 600

QUIET_AFTER_REBOOT: Final = 300

# Seconds without authorization after which no further reboot explains that. Something
# may reboot the instance again and again. One reboot never delays a problem as much.
_UNEXPLAINED_AFTER: Final = 1200

# Seconds within which the `starting` state shows up after a reboot, if at all.
_REBOOT_SHOWS: Final = 120

# Maximum seconds between two responses that count. What happened in a longer gap is
# unknown: the computer was asleep, or the server demanded a pause.
_LONGEST_GAP: Final = 120

# Seconds after which responses are no longer evidence. For states that pass by
# themselves within minutes, the time is shorter.
EVIDENCE_LASTS: Final = 24 * 3600
_PASSING_EVIDENCE_LASTS: Final = 1800
_PASSING: Final = frozenset(
    {Problem.STUCK_AFTER_REBOOT, Problem.STUCK_STARTING, Problem.UNKNOWN_STATE}
)

STUCK: Final = frozenset({Problem.STUCK_AFTER_REBOOT, Problem.STUCK_STARTING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Health of an account according to the responses so far."""

    remembered: Problem | None = None
    """The last certain problem, None if the account was authorized since then."""

    confirmed: bool = False
    """Whether `remembered` has been certain since polling started."""

    reason: Problem | None = None
    """The problem that the last response with a reason pointed to."""

    agreed: float = 0
    """Seconds for which the responses have agreed on `reason`."""

    reported_at: float | None = None
    """When `reason` was last reported, None if the last response was good."""

    counting_from: float | None = None
    """Time up to which seconds are counted, None while responses say nothing."""

    unauthorized: float = 0
    """Seconds without authorization since the account was last authorized."""

    since_restart: float = 0
    """The part of `unauthorized` since the last restart."""

    passing: float = 0
    """The part of `unauthorized` in states that pass by themselves."""

    reasons: frozenset[Problem] = frozenset()
    """The reasons reported since the account was last authorized.

    If it had a problem before the last restart, only those reported since then.
    """

    replaced: frozenset[Problem] = frozenset()
    """Problems that were replaced by others since the account was last authorized."""

    rebooted_at: float | None = None
    """When the user last rebooted the instance, None if never."""

    is_after_reboot: bool = False
    """Whether `reason` was first reported shortly after a reboot."""

    @property
    def problem(self) -> Problem | None:
        """Return the problem of the account, None if none is certain."""
        return self.remembered if self.confirmed else None

    def is_rebooting(self, now: float) -> bool:
        """Return whether a recent reboot explains everything that is new."""
        return (
            self.rebooted_at is not None and now < self.rebooted_at + QUIET_AFTER_REBOOT
        )

    def is_settling(self, now: float) -> bool:
        """Return whether the account is about to change by itself.

        An account that alternates between such states for long is not.
        """
        return self.is_rebooting(now) or (
            self.counting_from is not None
            and self.reason in _PASSING
            and self.agreed < CERTAIN_AFTER[Problem.STUCK_STARTING]
            and self.passing < _CERTAIN_AT_LAST
        )

    def is_acted_on(self, now: float) -> bool:
        """Return whether the user has just acted on the problem.

        That is the case if a stuck instance was rebooted.
        """
        return self.remembered in STUCK and self.is_rebooting(now)

    def with_response(self, response: AccountResponse, now: float) -> Health:
        """Return the health after another response."""
        if isinstance(response, AccountState) and (
            response.known is InstanceState.AUTHORIZED
        ):
            is_new = self.remembered or self.reason or self.is_after_reboot
            return Health(rebooted_at=self.rebooted_at) if is_new else self
        counted = _counted(self, now)
        reason = reason_of(response)
        if reason is None:
            return replace(counted, counting_from=None)
        reported = _reported(_without_old_evidence(counted, now), reason, now)
        return _decided(reported, reason, now)

    def rebooted(self, now: float) -> Health:
        """Return the health after a reboot by the user."""
        return replace(
            _counted(self, now),
            agreed=0,
            passing=0,
            rebooted_at=now,
            is_after_reboot=True,
        )

    def interrupted(self) -> Health:
        """Return the health after polling has stopped: nothing is confirmed.

        Reasons that were reported before a problem was certain are dropped, because
        they say nothing about another problem.
        """
        return replace(
            self,
            confirmed=False,
            counting_from=None,
            since_restart=0,
            reasons=frozenset() if self.remembered else self.reasons,
        )


def _counted(health: Health, now: float) -> Health:
    """Return the health with the time since the last response added."""
    if health.counting_from is None:
        return health
    passed = min(now - health.counting_from, _LONGEST_GAP)
    unauthorized = 0 if health.reason is Problem.WRONG_ADDRESS else passed
    return replace(
        health,
        counting_from=now,
        agreed=health.agreed + passed,
        unauthorized=health.unauthorized + unauthorized,
        since_restart=health.since_restart + unauthorized,
        passing=health.passing + (passed if health.reason in _PASSING else 0),
    )


def _without_old_evidence(health: Health, now: float) -> Health:
    """Return the health without reasons that were reported too long ago."""
    age = 0 if health.reported_at is None else now - health.reported_at
    if age <= _PASSING_EVIDENCE_LASTS:
        return health
    is_known = health.confirmed or _proves(health.remembered, age)
    return replace(
        health,
        remembered=health.remembered if is_known else None,
        reason=health.reason if _proves(health.reason, age) else None,
        unauthorized=0,
        since_restart=0,
        passing=0,
        reasons=frozenset(),
    )


def _proves(reason: Problem | None, age: float) -> bool:
    """Return whether a reason of this age in seconds is still evidence."""
    return age <= (_PASSING_EVIDENCE_LASTS if reason in _PASSING else EVIDENCE_LASTS)


def _reported(health: Health, reason: Problem, now: float) -> Health:
    """Return the health after another reason was reported."""
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
    if reason is health.remembered or {reason, health.remembered} <= STUCK:
        return _confirmed(health, health.remembered, now)
    if health.is_rebooting(now):
        is_explained = health.unauthorized < _UNEXPLAINED_AFTER
        is_quiet = is_explained or health.remembered is not None
        return health if is_quiet else _decided_at_last(health, now)
    if health.agreed >= _certain_after(health, reason):
        return _confirmed(health, reason, now)
    if health.problem is None and health.unauthorized >= _CERTAIN_AT_LAST:
        return _decided_at_last(health, now)
    return health


def _decided_at_last(health: Health, now: float) -> Health:
    """Return the health of an alternating account, with its most specific problem.

    A problem from before a restart has more evidence than a few responses after it. It
    is replaced by a more specific one only if the account alternates for as long again.
    """
    before = health.remembered
    reasons = health.reasons | ({before} if before else frozenset())
    most_specific = min(reasons, key=list(Problem).index)
    is_lasting = health.since_restart >= _CERTAIN_AT_LAST
    if before in {None, most_specific} or is_lasting:
        return _confirmed(health, most_specific, now)
    return health


def _certain_after(health: Health, reason: Problem) -> float:
    """Return the seconds for which the responses have to agree on a reason."""
    usual = CERTAIN_AFTER[reason]
    return max(usual, _CERTAIN_AT_LAST) if reason in health.replaced else usual


def _confirmed(health: Health, problem: Problem | None, now: float) -> Health:
    """Return the health with a certain problem, which replaces the previous one.

    A reboot counts as failed only after the quiet time that follows it.
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
