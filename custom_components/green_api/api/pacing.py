"""Pace of the requests to GREEN-API.

https://green-api.com/en/docs/api/ratelimiter/
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from .errors import RateLimitedError


@dataclass(slots=True)
class _Queue:
    """The requests that wait for their turn at one method of one instance."""

    free_at: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class RequestPacer:
    """Make the requests to each method of each instance one by one, and space them out.

    The vendor limits them per instance, so all clients in a process that may ask for
    the same instance share one pacer. It measures time with the event loop, which does
    not follow changes of the system clock.

    The pause begins with the answer. GREEN-API counts from when a request arrives, and
    one that opens a connection may be under way for longer than the next one.
    """

    DEFAULT_SPACING: ClassVar[float] = 1.1
    """Seconds from an answer to the next request: 1 per second, and a margin."""

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
        self._queues: dict[tuple[str, str], _Queue] = {}
        self._held_until: dict[str, float] = {}
        self._cleaned_up_at = 0.0

    @asynccontextmanager
    async def turn(self, instance_id: str, method: str) -> AsyncGenerator[None]:
        """Wait until a method may be called, and keep it from others until it answers.

        A waiter that is cancelled takes no turn. Raise `RateLimitedError` while the
        instance is on hold.
        """
        self._check_hold(instance_id)
        queue = self._queue(instance_id, method)
        async with queue.lock:
            await self._sleep_until(queue.free_at)
            await self._sleep_until(self._check_hold(instance_id))
            try:
                yield
            finally:
                spacing = self.SPACING.get(method, self.DEFAULT_SPACING)
                queue.free_at = self._now + spacing

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
        if held_until := self._held_until.get(instance_id, 0):
            seconds = held_until - self._now
            if seconds > self.PATIENCE:
                raise RateLimitedError(seconds)
        return held_until

    async def _sleep_until(self, time: float) -> None:
        """Sleep until a time of the event loop."""
        if (delay := time - self._now) > 0:
            await asyncio.sleep(delay)

    def _queue(self, instance_id: str, method: str) -> _Queue:
        """Return the queue of a method."""
        key = (instance_id, method)
        if (queue := self._queues.get(key)) is None:
            self._clean_up()
            queue = self._queues[key] = _Queue(self._now)
        return queue

    def _clean_up(self) -> None:
        """Remove queues and holds that ended long ago, once in a while."""
        long_ago = self._now - self.CLEANUP_INTERVAL
        if self._cleaned_up_at > long_ago:
            return
        self._cleaned_up_at = self._now
        # A request may be under way for long, or wait for one that is.
        self._queues = {
            key: queue
            for key, queue in self._queues.items()
            if queue.free_at > long_ago or queue.lock.locked()
        }
        self._held_until = {
            key: time for key, time in self._held_until.items() if time > long_ago
        }
