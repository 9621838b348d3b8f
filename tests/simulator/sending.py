"""Validation and acceptance of messages in the simulated GREEN-API."""

from collections.abc import Callable, Mapping
import json
import re
import time
from typing import TYPE_CHECKING

from .errors import BrokenError, ForbiddenError, InvalidError, TooLargeError
from .messengers import Messenger
from .queue import Message

if TYPE_CHECKING:
    from .account import Account
    from .wire import Json

type Fields = dict[str, Json]
type Rule = Callable[[Messenger, Fields], str | None]

MAX_JSON_BYTES = 100_000
MAX_CAPTION = 1024
MAX_MESSAGE = {
    Messenger.WHATSAPP: 20_000,
    Messenger.TELEGRAM: 4096,
    Messenger.MAX: 4000,
}
MIN_QUOTED_ID = 16
POLL_OPTIONS = range(2, 13)

CHAT_IDS = {
    Messenger.WHATSAPP: re.compile(r"[0-9]+@c\.us|[0-9-]+@g\.us|\w+@lid", re.ASCII),
    Messenger.TELEGRAM: re.compile(r"-?[0-9]+|[0-9]+@c\.us", re.ASCII),
    Messenger.MAX: re.compile(r"-?[0-9]+|(?:7|375)[0-9]+@c\.us", re.ASCII),
}
CHAT_FORMATS = "one of the next formats: 'phone_number@c.us' or 'group_id@g.us'"

SUSPENDED = "Your account is suspended"
UPLOADS = "https://sw-media-out.storage.yandexcloud.net"


def text(name: str) -> Rule:
    """Return a rule that requires a non-empty text."""

    def check(_: Messenger, fields: Fields) -> str | None:
        if name not in fields:
            return f"'{name}' is required"
        if not isinstance(fields[name], str):
            return f"'{name}' must be a string"
        return None if fields[name] else f"'{name}' is not allowed to be empty"

    return check


def chat_id(messenger: Messenger, fields: Fields) -> str | None:
    """Require a chat ID of the messenger."""
    if CHAT_IDS[messenger].fullmatch(str(fields["chatId"])):
        return None
    return f"'chatId' must be {CHAT_FORMATS}"


def message_length(messenger: Messenger, fields: Fields) -> str | None:
    """Require a message that is not too long."""
    longest = MAX_MESSAGE[messenger]
    if len(str(fields["message"]).encode("utf-16-le", "surrogatepass")) // 2 <= longest:
        return None
    return f"'message' length must be less than or equal to {longest} characters long"


def quoted_id(messenger: Messenger, fields: Fields) -> str | None:
    """Require a message ID of WhatsApp's length, if there is one."""
    quoted = fields.get("quotedMessageId")
    if quoted is None or messenger is not Messenger.WHATSAPP:
        return None
    if not isinstance(quoted, str):
        return "'quotedMessageId' must be a string"
    if len(quoted) >= MIN_QUOTED_ID:
        return None
    return f"'message id' must be at least {MIN_QUOTED_ID} symbols"


def link_preview(_: Messenger, fields: Fields) -> str | None:
    """Require a Boolean, if there is a value."""
    if isinstance(fields.get("linkPreview", True), bool):
        return None
    return "'linkPreview' must be a boolean"


def poll_options(_: Messenger, fields: Fields) -> str | None:
    """Require some options of a poll, which differ."""
    options = fields.get("options")
    if not isinstance(options, list):
        return "'options' is required"
    if len(options) not in POLL_OPTIONS:
        return "'options' must contain from 2 to 12 items"
    names = [it.get("optionName") if isinstance(it, dict) else None for it in options]
    if not all(isinstance(name, str) and name for name in names):
        return "'optionName' is not allowed to be empty"
    if len({str(name) for name in names}) < len(names):
        return "'options' contains a duplicate value"
    if isinstance(fields.get("multipleAnswers", False), bool):
        return None
    return "'multipleAnswers' must be a boolean"


def options_of(poll: Fields) -> list[str]:
    """Return the options of an accepted message, none if it is not a poll."""
    options = poll.get("options")
    items = options if isinstance(options, list) else []
    return [str(it["optionName"]) for it in items if isinstance(it, dict)]


CHAT = (text("chatId"), chat_id)
RULES: Mapping[str, tuple[Rule, ...]] = {
    "sendMessage": (*CHAT, text("message"), message_length, quoted_id, link_preview),
    "sendFileByUpload": (*CHAT, quoted_id),
    "sendFileByUrl": (*CHAT, text("urlFile"), text("fileName"), quoted_id),
    "sendPoll": (*CHAT, text("message"), message_length, poll_options, quoted_id),
}


def send_message(account: Account, body: str) -> Json:
    """Accept a text message; raises an error if it is refused."""
    return _accept(account, "sendMessage", _short_parameters(body))


def send_poll(account: Account, body: str) -> Json:
    """Accept a poll; raises an error if it is refused."""
    return _accept(account, "sendPoll", _short_parameters(body))


def send_file_by_url(account: Account, body: str) -> Json:
    """Accept a file from another server; raises an error if it is refused."""
    return _accept(account, "sendFileByUrl", _short_parameters(body))


def send_file_by_upload(account: Account, body: str) -> Json:
    """Accept a file, its form converted to JSON; raises an error if it is refused."""
    fields = parameters(body)
    file = fields.get("file")
    if not isinstance(file, dict):
        raise InvalidError("Validation failed. Details: 'file' is required")
    answer = _accept(account, "sendFileByUpload", fields)
    name = fields.get("fileName") or file["name"]
    return answer | {"urlFile": f"{UPLOADS}/{account.instance_id}/{name}"}


def _short_parameters(body: str) -> Fields:
    """Return the parameters of a request without a file; raises TooLargeError."""
    if len(body.encode()) > MAX_JSON_BYTES:
        raise TooLargeError
    return parameters(body)


def parameters(body: str) -> Fields:
    """Return the parameters of a request; raises InvalidError."""
    try:
        fields = json.loads(body)
    except ValueError:
        raise InvalidError("Unexpected token _ in JSON at position 0") from None
    if not isinstance(fields, dict):
        raise InvalidError("Validation failed. Details: 'value' must be of type object")
    return fields


def _accept(account: Account, method: str, fields: Fields) -> dict[str, Json]:
    """Add a message to the queue; raises an error if it is refused."""
    for check in RULES[method]:
        if problem := check(account.messenger, fields):
            raise InvalidError(f"Validation failed. Details: {problem}")
    if len(str(fields.get("caption", ""))) > MAX_CAPTION:
        raise BrokenError
    if account.free_plan is not None:
        account.free_plan.count_message(method, str(fields["chatId"]))
    if account.restricted_to_contacts and not account.knows(str(fields["chatId"])):
        raise ForbiddenError(SUSPENDED)
    message = Message(account.next_message_id(), method, fields, time.monotonic())
    account.messages.add(message)
    account.incoming.echo(message)
    return {"idMessage": message.id}
