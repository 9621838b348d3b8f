"""Test how messages are received, and what keeps them from it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
from typing import Any, Final
from unittest.mock import AsyncMock

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.green_api.automations.listening import ATTACHED_AFTER
from custom_components.green_api.const import CONF_RECEIVE_MESSAGES, DOMAIN
from custom_components.green_api.decisions.delivery import next_month
from custom_components.green_api.receiving.permissions import ReceiveMode
from custom_components.green_api.records.store import async_get_store
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from tests.simulator import Fault
from tests.simulator.notifications import NotificationQueue
from tests.support.helpers import issue_ids, issue_keys
from tests.support.receiving import (
    BESIDE,
    BOTH_WAYS,
    ONLY,
    RECEIVING_METHODS,
    SAM_CHAT,
    SOON,
    Receiving,
)
from tests.support.recipients import ALEX, FAMILY_CHAT

pytestmark = pytest.mark.long(9)

NOTHING: Final[list[str]] = []


def minutes(home: Receiving) -> list[int]:
    """Return the minutes of all looks at the journal since the last call."""
    looks = [
        it.body["minutes"]
        for it in home.account.requests
        if it.method == "lastIncomingMessages"
    ]
    home.account.requests.clear()
    return [int(it) for it in looks]


async def test_journal(home: Receiving) -> None:
    """Test that the last six minutes of the journal are read every 15 seconds."""
    await home.set_up(BESIDE)
    await home.time.advance(60)
    assert minutes(home) == [6, 6, 6, 6]
    assert home.asked == []


async def test_look_after_outage(home: Receiving) -> None:
    """Test that nothing younger than five minutes is lost by an outage."""
    await home.set_up(BESIDE)
    home.account.faults["lastIncomingMessages"] = Fault.BAD_GATEWAY
    await home.time.advance(150)
    home.write("Early")
    await home.time.advance(150)
    home.account.faults.clear()
    assert await home.heard(60) == ["Early"]


async def test_journal_lags(home: Receiving) -> None:
    """Test that a message is heard that gets into the journal late, but in time."""
    await home.set_up(BESIDE)
    home.account.journal_lag = 280
    home.write("Late")
    assert await home.heard(270) == []
    assert await home.heard(25) == ["Late"]


async def test_notifications(home: Receiving) -> None:
    """Test that each notification is taken, of whatever kind, and deleted."""
    await home.set_up(ONLY)
    home.account.webhooks = 3
    home.write("Hello")
    assert await home.heard(1) == ["Hello"]
    assert home.account.webhooks == 0
    assert home.asked.count("deleteNotification") == 4


@pytest.mark.parametrize("form", ["null", "nothing", "object"])
async def test_nothing_waits(home: Receiving, form: str) -> None:
    """Test that empty answers are no failures, and come at most every 5 seconds."""
    await home.set_up(ONLY)
    home.account.empty_form = form
    home.account.longest_wait = 0
    await home.time.advance(60)
    assert 10 <= len(home.asked) <= 14
    home.write("Hello")
    assert await home.heard(6) == ["Hello"]


async def test_waited_in_vain(home: Receiving) -> None:
    """Test that a proxy that ends long requests does not lead to pauses."""
    await home.set_up(ONLY)
    home.account.faults["receiveNotification"] = Fault.GATEWAY_TIMEOUT
    await home.time.advance(120)
    home.account.faults.clear()
    home.write("Hello")
    assert await home.heard(6) == ["Hello"]


async def test_deletion_denied(
    home: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that a notification that is never deleted is not taken again at once."""
    await home.set_up(ONLY)
    monkeypatch.setattr(NotificationQueue, "delete", lambda *_: False)
    home.write("Hello")
    assert await home.heard(60) == ["Hello"]
    assert len(home.asked) <= 26


async def test_stuck_head(home: Receiving) -> None:
    """Test that a notification that can't be deleted is heard once, with pauses."""
    await home.set_up(ONLY)
    home.account.faults["deleteNotification"] = Fault.BAD_GATEWAY
    home.write("Hello")
    assert await home.heard(120) == ["Hello"]
    assert len(home.asked) < 12
    home.account.faults.clear()
    home.write("Next")
    assert await home.heard(120) == ["Next"]


async def test_new_receipt_id(home: Receiving) -> None:
    """Test that a notification is heard once if the server restarts in between."""
    await home.set_up(ONLY)
    home.account.faults["deleteNotification"] = Fault.BAD_GATEWAY
    home.write("Hello")
    await home.time.advance(1)
    home.account.incoming.notifications.renumber()
    home.account.faults.clear()
    assert await home.heard(120) == ["Hello"]


@pytest.mark.parametrize("mode", [BESIDE, ONLY])
@pytest.mark.parametrize(
    "fault",
    [
        Fault.BAD_GATEWAY,
        Fault.BAD_REQUEST,
        Fault.HTML_200,
        Fault.NOT_JSON,
        Fault.RATE_LIMITED,
        Fault.RATE_LIMITED_RETRY_AFTER,
        Fault.RESET_BEFORE_HEADERS,
        Fault.STARTING,
    ],
)
async def test_outages(home: Receiving, mode: ReceiveMode, fault: Fault) -> None:
    """Test that receiving survives an outage, in which it asks with pauses."""
    await home.set_up(mode)
    for method in ("lastIncomingMessages", "receiveNotification"):
        home.account.faults[method] = fault
    await home.time.advance(120)
    assert len(home.asked) <= 15
    home.write("In the outage")
    home.account.faults.clear()
    assert await home.heard(150) == ["In the outage"]
    assert issue_keys(home.hass) == []


async def test_too_many_requests(home: Receiving) -> None:
    """Test that a single response that there were too many requests delays little."""
    await home.set_up(BESIDE)
    home.account.faults["lastIncomingMessages"] = Fault.RATE_LIMITED
    await home.time.advance(15)
    home.account.faults.clear()
    home.write("Hello")
    assert await home.heard(6) == ["Hello"]


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_logged_out(home: Receiving, mode: ReceiveMode) -> None:
    """Test that messages are heard when the account is linked again."""
    await home.set_up(mode)
    home.account.state = "notAuthorized"
    await home.time.advance(60)
    home.write("Are you there?")
    assert await home.heard(60) == []
    home.account.state = "authorized"
    assert await home.heard(120) == ["Are you there?"]


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_off(home: Receiving, mode: ReceiveMode) -> None:
    """Test that nothing is requested while nobody may write, or it is off."""
    await home.set_up(ReceiveMode.OFF)
    await home.time.advance(60)
    assert home.asked == NOTHING
    home.let_write("Alex", may_write=False)
    home.choose(mode)
    await home.time.advance(60)
    assert home.asked == NOTHING
    home.let_write("Sam", may_write=True)
    home.write("Sam here", SAM_CHAT)
    assert await home.heard() == ["Sam here"]
    home.choose(ReceiveMode.OFF)
    await home.time.settle()
    home.account.requests.clear()
    await home.time.advance(60)
    assert home.asked == NOTHING


async def test_other_way(home: Receiving) -> None:
    """Test that the way changes without a reload, and no message is doubled."""
    await home.set_up(BESIDE)
    home.write("One")
    assert await home.heard() == ["One"]
    home.choose(ONLY)
    home.write("Two")
    assert await home.heard() == ["Two"]
    home.choose(BESIDE)
    assert await home.heard() == []
    assert home.entry.state is ConfigEntryState.LOADED


async def use_up_plan(home: Receiving) -> None:
    """Let the plan allow no more looks at the journal, and wait for the repair."""
    home.account.on_free_plan = True
    assert home.account.free_plan
    home.account.free_plan.used["lastIncomingMessages"] = 1000
    await home.time.advance(60)
    assert issue_keys(home.hass) == ["not_receiving_quota"]


async def test_quota(home: Receiving, freezer: FrozenDateTimeFactory) -> None:
    """Test that the journal is hardly read until the next month, with one repair."""
    middle = next_month(datetime.now(UTC)) + timedelta(days=14)
    freezer.move_to(middle)
    await home.set_up(BESIDE)
    await use_up_plan(home)
    assert home.hass.states.get("binary_sensor.green_api_1101000001_problem").state == (
        "off"
    )
    home.account.requests.clear()
    await home.time.advance(3500)
    assert home.asked == NOTHING
    await home.time.advance(3600)
    assert len(home.asked) == 1
    assert issue_keys(home.hass) == ["not_receiving_quota"]
    freezer.move_to(next_month(middle) - timedelta(minutes=30))
    await home.time.advance(900)
    home.account.on_free_plan = False
    await home.time.advance(1200)
    assert issue_keys(home.hass) == []
    home.write("New month")
    assert await home.heard() == ["New month"]


async def test_plan_changed(home: Receiving) -> None:
    """Test that messages are received within an hour after the plan was changed."""
    await home.set_up(BESIDE)
    await use_up_plan(home)
    home.account.on_free_plan = False
    await home.time.advance(3900)
    assert issue_keys(home.hass) == []
    home.write("Paid")
    assert await home.heard() == ["Paid"]


async def test_plan_changed_while_clock_was_ahead(home: Receiving) -> None:
    """Test that messages are received within an hour after the clock was set."""
    await home.set_up(BESIDE)
    home.time.set_clock(timedelta(days=400))
    await use_up_plan(home)
    home.account.on_free_plan = False
    home.time.set_clock(timedelta())
    await home.time.advance(3900)
    home.write("Paid")
    assert await home.heard() == ["Paid"]


def ignore_repair(home: Receiving) -> str:
    """Ignore the only repair, and return its ID."""
    (key,) = issue_ids(home.hass)
    ir.async_ignore_issue(home.hass, DOMAIN, key, ignore=True)
    return key


def is_ignored(hass: HomeAssistant, key: str) -> bool:
    """Return whether an issue exists and is ignored."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, key)
    return issue is not None and issue.active and bool(issue.dismissed_version)


async def test_ignored_after_reload(home: Receiving) -> None:
    """Test that the repair stays ignored until messages are received again."""
    await home.set_up(ONLY)
    home.account.has_webhook = True
    await home.time.advance(60)
    key = ignore_repair(home)
    await home.reload()
    assert is_ignored(home.hass, key)
    await home.time.advance(60)
    assert is_ignored(home.hass, key)
    home.account.has_webhook = False
    await home.reload()
    await home.time.advance(60)
    assert issue_keys(home.hass) == []


async def test_ignored_after_restart(
    home: Receiving, issue_registry: ir.IssueRegistry
) -> None:
    """Test that the repair stays ignored after a restart of Home Assistant."""
    await home.set_up(ONLY)
    home.account.has_webhook = True
    await home.time.advance(60)
    key = ignore_repair(home)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    # As the issue registry is read when Home Assistant starts.
    issue = replace(issue_registry.issues[DOMAIN, key], active=False)
    issue_registry.issues[DOMAIN, key] = issue
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    assert not is_ignored(home.hass, key)
    await home.time.advance(60)
    assert is_ignored(home.hass, key)


async def test_renamed(home: Receiving, issue_registry: ir.IssueRegistry) -> None:
    """Test that the repair shows the new name of an account."""
    await home.set_up(ONLY)
    home.account.has_webhook = True
    await home.time.advance(60)
    home.hass.config_entries.async_update_entry(home.entry, title="Shop")
    await home.time.settle()
    (issue,) = issue_registry.issues.values()
    assert issue.translation_placeholders["name"] == "Shop"


async def test_turned_off_while_unloaded(home: Receiving) -> None:
    """Test that the repair is over if receiving was turned off during a reload."""
    await home.set_up(ONLY)
    home.account.has_webhook = True
    await home.time.advance(60)
    assert issue_keys(home.hass) == ["not_receiving_webhook"]
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    assert issue_keys(home.hass) == ["not_receiving_webhook"]
    home.hass.config_entries.async_update_entry(
        home.entry, options={CONF_RECEIVE_MESSAGES: ReceiveMode.OFF}
    )
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.time.advance(60)
    assert issue_keys(home.hass) == []


async def test_webhook(home: Receiving) -> None:
    """Test that a webhook stops receiving with a repair, until it is removed."""
    await home.set_up(ONLY)
    home.account.has_webhook = True
    await home.time.advance(60)
    assert issue_keys(home.hass) == ["not_receiving_webhook"]
    assert home.diagnostics["stopped"] == "webhook"
    home.account.requests.clear()
    await home.time.advance(250)
    assert home.asked == NOTHING
    home.account.has_webhook = False
    await home.time.advance(301)
    assert issue_keys(home.hass) == []
    home.write("Back")
    assert await home.heard() == ["Back"]


async def test_webhook_beside(home: Receiving) -> None:
    """Test that the other way solves the repair of a webhook."""
    await home.set_up(ONLY)
    home.account.has_webhook = True
    await home.time.advance(60)
    home.choose(BESIDE)
    home.write("Hello")
    assert await home.heard() == ["Hello"]
    assert issue_keys(home.hass) == []


async def test_missed(home: Receiving) -> None:
    """Test that a repair says once that the plan allows no more chats."""
    await home.set_up(ONLY)
    home.account.on_free_plan = True
    for number in range(5):
        home.write("Hello", f"44770090050{number}@c.us")
    home.write("Fire!")
    assert await home.heard(60) == []
    assert issue_keys(home.hass) == ["missed"]
    assert home.entry.runtime_data.receiver.source.missed == 3
    await home.reload()
    assert issue_keys(home.hass) == []


async def test_ignored_missed(home: Receiving) -> None:
    """Test that the repair stays ignored over a reload, until it is disabled."""
    await home.set_up(ONLY)
    home.account.on_free_plan = True
    for number in range(4):
        home.write("Hello", f"44770090050{number}@c.us")
    await home.time.advance(60)
    key = ignore_repair(home)
    await home.reload()
    assert is_ignored(home.hass, key)
    home.write("Fire!")
    await home.time.advance(60)
    assert is_ignored(home.hass, key)
    await home.hass.config_entries.async_set_disabled_by(
        home.entry.entry_id, ConfigEntryDisabler.USER
    )
    assert issue_keys(home.hass) == []


async def test_missed_stranger(home: Receiving) -> None:
    """Test that a stranger who the plan does not allow is nothing to report."""
    await home.set_up(ONLY)
    home.account.on_free_plan = True
    home.write("Hello")
    home.write("Hello", chat_id=FAMILY_CHAT)
    for number in range(4):
        home.write("Spam", f"44770090050{number}@c.us")
    assert await home.heard(60) == ["Hello", "Hello"]
    assert issue_keys(home.hass) == []
    assert home.entry.runtime_data.receiver.source.missed == 3


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_wrong_clock(
    home: Receiving, mode: ReceiveMode, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that the log says once that messages seem to be from the future."""
    await home.set_up(mode)
    for _ in range(2):
        home.write("Hello", ago=-400)
        assert await home.heard() == []
    warnings = [it for it in caplog.records if "date and time" in it.getMessage()]
    assert len(warnings) == 1


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_incoming_off(home: Receiving, mode: ReceiveMode) -> None:
    """Test that a repair says that messages are turned off, until they are on again."""
    await home.set_up(mode)
    home.account.receives_messages = False
    await home.time.advance(3700)
    assert issue_keys(home.hass) == ["not_receiving_incoming_off"]
    assert home.diagnostics == {"mode": mode, "stopped": "incoming_off"}
    home.account.receives_messages = True
    home.write("On again")
    assert await home.heard() == ["On again"]
    await home.time.advance(300)
    assert issue_keys(home.hass) == []


async def test_ignored_while_off(home: Receiving) -> None:
    """Test that the repair stays ignored over a reload until more is known."""
    await home.set_up(BESIDE)
    home.account.receives_messages = False
    await home.time.advance(3700)
    key = ignore_repair(home)
    home.account.faults["getSettings"] = Fault.BAD_GATEWAY
    await home.reload()
    await home.time.advance(100)
    assert is_ignored(home.hass, key)
    home.account.faults.clear()
    await home.time.advance(100)
    assert is_ignored(home.hass, key)


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_settings_requests(home: Receiving, mode: ReceiveMode) -> None:
    """Test that the settings are requested about once an hour, or not at all."""
    await home.set_up(mode)
    await home.time.advance(2.2 * 3600)
    methods = [it.method for it in home.account.requests]
    assert methods.count("getSettings") == 2
    home.let_write("Alex", may_write=False)
    home.account.requests.clear()
    await home.time.advance(1.1 * 3600)
    assert "getSettings" not in [it.method for it in home.account.requests]


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_token(home: Receiving, mode: ReceiveMode) -> None:
    """Test that a rejected token stops receiving with a repair, until it works."""
    await home.set_up(mode)
    for method in ("getStateInstance", *RECEIVING_METHODS):
        home.account.faults[method] = Fault.UNAUTHORIZED
    await home.time.advance(180)
    assert "not_receiving_token" in issue_keys(home.hass)
    home.account.faults.clear()
    await home.time.advance(360)
    assert issue_keys(home.hass) == []
    home.write("Back")
    assert await home.heard() == ["Back"]


async def test_token_for_a_moment(home: Receiving) -> None:
    """Test that nothing is lost if the token is rejected for less than a minute."""
    await home.set_up(BESIDE)
    home.account.faults["lastIncomingMessages"] = Fault.UNAUTHORIZED
    home.write("Early")
    await home.time.advance(40)
    assert issue_keys(home.hass) == ["not_receiving_token"]
    home.account.faults.clear()
    assert await home.heard(60) == ["Early"]
    assert issue_keys(home.hass) == []


async def test_unloaded_with_repair(home: Receiving) -> None:
    """Test that the repair goes with the account."""
    await home.set_up(ONLY)
    home.account.has_webhook = True
    await home.time.advance(60)
    await home.hass.config_entries.async_set_disabled_by(
        home.entry.entry_id, ConfigEntryDisabler.USER
    )
    assert issue_keys(home.hass) == []


@pytest.mark.parametrize("mode", BOTH_WAYS)
@pytest.mark.parametrize("after", [0, 100, 250])
async def test_restart(home: Receiving, mode: ReceiveMode, after: int) -> None:
    """Test that messages of a restart are heard once, when automations listen."""
    await home.set_up(mode)
    home.write("Before")
    assert await home.heard() == ["Before"]
    home.write("Meanwhile")
    async with home.restarted(after) as again:
        home.write("At the start")
        await again.time.advance(20)
        assert again.asked == NOTHING
        await again.started()
        assert await again.heard(30) == ["Meanwhile", "At the start"]


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_late_response_at_start(home: Receiving, mode: ReceiveMode) -> None:
    """Test that messages wait for automations if the first response is late."""
    await home.set_up(mode)
    home.account.delays["getStateInstance"] = 10
    async with home.restarted() as again:
        home.write("At the start")
        await again.time.advance(8)
        await again.started()
        assert await again.heard(30) == ["At the start"]


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_reload_at_start(home: Receiving, mode: ReceiveMode) -> None:
    """Test that messages wait for automations if the account is reloaded meanwhile."""
    await home.set_up(mode)
    async with home.restarted() as again:
        home.write("At the start")
        await again.reload()
        await again.hass.async_start()
        await again.reload()
        await again.time.advance(ATTACHED_AFTER - 1)
        await again.listen()
        assert await again.heard(30) == ["At the start"]


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_reload(home: Receiving, mode: ReceiveMode) -> None:
    """Test that a reload neither loses nor doubles messages."""
    await home.set_up(mode)
    texts = []
    for number in range(10):
        home.write(f"{number}")
        await home.time.advance(number / 5)
        await home.reload()
        texts += await home.heard(number)
    texts += await home.heard()
    assert texts == [f"{number}" for number in range(10)]


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_reload_while_stored(home: Receiving, mode: ReceiveMode) -> None:
    """Test that a reload waits for the message that is being handled."""
    await home.set_up(mode)
    store = home.entry.runtime_data.message_handler.memory._store
    save = store.async_save
    reloads = []

    async def save_slowly(data: Any) -> None:
        await asyncio.sleep(0)
        reloads.append(
            home.hass.async_create_task(
                home.hass.config_entries.async_reload(home.entry.entry_id)
            )
        )
        for _ in range(20):
            await asyncio.sleep(0)
        await save(data)

    store.async_save = save_slowly
    home.write("Hello")
    assert await home.heard() == ["Hello"]
    state = home.hass.states.get("event.alex_received_message")
    assert state
    assert state.attributes["event_type"] == "text"
    assert len(reloads) == 1
    assert await home.heard(60) == []


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_disk_fails(
    home: Receiving, mode: ReceiveMode, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that messages are heard if nothing can be stored, and logs no text."""
    await home.set_up(mode)
    store = home.entry.runtime_data.message_handler.memory._store
    store.async_save = AsyncMock(side_effect=OSError("Sesame"))
    home.write("Hello")
    home.write("Are you there?")
    assert await home.heard() == ["Hello", "Are you there?"]
    assert "OSError" in caplog.text
    assert "Sesame" not in caplog.text


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_no_thread_is_free(
    home: Receiving, monkeypatch: pytest.MonkeyPatch, mode: ReceiveMode
) -> None:
    """Test that messages are heard while something hangs in all threads."""
    await home.set_up(mode)
    loop = home.hass.loop
    monkeypatch.setattr(loop, "run_in_executor", lambda *_: loop.create_future())
    home.write("Hello")
    assert await home.heard(SOON + 5) == ["Hello"]


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_stored_first(
    home: Receiving, mode: ReceiveMode, hass_storage: dict[str, Any]
) -> None:
    """Test that a message is stored before it triggers, so a kill never doubles it."""
    await home.set_up(mode)
    message_id = home.write("Hello")
    stored: list[str] = []
    home.on_run = lambda: stored.append(
        json.dumps(hass_storage[f"{DOMAIN}.{home.entry.entry_id}"])
    )
    await home.heard()
    assert message_id in stored[0]


@pytest.mark.parametrize("damage", ["nonsense", {"heard": {"x": "y"}, "asked": []}])
async def test_damaged_file(
    home: Receiving,
    damage: Any,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that a damaged file does not keep messages from being heard."""
    hass_storage[f"{DOMAIN}.{home.entry.entry_id}"] = {
        "version": 1,
        "minor_version": 1,
        "key": f"{DOMAIN}.{home.entry.entry_id}",
        "data": damage,
    }
    await home.set_up(ONLY)
    home.write("Hello")
    assert await home.heard() == ["Hello"]
    assert "cannot be read" in caplog.text


async def test_removed_account(home: Receiving, hass_storage: dict[str, Any]) -> None:
    """Test that nothing about messages is kept of a removed account."""
    await home.set_up(ONLY)
    home.write("Hello")
    await home.heard()
    assert f"{DOMAIN}.{home.entry.entry_id}" in hass_storage
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    assert f"{DOMAIN}.{home.entry.entry_id}" not in hass_storage


async def test_removed_while_disk_fails(home: Receiving) -> None:
    """Test that the record of an account is deleted even if its file can't be."""
    await home.set_up(ONLY)
    records = await async_get_store(home.hass)
    assert records.async_get(home.entry.entry_id).since
    store = home.entry.runtime_data.message_handler.memory._store
    store.async_remove = AsyncMock(side_effect=OSError)
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    assert records.async_get(home.entry.entry_id).since is None


async def test_state_change(home: Receiving) -> None:
    """Test that the account is polled at once when its state changes."""
    await home.set_up(ONLY)
    await home.time.advance(10)
    home.account.state = "notAuthorized"
    await home.time.advance(2)
    state = home.hass.states.get("sensor.green_api_1101000001_account_state")
    assert state
    assert state.state == "not_authorized"


async def test_known_state(home: Receiving) -> None:
    """Test that notifications about the known state, such as old ones, do not poll."""
    await home.set_up(ONLY)
    for _ in range(20):
        home.account.incoming.change_state("authorized")
    await home.time.advance(5)
    methods = [it.method for it in home.account.requests]
    assert "getStateInstance" not in methods


async def test_status(home: Receiving) -> None:
    """Test that a notification confirms a delivery without another request."""
    home.account.reports_statuses = True
    home.account.messages.delay = 0
    await home.set_up(ONLY)
    task = home.hass.async_create_task(
        home.hass.services.async_call(
            DOMAIN,
            "send_message",
            {"entity_id": ALEX, "message": "Hi", "confirm_within": 60},
            blocking=True,
            return_response=True,
        )
    )
    response = await home.time.result(task, 2)
    assert response[ALEX]["status"] == "delivered"
    assert "getMessage" not in [it.method for it in home.account.requests]


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_unexpected_error(
    home: Receiving, mode: ReceiveMode, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that an unexpected error does not end receiving, and logs no text."""
    await home.set_up(mode)
    inbox = home.entry.runtime_data.message_handler.memory.inbox
    judge = inbox.judge

    def fail(*_: object) -> None:
        inbox.judge = judge
        raise OSError("Sesame")

    inbox.judge = fail
    home.write("Sesame")
    await home.time.advance(60)
    home.write("Still here")
    assert "Still here" in await home.heard(320)
    assert "Unexpected OSError while receiving messages" in caplog.text
    ours = [it for it in caplog.records if it.name.startswith("custom_components")]
    assert not [it for it in ours if "Sesame" in it.getMessage()]
