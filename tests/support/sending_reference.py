"""A reference of the outcomes of messages, to compare the real ones with.

It is written from the documentation, not from the code.

A known problem refuses messages, uncertainty does not: a poll that says something about
the account decides. A poll that says nothing does not refuse a message while the last
good response is at most 300 seconds old: the message is sent based on it after 3
seconds. A refusal needs a new poll as well.

A message is sent on a connection that has just responded. If none has, the state is
requested for a quarter of a second, and counts if there is a response in that time. It
can't be requested sooner than 1.1 seconds after the last response.
"""

from dataclasses import dataclass, replace
import math
from typing import Final

SENT: Final = "sent"
MAYBE_SENT: Final = "maybe_sent"

# The seconds for which a good response replaces a poll, and for which it is sufficient.
FRESH_FOR: Final = 10
USABLE_FOR: Final = 300

# The seconds after a response from which on the state can be requested again, and for
# which a response is waited for then.
CHECKED_AFTER: Final = 1.1
LONGEST_CHECK: Final = 0.25

# The seconds after which a poll without a response counts as one that says nothing.
LONGEST_POLL: Final = 3

# The seconds from the action to the request: after a fresh response, and otherwise.
IMMEDIATE_DELAY: Final = 0.3
NORMAL_DELAY: Final = 3.5

# The longest time until the action ends, in seconds: two polls that time out, each of
# which was repeated on a new connection after 3 seconds.
LONGEST_DELAY: Final = 40

# The longest `Retry-After`, in seconds, that is waited for.
LONGEST_RETRY_AFTER: Final = 10


@dataclass(frozen=True)
class LastReport:
    """The last report of the state of an account, `age` seconds ago.

    `refusal` is the key of the text that refuses messages, "" if they are delivered.
    """

    refusal: str
    age: float


@dataclass(frozen=True)
class PollResult:
    """The result of a poll, after some seconds.

    `refusal` is like that of a report, or None if the poll says nothing about the
    account: then `failure` is the key of the text that explains why.
    """

    refusal: str | None
    after: float = 0.1
    failure: str = "cannot_connect"

    @property
    def is_in_time(self) -> bool:
        """Whether it says something before a message stops waiting for it."""
        return self.refusal is not None and self.after <= LONGEST_POLL


@dataclass(frozen=True)
class RequestResult:
    """The result of the request with the message.

    `retry_after` is that of the first request, in seconds, 0 if it is accepted.
    """

    result: str = SENT
    retry_after: float = 0


@dataclass(frozen=True)
class ExpectedOutcome:
    """The result of a message, its number of requests, and the maximum seconds."""

    result: str
    requests: int
    within: float


def expected_outcome(
    last: LastReport | None, poll_result: PollResult, request: RequestResult
) -> ExpectedOutcome:
    """Return the expected outcome of a message."""
    outcome = _outcome_before_request(last, poll_result)
    if outcome.result != SENT:
        return outcome
    if request.retry_after > LONGEST_RETRY_AFTER:
        return replace(outcome, result="rate_limited", requests=1)
    if request.retry_after:
        return replace(outcome, requests=2)
    return replace(outcome, result=request.result, requests=1)


def _outcome_before_request(
    last: LastReport | None, poll_result: PollResult
) -> ExpectedOutcome:
    """Return the outcome before the request with the message."""
    is_good = last is not None and not last.refusal
    age = last.age if last else math.inf
    if is_good and age <= FRESH_FOR:
        is_checked = age >= CHECKED_AFTER and poll_result.after <= LONGEST_CHECK
        refusal = (poll_result.refusal or "") if is_checked else ""
        return _outcome(refusal, IMMEDIATE_DELAY)
    if poll_result.is_in_time:
        return _outcome(poll_result.refusal, NORMAL_DELAY)
    if last is not None and last.refusal:
        return _outcome(last.refusal, NORMAL_DELAY)
    if is_good and age <= USABLE_FOR:
        return _outcome("", NORMAL_DELAY)
    # Nothing known is sufficient: the message waits for the poll.
    return _outcome(
        poll_result.failure if poll_result.refusal is None else poll_result.refusal,
        LONGEST_DELAY,
    )


def _outcome(refusal: str | None, within: float) -> ExpectedOutcome:
    """Return the outcome of a refusal, or of a message that is sent."""
    return ExpectedOutcome(result=refusal or SENT, requests=0, within=within)
