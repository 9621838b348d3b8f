"""The account that a dialog links."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import math
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from ...api import (
    AccountState,
    ErrorKind,
    GreenApiClient,
    GreenApiError,
    InstanceState,
    Messenger,
    QrKind,
    RateLimitedError,
)
from ...const import CONSOLE_URL, LIKELY_MESSENGER, MESSENGER_NAMES
from ...data import GreenApiConfigEntry, async_record_response
from ...decisions.problem import ACCOUNT_FAILURES, RESTRICTED_STATES, AccountResponse
from ...devices import account_name
from ...session import async_create_client
from ...texts import (
    RATE_LIMIT_MINUTES,
    markdown_text,
    minutes_to_wait,
    waiting_text,
)

type NextStep = str

# The step that a state leads to, or else the reason for not linking the account here.
# In an unknown state, linking may succeed.
_STEPS: Final[Mapping[InstanceState | None, NextStep]] = {
    InstanceState.AUTHORIZED: "linked",
    InstanceState.STARTING: "starting",
}
# Telegram and MAX ask for what they have sent, and for the account's own password.
_ASKING_STEPS: Final[Mapping[InstanceState | None, NextStep]] = {
    **_STEPS,
    InstanceState.PENDING_CODE: "confirm_code",
    InstanceState.PENDING_PASSWORD: "password",
}
_QR_STEPS: Final[Mapping[QrKind, NextStep]] = {
    QrKind.ERROR: "no_qr_code",
    QrKind.PASSKEY_REQUIRED: "passkey",
    QrKind.PENDING_PASSWORD: "password_required",
}
_STATE_FAILURES: Final[Mapping[InstanceState | None, str]] = {
    InstanceState.BLOCKED: "blocked",
    InstanceState.PENDING_PASSWORD: "password_required",
    InstanceState.SLEEP_MODE: "asleep",
    InstanceState.SUSPENDED: "restricted",
    InstanceState.YELLOW_CARD: "restricted",
}

# Failures after which linking cannot succeed. All others may be temporary.
HOPELESS: Final = ACCOUNT_FAILURES | {ErrorKind.INVALID_AUTH}


@dataclass(frozen=True, slots=True, kw_only=True)
class Linkable:
    """How accounts of a messenger are linked.

    The step `menu` offers the `ways`. Each state leads to a step, and so does each
    response that has no QR code; `last_ways` are offered if there is none at all. Some
    actions of progress steps have texts of their own.
    """

    messenger: Messenger
    ways: tuple[NextStep, ...]
    steps: Mapping[InstanceState | None, NextStep]
    qr_steps: Mapping[QrKind, NextStep]
    menu: NextStep = "ways"
    last_ways: tuple[NextStep, ...] = ()
    actions: Mapping[str, str] = field(default_factory=dict)
    takes_password_with_code: bool = False

    def step_of(self, state: AccountState) -> str:
        """Return the step that a state leads to, or why it leads to none."""
        if state.raw is None:
            return "starting"
        known = state.known
        return self.steps.get(known) or _STATE_FAILURES.get(known) or self.menu


_LINKABLE: Final = (
    Linkable(
        messenger=Messenger.MAX,
        ways=("qr_code",),
        steps=_ASKING_STEPS,
        qr_steps={
            **_QR_STEPS,
            QrKind.ERROR: "qr_refused",
            QrKind.PENDING_PASSWORD: "password",
        },
        menu="max_ways",
        # The vendor calls codes of MAX outdated.
        last_ways=("qr_code", "sent_code"),
        actions={"log_out": "log_out_max", "scan_qr_code": "scan_qr_code_max"},
    ),
    Linkable(
        messenger=Messenger.TELEGRAM,
        ways=("qr_code", "sent_code"),
        steps=_ASKING_STEPS,
        qr_steps={**_QR_STEPS, QrKind.PENDING_PASSWORD: "password"},
        actions={
            "log_out": "log_out_telegram",
            "scan_qr_code": "scan_qr_code_telegram",
        },
        takes_password_with_code=True,
    ),
    Linkable(
        messenger=Messenger.WHATSAPP,
        ways=("qr_code", "phone_number"),
        steps=_STEPS,
        qr_steps=_QR_STEPS,
    ),
)
LINKABLE: Final[Mapping[Messenger, Linkable]] = {
    linkable.messenger: linkable for linkable in _LINKABLE
}

# The reasons for not linking an account here.
_REASONS: Final = {*_STATE_FAILURES.values(), "no_qr_code"}

# Minutes to wait after too many attempts, if the messenger has not named a time.
_ATTEMPTS_MINUTES: Final = 5


class AccountToLink:
    """The account that is to be linked, and what went wrong."""

    def __init__(self, hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
        """Initialize the account."""
        self.entry = entry
        self.failure = ""
        self.reason_if_linked = "linked"
        self.linkable = LINKABLE[LIKELY_MESSENGER]
        self._hass = hass
        self._name = markdown_text(account_name(hass, entry))
        self._minutes = RATE_LIMIT_MINUTES
        self._waiting = ""
        self._data = entry.data
        self._client = async_create_client(hass, entry.data)

    @property
    def placeholders(self) -> Mapping[str, str]:
        """Return the placeholders that every text may use."""
        return {
            "name": self._name,
            "console_url": CONSOLE_URL,
            "messenger": MESSENGER_NAMES[self.linkable.messenger],
            "minutes": str(self._minutes),
            "waiting": self._waiting,
        }

    @property
    def client(self) -> GreenApiClient:
        """Return a client with the present address and token.

        It is not that of the coordinator: a dialog survives a reload.
        """
        if self._data != self.entry.data:
            self._data = self.entry.data
            self._client = async_create_client(self._hass, self._data)
        return self._client

    @callback
    def async_fail(self, failure: GreenApiError | str) -> NextStep:
        """Remember the failure, and return the step that shows it."""
        if isinstance(failure, RateLimitedError):
            self._minutes = minutes_to_wait(failure)
        self.failure = failure if isinstance(failure, str) else failure.kind
        return "failed"

    @callback
    def async_lead_to(self, step: str) -> NextStep:
        """Return a step, or the one that shows the reason for not linking here."""
        return self.async_fail(step) if step in _REASONS else step

    @callback
    def async_note_wait(self, seconds: int | None) -> None:
        """Note for how long the messenger accepts no attempts, None if not known."""
        self._minutes = math.ceil(seconds / 60) if seconds else _ATTEMPTS_MINUTES

    async def async_choose_step(self) -> NextStep:
        """Return the step that the state of the account leads to."""
        return await self.async_step_after(await self.async_get_state())

    async def async_get_state(self) -> AccountResponse:
        """Return the state of the account, or why it is not known."""
        try:
            state = await self.client.get_state()
        except GreenApiError as err:
            response: AccountResponse = err.with_traceback(None)
        else:
            is_restricted = state.known in RESTRICTED_STATES
            self.reason_if_linked = "restricted" if is_restricted else "linked"
            response = state
        await async_record_response(self._hass, self.entry, response)
        return response

    async def async_step_after(self, response: AccountResponse) -> NextStep:
        """Return the step that a response leads to, also if it is a failure."""
        if isinstance(response, GreenApiError):
            return self.async_fail(response)
        waiting = None
        if self.entry.state is ConfigEntryState.LOADED:
            data = self.entry.runtime_data
            messenger = await data.settings.async_get_messenger()
            self.linkable = LINKABLE[messenger or LIKELY_MESSENGER]
            waiting = data.coordinator.data.queue.waiting
        # Only texts of the steps that are chosen here say how many messages wait.
        self._waiting = waiting_text(self._hass, waiting)
        return self.async_lead_to(self.linkable.step_of(response))

    async def async_refresh(self) -> None:
        """Refresh the state of the account in Home Assistant."""
        if self.entry.state is ConfigEntryState.LOADED:
            await self.entry.runtime_data.coordinator.async_refresh()


def can_be_linked(entry: GreenApiConfigEntry) -> bool:
    """Return whether an account can be linked from here, as far as is known."""
    if entry.state is not ConfigEntryState.LOADED:
        return False
    account = entry.runtime_data.coordinator.data
    linkable = LINKABLE[account.messenger or LIKELY_MESSENGER]
    return (
        # Before the first response, linking may succeed.
        (account.since is not None or not account.is_polled)
        and account.error not in HOPELESS
        and linkable.step_of(account.state) not in _REASONS
    )
