"""Link an account to a phone: the steps of a flow, and what runs behind them."""

import asyncio
import base64
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
import re
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import AbortFlow, FlowHandler
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .api import GreenApiClient, GreenApiError, InstanceState, Messenger, QrKind
from .const import CONSOLE_URL, DOMAIN, MESSENGER_NAMES, QR_LIFE
from .data import GreenApiConfigEntry, GreenApiData
from .problem import RESTRICTED_STATES

CONF_PHONE_NUMBER: Final = "phone_number"

# Seconds between two looks at the state, and between two QR codes.
LOOK_INTERVAL: Final = 2.5
QR_INTERVAL: Final = 5

# Seconds that a code lives, as the vendor says.
CODE_LIFE: Final = 150

# Seconds in which a QR code should be scanned, and a linked account should work.
QR_TIMEOUT: Final = 180
LINKED_TIMEOUT: Final = 120

_PHONE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_PHONE_NUMBER): TextSelector(
            TextSelectorConfig(type=TextSelectorType.TEL, autocomplete="tel")
        )
    }
)
# Marks of writing direction come along when a number is copied.
_PHONE_PUNCTUATION: Final = re.compile(
    r"[\s().\u200e\u200f\u2010-\u2015\u202a-\u202e\u2066-\u2069-]"
)
_PHONE_NUMBER: Final = re.compile(r"(?:\+|00)?(?P<digits>[1-9][0-9]{6,14})")

# A restricted account is linked; that it is restricted is another matter.
_LINKED_STATES: Final = RESTRICTED_STATES | {InstanceState.AUTHORIZED}

# Answers that end the linking, and the reason it gives; the rest is good news.
_FAILURES: Final[Mapping[QrKind, str]] = {
    QrKind.ERROR: "no_qr_code",
    QrKind.PASSKEY_REQUIRED: "passkey_required",
    QrKind.PENDING_PASSWORD: "password_required",
}

type _QrCode = bytes
type _NextStep = str


@dataclass(frozen=True, slots=True)
class _Progress:
    """A progress step: what it shows, and the task that returns what comes next."""

    step_id: str
    action: str
    placeholders: Mapping[str, str]
    task: asyncio.Task[_QrCode | _NextStep]


class Linking:
    """Ask for codes, and for the state of the account until it is linked.

    Every task ends with the dialog, and with the config entry.
    """

    def __init__(self, hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
        """Initialize the linking of an account."""
        self.failure = ""
        self._hass = hass
        self._entry = entry
        self._client: GreenApiClient
        self._tasks: set[asyncio.Task[Any]] = set()
        self._code = ""
        self._progress: _Progress | None = None
        self._deadline = 0.0
        self._answered_at = 0.0

    @property
    def placeholders(self) -> Mapping[str, str]:
        """Return the placeholders that all texts have."""
        return {"name": self._entry.title, "console_url": CONSOLE_URL}

    @property
    def account(self) -> GreenApiData:
        """Return the runtime data; a dialog may be open for longer than they exist."""
        if self._entry.state is not ConfigEntryState.LOADED:
            raise AbortFlow("not_loaded", self.placeholders)
        return self._entry.runtime_data

    @callback
    def async_stop(self) -> None:
        """Cancel all tasks."""
        for task in self._tasks:
            task.cancel()

    async def async_get_code(self, phone_number: int) -> _Progress | _NextStep:
        """Return the code to show; an account that is linked needs none."""
        self._client = self.account.client
        request = self._run(
            "get_code", self._client.get_authorization_code(phone_number)
        )
        await asyncio.wait([request])
        if request.cancelled():
            raise AbortFlow("not_loaded", self.placeholders)
        self._code = request.result() or ""
        self._progress = None
        return self.async_follow("code" if self._code else "linking")

    @callback
    def async_follow(self, step_id: str) -> _Progress | _NextStep:
        """Return the progress to show in a step, or the step that comes next."""
        progress = self._progress
        if progress is None:
            return self._begin(step_id)
        if not progress.task.done():
            return progress
        self._progress = None
        if progress.task.cancelled():
            return self._fail("not_loaded")
        result = progress.task.result()
        if isinstance(result, str):
            return result
        return self._start(
            step_id,
            "scan_qr_code",
            self._async_scanned(result),
            qr_code=f"data:image/png;base64,{base64.b64encode(result).decode()}",
        )

    def _begin(self, step_id: str) -> _Progress:
        """Begin what is waited for in a step."""
        match step_id:
            case "qr_code":
                self._client = self.account.client
                self._deadline = self._now + QR_TIMEOUT
                return self._start(step_id, "get_qr_code", self._async_scanned(None))
            case "code":
                middle = len(self._code) // 2
                code = f"{self._code[:middle]}-{self._code[middle:]}"
                return self._start(
                    step_id, "enter_code", self._async_typed(), code=code
                )
        return self._start(step_id, "finish_linking", self._async_finished())

    @property
    def _now(self) -> float:
        """Return the time of the clock that waits are measured with, in seconds."""
        return self._hass.loop.time()

    async def _async_scanned(self, shown: _QrCode | None) -> _QrCode | _NextStep:
        """Return the QR code to show next, or the step that comes next."""
        if shown and await self._async_wait_linked(QR_INTERVAL):
            return "linked"
        if self._now >= self._deadline:
            return "qr_timeout"
        try:
            answer = await self._client.get_qr()
        except GreenApiError as err:
            alive = self._now < self._answered_at + QR_LIFE
            return shown if shown and alive else self._fail(err.kind)
        self._answered_at = self._now
        if failure := _FAILURES.get(answer.kind):
            # "Instance has auth" is an error as well.
            return "linked" if await self._async_is_linked() else self._fail(failure)
        return answer.image or "linking"

    async def _async_typed(self) -> _NextStep:
        """Wait for the code to be typed on the phone."""
        return "linked" if await self._async_wait_linked(CODE_LIFE) else "code_timeout"

    async def _async_finished(self) -> _NextStep:
        """Wait for GREEN-API to finish what the phone has begun."""
        if await self._async_wait_linked(LINKED_TIMEOUT):
            return "linked"
        return self._fail("not_working_yet")

    async def _async_wait_linked(self, seconds: float) -> bool:
        """Look at the state until the account is linked; return whether it is."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    if await self._async_is_linked():
                        return True
                    await asyncio.sleep(LOOK_INTERVAL)
        return False

    async def _async_is_linked(self) -> bool:
        """Return whether the account is linked, as far as the server says."""
        try:
            state = await self._client.get_state()
        except GreenApiError:
            return False
        return state.known in _LINKED_STATES

    def _fail(self, failure: str) -> _NextStep:
        """Keep what went wrong for the step that tells it."""
        self.failure = failure
        return "failed"

    def _start(
        self,
        step_id: str,
        action: str,
        coroutine: Coroutine[Any, Any, _QrCode | _NextStep],
        **placeholders: str,
    ) -> _Progress:
        """Show progress until a coroutine has returned what comes next."""
        task = self._run(action, self._async_announced(coroutine))
        self._progress = _Progress(
            step_id, action, {**self.placeholders, **placeholders}, task
        )
        return self._progress

    async def _async_announced(
        self, coming: Coroutine[Any, Any, _QrCode | _NextStep]
    ) -> _QrCode | _NextStep:
        """Let everything in Home Assistant see that the account is linked.

        At once: whoever links it may look at the messenger instead of the dialog, and
        a step comes only when the dialog is looked at.
        """
        outcome = await coming
        if outcome == "linked":
            await self.account.coordinator.async_refresh()
        return outcome

    def _run[T](self, name: str, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a task for as long as the dialog is open and the config entry loaded."""
        task = self._entry.async_create_background_task(
            self._hass, coroutine, f"{DOMAIN} {name}"
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


class LinkingFlow(FlowHandler[Any, Any, str]):
    """The steps of a flow that links an account.

    The flow begins with `async_begin_linking`, and has a step `linked` of its own.
    """

    _linking: Linking
    _phone_number = ""

    @callback
    @override
    def async_remove(self) -> None:
        """End all tasks: the flow manager ends but that of a step which is shown."""
        self._linking.async_stop()

    async def async_begin_linking(self, entry: GreenApiConfigEntry) -> Any:
        """Offer the two ways, or say where else the account is linked."""
        self._linking = Linking(self.hass, entry)
        messenger = await self._linking.account.settings.async_get_messenger()
        if messenger is not Messenger.WHATSAPP:
            return self.async_abort(
                reason="link_in_console",
                description_placeholders={
                    **self._linking.placeholders,
                    "messenger": MESSENGER_NAMES[messenger],
                },
            )
        return self._show_ways("init")

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

    async def async_step_qr_code(self, user_input: dict[str, str] | None = None) -> Any:
        """Show the QR code, and the next one in its place."""
        return self._show(self._linking.async_follow("qr_code"))

    async def async_step_phone_number(
        self, user_input: dict[str, str] | None = None
    ) -> Any:
        """Ask for the phone number, then for the code that belongs to it."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._phone_number = user_input[CONF_PHONE_NUMBER]
            try:
                return self._show(
                    await self._linking.async_get_code(_number(self._phone_number))
                )
            except ValueError:
                errors[CONF_PHONE_NUMBER] = "invalid_phone_number"
            except GreenApiError as err:
                errors["base"] = err.kind
        return self.async_show_form(
            step_id="phone_number",
            data_schema=self.add_suggested_values_to_schema(
                _PHONE_SCHEMA, {CONF_PHONE_NUMBER: self._phone_number}
            ),
            errors=errors,
            description_placeholders=self._linking.placeholders,
        )

    async def async_step_code(self, user_input: dict[str, str] | None = None) -> Any:
        """Show the code until the account is linked or the code is dead."""
        return self._show(self._linking.async_follow("code"))

    async def async_step_linking(self, user_input: dict[str, str] | None = None) -> Any:
        """Wait for an account that is linked to work."""
        return self._show(self._linking.async_follow("linking"))

    async def async_step_failed(self, user_input: dict[str, str] | None = None) -> Any:
        """Say why it does not work this way."""
        return self.async_abort(
            reason=self._linking.failure,
            description_placeholders=self._linking.placeholders,
        )

    def _show_ways(self, step_id: str) -> Any:
        """Show the ways to link an account."""
        return self.async_show_menu(
            step_id=step_id,
            menu_options=["qr_code", "phone_number"],
            description_placeholders=self._linking.placeholders,
        )

    def _show(self, coming: _Progress | _NextStep) -> Any:
        """Show progress, or go on to the step that comes next."""
        if isinstance(coming, str):
            return self.async_show_progress_done(next_step_id=coming)
        return self.async_show_progress(
            step_id=coming.step_id,
            progress_action=coming.action,
            description_placeholders=coming.placeholders,
            progress_task=coming.task,
        )


def _number(text: str) -> int:
    """Return the phone number that a text stands for."""
    number = _PHONE_NUMBER.fullmatch(_PHONE_PUNCTUATION.sub("", text))
    if number is None:
        raise ValueError
    return int(number["digits"])
