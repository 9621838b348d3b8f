"""Read a chat id, or the phone number of a person, as people type or copy it."""

from collections.abc import Iterable, Mapping
import re
from typing import Final

from .api import Chat, Messenger
from .phone_number import InvalidPhoneNumberError, parse_phone_number, plain_text

# What each messenger has beside phone numbers, in lower case.
_FORMS: Final[Mapping[Messenger, re.Pattern[str]]] = {
    Messenger.MAX: re.compile(r"-?[0-9]{5,20}"),
    Messenger.TELEGRAM: re.compile(r"-?[0-9]{5,20}"),
    Messenger.WHATSAPP: re.compile(
        r"[0-9]{5,32}(?:-[0-9]{1,20})?@g\.us|[a-z0-9_]{5,64}@lid"
    ),
}

# The chat of a person by phone number, as GREEN-API names it, and as others do with the
# number of a linked device.
_PERSON: Final = re.compile(
    r"(?P<number>[1-9][0-9]{6,14})(?::[0-9]+)?@(?:c\.us|s\.whatsapp\.net)"
)

# The only countries in which MAX has accounts by phone number.
_COUNTRIES_OF_MAX: Final = ("7", "375")


class InvalidChatIdError(ValueError):
    """Error if a text is neither a chat ID of the messenger nor a phone number."""


def parse_chat_id(text: str, messenger: Messenger) -> str:
    """Return the one form of a chat id that a messenger takes.

    Digits alone are a phone number in WhatsApp, and a chat id in Telegram and MAX: there
    a phone number begins with `+`.
    """
    plain = plain_text(text).lower()
    if _FORMS[messenger].fullmatch(plain):
        return plain
    number = _phone_number(plain)
    if not number or (
        messenger is Messenger.MAX and not number.startswith(_COUNTRIES_OF_MAX)
    ):
        raise InvalidChatIdError
    return f"{number}@c.us"


def known_chat_id(chat_id: str, chats: Iterable[Chat]) -> str:
    """Return the chat id that an account knows a person by.

    In Telegram and MAX it differs from that of the phone number, and the free plan counts
    a person who is addressed in both ways as two.
    """
    numbers = {
        f"{chat.phone_number}@c.us": chat.chat_id for chat in chats if chat.phone_number
    }
    return numbers.get(chat_id, chat_id)


def _phone_number(plain: str) -> str:
    """Return the phone number in a text, nothing if there is none."""
    if person := _PERSON.fullmatch(plain):
        return person["number"]
    try:
        return str(parse_phone_number(plain))
    except InvalidPhoneNumberError:
        return ""
