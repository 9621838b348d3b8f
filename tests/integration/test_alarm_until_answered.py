"""Test the blueprint of a script that asks until somebody answers."""

import asyncio
from pathlib import Path
import shutil
from typing import Any, Final

import pytest

from custom_components.green_api.const import DOMAIN
from homeassistant.components.blueprint import Blueprint
from homeassistant.components.blueprint.schemas import BLUEPRINT_SCHEMA
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
from tests.simulator import Fault
from tests.support.notifications import NotificationRecorder
from tests.support.receiving import (
    BESIDE,
    SAM,
    SAM_CHAT,
    STRANGER,
    Receiving,
)
from tests.support.recipients import ALEX, ALEX_CHAT, FAMILY, FAMILY_CHAT

pytestmark = pytest.mark.long(4)

BLUEPRINTS: Final = Path(__file__).parents[2] / "blueprints"
PATH: Final = "green_api/alarm_until_answered.yaml"
HELPER: Final = "input_boolean.alarm_open"
TEXT: Final = "Smoke in the kitchen"

NOT_THERE: Final = "`notify.{}`: The recipient doesn't exist or is disabled."

type Alarm = asyncio.Task[dict[str, Any]]

SCRIPTS: Final[dict[str, dict[str, Any]]] = {
    "alarm": {},
    "with_words": {"choices": [], "words": ["Coming", "7"]},
    "any_answer": {"choices": []},
    "group": {"recipients": [FAMILY]},
    "otherwise": {"notifiers": [FAMILY]},
    "gone": {"recipients": ["notify.gone", ALEX]},
    "text_time": {"wait": "00:01:00"},
    "no_choices": {"choices": None},
    "one_choice": {"choices": ["OK"]},
    "alike": {"choices": [" Yes", "yes "]},
    "empty_row": {"choices": ["Yes", "", "No", "yes"]},
    "one_recipient": {"recipients": ALEX},
    "nobody": {"recipients": None},
    "nothing": {"helper": None, "notifiers": None, "words": None, "choices": None},
    "as_text": {
        "helper": HELPER,
        "notifiers": FAMILY,
        "words": "Yes",
        "choices": "Yes",
    },
    "empty_words": {"choices": [], "words": ["", " "]},
    "not_told": {"answered_text": ""},
    "partly_gone": {"notifiers": [FAMILY, "notify.nobody"]},
    "partly_gone_group": {"notifiers": ["notify.group"]},
    "many_choices": {"choices": [f"Choice {number}" for number in range(1, 14)]},
}


async def async_create_scripts(hass: HomeAssistant, tmp_path: Path) -> None:
    """Create the scripts, and what they need in Home Assistant."""
    hass.config.config_dir = f"{tmp_path}"
    shutil.copytree(BLUEPRINTS, tmp_path / "blueprints")
    inputs = {"recipients": [ALEX, SAM], "helper": [HELPER]}
    for domain, config in (
        ("persistent_notification", {}),
        ("input_boolean", {"alarm_open": {}}),
        (
            "script",
            {
                name: {"use_blueprint": {"path": PATH, "input": {**inputs, **more}}}
                for name, more in SCRIPTS.items()
            },
        ),
    ):
        assert await async_setup_component(hass, domain, {domain: config})


@pytest.fixture
async def house(home: Receiving, tmp_path: Path) -> Receiving:
    """Return an account with Alex and Sam, who may write, and the scripts."""
    await home.set_up(BESIDE)
    home.let_write("Sam", may_write=True)
    await async_create_scripts(home.hass, tmp_path)
    await home.time.settle()
    return home


@pytest.fixture
def shown(hass: HomeAssistant) -> NotificationRecorder:
    """Return the persistent notifications of Home Assistant."""
    return NotificationRecorder(hass)


def alarm(house: Receiving, script: str = "alarm", **data: Any) -> Alarm:
    """Start an alarm."""
    return asyncio.ensure_future(
        house.hass.services.async_call(
            "script",
            script,
            {"message": TEXT, **data},
            blocking=True,
            return_response=True,
        )
    )


def told(house: Receiving) -> list[tuple[str, str]]:
    """Return the chats and the first lines of what was sent since the last call."""
    bodies = [
        it.body for it in house.account.requests if it.method.startswith("sendMessage")
    ]
    house.account.requests.clear()
    return [(it["chatId"], it["message"].splitlines()[0]) for it in bodies]


async def test_answered(house: Receiving) -> None:
    """Test that the first one who is asked answers, and nobody else is asked."""
    task = alarm(house)
    await house.time.advance(60)
    assert told(house) == [(ALEX_CHAT, TEXT)]
    assert house.state(HELPER) == "on"
    house.write("1")
    response = await house.time.result(task, 20)
    assert response.pop("at")
    assert response == {"answered": True, "person": "Alex", "answer": "On my way"}
    assert house.state(HELPER) == "off"
    await house.time.advance(600)
    assert told(house) == []


async def test_next_one(house: Receiving) -> None:
    """Test that the next one is asked after a time, and the first one is told."""
    task = alarm(house)
    await house.time.advance(299)
    assert told(house) == [(ALEX_CHAT, TEXT)]
    await house.time.advance(3)
    assert told(house) == [(SAM_CHAT, TEXT)]
    house.write("false alarm", SAM_CHAT)
    response = await house.time.result(task, 20)
    assert (response["person"], response["answer"]) == ("Sam", "False alarm")
    assert told(house) == [(ALEX_CHAT, "Sam has answered: False alarm")]


async def test_late_answer(house: Receiving) -> None:
    """Test that someone who was asked before can still answer."""
    task = alarm(house)
    await house.time.advance(310)
    told(house)
    house.write("2")
    response = await house.time.result(task, 20)
    assert response["person"] == "Alex"
    assert told(house) == [(SAM_CHAT, "Alex has answered: False alarm")]


async def test_long_answer(house: Receiving) -> None:
    """Test that the others are told who has answered, however long the answer is."""
    task = alarm(house, "any_answer")
    await house.time.advance(310)
    told(house)
    house.write("x" * 20_000)
    response = await house.time.result(task, 20)
    assert response["answer"] == "x" * 20_000
    assert told(house) == [(SAM_CHAT, f"Alex has answered: {'x' * 999}…")]


async def test_answer_before_next_alarm(house: Receiving) -> None:
    """Test that an answer to an alarm does not end one that began after it."""
    water = alarm(house, message="Water in the basement")
    await house.time.advance(65)
    house.account.journal_lag = 10
    house.write("2")
    await house.time.advance(1)
    burglar = alarm(house, message="Burglar")
    assert (await house.time.result(water, 40))["answer"] == "False alarm"
    assert not burglar.done()
    house.write("1")
    assert (await house.time.result(burglar, 40))["answer"] == "On my way"


async def test_no_answers(house: Receiving) -> None:
    """Test that other texts, other chats, and people who weren't asked don't count."""
    task = alarm(house)
    await house.time.advance(30)
    house.write("What?")
    house.write("1", SAM_CHAT)
    house.write("1", STRANGER)
    house.write("On my way", chat_id=FAMILY_CHAT)
    await house.time.advance(60)
    assert not task.done()
    house.write("On my way")
    assert (await house.time.result(task, 20))["person"] == "Alex"


@pytest.mark.parametrize(
    ("script", "text"),
    [("with_words", " COMING "), ("with_words", "7"), ("any_answer", "[1, 2]")],
)
async def test_words(house: Receiving, script: str, text: str) -> None:
    """Test that words count, or every message without any."""
    task = alarm(house, script)
    await house.time.advance(30)
    house.write("hm" if script == "with_words" else text)
    house.write(text)
    response = await house.time.result(task, 20)
    assert response["answer"] == text


async def test_group(house: Receiving) -> None:
    """Test that those who may write can answer in a group that was asked."""
    task = alarm(house, "group")
    await house.time.advance(30)
    house.write("1", STRANGER, chat_id=FAMILY_CHAT)
    await house.time.advance(30)
    assert not task.done()
    house.write("1", SAM_CHAT, chat_id=FAMILY_CHAT)
    assert (await house.time.result(task, 20))["person"] == "Sam"


@pytest.mark.parametrize("script", ["alarm", "otherwise"])
async def test_nobody_answers(house: Receiving, script: str) -> None:
    """Test that somebody else is notified at last, and the helper stays on."""
    task = alarm(house, script, title="Fire")
    response = await house.time.result(task, 610)
    assert response == {"answered": False, "person": None, "answer": None, "at": None}
    sent = [chat_id for chat_id, _ in told(house)]
    assert sent == [ALEX_CHAT, SAM_CHAT] + [FAMILY_CHAT] * (script == "otherwise")
    assert house.state(HELPER) == "on"


async def test_refused(house: Receiving, shown: NotificationRecorder) -> None:
    """Test that the next one is asked at once if a message is refused, and why."""
    house.account.faults["sendMessage"] = Fault.QUOTA_466
    task = alarm(house)
    response = await house.time.result(task, 20)
    assert not response["answered"]
    *reasons, message = shown.messages
    assert message == TEXT
    assert [it.partition(": ")[0] for it in reasons] == [f"`{ALEX}`", f"`{SAM}`"]


async def test_logged_out(house: Receiving, shown: NotificationRecorder) -> None:
    """Test that nobody is tried again and again if the account can't send anything."""
    house.account.state = "notAuthorized"
    await house.time.advance(61)
    response = await house.time.result(alarm(house, attachment="camera.gone"), 20)
    assert not response["answered"]
    assert "isn't linked" in shown.messages[0]
    assert told(house) == []


@pytest.mark.parametrize("more", [{}, {"title": "Fire"}])
async def test_attachment_not_sent(
    house: Receiving, shown: NotificationRecorder, more: dict[str, str]
) -> None:
    """Test that an alarm is sent without its picture if that can't be loaded."""
    task = alarm(house, attachment="camera.gone", **more)
    await house.time.advance(20)
    ((chat, _),) = told(house)
    assert chat == ALEX_CHAT
    assert shown.messages[0].startswith(
        "`notify.alex`: The attachment couldn't be loaded"
    )
    house.write("1")
    response = await house.time.result(task, 20)
    assert response["answer"] == "On my way"


async def test_maybe_sent(house: Receiving, shown: NotificationRecorder) -> None:
    """Test that a message that may have been sent is not sent again without choices."""
    house.account.faults["sendMessage"] = Fault.RESET_AFTER_HEADERS
    task = alarm(house)
    await house.time.advance(20)
    assert told(house) == [(ALEX_CHAT, TEXT), (SAM_CHAT, TEXT)]
    assert "may or may not have been sent" in shown.messages[0]
    house.account.faults.clear()
    assert not (await house.time.result(task, 20))["answered"]


async def test_reason_in_message(house: Receiving) -> None:
    """Test that a message without its picture says why."""
    task = alarm(house, "no_choices", attachment="camera.gone")
    await house.time.advance(20)
    ((_, text),) = told(house)
    assert text.startswith(f"{TEXT} (The attachment couldn't be loaded.")
    house.write("Coming")
    assert (await house.time.result(task, 20))["answered"]


async def test_permission_ended(house: Receiving, shown: NotificationRecorder) -> None:
    """Test that somebody who may not answer anymore gets the alarm without choices."""
    house.let_write("Alex", may_write=False)
    task = alarm(house)
    await house.time.advance(20)
    (alex, sam) = told(house)
    assert alex[0] == ALEX_CHAT
    assert alex[1].startswith(f"{TEXT} (The message to Alex wasn't sent: nobody could")
    assert sam == (SAM_CHAT, TEXT)
    assert shown.messages[0].startswith(
        "`notify.alex`: The message to Alex wasn't sent"
    )
    house.write("2", SAM_CHAT)
    assert (await house.time.result(task, 20))["person"] == "Sam"
    assert told(house) == [(ALEX_CHAT, "Sam has answered: False alarm")]


async def test_account_not_loaded(
    house: Receiving, shown: NotificationRecorder
) -> None:
    """Test that an alarm goes on without the account, and without the action."""
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    house.hass.services.async_remove(DOMAIN, "send_message")
    assert not (await house.time.result(alarm(house), 30))["answered"]
    assert shown.messages == [
        "`notify.alex`: The account isn't loaded.",
        "`notify.sam`: The account isn't loaded.",
        TEXT,
    ]


async def test_one_recipient(house: Receiving) -> None:
    """Test that a single recipient may be a text."""
    task = alarm(house, "one_recipient")
    await house.time.advance(20)
    assert told(house) == [(ALEX_CHAT, TEXT)]
    house.write("1")
    assert (await house.time.result(task, 20))["answered"]


async def test_nobody(house: Receiving, shown: NotificationRecorder) -> None:
    """Test that an alarm to nobody is shown."""
    assert not (await house.time.result(alarm(house, "nobody"), 5))["answered"]
    assert shown.messages == [TEXT]


async def test_nothing_selected(house: Receiving, shown: NotificationRecorder) -> None:
    """Test that all inputs but the recipients may be empty."""
    assert not (await house.time.result(alarm(house, "nothing"), 610))["answered"]
    assert shown.messages == [TEXT]
    assert [chat for chat, _ in told(house)] == [ALEX_CHAT, SAM_CHAT]


async def test_texts_as_inputs(house: Receiving, shown: NotificationRecorder) -> None:
    """Test that single values may be texts instead of lists."""
    task = alarm(house, "as_text")
    await house.time.advance(20)
    house.write("y")
    await house.time.advance(20)
    assert not task.done()
    house.write("yes")
    assert (await house.time.result(task, 20))["answer"] == "yes"
    told(house)
    assert not (await house.time.result(alarm(house, "as_text"), 610))["answered"]
    assert told(house)[-1] == (FAMILY_CHAT, TEXT)
    assert shown.messages == []


async def test_empty_words(house: Receiving) -> None:
    """Test that empty rows among the words don't count."""
    task = alarm(house, "empty_words")
    await house.time.advance(20)
    house.write("Coming")
    assert (await house.time.result(task, 20))["answer"] == "Coming"


async def test_others_not_told(house: Receiving) -> None:
    """Test that nothing is sent if the others should not be told."""
    task = alarm(house, "not_told")
    await house.time.advance(310)
    told(house)
    house.write("1")
    assert (await house.time.result(task, 20))["answered"]
    assert told(house) == []


@pytest.mark.parametrize("script", ["partly_gone", "partly_gone_group"])
async def test_not_everyone_notified(
    house: Receiving, shown: NotificationRecorder, script: str
) -> None:
    """Test that the message is also shown if it doesn't reach everyone at last."""
    members = {"entity_id": [FAMILY, "notify.nobody"]}
    house.hass.states.async_set("notify.group", "unknown", members)
    assert not (await house.time.result(alarm(house, script), 610))["answered"]
    assert shown.messages == [TEXT]


async def test_no_account(
    hass: HomeAssistant, tmp_path: Path, shown: NotificationRecorder
) -> None:
    """Test that the alarm is shown in Home Assistant if there is no account at all."""
    await async_create_scripts(hass, tmp_path)
    assert hass.services.async_services().keys().isdisjoint({DOMAIN, "notify"})
    await hass.services.async_call(
        "script", "otherwise", {"message": TEXT, "title": "Fire"}, blocking=True
    )
    assert (shown.titles[-1], shown.messages[-1]) == ("Fire", TEXT)
    assert shown.messages[:-1] == [NOT_THERE.format(it) for it in ("alex", "sam")]


async def test_gone(house: Receiving, shown: NotificationRecorder) -> None:
    """Test that a recipient that does not exist delays nothing and is shown."""
    task = alarm(house, "gone")
    await house.time.advance(20)
    assert told(house) == [(ALEX_CHAT, TEXT)]
    assert shown.messages == [NOT_THERE.format("gone")]
    house.write("1")
    assert (await house.time.result(task, 20))["person"] == "Alex"


@pytest.mark.parametrize(
    ("fate", "moves_on"), [("noAccount", True), ("failed", True), ("sent", False)]
)
async def test_delivery_fails(house: Receiving, fate: str, moves_on: bool) -> None:  # noqa: FBT001
    """Test that only a failed delivery goes on early, not one that isn't confirmed."""
    house.account.reports_statuses = True
    house.account.messages.delay = 0
    house.account.fates |= {ALEX_CHAT: fate}
    await house.reload()
    task = alarm(house)
    await house.time.advance(250)
    assert [chat for chat, _ in told(house)] == [ALEX_CHAT] + [SAM_CHAT] * moves_on
    house.write("1", SAM_CHAT if moves_on else ALEX_CHAT)
    response = await house.time.result(task, 20)
    assert response["answered"]


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        ("no_choices", []),
        ("one_choice", []),
        ("alike", []),
        ("empty_row", ["1. Yes", "2. No"]),
        ("many_choices", [f"{number}. Choice {number}" for number in range(1, 13)]),
    ],
)
async def test_invalid_choices(house: Receiving, script: str, lines: list[str]) -> None:
    """Test that the alarm is sent with those choices that can be told apart."""
    task = alarm(house, script)
    await house.time.advance(30)
    (request,) = (it for it in house.account.requests if it.method == "sendMessage")
    text, *shown = filter(None, request.body["message"].splitlines())
    assert (text, shown) == (TEXT, lines)
    house.write("1")
    assert (await house.time.result(task, 20))["answered"]


async def test_time_as_text(house: Receiving) -> None:
    """Test that the time can be a text."""
    task = alarm(house, "text_time")
    response = await house.time.result(task, 130)
    assert not response["answered"]


def test_inputs() -> None:
    """Test that the blueprint is valid."""
    data = load_yaml_dict(f"{BLUEPRINTS / 'script' / PATH}")
    blueprint = Blueprint(
        data, expected_domain="script", path=PATH, schema=BLUEPRINT_SCHEMA
    )
    assert blueprint.inputs.keys() == blueprint.data["blueprint"]["input"].keys()
