"""The action of the integration, called as an automation does."""

from custom_components.green_api.const import DOMAIN
from custom_components.green_api.services import SERVICE_SEND_MESSAGE
from homeassistant.const import ATTR_ENTITY_ID, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

MESSAGE = "Somebody is at the door"


def recipient_entities(hass: HomeAssistant) -> list[str]:
    """Return the entity IDs of all recipients, in the order of their names."""
    return [
        entity_id
        for entity_id, entity in er.async_get(hass).entities.items()
        if entity.platform == DOMAIN and entity.domain == Platform.NOTIFY
    ]


async def async_send(hass: HomeAssistant, *entity_ids: str) -> None:
    """Send a text to recipients, and wait until the server has accepted it."""
    await hass.services.async_call(
        DOMAIN,
        SERVICE_SEND_MESSAGE,
        {ATTR_ENTITY_ID: [*entity_ids], "message": MESSAGE},
        blocking=True,
    )
