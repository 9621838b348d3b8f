"""Convert failed requests of aiohttp into errors of this package."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
import math
import socket
from typing import Final

import aiohttp

from .errors import (
    CannotConnectError,
    FileUnreadableError,
    GreenApiError,
    UnknownHostError,
    WrongAddressError,
)

_MAX_SECONDS: Final = 3600.0

# Exceptions that aiohttp raises before it sends anything.
_NOT_CONNECTED: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)

# Error codes of c-ares for a name that has no address (ARES_ENODATA), that does not
# exist (ARES_ENOTFOUND), or that is invalid (ARES_EBADNAME).
_NO_SUCH_NAME: Final = (1, 4, 8)


def connection_error(err: Exception) -> GreenApiError:
    """Return the error for a request that got no response."""
    if isinstance(err, aiohttp.ClientConnectorDNSError) and _no_such_name(err):
        return UnknownHostError()
    if isinstance(err, aiohttp.InvalidURL):
        return WrongAddressError()
    if isinstance(err.__cause__, FileUnreadableError):
        return FileUnreadableError()
    return CannotConnectError(outcome_unknown=not isinstance(err, _NOT_CONNECTED))


def _no_such_name(err: aiohttp.ClientConnectorDNSError) -> bool:
    """Return whether the host name does not exist.

    Otherwise, the name server may just not have responded.
    """
    if isinstance(err.os_error, socket.gaierror):
        return err.os_error.errno == socket.EAI_NONAME
    # With c-ares, the code is in the exception that caused this one.
    cause = err.os_error.__cause__
    return cause is not None and bool(cause.args) and cause.args[0] in _NO_SUCH_NAME


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds until the server accepts requests again.

    They are at most an hour. Return None if the server has not named a time.
    """
    value = headers.get("Retry-After", "")
    try:
        seconds = float(value)
    except ValueError:
        # Based on the server's clock, so that the local one does not matter.
        seconds = _seconds_between(headers.get("Date", ""), value)
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
