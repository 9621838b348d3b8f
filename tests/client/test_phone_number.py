"""Test parsing phone numbers."""

import pytest

from custom_components.green_api.inputs.phone_number import (
    InvalidPhoneNumberError,
    parse_phone_number,
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+44 7700 900123", 447700900123),
        ("447700900123", 447700900123),
        ("0044 7700 900123", 447700900123),
        ("  +44 (7700) 900-123  ", 447700900123),
        ("(+44) 7700 900123", 447700900123),
        ("+(44) 7700 900123", 447700900123),
        ("(0044) 7700 900123", 447700900123),
        ("+44.7700.900123", 447700900123),
        ("+44/7700/900123", 447700900123),
        ("+49 171/3920055", 491713920055),
        ("+44\u20117700\u2012900\u2013123", 447700900123),
        ("+44\u00a07700\u202f900123", 447700900123),
        ("\u202a+44 7700 900123\u202c", 447700900123),
        ("+44 7700\u200b900123", 447700900123),
        # The national trunk prefix is omitted.
        ("+44 (0)7700 900123", 447700900123),
        ("+44(0) 7700 900123", 447700900123),
        ("0044 ( 0 ) 7700 900123", 447700900123),
        ("+49 (0) 171 / 3920055", 491713920055),
        # Digits of other scripts.
        ("\uff0b\uff14\uff14\u3000\uff17\uff17\uff10\uff10 900123", 447700900123),
        ("+\u0669\u0667\u0662 50-123-4567", 972501234567),
        ("\u06f9\u06f8 912 345 6789", 989123456789),
        # Formats of links and chats.
        ("tel:+44-7700-900123", 447700900123),
        ("TEL:+447700900123", 447700900123),
        ("79001234567@c.us", 79001234567),
        # Numbers of many countries.
        ("+1 (202) 555-0123", 12025550123),
        ("+7 900 123-45-67", 79001234567),
        ("+55 (11) 91234-5678", 5511912345678),
        ("+972-50-123-4567", 972501234567),
        ("+39 06 1234 5678", 390612345678),
        ("+225 07 12 34 56 78", 2250712345678),
        ("+880 1712-345678", 8801712345678),
        ("+1234567", 1234567),
        ("+234567890123456", 234567890123456),
    ],
)
def test_number(text: str, number: int) -> None:
    """A phone number is accepted in the formats that people enter, print and copy."""
    assert parse_phone_number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "+",
        "tel:",
        "my number",
        "+44 7700 90012x",
        "++44 7700 900123",
        "+44 +7700 900123",
        # Too short, too long.
        "+123456",
        "+2345678901234567",
        # Without a country code.
        "07700 900123",
        "(07700) 900123",
        "(202) 555-0123",
        "8 900 123-45-67",
        "8 (800) 555-35-35",
        # There is no such country code.
        "+0 44 7700 900123",
        "00044 7700 900123",
        "+89 123 456789",
        # The trunk prefix differs, and is an area code elsewhere.
        "011 44 7700 900123",
        "0011 44 7700 900123",
        "8~10 44 7700 900123",
        # Whether it is omitted from abroad depends on the country.
        "+44 07700 900123",
        "+39 (0)6 1234 5678",
        # Several numbers, or an extension.
        "+44 7700 900123, +44 7700 900124",
        "+44 7700 900123 / +44 7700 900124",
        "+44 7700 900123/4",
        "+44 7700 900123 ext. 5",
        "+44 7700 900123 x5",
        "+44 7700 900123#5",
        "+44 7700 900123;5",
        "tel:+44-7700-900123;ext=5",
        "tel:7700900123;phone-context=+44",
    ],
)
def test_no_number(text: str) -> None:
    """Anything that is not certain to be one phone number is refused."""
    with pytest.raises(InvalidPhoneNumberError):
        parse_phone_number(text)
