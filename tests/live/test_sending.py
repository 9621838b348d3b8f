"""Messages from a real Home Assistant, before and after their account is logged out."""

import io
from typing import Any, Final

from PIL import Image
import pytest

from tests.simulator import Simulator

from .client import FlowKind, RefusedError
from .configuration import DOMAIN
from .home_assistant import HomeAssistantProcess
from .scene import (
    CERTAINTY,
    Scene,
    Step,
    Token,
    files_with,
)

FAMILY: Final = "notify.family"
FAMILY_CHAT: Final = "120363043968066561@g.us"
TEXT: Final = "Water in the cellar"


async def set_up(scene: Scene) -> None:
    """Add an account that is authorized."""
    flow = await scene.client.start_flow(DOMAIN)
    step = await flow.submit(**scene.values(scene.account, Token.FIRST))
    assert step["type"] == "create_entry"
    await scene.expect(scene.account, "state", "authorized")


async def add_a_recipient(scene: Scene) -> None:
    """Choose a group from the list of the account's chats."""
    entry = await scene.entry(scene.account)
    flow = await scene.client.start_flow(
        [entry["entry_id"], "recipient"], FlowKind.SUBENTRY
    )
    assert "Caretaker (+447700900123)" in f"{flow.step}"
    step = await flow.submit(chat_id="Family")
    assert step["type"] == "create_entry"
    await scene.client.wait_for_state(FAMILY, "unknown")


async def send(scene: Scene) -> None:
    """Send a text with the action that Home Assistant has for all notifiers."""
    await scene.client.act(
        "notify.send_message", FAMILY, message=TEXT, title="Pump room"
    )
    assert scene.account.requests[-1].method == "sendMessage"
    state = await scene.client.state(FAMILY)
    assert state["state"] != "unknown"


async def send_a_picture(scene: Scene) -> None:
    """Send what a camera sees, and read the id of the message."""
    picture = scene.home_assistant.folder / "www" / "door.jpg"
    picture.parent.mkdir()
    content = io.BytesIO()
    Image.new("RGB", (64, 48), "navy").save(content, "jpeg")
    picture.write_bytes(content.getvalue())
    flow = await scene.client.start_flow("local_file")
    step = await flow.submit(file_path=f"{picture}")
    assert step["type"] == "create_entry"
    (camera,) = await scene.client.entities("local_file")
    await scene.client.wait_for_state(camera["entity_id"], "idle")

    answer = await scene.client.command(
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

    request = scene.account.requests[-1]
    assert request.method == "sendFileByUpload"
    body: Any = request.body
    assert body["file"]["size"] == len(content.getvalue())
    assert answer["response"][FAMILY]["message_id"] in {
        message.id
        for message in (*scene.account.waiting, *scene.account.messages.delivered)
    }


async def be_refused(scene: Scene) -> None:
    """Read why a message is not sent while the account is logged out."""
    assert scene.account.logout()
    await scene.update(scene.account)
    await scene.expect(scene.account, "state", "not_authorized")
    scene.account.requests.clear()

    with pytest.raises(RefusedError) as caught:
        await scene.client.act("notify.send_message", FAMILY, message=TEXT)

    assert "is not linked, and messages are lost after 24 hours" in caught.value.answer
    assert "sendMessage" not in {it.method for it in scene.account.requests}


async def link_and_send_again(scene: Scene) -> None:
    """Link the account in the repairs, and send the message then."""
    (issue,) = await scene.client.wait_for_issues(
        DOMAIN, "logged_out", within=CERTAINTY
    )
    flow = await scene.client.start_repair(issue)
    await flow.choose("qr_code")
    await flow.follow_until(lambda step: "qr_code" in step["description_placeholders"])
    assert scene.account.scan()
    await flow.follow_until(lambda step: step["type"] == "create_entry")

    await send(scene)


async def remove_the_recipient(scene: Scene) -> None:
    """Remove the recipient, and find nothing left of it."""
    entry = await scene.entry(scene.account)
    (subentry,) = await scene.client.command(
        "config_entries/subentries/list", entry_id=entry["entry_id"]
    )
    await scene.client.command(
        "config_entries/subentries/delete",
        entry_id=entry["entry_id"],
        subentry_id=subentry["subentry_id"],
    )
    assert not [
        it for it in await scene.client.entities(DOMAIN) if it["entity_id"] == FAMILY
    ]
    assert len(await scene.client.devices(DOMAIN)) == 1
    await scene.expect(scene.account, "state", "authorized")


STORY: Final[tuple[Step, ...]] = (
    set_up,
    add_a_recipient,
    send,
    send_a_picture,
    be_refused,
    link_and_send_again,
    remove_the_recipient,
)


async def test_story_of_a_message(
    home_assistant: HomeAssistantProcess, simulator: Simulator
) -> None:
    """Go through everything in one Home Assistant, step by step."""
    account = simulator.add_account("1101000001", Token.FIRST)
    scene = Scene(home_assistant, simulator, account=account, other=account)
    await scene.play(STORY)
    await scene.end()
    # What was only shown to choose from is nowhere.
    assert files_with(home_assistant.folder, "Caretaker") == set()
    said = [
        line
        for line in home_assistant.log().splitlines()
        if f"custom_components.{DOMAIN}" in line
    ]
    assert said
    assert not [line for line in said if TEXT in line or FAMILY_CHAT in line]
