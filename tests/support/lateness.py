"""Answers that come late."""

import asyncio
from typing import Any

import pytest


def answer_late(
    monkeypatch: pytest.MonkeyPatch, owner: type, method: str
) -> tuple[asyncio.Event, asyncio.Event]:
    """Let a method return late; return the events of the call and of the answer."""
    called, answer = asyncio.Event(), asyncio.Event()
    original = getattr(owner, method)

    async def late(*args: Any) -> Any:
        result = await original(*args)
        called.set()
        await answer.wait()
        return result

    monkeypatch.setattr(owner, method, late)
    return called, answer
