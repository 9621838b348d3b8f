"""Whether somebody looks at a dialog."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from homeassistant.core import callback

# Seconds between two looks at the state of the account.
LOOK_INTERVAL: Final = 2.5

# Seconds for which somebody who looked counts as still there, and within which a page
# that is open fetches what its dialog shows.
SEEN_FOR: Final = 1
SEEN_WITHIN: Final = 5

# Seconds for which a dialog that counts as closed is told how the linking has ended:
# the page may only be asleep behind the messenger on the same phone.
TOLD_FOR: Final = 600


class Watch:
    """Whether somebody looks at a dialog.

    The frontend fetches what a dialog shows whenever it is told that there is
    something new; a page that was closed does not.
    """

    def __init__(self, ping: Callable[[], None]) -> None:
        """Initialize the watch of a dialog that was just opened."""
        self._ping = ping
        self._seen = asyncio.Event()
        self._seen_at = now()

    @callback
    def async_see(self) -> None:
        """Note that somebody looks."""
        self._seen_at = now()
        self._seen.set()

    async def async_is_open(self) -> bool:
        """Return whether somebody looks at the dialog at this moment."""
        if now() < self._seen_at + SEEN_FOR:
            return True
        self._seen.clear()
        self._ping()
        with suppress(TimeoutError):
            async with asyncio.timeout(SEEN_WITHIN):
                return await self._seen.wait()
        return False

    async def async_wait_open(self) -> None:
        """Wait until the dialog is open, but not for ever."""
        with suppress(TimeoutError):
            async with asyncio.timeout(TOLD_FOR):
                while not await self.async_is_open():
                    pass


def now() -> float:
    """Return the time of the clock that waits are measured with, in seconds."""
    return asyncio.get_running_loop().time()
