"""Whether somebody looks at a dialog."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from homeassistant.core import callback

# Seconds between two looks at the state of the account.
LOOK_INTERVAL: Final = 2.5

# Seconds after which a dialog is asked whether it is still open, and after which one
# that does not answer counts as closed.
PING_INTERVAL: Final = 10
WATCHED_FOR: Final = 12

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
        self.is_seen = True
        self._ping = ping
        self._seen_at = self._pinged_at = now()

    @property
    def is_open(self) -> bool:
        """Return whether the dialog is open, as far as can be told."""
        return now() < self._seen_at + WATCHED_FOR

    @callback
    def async_change(self) -> None:
        """Note that there is something new to see."""
        self.is_seen = False

    @callback
    def async_see(self) -> None:
        """Note that somebody looks."""
        self.is_seen = True
        self._seen_at = now()

    async def async_sleep(self) -> None:
        """Sleep until the next look is due, and ask whether the dialog is open."""
        await asyncio.sleep(LOOK_INTERVAL)
        if now() >= max(self._seen_at, self._pinged_at) + PING_INTERVAL:
            self._pinged_at = now()
            self._ping()

    async def async_wait_open(self) -> None:
        """Wait until the dialog is open, but not for ever."""
        with suppress(TimeoutError):
            async with asyncio.timeout(TOLD_FOR):
                while not self.is_open:
                    await self.async_sleep()


def now() -> float:
    """Return the time of the clock that waits are measured with, in seconds."""
    return asyncio.get_running_loop().time()
