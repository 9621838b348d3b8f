"""Listen to everything that is told, and look for pieces of the token in it."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
import logging
import re
from typing import Final, override
from urllib.parse import quote

from .const import TOKEN

# A piece as long as this gives the token away, or at least that it was told.
TELLING: Final = 12


def _pieces(text: str) -> Iterator[str]:
    """Yield every piece of a text that is long enough to be telling."""
    for start in range(len(text) - TELLING + 1):
        yield text[start : start + TELLING]


PIECES: Final = frozenset([*_pieces(TOKEN), *_pieces(quote(TOKEN, safe=""))])


def told_of_token(*texts: str) -> list[str]:
    """Return the lines that hold a piece of the token, in either spelling."""
    everything = "\n".join(texts)
    found = [piece for piece in PIECES if piece in everything]
    return [
        line
        for line in (everything.splitlines() if found else ())
        if any(piece in line for piece in found)
    ]


class Listener(logging.Handler):
    """Keep what all loggers say, with the tracebacks of whole chains of exceptions."""

    def __init__(self) -> None:
        """Hear nothing yet."""
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        self.heard.append(f"{record.levelname} {record.name} {self.format(record)}")

    @property
    def complaints(self) -> list[str]:
        """What was said of exceptions that nobody has expected, or of aiohttp's own.

        The simulated server has its own ones, and asyncio tells of those that it hands
        on.
        """
        return [
            text
            for text in self.heard
            if not text.startswith(_OTHERS) and _COMPLAINT.search(text)
        ]


@contextmanager
def listening() -> Generator[Listener]:
    """Let all loggers tell everything, and listen."""
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
