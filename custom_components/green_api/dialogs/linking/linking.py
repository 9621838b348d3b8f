"""The linking of an account, behind the steps of a dialog."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback

from ...api import (
    AuthorizationKind,
    AuthorizationResponse,
    BadResponseError,
    GreenApiClient,
    GreenApiError,
)
from ...data import GreenApiConfigEntry
from .account_to_link import AccountToLink, NextStep
from .open_dialog import OpenDialog, View, code_view, is_gone
from .waits import WAITS, StateWait

type AuthorizationRequest = Callable[
    [GreenApiClient], Coroutine[Any, Any, AuthorizationResponse]
]

# Responses that lead to a step. All others are errors of the form.
_NEXT_STEPS: Final[Mapping[AuthorizationKind, NextStep]] = {
    AuthorizationKind.ALREADY_REGISTERED: "linking",
    AuthorizationKind.NOT_STARTED: "not_started",
}


class RefusedError(Exception):
    """Error to indicate that a number, a code or a password is refused."""

    def __init__(self, kind: AuthorizationKind) -> None:
        """Initialize with the reason."""
        super().__init__(kind.value)
        self.kind = kind


@dataclass(frozen=True, slots=True, repr=False)
class Progress:
    """What a step shows, and the task that returns what comes next.

    It is a progress step, or a menu whose step is the action.
    """

    step_id: str
    action: str
    placeholders: Mapping[str, str]
    task: asyncio.Task[View | NextStep]
    in_menu: bool


class Linking:
    """The linking of an account, behind the steps of a dialog."""

    _wait: StateWait
    _progress: Progress | None = None

    def __init__(
        self,
        hass: HomeAssistant,
        entry: GreenApiConfigEntry,
        notify_page: Callable[[], None],
    ) -> None:
        """Initialize the linking of an account."""
        self.account = AccountToLink(hass, entry)
        self._hass = hass
        self._dialog = OpenDialog(hass, self.account, notify_page)
        self._notify_page = notify_page

    @callback
    def async_close(self) -> None:
        """End all tasks with the dialog."""
        self._dialog.async_close()

    def async_choose_step(self) -> Coroutine[Any, Any, NextStep]:
        """Return the step that the state of the account leads to.

        Raises AbortFlow if the account was removed or disabled.
        """
        return self._dialog.async_result("choose_step", self.account.async_choose_step)

    async def async_get_code(self, phone_number: int) -> Progress | NextStep:
        """Return the code to show, or the step for an account that is already linked.

        Raises GreenApiError if there is no code, and AbortFlow if the account was
        removed or disabled.
        """
        self._dialog.async_take_over()
        try:
            code = await self._dialog.async_result(
                "get_code",
                lambda: self.account.client.get_authorization_code(phone_number),
            )
        except GreenApiError as err:
            is_odd = isinstance(err, BadResponseError)
            self.account.async_fail("no_code" if is_odd else err)
            raise
        if code is None:
            return self._begin("linking")
        return self._begin("code", code_view(WAITS["code"].action, code))

    def async_have_code_sent(
        self, phone_number: int
    ) -> Coroutine[Any, Any, Progress | NextStep]:
        """Make the messenger send a code to an account, like `async_authorize`."""
        return self.async_authorize(
            lambda client: client.start_authorization(phone_number),
            {AuthorizationKind.ACCEPTED: "confirm_code"},
        )

    async def async_authorize(
        self,
        request: AuthorizationRequest,
        next_steps: Mapping[AuthorizationKind, NextStep],
    ) -> Progress | NextStep:
        """Send a number, a code or a password, and return what comes next.

        Raises RefusedError if it is refused, GreenApiError if there is no response, and
        AbortFlow if the account was removed or disabled.
        """
        self._dialog.async_take_over()
        try:
            response = await self._dialog.async_result(
                "authorize", lambda: request(self.account.client)
            )
        except GreenApiError as err:
            is_odd = isinstance(err, BadResponseError)
            self.account.async_fail("refused" if is_odd else err)
            raise
        self.account.async_note_wait(response.retry_after)
        kind = response.kind
        if (step_id := {**_NEXT_STEPS, **next_steps}.get(kind)) is None:
            raise RefusedError(kind)
        return self._begin(step_id) if step_id in WAITS else step_id

    @callback
    def async_follow(self, step_id: str) -> Progress | NextStep:
        """Return the progress to show in a step, or the step that comes next."""
        progress = self._progress
        if progress is None or progress.step_id != step_id:
            return self._begin(step_id)
        if not progress.task.done():
            self._dialog.async_note_fetched()
            return progress
        self._progress = None
        if progress.task.cancelled():
            return "failed"
        match progress.task.result():
            case View() as view:
                return self._show(step_id, view)
            case next_step:
                return next_step

    def _begin(self, step_id: str, view: View | None = None) -> Progress | NextStep:
        """Begin the wait of a step."""
        if is_gone(self._hass, self.account.entry):
            return self.account.async_fail("removed")
        self._dialog.async_note_fetched()
        wait = WAITS[step_id]
        self._wait = wait.begin(self.account, self._dialog, wait)
        return self._show(step_id, view or View(wait.action, in_menu=wait.in_menu))

    def _show(self, step_id: str, view: View) -> Progress:
        """Show progress until the next step is known."""
        if self._progress:
            # A form was submitted twice.
            self._progress.task.cancel()
        task = self._dialog.async_run(view.action, self._wait.async_next())
        placeholders = {**self.account.placeholders, **view.placeholders}
        action = self.account.linkable.actions.get(view.action, view.action)
        self._progress = Progress(step_id, action, placeholders, task, view.in_menu)
        if view.in_menu:
            # Home Assistant follows the task of a progress step only.
            task.add_done_callback(self._async_done)
        return self._progress

    @callback
    def async_stop_following(self) -> None:
        """Stop waiting, because the dialog continues without the result."""
        progress, self._progress = self._progress, None
        if progress:
            progress.task.cancel()

    @callback
    def _async_done(self, task: asyncio.Task[View | NextStep]) -> None:
        """Notify the page, so that it fetches the next step."""
        if self._progress and self._progress.task is task:
            self._notify_page()
