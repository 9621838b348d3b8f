"""The notifications of an account, which wait until somebody receives them."""

import asyncio
from collections import deque
from dataclasses import dataclass
import itertools
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .wire import Json

# Seconds after which a notification is lost.
LIFE = 24 * 3600.0


@dataclass(frozen=True)
class Notification:
    """A waiting notification; `at` is a monotonic time in seconds."""

    receipt_id: int
    body: dict[str, Json]
    at: float


class NotificationQueue:
    """A queue whose first notification is returned until it is deleted."""

    stuck = False

    def __init__(self) -> None:
        """Initialize an empty queue."""
        self.received = 0
        """How often a notification was returned."""

        self.deleted: list[Notification] = []
        self._waiting: deque[Notification] = deque()
        self._numbers = itertools.count(1)
        self._is_filled = asyncio.Event()

    def __len__(self) -> int:
        """Return the number of waiting notifications."""
        return len(self.waiting)

    @property
    def waiting(self) -> tuple[Notification, ...]:
        """The waiting notifications, the oldest first."""
        oldest = time.monotonic() - LIFE
        while self._waiting and self._waiting[0].at < oldest:
            self._waiting.popleft()
        return tuple(self._waiting)

    @property
    def head(self) -> Notification | None:
        """The first notification, None if there is none."""
        return next(iter(self.waiting), None)

    def add(self, body: dict[str, Json]) -> None:
        """Add a notification."""
        number = next(self._numbers)
        self._waiting.append(Notification(number, body, time.monotonic()))
        self._is_filled.set()

    def delete(self, receipt_id: int) -> bool:
        """Delete the first notification, and return whether it is this one."""
        head = self.head
        if head is None or head.receipt_id != receipt_id:
            return False
        if not self.stuck:
            self.deleted.append(self._waiting.popleft())
        return True

    def renumber(self) -> None:
        """Give all notifications other receipt IDs, like a restart of the server."""
        waiting = self.waiting
        self._waiting.clear()
        for each in waiting:
            self._waiting.append(Notification(next(self._numbers), each.body, each.at))

    def clear(self) -> None:
        """Remove all notifications."""
        self._waiting.clear()

    async def wait(self, seconds: float) -> None:
        """Wait until there may be a notification, or for a number of seconds."""
        self._is_filled.clear()
        if self._waiting:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._is_filled.wait()
        except TimeoutError:
            pass
