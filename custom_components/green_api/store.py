"""Remember accounts over reloads and restarts."""

from typing import Final

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.singleton import singleton
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN, LOGGER
from .memory import AccountMemory
from .problem import Problem
from .stored_account import StoredAccounts, from_storage, to_storage

STORAGE_VERSION: Final = 1
SAVE_DELAY: Final = 10

# Seconds after which the file is written even if nothing is new: how old the evidence
# of a problem is has to be known after a crash as well.
SAVE_INTERVAL: Final = 900

_STORE: HassKey[AccountStore] = HassKey(f"{DOMAIN}_store")


class AccountStore:
    """The memories of all accounts, by the id of their config entry."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize the store."""
        self._hass = hass
        self._store = Store[StoredAccounts](hass, STORAGE_VERSION, DOMAIN)
        self._memories: dict[str, AccountMemory] = {}
        self._save_at = 0.0

    async def async_load(self) -> None:
        """Load the storage file, or start without memories if it is damaged."""
        try:
            if stored := await self._store.async_load():
                self._memories = from_storage(stored, self._hass.loop.time())
        except Exception as err:  # noqa: BLE001
            LOGGER.warning(
                "What was remembered of the accounts cannot be read (%s): "
                "starting without it",
                type(err).__name__,
            )

    @callback
    def async_get(self, entry_id: str) -> AccountMemory:
        """Return what is remembered of an account."""
        return self._memories.get(entry_id) or AccountMemory()

    @callback
    def async_set(self, entry_id: str, memory: AccountMemory) -> None:
        """Remember an account."""
        before = self.async_get(entry_id)
        if memory is before:
            return
        self._memories[entry_id] = memory
        has_evidence = memory.health.reason or memory.queue.remembered
        is_due = has_evidence and self._hass.loop.time() >= self._save_at
        if is_due or memory.is_news(before):
            self.async_save()

    @callback
    def async_interrupt(self, entry_id: str, ignored: Problem | None) -> None:
        """Remember an account that is not polled any more."""
        memory = self.async_get(entry_id)
        now = self._hass.loop.time()
        self._memories[entry_id] = memory.interrupted(now, ignored)
        self.async_save()

    @callback
    def async_forget(self, entry_id: str) -> None:
        """Forget an account."""
        self._memories.pop(entry_id, None)
        self.async_save()

    @callback
    def async_save(self, event: Event | None = None) -> None:
        """Save the storage file soon, at the latest when Home Assistant stops."""
        self._save_at = self._hass.loop.time() + SAVE_INTERVAL
        self._store.async_delay_save(self._to_storage, SAVE_DELAY)

    def _to_storage(self) -> StoredAccounts:
        """Return all memories as they are stored."""
        return to_storage(self._memories, self._hass.loop.time())


@singleton(_STORE, async_=True)
async def async_get_store(hass: HomeAssistant) -> AccountStore:
    """Return the one store, loaded."""
    store = AccountStore(hass)
    await store.async_load()
    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, store.async_save)
    return store
