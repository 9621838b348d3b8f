"""Conditions on accounts."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Final, cast, override

import voluptuous as vol

from homeassistant.core import HomeAssistant
from homeassistant.helpers.condition import Condition, ConditionConfig
from homeassistant.helpers.typing import ConfigType

from .api import InstanceState
from .targets import REASON_OPTION, Target, schema, wanted_reasons


class AccountCondition(Condition):
    """A condition that has accounts for a target."""

    _schema: ClassVar[vol.Schema]

    @classmethod
    @override
    async def async_validate_config(
        cls, hass: HomeAssistant, config: ConfigType
    ) -> ConfigType:
        """Validate the configuration."""
        return cast(ConfigType, cls._schema(config))

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Initialize the condition."""
        super().__init__(hass, config)
        self._options = config.options or {}
        self._target = Target(hass, config.target)

    @override
    def _async_check(self, **_: Any) -> bool:
        """Check the condition."""
        return self._holds()

    async def async_get_checker(self) -> Callable[..., bool]:
        """Return what checks the condition, for Home Assistant before 2026.5."""
        return self._async_check

    @abstractmethod
    def _holds(self) -> bool:
        """Return whether the condition holds, on every Home Assistant alike."""


class HasProblemCondition(AccountCondition):
    """Test if one of the accounts has a problem."""

    _schema = schema(REASON_OPTION)

    @override
    def _holds(self) -> bool:
        """Return whether one of the accounts has a problem for one of the reasons."""
        wanted = wanted_reasons(self._options)
        return any(
            entry.runtime_data.coordinator.data.problem in wanted
            for entry in self._target.accounts
        )


class IsAuthorizedCondition(AccountCondition):
    """Test if all of the accounts are authorized."""

    _schema = schema({})

    @override
    def _holds(self) -> bool:
        """Return whether there are such accounts, and all of them are authorized."""
        coordinators = [
            entry.runtime_data.coordinator for entry in self._target.accounts
        ]
        return bool(coordinators) and all(
            coordinator.last_update_success
            and coordinator.data.state.known is InstanceState.AUTHORIZED
            for coordinator in coordinators
        )


CONDITIONS: Final[dict[str, type[Condition]]] = {
    "has_problem": HasProblemCondition,
    "is_authorized": IsAuthorizedCondition,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions on accounts."""
    return CONDITIONS
