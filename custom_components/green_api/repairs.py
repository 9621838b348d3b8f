"""Fix flows: link the account again, reboot the instance."""

import asyncio
import base64
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
import re
from typing import TYPE_CHECKING, Any, Final, override

import voluptuous as vol

from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .api import GreenApiClient, GreenApiError, InstanceState, Messenger, QrKind
from .const import CONSOLE_URL, DOMAIN, MESSENGER_NAMES
from .data import GreenApiConfigEntry, GreenApiData
from .problem import RESTRICTED_STATES, Problem
from .reboot import async_reboot

if TYPE_CHECKING:
    from homeassistant.components.repairs import RepairsFlowResult

CONF_PHONE_NUMBER: Final = "phone_number"

# Seconds between two looks at the state, and between two QR codes.
LOOK_INTERVAL: Final = 2.5
QR_INTERVAL: Final = 5

# Seconds that a QR code lives and a code lives, as the vendor says.
QR_LIFE: Final = 20
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

# Answers that end the dialog, and the reason it gives; the rest is good news.
_ABORT_REASONS: Final[Mapping[QrKind, str]] = {
    QrKind.ERROR: "no_qr_code",
    QrKind.PASSKEY_REQUIRED: "passkey_required",
    QrKind.PENDING_PASSWORD: "password_required",
}

type _NextStep = str
type _QrCode = bytes


class AccountRepairFlow(RepairsFlow):
    """A fix flow for an account."""

    def __init__(self, entry: GreenApiConfigEntry) -> None:
        """Keep whose account it is."""
        self.entry = entry
        self.placeholders = {"name": entry.title, "console_url": CONSOLE_URL}

    @property
    def account(self) -> GreenApiData:
        """Return the runtime data; a dialog may be open for longer than they exist."""
        if self.entry.state is not ConfigEntryState.LOADED:
            raise AbortFlow("not_loaded", self.placeholders)
        return self.entry.runtime_data


class RebootRepairFlow(AccountRepairFlow):
    """Reboot an instance that is stuck."""

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Begin with the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask, then reboot."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                self.account  # noqa: B018
                await async_reboot(self.hass, self.entry)
            except HomeAssistantError as err:
                errors["base"] = err.translation_key or "unknown"
            else:
                return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders=self.placeholders,
        )


@dataclass(frozen=True, slots=True)
class _Wait:
    """A progress step: what it shows, and the task that ends it."""

    step_id: str
    action: str
    placeholders: Mapping[str, str]
    task: asyncio.Task[_QrCode | _NextStep]


class LinkRepairFlow(AccountRepairFlow):
    """Link an account that is logged out, by QR code or by a code for its phone.

    Both ways end by themselves when the account is linked. The task of a progress
    step returns what comes next: a fresh QR code to show, or the next step. Every
    task ends with the dialog, and with the config entry.
    """

    _client: GreenApiClient

    def __init__(self, entry: GreenApiConfigEntry) -> None:
        """Start without a way chosen."""
        super().__init__(entry)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._wait: _Wait | None = None
        self._deadline = 0.0
        self._answered_at = 0.0
        self._phone_number = ""
        self._reason = ""

    @callback
    @override
    def async_remove(self) -> None:
        """End all tasks: the flow manager ends but that of a step which is shown."""
        for task in self._tasks:
            task.cancel()

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Offer the two ways, or say where else the account is linked."""
        messenger = await self.account.settings.async_get_messenger()
        if messenger is not Messenger.WHATSAPP:
            return self.async_abort(
                reason="link_in_console",
                description_placeholders={
                    **self.placeholders,
                    "messenger": MESSENGER_NAMES[messenger],
                },
            )
        return self._show_ways("init")

    async def async_step_qr_timeout(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Offer to go on when nobody has scanned the QR code."""
        return self._show_ways("qr_timeout")

    async def async_step_code_timeout(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Offer a new code when nobody has typed the last one."""
        return self._show_ways("code_timeout")

    async def async_step_qr_code(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Show the QR code, and the next one in its place."""
        if self._wait is None:
            self._client = self.account.client
            self._deadline = self._now + QR_TIMEOUT
            return self._start("qr_code", "get_qr_code", self._async_scanned(None))
        return self._go_on(self._wait)

    async def async_step_phone_number(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask for the phone number, then for the code that belongs to it."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._phone_number = user_input[CONF_PHONE_NUMBER]
            number = _PHONE_NUMBER.fullmatch(
                _PHONE_PUNCTUATION.sub("", self._phone_number)
            )
            if number is None:
                errors[CONF_PHONE_NUMBER] = "invalid_phone_number"
            else:
                try:
                    return await self._async_show_code(int(number["digits"]))
                except GreenApiError as err:
                    errors["base"] = err.kind
        return self.async_show_form(
            step_id="phone_number",
            data_schema=self.add_suggested_values_to_schema(
                _PHONE_SCHEMA, {CONF_PHONE_NUMBER: self._phone_number}
            ),
            errors=errors,
            description_placeholders=self.placeholders,
        )

    async def async_step_code(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Show the code until the account is linked or the code is dead."""
        if TYPE_CHECKING:
            assert self._wait is not None
        return self._go_on(self._wait)

    async def async_step_linking(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Wait for an account that is linked to work."""
        if self._wait is None:
            return self._start("linking", "finish_linking", self._async_finished())
        return self._go_on(self._wait)

    async def async_step_linked(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Say that the account is linked."""
        return self.async_create_entry(data={})

    async def async_step_failed(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Say why it does not work this way."""
        return self.async_abort(
            reason=self._reason, description_placeholders=self.placeholders
        )

    @property
    def _now(self) -> float:
        """Return the time of the clock that waits are measured with, in seconds."""
        return self.hass.loop.time()

    async def _async_show_code(self, phone_number: int) -> RepairsFlowResult:
        """Ask for a code and show it; a linked account needs none."""
        self._client = self.account.client
        request = self._run(
            "get_code", self._client.get_authorization_code(phone_number)
        )
        await asyncio.wait([request])
        if request.cancelled():
            raise AbortFlow("not_loaded", self.placeholders)
        code = request.result()
        if code is None:
            return await self.async_step_linking()
        middle = len(code) // 2
        return self._start(
            "code",
            "enter_code",
            self._async_typed(),
            code=f"{code[:middle]}-{code[middle:]}",
        )

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
        if reason := _ABORT_REASONS.get(answer.kind):
            # "Instance has auth" is an error as well.
            return "linked" if await self._async_is_linked() else self._fail(reason)
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

    def _fail(self, reason: str) -> _NextStep:
        """Keep the reason for the step that tells it."""
        self._reason = reason
        return "failed"

    def _show_ways(self, step_id: str) -> RepairsFlowResult:
        """Show the ways to link an account."""
        return self.async_show_menu(
            step_id=step_id,
            menu_options=["qr_code", "phone_number"],
            description_placeholders=self.placeholders,
        )

    def _start(
        self,
        step_id: str,
        action: str,
        coroutine: Coroutine[Any, Any, _QrCode | _NextStep],
        **placeholders: str,
    ) -> RepairsFlowResult:
        """Show progress until a coroutine has returned what comes next."""
        task = self._run(action, self._async_announced(coroutine))
        self._wait = _Wait(step_id, action, self.placeholders | placeholders, task)
        return self._show(self._wait)

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
        task = self.entry.async_create_background_task(
            self.hass, coroutine, f"{DOMAIN} {name}"
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _go_on(self, wait: _Wait) -> RepairsFlowResult:
        """Show progress while there is none, then what comes next."""
        if not wait.task.done():
            return self._show(wait)
        outcome = (
            self._fail("not_loaded") if wait.task.cancelled() else wait.task.result()
        )
        if isinstance(outcome, bytes):
            return self._start(
                "qr_code",
                "scan_qr_code",
                self._async_scanned(outcome),
                qr_code=f"data:image/png;base64,{base64.b64encode(outcome).decode()}",
            )
        self._wait = None
        return self.async_show_progress_done(next_step_id=outcome)

    def _show(self, wait: _Wait) -> RepairsFlowResult:
        """Show progress."""
        return self.async_show_progress(
            step_id=wait.step_id,
            progress_action=wait.action,
            description_placeholders=wait.placeholders,
            progress_task=wait.task,
        )


_FLOWS: Final[Mapping[Problem, type[AccountRepairFlow]]] = {
    Problem.LOGGED_OUT: LinkRepairFlow,
    Problem.STUCK_STARTING: RebootRepairFlow,
}


async def async_create_fix_flow(
    hass: HomeAssistant,
    issue_id: str,
    data: Mapping[str, str | int | float | None] | None,
) -> RepairsFlow:
    """Return the flow that fixes an issue."""
    entry_id = str((data or {})["entry_id"])
    problem = Problem(issue_id.removeprefix(f"{entry_id}_"))
    return _FLOWS[problem](hass.config_entries.async_get_known_entry(entry_id))
