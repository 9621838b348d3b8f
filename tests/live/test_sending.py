"""Send messages from a real Home Assistant, before and after a logout."""

import io
from typing import Any, Final

from PIL import Image
import pytest

from tests.simulator import Simulator

from .client import FlowKind, RequestRefusedError
from .configuration import DOMAIN
from .home_assistant import HomeAssistantProcess
from .scenario import (
    CONFIRMATION_TIMEOUT,
    Scenario,
    Step,
    Token,
    files_containing,
)

pytestmark = pytest.mark.long(90)

FAMILY: Final = "notify.family"
FAMILY_CHAT: Final = "120363043968066561@g.us"
TEXT: Final = "Water in the cellar"


async def set_up(scenario: Scenario) -> None:
    """Add an account that is authorized."""
    flow = await scenario.client.start_flow(DOMAIN)
    step = await flow.submit(**scenario.values(scenario.account, Token.FIRST))
    assert step["type"] == "create_entry"
    await scenario.expect(scenario.account, "state", "authorized")


async def add_recipient(scenario: Scenario) -> None:
    """Select a group from the list of the account's chats."""
    entry = await scenario.entry(scenario.account)
    flow = await scenario.client.start_flow(
        [entry["entry_id"], "recipient"], FlowKind.SUBENTRY
    )
    assert "Person: Caretaker (+447700900123)" in f"{flow.step}"
    step = await flow.submit(chat_id=FAMILY_CHAT)
    assert step["type"] == "create_entry"
    await scenario.client.wait_for_state(FAMILY, "unknown")


async def send_text(scenario: Scenario) -> None:
    """Send a text with Home Assistant's own notify action."""
    await scenario.client.perform_action(
        "notify.send_message", FAMILY, message=TEXT, title="Pump room"
    )
    assert scenario.account.requests[-1].method == "sendMessage"
    state = await scenario.client.state(FAMILY)
    assert state["state"] != "unknown"


async def confirm_delivery(scenario: Scenario) -> None:
    """Wait until a message is delivered."""
    answer = await scenario.client.command(
        "call_service",
        domain=DOMAIN,
        service="send_message",
        target={"entity_id": FAMILY},
        service_data={"message": TEXT, "confirm_within": "00:00:30"},
        return_response=True,
    )
    assert answer["response"][FAMILY]["status"] == "delivered"


async def show_that_message_is_not_delivered(scenario: Scenario) -> None:
    """Show why a message that was sent is not delivered, or not confirmed."""
    for fate, words in (
        ("notInGroup", "isn't a member of the group anymore"),
        ("sent", "wasn't confirmed in time"),
    ):
        scenario.account.fates[FAMILY_CHAT] = fate
        with pytest.raises(RequestRefusedError) as caught:
            await scenario.client.perform_action(
                f"{DOMAIN}.send_message", FAMILY, message=TEXT, confirm_within=5
            )
        assert words in caught.value.response
    scenario.account.fates.clear()


async def send_camera_image(scenario: Scenario) -> None:
    """Send the image of a camera, and check the ID of the message."""
    image_path = scenario.home_assistant.folder / "www" / "door.jpg"
    image_path.parent.mkdir()
    content = io.BytesIO()
    Image.new("RGB", (64, 48), "navy").save(content, "jpeg")
    image_path.write_bytes(content.getvalue())
    flow = await scenario.client.start_flow("local_file")
    step = await flow.submit(file_path=f"{image_path}")
    assert step["type"] == "create_entry"
    (camera,) = await scenario.client.entities("local_file")
    await scenario.client.wait_for_state(camera["entity_id"], "idle")

    answer = await scenario.client.command(
        "call_service",
        domain=DOMAIN,
        service="send_message",
        target={"entity_id": FAMILY},
        service_data={
            "message": TEXT,
            "attachment": {
                "media_content_id": f"media-source://camera/{camera['entity_id']}",
                "media_content_type": "image/jpeg",
            },
        },
        return_response=True,
    )

    request = scenario.account.requests[-1]
    assert request.method == "sendFileByUpload"
    body: Any = request.body
    assert body["file"]["size"] == len(content.getvalue())
    assert answer["response"][FAMILY]["message_id"] in {
        message.id
        for message in (*scenario.account.waiting, *scenario.account.messages.delivered)
    }


async def send_while_logged_out(scenario: Scenario) -> None:
    """Show why a message is not sent while the account is logged out."""
    assert scenario.account.logout()
    await scenario.update(scenario.account)
    await scenario.expect(scenario.account, "state", "not_authorized")
    scenario.account.requests.clear()

    with pytest.raises(RequestRefusedError) as caught:
        await scenario.client.perform_action(
            "notify.send_message", FAMILY, message=TEXT
        )

    assert "isn't linked, and messages are lost after 24 hours" in caught.value.response
    assert "sendMessage" not in {it.method for it in scenario.account.requests}


async def link_and_send_again(scenario: Scenario) -> None:
    """Link the account with its repair, then send the message."""
    (issue,) = await scenario.client.wait_for_issues(
        DOMAIN, "logged_out", within=CONFIRMATION_TIMEOUT
    )
    flow = await scenario.client.start_repair(issue)
    await flow.select_option("qr_code")
    await flow.wait_for_step(lambda step: "qr_code" in step["description_placeholders"])
    assert scenario.account.scan()
    await flow.wait_for_step(lambda step: step.get("reason") == "linked")

    await send_text(scenario)


async def remove_recipient(scenario: Scenario) -> None:
    """Remove the recipient, and check that nothing is left of it."""
    entry = await scenario.entry(scenario.account)
    (subentry,) = await scenario.client.command(
        "config_entries/subentries/list", entry_id=entry["entry_id"]
    )
    await scenario.client.command(
        "config_entries/subentries/delete",
        entry_id=entry["entry_id"],
        subentry_id=subentry["subentry_id"],
    )
    assert not [
        it for it in await scenario.client.entities(DOMAIN) if it["entity_id"] == FAMILY
    ]
    assert len(await scenario.client.devices(DOMAIN)) == 1
    await scenario.expect(scenario.account, "state", "authorized")


STEPS: Final[tuple[Step, ...]] = (
    set_up,
    add_recipient,
    send_text,
    confirm_delivery,
    show_that_message_is_not_delivered,
    send_camera_image,
    send_while_logged_out,
    link_and_send_again,
    remove_recipient,
)


async def test_sending(
    home_assistant: HomeAssistantProcess, simulator: Simulator
) -> None:
    """Run all steps in one Home Assistant."""
    account = simulator.add_account("1101000001", Token.FIRST)
    account.reports_statuses = True
    scenario = Scenario(home_assistant, simulator, account=account, other=account)
    await scenario.run(STEPS)
    await scenario.stop_and_check()
    # Names that were only shown in the list of chats are stored nowhere.
    assert files_containing(home_assistant.folder, "Caretaker") == set()
    logged = [
        line
        for line in home_assistant.log().splitlines()
        if f"custom_components.{DOMAIN}" in line
    ]
    assert logged
    assert not [line for line in logged if TEXT in line or FAMILY_CHAT in line]
