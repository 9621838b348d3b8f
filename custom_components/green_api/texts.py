"""Texts in the language of Home Assistant."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .queue_watch import WaitingMessages


def translated(hass: HomeAssistant, category: str, key: str) -> str:
    """Return a text with its placeholders."""
    texts = async_get_cached_translations(hass, hass.config.language, category, DOMAIN)
    return texts[f"component.{DOMAIN}.{category}.{key}"]


def waiting_text(hass: HomeAssistant, waiting: WaitingMessages | None) -> str:
    """Return how many messages wait, and until when at most; empty if none do."""
    if waiting is None:
        return ""
    return translated(hass, "common", "waiting").format(
        count=waiting.count,
        until=f"{dt_util.as_local(waiting.lost_at):%Y-%m-%d %H:%M}",
    )
