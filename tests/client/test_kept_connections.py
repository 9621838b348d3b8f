"""Test connections that are kept open between requests."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import json
from typing import Final

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.green_api.api import (
    AccountState,
    CannotConnectError,
    ConnectionPool,
    GreenApiClient,
    Journal,
    RequestPacer,
)
from custom_components.green_api.api.connections import KEPT_FOR
from tests.support.const import INSTANCE_ID, TOKEN
from tests.support.simulated_time import SimulatedTime

pytestmark = pytest.mark.long(3)

AUTHORIZED: Final = AccountState("authorized")
ANSWERS: Final = {
    "clearMessagesQueue": {"isCleared": True},
    "deleteNotification": {"result": True},
    "getStateInstance": {"stateInstance": "authorized"},
    "lastIncomingMessages": [],
    "receiveNotification": None,
    "reboot": {"isReboot": True},
    "sendMessage": {"idMessage": "BAE5000000000001"},
}

# Seconds after which servers close idle connections; 75 is the default of nginx.
IDLE_SECONDS: Final = (1, 5, 30, 59, 60, 61, 75)


@dataclass
class Server:
    """A server that closes idle connections after a number of seconds."""

    idle_seconds: float = 75
    closes_after_response: bool = False
    """Whether each response says that the connection is closed."""
    fails_on_reuse: str = ""
    """What happens to a second request on a connection: it is closed, or it hangs."""
    hangs: bool = False
    """Whether no request gets a response."""
    waits_for: str = ""
    """A method whose requests get no response."""
    connections: int = 0
    requests: list[str] = field(default_factory=list)
    url: str = ""

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Serve a connection."""
        self.connections += 1
        answered = 0
        while method := await self._read(reader):
            self.requests.append(method)
            is_lost = answered and self.fails_on_reuse == "hangs"
            if self.hangs or is_lost or method == self.waits_for:
                await reader.read()
                break
            if answered and self.fails_on_reuse == "closed":
                break
            body = json.dumps(ANSWERS[method]).encode()
            closing = b"Connection: close\r\n" if self.closes_after_response else b""
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n%s\r\n%s" % (len(body), closing, body)
            )
            answered += 1
            if self.closes_after_response:
                break
        writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> str:
        """Return the method of the next request, empty if there is none in time."""
        try:
            async with asyncio.timeout(self.idle_seconds):
                head = await reader.readuntil(b"\r\n\r\n")
        except TimeoutError, asyncio.IncompleteReadError, ConnectionError:
            return ""
        lines = head.decode().split("\r\n")
        for line in lines:
            name, _, value = line.partition(":")
            if name.lower() == "content-length":
                await reader.readexactly(int(value))
        return lines[0].split("/")[2]


type CreateClient = Callable[[str], GreenApiClient]


@pytest.fixture
async def time(
    freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> SimulatedTime:
    """Return the time, which passes only when a test lets it."""
    return SimulatedTime(freezer, monkeypatch)


@pytest.fixture
async def server(socket_enabled: None, time: SimulatedTime) -> AsyncGenerator[Server]:
    """Return a server."""
    server = Server()
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as log_recorder:
        port = log_recorder.sockets[0].getsockname()[1]
        server.url = f"http://127.0.0.1:{port}"
        yield server


@asynccontextmanager
async def pool() -> AsyncGenerator[ConnectionPool]:
    """Return a pool of connections that is closed in the end."""
    connections = ConnectionPool(
        lambda create_socket: aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=1, keepalive_timeout=KEPT_FOR, socket_factory=create_socket
            )
        )
    )
    yield connections
    await connections.close()


@pytest.fixture
async def create_client(server: Server) -> AsyncGenerator[CreateClient]:
    """Return a function that creates clients which share their connections."""
    pacer = RequestPacer()
    async with pool() as connections:
        yield lambda instance_id: GreenApiClient(
            connections, server.url, instance_id, TOKEN, pacer=pacer
        )


@pytest.fixture
def client(create_client: CreateClient) -> GreenApiClient:
    """Return a client."""
    return create_client(INSTANCE_ID)


async def poll(time: SimulatedTime, client: GreenApiClient) -> AccountState:
    """Return the state of an account."""
    return await time.result(asyncio.ensure_future(client.get_state()), 20)


async def send(time: SimulatedTime, client: GreenApiClient) -> str:
    """Send a message, and return its ID."""
    task = asyncio.ensure_future(client.send_message("1@c.us", "Text"))
    return await time.result(task, 20)


# Requests that change something.
CHANGES: Final[dict[str, Callable[[GreenApiClient], Awaitable[object]]]] = {
    "clear_messages_queue": GreenApiClient.clear_messages_queue,
    "reboot": GreenApiClient.reboot,
    "send_message": lambda client: client.send_message("1@c.us", "Text"),
}


@pytest.mark.parametrize("idle_seconds", IDLE_SECONDS)
@pytest.mark.parametrize("accounts", [1, 10])
async def test_polls(
    time: SimulatedTime,
    server: Server,
    create_client: CreateClient,
    idle_seconds: float,
    accounts: int,
) -> None:
    """Test that no poll fails, whenever the server closes idle connections."""
    server.idle_seconds = idle_seconds
    clients = [create_client(f"110100000{number}") for number in range(accounts)]
    for _ in range(10):
        for client in clients:
            assert await poll(time, client) == AUTHORIZED
            await time.advance(60 / accounts)
    assert server.requests == ["getStateInstance"] * 10 * accounts
    assert server.connections == (
        1 if idle_seconds > 60 / accounts else len(server.requests)
    )


@pytest.mark.parametrize("idle_seconds", IDLE_SECONDS)
@pytest.mark.parametrize("share", [0.3, 0.45, 0.9, 0.93, 0.97, 0.99, 0.999, 1, 1.01])
async def test_message_when_connection_is_closed(
    time: SimulatedTime,
    server: Server,
    client: GreenApiClient,
    idle_seconds: float,
    share: float,
) -> None:
    """Test that a message is sent once, just before or after a connection closes."""
    server.idle_seconds = idle_seconds
    assert await poll(time, client) == AUTHORIZED
    await time.advance(share * idle_seconds)
    assert await send(time, client)
    assert server.requests == ["getStateInstance", "sendMessage"]
    assert server.connections == (1 if share * idle_seconds < 0.5 else 2)


@pytest.mark.parametrize(
    ("what", "seconds"), [("closed", 0), ("hangs", 3)], ids=["closed", "hangs"]
)
async def test_read_on_dead_connection(
    time: SimulatedTime,
    server: Server,
    client: GreenApiClient,
    what: str,
    seconds: float,
) -> None:
    """Test that a read is repeated once on a new connection, and others are closed."""
    server.fails_on_reuse = what
    assert await poll(time, client) == AUTHORIZED
    await time.advance(60)
    began = time.now
    assert await poll(time, client) == AUTHORIZED
    assert seconds <= time.now - began < seconds + 0.1
    assert server.requests == ["getStateInstance"] * 3
    assert server.connections == 2


async def test_read_is_repeated_once(
    time: SimulatedTime, server: Server, client: GreenApiClient
) -> None:
    """Test that a read fails if the new connection hangs as well."""
    assert await poll(time, client) == AUTHORIZED
    await time.advance(60)
    began = time.now
    server.hangs = True
    with pytest.raises(CannotConnectError):
        await poll(time, client)
    # aiohttp rounds its timeouts up to whole seconds.
    assert 18 <= time.now - began < 19.1
    assert server.requests == ["getStateInstance"] * 3


@pytest.mark.parametrize("what", ["closed", "hangs"])
@pytest.mark.parametrize("method", CHANGES)
async def test_change_on_dead_connection(
    time: SimulatedTime, server: Server, client: GreenApiClient, method: str, what: str
) -> None:
    """Test that a request that changes something does not use an old connection."""
    server.fails_on_reuse = what
    assert await poll(time, client) == AUTHORIZED
    await time.advance(2)
    task = asyncio.ensure_future(CHANGES[method](client))
    assert await time.result(task, 1)
    assert len(server.requests) == server.connections == 2


@pytest.mark.parametrize("what", ["closed", "hangs"])
@pytest.mark.parametrize("method", CHANGES)
async def test_change_is_never_repeated(
    time: SimulatedTime, server: Server, client: GreenApiClient, method: str, what: str
) -> None:
    """Test that a request that changes something is made once, even if it is lost."""
    server.fails_on_reuse = what
    assert await poll(time, client) == AUTHORIZED
    task = asyncio.ensure_future(CHANGES[method](client))
    with pytest.raises(CannotConnectError) as raised:
        await time.result(task, 20)
    assert raised.value.outcome_unknown
    assert (len(server.requests), server.connections) == (2, 1)


async def test_server_that_closes_after_each_response(
    time: SimulatedTime, server: Server, client: GreenApiClient
) -> None:
    """Test that requests succeed if the server keeps no connection."""
    server.closes_after_response = True
    for _ in range(3):
        assert await poll(time, client) == AUTHORIZED
        assert await send(time, client)
        await time.advance(60)
    assert server.connections == len(server.requests) == 6


async def test_many_at_once(
    time: SimulatedTime, server: Server, create_client: CreateClient
) -> None:
    """Test that connections of many messages at once are closed when they are idle."""
    client = create_client(INSTANCE_ID)
    tasks = [client.send_message("1@c.us", f"{number}") for number in range(50)]
    assert len(await time.result(asyncio.gather(*tasks), 60)) == 50
    assert server.connections <= 50
    before = server.connections
    for _ in range(5):
        assert await poll(time, client) == AUTHORIZED
        await time.advance(60)
    assert server.connections == before


async def receive(time: SimulatedTime, client: GreenApiClient) -> None:
    """Receive nothing in both ways, and delete a notification."""
    for call in (
        client.receive_notification(20),
        client.delete_notification(7),
        client.get_last_incoming(3),
    ):
        await time.result(asyncio.ensure_future(call), 20)


async def test_notification_that_is_waited_for(
    time: SimulatedTime, server: Server, client: GreenApiClient
) -> None:
    """A request that waits for a notification delays no message and no poll.

    It does not use the connection of messages, so that they need no new one.
    """
    await poll(time, client)
    server.waits_for = "receiveNotification"
    waiting = asyncio.ensure_future(client.receive_notification(20))
    await time.settle()
    assert client.is_warm
    started_at = asyncio.get_running_loop().time()
    assert await send(time, client)
    assert await poll(time, client) == AUTHORIZED
    assert await send(time, client)
    journal = asyncio.ensure_future(client.get_last_incoming(3))
    assert await time.result(journal, 20) == Journal(())
    assert asyncio.get_running_loop().time() == started_at
    assert server.connections == 3  # with one for the journal
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_notification_that_never_comes(
    time: SimulatedTime, server: Server, client: GreenApiClient
) -> None:
    """The server gets more time than it waits, and the request is not repeated."""
    await receive(time, client)
    server.waits_for = "receiveNotification"
    started_at = asyncio.get_running_loop().time()
    waiting = asyncio.ensure_future(client.receive_notification(20))
    with pytest.raises(CannotConnectError):
        await time.result(waiting, 60)
    assert 30 < asyncio.get_running_loop().time() - started_at < 40
    assert server.requests.count("receiveNotification") == 2


async def test_receiving_keeps_a_connection(
    time: SimulatedTime, server: Server, client: GreenApiClient
) -> None:
    """What is received comes over one connection, which messages do not use."""
    for _ in range(3):
        await receive(time, client)
        await time.advance(15)
    assert server.connections == 1
    assert not client.is_warm
    await send(time, client)
    assert server.connections == 2


@pytest.mark.parametrize("fails_on_reuse", ["closed", "hangs"])
async def test_deletion_on_dead_connection(
    time: SimulatedTime, server: Server, client: GreenApiClient, fails_on_reuse: str
) -> None:
    """A deletion is repeated, because it does not matter how often it is made."""
    await receive(time, client)
    server.fails_on_reuse = fails_on_reuse
    await time.result(asyncio.ensure_future(client.delete_notification(7)), 20)
    assert server.requests.count("deleteNotification") == 3
