"""Alarms in a real Home Assistant: delivered, to no account, and never confirmed."""

import asyncio
from collections import Counter
import re
from typing import Final

from tests.simulator import Simulator

from .configuration import DOMAIN
from .home_assistant import HomeAssistantProcess
from .scenario import Scenario, Step, Token, add_recipient, wait_until

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

TEXT: Final = "There is smoke in the kitchen!"
TITLE: Final = "Smoke"

# Seconds until an alarm goes another way, and until the automation runs.
CONFIRM_WITHIN: Final = 12
TRIGGERS_AFTER: Final = 20

NOT_DELIVERED: Final = re.compile(r"\[not_delivered\] (.+)$", re.MULTILINE)


async def set_up(scenario: Scenario) -> None:
    """Add an account that reports statuses, with three recipients."""
    scenario.account.reports_statuses = True
    scenario.account.fates |= FATES
    flow = await scenario.client.start_flow(DOMAIN)
    await flow.submit(**scenario.values(scenario.account, Token.FIRST))
    await scenario.expect(scenario.account, "state", "authorized")
    entry = await scenario.entry(scenario.account)
    for name, chat_id in CHATS.items():
        await add_recipient(scenario.client, entry["entry_id"], chat_id, name)


async def create_scripts(scenario: Scenario) -> None:
    """Create a script for each recipient: two go another way to Alex."""
    for name in CHATS:
        notifiers = [] if name == ALEX else [entity_id(ALEX)]
        await scenario.client.save_script(
            f"alarm_{name.lower()}",
            {
                "alias": f"Alarm {name}",
                "use_blueprint": {
                    "path": "green_api/send_another_way.yaml",
                    "input": {
                        "recipient": entity_id(name),
                        "confirm_within": {"seconds": CONFIRM_WITHIN},
                        "notifiers": notifiers,
                    },
                },
            },
        )
        await scenario.client.wait_for_state(f"script.alarm_{name.lower()}", "off")


async def create_automation(scenario: Scenario) -> None:
    """Create an automation that logs each message that is not delivered."""
    await scenario.client.save_automation(
        "not_delivered",
        {
            "alias": "Not delivered",
            "triggers": [
                {
                    "trigger": f"{DOMAIN}.message_not_delivered",
                    "target": {"entity_id": [entity_id(name) for name in CHATS]},
                    "options": {"for": {"seconds": TRIGGERS_AFTER}},
                }
            ],
            "actions": [
                {
                    "action": "system_log.write",
                    "data": {
                        "logger": "not_delivered",
                        "level": "warning",
                        "message": "{{ trigger.recipient }}: {{ trigger.status }}",
                    },
                }
            ],
            "mode": "queued",
        },
    )
    await scenario.client.wait_for_state("automation.not_delivered", "on")


async def send_alarm_that_arrives(scenario: Scenario) -> None:
    """Send an alarm that is delivered: it does not go another way."""
    await send_alarm(scenario, ALEX)
    assert sent_to(scenario, ALEX) == [f"*{TITLE}*\n{TEXT}"]


async def send_alarm_to_no_account(scenario: Scenario) -> None:
    """Send one to a number without an account: it goes another way at once."""
    started = asyncio.get_running_loop().time()
    await send_alarm(scenario, SAM)
    assert asyncio.get_running_loop().time() - started < CONFIRM_WITHIN
    assert len(sent_to(scenario, SAM)) == 1
    another = sent_to(scenario, ALEX)[-1]
    assert another.startswith(f"*{TITLE}*\n{TEXT} (The message to Sam was sent")
    assert "doesn't have an account" in another


async def send_alarm_that_is_not_confirmed(scenario: Scenario) -> None:
    """Send one that is never confirmed: it goes another way when the time is over."""
    started = asyncio.get_running_loop().time()
    await send_alarm(scenario, FAMILY)
    assert asyncio.get_running_loop().time() - started >= CONFIRM_WITHIN
    assert len(sent_to(scenario, FAMILY)) == 1
    another = sent_to(scenario, ALEX)[-1]
    assert another.startswith(f"*{TITLE}*\n{TEXT} (The message to Family was sent")
    assert "wasn't confirmed in time" in another
    assert len(sent_to(scenario, ALEX)) == 3


async def reload_account(scenario: Scenario) -> None:
    """Reload the account: the automation runs once for each of the two messages."""
    entry = await scenario.entry(scenario.account)
    await scenario.client.reload_entry(entry["entry_id"])
    expected = Counter({"Sam: no_account": 1, "Family: sent": 1})

    def reported() -> Counter[str]:
        return Counter(NOT_DELIVERED.findall(scenario.home_assistant.log()))

    await wait_until(lambda: reported() >= expected)
    await asyncio.sleep(5)
    assert reported() == expected


STEPS: Final[tuple[Step, ...]] = (
    set_up,
    create_scripts,
    create_automation,
    send_alarm_that_arrives,
    send_alarm_to_no_account,
    send_alarm_that_is_not_confirmed,
    reload_account,
)


def entity_id(name: str) -> str:
    """Return the entity ID of a recipient."""
    return f"notify.{name.lower()}"


async def send_alarm(scenario: Scenario, name: str) -> None:
    """Run the script for a recipient, and wait until it has ended."""
    await scenario.client.perform_action(
        f"script.alarm_{name.lower()}", message=TEXT, title=TITLE
    )


def sent_to(scenario: Scenario, name: str) -> list[str]:
    """Return the texts that were sent to a recipient, in order."""
    return [
        f"{it.body['message']}"
        for it in sorted(scenario.account.messages, key=lambda it: it.at)
        if it.body["chatId"] == CHATS[name]
    ]


async def test_alarms(
    home_assistant: HomeAssistantProcess, simulator: Simulator
) -> None:
    """Run all steps in one Home Assistant."""
    account = simulator.add_account("1101000001", Token.FIRST)
    scenario = Scenario(home_assistant, simulator, account=account, other=account)
    await scenario.run(STEPS)
    notifications = await scenario.client.command("persistent_notification/get")
    assert notifications == []
    await scenario.stop_and_check()
    logged = [
        line
        for line in home_assistant.log().splitlines()
        if f"custom_components.{DOMAIN}" in line
    ]
    assert logged
    assert not [it for it in logged if TEXT in it or CHATS[ALEX] in it]
