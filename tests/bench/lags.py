"""How late the event loop is."""

import asyncio
from collections.abc import Callable
from statistics import quantiles
import time
from typing import Final

TICK: Final = 0.01


async def measure_lags(
    seconds: float, *, is_over: Callable[[], bool] = lambda: True
) -> tuple[float, ...]:
    """Return how late the event loop was at each tick, in seconds.

    If something is not over in this time, it is measured until it is.
    """
    lags = []
    end = time.monotonic() + seconds
    while (due := time.monotonic() + TICK) < end or not is_over():
        await asyncio.sleep(TICK)
        lags.append(time.monotonic() - due)
    return tuple(lags)


def percentile_99(lags: tuple[float, ...]) -> float:
    """Return the 99th percentile of lags."""
    return quantiles(lags, n=100, method="inclusive")[-1]
