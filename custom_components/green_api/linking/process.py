"""What runs behind the steps of a dialog that links an account."""

import asyncio
import base64
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback

from ..api import BadResponseError, GreenApiError
from ..data import GreenApiConfigEntry
from .account import Account, NextStep
from .tasks import Tasks
from .waits import WAITS, QrCode, Waits
from .watch import Watch

# On a phone, Home Assistant leaves so little room that a text in large letters breaks.
# A picture shrinks.
_CODE_PICTURE: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="240" height="48"'
    ' viewBox="0 0 240 48"><rect width="240" height="48" rx="6" fill="white"/>'
    '<text x="120" y="37" text-anchor="middle" textLength="228"'
    ' lengthAdjust="spacingAndGlyphs" font-family="monospace" font-size="38"'
    ' font-weight="bold">{}</text></svg>'
)


@dataclass(frozen=True, slots=True)
class Progress:
    """A progress step: what it shows, and the task that returns what comes next."""

    step_id: str
    action: str
    placeholders: Mapping[str, str]
    task: asyncio.Task[QrCode | NextStep]


class Linking:
    """What runs behind the steps of a dialog."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: GreenApiConfigEntry,
        ping: Callable[[], None],
    ) -> None:
        """Initialize the linking of an account."""
        self._account = Account(hass, entry)
        self._watch = Watch(ping)
        self._waits = Waits(self._account, self._watch)
        self._tasks = Tasks(hass, self._account)
        self._progress: Progress | None = None

    @property
    def failure(self) -> str:
        """Return what went wrong."""
        return self._account.failure

    @property
    def placeholders(self) -> Mapping[str, str]:
        """Return what every text may name."""
        return self._account.placeholders

    @callback
    def async_close(self) -> None:
        """End everything with the dialog."""
        self._tasks.async_close()

    async def async_choose_step(self) -> NextStep:
        """Return the step that the state of the account leads to."""
        if self._account.is_gone:
            return self._account.async_fail("removed")
        task = self._tasks.async_run(
            "choose_step", self._async_outcome(self._waits.async_choose_step())
        )
        return await self._tasks.async_result(task)

    async def async_get_code(self, phone_number: int) -> Progress | NextStep:
        """Return the code to show; an account that is linked needs none."""
        if self._account.is_gone:
            return self._account.async_fail("removed")
        self._tasks.async_ask_for_codes()
        task = self._tasks.async_run(
            "get_code", self._account.client.get_authorization_code(phone_number)
        )
        try:
            code = await self._tasks.async_result(task)
        except GreenApiError as err:
            is_odd = isinstance(err, BadResponseError)
            self._account.async_fail("no_code" if is_odd else err)
            raise
        if code is None:
            return self._begin("linking")
        middle = len(code) // 2
        # No line breaks at this hyphen.
        code = f"{code[:middle]}\u2011{code[middle:]}"
        picture = _CODE_PICTURE.format(code).encode()
        return self._begin(
            "code", code=code, code_picture=_data_url("image/svg+xml", picture)
        )

    @callback
    def async_follow(self, step_id: str) -> Progress | NextStep:
        """Return the progress to show in a step, or the step that comes next."""
        progress = self._progress
        if progress is None:
            return self._begin(step_id)
        if not progress.task.done():
            self._watch.async_see()
            return progress
        self._progress = None
        if progress.task.cancelled():
            return "failed"
        match progress.task.result():
            case bytes(qr_code):
                return self._show_qr_code(qr_code)
            case next_step:
                return next_step

    def _begin(self, step_id: str, **placeholders: str) -> Progress | NextStep:
        """Begin what is waited for in a step, with somebody who looks."""
        if self._account.is_gone:
            return self._account.async_fail("removed")
        self._watch.async_see()
        if step_id == "qr_code":
            self._tasks.async_ask_for_codes()
        action, wait = WAITS[step_id]
        return self._start(step_id, action, wait(self._waits), **placeholders)

    def _show_qr_code(self, qr_code: QrCode) -> Progress:
        """Show a QR code while the next one is waited for."""
        coming = self._waits.async_scan(qr_code)
        if not qr_code:
            return self._start("qr_code", "wait_for_server", coming)
        return self._start(
            "qr_code",
            "scan_qr_code",
            coming,
            qr_code=_data_url("image/png", qr_code),
        )

    def _start(
        self,
        step_id: str,
        action: str,
        coming: Coroutine[Any, Any, QrCode | NextStep],
        **placeholders: str,
    ) -> Progress:
        """Show progress until a coroutine has returned what comes next."""
        if self._progress:
            # A form was submitted twice.
            self._progress.task.cancel()
        task = self._tasks.async_run(action, self._async_announced(coming))
        self._progress = Progress(
            step_id, action, {**self.placeholders, **placeholders}, task
        )
        return self._progress

    async def _async_announced(
        self, coming: Coroutine[Any, Any, QrCode | NextStep]
    ) -> QrCode | NextStep:
        """Return what comes next when there is somebody to see it.

        Everything in Home Assistant sees at once that the account is linked: whoever
        links it may look at the messenger instead of the dialog.
        """
        outcome = await self._async_outcome(coming)
        if outcome == "linked":
            await self._account.async_refresh()
        await self._watch.async_wait_open()
        return outcome

    async def _async_outcome[T](self, coming: Coroutine[Any, Any, T]) -> T | NextStep:
        """Return what comes next, after a request that failed as well."""
        try:
            return await coming
        except GreenApiError as err:
            return self._account.async_fail(err)


def _data_url(media_type: str, content: bytes) -> str:
    """Return the URL of a picture that is in the URL itself."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
