"""Checks of phone numbers in the simulated GREEN-API."""

import re
from typing import TYPE_CHECKING

from .contacts import NOT_AUTHORIZED
from .errors import InvalidError, NotReadyError
from .messengers import Messenger
from .sending import Fields, parameters

if TYPE_CHECKING:
    from .account import Account
    from .wire import Json

# The accepted formats of chat IDs, and the error for others.
CHAT = re.compile(r"(?P<number>[0-9]{7,15})(?:@c\.us)?|\w{5,64}@lid", re.ASCII)
CHAT_FORMATS = "one of the next formats: 'phone_number@c.us' or 'chat_id@lid'"
NUMBERS = {
    Messenger.WHATSAPP: re.compile(r"[0-9]{11,16}"),
    Messenger.TELEGRAM: re.compile(r"[0-9]{7,15}"),
    Messenger.MAX: re.compile(r"7[0-9]{10}|375[0-9]{8,9}"),
}
LENGTHS = {
    Messenger.WHATSAPP: "from 11 to 16 digits",
    Messenger.TELEGRAM: "from 7 to 15 digits",
    Messenger.MAX: "11 or 12 digits",
}
TIMEOUT = "check phone number timeout limit exceeded"
LIMIT_REACHED = "User get contact info limit reached"


def check_whatsapp(account: Account, body: str) -> Json:
    """Return whether a number or ID has a WhatsApp account, and its IDs.

    Raises InvalidError for invalid parameters, NotReadyError if no phone is linked or
    the check times out, and QuotaError if the quota is exceeded.
    """
    fields = parameters(body)
    if len(fields.keys() & {"chatId", "phoneNumber"}) != 1:
        raise InvalidError(
            "Validation failed. Details: 'value' must have at least 1 key"
        )
    chat_id = fields.get("chatId") or f"{_number(account, fields)}@c.us"
    chat = CHAT.fullmatch(f"{chat_id}")
    if chat is None:
        raise InvalidError(
            f"Validation failed. Details: 'chatId' must be {CHAT_FORMATS}"
        )
    if not account.linked:
        raise NotReadyError(NOT_AUTHORIZED)
    account.count_call("checkWhatsapp")
    number = int(chat["number"] or 0)
    if number in account.unanswered:
        raise NotReadyError(TIMEOUT)
    known_as = account.known_as.get(number, number)
    exists = bool(number) and number not in account.without_account
    return {
        "existsWhatsapp": exists,
        "chatId": lid_of(known_as) if exists else "",
        "username": "",
        "phoneNumber": f"{known_as}@c.us" if exists else "",
        "fromCache": account.is_cached(number),
    }


def check_account(account: Account, body: str) -> Json:
    """Return whether a number has an account in Telegram or MAX, and its chat ID.

    Raises InvalidError for invalid parameters, NotReadyError for an invalid number, and
    QuotaError if the quota is exceeded.
    """
    number = _number(account, parameters(body))
    if not account.linked:
        return {"status": False, "reason": NOT_AUTHORIZED}
    if account.lookups_used_up:
        return {"status": False, "reason": LIMIT_REACHED}
    account.count_call("checkAccount")
    ids = {it.phone_number: it.chat_id for it in account.known}
    exists = number not in account.without_account
    chat_id = ids.get(number, f"{10_000_000 + number % 1_000_000}")
    return {
        "exist": exists,
        "chatId": chat_id if exists else "",
        "fromCache": account.is_cached(number),
    }


def lid_of(number: int) -> str:
    """Return the WhatsApp ID of a user that does not contain the phone number."""
    return f"{120_000_000_000_000 + number % 1_000_000_000}@lid"


def _number(account: Account, fields: Fields) -> int:
    """Return the phone number to check."""
    number = fields.get("phoneNumber")
    if type(number) is not int:
        details = "Wrong format. 'phoneNumber' must contain only digits"
        raise InvalidError(f"Validation failed. Details: {details}")
    if not NUMBERS[account.messenger].fullmatch(f"{number}"):
        raise NotReadyError(f"bad phone number, valid {LENGTHS[account.messenger]}")
    return number
