"""Test the blueprint of an automation that talks to Assist."""

from pathlib import Path
import shutil
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from homeassistant.core import ServiceCall, SupportsResponse
from homeassistant.setup import async_setup_component
from tests.support.receiving import BOTH_WAYS, ONLY, SAM_CHAT, ReceiveMode, Receiving
from tests.support.recipients import ALEX, ALEX_CHAT, FAMILY_CHAT

BLUEPRINTS: Final = Path(__file__).parents[2] / "blueprints"
PATH: Final = "green_api/talk_to_assist.yaml"


async def talk(
    home: Receiving, folder: Path, speech: str = "Done.", **inputs: Any
) -> list[ServiceCall]:
    """Set up the automation, and return what the agent is told."""
    calls = async_mock_service(
        home.hass,
        "conversation",
        "process",
        supports_response=SupportsResponse.ONLY,
        response={"response": {"speech": {"plain": {"speech": speech}}}},
    )
    home.hass.config.config_dir = f"{folder}"
    shutil.copytree(BLUEPRINTS, folder / "blueprints")
    automation = {
        "alias": "It",
        "use_blueprint": {
            "path": PATH,
            "input": {"chats": [ALEX], "off_words": ["Alarm", "1"], **inputs},
        },
    }
    assert await async_setup_component(
        home.hass, "automation", {"automation": [automation]}
    )
    await home.time.settle()
    state = home.hass.states.get("automation.it")
    assert state
    assert state.state == "on"
    return calls


def replies(home: Receiving) -> list[dict[str, Any]]:
    """Return the messages that were sent."""
    return [it.body for it in home.account.requests if it.method == "sendMessage"]


@pytest.mark.parametrize("mode", BOTH_WAYS)
@pytest.mark.parametrize("text", ["Turn on the light", "[1, 2]", "{{ 7 * 7 }}", "007"])
async def test_reply(
    home: Receiving, tmp_path: Path, mode: ReceiveMode, text: str
) -> None:
    """Test that a text reaches the agent as it is, and the reply quotes it."""
    await home.set_up(mode)
    calls = await talk(home, tmp_path, "42")
    message_id = home.write(text)
    await home.time.advance(20)
    assert [call.data for call in calls] == [
        {
            "text": text,
            "agent_id": "conversation.home_assistant",
            "conversation_id": f"green_api {ALEX}",
        }
    ]
    assert replies(home) == [
        {
            "chatId": ALEX_CHAT,
            "message": "42",
            "quotedMessageId": message_id,
            "linkPreview": False,
        }
    ]


async def test_not_for_the_agent(home: Receiving, tmp_path: Path) -> None:
    """Test that other kinds, other chats, other people, and off words are ignored."""
    await home.set_up(ONLY)
    home.let_write("Sam", may_write=True)
    calls = await talk(home, tmp_path)
    home.write("", kind="image")
    home.write("In the group", chat_id=FAMILY_CHAT)
    home.write("I am Sam", SAM_CHAT)
    home.write(" alarm off")
    home.write("1")
    await home.time.advance(20)
    assert calls == []
    assert replies(home) == []


async def test_no_reply(home: Receiving, tmp_path: Path) -> None:
    """Test that nothing is sent if the agent says nothing."""
    await home.set_up(ONLY)
    calls = await talk(home, tmp_path, " ")
    home.write("Good night")
    await home.time.advance(20)
    assert len(calls) == 1
    assert replies(home) == []


@pytest.mark.parametrize("off_words", [["", " ", "Alarm"], "Alarm", None])
async def test_off_words(home: Receiving, tmp_path: Path, off_words: object) -> None:
    """Test that neither an empty row nor a single text ignores other messages."""
    await home.set_up(ONLY)
    calls = await talk(home, tmp_path, off_words=off_words)
    home.write("A light, please")
    await home.time.advance(20)
    assert len(calls) == 1


async def test_long_reply(home: Receiving, tmp_path: Path) -> None:
    """Test that a reply that is too long for a message is sent in parts."""
    await home.set_up(ONLY)
    speech = " ".join(f"{number}" for number in range(5_000))
    await talk(home, tmp_path, speech)
    home.write("Count to 5,000")
    await home.time.advance(60)
    parts = [it["message"] for it in replies(home)]
    assert "".join(parts) == speech
    assert max(map(len, parts)) <= 4_000
