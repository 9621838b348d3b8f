"""Messages, against bare requests to the same server; and the memory of an upload."""

import gc
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final
from unittest.mock import patch

from custom_components.green_api.api import (
    MAX_FILE_BYTES,
    Attachment,
    GreenApiClient,
    RequestPacer,
)
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .cpu import cpu_times
from .home import account, run
from .memory import forget_peak, peak, resident
from .processes import fresh_processes
from .table import Row

CHAT_ID: Final = "79001234568@c.us"
MESSAGE: Final = "Somebody is at the door"


def measure() -> list[Row]:
    """Measure in new processes: memory that was used once is not given back."""
    with fresh_processes() as processes:
        return [
            *processes.submit(measure_messages).result(),
            *processes.submit(measure_upload).result(),
        ]


def measure_messages() -> list[Row]:
    """Measure what a text costs."""
    with patch.object(RequestPacer, "SPACING", {}):
        return run(_messages)


def measure_upload() -> list[Row]:
    """Measure what a large file costs."""
    return run(_upload)


async def _messages() -> list[Row]:
    async with account() as (hass, server, entry):
        session = async_get_clientsession(hass)
        client = entry.runtime_data.client
        [instance] = server.instances
        url = server.url_of(instance, "sendMessage")
        content = {"chatId": CHAT_ID, "message": MESSAGE}

        async def request() -> object:
            async with session.post(url, json=content) as response:
                return await response.json()

        async def send() -> object:
            return await client.send_message(CHAT_ID, MESSAGE)

        bare, sent = await cpu_times(request, send)
    ratio = median(a / b for a, b in zip(sent, bare, strict=True))
    return [
        Row("sending: CPU time of a bare request", 1e6 * median(bare), "µs"),
        Row("sending: CPU time of a text", ratio, "x", at_most=1.5),
    ]


async def _upload() -> list[Row]:
    async with account() as (_, __, entry):
        client = entry.runtime_data.client
        with TemporaryDirectory() as folder:
            file = Path(folder, "video.mp4")
            # What is used by any upload is no part of a large one's.
            await _send(client, file, 1)
            gc.collect()
            forget_peak()
            idle = resident()
            await _send(client, file, MAX_FILE_BYTES)
    above = (peak() - idle) / 1024
    return [
        Row("sending: upload of 100 MB, memory above idle", above, "MiB", at_most=8)
    ]


async def _send(client: GreenApiClient, file: Path, size: int) -> None:
    """Send a file of a size."""
    with file.open("wb") as stream:
        stream.truncate(size)
    await client.send_file(CHAT_ID, Attachment(file.name, file))
