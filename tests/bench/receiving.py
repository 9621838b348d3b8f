"""Receiving messages: floods, many accounts, and what it costs while it is off."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median
import time
from typing import Final
from unittest.mock import patch

from custom_components import green_api
from custom_components.green_api.api import RequestPacer
from custom_components.green_api.const import CONF_RECEIVE_MESSAGES, DOMAIN, PLATFORMS
from custom_components.green_api.receiving.permissions import ReceiveMode
from custom_components.green_api.receiving.receiver import Receiver
from homeassistant.const import Platform

from .actions import async_send, recipient_entities
from .cpu import cpu_times
from .flood import NAMES, WAYS, measure_flood
from .gateway import gateway
from .hass import hass_with_account, recipients, run, running_hass, set_up
from .lags import measure_lags, percentile_99
from .processes import fresh_processes
from .table import Row

ACCOUNTS: Final = 10
MINUTE: Final = 60
MINUTES: Final = 2
SETTLED: Final = 15
"""Seconds after which Home Assistant has stored the changes of the setup."""

PAIRS: Final = 5
"""Pairs of Home Assistants: even two equal ones differ by some percent."""

METHODS: Final = ("deleteNotification", "lastIncomingMessages", "receiveNotification")

# A look each 15 seconds, or a request that waits for 30 seconds.
REQUESTS: Final = {
    ReceiveMode.OFF: 0,
    ReceiveMode.BESIDE_OTHERS: 4,
    ReceiveMode.ONLY_HOME_ASSISTANT: 2,
}


@dataclass(frozen=True, slots=True)
class Load:
    """The measured load of accounts that receive messages."""

    cpu: float
    """CPU time of all accounts per minute, in seconds."""
    requests: float
    """Requests of one account per minute to receive messages."""
    lags: tuple[float, ...]
    """How late the event loop was, in seconds."""


def measure() -> list[Row]:
    """Measure each way in a new process."""
    with fresh_processes() as processes:
        floods = [
            processes.submit(measure_flood, way, sender_id)
            for way in WAYS
            for sender_id in NAMES
        ]
        loads = dict(zip(REQUESTS, processes.map(load, REQUESTS), strict=True))
        pairs = [processes.submit(measure_off) for _ in range(PAIRS)]
        return [
            *(row for flood in floods for row in flood.result()),
            *_loads(loads),
            *_off_rows([pair.result() for pair in pairs]),
        ]


def load(way: ReceiveMode) -> Load:
    """Measure accounts that nobody writes to; this takes more than two minutes."""
    return run(partial(_load, way))


def measure_off() -> Mapping[str, float]:
    """Return the CPU time of a poll and of a message, with receiving turned off.

    They are multiples of those in another Home Assistant without the feature.
    """
    with patch.object(RequestPacer, "SHORT_SPACING", 0):
        return run(_off)


def _loads(loads: Mapping[ReceiveMode, Load]) -> Iterator[Row]:
    """Yield the rows of accounts that receive messages."""
    off = loads[ReceiveMode.OFF].cpu
    for way, it in loads.items():
        of = f"receiving, {way}: "
        limit = REQUESTS[way]
        yield Row(
            f"{of}requests of one account in a minute", it.requests, at_most=limit
        )
        cpu = 1000 * it.cpu / ACCOUNTS
        yield Row(f"  CPU time of one in a minute, of {ACCOUNTS}", cpu, "ms")
        yield Row(f"  of that with {ReceiveMode.OFF}", it.cpu / off, "x")
        lag = 1000 * percentile_99(it.lags)
        yield Row("  lag of the event loop, 99 of 100", lag, "ms", at_most=50)
        yield Row("  worst", 1000 * max(it.lags), "ms")


async def _load(way: ReceiveMode) -> Load:
    changes = {"subentries": recipients(1, may_write=True)}
    async with (
        gateway(ACCOUNTS) as server,
        running_hass(server, changes=changes) as hass,
    ):
        for instance in server.instances:
            await server.change(instance, receives_messages=True)
        await set_up(hass)
        for entry in hass.config_entries.async_entries(DOMAIN):
            hass.config_entries.async_update_entry(
                entry, options={CONF_RECEIVE_MESSAGES: way}
            )
        await asyncio.sleep(SETTLED)
        lags = await measure_lags(MINUTE)
        before, cpu = await server.counts(), time.process_time()
        await asyncio.sleep(MINUTES * MINUTE)
        cpu = time.process_time() - cpu
        requests = (await server.counts()).since(before).requests
    receiving = sum(requests.get(it, 0) for it in METHODS)
    return Load(cpu / MINUTES, receiving / ACCOUNTS / MINUTES, lags)


async def _off() -> Mapping[str, float]:
    changes = {"subentries": recipients(1)}
    async with hass_with_account(changes=changes) as (hass, _, entry):
        with _no_receiving():
            async with hass_with_account(changes=changes) as (other, _, unable):
                polls = await cpu_times(
                    entry.runtime_data.coordinator.async_refresh,
                    unable.runtime_data.coordinator.async_refresh,
                )
                messages = await cpu_times(
                    partial(async_send, hass, *recipient_entities(hass)),
                    partial(async_send, other, *recipient_entities(other)),
                )
    return {
        what: median(a / b for a, b in zip(*times, strict=True))
        for what, times in (("poll", polls), ("message", messages))
    }


def _off_rows(pairs: list[Mapping[str, float]]) -> Iterator[Row]:
    """Yield the rows of accounts that don't receive messages."""
    for what in pairs[0]:
        yield Row(
            f"receiving, {ReceiveMode.OFF}: a {what}, against one without the feature",
            median(pair[what] for pair in pairs),
            "x",
            at_most=1.02,
        )


@contextmanager
def _no_receiving() -> Iterator[None]:
    """Set up accounts without anything that receives messages."""
    platforms = [it for it in PLATFORMS if it != Platform.EVENT]
    with (
        patch.object(green_api, "PLATFORMS", platforms),
        patch.object(green_api, "async_track_permissions", lambda *_: None),
        patch.object(Receiver, "async_start", lambda *_: None),
    ):
        yield
