"""Methods whose results are delayed."""

import asyncio
from typing import Any

import pytest


def delay_result(
    monkeypatch: pytest.MonkeyPatch, owner: type, method: str
) -> tuple[asyncio.Event, asyncio.Event]:
    """Delay the result of a method.

    Return an event that is set when it is called, and one that lets it return.
    """
    called, response = asyncio.Event(), asyncio.Event()
    original = getattr(owner, method)

    async def late(*args: Any) -> Any:
        result = await original(*args)
        called.set()
        await response.wait()
        return result

    monkeypatch.setattr(owner, method, late)
    return called, response
