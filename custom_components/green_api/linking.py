"""Link an account to a phone: the steps of a flow, and what runs behind them."""

import asyncio
import base64
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import AbortFlow, FlowHandler
from homeassistant.helpers.dispatcher import (
    async_dispatcher_connect,
    async_dispatcher_send,
)
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .api import BadResponseError, GreenApiError
from .const import DOMAIN
from .data import GreenApiConfigEntry
from .linking_waits import WAITS, Account, NextStep, QrCode, Waits, Watch
from .phone_number import InvalidPhoneNumberError, parse_phone_number

CONF_PHONE_NUMBER: Final = "phone_number"

# A dialog asks for codes for an account.
_SIGNAL_CODES: Final = f"{DOMAIN}_codes"

_PHONE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_PHONE_NUMBER): TextSelector(
            TextSelectorConfig(type=TextSelectorType.TEL, autocomplete="tel")
        )
    }
)


@dataclass(frozen=True, slots=True)
class _Progress:
    """A progress step: what it shows, and the task that returns what comes next."""

    step_id: str
    action: str
    placeholders: Mapping[str, str]
    task: asyncio.Task[QrCode | NextStep]


class Linking:
    """What runs behind the steps of a dialog.

    It ends with the dialog, when the account is removed or disabled, and when another
    dialog asks for codes for the same account.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: GreenApiConfigEntry,
        ping: Callable[[], None],
    ) -> None:
        """Initialize the linking of an account."""
        self._hass = hass
        self._account = Account(hass, entry)
        self._watch = Watch(ping)
        self._waits = Waits(self._account, self._watch)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._progress: _Progress | None = None
        self._stop_listening = (
            async_dispatcher_connect(
                hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._async_entry_changed
            ),
            async_dispatcher_connect(hass, _SIGNAL_CODES, self._async_codes_asked_for),
        )

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
        self._async_stop("removed")
        for stop_listening in self._stop_listening:
            stop_listening()

    async def async_choose_step(self) -> NextStep:
        """Return the step that the state of the account leads to."""
        if self._account.is_gone:
            return self._account.async_fail("removed")
        task = self._run(
            "choose_step", self._async_outcome(self._waits.async_choose_step())
        )
        return await self._async_result(task)

    async def async_get_code(self, phone_number: int) -> _Progress | NextStep:
        """Return the code to show; an account that is linked needs none."""
        if self._account.is_gone:
            return self._account.async_fail("removed")
        self._async_ask_for_codes()
        task = self._run(
            "get_code", self._account.client.get_authorization_code(phone_number)
        )
        try:
            code = await self._async_result(task)
        except GreenApiError as err:
            self._account.async_fail(err)
            raise
        if code is None:
            return self._begin("linking")
        middle = len(code) // 2
        # No line breaks at this hyphen.
        return self._begin("code", code=f"{code[:middle]}\u2011{code[middle:]}")

    @callback
    def async_follow(self, step_id: str) -> _Progress | NextStep:
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

    def _begin(self, step_id: str, **placeholders: str) -> _Progress | NextStep:
        """Begin what is waited for in a step, with somebody who looks."""
        if self._account.is_gone:
            return self._account.async_fail("removed")
        self._watch.async_see()
        if step_id == "qr_code":
            self._async_ask_for_codes()
        action, wait = WAITS[step_id]
        return self._start(step_id, action, wait(self._waits), **placeholders)

    def _show_qr_code(self, qr_code: QrCode) -> _Progress:
        """Show a QR code while the next one is waited for."""
        self._watch.async_change()
        coming = self._waits.async_scan(qr_code)
        if not qr_code:
            return self._start("qr_code", "wait_for_server", coming)
        picture = base64.b64encode(qr_code).decode()
        return self._start(
            "qr_code",
            "scan_qr_code",
            coming,
            qr_code=f"data:image/png;base64,{picture}",
        )

    def _start(
        self,
        step_id: str,
        action: str,
        coming: Coroutine[Any, Any, QrCode | NextStep],
        **placeholders: str,
    ) -> _Progress:
        """Show progress until a coroutine has returned what comes next."""
        if self._progress:
            # A form was submitted twice.
            self._progress.task.cancel()
        task = self._run(action, self._async_announced(coming))
        self._progress = _Progress(
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

    async def _async_result[T](self, task: asyncio.Task[T]) -> T:
        """Return the result of a task that ends before the step does."""
        await asyncio.wait([task])
        if task.cancelled():
            raise AbortFlow(self.failure, self.placeholders)
        return task.result()

    def _run[T](self, name: str, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a task that ends with the linking."""
        task = self._hass.async_create_background_task(coroutine, f"{DOMAIN} {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @callback
    def _async_ask_for_codes(self) -> None:
        """Be the only one who asks for codes for this account."""
        async_dispatcher_send(self._hass, _SIGNAL_CODES, self._account.entry, self)

    @callback
    def _async_codes_asked_for(self, entry: ConfigEntry, linking: Linking) -> None:
        """Leave the linking to another dialog."""
        if entry is self._account.entry and linking is not self:
            self._async_stop("continued_elsewhere")

    @callback
    def _async_entry_changed(
        self, change: ConfigEntryChange, entry: ConfigEntry
    ) -> None:
        """End with the account."""
        if entry is self._account.entry and self._account.is_gone:
            self._async_stop("removed")

    @callback
    def _async_stop(self, failure: str) -> None:
        """Cancel all tasks, and keep why."""
        if self._tasks:
            self._account.async_fail(failure)
        for task in self._tasks:
            task.cancel()


class LinkingFlow(FlowHandler[Any, Any, str]):
    """The steps of a flow that links an account.

    The flow says which account, begins with the step `link`, and has a step `linked`
    of its own.
    """

    _linking: Linking | None = None
    _phone_number = ""
    _ways: tuple[str, ...] = ("qr_code", "phone_number")

    @property
    def linked_entry(self) -> GreenApiConfigEntry:
        """Return the config entry of the account."""
        raise NotImplementedError

    @property
    def linking(self) -> Linking:
        """Return what runs behind the steps."""
        if self._linking is None:
            self._linking = Linking(
                self.hass, self.linked_entry, self.async_notify_flow_changed
            )
        return self._linking

    @callback
    @override
    def async_remove(self) -> None:
        """End everything: the flow manager ends but the task of a step it shows."""
        if self._linking:
            self._linking.async_close()

    async def async_step_link(self, user_input: dict[str, str] | None = None) -> Any:
        """Go on as the state of the account demands."""
        return await self.async_go_to(await self.linking.async_choose_step())

    async def async_go_to(self, step_id: str) -> Any:
        """Go to another step."""
        return await getattr(self, f"async_step_{step_id}")()

    async def async_step_ways(self, user_input: dict[str, str] | None = None) -> Any:
        """Offer the ways to link the account."""
        return self._show_ways("ways")

    async def async_step_qr_timeout(
        self, user_input: dict[str, str] | None = None
    ) -> Any:
        """Offer to go on when nobody has scanned the QR code."""
        return self._show_ways("qr_timeout")

    async def async_step_code_timeout(
        self, user_input: dict[str, str] | None = None
    ) -> Any:
        """Offer a new code when nobody has typed the last one."""
        return self._show_ways("code_timeout")

    async def async_step_phone_number(
        self, user_input: dict[str, str] | None = None
    ) -> Any:
        """Ask for the phone number, then for the code that belongs to it."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._phone_number = user_input[CONF_PHONE_NUMBER]
            try:
                return self._show(
                    await self.linking.async_get_code(
                        parse_phone_number(self._phone_number)
                    )
                )
            except InvalidPhoneNumberError:
                errors[CONF_PHONE_NUMBER] = "invalid_phone_number"
            except GreenApiError as err:
                errors["base"] = (
                    "no_code" if isinstance(err, BadResponseError) else err.kind
                )
        return self.async_show_form(
            step_id="phone_number",
            data_schema=self.add_suggested_values_to_schema(
                _PHONE_SCHEMA, {CONF_PHONE_NUMBER: self._phone_number}
            ),
            errors=errors,
            description_placeholders=self.linking.placeholders,
        )

    async def async_step_qr_code(self, user_input: dict[str, str] | None = None) -> Any:
        """Show the QR code, and the next one in its place."""
        return self._show(self.linking.async_follow("qr_code"))

    async def async_step_code(self, user_input: dict[str, str] | None = None) -> Any:
        """Show the code until the account is linked or the code is dead."""
        return self._show(self.linking.async_follow("code"))

    async def async_step_linking(self, user_input: dict[str, str] | None = None) -> Any:
        """Wait for an account that is linked to work."""
        return self._show(self.linking.async_follow("linking"))

    async def async_step_starting(
        self, user_input: dict[str, str] | None = None
    ) -> Any:
        """Wait for an instance that is starting."""
        return self._show(self.linking.async_follow("starting"))

    async def async_step_failed(self, user_input: dict[str, str] | None = None) -> Any:
        """Say why the account is not linked."""
        return self.async_abort(
            reason=self.linking.failure,
            description_placeholders=self.linking.placeholders,
        )

    def _show_ways(self, step_id: str) -> Any:
        """Show the ways to link an account."""
        return self.async_show_menu(
            step_id=step_id,
            menu_options=list(self._ways),
            description_placeholders=self.linking.placeholders,
        )

    def _show(self, coming: _Progress | NextStep) -> Any:
        """Show progress, or go on to the step that comes next."""
        if isinstance(coming, str):
            return self.async_show_progress_done(next_step_id=coming)
        return self.async_show_progress(
            step_id=coming.step_id,
            progress_action=coming.action,
            description_placeholders=coming.placeholders,
            progress_task=coming.task,
        )
