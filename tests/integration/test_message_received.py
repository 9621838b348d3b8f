"""Test the trigger for received messages, and the event entity."""

from datetime import timedelta
import time
from typing import Any, Final

import pytest

from custom_components.green_api.api import MessageKind
from custom_components.green_api.const import CONF_MAY_WRITE, DOMAIN
from custom_components.green_api.diagnostics import async_get_config_entry_diagnostics
from custom_components.green_api.receiving.permissions import ReceiveMode
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.simulator import Fault
from tests.support.automations import trigger
from tests.support.const import TOKEN
from tests.support.helpers import all_called_methods
from tests.support.receiving import (
    ALEX_EVENT,
    BOTH_WAYS,
    RECEIVING_METHODS,
    SAM,
    SAM_CHAT,
    SOON,
    STRANGER,
    Receiving,
)
from tests.support.recipients import ALEX, FAMILY, FAMILY_CHAT
from tests.support.secrecy import LogRecorder, assert_hidden

pytestmark = pytest.mark.long(5)

_OF_ALL_TRIGGERS: Final = {"alias", "description", "id", "idx", "platform", "sent"}


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_message(home: Receiving, mode: ReceiveMode) -> None:
    """Test that a message triggers once, with everything about it."""
    await home.set_up(mode)
    message_id = home.write("Turn on the heating")
    await home.time.advance(60)
    (run,) = home.runs
    entity = er.async_get(home.hass).async_get(ALEX)
    assert entity
    assert abs(run["sent"] - dt_util.now()) < timedelta(seconds=62)
    assert {key: run[key] for key in run if key not in _OF_ALL_TRIGGERS} == {
        "account": home.entry.title,
        "choice": None,
        "device_id": entity.device_id,
        "entity_id": ALEX,
        "kind": "text",
        "message": "Turn on the heating",
        "message_id": message_id,
        "person": "Alex",
        "person_entity_id": ALEX,
        "question_message_id": None,
        "quoted_message_id": None,
        "recipient": "Alex",
        "text": "Turn on the heating",
        "title": "Message from Alex",
    }


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_group(home: Receiving, mode: ReceiveMode) -> None:
    """Test that a message in a group is one of the person, and a reply goes there."""
    await home.set_up(mode)
    home.write("Who is home?", chat_id=FAMILY_CHAT)
    await home.time.advance(SOON)
    (run,) = home.runs
    assert (run["entity_id"], run["recipient"]) == (FAMILY, "Family")
    assert (run["person_entity_id"], run["person"]) == (ALEX, "Alex")


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_quote(home: Receiving, mode: ReceiveMode) -> None:
    """Test that the ID of the quoted message is passed on."""
    await home.set_up(mode)
    quoted = home.write("First")
    home.write("Second", quoted_id=quoted)
    await home.time.advance(SOON)
    assert [run["quoted_message_id"] for run in home.runs] == [None, quoted]


KINDS: Final = {
    "audio": ("audio", "Audio"),
    "buttons": ("other", "Other message"),
    "contact": ("contact", "Contact"),
    "document": ("document", "Document"),
    "image": ("image", "Image"),
    "location": ("location", "Location"),
    "sticker": ("sticker", "Sticker"),
    "video": ("video", "Video"),
}


@pytest.mark.parametrize("mode", BOTH_WAYS)
@pytest.mark.parametrize("kind", KINDS)
async def test_kinds(home: Receiving, mode: ReceiveMode, kind: str) -> None:
    """Test that every kind triggers, and is named if there is no text."""
    await home.set_up(mode)
    home.write("", kind=kind)
    await home.time.advance(SOON)
    (run,) = home.runs
    assert (run["kind"], run["message"]) == KINDS[kind]
    state = home.hass.states.get(ALEX_EVENT)
    assert state
    assert state.attributes["event_type"] == KINDS[kind][0]


@pytest.mark.parametrize(
    ("options", "heard"),
    [
        ({"text": "yes"}, ["Yes", " y\u200bes "]),
        ({"text": ["no", "YES"]}, ["Yes", " y\u200bes ", "No"]),
        ({"text": "", "kind": "text"}, ["Yes", " y\u200bes ", "No"]),
        ({"kind": ["image", "video"]}, ["yes, a picture"]),
        ({"kind": "image", "text": "yes"}, []),
        ({}, ["Yes", " y\u200bes ", "No", "yes, a picture"]),
    ],
)
async def test_options(
    home: Receiving, options: dict[str, Any], heard: list[str]
) -> None:
    """Test that texts and kinds select messages."""
    await home.set_up(ReceiveMode.ONLY_HOME_ASSISTANT)
    await home.listen(**options)
    for text in ("Yes", " y\u200bes ", "No"):
        home.write(text)
    home.write("yes, a picture", kind="image")
    assert await home.heard() == heard


async def test_long_text(home: Receiving) -> None:
    """Test that nothing waits for texts to be compared by many automations."""
    await home.set_up(ReceiveMode.ONLY_HOME_ASSISTANT)
    for _ in range(30):
        await home.listen(text=["yes", "no"])
        home.stop_listening = lambda: None
    home.write("\ufdfa" * 20_000)
    started_at = time.process_time()
    assert await home.heard() == []
    assert time.process_time() - started_at < 1


async def test_targets(home: Receiving) -> None:
    """Test that the person, the chat, their devices, and the account are targets."""
    await home.set_up(ReceiveMode.ONLY_HOME_ASSISTANT)
    registry = er.async_get(home.hass)
    alex, family = (registry.async_get(it) for it in (ALEX, FAMILY))
    assert alex
    assert family
    (account,) = (
        it.id
        for it in dr.async_entries_for_config_entry(
            dr.async_get(home.hass), home.entry.entry_id
        )
        if it.serial_number
    )
    for target, count in (
        ({"entity_id": ALEX}, 1),
        ({"entity_id": ALEX_EVENT}, 1),
        ({"entity_id": FAMILY}, 1),
        ({"entity_id": [ALEX, FAMILY]}, 1),
        ({"device_id": alex.device_id}, 1),
        ({"device_id": family.device_id}, 1),
        ({"device_id": account}, 1),
        ({"entity_id": SAM}, 0),
    ):
        await home.listen(target)
        home.write("Hello", chat_id=FAMILY_CHAT)
        assert len(await home.heard()) == count


async def test_wait_for_trigger(home: Receiving) -> None:
    """Test that a script can wait for an answer."""
    await home.set_up(ReceiveMode.ONLY_HOME_ASSISTANT)
    assert await async_setup_component(
        home.hass,
        "script",
        {
            "script": {
                "ask": {
                    "sequence": [
                        {
                            "wait_for_trigger": [
                                trigger("message_received", {"entity_id": ALEX})
                            ],
                            "timeout": 60,
                        },
                        {"variables": {"it": {"text": "{{ wait.trigger.text }}"}}},
                        {"stop": "Done", "response_variable": "it"},
                    ]
                }
            }
        },
    )
    asked = home.hass.async_create_task(
        home.hass.services.async_call(
            "script", "ask", blocking=True, return_response=True
        )
    )
    await home.time.advance(20)
    home.write("I see to it")
    assert await home.time.result(asked, SOON) == {"text": "I see to it"}


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_event_entity(home: Receiving, mode: ReceiveMode) -> None:
    """Test that only people who may write have an entity, which has no text."""
    await home.set_up(mode)
    assert home.hass.states.async_entity_ids("event") == [ALEX_EVENT]
    home.write("Secret plans", chat_id=FAMILY_CHAT)
    await home.time.advance(SOON)
    state = home.hass.states.get(ALEX_EVENT)
    assert state
    assert dict(state.attributes) == {
        "event_type": "text",
        "event_types": sorted(MessageKind),
        "friendly_name": "Alex Received message",
    }


async def test_event_entity_in_outage(home: Receiving) -> None:
    """Test that the entity stays available, so that no message is missed."""
    await home.set_up(ReceiveMode.ONLY_HOME_ASSISTANT)
    for method in ("getStateInstance", *RECEIVING_METHODS):
        home.account.faults[method] = Fault.BAD_GATEWAY
    await home.time.advance(600)
    state = home.hass.states.get(ALEX_EVENT)
    assert state
    assert state.state == "unknown"


async def test_permission_changes(home: Receiving) -> None:
    """Test that a permission takes effect at once, with its entity, without reload."""
    await home.set_up(ReceiveMode.ONLY_HOME_ASSISTANT)
    home.let_write("Sam", may_write=True)
    await home.time.settle()
    assert home.hass.states.get("event.sam_received_message")
    home.write("I am Sam", SAM_CHAT)
    assert await home.heard() == ["I am Sam"]
    home.let_write("Sam", may_write=False)
    await home.time.settle()
    assert home.hass.states.async_entity_ids("event") == [ALEX_EVENT]
    assert er.async_get(home.hass).async_get("event.sam_received_message") is None
    home.write("Still Sam", SAM_CHAT)
    assert await home.heard() == []
    assert all_called_methods(home.account).count("getStateInstance") < 3


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_written_before_permission(home: Receiving, mode: ReceiveMode) -> None:
    """Test that nothing is heard that was written before a permission."""
    await home.set_up(mode)
    home.let_write("Alex", may_write=False)  # so that nothing is received
    await home.time.advance(1)
    home.write("Open the door", SAM_CHAT)
    await home.time.advance(120)
    home.let_write("Sam", may_write=True)
    assert await home.heard() == []
    assert home.entry.runtime_data.message_handler.dropped == {"before_permission": 1}
    home.write("Now I may", SAM_CHAT)
    assert await home.heard() == ["Now I may"]


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_permission_while_clock_was_ahead(
    home: Receiving, mode: ReceiveMode
) -> None:
    """Test that a person is heard as soon as the clock is set."""
    await home.set_up(mode)
    home.time.set_clock(timedelta(hours=2))
    home.let_write("Sam", may_write=True)
    await home.time.advance(60)
    home.time.set_clock(timedelta())
    home.write("Now I may", SAM_CHAT)
    assert await home.heard() == ["Now I may"]


async def test_permission_after_message_and_reload(home: Receiving) -> None:
    """Test that a reload forgets neither the message nor when the permission began."""
    await home.set_up(ReceiveMode.BESIDE_OTHERS)
    home.write("Open the door", SAM_CHAT)
    await home.time.advance(20)
    home.let_write("Sam", may_write=True)
    assert await home.heard() == []
    home.let_write("Sam", may_write=True)
    await home.reload()
    assert await home.heard() == []


@pytest.mark.parametrize("what", ["entity", "device"])
async def test_disabled_recipient(home: Receiving, what: str) -> None:
    """Test that disabling a recipient ends the permission for good."""
    await home.set_up(ReceiveMode.ONLY_HOME_ASSISTANT)
    entities, devices = er.async_get(home.hass), dr.async_get(home.hass)
    alex = entities.async_get(ALEX)
    assert alex
    by_user = {
        "entity": lambda by: entities.async_update_entity(
            ALEX, disabled_by=by and er.RegistryEntryDisabler.USER
        ),
        "device": lambda by: devices.async_update_device(
            alex.device_id, disabled_by=by and dr.DeviceEntryDisabler.USER
        ),
    }
    home.write("One")
    by_user[what]("user")
    assert await home.heard() == []
    by_user[what](None)
    await home.time.advance(60)
    home.write("Two")
    assert await home.heard() == []
    assert CONF_MAY_WRITE not in home.subentry("Alex").data
    assert er.async_get(home.hass).async_get(ALEX_EVENT) is None


async def test_disabled_account(home: Receiving) -> None:
    """Test that disabling the account does not end the permissions."""
    await home.set_up(ReceiveMode.ONLY_HOME_ASSISTANT)
    for disabler in (ConfigEntryDisabler.USER, None):
        await home.hass.config_entries.async_set_disabled_by(
            home.entry.entry_id, disabler
        )
        await home.time.settle()
    home.write("Back again")
    assert await home.heard() == ["Back again"]


async def test_disabled_before_start(home: Receiving) -> None:
    """Test that a recipient that was disabled while unloaded may not write."""
    await home.set_up(ReceiveMode.ONLY_HOME_ASSISTANT)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    er.async_get(home.hass).async_update_entity(
        ALEX, disabled_by=er.RegistryEntryDisabler.USER
    )
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.time.settle()
    assert CONF_MAY_WRITE not in home.subentry("Alex").data
    assert er.async_get(home.hass).async_get(ALEX_EVENT) is None


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_texts_stay_in_triggers(
    home: Receiving,
    mode: ReceiveMode,
    log_recorder: LogRecorder,
    hass_storage: dict[str, Any],
) -> None:
    """Test that no log, state, diagnostics or file contains what people write."""
    await home.set_up(mode)
    home.write("Sesame opens up", name="Ali Baba")
    home.write("Forty thieves", STRANGER, name="Cassim")
    assert await home.heard() == ["Sesame opens up"]
    home.account.faults["receiveNotification"] = Fault.BAD_REQUEST
    await home.time.advance(60)
    diagnostics = await async_get_config_entry_diagnostics(home.hass, home.entry)
    assert diagnostics["account"]["receiving"]["dropped"] == {"not_allowed": 1}
    places = [
        *log_recorder.logged_by(
            "custom_components", "homeassistant.helpers.dispatcher"
        ),
        *(f"{state.as_dict()}" for state in home.hass.states.async_all()),
        f"{diagnostics}",
        f"{hass_storage[f'{DOMAIN}.{home.entry.entry_id}']}",
    ]
    text = "\n".join(places)
    for secret in ("Sesame", "thieves", "Ali Baba", "Cassim", STRANGER):
        assert secret not in text
    assert_hidden(TOKEN, *places)
