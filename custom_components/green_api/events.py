"""Announce what happens to an account, so that automations can be triggered."""

from dataclasses import dataclass, replace
from typing import Any, Final

from homeassistant.core import CoreState, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util
from homeassistant.util.signal_type import SignalType

from .announced import Announced
from .const import DOMAIN
from .data import GreenApiConfigEntry
from .store import AccountStore

# Automations attach their triggers when Home Assistant has started: seconds until all
# of them have done so.
ATTACHED_AFTER: Final = 5


@dataclass(frozen=True, slots=True)
class Announcement:
    """What was announced of an account before, and what is announced now."""

    entry: GreenApiConfigEntry
    before: Announced
    now: Announced


SIGNAL_ANNOUNCED: Final[SignalType[Announcement]] = SignalType(f"{DOMAIN}_announced")


class Announcer:
    """Announce the changes of an account, and remember what was announced."""

    def __init__(
        self, hass: HomeAssistant, entry: GreenApiConfigEntry, store: AccountStore
    ) -> None:
        """Initialize the announcer."""
        self._hass = hass
        self._entry = entry
        self._store = store

    @callback
    def async_start(self) -> None:
        """Start to announce changes as soon as automations listen."""
        self._entry.async_on_unload(self._interrupted)
        if self._hass.state is CoreState.running:
            self._follow()
        else:
            self._entry.async_on_unload(async_at_started(self._hass, self._started))

    @callback
    def _started(self, hass: HomeAssistant) -> None:
        """Wait for automations to attach their triggers."""
        self._entry.async_on_unload(
            async_call_later(hass, ATTACHED_AFTER, self._follow)
        )

    @callback
    def _follow(self, *_: Any) -> None:
        """Announce what has changed, and every change from now on."""
        self._announce()
        self._entry.async_on_unload(
            self._entry.runtime_data.coordinator.async_add_listener(self._announce)
        )

    @callback
    def _announce(self) -> None:
        """Announce what has changed."""
        account = self._entry.runtime_data.coordinator.data
        memory = self._store.async_get(self._entry.entry_id)
        announced = memory.announced.updated(
            account.state if memory.since else None,
            account.problem,
            works=account.works,
            since=account.problem_since or dt_util.utcnow(),
            now=self._hass.loop.time(),
        )
        if announced != memory.announced:
            self._store.async_set(
                self._entry.entry_id, replace(memory, announced=announced)
            )
            self._send(memory.announced, announced)

    @callback
    def _interrupted(self) -> None:
        """Stop the timers of automations that wait for what was announced."""
        announced = self._store.async_get(self._entry.entry_id).announced
        self._send(announced, announced)

    def _send(self, before: Announced, now: Announced) -> None:
        """Send the signal."""
        async_dispatcher_send(
            self._hass, SIGNAL_ANNOUNCED, Announcement(self._entry, before, now)
        )
