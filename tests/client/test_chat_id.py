"""Test parsing chat IDs and phone numbers."""

import contextlib
from itertools import product
import time
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.green_api.api import Messenger
from custom_components.green_api.inputs.characters import MAX_LENGTH
from custom_components.green_api.inputs.chat_id import InvalidChatIdError, parse_chat_id
from tests.support.fuzz import FUZZED, UNSEEN_GENERATOR

WHATSAPP, TELEGRAM, MAX = Messenger.WHATSAPP, Messenger.TELEGRAM, Messenger.MAX

# All of these are the same person.
SPELLINGS: Final = (
    "+7 900 123-45-67",
    "79001234567@c.us",
    "  79001234567@C.US\n",
    "79001234567:8@s.whatsapp.net",
    "007 900 1234567",
    "tel:+79001234567",
    "\u202a+7 900 123-45-67\u202c",
)


@pytest.mark.parametrize(("messenger", "text"), product(Messenger, SPELLINGS))
def test_person_has_one_form(messenger: Messenger, text: str) -> None:
    """All spellings of a person's number are the same chat."""
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
    """Every chat ID format of a messenger is accepted."""
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
    """Anything that is not a chat of the messenger is refused."""
    with pytest.raises(InvalidChatIdError) as raised:
        parse_chat_id(text, messenger)
    assert raised.value.args == ()


@pytest.mark.parametrize("minus", "-\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d")
@pytest.mark.parametrize(
    ("messenger", "text", "chat_id"),
    [
        (TELEGRAM, "-1001234567890", "-1001234567890"),
        (MAX, "-0010000000", "-10000000"),
        (WHATSAPP, "79001234567-1581234048@g.us", "79001234567-1581234048@g.us"),
        (WHATSAPP, "+44-7700-900123", "447700900123@c.us"),
    ],
)
def test_minus(messenger: Messenger, text: str, chat_id: str, minus: str) -> None:
    """All minus signs are equivalent."""
    assert parse_chat_id(text.replace("-", minus), messenger) == chat_id


@pytest.mark.parametrize(
    ("messenger", "text", "chat_id"),
    [
        *product([TELEGRAM, MAX], ["0010000000", "000010000000"], ["10000000"]),
        *product([TELEGRAM, MAX], ["-0010000000"], ["-10000000"]),
        (WHATSAPP, "00120363043968066561@g.us", "120363043968066561@g.us"),
        (WHATSAPP, "0079001234567-01581234048@g.us", "79001234567-1581234048@g.us"),
        (WHATSAPP, "0120650379300963@lid", "120650379300963@lid"),
        # The format for dialing from abroad.
        *product(
            Messenger, ["0079001234567", "0079001234567@c.us"], ["79001234567@c.us"]
        ),
        (TELEGRAM, "00447700900123", "447700900123@c.us"),
    ],
)
def test_leading_zeros(messenger: Messenger, text: str, chat_id: str) -> None:
    """Leading zeros of an ID are ignored."""
    assert parse_chat_id(text, messenger) == chat_id


@pytest.mark.parametrize(
    ("messenger", "text"),
    [
        (WHATSAPP, "447700900123@g.us"),
        (WHATSAPP, "123456789012345678901@g.us"),
        (WHATSAPP, "79001234567-1@g.us"),
        (WHATSAPP, "79001234567-9581234048@g.us"),
        (WHATSAPP, "12345-1581234048@g.us"),
        (WHATSAPP, "abcde@lid"),
        (WHATSAPP, "8901234567@c.us"),
        (TELEGRAM, f"{2**40}"),
        (TELEGRAM, f"-{2**52}"),
        (MAX, f"{2**63}"),
        (MAX, "00447700900123"),
        *product([TELEGRAM, MAX], ["0", "-0", "00000", "-00000", "001234", "9" * 20]),
    ],
)
def test_impossible_id(messenger: Messenger, text: str) -> None:
    """An ID that no messenger generates is refused."""
    with pytest.raises(InvalidChatIdError):
        parse_chat_id(text, messenger)


@pytest.mark.parametrize(
    "text",
    [
        "https://wa.me/447700900123",
        "http://wa.me/447700900123/",
        "HTTPS://WA.ME/447700900123?text=Hi%20there&x=%2B1",
        "https://www.wa.me/447700900123#top",
        "wa.me/447700900123",
        "https://wa.me/+447700900123",
        "https://wa.me/%2B44%207700%20900123",
        "https://api.whatsapp.com/send?phone=447700900123",
        "https://api.whatsapp.com/send/?phone=%2B447700900123&text&type=phone_number",
        "https://web.whatsapp.com/send?text=Hi&phone=+447700900123",
        "api.whatsapp.com/send?phone=447700900123#top",
        "whatsapp://send?phone=447700900123",
        f"https://wa.me/447700900123?text={'x' * 4000}",
    ],
)
@pytest.mark.parametrize("messenger", [WHATSAPP, TELEGRAM])
def test_link(messenger: Messenger, text: str) -> None:
    """A link to the chat of a number is accepted in any messenger."""
    assert parse_chat_id(text, messenger) == "447700900123@c.us"


@pytest.mark.parametrize(
    "text",
    [
        "https://wa.me/",
        "https://wa.me/07700900123",
        "https://wa.me/message/447700900123",
        "https://wa.me.example.com/447700900123",
        "https://wa.me@example.com/447700900123",
        "https://example.com/wa.me/447700900123",
        "https://example.com/?u=https://wa.me/447700900123",
        "https://chat.whatsapp.com/447700900123",
        "https://api.whatsapp.com/send?text=447700900123",
        "https://api.whatsapp.com/send?phone=447700900123&phone=447700900124",
        "ftp://wa.me/447700900123",
    ],
)
@pytest.mark.parametrize("messenger", Messenger)
def test_other_link(messenger: Messenger, text: str) -> None:
    """A link to anything other than the chat of a number is refused."""
    with pytest.raises(InvalidChatIdError):
        parse_chat_id(text, messenger)


@pytest.mark.parametrize(
    "unit",
    [
        "/",
        " ",
        "(",
        ")",
        "( ",
        "(0",
        "0",
        "-",
        "+",
        "1",
        "@",
        "tel:",
        "wa.me/",
        "\u0660",
    ],
)
@pytest.mark.parametrize("messenger", Messenger)
def test_time_to_read(messenger: Messenger, unit: str) -> None:
    """A text is parsed in linear time, and immediately if it is too long."""
    for count in (MAX_LENGTH // len(unit), 20_000):
        for text in (unit * count, f"+44{unit * count}7700900123", unit * count + "a"):
            before = time.process_time()
            with contextlib.suppress(InvalidChatIdError):
                parse_chat_id(text, messenger)
            assert time.process_time() - before < 0.1


@UNSEEN_GENERATOR
@FUZZED
@given(
    messenger=st.sampled_from(Messenger),
    text=st.text() | st.from_regex(r"\A[+-]?[0-9 -]{1,20}(@(c\.us|g\.us|lid))?\Z"),
)
def test_form_is_stable(messenger: Messenger, text: str) -> None:
    """Parsing a parsed chat ID returns the same chat ID."""
    try:
        chat_id = parse_chat_id(text, messenger)
    except InvalidChatIdError:
        return
    assert parse_chat_id(chat_id, messenger) == chat_id
