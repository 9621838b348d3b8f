"""Announce the changes of an account that trigger automations."""

from typing import Any, Final, NamedTuple

from homeassistant.core import CoreState, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util
from homeassistant.util.signal_type import SignalType

from ..const import ATTACHED_AFTER, DOMAIN
from ..data import GreenApiConfigEntry
from ..records.account_record import AccountRecord
from ..records.announced import Announced


class Announcement(NamedTuple):
    """A change of what is announced about an account."""

    entry: GreenApiConfigEntry
    before: Announced
    """What was announced before."""

    now: Announced
    """What is announced now."""


SIGNAL_ANNOUNCED: Final[SignalType[Announcement]] = SignalType(f"{DOMAIN}_announced")


class Announcer:
    """Announce the changes of an account, and record what was announced."""

    def __init__(self, hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
        """Initialize the announcer."""
        self._hass = hass
        self._entry = entry
        self._coordinator = entry.runtime_data.coordinator

    @callback
    def async_start(self) -> None:
        """Start to announce changes once automations are listening."""
        self._entry.async_on_unload(self._interrupted)
        if self._hass.state is CoreState.running:
            self._follow()
        else:
            self._entry.async_on_unload(async_at_started(self._hass, self._started))

    @callback
    def _started(self, hass: HomeAssistant) -> None:
        """Wait until automations have attached their triggers."""
        self._entry.async_on_unload(
            async_call_later(hass, ATTACHED_AFTER, self._follow)
        )

    @callback
    def _follow(self, *_: Any) -> None:
        """Announce what has changed, and all changes from now on."""
        self._announce()
        self._entry.async_on_unload(
            self._coordinator.async_add_listener(self._announce)
        )

    @callback
    def _announce(self) -> None:
        """Announce what has changed."""
        now, moment = self._hass.loop.time(), dt_util.utcnow()
        before = self._coordinator.data.announced
        self._coordinator.async_apply(AccountRecord.announcing, now, moment)
        announced = self._coordinator.data.announced
        if announced != before:
            self._send(before, announced)

    @callback
    def _interrupted(self) -> None:
        """Stop the timers of triggers that are waiting for an announced problem."""
        announced = self._coordinator.data.announced
        self._send(announced, announced)

    def _send(self, before: Announced, now: Announced) -> None:
        """Send the dispatcher signal."""
        async_dispatcher_send(
            self._hass, SIGNAL_ANNOUNCED, Announcement(self._entry, before, now)
        )
