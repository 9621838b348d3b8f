"""Read a phone number as people type, print or copy it."""

import re
from typing import Final
import unicodedata

# All that people put between digits. A slash with few digits behind it stands before
# an alternative ending.
_PUNCTUATION: Final = re.compile(r"[\s().\u2010-\u2015-]|/(?=(?:[^0-9]*[0-9]){5})")
_SCHEME: Final = re.compile(r"^tel:", re.IGNORECASE)

# How GREEN-API names the chat of a number.
_CHAT_SUFFIX: Final = "@c.us"

# What is dialled in front of a number at home, and left out from abroad.
_TRUNK_PREFIX: Final = re.compile(r"\(\s*0\s*\)")

# The country codes that people have numbers with; the longest is not needed to distinguish
# them. In North America an area code begins with neither 0 nor 1.
_NUMBER: Final = re.compile(
    r"(?P<prefix>\+|00)?"
    r"(?P<country>1(?![01])|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
    r"|2[1-69][0-9]|3[578][0-9]|42[0-9]|5[09][0-9]|6[7-9][0-9]|8(?:5[0-9]|8[06])"
    r"|9[679][0-9])"
    r"(?P<rest>[0-9]+)"
)
_LENGTHS: Final = range(7, 16)

# Countries in which numbers may begin with 0, seen from abroad as well.
_WITH_ZERO: Final = frozenset({"39", "225", "241", "242", "378"})


class InvalidPhoneNumberError(ValueError):
    """Error if a text is not a phone number with a country code, or is ambiguous."""


def parse_phone_number(text: str) -> int:
    """Return a phone number with its country code; refuse what is not certain."""
    plain = _SCHEME.sub("", plain_text(text)).removesuffix(_CHAT_SUFFIX)
    without_trunk_prefix = _TRUNK_PREFIX.sub("", plain)
    number = _NUMBER.fullmatch(_PUNCTUATION.sub("", without_trunk_prefix))
    if number is None:
        raise InvalidPhoneNumberError
    digits = number["country"] + number["rest"]
    keeps_zero = number["country"] in _WITH_ZERO
    if (
        len(digits) not in _LENGTHS
        # An area code in brackets, with no country in front of it.
        or (number["prefix"] is None and plain.startswith("("))
        or (number["rest"].startswith("0") and not keeps_zero)
        or (without_trunk_prefix != plain and keeps_zero)
    ):
        raise InvalidPhoneNumberError
    return int(digits)


def plain_text(text: str) -> str:
    """Return a text with plain digits, and without marks that nobody sees.

    Marks of writing direction come along when a number is copied.
    """
    return "".join(
        str(unicodedata.decimal(sign)) if sign.isdecimal() else sign
        for sign in unicodedata.normalize("NFKC", text)
        if unicodedata.category(sign) != "Cf"
    ).strip()
