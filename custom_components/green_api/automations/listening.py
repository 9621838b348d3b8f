"""Wait until automations listen, so that they miss nothing after a restart."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CoreState, HassJob, HomeAssistant, callback
from homeassistant.helpers.dispatcher import (
    async_dispatcher_connect,
    async_dispatcher_send,
)
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.signal_type import SignalType

from ..const import DOMAIN

# Seconds after the start of Home Assistant until all automations have attached their
# triggers.
ATTACHED_AFTER: Final = 5

_IS_LISTENING: HassKey[bool] = HassKey(f"{DOMAIN}_is_listening")
_SIGNAL_LISTENING: Final[SignalType[()]] = SignalType(f"{DOMAIN}_listening")


@callback
def async_wait_until_listening(hass: HomeAssistant) -> None:
    """Begin to wait until automations listen.

    It has to be called during the setup of the integration: later, it would not be
    known whether Home Assistant has only just started.
    """
    hass.data[_IS_LISTENING] = hass.state is CoreState.running

    @callback
    def attached(_: datetime) -> None:
        hass.data[_IS_LISTENING] = True
        async_dispatcher_send(hass, _SIGNAL_LISTENING)

    @callback
    def started(hass: HomeAssistant) -> None:
        job = HassJob(attached, cancel_on_shutdown=True)
        async_call_later(hass, ATTACHED_AFTER, job)

    if not hass.data[_IS_LISTENING]:
        async_at_started(hass, started)


@callback
def async_call_when_listening(
    hass: HomeAssistant, entry: ConfigEntry, action: Callable[[], None]
) -> None:
    """Call a function once automations listen, unless the entry is unloaded before."""
    if hass.data[_IS_LISTENING]:
        action()
        return
    entry.async_on_unload(async_dispatcher_connect(hass, _SIGNAL_LISTENING, action))
