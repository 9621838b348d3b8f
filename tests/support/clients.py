"""Clients of GREEN-API, and what comes out of their methods."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from traceback import walk_tb
from types import NoneType, UnionType
from typing import Final

import aiohttp

from custom_components.green_api.api import (
    AccountState,
    GreenApiClient,
    GreenApiError,
    Messenger,
    QrAnswer,
    QrKind,
    RequestPacer,
    Settings,
)

from .const import INSTANCE_ID, TOKEN

PHONE_NUMBER: Final = 79001234567

type Call = Callable[[GreenApiClient], Awaitable[object]]


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method of the API: how it is called, and an answer as it is documented."""

    call: Call
    answer: object
    result: object
    returns: type | UnionType
    data: Mapping[str, object] | None = None

    @property
    def verb(self) -> str:
        """Return the verb of the request."""
        return "GET" if self.data is None else "POST"

    @property
    def content_type(self) -> str | None:
        """Return the content type of the request."""
        return None if self.data is None else "application/json"


METHODS: Final[Mapping[str, Method]] = {
    "getStateInstance": Method(
        call=GreenApiClient.get_state,
        answer={"stateInstance": "authorized"},
        result=AccountState("authorized"),
        returns=AccountState,
    ),
    "getSettings": Method(
        call=GreenApiClient.get_settings,
        answer={
            "wid": "79001234567@c.us",
            "typeInstance": "telegram",
            "webhookUrl": "https://example.com/hook",
            "webhookUrlToken": "Bearer secret",
            "delaySendMessagesMilliseconds": 3000,
            "stateWebhook": "yes",
            "linkPreview": True,
        },
        result=Settings(
            messenger=Messenger.TELEGRAM,
            wid="79001234567@c.us",
            webhook_url="https://example.com/hook",
            state_webhook=True,
        ),
        returns=Settings,
    ),
    "getWaSettings": Method(
        call=lambda client: client.get_restricted_until(Messenger.WHATSAPP),
        answer={"phone": "79001234567", "suspendedUntil": 1790000000},
        result=datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC),
        returns=datetime | NoneType,
    ),
    "getAccountSettings": Method(
        call=lambda client: client.get_restricted_until(Messenger.MAX),
        answer={"chatId": "10000000", "suspendedUntil": 1790000000},
        result=datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC),
        returns=datetime | NoneType,
    ),
    "getMessagesCount": Method(
        call=GreenApiClient.get_messages_count,
        answer={"count": 7},
        result=7,
        returns=int,
    ),
    "qr": Method(
        call=GreenApiClient.get_qr,
        answer={
            "type": "alreadyLogged",
            "message": "instance account already authorized",
        },
        result=QrAnswer(QrKind.ALREADY_LOGGED),
        returns=QrAnswer,
    ),
    "getAuthorizationCode": Method(
        call=lambda client: client.get_authorization_code(PHONE_NUMBER),
        data={"phoneNumber": PHONE_NUMBER},
        answer={"status": True, "code": "GAPI2015"},
        result="GAPI2015",
        returns=str | NoneType,
    ),
    "reboot": Method(
        call=GreenApiClient.reboot,
        answer={"isReboot": True},
        result=True,
        returns=bool,
    ),
}
"""The methods that the client calls. A new one is one row here."""


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

    The error must hold no more than its kind.
    """
    try:
        return await call
    except GreenApiError as err:
        assert_no_details(err, err.kind.value)
        return type(err)


def assert_no_details(err: Exception, *words: str) -> None:
    """Assert that an exception holds these words, and leads to none that holds more."""
    assert err.args == words
    assert vars(err).keys() <= {"retry_after"}
    assert (err.__cause__, err.__context__) == (None, None)
    assert not hasattr(err, "__notes__")
    places = {frame.f_globals["__name__"] for frame, _ in walk_tb(err.__traceback__)}
    assert not {place for place in places if place.startswith("aiohttp")}
