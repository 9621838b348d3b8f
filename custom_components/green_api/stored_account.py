"""The form in which the memories of accounts are stored."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypedDict

import voluptuous as vol

from homeassistant.util import dt as dt_util

from .announced import Announced, Stopwatch
from .api import AccountState
from .const import LOGGER
from .health import Health
from .memory import AccountMemory
from .message_queue import MessageQueue
from .problem import Problem


class StoredAnnounced(TypedDict):
    """What was announced of an account; a list of one state, or of none."""

    states: list[str | None]
    since: str | None
    problem: str | None
    reasons: list[str]
    with_problem: float
    unreachable: float


class StoredQueue(TypedDict):
    """The queue of an account: moments in ISO format, times in seconds."""

    count: int | None
    shown_ago: float | None
    waiting_since: str | None
    problem: str | None
    is_rebooted: bool


class StoredAccount(TypedDict):
    """An account in the storage file: moments in ISO format, times in seconds."""

    state: str | None
    since: str | None
    problem: str | None
    problem_since: str | None
    ignored: str | None
    reason: str | None
    agreed: float
    reported_ago: float | None
    unauthorized: float
    reasons: list[str]
    replaced: list[str]
    rebooted_ago: float | None
    is_after_reboot: bool
    queue: StoredQueue
    announced: StoredAnnounced


class StoredAccounts(TypedDict):
    """The storage file: the accounts by the id of their config entry."""

    saved_at: str
    accounts: dict[str, StoredAccount]


def _moment(text: str) -> datetime:
    """Return the moment that a text in ISO format names."""
    moment = dt_util.parse_datetime(text)
    if moment is None or moment.tzinfo is None:
        raise vol.Invalid("not a moment")
    return moment


def _record(**fields: object) -> vol.Schema:
    """Return the schema of a record, all fields of which are required."""
    return vol.Schema(fields, required=True, extra=vol.REMOVE_EXTRA)


_MOMENT: Final = vol.All(str, _moment)
_SECONDS: Final = vol.All(vol.Any(int, float), vol.Range(min=0))
_PROBLEM: Final = vol.Maybe(vol.Coerce(Problem))
_PROBLEMS: Final = vol.All([vol.Coerce(Problem)], vol.Coerce(frozenset))

_ANNOUNCED: Final = _record(
    states=vol.All([vol.Maybe(str)], vol.Length(max=1)),
    since=vol.Maybe(_MOMENT),
    problem=_PROBLEM,
    reasons=_PROBLEMS,
    with_problem=_SECONDS,
    unreachable=_SECONDS,
)
_QUEUE: Final = _record(
    count=vol.Maybe(vol.All(int, vol.Range(min=0))),
    shown_ago=vol.Maybe(_SECONDS),
    waiting_since=vol.Maybe(_MOMENT),
    problem=_PROBLEM,
    is_rebooted=bool,
)
_ACCOUNT: Final = _record(
    state=vol.Maybe(str),
    since=vol.Maybe(_MOMENT),
    problem=_PROBLEM,
    problem_since=vol.Maybe(_MOMENT),
    ignored=_PROBLEM,
    reason=_PROBLEM,
    agreed=_SECONDS,
    reported_ago=vol.Maybe(_SECONDS),
    unauthorized=_SECONDS,
    reasons=_PROBLEMS,
    replaced=_PROBLEMS,
    rebooted_ago=vol.Maybe(_SECONDS),
    is_after_reboot=bool,
    queue=_QUEUE,
    announced=_ANNOUNCED,
)
_ACCOUNTS: Final = _record(saved_at=_MOMENT, accounts=vol.Schema({str: object}))


def to_storage(memories: Mapping[str, AccountMemory], now: float) -> StoredAccounts:
    """Return memories as they are stored; `now` is the time of the monotonic clock."""
    return {
        "saved_at": dt_util.utcnow().isoformat(),
        "accounts": {
            entry_id: _account_to_storage(memory, now)
            for entry_id, memory in memories.items()
        },
    }


def from_storage(stored: object, now: float) -> dict[str, AccountMemory]:
    """Return memories from what is stored; raise vol.Invalid if that is damaged."""
    known: Mapping[str, Any] = _ACCOUNTS(stored)
    passed = max(0.0, (dt_util.utcnow() - known["saved_at"]).total_seconds())
    return {
        entry_id: _account_from_storage(account, now - passed)
        for entry_id, account in known["accounts"].items()
    }


def _account_to_storage(memory: AccountMemory, now: float) -> StoredAccount:
    """Return a memory as it is stored."""
    health = memory.health
    return {
        "state": memory.state,
        "since": _iso(memory.since),
        "problem": health.remembered,
        "problem_since": _iso(memory.problem_since),
        "ignored": memory.ignored,
        "reason": health.reason,
        "agreed": health.agreed,
        "reported_ago": _ago(health.reported_at, now),
        "unauthorized": health.unauthorized,
        "reasons": sorted(health.reasons),
        "replaced": sorted(health.replaced),
        "rebooted_ago": _ago(health.rebooted_at, now),
        "is_after_reboot": health.is_after_reboot,
        "queue": _queue_to_storage(memory.queue, now),
        "announced": _announced_to_storage(memory.announced, now),
    }


def _queue_to_storage(queue: MessageQueue, now: float) -> StoredQueue:
    """Return what is remembered of a queue as it is stored, which is no message."""
    return {
        "count": queue.count,
        "shown_ago": _ago(queue.shown_at if queue.remembered else None, now),
        "waiting_since": _iso(queue.waiting_since),
        "problem": queue.remembered,
        "is_rebooted": queue.is_rebooted,
    }


def _announced_to_storage(announced: Announced, now: float) -> StoredAnnounced:
    """Return what was announced as it is stored."""
    return {
        "states": [announced.state.raw] if announced.state else [],
        "since": _iso(announced.since),
        "problem": announced.problem,
        "reasons": sorted(announced.reasons),
        "with_problem": announced.with_problem.read(now),
        "unreachable": announced.unreachable.read(now),
    }


def _account_from_storage(stored: object, saved_at: float) -> AccountMemory:
    """Return a memory from what is stored of it, an empty one if that is damaged."""
    try:
        account: Mapping[str, Any] = _ACCOUNT(stored)
    except vol.Invalid:
        LOGGER.warning("What was remembered of an account is damaged: forgetting it")
        return AccountMemory()
    return AccountMemory(
        state=account["state"],
        since=account["since"],
        problem_since=account["problem_since"],
        ignored=account["ignored"],
        announced=_announced_from_storage(account["announced"]),
        queue=_queue_from_storage(account["queue"], saved_at),
        health=_health_from_storage(account, saved_at),
    )


def _health_from_storage(stored: Mapping[str, Any], saved_at: float) -> Health:
    """Return what the answers have said from what is stored of it."""
    return Health(
        remembered=stored["problem"],
        reason=stored["reason"],
        agreed=stored["agreed"],
        reported_at=_at(stored["reported_ago"], saved_at),
        unauthorized=stored["unauthorized"],
        reasons=stored["reasons"],
        replaced=stored["replaced"],
        rebooted_at=_at(stored["rebooted_ago"], saved_at),
        is_after_reboot=stored["is_after_reboot"],
    )


def _queue_from_storage(stored: Mapping[str, Any], saved_at: float) -> MessageQueue:
    """Return what is remembered of a queue from what is stored of it."""
    return MessageQueue(
        count=stored["count"],
        waiting_since=stored["waiting_since"],
        remembered=stored["problem"],
        shown_at=saved_at - (stored["shown_ago"] or 0),
        is_rebooted=stored["is_rebooted"],
    )


def _announced_from_storage(stored: Mapping[str, Any]) -> Announced:
    """Return what was announced from what is stored of it."""
    return Announced(
        state=next(map(AccountState, stored["states"]), None),
        since=stored["since"],
        problem=stored["problem"],
        reasons=stored["reasons"],
        with_problem=Stopwatch(stored["with_problem"]),
        unreachable=Stopwatch(stored["unreachable"]),
    )


def _iso(moment: datetime | None) -> str | None:
    """Return a moment in ISO format."""
    return moment.isoformat() if moment else None


def _ago(at: float | None, now: float) -> float | None:
    """Return how long ago something was."""
    return None if at is None else max(0.0, now - at)


def _at(ago: float | None, saved_at: float) -> float | None:
    """Return when something was that was as long ago as this when it was saved."""
    return None if ago is None else saved_at - ago
