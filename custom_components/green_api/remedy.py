"""Remedies for an account: reboot its instance, clear its queue."""

from collections.abc import Awaitable

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .api import GreenApiError
from .data import GreenApiConfigEntry
from .exceptions import translation
from .failure import async_failure
from .store import async_get_store


async def async_reboot(hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
    """Reboot the instance of an account and refresh its state.

    Raises a translated HomeAssistantError if the server does not reboot it.
    """
    await _async_demand(entry, entry.runtime_data.client.reboot(), "reboot_refused")
    if hass.config_entries.async_get_entry(entry.entry_id) is None:
        return  # It was removed meanwhile.
    store = await async_get_store(hass)
    memory = store.async_get(entry.entry_id)
    store.async_set(entry.entry_id, memory.rebooted(hass.loop.time()))
    if entry.state is ConfigEntryState.LOADED:
        # It may have been reloaded meanwhile.
        await entry.runtime_data.coordinator.async_refresh()


async def async_clear_queue(_: HomeAssistant, entry: GreenApiConfigEntry) -> None:
    """Drop all messages of an account that wait, and refresh their number.

    Raises a translated HomeAssistantError if the server does not drop them.
    """
    client = entry.runtime_data.client
    await _async_demand(entry, client.clear_messages_queue(), "clear_refused")
    if entry.state is ConfigEntryState.LOADED:
        # It may have been reloaded or removed meanwhile.
        entry.runtime_data.queue.async_expect_change()
        await entry.runtime_data.details.async_refresh()


async def _async_demand(
    entry: GreenApiConfigEntry, request: Awaitable[bool], refusal: str
) -> None:
    """Make a request that the server may refuse; raise if it fails or is refused."""
    coordinator = entry.runtime_data.coordinator
    try:
        is_accepted = await request
    except GreenApiError as err:
        raise await async_failure(coordinator, err) from err
    if not is_accepted:
        raise HomeAssistantError(**translation(entry, refusal))
