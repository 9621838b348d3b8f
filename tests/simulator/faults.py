"""Faults of responses, with the bytes that each one puts on the wire."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from email.utils import formatdate
from enum import StrEnum, auto
import functools
import itertools
import json
import socket
import struct
import time
from typing import TYPE_CHECKING, override
import zlib

from aiohttp import web

from .contacts import NOT_AUTHORIZED
from .errors import (
    BrokenError,
    InvalidError,
    MissingError,
    NotReadyError,
    QuotaError,
)
from .receiving import STARTING
from .wire import as_json, as_text, bare, compact, envelope, nginx

if TYPE_CHECKING:
    from .account import Account
    from .methods import Method
    from .wire import Bucket, Json

MEBIBYTE = 1 << 20
HUGE = 48 * MEBIBYTE
BOMB = 64 * MEBIBYTE
HUGE_NUMBER = 10**300

EXPIRED = "Instance account is expired. Renew your instance from personal area"
DELETED = "Instance is deleted"
INVALID = "Validation failed. Details: 'chatId' is required"
HTML = "text/html"
PAGE = b"<html><body>Service page</body></html>"
EXPIRED_FORUM = (
    "<!DOCTYPE html><html><body><h1>Forum</h1><p>What does it mean that my "
    "instance account is expired?</p></body></html>"
)
TOO_MANY: dict[str, Json] = {"reason": "Too many requests", "leftTime": 46}
LOOKUP: dict[str, Json] = {"reason": "User get contact info limit reached"}
QUOTA: dict[str, Json] = {
    "invokeStatus": {
        "method": "sendmessage",
        "used": 67,
        "total": 0,
        "status": "QUOTE_ALLOWED",
    },
    "correspondentsStatus": {
        "method": "correspondents",
        "used": 3,
        "total": 3,
        "status": "CORRESPONDENTS_QUOTE_EXCEEDED",
        "description": (
            "Monthly quota has been exceeded. You can only send or receive messages "
            "from these numbers: 12345678901@c.us,12345678910@c.us,12345678911@c.us. "
            "Please go to your personal account and change the tariff to business "
            "https://console.green-api.com"
        ),
    },
}

# A valid response to every method that only reads.
GOOD: dict[str, Json] = {
    "stateInstance": "authorized",
    "isReboot": True,
    "type": "qrCode",
    "message": "",
    "status": True,
    "code": "GAPI2015",
    "count": 0,
}
GOOD_BYTES = compact(GOOD).encode()


class Fault(StrEnum):
    """A fault of a response."""

    UNAUTHORIZED = auto()
    FORBIDDEN_HTML = auto()
    NOT_FOUND_HTML = auto()
    RATE_LIMITED = auto()
    RATE_LIMITED_RETRY_AFTER = auto()
    RATE_LIMITED_UNTIL_DATE = auto()
    EXPIRED_TEXT = auto()
    EXPIRED_JSON = auto()
    EXPIRED_AS_HTML = auto()
    EXPIRED_200 = auto()
    EXPIRED_PAGE = auto()
    DELETED = auto()
    DELETED_STRING = auto()
    DELETED_UTF_16 = auto()
    STARTING = auto()
    STARTING_AS_HTML = auto()
    NOT_AUTHORIZED = auto()
    BAD_REQUEST = auto()
    QUOTA_466 = auto()
    LOOKUP_469 = auto()
    CLIENT_CLOSED_499 = auto()
    SERVER_ERROR = auto()
    BAD_GATEWAY = auto()
    UNAVAILABLE = auto()
    GATEWAY_TIMEOUT = auto()
    HTML_200 = auto()
    EMPTY_200 = auto()
    NO_CONTENT_204 = auto()
    NULL_200 = auto()
    NOT_JSON = auto()
    WRONG_TYPE = auto()
    WRONG_FIELD_TYPE = auto()
    OTHER_NUMBER = auto()
    HUGE_NUMBERS = auto()
    MISSING_FIELD = auto()
    DEEP_JSON = auto()
    WRONG_CHARSET = auto()
    WRONG_CONTENT_TYPE = auto()
    REDIRECT_OTHER_HOST = auto()
    REDIRECT_LOOP = auto()
    NOT_HTTP = auto()
    HUGE_HEADER = auto()
    RESET_BEFORE_HEADERS = auto()
    RESET_AFTER_HEADERS = auto()
    TRUNCATED_BODY = auto()
    SLOW_DRIP = auto()
    ENDLESS_BODY = auto()
    HUGE_BODY = auto()
    GZIP_BOMB = auto()
    HANG = auto()


@dataclass(frozen=True)
class Exchange:
    """A parsed request and its account."""

    request: web.Request
    body: str
    account: Account
    method: Method
    bucket: Bucket

    def answer(self) -> web.Response:
        """Return the response of the healthy application."""
        try:
            answer = self.method.answer(self.account, self.body)
        except NotReadyError as err:
            return as_text(400, str(err))
        except MissingError as err:
            return self._text_in_form(err)
        except InvalidError as err:
            return envelope(self.request, err.status, str(err))
        except QuotaError as err:
            return as_json(err.body, status=466)
        except BrokenError as err:
            return web.Response(status=err.status)
        return as_json(answer, self.bucket.headers)

    def _text_in_form(self, err: MissingError) -> web.Response:
        """Return the text of an error.

        It is not documented how the vendor sends some of them.
        """
        match err.form(self.account):
            case "text":
                return as_text(400, str(err))
            case "html":
                return _as_html(400, str(err))
            case "parameter":
                return as_json(
                    {"code": "INVALID_PARAM", "message": str(err), "status": "error"},
                    status=400,
                )
            case _:
                return envelope(self.request, 400, str(err))


type Answer = Callable[[Exchange], web.Response]
type Breakage = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def respond(fault: Fault, exchange: Exchange) -> web.StreamResponse:
    """Respond to a request with a fault."""
    if answer := ANSWERS.get(fault):
        return answer(exchange)
    return await BREAKAGES[fault](exchange.request)


def _limited(exchange: Exchange, status: int, **more: str) -> web.Response:
    """Return a response without a body whose headers say that the limit is reached."""
    used_up = {"X-RateLimit-Remaining": "0"}
    return bare(status, exchange.bucket.headers | used_up | more)


def _limited_until(exchange: Exchange) -> web.Response:
    """Return that the limit is reached until a date of the server's clock."""
    now = time.time()
    until = now + float(exchange.account.retry_after)
    dates = {"Date": formatdate(now, usegmt=True)}
    return _limited(
        exchange, 429, **dates, **{"Retry-After": formatdate(until, usegmt=True)}
    )


def _body(
    body: bytes, content_type: str = "application/json", status: int = 200
) -> web.Response:
    """Return a response with exactly these bytes."""
    return web.Response(
        status=status, body=body, headers={"Content-Type": content_type}
    )


def _as_html(status: int, text: str) -> web.Response:
    """Return plain text as HTML, the default content type of such servers."""
    return _body(text.encode(), f"{HTML}; charset=utf-8", status)


def _with_huge_numbers(exchange: Exchange) -> web.Response:
    """Return the healthy response with huge numbers."""
    answer = json.loads(exchange.answer().text or "null")
    if isinstance(answer, dict):
        answer |= {key: HUGE_NUMBER for key in answer if type(answer[key]) is int}
    return as_json(answer)


def _as_plain_text(exchange: Exchange) -> web.Response:
    """Return the healthy response as plain text."""
    answer = exchange.answer()
    answer.content_type = "text/plain"
    return answer


def _redirect(target: str) -> web.Response:
    """Return a redirect."""
    return web.Response(status=302, headers={"Location": target})


def _other_host(exchange: Exchange) -> str:
    """Return a URL with another name of this host, where requests are counted."""
    port, instance_id = exchange.request.url.port, exchange.account.instance_id
    return f"http://localhost:{port}/elsewhere/{instance_id}"


def _stream(parts: Callable[[], AsyncIterator[bytes]], **headers: str) -> Breakage:
    """Stream a response with status 200 until the client disconnects."""

    async def write(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": "application/json"} | headers
        )
        if request.transport:
            # `_sent` waits instead of aiohttp, which may leave a future behind when
            # the client disconnects.
            request.transport.set_write_buffer_limits(high=1 << 40)
        await response.prepare(request)
        async for part in parts():
            await response.write(part)
            await _sent(request.transport)
        await response.write_eof()
        return response

    return write


async def _sent(transport: asyncio.WriteTransport | None) -> None:
    """Wait until the client has received most of the data."""
    while transport and transport.get_write_buffer_size() > MEBIBYTE:  # noqa: ASYNC110
        await asyncio.sleep(0)


class _UnsentResponse(web.Response):
    """A response that no longer reaches the client."""

    @override
    def __repr__(self) -> str:
        """Leave out the path with the token, because asyncio may log the response."""
        return f"<{type(self).__name__}>"


def _raw(content: bytes, *, reset: bool = False) -> Breakage:
    """Send bytes and close the connection, gracefully or by a reset."""

    async def write(request: web.Request) -> web.StreamResponse:
        if transport := request.transport:
            transport.write(content)
            if reset:
                transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
            transport.close()
        return _UnsentResponse()

    return write


def _head(*headers: str) -> bytes:
    """Return the encoded head of a response."""
    lines = ("HTTP/1.1 200 OK", "Content-Type: application/json", *headers, "", "")
    return "\r\n".join(lines).encode()


async def _hang(_: web.Request) -> web.StreamResponse:
    """Never respond, until the connection is closed."""
    never: asyncio.Future[web.StreamResponse]
    never = asyncio.get_running_loop().create_future()
    return await never


async def _drip() -> AsyncIterator[bytes]:
    """Send a valid response, one byte per second."""
    for byte in GOOD_BYTES:
        yield bytes((byte,))
        await asyncio.sleep(1)


async def _endless() -> AsyncIterator[bytes]:
    """Send a response that never ends."""
    yield GOOD_BYTES[:-1]
    while True:
        yield b" " * 65536


async def _huge() -> AsyncIterator[bytes]:
    """Send a very long response."""
    for part in _padded(HUGE):
        yield part


async def _bomb() -> AsyncIterator[bytes]:
    """Send a short response that decompresses to a very long one."""
    yield _packed_bomb()


@functools.cache
def _packed_bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(map(packer.compress, _padded(BOMB))) + packer.flush()


def _padded(size: int) -> Iterator[bytes]:
    """Yield a valid response, padded with spaces to a size in bytes."""
    yield GOOD_BYTES[:-1]
    yield from itertools.repeat(b" " * MEBIBYTE, size // MEBIBYTE)
    yield GOOD_BYTES[-1:]


LENGTH = str(len(GOOD_BYTES))

# The faults that are a response.
ANSWERS: dict[Fault, Answer] = {
    Fault.UNAUTHORIZED: lambda exchange: _limited(exchange, 401),
    Fault.FORBIDDEN_HTML: lambda _: nginx(403, "Forbidden"),
    Fault.NOT_FOUND_HTML: lambda _: nginx(404, "Not Found"),
    Fault.RATE_LIMITED: lambda exchange: _limited(exchange, 429),
    Fault.RATE_LIMITED_RETRY_AFTER: lambda exchange: _limited(
        exchange, 429, **{"Retry-After": str(exchange.account.retry_after)}
    ),
    Fault.RATE_LIMITED_UNTIL_DATE: _limited_until,
    Fault.EXPIRED_TEXT: lambda _: as_text(400, EXPIRED),
    Fault.EXPIRED_JSON: lambda exchange: envelope(exchange.request, 400, f"{EXPIRED}."),
    Fault.EXPIRED_AS_HTML: lambda _: _as_html(400, EXPIRED),
    Fault.EXPIRED_200: lambda _: as_json({"status": False, "message": EXPIRED}),
    Fault.EXPIRED_PAGE: lambda _: _as_html(400, EXPIRED_FORUM),
    Fault.DELETED: lambda _: as_text(400, DELETED),
    Fault.DELETED_STRING: lambda _: as_json(DELETED.upper(), status=400),
    Fault.DELETED_UTF_16: lambda _: _body(DELETED.encode("utf-16"), HTML, 400),
    Fault.STARTING: lambda _: as_text(400, STARTING),
    Fault.STARTING_AS_HTML: lambda _: _as_html(400, f"{STARTING.title()}\r\n"),
    Fault.NOT_AUTHORIZED: lambda _: as_text(400, NOT_AUTHORIZED),
    Fault.BAD_REQUEST: lambda exchange: envelope(exchange.request, 400, INVALID),
    Fault.QUOTA_466: lambda _: as_json(QUOTA, status=466),
    Fault.LOOKUP_469: lambda _: as_json(LOOKUP, status=469),
    Fault.CLIENT_CLOSED_499: lambda _: web.Response(status=499),
    Fault.SERVER_ERROR: lambda exchange: envelope(
        exchange.request, 500, "Internal server error"
    ),
    Fault.BAD_GATEWAY: lambda _: nginx(502, "Bad Gateway"),
    Fault.UNAVAILABLE: lambda _: nginx(503, "Service Temporarily Unavailable"),
    Fault.GATEWAY_TIMEOUT: lambda _: nginx(504, "Gateway Time-out"),
    Fault.HTML_200: lambda _: _body(PAGE, HTML),
    Fault.EMPTY_200: lambda _: _body(b""),
    Fault.NO_CONTENT_204: lambda _: web.Response(status=204),
    Fault.NULL_200: lambda _: _body(b"null"),
    Fault.NOT_JSON: lambda _: _body(b"upstream connect error or disconnect"),
    Fault.WRONG_TYPE: lambda _: _body(b'["authorized"]'),
    Fault.WRONG_FIELD_TYPE: lambda _: as_json({key: [42] for key in GOOD}),
    Fault.OTHER_NUMBER: lambda _: as_json(TOO_MANY),
    Fault.HUGE_NUMBERS: _with_huge_numbers,
    Fault.MISSING_FIELD: lambda _: _body(b"{}"),
    Fault.DEEP_JSON: lambda _: _body(b"[" * 200_000),
    Fault.WRONG_CHARSET: lambda _: _body(
        b'{"stateInstance":"authorized\xff"}', "application/json; charset=klingon"
    ),
    Fault.WRONG_CONTENT_TYPE: _as_plain_text,
    Fault.REDIRECT_OTHER_HOST: lambda exchange: _redirect(_other_host(exchange)),
    Fault.REDIRECT_LOOP: lambda exchange: _redirect(exchange.request.rel_url.raw_path),
}

# The faults that break the connection.
BREAKAGES: dict[Fault, Breakage] = {
    Fault.NOT_HTTP: _raw(b"SSH-2.0-OpenSSH_9.2p1\r\n"),
    Fault.HUGE_HEADER: _raw(_head("X-Padding: " + "x" * MEBIBYTE)),
    Fault.RESET_BEFORE_HEADERS: _raw(b"", reset=True),
    Fault.RESET_AFTER_HEADERS: _raw(_head(f"Content-Length: {LENGTH}"), reset=True),
    Fault.TRUNCATED_BODY: _raw(_head(f"Content-Length: {LENGTH}") + GOOD_BYTES[:9]),
    Fault.SLOW_DRIP: _stream(_drip, **{"Content-Length": LENGTH}),
    Fault.ENDLESS_BODY: _stream(_endless),
    Fault.HUGE_BODY: _stream(_huge, **{"Content-Length": str(len(GOOD_BYTES) + HUGE)}),
    Fault.GZIP_BOMB: _stream(_bomb, **{"Content-Encoding": "gzip"}),
    Fault.HANG: _hang,
}

# The application sends these itself, after the token is checked.
AFTER_TOKEN = frozenset(
    {
        Fault.EXPIRED_TEXT,
        Fault.EXPIRED_JSON,
        Fault.EXPIRED_AS_HTML,
        Fault.EXPIRED_200,
        Fault.DELETED,
        Fault.DELETED_STRING,
        Fault.DELETED_UTF_16,
        Fault.STARTING,
        Fault.STARTING_AS_HTML,
        Fault.NOT_AUTHORIZED,
        Fault.BAD_REQUEST,
        Fault.QUOTA_466,
        Fault.LOOKUP_469,
        Fault.OTHER_NUMBER,
        Fault.HUGE_NUMBERS,
        Fault.WRONG_CONTENT_TYPE,
    }
)
