"""Simulated time, which only tests advance.

The clock of the event loop is frozen together with all others. So its timers, and with
them `asyncio.sleep`, all timeouts of asyncio and aiohttp and everything that Home
Assistant has scheduled, are due when the test has advanced the time far enough. Sockets
and threads are real: they are waited for while the time is frozen.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import math
import threading
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.green_api.const import DOMAIN
from homeassistant.util import dt as dt_util
from homeassistant.util.async_ import get_scheduled_timer_handles

# The number of successive idle rounds of the event loop until it counts as idle: data
# may arrive at the other end of a connection a moment later.
_QUIET_ROUNDS: Final = 12

_MICROSECOND: Final = 1e-6


class SimulatedTime:
    """The simulated time of the running event loop."""

    def __init__(
        self, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Initialize with the running event loop."""
        self._freezer = freezer
        self._monkeypatch = monkeypatch
        self._loop: Any = asyncio.get_running_loop()
        self._threads: set[asyncio.Future[Any]] = set()
        run_in_executor = self._loop.run_in_executor

        def run(*args: Any) -> asyncio.Future[Any]:
            future: asyncio.Future[Any] = run_in_executor(*args)
            self._threads.add(future)
            future.add_done_callback(self._threads.discard)
            return future

        monkeypatch.setattr(self._loop, "run_in_executor", run)

    @property
    def now(self) -> float:
        """The time in seconds."""
        now: float = self._loop.time()
        return now

    async def settle(self) -> None:
        """Run everything that is due, without advancing the time."""
        quiet = 0
        while quiet < _QUIET_ROUNDS:
            await asyncio.sleep(0)
            quiet = 0 if self._loop._ready or self._is_thread_at_work else quiet + 1

    async def advance(
        self, seconds: float, until: Callable[[], bool] = lambda: False
    ) -> None:
        """Advance the time by some seconds, or until a condition holds."""
        end = self.now + seconds
        await self.settle()
        while not until() and self.now < end:
            self._move_to(min(end, self._next_timer()))
            await self.settle()

    def set_clock(self, offset: timedelta) -> None:
        """Set the clock of Home Assistant wrong, and that of the server right."""
        self._monkeypatch.setattr(dt_util, "utcnow", lambda: datetime.now(UTC) + offset)

    async def result[T](self, task: asyncio.Future[T], within: float) -> T:
        """Return the result of a task; fail if it does not end within some seconds."""
        await self.advance(within, task.done)
        if not task.done():
            pytest.fail(f"The task has not ended within {within} s")
        return task.result()

    @property
    def _is_thread_at_work(self) -> bool:
        """Whether a thread of the executor or of the integration is at work."""
        return bool(self._threads) or any(
            thread.name.startswith(DOMAIN) for thread in threading.enumerate()
        )

    def _next_timer(self) -> float:
        """Return when the next timer is due, in seconds."""
        timers = get_scheduled_timer_handles(self._loop)
        return min(
            (timer.when() for timer in timers if not timer.cancelled()),
            default=math.inf,
        )

    def _move_to(self, time: float) -> None:
        """Move all clocks to a time, or just after it; they count microseconds."""
        wait = math.ceil((time - self.now) / _MICROSECOND) + 1
        self._freezer.tick(max(wait, 1) * _MICROSECOND)
