"""Requests to GREEN-API, made so that the token does not leak.

The token is a part of every URL, so no URL, no body and no exception of aiohttp leaves
this module: a failed request becomes an error of this package, raised outside of any
`except` clause, because even `raise … from None` keeps the original exception in
`__context__`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.cookies import SimpleCookie
import math
import socket
from typing import Any, Final
from urllib.parse import quote

import aiohttp
from yarl import URL

from .answers import error_of_status, parse
from .errors import (
    BadResponseError,
    CannotConnectError,
    GreenApiError,
    UnknownHostError,
    WrongAddressError,
)
from .pacing import RequestPacer

MAX_BODY_BYTES: Final = 256 * 1024
TIMEOUT: Final = aiohttp.ClientTimeout(total=15)

# A body is read as it comes: whoever asks for no compression need not unpack any.
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}

_MAX_RETRY_AFTER: Final = 3600.0

# What c-ares says of a name that has no address (ARES_ENODATA), that does not exist
# (ARES_ENOTFOUND) and that cannot exist (ARES_EBADNAME).
_NO_SUCH_NAME: Final = (1, 4, 8)


@dataclass(frozen=True, slots=True, repr=False)
class _Response:
    """A response that was read to its end."""

    status: int
    retry_after: float | None
    body: bytes


class Transport:
    """Make requests for one instance."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        api_url: str,
        instance_id: str,
        api_token: str,
        pacer: RequestPacer,
    ) -> None:
        """Initialize the transport."""
        self.instance_id = instance_id
        self._session = session
        self._base = f"{api_url}/waInstance{quote(instance_id, safe='')}"
        self._token = quote(api_token, safe="")
        self._pacer = pacer

    async def get(self, method: str) -> object:
        """Call a method and return the parsed answer."""
        return await self._call("GET", method)

    async def post(self, method: str, data: Mapping[str, object]) -> object:
        """Call a method with parameters and return the parsed answer."""
        return await self._call("POST", method, json=data)

    def has_token(self, text: str) -> bool:
        """Return whether a text holds the token."""
        return self._token in text or self._token in quote(text, safe="")

    async def _call(self, verb: str, method: str, **content: Any) -> object:
        """Make a request when its turn comes, and return the parsed answer."""
        await self._pacer.wait_turn(self.instance_id, method)
        result = await self._exchange(verb, method, content)
        if isinstance(result, GreenApiError):
            raise result
        if result.retry_after:
            self._pacer.hold(self.instance_id, result.retry_after)
        answer = parse(result.body)
        if error := error_of_status(result.status, answer, result.retry_after):
            raise error
        return answer

    async def _exchange(
        self, verb: str, method: str, content: Mapping[str, Any]
    ) -> _Response | GreenApiError:
        """Return the response, or the error to raise where no exception is handled."""
        try:
            async with self._session.request(
                verb,
                URL(f"{self._base}/{method}/{self._token}", encoded=True),
                headers=_HEADERS,
                timeout=TIMEOUT,
                middlewares=(_send_once,),
                allow_redirects=False,
                auto_decompress=False,
                **content,
            ) as response:
                return _Response(
                    response.status,
                    _retry_after(response),
                    await _read(response.content),
                )
        except GreenApiError as err:
            # The frames that it came through hold the URL.
            return err.with_traceback(None)
        except Exception as err:  # noqa: BLE001
            # Any at all: besides its documented errors, aiohttp lets some of its
            # parsers' out, which hold what the server said.
            return _connection_error(err)


async def _send_once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send a request without repeating it, and keep no cookies.

    If the server hangs up, the request is lost. It may have been processed, `reboot` as
    well, but aiohttp would send it again at once.
    """
    try:
        response = await send(request)
    except aiohttp.ClientConnectorError:
        raise  # Nothing was sent, and nothing will be.
    except aiohttp.ClientOSError, aiohttp.ServerDisconnectedError:
        pass
    else:
        if "Set-Cookie" in response.headers:
            # They would be kept for all who use the session, or be logged.
            response.cookies = SimpleCookie()
        return response
    raise CannotConnectError


async def _read(content: aiohttp.StreamReader) -> bytes:
    """Read a body to its end, and no further than the limit."""
    body = bytearray()
    while chunk := await content.readany():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise BadResponseError
    return bytes(body)


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
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
        return min(seconds, _MAX_RETRY_AFTER)
    return None


def _seconds_between(start: str, end: str) -> float:
    """Return the seconds between two HTTP dates, 0 if one is invalid."""
    try:
        duration = parsedate_to_datetime(end) - parsedate_to_datetime(start)
    except OverflowError, TypeError, ValueError:
        return 0
    return duration.total_seconds()


def _connection_error(err: Exception) -> GreenApiError:
    """Return why there was no response."""
    if isinstance(err, aiohttp.ClientConnectorDNSError) and _no_such_name(err):
        return UnknownHostError()
    if isinstance(err, aiohttp.InvalidURL):
        return WrongAddressError()
    return CannotConnectError()


def _no_such_name(err: aiohttp.ClientConnectorDNSError) -> bool:
    """Tell a name that does not exist from a name server that does not answer."""
    if isinstance(err.os_error, socket.gaierror):
        return err.os_error.errno == socket.EAI_NONAME
    # With c-ares, the code is in the exception that aiohttp made the error from.
    cause = err.os_error.__cause__
    return cause is not None and bool(cause.args) and cause.args[0] in _NO_SUCH_NAME
