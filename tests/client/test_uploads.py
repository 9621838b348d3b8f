"""Test uploads to servers that stop reading, over real sockets."""

import asyncio
from pathlib import Path
from typing import Final

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.green_api.api import (
    Attachment,
    ErrorKind,
    GreenApiClient,
    GreenApiError,
    form,
)
from tests.support.clients import (
    CHAT_ID,
    FILE_NAME,
    MESSAGE,
    PERSONAL,
    assert_no_details,
    create_client,
)
from tests.support.secrecy import assert_log_is_clean
from tests.support.stalling_server import (
    ConnectionHandler,
    stalling_server,
    stop_reading,
)

# Larger than all buffers between two sockets.
LARGE: Final = 20_000_000

ANSWER: Final = b'HTTP/1.1 200 -\r\nContent-Length: 17\r\n\r\n{"idMessage":"1"}'


async def disconnect(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Disconnect in the middle of the request."""
    await reader.readexactly(100_000)
    writer.transport.abort()


async def read_only(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the request, and do not respond."""
    await reader.readexactly(LARGE)
    while len(await reader.read(1 << 20)) == 1 << 20:
        pass


async def read_slowly(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Read the request slowly, and respond."""
    taken = 0
    while taken < LARGE and (block := await reader.read(1 << 18)):
        taken += len(block)
        await asyncio.sleep(0.01)
    writer.write(ANSWER)


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Refuse the request before it is read, and keep the connection open."""
    writer.write(b"HTTP/1.1 413 -\r\nContent-Length: 0\r\n\r\n")


async def async_outcome(client: GreenApiClient, size: int) -> object:
    """Send a file, and return the ID of the message, or the details of the error."""
    try:
        return await client.send_file(
            CHAT_ID, Attachment(FILE_NAME, bytes(size)), caption=MESSAGE
        )
    except GreenApiError as err:
        assert_no_details(err, err.kind.value)
        return err.kind, err.outcome_unknown


@pytest.mark.usefixtures("asyncio_debug")
@pytest.mark.parametrize(
    ("converse", "size", "expected"),
    [
        (stop_reading, LARGE, (ErrorKind.UPLOAD_STALLED, False)),
        (stop_reading, 100, (ErrorKind.CANNOT_CONNECT, True)),
        (disconnect, LARGE, (ErrorKind.CANNOT_CONNECT, False)),
        (read_only, LARGE, (ErrorKind.CANNOT_CONNECT, True)),
        (read_slowly, LARGE, "1"),
        (refuse, LARGE, (ErrorKind.TOO_LARGE, False)),
    ],
)
async def test_server_that_stops(
    session: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    converse: ConnectionHandler,
    size: int,
    expected: object,
) -> None:
    """A stalled upload ends soon; no server acts on a partial request.

    A server that has received the whole request may have sent the message.
    """
    monkeypatch.setattr(form, "STALL_SECONDS", 0.4)
    monkeypatch.setattr(form, "UPLOAD_SECONDS", 0.4)
    async with stalling_server(converse) as url, asyncio.timeout(20):
        assert await async_outcome(create_client(session, url), size) == expected
    assert_log_is_clean(caplog)
    assert [it for it in PERSONAL if it in caplog.text] == []


class CountingFile:
    """An open file that counts the bytes that are read."""

    size = LARGE
    reads = 0

    async def read(self, start: int, size: int) -> bytes:
        """Return part of the file."""
        self.reads += 1
        return bytes(size)


async def async_wait_until_stalled(file: CountingFile) -> None:
    """Wait until a file is no longer read."""
    reads = -1
    while file.reads != reads:
        reads = file.reads
        for _ in range(1000):
            await asyncio.sleep(0)


def sockets() -> int:
    """Return the number of open sockets."""
    return len([it for it in Path("/proc/self/fd").iterdir() if it.is_socket()])


async def test_half_a_minute(
    freezer: FrozenDateTimeFactory, session: aiohttp.ClientSession
) -> None:
    """A stalled upload is cancelled after 30 seconds, even if the file is large.

    Its connection is closed, even if the server has not read everything.
    """
    file = CountingFile()
    async with stalling_server(stop_reading) as url:
        before = sockets()
        client = create_client(session, url)
        call = client.send_file(CHAT_ID, Attachment("a.mp4", file))
        upload = asyncio.create_task(call)
        await async_wait_until_stalled(file)
        assert 0 < file.reads < LARGE / form._BLOCK_BYTES
        freezer.tick(29)
        await async_wait_until_stalled(file)
        assert not upload.done()
        freezer.tick(2)
        with pytest.raises(GreenApiError) as caught:
            await upload
        assert caught.value.kind is ErrorKind.UPLOAD_STALLED
        assert sockets() == before + 1  # The server's socket.
