"""Wait until automations listen, so that they miss nothing after a restart."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CoreState, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.singleton import singleton
from homeassistant.helpers.start import async_at_started
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN

# Seconds after the start of Home Assistant until all automations have attached their
# triggers.
ATTACHED_AFTER: Final = 5

_LISTENING: HassKey[asyncio.Future[None]] = HassKey(f"{DOMAIN}_listening")


@singleton(_LISTENING)
def async_get_listening(hass: HomeAssistant) -> asyncio.Future[None]:
    """Return a future that is done when automations listen.

    It has to be created during the setup of the integration: later, it would not be
    known whether Home Assistant has only just started.
    """
    listening: asyncio.Future[None] = hass.loop.create_future()

    @callback
    def attached(_: datetime) -> None:
        listening.set_result(None)

    @callback
    def started(hass: HomeAssistant) -> None:
        job = HassJob(attached, cancel_on_shutdown=True)
        async_call_later(hass, ATTACHED_AFTER, job)

    if hass.state is CoreState.running:
        listening.set_result(None)
    else:
        async_at_started(hass, started)
    return listening


@callback
def async_call_when_listening(
    hass: HomeAssistant, entry: ConfigEntry, action: Callable[[], None]
) -> None:
    """Call a function once automations listen, unless the entry is unloaded before."""
    listening = async_get_listening(hass)
    if listening.done():
        action()
        return

    @callback
    def call(_: asyncio.Future[None]) -> None:
        action()

    @callback
    def cancel() -> None:
        listening.remove_done_callback(call)

    listening.add_done_callback(call)
    entry.async_on_unload(cancel)
