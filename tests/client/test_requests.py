"""Test the requests of the client."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final, override
from unittest.mock import Mock
from urllib.parse import quote

import aiohttp
import pytest
from yarl import URL

from custom_components.green_api.api import (
    GreenApiClient,
    Messenger,
    RequestPacer,
    WrongAddressError,
)
from custom_components.green_api.api.methods import Method
from tests.support.canned import CannedServer
from tests.support.clients import API_METHODS, METHODS, create_client, result_or_error
from tests.support.const import INSTANCE_ID, TOKEN

ENCODED_TOKEN: Final = quote(TOKEN, safe="")


class PacerSpy(RequestPacer):
    """A pacer that only records the turns."""

    def __init__(self) -> None:
        """Initialize without turns."""
        super().__init__()
        self.turns: list[tuple[str, str]] = []

    @override
    @asynccontextmanager
    async def turn(self, instance_id: str, method: Method) -> AsyncGenerator[None]:
        """Record a turn."""
        self.turns.append((instance_id, method.name))
        yield


def test_all_methods_are_tested() -> None:
    """The tests call each method of the API."""
    assert API_METHODS.keys() == METHODS.keys()


@pytest.mark.parametrize("path", ["", "/v3"])
@pytest.mark.parametrize("method", METHODS)
async def test_request(
    canned: CannedServer, session: aiohttp.ClientSession, method: str, path: str
) -> None:
    """A method is called with its verb and its parameters, and nothing else."""
    called = METHODS[method]
    await result_or_error(called.call(create_client(session, canned.url + path)))
    (request,) = canned.requests
    assert request.verb == called.verb
    assert request.target == (
        f"{path}/waInstance{INSTANCE_ID}/{method}/{ENCODED_TOKEN}{called.tail}"
    )
    assert request.headers["Accept"] == "application/json"
    assert request.headers["Accept-Encoding"] == "identity"
    assert "Cookie" not in request.headers
    assert request.content_type == called.content_type
    assert request.data == called.data


@pytest.mark.parametrize(
    ("messenger", "method"),
    [
        (Messenger.WHATSAPP, "getWaSettings"),
        (Messenger.TELEGRAM, "getAccountSettings"),
        (Messenger.MAX, "getAccountSettings"),
    ],
)
async def test_method_of_messenger(
    canned: CannedServer,
    canned_client: GreenApiClient,
    messenger: Messenger,
    method: str,
) -> None:
    """The end of a restriction is fetched by the method of the messenger."""
    canned.respond(200, '{"suspendedUntil": 1790000000}')
    assert await canned_client.get_restricted_until(messenger) == datetime(
        2026, 9, 21, 14, 13, 20, tzinfo=UTC
    )
    assert f"/{method}/" in canned.requests[0].target


@pytest.mark.parametrize("method", METHODS)
async def test_request_waits_its_turn(
    canned: CannedServer, session: aiohttp.ClientSession, method: str
) -> None:
    """Each request takes one turn of its instance and method."""
    pacer = PacerSpy()
    await result_or_error(
        METHODS[method].call(create_client(session, canned.url, pacer=pacer))
    )
    assert pacer.turns == [(f"{URL(canned.url).authority}/{INSTANCE_ID}", method)]


@pytest.mark.parametrize("url", ["127.0.0.1", "https://", ""])
async def test_no_address(session: aiohttp.ClientSession, url: str) -> None:
    """An invalid address raises WrongAddressError."""
    assert (
        await result_or_error(create_client(session, url).get_state())
        is WrongAddressError
    )


def test_repr() -> None:
    """The representation contains the instance ID, not the token."""
    client = create_client(Mock(), "https://api.green-api.com")
    assert repr(client) == f"<GreenApiClient {INSTANCE_ID}>"
