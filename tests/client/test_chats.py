"""Test parsing lists of contacts and chats."""

import json
from typing import Any, Final

import pytest

from custom_components.green_api.api import (
    BadResponseError,
    Chat,
    ChatKind,
    GreenApiClient,
    InstanceStartingError,
    WrongAddressError,
    methods,
)
from custom_components.green_api.api.chats import MAX_CHATS, MAX_NAME_LENGTH
from tests.simulator import Account, Messenger
from tests.support.canned import CannedServer
from tests.support.clients import METHODS, result_or_error
from tests.support.const import TOKEN

PERSON: Final = {"id": "79001234567@c.us", "type": "user"}
NUMBER: Final = {"chatId": "10000000", "type": "user", "phoneNumber": 79001234567}

pytestmark = pytest.mark.parametrize("method", ["getContacts", "getChats"])


async def read(
    canned: CannedServer, client: GreenApiClient, method: str, answer: object
) -> Any:
    """Return the parsed response."""
    canned.respond(200, json.dumps(answer))
    return await result_or_error(METHODS[method].call(client))


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (PERSON, ("79001234567@c.us", "79001234567@c.us", ChatKind.PERSON, None)),
        (
            PERSON | {"name": "Pushname", "contactName": ""},
            ("79001234567@c.us", "Pushname", ChatKind.PERSON, None),
        ),
        (
            PERSON | {"name": "Pushname", "contactName": "Neighbour"},
            ("79001234567@c.us", "Neighbour", ChatKind.PERSON, None),
        ),
        (NUMBER, ("10000000", "+79001234567", ChatKind.PERSON, 79001234567)),
        (
            NUMBER | {"contactName": "Neighbour"},
            ("10000000", "Neighbour", ChatKind.PERSON, 79001234567),
        ),
        (NUMBER | {"phoneNumber": 0}, ("10000000", "10000000", ChatKind.PERSON, None)),
        (
            NUMBER | {"phoneNumber": 10**15},
            ("10000000", "10000000", ChatKind.PERSON, None),
        ),
        (
            NUMBER | {"phoneNumber": "79001234567"},
            ("10000000", "+79001234567", ChatKind.PERSON, 79001234567),
        ),
        (
            NUMBER | {"phoneNumber": "x"},
            ("10000000", "10000000", ChatKind.PERSON, None),
        ),
        (
            NUMBER | {"phoneNumber": ""},
            ("10000000", "10000000", ChatKind.PERSON, None),
        ),
        (
            NUMBER | {"chatId": 10000000},
            ("10000000", "+79001234567", ChatKind.PERSON, 79001234567),
        ),
        (
            {"chatId": -10000000000000, "name": "Family"},
            ("-10000000000000", "Family", ChatKind.GROUP, None),
        ),
        (
            NUMBER | {"phoneNumber": True},
            ("10000000", "10000000", ChatKind.PERSON, None),
        ),
        *(
            ({"chatId": "-100", "name": "x", "type": kind}, ("-100", "x", known, None))
            for kind, known in (
                ("group", ChatKind.GROUP),
                ("supergroup", ChatKind.GROUP),
                ("channel", ChatKind.CHANNEL),
                ("bot", ChatKind.BOT),
                ("user", ChatKind.PERSON),
                ("community", ChatKind.GROUP),
                (None, ChatKind.GROUP),
                (["user"], ChatKind.GROUP),
            )
        ),
        ({"id": "1-2@g.us"}, None),
        (
            {"id": "79001234567-1581234048@g.us"},
            (
                "79001234567-1581234048@g.us",
                "79001234567-1581234048@g.us",
                ChatKind.GROUP,
                None,
            ),
        ),
        (
            {"id": "120650379300963@lid"},
            ("120650379300963@lid", "120650379300963@lid", ChatKind.PERSON, None),
        ),
        (
            PERSON | {"name": "  Two\r\n lines\t"},
            ("79001234567@c.us", "Two lines", ChatKind.PERSON, None),
        ),
        (
            PERSON | {"name": "x" * (MAX_NAME_LENGTH + 1)},
            ("79001234567@c.us", "x" * MAX_NAME_LENGTH, ChatKind.PERSON, None),
        ),
        (
            PERSON | {"name": "\x1b]0;a\x07b\x1b[2J\x00c\x9b1m"},
            ("79001234567@c.us", "]0;ab[2Jc1m", ChatKind.PERSON, None),
        ),
        (
            PERSON | {"name": "half a sign: \ud83d"},
            ("79001234567@c.us", "half a sign: ?", ChatKind.PERSON, None),
        ),
        # No messages can be sent to these.
        ({"id": "status@broadcast"}, None),
        ({"id": "120363043968066561@newsletter"}, None),
        ({"id": True}, None),
        ({"id": "\u0667" * 10 + "@c.us"}, None),
        ({"id": ""}, None),
        ({"name": "x"}, None),
        ("79001234567@c.us", None),
        (None, None),
        ([PERSON], None),
        # These must not be shown.
        (PERSON | {"name": f"/{TOKEN}"}, None),
    ],
)
async def test_item(
    canned: CannedServer,
    canned_client: GreenApiClient,
    method: str,
    item: object,
    expected: Any,
) -> None:
    """A chat is listed if messages can be sent to it, with its best name."""
    chats = await read(canned, canned_client, method, [item])
    assert chats == (() if expected is None else (Chat(*expected),))


async def test_empty_list(
    canned: CannedServer, canned_client: GreenApiClient, method: str
) -> None:
    """An empty list is requested again, and one without a valid chat is not."""
    assert await read(canned, canned_client, method, []) is None
    assert await read(canned, canned_client, method, [{}]) == ()


async def test_list_that_is_not_ready(
    client: GreenApiClient, account: Account, method: str
) -> None:
    """A list is returned when it is ready; without a phone there is an error."""
    account.empty_lists = 1
    assert await METHODS[method].call(client) is None
    assert await METHODS[method].call(client)
    account.state = "notAuthorized"
    assert await result_or_error(METHODS[method].call(client)) is InstanceStartingError


@pytest.mark.parametrize("messenger", Messenger)
async def test_lists_of_messengers(
    client: GreenApiClient, account: Account, method: str, messenger: Messenger
) -> None:
    """The lists of all messengers are parsed; MAX lists groups as chats."""
    account.messenger = messenger
    chats: Any = await METHODS[method].call(client)
    known = {contact.chat_id for contact in account.known}
    groups = {chat.chat_id for chat in chats if chat.kind is ChatKind.GROUP}
    is_short = messenger is Messenger.MAX and method == "getContacts"
    assert {chat.chat_id for chat in chats} | {"-10000000000000"} >= known
    assert bool(groups) is not is_short
    assert all(chat.name for chat in chats)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({}, BadResponseError),
        (None, BadResponseError),
        ("[]", BadResponseError),
        ("<html>", WrongAddressError),
    ],
)
async def test_no_list(
    canned: CannedServer,
    canned_client: GreenApiClient,
    method: str,
    answer: object,
    expected: object,
) -> None:
    """A response that is not a list is an error."""
    assert await read(canned, canned_client, method, answer) is expected


async def test_thousands_of_chats(
    canned: CannedServer, canned_client: GreenApiClient, method: str
) -> None:
    """Several megabytes are read, up to a maximum number of chats."""
    items = [
        {"id": f"79{number:09}@c.us", "name": "Neighbour " * 8, "type": "user"}
        for number in range(MAX_CHATS + 10)
    ]
    body = json.dumps(items)
    assert len(body) > 2_000_000
    canned.respond(200, body)
    chats: Any = await METHODS[method].call(canned_client)
    assert [chat.chat_id for chat in chats] == [it["id"] for it in items[:MAX_CHATS]]


async def test_longest_list(
    canned: CannedServer, canned_client: GreenApiClient, method: str
) -> None:
    """A list of the maximum size is read, and one that is a byte longer is refused."""
    canned.respond(200, "[{}]".ljust(methods.MAX_LIST_BYTES))
    assert await result_or_error(METHODS[method].call(canned_client)) == ()
    canned.respond(200, "[{}]".ljust(methods.MAX_LIST_BYTES + 1))
    assert (
        await result_or_error(METHODS[method].call(canned_client)) is BadResponseError
    )
