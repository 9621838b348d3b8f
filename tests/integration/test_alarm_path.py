"""Test how many round trips a message takes to a server that is far away."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from yarl import URL

from tests.simulator import Account, Fault, Simulator
from tests.support.deliveries import Deliveries
from tests.support.distance import Distance
from tests.support.entries import entry_of

pytestmark = pytest.mark.paced

ROUND_TRIP: Final = 0.1

OPENING_TRIPS: Final = 2
"""Round trips to open a connection: one each for TCP and for TLS 1.3."""


@pytest.fixture
async def config_entry(
    simulator: Simulator, account: Account
) -> AsyncGenerator[MockConfigEntry]:
    """Return the config entry of an account on a server that is far away."""
    url = URL(simulator.url)
    distance = Distance(ROUND_TRIP, opening_trips=OPENING_TRIPS)
    port = await distance.start("127.0.0.1", url.port or 0)
    yield entry_of(f"{url.with_port(port)}".rstrip("/"), account.instance_id)
    await distance.stop()


@pytest.fixture
async def home(new_home: Deliveries) -> Deliveries:
    """Return an account that was polled some time ago."""
    await new_home.set_up()
    await new_home.time.advance(130)
    return new_home


async def trips(home: Deliveries) -> float:
    """Send a message, and return the round trips until it is accepted."""
    home.start()
    await home.send_now()
    return home.passed / ROUND_TRIP


async def poll(home: Deliveries) -> None:
    """Poll the account."""
    coordinator = home.entry.runtime_data.coordinator
    await home.time.result(asyncio.ensure_future(coordinator.async_refresh()), 1)


def methods(home: Deliveries) -> list[str]:
    """Return the requests since the message was called."""
    return [request.method for request in home.account.requests]


@pytest.mark.parametrize(
    ("age", "expected"),
    [(0, 1), (0.4, 1), (0.6, 3), (1, 3), (1.2, 2), (9, 2), (30, 2), (45, 2)],
)
async def test_after_poll(home: Deliveries, age: float, expected: int) -> None:
    """Test a message some seconds after a poll.

    Between half a second and 1.1 s, a new connection is opened: the old one may be
    closed, and the state cannot be requested again yet.
    """
    await poll(home)
    await home.time.advance(age)
    assert await trips(home) == pytest.approx(expected, abs=0.1)


async def test_queue_is_due(home: Deliveries) -> None:
    """Test that a check of the queue after the poll lets the message go first."""
    home.entry.runtime_data.follow_ups.queue.async_expect_change()
    assert await trips(home) == pytest.approx(2, abs=0.1)
    await home.time.advance(1)
    assert methods(home) == ["getStateInstance", "sendMessage", "getMessagesCount"]


async def test_settings_are_due(home: Deliveries) -> None:
    """Test that a request for the settings lets the message go first."""
    home.entry.runtime_data.settings.known = None
    assert await trips(home) == pytest.approx(2, abs=0.1)
    await home.time.advance(1)
    assert methods(home) == ["getStateInstance", "sendMessage", "getSettings"]


async def test_first_message(new_home: Deliveries) -> None:
    """Test a message as soon as the account is loaded.

    The first poll opens the connection, and everything else lets the message go first.
    """
    await new_home.set_up()
    expected = OPENING_TRIPS + 2
    assert await trips(new_home) == pytest.approx(expected, abs=0.1)
    await new_home.time.advance(1)
    first, second, *later = methods(new_home)
    assert (first, second) == ("getStateInstance", "sendMessage")
    assert sorted(later) == ["getMessagesCount", "getSettings"]


async def test_message_that_hangs(home: Deliveries) -> None:
    """Test that other requests do not wait for the response to a message."""
    home.entry.runtime_data.follow_ups.queue.async_expect_change()
    home.account.faults["sendMessage"] = Fault.HANG
    home.start()
    message = home.send()
    await home.time.advance(1)
    assert methods(home) == ["getStateInstance", "sendMessage", "getMessagesCount"]
    assert (await home.error(message, 15)).translation_key == "maybe_sent"
