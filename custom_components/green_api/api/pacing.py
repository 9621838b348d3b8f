"""Pacing of the requests to GREEN-API.

https://green-api.com/en/docs/api/ratelimiter/
"""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import ClassVar

from .errors import RateLimitedError
from .methods import Method


@dataclass(slots=True)
class _Queue:
    """The requests that wait for their turn to call a method of an instance."""

    patience: float
    """Maximum remaining seconds of a hold for which a request waits."""

    free_at: float
    held_until: float = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def wait(self) -> float:
        """Return the seconds until the next request, not positive if it may be made.

        Raises `RateLimitedError` if the method is on hold for longer than `patience`.
        """
        now = asyncio.get_running_loop().time()
        if (held_for := self.held_until - now) > self.patience:
            raise RateLimitedError(held_for)
        return max(held_for, self.free_at - now)


class RequestPacer:
    """Space out the requests to each method of each instance.

    The vendor limits requests per instance, so all clients in a process that may call
    the same instance share one pacer. It measures time in seconds of the event loop,
    which changes of the system clock do not affect. Instances are identified by their
    server as well: a hold that one server demands does not affect requests to another
    one.

    Requests to most methods are made one at a time, and the pause starts with the
    response. GREEN-API counts from the arrival of a request, and a request that opens a
    connection may take longer to arrive than the next one. Messages do not wait for
    each other, and requests that nobody is waiting for let them go first.

    https://green-api.com/en/docs/api/ratelimiter/
    """

    DEFAULT_SPACING: ClassVar[float] = 1.1
    """Seconds between two requests: the limit of 1 per second, and a margin."""

    SHORT_SPACING: ClassVar[float] = 0.022
    """The same for the limit of 50 per second."""

    LONGEST_YIELD: ClassVar[float] = 10
    """Maximum seconds for which requests let messages go first."""

    DEFAULT_PATIENCE: ClassVar[float] = 1
    """Maximum remaining seconds of a hold for which a request waits."""

    MESSAGE_PATIENCE: ClassVar[float] = 10
    """The same for messages."""

    CLEANUP_INTERVAL: ClassVar[float] = 60

    def __init__(self) -> None:
        """Initialize the pacer."""
        self._queues: dict[tuple[str, Method], _Queue] = {}
        self._messages: dict[str, list[asyncio.Event]] = {}
        self._cleaned_up_at = 0.0

    @contextmanager
    def message_first(self, instance: str) -> Generator[None]:
        """Let requests that can wait do so while a message is being prepared.

        Otherwise, they would use the connection that is opened or checked for it. The
        message has to be sent at once afterwards.
        """
        messages = self._messages.setdefault(instance, [])
        messages.append(is_ready := asyncio.Event())
        try:
            yield
        finally:
            is_ready.set()
            messages.remove(is_ready)
            if not messages:
                del self._messages[instance]

    @asynccontextmanager
    async def turn(self, instance: str, method: Method) -> AsyncGenerator[None]:
        """Wait until a method of an instance may be called.

        A waiter that is canceled uses no turn. Raises `RateLimitedError` if the method
        is on hold for longer than requests wait.
        """
        spacing = self.SHORT_SPACING if method.is_frequent else self.DEFAULT_SPACING
        if method.yields_to_messages and instance in self._messages:
            await self._let_messages_go(instance)
        queue = self._queue(instance, method)
        if queue.lock.locked():
            queue.wait()
        async with queue.lock:
            # The method may be put on hold in the meantime.
            for _ in range(2):
                if (seconds := queue.wait()) <= 0:
                    break
                await asyncio.sleep(seconds)
            try:
                if not method.sends_message:
                    yield
            finally:
                queue.free_at = asyncio.get_running_loop().time() + spacing
        if method.sends_message:
            yield

    def hold(self, instance: str, method: Method, seconds: float) -> None:
        """Refuse all requests to a method of an instance for a number of seconds.

        The vendor limits each method separately: the state can still be polled after
        too many files.
        """
        queue = self._queue(instance, method)
        held_until = asyncio.get_running_loop().time() + seconds
        queue.held_until = max(queue.held_until, held_until)

    async def _let_messages_go(self, instance: str) -> None:
        """Wait until no message of an instance is being prepared."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.LONGEST_YIELD):
                while messages := self._messages.get(instance):
                    await messages[0].wait()

    def _queue(self, instance: str, method: Method) -> _Queue:
        """Return the queue of a method."""
        key = (instance, method)
        if (queue := self._queues.get(key)) is None:
            now = asyncio.get_running_loop().time()
            self._clean_up(now)
            patience = (
                self.MESSAGE_PATIENCE if method.sends_message else self.DEFAULT_PATIENCE
            )
            queue = self._queues[key] = _Queue(patience, now)
        return queue

    def _clean_up(self, now: float) -> None:
        """Remove queues and holds that ended long ago, at most once per interval."""
        long_ago = now - self.CLEANUP_INTERVAL
        if self._cleaned_up_at > long_ago:
            return
        self._cleaned_up_at = now
        # A request may take long, or wait for one that does.
        self._queues = {
            key: queue
            for key, queue in self._queues.items()
            if max(queue.free_at, queue.held_until) > long_ago or queue.lock.locked()
        }
