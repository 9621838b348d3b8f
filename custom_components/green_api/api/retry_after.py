"""How long a server asks to be left alone."""

from email.utils import parsedate_to_datetime
from http import HTTPStatus
import math
from typing import Final

import aiohttp

_MAX_SECONDS: Final = 3600.0


def retry_after(response: aiohttp.ClientResponse) -> float | None:
    """Return the seconds for which the server wants no requests, if it says so."""
    if response.status != HTTPStatus.TOO_MANY_REQUESTS:
        return None
    value = response.headers.get("Retry-After", "")
    try:
        seconds = float(value)
    except ValueError:
        # The server's own clock, so that it does not matter what ours says.
        seconds = _seconds_between(response.headers.get("Date", ""), value)
    if math.isfinite(seconds) and seconds > 0:
        return min(seconds, _MAX_SECONDS)
    return None


def _seconds_between(start: str, end: str) -> float:
    """Return the seconds between two HTTP dates, 0 if one is invalid."""
    try:
        duration = parsedate_to_datetime(end) - parsedate_to_datetime(start)
    except OverflowError, TypeError, ValueError:
        return 0
    return duration.total_seconds()
