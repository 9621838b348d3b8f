"""Requests to GREEN-API, made so that the token does not leak.

The token is a part of every URL, so no URL, no body and no exception of aiohttp leaves
this module: a failed request becomes an error of this package, raised outside of any
`except` clause, because even `raise … from None` keeps the original exception in
`__context__`.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
import json
import socket
from typing import Final
from urllib.parse import quote

import aiohttp
from yarl import URL

from .answers import error_of_message, error_of_status, parse
from .errors import (
    BadResponseError,
    CannotConnectError,
    FileUnreadableError,
    GreenApiError,
    UnknownHostError,
    WrongAddressError,
)
from .form import Attachment, Form, open_form
from .pacing import RequestPacer
from .retry_after import retry_after

type _ErrorOf = Callable[[int, object, float | None], GreenApiError | None]

MAX_BODY_BYTES: Final = 256 * 1024
MAX_LIST_BYTES: Final = 8 * 1024 * 1024

# While it connects, nothing has been sent: whether it was is known if that takes long.
TIMEOUT: Final = aiohttp.ClientTimeout(total=15, connect=10)

# Seconds for the answer to an upload, and bytes per second at which it is on its way.
UPLOAD_SECONDS: Final = 60
SLOWEST_UPLOAD: Final = 32 * 1024

# A body is read as it comes: whoever asks for no compression need not unpack any.
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}

# What aiohttp raises before it sends anything.
_NOT_CONNECTED: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)

# What c-ares says of a name that has no address (ARES_ENODATA), that does not exist
# (ARES_ENOTFOUND) and that cannot exist (ARES_EBADNAME).
_NO_SUCH_NAME: Final = (1, 4, 8)


@dataclass(frozen=True, slots=True, repr=False)
class _Request:
    """A request, but for its address."""

    verb: str
    method: str
    content: bytes | Form | None = None
    content_headers: Mapping[str, str] = field(default_factory=dict)
    timeout: aiohttp.ClientTimeout | None = None
    longest_answer: int = MAX_BODY_BYTES


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
        return _answer(await self._call(_Request("GET", method)))

    async def get_list[T](self, method: str, read: Callable[[object], T]) -> T:
        """Call a method whose answer may be long, and return what is read from it.

        What a thread returns may be logged by asyncio: that is never the answer.
        """
        request = _Request("GET", method, longest_answer=MAX_LIST_BYTES)
        response = await self._call(request)
        return await asyncio.to_thread(lambda: read(_answer(response)))

    async def post(self, method: str, data: Mapping[str, object]) -> object:
        """Call a method with parameters and return the parsed answer."""
        return _answer(await self._call(_post(method, data)))

    async def send(self, method: str, message: Mapping[str, object]) -> object:
        """Call a method with a message and return the parsed answer."""
        return _answer(await self._call(_post(method, message)), error_of_message)

    async def upload(
        self, method: str, fields: Mapping[str, str], attachment: Attachment
    ) -> object:
        """Call a method with a file and return the parsed answer."""
        turn = self._pacer.turn(self.instance_id, method)
        async with turn, open_form(fields, attachment) as form:
            response = await self._respond(_upload(method, form))
        return _answer(response, error_of_message)

    def has_token(self, text: str) -> bool:
        """Return whether a text holds the token."""
        return self._token in text or self._token in quote(text, safe="")

    async def _call(self, request: _Request) -> _Response:
        """Make a request when its turn comes, and return the response."""
        async with self._pacer.turn(self.instance_id, request.method):
            return await self._respond(request)

    async def _respond(self, request: _Request) -> _Response:
        """Make a request whose turn it is, and return the response."""
        result = await self._exchange(request)
        if isinstance(result, GreenApiError):
            raise result
        if result.retry_after:
            self._pacer.hold(self.instance_id, result.retry_after)
        return result

    async def _exchange(self, request: _Request) -> _Response | GreenApiError:
        """Return the response, or the error to raise where no exception is handled."""
        try:
            async with self._session.request(
                request.verb,
                URL(f"{self._base}/{request.method}/{self._token}", encoded=True),
                data=request.content,
                headers={**_HEADERS, **request.content_headers},
                timeout=request.timeout or TIMEOUT,
                middlewares=(_send_once,),
                allow_redirects=False,
                auto_decompress=False,
            ) as response:
                return _Response(
                    response.status,
                    retry_after(response),
                    await _read(response.content, request.longest_answer),
                )
        except GreenApiError as err:
            # The frames that it came through hold the URL.
            return err.with_traceback(None)
        except Exception as err:  # noqa: BLE001
            # Any at all: besides its documented errors, aiohttp lets some of its
            # parsers' out, which hold what the server said.
            return _connection_error(err)


def _post(method: str, data: Mapping[str, object]) -> _Request:
    """Return a request with parameters.

    The server counts bytes: signs that are escaped would be too many of them.
    """
    return _Request(
        "POST",
        method,
        json.dumps(data, ensure_ascii=False).encode(errors="replace"),
        {"Content-Type": "application/json"},
    )


def _upload(method: str, form: Form) -> _Request:
    """Return a request with a file, and with time for it."""
    seconds = UPLOAD_SECONDS + form.size / SLOWEST_UPLOAD
    timeout = aiohttp.ClientTimeout(total=seconds, connect=TIMEOUT.connect)
    return _Request("POST", method, form, form.headers, timeout)


def _answer(response: _Response, error_of: _ErrorOf = error_of_status) -> object:
    """Return the parsed answer, or raise the error that it is."""
    answer = parse(response.body)
    if error := error_of(response.status, answer, response.retry_after):
        raise error
    return answer


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
    raise CannotConnectError(outcome_unknown=True)


async def _read(content: aiohttp.StreamReader, limit: int) -> bytes:
    """Read a body to its end, and no further than the limit."""
    body = bytearray()
    while chunk := await content.readany():
        body += chunk
        if len(body) > limit:
            raise BadResponseError(outcome_unknown=True)
    return bytes(body)


def _connection_error(err: Exception) -> GreenApiError:
    """Return why there was no response."""
    if isinstance(err, aiohttp.ClientConnectorDNSError) and _no_such_name(err):
        return UnknownHostError()
    if isinstance(err, aiohttp.InvalidURL):
        return WrongAddressError()
    if isinstance(err.__cause__, FileUnreadableError):
        # What was sent is not a whole request, which no server acts upon.
        return FileUnreadableError()
    return CannotConnectError(outcome_unknown=not isinstance(err, _NOT_CONNECTED))


def _no_such_name(err: aiohttp.ClientConnectorDNSError) -> bool:
    """Return whether the name does not exist; the name server may just not answer."""
    if isinstance(err.os_error, socket.gaierror):
        return err.os_error.errno == socket.EAI_NONAME
    # With c-ares, the code is in the exception that aiohttp made the error from.
    cause = err.os_error.__cause__
    return cause is not None and bool(cause.args) and cause.args[0] in _NO_SUCH_NAME
