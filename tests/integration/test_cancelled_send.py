"""Cancel tasks that wait for an account; their requests continue."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.const import DOMAIN
from homeassistant.components.button import DOMAIN as BUTTON_DOMAIN, SERVICE_PRESS
from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from tests.simulator import Account, Fault
from tests.support.entities import BUTTON, CONNECTIVITY, REASON, STATE, state_of
from tests.support.helpers import all_called_methods, issue_keys
from tests.support.recipients import (
    ALEX,
    ALEX_CHAT,
    FAMILY,
    FAMILY_CHAT,
    recipient,
    sent_messages,
)
from tests.support.request_interceptor import RequestInterceptor, delay, rate_limit
from tests.support.simulated_time import SimulatedTime

pytestmark = pytest.mark.paced

TEXT: Final = "The door is open."
AGE: Final = 40

type Act = Callable[[HomeAssistant], Awaitable[Any]]


async def notify(hass: HomeAssistant, entity_id: str = ALEX) -> None:
    """Send a message with Home Assistant's own action."""
    await hass.services.async_call(
        NOTIFY_DOMAIN,
        "send_message",
        {"entity_id": entity_id, "message": TEXT},
        blocking=True,
    )


async def send(hass: HomeAssistant, entity_id: str = ALEX) -> None:
    """Send a message with the action of the integration."""
    await hass.services.async_call(
        DOMAIN, "send_message", {"entity_id": entity_id, "message": TEXT}, blocking=True
    )


async def press(hass: HomeAssistant) -> None:
    """Press the button that reboots the instance."""
    await hass.services.async_call(
        BUTTON_DOMAIN, SERVICE_PRESS, {"entity_id": BUTTON}, blocking=True
    )


async def run_script(hass: HomeAssistant) -> None:
    """Run the script that sends a message, or restart it."""
    await hass.services.async_call("script", "alarm", blocking=True)


@pytest.fixture
async def time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> SimulatedTime:
    """Replace the clock with a fake one."""
    return SimulatedTime(freezer, monkeypatch)


@pytest.fixture
def interceptor(monkeypatch: pytest.MonkeyPatch) -> RequestInterceptor:
    """Return a modifier of the server's responses."""
    return RequestInterceptor(monkeypatch)


@pytest.fixture
async def entry(
    hass: HomeAssistant,
    time: SimulatedTime,
    interceptor: RequestInterceptor,
    config_entry: MockConfigEntry,
    account: Account,
) -> MockConfigEntry:
    """Return the entry of an account that was authorized some time ago."""
    config_entry.add_to_hass(hass)
    for name, chat_id in (("Alex", ALEX_CHAT), ("Family", FAMILY_CHAT)):
        hass.config_entries.async_add_subentry(config_entry, recipient(name, chat_id))
    await hass.config_entries.async_setup(config_entry.entry_id)
    action = {
        "action": "notify.send_message",
        "data": {"entity_id": ALEX, "message": TEXT},
    }
    script = {"alarm": {"mode": "restart", "sequence": [action]}}
    assert await async_setup_component(hass, "script", {"script": script})
    await time.advance(AGE)
    account.requests.clear()
    return config_entry


async def cancel(time: SimulatedTime, task: asyncio.Future[Any]) -> None:
    """Cancel a task."""
    task.cancel()
    await time.settle()
    assert task.cancelled()


def assert_available(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Assert that the account is unchanged."""
    assert entry.runtime_data.coordinator.last_update_success
    assert state_of(hass, STATE) == "authorized"
    assert state_of(hass, CONNECTIVITY) == "on"


@pytest.mark.parametrize("act", [notify, send])
async def test_cancelled_poll(
    hass: HomeAssistant,
    time: SimulatedTime,
    interceptor: RequestInterceptor,
    entry: MockConfigEntry,
    account: Account,
    act: Act,
) -> None:
    """Test that a poll that a message has started continues without it."""
    interceptor.intercept(account.instance_id, delay("getStateInstance", 2))
    task = asyncio.ensure_future(act(hass))
    await time.advance(1)
    assert all_called_methods(account) == ["getStateInstance"]
    account.state = "suspended"
    await cancel(time, task)
    assert_available(hass, entry)

    await time.advance(2)
    assert state_of(hass, STATE) == "suspended"
    assert state_of(hass, CONNECTIVITY) == "off"
    assert entry.runtime_data.coordinator.last_update_success
    assert all_called_methods(account).count("getStateInstance") == 1
    assert sent_messages(account) == []


async def test_restarted_script(
    hass: HomeAssistant,
    time: SimulatedTime,
    interceptor: RequestInterceptor,
    entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a script restarted during a request for the state sends only once."""
    interceptor.intercept(account.instance_id, delay("getStateInstance", 2))
    seen = set()
    hass.bus.async_listen(
        "state_changed",
        lambda event: seen.add(event.data["new_state"].state),
    )
    first = asyncio.ensure_future(run_script(hass))
    await time.advance(1)
    second = asyncio.ensure_future(run_script(hass))
    await time.result(second, 4)
    assert first.cancelled()
    assert sent_messages(account) == [(ALEX_CHAT, TEXT)]
    assert all_called_methods(account).count("getStateInstance") == 1
    assert "unavailable" not in seen
    assert_available(hass, entry)


async def test_others_keep_waiting(
    hass: HomeAssistant,
    time: SimulatedTime,
    interceptor: RequestInterceptor,
    entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that others that wait for the same poll or chat are not cancelled too."""
    interceptor.intercept(account.instance_id, delay("getStateInstance", 2))
    first, *others = (
        asyncio.ensure_future(it)
        for it in (notify(hass), notify(hass), send(hass, FAMILY))
    )
    await time.advance(1)
    await cancel(time, first)
    for other in others:
        await time.result(other, 3)
    assert sorted(sent_messages(account)) == sorted(
        [(ALEX_CHAT, TEXT), (FAMILY_CHAT, TEXT)]
    )


async def test_cancelled_wait(
    hass: HomeAssistant,
    time: SimulatedTime,
    interceptor: RequestInterceptor,
    entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a message cancelled while the server is busy is not sent later."""
    interceptor.intercept(account.instance_id, rate_limit("sendMessage", 10))
    task = asyncio.ensure_future(notify(hass))
    await time.advance(5)
    await cancel(time, task)
    await time.advance(30)
    assert len(sent_messages(account)) == 1
    assert [*account.messages] == []
    await time.result(asyncio.ensure_future(notify(hass)), 4)
    assert len([*account.messages]) == 1


async def test_hanging_poll(
    hass: HomeAssistant,
    time: SimulatedTime,
    entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a hanging poll changes nothing about an account before its timeout."""
    account.faults["getStateInstance"] = Fault.HANG
    task = asyncio.ensure_future(notify(hass))
    await time.advance(1)
    await cancel(time, task)
    await time.advance(10)
    assert_available(hass, entry)
    # The poll is repeated on a new connection after 3 seconds, with all its time.
    await time.advance(8)
    assert not entry.runtime_data.coordinator.last_update_success
    account.faults.clear()
    await time.advance(70)
    assert_available(hass, entry)


@pytest.mark.parametrize("act", [notify, send])
async def test_rejected_token(
    hass: HomeAssistant,
    time: SimulatedTime,
    interceptor: RequestInterceptor,
    entry: MockConfigEntry,
    account: Account,
    act: Act,
) -> None:
    """Test that a token rejected by a message but not by a poll is not a problem."""
    account.faults["sendMessage"] = Fault.UNAUTHORIZED
    interceptor.intercept(account.instance_id, delay("getStateInstance", 1))
    task = asyncio.ensure_future(act(hass))
    with pytest.raises(HomeAssistantError) as caught:
        await time.result(task, 2)
    assert caught.value.translation_key == "invalid_auth"
    assert_available(hass, entry)
    # No task waits for the poll that follows.
    await time.advance(0.5)
    assert_available(hass, entry)
    await time.advance(5)
    assert all_called_methods(account).count("getStateInstance") == 2
    assert_available(hass, entry)
    assert not [*entry.async_get_active_flows(hass, {SOURCE_REAUTH})]


async def test_rejected_token_with_restart(
    hass: HomeAssistant,
    time: SimulatedTime,
    interceptor: RequestInterceptor,
    entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a rejected token starts reauth, even if the sender was cancelled."""
    account.token = "another"
    interceptor.intercept(account.instance_id, delay("getStateInstance", 1))
    first = asyncio.ensure_future(run_script(hass))
    await time.advance(0.5)
    await cancel(time, first)
    assert_available(hass, entry)
    await time.advance(130)
    assert [*entry.async_get_active_flows(hass, {SOURCE_REAUTH})]


@pytest.mark.parametrize("seconds", [0.05, 1, 1.9])
async def test_reboot(
    hass: HomeAssistant,
    time: SimulatedTime,
    interceptor: RequestInterceptor,
    entry: MockConfigEntry,
    account: Account,
    seconds: float,
) -> None:
    """Test that an accepted reboot is stored, even if the button was cancelled."""
    account.state = "starting"
    await time.advance(420)
    assert issue_keys(hass) == ["stuck_starting"]
    assert state_of(hass, REASON) == "stuck_starting"
    account.boot_seconds = 400
    interceptor.intercept(account.instance_id, delay("reboot", 2))
    task = asyncio.ensure_future(press(hass))
    await time.advance(seconds)
    assert all_called_methods(account)[-1] == "reboot"
    await cancel(time, task)
    assert issue_keys(hass) == ["stuck_starting"]

    await time.advance(5)
    # The user has acted on it with the reboot.
    assert issue_keys(hass) == []
    # A reboot that takes longer than 5 minutes has not helped.
    await time.advance(320)
    assert issue_keys(hass) == ["stuck_after_reboot"]


@pytest.mark.parametrize("fault", [Fault.BAD_GATEWAY, Fault.HANG])
async def test_reboot_that_fails(
    hass: HomeAssistant,
    time: SimulatedTime,
    entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    """Test that a reboot that fails after the cancellation is not stored."""
    account.faults["reboot"] = fault
    task = asyncio.ensure_future(press(hass))
    await time.advance(0.05)
    await cancel(time, task)
    account.requests.clear()
    await time.advance(60)
    assert_available(hass, entry)
    # No task waits for a reboot.
    assert all_called_methods(account).count("getStateInstance") <= 2
    assert "never retrieved" not in caplog.text


async def test_reboot_and_reload(
    hass: HomeAssistant,
    time: SimulatedTime,
    interceptor: RequestInterceptor,
    entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a reboot is stored even if the account is reloaded meanwhile."""
    account.state = "starting"
    await time.advance(420)
    assert issue_keys(hass) == ["stuck_starting"]
    account.boot_seconds = 400
    interceptor.intercept(account.instance_id, delay("reboot", 2))
    task = asyncio.ensure_future(press(hass))
    await time.advance(1)
    await hass.config_entries.async_reload(entry.entry_id)
    await time.result(task, 4)
    await time.advance(3)
    assert issue_keys(hass) == []
    await time.advance(320)
    assert issue_keys(hass) == ["stuck_after_reboot"]
