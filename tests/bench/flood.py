"""A thousand messages that somebody writes at once, in both ways of receiving."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
import time
from typing import Final
from unittest.mock import patch

from custom_components.green_api.api import RequestPacer
from custom_components.green_api.const import CONF_RECEIVE_MESSAGES
from custom_components.green_api.decisions.receiving import JOURNAL_MINUTES
from custom_components.green_api.receiving.message_handler import (
    SIGNAL_MESSAGE_RECEIVED,
    MessageHandler,
)
from custom_components.green_api.receiving.permissions import ReceiveMode
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .bare import bare_request
from .gateway import Gateway
from .hass import hass_with_account, recipients, run
from .lags import measure_lags, percentile_99
from .memory import forget_peak, in_use, peak
from .table import Row

MESSAGES: Final = 1000
PERSON: Final = "79000000000@c.us"
STRANGER: Final = "79000000001@c.us"

# The messages of a person that count in a minute.
HEARD: Final = {PERSON: 30, STRANGER: 0}
NAMES: Final = {PERSON: "person", STRANGER: "stranger"}

WAYS: Final = (ReceiveMode.BESIDE_OTHERS, ReceiveMode.ONLY_HOME_ASSISTANT)

SECONDS: Final = 10
"""How long the event loop is watched before a flood, and after it."""
REQUESTS: Final = 500
LOOKS: Final = 20


@dataclass(frozen=True, slots=True)
class Flood:
    """What a flood of messages costs."""

    cpu: float
    """CPU time of all messages, in seconds."""
    bare: float
    """CPU time of a bare request, in seconds."""
    again: float
    """CPU time of another look at the journal, in seconds."""
    peak: float
    """Memory above idle while they are received, in KiB."""
    memory: float
    """Memory above idle afterwards, in KiB."""
    lags: tuple[float, ...]
    """How late the event loop was meanwhile, in seconds."""
    heard: int
    """How many messages have counted."""


class Listener:
    """Counts the messages of an account that are received."""

    def __init__(self, hass: HomeAssistant, handler: MessageHandler) -> None:
        """Listen to the messages that count."""
        self.heard = 0
        self._handler = handler
        async_dispatcher_connect(hass, SIGNAL_MESSAGE_RECEIVED, self._received)

    @property
    def count(self) -> int:
        """Return how many messages were received, whether they count or not."""
        return self.heard + sum(self._handler.dropped.values())

    def _received(self, *_: object) -> None:
        """Count a message that counts."""
        self.heard += 1


def measure_flood(way: ReceiveMode, sender_id: str) -> list[Row]:
    """Measure the messages of one sender in one way, without pauses in between."""
    with patch.object(RequestPacer, "SHORT_SPACING", 0):
        flood = run(partial(_flood, way, sender_id))
    rows = [*_rows(f"{NAMES[sender_id]}, {way}", flood, HEARD[sender_id])]
    if way is ReceiveMode.BESIDE_OTHERS:
        rows.append(
            Row("  CPU time of the next look", 1000 * flood.again, "ms", at_most=100)
        )
    return rows


def _rows(of: str, flood: Flood, heard: int) -> Iterator[Row]:
    """Yield the rows of a flood."""
    yield Row(
        f"flood of a {of}: CPU time of a message", 1e6 * flood.cpu / MESSAGES, "µs"
    )
    ratio = flood.cpu / MESSAGES / flood.bare
    yield Row("  of a bare request", ratio, "x", at_most=8)
    lag = percentile_99(flood.lags)
    yield Row("  lag of the event loop, 99 of 100", 1000 * lag, "ms", at_most=50)
    yield Row("  worst", 1000 * max(flood.lags), "ms")
    yield Row("  memory above idle", flood.peak / 1024, "MiB", at_most=8)
    yield Row("  afterwards", flood.memory / 1024, "MiB", at_most=2)
    yield Row("  messages that count", flood.heard, at_most=heard)


async def _flood(way: ReceiveMode, sender_id: str) -> Flood:
    changes = {"subentries": recipients(1, may_write=True)}
    async with hass_with_account(changes=changes) as (hass, server, entry):
        [instance] = server.instances
        await server.change(instance, receives_messages=True)
        handler = entry.runtime_data.message_handler
        listener = Listener(hass, handler)
        # What only the first message needs is not counted.
        await server.write(1, sender_id)
        await _receive(hass, entry, way)
        await measure_lags(1, is_over=lambda: listener.count > 0)
        await _receive(hass, entry, ReceiveMode.OFF)
        bare = await _bare(hass, server)
        idle = await _idle()
        await server.write(MESSAGES, sender_id)
        memory = in_use()
        forget_peak()
        start, cpu = time.monotonic(), time.process_time()
        await _receive(hass, entry, way)
        lags = await measure_lags(0, is_over=lambda: listener.count > MESSAGES)
        cpu = time.process_time() - cpu - idle * (time.monotonic() - start)
        lags += await measure_lags(SECONDS)
        highest = peak() - memory
        await _receive(hass, entry, ReceiveMode.OFF)
        memory = in_use() - memory
        again = await _again(entry)
        return Flood(cpu, bare, again, highest, memory, lags, listener.heard)


async def _receive(hass: HomeAssistant, entry: ConfigEntry, way: ReceiveMode) -> None:
    """Choose how messages are received, which begins at once."""
    hass.config_entries.async_update_entry(entry, options={CONF_RECEIVE_MESSAGES: way})
    await asyncio.sleep(0)


async def _bare(hass: HomeAssistant, server: Gateway) -> float:
    """Return the CPU time of a bare request, in seconds."""
    url = server.state_url(*server.instances)
    request = bare_request(async_get_clientsession(hass), url)
    cpu = time.process_time()
    for _ in range(REQUESTS):
        await request()
    return (time.process_time() - cpu) / REQUESTS


async def _idle() -> float:
    """Return the CPU time in a second in which nothing is received, in seconds."""
    start, cpu = time.monotonic(), time.process_time()
    await measure_lags(SECONDS)
    return (time.process_time() - cpu) / (time.monotonic() - start)


async def _again(entry: ConfigEntry) -> float:
    """Return the CPU time of a look at messages that are known, in seconds."""
    client, handler = entry.runtime_data.client, entry.runtime_data.message_handler
    cpu = time.process_time()
    for _ in range(LOOKS):
        journal = await client.get_last_incoming(JOURNAL_MINUTES)
        await handler.async_receive(*journal.messages)
    return (time.process_time() - cpu) / LOOKS
