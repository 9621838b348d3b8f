"""The messages of an account that wait until they can go out."""

from collections import deque
from dataclasses import dataclass
import itertools
import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .wire import Json

LIFE = 24 * 3600.0

# A file takes at least this long, whatever the delay is set to.
FILE_SECONDS = 5.0


@dataclass(frozen=True)
class Message:
    """A message that was accepted; `at` is of the monotonic clock."""

    id: str
    method: str
    body: dict[str, Json]
    at: float

    @property
    def is_file(self) -> bool:
        """Whether it is a file."""
        return self.method.startswith("sendFile")


class MessageQueue:
    """First in, first out: one message after each delay, while the account can send.

    No timer runs: whoever looks lets the time pass first.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self.delay = 3.0
        self.stuck = False
        self.waiting: deque[Message] = deque()
        self.delivered: list[Message] = []
        self.lost: list[Message] = []
        self._free_since = -math.inf
        self._numbers = itertools.count()

    def __iter__(self) -> Iterator[Message]:
        """Yield all messages, whatever became of them."""
        return itertools.chain(self.waiting, self.delivered, self.lost)

    def add(self, message: Message) -> None:
        """Accept a message; one that quotes what nobody has sent never goes out."""
        quoted = message.body.get("quotedMessageId")
        in_vain = quoted is not None and quoted not in [it.id for it in self]
        (self.lost if in_vain else self.waiting).append(message)

    def fill(self, count: int) -> None:
        """Hold this many messages, and let none go."""
        self.clear()
        self.stuck = count > 0
        self.waiting.extend(self._samples(count))

    def clear(self) -> None:
        """Drop all that wait."""
        self.stuck = False
        self.waiting.clear()

    def pass_time(self, until: float, *, sending: bool) -> None:
        """Send what is due until a moment; `sending` is whether anything may be sent."""
        while sending and not self.stuck and self.waiting:
            due = self._due(self.waiting[0])
            if due > until:
                break
            self._free_since = due
            message = self.waiting.popleft()
            expired = due - message.at > LIFE
            (self.lost if expired else self.delivered).append(message)
        if self.stuck or not sending:
            self._free_since = until
        while self.waiting and until - self.waiting[0].at > LIFE:
            self.lost.append(self.waiting.popleft())

    def _due(self, message: Message) -> float:
        """Return when the next message goes out."""
        pause = max(self.delay, FILE_SECONDS) if message.is_file else self.delay
        return max(self._free_since, message.at) + pause

    def _samples(self, count: int) -> Iterator[Message]:
        """Yield messages that nobody has sent."""
        body: dict[str, Json] = {
            "chatId": "79001234568@c.us",
            "message": "Hi",
            "linkPreview": True,
        }
        for number in itertools.islice(self._numbers, count):
            yield Message(
                f"BAE5F4886F6F{number:04X}", "sendMessage", body, time.monotonic()
            )
