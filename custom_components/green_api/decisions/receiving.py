"""Decide when to look for received messages again, and when to stop.

All times are in seconds.
"""

from collections.abc import Mapping
from enum import StrEnum, auto
from typing import Final

from ..api import (
    ErrorKind,
    GreenApiError,
    InstanceStartingError,
    RateLimitedError,
)


class StopReason(StrEnum):
    """Why an account can't receive messages until someone does something."""

    INCOMING_OFF = auto()
    """The instance does not report them. That may change at any time."""

    QUOTA = auto()
    """The plan allows no more looks at the journal this month."""

    TOKEN = auto()
    """GREEN-API rejects the token."""

    WEBHOOK = auto()
    """A webhook gets the notifications."""


_STOP_REASONS: Final[Mapping[ErrorKind, StopReason]] = {
    ErrorKind.CHAT_QUOTA: StopReason.QUOTA,
    ErrorKind.INVALID_AUTH: StopReason.TOKEN,
    ErrorKind.METHOD_QUOTA: StopReason.QUOTA,
    ErrorKind.WEBHOOK_SET: StopReason.WEBHOOK,
}

# How often the token must be rejected in a row: an instance that is being created
# rejects its token as well.
_REJECTIONS: Final = 3

# How long to wait after each of several failures in a row, and after the last one.
_PAUSES: Final = (5, 10, 30, 60)
_STARTING_PAUSE: Final = 30
_LONGEST_PAUSE: Final = 600

# How many minutes of the journal to look at each time: as long as messages count, and a
# little more. They may get into it late.
JOURNAL_MINUTES: Final = 6


def stop_reason(err: GreenApiError, failures: int) -> StopReason | None:
    """Return why to stop after a number of failures in a row, None to try again."""
    reason = _STOP_REASONS.get(err.kind)
    if reason is StopReason.TOKEN and failures < _REJECTIONS:
        return None
    return reason


def pause_after(err: GreenApiError, failures: int) -> float:
    """Return how long to wait after a number of failures in a row."""
    if isinstance(err, RateLimitedError) and err.retry_after:
        return min(err.retry_after, _LONGEST_PAUSE)
    if isinstance(err, InstanceStartingError):
        return _STARTING_PAUSE
    return _PAUSES[min(failures, len(_PAUSES)) - 1]
