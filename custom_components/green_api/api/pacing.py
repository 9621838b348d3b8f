"""Pace of the requests to GREEN-API.

https://green-api.com/en/docs/api/ratelimiter/
"""

import asyncio
from collections.abc import Mapping
from typing import ClassVar
from weakref import WeakValueDictionary

from .errors import RateLimitedError


class RequestPacer:
    """Space out the requests to each method of each instance.

    The vendor limits them per instance, so all clients in a process that may ask for
    the same instance share one pacer. It measures time with the event loop, which does
    not follow changes of the system clock.
    """

    DEFAULT_SPACING: ClassVar[float] = 1.1
    """Seconds between two requests: 1 per second, and a margin for the network."""

    SPACING: ClassVar[Mapping[str, float]] = {
        "qr": 0.4,
        "sendFileByUpload": 0.022,
        "sendMessage": 0.022,
    }

    PATIENCE: ClassVar[float] = 1
    """Seconds before the end of a hold that are waited for instead of refused."""

    CLEANUP_INTERVAL: ClassVar[float] = 60

    def __init__(self) -> None:
        """Initialize the pacer."""
        self._free_at: dict[tuple[str, str], float] = {}
        self._held_until: dict[str, float] = {}
        self._cleaned_up_at = 0.0
        # A lock exists for as long as somebody waits for it.
        self._locks = WeakValueDictionary[tuple[str, str], asyncio.Lock]()
        self._orders = WeakValueDictionary[tuple[str, str], asyncio.Lock]()

    async def wait_turn(self, instance_id: str, method: str) -> None:
        """Wait until a method may be called again, and take that turn.

        A waiter that is cancelled takes no turn. Raise `RateLimitedError` while the
        instance is on hold.
        """
        key = (instance_id, method)
        self._clean_up()
        self._check_hold(instance_id)
        async with self._locks.setdefault(key, asyncio.Lock()):
            await self._sleep_until(self._free_at.get(key, 0))
            await self._sleep_until(self._check_hold(instance_id))
            self._free_at[key] = self._now + self.SPACING.get(
                method, self.DEFAULT_SPACING
            )

    def in_order(self, instance_id: str, method: str) -> asyncio.Lock:
        """Return the lock of requests that must not overtake each other."""
        return self._orders.setdefault((instance_id, method), asyncio.Lock())

    def hold(self, instance_id: str, seconds: float) -> None:
        """Refuse all requests for an instance for some time."""
        self._held_until[instance_id] = max(
            self._held_until.get(instance_id, 0), self._now + seconds
        )

    @property
    def _now(self) -> float:
        """Return the time of the event loop."""
        return asyncio.get_running_loop().time()

    def _check_hold(self, instance_id: str) -> float:
        """Return when the hold of an instance ends; raise if that takes too long."""
        held_until = self._held_until.get(instance_id, 0)
        seconds = held_until - self._now
        if seconds > self.PATIENCE:
            raise RateLimitedError(seconds)
        return held_until

    async def _sleep_until(self, time: float) -> None:
        """Sleep until a time of the event loop."""
        if (delay := time - self._now) > 0:
            await asyncio.sleep(delay)

    def _clean_up(self) -> None:
        """Remove what is over."""
        now = self._now
        if now < self._cleaned_up_at + self.CLEANUP_INTERVAL:
            return
        self._cleaned_up_at = now
        self._free_at = _after(now, self._free_at)
        self._held_until = _after(now, self._held_until)


def _after[K](time: float, times: Mapping[K, float]) -> dict[K, float]:
    """Return the times that are still to come."""
    return {key: each for key, each in times.items() if each > time}
