"""What 1 to 50 messages at once cost, and 1,000 in a row."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
import gc
from statistics import median
import time
from typing import Final

from .actions import async_send, recipient_entities
from .clock import advancing_clock
from .growth_table import Growth
from .hass import house, recipients, run, set_up_account
from .memory import forget_peak, peak, resident

AT_ONCE: Final = (1, 10, 50)
IN_A_ROW: Final = 1000
ROUNDS: Final = 5
ROUND_TRIP: Final = 0.08
"""Seconds of a round trip to the server, which makes messages at once overlap."""
IDLE: Final = 30
"""Seconds since the last poll."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a number of messages costs."""

    requests: float
    handshakes: float
    cpu: float
    """CPU time, in seconds."""
    memory: float
    """Memory above idle, in KiB."""
    seconds: float


def measure(processes: ProcessPoolExecutor) -> Growth:
    """Measure each number of messages."""
    loads = {
        f"{count} to as many": processes.submit(at_once, count).result()
        for count in AT_ONCE
    }
    row = {
        f"{count:,} to one": processes.submit(in_a_row, count).result()
        for count in (1, IN_A_ROW)
    }
    return {
        f"messages {how}, {what}": (
            unit,
            {of: getattr(it, key) * by for of, it in these.items()},
        )
        for how, these in (("at once", loads), ("in a row", row))
        for what, key, unit, by in (
            ("requests", "requests", "", 1),
            ("handshakes", "handshakes", "", 1),
            ("CPU time", "cpu", "ms", 1000),
            ("memory above idle", "memory", "KiB", 1),
            ("time", "seconds", "s", 1),
        )
    }


def at_once(count: int) -> Load:
    """Measure messages to as many recipients, by one action."""
    return run(partial(_loads, count, 1, ROUND_TRIP))


def in_a_row(count: int) -> Load:
    """Measure messages to one recipient, each once the one before is accepted.

    The server is near: a distance would only make it take longer.
    """
    return run(partial(_loads, 1, count, 0.0))


async def _loads(at_once: int, in_a_row: int, round_trip: float) -> Load:
    """Return the medians of some rounds, of one if there are many messages."""
    changes = {"pref_disable_polling": True, "subentries": recipients(at_once)}
    async with house(round_trip=round_trip, changes=changes) as (hass, server):
        with advancing_clock(hass, server) as clock:
            entry = await set_up_account(hass)
            entities = recipient_entities(hass)
            loads = []
            for _ in range(1 if in_a_row > 1 else ROUNDS):
                await clock.let_pass(IDLE)
                await entry.runtime_data.coordinator.async_refresh()
                await clock.let_pass(IDLE)
                gc.collect()
                forget_peak()
                memory = resident()
                before = await server.counts()
                start, cpu = time.perf_counter(), time.process_time()
                for _ in range(in_a_row):
                    await async_send(hass, *entities)
                cpu = time.process_time() - cpu
                seconds = time.perf_counter() - start
                counts = (await server.counts()).since(before)
                loads.append(
                    Load(
                        sum(counts.requests.values()),
                        counts.handshakes,
                        cpu,
                        peak() - memory,
                        seconds,
                    )
                )
    return Load(
        *(
            median(getattr(it, name) for it in loads)
            for name in ("requests", "handshakes", "cpu", "memory", "seconds")
        )
    )
