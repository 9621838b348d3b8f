"""Test a user's path through messages, over the connections of the frontend.

The live tests do this with a real Home Assistant, but only with the newest version.
"""

from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    MockHAClientWebSocket,
    WebSocketGenerator,
)

from custom_components.green_api.const import DOMAIN, SUBENTRY_TYPE_RECIPIENT
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from tests.simulator import Account
from tests.support.recipients import FAMILY, FAMILY_CHAT
from tests.support.simulated_user import RECIPIENTS

REFUSAL: Final = (
    "GREEN-API 1101000001 isn't linked, and messages are lost after 24 hours. "
    "Link it again in Home Assistant under Settings > Devices & services > GREEN-API: "
    "open the account's three-dot menu and select Reconfigure"
)


async def async_send(socket: MockHAClientWebSocket, message: str) -> dict[str, Any]:
    """Send a message, and return the response."""
    await socket.send_json_auto_id(
        {
            "type": "call_service",
            "domain": DOMAIN,
            "service": "send_message",
            "target": {"entity_id": FAMILY},
            "service_data": {"message": message},
            "return_response": True,
        }
    )
    answer: dict[str, Any] = await socket.receive_json()
    return answer


async def test_story(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
    account: Account,
) -> None:
    """Test adding a recipient, sending, a refusal while logged out, and a retry."""
    for domain in ("config", "websocket_api"):
        assert await async_setup_component(hass, domain, {})
    client = await hass_client()
    socket = await hass_ws_client(hass)
    response = await client.post(
        RECIPIENTS,
        json={"handler": [loaded_entry.entry_id, SUBENTRY_TYPE_RECIPIENT]},
    )
    flow_id = (await response.json())["flow_id"]
    response = await client.post(f"{RECIPIENTS}/{flow_id}", json={"chat_id": "Family"})
    assert (await response.json())["type"] == "create_entry"
    await hass.async_block_till_done()

    answers = []
    for number, state in enumerate(("authorized", "notAuthorized", "authorized")):
        account.state = state
        freezer.tick(11)
        answers.append(await async_send(socket, f"No. {number}"))

    assert [answer["success"] for answer in answers] == [True, False, True]
    assert answers[1]["error"]["message"] == REFUSAL
    bodies = {message.id: message.body for message in account.messages}
    responses = [answers[number]["result"]["response"][FAMILY] for number in (0, 2)]
    assert [bodies.pop(it["message_id"]) for it in responses] == [
        {"chatId": FAMILY_CHAT, "message": "No. 0"},
        {"chatId": FAMILY_CHAT, "message": "No. 2"},
    ]
    assert bodies == {}
