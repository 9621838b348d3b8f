"""Test that the simulated GREEN-API responds like the vendor's servers."""

import asyncio
import base64
from collections.abc import AsyncGenerator, Callable
import io
import logging
import math
import os
import re
import signal
import sys
from typing import Final
from urllib.parse import quote
import zlib

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest
import segno
from yarl import URL

from . import Account, Fault, Messenger, Request, Simulator
from .api_requests import INSTANCE_ID, TOKEN, ApiCall, Reply, address, fetch
from .contacts import CONTACTS
from .faults import ANSWERS, BREAKAGES
from .wire import Json

pytestmark = pytest.mark.long(3)

ARABIC: Final = 10 * quote("\u0661")  # not ASCII digits
PHONE: Final[dict[str, Json]] = {"phoneNumber": 79001234567}

FORBIDDEN: Final = (
    "<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>\r\n"
    "<center><h1>403 Forbidden</h1></center>\r\n<hr><center>nginx</center>\r\n"
    "</body>\r\n</html>\r\n"
)
NOT_FOUND: Final = FORBIDDEN.replace("403 Forbidden", "404 Not Found")


async def until(condition: Callable[[], object]) -> None:
    """Run the event loop until a condition holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nothing notifies
            await asyncio.sleep(0)


# Routing, tokens and rate limits


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    "method", ["getStateInstance", "GetStateInstance", "getstateinstance"]
)
@pytest.mark.parametrize("prefix", ["/", "/v3/", "//"])
async def test_ways_to_address_a_method(
    call_api: ApiCall, method: str, prefix: str
) -> None:
    """Method names are case-insensitive; a prefix and a double slash are accepted."""
    reply = await call_api(method, prefix=prefix)
    assert reply.status == 200
    assert reply.text == '{"stateInstance":"authorized"}'
    assert reply.headers["Content-Type"].startswith("application/json")
    assert reply.headers["Server"] == "nginx"
    assert reply.limit == ("0", "1")


@pytest.mark.usefixtures("account")
async def test_token_may_be_percent_encoded(call_api: ApiCall) -> None:
    """A token may be percent-encoded."""
    assert (
        await call_api("getStateInstance", token=TOKEN.replace("+", "%2B"))
    ).status == 200


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("instance_id", "token"),
    [(INSTANCE_ID, "0" * 50), ("1101000002", TOKEN), ("1101000002", "%20")],
)
async def test_wrong_token_or_unknown_instance(
    call_api: ApiCall, instance_id: str, token: str
) -> None:
    """Both are status 401, with an empty body of the content type JSON."""
    reply = await call_api("getStateInstance", instance_id=instance_id, token=token)
    assert (reply.status, reply.text) == (401, "")
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["Content-Length"] == "0"
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert reply.limit == ("0", "1")


async def test_rotated_token(
    call_api: ApiCall, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """A new token invalidates the old one."""
    account.token = "1" * 50
    assert (await call_api("getStateInstance")).status == 401
    freezer.tick(1)
    assert (await call_api("getStateInstance", token="1" * 50)).status == 200


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("instance_id", ["7103000001", "1101", "abc", "", ARABIC])
async def test_instance_of_another_pool(call_api: ApiCall, instance_id: str) -> None:
    """An instance that this host does not serve is status 403 in HTML."""
    reply = await call_api("getStateInstance", instance_id=instance_id)
    assert (reply.status, reply.text) == (403, FORBIDDEN)
    assert reply.headers["Content-Type"] == "text/html"
    assert "Access-Control-Allow-Origin" not in reply.headers


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("method", "verb"),
    [
        ("getNothing", "GET"),
        ("getStateInstance", "POST"),
        ("getAuthorizationCode", "GET"),
        ("getAccountSettings", "GET"),
    ],
)
async def test_method_that_is_not_there(
    call_api: ApiCall, method: str, verb: str
) -> None:
    """Unknown methods, wrong verbs and other messengers' methods are 404 in HTML."""
    reply = await call_api(method, verb=verb)
    assert (reply.status, reply.text) == (404, NOT_FOUND)
    assert reply.headers["Content-Type"] == "text/html"


@pytest.mark.parametrize(
    ("messenger", "method"),
    [
        ("telegram", "getWaSettings"),
        ("v3", "getWaSettings"),
        ("telegram", "getAuthorizationCode"),
    ],
)
async def test_method_of_whatsapp(
    call_api: ApiCall, account: Account, messenger: str, method: str
) -> None:
    """The other messengers do not have WhatsApp's methods."""
    account.messenger = Messenger(messenger)
    assert (await call_api(method)).status == 404


@pytest.mark.parametrize("path", ["/nowhere", "/waInstance1101000001", "/v3"])
async def test_path_that_is_not_there(
    simulator: Simulator, session: aiohttp.ClientSession, path: str
) -> None:
    """Any other path is status 404 in HTML."""
    reply = await fetch(session, simulator.url + path)
    assert (reply.status, reply.text) == (404, NOT_FOUND)


@pytest.mark.usefixtures("account")
async def test_preflight(call_api: ApiCall) -> None:
    """OPTIONS is allowed from any origin."""
    reply = await call_api("getStateInstance", verb="OPTIONS")
    assert (reply.status, reply.text) == (204, "")
    assert reply.headers["Access-Control-Max-Age"] == "1728000"


@pytest.mark.usefixtures("account")
async def test_limit(call_api: ApiCall, freezer: FrozenDateTimeFactory) -> None:
    """Each method has its own rate limit; status 429 has no body."""
    replies = [await call_api("getStateInstance") for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 429, 429]
    assert replies[1].text == ""
    assert "Retry-After" not in replies[1].headers
    assert replies[1].limit == ("0", "1")
    assert (await call_api("getSettings")).status == 200

    freezer.tick(0.5)
    assert (await call_api("getStateInstance")).status == 429
    freezer.tick(0.5)
    assert (await call_api("getStateInstance")).status == 200


@pytest.mark.usefixtures("account")
async def test_limit_of_qr(call_api: ApiCall, freezer: FrozenDateTimeFactory) -> None:
    """A QR code may be requested three times a second."""
    replies = [await call_api("qr") for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    assert [reply.limit for reply in replies][:3] == [
        ("2", "3"),
        ("1", "3"),
        ("0", "3"),
    ]
    freezer.tick(60)
    assert [(await call_api("qr")).status for _ in range(4)] == [200, 200, 200, 429]


async def test_limit_of_qr_on_max(call_api: ApiCall, account: Account) -> None:
    """On MAX, a QR code may be requested once a second."""
    account.messenger = Messenger.MAX
    replies = [await call_api("qr") for _ in range(2)]
    assert [reply.status for reply in replies] == [200, 429]


@pytest.mark.usefixtures("account")
async def test_limit_counts_wrong_tokens(
    call_api: ApiCall, freezer: FrozenDateTimeFactory
) -> None:
    """The rate limit is checked before the token."""
    statuses = [
        (await call_api("getStateInstance", token="no")).status for _ in range(3)
    ]
    freezer.tick(1)
    statuses.append((await call_api("getStateInstance", token="no")).status)
    assert statuses == [401, 429, 429, 401]


async def test_limit_of_each_instance(call_api: ApiCall, simulator: Simulator) -> None:
    """Each instance has its own rate limits."""
    for instance_id in ("1101000001", "1101000002"):
        simulator.add_account(instance_id, TOKEN)
        reply = await call_api("getStateInstance", instance_id=instance_id)
        assert reply.status == 200


@pytest.mark.usefixtures("account")
async def test_limits_lifted(call_api: ApiCall, simulator: Simulator) -> None:
    """The rate limits can be disabled."""
    simulator.enforce_limits = False
    assert {(await call_api("getStateInstance")).status for _ in range(5)} == {200}


async def test_order_of_checks(call_api: ApiCall, account: Account) -> None:
    """The token is checked before the parameters and before an expired plan."""
    account.state = "notAuthorized"
    wrong = await call_api("getAuthorizationCode", verb="POST", token="no", content=[])
    assert wrong.status == 401
    account.fault = Fault.EXPIRED_TEXT
    assert (await call_api("getStateInstance", token="no")).status == 401


# The methods


@pytest.mark.parametrize(
    "state",
    [
        "authorized",
        "notAuthorized",
        "blocked",
        "sleepMode",
        "starting",
        "yellowCard",
        "suspended",
        "pendingPassword",
        "pendingCode",
        "someFutureState",
    ],
)
async def test_state(call_api: ApiCall, account: Account, state: str) -> None:
    """Any state is reported as it is."""
    account.state = state
    assert (await call_api("getStateInstance")).json == {"stateInstance": state}


async def test_state_while_created(
    call_api: ApiCall, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """An instance that is being created is null, then starting, then linkable."""
    account.boot_seconds = 60
    account.create()
    states = []
    for _ in range(3):
        states.append((await call_api("getStateInstance")).text)
        freezer.tick(60)
    assert states == [
        "null",
        '{"stateInstance":"starting"}',
        '{"stateInstance":"notAuthorized"}',
    ]


async def test_reboot_while_created(
    account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """A reboot during the creation ends it."""
    account.create()
    assert account.reboot()
    assert account.state == "starting"
    freezer.tick(account.boot_seconds)
    assert account.state == "notAuthorized"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("authorized", "authorized"),
        ("notAuthorized", "notAuthorized"),
        ("blocked", "blocked"),
        ("suspended", "authorized"),
        ("yellowCard", "authorized"),
    ],
)
async def test_reboot(
    call_api: ApiCall,
    account: Account,
    freezer: FrozenDateTimeFactory,
    before: str,
    after: str,
) -> None:
    """A reboot returns to the previous state, and lifts a restriction."""
    account.state = before
    assert (await call_api("reboot")).json == {"isReboot": True}
    assert (await call_api("getStateInstance")).json == {"stateInstance": "starting"}
    freezer.tick(account.boot_seconds - 1)
    assert (await call_api("getStateInstance")).json == {"stateInstance": "starting"}
    freezer.tick(1)
    assert (await call_api("getStateInstance")).json == {"stateInstance": after}


async def test_reboot_of_a_stuck_instance(
    account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """An instance that is stuck starting returns to its last stable state."""
    account.state = "starting"
    freezer.tick(3600)
    assert account.state == "starting"
    account.reboot()
    account.reboot()
    freezer.tick(account.boot_seconds)
    assert account.state == "authorized"


async def test_reboot_without_end(
    account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """A reboot can be set to never end."""
    account.boot_seconds = math.inf
    account.reboot()
    freezer.tick(1e9)
    assert account.state == "starting"


async def test_refused_reboot(call_api: ApiCall, account: Account) -> None:
    """The server may refuse to reboot."""
    account.reboot_accepted = False
    assert (await call_api("reboot")).json == {"isReboot": False}
    assert account.state == "authorized"


async def test_state_from_outside_wins(
    account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """Setting a state cancels scheduled changes."""
    account.reboot()
    account.state = "blocked"
    freezer.tick(3600)
    assert account.state == "blocked"


@pytest.mark.parametrize(
    ("accepted", "state"), [(True, "notAuthorized"), (False, "authorized")]
)
async def test_logout(
    call_api: ApiCall, account: Account, *, accepted: bool, state: str
) -> None:
    """A logout unlinks the phone immediately."""
    account.logout_accepted = accepted
    assert (await call_api("logout")).json == {"isLogout": accepted}
    assert account.state == state


@pytest.mark.parametrize(
    ("messenger", "more"),
    [
        (
            "whatsapp",
            {
                "countryInstance": "",
                "typeAccount": "",
                "sharedSession": "no",
                "deviceWebhook": "no",
                "statusInstanceWebhook": "no",
                "enableMessagesHistory": "no",
                "keepOnlineStatus": "no",
                "incomingBlockWebhook": "no",
                "incomingCallWebhook": "no",
                "enableLidMode": "no",
            },
        ),
        ("telegram", {}),
        ("v3", {}),
    ],
)
async def test_settings(
    call_api: ApiCall, account: Account, messenger: str, more: dict[str, str]
) -> None:
    """The settings of a fresh instance of each messenger."""
    account.messenger = Messenger(messenger)
    assert (await call_api("getSettings")).json == more | {
        "wid": "79001234567@c.us",
        "typeInstance": messenger,
        "webhookUrl": "",
        "webhookUrlToken": "",
        "delaySendMessagesMilliseconds": 3000,
        "markIncomingMessagesReaded": "no",
        "markIncomingMessagesReadedOnReply": "no",
        "outgoingWebhook": "no",
        "outgoingMessageWebhook": "no",
        "outgoingAPIMessageWebhook": "no",
        "incomingWebhook": "no",
        "stateWebhook": "no",
        "pollMessageWebhook": "no",
        "editedMessageWebhook": "no",
        "deletedMessageWebhook": "no",
    }


async def test_settings_of_the_account(call_api: ApiCall, account: Account) -> None:
    """The account ID is empty without a phone; the messenger may be missing."""
    account.state = "notAuthorized"
    account.show_type = False
    account.settings = {"webhookUrl": None, "stateWebhook": "yes"}
    settings = (await call_api("getSettings")).json
    assert isinstance(settings, dict)
    assert "typeInstance" not in settings
    assert settings["wid"] == ""
    assert settings["webhookUrl"] is None
    assert settings["stateWebhook"] == "yes"


@pytest.mark.parametrize(
    ("messenger", "method", "own"),
    [
        (
            "whatsapp",
            "getWaSettings",
            {"deviceId": "79001234567:8@s.whatsapp.net"},
        ),
        ("v3", "getAccountSettings", {"chatId": "10000000"}),
        ("telegram", "getAccountSettings", {"chatId": "10000000"}),
    ],
)
async def test_settings_of_the_messenger(
    call_api: ApiCall,
    account: Account,
    messenger: str,
    method: str,
    own: dict[str, str],
) -> None:
    """The settings contain the messenger account and the end of a restriction."""
    account.messenger = Messenger(messenger)
    account.state = "suspended"
    account.suspended_until = 1790000000
    assert (await call_api(method)).json == own | {
        "avatar": "https://pps.whatsapp.net/v/t61.24694-24/0_0_n.jpg?oh=x&oe=655ADB17",
        "phone": "79001234567",
        "stateInstance": "suspended",
        "suspendedUntil": 1790000000,
    }


@pytest.mark.parametrize("state", ["notAuthorized", "blocked", "starting"])
async def test_settings_of_the_messenger_without_a_phone(
    call_api: ApiCall, account: Account, state: str
) -> None:
    """Nothing of the account is reported while no phone is linked."""
    account.state = state
    assert (await call_api("getWaSettings")).json == {
        "avatar": "",
        "phone": "",
        "stateInstance": state,
        "deviceId": "",
    }


async def test_queues(call_api: ApiCall, account: Account) -> None:
    """Queues are counted and listed; the key may have a Cyrillic first letter."""
    assert (await call_api("showMessagesQueue")).text == "[]"
    account.queue, account.webhooks, account.count_key = 2, 5, "\u0441ount"
    assert (await call_api("getMessagesCount")).text == '{"\u0441ount":2}'
    account.count_key = "count"
    assert (await call_api("getWebhooksCount")).text == '{"count":5}'


async def test_messages_in_the_queue(call_api: ApiCall, account: Account) -> None:
    """The queue lists messages like the newer servers."""
    account.queue = 2
    messages = (await call_api("showMessagesQueue")).json
    assert isinstance(messages, list)
    assert len(messages) == 2
    assert messages[0] == {
        "messageID": "BAE5F4886F6F0000",
        "type": "sendMessage",
        "body": {"chatId": "79001234568@c.us", "message": "Hi", "linkPreview": True},
    }


@pytest.mark.parametrize(("helps", "waiting"), [(True, 0), (False, 2)])
async def test_reboot_moves_the_queue(
    account: Account, freezer: FrozenDateTimeFactory, *, helps: bool, waiting: int
) -> None:
    """A stuck queue moves after a reboot, if it is set so."""
    account.queue = 2
    account.reboot_moves_queue = helps
    account.reboot()
    freezer.tick(account.boot_seconds + 5)
    assert account.queue == (1 if helps else 2)
    freezer.tick(5)
    assert account.queue == waiting


async def test_long_queue(call_api: ApiCall, account: Account) -> None:
    """At most 500 messages are listed."""
    account.queue = 501
    messages = (await call_api("showMessagesQueue")).json
    assert isinstance(messages, list)
    assert len(messages) == 500


async def test_queue_is_cleared(
    call_api: ApiCall, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """Waiting messages are dropped, unless the server refuses."""
    account.queue = 2
    account.clear_accepted = False
    assert (await call_api("clearMessagesQueue")).text == '{"isCleared":false}'
    assert account.queue == 2
    account.clear_accepted = True
    freezer.tick(1)
    assert (await call_api("clearMessagesQueue")).text == '{"isCleared":true}'
    assert (await call_api("getMessagesCount")).text == '{"count":0}'


# Linking a phone


async def call_qr(call_api: ApiCall) -> dict[str, str]:
    """Request a QR code."""
    answer = (await call_api("qr")).json
    assert isinstance(answer, dict)
    return answer


def qr_image(text: str | None) -> bytes:
    """Return the image of a QR code with this text."""
    assert text is not None
    picture = io.BytesIO()
    segno.make(text, micro=False, mask=0).save(picture, kind="png", scale=5, border=4)
    return picture.getvalue()


@pytest.mark.parametrize("messenger", [*Messenger])
async def test_qr(
    call_api: ApiCall,
    account: Account,
    freezer: FrozenDateTimeFactory,
    messenger: Messenger,
) -> None:
    """A QR code is a new PNG, is valid for 20 s, and links the phone."""
    account.messenger = messenger
    account.state = "notAuthorized"
    pictures = []
    for _ in range(2):
        pictures.append(await call_qr(call_api))
        freezer.tick(1)
    assert {picture["type"] for picture in pictures} == {"qrCode"}
    assert pictures[0]["message"] != pictures[1]["message"]
    assert base64.b64decode(pictures[1]["message"]) == qr_image(account.qr_text)

    freezer.tick(19)
    assert account.qr_text is None
    assert not account.scan()

    await call_qr(call_api)
    freezer.tick(19)
    assert account.qr_life == pytest.approx(1, abs=1e-3)
    assert account.scan()
    assert not account.scan()
    assert (await call_api("getStateInstance")).json == {
        "stateInstance": "notAuthorized"
    }
    freezer.tick(account.link_seconds)
    assert (await call_api("getStateInstance")).json == {"stateInstance": "authorized"}


async def test_qr_that_was_replaced(call_api: ApiCall, account: Account) -> None:
    """The phone accepts only the current QR code."""
    account.state = "notAuthorized"
    await call_qr(call_api)
    first = account.qr_text
    await call_qr(call_api)
    assert not account.scan(first)
    assert account.scan(account.qr_text)


async def test_qr_that_rotates(
    call_api: ApiCall, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """A server may return the same QR code until it expires."""
    account.state = "notAuthorized"
    account.qr_rotates = True
    pictures = []
    for _ in range(3):
        pictures.append(await call_qr(call_api))
        freezer.tick(12)
    assert pictures[0] == pictures[1]
    assert pictures[1] != pictures[2]
    assert account.qr_life == pytest.approx(8, abs=1e-3)


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        ("authorized", ("alreadyLogged", "instance account already authorized")),
        ("suspended", ("error", "Instance has auth. You need to make log out")),
        ("yellowCard", ("error", "Instance has auth. You need to make log out")),
        ("sleepMode", ("error", "Instance has auth. You need to make log out")),
        ("starting", ("error", "instance in starting process try later")),
        (None, ("error", "instance in starting process try later")),
        ("blocked", ("error", "instance is starting or not authorized")),
        ("pendingPassword", ("pending_password", "")),
    ],
)
async def test_no_qr(
    call_api: ApiCall, account: Account, state: str | None, answer: tuple[str, str]
) -> None:
    """If no phone can be linked, there is a reason in place of a QR code."""
    account.state = state
    assert await call_qr(call_api) == dict(
        zip(("type", "message"), answer, strict=True)
    )
    assert not account.scan()


async def test_passkey(call_api: ApiCall, account: Account) -> None:
    """WhatsApp may require a passkey in place of a QR code."""
    account.state = "notAuthorized"
    account.passkey = True
    assert await call_qr(call_api) == {"type": "passkeyRequired", "message": ""}
    account.state = "authorized"
    assert (await call_qr(call_api))["type"] == "alreadyLogged"


@pytest.mark.parametrize("kind", ["already_registered", "error", "somethingNew"])
async def test_forced_answer_to_qr(
    call_api: ApiCall, account: Account, kind: str
) -> None:
    """Any response can be set."""
    account.qr_type, account.qr_message = kind, "<b>No</b>"
    assert await call_qr(call_api) == {"type": kind, "message": "<b>No</b>"}


async def call_authorization_code(call_api: ApiCall, content: object = PHONE) -> Reply:
    """Request a code."""
    return await call_api("getAuthorizationCode", verb="POST", content=content)


async def test_code(
    call_api: ApiCall, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """A code has eight characters, is valid for 150 s, and links the phone."""
    account.state = "notAuthorized"
    account.wid = "1@c.us"
    answer = (await call_authorization_code(call_api)).json
    assert isinstance(answer, dict)
    assert answer == {"status": True, "code": account.code}
    code = answer["code"]
    assert re.fullmatch("[A-Z0-9]{8}", code)
    assert not account.enter_code("")
    assert not account.enter_code(code[:-1])

    freezer.tick(149)
    assert account.code_life == pytest.approx(1, abs=1e-3)
    assert account.enter_code(f" {code[:4]}-{code[4:]} ".lower())
    assert account.wid == "79001234567@c.us"
    freezer.tick(account.link_seconds)
    assert account.state == "authorized"


async def test_expired_code(
    call_api: ApiCall, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """After 150 s the phone refuses the code."""
    account.state = "notAuthorized"
    await call_authorization_code(call_api)
    code = account.code
    assert code is not None
    freezer.tick(150)
    assert account.code is None
    assert not account.enter_code(code)


async def test_code_while_authorized(call_api: ApiCall, account: Account) -> None:
    """The code is null if a phone is linked."""
    assert account.linked
    assert (await call_authorization_code(call_api)).text == "null"


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        ("starting", "instance in starting process try later"),
        ("blocked", "instance is starting or not authorized"),
    ],
)
async def test_code_in_a_wrong_state(
    call_api: ApiCall, account: Account, state: str, answer: str
) -> None:
    """A code is refused in states in which no phone can be linked."""
    account.state = state
    reply = await call_authorization_code(call_api)
    assert (reply.status, reply.text) == (400, answer)


async def test_refused_code(call_api: ApiCall, account: Account) -> None:
    """The server may refuse to return a code."""
    account.state = "notAuthorized"
    account.code_accepted = False
    assert (await call_authorization_code(call_api)).json == {
        "status": False,
        "code": "",
    }


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("content", [{}, [], {"phoneNumber": "79001234567"}])
async def test_parameters_that_are_refused(call_api: ApiCall, content: object) -> None:
    """Invalid parameters are reported in an envelope, which echoes the token."""
    reply = await call_authorization_code(call_api, content)
    assert reply.status == 400
    assert isinstance(reply.json, dict)
    assert list(reply.json) == ["statusCode", "timestamp", "path", "message"]
    assert reply.json["statusCode"] == 400
    assert reply.json["path"] == (
        f"/waInstance{INSTANCE_ID}/getAuthorizationCode/{TOKEN}"
    )
    assert reply.json["message"].startswith("Validation failed. Details: ")
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", reply.json["timestamp"]
    )


@pytest.mark.usefixtures("account")
async def test_parameters_that_are_not_json(call_api: ApiCall) -> None:
    """Parameters that are not JSON are reported in an envelope."""
    reply = await call_api("getAuthorizationCode", verb="POST")
    assert reply.status == 400
    assert "Unexpected token _ in JSON at position 0" in reply.text


# Faults

EXPIRED: Final = "Instance account is expired. Renew your instance from personal area"
AS_JSON: Final = "application/json"
AS_TEXT: Final = "text/plain"
AS_HTML: Final = "text/html"


@pytest.mark.parametrize(
    ("fault", "form"),
    [
        (Fault.UNAUTHORIZED, (401, AS_JSON, "^$")),
        (Fault.FORBIDDEN_HTML, (403, AS_HTML, "403 Forbidden")),
        (Fault.NOT_FOUND_HTML, (404, AS_HTML, "404 Not Found")),
        (Fault.RATE_LIMITED, (429, AS_JSON, "^$")),
        (Fault.RATE_LIMITED_RETRY_AFTER, (429, AS_JSON, "^$")),
        (Fault.RATE_LIMITED_UNTIL_DATE, (429, AS_JSON, "^$")),
        (Fault.EXPIRED_TEXT, (400, AS_TEXT, f"^{EXPIRED}$")),
        (Fault.EXPIRED_JSON, (400, AS_JSON, f'"message":"{EXPIRED}[.]"')),
        (Fault.EXPIRED_AS_HTML, (400, AS_HTML, f"^{EXPIRED}$")),
        (Fault.EXPIRED_200, (200, AS_JSON, f'"message":"{EXPIRED}"')),
        (Fault.EXPIRED_PAGE, (400, AS_HTML, "<p>.*instance account is expired.*</p>")),
        (Fault.DELETED, (400, AS_TEXT, "^Instance is deleted$")),
        (Fault.DELETED_STRING, (400, AS_JSON, '^"INSTANCE IS DELETED"$')),
        (Fault.DELETED_UTF_16, (400, AS_HTML, "^..I\0n\0s\0t\0a\0n\0c\0e\0 \0i\0s\0")),
        (Fault.STARTING, (400, AS_TEXT, "^instance in starting process try later$")),
        (
            Fault.STARTING_AS_HTML,
            (400, AS_HTML, "^Instance In Starting Process Try Later\r\n$"),
        ),
        (
            Fault.NOT_AUTHORIZED,
            (400, AS_TEXT, "^instance is starting or not authorized$"),
        ),
        (Fault.BAD_REQUEST, (400, AS_JSON, re.escape(TOKEN))),
        (Fault.QUOTA_466, (466, AS_JSON, "CORRESPONDENTS_QUOTE_EXCEEDED")),
        (Fault.LOOKUP_469, (469, AS_JSON, "User get contact info limit reached")),
        (Fault.CLIENT_CLOSED_499, (499, "", "^$")),
        (Fault.SERVER_ERROR, (500, AS_JSON, re.escape(TOKEN))),
        (Fault.BAD_GATEWAY, (502, AS_HTML, "502 Bad Gateway")),
        (Fault.UNAVAILABLE, (503, AS_HTML, "503 Service Temporarily Unavailable")),
        (Fault.GATEWAY_TIMEOUT, (504, AS_HTML, "504 Gateway Time-out")),
        (Fault.HTML_200, (200, AS_HTML, "^<html><body>Service page</body></html>$")),
        (Fault.EMPTY_200, (200, AS_JSON, "^$")),
        (Fault.NO_CONTENT_204, (204, "", "^$")),
        (Fault.NULL_200, (200, AS_JSON, "^null$")),
        (Fault.NOT_JSON, (200, AS_JSON, "^upstream connect error")),
        (Fault.WRONG_TYPE, (200, AS_JSON, r'^\["authorized"\]$')),
        (Fault.WRONG_FIELD_TYPE, (200, AS_JSON, r'^{"stateInstance":\[42\],')),
        (
            Fault.OTHER_NUMBER,
            (200, AS_JSON, '^{"reason":"Too many requests","leftTime":46}$'),
        ),
        (Fault.HUGE_NUMBERS, (200, AS_JSON, '^{"stateInstance":"authorized"}$')),
        (Fault.MISSING_FIELD, (200, AS_JSON, "^{}$")),
        (Fault.DEEP_JSON, (200, AS_JSON, r"^\[{200000}$")),
        (Fault.WRONG_CHARSET, (200, f"{AS_JSON}; charset=klingon", "\ufffd")),
        (Fault.WRONG_CONTENT_TYPE, (200, AS_TEXT, '^{"stateInstance":"authorized"}$')),
        (Fault.REDIRECT_OTHER_HOST, (302, "", "^$")),
        (Fault.REDIRECT_LOOP, (302, "", "^$")),
    ],
)
async def test_faulty_answer(
    call_api: ApiCall, account: Account, fault: Fault, form: tuple[int, str, str]
) -> None:
    """Each fault has its response, and is over when it is removed."""
    status, content_type, text = form
    account.fault = fault
    reply = await call_api("getStateInstance")
    assert reply.status == status
    assert reply.headers.get("Content-Type", "").startswith(content_type)
    assert re.search(text, reply.text)
    account.fault = None
    assert (await call_api("getSettings")).status == 200


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.NOT_HTTP, aiohttp.ClientResponseError),
        (Fault.HUGE_HEADER, aiohttp.ClientResponseError),
        (Fault.RESET_BEFORE_HEADERS, aiohttp.ClientOSError),
        (Fault.RESET_AFTER_HEADERS, aiohttp.ClientPayloadError),
        (Fault.TRUNCATED_BODY, aiohttp.ClientPayloadError),
    ],
)
async def test_broken_connection(
    simulator: Simulator,
    account: Account,
    session: aiohttp.ClientSession,
    fault: Fault,
    error: type[Exception],
) -> None:
    """Each of these faults breaks the connection in its own way."""
    account.fault = fault
    url = address(simulator)
    with pytest.raises(error):
        async with session.get(url) as response:
            await response.read()


@pytest.mark.parametrize(
    ("fault", "headers"),
    [
        (Fault.ENDLESS_BODY, {"Transfer-Encoding": "chunked"}),
        (Fault.HUGE_BODY, {"Content-Length": str(48 * 1024 * 1024 + 117)}),
        (Fault.GZIP_BOMB, {"Content-Encoding": "gzip"}),
        (Fault.SLOW_DRIP, {"Content-Length": "117"}),
    ],
)
async def test_stream(
    simulator: Simulator,
    account: Account,
    session: aiohttp.ClientSession,
    fault: Fault,
    headers: dict[str, str],
) -> None:
    """These responses begin correctly, and end when the client disconnects."""
    before = asyncio.all_tasks()
    account.fault = fault
    async with session.get(address(simulator)) as response:
        assert response.status == 200
        assert headers.items() <= response.headers.items()
        assert len(await response.content.readexactly(1)) == 1
    await session.close()
    await until(lambda: asyncio.all_tasks() <= before)


async def test_bomb(
    simulator: Simulator, account: Account, session: aiohttp.ClientSession
) -> None:
    """The bomb is small, and a valid response once decompressed."""
    account.fault = Fault.GZIP_BOMB
    packed = await read_all(session, address(simulator))
    assert len(packed) < 256 * 1024
    unpacked = zlib.decompress(packed, 31)
    assert len(unpacked) > 64 * 1024 * 1024
    assert unpacked.startswith(b'{"stateInstance":"authorized",')
    assert unpacked.endswith(b"  }")


async def test_hang_ends_with_the_client(
    simulator: Simulator, account: Account, session: aiohttp.ClientSession
) -> None:
    """A request that hangs ends when the client disconnects."""
    before = asyncio.all_tasks()
    account.fault = Fault.HANG
    client = asyncio.create_task(read_all(session, address(simulator)))
    await until(lambda: account.requests)
    client.cancel()
    await until(lambda: asyncio.all_tasks() <= before)


@pytest.mark.usefixtures("freezer")
@pytest.mark.parametrize("fault", [Fault.HANG, Fault.ENDLESS_BODY, Fault.SLOW_DRIP])
async def test_stop_ends_everything(
    simulator: Simulator,
    account: Account,
    session: aiohttp.ClientSession,
    fault: Fault,
) -> None:
    """Stopping drops the connections; the server can restart on the same port."""
    before = asyncio.all_tasks()
    account.fault = fault
    url = address(simulator)
    client = asyncio.create_task(read_all(session, url))
    await until(lambda: account.requests)
    await simulator.stop()
    with pytest.raises(aiohttp.ClientError):
        await client
    assert asyncio.all_tasks() <= before
    with pytest.raises(aiohttp.ClientConnectorError):
        await fetch(session, url)

    account.fault = None
    await simulator.start(simulator.port)
    assert (await fetch(session, address(simulator, "reboot"))).status == 200


async def read_all(session: aiohttp.ClientSession, url: str) -> bytes:
    """Return a response's whole body."""
    async with session.get(url) as response:
        return await response.read()


def test_every_fault_is_tested() -> None:
    """Every fault is either a response or a broken connection."""
    assert ANSWERS.keys() | BREAKAGES.keys() == set(Fault)
    assert not ANSWERS.keys() & BREAKAGES.keys()


async def test_retry_after(call_api: ApiCall, account: Account) -> None:
    """The server may send `Retry-After`, in seconds or as a date."""
    account.fault = Fault.RATE_LIMITED_RETRY_AFTER
    assert (await call_api("getStateInstance")).headers["Retry-After"] == "30"
    account.retry_after = "Fri, 31 Dec 2027 23:59:59 GMT"
    reply = await call_api("getStateInstance")
    assert reply.headers["Retry-After"] == account.retry_after
    assert reply.limit == ("0", "1")


async def test_retry_after_as_a_date(
    call_api: ApiCall, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """The server may send `Retry-After` as a date of its own clock."""
    freezer.move_to("2026-10-21 07:00:00")
    account.fault = Fault.RATE_LIMITED_UNTIL_DATE
    reply = await call_api("getStateInstance")
    assert reply.headers["Date"] == "Wed, 21 Oct 2026 07:00:00 GMT"
    assert reply.headers["Retry-After"] == "Wed, 21 Oct 2026 07:00:30 GMT"


async def test_huge_numbers(call_api: ApiCall, account: Account) -> None:
    """All numbers of a response are huge, and nothing else is changed."""
    account.suspended_until = 1800000000
    account.fault = Fault.HUGE_NUMBERS
    assert (await call_api("getMessagesCount")).json == {"count": 10**300}
    settings = (await call_api("getWaSettings")).json
    assert settings["suspendedUntil"] == 10**300
    assert settings["stateInstance"] == "authorized"


async def test_fault_of_one_method(call_api: ApiCall, account: Account) -> None:
    """A method's own fault, or None, has priority over that of the account."""
    account.fault = Fault.BAD_GATEWAY
    account.faults = {"reboot": Fault.UNAVAILABLE, "qr": None}
    assert (await call_api("getStateInstance")).status == 502
    assert (await call_api("Reboot")).status == 503
    assert (await call_api("qr")).status == 200


async def test_redirect_to_another_host(
    simulator: Simulator, account: Account, session: aiohttp.ClientSession
) -> None:
    """Followed redirects are counted, and do not contain the token."""
    account.fault = Fault.REDIRECT_OTHER_HOST
    reply = await fetch(session, address(simulator))
    target = URL(reply.headers["Location"])
    assert target == URL(f"http://localhost:{simulator.port}/elsewhere/{INSTANCE_ID}")
    assert account.redirects_followed == 0
    assert (await fetch(session, str(target.with_host("127.0.0.1")))).status == 200
    assert account.redirects_followed == 1


async def test_redirect_loop(
    simulator: Simulator, account: Account, session: aiohttp.ClientSession
) -> None:
    """A client that follows is redirected until it gives up."""
    account.fault = Fault.REDIRECT_LOOP
    with pytest.raises(aiohttp.TooManyRedirects):
        await read_all(session, address(simulator))
    assert len(account.requests) > 1


# The account and the server


async def test_requests(
    call_api: ApiCall, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """Every request is recorded, answered or not, without its token."""
    await call_api("GETSTATEINSTANCE")
    freezer.tick(0.5)
    await call_api("getStateInstance", token="no")
    account.fault = Fault.BAD_GATEWAY
    await call_api("getAuthorizationCode", verb="POST", content=PHONE)
    await call_api("getNothing", verb="DELETE")
    first, *later = account.requests
    assert first == Request("getStateInstance", "GET", first.at)
    assert [(it.method, it.verb, it.body) for it in later] == [
        ("getStateInstance", "GET", None),
        ("getAuthorizationCode", "POST", PHONE),
        ("getNothing", "DELETE", None),
    ]
    assert [it.at for it in later] == pytest.approx([first.at + 0.5] * 3)
    assert TOKEN not in repr(account.requests)


async def test_request_with_a_body_that_is_not_json(
    simulator: Simulator, account: Account, session: aiohttp.ClientSession
) -> None:
    """A body that cannot be parsed is recorded as text."""
    url = address(simulator, "getAuthorizationCode")
    reply = await fetch(session, url, verb="POST", data=b"\xff{")
    assert reply.status == 400
    assert account.requests[-1].body == "\ufffd{"


async def test_accounts(
    call_api: ApiCall, simulator: Simulator, account: Account
) -> None:
    """Accounts are added and removed; their pools are still served."""
    assert dict(simulator.accounts) == {INSTANCE_ID: account}
    simulator.remove_account(INSTANCE_ID)
    assert not simulator.accounts
    assert (await call_api("getStateInstance")).status == 401


async def test_stop_without_start() -> None:
    """A server that was never started can be stopped."""
    await Simulator().stop()


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    "path", ["/", "/control/accounts", "/waInstance1101000001/qr/x"]
)
async def test_foreign_host(
    simulator: Simulator, session: aiohttp.ClientSession, path: str
) -> None:
    """Requests to other host names than those of loopback are refused."""
    reply = await fetch(
        session, simulator.url + path, headers={"Host": "green-api.example"}
    )
    assert (reply.status, reply.text) == (403, FORBIDDEN)


async def test_token_stays_out_of_logs(
    call_api: ApiCall, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """The token is neither logged nor printed."""
    caplog.set_level(logging.DEBUG)
    await call_api("getStateInstance")
    await call_api("nowhere")
    account.fault = Fault.SERVER_ERROR
    await call_api("reboot")
    assert TOKEN not in caplog.text
    assert repr(account) == f"<Account {INSTANCE_ID} authorized>"


# The control page


@pytest.mark.usefixtures("account")
async def test_page(simulator: Simulator, session: aiohttp.ClientSession) -> None:
    """The page loads nothing from elsewhere, and does not contain the token."""
    reply = await fetch(session, simulator.url)
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    assert reply.text.startswith("<!doctype html>")
    assert TOKEN not in reply.text


async def test_no_page_by_default(session: aiohttp.ClientSession) -> None:
    """There is no control page by default, like on the vendor's servers."""
    simulator = Simulator()
    await simulator.start()
    assert (await fetch(session, simulator.url)).status == 404
    assert (await fetch(session, f"{simulator.url}/control/accounts")).status == 404
    await simulator.stop()


async def test_accounts_shown(
    call_api: ApiCall,
    call_control: ApiCall,
    account: Account,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Everything about an account is shown, and its token, to add it again."""
    account.boot_seconds = math.inf
    account.faults = {"reboot": Fault.HANG}
    await call_api("getStateInstance")
    freezer.tick(5)
    reply = await call_control()
    shown = reply.json
    assert isinstance(shown, dict)
    faults = shown["choices"]["faults"]
    assert [*faults["Answers"], *faults["Connection"]] == [*Fault]
    assert shown["accounts"] == [
        {
            "instance_id": INSTANCE_ID,
            "token": TOKEN,
            "state": "authorized",
            "messenger": "whatsapp",
            "linked": True,
            "fault": None,
            "faults": {"reboot": "hang"},
            "suspended_until": None,
            "reports_statuses": False,
            "journal_lag": 0.0,
            "delivery_seconds": 0.0,
            "queue": 0,
            "on_free_plan": False,
            "empty_lists": 0,
            "messages": [],
            "queue_stuck": False,
            "webhooks": 0,
            "receives_messages": False,
            "receives_votes": False,
            "has_webhook": False,
            "people": [
                {"id": it.chat_id, "name": it.name}
                for it in CONTACTS[Messenger.WHATSAPP]
            ],
            "passkey": False,
            "cloud_password": None,
            "reboot_accepted": True,
            "boot_seconds": None,
            "link_seconds": 3.0,
            "qr_life": 0.0,
            "code_life": 0.0,
            "sent_code": None,
            "request_count": 1,
            "requests": [
                {"method": "getStateInstance", "verb": "GET", "ago": pytest.approx(5)}
            ],
        }
    ]


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("state", "blocked", "blocked"),
        ("state", None, None),
        ("messenger", "v3", Messenger.MAX),
        ("token", "2" * 50, "2" * 50),
        ("fault", "hang", Fault.HANG),
        ("fault", None, None),
        (
            "faults",
            {"qr": "deleted", "reboot": None},
            {"qr": Fault.DELETED, "reboot": None},
        ),
        ("suspended_until", 1790000000, 1790000000),
        ("suspended_until", None, None),
        ("reports_statuses", True, True),
        ("journal_lag", 5, 5.0),
        ("delivery_seconds", None, math.inf),
        ("queue", 7, 7),
        ("on_free_plan", True, True),
        ("empty_lists", 2, 2),
        ("queue_stuck", True, True),
        ("webhooks", 7, 7),
        ("passkey", True, True),
        ("cloud_password", "open sesame", "open sesame"),
        ("cloud_password", None, None),
        ("reboot_accepted", False, False),
        ("boot_seconds", 5, 5.0),
        ("boot_seconds", None, math.inf),
        ("link_seconds", 0, 0.0),
    ],
)
async def test_change(
    call_control: ApiCall, account: Account, name: str, value: object, kept: object
) -> None:
    """Settings can be changed, including the token."""
    reply = await call_control(f"/{INSTANCE_ID}", verb="PATCH", content={name: value})
    assert reply.status == 200
    assert getattr(account, name) == kept


@pytest.mark.parametrize(
    "change",
    [
        {"state": 5},
        {"state": ""},
        {"messenger": "icq"},
        {"fault": "bad_luck"},
        {"faults": ["hang"]},
        {"queue": -1},
        {"queue": True},
        {"reports_statuses": "yes"},
        {"boot_seconds": "long"},
        {"passkey": "yes"},
        {"cloud_password": ""},
        {"requests": []},
    ],
)
async def test_refused_change(
    call_control: ApiCall, account: Account, change: dict[str, object]
) -> None:
    """An invalid setting changes nothing at all."""
    reply = await call_control(
        f"/{INSTANCE_ID}", verb="PATCH", content={"state": "blocked", **change}
    )
    assert reply.status == 400
    assert account.state == "authorized"


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b'{"state":"blocked"}', "text/plain", 415),
        (b"{", "application/json", 400),
        (b'["state"]', "application/json", 400),
    ],
)
async def test_refused_content(
    simulator: Simulator,
    session: aiohttp.ClientSession,
    data: bytes,
    content_type: str,
    status: int,
) -> None:
    """The content must be a JSON object, which other sites cannot send."""
    reply = await fetch(
        session,
        f"{simulator.url}/control/accounts/{INSTANCE_ID}",
        verb="PATCH",
        data=data,
        headers={"Content-Type": content_type},
    )
    assert reply.status == status


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("path", "verb"),
    [("/7", "PATCH"), ("/7/scan", "POST"), (f"/{INSTANCE_ID}/explode", "POST")],
)
async def test_control_that_is_not_there(
    call_control: ApiCall, path: str, verb: str
) -> None:
    """Unknown accounts and actions are status 404."""
    assert (await call_control(path, verb=verb, content={})).status == 404


async def test_scan_and_code(
    call_api: ApiCall, call_control: ApiCall, account: Account
) -> None:
    """The page scans QR codes and enters codes like a phone."""

    async def act(action: str, **content: object) -> object:
        reply = await call_control(
            f"/{INSTANCE_ID}/{action}", verb="POST", content=content
        )
        assert isinstance(reply.json, dict)
        return reply.json["accepted"]

    account.link_seconds = 0
    assert await act("logout")
    assert not await act("scan")
    await call_qr(call_api)
    assert await act("scan")
    assert account.state == "authorized"

    account.state = "notAuthorized"
    await call_authorization_code(call_api)
    assert not await act("enter_code", code="AAAA-AAAA")
    assert await act("enter_code", code=account.code)
    assert account.state == "authorized"

    assert await act("reboot")
    assert account.state == "starting"


@pytest.mark.usefixtures("account")
async def test_code_that_is_none(call_control: ApiCall) -> None:
    """A code that is not a text is refused."""
    reply = await call_control(f"/{INSTANCE_ID}/enter_code", verb="POST", content={})
    assert reply.status == 400


# The command


@pytest.fixture
async def command() -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run the simulator as a command."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.simulator", "--port", "0"),
        *("--instance", "1101000001", "--instance", "3100000001", "--messenger", "v3"),
        env=os.environ | {"GREEN_API_SIMULATOR_TOKEN": TOKEN},
        stdout=asyncio.subprocess.PIPE,
    )
    yield process
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0


async def test_command(
    command: asyncio.subprocess.Process, session: aiohttp.ClientSession
) -> None:
    """The command prints its address, not the token, and exits cleanly."""
    assert command.stdout is not None
    line = (await command.stdout.readline()).decode()
    assert TOKEN not in line
    url = line.split()[-1]
    reply = await fetch(session, f"{url}/waInstance3100000001/getSettings/{TOKEN}")
    assert isinstance(reply.json, dict)
    assert reply.json["typeInstance"] == "v3"
