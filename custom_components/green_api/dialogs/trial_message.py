"""Test message to the chat that is selected for a recipient."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from ..data import GreenApiConfigEntry
from ..sending.recipient import Recipient
from ..texts import error_text, translated


async def async_send_test(
    hass: HomeAssistant, entry: GreenApiConfigEntry, name: str, chat_id: str
) -> str:
    """Send a test message, and return why it was not sent, empty if it was."""
    recipient = Recipient(name=name, chat_id=chat_id, subentry_id="")
    text = translated(hass, "common", "test_message")
    try:
        await entry.runtime_data.sender.async_send_message(recipient, text)
    except HomeAssistantError as err:
        return error_text(hass, err)
    return ""
