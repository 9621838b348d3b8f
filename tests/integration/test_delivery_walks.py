"""Test deliveries while accounts and automations reload and the server fails."""

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import pytest

from custom_components.green_api.sending.followed import RECENT_FOR
from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from tests.simulator import Account, Fault
from tests.support.deliveries import BOTH, Deliveries, Runs
from tests.support.recipients import sent_messages

pytestmark = pytest.mark.long(9)

STEPS: Final = 30
HOUR: Final = 3600

# How long a message may take until the automation runs, and the action ends.
TRIGGERS_AFTER: Final = 240
CONFIRM_WITHIN: Final = 90

GOOD_WORDS: Final = frozenset({"delivered", "read"})
WORDS: Final = (
    *("pending", "sent", "sent", "delivered", "read"),
    *("noAccount", "notInGroup", "yellowCard", "failed", "someFutureStatus"),
)
FAULTS: Final = (None, None, Fault.BAD_GATEWAY, Fault.HANG, Fault.NOT_JSON)


@dataclass
class Walk:
    """Random steps of an account with an automation, and what was seen."""

    home: Deliveries
    random: Random
    runs: Runs = field(default_factory=list)
    tasks: list[asyncio.Task[dict[str, Any]]] = field(default_factory=list)
    words: dict[str, set[str]] = field(default_factory=dict)
    """The words that the server may have reported, by message ID."""

    lost: set[str] = field(default_factory=set)
    """The messages that no automation follows any more."""

    async def take(self) -> None:
        """Take a step, and let some time pass."""
        steps = (self.send, self.send, self.change, self.reload, self.toggle, self.fail)
        await self.random.choice(steps)()
        await self.home.time.advance(self.random.choice((0, 1, 5, 20, 70)))

    async def send(self) -> None:
        """Send a message, whose delivery may be waited for."""
        within = self.random.choice(({}, {"confirm_within": CONFIRM_WITHIN}))
        task = self.home.send(self.random.choice(BOTH), return_errors=True, **within)
        self.tasks.append(task)
        await self.home.time.advance(1)
        self.words = {it.id: self.words.get(it.id, {"sent"}) for it in self.messages}
        for it in self.messages:
            self.home.account.words.setdefault(it.id, "sent")

    async def change(self) -> None:
        """Change what the server reports about a message."""
        if self.words:
            message_id = self.random.choice([*self.words])
            word = self.random.choice(WORDS)
            self.home.account.words[message_id] = word
            self.words[message_id].add(word)

    async def reload(self) -> None:
        """Reload the account."""
        await self.home.hass.config_entries.async_reload(self.home.entry.entry_id)

    async def toggle(self) -> None:
        """Turn the automation off and on, as a reload does."""
        now = self.home.time.now
        self.lost |= {it.id for it in self.messages if now - it.at > RECENT_FOR - 1}
        for service in ("turn_off", "turn_on"):
            await self.home.hass.services.async_call(
                AUTOMATION_DOMAIN,
                service,
                {"entity_id": "automation.runs", "stop_actions": False}
                if service == "turn_off"
                else {"entity_id": "automation.runs"},
                blocking=True,
            )

    async def fail(self) -> None:
        """Let the requests for statuses fail from now on, or not any more."""
        fault = self.random.choice(FAULTS)
        self.home.account.faults = {} if fault is None else {"getMessage": fault}

    @property
    def messages(self) -> list[Any]:
        """The messages that the server has accepted."""
        return list(self.home.account.messages)


@pytest.fixture
async def home(new_home: Deliveries, account: Account) -> Deliveries:
    """Return an account that reports statuses."""
    account.reports_statuses = True
    account.messages.delay = 0
    await new_home.set_up()
    return new_home


@pytest.mark.parametrize("seed", range(20))
async def test_walk(home: Deliveries, seed: int) -> None:
    """Test that each message is sent once, reported once at most, and ends."""
    walk = Walk(home, Random(seed))  # noqa: S311
    walk.runs = await home.automation(
        {"entity_id": BOTH}, **{"for": {"seconds": TRIGGERS_AFTER}}
    )
    for _ in range(STEPS):
        await walk.take()
    home.account.faults = {}
    await home.time.advance(TRIGGERS_AFTER + CONFIRM_WITHIN)
    requests = len(home.asked)
    await home.time.advance(HOUR)

    assert len(home.asked) == requests
    assert all(it.done() for it in walk.tasks)
    assert home.entry.runtime_data.coordinator.data.waits == frozenset()
    assert len(sent_messages(home.account)) == len(walk.tasks) == len(walk.words)
    reported = [it["message_id"] for it in walk.runs]
    assert len(reported) == len({*reported})
    outcomes = [it for task in walk.tasks for it in task.result().values()]
    for outcome in outcomes:
        assert_true(outcome, walk.words[outcome["message_id"]])
    for run in walk.runs:
        assert run["status"] not in {"delivered", "read"}
    never_delivered = {
        message_id for message_id, words in walk.words.items() if not words & GOOD_WORDS
    }
    assert never_delivered - walk.lost <= {*reported}


def assert_true(outcome: dict[str, Any], words: set[str]) -> None:
    """Assert that the response of an action is what the server has reported."""
    is_confirmed = outcome.get("status") in {"delivered", "read"}
    assert is_confirmed == ("status" in outcome and "error" not in outcome)
    assert not is_confirmed or words & GOOD_WORDS
