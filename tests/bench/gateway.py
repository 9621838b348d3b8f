"""A simulated GREEN-API in its own process, so that its CPU time is not counted."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
import json
import sys
import time
from typing import Any, Final

from aiohttp import ClientSession

TOKEN: Final = "d75b3a66374942c5b3c019c698abc2067e151558acbd412345"
FIRST_INSTANCE: Final = 1101000001


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a gateway is reached, and what it has to list."""

    delay: float = 0.0
    """Seconds that it takes for each response."""
    certificate: str = ""
    """Path of a certificate with its key, to be reached over TLS."""
    round_trip: float = 0.0
    """Seconds of a round trip over TLS."""
    contacts: int = 0
    """The number of contacts of each account, if they are not the usual few."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of a gateway since it started."""

    handshakes: int
    """TLS handshakes, each of which opens a connection."""
    open: int
    """TLS connections that are open."""
    requests: Mapping[str, int]
    """Requests by method."""

    def since(self, before: Counts) -> Counts:
        """Return the counts since earlier ones; open connections are those of now."""
        requests = Counter(self.requests)
        requests.subtract(before.requests)
        return Counts(self.handshakes - before.handshakes, self.open, +requests)


@dataclass(frozen=True, slots=True)
class Gateway:
    """Reads and changes the accounts of a simulated GREEN-API."""

    url: str
    control: str
    instances: tuple[str, ...]
    session: ClientSession
    process: asyncio.subprocess.Process

    def state_url(self, instance: str) -> str:
        """Return the URL of the state of an account."""
        return self.url_of(instance, "getStateInstance")

    def url_of(self, instance: str, method: str) -> str:
        """Return the URL of a method of an account."""
        return f"{self.url}/waInstance{instance}/{method}/{TOKEN}"

    async def change(self, instance: str, **settings: str | int) -> None:
        """Change settings of an account."""
        url = f"{self.control}/control/accounts/{instance}"
        async with self.session.patch(url, json=settings) as response:
            response.raise_for_status()

    async def enter_code(self, instance: str, code: str) -> None:
        """Enter a code on the phone of an account."""
        url = f"{self.control}/control/accounts/{instance}/enter_code"
        async with self.session.post(url, json={"code": code}) as response:
            response.raise_for_status()

    async def write(self, count: int, sender_id: str) -> None:
        """Write messages to each account as a person."""
        self._command({"write": count, "sender": sender_id})
        # Commands are executed in order.
        await self.counts()

    async def request_count(self) -> int:
        """Return how many requests have arrived."""
        return sum((await self.counts()).requests.values())

    async def counts(self) -> Counts:
        """Return the counts of requests and connections."""
        self._command({"count": True})
        return Counts(**await _read(self.process))

    def advance(self, seconds: float) -> None:
        """Let time pass at once, after which idle connections are closed."""
        self._command({"pass": seconds})

    async def polls(self, *, since: float) -> list[float]:
        """Return the times of the polls, in seconds of the monotonic clock."""
        return await self.times("getStateInstance", since=since)

    async def times(self, method: str, *, since: float) -> list[float]:
        """Return when requests have arrived, in seconds of the monotonic clock.

        Only the last 50 of an account are known.
        """
        accounts, now = await self._accounts(), time.monotonic()
        times = [
            now - request["ago"]
            for account in accounts
            for request in account["requests"]
            if request["method"] == method
        ]
        return sorted(at for at in times if at >= since)

    async def _accounts(self) -> list[dict[str, Any]]:
        async with self.session.get(f"{self.control}/control/accounts") as response:
            accounts: list[dict[str, Any]] = (await response.json())["accounts"]
            return accounts

    def _command(self, command: object) -> None:
        """Write a command to the process."""
        if self.process.stdin is None:
            raise RuntimeError("A process without the pipes that it was given")
        self.process.stdin.write(f"{json.dumps(command)}\n".encode())


@asynccontextmanager
async def gateway(
    accounts: int, conditions: Conditions | None = None
) -> AsyncIterator[Gateway]:
    """Run a simulated GREEN-API with this many accounts."""
    given = json.dumps(asdict(conditions or Conditions()))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"{__package__}.server", f"{accounts}", given),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        urls = await _read(process)
        async with ClientSession() as session:
            yield Gateway(
                urls["url"], urls["control"], instances(accounts), session, process
            )
    finally:
        if process.stdin:
            process.stdin.close()
        await process.wait()


async def _read(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """Read what the process prints."""
    if process.stdout is None:
        raise RuntimeError("A process without the pipes that it was given")
    content: dict[str, Any] = json.loads(await process.stdout.readline())
    return content


def instances(count: int) -> tuple[str, ...]:
    """Return the IDs of the instances."""
    return tuple(str(FIRST_INSTANCE + number) for number in range(count))
