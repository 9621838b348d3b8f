"""Test the action that waits until a message is delivered."""

import asyncio
from datetime import timedelta
import json
from pathlib import Path
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.const import DOMAIN
from custom_components.green_api.diagnostics import (
    async_get_config_entry_diagnostics,
)
from custom_components.green_api.files import attachment
from custom_components.green_api.files.found_file import FoundFile
from custom_components.green_api.repairs import async_create_fix_flow
from custom_components.green_api.sending.followed import SentMessage
from custom_components.green_api.sending.status_requests import PATIENCE
from custom_components.green_api.texts import moment_text
from homeassistant.components.repairs import DOMAIN as REPAIRS_DOMAIN, RepairsFlow
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.async_ import get_scheduled_timer_handles
from tests.simulator import Account, Fault, Messenger, Simulator
from tests.support.attachments import PICTURE
from tests.support.const import TOKEN
from tests.support.deliveries import BOTH, TEXT, Deliveries
from tests.support.entities import PROBLEM, state_of
from tests.support.entries import entry_of
from tests.support.helpers import issue_keys
from tests.support.recipients import (
    ALEX,
    ALEX_CHAT,
    FAMILY,
    FAMILY_CHAT,
    recipient,
    sent_messages,
)
from tests.support.request_interceptor import RequestInterceptor, delay
from tests.support.secrecy import LogRecorder, token_leaks
from tests.support.simulated_time import SimulatedTime

pytestmark = pytest.mark.long(11)

MINUTE: Final = {"minutes": 1}


def store_wait(
    hass_storage: dict[str, Any], entry: MockConfigEntry, **fields: object
) -> None:
    """Store a wait of the account; a field that is `...` is left out."""
    wait: dict[str, object] = {
        "subentry_id": "1",
        "chat_id": ALEX_CHAT,
        "message_id": "3EB0",
        "sent": "2026-11-29T12:00:00+00:00",
        "deadline": "2026-11-29T12:01:00+00:00",
    } | fields
    stored = {key: value for key, value in wait.items() if value is not ...}
    hass_storage[DOMAIN] = {
        "version": 1,
        "minor_version": 1,
        "key": DOMAIN,
        "data": {
            "saved_at": "2026-11-29T12:00:00+00:00",
            "accounts": {entry.entry_id: {"waits": [stored]}},
        },
    }


@pytest.fixture
async def home(new_home: Deliveries, account: Account) -> Deliveries:
    """Return an account that reports statuses."""
    account.reports_statuses = True
    account.messages.delay = 1
    await new_home.set_up()
    return new_home


@pytest.mark.parametrize("fate", ["delivered", "read"])
async def test_delivered(home: Deliveries, fate: str) -> None:
    """Test that the action ends with the status once a message is delivered."""
    home.account.fates[ALEX_CHAT] = fate
    home.account.delivery_seconds = 15
    response = await home.time.result(home.send(confirm_within=MINUTE), 60)
    (message,) = home.account.messages
    assert response == {ALEX: {"message_id": message.id, "status": fate}}
    assert json.loads(json.dumps(response[ALEX]))["status"] == fate
    assert home.asked == [3, 10, 30]
    assert home.passed == 30
    await home.time.advance(3600)
    assert home.asked == [3, 10, 30]
    assert sent_messages(home.account) == [(ALEX_CHAT, TEXT)]


@pytest.mark.parametrize("word", ["failed", "delivered"])
async def test_reported_before_sent(
    home: Deliveries, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    """Test that a status counts that is received before the ID of the message."""
    deliveries = home.entry.runtime_data.deliveries
    sent = deliveries.async_sent

    def reported_first(subentry_id: str, chat_id: str, message_id: str) -> SentMessage:
        deliveries.async_status_received(chat_id, message_id, word)
        return sent(subentry_id, chat_id, message_id)

    monkeypatch.setattr(deliveries, "async_sent", reported_first)
    response = await home.time.result(
        home.send(confirm_within=MINUTE, return_errors=True), 1
    )
    assert response[ALEX]["status"] == word
    assert home.asked == []
    assert home.entry.runtime_data.coordinator.data.waits == frozenset()


async def test_without(home: Deliveries) -> None:
    """Test that nothing is requested, and nothing stored, unless it is wanted."""
    response = await home.time.result(home.send(), 1)
    assert response[ALEX].keys() == {"message_id"}
    await home.time.advance(600)
    assert home.asked == []
    assert home.entry.runtime_data.coordinator.data.waits == frozenset()


@pytest.mark.parametrize(
    ("fate", "key"),
    [
        ("noAccount", "delivery_no_account"),
        ("notInGroup", "delivery_not_in_group"),
        ("yellowCard", "delivery_restricted"),
        ("suspended", "delivery_restricted"),
        ("noActiveSession", "delivery_failed"),
        ("failed", "delivery_failed"),
    ],
)
async def test_failed(home: Deliveries, fate: str, key: str) -> None:
    """Test that a failure ends the action at once, with the recipient and reason."""
    home.account.fates[ALEX_CHAT] = fate
    err = await home.error(home.send(confirm_within=MINUTE), 10)
    assert err.translation_key == key
    assert err.translation_placeholders == {
        "name": home.entry.title,
        "recipient": "Alex",
    }
    assert home.passed == 3
    await home.time.advance(600)
    assert len(sent_messages(home.account)) == 1
    assert home.asked == [3]


@pytest.mark.parametrize("fate", ["pending", "sent", "someFutureStatus"])
async def test_too_late(home: Deliveries, fate: str) -> None:
    """Test that a message that is not confirmed in time is an error."""
    home.account.fates[ALEX_CHAT] = fate
    err = await home.error(home.send(confirm_within={"seconds": 200}), 201)
    assert err.translation_key == "not_confirmed"
    assert home.asked == [3, 10, 30, 60, 120, 200]
    assert home.passed == 200
    await home.time.advance(600)
    assert len(home.asked) == 6
    assert len(sent_messages(home.account)) == 1


async def test_hour(home: Deliveries) -> None:
    """Test that statuses are requested every five minutes for an hour."""
    home.account.fates[ALEX_CHAT] = "sent"
    await home.error(home.send(confirm_within={"hours": 1}), 3601)
    assert home.asked == [3, 10, 30, 60, 120, *range(300, 3601, 300)]


async def test_short(home: Deliveries) -> None:
    """Test that a short wait is still one request."""
    home.account.messages.delay = 0
    response = await home.time.result(home.send(confirm_within={"seconds": 1}), 2)
    assert response[ALEX]["status"] == "delivered"
    assert home.asked == [1]


@pytest.mark.parametrize("form", ["json", "text", "html"])
async def test_lag(home: Deliveries, form: str) -> None:
    """Test that a message that is not in the journal yet is waited for."""
    home.account.journal_lag = 100
    home.account.journal_errors = form
    response = await home.time.result(home.send(confirm_within={"minutes": 5}), 200)
    assert response[ALEX]["status"] == "delivered"
    assert home.asked == [3, 10, 30, 60, 120]


@pytest.mark.parametrize(
    "fault",
    [
        *(Fault.BAD_GATEWAY, Fault.HTML_200, Fault.NULL_200, Fault.UNAUTHORIZED),
        *(Fault.RATE_LIMITED, Fault.STARTING, Fault.MISSING_FIELD, Fault.DEEP_JSON),
    ],
)
async def test_failures(home: Deliveries, fault: Fault) -> None:
    """Test that any failure of a request means that the status is not known yet."""
    home.account.faults["getMessage"] = fault
    task = home.send(confirm_within=MINUTE)
    await home.time.advance(20)
    assert not task.done()
    assert len(home.asked) == 2
    del home.account.faults["getMessage"]
    response = await home.time.result(task, 20)
    assert response[ALEX]["status"] == "delivered"


@pytest.mark.parametrize("messenger", [Messenger.TELEGRAM, Messenger.MAX])
async def test_other_messengers(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    config_entry: MockConfigEntry,
    account: Account,
    messenger: Messenger,
) -> None:
    """Test that other messengers are asked, whether statuses are on or off."""
    account.messenger = messenger
    home = Deliveries(hass, SimulatedTime(freezer, monkeypatch), account, config_entry)
    config_entry.add_to_hass(hass)
    hass.config_entries.async_add_subentry(config_entry, recipient("Sam", "10000000"))
    await hass.config_entries.async_setup(config_entry.entry_id)
    await home.time.settle()
    response = await home.time.result(
        home.send("notify.sam", confirm_within=MINUTE), 20
    )
    assert response["notify.sam"]["status"] == "delivered"
    assert issue_keys(hass) == []


async def test_several(home: Deliveries) -> None:
    """Test that messages to several recipients are waited for side by side."""
    home.account.fates[FAMILY_CHAT] = "notInGroup"
    home.account.delivery_seconds = 5
    err = await home.error(home.send(BOTH, confirm_within=MINUTE), 20)
    assert home.passed == 10
    assert err.translation_key == "partly_sent"
    assert err.translation_placeholders
    assert err.translation_placeholders["sent"] == "Alex"
    assert err.translation_placeholders["failed"].startswith("Family: The message to ")
    assert home.asked == [3, 3, 10, 10]


async def test_return_errors(home: Deliveries) -> None:
    """Test that errors about deliveries are returned on request."""
    home.account.fates[FAMILY_CHAT] = "notInGroup"
    task = home.send(BOTH, confirm_within=MINUTE, return_errors=True)
    response = await home.time.result(task, 20)
    assert response[ALEX]["status"] == "delivered"
    message_id = next(
        it.id for it in home.account.messages if it.body["chatId"] == FAMILY_CHAT
    )
    error = response[FAMILY].pop("error")
    assert response[FAMILY] == {"message_id": message_id, "status": "not_in_group"}
    assert "isn't a member of the group anymore" in error


@pytest.mark.parametrize(
    ("fate", "status"),
    [("pending", "waiting"), ("sent", "sent"), ("someFutureStatus", "unknown")],
)
async def test_return_last_status(home: Deliveries, fate: str, status: str) -> None:
    """Test that the response has the last status of what is not confirmed in time."""
    home.account.fates[ALEX_CHAT] = fate
    task = home.send(confirm_within={"seconds": 20}, return_errors=True)
    response = await home.time.result(task, 21)
    (message,) = home.account.messages
    assert "wasn't confirmed in time" in response[ALEX].pop("error")
    assert response == {ALEX: {"message_id": message.id, "status": status}}
    assert json.loads(json.dumps(response)) == response


async def test_return_errors_of_what_is_not_sent(home: Deliveries) -> None:
    """Test that a message that is not sent has an error only."""
    home.account.faults["sendMessage"] = Fault.BAD_REQUEST
    task = home.send(confirm_within=MINUTE, return_errors=True)
    response = await home.time.result(task, 5)
    assert response[ALEX].keys() == {"error"}


async def test_response_not_wanted(home: Deliveries) -> None:
    """Test that a delivery is waited for without a response as well."""
    task = asyncio.ensure_future(
        home.hass.services.async_call(
            DOMAIN,
            "send_message",
            {"entity_id": ALEX, "message": TEXT, "confirm_within": MINUTE},
            blocking=True,
        )
    )
    assert await home.time.result(task, 20) is None
    assert home.passed == 3


@pytest.fixture(params=["long caption", "no caption"])
def text_after_file(
    hass: HomeAssistant, tmp_path: Path, request: pytest.FixtureRequest
) -> dict[str, Any]:
    """Return a file with a text that is too long for a caption, or can't be one."""
    length, name = {"long caption": (1025, "a.png"), "no caption": (9, "a.pdf")}[
        request.param
    ]
    (tmp_path / name).write_bytes(b"\x89PNG")
    hass.config.allowlist_external_dirs = {f"{tmp_path}"}
    return {"message": "x" * length, "attachment": f"{tmp_path / name}"}


async def test_text_after_file(
    home: Deliveries, text_after_file: dict[str, Any]
) -> None:
    """Test that the file and the rest of its text are waited for."""
    home.account.delivery_seconds = 20
    response = await home.time.result(
        home.send(**text_after_file, confirm_within=MINUTE), 61
    )
    file, rest = home.account.messages
    assert (file.is_file, rest.is_file) == (True, False)
    assert response == {ALEX: {"message_id": file.id, "status": "delivered"}}
    assert len(home.asked) == 6
    assert home.entry.runtime_data.coordinator.data.waits == frozenset()


@pytest.mark.parametrize("part", [0, 1], ids=["file", "rest"])
@pytest.mark.parametrize(
    ("word", "status", "passed"),
    [("sent", "sent", 61), ("noAccount", "no_account", 5), ("read", "delivered", 10)],
)
async def test_part_of_text_after_file(
    home: Deliveries,
    text_after_file: dict[str, Any],
    part: int,
    word: str,
    status: str,
    passed: float,
) -> None:
    """Test that the status is that of the part that has got less far."""
    task = home.send(**text_after_file, confirm_within=MINUTE, return_errors=True)
    await home.time.advance(1)
    home.account.words[list(home.account.messages)[part].id] = word
    response = await home.time.result(task, 61)
    assert response[ALEX]["message_id"] == next(iter(home.account.messages)).id
    assert response[ALEX]["status"] == status
    assert ("error" in response[ALEX]) == (status != "delivered")
    assert passed - 3 <= home.passed <= passed
    requests = len(home.asked)
    await home.time.advance(600)
    assert len(home.asked) == requests
    assert home.entry.runtime_data.coordinator.data.waits == frozenset()


async def test_no_place_for_a_part(
    home: Deliveries, text_after_file: dict[str, Any]
) -> None:
    """Test that a message is not confirmed if one of its parts can't be followed."""
    home.account.fates[FAMILY_CHAT] = "sent"
    tasks = [home.send(FAMILY, confirm_within=MINUTE) for _ in range(19)]
    await home.time.advance(1)
    err = await home.error(home.send(**text_after_file, confirm_within=MINUTE), 2)
    assert err.translation_key == "not_confirmed"
    assert len(home.entry.runtime_data.coordinator.data.waits) == 19
    for task in tasks:
        task.cancel()
    await home.time.settle()
    assert home.entry.runtime_data.coordinator.data.waits == frozenset()


async def test_restart_with_text_after_file(
    home: Deliveries, hass_storage: Any, text_after_file: dict[str, Any]
) -> None:
    """Test that both parts are followed to their end after a restart."""
    home.account.fates[ALEX_CHAT] = "sent"
    task = home.send(**text_after_file, confirm_within=MINUTE)
    await home.time.advance(20)
    async with home.restarted() as again:
        task.cancel()
        runs = await again.automation()
        await again.started()
        await again.time.advance(60)
        assert {it["message_id"] for it in runs} == {
            it.id for it in home.account.messages
        }
        assert issue_keys(again.hass) == ["not_confirmed"]


async def test_not_sent(home: Deliveries) -> None:
    """Test that the error of a message that is not sent is the usual one."""
    home.account.faults["sendMessage"] = Fault.BAD_REQUEST
    err = await home.error(home.send(confirm_within=MINUTE), 5)
    assert err.translation_key == "invalid_chat"
    assert home.asked == []


@pytest.mark.parametrize(
    "within",
    [
        {"hours": 1, "seconds": 1},
        {"seconds": -1},
        "soon",
        {"days": 1},
        "",
        {"days": 1e12},
    ],
)
async def test_invalid(home: Deliveries, within: object) -> None:
    """Test that the time is a duration of at most an hour.

    A script would stop at an invalid one, even with `continue_on_error`.
    """
    err = await home.error(home.send(confirm_within=within), 1)
    assert err.translation_key == "confirm_within_invalid"
    assert home.account.requests == []


async def test_time_of_entity(home: Deliveries) -> None:
    """Test that the state of the entity is when the message was sent."""
    home.account.delivery_seconds = 20
    sent = dt_util.utcnow()
    task = home.send(confirm_within=MINUTE)
    await home.time.advance(1)
    state = home.hass.states.get(ALEX)
    assert state
    assert abs(dt_util.parse_datetime(state.state) - sent).total_seconds() < 0.5
    await home.time.result(task, 60)
    assert home.hass.states.get(ALEX).state == state.state


# Cancellation and reloads


def timers(home: Deliveries) -> int:
    """Return the number of timers."""
    return sum(not it.cancelled() for it in get_scheduled_timer_handles(home.hass.loop))


async def test_cancelled(home: Deliveries) -> None:
    """Test that nothing is left of a wait that is canceled."""
    home.account.fates[ALEX_CHAT] = "sent"
    await home.time.advance(1)
    before = timers(home)
    task = home.send(confirm_within=MINUTE)
    await home.time.advance(5)
    assert len(home.entry.runtime_data.coordinator.data.waits) == 1
    home.start()
    task.cancel()
    await home.time.settle()
    assert task.cancelled()
    assert home.entry.runtime_data.coordinator.data.waits == frozenset()
    # The file with what was waited for will be saved.
    assert timers(home) <= before + 1
    await home.time.advance(600)
    assert home.asked == []


async def test_cancelled_request(
    home: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that a request of a canceled wait is canceled, and no other one."""
    interceptor = RequestInterceptor(monkeypatch)
    interceptor.intercept(home.account.instance_id, delay("getMessage", 2.5))
    first = home.send(ALEX, confirm_within=MINUTE)
    await home.time.advance(0.5)
    second = home.send(FAMILY, confirm_within=MINUTE)
    await home.time.advance(3.5)
    assert len(home.asked) == 1
    first.cancel()
    await home.time.settle()
    assert (await home.time.result(second, 10))[FAMILY]["status"] == "delivered"
    assert len(home.asked) == 2
    assert home.passed < 10


async def set_up_script(home: Deliveries, **options: Any) -> None:
    """Set up a script that waits for the delivery of a message."""
    action = {
        "action": "green_api.send_message",
        "data": {"entity_id": ALEX, "message": TEXT, "confirm_within": MINUTE},
    }
    script = {"alarm": {"sequence": [action], **options}}
    assert await async_setup_component(home.hass, "script", {"script": script})


def run_script(home: Deliveries) -> asyncio.Task[Any]:
    """Run the script, and return the task."""
    return asyncio.ensure_future(
        home.hass.services.async_call("script", "alarm", blocking=True)
    )


async def test_restarted_script(home: Deliveries) -> None:
    """Test that a script that is restarted gives up its wait."""
    home.account.fates[ALEX_CHAT] = "sent"
    await set_up_script(home, mode="restart")
    calls = []
    for _ in range(3):
        calls.append(run_script(home))
        await home.time.advance(5)
        assert len(home.entry.runtime_data.coordinator.data.waits) == 1
    await home.time.advance(120)
    assert home.entry.runtime_data.coordinator.data.waits == frozenset()
    assert len(sent_messages(home.account)) == 3
    await asyncio.gather(*calls, return_exceptions=True)


async def test_script_during_restart(home: Deliveries, hass_storage: Any) -> None:
    """Test that a message is followed whose script ends with Home Assistant."""
    home.account.fates[ALEX_CHAT] = "sent"
    await set_up_script(home)
    call = run_script(home)
    await home.time.advance(5)
    async with home.restarted() as again:
        assert call.done()
        await again.started()
        await again.time.advance(60)
        assert issue_keys(again.hass) == ["not_confirmed"]
    await asyncio.gather(call, return_exceptions=True)


async def test_reloaded(home: Deliveries) -> None:
    """Test that a message is not confirmed if the account is reloaded."""
    home.account.fates[ALEX_CHAT] = "sent"
    task = home.send(confirm_within=MINUTE)
    await home.time.advance(5)
    reload = asyncio.ensure_future(
        home.hass.config_entries.async_reload(home.entry.entry_id)
    )
    err = await home.error(task, 1)
    assert err.translation_key == "not_confirmed"
    await home.time.result(reload, 1)
    home.start()
    await home.time.advance(600)
    assert home.asked == []
    assert home.entry.runtime_data.coordinator.data.waits == frozenset()
    assert issue_keys(home.hass) == []


@pytest.fixture
def slow_camera(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a camera that takes 20 seconds for a picture."""

    async def get_picture(*_: object) -> FoundFile:
        await asyncio.sleep(20)
        return FoundFile("door", PICTURE, "image/jpeg")

    monkeypatch.setattr(attachment, "async_get_picture", get_picture)
    return "camera.door"


async def test_reloaded_while_camera_is_slow(
    home: Deliveries, slow_camera: str
) -> None:
    """Test that a picture is sent and confirmed by the account after its reload."""
    task = home.send(confirm_within=MINUTE, attachment=slow_camera)
    await home.time.advance(5)
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    response = await home.time.result(task, 30)
    assert response[ALEX]["status"] == "delivered"


async def test_unloaded_while_camera_is_slow(
    home: Deliveries, slow_camera: str
) -> None:
    """Test that a picture is not sent if the account is not loaded anymore."""
    task = home.send(attachment=slow_camera)
    await home.time.advance(5)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    assert (await home.error(task, 30)).translation_key == "interrupted"
    assert sent_messages(home.account) == []


async def test_recipient_removed_during_send(
    home: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that the recipient can be removed during the request."""
    interceptor = RequestInterceptor(monkeypatch)
    interceptor.intercept(home.account.instance_id, delay("sendMessage", 5))
    task = home.send(confirm_within=MINUTE)
    await home.time.advance(1)
    (subentry,) = (it for it in home.entry.subentries.values() if it.title == "Alex")
    home.hass.config_entries.async_remove_subentry(home.entry, subentry.subentry_id)
    assert (await home.time.result(task, 20))[ALEX]["status"] == "delivered"


@pytest.mark.parametrize("change", ["reload", "unload", "remove"])
async def test_changed_during_send(
    home: Deliveries, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Test that the account can be reloaded or removed during the request."""
    interceptor = RequestInterceptor(monkeypatch)
    interceptor.intercept(home.account.instance_id, delay("sendMessage", 5))
    task = home.send(confirm_within=MINUTE)
    await home.time.advance(1)
    entries, entry = home.hass.config_entries, home.entry
    call = {
        "reload": entries.async_reload,
        "remove": entries.async_remove,
        "unload": entries.async_unload,
    }[change]
    changing = asyncio.ensure_future(call(entry.entry_id))
    err = await home.error(task, 20)
    assert err.translation_key == "not_confirmed"
    assert err.translation_placeholders["recipient"] == "Alex"
    await home.time.result(changing, 20)
    await home.time.advance(120)
    assert home.asked == []


async def test_removed_while_waiting(home: Deliveries) -> None:
    """Test that the account can be removed while its messages are waited for."""
    home.account.fates |= {ALEX_CHAT: "sent", FAMILY_CHAT: "sent"}
    task = home.send(BOTH, confirm_within=MINUTE)
    await home.time.advance(5)
    removal = asyncio.ensure_future(
        home.hass.config_entries.async_remove(home.entry.entry_id)
    )
    err = await home.error(task, 1)
    assert err.translation_key == "not_sent"
    assert (
        "Family: The message to Family was sent"
        in (err.translation_placeholders["failed"])
    )
    await home.time.result(removal, 1)


# Many messages


@pytest.mark.paced
async def test_many(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    config_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that 20 of 25 messages are followed in turn, and 5 not confirmed."""
    account.reports_statuses = True
    account.messages.delay = 0.1
    chats = {f"r{number}": f"790012345{number:02}@c.us" for number in range(25)}
    config_entry.add_to_hass(hass)
    for name, chat_id in chats.items():
        hass.config_entries.async_add_subentry(config_entry, recipient(name, chat_id))
    await hass.config_entries.async_setup(config_entry.entry_id)
    home = Deliveries(hass, SimulatedTime(freezer, monkeypatch), account, config_entry)
    await home.time.advance(1)
    home.start()
    tasks = [home.send(f"notify.{name}", confirm_within=MINUTE) for name in chats]
    await home.time.advance(2)
    refused = [it for it in tasks if it.done()]
    assert len(refused) == 5
    for task in refused:
        assert (await home.error(task)).translation_key == "not_confirmed"
    await home.time.advance(58)
    assert all(it.done() for it in tasks)
    delivered = [it for it in tasks if not it.exception()]
    assert len(delivered) == 20
    assert len(home.asked) == 20
    assert all(b - a >= 1 for a, b in zip(home.asked, home.asked[1:], strict=False))
    # There is room again.
    task = home.send("notify.r0", confirm_within=MINUTE)
    assert (await home.time.result(task, 60))["notify.r0"]["status"] == "delivered"


# A server that does not respond


@pytest.mark.parametrize("hangs_after", [1, 50, 58, 59.99])
async def test_deadlines_while_requests_hang(
    home: Deliveries, hangs_after: float
) -> None:
    """Test that no deadline waits for requests that hang."""
    home.account.fates |= {ALEX_CHAT: "sent", FAMILY_CHAT: "sent"}
    runs = await home.automation({"entity_id": FAMILY}, **{"for": MINUTE})
    tasks = [home.send(confirm_within=MINUTE) for _ in range(15)]
    tasks += [home.send(FAMILY, confirm_within=MINUTE) for _ in range(5)]
    await home.time.advance(hangs_after)
    home.account.faults["getMessage"] = Fault.HANG
    assert not any(it.done() for it in tasks)
    await home.time.advance(60 + PATIENCE + 1.2 - hangs_after)
    for task in tasks:
        assert (await home.error(task)).translation_key == "not_confirmed"
    assert len(runs) == 5
    requests = len(home.asked)
    await home.time.advance(600)
    assert len(home.asked) == requests
    assert len(runs) == 5


async def test_later_deadline_while_requests_hang(home: Deliveries) -> None:
    """Test that a message whose time is not over is followed further."""
    home.account.faults["getMessage"] = Fault.HANG
    first = home.send(confirm_within={"seconds": 10})
    second = home.send(confirm_within={"minutes": 2})
    await home.time.advance(16)
    assert first.done()
    assert (await home.error(first)).translation_key == "not_confirmed"
    assert not second.done()
    del home.account.faults["getMessage"]
    assert (await home.time.result(second, 60))[ALEX]["status"] == "delivered"


async def test_deadline_while_settings_hang(silent: Deliveries) -> None:
    """Test that no deadline waits for the settings."""
    silent.account.faults["getSettings"] = Fault.HANG
    err = await silent.error(silent.send(confirm_within={"seconds": 5}), 6)
    assert err.translation_key == "statuses_off"
    assert silent.passed == 5


# Quota


async def test_quota(home: Deliveries) -> None:
    """Test that nothing is requested until the next month once the plan is used up."""
    home.account.fates[ALEX_CHAT] = "sent"
    home.account.on_free_plan = True
    assert home.account.free_plan
    home.account.free_plan.used["getMessage"] = 998
    task = home.send(confirm_within={"minutes": 10})
    err = await home.error(task, 60)
    assert err.translation_key == "status_quota"
    assert home.asked == [3, 10, 30]
    assert home.passed == 30

    err = await home.error(home.send(confirm_within=MINUTE), 1)
    assert err.translation_key == "status_quota"
    assert len(home.asked) == 3
    assert settings_requests(home) == 0
    assert len(sent_messages(home.account)) == 2
    assert issue_keys(home.hass) == ["status_quota"]
    assert state_of(home.hass, PROBLEM) == "off"

    record = home.entry.runtime_data.coordinator.data
    until = record.quota_used_up_until
    now = dt_util.utcnow()
    assert until
    assert (until.day, until.hour, until.minute) == (1, 0, 0)
    assert (until.year, until.month) == (
        (now.year, now.month + 1) if now.month < 12 else (now.year + 1, 1)
    )


async def test_next_month(home: Deliveries, freezer: FrozenDateTimeFactory) -> None:
    """Test that statuses are requested again from the first of the next month on."""
    home.account.on_free_plan = True
    assert home.account.free_plan
    home.account.free_plan.used["getMessage"] = 1000
    err = await home.error(home.send(confirm_within=MINUTE), 10)
    assert err.translation_key == "status_quota"
    until = home.entry.runtime_data.coordinator.data.quota_used_up_until
    assert issue_keys(home.hass) == ["status_quota"]
    (issue,) = ir.async_get(home.hass).issues.values()
    assert issue.translation_placeholders["until"] == moment_text(home.hass, until)
    assert issue.severity is ir.IssueSeverity.WARNING
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.time.settle()
    assert issue_keys(home.hass) == ["status_quota"]
    freezer.move_to(until)
    await home.time.advance(61)
    assert issue_keys(home.hass) == []
    home.account.on_free_plan = True
    response = await home.time.result(home.send(confirm_within=MINUTE), 60)
    assert response[ALEX]["status"] == "delivered"


async def test_quota_while_clock_was_ahead(home: Deliveries) -> None:
    """Test that no month in the far future is waited for once the clock is set."""
    home.account.on_free_plan = True
    assert home.account.free_plan
    home.account.free_plan.used["getMessage"] = 1000
    home.time.set_clock(timedelta(days=400))
    err = await home.error(home.send(confirm_within=MINUTE), 10)
    assert err.translation_key == "status_quota"
    home.account.on_free_plan = False
    home.time.set_clock(timedelta())
    response = await home.time.result(home.send(confirm_within=MINUTE), 60)
    assert response[ALEX]["status"] == "delivered"
    await home.time.advance(61)
    assert issue_keys(home.hass) == []


@pytest.mark.parametrize("fault", [Fault.QUOTA_466])
async def test_other_quota(home: Deliveries, fault: Fault) -> None:
    """Test that the quota counts even if that of the chats is reported as well."""
    home.account.faults["getMessage"] = fault
    err = await home.error(home.send(confirm_within=MINUTE), 10)
    assert err.translation_key == "status_quota"
    assert home.asked == [3]


@pytest.mark.parametrize("change", ["disable", "remove"])
async def test_repair_of_quota_of_account_that_is_gone(
    home: Deliveries, change: str
) -> None:
    """Test that the repair is removed with the account, and while it is disabled."""
    home.account.faults["getMessage"] = Fault.QUOTA_466
    await home.error(home.send(confirm_within=MINUTE), 10)
    assert issue_keys(home.hass) == ["status_quota"]
    entries, entry_id = home.hass.config_entries, home.entry.entry_id
    user = ConfigEntryDisabler.USER
    changes = {
        "disable": lambda: entries.async_set_disabled_by(entry_id, user),
        "remove": lambda: entries.async_remove(entry_id),
    }
    await changes[change]()
    assert issue_keys(home.hass) == []


async def test_quota_after_restart(home: Deliveries, hass_storage: Any) -> None:
    """Test that a restart does not forget that the quota is used up."""
    home.account.faults["getMessage"] = Fault.QUOTA_466
    await home.error(home.send(confirm_within=MINUTE), 10)
    async with home.restarted() as again:
        await again.started()
        err = await again.error(again.send(confirm_within=MINUTE), 10)
        assert err.translation_key == "status_quota"
        assert again.asked == []


# Secrecy


async def test_secrecy(
    home: Deliveries, log_recorder: LogRecorder, hass_storage: dict[str, Any]
) -> None:
    """Test that nothing personal is logged, and no text stored."""
    home.account.fates[ALEX_CHAT] = "sent"
    task = home.send(title="Front door", confirm_within=MINUTE)
    await home.time.advance(20)
    stored = json.dumps(hass_storage[DOMAIN])
    (message,) = home.account.messages
    (wait,) = hass_storage[DOMAIN]["data"]["accounts"][home.entry.entry_id]["waits"]
    assert wait.keys() == {"subentry_id", "chat_id", "message_id", "sent", "deadline"}
    assert (wait["chat_id"], wait["message_id"]) == (ALEX_CHAT, message.id)
    assert [it for it in (TEXT, "Front door", "Alex", TOKEN) if it in stored] == []
    data = home.entry.runtime_data
    diagnostics = await async_get_config_entry_diagnostics(home.hass, home.entry)
    shown = f"{diagnostics} {data!r} {data.coordinator.data!r} {data.deliveries!r}"
    err = await home.error(task, 60)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    lines = [
        line
        for line in log_recorder.lines
        if "homeassistant.core" not in line.split()[1] and "aiohttp.server" not in line
    ]
    ours = "\n".join(it for it in lines if DOMAIN in it)
    for place in (ours, f"{err!r}", shown):
        personal = (TEXT, message.id, ALEX_CHAT, ALEX_CHAT.partition("@")[0])
        assert [it for it in personal if it in place] == []
        assert token_leaks(place) == []
    assert log_recorder.unexpected_errors == []
    await home.time.advance(20)
    assert hass_storage[DOMAIN]["data"]["accounts"][home.entry.entry_id]["waits"] == []


# Restarts


async def test_restart(home: Deliveries, hass_storage: Any) -> None:
    """Test that what was waited for is followed to its end after a restart."""
    home.account.fates[ALEX_CHAT] = "sent"
    task = home.send(confirm_within={"minutes": 10})
    await home.time.advance(70)
    async with home.restarted(after=30) as again:
        task.cancel()
        runs = await again.automation()
        again.start()
        await again.time.advance(60)
        assert again.asked == []
        await again.started()
        assert len(again.asked) == 1
        await again.time.advance(300)
        assert (runs, issue_keys(again.hass)) == ([], [])
        await again.time.advance(150)
        (run,) = runs
        assert (run["recipient"], run["status"]) == ("Alex", "sent")
        assert issue_keys(again.hass) == ["not_confirmed"]
        (issue,) = ir.async_get(again.hass).issues.values()
        assert issue.is_fixable
        assert issue.is_persistent
        assert issue.severity is ir.IssueSeverity.WARNING
        assert issue.translation_placeholders is None
        requests = len(again.asked)
        await again.time.advance(600)
        assert len(again.asked) == requests
        assert len(runs) == 1
        assert again.entry.runtime_data.coordinator.data.waits == frozenset()

        ir.async_create_issue(
            again.hass,
            "other",
            "other",
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key="other",
        )
        await again.hass.config_entries.async_remove(again.entry.entry_id)
        assert [*ir.async_get(again.hass).issues] == [("other", "other")]


@pytest.mark.parametrize("state", ["delivered", "noAccount"])
async def test_restart_with_news(
    home: Deliveries, hass_storage: Any, state: str
) -> None:
    """Test that a message that is delivered meanwhile is no repair, a failure is."""
    home.account.fates[ALEX_CHAT] = "sent"
    task = home.send(confirm_within={"minutes": 10})
    await home.time.advance(20)
    home.account.fates[ALEX_CHAT] = state
    async with home.restarted() as again:
        task.cancel()
        runs = await again.automation()
        await again.started()
        await again.time.advance(1)
        is_failed = state == "noAccount"
        assert [it["status"] for it in runs] == ["no_account"] * is_failed
        assert issue_keys(again.hass) == ["not_confirmed"] * is_failed
        assert again.entry.runtime_data.coordinator.data.waits == frozenset()


async def test_restart_after_deadline(home: Deliveries, hass_storage: Any) -> None:
    """Test that the status is requested once if the deadline has passed meanwhile."""
    home.account.fates |= {ALEX_CHAT: "sent", FAMILY_CHAT: "sent"}
    task = home.send(BOTH, confirm_within=MINUTE)
    await home.time.advance(20)
    async with home.restarted(after=3600) as again:
        task.cancel()
        runs = await again.automation({"entity_id": BOTH})
        await again.started()
        await again.time.advance(1)
        assert len(again.asked) == 2
        assert sorted(it["recipient"] for it in runs) == ["Alex", "Family"]
        assert issue_keys(again.hass) == ["not_confirmed"] * 2


async def test_quota_before_restart(home: Deliveries, hass_storage: Any) -> None:
    """Test that a repair says so if what was waited for cannot be confirmed."""
    home.account.fates[ALEX_CHAT] = "sent"
    task = home.send(confirm_within={"minutes": 10})
    await home.time.advance(20)
    home.account.faults["getMessage"] = Fault.QUOTA_466
    async with home.restarted() as again:
        task.cancel()
        runs = await again.automation()
        await again.started()
        await again.time.advance(1)
        assert len(again.asked) == 1
        assert {*issue_keys(again.hass)} == {"not_confirmed", "status_quota"}
        assert runs == []


async def test_reload_after_restart(home: Deliveries, hass_storage: Any) -> None:
    """Test that what was waited for before a restart survives a reload."""
    home.account.fates[ALEX_CHAT] = "sent"
    task = home.send(confirm_within={"minutes": 10})
    await home.time.advance(20)
    async with home.restarted() as again:
        task.cancel()
        runs = await again.automation()
        await again.started()
        for _ in range(2):
            await again.hass.config_entries.async_reload(again.entry.entry_id)
            await again.time.advance(30)
            assert (runs, issue_keys(again.hass)) == ([], [])
        await again.time.advance(600)
        assert len(runs) == 1
        assert issue_keys(again.hass) == ["not_confirmed"]


async def test_new_wait_after_restart(home: Deliveries, hass_storage: Any) -> None:
    """Test that a message of an automation that runs at the start is no repair."""
    home.account.fates |= {ALEX_CHAT: "delivered", FAMILY_CHAT: "sent"}
    home.account.delivery_seconds = 15
    task = home.send(confirm_within={"minutes": 10})
    await home.time.advance(5)
    async with home.restarted() as again:
        task.cancel()
        await again.hass.async_start()
        later = again.send(FAMILY, confirm_within=MINUTE)
        await again.time.advance(59)
        assert not later.done()
        err = await again.error(later, 3)
        assert err.translation_key == "not_confirmed"
        await again.time.advance(60)
        assert issue_keys(again.hass) == []


async def test_removed_recipient(home: Deliveries, hass_storage: Any) -> None:
    """Test that a recipient can be removed after a restart."""
    home.account.fates[ALEX_CHAT] = "sent"
    task = home.send(confirm_within=MINUTE)
    await home.time.advance(20)
    async with home.restarted() as again:
        task.cancel()
        runs = await again.automation({"entity_id": ALEX})
        (alex,) = (it for it in again.entry.subentries.values() if it.title == "Alex")
        again.hass.config_entries.async_remove_subentry(again.entry, alex.subentry_id)
        await again.started()
        await again.time.advance(60)
        assert runs == []
        assert issue_keys(again.hass) == ["not_confirmed"]


async def async_show_repair(hass: HomeAssistant) -> RepairsFlow:
    """Return the flow of the only repair."""
    (issue,) = ir.async_get(hass).issues.values()
    flow = await async_create_fix_flow(hass, issue.issue_id, issue.data)
    flow.hass, flow.handler = hass, DOMAIN
    flow.issue_id, flow.data = issue.issue_id, issue.data
    return flow


async def test_repair(home: Deliveries, hass_storage: Any) -> None:
    """Test that the repair names the message, and is closed by a confirmation."""
    home.account.fates[ALEX_CHAT] = "sent"
    task = home.send(confirm_within=MINUTE)
    sent = dt_util.utcnow()
    await home.time.advance(20)
    async with home.restarted() as again:
        task.cancel()
        assert await async_setup_component(again.hass, REPAIRS_DOMAIN, {})
        await again.started()
        await again.time.advance(60)
        flow = await async_show_repair(again.hass)
        result = await flow.async_step_init()
        assert (result["type"], result["step_id"]) == ("form", "confirm")
        assert result["description_placeholders"] == {
            "name": again.entry.title,
            "recipient": "Alex",
            "sent": moment_text(again.hass, sent),
        }
        result = await flow.async_step_confirm({})
        assert result["type"] == "create_entry"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("deadline", "soon"),
        ("sent", "2026-11-29T12:00:00"),
        ("chat_id", None),
        ("message_id", 5),
        ("subentry_id", ...),
        ("text", TEXT),
    ],
)
async def test_damaged_wait(
    new_home: Deliveries,
    hass_storage: dict[str, Any],
    key: str,
    value: object,
) -> None:
    """Test that a stored wait that is damaged is not followed."""
    store_wait(hass_storage, new_home.entry, **{key: value})
    await new_home.set_up()
    await new_home.time.advance(600)
    assert new_home.asked == []
    assert issue_keys(new_home.hass) == []


async def test_stored_wait(
    new_home: Deliveries,
    hass_storage: dict[str, Any],
) -> None:
    """Test that a wait of a recipient that is gone is a repair without its name.

    The clock may have been set back, so that the message is from the future.
    """
    store_wait(
        hass_storage,
        new_home.entry,
        sent="2126-11-29T12:00:00+00:00",
        deadline="2126-11-29T12:01:00+00:00",
    )
    await new_home.set_up()
    await new_home.time.advance(600)
    assert len(new_home.asked) == 4
    assert issue_keys(new_home.hass) == ["not_confirmed"]
    shown = await (await async_show_repair(new_home.hass)).async_step_init()
    assert shown["description_placeholders"]["recipient"] == "?"


# Statuses that are turned off


@pytest.fixture
async def silent(home: Deliveries) -> Deliveries:
    """Return an account that does not report statuses."""
    home.account.reports_statuses = False
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.time.settle()
    home.start()
    return home


async def test_statuses_off(silent: Deliveries) -> None:
    """Test that the action says so at once if statuses are turned off."""
    assert issue_keys(silent.hass) == []
    err = await silent.error(silent.send(confirm_within=MINUTE), 1)
    assert err.translation_key == "statuses_off"
    assert err.translation_placeholders["recipient"] == "Alex"
    assert len(sent_messages(silent.account)) == 1
    assert silent.asked == []
    assert issue_keys(silent.hass) == ["statuses_off"]
    (issue,) = ir.async_get(silent.hass).issues.values()
    assert issue.severity is ir.IssueSeverity.WARNING
    assert not issue.is_fixable
    assert silent.entry.runtime_data.coordinator.data.problem is None
    assert state_of(silent.hass, PROBLEM) == "off"


def settings_requests(home: Deliveries) -> int:
    """Return the number of requests for the settings."""
    return [it.method for it in home.account.requests].count("getSettings")


async def test_settings_requests(silent: Deliveries) -> None:
    """Test that the settings are requested at most each hour, while it stands."""
    await silent.time.advance(3600)
    assert settings_requests(silent) == 0
    for _ in range(3):
        await silent.error(silent.send(confirm_within=MINUTE), 1)
        await silent.time.advance(60)
    assert settings_requests(silent) == 1
    await silent.time.advance(3 * 3600)
    assert settings_requests(silent) == 4
    assert issue_keys(silent.hass) == ["statuses_off"]

    # A reload requests them once, and then each hour.
    await silent.hass.config_entries.async_reload(silent.entry.entry_id)
    await silent.time.advance(3500)
    assert settings_requests(silent) == 5
    await silent.time.advance(3600)
    assert settings_requests(silent) == 6

    # Once the repair is gone, they are not requested any more.
    silent.account.reports_statuses = True
    await silent.time.advance(3600)
    assert issue_keys(silent.hass) == []
    requests = settings_requests(silent)
    await silent.time.advance(3 * 3600)
    assert settings_requests(silent) == requests


async def test_turned_off_again(silent: Deliveries) -> None:
    """Test that the repair is there again once somebody wants to know."""
    await silent.error(silent.send(confirm_within=MINUTE), 1)
    silent.account.reports_statuses = True
    await silent.time.advance(3661)
    assert issue_keys(silent.hass) == []
    silent.account.reports_statuses = False
    await silent.hass.config_entries.async_reload(silent.entry.entry_id)
    await silent.time.advance(7200)
    assert issue_keys(silent.hass) == []
    await silent.error(silent.send(confirm_within=MINUTE), 1)
    assert issue_keys(silent.hass) == ["statuses_off"]
    assert state_of(silent.hass, PROBLEM) == "off"


async def test_repair_of_disabled_account(silent: Deliveries) -> None:
    """Test that a reload keeps a repair that is ignored, and disabling removes it."""
    await silent.error(silent.send(confirm_within=MINUTE), 1)
    (key,) = (key for _, key in ir.async_get(silent.hass).issues)
    ir.async_ignore_issue(silent.hass, DOMAIN, key, ignore=True)
    entries, entry_id = silent.hass.config_entries, silent.entry.entry_id
    await entries.async_reload(entry_id)
    await silent.time.settle()
    assert ir.async_get(silent.hass).async_get_issue(DOMAIN, key).dismissed_version
    await entries.async_set_disabled_by(entry_id, ConfigEntryDisabler.USER)
    assert issue_keys(silent.hass) == []


async def test_turned_on(silent: Deliveries) -> None:
    """Test that the repair is removed within an hour after they are turned on."""
    await silent.error(silent.send(confirm_within=MINUTE), 1)
    silent.account.reports_statuses = True
    await silent.time.advance(3661)
    assert issue_keys(silent.hass) == []
    response = await silent.time.result(silent.send(confirm_within=MINUTE), 20)
    assert response[ALEX]["status"] == "delivered"


async def test_turned_on_before(silent: Deliveries) -> None:
    """Test that the settings are looked at before a delivery is refused."""
    silent.account.reports_statuses = True
    response = await silent.time.result(silent.send(confirm_within=MINUTE), 20)
    assert response[ALEX]["status"] == "delivered"
    assert issue_keys(silent.hass) == []


async def test_turned_on_before_several(silent: Deliveries) -> None:
    """Test that messages to several recipients wait for the same settings."""
    silent.account.reports_statuses = True
    response = await silent.time.result(silent.send(BOTH, confirm_within=MINUTE), 20)
    assert [response[it]["status"] for it in BOTH] == ["delivered"] * 2
    assert settings_requests(silent) == 1


async def test_return_errors_while_statuses_are_off(silent: Deliveries) -> None:
    """Test that the status of what can't be confirmed is unknown."""
    task = silent.send(confirm_within=MINUTE, return_errors=True)
    response = await silent.time.result(task, 1)
    (message,) = silent.account.messages
    assert "statuses are turned off" in response[ALEX].pop("error")
    assert response == {ALEX: {"message_id": message.id, "status": "unknown"}}


async def test_repair_after_restart(silent: Deliveries, hass_storage: Any) -> None:
    """Test that the repair stands after a reload and a restart, until it is on."""
    await silent.error(silent.send(confirm_within=MINUTE), 1)
    await silent.hass.config_entries.async_reload(silent.entry.entry_id)
    await silent.time.settle()
    assert issue_keys(silent.hass) == ["statuses_off"]
    async with silent.restarted() as again:
        assert issue_keys(again.hass) == ["statuses_off"]
    silent.account.reports_statuses = True
    async with silent.restarted() as again:
        await again.time.advance(1)
        assert issue_keys(again.hass) == []


async def test_settings_unreachable(silent: Deliveries) -> None:
    """Test that what was known counts if the settings cannot be requested."""
    silent.account.faults["getSettings"] = Fault.BAD_GATEWAY
    silent.account.reports_statuses = True
    err = await silent.error(silent.send(confirm_within=MINUTE), 1)
    assert err.translation_key == "statuses_off"


async def test_settings_not_known(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    simulator: Simulator,
) -> None:
    """Test that a delivery is waited for if the settings were never known."""
    account = simulator.add_account("1101000009", TOKEN)
    account.faults["getSettings"] = Fault.BAD_GATEWAY
    account.reports_statuses = True
    entry = entry_of(simulator.url, account.instance_id)
    home = Deliveries(hass, SimulatedTime(freezer, monkeypatch), account, entry)
    await home.set_up()
    response = await home.time.result(home.send(confirm_within=MINUTE), 20)
    assert response[ALEX]["status"] == "delivered"


async def test_entities(home: Deliveries, entity_registry: er.EntityRegistry) -> None:
    """Test that the sensor of a recipient is disabled by default."""
    entry = entity_registry.async_get("sensor.alex_last_message")
    assert entry
    assert entry.disabled_by is er.RegistryEntryDisabler.INTEGRATION
