"""Create clients from what is stored of an account."""

from collections.abc import Mapping
from typing import Any

from homeassistant.const import CONF_API_TOKEN
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.singleton import singleton
from homeassistant.util.hass_dict import HassKey

from .api import GreenApiClient, RequestPacer
from .const import CONF_API_URL, CONF_INSTANCE_ID, DOMAIN

_PACER: HassKey[RequestPacer] = HassKey(f"{DOMAIN}_pacer")


@singleton(_PACER)
def async_get_pacer(hass: HomeAssistant) -> RequestPacer:
    """Return the one pacer: flows and coordinators ask for the same instances."""
    return RequestPacer()


@callback
def async_create_client(hass: HomeAssistant, data: Mapping[str, Any]) -> GreenApiClient:
    """Create the client of an account from the data of its config entry."""
    return GreenApiClient(
        async_get_clientsession(hass),
        data[CONF_API_URL],
        data[CONF_INSTANCE_ID],
        data[CONF_API_TOKEN],
        pacer=async_get_pacer(hass),
    )
