"""Test what becomes of a message, and what is said of it."""

import asyncio
from itertools import product
import json
import os
from pathlib import Path
from typing import Any, Final
from unittest.mock import ANY, Mock, patch

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
    text_length,
    transport,
)
from tests.simulator import Account, Fault, Simulator
from tests.simulator.plan import FreePlan
from tests.simulator.sending import MAX_CAPTION, MAX_MESSAGE
from tests.support.canned import CannedServer
from tests.support.clients import (
    CHAT_ID,
    METHODS,
    PERSONAL,
    SENDS,
    assert_no_details,
    create_client,
    outcome,
)
from tests.support.const import INSTANCE_ID, TOKEN
from tests.support.faults import (
    FAILURES,
    OUTCOME_UNKNOWN,
    Failure,
    Good,
    Outage,
    failing,
    outcome as expected_outcome,
)
from tests.support.fuzz import FUZZED, UNSEEN_GENERATOR
from tests.support.secrecy import assert_log_is_clean
from tests.support.waiting import async_until

# A file of a few chunks.
CONTENT: Final = os.urandom(3 * form._CHUNK_BYTES + 7)

FREE_PLAN: Final = FreePlan()


async def result_of(client: GreenApiClient, method: str) -> object:
    """Return what comes of a message: its id, or the kind and outcome of an error."""
    try:
        return await METHODS[method].call(client)
    except GreenApiError as err:
        error = err
    assert_no_details(error, error.kind.value)
    return error.kind, error.outcome_unknown


def accepted(account: Account) -> list[str]:
    """Return the ids of the messages that the server has accepted."""
    return [message.id for message in account.messages]


def assert_nothing_personal(caplog: pytest.LogCaptureFixture) -> None:
    """Assert that a log holds neither the token nor anything of a message."""
    assert_log_is_clean(caplog)
    assert [it for it in PERSONAL if it in caplog.text] == []


@pytest.mark.usefixtures("every_step_logged")
@pytest.mark.parametrize("method", SENDS)
@pytest.mark.parametrize("failure", FAILURES)
async def test_failure(
    client: GreenApiClient,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    failure: Failure,
    method: str,
) -> None:
    """A message is sent once at most, and it is known whether it may have arrived."""
    with failing(failure, method, account):
        result = await result_of(client, method)
    outcome = expected_outcome(failure, method)
    is_sent = outcome is Good.ANSWER
    error = outcome, failure in OUTCOME_UNKNOWN
    assert [result] == (accepted(account) if is_sent else [error])
    assert len(account.requests) == (failure not in Outage)
    await asyncio.sleep(0)  # so that something has been logged
    assert_nothing_personal(caplog)


@pytest.mark.usefixtures("every_step_logged")
@pytest.mark.parametrize("method", ["getContacts", "getChats"])
async def test_chats_are_not_logged(
    canned: CannedServer,
    canned_client: GreenApiClient,
    caplog: pytest.LogCaptureFixture,
    method: str,
) -> None:
    """Neither names nor numbers of contacts are logged, whatever logs."""
    canned.say(200, json.dumps(METHODS[method].answer))
    chats: Any = await METHODS[method].call(canned_client)
    assert chats[0].name in PERSONAL
    assert not [it for it in PERSONAL if it in f"{chats} {caplog.text}"]
    canned.say(200, json.dumps({"message": METHODS[method].answer}))
    assert await outcome(METHODS[method].call(canned_client)) is BadResponseError
    assert_nothing_personal(caplog)


@pytest.mark.parametrize("method", SENDS)
async def test_server_that_hangs_up_on_a_known_connection(
    client: GreenApiClient, account: Account, method: str
) -> None:
    """A message is not repeated, even if its connection was good before."""
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
    """While it connects, nothing is sent."""

    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    patience = aiohttp.ClientTimeout(total=30, connect=0.05)
    with (
        patch.object(transport, "TIMEOUT", patience),
        patch.object(aiohttp.TCPConnector, "_create_connection", never),
    ):
        assert await result_of(client, method) == (ErrorKind.CANNOT_CONNECT, False)
    assert account.requests == []


@pytest.mark.parametrize("method", SENDS)
async def test_hold(
    session: aiohttp.ClientSession, account: Account, method: str
) -> None:
    """While the server asks to wait, nothing is sent."""
    pacer = RequestPacer()
    pacer.hold(account.instance_id, 30)
    client = create_client(session, "http://127.0.0.1", pacer=pacer)
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
        ((500, '{"message":"request entity too large"}'), TooLargeError),
        ((500, "File from url exceeded max upload size. Size: 101mb"), TooLargeError),
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
    """Why a message is refused is known by the vendor's words; there is none then."""
    canned.say(*answer)
    assert await result_of(canned_client, method) == (expected.kind, False)


@pytest.mark.parametrize(
    ("status", "words"), [(466, "QUOTE_EXCEEDED"), (403, "Your account is suspended")]
)
async def test_refusals_are_those_of_messages(
    canned: CannedServer, canned_client: GreenApiClient, status: int, words: str
) -> None:
    """Where no message is sent, none is refused."""
    canned.say(status, words)
    result = await outcome(canned_client.get_state())
    assert isinstance(result, type)
    assert not issubclass(result, MessageError)


@pytest.mark.parametrize(
    ("message_id", "expected"),
    [
        ("3EB0C767D097B7C7C030", "3EB0C767D097B7C7C030"),
        ("1763115112345", "1763115112345"),
        ("true_79001234567@c.us", BadResponseError),
        ("x" * 128, "x" * 128),
        ("x" * 129, BadResponseError),
        ("", BadResponseError),
        ("a b", BadResponseError),
        (1763115112345, BadResponseError),
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
    """The id of a message is a word, and never the token."""
    canned.say(200, json.dumps({"idMessage": message_id}))
    assert await outcome(METHODS[method].call(canned_client)) == expected


async def test_only_what_is_given_is_sent(
    canned: CannedServer, canned_client: GreenApiClient
) -> None:
    """Options that nobody has chosen are left to the server."""
    await outcome(canned_client.send_message(CHAT_ID, "Hi"))
    await outcome(canned_client.send_file(CHAT_ID, Attachment("a.png", b"")))
    message, file = [request.data for request in canned.requests]
    assert message == {"chatId": CHAT_ID, "message": "Hi"}
    assert file == {"chatId": CHAT_ID, "fileName": "a.png", "file": ("a.png", b"")}


@pytest.mark.parametrize("messenger", Messenger)
async def test_longest_message(
    client: GreenApiClient, account: Account, messenger: Messenger
) -> None:
    """The limits are those of the server, which counts an emoji twice."""
    account.messenger = messenger
    limit = MAX_MESSAGE_LENGTH[messenger]
    bell = "\N{BELL}\ufe0f\U0001f514"
    longest = bell + "\N{CYRILLIC SMALL LETTER IO}" * (limit - text_length(bell))
    assert text_length(longest) == limit == MAX_MESSAGE[messenger]
    assert isinstance(await outcome(client.send_message(CHAT_ID, longest)), str)
    too_long = await outcome(client.send_message(CHAT_ID, longest + "x"))
    assert too_long is MessageRefusedError
    assert MAX_CAPTION_LENGTH == MAX_CAPTION


async def test_text_that_is_none(client: GreenApiClient, account: Account) -> None:
    """Half a sign, which no encoding has, does not keep a message from being sent."""
    assert text_length("\ud83d") == 1
    await client.send_message(CHAT_ID, "half a sign: \ud83d")
    assert account.waiting[0].body["message"] == "half a sign: ?"


# Files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file."""
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


async def test_file_from_disk(
    canned: CannedServer, canned_client: GreenApiClient, file: Path
) -> None:
    """A file is sent as it is on disk, whatever it is called there."""
    canned.say(200, '{"idMessage":"1"}')
    await canned_client.send_file(CHAT_ID, Attachment("a.mp4", file))
    (request,) = canned.requests
    data: Any = request.data
    assert data["file"] == ("a.mp4", CONTENT)
    assert request.headers["Content-Length"] == str(len(request.body))


@pytest.mark.parametrize(
    "name", ['a "b".png', "a\r\nb: c.png", "תמונה.png", "\ud83d.png"]
)
async def test_file_name(client: GreenApiClient, account: Account, name: str) -> None:
    """A name does not break out of its place."""
    await client.send_file(CHAT_ID, Attachment(name, b"x"))
    body = account.waiting[0].body
    assert body["fileName"] == name.encode(errors="replace").decode()
    assert body.keys() == {"chatId", "fileName", "file"}


@pytest.mark.parametrize("what", ["missing", "folder", "pipe"])
async def test_no_file(
    client: GreenApiClient, account: Account, tmp_path: Path, what: str
) -> None:
    """What is no file is not waited for, and nothing is sent."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    call = client.send_file(CHAT_ID, Attachment("a.png", tmp_path / what))
    assert await outcome(call) is FileUnreadableError
    assert account.requests == []


async def test_file_that_may_not_be_read(
    client: GreenApiClient, account: Account, file: Path
) -> None:
    """A file that belongs to somebody else is one that cannot be read."""
    with patch.object(Path, "open", side_effect=PermissionError(f"{file}")):
        call = client.send_file(CHAT_ID, Attachment("a.png", file))
        assert await outcome(call) is FileUnreadableError
    assert account.requests == []


async def test_file_that_is_too_large(
    client: GreenApiClient, account: Account, tmp_path: Path
) -> None:
    """What the server would refuse is not uploaded."""
    path = tmp_path / "large"
    with path.open("wb") as large:
        large.truncate(MAX_FILE_BYTES + 1)
    call = client.send_file(CHAT_ID, Attachment("a.mp4", path))
    assert await outcome(call) is TooLargeError
    assert account.requests == []


async def test_largest_file(
    client: GreenApiClient,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file of just the size that is allowed is sent."""
    monkeypatch.setattr(form, "MAX_FILE_BYTES", 1000)
    await client.send_file(CHAT_ID, Attachment("a.mp4", bytes(1000)))
    assert account.queue == 1


async def test_file_that_grows(
    client: GreenApiClient,
    account: Account,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a file that grows, such as a recording, the beginning is sent."""
    read = form.Form._read

    def grow_and_read(self: form.Form, size: int) -> None:
        with file.open("ab") as more:
            more.write(b"more")
        read(self, size)

    monkeypatch.setattr(form.Form, "_read", grow_and_read)
    await client.send_file(CHAT_ID, Attachment("a.mp4", file))
    assert account.waiting[0].body["file"]["size"] == len(CONTENT)


@pytest.mark.usefixtures("every_step_logged")
@pytest.mark.parametrize("error", [None, OSError("front door: input/output error")])
async def test_file_that_breaks_off(
    client: GreenApiClient,
    account: Account,
    file: Path,
    caplog: pytest.LogCaptureFixture,
    error: OSError | None,
) -> None:
    """A file that cannot be read to its end is not sent, and that is known at once."""
    stream = Mock(**{"read.side_effect": [b"x" * 50, error or b""]})
    with patch.object(form, "_open", return_value=(stream, 100)):
        assert await result_of(client, "sendFileByUpload") == (
            ErrorKind.FILE_UNREADABLE,
            False,
        )
    stream.close.assert_called_once_with()
    assert account.queue == 0
    assert_nothing_personal(caplog)


async def test_refusal_before_the_end(
    canned: CannedServer, session: aiohttp.ClientSession
) -> None:
    """A server that answers before it has read everything is understood."""

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
        assert await outcome(call) is TooLargeError
    understood.set()
    server.close()
    await server.wait_closed()


async def test_upload_has_more_time(
    freezer: FrozenDateTimeFactory, client: GreenApiClient, account: Account
) -> None:
    """The time for a file depends on its size: slow lines are not cut off."""
    account.fault = Fault.HANG
    size = 10 * transport.SLOWEST_UPLOAD
    call = asyncio.create_task(
        outcome(client.send_file(CHAT_ID, Attachment("a.mp4", bytes(size))))
    )
    await async_until(lambda: bool(account.requests))
    freezer.tick(69)
    for _ in range(20):
        await asyncio.sleep(0)
    assert not call.done()
    freezer.tick(3)
    assert await call is CannotConnectError


# Order


@pytest.mark.parametrize("method", SENDS)
async def test_order(
    simulator: Simulator, session: aiohttp.ClientSession, account: Account, method: str
) -> None:
    """Messages arrive in the order in which they were given, through any client."""
    pacer = RequestPacer()
    account.faults = {method: Fault.HANG}
    send = {
        "sendMessage": lambda client, text: client.send_message(CHAT_ID, text),
        "sendFileByUpload": lambda client, text: client.send_file(
            CHAT_ID, Attachment("a.txt", b"x"), caption=text
        ),
    }[method]
    clients = [create_client(session, simulator.url, pacer=pacer) for _ in range(5)]
    with patch.multiple(
        transport, TIMEOUT=aiohttp.ClientTimeout(total=0.2), UPLOAD_SECONDS=0.2
    ):
        calls = [
            asyncio.create_task(outcome(send(client, str(number))))
            for number, client in enumerate(clients)
        ]
        await async_until(lambda: bool(account.requests))
    assert len(account.requests) == 1
    account.faults = {}
    results = await asyncio.gather(*calls)
    assert results[0] is CannotConnectError
    assert results[1:] == [message.id for message in account.waiting]
    texts = [it.body.get("message") or it.body["caption"] for it in account.waiting]
    assert texts == ["1", "2", "3", "4"]


async def test_file_does_not_keep_a_text(
    client: GreenApiClient, account: Account
) -> None:
    """A text does not wait until a file has been uploaded."""
    account.faults = {"sendFileByUpload": Fault.HANG}
    upload = asyncio.create_task(METHODS["sendFileByUpload"].call(client))
    await async_until(lambda: bool(account.requests))
    assert await client.send_message(CHAT_ID, "Fire!") == account.waiting[0].id
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    account.faults = {}
    assert await METHODS["sendFileByUpload"].call(client) in accepted(account)


async def test_long_upload_keeps_its_place(
    client: GreenApiClient, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """However long an upload takes, no other one overtakes it."""
    account.faults = {"sendFileByUpload": Fault.HANG}
    file = Attachment("a.mp4", bytes(100 * transport.SLOWEST_UPLOAD))
    first = asyncio.create_task(outcome(client.send_file(CHAT_ID, file)))
    await async_until(lambda: bool(account.requests))
    freezer.tick(130)
    # Whoever comes next lets the pacer forget what is long over.
    await client.get_state()
    second = asyncio.create_task(outcome(client.send_file(CHAT_ID, file)))
    for _ in range(20):
        await asyncio.sleep(0)
    sent = [it.method for it in account.requests]
    assert sent == ["sendFileByUpload", "getStateInstance"]
    account.faults = {}
    freezer.tick(60)
    assert await first is CannotConnectError
    assert await second == account.waiting[0].id


# Never twice


# A method, what goes wrong with the answer, and whether the message is accepted all the
# same.
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
    """Whatever goes wrong, a message is sent once at most, and success is success."""
    # Long enough for the server to have the request, however busy the computer is.
    monkeypatch.setattr(transport, "TIMEOUT", aiohttp.ClientTimeout(total=0.5))
    monkeypatch.setattr(transport, "UPLOAD_SECONDS", 0.5)
    account = simulator.add_account(INSTANCE_ID, TOKEN)
    client = create_client(session, simulator.url)
    for method, fault, acts in steps:
        account.faults = {method: fault}
        account.acts_in_spite_of_fault = acts
        requests, before = len(account.requests), accepted(account)
        result = await result_of(client, method)
        new = [it for it in accepted(account) if it not in before]
        assert len(account.requests) - requests <= 1
        assert result in ([new[0], (ANY, True)] if new else [(ANY, False), (ANY, True)])
        assert len(new) <= 1
