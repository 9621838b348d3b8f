"""A dialog: what it shows, its tasks, and whether a page shows it."""

import asyncio
import base64
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
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

from ...const import DOMAIN
from .account_to_link import AccountToLink

# Seconds for which a dialog counts as open after a page has fetched it, and within
# which an open page fetches it after a notification.
OPEN_FOR: Final = 1
FETCHED_WITHIN: Final = 5

# On a phone, Home Assistant leaves so little room that a text in large letters breaks.
# A picture shrinks.
_CODE_PICTURE: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="240" height="48"'
    ' viewBox="0 0 240 48"><rect width="240" height="48" rx="6" fill="white"/>'
    '<text x="120" y="37" text-anchor="middle" textLength="228"'
    ' lengthAdjust="spacingAndGlyphs" font-family="monospace" font-size="38"'
    ' font-weight="bold">{}</text></svg>'
)


@dataclass(frozen=True, slots=True, repr=False)
class View:
    """What a dialog shows: a progress action, and the placeholders of its own.

    In a menu, its action is the step. On a phone, Home Assistant leaves a progress step
    too little room for a QR code or instructions.
    """

    action: str
    placeholders: Mapping[str, str] = field(default_factory=dict)
    in_menu: bool = False


def qr_code_view(action: str, image: bytes) -> View:
    """Return a view of a QR code."""
    return View(action, {"qr_code": _data_url("image/png", image)}, in_menu=True)


def code_view(action: str, code: str) -> View:
    """Return a view of a code to enter on the phone."""
    middle = len(code) // 2
    # No line breaks at this hyphen.
    code = f"{code[:middle]}\u2011{code[middle:]}"
    picture = _data_url("image/svg+xml", _CODE_PICTURE.format(code).encode())
    return View(action, {"code": code, "code_picture": picture})


class OpenDialog:
    """The tasks of a dialog, and whether a page shows it.

    The tasks end with the dialog, when the account is removed or disabled, and when
    another dialog requests codes for the same account.

    The frontend fetches what a dialog shows whenever it is notified of a change; a page
    that was closed does not.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        account: AccountToLink,
        notify_page: Callable[[], None],
    ) -> None:
        """Initialize a dialog that was just opened."""
        self._hass = hass
        self._account = account
        self._notify_page = notify_page
        self._fetched = asyncio.Event()
        self._fetched_at = hass.loop.time()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._codes_signal = f"{DOMAIN}_codes_{account.entry.entry_id}"
        self._stop_listening = (
            async_dispatcher_connect(
                hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._async_entry_changed
            ),
            async_dispatcher_connect(hass, self._codes_signal, self._async_taken_over),
        )

    @callback
    def async_close(self) -> None:
        """Cancel all tasks when the dialog is closed."""
        self._async_stop("removed")
        for stop_listening in self._stop_listening:
            stop_listening()

    @callback
    def async_note_fetched(self) -> None:
        """Note that a page has fetched what the dialog shows."""
        self._fetched_at = self._hass.loop.time()
        self._fetched.set()

    async def async_is_open(self) -> bool:
        """Return whether a page shows the dialog, after some seconds at most."""
        if self._hass.loop.time() < self._fetched_at + OPEN_FOR:
            return True
        self._fetched.clear()
        self._notify_page()
        with suppress(TimeoutError):
            async with asyncio.timeout(FETCHED_WITHIN):
                return await self._fetched.wait()
        return False

    async def async_result[T](
        self, name: str, request: Callable[[], Coroutine[Any, Any, T]]
    ) -> T:
        """Return the result of a task that ends before the step does.

        Raises AbortFlow if the account was removed or disabled, or if the task ends
        with the others.
        """
        if is_gone(self._hass, self._account.entry):
            raise AbortFlow("removed", self._account.placeholders)
        task = self.async_run(name, request())
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
    def async_take_over(self) -> None:
        """Cancel the tasks of other dialogs that request codes for this account."""
        async_dispatcher_send(self._hass, self._codes_signal, self)

    @callback
    def _async_taken_over(self, dialog: OpenDialog) -> None:
        """Cancel the tasks when another dialog requests codes."""
        if dialog is not self:
            self._async_stop("continued_elsewhere")

    @callback
    def _async_entry_changed(
        self, change: ConfigEntryChange, entry: ConfigEntry
    ) -> None:
        """Cancel the tasks when the account is removed or disabled."""
        if entry is self._account.entry and is_gone(self._hass, entry):
            self._async_stop("removed")

    @callback
    def _async_stop(self, failure: str) -> None:
        """Cancel all tasks, and remember why."""
        if self._tasks:
            self._account.async_fail(failure)
        for task in self._tasks:
            task.cancel()


def is_gone(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Return whether a config entry was removed or disabled."""
    return (
        hass.config_entries.async_get_entry(entry.entry_id) is None
        or entry.disabled_by is not None
    )


def _data_url(media_type: str, content: bytes) -> str:
    """Return a data URL with a picture."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
