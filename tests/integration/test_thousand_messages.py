"""Test that 1,000 messages in a row take a bounded number of objects and requests."""

import asyncio
from collections import Counter
import gc
import json
from typing import Any, Final

import pytest

from custom_components.green_api.const import DOMAIN
from custom_components.green_api.decisions.delivery import MOMENTS, DeliveryWait
from custom_components.green_api.sending.followed import (
    MAX_FOLLOWED,
    RECENT_FOR,
    FollowedMessage,
    SentMessage,
)
from homeassistant.config_entries import RELOAD_AFTER_UPDATE_DELAY
from homeassistant.helpers import entity_registry as er
from homeassistant.util.async_ import get_scheduled_timer_handles
from tests.simulator import Account
from tests.support.deliveries import BOTH, Deliveries
from tests.support.halves import every_other
from tests.support.recipients import ALEX_CHAT, FAMILY_CHAT, sent_messages

pytestmark = pytest.mark.long(34)

MESSAGES: Final = 1000

# Seconds between two of them: one status can be requested each 1.1 seconds.
SECONDS: Final = 1.5

# The most tasks and timers. The simulator keeps each connection for 75 seconds.
TASKS: Final = 200

# The largest size of the stored record in bytes.
STORED: Final = 8000


KINDS: Final = frozenset({DeliveryWait, FollowedMessage, SentMessage})


@pytest.fixture
async def home(new_home: Deliveries, account: Account) -> Deliveries:
    """Return an account with a sensor that follows its messages."""
    account.messages.delay = 0
    await new_home.set_up()
    er.async_get(new_home.hass).async_update_entity(
        "sensor.alex_last_message", disabled_by=None
    )
    await new_home.time.advance(RELOAD_AFTER_UPDATE_DELAY + 1)
    return new_home


async def set_statuses(home: Deliveries, *, are_on: bool, fate: str) -> None:
    """Turn the statuses on or off, and choose what becomes of the messages."""
    home.account.reports_statuses = are_on
    home.account.fates |= {ALEX_CHAT: fate, FAMILY_CHAT: fate}
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.time.settle()
    home.start()


@pytest.fixture
def others() -> dict[int, object]:
    """Return the objects of other tests, which pytest may keep, by ID."""
    gc.collect()
    return {id(it): it for it in gc.get_objects() if type(it) in KINDS}


def counts(others: dict[int, object]) -> Counter[type]:
    """Return the number of objects that were created in this test, by class."""
    gc.collect()
    return Counter(type(it) for it in gc.get_objects() if id(it) not in others)


def assert_bounded(
    home: Deliveries, hass_storage: dict[str, Any], others: dict[int, object]
) -> None:
    """Assert that little is kept, however many messages were sent."""
    objects = counts(others)
    assert objects[FollowedMessage] <= MAX_FOLLOWED
    assert objects[SentMessage] <= RECENT_FOR / SECONDS + 1 + MAX_FOLLOWED
    # An older record may still have one that is over.
    assert objects[DeliveryWait] <= MAX_FOLLOWED + 1
    assert len(home.entry.runtime_data.coordinator.data.waits) <= MAX_FOLLOWED
    assert len(asyncio.all_tasks()) <= TASKS
    timers = get_scheduled_timer_handles(home.hass.loop)
    assert sum(not it.cancelled() for it in timers) <= TASKS
    assert len(json.dumps(hass_storage.get(DOMAIN))) <= STORED


async def send_all(
    home: Deliveries,
    hass_storage: dict[str, Any],
    others: dict[int, object],
    **data: Any,
) -> list[str]:
    """Send the messages, one after the other, and return the statuses."""
    statuses: list[str] = []

    def ended(task: asyncio.Task[dict[str, Any]]) -> None:
        ((_, response),) = task.result().items()
        statuses.append(response.get("status", "not followed"))

    for number in range(MESSAGES):
        task = home.send(BOTH[number % 2], return_errors=True, **data)
        task.add_done_callback(ended)
        del task
        await home.time.advance(SECONDS)
        if number % 100 == 99:
            assert_bounded(home, hass_storage, others)
    return statuses


async def assert_over(
    home: Deliveries, hass_storage: dict[str, Any], others: dict[int, object]
) -> None:
    """Assert that nothing is left of the messages after an hour."""
    await home.time.advance(3600)
    requests = len(home.asked)
    await home.time.advance(3600)
    assert len(home.asked) == requests
    assert_bounded(home, hass_storage, others)
    # The sensor keeps the last one.
    assert counts(others)[FollowedMessage] <= 1
    assert home.entry.runtime_data.coordinator.data.waits == frozenset()
    assert len(sent_messages(home.account)) == MESSAGES


def requests_for(home: Deliveries, method: str) -> int:
    """Return the number of requests."""
    return [it.method for it in home.account.requests].count(method)


@pytest.mark.parametrize(
    ("are_on", "fate"),
    every_other([(True, "delivered"), (True, "sent"), (False, "delivered")]),
)
@pytest.mark.paced
async def test_followed(
    home: Deliveries,
    hass_storage: dict[str, Any],
    others: dict[int, object],
    fate: str,
    *,
    are_on: bool,
) -> None:
    """Test messages that a trigger and a sensor follow."""
    await set_statuses(home, are_on=are_on, fate=fate)
    runs = await home.automation({"entity_id": BOTH})
    statuses = await send_all(home, hass_storage, others)
    is_delivered = are_on and fate == "delivered"
    rounds = MESSAGES * SECONDS / MOMENTS[-1] + 1
    limit = 2 * MESSAGES if is_delivered else MAX_FOLLOWED * len(MOMENTS) * rounds
    assert statuses == ["not followed"] * MESSAGES
    assert MAX_FOLLOWED < len(home.asked) <= limit
    await assert_over(home, hass_storage, others)
    is_late = are_on and fate == "sent"
    assert len(runs) == (MESSAGES if is_late else 0)
    assert requests_for(home, "getSettings") <= 4


@pytest.mark.parametrize(
    ("are_on", "fate", "expected"),
    every_other(
        [
            (True, "delivered", {"delivered"}),
            (True, "sent", {"sent", "unknown"}),
            (False, "delivered", {"unknown"}),
        ]
    ),
)
@pytest.mark.paced
async def test_waited_for(
    home: Deliveries,
    hass_storage: dict[str, Any],
    others: dict[int, object],
    fate: str,
    expected: set[str],
    *,
    are_on: bool,
) -> None:
    """Test messages whose delivery is waited for."""
    await set_statuses(home, are_on=are_on, fate=fate)
    statuses = await send_all(home, hass_storage, others, confirm_within={"minutes": 5})
    await assert_over(home, hass_storage, others)
    assert len(statuses) == MESSAGES
    assert {*statuses} == expected
