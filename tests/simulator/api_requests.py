"""Requests of the tests to the simulated GREEN-API, and the responses."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
import json
from typing import Any, Final

import aiohttp
from yarl import URL

from .server import Simulator

INSTANCE_ID: Final = "1101000001"
TOKEN: Final = "d75b3a66374942c5b3c019c698abc206+e151558acbd412345"

type ApiCall = Callable[..., Awaitable[Reply]]


@dataclass(frozen=True)
class Reply:
    """A response of the simulator."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body, parsed as JSON."""
        return json.loads(self.text)

    @property
    def limit(self) -> tuple[str, str]:
        """The values of the rate limit headers."""
        return (
            self.headers["X-RateLimit-Remaining"],
            self.headers["X-RateLimit-Replenish-Rate"],
        )


async def fetch(
    session: aiohttp.ClientSession,
    url: str,
    *,
    verb: str = "GET",
    content: object = None,
    data: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Send a request, do not follow redirects, and read the response."""
    async with session.request(
        verb,
        URL(url, encoded=True),
        json=content,
        data=data,
        headers=headers,
        allow_redirects=False,
    ) as response:
        body = await response.read()
        return Reply(
            response.status, dict(response.headers), body.decode(errors="replace")
        )


def address(simulator: Simulator, method: str = "getStateInstance") -> str:
    """Return the URL of a method."""
    return f"{simulator.url}/waInstance{INSTANCE_ID}/{method}/{TOKEN}"
