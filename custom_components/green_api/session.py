"""Create clients, which share the connections to GREEN-API."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import aiohttp

from homeassistant.const import CONF_API_TOKEN, EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import (
    DATA_RESOLVER,
    SERVER_SOFTWARE,
    HomeAssistantTCPConnector,
    async_get_clientsession,
)
from homeassistant.helpers.singleton import singleton
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.ssl import client_context

from .api import GreenApiClient, RequestPacer
from .api.connections import KEPT_FOR, ConnectionPool
from .const import CONF_API_URL, CONF_INSTANCE_ID, DOMAIN

_CONNECTIONS: HassKey[ConnectionPool] = HassKey(f"{DOMAIN}_connections")
_PACER: HassKey[RequestPacer] = HassKey(f"{DOMAIN}_pacer")


@singleton(_CONNECTIONS)
def async_get_connections(hass: HomeAssistant) -> ConnectionPool:
    """Return the pool of connections that all accounts share.

    Home Assistant's own session closes connections that are idle for 15 seconds. Each
    poll and each message would open a new one. The pool is closed with Home Assistant
    and no earlier, because messages are sent while it stops, and while an account is
    reloaded.
    """
    connections = ConnectionPool(partial(_create_session, hass))

    async def close(_: Event) -> None:
        await connections.close()

    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, close)
    return connections


def _create_session(
    hass: HomeAssistant, create_socket: aiohttp.SocketFactoryType
) -> aiohttp.ClientSession:
    """Create a session with one connection, like Home Assistant creates its own."""
    # Home Assistant creates its shared resolver along with its shared session.
    async_get_clientsession(hass)
    return aiohttp.ClientSession(
        connector=HomeAssistantTCPConnector(
            keepalive_timeout=KEPT_FOR,
            limit=1,
            resolver=hass.data[DATA_RESOLVER],
            socket_factory=create_socket,
            ssl=client_context(),
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": SERVER_SOFTWARE},
    )


@singleton(_PACER)
def async_get_pacer(hass: HomeAssistant) -> RequestPacer:
    """Return the pacer that all accounts share, because flows use it as well."""
    return RequestPacer()


@callback
def async_create_client(hass: HomeAssistant, data: Mapping[str, Any]) -> GreenApiClient:
    """Create the client of an account from the data of its config entry."""
    return GreenApiClient(
        async_get_connections(hass),
        data[CONF_API_URL],
        data[CONF_INSTANCE_ID],
        data[CONF_API_TOKEN],
        pacer=async_get_pacer(hass),
    )
