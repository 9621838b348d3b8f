"""Test the button that reboots the instance."""

import asyncio
import logging
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.green_api.api import (
    ErrorKind,
    GreenApiClient,
    InvalidCredentialsError,
    RequestPacer,
)
from custom_components.green_api.const import DOMAIN
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import (
    CONF_API_TOKEN,
    STATE_UNAVAILABLE,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from tests.simulator import Account, Fault, Simulator
from tests.support.const import TOKEN
from tests.support.delayed_results import delay_result
from tests.support.dialog import End, at_every_end
from tests.support.entities import BUTTON, STATE, state_of
from tests.support.fault_kinds import FAULT_OF_KIND
from tests.support.helpers import (
    async_advance,
    async_press,
    called_methods,
    has_timer_in,
    logged_errors,
)
from tests.support.secrecy import assert_hidden
from tests.support.wait_until import async_wait_until

pytestmark = pytest.mark.long(2)

FAULTS: Final = {**FAULT_OF_KIND, ErrorKind.STARTING: Fault.STARTING}


def asks_for_token(hass: HomeAssistant, entry: MockConfigEntry) -> bool:
    """Return whether there is a flow that asks for a new token."""
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
    """Test that the button reboots the instance in any state, and shows it at once."""
    account.state = raw
    await async_advance(hass, freezer)
    account.requests.clear()

    await async_press(hass)

    assert called_methods(account) == ["reboot", "getStateInstance"]
    assert state_of(hass, STATE) == "starting"
    assert hass.states.get(BUTTON).state == dt_util.utcnow().isoformat()


@pytest.mark.usefixtures("loaded_entry")
async def test_press_during_outage(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that the button works, without an error, while there is no state."""
    account.faults["getStateInstance"] = Fault.BAD_GATEWAY
    await async_advance(hass, freezer)
    account.requests.clear()

    await async_press(hass)

    assert called_methods(account) == ["reboot", "getStateInstance"]
    assert state_of(hass, STATE) == STATE_UNAVAILABLE
    assert hass.states.get(BUTTON).state == dt_util.utcnow().isoformat()

    account.faults.clear()
    await async_advance(hass, freezer, 10)
    assert state_of(hass, STATE) == "starting"


@pytest.mark.usefixtures("loaded_entry")
async def test_refused(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that a reboot that the server refuses is an error and changes nothing."""
    await async_advance(hass, freezer)
    account.reboot_accepted = False
    account.requests.clear()

    with pytest.raises(HomeAssistantError) as caught:
        await async_press(hass)

    assert caught.value.translation_domain == DOMAIN
    assert caught.value.translation_key == "reboot_refused"
    assert caught.value.translation_placeholders == {"name": "GREEN-API 1101000001"}
    assert called_methods(account) == ["reboot"]
    await async_advance(hass, freezer, 50)
    assert called_methods(account) == ["reboot"]
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
    """Test that a failed reboot is an error with its reason, and keeps the state."""
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
async def test_retry_after(
    hass: HomeAssistant, account: Account, retry_after: int | str, minutes: str
) -> None:
    """Test that the error says how long the server asks to wait."""
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
    """Test that a reboot without a server is an error."""
    caplog.set_level(logging.DEBUG)
    await simulator.stop()

    with pytest.raises(HomeAssistantError) as caught:
        await async_press(hass)

    assert caught.value.translation_key == ErrorKind.CANNOT_CONNECT
    assert_hidden(TOKEN, caplog, caught.value)


@pytest.mark.usefixtures("loaded_entry")
async def test_timeout(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that a reboot without a response is an error in the end."""
    caplog.set_level(logging.DEBUG)
    account.faults["reboot"] = Fault.HANG
    press = asyncio.create_task(async_press(hass))
    await async_wait_until(lambda: "reboot" in called_methods(account))
    freezer.tick(16)
    async_fire_time_changed(hass)

    with pytest.raises(HomeAssistantError) as caught:
        await press

    assert caught.value.translation_key == ErrorKind.CANNOT_CONNECT
    assert_hidden(TOKEN, caplog, caught.value)


@pytest.fixture
def delayed_reboot(
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[asyncio.Event, asyncio.Event]:
    """Delay reboots; return the events of the call and of the response."""
    return delay_result(monkeypatch, GreenApiClient, "reboot")


async def test_reload_during_reboot(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    delayed_reboot: tuple[asyncio.Event, asyncio.Event],
) -> None:
    """Test that polls are 10 seconds apart after a reboot, with a reload or without."""
    called, answer = delayed_reboot
    press = asyncio.create_task(async_press(hass))
    await called.wait()
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    answer.set()
    await press
    assert state_of(hass, STATE) == "starting"

    for _ in range(3):
        account.requests.clear()
        await async_advance(hass, freezer, 10)
        assert "getStateInstance" in called_methods(account)
    assert state_of(hass, STATE) == "authorized"


async def test_reboot_while_unloading(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    delayed_reboot: tuple[asyncio.Event, asyncio.Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that a reboot is known that was accepted while the account is unloaded."""
    called, answer = delayed_reboot
    press = asyncio.create_task(async_press(hass))
    await called.wait()
    unload_platforms = hass.config_entries.async_unload_platforms

    async def unload_after_reboot(*args: Any) -> bool:
        answer.set()
        await asyncio.wait([press])
        return await unload_platforms(*args)

    monkeypatch.setattr(
        hass.config_entries, "async_unload_platforms", unload_after_reboot
    )
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    record = loaded_entry.runtime_data.coordinator.data
    assert record.health.rebooted_at is not None


async def test_reload_after_reboot(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a reload after a reboot keeps the polling interval short."""
    account.boot_seconds = 100
    await async_press(hass)
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    for _ in range(5):
        account.requests.clear()
        await async_advance(hass, freezer, 10)
        assert "getStateInstance" in called_methods(account)


@at_every_end
async def test_removed_during_reboot(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    delayed_reboot: tuple[asyncio.Event, asyncio.Event],
    end: End,
) -> None:
    """Test that a press ends silently with the account, and leaves nothing behind."""
    called, answer = delayed_reboot
    press = asyncio.create_task(async_press(hass))
    await called.wait()
    await end(hass, loaded_entry)
    account.requests.clear()
    answer.set()
    await press

    await async_advance(hass, freezer)
    assert called_methods(account) == []
    assert logged_errors(caplog) == []


@pytest.mark.parametrize(
    ("faults", "asks"),
    [
        # The server accepts the token for everything but a reboot.
        ({"reboot": Fault.UNAUTHORIZED}, False),
        ({"reboot": Fault.UNAUTHORIZED, "getStateInstance": Fault.BAD_GATEWAY}, False),
        ({"reboot": Fault.UNAUTHORIZED, "getStateInstance": Fault.UNAUTHORIZED}, True),
    ],
)
async def test_rejected_token(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    account: Account,
    faults: dict[str, Fault],
    *,
    asks: bool,
) -> None:
    """Test that a rejected token causes a poll, and the second in a row a reauth."""
    account.faults |= faults
    account.requests.clear()

    with pytest.raises(HomeAssistantError) as caught:
        await async_press(hass)

    assert caught.value.translation_key == ErrorKind.INVALID_AUTH
    await hass.async_block_till_done(wait_background_tasks=True)
    assert called_methods(account) == ["reboot", "getStateInstance"]
    assert asks_for_token(hass, loaded_entry) is asks


async def test_rejected_token_during_outage(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that rejections of a poll and a reboot count as two, despite an outage."""
    account.faults["getStateInstance"] = Fault.UNAUTHORIZED
    await async_advance(hass, freezer)
    account.faults["getStateInstance"] = Fault.BAD_GATEWAY
    await async_advance(hass, freezer)
    assert not asks_for_token(hass, loaded_entry)

    account.faults["reboot"] = Fault.UNAUTHORIZED
    with pytest.raises(HomeAssistantError):
        await async_press(hass)

    assert asks_for_token(hass, loaded_entry)


async def test_old_token_rejected_late(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that the new token is not asked for again when the old one is rejected."""
    called, answer = asyncio.Event(), asyncio.Event()

    async def reject_late(client: GreenApiClient) -> bool:
        called.set()
        await answer.wait()
        raise InvalidCredentialsError

    monkeypatch.setattr(GreenApiClient, "reboot", reject_late)
    account.token = "changed"
    for _ in range(2):
        await async_advance(hass, freezer)
    assert asks_for_token(hass, loaded_entry)
    press = asyncio.create_task(async_press(hass))
    await called.wait()
    data = {**loaded_entry.data, CONF_API_TOKEN: account.token}
    hass.config_entries.async_update_entry(loaded_entry, data=data)
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    await async_wait_until(lambda: not asks_for_token(hass, loaded_entry))

    answer.set()
    with pytest.raises(HomeAssistantError):
        await press

    await async_advance(hass, freezer)
    assert not asks_for_token(hass, loaded_entry)


@pytest.mark.paced
async def test_rate_limits(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a press right after a poll requests the state when that is allowed."""
    await async_advance(hass, freezer)
    account.requests.clear()

    press = asyncio.create_task(async_press(hass))
    await async_wait_until(lambda: has_timer_in(hass, RequestPacer.DEFAULT_SPACING))
    assert called_methods(account) == ["reboot"]
    await async_advance(hass, freezer, RequestPacer.DEFAULT_SPACING)
    await press

    assert called_methods(account) == ["reboot", "getStateInstance"]
    assert state_of(hass, STATE) == "starting"
    assert loaded_entry.runtime_data.coordinator.data.error is None
