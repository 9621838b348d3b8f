"""Convert the records of accounts from and to their stored form.

Each stored field is named once, in the tables below. If a field is missing, because an
earlier version has written the file, its default is used.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
import math
from typing import Any, Final, NamedTuple

import voluptuous as vol

from homeassistant.util import dt as dt_util

from ..api import AccountState, Messenger
from ..const import LOGGER
from ..decisions.delivery import DeliveryWait
from ..decisions.freshness import FRESH_FOR, INFORMATIVE_FAILURES, LastResponses
from ..decisions.health import Health
from ..decisions.message_queue import MessageQueue
from ..decisions.problem import AccountResponse, Problem
from .account_record import AccountRecord
from .announced import Announced, Stopwatch


class _Form(NamedTuple):
    """Describes how values of one kind are stored."""

    schema: Any
    """Validates a stored value."""

    store: Callable[[Any, float], Any] = lambda value, _: value
    """Return the stored form of a value at a time of the monotonic clock."""

    load: Callable[[Any, float], Any] = lambda value, _: value
    """Return the value that was stored at a time of the monotonic clock."""


type _Table = Mapping[str, tuple[str, _Form]]


def _store(table: _Table, values: object, now: float) -> dict[str, Any]:
    """Return the fields of a table in their stored form, by their keys."""
    return {
        key: form.store(getattr(values, name), now)
        for key, (name, form) in table.items()
    }


def _load(table: _Table, stored: Mapping[str, Any], saved_at: float) -> dict[str, Any]:
    """Return the fields of a table by their names.

    Raises vol.Invalid if one of them is damaged.
    """
    return {
        name: form.load(vol.Schema(form.schema)(stored[key]), saved_at)
        for key, (name, form) in table.items()
        if key in stored
    }


def _moment(text: str) -> datetime:
    """Return the datetime that a text in ISO format represents.

    Raises vol.Invalid if it represents none with a time zone.
    """
    moment = dt_util.parse_datetime(text)
    if moment is None or moment.tzinfo is None:
        raise vol.Invalid("not a moment")
    return moment


def _ago(at: float | None, now: float) -> float | None:
    """Return the seconds since something happened, None if it never did."""
    return None if at is None or math.isinf(at) else max(0.0, now - at)


def _response_to_storage(
    response: AccountResponse | None, _: float
) -> dict[str, Any] | None:
    """Return the stored form of a response that says something.

    It is a list with one state, or a list with one error.
    """
    if response is None:
        return None
    if isinstance(response, AccountState):
        return {"states": [response.raw], "errors": []}
    return {"states": [], "errors": [response.kind]}


def _response_from_storage(
    stored: dict[str, Any] | None, _: float
) -> AccountResponse | None:
    """Return a response from its stored form."""
    if stored is None:
        return None
    responses = (
        *map(AccountState, stored["states"]),
        *(_FAILURES[kind]() for kind in stored["errors"]),
    )
    return next(iter(responses), None)


_FAILURES: Final = {failure.kind.value: failure for failure in INFORMATIVE_FAILURES}

_IS_MOMENT: Final = vol.All(str, _moment)
_IS_SECONDS: Final = vol.All(vol.Any(int, float), vol.Range(min=0))
_IS_STATE: Final = vol.Maybe(str)

_FLAG: Final = _Form(bool)
_MAYBE_FLAG: Final = _Form(vol.Maybe(bool))
_COUNT: Final = _Form(vol.Maybe(vol.All(int, vol.Range(min=0))))
_DELAY: Final = _Form(vol.Maybe(_IS_SECONDS))
_MESSENGER: Final = _Form(vol.Maybe(vol.Coerce(Messenger)))
_MOMENT: Final = _Form(
    vol.Maybe(_IS_MOMENT), store=lambda moment, _: moment and moment.isoformat()
)
_PROBLEM: Final = _Form(vol.Maybe(vol.Coerce(Problem)))
_PROBLEMS: Final = _Form(
    vol.All([vol.Coerce(Problem)], vol.Coerce(frozenset)),
    store=lambda problems, _: sorted(problems),
)
_SECONDS: Final = _Form(_IS_SECONDS)
_STATE: Final = _Form(
    _IS_STATE,
    store=lambda state, _: state.raw,
    load=lambda raw, _: AccountState(raw),
)
# A list with one state or with none, because None is a state as well.
_MAYBE_STATE: Final = _Form(
    vol.All([_IS_STATE], vol.Length(max=1)),
    store=lambda state, _: [state.raw] if state else [],
    load=lambda raw, _: next(map(AccountState, raw), None),
)
_STOPWATCH: Final = _Form(
    _IS_SECONDS,
    store=lambda stopwatch, now: stopwatch.read(now),
    load=lambda seconds, _: Stopwatch(seconds),
)
# Times of the monotonic clock are stored relative to the current time, because the
# clock restarts with the computer.
_AT: Final = _Form(
    vol.Maybe(_IS_SECONDS),
    store=_ago,
    load=lambda ago, saved_at: -math.inf if ago is None else saved_at - ago,
)
_MAYBE_AT: Final = _Form(
    vol.Maybe(_IS_SECONDS),
    store=_ago,
    load=lambda ago, saved_at: None if ago is None else saved_at - ago,
)
_RESPONSE: Final = _Form(
    vol.Maybe(
        vol.Any(
            vol.Schema({"states": [_IS_STATE], "errors": []}, required=True),
            vol.Schema({"states": [], "errors": [vol.In(_FAILURES)]}, required=True),
        )
    ),
    store=_response_to_storage,
    load=_response_from_storage,
)

_WAIT: Final[_Table] = {
    "subentry_id": ("subentry_id", _Form(str)),
    "chat_id": ("chat_id", _Form(str)),
    "message_id": ("message_id", _Form(str)),
    "sent": ("sent", _MOMENT),
    "deadline": ("deadline", _MOMENT),
}
_WAITS: Final = _Form(
    [vol.Schema(dict.fromkeys(_WAIT, str), required=True)],
    store=lambda waits, now: [_store(_WAIT, wait, now) for wait in waits],
    load=lambda waits, saved_at: frozenset(
        DeliveryWait(**_load(_WAIT, wait, saved_at)) for wait in waits
    ),
)

_QUEUE: Final[_Table] = {
    "count": ("count", _COUNT),
    "shown_ago": ("shown_at", _AT),
    "waiting_since": ("waiting_since", _MOMENT),
    "problem": ("remembered", _PROBLEM),
    "is_rebooted": ("is_rebooted", _FLAG),
}
_ANNOUNCED: Final[_Table] = {
    "states": ("state", _MAYBE_STATE),
    "since": ("since", _MOMENT),
    "problem": ("problem", _PROBLEM),
    "reasons": ("reasons", _PROBLEMS),
    "with_problem": ("with_problem", _STOPWATCH),
    "unreachable": ("unreachable", _STOPWATCH),
}
_HEALTH: Final[_Table] = {
    "problem": ("remembered", _PROBLEM),
    "reason": ("reason", _PROBLEM),
    "agreed": ("agreed", _SECONDS),
    "reported_ago": ("reported_at", _MAYBE_AT),
    "unauthorized": ("unauthorized", _SECONDS),
    "reasons": ("reasons", _PROBLEMS),
    "replaced": ("replaced", _PROBLEMS),
    "rebooted_ago": ("rebooted_at", _MAYBE_AT),
    "is_after_reboot": ("is_after_reboot", _FLAG),
}
_LAST: Final[_Table] = {
    "said": ("said", _RESPONSE),
    "said_ago": ("said_at", _AT),
}
_RECORD: Final[_Table] = {
    "state": ("state", _STATE),
    "since": ("since", _MOMENT),
    "problem_since": ("problem_began", _MOMENT),
    "ignored": ("ignored", _PROBLEM),
    "messenger": ("messenger", _MESSENGER),
    "message_delay": ("message_delay", _DELAY),
    "reports_statuses": ("reports_statuses", _MAYBE_FLAG),
    "lacks_statuses": ("lacks_statuses", _FLAG),
    "quota_used_up_until": ("quota_used_up_until", _MOMENT),
    "waits": ("waits", _WAITS),
}
_FILE: Final = vol.Schema(
    {"saved_at": _IS_MOMENT, "accounts": {str: object}},
    required=True,
    extra=vol.REMOVE_EXTRA,
)


def to_storage(records: Mapping[str, AccountRecord], now: float) -> dict[str, Any]:
    """Return the stored form of records by entry ID.

    `now` is the time of the monotonic clock in seconds. Datetimes are in ISO format.
    """
    return {
        "saved_at": dt_util.utcnow().isoformat(),
        "accounts": {
            entry_id: _record_to_storage(record, now)
            for entry_id, record in records.items()
        },
    }


def from_storage(stored: object, now: float) -> dict[str, AccountRecord]:
    """Return records by entry ID from their stored form.

    `now` is the time of the monotonic clock in seconds. Raises vol.Invalid if the file
    is damaged. A damaged record is replaced by an empty one.
    """
    file: Mapping[str, Any] = _FILE(stored)
    passed = max(0.0, (dt_util.utcnow() - file["saved_at"]).total_seconds())
    return {
        entry_id: _record_from_storage(account, now - passed)
        for entry_id, account in file["accounts"].items()
    }


def _record_to_storage(record: AccountRecord, now: float) -> dict[str, Any]:
    """Return the stored form of a record."""
    return {
        **_store(_RECORD, record, now),
        **_store(_HEALTH, record.health, now),
        **_store(_LAST, record.last, now),
        "queue": _store(_QUEUE, record.queue, now),
        "announced": _store(_ANNOUNCED, record.announced, now),
    }


def _record_from_storage(stored: object, saved_at: float) -> AccountRecord:
    """Return a record from its stored form, an empty one if that is damaged."""
    try:
        account: Mapping[str, Any] = vol.Schema(dict)(stored)
        queue: Mapping[str, Any] = vol.Schema(dict)(account.get("queue", {}))
        announced: Mapping[str, Any] = vol.Schema(dict)(account.get("announced", {}))
        last = LastResponses(**_load(_LAST, account, saved_at))
        return AccountRecord(
            **_load(_RECORD, account, saved_at),
            health=Health(**_load(_HEALTH, account, saved_at)).interrupted(),
            queue=MessageQueue(**_load(_QUEUE, queue, saved_at)),
            announced=Announced(**_load(_ANNOUNCED, announced, saved_at)),
            # The system time may have been wrong meanwhile, so no response counts as
            # fresh.
            last=last.older_than(saved_at - FRESH_FOR),
        )
    except vol.Invalid:
        LOGGER.warning("The stored record of an account is damaged and is ignored")
        return AccountRecord()
