"""Test the fix flows over Home Assistant's HTTP API, as the frontend uses it."""

import asyncio
from typing import Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.api import GreenApiClient, UnknownHostError
from custom_components.green_api.const import CONF_API_URL, CONSOLE_URL, DOMAIN
from custom_components.green_api.problem import Problem
from custom_components.green_api.repairs import FIX_FLOWS
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import MAJOR_VERSION, MINOR_VERSION
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from tests.simulator import Account, Fault, Simulator
from tests.support.dialog import (
    FAILURES,
    LEAKY,
    Dialog,
    End,
    at_every_end,
    reason_of_abort,
    step_of,
)
from tests.support.entities import STATE, state_of
from tests.support.helpers import (
    asked,
    async_pass,
    async_polls,
    complaints,
    issue_ids,
)
from tests.support.secrecy import assert_hidden
from tests.support.waiting import async_until

NAME: Final = "GREEN-API 1101000001"
CAN_GO_ON: Final = Problem.WRONG_ADDRESS in FIX_FLOWS
PLACEHOLDERS: Final = {"name": NAME, "console_url": CONSOLE_URL, "waiting": ""}


@pytest.fixture
async def stuck(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> str:
    """Return the id of the issue of an instance that is stuck while starting."""
    account.state = "starting"
    await async_polls(hass, freezer, 8)
    account.requests.clear()
    issue_id = f"{loaded_entry.entry_id}_stuck_starting"
    assert issue_ids(hass) == {issue_id}
    return issue_id


# Reboot


async def test_reboot(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    stuck: str,
    account: Account,
) -> None:
    """The instance is rebooted after a question, and works again."""
    shown = await dialog.open(stuck)
    assert step_of(shown) == ("form", "confirm")
    assert shown["data_schema"] == []
    assert shown["description_placeholders"] == PLACEHOLDERS
    assert "reboot" not in asked(account)

    shown = await dialog.submit()
    assert shown["type"] == "create_entry"
    assert await dialog.is_over()
    assert asked(account)[:2] == ["reboot", "getStateInstance"]
    assert not issue_ids(hass)
    assert state_of(hass, STATE) == "starting"

    for _ in range(3):
        await async_pass(hass, freezer, 10)
    assert state_of(hass, STATE) == "authorized"


@pytest.mark.parametrize(("fault", "error"), FAILURES)
async def test_reboot_fails(
    hass: HomeAssistant,
    dialog: Dialog,
    stuck: str,
    account: Account,
    fault: Fault,
    error: str,
) -> None:
    """The dialog says why the instance cannot be rebooted, and can try again."""
    account.faults["reboot"] = fault
    await dialog.open(stuck)
    shown = await dialog.submit()
    assert shown["type"] == "form"
    assert shown["errors"] == {"base": error}
    assert issue_ids(hass) == {stuck}

    account.faults.clear()
    shown = await dialog.submit()
    assert shown["type"] == "create_entry"
    assert not issue_ids(hass)


async def test_reboot_of_a_host_unknown(
    dialog: Dialog, stuck: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dialog distinguishes a name that does not exist from a server that is down."""

    async def fail(client: GreenApiClient) -> bool:
        raise UnknownHostError

    monkeypatch.setattr(GreenApiClient, "reboot", fail)
    await dialog.open(stuck)
    assert (await dialog.submit())["errors"] == {"base": "unknown_host"}


async def test_reboot_refused(
    hass: HomeAssistant, dialog: Dialog, stuck: str, account: Account
) -> None:
    """A server that refuses to reboot the instance has not rebooted it."""
    account.reboot_accepted = False
    await dialog.open(stuck)
    assert (await dialog.submit())["errors"] == {"base": "reboot_refused"}
    assert issue_ids(hass) == {stuck}


@at_every_end
async def test_entry_ends_before_a_reboot(
    hass: HomeAssistant,
    dialog: Dialog,
    stuck: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    end: End,
) -> None:
    """A dialog whose config entry is gone says so, and reboots nothing."""
    await dialog.open(stuck)
    await end(hass, loaded_entry)
    shown = await dialog.submit()
    assert reason_of_abort(shown) == "removed"
    assert shown["description_placeholders"] == PLACEHOLDERS
    assert "reboot" not in asked(account)


@at_every_end
async def test_entry_ends_during_a_reboot(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    stuck: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    end: End,
) -> None:
    """A dialog whose config entry goes in the middle of a reboot ends in words."""
    account.faults["reboot"] = Fault.HANG
    await dialog.open(stuck)
    submitting = asyncio.create_task(dialog.submit())
    await async_until(lambda: "reboot" in asked(account))

    await end(hass, loaded_entry)

    shown = await submitting
    assert shown["type"] == "form"
    assert shown["errors"] == {"base": "cannot_connect"}
    assert (await dialog.submit())["reason"] == "removed"
    assert complaints(caplog) == []


async def test_reboot_while_reloading(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    stuck: str,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """A dialog waits for a config entry that is being reloaded."""
    await dialog.open(stuck)
    account.faults["getStateInstance"] = Fault.HANG
    reloading = asyncio.create_task(
        hass.config_entries.async_reload(loaded_entry.entry_id)
    )
    await async_until(lambda: loaded_entry.state is ConfigEntryState.SETUP_IN_PROGRESS)
    assert (await dialog.submit())["type"] == "create_entry"
    await reloading
    assert "reboot" in asked(account)


async def test_reboot_of_what_is_not_loaded(
    hass: HomeAssistant, dialog: Dialog, stuck: str, loaded_entry: MockConfigEntry
) -> None:
    """A dialog whose config entry is not loaded, and will not be, says so."""
    await dialog.open(stuck)
    await hass.config_entries.async_unload(loaded_entry.entry_id)
    assert (await dialog.submit())["reason"] == "removed"


async def test_reboot_too_often(dialog: Dialog, stuck: str, account: Account) -> None:
    """The dialog says for how long the server asks to wait."""
    account.retry_after = 600
    account.faults["reboot"] = Fault.RATE_LIMITED_RETRY_AFTER
    await dialog.open(stuck)
    shown = await dialog.submit()
    assert shown["errors"] == {"base": "rate_limited"}
    assert shown["description_placeholders"]["minutes"] == "10"


@pytest.mark.parametrize("fault", LEAKY)
async def test_reboot_hides_the_token(
    hass: HomeAssistant,
    dialog: Dialog,
    stuck: str,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    """However a reboot fails, the token is not revealed."""
    caplog.set_level("DEBUG")
    account.fault = fault
    await dialog.open(stuck)
    assert (await dialog.submit())["errors"]
    assert_hidden(account.token, caplog, dialog.all_shown, hass.states.async_all())


# Wrong address


@pytest.fixture
async def wrong_address(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> str:
    """Return the id of the issue of an account with a wrong address."""
    account.fault = Fault.FORBIDDEN_HTML
    await async_polls(hass, freezer, 13)
    issue_id = f"{loaded_entry.entry_id}_wrong_address"
    assert issue_ids(hass) == {issue_id}
    return issue_id


@pytest.mark.skipif(not CAN_GO_ON, reason="this Home Assistant cannot go on")
async def test_wrong_address(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    wrong_address: str,
    loaded_entry: MockConfigEntry,
    simulator: Simulator,
    account: Account,
) -> None:
    """The dialog leads into the one that changes the address, which cures it."""
    shown = await dialog.open(wrong_address)
    assert step_of(shown) == ("form", "confirm")
    assert shown["description_placeholders"] == PLACEHOLDERS

    shown = await dialog.submit()
    assert reason_of_abort(shown) == "reconfigure"
    assert issue_ids(hass) == {wrong_address}
    shown = await dialog.go_on()
    assert step_of(shown) == ("form", "address")

    account.fault = None
    shown = await dialog.submit(api_url=f"{simulator.url}/v3")
    assert shown["reason"] == "reconfigure_successful"
    await async_pass(hass, freezer)
    assert not issue_ids(hass)
    assert loaded_entry.data[CONF_API_URL] == f"{simulator.url}/v3"


@pytest.mark.skipif(not CAN_GO_ON, reason="this Home Assistant cannot go on")
@at_every_end
async def test_entry_with_a_wrong_address_ends(
    hass: HomeAssistant,
    dialog: Dialog,
    wrong_address: str,
    loaded_entry: MockConfigEntry,
    end: End,
) -> None:
    """Nothing is to be changed of a config entry that is gone."""
    await dialog.open(wrong_address)
    await end(hass, loaded_entry)
    assert (await dialog.submit())["reason"] == "removed"
    assert not hass.config_entries.flow.async_progress()


@pytest.mark.skipif(CAN_GO_ON, reason="this Home Assistant can go on")
async def test_wrong_address_is_shown(hass: HomeAssistant, wrong_address: str) -> None:
    """Where dialogs cannot go on in others, the issue says what to do."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, wrong_address)
    assert not issue.is_fixable
    assert issue.translation_key == "wrong_address"


def test_what_can_be_fixed() -> None:
    """A wrong address can be fixed where Home Assistant lets a dialog go on."""
    assert ((MAJOR_VERSION, MINOR_VERSION) >= (2026, 11)) is CAN_GO_ON
