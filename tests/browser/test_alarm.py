"""Alarms in the browser: delivered, to no account, and sent another way."""

from typing import Final

from playwright.async_api import Locator, expect
import pytest

from tests.live.configuration import DOMAIN
from tests.live.home_assistant import DEVELOPER
from tests.live.scenario import Token, add_recipient

from .actions import ActionsPage
from .appearance import Appearance
from .frontend import Frontend
from .installation import Installation
from .page_recorder import PageRecorder
from .scenario import Scenario

ALEX, SAM, FAMILY = "Alex", "Sam", "Family"
CHATS: Final = {
    ALEX: "79001234501@c.us",
    SAM: "79001234502@c.us",
    FAMILY: "79001234503@c.us",
}
FATES: Final = {
    CHATS[ALEX]: "delivered",
    CHATS[SAM]: "noAccount",
    CHATS[FAMILY]: "sent",
}
STATES: Final = {ALEX: "delivered", SAM: "no_account", FAMILY: "sent"}

TITLE: Final = "Alarm"
TEXT: Final = "1 · 2 · 3"
CONFIRM_WITHIN: Final = 12

# Seconds in which an entity that is enabled is there.
RELOADED_WITHIN: Final = 90

# The response is shown as Home Assistant writes it.
RESPONSE: Final = ("message_id", "status", "delivered")

SHOW_NOTIFICATIONS: Final = """() => document.querySelector("home-assistant")
  .shadowRoot.querySelector("home-assistant-main")
  .dispatchEvent(new CustomEvent("hass-show-notifications"))"""


async def log_in(scenario: Scenario) -> None:
    """Set up an account with three recipients, and log in."""
    client = scenario.installation.client
    scenario.account.fates |= FATES
    flow = await client.start_flow(DOMAIN)
    step = await flow.submit(
        api_url=scenario.installation.simulator.url,
        instance_id=scenario.account.instance_id,
        api_token=scenario.account.token,
    )
    entry_id = step["result"]["entry_id"]
    for name, chat_id in CHATS.items():
        await add_recipient(client, entry_id, chat_id, name)
    sensors = [
        it["entity_id"]
        for it in await client.entities(DOMAIN)
        if it["unique_id"].endswith("_last_message")
    ]
    for sensor in sensors:
        await client.enable_entity(sensor)
    # Home Assistant reloads the account half a minute later.
    for sensor in sensors:
        await client.wait_for_state(sensor, "unknown", within=RELOADED_WITHIN)
    await scenario.frontend.open_login_page()
    await scenario.frontend.log_in(DEVELOPER)


async def send_while_statuses_are_off(scenario: Scenario) -> None:
    """Show that no delivery can be confirmed, and the repair that says what to do."""
    frontend, texts = scenario.frontend, scenario.frontend.texts
    actions = ActionsPage(frontend, "send_message")
    await actions.open()
    await actions.select_action()
    await actions.add_target(ALEX)
    message = await actions.enable_field("message")
    await message.locator("textarea").fill(TEXT)
    within = await actions.enable_field("confirm_within")
    await within.locator("ha-base-time-input input").last.fill(f"{CONFIRM_WITHIN}")
    await scenario.recorder.record("action", tall=True)
    await actions.perform()
    await frontend.expect_text(
        actions.error,
        texts("exceptions.statuses_off.message", name=scenario.name, recipient=ALEX),
    )
    await actions.error.scroll_into_view_if_needed()
    await scenario.recorder.record("statuses-off", quoted=RESPONSE)

    await frontend.open_repairs()
    title = texts("issues.statuses_off.title", name=scenario.name)
    await frontend.open_repair(title)
    await frontend.expect_dialog_text(
        "issues.statuses_off.description", name=scenario.name, console_url=""
    )
    await scenario.recorder.record("repair")
    await frontend.close_dialog()


async def turn_statuses_on(scenario: Scenario) -> None:
    """Turn the statuses on: the repair disappears with a reload."""
    scenario.account.reports_statuses = True
    (entry,) = await scenario.installation.client.entries(DOMAIN)
    await scenario.installation.client.reload_entry(entry["entry_id"])
    title = scenario.frontend.texts("issues.statuses_off.title", name=scenario.name)
    await expect(scenario.frontend.repair_row(title)).to_have_count(0)


async def send_alarm_that_arrives(scenario: Scenario) -> None:
    """Show the status of an alarm that is delivered."""
    actions = ActionsPage(scenario.frontend, "send_message")
    await actions.open()
    await actions.perform()
    await scenario.frontend.expect_text(actions.response, "message_id", "delivered")
    await actions.response.scroll_into_view_if_needed()
    await scenario.recorder.record("delivered", quoted=RESPONSE)


async def create_scripts(scenario: Scenario) -> None:
    """Create scripts that send another way, and show the page of one."""
    client, frontend = scenario.installation.client, scenario.frontend
    for name in (SAM, FAMILY):
        key = f"alarm_{name.lower()}"
        await client.save_script(
            key,
            {
                "alias": name,
                "use_blueprint": {
                    "path": "green_api/send_another_way.yaml",
                    "input": {
                        "recipient": f"notify.{name.lower()}",
                        "confirm_within": {"seconds": CONFIRM_WITHIN},
                    },
                },
            },
        )
        await client.wait_for_state(f"script.{key}", "off")
    await frontend.navigate("/config/script/edit/alarm_family")
    await expect(frontend.page.locator("ha-base-time-input input").last).to_have_value(
        f"{CONFIRM_WITHIN}"
    )


async def send_alarms_another_way(scenario: Scenario) -> None:
    """Show two alarms in Home Assistant that were not delivered, with the reason."""
    frontend, texts = scenario.frontend, scenario.frontend.texts
    reasons = {SAM: "delivery_no_account", FAMILY: "not_confirmed"}
    await frontend.navigate("/config/dashboard")
    await frontend.page.evaluate(SHOW_NOTIFICATIONS)
    for name, key in reasons.items():
        await scenario.installation.client.perform_action(
            f"script.alarm_{name.lower()}", message=TEXT, title=TITLE
        )
        reason = texts(f"exceptions.{key}.message", name=scenario.name, recipient=name)
        shown = notifications(frontend).filter(has_text=name)
        await frontend.expect_text(shown, TITLE, f"{TEXT} ({reason})")
    await expect(notifications(frontend)).to_have_count(2)
    await scenario.recorder.record("another-way", quoted=(TITLE, TEXT))
    assert {
        name: sum(it.body["chatId"] == chat for it in scenario.account.messages)
        for name, chat in CHATS.items()
    } == {ALEX: 2, SAM: 1, FAMILY: 1}


async def show_recipients(scenario: Scenario) -> None:
    """Show what has happened to the last message to each recipient."""
    frontend = scenario.frontend
    devices = {
        it["name"]: it["id"]
        for it in await scenario.installation.client.devices(DOMAIN)
    }
    # This closes the notifications.
    await frontend.page.reload()
    await expect(frontend.page.locator("ha-config-dashboard")).to_be_visible()
    for name, state in STATES.items():
        await frontend.navigate(f"/config/devices/device/{devices[name]}")
        await frontend.expect_text(
            frontend.page.locator("ha-config-device-page"),
            frontend.texts(f"entity.sensor.last_message.state.{state}"),
        )
        await scenario.recorder.record(f"recipient-{name.lower()}", tall=True)


def notifications(frontend: Frontend) -> Locator:
    """Return the notifications that are shown."""
    return frontend.page.locator("notification-drawer notification-item")


STEPS: Final = (
    log_in,
    send_while_statuses_are_off,
    turn_statuses_on,
    send_alarm_that_arrives,
    create_scripts,
    send_alarms_another_way,
    show_recipients,
)


@pytest.mark.parametrize("appearance", [Appearance("de", "dark", "phone")], ids=str)
async def test_alarms(
    installation: Installation, frontend: Frontend, recorder: PageRecorder
) -> None:
    """Run all steps, without a complaint about any page."""
    account = installation.simulator.add_account("1101000001", Token.FIRST)
    scenario = Scenario(installation, frontend, recorder, account)
    await scenario.run_steps(STEPS)
