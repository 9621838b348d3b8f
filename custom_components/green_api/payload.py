"""Trigger variables: what has happened to an account, and texts about it."""

from datetime import datetime
from typing import Any, Final

from homeassistant.const import (
    ATTR_DEVICE_ID,
    ATTR_ENTITY_ID,
    STATE_UNKNOWN,
    Platform,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.translation import async_translate_state
from homeassistant.util import dt as dt_util

from .announced import UNREACHABLE, Announced
from .api import AccountState
from .const import CONF_INSTANCE_ID, DOMAIN
from .data import GreenApiConfigEntry
from .exceptions import RATE_LIMIT_MINUTES
from .texts import translated

WORKS_AGAIN: Final = "works_again"
DID_NOT_WORK_SINCE: Final = "did_not_work_since"
SINCE: Final = "since"


def state_option(state: AccountState) -> str:
    """Return the name that a state has in automations."""
    return state.known.name.lower() if state.known else STATE_UNKNOWN


class Payload:
    """The trigger variables of an account, under its present name."""

    def __init__(self, hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
        """Initialize the payload."""
        self._hass = hass
        self._entry = entry
        self._instance_id = entry.data[CONF_INSTANCE_ID]
        self._account = entry.runtime_data.coordinator.data
        self._device = next(
            device
            for device in dr.async_entries_for_config_entry(
                dr.async_get(hass), entry.entry_id
            )
            if (DOMAIN, self._instance_id) in device.identifiers
        )
        self.name = self._device.name_by_user or entry.title

    def problem_detected(self, announced: Announced) -> dict[str, Any]:
        """Return the variables of an account that does not work."""
        if announced.with_problem.running_from is None:
            reason, since = UNREACHABLE, announced.since
            title = self._text("common", UNREACHABLE)
            advice = self._text("exceptions", f"{self._account.error}.message")
        else:
            reason, since = f"{announced.problem}", self._account.problem_since
            title = self._text("issues", f"{reason}.title")
            advice = self._text("exceptions", f"{reason}.message")
        return {
            **self._about(Platform.BINARY_SENSOR, "problem", since),
            "reason": reason,
            "title": title,
            "message": f"{advice} {self._text('common', SINCE, since)}",
        }

    def problem_cleared(self, before: Announced) -> dict[str, Any]:
        """Return the variables of an account that works again."""
        return {
            **self._about(Platform.BINARY_SENSOR, "problem", before.since),
            "reason": f"{before.problem or UNREACHABLE}",
            "title": self._text("common", WORKS_AGAIN),
            "message": self._text("common", DID_NOT_WORK_SINCE, before.since),
        }

    def state_changed(self, before: AccountState) -> dict[str, Any]:
        """Return the variables of an account in another state."""
        about = self._about(Platform.SENSOR, "state", self._account.since)
        return {
            **about,
            "from_state": state_option(before),
            "title": self.name,
            "message": async_translate_state(
                self._hass, about["state"], Platform.SENSOR, DOMAIN, "state", None
            ),
        }

    def _about(
        self, platform: Platform, key: str, since: datetime | None
    ) -> dict[str, Any]:
        """Return the variables that all triggers have."""
        return {
            ATTR_ENTITY_ID: er.async_get(self._hass).async_get_entity_id(
                platform, DOMAIN, f"{self._instance_id}_{key}"
            ),
            ATTR_DEVICE_ID: self._device.id,
            "account": self.name,
            "state": state_option(self._account.state),
            "since": since and dt_util.as_local(since),
        }

    def _text(self, category: str, key: str, since: datetime | None = None) -> str:
        """Return a text in the language of Home Assistant."""
        return translated(self._hass, category, key).format(
            name=self.name,
            minutes=RATE_LIMIT_MINUTES,
            since=since and f"{dt_util.as_local(since):%Y-%m-%d %H:%M}",
        )
