"""Test sending messages, and the errors."""

import asyncio
from dataclasses import dataclass, field
from itertools import product
import json
import os
from pathlib import Path
from typing import Any, Final
from unittest.mock import ANY, AsyncMock, patch

import aiohttp
from freezegun.api import FrozenDateTimeFactory
from hypothesis import given, strategies as st
import pytest

from custom_components.green_api.api import (
    MAX_CAPTION_LENGTH,
    MAX_FILE_BYTES,
    MAX_MESSAGE_LENGTH,
    Attachment,
    BadResponseError,
    CannotConnectError,
    ChatQuotaError,
    ContactsOnlyError,
    ErrorKind,
    FileUnreadableError,
    GreenApiClient,
    GreenApiError,
    InstanceDeletedError,
    InstanceExpiredError,
    InstanceStartingError,
    InvalidChatError,
    InvalidQuoteError,
    MessageError,
    MessageRefusedError,
    Messenger,
    MethodQuotaError,
    RateLimitedError,
    RequestPacer,
    TooLargeError,
    WrongAddressError,
    form,
    split_text,
    text_length,
)
from custom_components.green_api.files.disk import DiskThreads, OpenFile
from tests.simulator import Account, Fault, Simulator
from tests.simulator.plan import FreePlan
from tests.simulator.sending import MAX_CAPTION, MAX_MESSAGE
from tests.support.canned import CannedServer
from tests.support.clients import (
    API_METHODS,
    CHAT_ID,
    FILE_CONTENT,
    FILE_NAME,
    MESSAGE,
    METHODS,
    PERSONAL,
    SENDS,
    assert_no_details,
    create_client,
    request_timeout,
    result_or_error,
)
from tests.support.const import INSTANCE_ID, TOKEN
from tests.support.fuzz import FUZZED, UNSEEN_GENERATOR
from tests.support.request_failures import (
    ALL_FAILURES,
    OUTCOME_UNKNOWN,
    Failure,
    GoodResponse,
    Outage,
    expected_outcome,
    failing,
)
from tests.support.secrecy import assert_log_is_clean
from tests.support.wait_until import async_wait_until

pytestmark = pytest.mark.long(16)

# A file of several chunks.
CONTENT: Final = os.urandom(3 * form._BLOCK_BYTES + 7)

FREE_PLAN: Final = FreePlan()

# An ID of WhatsApp's Business API.
WAMID: Final = "wamid.HBgLNzkwMDEyMzQ1NjgVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA=="

# The vendor's text about the chats of the free plan, without a status.
ONLY_DESCRIBED: Final = {
    "correspondentsStatus": {
        "description": "Monthly quota has been exceeded. You can only send or receive "
        "messages from these numbers: 12345678901@c.us"
    }
}

# The vendor's texts about a message or the account, and the errors.
REFUSALS: Final[list[tuple[str, type[GreenApiError]]]] = [
    ("Instance account is expired. Renew your instance", InstanceExpiredError),
    ("Error: Instance 1101000001 is expired.", InstanceExpiredError),
    ("Instance is deleted", InstanceDeletedError),
    ("instance in starting process try later", InstanceStartingError),
    ("instance is starting or not authorized", InstanceStartingError),
    ("Your instance account not authorized", InstanceStartingError),
    ("Validation failed. Details: 'chatId' is required", InvalidChatError),
    ("'message id' must be at least 16 symbols", InvalidQuoteError),
    ("You have used up the chat limit on your tariff", ChatQuotaError),
    ("CORRESPONDENTS_QUOTE_EXCEEDED", ChatQuotaError),
    ("QUOTE_EXCEEDED", MethodQuotaError),
    ("Monthly quota has been exceeded. Please go", MethodQuotaError),
    ("Your account is suspended", ContactsOnlyError),
    ("request entity too large", TooLargeError),
    ("Validation failed. Details: 'message' must be a string", MessageRefusedError),
    ("bad request data", MessageRefusedError),
]

# Texts of messages that are like error texts of the vendor.
OF_THE_ACCOUNT: Final = "Your instance is expired and deleted, instance is starting"

# How servers echo refused messages.
ECHOES: Final = [
    {"statusCode": 400, "message": f"Validation failed. Got: {OF_THE_ACCOUNT}"},
    {"message": "Not valid", "body": {"message": OF_THE_ACCOUNT}},
    {"error": "Not valid", "request": {"chatId": CHAT_ID, "message": OF_THE_ACCOUNT}},
    {
        "message": "Not valid",
        "details": [{"message": "Too long", "context": {"value": OF_THE_ACCOUNT}}],
    },
    {"message": f'"message" with value "{OF_THE_ACCOUNT}" fails to match'},
    f"Not valid: {OF_THE_ACCOUNT}",
]


async def result_of(client: GreenApiClient, method: str) -> object:
    """Return the ID of a message, or the kind and `outcome_unknown` of the error."""
    try:
        return await METHODS[method].call(client)
    except GreenApiError as err:
        error = err
    assert_no_details(error, error.kind.value)
    return error.kind, error.outcome_unknown


def accepted(account: Account) -> list[str]:
    """Return the IDs of the messages that the server has accepted."""
    return [message.id for message in account.messages]


def assert_nothing_personal(caplog: pytest.LogCaptureFixture) -> None:
    """Assert that a log contains neither the token nor any part of a message."""
    assert_log_is_clean(caplog)
    assert [it for it in PERSONAL if it in caplog.text] == []


@pytest.mark.usefixtures("asyncio_debug")
@pytest.mark.parametrize("method", SENDS)
@pytest.mark.parametrize("failure", ALL_FAILURES)
async def test_failure(
    client: GreenApiClient,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    failure: Failure,
    method: str,
) -> None:
    """A message is sent at most once, and the error says if it may have arrived."""
    with failing(failure, method, account):
        result = await result_of(client, method)
    expected = expected_outcome(failure, method)
    is_sent = expected is GoodResponse.ANSWER
    error = expected, failure in OUTCOME_UNKNOWN
    assert [result] == (accepted(account) if is_sent else [error])
    assert len(account.requests) == (failure not in Outage)
    await asyncio.sleep(0)  # let something be logged
    assert_nothing_personal(caplog)


@pytest.mark.usefixtures("asyncio_debug")
@pytest.mark.parametrize("method", ["getContacts", "getChats"])
async def test_chats_are_not_logged(
    canned: CannedServer,
    canned_client: GreenApiClient,
    caplog: pytest.LogCaptureFixture,
    method: str,
) -> None:
    """Names and numbers of contacts are not logged by any logger."""
    canned.respond(200, json.dumps(METHODS[method].answer))
    chats: Any = await METHODS[method].call(canned_client)
    assert chats[0].name in PERSONAL
    assert not [it for it in PERSONAL if it in f"{chats} {caplog.text}"]
    canned.respond(200, json.dumps({"message": METHODS[method].answer}))
    assert (
        await result_or_error(METHODS[method].call(canned_client)) is BadResponseError
    )
    assert_nothing_personal(caplog)


@pytest.mark.usefixtures("asyncio_debug")
@pytest.mark.parametrize("method", ["checkAccount", "checkWhatsapp"])
async def test_number_that_is_checked_is_not_logged(
    canned: CannedServer,
    canned_client: GreenApiClient,
    caplog: pytest.LogCaptureFixture,
    method: str,
) -> None:
    """A number and the result of its check are not logged by any logger."""
    called = METHODS[method]
    canned.respond(200, json.dumps(called.answer))
    assert await called.call(canned_client) == called.result
    for status, answer in (
        (200, {"status": False, "reason": called.answer}),
        (400, {"message": called.answer, "path": f"/waInstance/{method}/{TOKEN}"}),
        (466, {"invokeStatus": called.answer}),
    ):
        canned.respond(status, json.dumps(answer))
        assert await result_or_error(called.call(canned_client)) is BadResponseError
    await asyncio.sleep(0)  # let something be logged
    assert_nothing_personal(caplog)


@pytest.mark.parametrize("method", SENDS)
async def test_server_that_hangs_up_on_a_known_connection(
    client: GreenApiClient, account: Account, method: str
) -> None:
    """A message is not repeated, even if its connection worked before."""
    await client.get_state()
    account.fault = Fault.RESET_BEFORE_HEADERS
    account.acts_in_spite_of_fault = True
    assert await result_of(client, method) == (ErrorKind.CANNOT_CONNECT, True)
    assert len(accepted(account)) == 1
    assert [it.method for it in account.requests] == ["getStateInstance", method]


@pytest.mark.parametrize("method", SENDS)
async def test_connection_that_takes_too_long(
    client: GreenApiClient, account: Account, method: str
) -> None:
    """Nothing is sent if connecting times out."""

    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    with (
        request_timeout(30, connect=0.05),
        patch.object(aiohttp.TCPConnector, "_create_connection", never),
    ):
        assert await result_of(client, method) == (ErrorKind.CANNOT_CONNECT, False)
    assert account.requests == []


@pytest.mark.parametrize("method", SENDS)
async def test_hold(
    session: aiohttp.ClientSession, account: Account, method: str
) -> None:
    """Nothing is sent until the end of `Retry-After`."""
    pacer = RequestPacer()
    pacer.hold(f"127.0.0.1:1/{account.instance_id}", API_METHODS[method], 30)
    client = create_client(session, "http://127.0.0.1:1", pacer=pacer)
    assert await result_of(client, method) == (ErrorKind.RATE_LIMITED, False)
    assert account.requests == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((466, json.dumps(FREE_PLAN.chats_used_up("sendMessage"))), ChatQuotaError),
        (
            (466, '{"correspondentsStatus":"CORRESPONDENTS_QUOTA_EXCEEDED"}'),
            ChatQuotaError,
        ),
        ((466, '{"invokeStatus":{"status":"QUOTE_EXCEEDED"}}'), MethodQuotaError),
        ((466, '{"invokeStatus":{"status":"QUOTA_EXCEEDED"}}'), MethodQuotaError),
        ((466, ""), MethodQuotaError),
        ((400, "You have used up the chat limit on your tariff"), ChatQuotaError),
        ((403, "Your account is suspended"), ContactsOnlyError),
        ((403, '{"message":"Your account is suspended"}'), ContactsOnlyError),
        ((403, "Forbidden"), WrongAddressError),
        ((403, "<html>Your account is suspended</html>"), WrongAddressError),
        ((466, json.dumps(ONLY_DESCRIBED)), ChatQuotaError),
        (
            (466, "You can only send or receive messages from following chats: 1@c.us"),
            ChatQuotaError,
        ),
        ((466, '{"description":"Monthly quota has been exceeded."}'), MethodQuotaError),
        ((413, "<html>413 Request Entity Too Large</html>"), TooLargeError),
        ((400, "Validation failed. Details: 'chatId' is required"), InvalidChatError),
        ((400, "'chatId' must be one of the next formats"), InvalidChatError),
        ((400, "'chatId' is not allowed to be empty"), InvalidChatError),
        ((400, "'message id' must be at least 16 symbols"), InvalidQuoteError),
        ((400, "'quotedMessageId' must be a string"), InvalidQuoteError),
        ((400, "'message' is not allowed to be empty"), MessageRefusedError),
        (
            (400, '{"path":"/sendMessage/","message":"bad request data"}'),
            MessageRefusedError,
        ),
        ((400, "<html>400 Bad Request</html>"), WrongAddressError),
        ((400, ""), BadResponseError),
        ((400, "Instance account is expired"), InstanceExpiredError),
        ((400, "Instance is deleted"), InstanceDeletedError),
        ((400, "instance is starting or not authorized"), InstanceStartingError),
        ((469, '{"reason":"limit reached"}'), BadResponseError),
        ((429, ""), RateLimitedError),
    ],
)
@pytest.mark.parametrize("method", SENDS)
async def test_refusal(
    canned: CannedServer,
    canned_client: GreenApiClient,
    method: str,
    answer: tuple[int, str],
    expected: type[GreenApiError],
) -> None:
    """A refusal is recognized by the vendor's text; then no message was sent."""
    canned.respond(*answer)
    assert await result_of(canned_client, method) == (expected.kind, False)


@pytest.mark.parametrize(("words", "expected"), REFUSALS)
@pytest.mark.parametrize(
    "status", [200, 202, 301, 400, 401, 403, 404, 408, 409, 422, 429, 466, 469, 499]
)
async def test_refusal_in_any_status(
    canned: CannedServer,
    canned_client: GreenApiClient,
    status: int,
    words: str,
    expected: type[GreenApiError],
) -> None:
    """A refusal in the vendor's words is recognized with any status."""
    for body in (words, json.dumps(words), json.dumps({"message": words})):
        canned.respond(status, body)
        assert await result_of(canned_client, "sendMessage") == (expected.kind, False)


@pytest.mark.parametrize("words", ["", *(words for words, _ in REFUSALS)])
@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 599])
@pytest.mark.parametrize("method", SENDS)
async def test_server_that_fails(
    canned: CannedServer,
    canned_client: GreenApiClient,
    method: str,
    status: int,
    words: str,
) -> None:
    """A server that fails may have accepted a message, whatever the text is."""
    canned.respond(status, json.dumps({"statusCode": status, "message": words}))
    assert await result_of(canned_client, method) == (ErrorKind.CANNOT_CONNECT, True)


@pytest.mark.parametrize(
    "words", ["request entity too large", "File from url exceeded max upload size."]
)
@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (99_000, (ErrorKind.CANNOT_CONNECT, True)),
        (101_000, (ErrorKind.TOO_LARGE, False)),
    ],
)
async def test_too_large(
    canned: CannedServer,
    canned_client: GreenApiClient,
    size: int,
    expected: tuple[ErrorKind, bool],
    words: str,
) -> None:
    """A server error about the size is only trusted if the message is large."""
    canned.respond(500, json.dumps({"message": words}))
    for send in (
        canned_client.send_message(CHAT_ID, "x" * size),
        canned_client.send_file(CHAT_ID, Attachment("a.png", bytes(size))),
    ):
        with pytest.raises(GreenApiError) as raised:
            await send
        assert (raised.value.kind, raised.value.outcome_unknown) == expected


async def test_text_that_is_too_large(client: GreenApiClient, account: Account) -> None:
    """A text whose escaped form is too large for the server is refused."""
    assert (
        await result_or_error(client.send_message(CHAT_ID, "\1" * 20_000))
        is TooLargeError
    )
    assert account.queue == 0


@pytest.mark.parametrize("body", ECHOES)
@pytest.mark.parametrize("status", [400, 422])
async def test_message_that_is_repeated(
    canned: CannedServer, canned_client: GreenApiClient, status: int, body: object
) -> None:
    """An echoed message is not taken for an error text about the account."""
    canned.respond(status, json.dumps(body))
    result = await result_of(canned_client, "sendMessage")
    assert result in (
        (ErrorKind.MESSAGE_REFUSED, False),
        (ErrorKind.BAD_RESPONSE, False),
    )


async def test_message_that_is_accepted_in_words(
    canned: CannedServer, canned_client: GreenApiClient
) -> None:
    """Error texts beside the ID of a message are ignored."""
    canned.respond(200, '{"idMessage":"1","message":"Instance is deleted"}')
    assert await result_or_error(canned_client.send_message(CHAT_ID, "Hi")) == "1"


@pytest.mark.parametrize(
    ("status", "words"), [(466, "QUOTE_EXCEEDED"), (403, "Your account is suspended")]
)
async def test_refusals_are_those_of_messages(
    canned: CannedServer, canned_client: GreenApiClient, status: int, words: str
) -> None:
    """Refusals of messages are only recognized when sending one."""
    canned.respond(status, words)
    result = await result_or_error(canned_client.get_state())
    assert isinstance(result, type)
    assert not issubclass(result, MessageError)


@pytest.mark.parametrize(
    ("message_id", "expected"),
    [
        ("3EB0C767D097B7C7C030", "3EB0C767D097B7C7C030"),
        ("1763115112345", "1763115112345"),
        (WAMID, WAMID),
        ("wamid.a+b/c=", "wamid.a+b/c="),
        ("true_79001234567@c.us", BadResponseError),
        ("x" * 128, "x" * 128),
        ("x" * 129, BadResponseError),
        ("", BadResponseError),
        ("a b", BadResponseError),
        (1763115112345, "1763115112345"),
        (True, BadResponseError),
        (2**64, BadResponseError),
        (None, BadResponseError),
        (TOKEN, BadResponseError),
        (f"x{TOKEN.partition('+')[0]}", f"x{TOKEN.partition('+')[0]}"),
    ],
)
@pytest.mark.parametrize("method", SENDS)
async def test_message_id(
    canned: CannedServer,
    canned_client: GreenApiClient,
    method: str,
    message_id: object,
    expected: object,
) -> None:
    """The ID of a message is a single word, and never the token."""
    canned.respond(200, json.dumps({"idMessage": message_id}))
    assert await result_or_error(METHODS[method].call(canned_client)) == expected


async def test_only_what_is_given_is_sent(
    canned: CannedServer, canned_client: GreenApiClient
) -> None:
    """Options that are not set are not sent."""
    await result_or_error(canned_client.send_message(CHAT_ID, "Hi"))
    await result_or_error(canned_client.send_file(CHAT_ID, Attachment("a.png", b"")))
    message, file = [request.data for request in canned.requests]
    assert message == {"chatId": CHAT_ID, "message": "Hi"}
    assert file == {"chatId": CHAT_ID, "fileName": "a.png", "file": ("a.png", b"")}


@pytest.mark.parametrize("messenger", Messenger)
async def test_longest_message(
    client: GreenApiClient, account: Account, messenger: Messenger
) -> None:
    """The limit is that of the server, which counts an emoji as two characters."""
    account.messenger = messenger
    limit = MAX_MESSAGE_LENGTH[messenger]
    bell = "\N{BELL}\ufe0f\U0001f514"
    longest = bell + "\N{CYRILLIC SMALL LETTER IO}" * (limit - text_length(bell))
    assert text_length(longest) == limit == MAX_MESSAGE[messenger]
    assert isinstance(await result_or_error(client.send_message(CHAT_ID, longest)), str)
    too_long = await result_or_error(client.send_message(CHAT_ID, longest + "x"))
    assert too_long is MessageRefusedError
    assert MAX_CAPTION_LENGTH == MAX_CAPTION


async def test_lone_surrogate(client: GreenApiClient, account: Account) -> None:
    """A message with a lone surrogate, which cannot be encoded, is sent."""
    assert text_length("\ud83d") == 1
    await client.send_message(CHAT_ID, "half a sign: \ud83d")
    assert account.waiting[0].body["message"] == "half a sign: ?"


# Files


@dataclass
class Content:
    """An open file, which may fail to be read."""

    content: bytes
    size: int
    is_read: list[int] = field(default_factory=list)

    async def read(self, start: int, size: int) -> bytes:
        """Return part of the file."""
        self.is_read.append(size)
        return self.content[start : start + size]


async def test_file_from_disk(
    canned: CannedServer, canned_client: GreenApiClient, tmp_path: Path
) -> None:
    """A file is sent as it is on disk, whatever its name is, and can be sent again."""
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    file = await OpenFile.async_open(DiskThreads(), path, lambda _: True)
    canned.respond(200, '{"idMessage":"1"}')
    for _ in range(2):
        await canned_client.send_file(CHAT_ID, Attachment("a.mp4", file))
    await file.async_close()
    for request in canned.requests:
        data: Any = request.data
        assert data["file"] == ("a.mp4", CONTENT)
        assert request.headers["Content-Length"] == str(len(request.body))
    assert len(canned.requests) == 2


@pytest.mark.parametrize(
    "name", ['a "b".png', "a\r\nb: c.png", "תמונה.png", "\ud83d.png"]
)
async def test_file_name(client: GreenApiClient, account: Account, name: str) -> None:
    """A file name cannot inject headers or fields."""
    await client.send_file(CHAT_ID, Attachment(name, b"x"))
    body = account.waiting[0].body
    assert body["fileName"] == name.encode(errors="replace").decode()
    assert body.keys() == {"chatId", "fileName", "file"}


async def test_file_that_is_too_large(client: GreenApiClient, account: Account) -> None:
    """A file that the server would refuse is not uploaded."""
    file = Content(b"", MAX_FILE_BYTES + 1)
    call = client.send_file(CHAT_ID, Attachment("a.mp4", file))
    assert await result_or_error(call) is TooLargeError
    assert file.is_read == []
    assert account.requests == []


async def test_largest_file(
    client: GreenApiClient,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file of exactly the maximum size is sent."""
    monkeypatch.setattr(form, "MAX_FILE_BYTES", 1000)
    await client.send_file(CHAT_ID, Attachment("a.mp4", bytes(1000)))
    assert account.queue == 1


async def test_file_that_grows(client: GreenApiClient, account: Account) -> None:
    """Only the original size of a file that grows, such as a recording, is sent."""
    file = Content(CONTENT + b"more", len(CONTENT))
    await client.send_file(CHAT_ID, Attachment("a.mp4", file))
    assert account.waiting[0].body["file"]["size"] == len(CONTENT)
    assert max(file.is_read) == form._BLOCK_BYTES


@pytest.mark.usefixtures("asyncio_debug")
@pytest.mark.parametrize("error", [None, FileUnreadableError])
async def test_file_that_breaks_off(
    client: GreenApiClient,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    error: type[Exception] | None,
) -> None:
    """A file that cannot be read to its end is not sent, and fails immediately."""
    file = Content(FILE_CONTENT, 2 * len(FILE_CONTENT))
    read = AsyncMock(side_effect=error, wraps=file.read)
    with patch.object(file, "read", read):
        call = client.send_file(CHAT_ID, Attachment(FILE_NAME, file), caption=MESSAGE)
        assert await result_or_error(call) is FileUnreadableError
    assert account.queue == 0
    assert_nothing_personal(caplog)


async def test_refusal_before_the_end(
    canned: CannedServer, session: aiohttp.ClientSession
) -> None:
    """A response that arrives before the upload has ended is handled."""

    async def refuse(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 -\r\nContent-Length: 0\r\n\r\n")
        await understood.wait()
        writer.transport.abort()

    understood = asyncio.Event()
    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    client = create_client(session, url)
    call = client.send_file(CHAT_ID, Attachment("a.mp4", bytes(20_000_000)))
    async with asyncio.timeout(10):
        assert await result_or_error(call) is TooLargeError
    understood.set()
    server.close()
    await server.wait_closed()


async def test_upload_has_more_time(
    freezer: FrozenDateTimeFactory, client: GreenApiClient, account: Account
) -> None:
    """The timeout of an upload depends on the size, to support slow connections."""
    account.fault = Fault.HANG
    size = 10 * form.SLOWEST_UPLOAD
    call = asyncio.create_task(
        result_or_error(client.send_file(CHAT_ID, Attachment("a.mp4", bytes(size))))
    )
    await async_wait_until(lambda: bool(account.requests))
    freezer.tick(69)
    for _ in range(20):
        await asyncio.sleep(0)
    assert not call.done()
    freezer.tick(3)
    assert await call is CannotConnectError


# Order


@pytest.mark.parametrize("method", SENDS)
async def test_side_by_side(
    simulator: Simulator, session: aiohttp.ClientSession, account: Account, method: str
) -> None:
    """A message without a response does not delay others, with any client."""
    pacer = RequestPacer()
    account.faults = {method: Fault.HANG}
    first, second = (
        create_client(session, simulator.url, pacer=pacer) for _ in range(2)
    )
    hanging = asyncio.create_task(METHODS[method].call(first))
    await async_wait_until(lambda: bool(account.requests))
    account.faults = {}
    assert [await METHODS[method].call(second)] == accepted(account)
    assert not hanging.done()
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging


async def test_file_does_not_keep_a_text(
    client: GreenApiClient, account: Account
) -> None:
    """A text does not wait until a file is uploaded."""
    account.faults = {"sendFileByUpload": Fault.HANG}
    upload = asyncio.create_task(METHODS["sendFileByUpload"].call(client))
    await async_wait_until(lambda: bool(account.requests))
    assert await client.send_message(CHAT_ID, "Fire!") == account.waiting[0].id
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    account.faults = {}
    assert await METHODS["sendFileByUpload"].call(client) in accepted(account)


# Messages are never sent twice


# A method, the fault of the response, and whether the message is accepted anyway.
STEPS: Final = [
    *product(SENDS, [None, *Fault], [False]),
    *product(SENDS, sorted(OUTCOME_UNKNOWN), [True]),
]


@UNSEEN_GENERATOR
@FUZZED
@given(steps=st.lists(st.sampled_from(STEPS), max_size=10))
async def test_never_twice_and_never_in_vain(
    simulator: Simulator,
    session: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    steps: list[tuple[str, Fault | None, bool]],
) -> None:
    """A message is sent at most once with any fault, and success is reported."""
    # Long enough for the server to receive the request, even if the computer is busy.
    monkeypatch.setattr(form, "UPLOAD_SECONDS", 0.5)
    account = simulator.add_account(INSTANCE_ID, TOKEN)
    client = create_client(session, simulator.url)
    for method, fault, acts in steps:
        account.faults = {method: fault}
        account.acts_in_spite_of_fault = acts
        requests, before = len(account.requests), accepted(account)
        with request_timeout(0.5):
            result = await result_of(client, method)
        new = [it for it in accepted(account) if it not in before]
        assert len(account.requests) - requests <= 1
        assert result in ([new[0], (ANY, True)] if new else [(ANY, False), (ANY, True)])
        assert len(new) <= 1


@pytest.mark.parametrize(
    ("text", "longest", "parts"),
    [
        ("short", 5, ("short", "")),
        ("two words", 5, ("two", "words")),
        ("line\nand words", 8, ("line\nand", "words")),
        ("unbroken", 5, ("unbro", "ken")),
        (" unbroken", 5, (" unbr", "oken")),
        ("\N{BELL}" * 3, 3, ("\N{BELL}", "\N{BELL}" * 2)),
        ("\ud83d" * 3, 2, ("\ud83d", "\ud83d" * 2)),
    ],
)
def test_split_text(text: str, longest: int, parts: tuple[str, str]) -> None:
    """A text is split between words, if possible, and never within an emoji."""
    assert split_text(text, longest) == parts
    assert text_length(parts[0]) <= longest
