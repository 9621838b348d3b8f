"""What is remembered of the accounts over restarts of Home Assistant."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypedDict

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.singleton import singleton
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .api import AccountState
from .const import DOMAIN
from .problem import Answer, Assessment, Problem, assess, interrupted, rebooted

STORAGE_VERSION: Final = 1
SAVE_DELAY: Final = 10

_STORE: HassKey[AccountStore] = HassKey(f"{DOMAIN}_store")


class StoredAccount(TypedDict):
    """An account as it lies in the storage file; times in ISO format."""

    state: str | None
    since: str | None
    suspicion: str | None
    suspicion_since: str | None
    suspicion_held: float
    rebooted_at: str | None


@dataclass(slots=True)
class AccountRecord:
    """What is remembered of an account.

    `state` is the server's own word, None while the instance is being created;
    `since` is when it was first heard, None if nothing was heard yet.
    """

    state: str | None = None
    since: datetime | None = None
    assessment: Assessment = field(default_factory=Assessment)

    def hear(self, answer: Answer, now: datetime) -> bool:
        """Take in an answer and return whether it changes what is remembered."""
        before = (self.since, self.assessment.problem, self.assessment.suspicion)
        self.assessment = assess(self.assessment, answer, now)
        if isinstance(answer, AccountState) and (
            self.since is None or self.state != answer.raw
        ):
            self.state, self.since = answer.raw, now
        return before != (
            self.since,
            self.assessment.problem,
            self.assessment.suspicion,
        )

    def reboot(self, now: datetime) -> None:
        """Take in a reboot that the user asked for."""
        self.assessment = rebooted(self.assessment, now)


class AccountStore:
    """Keep the records of all accounts, by the id of their config entry."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start with nothing."""
        self._store = Store[dict[str, StoredAccount]](hass, STORAGE_VERSION, DOMAIN)
        self._records: dict[str, AccountRecord] = {}

    async def async_load(self) -> None:
        """Read the storage file."""
        stored = await self._store.async_load() or {}
        self._records = {
            entry_id: _from_storage(account) for entry_id, account in stored.items()
        }

    @callback
    def async_get(self, entry_id: str) -> AccountRecord:
        """Return the record of an account, a new one if there is none."""
        return self._records.setdefault(entry_id, AccountRecord())

    @callback
    def async_save(self) -> None:
        """Write the storage file, soon."""
        self._store.async_delay_save(self._to_storage, SAVE_DELAY)

    @callback
    def async_interrupt(self, entry_id: str) -> None:
        """Let nothing stand against an account that is not polled any more."""
        if record := self._records.get(entry_id):
            record.assessment = interrupted(record.assessment)

    @callback
    def async_forget(self, entry_id: str) -> None:
        """Drop the record of an account."""
        self._records.pop(entry_id, None)
        self.async_save()

    def _to_storage(self) -> dict[str, StoredAccount]:
        """Return all records as they lie in the storage file."""
        return {
            entry_id: _account_to_storage(record)
            for entry_id, record in self._records.items()
        }


@singleton(_STORE, async_=True)
async def async_get_store(hass: HomeAssistant) -> AccountStore:
    """Return the one store, loaded."""
    store = AccountStore(hass)
    await store.async_load()
    return store


def _account_to_storage(record: AccountRecord) -> StoredAccount:
    """Return a record as it lies in the storage file."""
    assessment = record.assessment
    return {
        "state": record.state,
        "since": _iso(record.since),
        "suspicion": assessment.suspicion,
        "suspicion_since": _iso(assessment.since),
        "suspicion_held": assessment.held.total_seconds(),
        "rebooted_at": _iso(assessment.rebooted_at),
    }


def _from_storage(stored: StoredAccount) -> AccountRecord:
    """Return a record from what lies in the storage file."""
    suspicion = stored["suspicion"]
    return AccountRecord(
        state=stored["state"],
        since=_moment(stored["since"]),
        assessment=Assessment(
            suspicion=Problem(suspicion) if suspicion in set(Problem) else None,
            since=_moment(stored["suspicion_since"]),
            held=timedelta(seconds=stored["suspicion_held"]),
            rebooted_at=_moment(stored["rebooted_at"]),
        ),
    )


def _iso(moment: datetime | None) -> str | None:
    """Return a moment in ISO format."""
    return moment.isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    """Return the moment that a text in ISO format says."""
    return dt_util.parse_datetime(text) if text else None
