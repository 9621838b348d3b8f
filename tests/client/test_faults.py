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
    Messenger,
    QrAnswer,
    QrKind,
    Settings,
    errors,
    transport,
)
from tests.simulator import Account, Fault, Simulator
from tests.support.clients import METHODS, create_client, outcome
from tests.support.const import TOKEN
from tests.support.failures import SLOW
from tests.support.faults import Good, outcome as expected_outcome
from tests.support.secrecy import assert_hidden, assert_log_is_clean
from tests.support.waiting import async_until

SETTINGS: Final = Settings(
    messenger=Messenger.WHATSAPP,
    wid="79001234567@c.us",
    webhook_url="",
    state_webhook=False,
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

# The methods of an instance of WhatsApp, and the answers of a healthy one.
ANSWERS: Final[Mapping[str, object]] = {
    "getStateInstance": AccountState("authorized"),
    "getSettings": SETTINGS,
    "getWaSettings": None,
    "getMessagesCount": 0,
    "showMessagesQueue": None,
    "clearMessagesQueue": True,
    "qr": QrAnswer(QrKind.ALREADY_LOGGED),
    "getAuthorizationCode": None,
    "sendMessage": ANY,
    "sendFileByUpload": ANY,
    "getContacts": CONTACTS,
    "getChats": CHATS,
    "reboot": True,  # the last one: it takes its time
}

# For how long an answer is waited for.
SECONDS: Final = dict.fromkeys(ANSWERS, 15) | {"sendFileByUpload": 60}

# What a good answer other than that of a healthy instance is read as.
GOOD: Final[Mapping[Good, object]] = {
    Good.CREATING: AccountState(None),
    Good.LINKED: None,
    Good.NO_CHATS: (),
    Good.NO_DELAY: replace(SETTINGS, message_delay=None),
    Good.NOTHING: None,
    Good.ODD_STATE: AccountState("authorized\ufffd"),
    Good.STARTING: AccountState("starting"),
}

ERRORS: Final = [
    error_type
    for error_type in vars(errors).values()
    if isinstance(error_type, type) and issubclass(error_type, GreenApiError)
    if hasattr(error_type, "kind")
]


@pytest.fixture
def fed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the sizes of all the parts of bodies that are held to be read."""
    sizes: list[int] = []
    feed_data = aiohttp.StreamReader.feed_data

    def feed(reader: aiohttp.StreamReader, data: bytes, *more: int) -> object:
        sizes.append(len(data))
        return feed_data(reader, data, *more)

    monkeypatch.setattr(aiohttp.StreamReader, "feed_data", feed)
    return sizes


def expected(fault: Fault, method: str) -> object:
    """Return what comes out of a method: an answer, or the kind of an error."""
    result = expected_outcome(fault, method)
    if isinstance(result, ErrorKind):
        return result
    return ANSWERS[method] if result is Good.ANSWER else GOOD[result]


async def kind_or_answer(client: GreenApiClient, method: str) -> object:
    """Return what comes out of a method: an answer, or the kind of an error."""
    result = await outcome(METHODS[method].call(client))
    return getattr(result, "kind", result) if isinstance(result, type) else result


def test_methods_are_complete() -> None:
    """No method is left out below; the one of other messengers is like another."""
    assert METHODS.keys() - ANSWERS.keys() == {"getAccountSettings"}


@pytest.mark.parametrize("kind", ErrorKind)
def test_error_classes(kind: ErrorKind) -> None:
    """Each kind of error is one class, which holds nothing but its kind."""
    (error_type,) = [each for each in ERRORS if each.kind is kind]
    assert error_type().args == (kind.value,)


@pytest.mark.usefixtures("every_step_logged")
@pytest.mark.parametrize("fault", sorted({*Fault} - {*SLOW}))
async def test_fault(
    simulator: Simulator,
    session: aiohttp.ClientSession,
    account: Account,
    fed: list[int],
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    """A fault brings its error, after one request and few bytes."""
    account.fault = fault
    assert {
        # A client for each: one that is asked to wait makes no more requests.
        method: await kind_or_answer(create_client(session, simulator.url), method)
        for method in ANSWERS
    } == {method: expected(fault, method) for method in ANSWERS}
    assert [request.method for request in account.requests] == [*ANSWERS]
    assert account.redirects_followed == 0
    longest = (len(ANSWERS) - 2) * transport.MAX_BODY_BYTES
    assert sum(fed) <= 2 * (longest + 2 * transport.MAX_LIST_BYTES)
    assert_log_is_clean(caplog)


@pytest.mark.usefixtures("every_step_logged")
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
    """What does not end by itself ends after some time, most after 15 seconds."""
    account.fault = fault
    call = asyncio.create_task(outcome(METHODS[method].call(client)))
    await async_until(lambda: bool(account.requests))
    freezer.tick(SECONDS[method] - 1)
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
    """A request is not repeated, even if its connection was good before."""
    await client.get_state()
    account.fault = Fault.RESET_BEFORE_HEADERS
    assert await outcome(client.reboot()) is CannotConnectError
    assert [request.method for request in account.requests] == [
        "getStateInstance",
        "reboot",
    ]


async def test_cancelled(client: GreenApiClient, account: Account) -> None:
    """A call that is cancelled is cancelled, and not an error."""
    account.fault = Fault.HANG
    call = asyncio.create_task(client.get_state())
    await async_until(lambda: bool(account.requests))
    call.cancel()
    with pytest.raises(asyncio.CancelledError) as raised:
        await call
    assert_hidden(TOKEN, raised.value)
