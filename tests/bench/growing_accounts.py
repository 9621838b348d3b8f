"""What 1 to 1,000 accounts of one server cost."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
import resource
from statistics import quantiles
from typing import Final

from .clock import MINUTE, advancing_clock, cpu_of_minute
from .growth_table import Growth, amount
from .hass import house, run, set_up
from .lags import measure_lags
from .memory import forget_peak, in_use, peak

NONE: Final = 0
MINUTES: Final = {NONE: 10, 1: 10, 10: 10, 100: 3, 1000: 1}
"""Minutes of polls that are measured, by the number of accounts."""
LAG_SECONDS: Final = 5
SETTLED: Final = 3
"""Minutes after which the connections that only the start needed are closed."""


@dataclass(frozen=True, slots=True)
class Load:
    """The load of a number of accounts."""

    cpu: float
    """CPU time per minute in seconds, besides that without accounts."""
    memory: float
    """Memory in use in KiB, besides that without accounts."""
    peak: float
    """The same at its peak during the start."""
    handshakes: int
    """Handshakes of the start."""
    connections: int
    """Open connections after some minutes."""
    lag: float
    """How late the event loop is in 1 of 100 cases, in seconds."""


def measure(processes: ProcessPoolExecutor) -> Growth:
    """Measure each number of accounts."""
    loads = dict(zip(MINUTES, processes.map(load, MINUTES), strict=True))
    none = loads.pop(NONE)
    named = {amount(count, "account"): load for count, load in loads.items()}
    return {
        "CPU time in a minute": (
            "ms",
            {of: 1000 * it.cpu for of, it in named.items()},
        ),
        "memory": ("KiB", {of: it.memory for of, it in named.items()}),
        "peak memory of the start": (
            "KiB",
            {of: it.peak for of, it in named.items()},
        ),
        "handshakes of the start": (
            "",
            {of: it.handshakes for of, it in named.items()},
        ),
        f"open connections after {SETTLED} minutes": (
            "",
            {of: it.connections for of, it in named.items()},
        ),
        "lag of the event loop, 99 of 100": (
            "ms",
            {of: 1000 * it.lag for of, it in {"no account": none, **named}.items()},
        ),
    }


def load(count: int) -> Load:
    """Measure the load of a number of accounts."""
    # At the start, each account opens a connection.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return run(partial(_load, count))


async def _load(count: int) -> Load:
    async with house(count) as (hass, server):
        with advancing_clock(hass, server) as clock:
            idle = await cpu_of_minute(clock, MINUTES[NONE])
        before = in_use()
        forget_peak()
        await set_up(hass)
        started = await server.counts()
        lags = await measure_lags(LAG_SECONDS)
        with advancing_clock(hass, server) as clock:
            await clock.let_pass(SETTLED * MINUTE)
            connections = (await server.counts()).open
            peak_of_start, memory = peak(), in_use()
            busy = await cpu_of_minute(clock, MINUTES[count])
    return Load(
        busy - idle,
        memory - before,
        peak_of_start - before,
        started.handshakes,
        connections,
        quantiles(lags, n=100)[-1],
    )
