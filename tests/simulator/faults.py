"""What can go wrong with an answer, each kind with what it puts on the wire."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum, auto
import functools
import socket
import struct
from typing import TYPE_CHECKING
import zlib

from aiohttp import web

from .methods import NOT_AUTHORIZED, STARTING, InvalidError, NotReadyError
from .wire import as_json, as_text, bare, compact, envelope, nginx

if TYPE_CHECKING:
    from .account import Account
    from .methods import Method
    from .wire import Bucket, Json

MEBIBYTE = 1 << 20
HUGE = 48 * MEBIBYTE
BOMB = 64 * MEBIBYTE

EXPIRED = "Instance account is expired. Renew your instance from personal area"
DELETED = "Instance is deleted"
INVALID = "Validation failed. Details: 'chatId' is required"
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

# A good answer to any method that a monitor reads.
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
    """What can go wrong with an answer."""

    UNAUTHORIZED = auto()
    FORBIDDEN_HTML = auto()
    NOT_FOUND_HTML = auto()
    RATE_LIMITED = auto()
    RATE_LIMITED_RETRY_AFTER = auto()
    EXPIRED_TEXT = auto()
    EXPIRED_JSON = auto()
    DELETED = auto()
    STARTING = auto()
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
    NULL_200 = auto()
    NOT_JSON = auto()
    WRONG_TYPE = auto()
    WRONG_FIELD_TYPE = auto()
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
    """A request that has been understood, and the account that it is for."""

    request: web.Request
    body: str
    account: Account
    method: Method
    bucket: Bucket

    def answer(self) -> web.Response:
        """Answer as the healthy application does."""
        try:
            answer = self.method.answer(self.account, self.body)
        except NotReadyError as err:
            return as_text(400, str(err))
        except InvalidError as err:
            return envelope(self.request, 400, str(err))
        return as_json(answer, self.bucket.headers)


type Writer = Callable[[Exchange], Awaitable[web.StreamResponse]]


def _plain(make: Callable[[], web.Response]) -> Writer:
    """Answer the same to everybody."""

    async def write(_: Exchange) -> web.StreamResponse:
        return make()

    return write


def _limited(status: int) -> Writer:
    """Answer without a body, with the headers of the rate limit."""

    async def write(exchange: Exchange) -> web.StreamResponse:
        return bare(status, exchange.bucket.headers | {"X-RateLimit-Remaining": "0"})

    return write


def _enveloped(status: int, message: str) -> Writer:
    """Answer in the envelope that echoes the path."""

    async def write(exchange: Exchange) -> web.StreamResponse:
        return envelope(exchange.request, status, message)

    return write


def _body(body: bytes, content_type: str = "application/json") -> Writer:
    """Answer 200 with these very bytes."""

    async def write(_: Exchange) -> web.StreamResponse:
        return web.Response(body=body, headers={"Content-Type": content_type})

    return write


def _stream(
    parts: Callable[[], AsyncIterator[bytes]], headers: dict[str, str]
) -> Writer:
    """Answer 200 in parts, until the client has enough."""

    async def write(exchange: Exchange) -> web.StreamResponse:
        response = web.StreamResponse(headers=headers)
        response.content_type = "application/json"
        await response.prepare(exchange.request)
        async for part in parts():
            await response.write(part)
        await response.write_eof()
        return response

    return write


def _raw(head: bytes, *, reset: bool) -> Writer:
    """Put bytes on the wire and end the connection, by force or in order."""

    async def write(exchange: Exchange) -> web.StreamResponse:
        transport = exchange.request.transport
        if transport is not None:
            transport.write(head)
            if reset:
                _reset_on_close(transport)
            transport.close()
        # Nothing of this reaches the client any more.
        return web.Response()

    return write


def _reset_on_close(transport: asyncio.Transport) -> None:
    """Let the end of the connection be a reset (TCP RST)."""
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, linger
    )


async def _redirect_to_other_host(exchange: Exchange) -> web.StreamResponse:
    """Send the client to another name, where its coming is counted."""
    port, instance_id = exchange.request.url.port, exchange.account.instance_id
    return _redirect(f"http://localhost:{port}/elsewhere/{instance_id}")


async def _redirect_to_itself(exchange: Exchange) -> web.StreamResponse:
    """Send the client to where it is."""
    return _redirect(exchange.request.rel_url.raw_path)


def _redirect(target: str) -> web.Response:
    return web.Response(status=302, headers={"Location": target})


async def _rate_limited(exchange: Exchange) -> web.StreamResponse:
    """Answer 429 and tell when to come again."""
    return bare(
        429,
        exchange.bucket.headers
        | {
            "X-RateLimit-Remaining": "0",
            "Retry-After": str(exchange.account.retry_after),
        },
    )


async def _as_plain_text(exchange: Exchange) -> web.StreamResponse:
    """Give the good answer, and call it text."""
    answer = exchange.answer()
    answer.content_type = "text/plain"
    return answer


async def _hang(_: Exchange) -> web.StreamResponse:
    """Answer nothing; ends with the connection."""
    never: asyncio.Future[web.StreamResponse]
    never = asyncio.get_running_loop().create_future()
    return await never


async def _drip() -> AsyncIterator[bytes]:
    """Give a good answer, one byte a second."""
    for byte in GOOD_BYTES:
        yield bytes((byte,))
        await asyncio.sleep(1)


async def _endless() -> AsyncIterator[bytes]:
    """Give an answer that never ends."""
    yield b'{"stateInstance": "authorized"'
    while True:
        yield b" " * 65536


def _padded(size: int) -> Iterator[bytes]:
    """Give a good answer, blown up with blanks."""
    yield GOOD_BYTES[:-1]
    blanks = b" " * MEBIBYTE
    for _ in range(size // MEBIBYTE):
        yield blanks
    yield GOOD_BYTES[-1:]


async def _huge() -> AsyncIterator[bytes]:
    """Give a very long answer."""
    for part in _padded(HUGE):
        yield part


async def _bomb() -> AsyncIterator[bytes]:
    """Give a short answer that unpacks to a very long one."""
    yield _packed_bomb()


@functools.cache
def _packed_bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(map(packer.compress, _padded(BOMB))) + packer.flush()


def _head(*lines: str, status: str = "200 OK") -> bytes:
    """Write the head of an answer by hand."""
    return "\r\n".join(
        (f"HTTP/1.1 {status}", "Content-Type: application/json", *lines, "", "")
    ).encode()


LENGTH = f"Content-Length: {len(GOOD_BYTES)}"

WRITERS: dict[Fault, Writer] = {
    Fault.UNAUTHORIZED: _limited(401),
    Fault.FORBIDDEN_HTML: _plain(lambda: nginx(403, "Forbidden")),
    Fault.NOT_FOUND_HTML: _plain(lambda: nginx(404, "Not Found")),
    Fault.RATE_LIMITED: _limited(429),
    Fault.RATE_LIMITED_RETRY_AFTER: _rate_limited,
    Fault.EXPIRED_TEXT: _plain(lambda: as_text(400, EXPIRED)),
    Fault.EXPIRED_JSON: _enveloped(400, f"{EXPIRED}."),
    Fault.DELETED: _plain(lambda: as_text(400, DELETED)),
    Fault.STARTING: _plain(lambda: as_text(400, STARTING)),
    Fault.NOT_AUTHORIZED: _plain(lambda: as_text(400, NOT_AUTHORIZED)),
    Fault.BAD_REQUEST: _enveloped(400, INVALID),
    Fault.QUOTA_466: _plain(lambda: as_json(QUOTA, status=466)),
    Fault.LOOKUP_469: _plain(
        lambda: as_json({"reason": "User get contact info limit reached"}, status=469)
    ),
    Fault.CLIENT_CLOSED_499: _plain(lambda: web.Response(status=499)),
    Fault.SERVER_ERROR: _enveloped(500, "Internal server error"),
    Fault.BAD_GATEWAY: _plain(lambda: nginx(502, "Bad Gateway")),
    Fault.UNAVAILABLE: _plain(lambda: nginx(503, "Service Temporarily Unavailable")),
    Fault.GATEWAY_TIMEOUT: _plain(lambda: nginx(504, "Gateway Time-out")),
    Fault.HTML_200: _body(b"<html><body>Service page</body></html>", "text/html"),
    Fault.EMPTY_200: _body(b""),
    Fault.NULL_200: _body(b"null"),
    Fault.NOT_JSON: _body(b"upstream connect error or disconnect"),
    Fault.WRONG_TYPE: _body(b'["authorized"]'),
    Fault.WRONG_FIELD_TYPE: _body(compact({key: [42] for key in GOOD}).encode()),
    Fault.MISSING_FIELD: _body(b"{}"),
    Fault.DEEP_JSON: _body(b"[" * 200_000),
    Fault.WRONG_CHARSET: _body(
        b'{"stateInstance": "authorized\xff"}', "application/json; charset=klingon"
    ),
    Fault.WRONG_CONTENT_TYPE: _as_plain_text,
    Fault.REDIRECT_OTHER_HOST: _redirect_to_other_host,
    Fault.REDIRECT_LOOP: _redirect_to_itself,
    Fault.NOT_HTTP: _raw(b"SSH-2.0-OpenSSH_9.2p1\r\n", reset=False),
    Fault.HUGE_HEADER: _raw(_head("X-Padding: " + "x" * MEBIBYTE), reset=False),
    Fault.RESET_BEFORE_HEADERS: _raw(b"", reset=True),
    Fault.RESET_AFTER_HEADERS: _raw(_head(LENGTH), reset=True),
    Fault.TRUNCATED_BODY: _raw(_head(LENGTH) + GOOD_BYTES[:9], reset=False),
    Fault.SLOW_DRIP: _stream(_drip, {"Content-Length": str(len(GOOD_BYTES))}),
    Fault.ENDLESS_BODY: _stream(_endless, {}),
    Fault.HUGE_BODY: _stream(_huge, {"Content-Length": str(len(GOOD_BYTES) + HUGE)}),
    Fault.GZIP_BOMB: _stream(_bomb, {"Content-Encoding": "gzip"}),
    Fault.HANG: _hang,
}

# The application itself answers these, so a wrong token comes first.
AFTER_TOKEN = frozenset(
    {
        Fault.EXPIRED_TEXT,
        Fault.EXPIRED_JSON,
        Fault.DELETED,
        Fault.STARTING,
        Fault.NOT_AUTHORIZED,
        Fault.BAD_REQUEST,
        Fault.QUOTA_466,
        Fault.LOOKUP_469,
        Fault.WRONG_CONTENT_TYPE,
    }
)
