"""The GREEN-API integration."""

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.typing import ConfigType

from .client import async_create_client
from .const import DOMAIN, PLATFORMS
from .coordinator import GreenApiConfigEntry, GreenApiCoordinator
from .issues import async_show_issue
from .store import async_get_store

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Take the issues away with the entries, loaded or waiting to be retried."""
    store = await async_get_store(hass)

    @callback
    def entry_changed(change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain == DOMAIN and entry.state is ConfigEntryState.NOT_LOADED:
            store.async_interrupt(entry.entry_id)
            async_show_issue(hass, entry, None)

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, entry_changed)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: GreenApiConfigEntry) -> bool:
    """Set up an account."""
    coordinator = GreenApiCoordinator(
        hass,
        entry,
        async_create_client(hass, entry.data),
        await async_get_store(hass),
    )
    await coordinator.async_config_entry_first_refresh()
    entry.runtime_data = coordinator
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    # A coordinator without listeners does not poll: repairs need it to, even if
    # every entity is disabled.
    entry.async_on_unload(coordinator.async_add_listener(lambda: None))
    # The name of the messenger is not worth waiting for.
    entry.async_create_background_task(
        hass, coordinator.async_get_messenger(), f"{DOMAIN} messenger"
    )
    return True


async def async_unload_entry(hass: HomeAssistant, entry: GreenApiConfigEntry) -> bool:
    """Unload an account."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
    """Forget what is remembered of an account."""
    (await async_get_store(hass)).async_forget(entry.entry_id)
