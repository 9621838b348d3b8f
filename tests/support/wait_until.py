"""Wait for a condition without advancing the time."""

import asyncio
from collections.abc import Callable

import pytest


async def async_wait_until(holds: Callable[[], bool]) -> None:
    """Run the event loop until a condition holds."""
    for _ in range(100_000):
        if holds():
            return
        await asyncio.sleep(0)
    pytest.fail("The condition is never met")
