"""Ask for a new token when the server rejects the one that is known."""

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .api import (
    AccountState,
    CannotConnectError,
    InvalidCredentialsError,
    RateLimitedError,
)
from .problem import Answer


class TokenMonitor:
    """Ask for a new token when it is rejected twice in a row.

    Polling goes on meanwhile: an instance that is being created rejects its token too,
    and a monitor must not stop over it. The dialog is aborted when the old token works
    again.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Initialize the monitor."""
        self._hass = hass
        self._entry = entry
        self._rejections = 0
        # The dialog may be open since before a reload.
        self._is_asking = True

    @callback
    def async_answered(self, answer: Answer) -> None:
        """Handle an answer of the server."""
        match answer:
            case AccountState():
                self._async_accepted()
            case InvalidCredentialsError():
                self._async_rejected()
            case CannotConnectError() | RateLimitedError():
                pass  # The server has not checked the token.
            case _:
                self._rejections = 0

    @callback
    def _async_rejected(self) -> None:
        """Ask for a new token if this one was rejected before."""
        self._rejections += 1
        if self._rejections > 1:
            self._is_asking = True
            self._entry.async_start_reauth(self._hass)

    @callback
    def _async_accepted(self) -> None:
        """Abort the dialog that asks for a new token."""
        self._rejections = 0
        if not self._is_asking:
            return
        self._is_asking = False
        flows = self._entry.async_get_active_flows(self._hass, {SOURCE_REAUTH})
        for flow in list(flows):
            self._hass.config_entries.flow.async_abort(flow["flow_id"])
