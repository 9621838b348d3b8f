"""Many accounts in one Home Assistant: CPU time, memory, spread of polls, lag."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
import gc
from pathlib import Path
from statistics import median, quantiles
import sys
import time
from typing import Final

from .gateway import gateway
from .home import home, run, set_up
from .memory import resident
from .processes import fresh_processes
from .table import Row

COUNTS: Final = (0, 1, 100, 1000)
IDLE, ONE, SOME, MANY = COUNTS

BARE: Final = "bare"
"""The integration below the folder `reference`."""

MINUTE: Final = 60
SETTLED: Final = 15
"""Seconds after which Home Assistant has stored what the set-up has changed."""
TICK: Final = 0.01
MARGIN: Final = 2
"""Seconds by which a poll may be late."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a number of accounts costs."""

    cpu: float
    """CPU time of a minute, in seconds."""
    memory: float
    """Resident memory, in KiB."""
    peak: float
    """Polls in the busiest second, of the mean."""
    lags: tuple[float, ...]
    """Seconds that the event loop was late."""


def measure() -> list[Row]:
    """Measure each number of accounts in a process of its own."""
    with fresh_processes() as processes:
        loads = dict(zip(COUNTS, processes.map(load, COUNTS), strict=True))
        bare = dict(
            zip((SOME, MANY), processes.map(bare_memory, (SOME, MANY)), strict=True)
        )
    return [*_cpu(loads), *_memory(loads, bare), *_peaks(loads), *_lags(loads)]


def _cpu(loads: Mapping[int, Load]) -> list[Row]:
    """Return the CPU time that an account costs, by how many there are."""
    cpu = {
        count: (loads[count].cpu - loads[IDLE].cpu) / count
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
    """Return the memory that an account costs, and how much of it is its own."""
    whole = (loads[MANY].memory - loads[SOME].memory) / (MANY - SOME)
    shell = (bare[MANY] - bare[SOME]) / (MANY - SOME)
    return [
        Row("accounts: memory of one", whole, "KiB"),
        Row("  of such a device and entities alone", shell, "KiB"),
        Row("  the integration's own", whole - shell, "KiB", at_most=64),
    ]


def _peaks(loads: Mapping[int, Load]) -> list[Row]:
    """Return how evenly polls are spread."""
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
        for name, of in (("median", median), ("99 of 100", _most), ("worst", max))
        for count, lags in ((count, loads[count].lags) for count in COUNTS)
    ]


def _most(lags: tuple[float, ...]) -> float:
    """Return what 99 of 100 lags are below."""
    return quantiles(lags, n=100)[-1]


def load(count: int) -> Load:
    """Measure what a number of accounts costs; takes more than two minutes."""
    return run(partial(_load, count))


async def _load(count: int) -> Load:
    async with gateway(count) as server, home(server) as hass:
        await set_up(hass)
        set_up_at = time.monotonic()
        await asyncio.sleep(SETTLED)
        lags = await _late(MINUTE + MARGIN - SETTLED)
        first = await server.polls(since=set_up_at)
        gc.collect()
        memory = resident()
        start, cpu = time.monotonic(), time.process_time()
        await asyncio.sleep(MINUTE)
        cpu = time.process_time() - cpu
        peak = max(_peak(first, count), _peak(await server.polls(since=start), count))
    return Load(cpu, memory, peak, lags)


def bare_memory(count: int) -> float:
    """Return the memory of a Home Assistant with as many devices and entities, in KiB.

    Nothing is behind them: that much Home Assistant itself needs.
    """
    return run(partial(_bare_memory, count))


async def _bare_memory(count: int) -> float:
    sys.path.append(str(Path(__file__).with_name("reference")))
    async with gateway(count) as server, home(server, BARE) as hass:
        await set_up(hass, BARE)
        await asyncio.sleep(SETTLED)
        gc.collect()
        return resident()


async def _late(seconds: float) -> tuple[float, ...]:
    """Return how late the event loop was whenever it should have done something."""
    lags = []
    end = time.monotonic() + seconds
    while (due := time.monotonic() + TICK) < end:
        await asyncio.sleep(TICK)
        lags.append(time.monotonic() - due)
    return tuple(lags)


def _peak(polls: list[float], count: int) -> float:
    """Return how many times the mean of a minute fall into the busiest second."""
    seconds = Counter(int(poll - polls[0]) for poll in polls)
    return max(seconds.values(), default=0) * MINUTE / max(count, 1)
