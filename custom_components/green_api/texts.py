"""Translated texts for users."""

from datetime import datetime
import math
import re
from typing import Final, TypedDict

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util import dt as dt_util

from .api import GreenApiError, RateLimitedError
from .const import DOMAIN, RATE_LIMIT_DELAY
from .decisions.message_queue import WaitingMessages
from .devices import account_name

# Minutes to wait after a "too many requests" response that does not name a time.
RATE_LIMIT_MINUTES: Final = RATE_LIMIT_DELAY // 60

# What may have a meaning in Markdown within a line, including URLs and HTML.
_MARKDOWN: Final = re.compile(r"[!#&*:<>@\[\\\]_`|~]|(?<=www)\.", re.IGNORECASE)


class Translation(TypedDict):
    """Arguments of an exception that select its translation."""

    translation_domain: str
    translation_key: str
    translation_placeholders: dict[str, str]


def minutes_to_wait(err: RateLimitedError) -> int:
    """Return the minutes to wait before the next request.

    They are rounded up. If the server has not named a time, a default is returned.
    """
    if err.retry_after is None:
        return RATE_LIMIT_MINUTES
    return math.ceil(err.retry_after / 60)


def translation(
    hass: HomeAssistant,
    entry: ConfigEntry,
    failure: GreenApiError | str,
    **placeholders: str,
) -> Translation:
    """Return the arguments of a translated exception that names the account."""
    placeholders["name"] = account_name(hass, entry)
    if isinstance(failure, RateLimitedError):
        placeholders["minutes"] = str(minutes_to_wait(failure))
    return {
        "translation_domain": DOMAIN,
        "translation_key": failure if isinstance(failure, str) else failure.kind,
        "translation_placeholders": placeholders,
    }


def translated(hass: HomeAssistant, category: str, key: str) -> str:
    """Return a translated text of the integration, with its placeholders unfilled.

    While the texts of another language are being loaded, it is in English.
    """
    text = f"component.{DOMAIN}.{category}.{key}"
    texts = async_get_cached_translations(hass, hass.config.language, category, DOMAIN)
    if text not in texts:
        texts = async_get_cached_translations(hass, "en", category, DOMAIN)
    return texts[text]


def error_text(hass: HomeAssistant, err: HomeAssistantError) -> str:
    """Return the text of an error in the language of Home Assistant.

    Errors of other integrations are in English.
    """
    if err.translation_domain != DOMAIN:
        return f"{err}"
    text = translated(hass, "exceptions", f"{err.translation_key}.message")
    return text.format(**err.translation_placeholders or {})


def markdown_text(text: str) -> str:
    """Return Markdown that shows a text in one line, exactly as it is.

    The frontend renders descriptions in dialogs and repairs. Names in them may be those
    of strangers, and must not become links or pictures, which would be loaded.
    """
    return _MARKDOWN.sub(r"\\\g<0>", " ".join(text.split()))


def waiting_text(hass: HomeAssistant, waiting: WaitingMessages | None) -> str:
    """Return a text about the waiting messages, or an empty one if there are none.

    It states their number, and when the first of them will be lost.
    """
    if waiting is None:
        return ""
    return translated(hass, "common", "waiting").format(
        count=waiting.count,
        until=moment_text(hass, waiting.lost_at),
    )


def moment_text(hass: HomeAssistant, moment: datetime) -> str:
    """Return a date and time in Home Assistant's language and time zone.

    A line break cannot separate the date from the time.
    """
    text = dt_util.as_local(moment).strftime(translated(hass, "common", "moment"))
    return text.replace(" ", "\N{NO-BREAK SPACE}")
