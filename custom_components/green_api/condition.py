"""Conditions of accounts."""

from collections.abc import Callable
from datetime import timedelta
import math
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.condition import Condition

from .automations.targets import REASON_OPTION, AccountTarget, schema, wanted_reasons

CONF_WITHIN: Final = "within"


class AccountCondition(AccountTarget, Condition):
    """Base class for conditions of accounts."""

    async def async_get_checker(self) -> Callable[..., bool | None]:
        """Return the condition checker for Home Assistant before 2026.5."""
        return self._async_check


class HasProblemCondition(AccountCondition):
    """Test if one of the accounts has a problem."""

    _schema = schema(REASON_OPTION)

    @override
    def _async_check(self, **_: Any) -> bool:
        """Check if one of the accounts has a problem for one of the reasons."""
        wanted = wanted_reasons(self._options)
        return any(
            entry.runtime_data.coordinator.data.problem in wanted
            for entry in self._target.accounts
        )


class IsAuthorizedCondition(AccountCondition):
    """Test if all of the accounts are authorized."""

    _schema = schema({})

    @override
    def _async_check(self, **_: Any) -> bool:
        """Check if there are accounts, and all of them are authorized."""
        coordinators = [
            entry.runtime_data.coordinator for entry in self._target.accounts
        ]
        return bool(coordinators) and all(
            coordinator.last_update_success
            and coordinator.data.is_polled
            and coordinator.data.is_authorized
            for coordinator in coordinators
        )


class WasRebootedCondition(AccountCondition):
    """Test if the instance of one of the accounts was rebooted recently."""

    _schema = schema({vol.Required(CONF_WITHIN): cv.positive_time_period})

    @override
    def _async_check(self, **_: Any) -> bool:
        """Check if the server has accepted a reboot within this time."""
        within: timedelta = self._options[CONF_WITHIN]
        since = self._hass.loop.time() - within.total_seconds()
        return any(
            (entry.runtime_data.coordinator.data.health.rebooted_at or -math.inf)
            > since
            for entry in self._target.accounts
        )


CONDITIONS: Final[dict[str, type[Condition]]] = {
    "has_problem": HasProblemCondition,
    "is_authorized": IsAuthorizedCondition,
    "was_rebooted": WasRebootedCondition,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions of accounts."""
    return CONDITIONS
