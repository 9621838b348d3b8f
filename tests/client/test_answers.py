"""Test how answers are understood."""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
import json
import struct
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
    QrAnswer,
    QrKind,
    RateLimitedError,
    Settings,
    WrongAddressError,
)
from custom_components.green_api.api.transport import MAX_BODY_BYTES
from tests.simulator import Account
from tests.support.canned import CannedServer
from tests.support.clients import METHODS, outcome
from tests.support.const import TOKEN

ENCODED_TOKEN: Final = quote(TOKEN, safe="")

NO_SETTINGS: Final = Settings(
    messenger=Messenger.WHATSAPP,
    wid="",
    webhook_url="",
    state_webhook=False,
    message_delay=None,
)


def png(width: int, height: int) -> bytes:
    """Return an image of which nobody looks at more than the size."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack("!I4s2I", 13, b"IHDR", width, height)


def qr_code(width: int, height: int) -> str:
    """Return an answer with an image."""
    image = base64.b64encode(png(width, height)).decode()
    return json.dumps({"type": "qrCode", "message": image})


@pytest.mark.parametrize("method", METHODS)
async def test_documented_answer(
    canned: CannedServer, canned_client: GreenApiClient, method: str
) -> None:
    """An answer as it is documented is understood."""
    canned.say(200, json.dumps(METHODS[method].answer))
    assert await outcome(METHODS[method].call(canned_client)) == METHODS[method].result


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
                    "linkPreview": True,
                }
            ),
            Settings(
                messenger=Messenger.WHATSAPP,
                wid="79001234567@c.us",
                webhook_url="https://example.com/hook",
                state_webhook=True,
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
        ("getSettings", '{"typeInstance":["v3"],"stateWebhook":true}', NO_SETTINGS),
        ("getSettings", "{}", BadResponseError),
        ("getSettings", "null", BadResponseError),
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
        ("showMessagesQueue", "[]", None),
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
        ("qr", qr_code(1, 1), QrAnswer(QrKind.QR_CODE, png(1, 1))),
        (
            "qr",
            '{"type":"alreadyLogged","message":"instance account already authorized"}',
            QrAnswer(QrKind.ALREADY_LOGGED),
        ),
        (
            "qr",
            '{"type":"error","message":"Instance has auth. You need to make log out"}',
            QrAnswer(QrKind.ERROR),
        ),
        (
            "qr",
            '{"type":"passkeyRequired","message":""}',
            QrAnswer(QrKind.PASSKEY_REQUIRED),
        ),
        ("qr", '{"type":"PassKeyRequire"}', QrAnswer(QrKind.PASSKEY_REQUIRED)),
        (
            "qr",
            '{"type":"already_registered","message":""}',
            QrAnswer(QrKind.ALREADY_REGISTERED),
        ),
        (
            "qr",
            '{"type":"pending_password","message":""}',
            QrAnswer(QrKind.PENDING_PASSWORD),
        ),
        ("qr", qr_code(4096, 4096), QrAnswer(QrKind.QR_CODE, png(4096, 4096))),
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
async def test_answer(
    canned: CannedServer,
    canned_client: GreenApiClient,
    method: str,
    body: str,
    expected: object,
) -> None:
    """An answer is understood as it is documented, or not at all."""
    canned.say(200, body)
    result = await outcome(METHODS[method].call(canned_client))
    assert result == expected
    assert type(result) is type(expected)


async def test_oldest_message(
    canned: CannedServer, canned_client: GreenApiClient
) -> None:
    """The oldest message is the same however it is written, and like no other one."""
    numbers = []
    for oldest in (
        '{"messageID":"A","body":{"message":"Hi"}}',
        '{"body": {"message": "Hi"}, "messageID": "A"}',
        '{"messageID":"B","body":{"message":"Hi"}}',
        '{"messageID":"A","body":{"message":"Hello"}}',
        '{"messageID":"A","body":["Hi"]}',
        '{"typeMessage":"textMessage","message":"Hi"}',
        '{"body":{"body":{"body":[]}}}',
    ):
        canned.say(200, f'[{oldest},{{"messageID":"C"}}]')
        numbers.append(await canned_client.get_oldest_message())
    assert numbers[0] == numbers[1]
    assert len(set(numbers)) == 6


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
    """The server's own word is kept, whether it is known or not."""
    account.state = raw
    state = await client.get_state()
    assert state == AccountState(raw)
    assert state.known is known


@pytest.mark.parametrize(
    ("answer", "expected"),
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
    answer: tuple[int, str, *tuple[str, ...]],
    expected: type[GreenApiError],
) -> None:
    """An error is known by the vendor's words, else by its status."""
    canned.say(*answer)
    assert await outcome(canned_client.reboot()) is expected


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
    """The vendor's words count, and what is only like them does not."""
    canned.say(status, words, "text/html")
    assert await outcome(canned_client.reboot()) is expected


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
    """The vendor's words count, whatever carries them and however that is called."""
    canned.say(status, carrier("Instance account is expired"), content_type)
    assert await outcome(canned_client.reboot()) is InstanceExpiredError


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
        ("qr", {"type": "error"}, QrAnswer(QrKind.ERROR)),
        ("getAuthorizationCode", {"status": True, "code": "GAPI2015"}, "GAPI2015"),
        ("reboot", {"isReboot": True}, True),
    ],
)
async def test_answer_beside_words(
    canned: CannedServer,
    canned_client: GreenApiClient,
    method: str,
    body: dict[str, object],
    expected: object,
) -> None:
    """Where there is an answer, no words beside it count; where there is none, they do."""
    words = {"message": "Instance is deleted", "webhookUrl": None}
    canned.say(200, json.dumps(body | words))
    assert await outcome(METHODS[method].call(canned_client)) == expected
    canned.say(200, json.dumps({"message": "Instance is deleted"}))
    assert await outcome(METHODS[method].call(canned_client)) is InstanceDeletedError


@pytest.mark.parametrize(
    ("size", "expected"), [(256 * 1024, True), (256 * 1024 + 1, BadResponseError)]
)
async def test_longest_body(
    canned: CannedServer, canned_client: GreenApiClient, size: int, expected: object
) -> None:
    """A body is read up to 256 KiB, and one of a byte more is refused."""
    canned.say(200, '{"isReboot":true}'.ljust(size))
    assert await outcome(canned_client.reboot()) == expected
