"""React to responses: log unknown states, and start reauthentication."""

from typing import Final

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
)
from homeassistant.core import HomeAssistant, callback

from .api import (
    AccountState,
    CannotConnectError,
    InvalidCredentialsError,
    RateLimitedError,
)
from .const import LOGGER
from .decisions.health import Health
from .decisions.problem import AccountResponse, Problem
from .devices import account_name

MAX_LOGGED_STATES: Final = 10

# Seconds after which a dialog that keeps reauthentication from starting is forgotten.
FORGOTTEN_AFTER: Final = 600


class UnknownStates:
    """Log the unknown states of an account.

    Each state is logged once. Their number is limited, because the server may return
    any text.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Initialize without any logged states."""
        self._hass = hass
        self._entry = entry
        self._logged: set[str | None] = set()

    @callback
    def async_handle_state(self, state: AccountState, health: Health) -> None:
        """Log the state if it is unknown.

        A missing state is logged only if it is a problem.
        """
        is_unknown = state.known is None and (
            state.raw is not None or health.problem is Problem.UNKNOWN_STATE
        )
        if (
            not is_unknown
            or state.raw in self._logged
            or len(self._logged) == MAX_LOGGED_STATES
        ):
            return
        self._logged.add(state.raw)
        LOGGER.warning(
            "%s is in a state unknown to this integration: %r",
            account_name(self._hass, self._entry),
            state.raw,
        )


class TokenMonitor:
    """Start reauthentication when the token is rejected twice in a row.

    Polling continues meanwhile: an instance that is being created rejects its token
    too, and monitoring must not stop because of that. The flow is aborted when the old
    token works again.

    Home Assistant does not start it while a reconfiguration is open: someone may be
    entering the new token. If it is still open after ten minutes, it is aborted.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Initialize the monitor."""
        self._hass = hass
        self._entry = entry
        self._rejections = 0
        self._rejected_at = 0.0
        # A flow may be open since before a reload.
        self._may_have_flow = True

    @callback
    def async_handle_response(
        self, response: AccountResponse, *, is_polled: bool = False
    ) -> None:
        """Handle a response of the server, which a dialog may have caused."""
        match response:
            case AccountState():
                self._rejections = 0
                if self._may_have_flow:
                    self._may_have_flow = False
                    self._async_abort_flows(SOURCE_REAUTH)
            case InvalidCredentialsError():
                self._async_rejected(is_polled=is_polled)
            case CannotConnectError() | RateLimitedError():
                pass  # The server has not checked the token.
            case _:
                self._rejections = 0

    @callback
    def _async_rejected(self, *, is_polled: bool) -> None:
        """Start reauthentication if the token was rejected before."""
        now = self._hass.loop.time()
        self._rejections += 1
        if self._rejections == 1:
            self._rejected_at = now
            return
        if is_polled and now >= self._rejected_at + FORGOTTEN_AFTER:
            self._async_abort_forgotten()
        self._may_have_flow = True
        self._entry.async_start_reauth(self._hass)

    @callback
    def _async_abort_forgotten(self) -> None:
        """Abort reconfigurations, unless reauthentication has started before them."""
        if not any(self._entry.async_get_active_flows(self._hass, {SOURCE_REAUTH})):
            self._async_abort_flows(SOURCE_RECONFIGURE)

    @callback
    def _async_abort_flows(self, source: str) -> None:
        """Abort the flows of the account that were started like this."""
        flows = self._entry.async_get_active_flows(self._hass, {source})
        for flow in list(flows):
            self._hass.config_entries.flow.async_abort(flow["flow_id"])
