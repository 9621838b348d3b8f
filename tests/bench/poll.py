"""One poll, against a bare request to the same server on the same loop."""

from statistics import median
import sys
from typing import Any

from custom_components.green_api.const import LOGGER, UPDATE_INTERVAL
from homeassistant.components.sensor import DATA_COMPONENT
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.event import (
    async_track_state_change_event,
    async_track_state_report_event,
)
from homeassistant.helpers.update_coordinator import (
    DataUpdateCoordinator,
)
from homeassistant.setup import async_setup_component

from .cpu import BATCH, Action, cpu_times
from .gateway import Gateway
from .home import account, run
from .libraries import FOLDER
from .table import Row


def measure() -> list[Row]:
    """Measure polls that bring nothing new."""
    return run(_measure)


async def _measure() -> list[Row]:
    async with account() as (hass, server, entry):
        return [
            *await _timed(hass, server, entry),
            *await _counted(hass, server, entry.runtime_data.coordinator.async_refresh),
        ]


async def _counted(hass: HomeAssistant, server: Gateway, poll: Action) -> list[Row]:
    """Count what polls do."""
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
    """Compare the CPU time of polls and of what they consist of."""
    session = async_get_clientsession(hass)
    url = server.state_url(*server.instances)

    async def request() -> object:
        async with session.get(url) as response:
            return await response.json()

    bare: DataUpdateCoordinator[object] = DataUpdateCoordinator(
        hass,
        LOGGER,
        config_entry=entry,
        name="bare",
        update_interval=UPDATE_INTERVAL,
        update_method=request,
        always_update=False,
    )
    bare.async_add_listener(lambda: None)
    bare_request, bare_coordinator, client, poll, rest = await cpu_times(
        request,
        bare.async_refresh,
        entry.runtime_data.client.get_state,
        entry.runtime_data.coordinator.async_refresh,
        await _rest_sensor(hass, url),
    )

    def ratio(times: list[float]) -> float:
        return median(a / b for a, b in zip(times, bare_request, strict=True))

    return [
        Row("poll: CPU time of a bare request", 1e6 * median(bare_request), "µs"),
        Row("poll: CPU time of a poll", ratio(poll), "x", at_most=1.3),
        Row("  a request by the client alone", ratio(client), "x"),
        Row(
            "  a bare request by Home Assistant's coordinator",
            ratio(bare_coordinator),
            "x",
        ),
        Row("  a poll of Home Assistant's own REST sensor", ratio(rest), "x"),
    ]


async def _rest_sensor(hass: HomeAssistant, url: str) -> Action:
    """Return a poll of a REST sensor, which people would use instead."""
    sys.path.append(str(FOLDER))
    sensor = {"name": "state", "value_template": "{{ value_json.stateInstance }}"}
    config = {"resource": url, "scan_interval": UPDATE_INTERVAL, "sensor": [sensor]}
    await async_setup_component(hass, "rest", {"rest": [config]})
    await hass.async_block_till_done()
    entity: Any = hass.data[DATA_COMPONENT].get_entity("sensor.state")
    assert entity.state == "authorized"
    poll: Action = entity._coordinator.async_refresh
    return poll
