"""Fixtures: a simulated GREEN-API with rate limits and the control page."""

from collections.abc import AsyncGenerator

import aiohttp
import pytest

from .account import Account
from .api_requests import INSTANCE_ID, TOKEN, ApiCall, Reply, fetch
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
    """Return a client session that does not decompress responses."""
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield session


@pytest.fixture
def call_api(simulator: Simulator, session: aiohttp.ClientSession) -> ApiCall:
    """Return a function that calls a method of the simulator."""

    async def call_api(
        method: str,
        *,
        verb: str = "GET",
        instance_id: str = INSTANCE_ID,
        token: str = TOKEN,
        prefix: str = "/",
        query: str = "",
        content: object = None,
    ) -> Reply:
        return await fetch(
            session,
            f"{simulator.url}{prefix}waInstance{instance_id}/{method}/{token}{query}",
            verb=verb,
            content=content,
        )

    return call_api


@pytest.fixture
def call_control(simulator: Simulator, session: aiohttp.ClientSession) -> ApiCall:
    """Return a function that sends requests like the control page."""

    async def call_control(
        path: str = "", *, verb: str = "GET", content: object = None
    ) -> Reply:
        url = f"{simulator.url}/control/accounts{path}"
        return await fetch(session, url, verb=verb, content=content)

    return call_control
