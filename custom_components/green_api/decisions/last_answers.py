"""The last responses about an account, regardless of who requested them.

All times are seconds of a monotonic clock.
"""

from dataclasses import dataclass, replace
import math
from typing import Final

from ..api import (
    AccountState,
    GreenApiError,
    InstanceDeletedError,
    InstanceExpiredError,
    InvalidCredentialsError,
    WrongAddressError,
)
from .problem import Answer

# Failures that say something about the account. All others say nothing: the server
# could not be reached, was busy, or did not respond to the request.
SAYING_FAILURES: Final = (
    InstanceDeletedError,
    InstanceExpiredError,
    InvalidCredentialsError,
    WrongAddressError,
)


def says_something(answer: Answer) -> bool:
    """Return whether a response says something about the account."""
    return isinstance(answer, (AccountState, *SAYING_FAILURES))


@dataclass(frozen=True, slots=True, kw_only=True)
class LastAnswers:
    """The last responses about an account."""

    said: Answer | None = None
    """The last response that says something about the account, None before it."""

    said_at: float = -math.inf
    """When `said` arrived."""

    failure: GreenApiError | None = None
    """The last failure since then that says nothing about the account, None if none."""

    failed_at: float = -math.inf
    """When `failure` occurred."""

    failure_asked_at: float = -math.inf
    """When the request that led to `failure` was made."""

    @property
    def good_at(self) -> float:
        """Return when the last response that says something arrived.

        Return -inf if it is not a state.
        """
        return self.said_at if isinstance(self.said, AccountState) else -math.inf

    def answered(self, answer: Answer, now: float, asked_at: float) -> LastAnswers:
        """Return the last responses after another one."""
        if isinstance(answer, GreenApiError) and not says_something(answer):
            return replace(
                self, failure=answer, failed_at=now, failure_asked_at=asked_at
            )
        return LastAnswers(said=answer, said_at=now)

    def older_than(self, at: float) -> LastAnswers:
        """Return the last responses with a `said_at` that is not later than a time."""
        return replace(self, said_at=min(self.said_at, at))
