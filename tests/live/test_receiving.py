"""Receive messages in a real Home Assistant, over restarts and a kill."""

import asyncio
from typing import Any, Final

from tests.simulator import Simulator

from .client import FlowKind
from .configuration import DOMAIN
from .home_assistant import HomeAssistantProcess
from .scenario import Scenario, Step, Token, files_containing, wait_until
from .test_sending import set_up

ALEX: Final = "notify.alex"
ALEX_CHAT: Final = "447700900123@c.us"
ALEX_EVENT: Final = "event.alex_received_message"
STRANGER: Final = "447700900199@c.us"
SECRET: Final = "The key is under the mat"

# What an action gets is recorded by Home Assistant, so that the secret is not repeated.
REPLY: Final = (
    "Heard: {{ 'a secret' if 'key' in trigger.text"
    " else trigger.choice or trigger.text }}"
)
CHOICES: Final = ["On my way", "False alarm"]


def replies(scenario: Scenario) -> list[str]:
    """Return the texts that were sent."""
    bodies: list[Any] = [
        it.body for it in scenario.account.requests if it.method == "sendMessage"
    ]
    return [str(body["message"]) for body in bodies]


async def expect_reply(scenario: Scenario, text: str) -> None:
    """Wait until the automation has replied to a message, and check it was once."""
    await wait_until(lambda: f"Heard: {text}" in replies(scenario))
    await asyncio.sleep(2)
    assert replies(scenario).count(f"Heard: {text}") == 1


async def let_write(scenario: Scenario) -> None:
    """Let a person write, which leads to the choice how messages are received."""
    scenario.account.receives_messages = False
    entry = await scenario.entry(scenario.account)
    flow = await scenario.client.start_flow(
        [entry["entry_id"], "recipient"], FlowKind.SUBENTRY
    )
    step = await flow.submit(chat_id=ALEX_CHAT, name="Alex")
    assert step["step_id"] == "may_write"
    step = await flow.submit(may_write=True)
    assert step["step_id"] == "receive"
    step = await flow.submit(receive_messages="only_home_assistant")
    assert step["errors"] == {"receive_messages": "incoming_off"}
    scenario.account.receives_messages = scenario.account.receives_votes = True
    step = await flow.submit(receive_messages="only_home_assistant")
    assert step["type"] == "create_entry"
    await scenario.client.wait_for_state(ALEX_EVENT, "unknown")


async def automate(scenario: Scenario) -> None:
    """Create an automation that replies to each message."""
    await scenario.client.save_automation(
        "reply",
        {
            "alias": "Reply",
            "mode": "queued",
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
                        "message": REPLY,
                        "quoted_message_id": "{{ trigger.message_id }}",
                    },
                }
            ],
        },
    )
    await scenario.client.wait_for_state("automation.reply", "on")


async def write(scenario: Scenario) -> None:
    """Write as someone who may, and as someone who may not."""
    scenario.account.write("Strange words", sender_id=STRANGER)
    scenario.account.write("Hello house", sender_id=ALEX_CHAT)
    await expect_reply(scenario, "Hello house")
    assert not [it for it in replies(scenario) if "Strange" in it]
    state = await scenario.client.state(ALEX_EVENT)
    assert state["attributes"]["event_type"] == "text"


async def choose(scenario: Scenario) -> None:
    """Vote in a poll that Home Assistant has sent."""
    answer = await scenario.client.command(
        "call_service",
        domain=DOMAIN,
        service="send_message",
        target={"entity_id": ALEX},
        service_data={"message": "Smoke", "choices": CHOICES},
        return_response=True,
    )
    question = answer["response"][ALEX]["message_id"]
    scenario.account.vote(question, "On my way", sender_id=ALEX_CHAT)
    await expect_reply(scenario, "On my way")


async def restart(scenario: Scenario) -> None:
    """Write while Home Assistant restarts, and see that nothing is lost or doubled."""
    assert await scenario.home_assistant.stop() == 0
    scenario.account.write("While you were away", sender_id=ALEX_CHAT)
    await scenario.home_assistant.start()
    await expect_reply(scenario, "While you were away")


async def kill(scenario: Scenario) -> None:
    """Kill Home Assistant after it has heard a message, which comes only once."""
    message_id = scenario.account.write("Before the kill", sender_id=ALEX_CHAT)
    await expect_reply(scenario, "Before the kill")
    await scenario.home_assistant.kill()
    scenario.account.requests.clear()
    scenario.account.write(
        "Before the kill", sender_id=ALEX_CHAT, message_id=message_id
    )
    scenario.account.write("After the kill", sender_id=ALEX_CHAT)
    await scenario.home_assistant.start()
    await expect_reply(scenario, "After the kill")
    assert "Heard: Before the kill" not in replies(scenario)


async def change_way(scenario: Scenario) -> None:
    """Receive beside other programs instead, in the options of the account."""
    entry = await scenario.entry(scenario.account)
    flow = await scenario.client.start_options(entry)
    step = await flow.submit(receive_messages="beside_others")
    assert step["type"] == "create_entry"
    scenario.account.write(SECRET, sender_id=ALEX_CHAT)
    await expect_reply(scenario, "a secret")


STEPS: Final[tuple[Step, ...]] = (
    set_up,
    let_write,
    automate,
    write,
    choose,
    restart,
    kill,
    change_way,
)


async def test_receiving(
    home_assistant: HomeAssistantProcess, simulator: Simulator
) -> None:
    """Run all steps in one Home Assistant."""
    account = simulator.add_account("1101000001", Token.FIRST)
    scenario = Scenario(home_assistant, simulator, account=account, other=account)
    await scenario.run(STEPS)
    await scenario.stop_and_check()
    # Home Assistant keeps texts in the traces of automations, as the pages say.
    holding = files_containing(home_assistant.folder, SECRET)
    assert holding <= {"trace.saved_traces"}
    log = home_assistant.log()
    assert SECRET not in log
    assert STRANGER not in log
