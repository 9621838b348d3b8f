"""Fixtures: clients of GREEN-API."""

from collections.abc import AsyncGenerator

import aiohttp
import pytest

from custom_components.green_api.api import GreenApiClient
from tests.simulator import Account, Simulator
from tests.support.canned import CannedServer
from tests.support.clients import create_client


@pytest.fixture
async def session(network: None) -> AsyncGenerator[aiohttp.ClientSession]:
    """Return a session as aiohttp makes it."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def client(
    simulator: Simulator, account: Account, session: aiohttp.ClientSession
) -> GreenApiClient:
    """Return the client of an account of the simulator."""
    return create_client(session, simulator.url)


@pytest.fixture
async def canned(network: None) -> AsyncGenerator[CannedServer]:
    """Run a server that answers with what a test lets it say."""
    async with CannedServer() as server:
        yield server


@pytest.fixture
def canned_client(
    canned: CannedServer, session: aiohttp.ClientSession
) -> GreenApiClient:
    """Return a client that asks the server which a test lets say anything."""
    return create_client(session, canned.url)
