"""Tasks that run behind a dialog."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.dispatcher import (
    async_dispatcher_connect,
    async_dispatcher_send,
)

from ..const import DOMAIN
from .account import Account

# A dialog asks for codes for an account.
_SIGNAL_CODES: Final = f"{DOMAIN}_codes"


class Tasks:
    """The tasks of a dialog.

    They end with it, when the account is removed or disabled, and when another dialog
    asks for codes for the same account.
    """

    def __init__(self, hass: HomeAssistant, account: Account) -> None:
        """Initialize the tasks for an account."""
        self._hass = hass
        self._account = account
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stop_listening = (
            async_dispatcher_connect(
                hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._async_entry_changed
            ),
            async_dispatcher_connect(hass, _SIGNAL_CODES, self._async_codes_asked_for),
        )

    @callback
    def async_close(self) -> None:
        """End all tasks with the dialog."""
        self._async_stop("removed")
        for stop_listening in self._stop_listening:
            stop_listening()

    async def async_result[T](self, task: asyncio.Task[T]) -> T:
        """Return the result of a task that ends before the step does."""
        await asyncio.wait([task])
        if task.cancelled():
            raise AbortFlow(self._account.failure, self._account.placeholders)
        return task.result()

    @callback
    def async_run[T](
        self, name: str, coroutine: Coroutine[Any, Any, T]
    ) -> asyncio.Task[T]:
        """Run a task that ends with the others."""
        task = self._hass.async_create_background_task(coroutine, f"{DOMAIN} {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @callback
    def async_ask_for_codes(self) -> None:
        """End the tasks of other dialogs that ask for codes for this account."""
        async_dispatcher_send(self._hass, _SIGNAL_CODES, self._account.entry, self)

    @callback
    def _async_codes_asked_for(self, entry: ConfigEntry, tasks: Tasks) -> None:
        """End the tasks when another dialog asks for codes."""
        if entry is self._account.entry and tasks is not self:
            self._async_stop("continued_elsewhere")

    @callback
    def _async_entry_changed(
        self, change: ConfigEntryChange, entry: ConfigEntry
    ) -> None:
        """End the tasks when the account is removed or disabled."""
        if entry is self._account.entry and self._account.is_gone:
            self._async_stop("removed")

    @callback
    def _async_stop(self, failure: str) -> None:
        """Cancel all tasks, and remember why."""
        if self._tasks:
            self._account.async_fail(failure)
        for task in self._tasks:
            task.cancel()
