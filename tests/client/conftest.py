"""Fixtures: clients of GREEN-API."""

from collections.abc import AsyncGenerator
import time

import aiohttp
import pytest

from custom_components.green_api.api import GreenApiClient
from tests.simulator import Account, Simulator
from tests.simulator.queue import Message
from tests.simulator.wire import Json
from tests.support.canned import CannedServer
from tests.support.clients import CHAT_ID, SENT_ID, create_client


@pytest.fixture
async def session(network: None) -> AsyncGenerator[aiohttp.ClientSession]:
    """Return a default aiohttp session."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def client(
    simulator: Simulator, account: Account, session: aiohttp.ClientSession
) -> GreenApiClient:
    """Return a client of the simulator's account."""
    return create_client(session, simulator.url)


@pytest.fixture
def sent_message(account: Account) -> None:
    """Add a message that was sent."""
    now = time.monotonic()
    body: dict[str, Json] = {"chatId": CHAT_ID, "message": "Hi"}
    account.messages.delivered.append(Message(SENT_ID, "sendMessage", body, now))
    account.messages.left_at[SENT_ID] = now


@pytest.fixture
async def canned(network: None) -> AsyncGenerator[CannedServer]:
    """Run a server that responds with whatever a test sets."""
    async with CannedServer() as server:
        yield server


@pytest.fixture
def canned_client(
    canned: CannedServer, session: aiohttp.ClientSession
) -> GreenApiClient:
    """Return a client of the canned server."""
    return create_client(session, canned.url)
