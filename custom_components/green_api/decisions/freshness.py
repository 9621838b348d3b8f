"""Decide whether the last responses about an account are fresh enough for a message.

All times are seconds of a monotonic clock.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from .last_answers import LastAnswers

# Seconds for which a response is valid, and for which a good one is if a new one cannot
# be obtained.
FRESH_FOR: Final = 10
GOOD_FOR: Final = 300

# Seconds for which a bad response is valid for all waiting messages. It is short,
# because the account may be linked again at any moment.
JUST_NOW: Final = 1

# Seconds for which a message waits for a new response before the last one decides.
PATIENCE: Final = 3


class Decision(Enum):
    """What to do with a message."""

    FAIL = auto()
    """It is not sent, because there is no response."""

    LOOK = auto()
    """A new response is requested."""

    REFUSE = auto()
    """It is not sent, because of the last response."""

    SEND = auto()
    """It is sent."""

    WAIT = auto()
    """It waits until the server has responded, however long that takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A message that is waiting to be sent."""

    called_at: float
    """When the message was requested."""

    turn_at: float
    """When its turn to be sent came."""

    has_looked: bool = False
    """Whether the message has waited for a new response."""


def decide(
    last: LastAnswers, message: Waiting, now: float, *, is_good: bool
) -> Decision:
    """Return what to do with a message.

    `is_good` is whether messages are delivered according to the last response that says
    something about the account.
    """

    def is_new(at: float) -> bool:
        return message.called_at < at and now - at <= (
            FRESH_FOR if is_good else JUST_NOW
        )

    has_failed = is_new(last.failed_at)
    has_looked = message.has_looked or has_failed
    if is_good:
        is_valid = message.turn_at - last.said_at <= GOOD_FOR and has_looked
        if is_valid or now - last.said_at <= FRESH_FOR:
            return Decision.SEND
    elif last.said is not None and (has_looked or is_new(last.said_at)):
        return Decision.REFUSE
    if not has_looked:
        return Decision.LOOK
    # A poll that was started earlier proves nothing about the server now.
    if has_failed and last.failure_asked_at >= message.called_at:
        return Decision.FAIL
    return Decision.WAIT
