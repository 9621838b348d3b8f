"""Store for the records of accounts, which are kept across reloads and restarts."""

from operator import attrgetter
from typing import Any, Final

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.singleton import singleton
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN, LOGGER
from .account_record import AccountRecord
from .storage import from_storage, to_storage

STORAGE_VERSION: Final = 1
SAVE_DELAY: Final = 10

# Seconds after which the file is saved while there is evidence of a problem, even if
# nothing has changed: the age of the evidence must be known after a crash as well.
SAVE_INTERVAL: Final = 900

# Fields that do not change with every response. When one does, the file is saved soon.
_MILESTONES: Final = attrgetter(
    "since",
    "announced",
    "ignored",
    "messenger",
    "message_delay",
    "reports_statuses",
    "lacks_statuses",
    "quota_used_up_until",
    "waits",
    "health.remembered",
    "health.reason",
    "health.rebooted_at",
    "queue.remembered",
    "queue.is_rebooted",
)

_UNKNOWN: Final = AccountRecord()

_STORE: HassKey[AccountStore] = HassKey(f"{DOMAIN}_store")


class AccountStore:
    """Store for the records of all accounts, by config entry ID.

    While an account is loaded, only its coordinator writes its record.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize the store."""
        self._hass = hass
        self._store = Store[dict[str, Any]](hass, STORAGE_VERSION, DOMAIN)
        self._records: dict[str, AccountRecord] = {}
        self._save_at = 0.0

    async def async_load(self) -> None:
        """Load the storage file. If it is damaged, start without any records."""
        try:
            if stored := await self._store.async_load():
                self._records = from_storage(stored, self._hass.loop.time())
        except Exception as err:  # noqa: BLE001
            LOGGER.warning(
                "The stored records of the accounts cannot be read (%s): "
                "starting without them",
                type(err).__name__,
            )

    @callback
    def async_get(self, entry_id: str) -> AccountRecord:
        """Return the record of an account, an empty one if there is none."""
        return self._records.get(entry_id, _UNKNOWN)

    @callback
    def async_set(self, entry_id: str, record: AccountRecord) -> None:
        """Set the record of an account, and save it soon after a relevant change."""
        before = self._records.get(entry_id, _UNKNOWN)
        self._records[entry_id] = record
        has_evidence = record.health.reason or record.queue.remembered
        is_due = has_evidence and self._hass.loop.time() >= self._save_at
        if is_due or _MILESTONES(record) != _MILESTONES(before):
            self.async_save()

    @callback
    def async_forget(self, entry_id: str) -> None:
        """Delete the record of an account."""
        self._records.pop(entry_id, None)
        self.async_save()

    @callback
    def async_save(self, event: Event | None = None) -> None:
        """Save the storage file soon, at the latest when Home Assistant stops."""
        self._save_at = self._hass.loop.time() + SAVE_INTERVAL
        self._store.async_delay_save(self._to_storage, SAVE_DELAY)

    def _to_storage(self) -> dict[str, Any]:
        """Return the stored form of all records."""
        return to_storage(self._records, self._hass.loop.time())


@singleton(_STORE, async_=True)
async def async_get_store(hass: HomeAssistant) -> AccountStore:
    """Return the store, which is created and loaded once."""
    store = AccountStore(hass)
    await store.async_load()
    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, store.async_save)
    return store
