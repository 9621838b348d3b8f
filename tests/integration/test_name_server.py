"""Test how Home Assistant's resolver handles the responses of a name server."""

import asyncio
from collections.abc import Callable
import struct
from typing import override
from unittest.mock import Mock

import aiohttp
import pytest

from custom_components.green_api.api import (
    CannotConnectError,
    GreenApiError,
    UnknownHostError,
)
from homeassistant.helpers.aiohttp_client import (
    HassAsyncDNSResolver,
    HomeAssistantTCPConnector,
)
from tests.support.clients import create_client, result_or_error
from tests.support.secrecy import assert_log_is_clean


class NameServer(asyncio.DatagramProtocol):
    """A name server that knows no name, and responds with an RFC 1035 error code."""

    def __init__(self, code: int) -> None:
        """Initialize with an error code."""
        self._code = code

    @override
    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        """Store the transport."""
        self._transport = transport

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Respond with the question, and without a record."""
        end_of_question = data.index(b"\0", 12) + 5
        head = struct.pack("!2s5H", data[:2], 0x8180 | self._code, 1, 0, 0, 0)
        self._transport.sendto(head + data[12:end_of_question], addr)


@pytest.mark.usefixtures("asyncio_debug", "network")
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
    """Test that the resolver distinguishes a wrong name from a network problem."""
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
        assert await result_or_error(client.get_state()) is expected
    await resolver.real_close()
    transport.close()
    assert_log_is_clean(caplog)
