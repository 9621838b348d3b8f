"""Servers that stall in the middle of a request."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
import socket

type ConnectionHandler = Callable[
    [asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]
]


@asynccontextmanager
async def stalling_server(handler: ConnectionHandler) -> AsyncGenerator[str]:
    """Run a server that reads the head of a request, then calls a handler."""
    over = asyncio.Event()

    async def handle(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await handler(reader, writer)
        await over.wait()
        writer.transport.abort()

    listening = socket.create_server(("127.0.0.1", 0))
    # Connections inherit it: with a small buffer, the client notices reads earlier.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    server = await asyncio.start_server(handle, sock=listening)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        over.set()
        server.close()
        await server.wait_closed()


async def stop_reading(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Read a part of the request, and never read again."""
    await reader.readexactly(100)
