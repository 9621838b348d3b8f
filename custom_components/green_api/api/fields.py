"""Read the fields of responses, which may contain any JSON."""

import base64
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import MAXYEAR, UTC, datetime
import re
from typing import Final

# Possible names of the ID of a waiting message, and the fields that distinguish
# messages without an ID. All other fields may change while a message is waiting.
_MESSAGE_IDS: Final = ("messageID", "idMessage", "messagesIDs")
_MESSAGE_CONTENT: Final = ("chatId", "message", "fileName")

# Message IDs and chat IDs. They are only compared, and always as a whole.
_ID: Final = re.compile(r"[!-~]{1,128}")
_LARGEST_ID: Final = 2**63

# The values of a setting that is turned on.
_ON: Final = frozenset({"true", "yes"})

# Fields in which the vendor describes errors. Others may repeat what was sent, or
# contain texts of users.
_ERROR_FIELDS: Final = frozenset(
    {
        *("correspondentsStatus", "description", "details", "error", "errors"),
        *("invokeStatus", "message", "reason", "status"),
    }
)

# Maximum length of a word of GREEN-API, such as a state or a code.
MAX_WORD_LENGTH: Final = 64

_MAX_IMAGE_SIDE: Final = 4096
_MAX_NUMBER: Final = 2**53 - 1  # the largest integer that all JSON parsers agree on


def text(fields: Mapping[str, object], key: str) -> str:
    """Return a text field.

    It is empty if the field is absent, null, or of another type.
    """
    value = fields.get(key)
    return value if isinstance(value, str) else ""


def error_texts(data: object) -> Iterator[str]:
    """Yield the texts of the fields in which the vendor describes errors."""
    parts = [data]
    while parts:
        match parts.pop():
            case str(text):
                yield text
            case dict(fields):
                parts.extend(
                    value for key, value in fields.items() if key in _ERROR_FIELDS
                )
            case list(items):
                parts.extend(items)


def is_on(fields: Mapping[str, object], key: str) -> bool:
    """Return whether a setting is turned on.

    Some are a text in the vendor's documentation and a boolean in its clients.
    """
    return fields.get(key) is True or text(fields, key).casefold() in _ON


def id_of(value: object) -> str:
    """Return an ID, which may be a number, as a text, empty if it is not valid."""
    if type(value) is int and -_LARGEST_ID <= value < _LARGEST_ID:
        return str(value)
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


def number(value: object) -> int | None:
    """Return a non-negative integer, None for anything else, such as a boolean."""
    return value if type(value) is int and 0 <= value <= _MAX_NUMBER else None


def fingerprints(messages: Iterable[Mapping[str, object]]) -> frozenset[int]:
    """Return numbers that identify messages without revealing anything about them.

    The numbers change each time Python starts. Messages with the same ID get one
    number. Messages without an ID that look alike get one number each.
    """
    numbers: set[int] = set()
    alike: Counter[tuple[str, ...]] = Counter()
    for message in messages:
        if known := _id_of(message):
            numbers.add(hash(known))
            continue
        content = _content_of(message)
        alike[content] += 1
        numbers.add(hash((content, alike[content])))
    return frozenset(numbers)


def _id_of(message: Mapping[str, object]) -> tuple[str, ...]:
    """Return the ID of a waiting message, empty if it has none.

    A message that forwards others has the IDs of all of them.
    """
    for value in map(message.get, _MESSAGE_IDS):
        if value:
            ids = value if isinstance(value, list) else [value]
            return tuple(sorted(map(str, ids)))
    return ()


def _content_of(message: Mapping[str, object]) -> tuple[str, ...]:
    """Return the chat and the content of a waiting message, at either level."""
    match message:
        case {"body": dict(body)}:
            message = {**message, **body}
    return tuple(f"{message.get(key)}" for key in _MESSAGE_CONTENT)


def seconds(fields: Mapping[str, object], key: str) -> float | None:
    """Return a field in milliseconds as seconds, None if it is not a valid number."""
    milliseconds = number(fields.get(key))
    return None if milliseconds is None else milliseconds / 1000


def moment(seconds: int) -> datetime | None:
    """Return the time of a UNIX timestamp in seconds, None if it is out of range."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except OverflowError, OSError, ValueError:
        return None
    # The last year would be out of range in time zones ahead of UTC.
    return moment if moment.year < MAXYEAR else None


def png(text: str) -> bytes | None:
    """Return the PNG image that a text encodes in base64, None if it is not one."""
    try:
        image = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    width, height = int.from_bytes(image[16:20]), int.from_bytes(image[20:24])
    is_png = (
        image.startswith(b"\x89PNG\r\n\x1a\n")
        # A few bytes can decompress to more than fits into the memory of a browser.
        and 0 < width <= _MAX_IMAGE_SIDE
        and 0 < height <= _MAX_IMAGE_SIDE
    )
    return image if is_png else None
