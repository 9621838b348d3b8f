"""How long it takes until Home Assistant shows what has changed on the server."""

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
from custom_components.green_api.issues import issue_id
from custom_components.green_api.linking import CONF_PHONE_NUMBER
from custom_components.green_api.linking.watch import LOOK_INTERVAL
from custom_components.green_api.problem import Problem
from homeassistant.components.button import SERVICE_PRESS
from homeassistant.components.repairs import DOMAIN as REPAIRS, repairs_flow_manager
from homeassistant.const import ATTR_ENTITY_ID, EVENT_STATE_CHANGED, Platform
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
from homeassistant.util.event_type import EventType

from .gateway import Gateway, gateway
from .home import home, run, set_up
from .table import Row

type Change = Callable[[HomeAssistant, Gateway, str, Random], Awaitable[float]]
"""Change an account and return when that takes effect, by the monotonic clock."""

ACCOUNTS: Final = 60
MARGIN: Final = 2
"""Seconds that come on top of the longest time between two looks at an account."""
PHONE_NUMBER: Final = "79001234567"


def measure() -> list[Row]:
    """Measure changes of many accounts, one kind after the other."""
    return run(_measure)


async def _measure() -> list[Row]:
    async with gateway(ACCOUNTS) as server, home(server) as hass:
        await async_setup_component(hass, REPAIRS, {})
        await set_up(hass)
        # From then on, each account has its turn in the minute.
        await asyncio.sleep(UPDATE_INTERVAL.total_seconds())
        seen = partial(_seen, hass, server)
        return [
            *_rows("at any time", UPDATE_INTERVAL.seconds, await seen(_log_out)),
            *_rows("of a link by code", LOOK_INTERVAL, await seen(_link)),
            *_rows("after a reboot", FAST_UPDATE_INTERVAL.seconds, await seen(_reboot)),
        ]


def _rows(which: str, interval: float, delays: list[float]) -> Iterator[Row]:
    """Yield how long it typically takes, and how long at worst."""
    yield Row(f"change {which}: shown after, median", median(delays), "s")
    yield Row(
        f"change {which}: shown after, worst", max(delays), "s", interval + MARGIN
    )


async def _seen(hass: HomeAssistant, server: Gateway, change: Change) -> list[float]:
    """Change all accounts, and return how long each takes to show it."""
    chance = Random(1)  # noqa: S311
    shown: dict[str, float] = {}

    @callback
    def see(event: Event[EventStateChangedData]) -> None:
        """Note the moment at which an account shows its last state."""
        shown[event.data["entity_id"]] = time.monotonic()

    sensors = [
        _entity_id(hass, Platform.SENSOR, it, "state") for it in server.instances
    ]
    stop = async_track_state_change_event(hass, sensors, see)
    changed = await asyncio.gather(
        *(change(hass, server, it, chance) for it in server.instances)
    )
    await _until(
        hass,
        EVENT_STATE_CHANGED,
        lambda: all(
            shown.get(it, 0) >= at for it, at in zip(sensors, changed, strict=True)
        ),
    )
    stop()
    return [shown[it] - at for it, at in zip(sensors, changed, strict=True)]


async def _log_out(
    hass: HomeAssistant, server: Gateway, instance: str, chance: Random
) -> float:
    """Log an account out on its phone."""
    await server.change(instance, state="notAuthorized")
    return time.monotonic()


async def _link(
    hass: HomeAssistant, server: Gateway, instance: str, chance: Random
) -> float:
    """Link an account with a code, when its repair is there."""
    dialogs = repairs_flow_manager(hass)
    entry = hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, instance)
    if dialogs is None or entry is None:
        raise LookupError(instance)
    repair = issue_id(entry.entry_id, Problem.LOGGED_OUT)
    await _until(
        hass,
        ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED,
        lambda: bool(ir.async_get(hass).async_get_issue(DOMAIN, repair)),
    )
    dialog = await dialogs.async_init(DOMAIN, data={"issue_id": repair})
    for answer in ({"next_step_id": "phone_number"}, {CONF_PHONE_NUMBER: PHONE_NUMBER}):
        dialog = await dialogs.async_configure(dialog["flow_id"], answer)
    await server.change(instance, link_seconds=0)
    await asyncio.sleep(chance.uniform(0, LOOK_INTERVAL))
    await server.enter_code(
        instance, (dialog["description_placeholders"] or {})["code"]
    )
    return time.monotonic()


async def _reboot(
    hass: HomeAssistant, server: Gateway, instance: str, chance: Random
) -> float:
    """Reboot an instance that takes its time."""
    boot_seconds = chance.randint(5, 30)
    await server.change(instance, boot_seconds=boot_seconds)
    button = _entity_id(hass, Platform.BUTTON, instance, "reboot")
    await hass.services.async_call(
        Platform.BUTTON, SERVICE_PRESS, {ATTR_ENTITY_ID: button}, blocking=True
    )
    return time.monotonic() + boot_seconds


async def _until(
    hass: HomeAssistant, event_type: EventType[Any] | str, holds: Callable[[], bool]
) -> None:
    """Wait until something holds after events of a type."""
    news = asyncio.Event()
    stop = hass.bus.async_listen(event_type, callback(lambda _: news.set()))
    while not holds():
        await news.wait()
        news.clear()
    stop()


def _entity_id(hass: HomeAssistant, platform: Platform, instance: str, key: str) -> str:
    """Return what an entity of an account is called."""
    found = er.async_get(hass).async_get_entity_id(
        platform, DOMAIN, f"{instance}_{key}"
    )
    if found is None:
        raise LookupError(key)
    return found
