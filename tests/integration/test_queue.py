"""Test when the queue is checked, and how one that does not move is handled."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
import json
from random import Random
import time
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)

from custom_components.green_api.api import GreenApiClient
from custom_components.green_api.automations.announcer import (
    SIGNAL_ANNOUNCED,
    Announcement,
)
from custom_components.green_api.const import CONSOLE_URL, DOMAIN, SUPPORT_URL
from custom_components.green_api.records.store import SAVE_DELAY
from custom_components.green_api.remedy import async_clear_queue
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.util import dt as dt_util
from tests.simulator import Account, Fault
from tests.simulator.queue import Message
from tests.support.const import INSTANCE_ID
from tests.support.delayed_results import delay_result
from tests.support.dialog import Dialog, End, at_every_end, reason_of_abort
from tests.support.entities import MESSAGES_IN_QUEUE, PROBLEM, REASON
from tests.support.helpers import (
    all_called_methods,
    async_advance,
    async_polls,
    async_press,
    async_set_up,
    issue_ids,
    logged_errors,
    spaced,
)
from tests.support.wait_until import async_wait_until

pytestmark = pytest.mark.long(8)

type Order = Callable[[Sequence[Message]], Sequence[Message]]

MINUTES: Final = 60


def take_method_counts(account: Account) -> Counter[str]:
    """Return how often each method was requested since the last call."""
    counted = Counter(all_called_methods(account))
    account.requests.clear()
    return counted


def reason(hass: HomeAssistant) -> str:
    """Return the reason of the problem."""
    return hass.states.get(REASON).state


def waiting(hass: HomeAssistant, issue_id: str) -> str:
    """Return what a repair says about the waiting messages."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    return issue.translation_placeholders["waiting"]


async def async_wait(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, minutes: int
) -> None:
    """Let some minutes pass, with a poll in each."""
    await async_polls(hass, freezer, minutes)


@pytest.fixture
async def hanging(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> str:
    """Return the issue ID of a queue that does not move."""
    account.queue = 3
    await async_wait(hass, freezer, 15)
    issue_id = f"{loaded_entry.entry_id}_not_sending"
    assert issue_ids(hass) == {issue_id}
    account.requests.clear()
    return issue_id


@pytest.mark.usefixtures("loaded_entry")
async def test_interval(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that an empty queue is checked every 5 minutes, another one every minute."""
    take_method_counts(account)
    await async_wait(hass, freezer, 60)
    assert take_method_counts(account) == {
        "getStateInstance": 60,
        "getMessagesCount": 12,
    }

    account.queue = 3
    await async_wait(hass, freezer, 5)
    assert take_method_counts(account) == {"getStateInstance": 5, "getMessagesCount": 1}
    for queue in (2, 1, 0):
        account.queue = queue
        await async_advance(hass, freezer)
        assert take_method_counts(account) == {
            "getStateInstance": 1,
            "getMessagesCount": 1,
        }
    await async_wait(hass, freezer, 4)
    assert take_method_counts(account) == {"getStateInstance": 4}


async def test_sensor_disabled(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    config_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    """Test that the queue is checked although its sensor is disabled."""
    entity_registry.async_get_or_create(
        "sensor",
        DOMAIN,
        f"{INSTANCE_ID}_messages_in_queue",
        disabled_by=er.RegistryEntryDisabler.USER,
    )
    account.queue = 3
    await async_set_up(hass, config_entry)
    await async_wait(hass, freezer, 10)
    assert reason(hass) == "not_sending"


@pytest.mark.usefixtures("loaded_entry")
async def test_change_of_account(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that the queue is checked when sending becomes possible or impossible."""
    await async_advance(hass, freezer)
    take_method_counts(account)
    account.queue = 3
    account.state = "notAuthorized"
    await async_advance(hass, freezer)
    assert take_method_counts(account)["getMessagesCount"] == 1
    # Nothing moves while it is unable to.
    await async_wait(hass, freezer, 4)
    assert take_method_counts(account) == {"getStateInstance": 4}
    await async_advance(hass, freezer)
    assert take_method_counts(account)["getMessagesCount"] == 1

    account.state = "authorized"
    await async_polls(hass, freezer, 2)
    assert take_method_counts(account)["getMessagesCount"] == 2


@pytest.mark.usefixtures("loaded_entry")
async def test_fast_polling(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that the queue is not checked more often when the account is polled fast."""
    account.state = "starting"
    await async_advance(hass, freezer)
    take_method_counts(account)
    for _ in range(12):
        await async_advance(hass, freezer, 10)
    assert take_method_counts(account) == {"getStateInstance": 12}


async def test_not_sending(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a stuck queue is a problem after 10 minutes, until it moves."""
    await hass.config.async_set_time_zone("Asia/Jerusalem")
    account.queue = 3
    await async_wait(hass, freezer, 5)
    since = freezer.time_to_freeze
    await async_wait(hass, freezer, 9)
    assert hass.states.get(PROBLEM).state == "off"
    assert (reason(hass), issue_ids(hass)) == ("none", set())

    await async_advance(hass, freezer)
    assert hass.states.get(PROBLEM).state == "on"
    assert hass.states.get("sensor.green_api_1101000001_account_state").state == (
        "authorized"
    )
    assert reason(hass) == "not_sending"
    (issue,) = (
        ir.async_get(hass).async_get_issue(DOMAIN, it) for it in issue_ids(hass)
    )
    assert issue.severity is ir.IssueSeverity.ERROR
    assert issue.is_fixable
    assert issue.learn_more_url == CONSOLE_URL
    assert issue.translation_key == "not_sending"
    lost_at = since.replace(tzinfo=UTC) + timedelta(hours=26)
    assert issue.translation_placeholders == {
        "name": loaded_entry.title,
        "console_url": CONSOLE_URL,
        "waiting": "Messages waiting to be sent: **3**. If they aren't sent, the first "
        f"one will be lost by **{spaced(f'{lost_at:%b %-d, %Y, %-I:%M %p}')}**.",
    }
    account_known = loaded_entry.runtime_data.coordinator.data
    assert account_known.problem_since == since.replace(tzinfo=UTC)

    account.queue_stuck = False
    await async_advance(hass, freezer)
    assert (reason(hass), issue_ids(hass)) == ("none", set())
    assert hass.states.get(PROBLEM).state == "off"


@pytest.mark.usefixtures("loaded_entry")
async def test_busy_sender(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that a queue that is never empty is fine if its oldest message changes."""
    for number in range(40):
        account.queue = 5  # Different ones each time.
        await async_advance(hass, freezer)
        assert reason(hass) == "none", number
    assert take_method_counts(account)["showMessagesQueue"] > 0


@pytest.mark.parametrize(
    ("delay", "minutes"),
    # A delay above the vendor's maximum counts as the maximum.
    [(3, 10), (300, 15), (600, 30), (86_400, 30)],
)
async def test_slow_instance(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    config_entry: MockConfigEntry,
    delay: float,
    minutes: int,
) -> None:
    """Test that an instance with a long delay between messages is given more time."""
    account.messages.delay = delay
    account.queue = 2
    await async_set_up(hass, config_entry)
    await async_wait(hass, freezer, minutes - 1)
    assert reason(hass) == "none"
    await async_advance(hass, freezer)
    assert reason(hass) == "not_sending"


@pytest.mark.usefixtures("loaded_entry")
async def test_delay_was_changed(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that the delay is requested again before a queue is reported as stuck."""
    account.messages.delay = 240
    account.queue = 3
    take_method_counts(account)
    await async_wait(hass, freezer, 15)
    assert reason(hass) == "none"
    assert take_method_counts(account)["getSettings"] == 1
    await async_wait(hass, freezer, 2)
    assert reason(hass) == "not_sending"


async def test_unknown_delay(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    config_entry: MockConfigEntry,
) -> None:
    """Test that an unknown delay counts as the longest one possible."""
    account.faults["getSettings"] = Fault.BAD_GATEWAY
    account.queue = 3
    await async_set_up(hass, config_entry)
    await async_wait(hass, freezer, 29)
    assert reason(hass) == "none"
    await async_wait(hass, freezer, 2)
    assert reason(hass) == "not_sending"


@pytest.mark.parametrize(
    ("fault", "listed", "lists"),
    [
        (Fault.HUGE_BODY, 500, 1),
        (Fault.BAD_GATEWAY, 500, 20),
        # As the vendor's servers do with a single message.
        (None, 0, 20),
    ],
)
async def test_list_unusable(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    config_entry: MockConfigEntry,
    fault: Fault | None,
    listed: int,
    lists: int,
) -> None:
    """Test that without a usable list the count alone decides, after twice the time.

    A list that is too large is requested only once.
    """
    account.queue = 3
    account.faults["showMessagesQueue"] = fault
    account.listed_messages = listed
    await async_set_up(hass, config_entry)
    await async_wait(hass, freezer, 19)
    assert reason(hass) == "none"
    await async_advance(hass, freezer)
    assert reason(hass) == "not_sending"
    assert take_method_counts(account)["showMessagesQueue"] == lists


def shuffled(chance: Random) -> Order:
    """Return the list in random order."""
    return lambda waiting: chance.sample(waiting, len(waiting))


def newest_first(_: Random) -> Order:
    """Return the list with the newest message first."""
    return lambda waiting: waiting[::-1]


def rewritten(chance: Random) -> Order:
    """Return the list with everything new except the IDs."""
    return lambda waiting: [
        replace(it, method=f"{chance.random()}", body={"tries": chance.random()})
        for it in waiting
    ]


def incomplete_at_times(chance: Random) -> Order:
    """Return a list that omits the first message one time in three."""
    return lambda waiting: waiting[chance.random() < 0.3 :]


def never_complete(chance: Random) -> Order:
    """Return a list that omits a different message each time."""
    return lambda waiting: chance.sample(waiting, len(waiting) - 1)


@pytest.mark.parametrize(
    ("order", "minutes"),
    [
        (shuffled, 10),
        (newest_first, 10),
        (rewritten, 10),
        (incomplete_at_times, 13),
        (never_complete, 20),
    ],
)
async def test_odd_lists(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    config_entry: MockConfigEntry,
    order: Callable[[Random], Order],
    minutes: int,
) -> None:
    """Test that a stuck queue is found however it is listed, even if it grows."""
    account.list_order = order(Random(2))  # noqa: S311
    account.queue = 3
    await async_set_up(hass, config_entry)
    for minute in range(1, minutes):
        await async_advance(hass, freezer)
        assert minute >= 10 or reason(hass) == "none"
        account.messages.waiting.extend(
            Message(f"NEW{minute}", "sendMessage", {}, time.monotonic())
            for _ in range(minute % 4 == 0)
        )
    await async_advance(hass, freezer)
    assert reason(hass) == "not_sending"
    for _ in range(30):
        await async_advance(hass, freezer)
        assert reason(hass) == "not_sending"


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize("order", [shuffled, newest_first, incomplete_at_times])
async def test_odd_lists_of_busy_sender(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    order: Callable[[Random], Order],
) -> None:
    """Test that a moving queue is no problem, however it is listed."""
    account.list_order = order(Random(2))  # noqa: S311
    for number in range(60):
        account.queue = 5  # Different ones each time.
        await async_advance(hass, freezer)
        assert reason(hass) == "none", number


@pytest.mark.usefixtures("loaded_entry")
async def test_single_message(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that one unlisted message is detected within the documented 25 minutes."""
    account.listed_messages = 0
    account.queue = 1
    await async_wait(hass, freezer, 19)
    assert reason(hass) == "none"
    await async_wait(hass, freezer, 6)
    assert reason(hass) == "not_sending"


async def test_queue_moves_during_outage(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, hanging: str, account: Account
) -> None:
    """Test that replaced messages count as sent, even if it was during an outage."""
    account.fault = Fault.BAD_GATEWAY
    await async_wait(hass, freezer, 10)
    assert (reason(hass), issue_ids(hass)) == ("not_sending", {hanging})
    account.fault = None
    account.queue = 3  # Different ones.
    await async_wait(hass, freezer, 2)
    assert (reason(hass), issue_ids(hass)) == ("none", set())
    # These are stuck as well.
    await async_wait(hass, freezer, 10)
    assert (reason(hass), issue_ids(hass)) == ("not_sending", {hanging})


async def test_outage(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, hanging: str, account: Account
) -> None:
    """Test that an outage neither ends nor hides a problem of the queue."""
    account.fault = Fault.BAD_GATEWAY
    await async_wait(hass, freezer, 30)
    assert reason(hass) == "not_sending"
    assert issue_ids(hass) == {hanging}


async def test_another_problem(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hanging: str,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that an account that is logged out has that problem, not the queue's."""
    account.queue = 4
    account.state = "notAuthorized"
    await async_wait(hass, freezer, 2)
    assert reason(hass) == "logged_out"
    issue_id = f"{loaded_entry.entry_id}_logged_out"
    assert issue_ids(hass) == {issue_id}
    assert "**4**" in waiting(hass, issue_id)

    account.state = "authorized"
    await async_advance(hass, freezer)
    assert (reason(hass), issue_ids(hass)) == ("none", set())


async def test_some_messages_lost(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that the next message is not expected to last longer than it does."""
    account.state = "notAuthorized"
    await async_polls(hass, freezer, 2)
    for number in range(3):
        account.messages.waiting.append(
            Message(f"M{number}", "sendMessage", {}, time.monotonic())
        )
        await async_polls(hass, freezer, 10)
    freezer.tick(timedelta(hours=23, minutes=30))
    await async_polls(hass, freezer, 6)
    assert len(account.messages.lost) == 1
    left = account.messages.waiting[0].at + 24 * 3600 - time.monotonic()
    really = dt_util.utcnow() + timedelta(seconds=left)
    waiting = loaded_entry.runtime_data.coordinator.data.queue.waiting
    assert waiting.count == 2
    assert timedelta() < really - waiting.lost_at < timedelta(minutes=15)


def keep_count(account: Account, number: int) -> None:
    """Add a message whenever one was lost."""
    account.messages.waiting.append(
        Message(f"N{number}", "sendMessage", {}, time.monotonic())
    )


def add_nothing(account: Account, number: int) -> None:
    """Add no message."""


@pytest.fixture
async def aged(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> str:
    """Return the issue ID of a stuck queue of three messages that will be lost soon."""
    account.messages.stuck = True
    for number in range(3):
        account.messages.waiting.append(
            Message(f"M{number}", "sendMessage", {}, time.monotonic())
        )
        await async_polls(hass, freezer, 10)
    issue_id = f"{loaded_entry.entry_id}_not_sending"
    assert issue_ids(hass) == {issue_id}
    freezer.tick(timedelta(hours=23, minutes=15))
    await async_polls(hass, freezer, 1)
    assert len(account.messages.waiting) == 3
    return issue_id


@pytest.mark.parametrize("add", [add_nothing, keep_count])
async def test_messages_of_stuck_queue_lost(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    aged: str,
    account: Account,
    add: Callable[[Account, int], None],
) -> None:
    """Test that a stuck queue is not considered to move when messages are lost."""
    problems: list[Announcement] = []
    async_dispatcher_connect(hass, SIGNAL_ANNOUNCED, problems.append)
    for lost in range(1, 3):
        while len(account.messages.lost) < lost:
            await async_polls(hass, freezer, 1)
        add(account, lost)
        await async_polls(hass, freezer, 4)
        assert (reason(hass), issue_ids(hass)) == ("not_sending", {aged})
        assert f"**{len(account.messages.waiting)}**" in waiting(hass, aged)
        lost_at = loaded_entry.runtime_data.coordinator.data.queue.waiting.lost_at
        assert timedelta() <= lost_at - dt_util.utcnow() + timedelta(minutes=5)
    assert not problems


async def test_reboot_when_messages_are_lost(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, aged: str, account: Account
) -> None:
    """Test that a queue that moves after a reboot has no problem any more."""
    account.boot_seconds = 20
    account.messages.delay = 200
    await async_press(hass)
    await async_polls(hass, freezer, 5)
    assert account.messages.waiting
    assert (reason(hass), issue_ids(hass)) == ("none", set())


async def test_waiting_messages_of_broken_account(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a repair shows what waits while it is known, also after a restart."""
    await async_wait(hass, freezer, 6)
    account.state = "blocked"
    account.queue = 7
    await async_advance(hass, freezer)
    lost_at = freezer.time_to_freeze.replace(tzinfo=UTC) + timedelta(hours=24)
    await async_advance(hass, freezer)
    issue_id = f"{loaded_entry.entry_id}_blocked"
    text = waiting(hass, issue_id)
    assert "**7**" in text

    account.faults["getMessagesCount"] = Fault.BAD_GATEWAY
    await async_wait(hass, freezer, 10)
    assert waiting(hass, issue_id) == text
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert waiting(hass, issue_id) == text
    assert loaded_entry.runtime_data.coordinator.data.queue.waiting.lost_at == lost_at

    account.faults.clear()
    account.queue = 0
    await async_wait(hass, freezer, 6)
    assert waiting(hass, issue_id) == ""


async def test_reload(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hanging: str,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a queue problem is restored at once after a reload, not repeated."""
    announced: list[Announcement] = []
    async_dispatcher_connect(hass, SIGNAL_ANNOUNCED, announced.append)
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    assert reason(hass) == "not_sending"
    await async_wait(hass, freezer, 3)
    assert issue_ids(hass) == {hanging}
    assert {it.now.problem for it in announced} == {"not_sending"}
    assert {it.now.since for it in announced} == {announced[0].before.since}


async def test_disabled_for_long(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hanging: str,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that after half an hour nothing is known or announced until a check."""
    announced: list[Announcement] = []
    await hass.config_entries.async_unload(loaded_entry.entry_id)
    freezer.tick(40 * MINUTES)
    async_dispatcher_connect(hass, SIGNAL_ANNOUNCED, announced.append)
    await hass.config_entries.async_setup(loaded_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await async_wait(hass, freezer, 8)
    assert (reason(hass), issue_ids(hass)) == ("none", set())
    assert {it.now.since for it in announced} <= {it.before.since for it in announced}

    await async_wait(hass, freezer, 3)
    assert reason(hass) == "not_sending"
    account.queue = 0
    await async_advance(hass, freezer)
    assert [it.now.since for it in announced][-1] is None


async def test_messages_not_kept(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that text, recipient and ID of a message are neither stored nor logged."""
    caplog.set_level("DEBUG")
    body: dict[str, Any] = {"chatId": "79001234568@c.us", "message": "Front door open"}
    account.messages.add(Message("BAE5SECRET", "sendMessage", body, time.monotonic()))
    account.queue_stuck = True
    await async_wait(hass, freezer, 16)
    assert reason(hass) == "not_sending"
    await async_advance(hass, freezer, SAVE_DELAY)
    shown = json.dumps(hass_storage[DOMAIN]) + caplog.text
    for secret in ("BAE5SECRET", "79001234568", "Front door"):
        assert secret not in shown
    record = loaded_entry.runtime_data.coordinator.data
    (fingerprint,) = record.queue.messages.known
    assert str(fingerprint) not in shown + repr(record)


# The repair


async def test_reboot(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    hanging: str,
    account: Account,
) -> None:
    """Test that a reboot gets the messages moving."""
    shown = await dialog.open(hanging)
    assert shown["type"] == "menu"
    assert shown["menu_options"] == ["reboot", "clear_queue"]
    assert "**3**" in shown["description_placeholders"]["waiting"]
    shown = await dialog.select_option("reboot")
    assert (shown["type"], shown["step_id"]) == ("form", "reboot")
    assert "reboot" not in all_called_methods(account)

    shown = await dialog.submit()
    assert shown["reason"] == "rebooting"
    assert "reboot" in all_called_methods(account)
    assert issue_ids(hass) == set()
    assert reason(hass) == "not_sending"
    for _ in range(12):
        await async_advance(hass, freezer, 10)
    assert (reason(hass), issue_ids(hass)) == ("none", set())
    assert account.queue == 0


async def test_reboot_fails(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    hanging: str,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that support and clearing the queue are offered if a reboot is no help."""
    account.reboot_moves_queue = False
    await dialog.open(hanging)
    await dialog.select_option("reboot")
    await dialog.submit()
    for _ in range(30):
        await async_advance(hass, freezer, 10)
    assert issue_ids(hass) == set()
    await async_wait(hass, freezer, 8)
    assert reason(hass) == "not_sending_after_reboot"
    (issue_id,) = issue_ids(hass)
    assert issue_id == f"{loaded_entry.entry_id}_not_sending_after_reboot"
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    assert issue.is_fixable
    assert issue.learn_more_url == SUPPORT_URL

    shown = await dialog.open(issue_id)
    assert (shown["type"], shown["step_id"]) == ("form", "confirm")
    shown = await dialog.submit()
    assert shown["reason"] == "cleared"
    assert account.queue == 0
    assert (reason(hass), issue_ids(hass)) == ("none", set())


@pytest.mark.parametrize("reloads", [0, 1, 2])
async def test_ignored_while_reboots_fail(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hanging: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    reloads: int,
) -> None:
    """Test that an ignored issue stays ignored after another reboot that is no help."""
    account.reboot_moves_queue = False
    account.boot_seconds = 1
    await async_press(hass)
    await async_wait(hass, freezer, 15)
    (issue_id,) = issue_ids(hass)
    assert issue_id == f"{loaded_entry.entry_id}_not_sending_after_reboot"
    ir.async_ignore_issue(hass, DOMAIN, issue_id, ignore=True)

    await async_press(hass)
    assert issue_ids(hass) == set()
    for _ in range(reloads):
        await hass.config_entries.async_reload(loaded_entry.entry_id)
        await async_wait(hass, freezer, 1)
    await async_wait(hass, freezer, 15)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    assert issue.dismissed_version


async def test_clear_queue(
    hass: HomeAssistant, dialog: Dialog, hanging: str, account: Account
) -> None:
    """Test that the queue is cleared after confirmation, and all updated at once."""
    await dialog.open(hanging)
    shown = await dialog.select_option("clear_queue")
    assert (shown["type"], shown["step_id"]) == ("form", "clear_queue")
    assert "clearMessagesQueue" not in all_called_methods(account)

    shown = await dialog.submit()
    assert shown["reason"] == "cleared"
    assert all_called_methods(account) == ["clearMessagesQueue", "getMessagesCount"]
    assert (reason(hass), issue_ids(hass)) == ("none", set())
    assert hass.states.get(MESSAGES_IN_QUEUE).state == "0"


async def test_clear_queue_with_closed_dialog(
    hass: HomeAssistant,
    hanging: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that a cleared queue is recorded although nobody waits for it any longer."""
    called, answer = delay_result(monkeypatch, GreenApiClient, "clear_messages_queue")
    task = asyncio.create_task(async_clear_queue(hass, loaded_entry))
    await called.wait()
    task.cancel()
    await asyncio.wait([task])
    assert issue_ids(hass) == {hanging}
    answer.set()
    await async_wait_until(
        lambda: all_called_methods(account)[-1:] == ["getMessagesCount"]
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (reason(hass), issue_ids(hass)) == ("none", set())


async def test_clear_queue_without_effect(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    hanging: str,
    account: Account,
) -> None:
    """Test that a queue that was not really cleared comes back as an issue."""
    account.clear_queue = lambda: True
    for _ in range(2):
        await dialog.open(hanging)
        await dialog.select_option("clear_queue")
        assert (await dialog.submit())["reason"] == "cleared"
        assert (reason(hass), issue_ids(hass)) == ("not_sending", set())
        await async_advance(hass, freezer)
        assert (reason(hass), issue_ids(hass)) == ("not_sending", {hanging})

    del account.clear_queue
    await dialog.open(hanging)
    await dialog.select_option("clear_queue")
    assert (await dialog.submit())["reason"] == "cleared"
    assert (reason(hass), issue_ids(hass)) == ("none", set())
    await async_wait(hass, freezer, 10)
    assert (reason(hass), issue_ids(hass)) == ("none", set())


async def test_clear_queue_without_check(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    hanging: str,
    account: Account,
) -> None:
    """Test that a cleared queue has no issue until it is checked again."""
    account.clear_queue = lambda: True
    await dialog.open(hanging)
    await dialog.select_option("clear_queue")
    account.faults["getMessagesCount"] = Fault.BAD_GATEWAY
    assert (await dialog.submit())["reason"] == "cleared"
    await async_wait(hass, freezer, 3)
    assert (reason(hass), issue_ids(hass)) == ("not_sending", set())
    account.faults.clear()
    await async_advance(hass, freezer)
    assert (reason(hass), issue_ids(hass)) == ("not_sending", {hanging})


async def test_clear_queue_with_late_check(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    hanging: str,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that an issue that comes back before the dialog ends is not deleted."""
    account.clear_queue = lambda: True
    await dialog.open(hanging)
    await dialog.select_option("clear_queue")
    with monkeypatch.context() as patch:
        called, answer = delay_result(patch, GreenApiClient, "get_messages_count")
        submitted = asyncio.create_task(dialog.submit())
        await called.wait()
        freezer.tick(35)
        answer.set()
        assert (await submitted)["reason"] == "cleared"
    assert (reason(hass), issue_ids(hass)) == ("not_sending", {hanging})


def deliver_messages(account: Account) -> None:
    """Send all messages."""
    account.queue = 0


def replace_messages(account: Account) -> None:
    """Send all messages, and add as many new ones."""
    account.queue = 3


def log_out(account: Account) -> None:
    """Log the account out, which is a different problem."""
    account.state = "notAuthorized"


@pytest.mark.parametrize("way", ["reboot", "clear_queue"])
@pytest.mark.parametrize(
    ("change", "minutes", "found"),
    [
        (deliver_messages, 0.5, "none"),
        (deliver_messages, 1, "none"),
        (deliver_messages, 10, "none"),
        (replace_messages, 0.5, "none"),
        (replace_messages, 1, "none"),
        (replace_messages, 2, "none"),
        (log_out, 2, "logged_out"),
    ],
)
async def test_repair_too_late(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    hanging: str,
    account: Account,
    change: Callable[[Account], None],
    minutes: float,
    found: str,
    way: str,
) -> None:
    """Test that a dialog does nothing to an account without that problem."""
    await dialog.open(hanging)
    await dialog.select_option(way)
    change(account)
    waiting_before = account.queue
    for _ in range(int(minutes)):
        await async_advance(hass, freezer)
    freezer.tick(60 * (minutes % 1))

    shown = await dialog.submit()

    assert reason_of_abort(shown) == "problem_ended"
    assert not {"reboot", "clearMessagesQueue"} & {*all_called_methods(account)}
    assert account.queue == waiting_before
    assert reason(hass) == found


@pytest.mark.parametrize("way", ["reboot", "clear_queue"])
async def test_repair_without_information(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    hanging: str,
    account: Account,
    way: str,
) -> None:
    """Test that a failed check does not prevent a repair or cause a second one."""
    await dialog.open(hanging)
    await dialog.select_option(way)
    freezer.tick(30)
    account.faults["getStateInstance"] = Fault.BAD_GATEWAY
    account.faults["getMessagesCount"] = Fault.BAD_GATEWAY
    assert (await dialog.submit())["reason"] in {"rebooting", "cleared"}
    done = {"reboot", "clearMessagesQueue"} & {*all_called_methods(account)}
    assert len(done) == 1


async def test_repair_while_message_not_listed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    hanging: str,
    account: Account,
) -> None:
    """Test that a message that is missing once is looked up again before the repair."""
    body: dict[str, Any] = {}
    other = Message("OTHER", "sendMessage", body, time.monotonic())
    lists = iter([True])
    account.list_order = lambda waiting: (
        [other, *waiting[1:]] if next(lists, False) else waiting
    )
    await dialog.open(hanging)
    await dialog.select_option("clear_queue")
    freezer.tick(30)
    assert (await dialog.submit())["reason"] == "cleared"
    assert all_called_methods(account).count("showMessagesQueue") == 2
    assert account.queue == 0


@at_every_end
async def test_entry_removed_during_check(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    hanging: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    end: End,
) -> None:
    """Test that a dialog aborts if its config entry is removed during its check."""
    await dialog.open(hanging)
    await dialog.select_option("clear_queue")
    freezer.tick(30)
    account.faults["getStateInstance"] = Fault.HANG
    submitting = asyncio.create_task(dialog.submit())
    await async_wait_until(lambda: "getStateInstance" in all_called_methods(account))

    await end(hass, loaded_entry)

    assert reason_of_abort(await submitting) == "removed"
    assert "clearMessagesQueue" not in all_called_methods(account)
    assert logged_errors(caplog) == []


async def test_clear_queue_refused(
    hass: HomeAssistant, dialog: Dialog, hanging: str, account: Account
) -> None:
    """Test that a refused request clears nothing and can be repeated."""
    account.clear_accepted = False
    await dialog.open(hanging)
    await dialog.select_option("clear_queue")
    assert (await dialog.submit())["errors"] == {"base": "clear_refused"}
    assert issue_ids(hass) == {hanging}
    assert account.queue == 3


@at_every_end
@pytest.mark.parametrize("way", ["reboot", "clear_queue"])
async def test_entry_removed(
    hass: HomeAssistant,
    dialog: Dialog,
    hanging: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    end: End,
    way: str,
) -> None:
    """Test that a dialog without its config entry aborts and does nothing."""
    await dialog.open(hanging)
    await dialog.select_option(way)
    await end(hass, loaded_entry)
    assert loaded_entry.state is ConfigEntryState.NOT_LOADED
    shown = await dialog.submit()
    assert shown["reason"] == "removed"
    assert not {"reboot", "clearMessagesQueue"} & {*all_called_methods(account)}
    assert logged_errors(caplog) == []


async def test_unload_while_clearing_queue(
    hass: HomeAssistant,
    dialog: Dialog,
    hanging: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that clearing completes during an unload, with no check afterward."""
    clear = GreenApiClient.clear_messages_queue

    async def clear_late(client: GreenApiClient) -> bool:
        await hass.config_entries.async_unload(loaded_entry.entry_id)
        return await clear(client)

    monkeypatch.setattr(GreenApiClient, "clear_messages_queue", clear_late)
    await dialog.open(hanging)
    await dialog.select_option("clear_queue")
    assert (await dialog.submit())["reason"] == "cleared"
    assert account.queue == 0
    assert all_called_methods(account) == ["clearMessagesQueue"]


async def test_clear_queue_fails(
    hass: HomeAssistant, dialog: Dialog, hanging: str, account: Account
) -> None:
    """Test that the dialog shows why the queue was not cleared, and can retry."""
    account.faults["clearMessagesQueue"] = Fault.BAD_GATEWAY
    await dialog.open(hanging)
    await dialog.select_option("clear_queue")
    assert (await dialog.submit())["errors"] == {"base": "cannot_connect"}

    account.faults.clear()
    assert (await dialog.submit())["reason"] == "cleared"
    assert issue_ids(hass) == set()
