"""Reboot an instance."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .api import GreenApiError
from .data import GreenApiConfigEntry
from .exceptions import translation
from .failure import async_failure
from .store import async_get_store


async def async_reboot(hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
    """Reboot the instance of an account and look at once what becomes of it.

    Raises a translated HomeAssistantError if the server does not reboot it.
    """
    data = entry.runtime_data
    try:
        accepted = await data.client.reboot()
    except GreenApiError as err:
        raise await async_failure(data.coordinator, err) from err
    if not accepted:
        raise HomeAssistantError(**translation(entry, "reboot_refused"))
    if hass.config_entries.async_get_entry(entry.entry_id) is None:
        return  # It was removed meanwhile.
    store = await async_get_store(hass)
    memory = store.async_get(entry.entry_id)
    health = memory.health.rebooted(hass.loop.time())
    store.async_set(entry.entry_id, memory.with_health(health, dt_util.utcnow()))
    if entry.state is ConfigEntryState.LOADED:
        # It may have been reloaded meanwhile.
        await entry.runtime_data.coordinator.async_refresh()
