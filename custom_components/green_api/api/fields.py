"""Read the fields of answers, which may hold anything."""

import base64
from collections.abc import Hashable, Mapping
from datetime import MAXYEAR, UTC, datetime
from typing import Final

_MAX_IMAGE_SIDE: Final = 4096
_MAX_NUMBER: Final = 2**53 - 1  # the last one that all readers of JSON agree on


def text(fields: Mapping[str, object], key: str) -> str:
    """Return a field of text; absent, null or of another type counts as empty."""
    value = fields.get(key)
    return value if isinstance(value, str) else ""


def number(value: object) -> int | None:
    """Return a whole number that can be one of something; True is an `int`, too."""
    return value if type(value) is int and 0 <= value <= _MAX_NUMBER else None


def fingerprint(message: Mapping[str, object]) -> int:
    """Return a number that identifies a message and does not reveal it.

    Which fields name it depends on the messenger.
    """
    match message:
        case {"body": dict(body)}:
            fields = [*message.items(), *body.items()]
        case _:
            fields = [*message.items()]
    return hash(frozenset(it for it in fields if isinstance(it[1], Hashable)))


def seconds(fields: Mapping[str, object], key: str) -> float | None:
    """Return a field of milliseconds in seconds, None if it is none."""
    milliseconds = number(fields.get(key))
    return None if milliseconds is None else milliseconds / 1000


def moment(seconds: int) -> datetime | None:
    """Return a moment given in seconds since 1970, None if it is out of range."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except OverflowError, OSError, ValueError:
        return None
    # The end of all years would be out of range in the time zones ahead.
    return moment if moment.year < MAXYEAR else None


def png(text: str) -> bytes | None:
    """Return the PNG that a text encodes in base64, None if it is not one."""
    try:
        image = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    width, height = int.from_bytes(image[16:20]), int.from_bytes(image[20:24])
    is_png = (
        image.startswith(b"\x89PNG\r\n\x1a\n")
        # A few bytes can unpack to more than fits into the memory of a browser.
        and 0 < width <= _MAX_IMAGE_SIDE
        and 0 < height <= _MAX_IMAGE_SIDE
    )
    return image if is_png else None
