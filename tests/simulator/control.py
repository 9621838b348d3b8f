"""The control page: what a developer does to the simulated accounts."""

import base64
from collections.abc import Callable, Mapping
import json
import math
import mimetypes
from pathlib import Path
import time
from typing import TYPE_CHECKING

from aiohttp import web

from .faults import ANSWERS, BREAKAGES, Fault
from .messengers import Messenger

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
    "faults": {"Answers": [*ANSWERS], "Connection": [*BREAKAGES]},
}
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class UnfitError(ValueError):
    """A setting or a value that an account does not have."""


def text(value: Json) -> str:
    """Read a text."""
    if isinstance(value, str) and value:
        return value
    raise UnfitError


def flag(value: Json) -> bool:
    """Read true or false."""
    if isinstance(value, bool):
        return value
    raise UnfitError


def number(value: Json) -> int:
    """Read a number of things."""
    if type(value) is int and value >= 0:
        return value
    raise UnfitError


def seconds(value: Json) -> float:
    """Read a time; null is for ever."""
    return math.inf if value is None else float(number(value))


def fault(value: Json) -> Fault:
    """Read the name of a fault."""
    return Fault(text(value))


def faults(value: Json) -> dict[str, Fault | None]:
    """Read faults by method."""
    if isinstance(value, dict):
        return {method: optional(fault)(name) for method, name in value.items()}
    raise UnfitError


def optional[T](taken: Callable[[Json], T]) -> Callable[[Json], T | None]:
    """Accept null as well."""
    return lambda value: None if value is None else taken(value)


# What may be set, and how its value is read. The token can be set but is never shown.
SETTINGS: dict[str, Callable[[Json], object]] = {
    "state": optional(text),
    "messenger": lambda value: Messenger(text(value)),
    "token": text,
    "fault": optional(fault),
    "faults": faults,
    "suspended_until": optional(number),
    "queue": number,
    "on_free_plan": flag,
    "empty_lists": number,
    "queue_stuck": flag,
    "webhooks": number,
    "passkey": flag,
    "reboot_accepted": flag,
    "boot_seconds": seconds,
    "link_seconds": seconds,
}


# What can be done, by whom holds the phone or uses the vendor's console.
ACTIONS: dict[str, Callable[[Account, dict[str, Json]], bool]] = {
    "scan": lambda account, _: account.scan(),
    "enter_code": lambda account, content: account.enter_code(
        text(content.get("code"))
    ),
    "reboot": lambda account, _: account.reboot(),
    "logout": lambda account, _: account.logout(),
}


def describe(account: Account) -> dict[str, Json]:
    """Return what may be seen of an account."""
    now = time.monotonic()
    return {
        "instance_id": account.instance_id,
        "state": account.state,
        "messenger": account.messenger,
        "linked": account.linked,
        "fault": account.fault,
        "faults": {**account.faults},
        "suspended_until": account.suspended_until,
        "queue": account.queue,
        "on_free_plan": account.on_free_plan,
        "empty_lists": account.empty_lists,
        "messages": arrived(account, now),
        "queue_stuck": account.queue_stuck,
        "webhooks": account.webhooks,
        "passkey": account.passkey,
        "reboot_accepted": account.reboot_accepted,
        "boot_seconds": _finite(account.boot_seconds),
        "link_seconds": _finite(account.link_seconds),
        "qr_life": account.qr_life,
        "code_life": account.code_life,
        "request_count": len(account.requests),
        "requests": [
            {"method": it.method, "verb": it.verb, "ago": now - it.at}
            for it in account.requests[: -REQUESTS_SHOWN - 1 : -1]
        ],
    }


def arrived(account: Account, now: float) -> list[Json]:
    """Return the messages that arrived, the latest first."""
    groups = {
        "waiting": account.waiting,
        "delivered": account.messages.delivered,
        "lost": account.messages.lost,
    }
    latest = sorted(
        ((message, status) for status, group in groups.items() for message in group),
        key=lambda it: it[0].at,
        reverse=True,
    )
    return [
        {
            "id": message.id,
            "chat": message.body.get("chatId"),
            "text": message.body.get("message") or message.body.get("caption"),
            "file": _about_file(message),
            "status": status,
            "ago": now - message.at,
        }
        for message, status in latest[:MESSAGES_SHOWN]
    ]


def _about_file(message: Message) -> Json:
    """Return the name and the size of a file, and whether it can be shown."""
    file = message.body.get("file")
    if not isinstance(file, dict):
        return {"name": message.body["urlFile"]} if "urlFile" in message.body else None
    picture = _kind_of_file(message) in PICTURES and file["content"] is not None
    return {"name": _name_of_file(message), "size": file["size"], "picture": picture}


def _name_of_file(message: Message) -> str:
    """Return the name of a file as people see it."""
    file = message.body["file"]
    own_name = file["name"] if isinstance(file, dict) else None
    return str(message.body.get("fileName") or own_name)


def _kind_of_file(message: Message) -> str | None:
    """Return the type of a file, by its name."""
    return mimetypes.guess_type(_name_of_file(message))[0]


def _finite(time_span: float) -> float | None:
    return time_span if math.isfinite(time_span) else None


class Control:
    """The handlers of the control page and of what it asks for."""

    def __init__(self, accounts: Mapping[str, Account]) -> None:
        """Control these accounts, as they come and go."""
        self._accounts = accounts

    def add_routes(self, app: web.Application) -> None:
        """Add the page to a server."""
        app.router.add_get("/", self.page)
        app.router.add_get("/control/accounts", self.show)
        app.router.add_get("/control/accounts/{id}/files/{message}", self.file)
        app.router.add_patch("/control/accounts/{id}", self.change)
        app.router.add_post("/control/accounts/{id}/{action}", self.act)

    async def page(self, _: web.Request) -> web.Response:
        """Return the page."""
        return web.Response(text=PAGE, content_type="text/html", headers=HEADERS)

    async def show(self, _: web.Request) -> web.Response:
        """Return all accounts, and what may be chosen for them."""
        accounts: list[Json] = [describe(it) for it in self._accounts.values()]
        return _json({"choices": CHOICES, "accounts": accounts})

    async def file(self, request: web.Request) -> web.Response:
        """Return the file of a message; only a picture keeps its content type."""
        for message in self._account(request).messages:
            file = message.body.get("file")
            if message.id == request.match_info["message"] and isinstance(file, dict):
                kind = _kind_of_file(message)
                return web.Response(
                    body=base64.b64decode(str(file["content"] or "")),
                    content_type=kind if kind in PICTURES else "text/plain",
                    headers=HEADERS,
                )
        raise web.HTTPNotFound

    async def change(self, request: web.Request) -> web.Response:
        """Set some of an account's settings: all of them, or none."""
        account, wanted = self._account(request), await _content(request)
        try:
            taken = {name: SETTINGS[name](value) for name, value in wanted.items()}
        except KeyError, ValueError:
            raise web.HTTPBadRequest from None
        for name, value in taken.items():
            setattr(account, name, value)
        return _json(describe(account))

    async def act(self, request: web.Request) -> web.Response:
        """Do something to an account and return whether it is accepted."""
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
    """Read a JSON object; a page of another site could not send it as such."""
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
