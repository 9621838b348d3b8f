"""Test connections that fail, and their errors."""

import asyncio
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
import socket
import ssl
from unittest.mock import AsyncMock

import aiohttp
from aiohttp.http_parser import HttpResponseParserPy
from aiohttp.resolver import ThreadedResolver
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
import pytest

from custom_components.green_api.api import (
    CannotConnectError,
    GreenApiClient,
    GreenApiError,
    UnknownHostError,
)
from tests.simulator import Account, Simulator
from tests.support.canned import CannedServer
from tests.support.clients import METHODS, create_client, result_or_error
from tests.support.const import TOKEN
from tests.support.secrecy import assert_log_is_clean


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    """Return a context with a self-signed certificate."""
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


@pytest.mark.usefixtures("asyncio_debug")
@pytest.mark.parametrize("method", METHODS)
async def test_connection_refused(
    session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    """A refused connection raises CannotConnectError."""
    async with CannedServer() as server:
        client = create_client(session, server.url)
    assert await result_or_error(METHODS[method].call(client)) is CannotConnectError
    assert_log_is_clean(caplog)


@pytest.mark.usefixtures("asyncio_debug")
async def test_untrusted_certificate(
    session: aiohttp.ClientSession,
    certificate: ssl.SSLContext,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A server with an untrusted certificate receives nothing."""
    async with CannedServer(tls=certificate) as server:
        client = create_client(session, server.url)
        assert await result_or_error(client.get_state()) is CannotConnectError
        assert server.requests == []
    assert_log_is_clean(caplog)


@pytest.mark.usefixtures("asyncio_debug")
async def test_no_tls(
    simulator: Simulator,
    account: Account,
    session: aiohttp.ClientSession,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A server that does not support TLS raises CannotConnectError."""
    client = create_client(session, simulator.url.replace("http:", "https:"))
    assert await result_or_error(client.get_state()) is CannotConnectError
    assert account.requests == []
    assert_log_is_clean(caplog)


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
    """Errors of the system's resolver are handled as well."""
    monkeypatch.setattr(
        asyncio.get_running_loop(),
        "getaddrinfo",
        AsyncMock(side_effect=socket.gaierror(number, "said the resolver")),
    )
    connector = aiohttp.TCPConnector(resolver=ThreadedResolver())
    async with aiohttp.ClientSession(connector=connector) as session:
        client = create_client(session, "https://api.green-api.example")
        assert await result_or_error(client.get_state()) is expected


async def test_resolver_without_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the resolver without a reason is handled like no response."""
    connector = aiohttp.TCPConnector(resolver=(resolver := ThreadedResolver()))
    monkeypatch.setattr(
        resolver, "resolve", AsyncMock(side_effect=OSError(None, "lookup failed"))
    )
    async with aiohttp.ClientSession(connector=connector) as session:
        client = create_client(session, "https://api.green-api.example")
        assert await result_or_error(client.get_state()) is CannotConnectError


async def test_closed_session(
    canned: CannedServer, session: aiohttp.ClientSession
) -> None:
    """An undocumented exception of aiohttp raises CannotConnectError."""
    client = create_client(session, canned.url)
    await session.close()
    assert await result_or_error(client.get_state()) is CannotConnectError


@pytest.mark.usefixtures("asyncio_debug")
async def test_error_of_parser(
    canned: CannedServer,
    canned_client: GreenApiClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An exception that contains the server's response is not raised to callers."""
    monkeypatch.setattr("aiohttp.client_proto.HttpResponseParser", HttpResponseParserPy)
    canned.response = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"/getStateInstance/" + TOKEN.encode() + b"\r\n"
    )
    assert await result_or_error(canned_client.get_state()) is CannotConnectError
    assert_log_is_clean(caplog)


@pytest.mark.usefixtures("asyncio_debug")
@pytest.mark.parametrize("cookie", ["name=value", f"{TOKEN}=", f"[{TOKEN}]=1", "\xff"])
async def test_cookie(
    canned: CannedServer, caplog: pytest.LogCaptureFixture, cookie: str
) -> None:
    """A cookie is neither stored in the shared session nor logged."""
    canned.respond(200, '{"isReboot":true}', Set_Cookie=f"{cookie}; Path=/{TOKEN}")
    jar = aiohttp.CookieJar(unsafe=True)  # accepts those of IP addresses as well
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        assert await create_client(session, canned.url).reboot()
    assert [*jar] == []
    assert_log_is_clean(caplog)
