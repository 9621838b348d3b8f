"""Interception of single requests to the simulated server."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
import json
from typing import Any, Final

from aiohttp.web import StreamResponse
import pytest

from tests.simulator import Fault, Simulator
from tests.simulator.faults import Exchange, respond

# The delay of each response, in seconds.
LATENCY: Final = 0.1

type Interception = Callable[[Exchange], Awaitable[StreamResponse | None]]


class RequestInterceptor:
    """Delay all responses, and intercept requests of some instances."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Patch the simulator."""
        self._interceptions: defaultdict[str, list[Interception]] = defaultdict(list)
        answer = Simulator._answer

        async def intercepted(
            simulator: Simulator, exchange: Exchange, token: str
        ) -> StreamResponse:
            await asyncio.sleep(LATENCY)
            for intercept in self._interceptions[exchange.account.instance_id]:
                if response := await intercept(exchange):
                    return response
            return await answer(simulator, exchange, token)

        monkeypatch.setattr(Simulator, "_answer", intercepted)

    def intercept(self, instance_id: str, intercept: Interception) -> None:
        """Intercept the requests of an instance from now on."""
        self._interceptions[instance_id].append(intercept)


def hang(method: str, chat_id: str) -> Interception:
    """Return an interception that never responds to messages to a chat."""

    async def intercept(exchange: Exchange) -> StreamResponse | None:
        if exchange.method.name == method and chat_of(exchange) == chat_id:
            return await respond(Fault.HANG, exchange)
        return None

    return intercept


def delay(method: str, seconds: float) -> Interception:
    """Return an interception that delays a method by some seconds."""

    async def intercept(exchange: Exchange) -> StreamResponse | None:
        if exchange.method.name == method:
            await asyncio.sleep(seconds)
        return None

    return intercept


def rate_limit(method: str, seconds: int) -> Interception:
    """Return an interception that rate limits a method for some seconds.

    The time starts with the first call.
    """
    until = 0.0

    async def intercept(exchange: Exchange) -> StreamResponse | None:
        nonlocal until
        now = asyncio.get_running_loop().time()
        if exchange.method.name != method or 0 < until <= now:
            return None
        until = until or now + seconds
        exchange.account.retry_after = seconds
        return await respond(Fault.RATE_LIMITED_RETRY_AFTER, exchange)

    return intercept


def chat_of(exchange: Exchange) -> str:
    """Return the chat ID of a message."""
    fields: dict[str, Any] = json.loads(exchange.body)
    return str(fields["chatId"])
