"""A coordinator of Home Assistant that makes a bare request, to compare others with."""

from collections.abc import Awaitable, Callable

import aiohttp

from custom_components.green_api.const import LOGGER, UPDATE_INTERVAL
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

type BareRequest = Callable[[], Awaitable[object]]


def bare_request(session: aiohttp.ClientSession, url: str) -> BareRequest:
    """Return a function that requests a URL and parses the response."""

    async def request() -> object:
        async with session.get(url) as response:
            return await response.json()

    return request


def bare_coordinator(
    hass: HomeAssistant, entry: ConfigEntry, request: BareRequest
) -> DataUpdateCoordinator[object]:
    """Return a coordinator with a listener that makes a request."""
    coordinator: DataUpdateCoordinator[object] = DataUpdateCoordinator(
        hass,
        LOGGER,
        config_entry=entry,
        name="bare",
        update_interval=UPDATE_INTERVAL,
        update_method=request,
        always_update=False,
    )
    coordinator.async_add_listener(lambda: None)
    return coordinator
