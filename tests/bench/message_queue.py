"""The cost of polling the queue of an account, in addition to its state."""

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
from .hass import hass_with_account, run
from .table import Row

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)


def measure() -> list[Row]:
    """Measure polls of an empty queue and of one that is not empty."""
    return run(_measure)


async def _measure() -> list[Row]:
    async with hass_with_account() as (_, server, entry):
        poll = entry.runtime_data.coordinator.async_refresh
        queue_poll = entry.runtime_data.follow_ups.queue.async_check
        polls, queue_polls = await cpu_times(poll, queue_poll)
        requests_per_poll, requests_per_queue_poll = (
            await _requests(server, poll),
            await _requests(server, queue_poll),
        )

        await server.change(*server.instances, queue=3)
        busy_polls, busy_queue_polls = await cpu_times(poll, queue_poll)
        requests_per_busy_queue_poll = await _requests(server, queue_poll)

    def cpu_ratio(
        polls: list[float], queue_polls: list[float], every: timedelta
    ) -> float:
        share = MINUTE / every
        return median(
            1 + share * queue_poll / poll
            for poll, queue_poll in zip(polls, queue_polls, strict=True)
        )

    def hourly_requests(requests_per_queue_poll: float, every: timedelta) -> float:
        return requests_per_poll * (
            HOUR / UPDATE_INTERVAL
        ) + requests_per_queue_poll * (HOUR / every)

    return [
        Row(
            "queue: CPU time of an account with its queue, against its state alone",
            cpu_ratio(polls, queue_polls, QUEUE_INTERVAL),
            "x",
            at_most=1.3,
        ),
        Row(
            "  while messages wait",
            cpu_ratio(busy_polls, busy_queue_polls, BUSY_QUEUE_INTERVAL),
            "x",
        ),
        Row(
            "queue: requests of an account in an hour",
            hourly_requests(requests_per_queue_poll, QUEUE_INTERVAL),
            at_most=72,
        ),
        Row(
            "  while messages wait and their number does not fall",
            hourly_requests(requests_per_busy_queue_poll, BUSY_QUEUE_INTERVAL),
            at_most=180,
        ),
    ]


async def _requests(server: Gateway, action: Action) -> float:
    """Return how many requests an action makes."""
    before = await server.request_count()
    for _ in range(BATCH):
        await action()
    return (await server.request_count() - before) / BATCH
