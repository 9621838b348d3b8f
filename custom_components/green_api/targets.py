"""Accounts as the target of triggers and conditions."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_OPTIONS, CONF_TARGET
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.target import (
    TargetSelection,
    async_extract_referenced_entity_ids,
)
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN
from .data import GreenApiConfigEntry
from .problem import Problem

CONF_REASON: Final = "reason"

REASON_OPTION: Final[dict[vol.Marker, Any]] = {
    vol.Optional(CONF_REASON): vol.All(cv.ensure_list, [vol.Coerce(Problem)])
}


def schema(options: dict[vol.Marker, Any]) -> vol.Schema:
    """Return the schema of a trigger or a condition with these options."""
    return vol.Schema(
        {
            vol.Required(CONF_TARGET): cv.TARGET_FIELDS,
            vol.Required(CONF_OPTIONS, default=dict): options,
        }
    )


def wanted_reasons(options: Mapping[str, Any]) -> frozenset[Problem]:
    """Return the reasons of an option, which are all if there are none."""
    return frozenset(options.get(CONF_REASON) or Problem)


class Target:
    """Accounts named by an entity, a device, an area, a floor or a label.

    It is resolved anew each time, so that it follows the registries. A recipient does
    not name the account that sends to it.
    """

    def __init__(self, hass: HomeAssistant, target: ConfigType | None) -> None:
        """Initialize the target."""
        self._hass = hass
        self._selection = TargetSelection(target or {})

    def has(self, entry: ConfigEntry) -> bool:
        """Return whether an account is one of them."""
        return entry.entry_id in self._entry_ids

    @property
    def accounts(self) -> list[GreenApiConfigEntry]:
        """Return those accounts that are loaded."""
        entries = self._hass.config_entries.async_loaded_entries(DOMAIN)
        entry_ids = self._entry_ids
        return [entry for entry in entries if entry.entry_id in entry_ids]

    @property
    def _entry_ids(self) -> set[str | None]:
        """Return the ids of their config entries, and of others."""
        selected = async_extract_referenced_entity_ids(
            self._hass, self._selection, expand_group=False
        )
        registry = er.async_get(self._hass)
        return {
            entity.config_entry_id
            for entity_id in selected.referenced | selected.indirectly_referenced
            if (entity := registry.async_get(entity_id))
            and entity.config_subentry_id is None
        }
