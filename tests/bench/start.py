"""The set-up of an account: requests and time."""

from collections.abc import Awaitable
from statistics import median
import time
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .gateway import Gateway
from .home import account, run
from .table import Row

ROUNDS: Final = 20
DELAY: Final = 0.1
"""Seconds to a server far away and back."""


def measure() -> list[Row]:
    """Measure how an account is set up."""
    return run(_measure)


async def _measure() -> list[Row]:
    async with account(delay=DELAY) as (hass, server, entry):
        set_ups, requests = [], []
        for _ in range(ROUNDS):
            before = await server.request_count()
            set_ups.append(await _set_up_again(hass, entry))
            requests.append(await server.request_count() - before)
        trips = [await _round_trip(hass, server) for _ in range(ROUNDS)]
    own = median(set_ups) - median(trips)
    return [
        # Typically: the turn of a poll may come in between.
        Row("start: requests", median(requests), at_most=2),
        Row(
            f"start: time, of round trips of {DELAY * 1000:.0f} ms",
            median(set_ups) / median(trips),
            "x",
        ),
        Row("  of it Home Assistant's and the integration's own", own * 1000, "ms"),
    ]


async def _set_up_again(hass: HomeAssistant, entry: ConfigEntry) -> float:
    """Return the seconds that it takes to set up an account."""
    await hass.config_entries.async_unload(entry.entry_id)
    seconds = await _timed(hass.config_entries.async_setup(entry.entry_id))
    await hass.async_block_till_done(wait_background_tasks=True)
    return seconds


async def _round_trip(hass: HomeAssistant, server: Gateway) -> float:
    """Return the seconds that a bare request takes."""

    async def request() -> None:
        url = server.state_url(*server.instances)
        async with async_get_clientsession(hass).get(url) as response:
            await response.json()

    return await _timed(request())


async def _timed(action: Awaitable[object]) -> float:
    """Return the seconds that an action takes."""
    start = time.perf_counter()
    await action
    return time.perf_counter() - start
