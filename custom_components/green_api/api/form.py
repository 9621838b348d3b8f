"""Multipart forms with a file that is read while it is sent.

They are not written by aiohttp's `MultipartWriter`. It rejects or percent-encodes
characters in file names, adds a content type to every text, and is not shorter: the
file still needs a payload of known size that reports its progress.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from mimetypes import guess_file_type
import secrets
from typing import Final, Protocol, cast, override

from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import StreamWriter
from aiohttp.payload import AsyncIterablePayload

from .errors import (
    FileUnreadableError,
    GreenApiError,
    TooLargeError,
    UploadStalledError,
)
from .models import MAX_FILE_BYTES

# Bytes that are read at once, and bytes that are passed on at once: few enough for a
# slow connection to take them in time.
_BLOCK_BYTES: Final = 256 * 1024
_CHUNK_BYTES: Final = 64 * 1024

# Seconds to wait for the response to an upload, and its lowest bytes per second.
UPLOAD_SECONDS: Final = 60
SLOWEST_UPLOAD: Final = 32 * 1024

# Seconds within which some of an upload has to be taken.
STALL_SECONDS: Final = 30

# Maximum number of unsent bytes that an operating system buffers (Linux: `tcp_wmem`).
MAX_BUFFERED: Final = 4 * 1024 * 1024

# Browsers escape a file name in a form in the same way.
_ESCAPES: Final = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


class FileContent(Protocol):
    """An open file."""

    @property
    def size(self) -> int:
        """Return the size of the file when it was opened."""

    async def read(self, start: int, size: int) -> bytes:
        """Return a part of the file, or no bytes at its end.

        Raise `FileUnreadableError` if the file cannot be read.
        """


@dataclass(frozen=True, slots=True, repr=False)
class Attachment:
    """A file to send: its name, with an extension, and its content.

    An open file is read while it is sent, and is never in memory as a whole.
    """

    name: str
    content: bytes | FileContent

    @property
    def size(self) -> int:
        """Return the size in bytes."""
        content = self.content
        return len(content) if isinstance(content, bytes) else content.size

    @property
    def shows_caption(self) -> bool:
        """Return whether messengers show a caption below the file.

        They do so only below pictures and videos, which they tell by the extension.
        """
        kind, _ = guess_file_type(self.name, strict=False)
        return kind is not None and kind.startswith(("image/", "video/"))


class Form:
    """A form with text fields and a file, encoded for an HTTP request.

    It can be sent once. It is given up, and its connection is closed, if none of it was
    taken for 30 seconds, or if there is no response to the complete form.
    """

    def __init__(self, fields: Mapping[str, str], attachment: Attachment) -> None:
        """Initialize the form.

        Raise `TooLargeError` if the file is larger than GREEN-API accepts.
        """
        if attachment.size > MAX_FILE_BYTES:
            raise TooLargeError
        boundary = secrets.token_hex(16)
        self._head = _head(fields, attachment.name, boundary).encode(errors="replace")
        self._content = attachment.content
        self._file_size = attachment.size
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self.size = len(self._head) + self._file_size + len(self._tail)
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(self.size),
        }
        self.abort: Callable[[], object] = lambda: None
        """Function that closes the connection."""
        self._timer: asyncio.TimerHandle | None = None
        self._is_whole = False
        self._is_given_up = False

    def close(self) -> None:
        """Stop the timer."""
        if self._timer:
            self._timer.cancel()

    def refine_error(self, error: GreenApiError) -> GreenApiError:
        """Return the error of the upload: servers discard an incomplete request."""
        if self._is_whole:
            return error
        if self._is_given_up:
            return UploadStalledError()
        error.outcome_unknown = False
        return error

    @property
    def seconds(self) -> float:
        """Return the seconds for the upload at the lowest speed and the response."""
        return UPLOAD_SECONDS + self.size / SLOWEST_UPLOAD

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the form, with the file up to the size that it had when it was opened.

        Raise `FileUnreadableError` if the file cannot be read up to that size.
        """
        began_at = asyncio.get_running_loop().time()
        self._wait(STALL_SECONDS)
        yield self._head
        read = 0
        while read < self._file_size:
            self._wait(STALL_SECONDS)
            block = await self._read(read, min(self._file_size - read, _BLOCK_BYTES))
            if not block:
                raise FileUnreadableError
            read += len(block)
            for start in range(0, len(block), _CHUNK_BYTES):
                self._wait(STALL_SECONDS)
                yield block[start : start + _CHUNK_BYTES]
        self._wait(STALL_SECONDS)
        self._is_whole = True
        yield self._tail
        self._wait(self._seconds_for_response(began_at))

    async def _read(self, start: int, size: int) -> bytes:
        """Return a part of the file."""
        if isinstance(self._content, bytes):
            return self._content[start : start + size]
        return await self._content.read(start, size)

    def _wait(self, seconds: float) -> None:
        """Restart the timer with the given seconds."""
        self.close()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        """Close the connection, even if a part of the form is not sent yet."""
        self._is_given_up = True
        self.abort()

    def _seconds_for_response(self, began_at: float) -> float:
        """Return the seconds to wait for the response when everything was taken.

        The last bytes may not be sent yet. They are as fast as those before them.
        """
        seconds = asyncio.get_running_loop().time() - began_at
        buffered = min(self.size, MAX_BUFFERED)
        speed = (self.size - buffered) / max(seconds, 1)
        return UPLOAD_SECONDS + buffered / max(speed, SLOWEST_UPLOAD)


class FormPayload(AsyncIterablePayload):
    """A form as the body of a request of aiohttp."""

    def __init__(self, form: Form) -> None:
        """Initialize the payload."""
        super().__init__(form)
        self._form = form

    @override
    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        """Write the form, and close the connection on cancellation."""
        self._form.abort = partial(_abort, cast(StreamWriter, writer))
        try:
            await super().write_with_length(writer, content_length)
        except asyncio.CancelledError:
            self._form.abort()
            raise


def _abort(writer: StreamWriter) -> None:
    """Close a connection immediately.

    aiohttp would wait until the server has taken the contents of the buffer. Before
    version 3.14, it would complain if something was still waiting for that.
    """
    with suppress(AssertionError):  # Nothing is waiting.
        writer.protocol.resume_writing()
    if writer.transport:
        writer.transport.abort()


def _head(fields: Mapping[str, str], name: str, boundary: str) -> str:
    """Return the part of a form before the content of the file."""
    parts = [f'name="{key}"\r\n\r\n{value}' for key, value in fields.items()]
    file = f'name="file"; filename="{name.translate(_ESCAPES)}"'
    parts.append(f"{file}\r\nContent-Type: application/octet-stream\r\n\r\n")
    return "\r\n".join(
        f"--{boundary}\r\nContent-Disposition: form-data; {part}" for part in parts
    )
