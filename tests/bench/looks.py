"""What it costs to look at the queue of an account, besides asking for its state."""

from datetime import timedelta
from statistics import median
from typing import Final

from custom_components.green_api.const import (
    BUSY_QUEUE_INTERVAL,
    QUEUE_INTERVAL,
    UPDATE_INTERVAL,
)

from .cpu import BATCH, Action, cpu_times
from .gateway import Gateway
from .home import account, run
from .table import Row

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)


def measure() -> list[Row]:
    """Measure looks at a queue that is empty, and at one that is not."""
    return run(_measure)


async def _measure() -> list[Row]:
    async with account() as (_, server, entry):
        poll = entry.runtime_data.coordinator.async_refresh
        look = entry.runtime_data.queue.async_look
        polls, looks = await cpu_times(poll, look)
        polled, looked = await _requests(server, poll), await _requests(server, look)

        await server.change(*server.instances, queue=3)
        busy_polls, busy_looks = await cpu_times(poll, look)
        busy_looked = await _requests(server, look)

    def against_polls(
        polls: list[float], looks: list[float], every: timedelta
    ) -> float:
        share = MINUTE / every
        return median(
            1 + share * look / poll for poll, look in zip(polls, looks, strict=True)
        )

    def hourly(looked: float, every: timedelta) -> float:
        return polled * (HOUR / UPDATE_INTERVAL) + looked * (HOUR / every)

    return [
        Row(
            "queue: CPU time of an account with looks, against polls alone",
            against_polls(polls, looks, QUEUE_INTERVAL),
            "x",
            at_most=1.3,
        ),
        Row(
            "  while messages wait",
            against_polls(busy_polls, busy_looks, BUSY_QUEUE_INTERVAL),
            "x",
        ),
        Row(
            "queue: requests of an account in an hour",
            hourly(looked, QUEUE_INTERVAL),
            at_most=72,
        ),
        Row(
            "  while messages wait and their number does not fall",
            hourly(busy_looked, BUSY_QUEUE_INTERVAL),
            at_most=180,
        ),
    ]


async def _requests(server: Gateway, action: Action) -> float:
    """Return how many requests an action makes."""
    before = await server.request_count()
    for _ in range(BATCH):
        await action()
    return (await server.request_count() - before) / BATCH
