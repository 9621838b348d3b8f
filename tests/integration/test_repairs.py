"""Test the repair flows over Home Assistant's HTTP API, as the frontend uses it."""

import asyncio
from typing import Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.api import GreenApiClient, UnknownHostError
from custom_components.green_api.const import CONF_API_URL, CONSOLE_URL, DOMAIN
from custom_components.green_api.decisions.problem import Problem
from custom_components.green_api.repairs import FIX_FLOWS
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import MAJOR_VERSION, MINOR_VERSION
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from tests.simulator import Account, Fault, Simulator
from tests.support.dialog import (
    FAULTS_AND_ERRORS,
    LEAKY,
    Dialog,
    End,
    at_every_end,
    reason_of_abort,
    step_of,
)
from tests.support.entities import STATE, state_of
from tests.support.helpers import (
    async_advance,
    async_polls,
    called_methods,
    issue_ids,
    logged_errors,
)
from tests.support.secrecy import assert_hidden
from tests.support.wait_until import async_wait_until

pytestmark = pytest.mark.long(4)

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
    """Return the issue ID of an instance that is stuck while starting."""
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
    """Test that the instance is rebooted after a confirmation, and works again."""
    shown = await dialog.open(stuck)
    assert step_of(shown) == ("form", "confirm")
    assert shown["data_schema"] == []
    assert shown["description_placeholders"] == PLACEHOLDERS
    assert "reboot" not in called_methods(account)

    shown = await dialog.submit()
    assert shown["reason"] == "rebooting"
    assert await dialog.is_finished()
    assert called_methods(account)[:2] == ["reboot", "getStateInstance"]
    assert not issue_ids(hass)
    assert state_of(hass, STATE) == "starting"

    for _ in range(3):
        await async_advance(hass, freezer, 10)
    assert state_of(hass, STATE) == "authorized"


@pytest.mark.parametrize("seconds", [30, 60, 1200])
async def test_reboot_too_late(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    stuck: str,
    account: Account,
    seconds: int,
) -> None:
    """Test that an instance that has started, detected or not, is not rebooted."""
    await dialog.open(stuck)
    account.state = "authorized"
    for _ in range(seconds // 60):
        await async_advance(hass, freezer)
    freezer.tick(seconds % 60)

    shown = await dialog.submit()

    assert reason_of_abort(shown) == "problem_ended"
    assert shown["description_placeholders"] == PLACEHOLDERS
    assert "reboot" not in called_methods(account)
    assert not issue_ids(hass)


async def test_reboot_without_state(
    freezer: FrozenDateTimeFactory, dialog: Dialog, stuck: str, account: Account
) -> None:
    """Test that a server that does not return the state does not prevent a reboot."""
    await dialog.open(stuck)
    freezer.tick(30)
    account.faults["getStateInstance"] = Fault.BAD_GATEWAY
    assert (await dialog.submit())["reason"] == "rebooting"
    assert "reboot" in called_methods(account)


@pytest.mark.parametrize(("fault", "error"), FAULTS_AND_ERRORS)
async def test_reboot_fails(
    hass: HomeAssistant,
    dialog: Dialog,
    stuck: str,
    account: Account,
    fault: Fault,
    error: str,
) -> None:
    """Test that the dialog shows why the instance was not rebooted, and can retry."""
    account.faults["reboot"] = fault
    await dialog.open(stuck)
    shown = await dialog.submit()
    assert shown["type"] == "form"
    assert shown["errors"] == {"base": error}
    assert issue_ids(hass) == {stuck}

    account.faults.clear()
    shown = await dialog.submit()
    assert shown["reason"] == "rebooting"
    assert not issue_ids(hass)


async def test_reboot_unknown_host(
    dialog: Dialog, stuck: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that an unknown host name is distinguished from a server that is down."""

    async def fail(client: GreenApiClient) -> bool:
        raise UnknownHostError

    monkeypatch.setattr(GreenApiClient, "reboot", fail)
    await dialog.open(stuck)
    assert (await dialog.submit())["errors"] == {"base": "unknown_host"}


async def test_reboot_refused(
    hass: HomeAssistant, dialog: Dialog, stuck: str, account: Account
) -> None:
    """Test that a reboot that the server refuses is an error."""
    account.reboot_accepted = False
    await dialog.open(stuck)
    assert (await dialog.submit())["errors"] == {"base": "reboot_refused"}
    assert issue_ids(hass) == {stuck}


@at_every_end
async def test_entry_removed_before_reboot(
    hass: HomeAssistant,
    dialog: Dialog,
    stuck: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    end: End,
) -> None:
    """Test that a dialog without its config entry aborts and reboots nothing."""
    await dialog.open(stuck)
    await end(hass, loaded_entry)
    shown = await dialog.submit()
    assert reason_of_abort(shown) == "removed"
    assert shown["description_placeholders"] == PLACEHOLDERS
    assert "reboot" not in called_methods(account)


@at_every_end
async def test_entry_removed_during_reboot(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    stuck: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    end: End,
) -> None:
    """Test that a dialog aborts if its config entry is removed during a reboot."""
    account.faults["reboot"] = Fault.HANG
    await dialog.open(stuck)
    submitting = asyncio.create_task(dialog.submit())
    await async_wait_until(lambda: "reboot" in called_methods(account))

    await end(hass, loaded_entry)

    shown = await submitting
    assert shown["type"] == "form"
    assert shown["errors"] == {"base": "cannot_connect"}
    assert (await dialog.submit())["reason"] == "removed"
    assert logged_errors(caplog) == []


async def test_reboot_while_reloading(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    stuck: str,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a dialog waits for a config entry that is being reloaded."""
    await dialog.open(stuck)
    account.faults["getStateInstance"] = Fault.HANG
    reloading = asyncio.create_task(
        hass.config_entries.async_reload(loaded_entry.entry_id)
    )
    assert (await dialog.submit())["reason"] == "rebooting"
    await reloading
    assert loaded_entry.state is ConfigEntryState.LOADED
    assert "reboot" in called_methods(account)


async def test_reboot_of_unloaded_entry(
    hass: HomeAssistant, dialog: Dialog, stuck: str, loaded_entry: MockConfigEntry
) -> None:
    """Test that a dialog aborts if its entry is not loaded, and will not be."""
    await dialog.open(stuck)
    await hass.config_entries.async_unload(loaded_entry.entry_id)
    assert (await dialog.submit())["reason"] == "removed"


async def test_reboot_too_often(dialog: Dialog, stuck: str, account: Account) -> None:
    """Test that the dialog shows how long the server asks to wait."""
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
    """Test that no failing reboot reveals the token."""
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
    """Return the issue ID of an account with a wrong address."""
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
    """Test that the dialog continues with the form for the address, which fixes it."""
    shown = await dialog.open(wrong_address)
    assert step_of(shown) == ("form", "confirm")
    assert shown["description_placeholders"] == PLACEHOLDERS

    shown = await dialog.submit()
    assert reason_of_abort(shown) == "reconfigure"
    assert issue_ids(hass) == {wrong_address}
    shown = await dialog.continue_with_next_flow()
    assert step_of(shown) == ("form", "address")

    account.fault = None
    shown = await dialog.submit(api_url=f"{simulator.url}/v3")
    assert shown["reason"] == "reconfigure_successful"
    await async_advance(hass, freezer)
    assert not issue_ids(hass)
    assert loaded_entry.data[CONF_API_URL] == f"{simulator.url}/v3"


@pytest.mark.skipif(not CAN_GO_ON, reason="this Home Assistant cannot go on")
@at_every_end
async def test_entry_with_wrong_address_removed(
    hass: HomeAssistant,
    dialog: Dialog,
    wrong_address: str,
    loaded_entry: MockConfigEntry,
    end: End,
) -> None:
    """Test that the dialog changes nothing for a config entry that is removed."""
    await dialog.open(wrong_address)
    await end(hass, loaded_entry)
    assert (await dialog.submit())["reason"] == "removed"
    assert not hass.config_entries.flow.async_progress()


@pytest.mark.skipif(CAN_GO_ON, reason="this Home Assistant can go on")
async def test_wrong_address_not_fixable(
    hass: HomeAssistant, wrong_address: str
) -> None:
    """Test that the issue says what to do where a dialog cannot lead to another one."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, wrong_address)
    assert not issue.is_fixable
    assert issue.translation_key == "wrong_address"


def test_fixable_issues() -> None:
    """Test that a wrong address is fixable where a dialog can lead to another one."""
    assert ((MAJOR_VERSION, MINOR_VERSION) >= (2026, 11)) is CAN_GO_ON
