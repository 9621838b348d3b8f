"""Receive the messages of an account in the background."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..api import GreenApiError
from ..const import LOGGER
from ..coordinator import GreenApiCoordinator
from ..decisions.delivery import next_month
from ..decisions.receiving import StopReason, pause_after, stop_reason
from ..settings import SETTINGS_INTERVAL, InstanceSettings
from .message_handler import MessageHandler
from .message_source import Look, MessageSource
from .permissions import ReceiveMode, permitted_people, receive_mode

# Seconds between two checks of whether messages can be received again. A token may be
# rejected for a moment only, and what is written meanwhile must not become too old.
CHECK_INTERVAL: Final = 300
TOKEN_CHECK_INTERVAL: Final = 60

# After that time, a plan that allowed no more requests is tried again: it may have been
# changed.
PLAN_CHECK_INTERVAL: Final = timedelta(hours=1)

type OnStopped = Callable[[StopReason | None], None]


class Receiver:
    """Receive the messages of an account while somebody may write.

    There is one task for it, and none if nobody may write or receiving is turned off.
    Changes take effect without a reload, in which messages could be missed.
    """

    def __init__(
        self,
        coordinator: GreenApiCoordinator,
        settings: InstanceSettings,
        source: MessageSource,
        message_handler: MessageHandler,
    ) -> None:
        """Initialize without a task."""
        self.mode = ReceiveMode.OFF
        self.source = source
        self.stopped: StopReason | None = None
        self._hass = coordinator.hass
        self._coordinator = coordinator
        self._settings = settings
        self._message_handler = message_handler
        self._task: asyncio.Task[None] | None = None
        self._is_started = False
        self._is_reported = False
        self._on_stopped: OnStopped = lambda _: None

    @callback
    def async_start(self, on_stopped: OnStopped) -> None:
        """Start to receive messages.

        `on_stopped` is called with the reason when receiving stops until someone does
        something, and with None when messages are received or nobody may write.
        """
        self._on_stopped = on_stopped
        self._is_started = True
        entry = self._coordinator.config_entry
        entry.async_on_unload(entry.add_update_listener(self._async_updated))
        entry.async_on_unload(
            self._hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._stop)
        )
        self._update()

    async def async_stop(self) -> None:
        """Stop permanently, after the message that is being handled."""
        self._stop()
        await self._message_handler.async_close()

    @callback
    def _stop(self, _: Event | None = None) -> None:
        """Stop receiving messages, because there are no listeners during a shutdown."""
        self._is_started = False
        self._update()

    async def _async_updated(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Receive messages in another way, or none, if that was changed."""
        self._update()

    @callback
    def _update(self) -> None:
        """Start, change, or stop the task according to the options and permissions."""
        entry = self._coordinator.config_entry
        is_wanted = self._is_started and permitted_people(self._hass, entry)
        mode = receive_mode(entry) if is_wanted else ReceiveMode.OFF
        is_changed = self._task is not None and mode is not self.mode
        # What stopped receiving before a reload may last.
        if self._is_started and (is_changed or mode is ReceiveMode.OFF):
            self._set_stopped(None)
        if mode is self.mode:
            return
        self.mode = mode
        if self._task:
            self._task.cancel()
            self._task = None
        if look := self.source.looks.get(mode):
            self._task = entry.async_create_background_task(
                self._hass, self._async_receive(look), f"{entry.title} messages"
            )

    async def _async_receive(self, look: Look) -> None:
        """Receive messages, and resume after a time in which that was not possible."""
        await self._message_handler.memory.async_load()
        while True:
            self._set_stopped(await _async_until_stopped(look, self._async_works))
            stopped_at = dt_util.utcnow()
            while not await self._async_is_possible(stopped_at):
                pass

    async def _async_works(self) -> None:
        """Report whether messages are received, now that a look was possible."""
        interval = CHECK_INTERVAL if self.stopped else SETTINGS_INTERVAL
        if self._hass.loop.time() >= self._settings.requested_at + interval:
            await self._settings.async_refresh()
        known = self._settings.known
        # Until the settings are known, what stopped receiving before a reload may last.
        if known is not None or self.stopped:
            is_off = known is not None and not known.receives_messages
            self._set_stopped(StopReason.INCOMING_OFF if is_off else None)

    def _set_stopped(self, reason: StopReason | None) -> None:
        """Report that receiving has stopped for a reason, or that it continues."""
        if reason is not self.stopped or not self._is_reported:
            self.stopped, self._is_reported = reason, True
            self._on_stopped(reason)

    async def _async_is_possible(self, stopped_at: datetime) -> bool:
        """Return after a while whether messages can be received again."""
        is_rejected = self.stopped is StopReason.TOKEN
        await asyncio.sleep(TOKEN_CHECK_INTERVAL if is_rejected else CHECK_INTERVAL)
        if is_rejected:
            return self._coordinator.last_update_success
        if self.stopped is StopReason.QUOTA:
            retry_at = min(next_month(stopped_at), stopped_at + PLAN_CHECK_INTERVAL)
            # The system time may have been set back meanwhile.
            return not stopped_at <= dt_util.utcnow() < retry_at
        await self._settings.async_refresh()
        known = self._settings.known
        return known is not None and not known.has_webhook


async def _async_until_stopped(
    look: Look, works: Callable[[], Awaitable[None]]
) -> StopReason:
    """Look for messages repeatedly, and return why that has to stop.

    `works` is called after each look that was possible.
    """
    failures = 0
    while True:
        try:
            wait = await look()
            failures = 0
            await works()
        except GreenApiError as err:
            failures += 1
            if reason := stop_reason(err, failures):
                return reason
            wait = pause_after(err, failures)
        except Exception as err:  # noqa: BLE001
            # Its text could contain what somebody has written.
            LOGGER.error("Unexpected %s while receiving messages", type(err).__name__)
            wait = CHECK_INTERVAL
        await asyncio.sleep(wait)
