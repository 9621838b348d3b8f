"""Problems of an account, and the problems that responses point to.

To add a state, add it to `_REASON_BY_STATE`. To add a problem, add it to `Problem`, to
`CERTAIN_AFTER` in `health.py`, and its issue to `issues.py`.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from ..api import AccountState, ErrorKind, GreenApiError, InstanceState

# A response about an account, or why there is none.
type AccountResponse = AccountState | GreenApiError


class Problem(StrEnum):
    """Problems of an account, the most specific first.

    They are the keys of the issues, of the options of the sensor, and of their texts.
    """

    DELETED = "deleted"
    EXPIRED = "expired"
    BLOCKED = "blocked"
    RESTRICTED = "restricted"
    LOGGED_OUT = "logged_out"
    ASLEEP = "asleep"
    STUCK_AFTER_REBOOT = "stuck_after_reboot"
    STUCK_STARTING = "stuck_starting"
    UNKNOWN_STATE = "unknown_state"
    WRONG_ADDRESS = "wrong_address"
    NOT_SENDING_AFTER_REBOOT = "not_sending_after_reboot"
    NOT_SENDING = "not_sending"


# All other states are unknown, and so is a missing one while the instance is being
# created.
_REASON_BY_STATE: Final[Mapping[InstanceState | None, Problem]] = {
    InstanceState.NOT_AUTHORIZED: Problem.LOGGED_OUT,
    InstanceState.PENDING_CODE: Problem.LOGGED_OUT,
    InstanceState.PENDING_PASSWORD: Problem.LOGGED_OUT,
    InstanceState.SUSPENDED: Problem.RESTRICTED,
    InstanceState.YELLOW_CARD: Problem.RESTRICTED,
    InstanceState.BLOCKED: Problem.BLOCKED,
    InstanceState.SLEEP_MODE: Problem.ASLEEP,
    InstanceState.STARTING: Problem.STUCK_STARTING,
}

# All other failures say nothing about the account.
_REASON_BY_FAILURE: Final[Mapping[ErrorKind, Problem]] = {
    ErrorKind.EXPIRED: Problem.EXPIRED,
    ErrorKind.DELETED: Problem.DELETED,
    ErrorKind.WRONG_ADDRESS: Problem.WRONG_ADDRESS,
}

# Failures that say something about the account, although they are no states.
ACCOUNT_FAILURES: Final = frozenset(_REASON_BY_FAILURE)

LOGGED_OUT_STATES: Final = frozenset(
    state for state, reason in _REASON_BY_STATE.items() if reason is Problem.LOGGED_OUT
)
RESTRICTED_STATES: Final = frozenset(
    state for state, reason in _REASON_BY_STATE.items() if reason is Problem.RESTRICTED
)


def reason_of(response: AccountResponse) -> Problem | None:
    """Return the problem that a response points to, None if it says nothing."""
    if isinstance(response, GreenApiError):
        return _REASON_BY_FAILURE.get(response.kind)
    return _REASON_BY_STATE.get(response.known, Problem.UNKNOWN_STATE)
