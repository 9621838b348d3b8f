"""Test what is heard while an account reloads, permissions change and requests fail."""

from dataclasses import dataclass, field
from random import Random
from typing import Final

import pytest

from tests.simulator import Fault
from tests.support.receiving import (
    BOTH_WAYS,
    RECEIVING_METHODS,
    SAM_CHAT,
    STRANGER,
    Receiving,
)
from tests.support.recipients import ALEX_CHAT, FAMILY_CHAT

pytestmark = pytest.mark.long(8)

STEPS: Final = 40
SEEDS: Final = 16

# Seconds for which requests fail at most. Messages of the last five minutes are heard,
# and after several failures in a row, the next request may be a minute later.
OUTAGE: Final = 150

# Seconds after which everything was heard that will be.
AT_LAST: Final = 300

FAULTS: Final = (
    *(Fault.BAD_GATEWAY, Fault.RESET_AFTER_HEADERS, Fault.HANG, Fault.NOT_JSON),
    *(Fault.RATE_LIMITED, Fault.SERVER_ERROR, Fault.TRUNCATED_BODY),
)
# Seconds within which an account is unloaded while a message is passed on.
UNLOADS_WITHIN: Final = 1

SENDERS: Final = (ALEX_CHAT, ALEX_CHAT, SAM_CHAT, SAM_CHAT, STRANGER)


@dataclass
class Walk:
    """Random steps of an account, and which messages were written meanwhile."""

    home: Receiving
    random: Random
    written: int = 0
    expected: set[str] = field(default_factory=set)
    """The texts of the messages that have to be heard."""

    possible: set[str] = field(default_factory=set)
    """The texts of those that may be heard: the permission ended soon afterward."""

    by_sam: set[str] = field(default_factory=set)
    """The texts that Sam has written since their permission began."""

    sam_may_write: bool = False
    failing_since: float | None = None

    async def take(self) -> None:
        """Take a step, and let some time pass."""
        steps = (self.write, self.write, self.write, self.permit, self.disturb)
        await self.random.choice(steps)()
        await self.home.time.advance(self.random.choice((0, 1, 1, 5, 20, 40)))
        now = self.home.time.now
        if self.failing_since is not None and now > self.failing_since + OUTAGE / 2:
            self.end_outage()

    async def write(self) -> None:
        """Write a message to the account, or in a group."""
        self.written += 1
        text, sender_id = f"Message {self.written}", self.random.choice(SENDERS)
        self.home.write(
            text, sender_id, chat_id=self.random.choice((sender_id, FAMILY_CHAT))
        )
        if sender_id == ALEX_CHAT:
            self.expected.add(text)
        if sender_id == SAM_CHAT and self.sam_may_write:
            self.by_sam.add(text)

    async def permit(self) -> None:
        """Let Sam write, or end their permission."""
        # The server says when a message was sent in whole seconds.
        await self.home.time.advance(1)
        self.sam_may_write = not self.sam_may_write
        self.home.let_write("Sam", may_write=self.sam_may_write)
        self.possible |= self.by_sam
        self.by_sam.clear()
        await self.home.time.advance(1)

    async def disturb(self) -> None:
        """Do what must not make a difference."""
        disturbances = (self.reload, self.change_mode, self.fail, self.renumber)
        await self.random.choice(disturbances)()

    async def reload(self) -> None:
        """Reload the account, which may have to wait for a message to be stored."""
        hass, entry = self.home.hass, self.home.entry
        reload = hass.config_entries.async_reload(entry.entry_id)
        task = hass.async_create_task(reload)
        await self.home.time.result(task, UNLOADS_WITHIN)

    async def change_mode(self) -> None:
        """Receive messages in another way."""
        self.home.choose(self.random.choice(BOTH_WAYS))

    async def fail(self) -> None:
        """Let the requests for messages fail for a while."""
        if self.failing_since is None:
            self.failing_since = self.home.time.now
        methods = [it for it in RECEIVING_METHODS if self.random.random() < 0.7]
        fault = self.random.choice(FAULTS)
        self.home.account.faults = dict.fromkeys(sorted(methods), fault)

    async def renumber(self) -> None:
        """Give all notifications other numbers, like a restart of the server."""
        self.home.account.incoming.notifications.renumber()

    def end_outage(self) -> None:
        """Let all requests succeed again."""
        self.home.account.faults = {}
        self.failing_since = None


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_walk(home: Receiving, seed: int) -> None:
    """Test that each message that counts is heard once, and nothing else is."""
    walk = Walk(home, Random(seed))  # noqa: S311
    await home.set_up(walk.random.choice(BOTH_WAYS))
    heard: list[str] = []
    home.on_run = lambda: heard.append(home.runs[-1]["text"])
    for _ in range(STEPS):
        await walk.take()
    walk.end_outage()
    await home.time.advance(AT_LAST)

    assert len(heard) == len({*heard})
    assert walk.expected | walk.by_sam <= {*heard}
    assert {*heard} <= walk.expected | walk.by_sam | walk.possible
