"""Let a person write, and acknowledge an alarm from a chat."""

import asyncio
from typing import Any, Final

from playwright.async_api import expect
import pytest

from tests.live.configuration import DOMAIN
from tests.live.home_assistant import DEVELOPER
from tests.live.scenario import Token, wait_until
from tests.simulator import Account

from .appearance import Appearance
from .frontend import Frontend
from .installation import Installation
from .page_recorder import PageRecorder
from .scenario import Scenario

ALEX: Final = "notify.caretaker"
ALEX_CHAT: Final = "447700900123@c.us"
PERSON: Final = "Caretaker (+447700900123)"
NAME: Final = "Caretaker"
RECIPIENT: Final = "config_subentries.recipient"


def sent(account: Account) -> list[str]:
    """Return the texts and the questions that were sent."""
    bodies: list[Any] = [
        it.body for it in account.requests if it.method in {"sendMessage", "sendPoll"}
    ]
    return [str(it["message"]) for it in bodies]


async def log_in(scenario: Scenario) -> None:
    """Set up an account, and log in."""
    flow = await scenario.installation.client.start_flow(DOMAIN)
    await flow.submit(
        api_url=scenario.installation.simulator.url,
        instance_id=scenario.account.instance_id,
        api_token=scenario.account.token,
    )
    await scenario.frontend.open_login_page()
    await scenario.frontend.log_in(DEVELOPER)


async def select_person(scenario: Scenario) -> None:
    """Add a recipient for a person, and let them write."""
    frontend, texts = scenario.frontend, scenario.frontend.texts
    await frontend.open_integration()
    await frontend.open_entry_menu(scenario.name)
    await (
        frontend.entry_row(scenario.name)
        .locator("ha-dropdown-item", has_text=texts(f"{RECIPIENT}.initiate_flow.user"))
        .click()
    )
    picker = frontend.dialog.locator("ha-selector-select ha-generic-picker")
    await picker.click()
    await picker.locator("ha-list-item-option", has_text=PERSON).click()
    await frontend.submit_form()
    step = f"{RECIPIENT}.step.may_write"
    await frontend.expect_text(
        frontend.dialog,
        texts(f"{step}.title"),
        texts(f"{step}.data.may_write"),
        texts(f"{step}.data_description.may_write", account=scenario.name),
    )
    await frontend.dialog.locator("ha-selector-boolean ha-switch").click()
    await scenario.recorder.record("may-write")
    await frontend.submit_form()


async def choose_way(scenario: Scenario) -> None:
    """Choose how messages are received, after turning them on in the console."""
    frontend, texts = scenario.frontend, scenario.frontend.texts
    scenario.account.receives_messages = False
    option = texts("selector.receive_messages.options.only_home_assistant")
    await frontend.dialog.get_by_text(option, exact=True).first.click()
    await scenario.recorder.record("way", tall=True)
    await frontend.submit_form()
    await frontend.expect_text(frontend.dialog, "incomingWebhook")
    await scenario.recorder.record("console", tall=True)
    scenario.account.receives_messages = scenario.account.receives_votes = True
    await frontend.submit_form()
    await frontend.finish_dialog()
    await frontend.expect_text(frontend.entry_row(scenario.name), NAME)


async def automate(scenario: Scenario) -> None:
    """Create an automation that replies to answers."""
    await scenario.installation.client.save_automation(
        "answer",
        {
            "alias": "Answer",
            "triggers": [
                {
                    "trigger": f"{DOMAIN}.message_received",
                    "target": {"entity_id": ALEX},
                }
            ],
            "actions": [
                {
                    "action": f"{DOMAIN}.send_message",
                    "target": {"entity_id": "{{ trigger.entity_id }}"},
                    "data": {
                        "message": "Heard: {{ trigger.choice or trigger.text }}",
                        "quoted_message_id": "{{ trigger.message_id }}",
                    },
                }
            ],
        },
    )
    await scenario.installation.client.wait_for_state("automation.answer", "on")


async def write(scenario: Scenario) -> None:
    """Write a message, and get a reply."""
    scenario.account.write("Hello", sender_id=ALEX_CHAT)
    await wait_until(lambda: "Heard: Hello" in sent(scenario.account))


async def acknowledge(scenario: Scenario) -> None:
    """Vote in the poll of an alarm."""
    answer = await scenario.installation.client.command(
        "call_service",
        domain=DOMAIN,
        service="send_message",
        target={"entity_id": ALEX},
        service_data={"message": "Smoke", "choices": ["On my way", "False alarm"]},
        return_response=True,
    )
    question = answer["response"][ALEX]["message_id"]
    await asyncio.sleep(1)
    scenario.account.vote(question, "On my way", sender_id=ALEX_CHAT)
    await wait_until(lambda: "Heard: On my way" in sent(scenario.account))


async def show_person_page(scenario: Scenario) -> None:
    """Show on the page of the person when they wrote, but not what."""
    frontend = scenario.frontend
    (device_id,) = [
        device["id"]
        for device in await scenario.installation.client.devices(DOMAIN)
        if device["name"] == NAME
    ]
    await frontend.navigate(f"/config/devices/device/{device_id}")
    name = frontend.texts("entity.event.received_message.name")
    cards = frontend.page.locator("ha-device-entities-card")
    await expect(cards.filter(has_text=name)).to_be_visible()
    await expect(frontend.page.locator("ha-logbook ha-spinner")).to_have_count(0)
    await scenario.recorder.record("person-page", tall=True)
    assert "On my way" not in await frontend.page.locator("body").inner_text()


async def change_way(scenario: Scenario) -> None:
    """Open the options of the account, and change how messages are received."""
    frontend, texts = scenario.frontend, scenario.frontend.texts
    await frontend.open_integration()
    configure = await frontend.core_text(
        "ui.panel.config.integrations.config_entry.configure"
    )
    await frontend.entry_row(scenario.name).get_by_label(configure).first.click()
    await frontend.expect_text(frontend.dialog, texts("options.step.init.title"))
    option = texts("selector.receive_messages.options.beside_others")
    await frontend.dialog.get_by_text(option, exact=True).first.click()
    await frontend.submit_form()
    await frontend.finish_dialog()
    scenario.account.write("Another way", sender_id=ALEX_CHAT)
    await wait_until(lambda: "Heard: Another way" in sent(scenario.account))


STEPS: Final = (
    log_in,
    select_person,
    choose_way,
    automate,
    write,
    acknowledge,
    show_person_page,
    change_way,
)


@pytest.mark.parametrize("appearance", [Appearance("en", "light", "desktop")], ids=str)
async def test_receiving(
    installation: Installation, frontend: Frontend, recorder: PageRecorder
) -> None:
    """Run all steps, without a complaint about any page."""
    account = installation.simulator.add_account("1101000001", Token.FIRST)
    scenario = Scenario(installation, frontend, recorder, account)
    await scenario.run_steps(STEPS)
