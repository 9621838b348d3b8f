"""Clients of GREEN-API, and what comes out of their methods."""

from collections.abc import Awaitable, Callable, Mapping
from traceback import walk_tb
from typing import Final

import aiohttp

from custom_components.green_api.api import (
    GreenApiClient,
    GreenApiError,
    Messenger,
    RequestPacer,
)

from .const import INSTANCE_ID, TOKEN

PHONE_NUMBER: Final = 79001234567

type Call = Callable[[GreenApiClient], Awaitable[object]]

# Every method of the API that the client uses, and a call that asks for it.
CALLS: Final[Mapping[str, Call]] = {
    "getStateInstance": GreenApiClient.get_state,
    "getSettings": GreenApiClient.get_settings,
    "getWaSettings": lambda client: client.get_restricted_until(Messenger.WHATSAPP),
    "getAccountSettings": lambda client: client.get_restricted_until(Messenger.MAX),
    "getMessagesCount": GreenApiClient.get_messages_count,
    "qr": GreenApiClient.get_qr,
    "getAuthorizationCode": lambda client: client.get_authorization_code(PHONE_NUMBER),
    "reboot": GreenApiClient.reboot,
}


def create_client(
    session: aiohttp.ClientSession,
    url: str,
    *,
    instance_id: str = INSTANCE_ID,
    token: str = TOKEN,
    pacer: RequestPacer | None = None,
) -> GreenApiClient:
    """Return a client of the account of the tests, unless told otherwise."""
    return GreenApiClient(
        session, url, instance_id, token, pacer=pacer or RequestPacer()
    )


async def outcome(call: Awaitable[object]) -> object:
    """Return what a call returns, or the class of the error that it raises.

    The error must not say more than its kind.
    """
    try:
        return await call
    except GreenApiError as err:
        assert_says_only(err, err.kind.value)
        return type(err)


def assert_says_only(err: Exception, *words: str) -> None:
    """Assert that an exception holds these words, and leads to none that holds more."""
    assert err.args == words
    assert vars(err).keys() <= {"retry_after"}
    assert (err.__cause__, err.__context__) == (None, None)
    assert not hasattr(err, "__notes__")
    places = {frame.f_globals["__name__"] for frame, _ in walk_tb(err.__traceback__)}
    assert not {place for place in places if place.startswith("aiohttp")}
