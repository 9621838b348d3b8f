"""Texts of the exceptions that people read."""

import math
from typing import Final, TypedDict

from homeassistant.config_entries import ConfigEntry

from .api import GreenApiError, RateLimitedError
from .const import DOMAIN

# Minutes to wait after "too many requests" if the server does not say.
RATE_LIMIT_MINUTES: Final = 2


class Translation(TypedDict):
    """How an exception of Home Assistant names its text."""

    translation_domain: str
    translation_key: str
    translation_placeholders: dict[str, str]


def minutes_to_wait(err: RateLimitedError) -> int:
    """Return the minutes after which another request is of use."""
    if err.retry_after is None:
        return RATE_LIMIT_MINUTES
    return math.ceil(err.retry_after / 60)


def translation(
    entry: ConfigEntry, failure: GreenApiError | str, **placeholders: str
) -> Translation:
    """Return the text of an exception that names the account."""
    placeholders["name"] = entry.title
    if isinstance(failure, RateLimitedError):
        placeholders["minutes"] = str(minutes_to_wait(failure))
    return {
        "translation_domain": DOMAIN,
        "translation_key": failure if isinstance(failure, str) else failure.kind,
        "translation_placeholders": placeholders,
    }
