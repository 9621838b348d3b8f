"""Log states that are not documented."""

from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import callback

from .api import AccountState
from .const import LOGGER
from .problem import Problem

MAX_LOGGED_STATES: Final = 10


class UnknownStates:
    """The unknown states that were logged of an account.

    Each is logged once; not all that a server may make up.
    """

    def __init__(self, entry: ConfigEntry) -> None:
        """Initialize without a state."""
        self._entry = entry
        self._logged: set[str | None] = set()

    @callback
    def async_answered(self, state: AccountState, problem: Problem | None) -> None:
        """Log the state if it is unknown; that there is none, if it is a problem."""
        is_unknown = state.known is None and (
            state.raw is not None or problem is Problem.UNKNOWN_STATE
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
            self._entry.title,
            state.raw,
        )
