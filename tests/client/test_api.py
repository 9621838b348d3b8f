"""Test the client of GREEN-API over real sockets."""

import asyncio
import base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
import json
from pathlib import Path
import reprlib
import socket
import ssl
import struct
from typing import Final, override
from unittest.mock import AsyncMock, Mock

import aiohttp
from aiohttp.http_parser import HttpResponseParserPy
from aiohttp.resolver import ThreadedResolver
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.green_api.api import (
    AccountState,
    BadResponseError,
    CannotConnectError,
    ErrorKind,
    GreenApiClient,
    GreenApiError,
    InstanceDeletedError,
    InstanceExpiredError,
    InstanceStartingError,
    InstanceState,
    InvalidCredentialsError,
    Messenger,
    QrAnswer,
    QrKind,
    RateLimitedError,
    RequestPacer,
    Settings,
    UnknownHostError,
    WrongAddressError,
    transport,
)
from homeassistant.helpers.aiohttp_client import (
    HassAsyncDNSResolver,
    HomeAssistantTCPConnector,
)
from tests.simulator import Account, Fault, Simulator
from tests.support.canned import CannedServer
from tests.support.clients import (
    CALLS,
    PHONE_NUMBER,
    assert_says_only,
    create_client,
    outcome,
)
from tests.support.const import INSTANCE_ID, TOKEN
from tests.support.helpers import assert_hidden, async_until

ENCODED_TOKEN: Final = TOKEN.replace("+", "%2B")

# Those that an instance of WhatsApp answers.
WHATSAPP_METHODS: Final = tuple(
    method for method in CALLS if method != "getAccountSettings"
)

ERRORS: Final[Mapping[Fault, type[GreenApiError]]] = {
    Fault.UNAUTHORIZED: InvalidCredentialsError,
    Fault.FORBIDDEN_HTML: WrongAddressError,
    Fault.NOT_FOUND_HTML: WrongAddressError,
    Fault.RATE_LIMITED: RateLimitedError,
    Fault.RATE_LIMITED_RETRY_AFTER: RateLimitedError,
    Fault.RATE_LIMITED_UNTIL_DATE: RateLimitedError,
    Fault.EXPIRED_TEXT: InstanceExpiredError,
    Fault.EXPIRED_JSON: InstanceExpiredError,
    Fault.EXPIRED_AS_HTML: InstanceExpiredError,
    Fault.EXPIRED_200: InstanceExpiredError,
    Fault.EXPIRED_PAGE: WrongAddressError,
    Fault.DELETED: InstanceDeletedError,
    Fault.DELETED_STRING: InstanceDeletedError,
    Fault.DELETED_UTF_16: InstanceDeletedError,
    Fault.STARTING: InstanceStartingError,
    Fault.STARTING_AS_HTML: InstanceStartingError,
    Fault.NOT_AUTHORIZED: InstanceStartingError,
    Fault.BAD_REQUEST: BadResponseError,
    Fault.QUOTA_466: BadResponseError,
    Fault.LOOKUP_469: BadResponseError,
    Fault.CLIENT_CLOSED_499: CannotConnectError,
    Fault.SERVER_ERROR: CannotConnectError,
    Fault.BAD_GATEWAY: CannotConnectError,
    Fault.UNAVAILABLE: CannotConnectError,
    Fault.GATEWAY_TIMEOUT: CannotConnectError,
    Fault.HTML_200: WrongAddressError,
    Fault.EMPTY_200: BadResponseError,
    Fault.NO_CONTENT_204: BadResponseError,
    Fault.NULL_200: BadResponseError,
    Fault.NOT_JSON: BadResponseError,
    Fault.WRONG_TYPE: BadResponseError,
    Fault.WRONG_FIELD_TYPE: BadResponseError,
    Fault.OTHER_NUMBER: BadResponseError,
    Fault.MISSING_FIELD: BadResponseError,
    Fault.DEEP_JSON: BadResponseError,
    Fault.WRONG_CHARSET: BadResponseError,
    Fault.REDIRECT_OTHER_HOST: WrongAddressError,
    Fault.REDIRECT_LOOP: WrongAddressError,
    Fault.NOT_HTTP: CannotConnectError,
    Fault.HUGE_HEADER: CannotConnectError,
    Fault.RESET_BEFORE_HEADERS: CannotConnectError,
    Fault.RESET_AFTER_HEADERS: CannotConnectError,
    Fault.TRUNCATED_BODY: CannotConnectError,
    Fault.ENDLESS_BODY: BadResponseError,
    Fault.HUGE_BODY: BadResponseError,
    Fault.GZIP_BOMB: BadResponseError,
}

# The faults that end by no error of the server's, and the one that does no harm.
LASTING: Final = (Fault.HANG, Fault.SLOW_DRIP)
HARMLESS: Final = (Fault.HUGE_NUMBERS, Fault.WRONG_CONTENT_TYPE)

# What stands in URLs and in bodies, and may stand nowhere else.
SERVER_WORDS: Final = (
    "waInstance",
    '"stateInstance"',
    "nginx",
    "personal area",
    "upstream connect",
    "Validation failed",
)

# A date as servers say it.
SEVEN: Final = "Wed, 21 Oct 2026 07:00:00 GMT"

NO_SETTINGS: Final = Settings(
    messenger=Messenger.WHATSAPP, wid="", webhook_url="", state_webhook=False
)

# Where an answer that is an error to most methods is a good one to some.
ANSWERS: Final[Mapping[tuple[Fault, str], object]] = {
    (Fault.STARTING, "getStateInstance"): AccountState("starting"),
    (Fault.STARTING_AS_HTML, "getStateInstance"): AccountState("starting"),
    (Fault.NOT_AUTHORIZED, "getStateInstance"): AccountState("starting"),
    (Fault.NULL_200, "getStateInstance"): AccountState(None),
    (Fault.NULL_200, "getAuthorizationCode"): None,
    (Fault.WRONG_CHARSET, "getStateInstance"): AccountState("authorized\ufffd"),
    (Fault.WRONG_CHARSET, "getWaSettings"): None,
    (Fault.WRONG_FIELD_TYPE, "getWaSettings"): None,
}


class PacerSpy(RequestPacer):
    """A pacer that only remembers whose turn it was."""

    def __init__(self) -> None:
        """Remember no turn."""
        super().__init__()
        self.turns: list[tuple[str, str]] = []

    @override
    async def wait_turn(self, instance_id: str, method: str) -> None:
        """Remember a turn."""
        self.turns.append((instance_id, method))


class NameServer(asyncio.DatagramProtocol):
    """A name server that knows no name, and says so by a code of RFC 1035."""

    def __init__(self, code: int) -> None:
        """Answer with a code."""
        self._code = code

    @override
    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        """Keep what to answer with."""
        self._transport = transport

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer with the question, and with no record."""
        end_of_question = data.index(b"\0", 12) + 5
        head = struct.pack("!2s5H", data[:2], 0x8180 | self._code, 1, 0, 0, 0)
        self._transport.sendto(head + data[12:end_of_question], addr)


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    """Return a context with a certificate that nobody but itself vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    return context


@pytest.fixture
def fed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the sizes of all the parts of bodies that are held to be read."""
    sizes: list[int] = []
    feed_data = aiohttp.StreamReader.feed_data

    def feed(reader: aiohttp.StreamReader, data: bytes, *more: int) -> object:
        sizes.append(len(data))
        return feed_data(reader, data, *more)

    monkeypatch.setattr(aiohttp.StreamReader, "feed_data", feed)
    return sizes


@pytest.fixture
async def every_step_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let asyncio log all that it calls, with the arguments in full."""
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0
    monkeypatch.setattr(reprlib.aRepr, "maxother", 4096)
    monkeypatch.setattr(reprlib.aRepr, "maxstring", 4096)


async def outcomes(session: aiohttp.ClientSession, url: str) -> dict[str, object]:
    """Return what comes out of every method, each asked by a client of its own."""
    return {
        method: await outcome(CALLS[method](create_client(session, url)))
        for method in WHATSAPP_METHODS
    }


def assert_log_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Assert that a log holds neither the token nor a URL nor a body."""
    assert_hidden(TOKEN, caplog)
    assert [word for word in SERVER_WORDS if word in caplog.text] == []


def png(width: int, height: int) -> bytes:
    """Return an image of which nobody looks at more than the size."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack("!I4s2I", 13, b"IHDR", width, height)


def qr_code(width: int, height: int) -> str:
    """Return an answer with an image."""
    image = base64.b64encode(png(width, height)).decode()
    return json.dumps({"type": "qrCode", "message": image})


# What is asked


@pytest.mark.parametrize("method", sorted(CALLS.keys() - {"getAuthorizationCode"}))
@pytest.mark.parametrize("path", ["", "/v3"])
async def test_get_request(
    canned: CannedServer, session: aiohttp.ClientSession, method: str, path: str
) -> None:
    """All methods but one are asked by GET, without a body."""
    await outcome(CALLS[method](create_client(session, canned.url + path)))
    (request,) = canned.requests
    assert request.verb == "GET"
    assert request.target == f"{path}/waInstance{INSTANCE_ID}/{method}/{ENCODED_TOKEN}"
    assert request.headers["Accept"] == "application/json"
    assert request.headers["Accept-Encoding"] == "identity"
    assert not {"Content-Type", "Content-Length", "Transfer-Encoding", "Cookie"} & set(
        request.headers
    )


async def test_post_request(
    canned: CannedServer, canned_client: GreenApiClient
) -> None:
    """The code for a phone is asked for by POST, with the number as a number."""
    await outcome(canned_client.get_authorization_code(PHONE_NUMBER))
    (request,) = canned.requests
    assert request.verb == "POST"
    assert request.target == (
        f"/waInstance{INSTANCE_ID}/getAuthorizationCode/{ENCODED_TOKEN}"
    )
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.body) == {"phoneNumber": PHONE_NUMBER}


@pytest.mark.parametrize(
    ("messenger", "method"),
    [
        (Messenger.WHATSAPP, "getWaSettings"),
        (Messenger.TELEGRAM, "getAccountSettings"),
        (Messenger.MAX, "getAccountSettings"),
    ],
)
async def test_method_of_messenger(
    canned: CannedServer,
    canned_client: GreenApiClient,
    messenger: Messenger,
    method: str,
) -> None:
    """The end of a restriction stands in another method of another messenger."""
    canned.say(200, '{"suspendedUntil": 1790000000}')
    assert await canned_client.get_restricted_until(messenger) == datetime(
        2026, 9, 21, 14, 13, 20, tzinfo=UTC
    )
    assert f"/{method}/" in canned.requests[0].target


@pytest.mark.parametrize("method", CALLS)
async def test_request_waits_its_turn(
    canned: CannedServer, session: aiohttp.ClientSession, method: str
) -> None:
    """Each request takes one turn, of its own instance and method."""
    pacer = PacerSpy()
    await outcome(CALLS[method](create_client(session, canned.url, pacer=pacer)))
    assert pacer.turns == [(INSTANCE_ID, method)]


# What is answered


@pytest.mark.parametrize(
    ("method", "body", "expected"),
    [
        ("getStateInstance", "null", AccountState(None)),
        ("getStateInstance", '{"stateInstance":null}', AccountState(None)),
        (
            "getStateInstance",
            '{"stateInstance":"someFutureState"}',
            AccountState("someFutureState"),
        ),
        (
            "getStateInstance",
            json.dumps({"stateInstance": "x" * 65}),
            AccountState("x" * 64),
        ),
        (
            "getStateInstance",
            r'{"stateInstance":"half a sign: \ud83d"}',
            AccountState("half a sign: ?"),
        ),
        (
            "getStateInstance",
            json.dumps({"stateInstance": f"unknown token {TOKEN}"}),
            BadResponseError,
        ),
        (
            "getStateInstance",
            json.dumps({"stateInstance": f"/{ENCODED_TOKEN}/"}),
            BadResponseError,
        ),
        ("getStateInstance", '{"stateInstance":""}', BadResponseError),
        ("getStateInstance", '{"stateInstance":0}', BadResponseError),
        ("getStateInstance", '{"stateInstance":["authorized"]}', BadResponseError),
        ("getStateInstance", '"authorized"', BadResponseError),
        ("getStateInstance", '{"statusInstance":"online"}', BadResponseError),
        (
            "getStateInstance",
            '{"code":401,"description":"Unauthorized"}',
            BadResponseError,
        ),
        (
            "getStateInstance",
            '{"stateInstance":"authorized"',
            BadResponseError,
        ),
        (
            "getSettings",
            json.dumps(
                {
                    "wid": "79001234567@c.us",
                    "typeInstance": "whatsapp",
                    "webhookUrl": "https://example.com/hook",
                    "webhookUrlToken": "Bearer secret",
                    "delaySendMessagesMilliseconds": 3000,
                    "stateWebhook": "yes",
                    "linkPreview": True,
                }
            ),
            Settings(
                messenger=Messenger.WHATSAPP,
                wid="79001234567@c.us",
                webhook_url="https://example.com/hook",
                state_webhook=True,
            ),
        ),
        (
            "getSettings",
            '{"wid":"","webhookUrl":null,"stateWebhook":"no","typeInstance":"v3"}',
            Settings(
                messenger=Messenger.MAX, wid="", webhook_url="", state_webhook=False
            ),
        ),
        (
            "getSettings",
            '{"typeInstance":"telegram"}',
            Settings(
                messenger=Messenger.TELEGRAM,
                wid="",
                webhook_url="",
                state_webhook=False,
            ),
        ),
        ("getSettings", '{"typeInstance":"pigeon"}', NO_SETTINGS),
        ("getSettings", '{"typeInstance":["v3"],"stateWebhook":true}', NO_SETTINGS),
        ("getSettings", "{}", BadResponseError),
        ("getSettings", "null", BadResponseError),
        ("getWaSettings", '{"avatar":"","phone":"","deviceId":""}', None),
        ("getWaSettings", '{"suspendedUntil":null}', None),
        ("getWaSettings", '{"suspendedUntil":0}', None),
        ("getWaSettings", '{"suspendedUntil":-1}', None),
        ("getWaSettings", '{"suspendedUntil":true}', None),
        ("getWaSettings", '{"suspendedUntil":"1790000000"}', None),
        ("getWaSettings", '{"suspendedUntil":99999999999999999999}', None),
        ("getWaSettings", '{"suspendedUntil":999999999999}', None),
        ("getWaSettings", '{"suspendedUntil":253402300799}', None),
        (
            "getWaSettings",
            '{"suspendedUntil":1790000000}',
            datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC),
        ),
        ("getWaSettings", '{"suspendedUntil":1790000000.5}', None),
        ("getWaSettings", '{"suspendedUntil":' + "9" * 300 + "}", None),
        ("getWaSettings", "{}", BadResponseError),
        ("getWaSettings", "[]", BadResponseError),
        ("getMessagesCount", '{"count":0}', 0),
        ("getMessagesCount", '{"count":7,"other":3}', 7),
        ("getMessagesCount", '{"other":3,"count":7}', 7),
        ("getMessagesCount", '{"\u0441ount":3}', 3),
        ("getMessagesCount", '{"\ufffdount":"x","ok":true,"\u0441ount":3}', 3),
        ("getMessagesCount", '{"\u00d1\u0081\u00d0\u00beunt":3}', 3),
        ("getMessagesCount", '{"Count":3}', 3),
        ("getMessagesCount", '{"leftTime":46,"count":3}', 3),
        (
            "getMessagesCount",
            '{"reason":"Too many requests","leftTime":46}',
            BadResponseError,
        ),
        ("getMessagesCount", '{"other":3}', BadResponseError),
        ("getMessagesCount", '{"account":3}', BadResponseError),
        ("getMessagesCount", f'{{"count":{2**53 - 1}}}', 2**53 - 1),
        ("getMessagesCount", f'{{"count":{2**53}}}', BadResponseError),
        ("getMessagesCount", '{"count":' + "9" * 300 + "}", BadResponseError),
        ("getMessagesCount", '{"count":true}', BadResponseError),
        ("getMessagesCount", '{"count":-1}', BadResponseError),
        ("getMessagesCount", '{"count":1.5}', BadResponseError),
        ("getMessagesCount", '{"count":NaN}', BadResponseError),
        ("getMessagesCount", '{"count":' + "9" * 5000 + "}", BadResponseError),
        ("getMessagesCount", "{}", BadResponseError),
        ("getMessagesCount", "3", BadResponseError),
        ("reboot", '{"isReboot":true}', True),
        ("reboot", '{"isReboot":false}', False),
        ("reboot", '{"isReboot":"true"}', BadResponseError),
        ("reboot", '{"isReboot":1}', BadResponseError),
        ("reboot", "true", BadResponseError),
        ("qr", qr_code(1, 1), QrAnswer(QrKind.QR_CODE, png(1, 1))),
        (
            "qr",
            '{"type":"alreadyLogged","message":"instance account already authorized"}',
            QrAnswer(QrKind.ALREADY_LOGGED),
        ),
        (
            "qr",
            '{"type":"error","message":"Instance has auth. You need to make log out"}',
            QrAnswer(QrKind.ERROR),
        ),
        (
            "qr",
            '{"type":"passkeyRequired","message":""}',
            QrAnswer(QrKind.PASSKEY_REQUIRED),
        ),
        ("qr", '{"type":"PassKeyRequire"}', QrAnswer(QrKind.PASSKEY_REQUIRED)),
        (
            "qr",
            '{"type":"already_registered","message":""}',
            QrAnswer(QrKind.ALREADY_REGISTERED),
        ),
        (
            "qr",
            '{"type":"pending_password","message":""}',
            QrAnswer(QrKind.PENDING_PASSWORD),
        ),
        ("qr", qr_code(4096, 4096), QrAnswer(QrKind.QR_CODE, png(4096, 4096))),
        ("qr", qr_code(1, 1).replace('"}', '!"}'), BadResponseError),
        ("qr", qr_code(4097, 1), BadResponseError),
        ("qr", qr_code(1, 4097), BadResponseError),
        ("qr", qr_code(0, 1), BadResponseError),
        ("qr", qr_code(1, 0), BadResponseError),
        ("qr", '{"type":"qrCode","message":""}', BadResponseError),
        ("qr", '{"type":"qrCode","message":"R0lGODlhAQABAAAAACw="}', BadResponseError),
        ("qr", '{"type":"qrCode","message":"iVBORw0KGgo!"}', BadResponseError),
        ("qr", '{"type":"qrCode","message":"\u0441"}', BadResponseError),
        ("qr", '{"type":"qrCode"}', BadResponseError),
        ("qr", '{"type":"hologram","message":""}', BadResponseError),
        ("qr", '{"message":""}', BadResponseError),
        ("getAuthorizationCode", '{"status":true,"code":"GAPI2015"}', "GAPI2015"),
        ("getAuthorizationCode", "null", None),
        ("getAuthorizationCode", '{"status":false,"code":""}', BadResponseError),
        ("getAuthorizationCode", '{"status":1,"code":"GAPI2015"}', BadResponseError),
        ("getAuthorizationCode", '{"status":true,"code":""}', BadResponseError),
        ("getAuthorizationCode", '{"status":true,"code":"<b>"}', BadResponseError),
        ("getAuthorizationCode", '{"status":true,"code":20152015}', BadResponseError),
        (
            "getAuthorizationCode",
            json.dumps({"status": True, "code": "A" * 65}),
            BadResponseError,
        ),
        ("getAuthorizationCode", '{"status":true}', BadResponseError),
    ],
)
async def test_answer(
    canned: CannedServer,
    canned_client: GreenApiClient,
    method: str,
    body: str,
    expected: object,
) -> None:
    """An answer is understood as it is documented, or not at all."""
    canned.say(200, body)
    result = await outcome(CALLS[method](canned_client))
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("raw", "known"),
    [
        ("authorized", InstanceState.AUTHORIZED),
        ("notAuthorized", InstanceState.NOT_AUTHORIZED),
        ("starting", InstanceState.STARTING),
        ("blocked", InstanceState.BLOCKED),
        ("suspended", InstanceState.SUSPENDED),
        ("yellowCard", InstanceState.YELLOW_CARD),
        ("sleepMode", InstanceState.SLEEP_MODE),
        ("pendingPassword", InstanceState.PENDING_PASSWORD),
        ("pendingCode", InstanceState.PENDING_CODE),
        (None, None),
        ("someFutureState", None),
        ("Authorized", None),
    ],
)
async def test_state(
    client: GreenApiClient, account: Account, raw: str | None, known: object
) -> None:
    """The server's own word is kept, whether it is known or not."""
    account.state = raw
    state = await client.get_state()
    assert state == AccountState(raw)
    assert state.known is known


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((401, ""), InvalidCredentialsError),
        ((401, "<html>401</html>", "text/html"), InvalidCredentialsError),
        ((403, "<html>403</html>", "text/html"), WrongAddressError),
        ((403, ""), WrongAddressError),
        ((404, ""), WrongAddressError),
        ((408, ""), CannotConnectError),
        ((429, ""), RateLimitedError),
        ((429, "<html>429</html>", "text/html"), RateLimitedError),
        ((400, "instance in starting process try later"), InstanceStartingError),
        ((400, "instance is starting or not authorized"), InstanceStartingError),
        ((400, "instance account not authorized"), InstanceStartingError),
        (
            (400, '{"message":"instance is starting or not authorized"}'),
            InstanceStartingError,
        ),
        (
            (
                400,
                "Instance account is expired. Renew your instance from personal area",
            ),
            InstanceExpiredError,
        ),
        (
            (400, f'{{"path":"{TOKEN}","message":"Instance account is expired."}}'),
            InstanceExpiredError,
        ),
        ((400, "Instance is deleted", "text/plain"), InstanceDeletedError),
        ((400, "INSTANCE IS DELETED", "text/plain"), InstanceDeletedError),
        ((401, "Instance is deleted"), InstanceDeletedError),
        ((500, "Instance is deleted"), InstanceDeletedError),
        ((200, "Instance is deleted"), InstanceDeletedError),
        ((200, "<html>Instance is deleted</html>"), WrongAddressError),
        ((400, "Help <html>Instance is deleted</html>"), WrongAddressError),
        ((401, "<html>Instance is deleted</html>"), InvalidCredentialsError),
        ((400, "<p>Instance is deleted</p>"), WrongAddressError),
        ((400, "bad request data"), BadResponseError),
        ((400, "bad request data", "text/html"), BadResponseError),
        ((400, f'{{"path":"{TOKEN}","message":"Not valid"}}'), BadResponseError),
        ((400, ""), BadResponseError),
        ((402, ""), BadResponseError),
        ((466, '{"invokeStatus":{}}'), BadResponseError),
        ((469, '{"reason":"limit reached"}'), BadResponseError),
        ((499, ""), CannotConnectError),
        ((500, '{"statusCode":500}'), CannotConnectError),
        ((502, "<html>502</html>", "text/html"), CannotConnectError),
        ((599, ""), CannotConnectError),
        ((200, "<html>Service page</html>", "text/html"), WrongAddressError),
        ((200, " \r\n<!DOCTYPE html>"), WrongAddressError),
        ((200, ""), BadResponseError),
        ((201, '{"isReboot":true}'), BadResponseError),
        ((204, ""), BadResponseError),
        ((301, ""), WrongAddressError),
        ((304, ""), WrongAddressError),
        ((999, ""), BadResponseError),
    ],
)
async def test_error(
    canned: CannedServer,
    canned_client: GreenApiClient,
    answer: tuple[int, str, *tuple[str, ...]],
    expected: type[GreenApiError],
) -> None:
    """An error is known by the vendor's words, else by its status."""
    canned.say(*answer)
    assert await outcome(canned_client.reboot()) is expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Instance account is expired", InstanceExpiredError),
        ("instance is expired", InstanceExpiredError),
        ("Instance expired", InstanceExpiredError),
        ("Your instance account has expired!", InstanceExpiredError),
        ("INSTANCE_EXPIRED", InstanceExpiredError),
        ("Error: Instance 1101000001 is expired.", InstanceExpiredError),
        ("Instance\u00a0account\r\n is\texpired", InstanceExpiredError),
        ("Instance is deleted", InstanceDeletedError),
        ("instance account has already been deleted", InstanceDeletedError),
        ("instance-is-deleted", InstanceDeletedError),
        ("instance in starting process try later", InstanceStartingError),
        ("Instance is starting", InstanceStartingError),
        ("Instance is not authorized", InstanceStartingError),
        ("instance account not authorized", InstanceStartingError),
        ("You are not authorized", BadResponseError),
        ("Instance is not expired", BadResponseError),
        ("Unknown instance. Expired session", BadResponseError),
        ("certificate expired", BadResponseError),
        ("message deleted", BadResponseError),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
async def test_words(
    canned: CannedServer,
    canned_client: GreenApiClient,
    status: int,
    words: str,
    expected: type[GreenApiError],
) -> None:
    """The vendor's words count, and what is only like them does not."""
    canned.say(status, words, "text/html")
    assert await outcome(canned_client.reboot()) is expected


@pytest.mark.parametrize(
    "carrier",
    [
        str,
        str.upper,
        json.dumps,
        lambda words: json.dumps({"statusCode": 400, "path": TOKEN, "message": words}),
        lambda words: json.dumps({"status": False, "reason": words}),
        lambda words: json.dumps({"error": {"details": [words]}}),
        lambda words: f"\ufeff{words}",
        lambda words: words.encode("utf-16"),
        lambda words: json.dumps(words).encode("utf-16-le"),
        lambda words: words.encode() + b"\xff",
    ],
    ids=[
        *("text", "capitals", "string", "message", "reason", "nested"),
        *("BOM", "UTF-16", "UTF-16 without BOM", "broken"),
    ],
)
@pytest.mark.parametrize("content_type", ["text/html", "text/plain", "image/png"])
@pytest.mark.parametrize("status", [200, 400])
async def test_carrier(
    canned: CannedServer,
    canned_client: GreenApiClient,
    status: int,
    content_type: str,
    carrier: Callable[[str], str | bytes],
) -> None:
    """The vendor's words count, whatever carries them and however that is called."""
    canned.say(status, carrier("Instance account is expired"), content_type)
    assert await outcome(canned_client.reboot()) is InstanceExpiredError


@pytest.mark.parametrize(
    ("method", "body", "expected"),
    [
        (
            "getStateInstance",
            {"stateInstance": "authorized"},
            AccountState("authorized"),
        ),
        ("getSettings", {"wid": ""}, NO_SETTINGS),
        ("getWaSettings", {"suspendedUntil": 0}, None),
        ("getMessagesCount", {"count": 7}, 7),
        ("qr", {"type": "error"}, QrAnswer(QrKind.ERROR)),
        ("getAuthorizationCode", {"status": True, "code": "GAPI2015"}, "GAPI2015"),
        ("reboot", {"isReboot": True}, True),
    ],
)
async def test_answer_beside_words(
    canned: CannedServer,
    canned_client: GreenApiClient,
    method: str,
    body: dict[str, object],
    expected: object,
) -> None:
    """Where there is an answer, no words beside it count; where there is none, they do."""
    words = {"message": "Instance is deleted", "webhookUrl": None}
    canned.say(200, json.dumps(body | words))
    assert await outcome(CALLS[method](canned_client)) == expected
    canned.say(200, json.dumps({"message": "Instance is deleted"}))
    assert await outcome(CALLS[method](canned_client)) is InstanceDeletedError


@pytest.mark.usefixtures("every_step_logged")
@pytest.mark.parametrize("cookie", ["name=value", f"{TOKEN}=", f"[{TOKEN}]=1", "\xff"])
async def test_cookie(
    canned: CannedServer, caplog: pytest.LogCaptureFixture, cookie: str
) -> None:
    """A cookie is neither kept in a session that others use, nor logged."""
    canned.say(200, '{"isReboot":true}', Set_Cookie=f"{cookie}; Path=/{TOKEN}")
    jar = aiohttp.CookieJar(unsafe=True)  # takes those of IP addresses as well
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        assert await create_client(session, canned.url).reboot()
    assert [*jar] == []
    assert_log_says_nothing(caplog)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ({}, None),
        ({"Retry_After": "30"}, 30),
        ({"Retry_After": "0.5"}, 0.5),
        ({"Retry_After": "0"}, None),
        ({"Retry_After": "-1"}, None),
        ({"Retry_After": ""}, None),
        ({"Retry_After": "nan"}, None),
        ({"Retry_After": "inf"}, None),
        ({"Retry_After": "1e999"}, None),
        ({"Retry_After": "3601"}, 3600),
        ({"Retry_After": "1e300"}, 3600),
        ({"Retry_After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        *(
            ({"Retry_After": end, "Date": start}, seconds)
            for start, end, seconds in (
                (SEVEN, "Wed, 21 Oct 2026 07:00:30 GMT", 30),
                (SEVEN, "Thu, 22 Oct 2026 07:00:00 GMT", 3600),
                (SEVEN, "Wed, 21 Oct 2026 06:59:59 GMT", None),
                (SEVEN, "Wednesday, 21-Oct-26 07:00:30 GMT", 30),
                (SEVEN, "Wed, 21 Oct 2026 07:00:30", None),
                (SEVEN, "Wed, 99 Oct 2026 07:00:30 GMT", None),
                (SEVEN, "soon", None),
                ("now", "Wed, 21 Oct 2026 07:00:30 GMT", None),
            )
        ),
    ],
)
async def test_retry_after(
    canned: CannedServer,
    canned_client: GreenApiClient,
    header: dict[str, str],
    seconds: float | None,
) -> None:
    """The time to wait is kept if it is one, by the clock of the server."""
    canned.say(429, "", **header)
    with pytest.raises(RateLimitedError) as raised:
        await canned_client.get_state()
    assert raised.value.retry_after == seconds


@pytest.mark.parametrize(
    ("status", "body"), [(429, ""), (429, "Instance is deleted"), (429, "<html>")]
)
async def test_hold(
    canned: CannedServer,
    session: aiohttp.ClientSession,
    freezer: FrozenDateTimeFactory,
    status: int,
    body: str,
) -> None:
    """After `Retry-After`, no client that shares the pacer makes a request in time."""
    pacer = RequestPacer()
    canned.say(status, body, Retry_After="30")
    await outcome(create_client(session, canned.url, pacer=pacer).get_state())
    canned.say(200, '{"isReboot":true}')
    another = create_client(session, f"{canned.url}/v3", token="another", pacer=pacer)
    freezer.tick(25)
    for call in CALLS.values():
        with pytest.raises(RateLimitedError) as raised:
            await call(another)
        assert raised.value.retry_after == pytest.approx(5)
        assert_says_only(raised.value, ErrorKind.RATE_LIMITED)
    assert len(canned.requests) == 1
    freezer.tick(5)
    assert await another.reboot()


@pytest.mark.parametrize(
    "answer", [(429, "", {}), (503, "", {"Retry_After": "30"}), (200, "null", {})]
)
async def test_no_hold(
    canned: CannedServer,
    canned_client: GreenApiClient,
    answer: tuple[int, str, dict[str, str]],
) -> None:
    """No other answer keeps anybody from asking."""
    status, body, headers = answer
    canned.say(status, body, **headers)
    await outcome(canned_client.get_state())
    canned.say(200, '{"isReboot":true}')
    assert await canned_client.reboot()


@pytest.mark.parametrize(
    ("size", "expected"), [(256 * 1024, True), (256 * 1024 + 1, BadResponseError)]
)
async def test_longest_body(
    canned: CannedServer, canned_client: GreenApiClient, size: int, expected: object
) -> None:
    """A body is read up to 256 KiB, and one of a byte more is refused."""
    canned.say(200, '{"isReboot":true}'.ljust(size))
    assert await outcome(canned_client.reboot()) == expected


# What goes wrong


def test_faults_are_complete() -> None:
    """No fault is left out below."""
    assert {*ERRORS, *LASTING, *HARMLESS} == {*Fault}


@pytest.mark.parametrize("kind", ErrorKind)
def test_error_classes(kind: ErrorKind) -> None:
    """Each kind of failure is one class, which says nothing but its kind."""
    (error_type,) = {
        error_type
        for error_type in (*ERRORS.values(), UnknownHostError)
        if error_type.kind is kind
    }
    assert error_type().args == (kind.value,)


@pytest.mark.usefixtures("every_step_logged")
@pytest.mark.parametrize("fault", ERRORS)
async def test_fault(
    simulator: Simulator,
    session: aiohttp.ClientSession,
    account: Account,
    fed: list[int],
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    """A fault brings the error that it stands for, after one request and few bytes."""
    account.fault = fault
    assert await outcomes(session, simulator.url) == {
        method: ANSWERS.get((fault, method), ERRORS[fault])
        for method in WHATSAPP_METHODS
    }
    assert [request.method for request in account.requests] == [*WHATSAPP_METHODS]
    assert account.redirects_followed == 0
    assert sum(fed) <= len(WHATSAPP_METHODS) * 2 * transport.MAX_BODY_BYTES
    assert_log_says_nothing(caplog)


@pytest.mark.usefixtures("every_step_logged")
@pytest.mark.parametrize("fault", LASTING)
@pytest.mark.parametrize("method", WHATSAPP_METHODS)
async def test_lasting_fault(
    freezer: FrozenDateTimeFactory,
    client: GreenApiClient,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    method: str,
) -> None:
    """What does not end by itself ends after 15 seconds."""
    account.fault = fault
    call = asyncio.create_task(outcome(CALLS[method](client)))
    await async_until(lambda: bool(account.requests))
    freezer.tick(14)
    for _ in range(20):
        await asyncio.sleep(0)
    assert not call.done()
    freezer.tick(2)
    assert await call is CannotConnectError
    assert [request.method for request in account.requests] == [method]
    assert_log_says_nothing(caplog)


@pytest.mark.parametrize(
    ("fault", "count"), [*zip(HARMLESS, (BadResponseError, 0), strict=True)]
)
async def test_harmless_fault(
    simulator: Simulator,
    session: aiohttp.ClientSession,
    account: Account,
    fault: Fault,
    count: object,
) -> None:
    """Nobody minds what a body is called, nor numbers that nobody asked for."""
    account.fault = fault
    assert await outcomes(session, simulator.url) == {
        "getStateInstance": AccountState("authorized"),
        "getSettings": replace(NO_SETTINGS, wid="79001234567@c.us"),
        "getWaSettings": None,
        "getMessagesCount": count,
        "qr": QrAnswer(QrKind.ALREADY_LOGGED),
        "getAuthorizationCode": None,
        "reboot": True,
    }


async def test_server_hangs_up_on_known_connection(
    client: GreenApiClient, account: Account
) -> None:
    """A request is not repeated, even if its connection was good before."""
    await client.get_state()
    account.fault = Fault.RESET_BEFORE_HEADERS
    assert await outcome(client.reboot()) is CannotConnectError
    assert [request.method for request in account.requests] == [
        "getStateInstance",
        "reboot",
    ]


@pytest.mark.usefixtures("every_step_logged")
async def test_connection_refused(
    session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    """A port where nobody listens is a connection that fails."""
    async with CannedServer() as server:
        url = server.url
    assert await outcomes(session, url) == dict.fromkeys(
        WHATSAPP_METHODS, CannotConnectError
    )
    assert_log_says_nothing(caplog)


@pytest.mark.usefixtures("every_step_logged")
async def test_untrusted_certificate(
    session: aiohttp.ClientSession,
    certificate: ssl.SSLContext,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A server whose certificate nobody vouches for is told nothing."""
    async with CannedServer(tls=certificate) as server:
        client = create_client(session, server.url)
        assert await outcome(client.get_state()) is CannotConnectError
        assert server.requests == []
    assert_log_says_nothing(caplog)


@pytest.mark.usefixtures("every_step_logged")
async def test_no_tls(
    simulator: Simulator,
    account: Account,
    session: aiohttp.ClientSession,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A server that does not speak TLS is a connection that fails."""
    client = create_client(session, simulator.url.replace("http:", "https:"))
    assert await outcome(client.get_state()) is CannotConnectError
    assert account.requests == []
    assert_log_says_nothing(caplog)


@pytest.mark.usefixtures("every_step_logged", "socket_enabled")
@pytest.mark.parametrize(
    ("protocol", "patience", "expected"),
    [
        pytest.param(lambda: NameServer(0), 10, UnknownHostError, id="no address"),
        pytest.param(lambda: NameServer(2), 10, CannotConnectError, id="failure"),
        pytest.param(lambda: NameServer(3), 10, UnknownHostError, id="no such name"),
        pytest.param(lambda: NameServer(5), 10, CannotConnectError, id="refused"),
        pytest.param(
            asyncio.DatagramProtocol, 0.05, CannotConnectError, id="no answer"
        ),
    ],
)
async def test_name_server(
    caplog: pytest.LogCaptureFixture,
    protocol: Callable[[], asyncio.DatagramProtocol],
    patience: float,
    expected: type[GreenApiError],
) -> None:
    """Home Assistant's resolver tells a wrong name from problem with the network."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(protocol, ("127.0.0.1", 0))
    resolver = HassAsyncDNSResolver(
        async_zeroconf=Mock(),
        nameservers=["127.0.0.1"],
        udp_port=transport.get_extra_info("sockname")[1],
        timeout=patience,
        tries=1,
    )
    connector = HomeAssistantTCPConnector(resolver=resolver)
    async with aiohttp.ClientSession(connector=connector) as session:
        client = create_client(session, "https://api.green-api.example")
        assert await outcome(client.get_state()) is expected
    await resolver.real_close()
    transport.close()
    assert_log_says_nothing(caplog)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (socket.EAI_NONAME, UnknownHostError),
        (socket.EAI_AGAIN, CannotConnectError),
        (socket.EAI_FAIL, CannotConnectError),
    ],
)
async def test_system_resolver(
    monkeypatch: pytest.MonkeyPatch, number: int, expected: type[GreenApiError]
) -> None:
    """The resolver of the system tells the same, in another way."""
    monkeypatch.setattr(
        asyncio.get_running_loop(),
        "getaddrinfo",
        AsyncMock(side_effect=socket.gaierror(number, "said the resolver")),
    )
    connector = aiohttp.TCPConnector(resolver=ThreadedResolver())
    async with aiohttp.ClientSession(connector=connector) as session:
        client = create_client(session, "https://api.green-api.example")
        assert await outcome(client.get_state()) is expected


async def test_resolver_without_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that does not say why is taken for one that does not answer."""
    connector = aiohttp.TCPConnector(resolver=(resolver := ThreadedResolver()))
    monkeypatch.setattr(
        resolver, "resolve", AsyncMock(side_effect=OSError(None, "lookup failed"))
    )
    async with aiohttp.ClientSession(connector=connector) as session:
        client = create_client(session, "https://api.green-api.example")
        assert await outcome(client.get_state()) is CannotConnectError


@pytest.mark.parametrize("url", ["127.0.0.1", "https://", ""])
async def test_no_address(session: aiohttp.ClientSession, url: str) -> None:
    """What is no address of a web server is a wrong one."""
    assert await outcome(create_client(session, url).get_state()) is WrongAddressError


async def test_closed_session(
    canned: CannedServer, session: aiohttp.ClientSession
) -> None:
    """What aiohttp raises without documenting it is a connection that fails."""
    client = create_client(session, canned.url)
    await session.close()
    assert await outcome(client.get_state()) is CannotConnectError


@pytest.mark.usefixtures("every_step_logged")
async def test_error_of_parser(
    canned: CannedServer,
    canned_client: GreenApiClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An error that holds what the server said does not get out of the client."""
    monkeypatch.setattr("aiohttp.client_proto.HttpResponseParser", HttpResponseParserPy)
    canned.answer = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"/getStateInstance/" + TOKEN.encode() + b"\r\n"
    )
    assert await outcome(canned_client.get_state()) is CannotConnectError
    assert_log_says_nothing(caplog)


async def test_cancelled(client: GreenApiClient, account: Account) -> None:
    """A call that is cancelled is cancelled, and not an error."""
    account.fault = Fault.HANG
    call = asyncio.create_task(client.get_state())
    await async_until(lambda: bool(account.requests))
    call.cancel()
    with pytest.raises(asyncio.CancelledError) as raised:
        await call
    assert_hidden(TOKEN, raised.value)


def test_repr() -> None:
    """A client shows which instance it asks, not with what."""
    client = create_client(Mock(), "https://api.green-api.com")
    assert repr(client) == f"<GreenApiClient {INSTANCE_ID}>"
