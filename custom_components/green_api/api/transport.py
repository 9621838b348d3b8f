"""HTTP requests for an instance: their URLs, their pace, and their responses."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing
from functools import cache, partial
import json
from typing import Final
from urllib.parse import quote

import aiohttp
from yarl import URL

from .connections import ConnectionPool
from .errors import GreenApiError
from .exchange import Request, Response
from .form import Attachment, Form
from .methods import Method
from .pacing import RequestPacer
from .receiving import received_in
from .response_errors import ErrorOf, data_in, error_of_message

# Maximum bytes of a response about what was received that is parsed without a thread:
# while a disk hangs, no thread may be free, and an answer must not wait for it.
_QUICK_BYTES: Final = 32 * 1024

# Until the connection is established, nothing has been sent. If that alone takes too
# long, the outcome is known.
TIMEOUT: Final = aiohttp.ClientTimeout(total=15, connect=10)

# Seconds for a response about what was received, besides those that the server waits.
RECEIVING_SECONDS: Final = 15

# According to the vendor, a slow response may take a minute.
LONG_TIMEOUT: Final = aiohttp.ClientTimeout(total=75, connect=10)


class Transport:
    """Make the HTTP requests for an instance."""

    def __init__(
        self,
        connections: ConnectionPool,
        api_url: str,
        instance_id: str,
        api_token: str,
        pacer: RequestPacer,
    ) -> None:
        """Initialize the transport."""
        self._connections = connections
        url = URL(api_url)
        self._server = f"{url.scheme}://{url.authority}"
        # Key of the instance for the pacer, regardless of the path of the URL.
        self._instance = f"{url.authority}/{instance_id}"
        self._base = f"{api_url}/waInstance{quote(instance_id, safe='')}"
        self._token = quote(api_token, safe="")
        self._pacer = pacer

    @property
    def is_warm(self) -> bool:
        """Return whether a message would be sent on a connection that is open."""
        return self._connections.is_warm(self._server)

    def message_first(self) -> AbstractContextManager[None]:
        """Let requests that can wait do so while a message is being prepared."""
        return self._pacer.message_first(self._instance)

    async def get(self, method: Method) -> object:
        """Call a method, and return the parsed response.

        Raises a `GreenApiError` if the request fails.
        """
        return data_in(await self._respond(_get(method)))

    async def get_list[T](self, method: Method, read: Callable[[object], T]) -> T:
        """Call a method with a long response, and return what is read from it.

        Raises a `GreenApiError` if the request fails. The thread never returns the
        response itself, because asyncio may log what a thread returns.
        """
        response = await self._respond(_get(method))
        return await asyncio.to_thread(lambda: read(data_in(response)))

    async def receive[T](
        self,
        method: Method,
        read: Callable[[object], T],
        tail: str,
        *,
        waits_for: float = 0,
    ) -> T:
        """Call a method for what the account receives, and return what is read from it.

        These requests have connections of their own, so that no message waits for a
        connection, or has to open one, because of them. The server may wait for a
        number of seconds before it responds.

        Raises a `GreenApiError` if the request fails.
        """
        request = _receiving(method, tail, waits_for)
        response = await self._respond(request, f"{self._server} receiving")

        def parse() -> T:
            return read(received_in(response, may_time_out=bool(waits_for)))

        is_quick = len(response.body) <= _QUICK_BYTES
        return parse() if is_quick else await asyncio.to_thread(parse)

    async def post(self, method: Method, data: Mapping[str, object]) -> object:
        """Call a method with parameters, and return the parsed response.

        Raises a `GreenApiError` if the request fails.
        """
        return data_in(await self._respond(_post(method, data)))

    async def send(self, method: Method, message: Mapping[str, object]) -> object:
        """Call a method about a message, and return the parsed response.

        Raises a `GreenApiError` if the request fails, which may be a `MessageError`.
        """
        request = _post(method, message)
        return data_in(await self._respond(request), _error_of(request))

    async def upload(
        self, method: Method, fields: Mapping[str, str], attachment: Attachment
    ) -> object:
        """Call a method with a file, and return the parsed response.

        Raises a `GreenApiError` if the request fails.
        """
        with closing(Form(fields, attachment)) as form:
            request = _upload(method, form)
            response = await self._respond(request)
        return data_in(response, _error_of(request))

    def has_token(self, text: str) -> bool:
        """Return whether a text contains the token."""
        return self._token in text or self._token in quote(text, safe="")

    async def _respond(self, request: Request, connections: str = "") -> Response:
        """Make a request once the pacer allows it, and return the response.

        `connections` names those it uses, by default those of the server.
        """
        path = f"{request.method.name}/{self._token}{request.tail}"
        url = URL(f"{self._base}/{path}", encoded=True)
        async with self._pacer.turn(self._instance, request.method):
            result = await self._connections.request(
                connections or self._server, url, request
            )
            if isinstance(result, GreenApiError):
                raise result
            if result.retry_after:
                self._pacer.hold(self._instance, request.method, result.retry_after)
        return result


@cache
def _get(method: Method) -> Request:
    """Return a request without parameters, which is the same for all instances."""
    return Request(method, LONG_TIMEOUT if method.is_slow else TIMEOUT)


def _post(method: Method, data: Mapping[str, object]) -> Request:
    """Return a request with parameters.

    The server limits the number of bytes, so that characters are not escaped.
    """
    content = json.dumps(data, ensure_ascii=False).encode(errors="replace")
    return Request(
        method,
        TIMEOUT,
        content=content,
        content_headers={"Content-Type": "application/json"},
        size=len(content),
    )


def _receiving(method: Method, tail: str, waits_for: float) -> Request:
    """Return a request for what the account receives."""
    seconds = waits_for + RECEIVING_SECONDS
    timeout = aiohttp.ClientTimeout(total=seconds, connect=TIMEOUT.connect)
    return Request(method, timeout, tail=tail)


def _upload(method: Method, form: Form) -> Request:
    """Return a request with a file, and with a timeout that suits its size."""
    timeout = aiohttp.ClientTimeout(total=form.seconds, connect=TIMEOUT.connect)
    return Request(
        method,
        timeout,
        content=form,
        content_headers=form.headers,
        size=form.size,
    )


def _error_of(message: Request) -> ErrorOf:
    """Return a function that finds the error in the response to a message."""
    return partial(error_of_message, size=message.size)
