"""Get an answer about an account that is fresh enough to act upon."""

import asyncio
from typing import Final

from homeassistant.core import HomeAssistant

from .api import AccountState
from .coordinator import GreenApiCoordinator
from .problem import Answer

# Seconds for which an answer holds.
FRESH_FOR: Final = 10


class FreshAnswer:
    """The last answer about an account, or a new one if that is old.

    It is asked for by the coordinator, so that all entities see it.
    """

    def __init__(self, hass: HomeAssistant, coordinator: GreenApiCoordinator) -> None:
        """Initialize the answer."""
        self._hass = hass
        self._coordinator = coordinator
        self._asking = asyncio.Lock()

    async def async_get(self, since: float) -> Answer | None:
        """Return the answer for somebody who has waited for it since then.

        None means that it is old, and that nobody asks any more: the account was
        unloaded meanwhile.
        """
        async with self._asking:
            if not self._holds(since):
                asked_at = self._hass.loop.time()
                await self._coordinator.async_refresh()
                if self._coordinator.answered_at < asked_at:
                    return None
        return self._coordinator.answer

    def _holds(self, since: float) -> bool:
        """Return whether the last answer holds; a failure does for those who waited."""
        coordinator = self._coordinator
        if isinstance(coordinator.answer, AccountState):
            return self._hass.loop.time() < coordinator.answered_at + FRESH_FOR
        return coordinator.answered_at > since
