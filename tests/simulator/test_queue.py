"""Test the message queue of the simulated GREEN-API."""

import time

from freezegun.api import FrozenDateTimeFactory
import pytest

from .account import Account
from .queue import LIFE, Message, MessageQueue


def message(name: str, at: float, method: str = "sendMessage") -> Message:
    """Return a message."""
    return Message(name, method, {}, at)


def names(messages: object) -> str:
    """Return the names of messages as one text."""
    return "".join(it.id for it in messages)


@pytest.fixture
def queue() -> MessageQueue:
    """Return a queue with three messages of the same time."""
    queue = MessageQueue()
    for name in "abc":
        queue.add(message(name, 100))
    return queue


@pytest.mark.parametrize(
    ("until", "delivered"), [(102, ""), (103, "a"), (106, "ab"), (109, "abc")]
)
def test_one_message_after_each_delay(
    queue: MessageQueue, until: float, delivered: str
) -> None:
    """Messages are delivered in order, one after each delay."""
    queue.pass_time(until, sending=True)
    assert names(queue.delivered) == delivered
    assert names(queue.waiting) == "abc".removeprefix(delivered)


def test_nothing_is_delivered_while_the_account_cannot_send(
    queue: MessageQueue,
) -> None:
    """Messages wait, and are then delivered one by one, not all at once."""
    queue.pass_time(1000, sending=False)
    assert names(queue.waiting) == "abc"
    queue.pass_time(1003, sending=True)
    assert names(queue.delivered) == "a"


def test_messages_are_lost_after_a_day(queue: MessageQueue) -> None:
    """Messages that could not be delivered for 24 hours are dropped."""
    queue.pass_time(100 + LIFE, sending=False)
    assert names(queue.lost) == ""
    queue.pass_time(101 + LIFE, sending=False)
    assert names(queue.lost) == "abc"
    assert names(queue.waiting) == ""


def test_queue_that_is_too_long(queue: MessageQueue) -> None:
    """The last of too many messages is lost before it is due."""
    queue.delay = LIFE / 2
    queue.pass_time(100 + 3 * LIFE, sending=True)
    assert (names(queue.delivered), names(queue.lost)) == ("ab", "c")


def test_file_takes_longer() -> None:
    """A file takes at least 5 seconds."""
    queue = MessageQueue()
    queue.delay = 0.5
    queue.add(message("f", 100, "sendFileByUpload"))
    queue.add(message("m", 100))
    queue.pass_time(105.4, sending=True)
    assert names(queue.delivered) == "f"


def test_queue_that_is_stuck(queue: MessageQueue) -> None:
    """A queue that was filled by `fill` keeps its messages until it is cleared."""
    queue.fill(2)
    queue.pass_time(1000, sending=True)
    assert len(queue.waiting) == 2
    queue.clear()
    queue.add(message("d", 1000))
    queue.pass_time(1003, sending=True)
    assert names(queue.delivered) == "d"


def test_queue_follows_the_account(freezer: FrozenDateTimeFactory) -> None:
    """Messages are delivered while the account is authorized."""
    account = Account("1101000001", "token")
    account.boot_seconds = 10
    freezer.tick(1)
    account.reboot()
    for name in "abc":
        account.messages.add(message(name, time.monotonic()))
    freezer.tick(12.9)
    assert account.queue == 3
    freezer.tick(0.1)
    assert account.queue == 2
    account.state = "notAuthorized"
    freezer.tick(100)
    assert account.queue == 2
    assert names(account.waiting) == "bc"
