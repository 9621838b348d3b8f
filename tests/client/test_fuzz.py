"""Test the client with arbitrary data."""

import json
from typing import Final
from urllib.parse import unquote

import aiohttp
from aiohttp.http_parser import HttpResponseParser, HttpResponseParserPy
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.green_api.api import AccountState
from tests.support.canned import CannedServer
from tests.support.clients import METHODS, create_client, result_or_error
from tests.support.fuzz import FUZZED, UNSEEN_GENERATOR

pytestmark = [pytest.mark.long(4), UNSEEN_GENERATOR]

KEYS: Final = (
    "chatId",
    "code",
    "contactName",
    "count",
    "id",
    "idMessage",
    "isReboot",
    "message",
    "name",
    "phoneNumber",
    "stateInstance",
    "stateWebhook",
    "status",
    "statusMessage",
    "suspendedUntil",
    "type",
    "typeInstance",
    "webhookUrl",
    "wid",
)
VALUES: Final = (
    "",
    "79001234567@c.us",
    "authorized",
    "iVBORw0KGgo=",
    "qrCode",
    "v3",
    "yes",
    0,
    -1,
    2**31,
    10**400,
    True,
)
WORDS: Final = (
    b"Instance account is expired",
    b"Instance is deleted",
    b"instance is starting or not authorized",
    b"<html>",
    b"null",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"[" * 5000,
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(VALUES),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(KEYS) | st.text(), inner)
    ),
)
objects = st.dictionaries(st.sampled_from(KEYS), json_values | st.sampled_from(VALUES))
bodies = (
    st.binary(max_size=4096)
    | st.lists(st.sampled_from(WORDS) | st.binary(max_size=8)).map(b"".join)
    | (json_values | objects).map(lambda value: json.dumps(value).encode())
)
header_values = st.sampled_from(
    (
        b"application/json",
        b"text/html; charset=klingon",
        b"30",
        b"1e999",
        b"Wed, 21 Oct 2026 07:28:00 GMT",
        b";;;=",
        b"",
    )
) | st.binary(max_size=64).map(lambda value: value.translate(None, b"\r\n\0"))

# Pieces of a response on the wire, in any order, cut anywhere.
HEADS: Final = (
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n",
    b"HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n",
    b"HTTP/1.1 204 No Content\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n",
    b"Set-Cookie: a=b; Expires=never; Domain=.\r\n",
    b"Link: <http://[>; rel=next\r\n",
    b"\xff: \xff\r\n",
    b"no header\r\n",
    b"",
)
PIECES: Final = (
    b'1E\r\n{"stateInstance":"authorized"}\r\n',
    b'{"stateInstance":"authorized"}',
    b"5\r\nhello\r\n",
    b"5\r\nhello",
    b"5;x=\0\r\nhello\r\n",
    b"FFFFFFFFFFFFFFFFF\r\n",
    b"-1\r\n",
    b"zz\r\n",
    b"0\r\n",
    b"0\r\n\r\n",
    b"0\r\nno trailer\r\n\r\n",
    b"\x1f\x8b\x08\0",
    b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull",
    b"\r\n",
)
wire = st.builds(
    lambda heads, pieces, end: b"".join((*heads, b"\r\n", *pieces))[:end],
    st.lists(st.sampled_from(HEADS) | st.binary(max_size=8), max_size=3),
    st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=4),
    st.none() | st.integers(min_value=0, max_value=100),
)


@settings(FUZZED, max_examples=300)
@given(
    method=st.sampled_from(sorted(METHODS)),
    status=st.integers(min_value=100, max_value=999) | st.just(200),
    body=bodies,
    content_type=header_values,
    retry_after=header_values,
)
async def test_any_answer(
    canned: CannedServer,
    session: aiohttp.ClientSession,
    method: str,
    status: int,
    body: bytes,
    content_type: bytes,
    retry_after: bytes,
) -> None:
    """A method returns its declared type or raises an error of the client."""
    canned.respond(status, body, content_type, Retry_After=retry_after)
    result = await result_or_error(
        METHODS[method].call(create_client(session, canned.url))
    )
    assert isinstance(result, METHODS[method].returns | type)


@FUZZED
@given(answer=wire)
@pytest.mark.parametrize(
    "parser", [HttpResponseParser, HttpResponseParserPy], ids=["c", "python"]
)
async def test_anything_on_the_wire(
    canned: CannedServer,
    session: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    parser: type,
    answer: bytes,
) -> None:
    """Malformed HTTP does not raise other errors."""
    monkeypatch.setattr("aiohttp.client_proto.HttpResponseParser", parser)
    canned.response = answer
    result = await result_or_error(create_client(session, canned.url).get_state())
    assert isinstance(result, AccountState | type)


@FUZZED
@given(instance_id=st.text(), token=st.text(min_size=1))
async def test_any_credentials(
    canned: CannedServer,
    session: aiohttp.ClientSession,
    instance_id: str,
    token: str,
) -> None:
    """The instance ID and the token are always encoded as one path segment each."""
    canned.requests.clear()
    client = create_client(
        session, f"{canned.url}/v3", instance_id=instance_id, token=token
    )
    await result_or_error(client.get_state())
    (request,) = canned.requests
    assert [unquote(part) for part in request.target.split("/")] == [
        "",
        "v3",
        f"waInstance{instance_id}",
        "getStateInstance",
        token,
    ]
    assert not {"?", "#"} & {*request.target}
    assert {*request.headers} == {"Accept", "Accept-Encoding", "Host", "User-Agent"}
