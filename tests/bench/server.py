"""The process of the simulated GREEN-API; `gateway` starts it.

It reads commands from its standard input, a line of JSON each: `{"pass": 60}` advances
its clock by 60 seconds, and `{"count": true}` prints the counts of its requests and
connections. `{"write": 1000, "sender": "79000000000@c.us"}` lets a person write as many
messages to each account. It ends with its input.
"""

import argparse
import asyncio
from collections import Counter
from functools import partial
import json
import socket
import ssl
import sys
import time
from typing import Any, Final, override
from unittest.mock import patch

from aiohttp import web

from tests.simulator import Simulator
from tests.simulator.contacts import Contact
from tests.simulator.server import HOST
from tests.support.distance import Distance

from .gateway import TOKEN, Conditions, instances

IDLE_SECONDS: Final = 75
"""Seconds after which idle connections are closed, as nginx does by default."""

MONITORS_PATH: Final = "/monitors"
MONITORS: Final = {
    "data": [
        {
            "id": 1,
            "friendlyName": "state",
            "interval": 60,
            "url": "https://example.com",
            "status": "UP",
            "type": "HTTP",
        }
    ]
}
"""The response that Home Assistant's uptimerobot integration reads."""


class BenchSimulator(Simulator):
    """A simulated GREEN-API with latency and TLS, which counts connections."""

    def __init__(self, delay: float) -> None:
        """Initialize with the seconds until a response."""
        super().__init__(enforce_limits=False, control_page=True)
        self.delay = delay
        self.handshakes = 0

    async def start_tls(self, certificate: str) -> int:
        """Serve over TLS as well, and return the port."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        context.sni_callback = self._count_handshake
        listener = socket.create_server((HOST, 0))
        assert self._runner
        await web.SockSite(self._runner, listener, ssl_context=context).start()
        port: int = listener.getsockname()[1]
        return port

    @property
    def counts(self) -> dict[str, Any]:
        """Return the counts of requests, handshakes and open TLS connections."""
        connections = (
            self._runner.server.connections
            if (self._runner and self._runner.server)
            else []
        )
        return {
            "handshakes": self.handshakes,
            "open": sum(
                it.transport is not None
                and it.transport.get_extra_info("ssl_object") is not None
                for it in connections
            ),
            "requests": Counter(
                request.method
                for account in self.accounts.values()
                for request in account.requests
            ),
        }

    def write(self, count: int, sender_id: str) -> None:
        """Write messages to each account as a person."""
        for account in self.accounts.values():
            for number in range(count):
                account.write(f"Message {number}", sender_id=sender_id)

    def _count_handshake(self, *_: object) -> None:
        """Count a handshake; called for each one, with or without a server name."""
        self.handshakes += 1

    @override
    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.path == MONITORS_PATH:
            return web.json_response(MONITORS)
        if self.delay:
            await asyncio.sleep(self.delay)
        return await super()._serve(request)


class Clock:
    """The time of the event loop, which can be advanced."""

    def __init__(self) -> None:
        """Replace the time of the running event loop."""
        self._ahead = 0.0
        asyncio.get_running_loop().time = self.now  # type: ignore[method-assign]

    def now(self) -> float:
        """Return the time, in seconds."""
        return time.monotonic() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let time pass at once."""
        self._ahead += seconds


async def serve(accounts: int, conditions: Conditions) -> None:
    """Serve until the standard input is closed."""
    clock = Clock()
    simulator = BenchSimulator(conditions.delay)
    for instance in instances(accounts):
        account = simulator.add_account(instance, TOKEN)
        if conditions.contacts:
            account.contacts = tuple(map(_contact, range(conditions.contacts)))
    runner = partial(web.AppRunner, keepalive_timeout=IDLE_SECONDS)
    with patch.object(web, "AppRunner", runner):
        await simulator.start()
    url = simulator.url
    distance = Distance(conditions.round_trip)
    if conditions.certificate:
        port = await simulator.start_tls(conditions.certificate)
        if conditions.round_trip:
            port = await distance.start(HOST, port)
        url = f"https://{HOST}:{port}"
    _print({"url": url, "control": simulator.url})
    async for line in await _standard_input():
        match json.loads(line):
            case {"pass": seconds}:
                clock.advance(seconds)
            case {"count": True}:
                _print(simulator.counts)
            case {"write": count, "sender": sender_id}:
                simulator.write(count, sender_id)
    await distance.stop()
    await simulator.stop()


def _contact(number: int) -> Contact:
    """Return a contact whose number and name no other one has."""
    return Contact(f"7900{number:07}@c.us", f"Name {number}", f"Contact {number}")


async def _standard_input() -> asyncio.StreamReader:
    """Return a reader of the standard input."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    return reader


def _print(content: object) -> None:
    """Print a line of JSON."""
    sys.stdout.write(f"{json.dumps(content)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("accounts", type=int)
    parser.add_argument("conditions", type=json.loads)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.accounts, Conditions(**arguments.conditions)))
