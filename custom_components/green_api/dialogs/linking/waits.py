"""What a dialog that links an account waits for.

A dialog requests nothing while it is not open, and each of its waits ends:

| What is requested | Until |
| --- | --- |
| QR codes, and the state | a phone is linked, or three minutes are over |
| the state, while a code can be entered | a phone is linked, or the code has expired |
| the state of an account that is reported as linked | it works, or two minutes |
| the state, after a code or a password was accepted | it works, or two minutes |
| the state, while a passkey is used in the console | it is linked, or ten minutes |
| the state of an instance that is starting | it has started, or five minutes |
| the state of an account to be logged out | it is, or five minutes |

All of them end earlier when the responses agree for some seconds on another state, when
the dialog is closed, when the account is removed or disabled, and when another dialog
requests codes. `WAITS` has a row for each of them.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Final, NamedTuple, override

from homeassistant.core import callback

from ...api import (
    AccountState,
    ErrorKind,
    GreenApiError,
    InstanceState,
    QrResponse,
)
from ...const import QR_LIFE
from ...decisions.problem import ACCOUNT_FAILURES, RESTRICTED_STATES, AccountResponse
from .account_to_link import HOPELESS, AccountToLink, NextStep
from .open_dialog import OpenDialog, View, qr_code_view

# Seconds between two requests for the state of the account, and for QR codes.
LOOK_INTERVAL: Final = 2.5
QR_INTERVAL: Final = 5

# Seconds for which a code is valid, according to the vendor.
CODE_LIFE: Final = 150

# Seconds in which a QR code should be scanned, a linked account should work, an
# instance should start, a passkey should be used, and a phone should be logged out.
QR_TIMEOUT: Final = 180
LINKED_TIMEOUT: Final = 120
START_TIMEOUT: Final = 300
PASSKEY_TIMEOUT: Final = 600
LOG_OUT_TIMEOUT: Final = 300

# Seconds for which a result is kept for a page that does not show the dialog: it may
# only be asleep behind the messenger on the same phone.
OUTCOME_LIFE: Final = 600

# Seconds for which responses agree before they lead to another step.
AGREED_FOR: Final = 5

# The same for states that may outlast the code or the password that was accepted.
SETTLED_AFTER: Final = 30

# Seconds between two checks of whether a code has expired.
_TICK: Final = 1

# Seconds after which a failure is that of a slow server.
_SLOW: Final = 10

_LINKED_STATES: Final = RESTRICTED_STATES | {InstanceState.AUTHORIZED}

# Failures that pass by themselves.
_PASSING: Final = frozenset(
    {ErrorKind.CANNOT_CONNECT, ErrorKind.RATE_LIMITED, ErrorKind.UNKNOWN_HOST}
)


def is_linked(response: AccountResponse) -> bool:
    """Return whether an account is linked, according to a response.

    A restricted account is linked as well.
    """
    return isinstance(response, AccountState) and response.known in _LINKED_STATES


def has_started(response: AccountResponse) -> bool:
    """Return whether an instance has started, according to a response."""
    return (
        isinstance(response, AccountState)
        and response.raw is not None
        and response.known is not InstanceState.STARTING
    )


def is_logged_out(response: AccountResponse) -> bool:
    """Return whether an account is not linked, which is unknown while it starts."""
    return has_started(response) and not is_linked(response)


def _is_passing(response: AccountResponse | None) -> bool:
    """Return whether a response is a failure that passes by itself."""
    return isinstance(response, GreenApiError) and response.kind in _PASSING


class StateWait:
    """Wait for a state of the account.

    What is waited for counts at once. Everything else counts when the responses agree
    on it for some seconds: it takes a code away, or ends the dialog, and a server may
    be wrong for a moment.
    """

    def __init__(
        self, account: AccountToLink, dialog: OpenDialog, wait: WaitDescription
    ) -> None:
        """Initialize the wait without a response."""
        self._account = account
        self._dialog = dialog
        self._wait = wait
        self._now = asyncio.get_running_loop().time
        self._last: AccountResponse | None = None
        self._other: str | None = None
        self._other_since = 0.0

    async def async_next(self) -> View | NextStep:
        """Return what to show next, or the next step, when a page can show it.

        Everything in Home Assistant shows at once that the account is linked: a person
        who links it may look at the messenger instead of the dialog.
        """
        coming = await self._async_wait()
        if coming == "linked":
            await self._account.async_refresh()
        with suppress(TimeoutError):
            async with asyncio.timeout(OUTCOME_LIFE):
                while not await self._dialog.async_is_open():
                    pass
        return coming

    async def _async_wait(self) -> View | NextStep:
        """Return what to show next, or the next step."""
        try:
            async with asyncio.timeout(self._wait.seconds):
                while True:
                    while not await self._dialog.async_is_open():
                        pass
                    response = self._last = await self._account.async_get_state()
                    if self._is_certain(response):
                        break
                    await asyncio.sleep(LOOK_INTERVAL)
        except TimeoutError:
            return self._async_give_up()
        return await self._async_step_after(response)

    def _is_certain(self, response: AccountResponse) -> bool:
        """Return whether the wait is over after a response."""
        other = self._other_step(response)
        if other != self._other:
            self._other = other
            self._other_since = self._now()
        return self._wait.awaited(response) or (
            other is not None
            and self._now() >= self._other_since + self._wait.agreed_for(response)
        )

    def _other_step(self, response: AccountResponse) -> str | None:
        """Return the step or the failure that a response leads to, if not awaited."""
        if isinstance(response, GreenApiError):
            return response.kind if response.kind in self._wait.failures else None
        linkable = self._account.linkable
        step_id = linkable.step_of(response)
        if not self._wait.is_for_link or response.known in self._wait.ignored:
            return None
        return step_id if step_id != linkable.menu else None

    async def _async_step_after(self, response: AccountResponse) -> NextStep:
        """Return the step that a response leads to."""
        if self._wait.is_for_link and is_linked(response):
            return "linked"
        return await self._account.async_step_after(response)

    @callback
    def _async_give_up(self) -> NextStep:
        """Return the step after the timeout, which depends on the last response."""
        if self._wait.step_at_last:
            return self._wait.step_at_last
        if isinstance(self._last, GreenApiError):
            return self._account.async_fail(self._last)
        is_starting = self._last is not None and not has_started(self._last)
        return self._account.async_fail(
            "still_starting" if is_starting else self._wait.failure_at_last
        )


class QrCodeWait(StateWait):
    """Show QR codes until one of them is scanned.

    GREEN-API may take a minute for a QR code, and the state of the account may change
    in that time: neither request waits for the other.
    """

    def __init__(
        self, account: AccountToLink, dialog: OpenDialog, wait: WaitDescription
    ) -> None:
        """Initialize the codes, and request the first one."""
        super().__init__(account, dialog, wait)
        dialog.async_take_over()
        self._action = wait.action
        self._requested_at = self._expires_at = self._now()
        self._is_first = True
        self._failure: GreenApiError | None = None
        self._state_task = dialog.async_run("look", super()._async_wait())
        self._code_task = dialog.async_run("qr", self._async_request_in(0))

    @override
    async def _async_wait(self) -> View | NextStep:
        """Return what to show next, or the next step."""
        coming: View | NextStep | None = None
        try:
            while not coming:
                await asyncio.wait(
                    {self._state_task, self._code_task},
                    timeout=_TICK,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                coming = await self._async_read()
        finally:
            if not isinstance(coming, View):
                self._state_task.cancel()
                self._code_task.cancel()
        return coming

    async def _async_read(self) -> View | NextStep | None:
        """Return what follows from the responses, or from the time that has passed."""
        coming: View | NextStep | None = None
        if self._state_task.done():
            return self._state_task.result()
        if self._code_task.done():
            response = self._code_task.result()
            coming = await self._async_handle_response(response)
            self._code_task = self._dialog.async_run(
                "qr", self._async_request_in(QR_INTERVAL)
            )
        return coming or await self._async_take_away()

    async def _async_handle_response(
        self, response: QrResponse | GreenApiError
    ) -> View | NextStep | None:
        """Return the QR code to show, or the step that the response leads to."""
        is_first, self._is_first = self._is_first, False
        if isinstance(response, GreenApiError):
            return await self._async_failed(response, is_first=is_first)
        self._failure = None
        self._expires_at = self._now() + QR_LIFE
        if step := self._account.linkable.qr_steps.get(response.kind):
            return await self._async_explain() or self._account.async_lead_to(step)
        if response.image is None:
            return await self._async_explain() or "linking"
        self._action = "scan_qr_code"
        return qr_code_view(self._action, response.image)

    async def _async_failed(
        self, err: GreenApiError, *, is_first: bool
    ) -> NextStep | None:
        """Return the step that a failure leads to, if it leads to one at once.

        A server that cannot be reached from the beginning is not waited for, unless it
        is only slow.
        """
        is_slow = self._now() >= self._requested_at + _SLOW
        self._failure = None if is_slow and _is_passing(err) else err
        if is_first and self._failure:
            return await self._async_explain() or self._account.async_fail(err)
        return None

    async def _async_explain(self) -> NextStep | None:
        """Return the step that the state of the account leads to, if it does.

        "Instance has auth" is an error as well.
        """
        response = await self._account.async_get_state()
        if self._other_step(response):
            return await self._async_step_after(response)
        return None

    async def _async_take_away(self) -> View | NextStep | None:
        """Return what to show instead of an expired code, or of one that is missing."""
        now = self._now()
        if now < self._expires_at or (
            self._is_first and now < self._requested_at + _SLOW
        ):
            return None
        if self._failure and not _is_passing(self._failure):
            step_id = await self._async_explain()
            return step_id or self._account.async_fail(self._failure)
        is_silent = _is_passing(self._last) or self._failure
        action = "wait_for_server" if is_silent else "get_qr_code"
        if action == self._action or not await self._dialog.async_is_open():
            return None
        self._action = action
        return View(action)

    async def _async_request_in(self, seconds: float) -> QrResponse | GreenApiError:
        """Request a QR code after some seconds, when the dialog is open."""
        if seconds:
            await asyncio.sleep(seconds)
        while not await self._dialog.async_is_open():
            pass
        self._requested_at = self._now()
        try:
            return await self._account.client.get_qr()
        except GreenApiError as err:
            return err.with_traceback(None)


class WaitDescription(NamedTuple):
    """What is waited for in a step.

    What a menu shows has more room on a phone than what a progress step shows. After
    `seconds`, the dialog goes to `step_at_last`, or shows `failure_at_last`. Of
    the states, only a wait for a link ends with others than the awaited ones, except
    for those that are `ignored`. Those that `settle` may last for a while.
    """

    action: str
    seconds: float
    in_menu: bool = False
    step_at_last: NextStep = ""
    failure_at_last: str = ""
    awaited: Callable[[AccountResponse], bool] = is_linked
    is_for_link: bool = True
    ignored: Collection[InstanceState] = ()
    settle: Collection[InstanceState] = ()
    failures: Collection[ErrorKind] = HOPELESS
    begin: Callable[[AccountToLink, OpenDialog, WaitDescription], StateWait] = StateWait

    def agreed_for(self, response: AccountResponse) -> float:
        """Return the seconds for which responses like this one have to agree."""
        may_last = isinstance(response, AccountState) and response.known in self.settle
        return SETTLED_AFTER if may_last else AGREED_FOR


_UNTIL_IT_WORKS: Final = WaitDescription(
    action="finish_linking", seconds=LINKED_TIMEOUT, failure_at_last="not_working_yet"
)

# What each step shows first, and what it waits for.
WAITS: Final[Mapping[str, WaitDescription]] = {
    "code": WaitDescription(
        action="enter_code", seconds=CODE_LIFE, step_at_last="code_timeout"
    ),
    "code_accepted": _UNTIL_IT_WORKS._replace(settle={InstanceState.PENDING_CODE}),
    "linking": _UNTIL_IT_WORKS,
    "log_out": WaitDescription(
        action="log_out",
        seconds=LOG_OUT_TIMEOUT,
        failure_at_last="still_linked",
        awaited=is_logged_out,
        is_for_link=False,
    ),
    "passkey": WaitDescription(
        action="use_passkey",
        seconds=PASSKEY_TIMEOUT,
        in_menu=True,
        failure_at_last="passkey_required",
    ),
    "password_accepted": _UNTIL_IT_WORKS._replace(
        settle={InstanceState.PENDING_CODE, InstanceState.PENDING_PASSWORD},
    ),
    "qr_code": WaitDescription(
        action="get_qr_code",
        seconds=QR_TIMEOUT,
        step_at_last="qr_timeout",
        # The code may have been requested long ago, and a QR code links the account
        # anyway.
        ignored={InstanceState.PENDING_CODE},
        begin=QrCodeWait,
    ),
    "starting": WaitDescription(
        action="start_instance",
        seconds=START_TIMEOUT,
        failure_at_last="still_starting",
        awaited=has_started,
        is_for_link=False,
        # An instance that is being created rejects its token.
        failures=ACCOUNT_FAILURES,
    ),
}
