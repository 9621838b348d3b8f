"""Test the trigger for messages that are not delivered."""

import asyncio
from datetime import datetime
from functools import partial
from typing import Any, Final

import pytest

from custom_components import green_api as integration
from custom_components.green_api.const import DOMAIN
from custom_components.green_api.records.store import AccountStore, async_get_store
from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import CALLBACK_TYPE, HomeAssistant
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
    trigger as trigger_helper,
)
from homeassistant.setup import async_setup_component
from tests.simulator import Account, Fault, Simulator
from tests.support.automations import trigger
from tests.support.deliveries import BOTH, TEXT, TITLE, Deliveries, Runs
from tests.support.entities import PROBLEM
from tests.support.entries import entry_of
from tests.support.helpers import issue_keys
from tests.support.recipients import ALEX, ALEX_CHAT, FAMILY, FAMILY_CHAT, recipient
from tests.support.request_interceptor import RequestInterceptor, delay
from tests.support.secrecy import LogRecorder

pytestmark = pytest.mark.long(6)

KIND: Final = "message_not_delivered"
MESSAGES: Final = f"{DOMAIN}_messages"
USER: Final = ConfigEntryDisabler.USER


@pytest.fixture
async def home(new_home: Deliveries, account: Account) -> Deliveries:
    """Return an account that reports statuses, with messages that stay sent."""
    account.reports_statuses = True
    account.fates |= {ALEX_CHAT: "sent", FAMILY_CHAT: "sent"}
    account.messages.delay = 0
    await new_home.set_up()
    return new_home


def summary(runs: Runs) -> list[tuple[str, str]]:
    """Return the recipients and statuses of the runs since the last call."""
    short = sorted((it["recipient"], it["status"]) for it in runs)
    runs.clear()
    return short


async def test_late(home: Deliveries) -> None:
    """Test that a message that is not delivered triggers once after five minutes."""
    runs = await home.automation()
    home.start()
    await home.send_now()
    await home.time.advance(299)
    assert runs == []
    await home.time.advance(2)
    assert summary(runs) == [("Alex", "sent")]
    assert home.asked == [3, 10, 30, 60, 120, 300]
    home.account.fates[ALEX_CHAT] = "noAccount"
    await home.time.advance(3600)
    assert runs == []
    assert len(home.asked) == 6
    assert issue_keys(home.hass) == []


async def test_variables(home: Deliveries) -> None:
    """Test that the variables say everything but what was sent."""
    runs = await home.automation()
    entity = er.async_get(home.hass).async_get(ALEX)
    message_id = await home.send_now(title=TITLE)
    sent = home.hass.states.get(ALEX)
    await home.time.advance(301)
    (run,) = runs
    assert run["message"].startswith("The message to Alex was sent, but its delivery")
    assert TEXT not in f"{run}"
    assert TITLE not in f"{run}"
    moment = datetime.fromisoformat(run.pop("sent"))
    assert sent
    assert abs(moment - datetime.fromisoformat(sent.state)).total_seconds() < 1
    del run["message"]
    assert entity
    assert run == {
        "account": home.entry.title,
        "device_id": entity.device_id,
        "entity_id": ALEX,
        "message_id": message_id,
        "recipient": "Alex",
        "status": "sent",
        "title": run["title"],
    }
    assert "Alex" in run["title"]


@pytest.mark.parametrize(
    ("fate", "status", "words"),
    [
        ("noAccount", "no_account", "doesn't have an account in the messenger"),
        ("notInGroup", "not_in_group", "isn't a member of the group anymore"),
        ("yellowCard", "restricted", "the messenger has restricted GREEN-API"),
        ("failed", "failed", "GREEN-API reports that its delivery failed"),
    ],
)
async def test_failure(home: Deliveries, fate: str, status: str, words: str) -> None:
    """Test that a failure triggers at once, with its reason in words."""
    home.account.fates[ALEX_CHAT] = fate
    runs = await home.automation()
    home.start()
    await home.send_now()
    await home.time.advance(4)
    assert words in runs[0]["message"]
    assert summary(runs) == [("Alex", status)]
    await home.time.advance(600)
    assert runs == []
    assert home.asked == [3]


@pytest.mark.parametrize("fate", ["delivered", "read"])
async def test_delivered(home: Deliveries, fate: str) -> None:
    """Test that a message that is delivered does not trigger."""
    home.account.fates[ALEX_CHAT] = fate
    runs = await home.automation()
    await home.send_now()
    await home.time.advance(600)
    assert runs == []


async def test_never_found(home: Deliveries) -> None:
    """Test that a message whose status is never known triggers as well."""
    home.account.faults["getMessage"] = Fault.BAD_GATEWAY
    runs = await home.automation()
    await home.send_now()
    await home.time.advance(600)
    assert summary(runs) == [("Alex", "unknown")]


@pytest.mark.parametrize(
    ("wait", "seconds", "requests"),
    [
        ({"seconds": 0}, 1, 1),
        ({"seconds": 20}, 20, 3),
        ({"minutes": 1}, 60, 4),
        ({"minutes": 12}, 720, 8),
    ],
)
async def test_for(
    home: Deliveries, wait: dict[str, int], seconds: float, requests: int
) -> None:
    """Test that the time to wait can be selected."""
    runs = await home.automation(**{"for": wait})
    home.start()
    await home.send_now()
    await home.time.advance(seconds - 1.1)
    assert not runs or seconds == 1
    await home.time.advance(2)
    assert len(runs) == 1
    assert len(home.asked) == requests
    await home.time.advance(3600)
    assert len(home.asked) == requests


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"entity_id": ALEX}, ["Alex"]),
        ({"entity_id": BOTH}, ["Alex", "Family"]),
        ({"entity_id": PROBLEM}, ["Alex", "Family"]),
        ({"entity_id": [PROBLEM, ALEX]}, ["Alex", "Family"]),
        ({"entity_id": "notify.other"}, []),
        ({"device_id": "recipient"}, ["Alex"]),
        ({"device_id": "account"}, ["Alex", "Family"]),
        ({"label_id": "label"}, ["Alex"]),
    ],
)
async def test_targets(
    home: Deliveries, target: dict[str, Any], expected: list[str]
) -> None:
    """Test that recipients and accounts are targets, by entity, device or label."""
    entities, devices = er.async_get(home.hass), dr.async_get(home.hass)
    alex = entities.async_get(ALEX)
    assert alex
    device = devices.async_get(alex.device_id)
    entities.async_update_entity(ALEX, labels={"label"})
    ids = {"recipient": device.id, "account": device.via_device_id}
    resolved = {
        key: ids.get(value, value) if isinstance(value, str) else value
        for key, value in target.items()
    }
    runs = await home.automation(resolved)
    for entity_id in BOTH:
        await home.send_now(entity_id)
    await home.time.advance(301)
    assert summary(runs) == [(name, "sent") for name in expected]


async def test_name_of_account(home: Deliveries) -> None:
    """Test that the account has the name that the user has given to its device."""
    registry = dr.async_get(home.hass)
    recipient_id = er.async_get(home.hass).async_get(ALEX).device_id
    account_id = registry.async_get(recipient_id).via_device_id
    registry.async_update_device(account_id, name_by_user="Doorbell")
    home.account.fates[ALEX_CHAT] = "notInGroup"
    runs = await home.automation()
    await home.send_now()
    await home.time.advance(10)
    assert [it["account"] for it in runs] == ["Doorbell"]
    assert "Doorbell" in runs[0]["message"]


async def test_other_account(home: Deliveries, simulator: Simulator) -> None:
    """Test that the same message ID in another account is another message."""
    other = simulator.add_account("1101000002", "token")
    other.reports_statuses = True
    other.fates[ALEX_CHAT] = "sent"
    entry = entry_of(simulator.url, "1101000002", "token")
    entry.add_to_hass(home.hass)
    home.hass.config_entries.async_add_subentry(entry, recipient("Sam", ALEX_CHAT))
    await home.hass.config_entries.async_setup(entry.entry_id)
    for account in (home.account, other):
        account.next_message_id = lambda: "1763115112345"
    runs = await home.automation({"entity_id": [ALEX, "notify.sam"]})
    await home.send_now()
    await home.send_now("notify.sam")
    await home.time.advance(301)
    assert summary(runs) == [("Alex", "sent"), ("Sam", "sent")]


async def attach(home: Deliveries, runs: Runs, **options: Any) -> CALLBACK_TYPE:
    """Attach a trigger that records its variables, and return how to detach it."""
    config = await trigger_helper.async_validate_trigger_config(
        home.hass,
        cv.TRIGGER_SCHEMA([trigger(KIND, {"entity_id": ALEX}, **options)]),
    )

    async def action(variables: dict[str, Any], _: object = None) -> None:
        runs.append(variables["trigger"])

    detach = await trigger_helper.async_initialize_triggers(
        home.hass, config, action, DOMAIN, "test", lambda *_: None
    )
    assert detach
    return detach


async def test_two_triggers(home: Deliveries) -> None:
    """Test that triggers with different times share the requests."""
    runs: Runs = []

    detaches = [
        await attach(home, runs, **{"for": {"seconds": 40}}),
        await attach(home, runs),
    ]
    home.start()
    await home.send_now()
    await home.time.advance(45)
    assert len(runs) == 1
    assert home.asked == [3, 10, 30, 40]
    await home.time.advance(300)
    assert len(runs) == 2
    assert home.asked == [3, 10, 30, 40, 60, 120, 300]

    # A failure is one for both.
    home.account.fates[ALEX_CHAT] = "noAccount"
    runs.clear()
    await home.send_now()
    await home.time.advance(5)
    assert [it["status"] for it in runs] == ["no_account"] * 2

    # One that has been detached does not trigger any more.
    home.account.fates[ALEX_CHAT] = "sent"
    runs.clear()
    await home.send_now()
    await home.time.advance(5)
    detaches.pop()()
    await home.time.advance(600)
    assert len(runs) == 1
    await home.send_now()
    await home.time.advance(5)
    detaches.pop()()
    home.start()
    await home.time.advance(600)
    assert home.asked == []


@pytest.mark.parametrize(
    ("age", "expected"), [(5, 1), (58, 1), (62, 0)], ids=["5 s", "58 s", "62 s"]
)
async def test_sent_before(home: Deliveries, age: float, expected: int) -> None:
    """Test that messages of the last minute trigger, too."""
    await home.send_now()
    await home.time.advance(age)
    runs = await home.automation()
    await home.time.advance(299 - age)
    assert runs == []
    await home.time.advance(2)
    assert len(runs) == expected


async def test_sent_before_and_overdue(home: Deliveries) -> None:
    """Test that a message that is overdue when the trigger starts triggers at once."""
    await home.send_now()
    await home.time.advance(50)
    runs = await home.automation(**{"for": {"seconds": 30}})
    await home.time.advance(1)
    assert summary(runs) == [("Alex", "sent")]


async def test_sent_before_and_followed(home: Deliveries) -> None:
    """Test that the status that is known from another follower is used."""
    task = home.send(confirm_within={"minutes": 2})
    await home.time.advance(50)
    home.start()
    runs = await home.automation(**{"for": {"seconds": 20}})
    await home.time.advance(1)
    assert summary(runs) == [("Alex", "sent")]
    assert home.asked == []
    await home.time.advance(90)
    assert task.exception()


async def test_with_confirm_within(home: Deliveries) -> None:
    """Test that a message can be waited for and trigger, with the same requests."""
    runs = await home.automation()
    home.start()
    task = home.send(confirm_within={"minutes": 1})
    err = await home.error(task, 61)
    assert err.translation_key == "not_confirmed"
    await home.time.advance(300)
    assert summary(runs) == [("Alex", "sent")]
    assert home.asked == [3, 10, 30, 60, 120, 300]


async def test_by_notify(home: Deliveries) -> None:
    """Test that messages of Home Assistant's own action trigger as well."""
    runs = await home.automation()
    task = asyncio.ensure_future(
        home.hass.services.async_call(
            "notify",
            "send_message",
            {"entity_id": ALEX, "message": TEXT},
            blocking=True,
        )
    )
    await home.time.result(task, 5)
    await home.time.advance(301)
    assert summary(runs) == [("Alex", "sent")]


async def test_not_sent(home: Deliveries) -> None:
    """Test that a message that is not accepted does not trigger."""
    runs = await home.automation()
    home.account.faults["sendMessage"] = Fault.BAD_REQUEST
    await home.error(home.send(), 5)
    await home.time.advance(600)
    assert runs == []


async def test_statuses_off(home: Deliveries) -> None:
    """Test that nothing triggers because of time alone if statuses are off."""
    home.account.reports_statuses = False
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.time.settle()
    runs = await home.automation()
    assert issue_keys(home.hass) == []
    await home.send_now()
    await home.time.settle()
    assert issue_keys(home.hass) == ["statuses_off"]
    await home.time.advance(600)
    assert runs == []

    # A failure that is reported all the same triggers.
    message_id = await home.send_now()
    home.account.words[message_id] = "noAccount"
    await home.time.advance(30)
    assert summary(runs) == [("Alex", "no_account")]

    home.account.reports_statuses = True
    await home.time.advance(3661)
    assert issue_keys(home.hass) == []
    await home.send_now()
    await home.time.advance(301)
    assert summary(runs) == [("Alex", "sent")]


async def test_quota(home: Deliveries) -> None:
    """Test that nothing triggers because of time alone once the quota is used up."""
    home.account.on_free_plan = True
    assert home.account.free_plan
    home.account.free_plan.used["getMessage"] = 999
    runs = await home.automation()
    home.start()
    await home.send_now()
    await home.send_now()
    await home.time.advance(600)
    assert runs == []
    assert len(home.asked) == 2
    await home.send_now()
    await home.time.advance(600)
    assert runs == []
    assert len(home.asked) == 2
    assert issue_keys(home.hass) == ["status_quota"]


async def test_no_place(home: Deliveries) -> None:
    """Test that 20 messages are followed, and others are not confirmed at once."""
    runs = await home.automation()
    for _ in range(25):
        await home.send_now()
    assert summary(runs) == [("Alex", "unknown")] * 5
    await home.time.advance(302)
    assert summary(runs) == [("Alex", "sent")] * 20
    await home.time.advance(600)
    assert runs == []


async def test_confirm_within_goes_first(home: Deliveries) -> None:
    """Test that a message that an action waits for takes the place of another."""
    runs = await home.automation()
    for _ in range(20):
        await home.send_now()
    await home.time.advance(5)
    assert runs == []
    home.account.fates[FAMILY_CHAT] = "delivered"
    task = home.send(FAMILY, confirm_within={"minutes": 1})
    response = await home.time.result(task, 10)
    assert response[FAMILY]["status"] == "delivered"
    assert summary(runs) == [("Alex", "sent")]
    await home.time.advance(302)
    assert summary(runs) == [("Alex", "sent")] * 19


async def test_place_of_a_wait_that_is_over(home: Deliveries) -> None:
    """Test that a message is not urgent any more once its action has ended."""
    runs = await home.automation(**{"for": {"minutes": 30}})
    tasks = [home.send(confirm_within={"seconds": 30}) for _ in range(20)]
    await home.time.advance(35)
    assert all(it.exception() for it in tasks)
    home.account.fates[FAMILY_CHAT] = "delivered"
    task = home.send(FAMILY, confirm_within={"minutes": 1})
    assert (await home.time.result(task, 10))[FAMILY]["status"] == "delivered"
    assert summary(runs) == [("Alex", "sent")]


async def test_reload_of_account(home: Deliveries) -> None:
    """Test that a message is followed after reloads, and triggers once."""
    runs = await home.automation()
    home.start()
    await home.send_now()
    await home.time.advance(40)
    assert home.asked == [3, 10, 30]
    for _ in range(3):
        await home.hass.config_entries.async_reload(home.entry.entry_id)
        await home.time.settle()
    await home.time.advance(259)
    assert runs == []
    await home.time.advance(2)
    assert summary(runs) == [("Alex", "sent")]
    assert home.asked == [3, 10, 30, 60, 120, 300]
    await home.send_now()
    await home.time.advance(301)
    assert summary(runs) == [("Alex", "sent")]


async def test_status_before_reload(home: Deliveries) -> None:
    """Test that a reload does not forget the status."""
    runs = await home.automation()
    await home.send_now()
    await home.time.advance(40)
    home.account.faults["getMessage"] = Fault.BAD_GATEWAY
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.time.advance(301)
    assert summary(runs) == [("Alex", "sent")]


async def test_reload_during_request(home: Deliveries) -> None:
    """Test that a message is followed if the account is reloaded during a request."""
    runs = await home.automation()
    await home.send_now()
    home.account.faults["getMessage"] = Fault.HANG
    await home.time.advance(5)
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    home.account.faults.clear()
    home.account.fates[ALEX_CHAT] = "noAccount"
    await home.time.advance(5)
    assert summary(runs) == [("Alex", "no_account")]


async def test_unloaded_for_longer(home: Deliveries) -> None:
    """Test that a message that is overdue triggers once the account is loaded."""
    runs = await home.automation()
    await home.send_now()
    await home.time.advance(5)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    home.start()
    await home.time.advance(600)
    assert (runs, home.asked) == ([], [])
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.time.advance(1)
    assert summary(runs) == [("Alex", "sent")]
    assert home.asked == [600]


async def test_turned_off_while_unloaded(home: Deliveries) -> None:
    """Test that nothing is requested for an automation that is turned off meanwhile."""
    runs = await home.automation()
    await home.send_now()
    await home.time.advance(5)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await turn(home, "off")
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    home.start()
    await home.time.advance(600)
    assert (runs, home.asked) == ([], [])


async def test_turned_off_after_reload(home: Deliveries) -> None:
    """Test that a request is canceled that is not needed any more after a reload."""
    runs = await home.automation()
    await home.send_now()
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    home.account.faults["getMessage"] = Fault.HANG
    await home.time.advance(5)
    await turn(home, "off")
    await home.time.advance(600)
    assert runs == []
    assert len(home.asked) == 1


@pytest.mark.parametrize("change", ["disable", "remove"])
async def test_account_that_is_gone(home: Deliveries, change: str) -> None:
    """Test that nothing is left of messages of an account that is gone."""
    runs = await home.automation()
    await home.send_now()
    await home.time.advance(5)
    entries, entry_id = home.hass.config_entries, home.entry.entry_id
    changes = {
        "disable": partial(entries.async_set_disabled_by, entry_id, USER),
        "remove": partial(entries.async_remove, entry_id),
    }
    await changes[change]()
    assert entry_id not in home.hass.data[MESSAGES]
    await home.time.advance(600)
    assert runs == []


@pytest.mark.parametrize("call", ["async_reload", "async_unload"])
async def test_reload_during_send(
    home: Deliveries,
    monkeypatch: pytest.MonkeyPatch,
    log_recorder: LogRecorder,
    call: str,
) -> None:
    """Test that a message that is sent during a reload is followed after it."""
    runs = await home.automation()
    RequestInterceptor(monkeypatch).intercept(
        home.account.instance_id, delay("sendMessage", 5)
    )
    task = home.send()
    await home.time.advance(1)
    entries = home.hass.config_entries
    change = asyncio.ensure_future(getattr(entries, call)(home.entry.entry_id))
    await home.time.result(task, 10)
    await home.time.result(change, 1)
    await home.time.advance(301)
    assert summary(runs) == ([("Alex", "sent")] if call == "async_reload" else [])
    assert log_recorder.unexpected_errors == []
    assert not [it for it in log_recorder.lines if "Exception in" in it]


async def test_sent_in_the_middle_of_a_reload(
    home: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that a message is followed if nothing was loaded when it was accepted."""
    runs = await home.automation()
    RequestInterceptor(monkeypatch).intercept(
        home.account.instance_id, delay("sendMessage", 5)
    )
    task = home.send()
    await home.time.advance(1)

    async def load_slowly(hass: HomeAssistant) -> AccountStore:
        await asyncio.sleep(10)
        return await async_get_store(hass)

    monkeypatch.setattr(integration, "async_get_store", load_slowly)
    reload = asyncio.ensure_future(
        home.hass.config_entries.async_reload(home.entry.entry_id)
    )
    await home.time.result(task, 5)
    assert home.entry.state is ConfigEntryState.SETUP_IN_PROGRESS
    await home.time.result(reload, 10)
    await home.time.advance(301)
    assert summary(runs) == [("Alex", "sent")]


async def test_reload_of_automation(home: Deliveries) -> None:
    """Test that nothing is left of a trigger whose automation is turned off."""
    runs = await home.automation()
    await home.send_now()
    await home.time.advance(5)
    await turn(home, "off")
    home.start()
    await home.time.advance(600)
    assert (runs, home.asked) == ([], [])


async def turn(home: Deliveries, to: str) -> None:
    """Turn the automation on or off."""
    await home.hass.services.async_call(
        AUTOMATION_DOMAIN,
        f"turn_{to}",
        {"entity_id": "automation.runs"},
        blocking=True,
    )


@pytest.mark.parametrize("is_reloaded", [False, True])
async def test_reload_after_trigger(home: Deliveries, *, is_reloaded: bool) -> None:
    """Test that a message that has triggered does not do so after a reload."""
    home.account.fates[ALEX_CHAT] = "noAccount"
    runs = await home.automation()
    await home.send_now()
    await home.time.advance(10)
    assert summary(runs) == [("Alex", "no_account")]
    for _ in range(is_reloaded):
        await home.hass.config_entries.async_reload(home.entry.entry_id)
        await home.time.advance(1)
    home.start()
    for _ in range(3):
        await turn(home, "off")
        await turn(home, "on")
        await home.time.advance(5)
    assert (runs, home.asked) == ([], [])


async def test_reload_before_trigger(home: Deliveries) -> None:
    """Test that a message triggers once if the automation is reloaded before."""
    runs = await home.automation()
    await home.send_now()
    for _ in range(3):
        await home.time.advance(10)
        await turn(home, "off")
        await turn(home, "on")
    await home.time.advance(269)
    assert runs == []
    await home.time.advance(2)
    assert summary(runs) == [("Alex", "sent")]


async def test_other_trigger_after_trigger(home: Deliveries) -> None:
    """Test that a message that has triggered still triggers for another time."""
    runs = await home.automation(**{"for": {"seconds": 5}})
    await home.send_now()
    await home.time.advance(10)
    assert summary(runs) == [("Alex", "sent")]
    others: Runs = []
    await attach(home, others, **{"for": {"seconds": 30}})
    await attach(home, others, **{"for": {"seconds": 5}})
    await home.time.advance(30)
    assert [it["status"] for it in others] == ["sent"]


async def test_one_turns_off_the_other(home: Deliveries) -> None:
    """Test that an automation does not run that another one has turned off."""
    runs: list[str] = []
    for name in ("First", "Second"):
        home.hass.bus.async_listen(name, lambda event: runs.append(event.event_type))
    automations = [
        {
            "alias": name,
            "triggers": [trigger(KIND, {"entity_id": ALEX})],
            "actions": [
                {"event": name},
                {
                    "action": "automation.turn_off",
                    "data": {
                        "entity_id": f"automation.{other}",
                        "stop_actions": False,
                    },
                },
            ],
        }
        for name, other in (("First", "second"), ("Second", "first"))
    ]
    await async_setup_component(
        home.hass, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: automations}
    )
    await home.time.settle()
    await home.send_now()
    await home.time.advance(301)
    assert len(runs) == 1


async def test_removed_recipient(home: Deliveries) -> None:
    """Test that a message to a recipient that is removed meanwhile does not trigger."""
    runs = await home.automation({"entity_id": PROBLEM})
    await home.send_now()
    await home.time.advance(5)
    (alex,) = (it for it in home.entry.subentries.values() if it.title == "Alex")
    home.hass.config_entries.async_remove_subentry(home.entry, alex.subentry_id)
    await home.time.advance(600)
    assert runs == []


async def test_invalid(home: Deliveries, caplog: pytest.LogCaptureFixture) -> None:
    """Test that an invalid time is refused with the automation."""
    automation = {
        "alias": "Runs",
        "triggers": [trigger(KIND, {"entity_id": ALEX}, **{"for": "soon"})],
        "actions": [],
    }
    await async_setup_component(
        home.hass, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: [automation]}
    )
    await home.hass.async_block_till_done()
    assert "offset soon should be format" in caplog.text
    assert home.hass.states.get("automation.runs").state == "unavailable"
