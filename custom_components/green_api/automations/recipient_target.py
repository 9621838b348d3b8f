"""Recipients as the target of an action."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.const import (
    ATTR_AREA_ID,
    ATTR_DEVICE_ID,
    ATTR_ENTITY_ID,
    ATTR_FLOOR_ID,
    ATTR_LABEL_ID,
    ENTITY_MATCH_ALL,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
    target as target_helpers,
)
from homeassistant.helpers.target import TargetSelection

from ..const import DOMAIN

# Only newer versions of Home Assistant support exclusions from a target.
_excluded: Final[Callable[[HomeAssistant, TargetSelection], set[str]]] = getattr(
    target_helpers, "async_extract_excluded_entity_ids", lambda *_: set()
)

# How to look up the registry entry of an ID in a target, for its name.
_LOOKUPS: Final[Mapping[str, Callable[[HomeAssistant, str], Any]]] = {
    ATTR_AREA_ID: lambda hass, area_id: ar.async_get(hass).async_get_area(area_id),
    ATTR_DEVICE_ID: lambda hass, device_id: dr.async_get(hass).async_get(device_id),
    ATTR_ENTITY_ID: lambda _, __: None,
    ATTR_FLOOR_ID: lambda hass, floor_id: fr.async_get(hass).async_get_floor(floor_id),
    ATTR_LABEL_ID: lambda hass, label_id: lr.async_get(hass).async_get_label(label_id),
}


class RecipientTarget(NamedTuple):
    """The recipients that a target refers to."""

    recipients: Mapping[str, er.RegistryEntry]
    """The recipients by entity ID."""

    referenced: frozenset[str]
    """All entity IDs in the target, including those of other integrations."""

    unmatched: Mapping[str, str]
    """The names of the targets without any recipients, by ID."""


def resolve(hass: HomeAssistant, data: Mapping[str, Any]) -> RecipientTarget:
    """Return the recipients that the data of an action refers to.

    Disabled or hidden recipients are included only if they or their own devices are
    targeted directly.
    """
    selection = TargetSelection(dict(data))
    excluded = _excluded(hass, selection)
    if data.get(ATTR_ENTITY_ID) == ENTITY_MATCH_ALL:
        all_recipients = _recipients(hass, er.async_get(hass).entities, named=False)
        kept = {
            key: entry for key, entry in all_recipients.items() if key not in excluded
        }
        return RecipientTarget(kept, frozenset(kept), {})
    recipients: dict[str, er.RegistryEntry] = {}
    referenced: set[str] = set()
    unmatched: dict[str, str] = {}
    for kind, item in _items(selection):
        found, entity_ids = _find(hass, kind, item)
        recipients |= found
        referenced |= entity_ids | found.keys()
        if not found:
            unmatched[item] = _name(_LOOKUPS[kind](hass, item)) or item
    kept = {key: entry for key, entry in recipients.items() if key not in excluded}
    return RecipientTarget(kept, frozenset(referenced - excluded), unmatched)


def _find(
    hass: HomeAssistant, kind: str, item: str
) -> tuple[dict[str, er.RegistryEntry], set[str]]:
    """Return the recipients of one target, and all entity IDs that it refers to."""
    selected = target_helpers.async_extract_referenced_entity_ids(
        hass, TargetSelection({kind: [item]})
    )
    found = (
        _recipients(hass, selected.referenced, named=True)
        | _recipients(hass, selected.indirectly_referenced, named=False)
        | _recipients_of_device(hass, kind, item)
    )
    return found, selected.referenced | selected.indirectly_referenced


def _name(entry: Any) -> str | None:
    """Return the name of a registry entry, a user-defined one for devices if any."""
    return getattr(entry, "name_by_user", None) or getattr(entry, "name", None)


def _items(selection: TargetSelection) -> Iterable[tuple[str, str]]:
    """Yield the kind and the ID of everything that a target contains."""
    for kind, items in (
        (ATTR_ENTITY_ID, selection.entity_ids),
        (ATTR_DEVICE_ID, selection.device_ids),
        (ATTR_AREA_ID, selection.area_ids),
        (ATTR_FLOOR_ID, selection.floor_ids),
        (ATTR_LABEL_ID, selection.label_ids),
    ):
        for item in sorted(items):
            yield kind, item


def _recipients(
    hass: HomeAssistant, entity_ids: Iterable[str], *, named: bool
) -> dict[str, er.RegistryEntry]:
    """Return the recipients among entities."""
    registry = er.async_get(hass)
    return {
        entry.entity_id: entry
        for entity_id in entity_ids
        if (entry := registry.async_get(entity_id))
        and _is_recipient(entry)
        and (named or not (entry.disabled or entry.hidden))
    }


def _recipients_of_device(
    hass: HomeAssistant, kind: str, item: str
) -> dict[str, er.RegistryEntry]:
    """Return the recipients of a device that is targeted directly."""
    if kind != ATTR_DEVICE_ID:
        return {}
    entries = er.async_entries_for_device(
        er.async_get(hass), item, include_disabled_entities=True
    )
    return {entry.entity_id: entry for entry in entries if _is_recipient(entry)}


def _is_recipient(entry: er.RegistryEntry) -> bool:
    """Return whether an entity is a recipient."""
    return entry.platform == DOMAIN and entry.domain == NOTIFY_DOMAIN
