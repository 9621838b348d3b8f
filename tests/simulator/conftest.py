"""Fixtures: a simulated GREEN-API as it is by itself, with its limits and its page."""

from collections.abc import AsyncGenerator

import aiohttp
import pytest

from .account import Account
from .asking import INSTANCE_ID, TOKEN, Ask, Reply, fetch
from .server import Simulator


@pytest.fixture
async def simulator(network: None) -> AsyncGenerator[Simulator]:
    """Run a simulator with the vendor's limits and a control page."""
    simulator = Simulator(control_page=True)
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
def account(simulator: Simulator) -> Account:
    """Return an account of the simulator."""
    return simulator.add_account(INSTANCE_ID, TOKEN)


@pytest.fixture
async def session(network: None) -> AsyncGenerator[aiohttp.ClientSession]:
    """Return a client session that trusts nobody's cookies or compression."""
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield session


@pytest.fixture
def ask(simulator: Simulator, session: aiohttp.ClientSession) -> Ask:
    """Return a function that sends a request to the simulator."""

    async def ask(
        method: str,
        *,
        verb: str = "GET",
        instance_id: str = INSTANCE_ID,
        token: str = TOKEN,
        prefix: str = "/",
        content: object = None,
    ) -> Reply:
        return await fetch(
            session,
            f"{simulator.url}{prefix}waInstance{instance_id}/{method}/{token}",
            verb=verb,
            content=content,
        )

    return ask


@pytest.fixture
def control(simulator: Simulator, session: aiohttp.ClientSession) -> Ask:
    """Return a function that asks what the control page asks for."""

    async def control(
        path: str = "", *, verb: str = "GET", content: object = None
    ) -> Reply:
        url = f"{simulator.url}/control/accounts{path}"
        return await fetch(session, url, verb=verb, content=content)

    return control
