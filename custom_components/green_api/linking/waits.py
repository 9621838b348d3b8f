"""What a dialog that links an account waits for."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, Final

from ..api import AccountState, ErrorKind, GreenApiError, InstanceState, QrKind
from ..const import QR_LIFE
from ..problem import RESTRICTED_STATES
from .account import Account, NextStep
from .watch import LOOK_INTERVAL, Watch, now

# Seconds between two QR codes.
QR_INTERVAL: Final = 5

# Seconds that a code lives, as the vendor says.
CODE_LIFE: Final = 150

# Seconds in which a QR code should be scanned, a linked account should work, an
# instance should start, and a phone should be logged out.
QR_TIMEOUT: Final = 180
LINKED_TIMEOUT: Final = 120
START_TIMEOUT: Final = 300
LOG_OUT_TIMEOUT: Final = 300

# A restricted account is linked; that it is restricted is another matter.
_LINKED_STATES: Final = RESTRICTED_STATES | {InstanceState.AUTHORIZED}

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
            self._qr_timeout_at = now() + QR_TIMEOUT
            return await self._async_get_qr_code()
        while now() < self._qr_timeout_at:
            if await self._async_wait_linked(QR_INTERVAL):
                return "linked"
            if not await self._watch.async_is_open():
                continue
            try:
                return await self._async_get_qr_code()
            except GreenApiError as err:
                is_alive = now() < self._qr_code_dies_at
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
        self._qr_code_dies_at = now() + QR_LIFE
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
                    is_open = await self._watch.async_is_open()
                    state = await self._async_look() if is_open else None
                    if state and holds(state):
                        return state
                    await asyncio.sleep(LOOK_INTERVAL)
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


def _is_linked(state: AccountState) -> bool:
    """Return whether an account in this state is linked."""
    return state.known in _LINKED_STATES


def _has_started(state: AccountState) -> bool:
    """Return whether an instance in this state has started."""
    return state.raw is not None and state.known is not InstanceState.STARTING
