"""Test the lifecycle of a config entry."""

from collections import Counter
from datetime import timedelta
import json
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.green_api.api import ErrorKind
from custom_components.green_api.const import CONSOLE_URL, DOMAIN
from custom_components.green_api.coordinator import RATE_LIMIT_DELAY
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    ConfigEntryDisabler,
    ConfigEntryState,
)
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.util import dt as dt_util
from tests.simulator import Account, Fault, Messenger, Simulator
from tests.support.clients import request_timeout
from tests.support.const import INSTANCE_ID, TOKEN
from tests.support.entities import BUTTON, ERROR, PROBLEM, STATE
from tests.support.entries import entry_of
from tests.support.fault_kinds import FAULT_OF_KIND, FAULTS_AND_KINDS, SLOW
from tests.support.helpers import (
    all_called_methods,
    async_advance,
    async_polls,
    async_set_up,
    async_set_up_without_entities,
    issue_keys,
)
from tests.support.secrecy import assert_hidden
from tests.support.translation_check import ENGLISH
from tests.support.wait_until import async_wait_until

pytestmark = pytest.mark.long(5)

# The requests during the setup of an entry.
ASKED_FIRST: Final = ["getStateInstance", "getSettings", "getMessagesCount"]

OTHER_INSTANCE_ID: Final = "1101000002"

TEXTS: Final = json.loads(ENGLISH.read_text(encoding="utf-8"))

# Derived from the token, so that a search for the token finds it as well.
NEW_TOKEN: Final = f"{TOKEN}1"


def device_of(hass: HomeAssistant, entry: MockConfigEntry) -> dr.DeviceEntry:
    """Return the only device of an account."""
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return device


async def test_load_and_unload(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that an entry is loaded with three requests, and none follow its unload."""
    assert loaded_entry.state is ConfigEntryState.LOADED
    assert Counter(all_called_methods(account)) == Counter(ASKED_FIRST)
    assert hass.states.get(STATE).state == "authorized"

    await hass.config_entries.async_unload(loaded_entry.entry_id)

    assert loaded_entry.state is ConfigEntryState.NOT_LOADED
    assert hass.states.get(STATE).state == STATE_UNAVAILABLE
    await async_advance(hass, freezer)
    assert len(account.requests) == len(ASKED_FIRST)


async def test_reload(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that an entry works and polls once a minute after a reload, as before."""
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert loaded_entry.state is ConfigEntryState.LOADED
    assert Counter(all_called_methods(account)) == Counter(2 * ASKED_FIRST)
    account.requests.clear()
    account.state = "blocked"

    await async_advance(hass, freezer)

    assert hass.states.get(STATE).state == "blocked"
    assert all_called_methods(account).count("getStateInstance") == 1


@pytest.mark.parametrize(("fault", "kind"), FAULTS_AND_KINDS)
async def test_failure(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    kind: ErrorKind,
) -> None:
    """Test that an account is set up, shows why, and is polled, on any response."""
    account.fault = fault

    await async_set_up(hass, config_entry)

    assert config_entry.state is ConfigEntryState.LOADED
    assert all_called_methods(account)[0] == "getStateInstance"
    assert hass.states.get(STATE).state == STATE_UNAVAILABLE
    assert hass.states.get(PROBLEM).state == STATE_UNAVAILABLE
    assert hass.states.get(BUTTON).state != STATE_UNAVAILABLE
    assert hass.states.get(ERROR).state == kind
    text = TEXTS["exceptions"][kind]["message"].format(
        name=config_entry.title, minutes=2
    )
    assert text.partition(". ")[0] in caplog.text

    account.fault = None
    await async_advance(hass, freezer, RATE_LIMIT_DELAY)

    assert hass.states.get(STATE).state == "authorized"
    assert hass.states.get(ERROR).state == "none"
    assert_hidden(TOKEN, caplog, ir.async_get(hass).issues)


@pytest.mark.parametrize("fault", SLOW)
async def test_timeout(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    account: Account,
    fault: Fault,
) -> None:
    """Test that a response that never completes is a failure to connect."""
    account.fault = fault

    with request_timeout(0.3):
        await async_set_up(hass, config_entry)

    assert config_entry.state is ConfigEntryState.LOADED
    assert hass.states.get(ERROR).state == ErrorKind.CANNOT_CONNECT

    account.fault = None
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=2))
    await hass.async_block_till_done(wait_background_tasks=True)

    assert hass.states.get(STATE).state == "authorized"


async def test_closed_port(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that a server that is down at startup is polled every minute."""
    await simulator.stop()
    await async_set_up(hass, config_entry)
    assert hass.states.get(ERROR).state == ErrorKind.CANNOT_CONNECT

    await async_polls(hass, freezer, 10)
    assert hass.states.get(STATE).state == STATE_UNAVAILABLE

    await simulator.start(simulator.port)
    await async_advance(hass, freezer)
    assert hass.states.get(STATE).state == "authorized"
    assert_hidden(TOKEN, caplog)


async def test_rate_limited(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that the server receives no request before the time that it names."""
    account.fault = Fault.RATE_LIMITED_RETRY_AFTER
    account.retry_after = 300
    await async_set_up(hass, config_entry)
    account.fault = None
    requests = all_called_methods(account).count("getStateInstance")

    await async_advance(hass, freezer, 299)
    assert hass.states.get(STATE).state == STATE_UNAVAILABLE
    assert all_called_methods(account).count("getStateInstance") == requests == 1

    await async_advance(hass, freezer, 2)
    assert hass.states.get(STATE).state == "authorized"


async def test_problem_while_starting(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that an expired or renewed plan is detected a minute after a restart."""
    account.fault = Fault.EXPIRED_TEXT
    await async_set_up(hass, config_entry)
    assert hass.states.get(ERROR).state == ErrorKind.EXPIRED

    await async_advance(hass, freezer)
    assert hass.states.get(PROBLEM).state == STATE_ON
    assert issue_keys(hass) == ["expired"]

    account.fault = None
    await async_advance(hass, freezer)
    assert hass.states.get(PROBLEM).state == STATE_OFF
    assert issue_keys(hass) == []


async def test_rejected_token(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that a token that is rejected twice, a minute apart, must be replaced."""
    account.token = NEW_TOKEN
    await async_set_up(hass, config_entry)
    assert hass.config_entries.flow.async_progress() == []
    assert hass.states.get(ERROR).state == ErrorKind.INVALID_AUTH

    await async_advance(hass, freezer)

    assert config_entry.state is ConfigEntryState.LOADED
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_confirm"
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert flow["context"]["entry_id"] == config_entry.entry_id
    assert_hidden(TOKEN, caplog, flow)


async def test_token_accepted_later(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a rejected token is still tried, as it may have been right."""
    account.fault = Fault.UNAUTHORIZED
    await async_set_up(hass, config_entry)
    await async_advance(hass, freezer)
    flows = hass.config_entries.flow.async_progress()
    assert len(flows) == 1
    for _ in range(3):
        await async_advance(hass, freezer)
        assert hass.config_entries.flow.async_progress() == flows
    assert all_called_methods(account).count("getStateInstance") == 5

    account.fault = None
    await async_advance(hass, freezer)
    assert hass.states.get(STATE).state == "authorized"
    assert hass.config_entries.flow.async_progress() == []


async def test_token_rejected_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a token that is rejected only once is kept."""
    account.fault = Fault.UNAUTHORIZED
    await async_set_up(hass, config_entry)
    account.fault = None
    await async_advance(hass, freezer)

    assert hass.states.get(STATE).state == "authorized"
    assert hass.config_entries.flow.async_progress() == []


async def test_remove(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a removed entry leaves nothing behind and makes no requests."""
    account.state = "blocked"
    await async_polls(hass, freezer, 2)
    assert issue_keys(hass) == ["blocked"]
    assert loaded_entry.entry_id in hass_storage[DOMAIN]["data"]["accounts"]
    account.requests.clear()

    await hass.config_entries.async_remove(loaded_entry.entry_id)
    await async_advance(hass, freezer)

    assert hass.config_entries.async_entries(DOMAIN) == []
    assert issue_keys(hass) == []
    assert not dr.async_get(hass).devices
    assert not er.async_get(hass).entities
    assert hass.states.async_entity_ids() == []
    assert hass_storage[DOMAIN]["data"]["accounts"] == {}
    assert account.requests == []


async def test_remove_disabled_entry(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that an entry without any data can be removed."""
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_set_disabled_by(
        config_entry.entry_id, ConfigEntryDisabler.USER
    )

    await hass.config_entries.async_remove(config_entry.entry_id)

    assert hass.config_entries.async_entries(DOMAIN) == []
    assert account.requests == []
    assert "Error" not in caplog.text


async def test_one_of_two_accounts(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    simulator: Simulator,
    account: Account,
) -> None:
    """Test that an account is unaffected by the failure and removal of another one."""
    other_account = simulator.add_account(OTHER_INSTANCE_ID, TOKEN)
    other_account.fault = Fault.SERVER_ERROR
    other_entry = entry_of(simulator.url, OTHER_INSTANCE_ID)
    await async_set_up(hass, other_entry)
    assert hass.states.get(STATE.replace("01_", "02_")).state == STATE_UNAVAILABLE

    await hass.config_entries.async_remove(other_entry.entry_id)
    account.state = "sleepMode"
    await async_advance(hass, freezer)

    assert hass.states.get(STATE).state == "sleep_mode"


async def test_device(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    """Test that an account is a service, with all that is known about it."""
    device = device_of(hass, loaded_entry)

    assert device.name == f"GREEN-API {INSTANCE_ID}"
    assert device.identifiers == {(DOMAIN, INSTANCE_ID)}
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    assert device.manufacturer == "GREEN-API"
    assert device.model == "WhatsApp"
    assert device.serial_number == INSTANCE_ID
    assert device.configuration_url == CONSOLE_URL
    entities = er.async_entries_for_config_entry(entity_registry, loaded_entry.entry_id)
    assert {entity.device_id for entity in entities} == {device.id}


@pytest.mark.parametrize(
    ("messenger", "show_type", "model"),
    [
        (Messenger.MAX, True, "MAX"),
        (Messenger.TELEGRAM, True, "Telegram"),
        (Messenger.WHATSAPP, True, "WhatsApp"),
        (Messenger.WHATSAPP, False, "WhatsApp"),
    ],
)
async def test_model(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    account: Account,
    messenger: Messenger,
    show_type: bool,  # noqa: FBT001
    model: str,
) -> None:
    """Test that the model is the messenger, and WhatsApp if it is unknown."""
    account.messenger = messenger
    account.show_type = show_type

    await async_set_up(hass, config_entry)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert device_of(hass, config_entry).model == model


@pytest.mark.parametrize("fault", [*FAULT_OF_KIND.values(), Fault.STARTING])
async def test_no_settings(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    """Test that an account without readable settings lacks only its model."""
    account.faults["getSettings"] = fault

    await async_set_up(hass, config_entry)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert config_entry.state is ConfigEntryState.LOADED
    assert Counter(all_called_methods(account)) == Counter(ASKED_FIRST)
    assert device_of(hass, config_entry).model is None
    assert hass.states.get(STATE).state == "authorized"
    assert hass.config_entries.flow.async_progress() == []
    assert issue_keys(hass) == []
    assert_hidden(TOKEN, caplog)


async def test_slow_settings(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that neither setup, polls nor unload wait for the settings."""
    account.faults["getSettings"] = Fault.HANG

    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await async_wait_until(lambda: "getSettings" in all_called_methods(account))
    assert config_entry.state is ConfigEntryState.LOADED

    account.state = "blocked"
    freezer.tick(61)
    async_fire_time_changed(hass)
    await async_wait_until(lambda: hass.states.get(STATE).state == "blocked")

    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_model_across_restart(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    account: Account,
    device_registry: dr.DeviceRegistry,
) -> None:
    """Test that a known model is kept while the settings cannot be read."""
    config_entry.add_to_hass(hass)
    device_registry.async_get_or_create(
        config_entry_id=config_entry.entry_id,
        identifiers={(DOMAIN, INSTANCE_ID)},
        model="Telegram",
    )
    account.faults["getSettings"] = Fault.SERVER_ERROR

    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert device_of(hass, config_entry).model == "Telegram"


async def test_no_entities(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that an account is polled even if all of its entities are disabled."""
    await async_set_up_without_entities(hass, config_entry)
    account.requests.clear()

    await async_polls(hass, freezer, 2)

    assert all_called_methods(account) == 2 * ["getStateInstance"]
