"""Test every fault of the simulated GREEN-API, over real sockets."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from unittest.mock import ANY

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.green_api.api import (
    AccountState,
    CannotConnectError,
    Chat,
    ChatKind,
    ErrorKind,
    GreenApiClient,
    GreenApiError,
    Journal,
    Messenger,
    QrKind,
    QrResponse,
    Settings,
    errors,
    methods,
)
from tests.simulator import Account, Fault, Simulator
from tests.simulator.checks import lid_of
from tests.support.clients import METHODS, create_client, result_or_error
from tests.support.const import TOKEN
from tests.support.fault_kinds import SLOW
from tests.support.request_failures import GoodResponse, expected_outcome
from tests.support.secrecy import assert_hidden, assert_log_is_clean
from tests.support.wait_until import async_wait_until

SETTINGS: Final = Settings(
    messenger=Messenger.WHATSAPP,
    wid="79001234567@c.us",
    has_webhook=False,
    receives_messages=False,
    receives_votes=False,
    uses_lids=False,
    state_webhook=False,
    reports_statuses=False,
    message_delay=3,
)
CONTACTS: Final = (
    Chat("79001234568@c.us", "Neighbour (upstairs)", ChatKind.PERSON),
    Chat("447700900123@c.us", "Caretaker", ChatKind.PERSON),
    Chat("120650379300963@lid", "Kitchen tablet", ChatKind.PERSON),
    Chat("120363043968066561@g.us", "Family", ChatKind.GROUP),
    Chat("79001234567-1581234048@g.us", "Old house", ChatKind.GROUP),
)
CHATS: Final = (
    Chat("79001234568@c.us", "Neighbour", ChatKind.PERSON),
    Chat("447700900123@c.us", "447700900123@c.us", ChatKind.PERSON),
    *CONTACTS[2:],
)

# The methods of a WhatsApp instance, and the results of a healthy one.
ANSWERS: Final[Mapping[str, object]] = {
    "getStateInstance": AccountState("authorized"),
    "getSettings": SETTINGS,
    "getWaSettings": None,
    "getMessagesCount": 0,
    "showMessagesQueue": frozenset(),
    "clearMessagesQueue": True,
    "qr": QrResponse(QrKind.ALREADY_LOGGED),
    "getAuthorizationCode": None,
    "getMessage": "sent",
    "sendMessage": ANY,
    "sendFileByUpload": ANY,
    "sendPoll": ANY,
    "lastIncomingMessages": Journal(()),
    "receiveNotification": None,
    "deleteNotification": False,
    "getWebhooksCount": 0,
    "checkWhatsapp": ("79001234568@c.us", lid_of(79001234568)),
    "getContacts": CONTACTS,
    "getChats": CHATS,
    "reboot": True,  # the last one, because it takes some time
}

# The methods whose responses may be long.
LONG_ANSWERS: Final = (
    *("getChats", "getContacts", "lastIncomingMessages", "receiveNotification"),
)

# The timeouts of the methods, in seconds.
TIMEOUTS: Final = dict.fromkeys(ANSWERS, 15) | {
    "qr": 75,
    "receiveNotification": 35,
    "sendFileByUpload": 60,
}

# The results of valid responses other than those of a healthy instance.
RESULTS: Final[Mapping[GoodResponse, object]] = {
    GoodResponse.CREATING: AccountState(None),
    GoodResponse.LINKED: None,
    GoodResponse.NO_CHATS: (),
    GoodResponse.NO_MESSAGES: Journal(()),
    GoodResponse.NO_DELAY: replace(SETTINGS, message_delay=None),
    GoodResponse.NOTHING: None,
    GoodResponse.ODD_STATE: AccountState("authorized\ufffd"),
    GoodResponse.STARTING: AccountState("starting"),
}

pytestmark = [pytest.mark.long(9), pytest.mark.usefixtures("sent_message")]

ERRORS: Final = [
    error_type
    for error_type in vars(errors).values()
    if isinstance(error_type, type) and issubclass(error_type, GreenApiError)
    if hasattr(error_type, "kind")
]


@pytest.fixture
def buffered_sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the sizes in bytes of all parts of bodies that are buffered."""
    sizes: list[int] = []
    feed_data = aiohttp.StreamReader.feed_data

    def feed(reader: aiohttp.StreamReader, data: bytes, *more: int) -> object:
        sizes.append(len(data))
        return feed_data(reader, data, *more)

    monkeypatch.setattr(aiohttp.StreamReader, "feed_data", feed)
    return sizes


def expected(fault: Fault, method: str) -> object:
    """Return the expected result of a method, or the kind of the error."""
    result = expected_outcome(fault, method)
    if isinstance(result, ErrorKind):
        return result
    return ANSWERS[method] if result is GoodResponse.ANSWER else RESULTS[result]


async def result_or_kind(client: GreenApiClient, method: str) -> object:
    """Return the result of a method, or the kind of the error."""
    result = await result_or_error(METHODS[method].call(client))
    return getattr(result, "kind", result) if isinstance(result, type) else result


def test_methods_are_complete() -> None:
    """All methods are tested; those of other messengers are similar."""
    assert METHODS.keys() - ANSWERS.keys() == {
        "checkAccount",
        "getAccountSettings",
        "sendAuthorizationCode",
        "sendAuthorizationPassword",
        "startAuthorization",
    }


@pytest.mark.parametrize("kind", ErrorKind)
def test_error_classes(kind: ErrorKind) -> None:
    """Each kind of error has one class, which contains nothing but its kind."""
    (error_type,) = [each for each in ERRORS if each.kind is kind]
    assert error_type().args == (kind.value,)


@pytest.mark.usefixtures("asyncio_debug")
@pytest.mark.parametrize("fault", sorted({*Fault} - {*SLOW}))
async def test_fault(
    simulator: Simulator,
    session: aiohttp.ClientSession,
    account: Account,
    buffered_sizes: list[int],
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    """A fault raises its error, after one request and few bytes."""
    account.fault = fault
    assert {
        # One client for each: after `Retry-After` a client makes no more requests.
        method: await result_or_kind(create_client(session, simulator.url), method)
        for method in ANSWERS
    } == {method: expected(fault, method) for method in ANSWERS}
    assert [request.method for request in account.requests] == [*ANSWERS]
    assert account.redirects_followed == 0
    longest = (len(ANSWERS) - len(LONG_ANSWERS)) * methods.MAX_BODY_BYTES
    longest += len(LONG_ANSWERS) * methods.MAX_LIST_BYTES
    assert sum(buffered_sizes) <= 2 * longest
    assert_log_is_clean(caplog)


@pytest.mark.usefixtures("asyncio_debug")
@pytest.mark.parametrize("fault", SLOW)
@pytest.mark.parametrize("method", ANSWERS)
async def test_slow_fault(
    freezer: FrozenDateTimeFactory,
    client: GreenApiClient,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    method: str,
) -> None:
    """A request that hangs times out, for most methods after 15 seconds."""
    account.fault = fault
    call = asyncio.create_task(result_or_error(METHODS[method].call(client)))
    await async_wait_until(lambda: bool(account.requests))
    freezer.tick(TIMEOUTS[method] - 1)
    for _ in range(20):
        await asyncio.sleep(0)
    assert not call.done()
    freezer.tick(3)
    assert await call is CannotConnectError
    assert [request.method for request in account.requests] == [method]
    assert_log_is_clean(caplog)


async def test_server_hangs_up_on_known_connection(
    client: GreenApiClient, account: Account
) -> None:
    """A request is not repeated, even if its connection worked before."""
    await client.get_state()
    account.fault = Fault.RESET_BEFORE_HEADERS
    assert await result_or_error(client.reboot()) is CannotConnectError
    assert [request.method for request in account.requests] == [
        "getStateInstance",
        "reboot",
    ]


async def test_cancelled(client: GreenApiClient, account: Account) -> None:
    """A cancelled call raises CancelledError."""
    account.fault = Fault.HANG
    call = asyncio.create_task(client.get_state())
    await async_wait_until(lambda: bool(account.requests))
    call.cancel()
    with pytest.raises(asyncio.CancelledError) as raised:
        await call
    assert_hidden(TOKEN, raised.value)
