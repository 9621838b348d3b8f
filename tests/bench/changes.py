"""How long it takes until Home Assistant shows a change on the server."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from random import Random
from statistics import median
import time
from typing import Any, Final

from custom_components.green_api.const import (
    DOMAIN,
    FAST_UPDATE_INTERVAL,
    UPDATE_INTERVAL,
)
from custom_components.green_api.decisions.problem import Problem
from custom_components.green_api.dialogs.linking import CONF_PHONE_NUMBER
from custom_components.green_api.dialogs.linking.waits import LOOK_INTERVAL
from custom_components.green_api.issues import issue_id
from homeassistant.components.button import SERVICE_PRESS
from homeassistant.components.repairs import DOMAIN as REPAIRS, repairs_flow_manager
from homeassistant.const import ATTR_ENTITY_ID, EVENT_STATE_CHANGED, Platform
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
from homeassistant.util.event_type import EventType

from .gateway import Gateway, gateway
from .hass import run, running_hass, set_up
from .table import Row

type Change = Callable[[HomeAssistant, Gateway, str, Random], Awaitable[float]]
"""Changes an account and returns when the change takes effect, in monotonic time."""

ACCOUNTS: Final = 60
MARGIN: Final = 2
"""Seconds in addition to the longest time between two polls of an account."""
PHONE_NUMBER: Final = "79001234567"


def measure() -> list[Row]:
    """Measure each kind of change with many accounts."""
    return run(_measure)


async def _measure() -> list[Row]:
    async with gateway(ACCOUNTS) as server, running_hass(server) as hass:
        await async_setup_component(hass, REPAIRS, {})
        await set_up(hass)
        # After that, the polls of the accounts are spread over the minute.
        await asyncio.sleep(UPDATE_INTERVAL.total_seconds())
        delays = partial(_delays, hass, server)
        return [
            *_rows("at any time", UPDATE_INTERVAL.seconds, await delays(_log_out)),
            *_rows("of a link by code", LOOK_INTERVAL, await delays(_link)),
            *_rows(
                "after a reboot", FAST_UPDATE_INTERVAL.seconds, await delays(_reboot)
            ),
        ]


def _rows(which: str, interval: float, delays: list[float]) -> Iterator[Row]:
    """Yield the median and the longest delay, in seconds."""
    yield Row(f"change {which}: shown after, median", median(delays), "s")
    yield Row(
        f"change {which}: shown after, worst", max(delays), "s", interval + MARGIN
    )


async def _delays(hass: HomeAssistant, server: Gateway, change: Change) -> list[float]:
    """Change all accounts, and return the delay of each in seconds."""
    random = Random(1)  # noqa: S311
    shown: dict[str, float] = {}

    @callback
    def record(event: Event[EventStateChangedData]) -> None:
        """Record when an account shows its last state."""
        shown[event.data["entity_id"]] = time.monotonic()

    sensors = [
        _entity_id(hass, Platform.SENSOR, it, "state") for it in server.instances
    ]
    stop = async_track_state_change_event(hass, sensors, record)
    changed = await asyncio.gather(
        *(change(hass, server, it, random) for it in server.instances)
    )
    await _wait_until(
        hass,
        EVENT_STATE_CHANGED,
        lambda: all(
            shown.get(it, 0) >= at for it, at in zip(sensors, changed, strict=True)
        ),
    )
    stop()
    return [shown[it] - at for it, at in zip(sensors, changed, strict=True)]


async def _log_out(
    hass: HomeAssistant, server: Gateway, instance: str, random: Random
) -> float:
    """Log out an account on its phone."""
    await server.change(instance, state="notAuthorized")
    return time.monotonic()


async def _link(
    hass: HomeAssistant, server: Gateway, instance: str, random: Random
) -> float:
    """Link an account with a code as soon as its repair issue is raised."""
    flow_manager = repairs_flow_manager(hass)
    entry = hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, instance)
    if flow_manager is None or entry is None:
        raise LookupError(instance)
    repair = issue_id(entry.entry_id, Problem.LOGGED_OUT)
    await _wait_until(
        hass,
        ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED,
        lambda: bool(ir.async_get(hass).async_get_issue(DOMAIN, repair)),
    )
    flow = await flow_manager.async_init(DOMAIN, data={"issue_id": repair})
    for user_input in (
        {"next_step_id": "phone_number"},
        {CONF_PHONE_NUMBER: PHONE_NUMBER},
    ):
        flow = await flow_manager.async_configure(flow["flow_id"], user_input)
    await server.change(instance, link_seconds=0)
    await asyncio.sleep(random.uniform(0, LOOK_INTERVAL))
    await server.enter_code(instance, (flow["description_placeholders"] or {})["code"])
    return time.monotonic()


async def _reboot(
    hass: HomeAssistant, server: Gateway, instance: str, random: Random
) -> float:
    """Reboot an instance that takes some seconds to start."""
    boot_seconds = random.randint(5, 30)
    await server.change(instance, boot_seconds=boot_seconds)
    button = _entity_id(hass, Platform.BUTTON, instance, "reboot")
    await hass.services.async_call(
        Platform.BUTTON, SERVICE_PRESS, {ATTR_ENTITY_ID: button}, blocking=True
    )
    return time.monotonic() + boot_seconds


async def _wait_until(
    hass: HomeAssistant, event_type: EventType[Any] | str, condition: Callable[[], bool]
) -> None:
    """Wait until a condition is met, checked after each event of a type."""
    event_received = asyncio.Event()
    stop = hass.bus.async_listen(event_type, callback(lambda _: event_received.set()))
    while not condition():
        await event_received.wait()
        event_received.clear()
    stop()


def _entity_id(hass: HomeAssistant, platform: Platform, instance: str, key: str) -> str:
    """Return the ID of an account's entity; raises LookupError if it has none."""
    found = er.async_get(hass).async_get_entity_id(
        platform, DOMAIN, f"{instance}_{key}"
    )
    if found is None:
        raise LookupError(key)
    return found
