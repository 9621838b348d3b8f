"""Look for the token, and for what servers say, in all that is said."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
import logging
import re
from typing import Final, override
from urllib.parse import quote

import pytest

from .const import TOKEN

# A piece as long as this reveals the token, or at least that it was leaked.
REVEALING: Final = 12


def _pieces(text: str) -> Iterator[str]:
    """Yield every piece of a text that is long enough to reveal it."""
    for start in range(len(text) - REVEALING + 1):
        yield text[start : start + REVEALING]


PIECES: Final = frozenset([*_pieces(TOKEN), *_pieces(quote(TOKEN, safe=""))])


def token_leaks(*texts: str) -> list[str]:
    """Return the lines that hold a piece of the token, in either spelling."""
    everything = "\n".join(texts)
    found = [piece for piece in PIECES if piece in everything]
    return [
        line
        for line in (everything.splitlines() if found else ())
        if any(piece in line for piece in found)
    ]


# What is in URLs and in bodies, and may be nowhere else.
SERVER_WORDS: Final = (
    "waInstance",
    '"stateInstance"',
    "nginx",
    "personal area",
    "upstream connect",
    "Validation failed",
)


def assert_log_is_clean(caplog: pytest.LogCaptureFixture) -> None:
    """Assert that a log holds neither the token nor a URL nor a body."""
    assert_hidden(TOKEN, caplog)
    assert [word for word in SERVER_WORDS if word in caplog.text] == []


def assert_hidden(token: str, *places: object) -> None:
    """Assert that a token is in none of some places, in neither spelling."""
    text = "\n".join(text for place in places for text in _texts(place))
    assert text
    assert token not in text
    assert quote(token, safe="") not in text


def _texts(place: object) -> Iterator[str]:
    """Yield all that a place says: a log with every exception, an exception, text."""
    if isinstance(place, pytest.LogCaptureFixture):
        yield place.text
        for record in place.records:
            yield f"{record.__dict__!r}"
            yield from _texts(record.exc_info[1] if record.exc_info else "")
    elif isinstance(place, BaseException):
        yield f"{place} {place!r} {place.args!r} {place.__dict__!r}"
        for led_to_it in filter(None, (place.__cause__, place.__context__)):
            yield from _texts(led_to_it)
    else:
        yield f"{place}"


class Listener(logging.Handler):
    """Record what all loggers log, with the tracebacks of whole chains of exceptions."""

    def __init__(self) -> None:
        """Initialize without lines."""
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Record a line."""
        self.lines.append(f"{record.levelname} {record.name} {self.format(record)}")

    def logged_by(self, *loggers: str) -> list[str]:
        """Return what some loggers have said, and those below them."""
        return [text for text in self.lines if text.split()[1].startswith(loggers)]

    @property
    def complaints(self) -> list[str]:
        """What was said of exceptions that nobody has expected, or of aiohttp's own.

        The simulated server has its own ones, and asyncio logs those that it passes
        on.
        """
        return [
            text
            for text in self.lines
            if not text.startswith(_OTHERS) and _COMPLAINT.search(text)
        ]


@contextmanager
def listening() -> Generator[Listener]:
    """Let all loggers log everything, and listen."""
    listener = Listener()
    root = logging.getLogger()
    root.addHandler(listener)
    level = root.level
    root.setLevel(logging.DEBUG)
    yield listener
    root.setLevel(level)
    root.removeHandler(listener)


_OTHERS: Final = ("DEBUG asyncio", "DEBUG aiohttp.server", "ERROR aiohttp.server")
_COMPLAINT: Final = re.compile(
    r"site-packages/aiohttp|Unexpected|unexpected|unhandled|Error doing job"
    r"|never retrieved|never awaited|Unclosed"
)
