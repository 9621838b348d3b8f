"""Forms with a file, which is read from disk while it is sent."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
import io
import os
from pathlib import Path
import secrets
from typing import BinaryIO, Final

from .errors import FileUnreadableError, TooLargeError
from .limits import MAX_FILE_BYTES

_CHUNK_BYTES: Final = 256 * 1024

# As browsers escape a file name in a form.
_ESCAPES: Final = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


@dataclass(frozen=True, slots=True, repr=False)
class Attachment:
    """A file to be sent: its name, with an extension, and its content.

    The content of a path is read while it is sent, and never held as a whole.
    """

    name: str
    content: bytes | Path


class Form:
    """A form with fields of text and a file, in the encoding of an HTTP request."""

    def __init__(
        self, fields: Mapping[str, str], name: str, file: BinaryIO, file_size: int
    ) -> None:
        """Initialize the form."""
        boundary = secrets.token_hex(16)
        self._head = _head(fields, name, boundary).encode(errors="replace")
        self._file = file
        self._chunk = b""
        self._file_size = file_size
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self.size = len(self._head) + file_size + len(self._tail)
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(self.size),
        }

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the form, with as much of the file as there was at the beginning."""
        yield self._head
        left = self._file_size
        while left:
            await asyncio.to_thread(self._read, min(left, _CHUNK_BYTES))
            if not self._chunk:
                raise FileUnreadableError
            left -= len(self._chunk)
            yield self._chunk
        yield self._tail

    def _read(self, size: int) -> None:
        """Read the next part of the file; it is empty if that is not possible.

        It is not returned: asyncio may log what a thread returns.
        """
        try:
            self._chunk = self._file.read(size)
        except OSError:
            self._chunk = b""


def _head(fields: Mapping[str, str], name: str, boundary: str) -> str:
    """Return what comes before the content of the file."""
    texts = "".join(
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    )
    return (
        f"{texts}--{boundary}\r\n"
        'Content-Disposition: form-data; name="file"; '
        f'filename="{name.translate(_ESCAPES)}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )


@asynccontextmanager
async def open_form(
    fields: Mapping[str, str], attachment: Attachment
) -> AsyncIterator[Form]:
    """Open the file of a form, and close it when the form is sent.

    Raise `FileUnreadableError` or `TooLargeError` if it cannot be sent.
    """
    opened = await asyncio.to_thread(_open, attachment.content)
    if opened is None:
        raise FileUnreadableError
    file, size = opened
    try:
        if size > MAX_FILE_BYTES:
            raise TooLargeError
        yield Form(fields, attachment.name, file, size)
    finally:
        await asyncio.to_thread(file.close)


def _open(content: bytes | Path) -> tuple[BinaryIO, int] | None:
    """Return a file with the content, and its size; None if it cannot be read."""
    if isinstance(content, bytes):
        return io.BytesIO(content), len(content)
    try:
        # To open something else, such as a pipe, may take for ever.
        if not content.is_file():
            return None
        file = content.open("rb")
        return file, os.fstat(file.fileno()).st_size
    except OSError:
        return None
