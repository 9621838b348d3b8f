"""Test how chat ids and phone numbers are read."""

from itertools import product
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.green_api.api import Chat, ChatKind, Messenger
from custom_components.green_api.chat_id import (
    InvalidChatIdError,
    known_chat_id,
    parse_chat_id,
)
from tests.support.fuzz import FUZZED, UNSEEN_GENERATOR

WHATSAPP, TELEGRAM, MAX = Messenger.WHATSAPP, Messenger.TELEGRAM, Messenger.MAX

# All of them are the same person.
WAYS_TO_WRITE: Final = (
    "+7 900 123-45-67",
    "79001234567@c.us",
    "  79001234567@C.US\n",
    "79001234567:8@s.whatsapp.net",
    "007 900 1234567",
    "tel:+79001234567",
    "\u202a+7 900 123-45-67\u202c",
)


@pytest.mark.parametrize(("messenger", "text"), product(Messenger, WAYS_TO_WRITE))
def test_person_has_one_form(messenger: Messenger, text: str) -> None:
    """However a person's number is written, it is one and the same chat."""
    assert parse_chat_id(text, messenger) == "79001234567@c.us"


@pytest.mark.parametrize(
    ("messenger", "text", "chat_id"),
    [
        (WHATSAPP, "447700900123", "447700900123@c.us"),
        (WHATSAPP, "120363043968066561@g.us", "120363043968066561@g.us"),
        (WHATSAPP, "120363043968066561@G.US ", "120363043968066561@g.us"),
        (WHATSAPP, "79001234567-1581234048@g.us", "79001234567-1581234048@g.us"),
        (WHATSAPP, "120650379300963@lid", "120650379300963@lid"),
        (WHATSAPP, "447700900123@c.us", "447700900123@c.us"),
        (TELEGRAM, "10000000", "10000000"),
        (TELEGRAM, "\u0661\u0660\u0660\u0660\u0660\u0660", "100000"),
        (TELEGRAM, "447700900123", "447700900123"),
        (TELEGRAM, "+447700900123", "447700900123@c.us"),
        (TELEGRAM, "447700900123@c.us", "447700900123@c.us"),
        (TELEGRAM, "-1001234567890", "-1001234567890"),
        (MAX, "10000000", "10000000"),
        (MAX, "-10000000000000", "-10000000000000"),
        (MAX, "+375 29 123 45 67", "375291234567@c.us"),
    ],
)
def test_forms(messenger: Messenger, text: str, chat_id: str) -> None:
    """Every form of a messenger is taken."""
    assert parse_chat_id(text, messenger) == chat_id


@pytest.mark.parametrize(
    ("messenger", "text"),
    [
        *product(
            Messenger,
            [
                *("", "@c.us", "@", "me", "+", "1234@c.us", "0123456789@c.us"),
                *("@username", "1234567890123456@c.us", "79001234567@example.com"),
                *("07700 900123", "+44 7700 900123, +44 7700 900124", "--100000"),
            ],
        ),
        *product([TELEGRAM, MAX], ["120363043968066561@g.us", "120650379300963@lid"]),
        (WHATSAPP, "-1001234567890"),
        (WHATSAPP, "120363043968066561"),
        (WHATSAPP, "79001234567--1@g.us"),
        (MAX, "+44 7700 900123"),
        (MAX, "447700900123@c.us"),
    ],
)
def test_no_chat(messenger: Messenger, text: str) -> None:
    """What is no chat of a messenger is refused."""
    with pytest.raises(InvalidChatIdError) as raised:
        parse_chat_id(text, messenger)
    assert raised.value.args == ()


def test_person_that_is_known_by_another_id() -> None:
    """A phone number becomes the chat id that the account has for it."""
    chats = [
        Chat("10000001", "Somebody else", ChatKind.PERSON, 79001234568),
        Chat("10000000", "Neighbour", ChatKind.PERSON, 79001234567),
        Chat("-10000000000000", "Family", ChatKind.GROUP),
    ]
    assert known_chat_id("79001234567@c.us", chats) == "10000000"
    assert known_chat_id("79001234569@c.us", chats) == "79001234569@c.us"
    assert known_chat_id("-10000000000000", chats) == "-10000000000000"


@UNSEEN_GENERATOR
@FUZZED
@given(
    messenger=st.sampled_from(Messenger),
    text=st.text() | st.from_regex(r"\A[+-]?[0-9 -]{1,20}(@(c\.us|g\.us|lid))?\Z"),
)
def test_form_is_stable(messenger: Messenger, text: str) -> None:
    """What was read once is read in the same way again."""
    try:
        chat_id = parse_chat_id(text, messenger)
    except InvalidChatIdError:
        return
    assert parse_chat_id(chat_id, messenger) == chat_id
