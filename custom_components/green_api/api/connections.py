"""Connections to the servers of GREEN-API that are kept open between requests.

Each is a session of aiohttp with one connection, so that it is known which connection
a request uses and when that has responded last.
"""

import asyncio
from collections.abc import Callable, Coroutine
import math
import socket
from typing import Final

import aiohttp
from yarl import URL

from .errors import CannotConnectError, GreenApiError
from .exchange import Request, Response, exchange

type SessionFactory = Callable[[aiohttp.SocketFactoryType], aiohttp.ClientSession]

# Seconds after which an idle connection is closed. Accounts are polled every minute.
KEPT_FOR: Final = 120

# Seconds within which a connection that has responded is certain to be open.
WARM_FOR: Final = 0.5

# Seconds without a response after which a reused connection counts as dead: routers
# drop connections without notice.
DEAD_AFTER: Final = 3


class Connection:
    """A connection to one server."""

    def __init__(self, create_session: SessionFactory) -> None:
        """Initialize the connection; the first request opens it."""
        self.responded_at = -math.inf
        self.is_reused = False
        self._session = create_session(self._create_socket)
        self._deadline = asyncio.timeout(None)

    def request(
        self, url: URL, request: Request
    ) -> Coroutine[None, None, Response | GreenApiError]:
        """Make a request, and return the response or the error.

        A read that reuses a connection is given up if no response begins in time.
        """
        self.is_reused = math.isfinite(self.responded_at)
        method = request.method
        can_be_dead = self.is_reused and method.is_read and not method.is_slow
        self._deadline = asyncio.timeout(DEAD_AFTER if can_be_dead else None)
        return exchange(self._session, url, request, self._deadline)

    async def close(self) -> None:
        """Close the connection."""
        await self._session.close()

    def _create_socket(self, address: aiohttp.AddrInfoType) -> socket.socket:
        """Return a socket for a new connection: the last one was closed."""
        self.is_reused = False
        self._deadline.reschedule(None)
        family, kind, protocol, *_ = address
        return socket.socket(family, kind, protocol)


class ConnectionPool:
    """The connections to all servers, which all clients share."""

    def __init__(self, create_session: SessionFactory) -> None:
        """Initialize the pool without connections."""
        self._create_session = create_session
        self._idle: dict[str, list[Connection]] = {}
        self._in_use: set[Connection] = set()
        self._is_closed = False

    async def request(
        self, server: str, url: URL, request: Request
    ) -> Response | GreenApiError:
        """Make a request to a server, and return the response or the error.

        The server may close a connection, or a router drop it, at any time. Therefore,
        a request that must not be repeated uses a connection that has just responded,
        or a new one. Any other request is repeated once if it got no response on a
        connection that was reused.
        """
        now = asyncio.get_running_loop().time()
        idle_for = KEPT_FOR if request.method.is_read else WARM_FOR
        connection = self._take(server, since=now - idle_for)
        result = await self._use(server, connection, url, request)
        is_lost = isinstance(result, CannotConnectError) and result.outcome_unknown
        if not (is_lost and request.method.is_read and connection.is_reused):
            return result
        await _close(*self._idle.pop(server, []))
        passed = asyncio.get_running_loop().time() - now
        if passed >= (request.timeout.total or math.inf):
            return result
        # The server may just be slow, so that it gets all its time again.
        return await self._use(server, Connection(self._create_session), url, request)

    def is_warm(self, server: str) -> bool:
        """Return whether a message would not need a new connection."""
        idle = self._idle.get(server, [])
        warm_since = asyncio.get_running_loop().time() - WARM_FOR
        return bool(idle) and idle[-1].responded_at >= warm_since

    async def close(self) -> None:
        """Close all connections, and with them the requests that still use some."""
        self._is_closed = True
        idle = [it for connections in self._idle.values() for it in connections]
        self._idle.clear()
        await _close(*idle, *self._in_use)

    def _take(self, server: str, *, since: float) -> Connection:
        """Return a connection that has responded since a time, or a new one."""
        idle = self._idle.get(server)
        if idle and idle[-1].responded_at >= since:
            return idle.pop()
        return Connection(self._create_session)

    async def _use(
        self, server: str, connection: Connection, url: URL, request: Request
    ) -> Response | GreenApiError:
        """Make a request on a connection, and keep that if there is a response."""
        result: Response | GreenApiError | None = None
        self._in_use.add(connection)
        try:
            result = await connection.request(url, request)
        finally:
            self._in_use.discard(connection)
            old = [connection]
            if isinstance(result, Response) and not self._is_closed:
                connection.responded_at = now = asyncio.get_running_loop().time()
                idle = self._idle.setdefault(server, [])
                idle.append(connection)
                old = [it for it in idle if it.responded_at < now - KEPT_FOR]
                del idle[: len(old)]
            if old:
                await _close(*old)
        return result


async def _close(*connections: Connection) -> None:
    """Close connections, even if the task that waits for it is canceled."""
    await asyncio.shield(asyncio.gather(*(it.close() for it in connections)))
