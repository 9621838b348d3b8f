"""Decide what is known about the delivery of a message, and when to ask again.

All times are in seconds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain, count
import math
from typing import Final


class DeliveryStatus(StrEnum):
    """What has happened to a message, as far as GREEN-API knows.

    Its values are used in action responses, triggers, and states.
    """

    WAITING = "waiting"
    """It is in the queue of GREEN-API."""

    SENT = "sent"
    """It has left the queue."""

    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"

    NO_ACCOUNT = "no_account"
    """The number has no account in the messenger."""

    NOT_IN_GROUP = "not_in_group"
    """The account is not a member of the group anymore."""

    RESTRICTED = "restricted"
    """The messenger has restricted the account."""

    UNKNOWN = "unknown"
    """GREEN-API uses an unknown word, was never asked, or is not asked anymore."""


class NoStatusReason(StrEnum):
    """Why the statuses of messages are not known.

    They are the keys of the issues and of the exceptions.
    """

    STATUS_QUOTA = "status_quota"
    """The plan includes no more requests for statuses this month."""

    STATUSES_OFF = "statuses_off"
    """The instance does not report statuses."""


@dataclass(frozen=True, slots=True, repr=False)
class DeliveryWait:
    """A message whose delivery someone waits for, in system time."""

    subentry_id: str
    """The recipient."""

    chat_id: str
    message_id: str
    sent: datetime
    deadline: datetime


# How `statusMessage` of `getMessage` spells them.
# https://green-api.com/en/docs/api/journals/GetMessage/
_STATUS_BY_WORD: Final[Mapping[str, DeliveryStatus]] = {
    "delivered": DeliveryStatus.DELIVERED,
    "failed": DeliveryStatus.FAILED,
    "noAccount": DeliveryStatus.NO_ACCOUNT,
    "noActiveSession": DeliveryStatus.FAILED,
    "notInGroup": DeliveryStatus.NOT_IN_GROUP,
    "pending": DeliveryStatus.WAITING,
    "read": DeliveryStatus.READ,
    "sent": DeliveryStatus.SENT,
    "suspended": DeliveryStatus.RESTRICTED,
    "yellowCard": DeliveryStatus.RESTRICTED,
}

# The order in which a message passes through them.
_ORDER: Final = (
    DeliveryStatus.UNKNOWN,
    DeliveryStatus.WAITING,
    DeliveryStatus.SENT,
    DeliveryStatus.DELIVERED,
    DeliveryStatus.READ,
)

CONFIRMED: Final = frozenset({DeliveryStatus.DELIVERED, DeliveryStatus.READ})
UNDELIVERED: Final = frozenset(
    {
        DeliveryStatus.FAILED,
        DeliveryStatus.NO_ACCOUNT,
        DeliveryStatus.NOT_IN_GROUP,
        DeliveryStatus.RESTRICTED,
    }
)

# When the status is requested, in seconds after a message was sent; after the last one,
# and at which intervals.
MOMENTS: Final = (3, 10, 30, 60, 120, 300)
INTERVAL: Final = 300


def status_of(word: str) -> DeliveryStatus:
    """Return the status that GREEN-API spells like this."""
    return _STATUS_BY_WORD.get(word, DeliveryStatus.UNKNOWN)


def updated(before: DeliveryStatus, now: DeliveryStatus) -> DeliveryStatus:
    """Return the status after a new one was reported: it never goes back.

    The vendor does not guarantee the order. A failure is final, and so is a delivery.
    """
    if before in UNDELIVERED:
        return before
    if now in UNDELIVERED:
        return before if before in CONFIRMED else now
    return max(before, now, key=_ORDER.index)


def combined(statuses: Iterable[DeliveryStatus]) -> DeliveryStatus:
    """Return the status of the parts of a message: a failure, or the earliest one."""
    return min(statuses, key=lambda it: -1 if it in UNDELIVERED else _ORDER.index(it))


def is_final(status: DeliveryStatus) -> bool:
    """Return whether the status of a message will not change anymore."""
    return status in CONFIRMED or status in UNDELIVERED


def next_request(sent_at: float, asked_at: float, ends_at: float) -> float:
    """Return when to request the status next, `math.inf` if not anymore.

    It was last requested at `asked_at`, `-math.inf` if never. It is requested once more
    at `ends_at`.
    """
    if asked_at >= ends_at:
        return math.inf
    moments = chain(MOMENTS, count(MOMENTS[-1] + INTERVAL, INTERVAL))
    later = (at for moment in moments if (at := sent_at + moment) > asked_at)
    return min(next(later), ends_at)


def next_month(moment: datetime) -> datetime:
    """Return the first day of the next month, when monthly quotas are reset."""
    first = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)
