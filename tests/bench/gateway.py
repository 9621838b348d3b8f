"""A simulated GREEN-API in a process of its own, so that its work does not count."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import sys
import time
from typing import Any, Final, override

from aiohttp import ClientSession, web

from tests.simulator import Simulator

TOKEN: Final = "d75b3a66374942c5b3c019c698abc2067e151558acbd412345"
FIRST_INSTANCE: Final = 1101000001


class DistantSimulator(Simulator):
    """A simulated GREEN-API at the other end of a long line."""

    def __init__(self, delay: float) -> None:
        """Initialize with the seconds that a request is on its way, there and back."""
        super().__init__(enforce_limits=False, control_page=True)
        self.delay = delay

    @override
    async def _serve(self, request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(self.delay)
        return await super()._serve(request)


@dataclass(frozen=True, slots=True)
class Gateway:
    """The accounts of a simulated GREEN-API, and the hand that changes them."""

    url: str
    instances: tuple[str, ...]
    session: ClientSession

    def state_url(self, instance: str) -> str:
        """Return the URL of the state of an account."""
        return self.url_of(instance, "getStateInstance")

    def url_of(self, instance: str, method: str) -> str:
        """Return the URL of a method of an account."""
        return f"{self.url}/waInstance{instance}/{method}/{TOKEN}"

    async def change(self, instance: str, **settings: str | int) -> None:
        """Change settings of an account."""
        url = f"{self.url}/control/accounts/{instance}"
        async with self.session.patch(url, json=settings) as response:
            response.raise_for_status()

    async def enter_code(self, instance: str, code: str) -> None:
        """Enter a code on the phone of an account."""
        url = f"{self.url}/control/accounts/{instance}/enter_code"
        async with self.session.post(url, json={"code": code}) as response:
            response.raise_for_status()

    async def request_count(self) -> int:
        """Return how many requests have arrived."""
        return sum(account["request_count"] for account in await self._accounts())

    async def polls(self, *, since: float) -> list[float]:
        """Return when the state was asked for, in seconds of the monotonic clock."""
        accounts, now = await self._accounts(), time.monotonic()
        times = [
            now - request["ago"]
            for account in accounts
            for request in account["requests"]
            if request["method"] == "getStateInstance"
        ]
        return sorted(at for at in times if at >= since)

    async def _accounts(self) -> list[dict[str, Any]]:
        async with self.session.get(f"{self.url}/control/accounts") as response:
            accounts: list[dict[str, Any]] = (await response.json())["accounts"]
            return accounts


@asynccontextmanager
async def gateway(accounts: int, *, delay: float = 0.0) -> AsyncIterator[Gateway]:
    """Run a simulated GREEN-API with this many accounts."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, f"--accounts={accounts}", f"--delay={delay}"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("A process without the pipes that it was given")
    url = (await process.stdout.readline()).decode().strip()
    try:
        async with ClientSession() as session:
            yield Gateway(url, instances(accounts), session)
    finally:
        process.stdin.close()
        await process.wait()


def instances(count: int) -> tuple[str, ...]:
    """Return the ids of the instances."""
    return tuple(str(FIRST_INSTANCE + number) for number in range(count))


async def serve(accounts: int, delay: float) -> None:
    """Serve until nobody holds the other end of the standard input."""
    simulator = DistantSimulator(delay)
    for instance in instances(accounts):
        simulator.add_account(instance, TOKEN)
    await simulator.start()
    sys.stdout.write(f"{simulator.url}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await simulator.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int)
    parser.add_argument("--delay", type=float)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.accounts, arguments.delay))
