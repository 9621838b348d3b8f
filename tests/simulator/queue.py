"""The message queue of an account."""

from collections import deque
from dataclasses import dataclass
import itertools
import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .wire import Json

# Seconds after which an undelivered message is lost.
LIFE = 24 * 3600.0

# The minimum delay of a file, in seconds.
FILE_SECONDS = 5.0


@dataclass(frozen=True)
class Message:
    """An accepted message; `at` is a monotonic time in seconds."""

    id: str
    method: str
    body: dict[str, Json]
    at: float

    @property
    def is_file(self) -> bool:
        """Whether it is a file."""
        return self.method.startswith("sendFile")


class MessageQueue:
    """A queue that delivers one message after each delay while the account can send.

    There are no timers: call `pass_time` before accessing the messages.
    """

    def __init__(self) -> None:
        """Initialize an empty queue."""
        self.delay = 3.0
        self.stuck = False
        self.waiting: deque[Message] = deque()
        self.delivered: list[Message] = []
        self.lost: list[Message] = []
        self.left_at: dict[str, float] = {}
        self._free_since = -math.inf
        self._numbers = itertools.count()

    def __iter__(self) -> Iterator[Message]:
        """Return an iterator over all messages: waiting, delivered and lost."""
        return itertools.chain(self.waiting, self.delivered, self.lost)

    def add(self, message: Message) -> None:
        """Add a message; one that quotes an unknown message is lost."""
        quoted = message.body.get("quotedMessageId")
        is_lost = quoted is not None and quoted not in [it.id for it in self]
        (self.lost if is_lost else self.waiting).append(message)

    def fill(self, count: int) -> None:
        """Replace the queue by a number of messages that are not delivered."""
        self.clear()
        self.stuck = count > 0
        self.waiting.extend(self._samples(count))

    def clear(self) -> None:
        """Remove all waiting messages."""
        self.stuck = False
        self.waiting.clear()

    def pass_time(self, until: float, *, sending: bool) -> None:
        """Deliver what is due until a time, if `sending`, and drop what has expired."""
        while sending and not self.stuck and self.waiting:
            due = self._due(self.waiting[0])
            if due > until:
                break
            self._free_since = due
            message = self.waiting.popleft()
            expired = due - message.at > LIFE
            (self.lost if expired else self.delivered).append(message)
            if not expired:
                self.left_at[message.id] = due
        if self.stuck or not sending:
            self._free_since = until
        while self.waiting and until - self.waiting[0].at > LIFE:
            self.lost.append(self.waiting.popleft())

    def _due(self, message: Message) -> float:
        """Return when the next message is delivered."""
        pause = max(self.delay, FILE_SECONDS) if message.is_file else self.delay
        return max(self._free_since, message.at) + pause

    def _samples(self, count: int) -> Iterator[Message]:
        """Yield sample messages."""
        body: dict[str, Json] = {
            "chatId": "79001234568@c.us",
            "message": "Hi",
            "linkPreview": True,
        }
        for number in itertools.islice(self._numbers, count):
            yield Message(
                f"BAE5F4886F6F{number:04X}", "sendMessage", body, time.monotonic()
            )
