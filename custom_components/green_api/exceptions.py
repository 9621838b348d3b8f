"""Texts of the exceptions that people read."""

from typing import TypedDict

from homeassistant.config_entries import ConfigEntry

from .const import DOMAIN


class Translation(TypedDict):
    """How an exception of Home Assistant names its text."""

    translation_domain: str
    translation_key: str
    translation_placeholders: dict[str, str]


def translation(entry: ConfigEntry, key: str) -> Translation:
    """Return the text of an exception that names the account."""
    return {
        "translation_domain": DOMAIN,
        "translation_key": key,
        "translation_placeholders": {"name": entry.title},
    }
