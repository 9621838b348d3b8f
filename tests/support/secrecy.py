"""Search for the token and for texts of servers in logs and exceptions."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
import logging
import re
from typing import Final, override
from urllib.parse import quote

import pytest

from .const import TOKEN

# The number of characters from which a piece of the token counts as a leak.
REVEALING: Final = 12


def _pieces(text: str) -> Iterator[str]:
    """Yield all pieces of a text with the length of a leak."""
    for start in range(len(text) - REVEALING + 1):
        yield text[start : start + REVEALING]


PIECES: Final = frozenset([*_pieces(TOKEN), *_pieces(quote(TOKEN, safe=""))])


def token_leaks(*texts: str) -> list[str]:
    """Return the lines that contain a piece of the token, plain or encoded."""
    everything = "\n".join(texts)
    found = [piece for piece in PIECES if piece in everything]
    return [
        line
        for line in (everything.splitlines() if found else ())
        if any(piece in line for piece in found)
    ]


# Texts of URLs and bodies, which must not be logged.
SERVER_WORDS: Final = (
    "waInstance",
    '"stateInstance"',
    "nginx",
    "personal area",
    "upstream connect",
    "Validation failed",
)


def assert_log_is_clean(caplog: pytest.LogCaptureFixture) -> None:
    """Assert that a log contains neither the token nor a URL nor a body."""
    assert_hidden(TOKEN, caplog)
    assert [word for word in SERVER_WORDS if word in caplog.text] == []


def assert_hidden(token: str, *places: object) -> None:
    """Assert that none of some places contains the token, plain or encoded."""
    text = "\n".join(text for place in places for text in _texts(place))
    assert text
    assert token not in text
    assert quote(token, safe="") not in text


def _texts(place: object) -> Iterator[str]:
    """Yield all texts of a log with its exceptions, of an exception, or of a value."""
    if isinstance(place, pytest.LogCaptureFixture):
        yield place.text
        for record in place.records:
            yield f"{record.__dict__!r}"
            yield from _texts(record.exc_info[1] if record.exc_info else "")
    elif isinstance(place, BaseException):
        yield f"{place} {place!r} {place.args!r} {place.__dict__!r}"
        for cause in filter(None, (place.__cause__, place.__context__)):
            yield from _texts(cause)
    else:
        yield f"{place}"


class LogRecorder(logging.Handler):
    """Record all log lines, with the tracebacks of chained exceptions."""

    def __init__(self) -> None:
        """Initialize the recorder."""
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Record a line."""
        self.lines.append(f"{record.levelname} {record.name} {self.format(record)}")

    def logged_by(self, *loggers: str) -> list[str]:
        """Return the lines of some loggers and their children."""
        return [text for text in self.lines if text.split()[1].startswith(loggers)]

    @property
    def unexpected_errors(self) -> list[str]:
        """The lines about unexpected exceptions or exceptions of aiohttp.

        Those of the simulated server and of asyncio's debug log are left out.
        """
        return [
            text
            for text in self.lines
            if not text.startswith(_OTHERS) and _UNEXPECTED.search(text)
        ]


@contextmanager
def recording_logs() -> Generator[LogRecorder]:
    """Record all log lines at all levels."""
    log_recorder = LogRecorder()
    root = logging.getLogger()
    root.addHandler(log_recorder)
    level = root.level
    root.setLevel(logging.DEBUG)
    yield log_recorder
    root.setLevel(level)
    root.removeHandler(log_recorder)


_OTHERS: Final = ("DEBUG asyncio", "DEBUG aiohttp.server", "ERROR aiohttp.server")
_UNEXPECTED: Final = re.compile(
    r"site-packages/aiohttp|Unexpected|unexpected|unhandled|Error doing job"
    r"|never retrieved|never awaited|Unclosed"
)
