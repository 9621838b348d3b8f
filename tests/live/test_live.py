"""Two accounts in a real Home Assistant, from setup to removal."""

from typing import Final
from urllib.parse import quote

import pytest

from tests.simulator import Fault, Simulator

from .configuration import DOMAIN
from .home_assistant import HomeAssistantProcess
from .scenario import (
    CONFIRMATION_TIMEOUT,
    Scenario,
    Step,
    Token,
    assert_log_clean,
    assert_tokens_secret,
    files_containing,
)

pytestmark = pytest.mark.long(100)

# The files in which Home Assistant itself keeps removed items for a while.
REMEMBERED_BY_HOME_ASSISTANT: Final = frozenset(
    {"core.device_registry", "core.entity_registry", "core.restore_state"}
)


async def set_up_logged_out(scenario: Scenario) -> None:
    """Add an account that is logged out, with an automation that alerts."""
    values = scenario.values(scenario.other, Token.OTHER)
    flow = await scenario.client.start_flow(DOMAIN)
    assert (await flow.submit(**values))["type"] == "create_entry"
    assert (await flow.continue_with_next_flow())["step_id"] == "ways"
    assert (await flow.select_option("later"))["reason"] == "later"
    await scenario.expect(scenario.other, "state", "not_authorized")
    step = await (await scenario.client.start_flow(DOMAIN)).submit(**values)
    assert step["reason"] == "already_configured"

    await scenario.client.save_automation(
        "alert",
        {
            "alias": "Alert",
            "use_blueprint": {
                "path": "green_api/alert.yaml",
                "input": {
                    "accounts": {
                        "entity_id": await scenario.entity_id(scenario.other, "problem")
                    },
                    "minutes": 0,
                    "actions": [
                        {
                            "action": "persistent_notification.create",
                            "data": {
                                "title": "{{ title }}",
                                "message": "{{ message }}",
                            },
                        }
                    ],
                },
            },
        },
    )


async def set_up(scenario: Scenario) -> None:
    """Enter a wrong token, then add the account with the right one."""
    flow = await scenario.client.start_flow(DOMAIN)
    assert flow.step["step_id"] == "user"

    step = await flow.submit(**scenario.values(scenario.account, Token.WRONG))
    assert step["type"] == "form"
    assert step["errors"] == {"base": "invalid_auth"}

    step = await flow.submit(**scenario.values(scenario.account, Token.FIRST))
    assert step["type"] == "create_entry"
    assert step["title"] == f"GREEN-API {scenario.account.instance_id}"


async def check_account(scenario: Scenario) -> None:
    """Check the device, its entities, and the actions that the frontend loads."""
    await scenario.expect(scenario.account, "state", "authorized")
    await scenario.expect(scenario.account, "connectivity", "on")
    devices = {it["serial_number"]: it for it in await scenario.client.devices(DOMAIN)}
    assert devices.keys() == {scenario.account.instance_id, scenario.other.instance_id}
    device = devices[scenario.account.instance_id]
    assert device["identifiers"] == [[DOMAIN, scenario.account.instance_id]]
    assert device["manufacturer"] == "GREEN-API"
    assert "button" in await scenario.client.get_services()
    # Home Assistant's own issues about this installation are ignored.
    assert all(it["ignored"] for it in await scenario.client.issues("homeassistant"))


async def change_state(scenario: Scenario) -> None:
    """Follow a change of the account's state."""
    scenario.account.state = "notAuthorized"
    await scenario.update(scenario.account)
    await scenario.expect(scenario.account, "state", "not_authorized")
    await scenario.expect(scenario.account, "connectivity", "off")

    scenario.account.state = "authorized"
    await scenario.update(scenario.account)
    await scenario.expect(scenario.account, "connectivity", "on")


async def press_reboot_button(scenario: Scenario) -> None:
    """Reboot the instance, and follow its states until it is authorized."""
    scenario.account.boot_seconds = 3
    scenario.account.requests.clear()
    await scenario.client.perform_action(
        "button.press", await scenario.entity_id(scenario.account, "reboot")
    )
    assert "reboot" in {request.method for request in scenario.account.requests}
    await scenario.expect(scenario.account, "state", "starting")
    await scenario.expect(scenario.account, "state", "authorized")


async def survive_outage(scenario: Scenario) -> None:
    """Become unavailable while the server fails, and recover afterwards."""
    scenario.account.fault = Fault.SERVER_ERROR
    await scenario.update(scenario.account)
    await scenario.expect(scenario.account, "state", "unavailable")

    scenario.account.fault = None
    await scenario.update(scenario.account)
    await scenario.expect(scenario.account, "state", "authorized")


async def reauthenticate(scenario: Scenario) -> None:
    """Enter the new token after the old one was rejected twice."""
    scenario.account.token = Token.LATER
    await scenario.update(scenario.account)
    await scenario.expect(scenario.account, "state", "unavailable")
    assert not await scenario.client.pending_flows(DOMAIN)
    await scenario.update(scenario.account)
    flow = await scenario.client.wait_for_pending_flow(DOMAIN, "reauth")
    assert flow.step["step_id"] == "reauth_confirm"

    step = await flow.submit(api_token=Token.WRONG)
    assert step["errors"] == {"base": "invalid_auth"}

    step = await flow.submit(api_token=Token.LATER)
    assert step["reason"] == "reauth_successful"
    await scenario.expect(scenario.account, "state", "authorized")


async def reconfigure(scenario: Scenario) -> None:
    """Change the API URL and keep the token."""
    flow = await scenario.client.start_reconfigure(
        await scenario.entry(scenario.account)
    )
    assert (await flow.select_option("address"))["step_id"] == "address"
    step = await flow.submit(api_url=f"{scenario.simulator.url}/v3/")
    assert step["reason"] == "reconfigure_successful"
    await scenario.expect(scenario.account, "state", "authorized")


async def download_diagnostics(scenario: Scenario) -> None:
    """Check that diagnostics have the state, but not the instance ID."""
    entry = await scenario.entry(scenario.account)
    text = str(await scenario.client.diagnostics(entry["entry_id"]))
    assert "authorized" in text
    assert scenario.account.instance_id not in text


async def link_again(scenario: Scenario) -> None:
    """Detect that an account is logged out, and link it again with a QR code."""
    await scenario.update(scenario.other)
    (issue,) = await scenario.client.wait_for_issues(
        DOMAIN, "logged_out", within=CONFIRMATION_TIMEOUT
    )
    await scenario.client.wait_for_notification(
        f"GREEN-API {scenario.other.instance_id} is logged out"
    )

    flow = await scenario.client.start_repair(issue)
    assert flow.step["type"] == "menu"
    await flow.select_option("qr_code")
    await flow.wait_for_step(lambda step: "qr_code" in step["description_placeholders"])
    assert scenario.other.scan()
    await flow.wait_for_step(lambda step: step.get("reason") == "linked")

    await scenario.expect(scenario.other, "state", "authorized")
    await scenario.client.wait_for_issues(DOMAIN)
    await scenario.client.wait_for_notification(
        f"GREEN-API {scenario.other.instance_id} works again"
    )


async def restart(scenario: Scenario) -> None:
    """Restart: all accounts work again, and the tokens are in a single file."""
    assert await scenario.home_assistant.stop() == 0
    assert_tokens_secret(
        scenario.home_assistant, allowed_files=frozenset({"core.config_entries"})
    )

    await scenario.home_assistant.start()
    await scenario.expect(scenario.account, "state", "authorized")
    await scenario.expect(scenario.other, "state", "authorized")
    assert not await scenario.client.pending_flows(DOMAIN)


async def remove_accounts(scenario: Scenario) -> None:
    """Remove the accounts, and check that nothing is left of them."""
    entries = [
        await scenario.entry(scenario.account),
        await scenario.entry(scenario.other),
    ]
    for entry in entries:
        await scenario.client.remove_entry(entry["entry_id"])
    assert await scenario.client.entries(DOMAIN) == []
    assert await scenario.client.entities(DOMAIN) == []
    assert await scenario.client.devices(DOMAIN) == []
    assert await scenario.client.issues(DOMAIN) == []
    assert await scenario.client.pending_flows(DOMAIN) == []

    assert await scenario.home_assistant.stop() == 0
    assert_tokens_secret(scenario.home_assistant)
    remembered = [entry["entry_id"] for entry in entries]
    left_over = files_containing(scenario.home_assistant.storage, *remembered)
    assert left_over <= REMEMBERED_BY_HOME_ASSISTANT


STEPS: Final[tuple[Step, ...]] = (
    set_up_logged_out,
    set_up,
    check_account,
    change_state,
    press_reboot_button,
    survive_outage,
    reauthenticate,
    reconfigure,
    download_diagnostics,
    link_again,
    restart,
    remove_accounts,
)


async def test_lifecycle_of_two_accounts(
    home_assistant: HomeAssistantProcess, simulator: Simulator
) -> None:
    """Run all steps in one Home Assistant."""
    assert all(quote(token, safe="") != token for token in Token)
    scenario = Scenario(
        home_assistant,
        simulator,
        account=simulator.add_account("1101000001", Token.FIRST),
        other=simulator.add_account("7103000002", Token.OTHER, state="notAuthorized"),
    )
    await scenario.run(STEPS)
    assert_log_clean(home_assistant.log())
