"""Triggers and conditions that have accounts as their target."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, cast

import voluptuous as vol

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_OPTIONS, CONF_TARGET
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.helpers.condition import ConditionConfig
from homeassistant.helpers.target import TargetSelection
from homeassistant.helpers.trigger import TriggerConfig
from homeassistant.helpers.typing import ConfigType

from ..const import DOMAIN
from ..data import GreenApiConfigEntry
from ..decisions.problem import Problem
from ..devices import get_device

CONF_REASON: Final = "reason"

REASON_OPTION: Final[dict[vol.Marker, Any]] = {
    vol.Optional(CONF_REASON): vol.All(cv.ensure_list, [vol.Coerce(Problem)])
}


def schema(options: dict[vol.Marker, Any]) -> vol.Schema:
    """Return the schema of a trigger or condition with these options."""
    return vol.Schema(
        {
            vol.Required(CONF_TARGET): cv.TARGET_FIELDS,
            vol.Required(CONF_OPTIONS, default=dict): options,
        }
    )


def wanted_reasons(options: Mapping[str, Any]) -> frozenset[Problem]:
    """Return the selected reasons, or all reasons if none is selected."""
    return frozenset(options.get(CONF_REASON) or Problem)


class Target:
    """Accounts selected by an entity, a device, an area, a floor or a label.

    The target is resolved each time, so that it follows the registries. Unlike in Home
    Assistant's own helpers, hidden and disabled entities and devices select their
    account as well. A recipient does not select the account that sends to it.
    """

    def __init__(self, hass: HomeAssistant, target: ConfigType | None) -> None:
        """Initialize the target."""
        self._hass = hass
        self._included = TargetSelection(target or {})
        # Older versions of Home Assistant cannot exclude anything.
        self._excluded: TargetSelection | None = getattr(
            self._included, "exclude", None
        )

    def has(self, entry: ConfigEntry) -> bool:
        """Return whether an account is part of the target."""
        ids = _ids(self._hass, entry)
        return _is_selected(ids, self._included) and not (
            self._excluded and _is_selected(ids, self._excluded)
        )

    def has_recipient(self, entry: ConfigEntry, *subentry_ids: str) -> bool:
        """Return whether a recipient, or its account, is part of the target.

        One of several recipients is enough, and none of them may be excluded.
        """
        ids = [_ids(self._hass, entry, it) for it in subentry_ids]
        is_included = self.has(entry) or any(
            _is_selected(it, self._included) for it in ids
        )
        return is_included and not any(
            self._excluded and _is_selected(it, self._excluded) for it in ids
        )

    @property
    def accounts(self) -> list[GreenApiConfigEntry]:
        """Return the accounts of the target that are loaded."""
        entries = self._hass.config_entries.async_loaded_entries(DOMAIN)
        return [entry for entry in entries if self.has(entry)]


class AccountTarget:
    """Base class for triggers and conditions that have accounts as their target.

    It comes before `Trigger` or `Condition` in the list of base classes.
    """

    _schema: ClassVar[vol.Schema]

    def __init__(
        self, hass: HomeAssistant, config: TriggerConfig | ConditionConfig
    ) -> None:
        """Initialize the trigger or condition."""
        super().__init__(hass, config)  # type: ignore[call-arg]
        self._options = config.options or {}
        self._target = Target(hass, config.target)

    @classmethod
    async def async_validate_config(
        cls,
        hass: HomeAssistant,  # noqa: ARG003
        config: ConfigType,
    ) -> ConfigType:
        """Validate the configuration."""
        return cast(ConfigType, cls._schema(config))


def _is_selected(ids: Mapping[str, set[str]], selection: TargetSelection) -> bool:
    """Return whether one of the IDs was selected."""
    return any(items & getattr(selection, kind) for kind, items in ids.items())


def _ids(
    hass: HomeAssistant, entry: ConfigEntry, subentry_id: str | None = None
) -> dict[str, set[str]]:
    """Return the IDs that select an account or a recipient.

    Their keys are the names in `TargetSelection`.
    """
    device = get_device(hass, entry, subentry_id)
    devices = [device] if device else []
    entities = [
        entity
        for entity in er.async_entries_for_config_entry(
            er.async_get(hass), entry.entry_id
        )
        if entity.config_subentry_id == subentry_id
    ]
    parts: list[dr.DeviceEntry | er.RegistryEntry] = [*devices, *entities]
    areas = _areas(hass, {part.area_id for part in parts})
    return {
        "entity_ids": {entity.entity_id for entity in entities},
        "device_ids": {device.id for device in devices},
        "area_ids": {area.id for area in areas},
        "floor_ids": {area.floor_id for area in areas if area.floor_id},
        "label_ids": {label for item in (*parts, *areas) for label in item.labels},
    }


def _areas(hass: HomeAssistant, area_ids: set[str | None]) -> list[ar.AreaEntry]:
    """Return the areas with these IDs."""
    areas = (ar.async_get(hass).async_get_area(it) for it in area_ids if it)
    return list(filter(None, areas))
