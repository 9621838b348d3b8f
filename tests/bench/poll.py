"""A poll, compared with a bare request to the same server on the same loop."""

from statistics import median
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.event import (
    async_track_state_change_event,
    async_track_state_report_event,
)

from .bare import bare_coordinator, bare_request
from .cpu import BATCH, Action, cpu_times
from .gateway import Gateway
from .hass import hass_with_account, run
from .rest import async_set_up_rest_sensor
from .table import Row


def measure() -> list[Row]:
    """Measure polls without changes."""
    return run(_measure)


async def _measure() -> list[Row]:
    async with hass_with_account() as (hass, server, entry):
        return [
            *await _timed(hass, server, entry),
            *await _counted(hass, server, entry.runtime_data.coordinator.async_refresh),
        ]


async def _counted(hass: HomeAssistant, server: Gateway, poll: Action) -> list[Row]:
    """Count the requests and the written states of polls."""
    written: list[Event[Any]] = []
    for track in (async_track_state_change_event, async_track_state_report_event):
        track(hass, hass.states.async_entity_ids(), written.append)
    before = await server.request_count()
    for _ in range(BATCH):
        await poll()
    await hass.async_block_till_done(wait_background_tasks=True)
    requests = await server.request_count() - before
    return [
        Row("poll: requests", requests / BATCH, at_most=1),
        Row("poll: states written, if nothing is new", len(written), at_most=0),
    ]


async def _timed(hass: HomeAssistant, server: Gateway, entry: ConfigEntry) -> list[Row]:
    """Compare the CPU time of polls and of their parts."""
    url = server.state_url(*server.instances)
    request = bare_request(async_get_clientsession(hass), url)
    requests, coordinator, client, poll, rest = await cpu_times(
        request,
        bare_coordinator(hass, entry, request).async_refresh,
        entry.runtime_data.client.get_state,
        entry.runtime_data.coordinator.async_refresh,
        (await async_set_up_rest_sensor(hass, url)).async_refresh,
    )

    def ratio(times: list[float]) -> float:
        return median(a / b for a, b in zip(times, requests, strict=True))

    return [
        Row("poll: CPU time of a bare request", 1e6 * median(requests), "µs"),
        Row("poll: CPU time of a poll", ratio(poll), "x", at_most=1.3),
        Row("  a request by the client alone", ratio(client), "x"),
        Row(
            "  a bare request by Home Assistant's coordinator",
            ratio(coordinator),
            "x",
        ),
        Row("  a poll of Home Assistant's own REST sensor", ratio(rest), "x"),
    ]
