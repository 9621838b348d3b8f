"""Test the sensor of what has happened to the last message to a recipient."""

import asyncio
from typing import Final

import pytest

from custom_components.green_api.decisions.delivery import DeliveryStatus
from homeassistant.config_entries import RELOAD_AFTER_UPDATE_DELAY
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, EntityCategory
from homeassistant.core import Event, callback
from homeassistant.helpers import entity_registry as er
from tests.simulator import Account, Fault
from tests.support.deliveries import Deliveries
from tests.support.entities import state_of
from tests.support.helpers import issue_keys
from tests.support.recipients import ALEX, ALEX_CHAT, FAMILY

pytestmark = pytest.mark.long(3)

SENSOR: Final = "sensor.alex_last_message"


@pytest.fixture
async def home(new_home: Deliveries, account: Account) -> Deliveries:
    """Return an account whose sensor for a recipient is enabled."""
    account.reports_statuses = True
    account.messages.delay = 5
    await new_home.set_up()
    er.async_get(new_home.hass).async_update_entity(SENSOR, disabled_by=None)
    await new_home.time.advance(RELOAD_AFTER_UPDATE_DELAY + 1)
    new_home.start()
    return new_home


async def reload(home: Deliveries) -> None:
    """Reload the account."""
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.time.settle()
    home.start()


def states(home: Deliveries) -> list[str]:
    """Return a list that gets the states of the sensor."""
    seen: list[str] = []

    @callback
    def listen(event: Event) -> None:
        if event.data["entity_id"] == SENSOR:
            seen.append(event.data["new_state"].state)

    home.hass.bus.async_listen("state_changed", listen)
    return seen


async def test_properties(home: Deliveries) -> None:
    """Test that the states have names, and unknown is Home Assistant's own."""
    entry = er.async_get(home.hass).async_get(SENSOR)
    state = home.hass.states.get(SENSOR)
    assert entry
    assert state
    assert entry.entity_category is EntityCategory.DIAGNOSTIC
    assert entry.unique_id.endswith("_last_message")
    assert state.state == STATE_UNKNOWN
    assert state.attributes["options"] == [
        it for it in DeliveryStatus if it != "unknown"
    ]
    notify = er.async_get(home.hass).async_get(ALEX)
    assert notify
    assert entry.device_id == notify.device_id


@pytest.mark.parametrize(
    ("fate", "last"),
    [
        ("delivered", ["delivered"]),
        ("read", ["read"]),
        ("noAccount", ["no_account"]),
        ("notInGroup", ["not_in_group"]),
        ("yellowCard", ["restricted"]),
        ("failed", ["failed"]),
        ("pending", []),
    ],
)
async def test_states(home: Deliveries, fate: str, last: list[str]) -> None:
    """Test that the sensor follows a message to its end."""
    home.account.fates[ALEX_CHAT] = fate
    home.account.delivery_seconds = 20
    seen = states(home)
    await home.send_now()
    assert seen == ["waiting"]
    await home.time.advance(120)
    assert seen == ["waiting", "sent", *last]
    requests = len(home.asked)
    await home.time.advance(1000)
    assert seen == ["waiting", "sent", *last]
    assert (len(home.asked) == requests) == bool(last)


async def test_not_found_yet(home: Deliveries) -> None:
    """Test that a message is waiting until it is in the journal."""
    home.account.journal_lag = 100
    seen = states(home)
    await home.send_now()
    await home.time.advance(125)
    assert seen == ["waiting", "delivered"]


@pytest.mark.parametrize("word", ["someFutureStatus", "pending"])
async def test_never_back(home: Deliveries, word: str) -> None:
    """Test that the state never goes back, whatever the server says."""
    home.account.fates[ALEX_CHAT] = "sent"
    seen = states(home)
    message_id = await home.send_now()
    await home.time.advance(20)
    home.account.words[message_id] = word
    await home.time.advance(600)
    assert seen == ["waiting", "sent"]
    home.account.words[message_id] = "read"
    await home.time.advance(600)
    assert seen == ["waiting", "sent", "read"]
    home.account.words[message_id] = "noAccount"
    await home.time.advance(600)
    assert seen == ["waiting", "sent", "read"]


async def test_end(home: Deliveries) -> None:
    """Test that a message is followed for an hour."""
    home.account.fates[ALEX_CHAT] = "sent"
    seen = states(home)
    await home.send_now()
    await home.time.advance(3601)
    assert seen == ["waiting", "sent", STATE_UNKNOWN]
    assert home.asked == [3, 10, 30, 60, 120, *range(300, 3601, 300)]


async def test_next_message(home: Deliveries) -> None:
    """Test that the next message takes the place of the one before."""
    home.account.fates[ALEX_CHAT] = "sent"
    seen = states(home)
    await home.send_now()
    await home.time.advance(20)
    home.account.fates[ALEX_CHAT] = "delivered"
    home.start()
    await home.send_now()
    await home.time.advance(600)
    assert seen == ["waiting", "sent", "waiting", "delivered"]
    assert home.asked == [3, 10]


async def test_other_recipient(home: Deliveries) -> None:
    """Test that messages to others do not matter, and are not asked for."""
    await home.send_now(FAMILY)
    await home.time.advance(600)
    assert state_of(home.hass, SENSOR) == STATE_UNKNOWN
    assert home.asked == []


async def test_with_confirm_within(home: Deliveries) -> None:
    """Test that the sensor and an action share the requests."""
    home.account.delivery_seconds = 20
    response = await home.time.result(home.send(confirm_within="00:02:00"), 60)
    assert response[ALEX]["status"] == state_of(home.hass, SENSOR) == "delivered"
    assert home.asked == [3, 10, 30]


async def test_no_place(home: Deliveries) -> None:
    """Test that the sensor is unknown if too many messages are waited for."""
    home.account.fates[ALEX_CHAT] = "sent"
    seen = states(home)
    tasks = [home.send(confirm_within="00:02:00") for _ in range(20)]
    await home.time.advance(1)
    assert seen[-1] == "waiting"
    await home.send_now()
    assert seen[-2:] == ["waiting", STATE_UNKNOWN] or seen[-1] == STATE_UNKNOWN
    for task in tasks:
        task.cancel()
    await home.time.settle()


async def test_reload(home: Deliveries) -> None:
    """Test that nothing is known after a reload, and nothing requested."""
    home.account.fates[ALEX_CHAT] = "sent"
    seen = states(home)
    await home.send_now()
    await home.time.advance(20)
    await reload(home)
    assert seen == ["waiting", "sent", STATE_UNAVAILABLE, STATE_UNKNOWN]
    await home.time.advance(600)
    assert home.asked == []


async def test_disabled(home: Deliveries) -> None:
    """Test that messages are not followed once the sensor is disabled again."""
    home.account.fates[ALEX_CHAT] = "sent"
    await home.send_now()
    await home.time.advance(20)
    er.async_get(home.hass).async_update_entity(
        SENSOR, disabled_by=er.RegistryEntryDisabler.USER
    )
    await home.time.settle()
    home.start()
    await home.send_now()
    await home.time.advance(600)
    assert home.asked == []


async def test_statuses_off(home: Deliveries) -> None:
    """Test that the sensor shows what is known, and a repair what to do."""
    home.account.reports_statuses = False
    await reload(home)
    assert issue_keys(home.hass) == []
    await home.send_now()
    await home.time.advance(30)
    assert state_of(home.hass, SENSOR) == "sent"
    assert issue_keys(home.hass) == ["statuses_off"]


async def test_quota(home: Deliveries) -> None:
    """Test that the state is unknown once the quota is used up."""
    home.account.fates[ALEX_CHAT] = "sent"
    seen = states(home)
    await home.send_now()
    await home.time.advance(20)
    home.account.faults["getMessage"] = Fault.QUOTA_466
    await home.time.advance(20)
    assert seen == ["waiting", "sent", STATE_UNKNOWN]
    requests = len(home.asked)
    await home.send_now()
    await home.time.advance(600)
    assert state_of(home.hass, SENSOR) == STATE_UNKNOWN
    assert len(home.asked) == requests
    assert issue_keys(home.hass) == ["status_quota"]


async def test_entity_id_changed(home: Deliveries, account: Account) -> None:
    """Test that a message is followed until its end while the entity ID is changed."""
    account.delivery_seconds = 60
    await home.send_now()
    await home.time.advance(2)
    assert state_of(home.hass, SENSOR) == "waiting"
    renamed = "sensor.phone"
    er.async_get(home.hass).async_update_entity(SENSOR, new_entity_id=renamed)
    await home.time.advance(10)
    assert state_of(home.hass, renamed) == "sent"
    await home.time.advance(200)
    assert state_of(home.hass, renamed) == "delivered"


async def test_removed_recipient(home: Deliveries) -> None:
    """Test that nothing is requested for a recipient that is removed."""
    home.account.fates[ALEX_CHAT] = "sent"
    await home.send_now()
    await home.time.advance(5)
    (alex,) = (it for it in home.entry.subentries.values() if it.title == "Alex")
    home.hass.config_entries.async_remove_subentry(home.entry, alex.subentry_id)
    await asyncio.sleep(0)
    await home.time.settle()
    home.start()
    await home.time.advance(600)
    assert home.hass.states.get(SENSOR) is None
    assert home.asked == []
