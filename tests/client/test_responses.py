"""Test parsing responses."""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
import json
import struct
import time
from typing import Final
from urllib.parse import quote

import pytest

from custom_components.green_api.api import (
    AccountState,
    BadResponseError,
    CannotConnectError,
    GreenApiClient,
    GreenApiError,
    InstanceDeletedError,
    InstanceExpiredError,
    InstanceStartingError,
    InstanceState,
    InvalidCredentialsError,
    Messenger,
    QrKind,
    QrResponse,
    RateLimitedError,
    Settings,
    WrongAddressError,
)
from custom_components.green_api.api.methods import MAX_BODY_BYTES
from tests.simulator import Account
from tests.support.canned import CannedServer
from tests.support.clients import METHODS, SENDS, result_or_error
from tests.support.const import TOKEN

pytestmark = pytest.mark.long(5)

ENCODED_TOKEN: Final = quote(TOKEN, safe="")

NO_SETTINGS: Final = Settings(
    messenger=Messenger.WHATSAPP,
    wid="",
    has_webhook=False,
    receives_messages=False,
    receives_votes=False,
    uses_lids=False,
    state_webhook=False,
    reports_statuses=False,
    message_delay=None,
)


def png(width: int, height: int) -> bytes:
    """Return the beginning of a PNG, up to its size in pixels."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack("!I4s2I", 13, b"IHDR", width, height)


def qr_code(width: int, height: int) -> str:
    """Return a response with a QR code of this size in pixels."""
    image = base64.b64encode(png(width, height)).decode()
    return json.dumps({"type": "qrCode", "message": image})


@pytest.mark.parametrize("method", METHODS)
async def test_documented_response(
    canned: CannedServer, canned_client: GreenApiClient, method: str
) -> None:
    """A documented response is parsed."""
    canned.respond(200, json.dumps(METHODS[method].answer))
    assert (
        await result_or_error(METHODS[method].call(canned_client))
        == METHODS[method].result
    )


@pytest.mark.parametrize(
    ("method", "body", "expected"),
    [
        ("getStateInstance", "null", AccountState(None)),
        ("getStateInstance", '{"stateInstance":null}', AccountState(None)),
        (
            "getStateInstance",
            '{"stateInstance":"someFutureState"}',
            AccountState("someFutureState"),
        ),
        (
            "getStateInstance",
            json.dumps({"stateInstance": "x" * 65}),
            AccountState("x" * 64),
        ),
        (
            "getStateInstance",
            r'{"stateInstance":"half a sign: \ud83d"}',
            AccountState("half a sign: ?"),
        ),
        (
            "getStateInstance",
            json.dumps({"stateInstance": f"unknown token {TOKEN}"}),
            BadResponseError,
        ),
        (
            "getStateInstance",
            json.dumps({"stateInstance": f"/{ENCODED_TOKEN}/"}),
            BadResponseError,
        ),
        ("getStateInstance", '{"stateInstance":""}', BadResponseError),
        ("getStateInstance", '{"stateInstance":0}', BadResponseError),
        ("getStateInstance", '{"stateInstance":["authorized"]}', BadResponseError),
        ("getStateInstance", '"authorized"', BadResponseError),
        ("getStateInstance", '{"statusInstance":"online"}', BadResponseError),
        (
            "getStateInstance",
            '{"code":401,"description":"Unauthorized"}',
            BadResponseError,
        ),
        (
            "getStateInstance",
            '{"stateInstance":"authorized"',
            BadResponseError,
        ),
        (
            "getSettings",
            json.dumps(
                {
                    "wid": "79001234567@c.us",
                    "typeInstance": "whatsapp",
                    "webhookUrl": "https://example.com/hook",
                    "webhookUrlToken": "Bearer secret",
                    "delaySendMessagesMilliseconds": 3000,
                    "stateWebhook": "yes",
                    "outgoingWebhook": "yes",
                    "linkPreview": True,
                }
            ),
            Settings(
                messenger=Messenger.WHATSAPP,
                wid="79001234567@c.us",
                has_webhook=True,
                receives_messages=False,
                receives_votes=False,
                uses_lids=False,
                state_webhook=True,
                reports_statuses=True,
                message_delay=3.0,
            ),
        ),
        (
            "getSettings",
            '{"wid":"","webhookUrl":null,"stateWebhook":"no","typeInstance":"v3"}',
            replace(NO_SETTINGS, messenger=Messenger.MAX),
        ),
        (
            "getSettings",
            '{"typeInstance":"telegram"}',
            replace(NO_SETTINGS, messenger=Messenger.TELEGRAM),
        ),
        (
            "getSettings",
            '{"wid":"","delaySendMessagesMilliseconds":500}',
            replace(NO_SETTINGS, message_delay=0.5),
        ),
        (
            "getSettings",
            '{"wid":"","delaySendMessagesMilliseconds":"500"}',
            NO_SETTINGS,
        ),
        ("getSettings", '{"typeInstance":"pigeon"}', NO_SETTINGS),
        (
            "getSettings",
            json.dumps(
                {
                    "webhookUrl": " ",
                    "incomingWebhook": "yes",
                    "pollMessageWebhook": "yes",
                    "enableLidMode": "yes",
                }
            ),
            replace(
                NO_SETTINGS,
                receives_messages=True,
                receives_votes=True,
                uses_lids=True,
            ),
        ),
        (
            "getSettings",
            '{"webhookUrl":["x"],"incomingWebhook":1,"enableLidMode":"no"}',
            NO_SETTINGS,
        ),
        # The vendor's pages and clients disagree about the type of some settings.
        (
            "getSettings",
            '{"webhookUrl":"","incomingWebhook":"Yes","enableLidMode":true}',
            replace(NO_SETTINGS, receives_messages=True, uses_lids=True),
        ),
        (
            "getSettings",
            '{"webhookUrl":"","incomingWebhook":"true","enableLidMode":false}',
            replace(NO_SETTINGS, receives_messages=True),
        ),
        ("getSettings", '{"typeInstance":["v3"],"stateWebhook":null}', NO_SETTINGS),
        ("getSettings", "{}", BadResponseError),
        ("getSettings", "null", BadResponseError),
        ("checkAccount", '{"exist":true,"chatId":10000000}', ("10000000",)),
        # A phone number would be taken for the ID of another person.
        (
            "checkAccount",
            '{"exist":true,"chatId":"10000000","phoneNumber":"79001234567"}',
            ("10000000",),
        ),
        ("checkAccount", '{"exist":true,"phoneNumber":79001234567}', ()),
        ("getWaSettings", '{"avatar":"","phone":"","deviceId":""}', None),
        ("getWaSettings", '{"suspendedUntil":null}', None),
        ("getWaSettings", '{"suspendedUntil":0}', None),
        ("getWaSettings", '{"suspendedUntil":-1}', None),
        ("getWaSettings", '{"suspendedUntil":true}', None),
        ("getWaSettings", '{"suspendedUntil":"1790000000"}', None),
        ("getWaSettings", '{"suspendedUntil":99999999999999999999}', None),
        ("getWaSettings", '{"suspendedUntil":999999999999}', None),
        ("getWaSettings", '{"suspendedUntil":253402300799}', None),
        (
            "getWaSettings",
            '{"suspendedUntil":1790000000}',
            datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC),
        ),
        ("getWaSettings", '{"suspendedUntil":1790000000.5}', None),
        ("getWaSettings", '{"suspendedUntil":' + "9" * 300 + "}", None),
        ("getWaSettings", "{}", BadResponseError),
        ("getWaSettings", "[]", BadResponseError),
        ("getMessagesCount", '{"count":0}', 0),
        ("getMessagesCount", '{"count":7,"other":3}', 7),
        ("getMessagesCount", '{"other":3,"count":7}', 7),
        ("getMessagesCount", '{"\u0441ount":3}', 3),
        ("getMessagesCount", '{"\ufffdount":"x","ok":true,"\u0441ount":3}', 3),
        ("getMessagesCount", '{"\u00d1\u0081\u00d0\u00beunt":3}', 3),
        ("getMessagesCount", '{"Count":3}', 3),
        ("getMessagesCount", '{"leftTime":46,"count":3}', 3),
        (
            "getMessagesCount",
            '{"reason":"Too many requests","leftTime":46}',
            BadResponseError,
        ),
        ("getMessagesCount", '{"other":3}', BadResponseError),
        ("getMessagesCount", '{"account":3}', BadResponseError),
        ("getMessagesCount", f'{{"count":{2**53 - 1}}}', 2**53 - 1),
        ("getMessagesCount", f'{{"count":{2**53}}}', BadResponseError),
        ("getMessagesCount", '{"count":' + "9" * 300 + "}", BadResponseError),
        ("getMessagesCount", '{"count":true}', BadResponseError),
        ("getMessagesCount", '{"count":-1}', BadResponseError),
        ("getMessagesCount", '{"count":1.5}', BadResponseError),
        ("getMessagesCount", '{"count":NaN}', BadResponseError),
        ("getMessagesCount", '{"count":' + "9" * 5000 + "}", BadResponseError),
        ("getMessagesCount", "{}", BadResponseError),
        ("getMessagesCount", "3", BadResponseError),
        ("showMessagesQueue", "[]", frozenset()),
        ("showMessagesQueue", '["BAE5F4886F6F2D05"]', BadResponseError),
        ("showMessagesQueue", "{}", BadResponseError),
        ("showMessagesQueue", "null", BadResponseError),
        ("showMessagesQueue", f'"{"x" * MAX_BODY_BYTES}"', BadResponseError),
        ("clearMessagesQueue", '{"isCleared":true}', True),
        ("clearMessagesQueue", '{"isCleared":false,"reason":"busy"}', False),
        ("clearMessagesQueue", '{"isCleared":"true"}', BadResponseError),
        ("clearMessagesQueue", "[]", BadResponseError),
        ("reboot", '{"isReboot":true}', True),
        ("reboot", '{"isReboot":false}', False),
        ("reboot", '{"isReboot":"true"}', BadResponseError),
        ("reboot", '{"isReboot":1}', BadResponseError),
        ("reboot", "true", BadResponseError),
        ("qr", qr_code(1, 1), QrResponse(QrKind.QR_CODE, png(1, 1))),
        (
            "qr",
            '{"type":"alreadyLogged","message":"instance account already authorized"}',
            QrResponse(QrKind.ALREADY_LOGGED),
        ),
        (
            "qr",
            '{"type":"error","message":"Instance has auth. You need to make log out"}',
            QrResponse(QrKind.ERROR),
        ),
        (
            "qr",
            '{"type":"passkeyRequired","message":""}',
            QrResponse(QrKind.PASSKEY_REQUIRED),
        ),
        ("qr", '{"type":"PassKeyRequire"}', QrResponse(QrKind.PASSKEY_REQUIRED)),
        (
            "qr",
            '{"type":"already_registered","message":""}',
            QrResponse(QrKind.ALREADY_REGISTERED),
        ),
        (
            "qr",
            '{"type":"pending_password","message":""}',
            QrResponse(QrKind.PENDING_PASSWORD),
        ),
        (
            "qr",
            '{"type":"pendingPassword","message":"2FA password required"}',
            QrResponse(QrKind.PENDING_PASSWORD),
        ),
        ("qr", qr_code(4096, 4096), QrResponse(QrKind.QR_CODE, png(4096, 4096))),
        ("qr", qr_code(1, 1).replace('"}', '!"}'), BadResponseError),
        ("qr", qr_code(4097, 1), BadResponseError),
        ("qr", qr_code(1, 4097), BadResponseError),
        ("qr", qr_code(0, 1), BadResponseError),
        ("qr", qr_code(1, 0), BadResponseError),
        ("qr", '{"type":"qrCode","message":""}', BadResponseError),
        ("qr", '{"type":"qrCode","message":"R0lGODlhAQABAAAAACw="}', BadResponseError),
        ("qr", '{"type":"qrCode","message":"iVBORw0KGgo!"}', BadResponseError),
        ("qr", '{"type":"qrCode","message":"\u0441"}', BadResponseError),
        ("qr", '{"type":"qrCode"}', BadResponseError),
        ("qr", '{"type":"hologram","message":""}', BadResponseError),
        ("qr", '{"message":""}', BadResponseError),
        ("getAuthorizationCode", '{"status":true,"code":"GAPI2015"}', "GAPI2015"),
        ("getAuthorizationCode", "null", None),
        ("getAuthorizationCode", '{"status":false,"code":""}', BadResponseError),
        ("getAuthorizationCode", '{"status":1,"code":"GAPI2015"}', BadResponseError),
        ("getAuthorizationCode", '{"status":true,"code":""}', BadResponseError),
        ("getAuthorizationCode", '{"status":true,"code":"<b>"}', BadResponseError),
        ("getAuthorizationCode", '{"status":true,"code":20152015}', BadResponseError),
        (
            "getAuthorizationCode",
            json.dumps({"status": True, "code": "A" * 65}),
            BadResponseError,
        ),
        ("getAuthorizationCode", '{"status":true}', BadResponseError),
    ],
)
async def test_response(
    canned: CannedServer,
    canned_client: GreenApiClient,
    method: str,
    body: str,
    expected: object,
) -> None:
    """A response is parsed as documented, or is an error."""
    canned.respond(200, body)
    result = await result_or_error(METHODS[method].call(canned_client))
    assert result == expected
    assert type(result) is type(expected)


type Message = dict[str, object]

TEXT: Final[Message] = {"chatId": "79001234568@c.us", "message": "Hi"}
OLD: Final[Message] = {"typeMessage": "textMessage"} | TEXT


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"messageID": "A"}, {"messageID": "B"}),
        ({"messageID": "A", "body": TEXT}, {"messageID": "B", "body": TEXT}),
        ({"messageID": "A"}, {"messagesIDs": ["A", "B"]}),
        ({"messagesIDs": ["A", "B"]}, {"messagesIDs": ["A", "C"]}),
        ({"messageID": "", "body": TEXT}, {"messageID": "A", "body": TEXT}),
        ({"messageID": 1}, {"messageID": 2}),
        ({"idMessage": "A"}, {"idMessage": "B"}),
        # Without an ID, the text and the chat are compared.
        (OLD, OLD | {"message": "Hello"}),
        (OLD, OLD | {"chatId": "79001234569@c.us"}),
        ({"body": TEXT}, {"body": TEXT | {"message": "Hello"}}),
        ({"body": TEXT | {"fileName": "a"}}, {"body": TEXT | {"fileName": "b"}}),
        (OLD, {}),
    ],
)
async def test_waiting_messages_differ(
    canned: CannedServer, canned_client: GreenApiClient, one: Message, other: Message
) -> None:
    """Two waiting messages are distinguished, in either order."""
    canned.respond(200, json.dumps([one, other]))
    both = await canned_client.get_waiting_messages()
    canned.respond(200, json.dumps([other, one]))
    assert await canned_client.get_waiting_messages() == both
    canned.respond(200, json.dumps([one]))
    assert len(both) == 2
    assert len(both & await canned_client.get_waiting_messages()) == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"messageID": "A"}, {"messageID": "A", "status": "sending"}),
        ({"messageID": "A", "type": "x"}, {"messageID": "A", "type": "y"}),
        (
            {"messageID": "A", "body": TEXT},
            {"messageID": "A", "body": TEXT | {"message": "Hi!", "attempts": 3}},
        ),
        ({"messageID": 1}, {"messageID": "1"}),
        ({"messagesIDs": ["A", "B"]}, {"messagesIDs": ["B", "A"]}),
        (OLD, OLD | {"attempts": 3, "typeMessage": "extendedTextMessage"}),
        (OLD | {"timestamp": 1}, OLD | {"timestamp": 2}),
        ({"body": TEXT}, {"body": TEXT | {"linkPreview": True}, "type": "text"}),
    ],
)
async def test_waiting_message_stays(
    canned: CannedServer, canned_client: GreenApiClient, before: Message, after: Message
) -> None:
    """A waiting message is recognized even if other fields change."""
    canned.respond(200, json.dumps([before]))
    known = await canned_client.get_waiting_messages()
    canned.respond(200, json.dumps([after]))
    assert await canned_client.get_waiting_messages() == known


async def test_waiting_messages_alike(
    canned: CannedServer, canned_client: GreenApiClient
) -> None:
    """Equal messages without an ID are all counted, with an ID only once."""
    canned.respond(200, json.dumps([OLD, OLD, OLD]))
    three = await canned_client.get_waiting_messages()
    canned.respond(200, json.dumps([OLD, OLD]))
    assert await canned_client.get_waiting_messages() < three
    assert len(three) == 3
    canned.respond(200, json.dumps([{"messageID": "A"}, {"messageID": "A"}]))
    assert len(await canned_client.get_waiting_messages()) == 1


async def test_waiting_messages_of_odd_ids(
    canned: CannedServer, canned_client: GreenApiClient
) -> None:
    """A list of objects is parsed, whatever the type of the ID is."""
    odd = [{"messageID": it} for it in ({"a": []}, [[]], True, 1e400, [None], -1)]
    canned.respond(200, json.dumps([*odd, {"body": {"message": {}, "chatId": []}}]))
    assert len(await canned_client.get_waiting_messages()) == 7


@pytest.mark.parametrize(
    ("raw", "known"),
    [
        ("authorized", InstanceState.AUTHORIZED),
        ("notAuthorized", InstanceState.NOT_AUTHORIZED),
        ("starting", InstanceState.STARTING),
        ("blocked", InstanceState.BLOCKED),
        ("suspended", InstanceState.SUSPENDED),
        ("yellowCard", InstanceState.YELLOW_CARD),
        ("sleepMode", InstanceState.SLEEP_MODE),
        ("pendingPassword", InstanceState.PENDING_PASSWORD),
        ("pendingCode", InstanceState.PENDING_CODE),
        (None, None),
        ("someFutureState", None),
        ("Authorized", None),
    ],
)
async def test_state(
    client: GreenApiClient, account: Account, raw: str | None, known: object
) -> None:
    """The raw state is kept, whether it is known or not."""
    account.state = raw
    state = await client.get_state()
    assert state == AccountState(raw)
    assert state.known is known


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ((401, ""), InvalidCredentialsError),
        ((401, "<html>401</html>", "text/html"), InvalidCredentialsError),
        ((403, "<html>403</html>", "text/html"), WrongAddressError),
        ((403, ""), WrongAddressError),
        ((404, ""), WrongAddressError),
        ((408, ""), CannotConnectError),
        ((429, ""), RateLimitedError),
        ((429, "<html>429</html>", "text/html"), RateLimitedError),
        ((400, "instance in starting process try later"), InstanceStartingError),
        ((400, "instance is starting or not authorized"), InstanceStartingError),
        ((400, "instance account not authorized"), InstanceStartingError),
        (
            (400, '{"message":"instance is starting or not authorized"}'),
            InstanceStartingError,
        ),
        (
            (
                400,
                "Instance account is expired. Renew your instance from personal area",
            ),
            InstanceExpiredError,
        ),
        (
            (400, f'{{"path":"{TOKEN}","message":"Instance account is expired."}}'),
            InstanceExpiredError,
        ),
        ((400, "Instance is deleted", "text/plain"), InstanceDeletedError),
        ((400, "INSTANCE IS DELETED", "text/plain"), InstanceDeletedError),
        ((401, "Instance is deleted"), InstanceDeletedError),
        ((500, "Instance is deleted"), InstanceDeletedError),
        ((200, "Instance is deleted"), InstanceDeletedError),
        ((200, "<html>Instance is deleted</html>"), WrongAddressError),
        ((400, "Help <html>Instance is deleted</html>"), WrongAddressError),
        ((401, "<html>Instance is deleted</html>"), InvalidCredentialsError),
        ((400, "<p>Instance is deleted</p>"), WrongAddressError),
        ((400, "bad request data"), BadResponseError),
        ((400, "bad request data", "text/html"), BadResponseError),
        ((400, f'{{"path":"{TOKEN}","message":"Not valid"}}'), BadResponseError),
        ((400, ""), BadResponseError),
        ((402, ""), BadResponseError),
        ((466, '{"invokeStatus":{}}'), BadResponseError),
        ((469, '{"reason":"limit reached"}'), BadResponseError),
        ((499, ""), CannotConnectError),
        ((500, '{"statusCode":500}'), CannotConnectError),
        ((502, "<html>502</html>", "text/html"), CannotConnectError),
        ((599, ""), CannotConnectError),
        ((200, "<html>Service page</html>", "text/html"), WrongAddressError),
        ((200, " \r\n<!DOCTYPE html>"), WrongAddressError),
        ((200, ""), BadResponseError),
        ((201, '{"isReboot":true}'), BadResponseError),
        ((204, ""), BadResponseError),
        ((301, ""), WrongAddressError),
        ((304, ""), WrongAddressError),
        ((999, ""), BadResponseError),
    ],
)
async def test_error(
    canned: CannedServer,
    canned_client: GreenApiClient,
    response: tuple[int, str, *tuple[str, ...]],
    expected: type[GreenApiError],
) -> None:
    """An error is recognized by the vendor's text, or else by the status."""
    canned.respond(*response)
    assert await result_or_error(canned_client.reboot()) is expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Instance account is expired", InstanceExpiredError),
        ("instance is expired", InstanceExpiredError),
        ("Instance expired", InstanceExpiredError),
        ("Your instance account has expired!", InstanceExpiredError),
        ("INSTANCE_EXPIRED", InstanceExpiredError),
        ("Error: Instance 1101000001 is expired.", InstanceExpiredError),
        ("Instance\u00a0account\r\n is\texpired", InstanceExpiredError),
        ("Instance is deleted", InstanceDeletedError),
        ("instance account has already been deleted", InstanceDeletedError),
        ("instance-is-deleted", InstanceDeletedError),
        ("instance in starting process try later", InstanceStartingError),
        ("Instance is starting", InstanceStartingError),
        ("Instance is not authorized", InstanceStartingError),
        ("instance account not authorized", InstanceStartingError),
        ("You are not authorized", BadResponseError),
        ("Instance is not expired", BadResponseError),
        ("Unknown instance. Expired session", BadResponseError),
        ("certificate expired", BadResponseError),
        ("message deleted", BadResponseError),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
async def test_words(
    canned: CannedServer,
    canned_client: GreenApiClient,
    status: int,
    words: str,
    expected: type[GreenApiError],
) -> None:
    """The vendor's error texts are recognized, and similar texts are not."""
    canned.respond(status, words, "text/html")
    assert await result_or_error(canned_client.reboot()) is expected


@pytest.mark.parametrize(
    "status",
    [
        *(200, 201, 202, 206, 301, 400, 401, 402, 403, 404, 408, 409, 422, 429),
        *(466, 469, 499, 500, 501, 502, 503, 504, 599, 999),
    ],
)
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Instance account is expired", InstanceExpiredError),
        ("Instance is deleted", InstanceDeletedError),
        ("instance in starting process try later", InstanceStartingError),
    ],
)
async def test_words_in_any_status(
    canned: CannedServer,
    canned_client: GreenApiClient,
    status: int,
    words: str,
    expected: type[GreenApiError],
) -> None:
    """An error text about the account is recognized with any status."""
    canned.respond(status, json.dumps({"statusCode": status, "message": words}))
    for method in METHODS.keys() - {"getMessage", "getStateInstance", *SENDS}:
        assert await result_or_error(METHODS[method].call(canned_client)) is expected
    is_starting = expected is InstanceStartingError
    assert await result_or_error(canned_client.get_state()) == (
        AccountState("starting") if is_starting else expected
    )


@pytest.mark.parametrize(
    "body",
    [
        ["Instance is deleted"],
        [{"chatId": "10000000", "message": "Instance is deleted"}],
        {"messages": [{"message": "Instance is deleted"}]},
        {"body": {"message": "Instance is deleted"}},
        {"name": "Instance is deleted"},
        {"webhookUrl": "https://example.com/instance-is-deleted"},
        {"details": [{"context": {"value": "Instance is deleted"}}]},
    ],
)
@pytest.mark.parametrize("status", [200, 400])
async def test_words_of_others(
    canned: CannedServer, canned_client: GreenApiClient, status: int, body: object
) -> None:
    """Texts of users are not taken for error texts of the vendor."""
    canned.respond(status, json.dumps(body))
    for method in METHODS.keys() - {"getContacts", "getChats", "getSettings", *SENDS}:
        result = await result_or_error(METHODS[method].call(canned_client))
        assert result is not InstanceDeletedError


@pytest.mark.parametrize(
    ("method", "body"),
    [("getStateInstance", {"stateInstance": None}), ("reboot", {"isReboot": False})],
)
async def test_words_beside_nothing(
    canned: CannedServer,
    canned_client: GreenApiClient,
    method: str,
    body: dict[str, object],
) -> None:
    """An error text is recognized beside an empty result."""
    words = {"message": "Instance account is expired"}
    canned.respond(200, json.dumps(body | words))
    assert (
        await result_or_error(METHODS[method].call(canned_client))
        is InstanceExpiredError
    )


def test_repr() -> None:
    """Representations do not contain personal data of an account."""
    response = METHODS["getSettings"].result
    assert isinstance(response, Settings)
    assert response.wid
    shown = f"{response!r} {QrResponse(QrKind.QR_CODE, png(300, 300))!r}"
    assert [it for it in ("79001234567", "PNG") if it in shown] == []


@pytest.mark.parametrize(
    "carrier",
    [
        str,
        str.upper,
        json.dumps,
        lambda words: json.dumps({"statusCode": 400, "path": TOKEN, "message": words}),
        lambda words: json.dumps({"status": False, "reason": words}),
        lambda words: json.dumps({"error": {"details": [words]}}),
        lambda words: f"\ufeff{words}",
        lambda words: words.encode("utf-16"),
        lambda words: json.dumps(words).encode("utf-16-le"),
        lambda words: words.encode() + b"\xff",
    ],
    ids=[
        *("text", "capitals", "string", "message", "reason", "nested"),
        *("BOM", "UTF-16", "UTF-16 without BOM", "broken"),
    ],
)
@pytest.mark.parametrize("content_type", ["text/html", "text/plain", "image/png"])
@pytest.mark.parametrize("status", [200, 400])
async def test_carrier(
    canned: CannedServer,
    canned_client: GreenApiClient,
    status: int,
    content_type: str,
    carrier: Callable[[str], str | bytes],
) -> None:
    """The vendor's error texts are recognized in any format and content type."""
    canned.respond(status, carrier("Instance account is expired"), content_type)
    assert await result_or_error(canned_client.reboot()) is InstanceExpiredError


@pytest.mark.parametrize(
    ("method", "body", "expected"),
    [
        (
            "getStateInstance",
            {"stateInstance": "authorized"},
            AccountState("authorized"),
        ),
        ("getSettings", {"wid": ""}, NO_SETTINGS),
        ("getWaSettings", {"suspendedUntil": 0}, None),
        ("getMessagesCount", {"count": 7}, 7),
        ("qr", {"type": "error"}, QrResponse(QrKind.ERROR)),
        ("getAuthorizationCode", {"status": True, "code": "GAPI2015"}, "GAPI2015"),
        ("reboot", {"isReboot": True}, True),
    ],
)
async def test_response_beside_words(
    canned: CannedServer,
    canned_client: GreenApiClient,
    method: str,
    body: dict[str, object],
    expected: object,
) -> None:
    """An error text is ignored beside a result, and recognized without one."""
    words = {"message": "Instance is deleted", "webhookUrl": None}
    canned.respond(200, json.dumps(body | words))
    assert await result_or_error(METHODS[method].call(canned_client)) == expected
    canned.respond(200, json.dumps({"message": "Instance is deleted"}))
    assert (
        await result_or_error(METHODS[method].call(canned_client))
        is InstanceDeletedError
    )


@pytest.mark.parametrize(
    ("size", "expected"), [(256 * 1024, True), (256 * 1024 + 1, BadResponseError)]
)
async def test_longest_body(
    canned: CannedServer, canned_client: GreenApiClient, size: int, expected: object
) -> None:
    """A body of 256 KiB is read, and one that is a byte longer is refused."""
    canned.respond(200, '{"isReboot":true}'.ljust(size))
    assert await result_or_error(canned_client.reboot()) == expected


@pytest.mark.parametrize("method", ["getStateInstance", "getContacts"])
async def test_many_long_texts(
    canned: CannedServer, canned_client: GreenApiClient, method: str
) -> None:
    """Many texts that become much longer when they are compared take no time."""
    texts = ["\ufdfa" * 16_000] * (160 if method == "getContacts" else 5)
    canned.respond(400, json.dumps({"errors": texts}, ensure_ascii=False))
    started_at = time.process_time()
    result = await result_or_error(METHODS[method].call(canned_client))
    assert time.process_time() - started_at < 0.2
    assert result is BadResponseError


@pytest.mark.parametrize("depth", range(27_000, 37_000, 500))
async def test_deep_queue(
    canned: CannedServer, canned_client: GreenApiClient, depth: int
) -> None:
    """A list that is too deep to be compared is an error, however deep it is."""
    deep = '[{"":' * depth + "1" + "}]" * depth
    canned.respond(200, f'[{{"messageID":{deep}}}]')
    result = await result_or_error(METHODS["showMessagesQueue"].call(canned_client))
    assert result is BadResponseError or isinstance(result, frozenset)
