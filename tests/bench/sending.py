"""Messages, compared with bare requests to the same server; memory of an upload."""

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
from custom_components.green_api.files.disk import DiskThreads, OpenFile
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .actions import async_send, recipient_entities
from .cpu import cpu_times
from .hass import hass_with_account, recipients, run
from .memory import forget_peak, peak, resident
from .processes import fresh_processes
from .table import Row

CHAT_ID: Final = "79001234568@c.us"
MESSAGE: Final = "Somebody is at the door"


def measure() -> list[Row]:
    """Measure in new processes: memory is not returned to the system."""
    with fresh_processes() as processes:
        return [
            *processes.submit(measure_messages).result(),
            *processes.submit(measure_unfollowed).result(),
            *processes.submit(measure_upload).result(),
        ]


def measure_messages() -> list[Row]:
    """Measure the CPU time of a text."""
    with patch.object(RequestPacer, "SHORT_SPACING", 0):
        return run(_messages)


def measure_unfollowed() -> list[Row]:
    """Measure the CPU time of a message whose delivery no one follows."""
    with patch.object(RequestPacer, "SHORT_SPACING", 0):
        return run(_unfollowed)


def measure_upload() -> list[Row]:
    """Measure the memory of an upload of a large file."""
    return run(_upload)


async def _messages() -> list[Row]:
    async with hass_with_account() as (hass, server, entry):
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


async def _unfollowed() -> list[Row]:
    changes = {"subentries": recipients(1)}
    async with hass_with_account(changes=changes) as (hass, _, entry):
        [entity_id] = recipient_entities(hass)
        deliveries = entry.runtime_data.deliveries
        noted = deliveries.async_sent
        message = noted("0", CHAT_ID, "0")

        async def send() -> None:
            deliveries.async_sent = noted
            await async_send(hass, entity_id)

        async def send_only() -> None:
            deliveries.async_sent = lambda *_: message
            await async_send(hass, entity_id)

        with_feature, without = await cpu_times(send, send_only)
    ratio = median(a / b for a, b in zip(with_feature, without, strict=True))
    return [
        Row(
            "sending: message that no one follows, against one that is not noted",
            ratio,
            "x",
            at_most=1.02,
        )
    ]


async def _upload() -> list[Row]:
    async with hass_with_account() as (_, __, entry):
        client = entry.runtime_data.client
        with TemporaryDirectory() as folder:
            file = Path(folder, "video.mp4")
            # The memory that every upload uses is not counted.
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
    """Send a file of a size in bytes."""
    with file.open("wb") as stream:
        stream.truncate(size)
    opened = await OpenFile.async_open(DiskThreads(), file, lambda _: True)
    await client.send_file(CHAT_ID, Attachment(file.name, opened))
    await opened.async_close()
