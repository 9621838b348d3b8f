"""All failures of a request, and the expected outcome for each method."""

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum, auto
from typing import Any, Final, cast
from unittest.mock import patch

import aiodns
from aiohttp import ClientResponse, ClientSession, ClientTimeout
from aiohttp.resolver import AsyncResolver
from yarl import URL

from custom_components.green_api.api import ErrorKind
from tests.simulator import Account, Fault

from .fault_kinds import KIND_OF_FAULT, SLOW

# The timeout, in seconds, for requests without a response.
SHORT_TIMEOUT: Final = ClientTimeout(total=0.3)


class Outage(StrEnum):
    """A failure before the server receives the request."""

    NO_NAME_SERVER = auto()
    NO_SUCH_NAME = auto()
    NO_TLS = auto()
    REFUSED = auto()


class GoodResponse(StrEnum):
    """The outcome of a response that is not an error."""

    ANSWER = auto()
    CREATING = auto()
    LINKED = auto()
    NO_CHATS = auto()
    NO_DELAY = auto()
    NO_MESSAGES = auto()
    NOTHING = auto()
    ODD_STATE = auto()
    STARTING = auto()


type Failure = Fault | Outage
type Outcome = ErrorKind | GoodResponse

ALL_FAILURES: Final[tuple[Failure, ...]] = (*Fault, *Outage)

# After these, only the server knows whether it has accepted the message.
OUTCOME_UNKNOWN: Final = frozenset(
    {
        *(Fault.BAD_GATEWAY, Fault.CLIENT_CLOSED_499, Fault.DEEP_JSON, Fault.EMPTY_200),
        *(Fault.ENDLESS_BODY, Fault.GATEWAY_TIMEOUT, Fault.GZIP_BOMB, Fault.HANG),
        *(Fault.HTML_200, Fault.HUGE_BODY, Fault.HUGE_HEADER, Fault.MISSING_FIELD),
        *(Fault.NOT_HTTP, Fault.NOT_JSON, Fault.NO_CONTENT_204, Fault.NULL_200),
        *(Fault.OTHER_NUMBER, Fault.RESET_AFTER_HEADERS, Fault.RESET_BEFORE_HEADERS),
        *(Fault.SERVER_ERROR, Fault.SLOW_DRIP, Fault.TRUNCATED_BODY, Fault.UNAVAILABLE),
        *(Fault.WRONG_CHARSET, Fault.WRONG_FIELD_TYPE, Fault.WRONG_TYPE),
    }
)

_NO_RESTRICTION: Final[Mapping[Failure, Outcome]] = {
    Fault.HUGE_NUMBERS: GoodResponse.NOTHING,
    Fault.WRONG_CHARSET: GoodResponse.NOTHING,
    Fault.WRONG_FIELD_TYPE: GoodResponse.NOTHING,
}
_NO_CHATS: Final[Mapping[Failure, Outcome]] = {Fault.WRONG_TYPE: GoodResponse.NO_CHATS}
_QUOTA: Final[Mapping[Failure, Outcome]] = {Fault.QUOTA_466: ErrorKind.METHOD_QUOTA}
_REFUSED: Final[Mapping[Failure, Outcome]] = {
    Fault.BAD_REQUEST: ErrorKind.INVALID_CHAT,
    Fault.QUOTA_466: ErrorKind.CHAT_QUOTA,
}
_OUTCOMES_BY_METHOD: Final[Mapping[str, Mapping[Failure, Outcome]]] = {
    "getAccountSettings": _NO_RESTRICTION,
    "getChats": _NO_CHATS,
    "getContacts": _NO_CHATS,
    "getAuthorizationCode": {Fault.NULL_200: GoodResponse.LINKED},
    "getMessagesCount": {Fault.HUGE_NUMBERS: ErrorKind.BAD_RESPONSE},
    "getWebhooksCount": {Fault.HUGE_NUMBERS: ErrorKind.BAD_RESPONSE},
    "getSettings": {Fault.HUGE_NUMBERS: GoodResponse.NO_DELAY},
    "getStateInstance": {
        Fault.NOT_AUTHORIZED: GoodResponse.STARTING,
        Fault.MISSING_FIELD: GoodResponse.CREATING,
        Fault.NULL_200: GoodResponse.CREATING,
        Fault.STARTING: GoodResponse.STARTING,
        Fault.STARTING_AS_HTML: GoodResponse.STARTING,
        Fault.WRONG_CHARSET: GoodResponse.ODD_STATE,
    },
    "getWaSettings": _NO_RESTRICTION,
    "deleteNotification": _QUOTA,
    "lastIncomingMessages": {**_QUOTA, Fault.WRONG_TYPE: GoodResponse.NO_MESSAGES},
    "receiveNotification": {
        **_QUOTA,
        Fault.EMPTY_200: GoodResponse.NOTHING,
        Fault.GATEWAY_TIMEOUT: GoodResponse.NOTHING,
        Fault.MISSING_FIELD: GoodResponse.NOTHING,
        Fault.NULL_200: GoodResponse.NOTHING,
    },
    "getMessage": _REFUSED,
    "sendFileByUpload": _REFUSED,
    "sendMessage": _REFUSED,
    "sendPoll": _REFUSED,
}
_OUTCOMES: Final[Mapping[Failure, Outcome]] = {
    **cast("Mapping[Failure, Outcome]", KIND_OF_FAULT),
    **dict.fromkeys(SLOW, ErrorKind.CANNOT_CONNECT),
    Fault.HUGE_NUMBERS: GoodResponse.ANSWER,
    Fault.MISSING_FIELD: ErrorKind.BAD_RESPONSE,
    Fault.NOT_AUTHORIZED: ErrorKind.STARTING,
    Fault.NULL_200: ErrorKind.BAD_RESPONSE,
    Fault.STARTING: ErrorKind.STARTING,
    Fault.STARTING_AS_HTML: ErrorKind.STARTING,
    Fault.WRONG_CHARSET: ErrorKind.BAD_RESPONSE,
    Fault.WRONG_CONTENT_TYPE: GoodResponse.ANSWER,
    Outage.NO_NAME_SERVER: ErrorKind.CANNOT_CONNECT,
    Outage.NO_SUCH_NAME: ErrorKind.UNKNOWN_HOST,
    Outage.NO_TLS: ErrorKind.CANNOT_CONNECT,
    Outage.REFUSED: ErrorKind.CANNOT_CONNECT,
}


def expected_outcome(failure: Failure, method: str) -> Outcome:
    """Return the expected outcome of a failure of a method."""
    return _OUTCOMES_BY_METHOD.get(method, {}).get(failure) or _OUTCOMES[failure]


def failing(
    failure: Failure, method: str, account: Account
) -> AbstractContextManager[None]:
    """Let a method of an account fail, and no other one."""
    if isinstance(failure, Fault):
        return _faulty(failure, method, account)
    return _OUTAGES[failure](method)


@contextmanager
def _faulty(fault: Fault, method: str, account: Account) -> Generator[None]:
    """Set a fault of the server, with a short timeout if it does not respond."""
    account.faults[method] = fault
    with _short_timeout(method) if fault in SLOW else nullcontext():
        yield
    del account.faults[method]


def _short_timeout(method: str) -> AbstractContextManager[None]:
    """Shorten the timeout of a method, and of no other one."""
    return _changed_requests(method, lambda _: {"timeout": SHORT_TIMEOUT})


def requests_sent_to(
    method: str, scheme: str, host: str, port: int | None
) -> AbstractContextManager[None]:
    """Send the requests for a method to another server; None keeps the port."""

    def elsewhere(url: URL) -> dict[str, Any]:
        origin = URL.build(scheme=scheme, host=host, port=port or url.port)
        return {"url": URL(f"{origin}{url.raw_path}", encoded=True)}

    return _changed_requests(method, elsewhere)


@contextmanager
def _changed_requests(
    method: str, changes: Callable[[URL], dict[str, Any]]
) -> Generator[None]:
    """Change the arguments of the requests for a method, depending on the URL."""
    request = ClientSession._request

    async def detour(
        session: ClientSession, verb: str, url: URL | str, **more: Any
    ) -> ClientResponse:
        if f"/{method}/" in URL(url).raw_path:
            more |= changes(URL(url))
        return await request(session, verb, more.pop("url", url), **more)

    with patch.object(ClientSession, "_request", detour):
        yield


@contextmanager
def _unresolved(method: str, code: int) -> Generator[None]:
    """Send the requests for a method to a name that is not resolved."""
    failure = OSError(None, "as aiohttp says it")
    failure.__cause__ = aiodns.error.DNSError(code, "as c-ares says it")
    with (
        patch.object(AsyncResolver, "resolve", side_effect=failure),
        requests_sent_to(method, "https", "api.green-ap1.com", 443),
    ):
        yield


_OUTAGES: Final[Mapping[Outage, Callable[[str], AbstractContextManager[None]]]] = {
    Outage.NO_NAME_SERVER: lambda method: _unresolved(
        method, aiodns.error.ARES_ETIMEOUT
    ),
    Outage.NO_SUCH_NAME: lambda method: _unresolved(
        method, aiodns.error.ARES_ENOTFOUND
    ),
    Outage.NO_TLS: lambda method: requests_sent_to(method, "https", "127.0.0.1", None),
    # Nothing listens on this port.
    Outage.REFUSED: lambda method: requests_sent_to(method, "http", "127.0.0.1", 1),
}
