"""The control page, on which developers change the simulated accounts."""

import base64
from collections.abc import Callable, Iterable, Mapping
import json
import math
import mimetypes
from pathlib import Path
import time
from typing import TYPE_CHECKING

from aiohttp import web

from . import journal
from .faults import ANSWERS, BREAKAGES, Fault
from .messengers import Messenger
from .sending import options_of
from .shapes import KINDS

if TYPE_CHECKING:
    from .account import Account
    from .queue import Message
    from .wire import Json

PAGE = Path(__file__).with_name("control.html").read_text(encoding="utf-8")
REQUESTS_SHOWN = 50
MESSAGES_SHOWN = 30
PICTURES = frozenset({"image/gif", "image/jpeg", "image/png", "image/webp"})
STATES = (
    "authorized",
    "notAuthorized",
    "starting",
    "suspended",
    "yellowCard",
    "blocked",
    "sleepMode",
    "pendingCode",
    "pendingPassword",
    None,
)
CHOICES: dict[str, Json] = {
    "states": [*STATES],
    "messengers": [*Messenger],
    "statuses": [*journal.ALL_WORDS],
    "kinds": [*KINDS],
    "faults": {"Answers": [*ANSWERS], "Connection": [*BREAKAGES]},
}
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        "connect-src 'self'; img-src 'self' data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class InvalidSettingError(ValueError):
    """A setting or a value is invalid for an account."""


def text(value: Json) -> str:
    """Return a non-empty text; raises InvalidSettingError."""
    if isinstance(value, str) and value:
        return value
    raise InvalidSettingError


def flag(value: Json) -> bool:
    """Return a Boolean; raises InvalidSettingError."""
    if isinstance(value, bool):
        return value
    raise InvalidSettingError


def number(value: Json) -> int:
    """Return a non-negative number; raises InvalidSettingError."""
    if type(value) is int and value >= 0:
        return value
    raise InvalidSettingError


def seconds(value: Json) -> float:
    """Return a time in seconds, null means infinite; raises InvalidSettingError."""
    return math.inf if value is None else float(number(value))


def fault(value: Json) -> Fault:
    """Return the fault of a name; raises ValueError."""
    return Fault(text(value))


def faults(value: Json) -> dict[str, Fault | None]:
    """Return the faults by method; raises ValueError."""
    if isinstance(value, dict):
        return {method: optional(fault)(name) for method, name in value.items()}
    raise InvalidSettingError


def optional[T](parse: Callable[[Json], T]) -> Callable[[Json], T | None]:
    """Return a parser that also accepts null."""
    return lambda value: None if value is None else parse(value)


# The settings and their parsers.
SETTINGS: dict[str, Callable[[Json], object]] = {
    "state": optional(text),
    "messenger": lambda value: Messenger(text(value)),
    "token": text,
    "fault": optional(fault),
    "faults": faults,
    "suspended_until": optional(number),
    "reports_statuses": flag,
    "journal_lag": seconds,
    "delivery_seconds": seconds,
    "queue": number,
    "on_free_plan": flag,
    "empty_lists": number,
    "queue_stuck": flag,
    "webhooks": number,
    "receives_messages": flag,
    "receives_votes": flag,
    "has_webhook": flag,
    "passkey": flag,
    "cloud_password": optional(text),
    "reboot_accepted": flag,
    "boot_seconds": seconds,
    "link_seconds": seconds,
}


def status(value: Json) -> str:
    """Return the status of a message; raises InvalidSettingError."""
    if isinstance(value, str) and value in journal.ALL_WORDS:
        return value
    raise InvalidSettingError


def kind(value: Json) -> str:
    """Return the kind of a message; raises InvalidSettingError."""
    if isinstance(value, str) and value in KINDS:
        return value
    raise InvalidSettingError


def write(account: Account, content: dict[str, Json]) -> bool:
    """Write a message as a person, and return whether the account receives it."""
    lost = account.incoming.lost
    account.write(
        optional(text)(content.get("text")) or "",
        sender_id=text(content.get("sender")),
        chat_id=optional(text)(content.get("chat")),
        kind=kind(content.get("kind", "text")),
        quoted_id=optional(text)(content.get("quoted")),
    )
    return account.incoming.lost == lost


def vote(account: Account, content: dict[str, Json]) -> bool:
    """Vote in a poll as a person, and return whether the account hears of it."""
    lost = account.incoming.lost
    poll_id = text(content.get("message"))
    if poll_id not in {it.id for it in account.messages if options_of(it.body)}:
        raise InvalidSettingError
    account.vote(
        poll_id, text(content.get("option")), sender_id=text(content.get("sender"))
    )
    return account.incoming.lost == lost


# What users do on the phone or in the vendor's console, and what happens to a message.
ACTIONS: dict[str, Callable[[Account, dict[str, Json]], bool]] = {
    "scan": lambda account, _: account.scan(),
    "enter_code": lambda account, content: account.enter_code(
        text(content.get("code"))
    ),
    "reboot": lambda account, _: account.reboot(),
    "logout": lambda account, _: account.logout(),
    "vote": vote,
    "write": write,
    "set_status": lambda account, content: account.set_word(
        text(content.get("message")), status(content.get("status"))
    ),
}


def describe(account: Account) -> dict[str, Json]:
    """Return the public data of an account."""
    now = time.monotonic()
    return {
        "instance_id": account.instance_id,
        "token": account.token,
        "state": account.state,
        "messenger": account.messenger,
        "linked": account.linked,
        "fault": account.fault,
        "faults": {**account.faults},
        "suspended_until": account.suspended_until,
        "reports_statuses": account.reports_statuses,
        "journal_lag": _finite(account.journal_lag),
        "delivery_seconds": _finite(account.delivery_seconds),
        "queue": account.queue,
        "on_free_plan": account.on_free_plan,
        "empty_lists": account.empty_lists,
        "messages": received_messages(account, now),
        "queue_stuck": account.queue_stuck,
        "webhooks": account.webhooks,
        "receives_messages": account.receives_messages,
        "receives_votes": account.receives_votes,
        "has_webhook": account.has_webhook,
        "people": [{"id": it.chat_id, "name": it.name} for it in account.known],
        "passkey": account.passkey,
        "cloud_password": account.cloud_password,
        "reboot_accepted": account.reboot_accepted,
        "boot_seconds": _finite(account.boot_seconds),
        "link_seconds": _finite(account.link_seconds),
        "qr_life": account.qr_life,
        "code_life": account.code_life,
        "sent_code": account.authorization.code,
        "request_count": len(account.requests),
        "requests": [
            {"method": it.method, "verb": it.verb, "ago": now - it.at}
            for it in account.requests[: -REQUESTS_SHOWN - 1 : -1]
        ],
    }


def received_messages(account: Account, now: float) -> list[Json]:
    """Return the received messages, the latest first."""
    groups: dict[str, Iterable[Message]] = {
        "waiting": account.waiting,
        "delivered": account.messages.delivered,
        "lost": account.messages.lost,
    }
    latest = sorted(
        ((message, name) for name, group in groups.items() for message in group),
        key=lambda it: it[0].at,
        reverse=True,
    )
    return [
        {
            "id": message.id,
            "chat": message.body.get("chatId"),
            "text": message.body.get("message") or message.body.get("caption"),
            "file": _file_info(message),
            "options": [*options_of(message.body)],
            "status": group,
            "journal": journal.word(account, message),
            "ago": now - message.at,
        }
        for message, group in latest[:MESSAGES_SHOWN]
    ]


def _file_info(message: Message) -> Json:
    """Return the name and size (in bytes) of a file, and whether it can be shown."""
    file = message.body.get("file")
    if not isinstance(file, dict):
        return {"name": message.body["urlFile"]} if "urlFile" in message.body else None
    picture = _file_type(message) in PICTURES and file["content"] is not None
    return {"name": _file_name(message), "size": file["size"], "picture": picture}


def _file_name(message: Message) -> str:
    """Return the displayed name of a file."""
    file = message.body["file"]
    own_name = file["name"] if isinstance(file, dict) else None
    return str(message.body.get("fileName") or own_name)


def _file_type(message: Message) -> str | None:
    """Return the content type of a file by its name."""
    return mimetypes.guess_type(_file_name(message))[0]


def _finite(time_span: float) -> float | None:
    return time_span if math.isfinite(time_span) else None


class Control:
    """The request handlers of the control page."""

    def __init__(self, accounts: Mapping[str, Account]) -> None:
        """Initialize with a live view of the accounts."""
        self._accounts = accounts

    def add_routes(self, app: web.Application) -> None:
        """Add the routes to a server."""
        app.router.add_get("/", self.page)
        app.router.add_get("/control/accounts", self.show)
        app.router.add_get("/control/accounts/{id}/files/{message}", self.file)
        app.router.add_patch("/control/accounts/{id}", self.change)
        app.router.add_post("/control/accounts/{id}/{action}", self.act)

    async def page(self, _: web.Request) -> web.Response:
        """Return the page."""
        return web.Response(text=PAGE, content_type="text/html", headers=HEADERS)

    async def show(self, _: web.Request) -> web.Response:
        """Return all accounts and the selectable values."""
        accounts: list[Json] = [describe(it) for it in self._accounts.values()]
        return _json({"choices": CHOICES, "accounts": accounts})

    async def file(self, request: web.Request) -> web.Response:
        """Return the file of a message; only images keep their content type."""
        for message in self._account(request).messages:
            file = message.body.get("file")
            if message.id == request.match_info["message"] and isinstance(file, dict):
                kind = _file_type(message)
                return web.Response(
                    body=base64.b64decode(str(file["content"] or "")),
                    content_type=kind if kind in PICTURES else "text/plain",
                    headers=HEADERS,
                )
        raise web.HTTPNotFound

    async def change(self, request: web.Request) -> web.Response:
        """Change settings of an account: all of them, or none if one is invalid."""
        account, settings = self._account(request), await _content(request)
        try:
            parsed = {name: SETTINGS[name](value) for name, value in settings.items()}
        except KeyError, ValueError:
            raise web.HTTPBadRequest from None
        for name, value in parsed.items():
            setattr(account, name, value)
        return _json(describe(account))

    async def act(self, request: web.Request) -> web.Response:
        """Perform an action on an account and return whether it is accepted."""
        account, content = self._account(request), await _content(request)
        if (action := ACTIONS.get(request.match_info["action"])) is None:
            raise web.HTTPNotFound
        try:
            accepted = action(account, content)
        except ValueError:
            raise web.HTTPBadRequest from None
        return _json({"accepted": accepted} | describe(account))

    def _account(self, request: web.Request) -> Account:
        try:
            return self._accounts[request.match_info["id"]]
        except KeyError:
            raise web.HTTPNotFound from None


async def _content(request: web.Request) -> dict[str, Json]:
    """Return a JSON object; pages of other sites cannot send its content type."""
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    try:
        content = json.loads(await request.text())
    except ValueError:
        raise web.HTTPBadRequest from None
    if not isinstance(content, dict):
        raise web.HTTPBadRequest
    return content


def _json(content: Json) -> web.Response:
    return web.json_response(content, headers=HEADERS)
