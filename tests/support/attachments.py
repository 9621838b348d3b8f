"""Helpers for messages with attachments."""

import base64
from typing import Any, Final

import pytest

from custom_components.green_api.const import DOMAIN
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from tests.simulator import Account

from .recipients import ALEX

PICTURE: Final = b"\xff\xd8\xff\xe0 a picture"


def media_selection(media_content_id: str) -> dict[str, str]:
    """Return the value of a media selector."""
    return {
        "media_content_id": f"media-source://{media_content_id}",
        "media_content_type": "image/jpeg",
    }


async def async_send(
    hass: HomeAssistant,
    entity_id: str | list[str] = ALEX,
    *,
    context: Context | None = None,
    **data: Any,
) -> dict[str, Any]:
    """Send a message, and return the response."""
    response = await hass.services.async_call(
        DOMAIN,
        "send_message",
        {"entity_id": entity_id, **data},
        blocking=True,
        context=context,
        return_response=True,
    )
    assert isinstance(response, dict)
    return response


async def async_send_error(hass: HomeAssistant, **data: Any) -> HomeAssistantError:
    """Send a message that fails, and return the error."""
    with pytest.raises(HomeAssistantError) as caught:
        await async_send(hass, **data)
    assert caught.value.translation_domain == DOMAIN
    return caught.value


def sent_file(account: Account) -> tuple[str, bytes, str]:
    """Return the name, the content and the caption of the only sent file."""
    (message,) = account.waiting
    assert message.method == "sendFileByUpload"
    body: Any = message.body
    content = base64.b64decode(body["file"]["content"])
    return body["fileName"], content, body.get("caption", "")
