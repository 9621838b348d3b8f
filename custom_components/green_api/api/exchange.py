"""HTTP requests to GREEN-API that do not leak the token.

The token is a part of every URL. Therefore no URL, no body, and no exception of aiohttp
leaves this module. A failed request becomes an error of this package. It is returned,
and raised outside of any `except` clause, because even `raise … from None` keeps the
original exception in `__context__`.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.cookies import SimpleCookie
import math
import socket
from typing import Any, Final

import aiohttp
from yarl import URL

from .errors import (
    BadResponseError,
    CannotConnectError,
    FileUnreadableError,
    GreenApiError,
    UnknownHostError,
    WrongAddressError,
)
from .form import Form, FormPayload
from .methods import Method

# Bodies are not decompressed, so that no compression is requested.
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}

# Maximum seconds that a server may demand to wait.
_MAX_RETRY_AFTER: Final = 3600.0

# Exceptions that aiohttp raises before it sends anything.
_NOT_CONNECTED: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)

# Error codes of c-ares for a name that has no address (ARES_ENODATA), that does not
# exist (ARES_ENOTFOUND), or that is invalid (ARES_EBADNAME).
_NO_SUCH_NAME: Final = (1, 4, 8)


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """A request, except for its URL.

    `size` is the number of bytes that are sent. `tail` is what follows the token in the
    URL.
    """

    method: Method
    timeout: aiohttp.ClientTimeout
    content: bytes | Form | None = None
    content_headers: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    tail: str = ""

    @property
    def arguments(self) -> dict[str, Any]:
        """Return the arguments of aiohttp, except for the method and the URL."""
        content = self.content
        return {
            "data": FormPayload(content) if isinstance(content, Form) else content,
            "headers": {**_HEADERS, **self.content_headers},
            "timeout": self.timeout,
            "middlewares": (_send_once,),
            "allow_redirects": False,
            "auto_decompress": False,
        }

    def refine_error(self, error: GreenApiError) -> GreenApiError:
        """Return the error to raise, depending on how much of the request was sent."""
        content = self.content
        return content.refine_error(error) if isinstance(content, Form) else error


@dataclass(frozen=True, slots=True, repr=False)
class Response:
    """A response that was read to its end, unless it `is_cut`.

    `retry_after` is in seconds.
    """

    status: int
    retry_after: float | None
    body: bytes
    is_cut: bool = False


async def exchange(
    session: aiohttp.ClientSession,
    url: URL,
    request: Request,
    deadline: asyncio.Timeout,
) -> Response | GreenApiError:
    """Make a request, and return the response or the error.

    The deadline is that for the beginning of the response.
    """
    try:
        async with (
            deadline,
            session.request(request.method.verb, url, **request.arguments) as response,
        ):
            deadline.reschedule(None)
            return await _read(response, request.method)
    except GreenApiError as err:
        # The frames of the traceback hold the URL.
        return request.refine_error(err.with_traceback(None))
    except Exception as err:  # noqa: BLE001
        # Any exception: besides its documented ones, aiohttp lets some exceptions of
        # its parsers escape, which contain parts of the response.
        return request.refine_error(_connection_error(err))


async def _send_once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send a request without retrying it, and discard cookies.

    If the server closes the connection, the response is lost. The request may have been
    processed, even `reboot`, but aiohttp would send it again at once.
    """
    try:
        response = await send(request)
    except aiohttp.ClientConnectorError:
        raise  # Nothing was sent.
    except aiohttp.ClientOSError, aiohttp.ServerDisconnectedError:
        pass
    else:
        if "Set-Cookie" in response.headers:
            # Otherwise, they would be stored for other requests, or logged.
            response.cookies = SimpleCookie()
        return response
    raise CannotConnectError(outcome_unknown=True)


async def _read(response: aiohttp.ClientResponse, method: Method) -> Response:
    """Read a response, or the beginning of it if that is enough.

    Raises BadResponseError if its body exceeds the limit, and TimeoutError if it takes
    too long.
    """
    body, is_cut = bytearray(), False
    try:
        while chunk := await response.content.readany():
            body += chunk
            if len(body) > method.max_response_bytes:
                is_cut = True
                break
    except TimeoutError:
        # Anything but a list is useless without its end.
        if not (method.may_be_cut and body.startswith(b"[")):
            raise
        is_cut = True
    if is_cut and not method.may_be_cut:
        raise BadResponseError(outcome_unknown=True)
    is_busy = response.status == HTTPStatus.TOO_MANY_REQUESTS
    wait = _retry_after(response.headers) if is_busy else None
    return Response(response.status, wait, bytes(body), is_cut)


def _connection_error(err: Exception) -> GreenApiError:
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


def _retry_after(headers: Mapping[str, str]) -> float | None:
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
        return min(seconds, _MAX_RETRY_AFTER)
    return None


def _seconds_between(start: str, end: str) -> float:
    """Return the seconds between two HTTP dates, 0 if one is invalid."""
    try:
        duration = parsedate_to_datetime(end) - parsedate_to_datetime(start)
    except OverflowError, TypeError, ValueError:
        return 0
    return duration.total_seconds()
