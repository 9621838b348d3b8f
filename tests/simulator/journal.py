"""The journal of sent messages, which the simulated GREEN-API returns."""

import time
from typing import TYPE_CHECKING

from .errors import InvalidError, MissingError
from .messengers import Messenger
from .sending import parameters

if TYPE_CHECKING:
    from .account import Account
    from .queue import Message
    from .wire import Json

# The words for the status of a message.
PENDING = "pending"
SENT = "sent"
DELIVERED = "delivered"
WORDS = {
    Messenger.WHATSAPP: (
        *(PENDING, SENT, DELIVERED, "read"),
        *("noAccount", "notInGroup", "yellowCard"),
    ),
    Messenger.TELEGRAM: (DELIVERED, "read"),
    Messenger.MAX: (SENT, DELIVERED, "read"),
}
ALL_WORDS = WORDS[Messenger.WHATSAPP]

NO_CHAT = "chatId not found"
NO_MESSAGE = "ID message notfound"


def get_message(account: Account, body: str) -> Json:
    """Return a message of the journal.

    Raises InvalidError for invalid parameters, QuotaError if the quota is exceeded, and
    MissingError if the message is not in the journal, or not yet.
    """
    fields = parameters(body)
    for name in ("chatId", "idMessage"):
        if not isinstance(fields.get(name), str) or not fields[name]:
            raise InvalidError(f"Validation failed. Details: '{name}' is required")
    if others := sorted(fields.keys() - {"chatId", "idMessage"}):
        raise InvalidError(f"Validation failed. Details: '{others[0]}' is not allowed")
    account.count_call("getMessage")
    chat = [it for it in journal(account) if it.body["chatId"] == fields["chatId"]]
    if not chat:
        raise MissingError(NO_CHAT)
    for message in chat:
        if message.id == fields["idMessage"]:
            return _entry(account, message)
    raise MissingError(NO_MESSAGE)


def journal(account: Account) -> list[Message]:
    """Return the accepted messages that are in the journal by now, oldest first."""
    account.pass_time()
    until = time.monotonic() - account.journal_lag
    return sorted(
        (it for it in account.messages if it.at <= until), key=lambda it: it.at
    )


def word(account: Account, message: Message) -> str:
    """Return the status of a message, in the vendor's spelling.

    If statuses are turned off, a WhatsApp account reports that each message was sent
    that has left the queue.
    """
    if set_word := account.words.get(message.id):
        return set_word
    account.pass_time()
    left_at = account.messages.left_at.get(message.id)
    if left_at is None:
        return PENDING
    if account.messenger is Messenger.WHATSAPP and not account.reports_statuses:
        return SENT
    if time.monotonic() < left_at + account.delivery_seconds:
        return SENT if SENT in WORDS[account.messenger] else PENDING
    return account.fates.get(str(message.body["chatId"]), DELIVERED)


def _poll(message: Message) -> dict[str, Json]:
    """Return the content of a poll."""
    return {
        "typeMessage": "pollMessage",
        "pollMessageData": {
            "name": message.body["message"],
            "options": message.body["options"],
            "multipleAnswers": message.body.get("multipleAnswers", False),
        },
    }


def _entry(account: Account, message: Message) -> dict[str, Json]:
    """Return a message in the form of the journal."""
    sent = time.time() - (time.monotonic() - message.at)
    entry: dict[str, Json] = {
        "type": "outgoing",
        "idMessage": message.id,
        "timestamp": int(sent),
        "typeMessage": "textMessage",
        "chatId": message.body["chatId"],
        "statusMessage": word(account, message),
        "sendByApi": True,
    }
    if message.is_file:
        return entry | {
            "typeMessage": "documentMessage",
            "caption": message.body.get("caption", ""),
            "fileName": message.body.get("fileName", ""),
        }
    text = message.body["message"]
    if message.method == "sendPoll":
        return entry | _poll(message)
    if account.messenger is not Messenger.WHATSAPP:
        return entry | {"textMessage": text}
    return entry | {
        "typeMessage": "extendedTextMessage",
        "textMessage": text,
        "extendedTextMessage": {
            "text": text,
            "description": "",
            "title": "",
            "previewType": "None",
            "jpegThumbnail": "",
            "forwardingScore": 0,
            "isForwarded": False,
        },
    }
