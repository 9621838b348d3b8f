"""Helpers for recipients."""

from types import MappingProxyType
from typing import Any, Final

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.const import CONF_CHAT_ID, SUBENTRY_TYPE_RECIPIENT
from homeassistant.components.notify import (
    ATTR_MESSAGE,
    DOMAIN as NOTIFY_DOMAIN,
    SERVICE_SEND_MESSAGE,
)
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant
from tests.simulator import Account

ALEX: Final = "notify.alex"
ALEX_CHAT: Final = "447700900123@c.us"
FAMILY: Final = "notify.family"
FAMILY_CHAT: Final = "120363043968066561@g.us"

SENDING_METHODS: Final = {"sendFileByUpload", "sendMessage"}


def recipient(name: str, chat_id: str) -> ConfigSubentry:
    """Return the subentry of a recipient, not added yet."""
    return ConfigSubentry(
        data=MappingProxyType({CONF_CHAT_ID: chat_id}),
        subentry_type=SUBENTRY_TYPE_RECIPIENT,
        title=name,
        unique_id=chat_id,
    )


async def async_add_recipient(
    hass: HomeAssistant, entry: MockConfigEntry, name: str, chat_id: str
) -> ConfigSubentry:
    """Add a recipient to an account, like the dialog does."""
    subentry = recipient(name, chat_id)
    hass.config_entries.async_add_subentry(entry, subentry)
    await hass.async_block_till_done(wait_background_tasks=True)
    return subentry


async def async_notify(
    hass: HomeAssistant,
    message: str = "The door is open.",
    entity_id: str | list[str] = ALEX,
    **data: str,
) -> None:
    """Send a message with the notify action."""
    await hass.services.async_call(
        NOTIFY_DOMAIN,
        SERVICE_SEND_MESSAGE,
        {ATTR_ENTITY_ID: entity_id, ATTR_MESSAGE: message, **data},
        blocking=True,
    )


def sent_messages(account: Account) -> list[tuple[str, str]]:
    """Return the chats and the texts of all requests that send a message."""
    bodies: list[Any] = [
        request.body
        for request in account.requests
        if request.method in SENDING_METHODS
    ]
    return [
        (body["chatId"], body.get("message") or body.get("caption", ""))
        for body in bodies
    ]
