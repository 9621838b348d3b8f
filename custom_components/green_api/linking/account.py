"""The account that a dialog links."""

from collections.abc import Mapping
from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from ..api import (
    AccountState,
    ErrorKind,
    GreenApiClient,
    GreenApiError,
    InstanceState,
    Messenger,
    RateLimitedError,
)
from ..client import async_create_client
from ..const import CONSOLE_URL, MESSENGER_NAMES
from ..data import GreenApiConfigEntry, waiting_messages
from ..exceptions import RATE_LIMIT_MINUTES, minutes_to_wait
from ..problem import TELLING_FAILURES
from ..texts import waiting_text

type NextStep = str

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

# Failures after which linking is not worth a try; the others may be over in a moment.
_HOPELESS: Final = TELLING_FAILURES | {ErrorKind.INVALID_AUTH}


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
            "waiting": waiting_text(self._hass, waiting_messages(self.entry)),
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


def is_gone(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Return whether a config entry was removed or disabled."""
    return (
        hass.config_entries.async_get_entry(entry.entry_id) is None
        or entry.disabled_by is not None
    )


def can_be_linked(entry: GreenApiConfigEntry) -> bool:
    """Return whether an account is one that can be linked from here, as far as known."""
    if entry.state is not ConfigEntryState.LOADED:
        return False
    account = entry.runtime_data.coordinator.data
    settings = entry.runtime_data.settings.known
    return (
        account.since is not None
        and account.error not in _HOPELESS
        and account.state.known not in _STATE_FAILURES
        and (settings is None or settings.messenger is Messenger.WHATSAPP)
    )
