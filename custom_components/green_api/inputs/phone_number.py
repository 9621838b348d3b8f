"""Parse a phone number that a user enters or pastes."""

import re
from typing import Final
from urllib.parse import parse_qsl, unquote

from .characters import plain_text

# Separators between digits.
_PUNCTUATION: Final = r"[\s()./-]"
_SCHEME: Final = r"(?i)^tel:"

# Minimum number of digits after a slash that is a separator. Fewer digits are an
# alternative ending.
_DIGITS_AFTER_SLASH: Final = 5

# WhatsApp's links to the chat of a phone number. They are not parsed with yarl: it
# accepts and normalizes more than these links, which would have to be refused again.
_LINK: Final = (
    r"(?is)(?:https?://)?(?:www\.)?wa\.me/(?P<number>[^/?#]+)/?(?:[?#].*)?"
    r"|(?:(?:https?://)?(?:(?:api|web|www)\.)?whatsapp\.com|whatsapp:/)"
    r"/send/?\?(?P<query>[^#]*)(?:#.*)?"
)

# End of the chat ID of a person with a phone number.
CHAT_SUFFIX: Final = "@c.us"

# Dialed within a country only, and omitted from abroad.
_TRUNK_PREFIX: Final = r"\(\s*0\s*\)"

# The country codes of subscribers; none of them is the beginning of another. In North
# America, an area code begins with neither 0 nor 1.
_NUMBER: Final = (
    r"(?P<prefix>\+|00)?"
    r"(?P<country>1(?![01])|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
    r"|2[1-69][0-9]|3[578][0-9]|42[0-9]|5[09][0-9]|6[7-9][0-9]|8(?:5[0-9]|8[06])"
    r"|9[679][0-9])"
    r"(?P<rest>[0-9]+)"
)
_LENGTHS: Final = range(7, 16)

# Countries with numbers that keep a leading 0 when called from abroad.
_WITH_ZERO: Final = frozenset({"39", "225", "241", "242", "378"})


class InvalidPhoneNumberError(ValueError):
    """Error to indicate that a text is not one phone number with a country code."""


def parse_phone_number(text: str) -> int:
    """Return a phone number with its country code.

    Raise `InvalidPhoneNumberError` if a text is not a phone number, or is ambiguous.
    """
    linked = _without_link(plain_text(text))
    plain = re.sub(_SCHEME, "", linked).removesuffix(CHAT_SUFFIX)
    without_trunk_prefix = re.sub(_TRUNK_PREFIX, "", plain)
    number = re.fullmatch(_NUMBER, re.sub(_PUNCTUATION, "", without_trunk_prefix))
    if number is None or _has_alternative_ending(plain):
        raise InvalidPhoneNumberError
    digits = number["country"] + number["rest"]
    keeps_zero = number["country"] in _WITH_ZERO
    if (
        len(digits) not in _LENGTHS
        # An area code in parentheses without a country code before it.
        or (number["prefix"] is None and plain.startswith("("))
        or (number["rest"].startswith("0") and not keeps_zero)
        or (without_trunk_prefix != plain and keeps_zero)
    ):
        raise InvalidPhoneNumberError
    return int(digits)


def _without_link(plain: str) -> str:
    """Return the number in a link to its chat, or the text if it is not a link."""
    link = re.fullmatch(_LINK, plain)
    if link is None:
        return plain
    if number := link["number"]:
        return plain_text(unquote(number))
    fields = parse_qsl(link["query"])
    numbers = [plain_text(value) for key, value in fields if key.lower() == "phone"]
    return numbers[0] if len(numbers) == 1 else ""


def _has_alternative_ending(plain: str) -> bool:
    """Return whether the digits after a slash replace the last digits before it."""
    _, slash, ending = plain.rpartition("/")
    return bool(slash) and sum(map(str.isdecimal, ending)) < _DIGITS_AFTER_SLASH
