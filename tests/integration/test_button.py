"""Test the button that reboots the instance."""

import asyncio
import logging
from typing import Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.green_api.api import ErrorKind, GreenApiClient, RequestPacer
from custom_components.green_api.const import DOMAIN
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import (
    STATE_UNAVAILABLE,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from tests.simulator import Account, Fault, Simulator
from tests.support.const import TOKEN
from tests.support.dialog import End, at_every_end
from tests.support.entities import BUTTON, STATE, state_of
from tests.support.failures import FAULT_OF_KIND
from tests.support.helpers import (
    asked,
    async_pass,
    async_press,
    complaints,
    waits,
)
from tests.support.lateness import answer_late
from tests.support.secrecy import assert_hidden
from tests.support.waiting import async_until

FAULTS: Final = {**FAULT_OF_KIND, ErrorKind.STARTING: Fault.STARTING}


def asks_for_token(hass: HomeAssistant, entry: MockConfigEntry) -> bool:
    """Return whether a dialog asks for a new token."""
    return any(entry.async_get_active_flows(hass, {SOURCE_REAUTH}))


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize(
    "raw",
    [
        "authorized",
        "blocked",
        "notAuthorized",
        "pendingCode",
        "pendingPassword",
        "sleepMode",
        "starting",
        "suspended",
        "yellowCard",
        "hibernating",
        None,
    ],
)
async def test_press(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    raw: str | None,
) -> None:
    """The button reboots the instance, whatever its state, and shows it at once."""
    account.state = raw
    await async_pass(hass, freezer)
    account.requests.clear()

    await async_press(hass)

    assert asked(account) == ["reboot", "getStateInstance"]
    assert state_of(hass, STATE) == "starting"
    assert hass.states.get(BUTTON).state == dt_util.utcnow().isoformat()


@pytest.mark.usefixtures("loaded_entry")
async def test_press_in_an_outage(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """The button works while the state cannot be had, and does not complain of it."""
    account.faults["getStateInstance"] = Fault.BAD_GATEWAY
    await async_pass(hass, freezer)
    account.requests.clear()

    await async_press(hass)

    assert asked(account) == ["reboot", "getStateInstance"]
    assert state_of(hass, STATE) == STATE_UNAVAILABLE
    assert hass.states.get(BUTTON).state == dt_util.utcnow().isoformat()

    account.faults.clear()
    await async_pass(hass, freezer, 10)
    assert state_of(hass, STATE) == "starting"


@pytest.mark.usefixtures("loaded_entry")
async def test_refused(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """A reboot that the server refuses is an error and changes nothing."""
    await async_pass(hass, freezer)
    account.reboot_accepted = False
    account.requests.clear()

    with pytest.raises(HomeAssistantError) as caught:
        await async_press(hass)

    assert caught.value.translation_domain == DOMAIN
    assert caught.value.translation_key == "reboot_refused"
    assert caught.value.translation_placeholders == {"name": "GREEN-API 1101000001"}
    assert asked(account) == ["reboot"]
    await async_pass(hass, freezer, 50)
    assert asked(account) == ["reboot"]
    assert state_of(hass, STATE) == "authorized"


@pytest.mark.parametrize(("kind", "fault"), FAULTS.items())
async def test_failures(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    kind: ErrorKind,
    fault: Fault,
) -> None:
    """A reboot that fails is an error that says why; the state stays."""
    caplog.set_level(logging.DEBUG)
    account.faults["reboot"] = fault

    with pytest.raises(HomeAssistantError) as caught:
        await async_press(hass)

    assert caught.value.translation_domain == DOMAIN
    assert caught.value.translation_key == kind
    assert caught.value.translation_placeholders["name"] == "GREEN-API 1101000001"
    assert state_of(hass, STATE) == "authorized"
    assert not asks_for_token(hass, loaded_entry)
    assert_hidden(TOKEN, caplog, caught.value, *hass.states.async_all())

    account.faults.clear()
    await async_press(hass)
    assert state_of(hass, STATE) == "starting"


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize(
    ("retry_after", "minutes"), [(5, "1"), (90, "2"), (3600, "60"), ("soon", "2")]
)
async def test_wait_that_the_server_asks_for(
    hass: HomeAssistant, account: Account, retry_after: int | str, minutes: str
) -> None:
    """A press that the server refuses for a time says for how long."""
    account.retry_after = retry_after
    account.faults["reboot"] = Fault.RATE_LIMITED_RETRY_AFTER

    with pytest.raises(HomeAssistantError) as caught:
        await async_press(hass)

    assert caught.value.translation_key == ErrorKind.RATE_LIMITED
    assert caught.value.translation_placeholders == {
        "name": "GREEN-API 1101000001",
        "minutes": minutes,
    }


@pytest.mark.usefixtures("loaded_entry")
async def test_no_server(
    hass: HomeAssistant,
    account: Account,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A reboot without a server is an error."""
    caplog.set_level(logging.DEBUG)
    await simulator.stop()

    with pytest.raises(HomeAssistantError) as caught:
        await async_press(hass)

    assert caught.value.translation_key == ErrorKind.CANNOT_CONNECT
    assert_hidden(TOKEN, caplog, caught.value)


@pytest.mark.usefixtures("loaded_entry")
async def test_no_answer(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A reboot without an answer is an error in the end."""
    caplog.set_level(logging.DEBUG)
    account.faults["reboot"] = Fault.HANG
    press = asyncio.create_task(async_press(hass))
    await async_until(lambda: "reboot" in asked(account))
    freezer.tick(16)
    async_fire_time_changed(hass)

    with pytest.raises(HomeAssistantError) as caught:
        await press

    assert caught.value.translation_key == ErrorKind.CANNOT_CONNECT
    assert_hidden(TOKEN, caplog, caught.value)


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> tuple[asyncio.Event, asyncio.Event]:
    """Let reboots be answered late; return the events of the call and of the answer."""
    return answer_late(monkeypatch, GreenApiClient, "reboot")


async def test_reload_meanwhile(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    late: tuple[asyncio.Event, asyncio.Event],
) -> None:
    """After a reboot the account is looked at every ten seconds, reloaded or not."""
    called, answer = late
    press = asyncio.create_task(async_press(hass))
    await called.wait()
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    answer.set()
    await press
    assert state_of(hass, STATE) == "starting"

    for _ in range(3):
        account.requests.clear()
        await async_pass(hass, freezer, 10)
        assert "getStateInstance" in asked(account)
    assert state_of(hass, STATE) == "authorized"


async def test_reload_afterwards(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """A reload after a reboot does not make the looks at the account rarer."""
    account.boot_seconds = 100
    await async_press(hass)
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    for _ in range(5):
        account.requests.clear()
        await async_pass(hass, freezer, 10)
        assert "getStateInstance" in asked(account)


@at_every_end
async def test_end_meanwhile(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    late: tuple[asyncio.Event, asyncio.Event],
    end: End,
) -> None:
    """A press whose account goes in the middle ends quietly, and leaves nothing."""
    called, answer = late
    press = asyncio.create_task(async_press(hass))
    await called.wait()
    await end(hass, loaded_entry)
    account.requests.clear()
    answer.set()
    await press

    await async_pass(hass, freezer)
    assert asked(account) == []
    assert complaints(caplog) == []


@pytest.mark.parametrize(
    ("faults", "asks"),
    [
        # The server takes the token for everything but a reboot.
        ({"reboot": Fault.UNAUTHORIZED}, False),
        ({"reboot": Fault.UNAUTHORIZED, "getStateInstance": Fault.BAD_GATEWAY}, False),
        ({"reboot": Fault.UNAUTHORIZED, "getStateInstance": Fault.UNAUTHORIZED}, True),
    ],
)
async def test_rejected(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    account: Account,
    faults: dict[str, Fault],
    *,
    asks: bool,
) -> None:
    """A rejected token is looked into at once: the second in a row asks for a new."""
    account.faults |= faults
    account.requests.clear()

    with pytest.raises(HomeAssistantError) as caught:
        await async_press(hass)

    assert caught.value.translation_key == ErrorKind.INVALID_AUTH
    assert asked(account) == ["reboot", "getStateInstance"]
    assert asks_for_token(hass, loaded_entry) is asks


async def test_rejected_in_an_outage(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """A rejected poll, an outage and a rejected reboot are two rejections in a row."""
    account.faults["getStateInstance"] = Fault.UNAUTHORIZED
    await async_pass(hass, freezer)
    account.faults["getStateInstance"] = Fault.BAD_GATEWAY
    await async_pass(hass, freezer)
    assert not asks_for_token(hass, loaded_entry)

    account.faults["reboot"] = Fault.UNAUTHORIZED
    with pytest.raises(HomeAssistantError):
        await async_press(hass)

    assert asks_for_token(hass, loaded_entry)


@pytest.mark.paced
async def test_pace(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """A press right after a poll asks for the state when the server lets it."""
    await async_pass(hass, freezer)
    account.requests.clear()

    press = asyncio.create_task(async_press(hass))
    await async_until(lambda: waits(hass, RequestPacer.DEFAULT_SPACING))
    assert asked(account) == ["reboot"]
    await async_pass(hass, freezer, RequestPacer.DEFAULT_SPACING)
    await press

    assert asked(account) == ["reboot", "getStateInstance"]
    assert state_of(hass, STATE) == "starting"
    assert loaded_entry.runtime_data.coordinator.data.error is None
