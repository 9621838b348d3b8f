"""The path of an alarm, from the action to a server that is far away."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
import time
from typing import Final

from custom_components.green_api.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .actions import async_send, recipient_entities
from .certificates import own_authority
from .clock import MINUTE, advancing_clock
from .gateway import Gateway
from .hass import house, recipients, run, set_up_account
from .processes import fresh_processes
from .table import Row

ROUND_TRIP: Final = 0.08
"""Seconds of a round trip."""
ROUNDS: Final = 5
STARTS: Final = 3

UNPACED: Final = 0.6
"""Seconds after which a connection may be closed, but the state not requested again."""
PACED: Final = 1.2
"""Seconds after which the state may be requested again."""
AGE: Final = 40
"""Seconds since the last scheduled poll, which is made at the full minute."""
UNPOLLED: Final = 100
"""Seconds after which the server has closed the connection."""

CHANGES: Final = {"subentries": recipients(1)}


@dataclass(frozen=True, slots=True)
class Path:
    """The path of a message."""

    to_request: float
    """Seconds until its request leaves."""
    to_response: float
    """Seconds until the server has accepted it."""
    handshakes: int
    requests: int


def measure() -> list[Row]:
    """Measure messages by the age of the last response."""
    with own_authority(), fresh_processes() as processes:
        return [
            *processes.submit(measure_running).result(),
            *_rows(
                "as soon as the account is loaded",
                [processes.submit(measure_start).result() for _ in range(STARTS)],
            ),
        ]


def measure_running() -> list[Row]:
    """Measure messages of an account that has been polled."""
    return run(_running)


def measure_start() -> Path:
    """Return the path of the first message after a start of Home Assistant."""
    return run(_start)


async def _running() -> list[Row]:
    async with house(round_trip=ROUND_TRIP, changes=CHANGES) as (hass, server):
        with advancing_clock(hass, server) as clock:
            entry = await set_up_account(hass)
            coordinator = entry.runtime_data.coordinator
            queue = entry.runtime_data.follow_ups.queue

            async def path(
                *, since_poll: float | None = None, is_queue_due: bool = False
            ) -> Path:
                """Return the path of a message some seconds after a poll.

                That is the last scheduled one if none are given.
                """
                await server.change(*server.instances, queue=0)
                await clock.let_pass(MINUTE + (AGE - clock.now()) % MINUTE)
                if since_poll is not None:
                    await coordinator.async_refresh()
                    await asyncio.sleep(since_poll)
                if is_queue_due:
                    queue.async_expect_change()
                return await _path(hass, server)

            async def unpolled_path() -> Path:
                """Return the path of a message after polls were missing."""
                await server.change(*server.instances, queue=0)
                await clock.let_pass(MINUTE)
                await coordinator.async_refresh()
                await queue.async_check()
                await clock.let_pass(UNPOLLED)
                return await _path(hass, server)

            rows = [
                *_rows(
                    "at once after a response",
                    [await path(since_poll=0) for _ in range(ROUNDS)],
                    handshakes=0,
                ),
                *_rows(
                    f"{UNPACED} s after a response",
                    [await path(since_poll=UNPACED) for _ in range(ROUNDS)],
                ),
                *_rows(
                    f"{PACED} s after a response",
                    [await path(since_poll=PACED) for _ in range(ROUNDS)],
                    handshakes=0,
                ),
                *_rows(
                    f"{AGE} s after a response",
                    [await path() for _ in range(ROUNDS)],
                    handshakes=0,
                ),
                *_rows(
                    f"{AGE} s after a response, if the queue is due",
                    [await path(is_queue_due=True) for _ in range(ROUNDS)],
                ),
            ]
            hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
            return [
                *rows,
                *_rows(
                    f"{UNPOLLED} s after a response, without polls",
                    [await unpolled_path() for _ in range(ROUNDS)],
                ),
            ]


async def _start() -> Path:
    async with house(round_trip=ROUND_TRIP, changes=CHANGES) as (hass, server):
        await async_setup_component(hass, DOMAIN, {})
        return await _path(hass, server)


async def _path(hass: HomeAssistant, server: Gateway) -> Path:
    """Send a message, and return its path."""
    before, start = await server.counts(), time.monotonic()
    await async_send(hass, *recipient_entities(hass))
    to_response = time.monotonic() - start
    [arrived] = await server.times("sendMessage", since=start)
    counts = (await server.counts()).since(before)
    return Path(
        arrived - ROUND_TRIP / 2 - start,
        to_response,
        counts.handshakes,
        sum(counts.requests.values()),
    )


def _rows(
    when: str, paths: list[Path], *, handshakes: int | None = None
) -> Iterator[Row]:
    """Yield the medians of paths, in round trips."""
    yield Row(
        f"alarm {when}: round trips until its request",
        median(it.to_request for it in paths) / ROUND_TRIP,
    )
    yield Row(
        "  until the response", median(it.to_response for it in paths) / ROUND_TRIP
    )
    yield Row("  handshakes", median(it.handshakes for it in paths), at_most=handshakes)
    yield Row("  requests", median(it.requests for it in paths))
