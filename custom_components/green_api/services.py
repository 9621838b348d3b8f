"""Actions of the integration."""

from typing import Final

import voluptuous as vol

from homeassistant.components.notify import (
    ATTR_MESSAGE,
    ATTR_TITLE,
    DOMAIN as NOTIFY_DOMAIN,
)
from homeassistant.core import HomeAssistant, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import MediaSelector
from homeassistant.helpers.service import async_register_platform_entity_service

from .const import DOMAIN

SERVICE_SEND_MESSAGE: Final = "send_message"

ATTR_ATTACHMENT: Final = "attachment"
ATTR_FILENAME: Final = "filename"
ATTR_LINK_PREVIEW: Final = "link_preview"
ATTR_QUOTED_MESSAGE_ID: Final = "quoted_message_id"


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    async_register_platform_entity_service(
        hass,
        DOMAIN,
        SERVICE_SEND_MESSAGE,
        entity_domain=NOTIFY_DOMAIN,
        schema={
            vol.Optional(ATTR_MESSAGE, default=""): cv.string,
            vol.Optional(ATTR_TITLE): cv.string,
            vol.Optional(ATTR_ATTACHMENT): vol.Any(
                MediaSelector({"accept": ["*"]}), cv.path
            ),
            vol.Optional(ATTR_FILENAME): cv.string,
            vol.Optional(ATTR_LINK_PREVIEW): cv.boolean,
            vol.Optional(ATTR_QUOTED_MESSAGE_ID): cv.string,
        },
        func="async_send",
        supports_response=SupportsResponse.OPTIONAL,
    )
