"""Limit how many files of an account are fetched, waiting, or uploaded at a time.

A dozen cameras can send a picture to two recipients at once. Over a slow connection,
the waiting files would fill the memory.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from homeassistant.exceptions import HomeAssistantError

from ..const import DOMAIN

MAX_FILES: Final = 32

# Maximum number of bytes in memory, which files on disk do not count toward.
MAX_BYTES: Final = 32 * 1024 * 1024


class Place:
    """The place of a file among the files of an account."""

    def __init__(self, others: list[Place]) -> None:
        """Initialize the place of a file that is not fetched yet."""
        self._all = others
        self.size = 0
        self.source: object = self

    def hold(self, size: int, source: object | None = None) -> None:
        """Reserve a number of bytes in memory for the file.

        Files from the same source are the same bytes. Raises HomeAssistantError if
        other files leave no room for them.
        """
        key = source or self
        sizes = {
            place.source: place.size
            for place in self._all
            if place is not self and place.source is not key
        }
        others = sum(sizes.values())
        if others and others + size > MAX_BYTES:
            raise _too_many_files()
        self.size, self.source = size, key


class WaitingFiles:
    """The files of an account that are fetched, waiting, or uploaded."""

    def __init__(self) -> None:
        """Initialize without any files."""
        self._places: list[Place] = []

    @contextmanager
    def place(self) -> Generator[Place]:
        """Reserve a place for a file.

        Raises HomeAssistantError if there are too many files.
        """
        if len(self._places) >= MAX_FILES:
            raise _too_many_files()
        place = Place(self._places)
        self._places.append(place)
        try:
            yield place
        finally:
            self._places.remove(place)


def _too_many_files() -> HomeAssistantError:
    """Return the exception to raise if there are too many files."""
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key="too_many_files"
    )
