"""Test how the queue is looked at, and what becomes of one that does not move."""

from collections import Counter
from datetime import UTC, timedelta
import json
import time
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)

from custom_components.green_api.api import GreenApiClient
from custom_components.green_api.const import CONSOLE_URL, DOMAIN, SUPPORT_URL
from custom_components.green_api.events import SIGNAL_ANNOUNCED, Announcement
from custom_components.green_api.store import SAVE_DELAY
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from tests.simulator import Account, Fault
from tests.simulator.queue import Message
from tests.support.const import INSTANCE_ID
from tests.support.dialog import Dialog, End, at_every_end
from tests.support.entities import MESSAGES_IN_QUEUE, PROBLEM, REASON
from tests.support.helpers import (
    async_pass,
    async_polls,
    async_set_up,
    complaints,
    issue_ids,
    methods,
)

MINUTES: Final = 60


def asked(account: Account) -> Counter[str]:
    """Return how often each method was asked since the last time."""
    counted = Counter(methods(account))
    account.requests.clear()
    return counted


def reason(hass: HomeAssistant) -> str:
    """Return the reason of the problem."""
    return hass.states.get(REASON).state


def waiting(hass: HomeAssistant, issue_id: str) -> str:
    """Return what a repair says of the messages that wait."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    return issue.translation_placeholders["waiting"]


async def async_wait(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, minutes: int
) -> None:
    """Wait for some minutes, with a poll in each."""
    await async_polls(hass, freezer, minutes)


@pytest.fixture
async def hanging(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> str:
    """Return the id of the issue of a queue that does not move."""
    account.queue = 3
    await async_wait(hass, freezer, 15)
    issue_id = f"{loaded_entry.entry_id}_not_sending"
    assert issue_ids(hass) == {issue_id}
    account.requests.clear()
    return issue_id


@pytest.mark.usefixtures("loaded_entry")
async def test_pace(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """An empty queue is looked at every five minutes, another one every minute."""
    asked(account)
    await async_wait(hass, freezer, 60)
    assert asked(account) == {"getStateInstance": 60, "getMessagesCount": 12}

    account.queue = 3
    await async_wait(hass, freezer, 5)
    assert asked(account) == {"getStateInstance": 5, "getMessagesCount": 1}
    for queue in (2, 1, 0):
        account.queue = queue
        await async_pass(hass, freezer)
        assert asked(account) == {"getStateInstance": 1, "getMessagesCount": 1}
    await async_wait(hass, freezer, 4)
    assert asked(account) == {"getStateInstance": 4}


async def test_nobody_has_to_listen(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    config_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    """The queue is looked at although its sensor is disabled."""
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
async def test_change_of_the_account(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """The queue is looked at when the account ceases or begins to be able to send."""
    await async_pass(hass, freezer)
    asked(account)
    account.queue = 3
    account.state = "notAuthorized"
    await async_pass(hass, freezer)
    assert asked(account)["getMessagesCount"] == 1
    # Nothing moves while it cannot.
    await async_wait(hass, freezer, 4)
    assert asked(account) == {"getStateInstance": 4}
    await async_pass(hass, freezer)
    assert asked(account)["getMessagesCount"] == 1

    account.state = "authorized"
    await async_polls(hass, freezer, 2)
    assert asked(account)["getMessagesCount"] == 2


@pytest.mark.usefixtures("loaded_entry")
async def test_fast_polls(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """The queue is not looked at more often when the account is asked more often."""
    account.state = "starting"
    await async_pass(hass, freezer)
    asked(account)
    for _ in range(12):
        await async_pass(hass, freezer, 10)
    assert asked(account) == {"getStateInstance": 12}


async def test_not_sending(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """A queue that stands is a problem after ten minutes, and until it moves."""
    await hass.config.async_set_time_zone("Asia/Jerusalem")
    account.queue = 3
    await async_wait(hass, freezer, 5)
    since = freezer.time_to_freeze
    await async_wait(hass, freezer, 9)
    assert hass.states.get(PROBLEM).state == "off"
    assert (reason(hass), issue_ids(hass)) == ("none", set())

    await async_pass(hass, freezer)
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
        "waiting": "Messages that wait: **3**. Unless they go out, the first of them "
        f"is lost by **{lost_at:%Y-%m-%d %H:%M}**.",
    }
    account_known = loaded_entry.runtime_data.coordinator.data
    assert account_known.problem_since == since.replace(tzinfo=UTC)

    account.queue_stuck = False
    await async_pass(hass, freezer)
    assert (reason(hass), issue_ids(hass)) == ("none", set())
    assert hass.states.get(PROBLEM).state == "off"


@pytest.mark.usefixtures("loaded_entry")
async def test_busy_sender(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """A queue that is never empty is no problem while another message is the oldest."""
    for number in range(40):
        account.queue = 5  # They are others each time.
        await async_pass(hass, freezer)
        assert reason(hass) == "none", number
    assert asked(account)["showMessagesQueue"] > 0


@pytest.mark.parametrize(("delay", "minutes"), [(3, 10), (300, 15), (600, 30)])
async def test_slow_instance(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    config_entry: MockConfigEntry,
    delay: float,
    minutes: int,
) -> None:
    """An instance that waits long between two messages is given longer."""
    account.messages.delay = delay
    account.queue = 2
    await async_set_up(hass, config_entry)
    await async_wait(hass, freezer, minutes - 1)
    assert reason(hass) == "none"
    await async_pass(hass, freezer)
    assert reason(hass) == "not_sending"


@pytest.mark.usefixtures("loaded_entry")
async def test_delay_was_changed(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """The delay is asked for once more before a queue is said to stand."""
    account.messages.delay = 240
    account.queue = 3
    asked(account)
    await async_wait(hass, freezer, 15)
    assert reason(hass) == "none"
    assert asked(account)["getSettings"] == 1
    await async_wait(hass, freezer, 2)
    assert reason(hass) == "not_sending"


async def test_unknown_delay(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    config_entry: MockConfigEntry,
) -> None:
    """While the delay is not known, it may be the longest one there is."""
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
        # As the vendor's servers do it with a single message.
        (None, 0, 20),
    ],
)
async def test_list_is_of_no_use(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    config_entry: MockConfigEntry,
    fault: Fault | None,
    listed: int,
    lists: int,
) -> None:
    """The count alone proves it in twice the time; a list is not too large for once."""
    account.queue = 3
    account.faults["showMessagesQueue"] = fault
    account.listed_messages = listed
    await async_set_up(hass, config_entry)
    await async_wait(hass, freezer, 19)
    assert reason(hass) == "none"
    await async_pass(hass, freezer)
    assert reason(hass) == "not_sending"
    assert asked(account)["showMessagesQueue"] == lists


async def test_outage(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, hanging: str, account: Account
) -> None:
    """An outage ends no problem of the queue, and hides none."""
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
    """An account that is logged out has that problem, and its messages wait."""
    account.queue = 4
    account.state = "notAuthorized"
    await async_wait(hass, freezer, 2)
    assert reason(hass) == "logged_out"
    issue_id = f"{loaded_entry.entry_id}_logged_out"
    assert issue_ids(hass) == {issue_id}
    assert "**4**" in waiting(hass, issue_id)

    account.state = "authorized"
    await async_pass(hass, freezer)
    assert (reason(hass), issue_ids(hass)) == ("none", set())


async def test_messages_of_an_account_that_does_not_work(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """A repair says what waits as long as it is known, over restarts as well."""
    await async_wait(hass, freezer, 6)
    account.state = "blocked"
    account.queue = 7
    await async_pass(hass, freezer)
    lost_at = freezer.time_to_freeze.replace(tzinfo=UTC) + timedelta(hours=24)
    await async_pass(hass, freezer)
    issue_id = f"{loaded_entry.entry_id}_blocked"
    text = waiting(hass, issue_id)
    assert "**7**" in text

    account.faults["getMessagesCount"] = Fault.BAD_GATEWAY
    await async_wait(hass, freezer, 10)
    assert waiting(hass, issue_id) == text
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert waiting(hass, issue_id) == text
    assert loaded_entry.runtime_data.queue.waiting.lost_at == lost_at

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
    """A problem of the queue is there again at once, and nothing else is announced."""
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
    """After half an hour nothing is known, nor announced until something is."""
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
    await async_pass(hass, freezer)
    assert [it.now.since for it in announced][-1] is None


async def test_nothing_of_a_message_is_kept(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What a message says, to whom, and which one it is, is neither kept nor logged."""
    caplog.set_level("DEBUG")
    body: dict[str, Any] = {"chatId": "79001234568@c.us", "message": "Front door open"}
    account.messages.add(Message("BAE5SECRET", "sendMessage", body, time.monotonic()))
    account.queue_stuck = True
    await async_wait(hass, freezer, 16)
    assert reason(hass) == "not_sending"
    await async_pass(hass, freezer, SAVE_DELAY)
    shown = json.dumps(hass_storage[DOMAIN]) + caplog.text
    for secret in ("BAE5SECRET", "79001234568", "Front door"):
        assert secret not in shown
    still = loaded_entry.runtime_data.queue._memory.queue.standstill
    assert str(still.oldest) not in shown


# The repair


async def test_reboot(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    hanging: str,
    account: Account,
) -> None:
    """A reboot sets the messages in motion."""
    shown = await dialog.open(hanging)
    assert shown["type"] == "menu"
    assert shown["menu_options"] == ["reboot", "clear_queue"]
    assert "**3**" in shown["description_placeholders"]["waiting"]
    shown = await dialog.choose("reboot")
    assert (shown["type"], shown["step_id"]) == ("form", "reboot")
    assert "reboot" not in methods(account)

    shown = await dialog.submit()
    assert shown["type"] == "create_entry"
    assert "reboot" in methods(account)
    assert issue_ids(hass) == set()
    assert reason(hass) == "not_sending"
    for _ in range(12):
        await async_pass(hass, freezer, 10)
    assert (reason(hass), issue_ids(hass)) == ("none", set())
    assert account.queue == 0


async def test_reboot_in_vain(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    hanging: str,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """If a reboot does not help, the support is next, and the queue can be cleared."""
    account.reboot_moves_queue = False
    await dialog.open(hanging)
    await dialog.choose("reboot")
    await dialog.submit()
    for _ in range(30):
        await async_pass(hass, freezer, 10)
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
    assert shown["type"] == "create_entry"
    assert account.queue == 0
    assert (reason(hass), issue_ids(hass)) == ("none", set())


async def test_clear_queue(
    hass: HomeAssistant, dialog: Dialog, hanging: str, account: Account
) -> None:
    """The queue is cleared after a question, and everything follows at once."""
    await dialog.open(hanging)
    shown = await dialog.choose("clear_queue")
    assert (shown["type"], shown["step_id"]) == ("form", "clear_queue")
    assert "clearMessagesQueue" not in methods(account)

    shown = await dialog.submit()
    assert shown["type"] == "create_entry"
    assert methods(account) == ["clearMessagesQueue", "getMessagesCount"]
    assert (reason(hass), issue_ids(hass)) == ("none", set())
    assert hass.states.get(MESSAGES_IN_QUEUE).state == "0"


async def test_clear_queue_refused(
    hass: HomeAssistant, dialog: Dialog, hanging: str, account: Account
) -> None:
    """A server that refuses has cleared nothing, which can be tried again."""
    account.clear_accepted = False
    await dialog.open(hanging)
    await dialog.choose("clear_queue")
    assert (await dialog.submit())["errors"] == {"base": "clear_refused"}
    assert issue_ids(hass) == {hanging}
    assert account.queue == 3


@at_every_end
@pytest.mark.parametrize("way", ["reboot", "clear_queue"])
async def test_entry_ends(
    hass: HomeAssistant,
    dialog: Dialog,
    hanging: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    end: End,
    way: str,
) -> None:
    """A dialog whose config entry is gone says so, and does nothing."""
    await dialog.open(hanging)
    await dialog.choose(way)
    await end(hass, loaded_entry)
    assert loaded_entry.state is ConfigEntryState.NOT_LOADED
    shown = await dialog.submit()
    assert shown["reason"] == "removed"
    assert not {"reboot", "clearMessagesQueue"} & {*methods(account)}
    assert complaints(caplog) == []


async def test_entry_is_unloaded_while_the_queue_is_cleared(
    hass: HomeAssistant,
    dialog: Dialog,
    hanging: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was cleared is cleared, and nobody looks any more."""
    clear = GreenApiClient.clear_messages_queue

    async def clear_late(client: GreenApiClient) -> bool:
        await hass.config_entries.async_unload(loaded_entry.entry_id)
        return await clear(client)

    monkeypatch.setattr(GreenApiClient, "clear_messages_queue", clear_late)
    await dialog.open(hanging)
    await dialog.choose("clear_queue")
    assert (await dialog.submit())["type"] == "create_entry"
    assert account.queue == 0
    assert methods(account) == ["clearMessagesQueue"]


async def test_clear_queue_fails(
    hass: HomeAssistant, dialog: Dialog, hanging: str, account: Account
) -> None:
    """The dialog says why the queue is not cleared, and can try again."""
    account.faults["clearMessagesQueue"] = Fault.BAD_GATEWAY
    await dialog.open(hanging)
    await dialog.choose("clear_queue")
    assert (await dialog.submit())["errors"] == {"base": "cannot_connect"}

    account.faults.clear()
    assert (await dialog.submit())["type"] == "create_entry"
    assert issue_ids(hass) == set()
