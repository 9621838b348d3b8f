"""Helpers for config entries."""

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.const import (
    CONF_API_URL,
    CONF_INSTANCE_ID,
    DOMAIN,
)
from homeassistant.const import CONF_API_TOKEN

from .const import TOKEN


def entry_of(
    url: str, instance_id: str, token: str = TOKEN, title: str | None = None
) -> MockConfigEntry:
    """Return a config entry of an account, not added yet."""
    return MockConfigEntry(
        domain=DOMAIN,
        title=title or f"GREEN-API {instance_id}",
        unique_id=instance_id,
        data={
            CONF_API_URL: url,
            CONF_INSTANCE_ID: instance_id,
            CONF_API_TOKEN: token,
        },
    )


def copy_of(entry: MockConfigEntry, entry_id: str | None = None) -> MockConfigEntry:
    """Return a copy of a config entry with its recipients, by default with its ID."""
    return MockConfigEntry(
        domain=entry.domain,
        entry_id=entry_id or entry.entry_id,
        title=entry.title,
        unique_id=entry.unique_id,
        data=entry.data,
        options=entry.options,
        subentries_data=[it.as_dict() for it in entry.subentries.values()],
    )
