"""The last responses about an account, and whether they are fresh enough for a message.

It makes no difference who requested them. All times are seconds of a monotonic clock.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto
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
from .problem import AccountResponse

# Seconds for which a response is valid, and for which a good one is if a new one cannot
# be obtained.
FRESH_FOR: Final = 10
GOOD_FOR: Final = 300

# Seconds for which a bad response is valid for all waiting messages. It is short,
# because the account may be linked again at any moment.
JUST_NOW: Final = 1

# Seconds for which a message waits for a new response before the last one decides.
PATIENCE: Final = 3

# Failures that say something about the account. All others say nothing: the server
# could not be reached, was busy, or did not respond to the request.
INFORMATIVE_FAILURES: Final = (
    InstanceDeletedError,
    InstanceExpiredError,
    InvalidCredentialsError,
    WrongAddressError,
)


def is_informative(response: AccountResponse) -> bool:
    """Return whether a response says something about the account."""
    return isinstance(response, (AccountState, *INFORMATIVE_FAILURES))


@dataclass(frozen=True, slots=True, kw_only=True)
class LastResponses:
    """The last responses about an account."""

    said: AccountResponse | None = None
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

    def with_response(
        self, response: AccountResponse, now: float, asked_at: float
    ) -> LastResponses:
        """Return the last responses after another one."""
        if isinstance(response, GreenApiError) and not is_informative(response):
            return replace(
                self, failure=response, failed_at=now, failure_asked_at=asked_at
            )
        return LastResponses(said=response, said_at=now)

    def older_than(self, at: float) -> LastResponses:
        """Return the last responses with a `said_at` that is not later than a time."""
        return replace(self, said_at=min(self.said_at, at))


class Decision(Enum):
    """What to do with a message."""

    FAIL = auto()
    """It is not sent, because there is no response."""

    POLL = auto()
    """A new response is requested."""

    REFUSE = auto()
    """It is not sent, because of the last response."""

    SEND = auto()
    """It is sent."""

    WAIT = auto()
    """It waits until the server has responded, however long that takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingMessage:
    """A message that is waiting to be sent."""

    called_at: float
    """When the message was requested."""

    turn_at: float
    """When its turn to be sent came."""

    has_waited: bool = False
    """Whether the message has waited for a new response."""

    def has_news(self, at: float, now: float, valid_for: float) -> bool:
        """Return whether a response at a time is newer than the message, and valid."""
        return self.called_at < at and now - at <= valid_for


def decide(
    last: LastResponses, message: PendingMessage, now: float, *, is_good: bool
) -> Decision:
    """Return what to do with a message.

    `is_good` is whether messages are delivered according to the last response that says
    something about the account.
    """
    valid_for = FRESH_FOR if is_good else JUST_NOW
    has_failed = message.has_news(last.failed_at, now, valid_for)
    has_waited = message.has_waited or has_failed
    if is_good:
        is_valid = message.turn_at - last.said_at <= GOOD_FOR and has_waited
        if is_valid or now - last.said_at <= FRESH_FOR:
            return Decision.SEND
    elif last.said is not None and (
        has_waited or message.has_news(last.said_at, now, valid_for)
    ):
        return Decision.REFUSE
    if not has_waited:
        return Decision.POLL
    # A poll that was started earlier proves nothing about the server now.
    if has_failed and last.failure_asked_at >= message.called_at:
        return Decision.FAIL
    return Decision.WAIT
