"""The setup of an account: requests and time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import median
import time
from typing import Final

from custom_components.green_api.const import DOMAIN
from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.core import callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.setup import async_setup_component

from .gateway import Conditions, gateway
from .hass import hass_with_account, run, running_hass
from .processes import fresh_processes
from .table import Row

ROUNDS: Final = 20


SLOW: Final = 30
"""Seconds until a server responds that is too slow to be waited for."""
COUNTS: Final = (1, 100)


@dataclass(frozen=True, slots=True)
class Loading:
    """How long it takes until accounts are loaded that are set up at once."""

    each: float
    """Seconds from the beginning of its setup to its end, the median."""
    all: float
    """Seconds from the beginning of the first setup to the end of the last one."""


def measure() -> list[Row]:
    """Measure the setup of one account, and of several."""
    with fresh_processes() as processes:
        again = processes.submit(measure_again).result()
        loaded = dict(zip(COUNTS, processes.map(loading, COUNTS), strict=True))
    return [*again, *_loading_rows(loaded)]


def measure_again() -> list[Row]:
    """Measure the repeated setup of an account, and count its requests."""
    return run(_again)


def loading(count: int) -> Loading:
    """Measure the first setup of accounts, whose server does not respond in time."""
    return run(partial(_loading, count))


def _loading_rows(loaded: Mapping[int, Loading]) -> Iterator[Row]:
    """Yield the times until accounts are loaded."""
    one, some = (loaded[count] for count in COUNTS)
    yield Row("  for the first time, without any response", 1000 * one.each, "ms")
    yield Row(f"  of {COUNTS[1]} accounts at once, each", 1000 * some.each, "ms")
    yield Row("    all", 1000 * some.all, "ms")
    yield Row("    all, of the time of one", some.all / one.all, "x")


async def _loading(count: int) -> Loading:
    async with gateway(count, Conditions(SLOW)) as server, running_hass(server) as hass:
        began: dict[str, float] = {}
        ended: dict[str, float] = {}
        times = {
            ConfigEntryState.SETUP_IN_PROGRESS: began,
            ConfigEntryState.LOADED: ended,
        }

        @callback
        def note(_: ConfigEntryChange, entry: ConfigEntry) -> None:
            """Note when an account changes its state."""
            if entry.state in times:
                times[entry.state].setdefault(entry.entry_id, time.perf_counter())

        async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, note)
        await async_setup_component(hass, DOMAIN, {})
        return Loading(
            median(ended[entry_id] - at for entry_id, at in began.items()),
            max(ended.values()) - min(began.values()),
        )


async def _again() -> list[Row]:
    async with hass_with_account() as (hass, server, entry):
        times, requests = [], []
        for _ in range(ROUNDS):
            before = await server.request_count()
            await hass.config_entries.async_unload(entry.entry_id)
            start = time.perf_counter()
            await hass.config_entries.async_setup(entry.entry_id)
            times.append(time.perf_counter() - start)
            await hass.async_block_till_done(wait_background_tasks=True)
            requests.append(await server.request_count() - before)
    return [
        # The state, the queue and the settings. It is the median, because a scheduled
        # poll may come in between.
        Row("start: requests", median(requests), at_most=3),
        Row("start: time from setup to loaded, repeated", 1000 * median(times), "ms"),
    ]
