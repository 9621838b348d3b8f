"""What the simulated GREEN-API does with a message, and why it refuses one."""

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

CHAT_IDS = {
    Messenger.WHATSAPP: re.compile(r"[0-9]+@c\.us|[0-9-]+@g\.us|\w+@lid", re.ASCII),
    Messenger.TELEGRAM: re.compile(r"-?[0-9]+|[0-9]+@c\.us", re.ASCII),
    Messenger.MAX: re.compile(r"-?[0-9]+|(?:7|375)[0-9]+@c\.us", re.ASCII),
}
CHAT_FORMATS = "one of the next formats: 'phone_number@c.us' or 'group_id@g.us'"

SUSPENDED = "Your account is suspended"
UPLOADS = "https://sw-media-out.storage.yandexcloud.net"


def text(name: str) -> Rule:
    """Ask for a text."""

    def complain(_: Messenger, fields: Fields) -> str | None:
        if name not in fields:
            return f"'{name}' is required"
        if not isinstance(fields[name], str):
            return f"'{name}' must be a string"
        return None if fields[name] else f"'{name}' is not allowed to be empty"

    return complain


def chat_id(messenger: Messenger, fields: Fields) -> str | None:
    """Ask for a chat id."""
    if CHAT_IDS[messenger].fullmatch(str(fields["chatId"])):
        return None
    return f"'chatId' must be {CHAT_FORMATS}"


def message_length(messenger: Messenger, fields: Fields) -> str | None:
    """Ask for a message that is not too long."""
    longest = MAX_MESSAGE[messenger]
    if len(str(fields["message"]).encode("utf-16-le", "surrogatepass")) // 2 <= longest:
        return None
    return f"'message' length must be less than or equal to {longest} characters long"


def quoted_id(messenger: Messenger, fields: Fields) -> str | None:
    """Ask for the id of a message, if there is one; other messengers have short ones."""
    quoted = fields.get("quotedMessageId")
    if quoted is None or messenger is not Messenger.WHATSAPP:
        return None
    if not isinstance(quoted, str):
        return "'quotedMessageId' must be a string"
    if len(quoted) >= MIN_QUOTED_ID:
        return None
    return f"'message id' must be at least {MIN_QUOTED_ID} symbols"


def link_preview(_: Messenger, fields: Fields) -> str | None:
    """Ask for true or false, if for anything."""
    if isinstance(fields.get("linkPreview", True), bool):
        return None
    return "'linkPreview' must be a boolean"


CHAT = (text("chatId"), chat_id)
RULES: Mapping[str, tuple[Rule, ...]] = {
    "sendMessage": (*CHAT, text("message"), message_length, quoted_id, link_preview),
    "sendFileByUpload": (*CHAT, quoted_id),
    "sendFileByUrl": (*CHAT, text("urlFile"), text("fileName"), quoted_id),
}


def send_message(account: Account, body: str) -> Json:
    """Read a text."""
    return _take(account, "sendMessage", _short_parameters(body))


def send_file_by_url(account: Account, body: str) -> Json:
    """Send a file from another server."""
    return _take(account, "sendFileByUrl", _short_parameters(body))


def send_file_by_upload(account: Account, body: str) -> Json:
    """Send a file; its form arrives as JSON."""
    fields = _parameters(body)
    file = fields.get("file")
    if not isinstance(file, dict):
        raise InvalidError("Validation failed. Details: 'file' is required")
    answer = _take(account, "sendFileByUpload", fields)
    name = fields.get("fileName") or file["name"]
    return answer | {"urlFile": f"{UPLOADS}/{account.instance_id}/{name}"}


def _short_parameters(body: str) -> Fields:
    """Read the JSON of a request that has no file."""
    if len(body.encode()) > MAX_JSON_BYTES:
        raise TooLargeError
    return _parameters(body)


def _parameters(body: str) -> Fields:
    """Read the JSON of a request."""
    try:
        fields = json.loads(body)
    except ValueError:
        raise InvalidError("Unexpected token _ in JSON at position 0") from None
    if not isinstance(fields, dict):
        raise InvalidError("Validation failed. Details: 'value' must be of type object")
    return fields


def _take(account: Account, method: str, fields: Fields) -> dict[str, Json]:
    """Put a message into the queue, or refuse it."""
    for complain in RULES[method]:
        if complaint := complain(account.messenger, fields):
            raise InvalidError(f"Validation failed. Details: {complaint}")
    if len(str(fields.get("caption", ""))) > MAX_CAPTION:
        raise BrokenError
    if account.free_plan is not None:
        account.free_plan.take(method, str(fields["chatId"]))
    if account.restricted_to_contacts and not account.knows(str(fields["chatId"])):
        raise ForbiddenError(SUSPENDED)
    message = Message(account.next_message_id(), method, fields, time.monotonic())
    account.messages.add(message)
    return {"idMessage": message.id}
