"""What a long message queue that stands still costs, and a long contact list."""

import asyncio
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
import gc
import time
from typing import Final

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant

from .clock import MINUTE, advancing_clock, cpu_of_minute
from .growth_table import Growth
from .hass import house, run, set_up_account
from .lags import TICK
from .memory import forget_peak, peak, resident

WAITING: Final = (0, 3, 500)
MINUTES: Final = 20
CONTACTS: Final = (20, 20_000)


@dataclass(frozen=True, slots=True)
class Queue:
    """What an account with a queue costs."""

    cpu: float
    """CPU time per minute in seconds, besides that without the account."""
    requests: float
    """Requests per hour."""


@dataclass(frozen=True, slots=True)
class List:
    """What a list of contacts costs."""

    cpu: float
    """CPU time in seconds, including other threads."""
    seconds: float
    memory: float
    """Memory above idle, in KiB."""
    lag: float
    """How late the event loop is at worst, in seconds."""


def measure(processes: ProcessPoolExecutor) -> Growth:
    """Measure queues and lists."""
    queues = {
        f"{count} messages that stand": processes.submit(queue, count).result()
        for count in WAITING
    }
    lists = {
        f"{count:,} contacts": processes.submit(contacts, count).result()
        for count in CONTACTS
    }
    return {
        "CPU time of an account in a minute": (
            "ms",
            {of: 1000 * (it.cpu) for of, it in queues.items()},
        ),
        "requests of it in an hour": (
            "",
            {of: it.requests for of, it in queues.items()},
        ),
        "dialog with a list, CPU time": (
            "ms",
            {of: 1000 * it.cpu for of, it in lists.items()},
        ),
        "dialog with a list, time": (
            "ms",
            {of: 1000 * it.seconds for of, it in lists.items()},
        ),
        "dialog with a list, memory above idle": (
            "KiB",
            {of: it.memory for of, it in lists.items()},
        ),
        "dialog with a list, worst lag of the event loop": (
            "ms",
            {of: 1000 * it.lag for of, it in lists.items()},
        ),
    }


def queue(waiting: int) -> Queue:
    """Measure an account whose queue stands still."""
    return run(partial(_queue, waiting))


def contacts(count: int) -> List:
    """Measure the dialog that lists the contacts."""
    return run(partial(_contacts, count))


async def _queue(waiting: int) -> Queue:
    async with house() as (hass, server):
        with advancing_clock(hass, server) as clock:
            idle = await cpu_of_minute(clock, MINUTES)
            await set_up_account(hass)
            await server.change(*server.instances, queue=waiting)
            # Until it is certain that the queue stands still.
            await clock.let_pass(MINUTES * MINUTE)
            before = await server.counts()
            busy = await cpu_of_minute(clock, MINUTES)
            requests = (await server.counts()).since(before).requests
    return Queue(busy - idle, sum(requests.values()) * 60 / MINUTES)


async def _contacts(count: int) -> List:
    async with house(contacts=count) as (hass, _):
        entry = await set_up_account(hass)
        gc.collect()
        forget_peak()
        memory = resident()
        worst = asyncio.create_task(_worst_lag())
        await asyncio.sleep(2 * TICK)
        start, cpu = time.perf_counter(), time.process_time()
        await _show_list(hass, entry.entry_id)
        cpu = time.process_time() - cpu
        seconds = time.perf_counter() - start
        await asyncio.sleep(2 * TICK)
        worst.cancel()
        return List(cpu, seconds, peak() - memory, await worst)


async def _show_list(hass: HomeAssistant, entry_id: str) -> None:
    """Open the dialog to add a recipient."""
    flow = await hass.config_entries.subentries.async_init(
        (entry_id, "recipient"), context={"source": SOURCE_USER}
    )
    assert flow["data_schema"], flow
    hass.config_entries.subentries.async_abort(flow["flow_id"])


async def _worst_lag() -> float:
    """Return how late the event loop is at worst until it is canceled, in seconds."""
    worst = 0.0
    with suppress(asyncio.CancelledError):
        while True:
            due = time.monotonic() + TICK
            await asyncio.sleep(TICK)
            worst = max(worst, time.monotonic() - due)
    return worst
