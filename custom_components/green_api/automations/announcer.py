"""Announce the changes of an account that trigger automations."""

from typing import Final, NamedTuple

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util import dt as dt_util
from homeassistant.util.signal_type import SignalType

from ..const import DOMAIN
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
        """Announce what has changed, and all changes from now on."""
        self._entry.async_on_unload(self._interrupted)
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
