"""Test the sensors."""

from collections import Counter
from datetime import UTC, datetime, timedelta
import logging
from typing import Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.green_api.const import DOMAIN
from homeassistant.components.sensor import (
    ATTR_OPTIONS,
    ATTR_STATE_CLASS,
    SensorDeviceClass,
    SensorStateClass,
)
from homeassistant.const import (
    ATTR_DEVICE_CLASS,
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.icon import async_get_icons
from homeassistant.util import dt as dt_util
from tests.simulator import Account, Fault, Messenger
from tests.support.const import INSTANCE_ID, TOKEN
from tests.support.entities import (
    MESSAGES_IN_QUEUE,
    RESTRICTED_UNTIL,
    STATE,
    STATE_SINCE,
    state_of,
)
from tests.support.fault_kinds import FAULT_OF_KIND
from tests.support.helpers import async_advance, async_polls, async_set_up
from tests.support.secrecy import assert_hidden
from tests.support.wait_until import async_wait_until

pytestmark = pytest.mark.long(5)

OPTIONS: Final = {
    "authorized": "authorized",
    "blocked": "blocked",
    "notAuthorized": "not_authorized",
    "pendingCode": "pending_code",
    "pendingPassword": "pending_password",
    "sleepMode": "sleep_mode",
    "starting": "starting",
    "suspended": "suspended",
    "yellowCard": "yellow_card",
}

END: Final = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER: Final = END + timedelta(days=1)


def method_counts(account: Account) -> Counter[str]:
    """Return how often each method was requested."""
    return Counter(request.method for request in account.requests)


@pytest.fixture
async def restricted(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Restrict the account until some time."""
    account.state = "suspended"
    account.suspended_until = int(END.timestamp())
    await async_advance(hass, freezer)
    account.requests.clear()


@pytest.mark.usefixtures("loaded_entry")
async def test_state_options(hass: HomeAssistant) -> None:
    """Test that the state's options are GREEN-API's, each with an icon."""
    attributes = hass.states.get(STATE).attributes
    assert attributes[ATTR_DEVICE_CLASS] == SensorDeviceClass.ENUM
    assert attributes[ATTR_OPTIONS] == sorted(OPTIONS.values())

    icons = await async_get_icons(hass, "entity", [DOMAIN])
    assert icons[DOMAIN]["sensor"]["state"]["state"].keys() == set(OPTIONS.values())


async def test_device(
    loaded_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    """Test that all entities belong to one service, with its details."""
    [device] = dr.async_entries_for_config_entry(device_registry, loaded_entry.entry_id)
    assert device.identifiers == {(DOMAIN, INSTANCE_ID)}
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    assert device.name == "GREEN-API 1101000001"
    assert device.manufacturer == "GREEN-API"
    assert device.model == "WhatsApp"
    assert device.serial_number == INSTANCE_ID
    assert device.configuration_url == "https://console.green-api.com"

    entities = er.async_entries_for_config_entry(entity_registry, loaded_entry.entry_id)
    assert len(entities) == 10
    assert {entity.device_id for entity in entities} == {device.id}


@pytest.mark.parametrize(
    ("messenger", "model"),
    [
        (Messenger.WHATSAPP, "WhatsApp"),
        (Messenger.TELEGRAM, "Telegram"),
        (Messenger.MAX, "MAX"),
    ],
)
async def test_model(
    hass: HomeAssistant,
    account: Account,
    config_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
    messenger: Messenger,
    model: str,
) -> None:
    """Test that the model is the messenger."""
    account.messenger = messenger
    await async_set_up(hass, config_entry)

    [device] = dr.async_entries_for_config_entry(device_registry, config_entry.entry_id)
    assert device.model == model


@pytest.mark.parametrize(("raw", "option"), OPTIONS.items())
async def test_states(
    hass: HomeAssistant,
    account: Account,
    config_entry: MockConfigEntry,
    raw: str,
    option: str,
) -> None:
    """Test that an account can be set up in any state, and shows it."""
    account.state = raw
    await async_set_up(hass, config_entry)

    assert state_of(hass, STATE) == option


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize("raw", [None, "", "hibernating", "Authorized"])
async def test_no_known_state(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    raw: str | None,
) -> None:
    """Test that an instance being created, or in a new state, has no known state."""
    account.state = raw
    await async_advance(hass, freezer)

    assert state_of(hass, STATE) == {"": STATE_UNAVAILABLE}.get(raw, STATE_UNKNOWN)


@pytest.mark.parametrize("raw", ["authorized", "blocked", None, "hibernating"])
async def test_since(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    raw: str | None,
) -> None:
    """Test that the time of a state survives outages and reloads."""
    account.state = "notAuthorized"
    await async_advance(hass, freezer)
    account.state = raw
    await async_advance(hass, freezer)
    since = dt_util.utcnow().isoformat()
    assert state_of(hass, STATE_SINCE) == since

    account.fault = Fault.BAD_GATEWAY
    await async_advance(hass, freezer)
    assert state_of(hass, STATE_SINCE) == STATE_UNAVAILABLE

    account.fault = None
    await async_advance(hass, freezer)
    assert state_of(hass, STATE_SINCE) == since

    await hass.config_entries.async_reload(loaded_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, STATE_SINCE) == since

    account.state = "starting"
    await async_advance(hass, freezer)
    assert state_of(hass, STATE_SINCE) == dt_util.utcnow().isoformat()


@pytest.mark.parametrize("raw", ["suspended", "yellowCard"])
@pytest.mark.parametrize(
    ("messenger", "method"),
    [
        (Messenger.WHATSAPP, "getWaSettings"),
        (Messenger.TELEGRAM, "getAccountSettings"),
        (Messenger.MAX, "getAccountSettings"),
    ],
)
async def test_restricted_until(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    config_entry: MockConfigEntry,
    raw: str,
    messenger: Messenger,
    method: str,
) -> None:
    """Test that the end of a restriction is requested with every poll during one."""
    account.messenger = messenger
    await async_set_up(hass, config_entry)
    account.requests.clear()

    account.state = raw
    account.suspended_until = int(END.timestamp())
    await async_advance(hass, freezer)
    assert state_of(hass, RESTRICTED_UNTIL) == END.isoformat()

    account.suspended_until = int(LATER.timestamp())
    await async_advance(hass, freezer)
    assert state_of(hass, RESTRICTED_UNTIL) == LATER.isoformat()
    assert method_counts(account)[method] == 2

    account.state = "authorized"
    await async_advance(hass, freezer)
    assert state_of(hass, RESTRICTED_UNTIL) == STATE_UNKNOWN
    assert method_counts(account)[method] == 2


@pytest.mark.parametrize("raw", sorted(OPTIONS.keys() - {"suspended", "yellowCard"}))
async def test_not_restricted(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    restricted: None,
    account: Account,
    raw: str,
) -> None:
    """Test that the end is removed with the restriction, even if still reported."""
    account.state = raw
    await async_advance(hass, freezer)

    assert state_of(hass, RESTRICTED_UNTIL) == STATE_UNKNOWN
    assert method_counts(account)["getWaSettings"] == 0


@pytest.mark.parametrize("suspended_until", [None, 0, -1, 10**18])
async def test_no_end_of_restriction(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    restricted: None,
    account: Account,
    suspended_until: int | None,
) -> None:
    """Test that the end of a restriction may be unknown."""
    assert state_of(hass, RESTRICTED_UNTIL) == END.isoformat()
    account.suspended_until = suspended_until
    await async_advance(hass, freezer)

    assert state_of(hass, STATE) == "suspended"
    assert state_of(hass, RESTRICTED_UNTIL) == STATE_UNKNOWN


@pytest.mark.parametrize("fault", FAULT_OF_KIND.values())
async def test_restricted_until_fails(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    restricted: None,
    loaded_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    """Test that a known end of a restriction is kept while the request for it fails."""
    caplog.set_level(logging.DEBUG)
    account.faults["getWaSettings"] = fault
    await async_polls(hass, freezer, 2)

    assert method_counts(account) >= Counter(getStateInstance=2, getWaSettings=2)
    assert state_of(hass, STATE) == "suspended"
    assert state_of(hass, RESTRICTED_UNTIL) == END.isoformat()
    assert_hidden(TOKEN, caplog, *hass.states.async_all())
    assert loaded_entry.runtime_data.coordinator.data.error is None
    assert not [
        record
        for record in caplog.records
        if record.name.startswith("custom_components") and record.levelno > logging.INFO
    ]


@pytest.mark.parametrize("fault", FAULT_OF_KIND.values())
async def test_settings_fail(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    config_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    """Test that an account counts as WhatsApp until the settings can be read."""
    caplog.set_level(logging.DEBUG)
    account.state = "suspended"
    account.suspended_until = int(END.timestamp())
    account.faults["getSettings"] = fault
    await async_set_up(hass, config_entry)
    assert state_of(hass, STATE) == "suspended"
    assert state_of(hass, RESTRICTED_UNTIL) == END.isoformat()
    [device] = dr.async_entries_for_config_entry(device_registry, config_entry.entry_id)
    assert device.model is None

    account.faults.clear()
    await async_advance(hass, freezer)
    [device] = dr.async_entries_for_config_entry(device_registry, config_entry.entry_id)
    assert device.model == "WhatsApp"
    assert_hidden(TOKEN, caplog, *hass.states.async_all())


@pytest.mark.usefixtures("loaded_entry")
def test_empty_queue(hass: HomeAssistant) -> None:
    """Test that the number of waiting messages is a measurement."""
    queue = hass.states.get(MESSAGES_IN_QUEUE)
    assert queue.state == "0"
    assert queue.attributes[ATTR_STATE_CLASS] == SensorStateClass.MEASUREMENT
    assert queue.attributes[ATTR_UNIT_OF_MEASUREMENT] == "messages"


@pytest.mark.usefixtures("loaded_entry")
async def test_messages_in_queue(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that the queue is kept from its last check until there is no response."""
    account.queue = 3
    for _ in range(5):
        assert state_of(hass, MESSAGES_IN_QUEUE) == "0"
        await async_advance(hass, freezer)

    for queue in (3, 250, 1, 0):
        account.queue = queue
        await async_advance(hass, freezer)
        assert state_of(hass, MESSAGES_IN_QUEUE) == str(queue)

    account.fault = Fault.BAD_GATEWAY
    account.requests.clear()
    await async_advance(hass, freezer)
    assert state_of(hass, MESSAGES_IN_QUEUE) == STATE_UNAVAILABLE
    assert method_counts(account)["getMessagesCount"] == 0


@pytest.mark.parametrize("key", ["count", "сount", "ϲount", "Count"])  # noqa: RUF001
async def test_lookalike_key(
    hass: HomeAssistant,
    account: Account,
    config_entry: MockConfigEntry,
    key: str,
) -> None:
    """Test that the number is found under a key with look-alike letters."""
    account.count_key = key
    account.queue = 12
    await async_set_up(hass, config_entry)

    assert state_of(hass, MESSAGES_IN_QUEUE) == "12"


@pytest.mark.parametrize("fault", FAULT_OF_KIND.values())
async def test_queue_fails(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    """Test that an unreadable queue is unknown until the next poll, and no problem."""
    caplog.set_level(logging.DEBUG)
    account.faults["getMessagesCount"] = fault
    await async_polls(hass, freezer, 6)
    assert state_of(hass, MESSAGES_IN_QUEUE) == STATE_UNKNOWN
    assert state_of(hass, STATE) == "authorized"
    assert loaded_entry.runtime_data.coordinator.data.error is None

    account.faults.clear()
    # A server that asks to wait receives no request meanwhile.
    await async_polls(hass, freezer, 2)
    assert state_of(hass, MESSAGES_IN_QUEUE) == "0"
    assert_hidden(TOKEN, caplog, *hass.states.async_all())
    assert not [
        record
        for record in caplog.records
        if record.name.startswith("custom_components")
        and record.levelno > logging.DEBUG
    ]


async def test_slow_queue(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a slow queue neither delays the state nor is requested twice."""
    account.faults["getMessagesCount"] = Fault.HANG
    account.state = "starting"
    freezer.tick(60)
    async_fire_time_changed(hass)
    await async_wait_until(lambda: method_counts(account)["getMessagesCount"] == 2)
    await async_wait_until(lambda: state_of(hass, STATE) == "starting")

    account.state = "authorized"
    freezer.tick(10)
    async_fire_time_changed(hass)
    await async_wait_until(lambda: state_of(hass, STATE) == "authorized")
    assert method_counts(account)["getMessagesCount"] == 2
    assert await hass.config_entries.async_unload(loaded_entry.entry_id)
