"""Parse a chat ID, or a phone number of a person, that a user enters or pastes."""

from collections.abc import Mapping
import re
from typing import Final

from ..api import Messenger
from .characters import plain_text
from .phone_number import (
    CHAT_SUFFIX,
    InvalidPhoneNumberError,
    parse_phone_number,
)

# The chats of WhatsApp without a phone number: groups, some of which are named after
# their creator and the time of creation, and people who hide their number.
_WHATSAPP_ID: Final = re.compile(
    r"[1-9][0-9]{15,19}@g\.us|[1-9][0-9]{6,14}-1[0-9]{9}@g\.us|[1-9][0-9]{4,19}@lid"
)

# The chat IDs of the other messengers: those of groups are negative. In Telegram they
# have 52 bits, and those of people have 40.
_IDS: Final[Mapping[Messenger, range]] = {
    Messenger.MAX: range(-(2**63), 2**63),
    Messenger.TELEGRAM: range(1 - 2**52, 2**40),
}
_ID: Final = re.compile(r"-?[0-9]{5,19}")

# Only digits that begin with an international prefix are a phone number if they are
# longer than the IDs of people.
_FROM_ABROAD: Final = re.compile(r"00[1-9][0-9]{10,}")

_LEADING_ZEROS: Final = re.compile(r"(?<![0-9])0+(?=[0-9])")

# The chat ID of a person with a phone number in the format of GREEN-API, or in other
# formats with the number of a linked device.
_PERSON: Final = re.compile(
    r"(?P<number>[0-9]+)(?::[0-9]+)?@(?:c\.us|s\.whatsapp\.net)"
)

# The only countries in which MAX has accounts with a phone number.
_COUNTRIES_OF_MAX: Final = ("7", "375")


class InvalidChatIdError(ValueError):
    """Error to indicate that a text is neither a chat ID nor a phone number."""


def parse_chat_id(text: str, messenger: Messenger) -> str:
    """Return the normalized chat ID of a messenger.

    Only digits are a phone number in WhatsApp, and a chat ID in Telegram and MAX, where
    a phone number begins with `+`. Raise `InvalidChatIdError` for any other text.
    """
    plain = plain_text(text).lower()
    if chat_id := _id(plain, messenger):
        return chat_id
    number = _phone_number(plain)
    if not number or (
        messenger is Messenger.MAX and not number.startswith(_COUNTRIES_OF_MAX)
    ):
        raise InvalidChatIdError
    return f"{number}{CHAT_SUFFIX}"


def phone_number_of(chat_id: str) -> int | None:
    """Return the phone number in a chat ID, or None if it contains none."""
    number = chat_id.removesuffix(CHAT_SUFFIX)
    return int(number) if number != chat_id else None


def is_person_id(chat_id: str, messenger: Messenger) -> bool:
    """Return whether a chat ID is one that the messages of people contain.

    In Telegram and MAX, messages can be sent to an ID with a phone number, but none are
    received from it.
    """
    if messenger is Messenger.WHATSAPP:
        return chat_id.endswith((CHAT_SUFFIX, "@lid"))
    return chat_id.isdecimal()


def _id(plain: str, messenger: Messenger) -> str:
    """Return the chat ID in a text, or an empty string for a phone number."""
    without_zeros = _LEADING_ZEROS.sub("", plain)
    ids = _IDS.get(messenger)
    if ids is None:
        return without_zeros if _WHATSAPP_ID.fullmatch(without_zeros) else ""
    if (
        not _ID.fullmatch(without_zeros)
        or int(without_zeros) not in ids
        or (_FROM_ABROAD.fullmatch(plain) and _phone_number(plain))
    ):
        return ""
    return without_zeros


def _phone_number(plain: str) -> str:
    """Return the phone number in a text, or an empty string if there is none."""
    person = _PERSON.fullmatch(plain)
    try:
        return str(parse_phone_number(person["number"] if person else plain))
    except InvalidPhoneNumberError:
        return ""
