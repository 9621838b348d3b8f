"""A distance between client and server: everything arrives half a round trip later."""

import asyncio
from collections.abc import Callable
from typing import Final

CHUNK: Final = 65536


class Distance:
    """A proxy that delays what it forwards."""

    def __init__(self, round_trip: float, *, opening_trips: int = 1) -> None:
        """Initialize with the time of a round trip, in seconds.

        `opening_trips` is how many of them it takes to open a connection, apart from
        those that the client and the server make themselves.
        """
        self._round_trip = round_trip
        self._opening_trips = opening_trips
        self._target = ("", 0)
        self._listener: asyncio.Server | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._timers: list[asyncio.TimerHandle] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self, host: str, port: int) -> int:
        """Forward connections to a port, and return the port to connect to."""
        self._target = (host, port)
        self._listener = await asyncio.start_server(self._forward, host, 0)
        own_port: int = self._listener.sockets[0].getsockname()[1]
        return own_port

    async def stop(self) -> None:
        """Close all connections."""
        if self._listener:
            self._listener.close()
        for task in self._tasks:
            task.cancel()
        for timer in self._timers:
            timer.cancel()
        for writer in self._writers:
            writer.transport.abort()

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Forward a connection in both directions."""
        # The kernel accepts a connection at once. Over a distance, the client would
        # wait for a round trip before it could send anything.
        await asyncio.sleep(self._opening_trips * self._round_trip)
        there, back = await asyncio.open_connection(*self._target)
        self._writers += writer, back
        for carry in (self._carry(reader, back), self._carry(there, writer)):
            self._tasks.append(asyncio.create_task(carry))

    async def _carry(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter
    ) -> None:
        """Forward what is sent in one direction, half a round trip later."""
        try:
            while chunk := await source.read(CHUNK):
                self._do_later(target.write, chunk)
        except ConnectionError:
            pass
        self._do_later(target.close)

    def _do_later(self, action: Callable[..., object], *args: object) -> None:
        """Do something half a round trip later."""
        loop = asyncio.get_running_loop()
        self._timers.append(loop.call_later(self._round_trip / 2, action, *args))
