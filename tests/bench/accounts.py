"""Many accounts in one Home Assistant: CPU time, memory, spread of polls, and lag."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
import gc
from pathlib import Path
from statistics import median
import sys
import time
from typing import Final

from .gateway import gateway
from .hass import run, running_hass, set_up
from .lags import measure_lags, percentile_99
from .memory import resident
from .processes import fresh_processes
from .table import Row

COUNTS: Final = (0, 1, 100, 1000)
NONE, ONE, SOME, MANY = COUNTS

BARE: Final = "bare"
"""The integration in the folder `reference`."""

MINUTE: Final = 60
SETTLED: Final = 15
"""Seconds after which Home Assistant has stored the changes of the setup."""
MARGIN: Final = 2
"""Seconds by which a poll may be late."""


@dataclass(frozen=True, slots=True)
class Load:
    """The measured load of a number of accounts."""

    cpu: float
    """CPU time per minute, in seconds."""
    memory: float
    """Resident memory, in KiB."""
    peak: float
    """Polls in the busiest second, as a multiple of the mean."""
    lags: tuple[float, ...]
    """How late the event loop was, in seconds."""


def measure() -> list[Row]:
    """Measure each number of accounts in its own process."""
    with fresh_processes() as processes:
        loads = dict(zip(COUNTS, processes.map(load, COUNTS), strict=True))
        bare = dict(
            zip((SOME, MANY), processes.map(bare_memory, (SOME, MANY)), strict=True)
        )
    return [*_cpu(loads), *_memory(loads, bare), *_peaks(loads), *_lags(loads)]


def _cpu(loads: Mapping[int, Load]) -> list[Row]:
    """Return the CPU time per account, by the number of accounts."""
    cpu = {
        count: (loads[count].cpu - loads[NONE].cpu) / count
        for count in (ONE, SOME, MANY)
    }
    return [
        *(
            Row(f"accounts: CPU time of one in a minute, of {count}", 1000 * of, "ms")
            for count, of in cpu.items()
        ),
        Row(
            f"accounts: CPU time of one, of {MANY} against {SOME}",
            cpu[MANY] / cpu[SOME],
            "x",
            at_most=1,
        ),
    ]


def _memory(loads: Mapping[int, Load], bare: Mapping[int, float]) -> list[Row]:
    """Return the memory per account, and how much of it is the integration's own."""
    total = (loads[MANY].memory - loads[SOME].memory) / (MANY - SOME)
    entities_only = (bare[MANY] - bare[SOME]) / (MANY - SOME)
    return [
        Row("accounts: memory of one", total, "KiB"),
        Row("  of such a device and entities alone", entities_only, "KiB"),
        Row("  the integration's own", total - entities_only, "KiB", at_most=64),
    ]


def _peaks(loads: Mapping[int, Load]) -> list[Row]:
    """Return how evenly the polls are spread."""
    return [
        Row(
            f"accounts: busiest second against the mean, of {count}",
            loads[count].peak,
            "x",
            at_most=3,
        )
        for count in (SOME, MANY)
    ]


def _lags(loads: Mapping[int, Load]) -> list[Row]:
    """Return how late the event loop is."""
    return [
        Row(f"accounts: lag of the event loop, {name}, {count}", 1000 * of(lags), "ms")
        for name, of in (
            ("median", median),
            ("99 of 100", percentile_99),
            ("worst", max),
        )
        for count, lags in ((count, loads[count].lags) for count in COUNTS)
    ]


def load(count: int) -> Load:
    """Measure the load of a number of accounts; this takes more than two minutes."""
    return run(partial(_load, count))


async def _load(count: int) -> Load:
    async with gateway(count) as server, running_hass(server) as hass:
        await set_up(hass)
        set_up_at = time.monotonic()
        await asyncio.sleep(SETTLED)
        lags = await measure_lags(MINUTE + MARGIN - SETTLED)
        first = await server.polls(since=set_up_at)
        gc.collect()
        memory = resident()
        start, cpu = time.monotonic(), time.process_time()
        await asyncio.sleep(MINUTE)
        cpu = time.process_time() - cpu
        peak = max(
            _peak_ratio(first, count),
            _peak_ratio(await server.polls(since=start), count),
        )
    return Load(cpu, memory, peak, lags)


def bare_memory(count: int) -> float:
    """Return the memory of a Home Assistant with as many devices and entities, in KiB.

    They do nothing: this is the memory that Home Assistant itself needs.
    """
    return run(partial(_bare_memory, count))


async def _bare_memory(count: int) -> float:
    sys.path.append(str(Path(__file__).with_name("reference")))
    async with gateway(count) as server, running_hass(server, BARE) as hass:
        await set_up(hass, BARE)
        await asyncio.sleep(SETTLED)
        gc.collect()
        return resident()


def _peak_ratio(polls: list[float], count: int) -> float:
    """Return the polls in the busiest second, as a multiple of the mean."""
    seconds = Counter(int(poll - polls[0]) for poll in polls)
    return max(seconds.values(), default=0) * MINUTE / max(count, 1)
