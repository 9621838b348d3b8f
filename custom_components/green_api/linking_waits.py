"""What a dialog that links an account waits for."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from .api import (
    AccountState,
    ErrorKind,
    GreenApiClient,
    GreenApiError,
    InstanceState,
    Messenger,
    QrKind,
    RateLimitedError,
)
from .client import async_create_client
from .const import CONSOLE_URL, MESSENGER_NAMES, QR_LIFE
from .data import GreenApiConfigEntry
from .exceptions import RATE_LIMIT_MINUTES, minutes_to_wait
from .problem import RESTRICTED_STATES

# Seconds between two looks at the state, and between two QR codes.
LOOK_INTERVAL: Final = 2.5
QR_INTERVAL: Final = 5

# Seconds that a code lives, as the vendor says.
CODE_LIFE: Final = 150

# Seconds in which a QR code should be scanned, a linked account should work, an
# instance should start, and a phone should be logged out.
QR_TIMEOUT: Final = 180
LINKED_TIMEOUT: Final = 120
START_TIMEOUT: Final = 300
LOG_OUT_TIMEOUT: Final = 300

# Seconds after which a dialog is asked whether it is still open, and after which one
# that does not answer counts as closed.
PING_INTERVAL: Final = 10
WATCHED_FOR: Final = 12

# Seconds for which a dialog that counts as closed is told how the linking has ended:
# the page may only be asleep behind the messenger on the same phone.
TOLD_FOR: Final = 600

# A restricted account is linked; that it is restricted is another matter.
_LINKED_STATES: Final = RESTRICTED_STATES | {InstanceState.AUTHORIZED}

# The step that a state leads to, or else the reason why the account is not linked
# here. In a state that is not known, linking is worth a try.
_STEPS: Final[Mapping[InstanceState | None, str]] = {
    InstanceState.AUTHORIZED: "linked",
    InstanceState.NOT_AUTHORIZED: "ways",
    InstanceState.PENDING_CODE: "ways",
    InstanceState.STARTING: "starting",
}
_STATE_FAILURES: Final[Mapping[InstanceState | None, str]] = {
    InstanceState.BLOCKED: "blocked",
    InstanceState.PENDING_PASSWORD: "password_required",
    InstanceState.SLEEP_MODE: "asleep",
    InstanceState.SUSPENDED: "restricted",
    InstanceState.YELLOW_CARD: "restricted",
}

# Answers that end the linking, and the reason it gives; the rest is good news.
_QR_FAILURES: Final[Mapping[QrKind, str]] = {
    QrKind.ERROR: "no_qr_code",
    QrKind.PASSKEY_REQUIRED: "passkey_required",
    QrKind.PENDING_PASSWORD: "password_required",
}

# Failures that pass by themselves.
_PASSING: Final = frozenset(
    {ErrorKind.CANNOT_CONNECT, ErrorKind.RATE_LIMITED, ErrorKind.UNKNOWN_HOST}
)

# A QR code to show, empty while there is none.
type QrCode = bytes
type NextStep = str


class Watch:
    """Whether somebody looks at a dialog.

    The frontend fetches what a dialog shows whenever it is told that there is
    something new; a page that was closed does not.
    """

    def __init__(self, ping: Callable[[], None]) -> None:
        """Initialize the watch of a dialog that was just opened."""
        self.is_seen = True
        self._ping = ping
        self._seen_at = self._pinged_at = _now()

    @property
    def is_open(self) -> bool:
        """Return whether the dialog is open, as far as can be told."""
        return _now() < self._seen_at + WATCHED_FOR

    @callback
    def async_change(self) -> None:
        """Note that there is something new to see."""
        self.is_seen = False

    @callback
    def async_see(self) -> None:
        """Note that somebody looks."""
        self.is_seen = True
        self._seen_at = _now()

    async def async_sleep(self) -> None:
        """Sleep until the next look is due, and ask whether the dialog is open."""
        await asyncio.sleep(LOOK_INTERVAL)
        if _now() >= max(self._seen_at, self._pinged_at) + PING_INTERVAL:
            self._pinged_at = _now()
            self._ping()

    async def async_wait_open(self) -> None:
        """Wait until the dialog is open, but not for ever."""
        with suppress(TimeoutError):
            async with asyncio.timeout(TOLD_FOR):
                while not self.is_open:
                    await self.async_sleep()


class Account:
    """The account that is to be linked, and what went wrong."""

    def __init__(self, hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
        """Initialize the account."""
        self.entry = entry
        self.failure = ""
        self._hass = hass
        self._messenger = Messenger.WHATSAPP
        self._minutes = RATE_LIMIT_MINUTES

    @property
    def placeholders(self) -> Mapping[str, str]:
        """Return what every text may name."""
        return {
            "name": self.entry.title,
            "console_url": CONSOLE_URL,
            "messenger": MESSENGER_NAMES[self._messenger],
            "minutes": str(self._minutes),
        }

    @property
    def client(self) -> GreenApiClient:
        """Return a client with the present address and token.

        It is not that of the coordinator: a dialog survives a reload.
        """
        return async_create_client(self._hass, self.entry.data)

    @property
    def is_gone(self) -> bool:
        """Return whether the account was removed or disabled."""
        return is_gone(self._hass, self.entry)

    @callback
    def async_fail(self, failure: GreenApiError | str) -> NextStep:
        """Keep what went wrong for the step that tells it."""
        if isinstance(failure, RateLimitedError):
            self._minutes = minutes_to_wait(failure)
        self.failure = failure if isinstance(failure, str) else failure.kind
        return "failed"

    async def async_step_of(self, state: AccountState) -> NextStep:
        """Return the step that a state leads to."""
        if self.entry.state is ConfigEntryState.LOADED:
            self._messenger = (
                await self.entry.runtime_data.settings.async_get_messenger()
            )
        if state.raw is None:
            return "starting"
        if failure := _STATE_FAILURES.get(state.known):
            return self.async_fail(failure)
        step_id = _STEPS.get(state.known, "ways")
        if step_id == "ways" and self._messenger is not Messenger.WHATSAPP:
            return self.async_fail("link_in_console")
        return step_id

    async def async_refresh(self) -> None:
        """Let everything in Home Assistant see the state that the account is in."""
        if self.entry.state is ConfigEntryState.LOADED:
            await self.entry.runtime_data.coordinator.async_refresh()


class Waits:
    """What is waited for: coroutines that return a QR code to show, or a step.

    They ask for nothing while nobody looks at the dialog.
    """

    def __init__(self, account: Account, watch: Watch) -> None:
        """Initialize the waits for an account."""
        self._account = account
        self._watch = watch
        self._qr_code_dies_at = 0.0
        self._qr_timeout_at = 0.0

    async def async_choose_step(self) -> NextStep:
        """Return the step that the state of the account leads to."""
        state = await self._account.client.get_state()
        return await self._account.async_step_of(state)

    async def async_start(self) -> NextStep:
        """Wait for the instance to start."""
        return await self._async_go_on(_has_started, START_TIMEOUT, "still_starting")

    async def async_log_out(self) -> NextStep:
        """Wait for the phone that is linked to be logged out."""
        return await self._async_go_on(
            lambda state: not _is_linked(state), LOG_OUT_TIMEOUT, "still_linked"
        )

    async def async_scan(self, shown: QrCode | None = None) -> QrCode | NextStep:
        """Return the QR code to show next, or the step that comes next."""
        if shown is None:
            self._qr_timeout_at = _now() + QR_TIMEOUT
            return await self._async_get_qr_code()
        while _now() < self._qr_timeout_at:
            if await self._async_wait_linked(QR_INTERVAL):
                return "linked"
            if shown and not self._watch.is_seen:
                continue
            try:
                return await self._async_get_qr_code()
            except GreenApiError as err:
                is_alive = _now() < self._qr_code_dies_at
                if err.kind not in _PASSING and not is_alive:
                    raise
            if shown and not is_alive:
                return b""
        return "qr_timeout"

    async def async_type(self) -> NextStep:
        """Wait for the code to be typed on the phone."""
        return "linked" if await self._async_wait_linked(CODE_LIFE) else "code_timeout"

    async def async_finish(self) -> NextStep:
        """Wait for GREEN-API to finish what the phone has begun."""
        if await self._async_wait_linked(LINKED_TIMEOUT):
            return "linked"
        return self._account.async_fail("not_working_yet")

    async def _async_get_qr_code(self) -> QrCode | NextStep:
        """Return a QR code, or the step that the answer leads to."""
        answer = await self._account.client.get_qr()
        self._qr_code_dies_at = _now() + QR_LIFE
        if failure := _QR_FAILURES.get(answer.kind):
            # "Instance has auth" is an error as well.
            state = await self._async_look()
            if state and _is_linked(state):
                return "linked"
            return self._account.async_fail(failure)
        return answer.image or "linking"

    async def _async_wait_linked(self, seconds: float) -> bool:
        """Wait for the account to be linked, and return whether it is."""
        return await self._async_wait(_is_linked, seconds) is not None

    async def _async_go_on(
        self, holds: Callable[[AccountState], bool], seconds: float, failure: str
    ) -> NextStep:
        """Wait until something holds of the state, and return where it leads to."""
        state = await self._async_wait(holds, seconds)
        if state is None:
            return self._account.async_fail(failure)
        return await self._account.async_step_of(state)

    async def _async_wait(
        self, holds: Callable[[AccountState], bool], seconds: float
    ) -> AccountState | None:
        """Look at the state until something holds of it; None if it never does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    state = await self._async_look() if self._watch.is_open else None
                    if state and holds(state):
                        return state
                    await self._watch.async_sleep()
        return None

    async def _async_look(self) -> AccountState | None:
        """Return the state of the account, if the server tells it."""
        try:
            return await self._account.client.get_state()
        except GreenApiError:
            return None


# What a step shows first, and what is waited for meanwhile.
WAITS: Final[
    Mapping[str, tuple[str, Callable[[Waits], Coroutine[Any, Any, QrCode | NextStep]]]]
] = {
    "code": ("enter_code", Waits.async_type),
    "linking": ("finish_linking", Waits.async_finish),
    "log_out": ("log_out", Waits.async_log_out),
    "qr_code": ("get_qr_code", Waits.async_scan),
    "starting": ("start_instance", Waits.async_start),
}


def is_gone(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Return whether a config entry was removed or disabled."""
    return (
        hass.config_entries.async_get_entry(entry.entry_id) is None
        or entry.disabled_by is not None
    )


def _now() -> float:
    """Return the time of the clock that waits are measured with, in seconds."""
    return asyncio.get_running_loop().time()


def _is_linked(state: AccountState) -> bool:
    """Return whether an account in this state is linked."""
    return state.known in _LINKED_STATES


def _has_started(state: AccountState) -> bool:
    """Return whether an instance in this state has started."""
    return state.raw is not None and state.known is not InstanceState.STARTING
