"""Time that passes at once, so that connections are as old as in real life."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import time
from typing import Any, Final
from unittest.mock import patch

from aiohttp import connector

from homeassistant.core import HomeAssistant
from homeassistant.util.async_ import get_scheduled_timer_handles

from .gateway import Gateway

MINUTE: Final = 60

CLOSING: Final = 0.003
"""Seconds in which both ends of a connection have noticed that it is closed."""


class Clock:
    """The time of Home Assistant, of aiohttp and of the gateway.

    It passes as usual, and can be advanced.
    """

    def __init__(self, hass: HomeAssistant, server: Gateway) -> None:
        """Initialize with those whose time it is."""
        self._ahead = 0.0
        self._hass = hass
        self._server = server

    def now(self) -> float:
        """Return the time, in seconds."""
        return time.monotonic() + self._ahead

    async def let_pass(self, seconds: float) -> None:
        """Let time pass from one timer to the next, and what they start end."""
        end = self.now() + seconds
        while (now := self.now()) < end:
            timers = get_scheduled_timer_handles(self._hass.loop)
            due = timers[0].when() if timers else end
            step = max(min(due, end) - now, 0)
            self._server.advance(step)
            self._ahead += step
            # The timers are noticed in one iteration and run in the next one.
            await asyncio.sleep(0)
            await self._hass.async_block_till_done(wait_background_tasks=True)
        await asyncio.sleep(CLOSING)


@contextmanager
def advancing_clock(hass: HomeAssistant, server: Gateway) -> Iterator[Clock]:
    """Replace the time of the event loop by one that can be advanced."""
    clock, loop = Clock(hass, server), hass.loop
    usual: Any = loop.time
    loop.time = clock.now  # type: ignore[method-assign]
    # It measures the age of connections.
    with patch.object(connector, "monotonic", clock.now):
        try:
            yield clock
        finally:
            loop.time = usual  # type: ignore[method-assign]


async def cpu_of_minute(clock: Clock, minutes: int) -> float:
    """Return the CPU time of a minute in seconds, the mean of several."""
    cpu = time.process_time()
    for _ in range(minutes):
        await clock.let_pass(MINUTE)
    return (time.process_time() - cpu) / minutes
