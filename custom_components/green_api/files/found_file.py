"""A file that was found, and the name to send it with.

The messengers derive the type of a file from its extension.
"""

from dataclasses import dataclass
from mimetypes import guess_extension, guess_file_type
from pathlib import Path
import re
from typing import Final

from ..api import Attachment
from .disk import HEAD_BYTES, OpenFile

# Characters that file names cannot contain on some system: separators, characters
# reserved by Windows, control characters, characters that change the text direction,
# and halves of surrogate pairs.
_FORBIDDEN: Final = re.compile(
    r'[\\/:*?"<>|\x00-\x1f\x7f-\x9f'
    r"\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_SUBSTITUTE: Final = "_"

# Maximum bytes of a name without its extension: file systems allow 255 in total.
_MAX_BYTES: Final = 200

# Text that looks like an extension, although its type is not known.
_LIKE_EXTENSION: Final = re.compile(r"\.(?=\d*[a-z])[a-z0-9]{1,9}", re.IGNORECASE)

# The type of files without a known type.
_GENERIC_TYPE: Final = "application/octet-stream"

# First bytes of pictures, and their extensions.
_SIGNATURES: Final = (
    (re.compile(rb"\xff\xd8\xff"), ".jpg"),
    (re.compile(rb"\x89PNG"), ".png"),
    (re.compile(rb"GIF8"), ".gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), ".webp"),
)


@dataclass(frozen=True, slots=True, weakref_slot=True, repr=False)
class FoundFile:
    """A file that was found."""

    name: str
    """The name that the file was found with."""

    content: bytes | OpenFile
    content_type: str | None = None
    """The type that the source has named, None if it has not."""

    def as_attachment(self, name: str | None) -> Attachment:
        """Return the file as an attachment, with another name if one is given."""
        content = self.content
        head = content[:HEAD_BYTES] if isinstance(content, bytes) else content.head
        return Attachment(
            file_name(name, self.name, self.content_type, head), self.content
        )

    @property
    def bytes_in_memory(self) -> int:
        """Return the number of bytes that the file takes in memory."""
        return len(self.content) if isinstance(self.content, bytes) else 0

    async def async_close(self) -> None:
        """Close the file if it is open."""
        if isinstance(self.content, OpenFile):
            await self.content.async_close()


def file_name(
    given: str | None, found: str, content_type: str | None, head: bytes
) -> str:
    """Return the name to send a file with, so that its type is recognized.

    This is the given name, or else the one that the file was found with. Its extension
    is kept if it matches the type of the file, or if that type is not known. Otherwise,
    the matching extension is appended.
    """
    found = _clean(found)
    extension = _extension(found, content_type, head)
    name = _cut(_clean(given or "") or found) or "file"
    kind, kind_of_name = _type(extension), _type(name)
    if kind_of_name == kind if kind else kind_of_name or name.endswith(extension):
        return name
    return f"{name}{extension}"


def _extension(found: str, content_type: str | None, head: bytes) -> str:
    """Return the extension for the type of a file, empty if the type is not known."""
    suffix = Path(found).suffix
    if _type(suffix):
        return suffix
    media_type = (content_type or "").partition(";")[0].strip()
    extension = guess_extension(media_type, strict=False) or ""
    if _type(extension):
        return extension
    for signature, picture_extension in _SIGNATURES:
        if signature.match(head):
            return picture_extension
    return suffix if _LIKE_EXTENSION.fullmatch(suffix) else ""


def _type(name: str) -> str | None:
    """Return the type of an extension, None if it is not known."""
    kind, encoding = guess_file_type(f"_{name}", strict=False)
    return encoding or (kind if kind != _GENERIC_TYPE else None)


def _clean(name: str) -> str:
    """Return a name without the characters that file names cannot contain."""
    return _FORBIDDEN.sub(_SUBSTITUTE, name).strip(" .")


def _cut(name: str) -> str:
    """Return a name that is cut to the maximum length of file names."""
    return name.encode()[:_MAX_BYTES].decode(errors="ignore")
