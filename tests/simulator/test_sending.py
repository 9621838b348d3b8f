"""Test sending messages with the simulated GREEN-API."""

import base64
from collections.abc import Mapping
import io
import json
from typing import Final

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest

from . import Account, Contact, Messenger, Simulator
from .api_requests import INSTANCE_ID, ApiCall, Reply, address
from .sending import CHAT_FORMATS
from .uploads import KEPT_BYTES, MAX_FILE_BYTES
from .wire import Json

CHAT: Final = "79001234568@c.us"
GROUP: Final = "120363043968066561@g.us"
TEXT: Final[dict[str, Json]] = {"chatId": CHAT, "message": "Hi"}
FILE: Final[dict[str, Json]] = {
    "chatId": CHAT,
    "urlFile": "https://example.com/a.png",
    "fileName": "a.png",
}
PNG: Final = b"\x89PNG\r\n\x1a\n"

STATES: Final = (
    *("authorized", "notAuthorized", "starting", "blocked", "suspended"),
    *("yellowCard", "sleepMode", "pendingCode", "pendingPassword", None),
)


@pytest.fixture
def simulator_limits(simulator: Simulator) -> None:
    """Disable the rate limits."""
    simulator.enforce_limits = False


pytestmark = pytest.mark.usefixtures("simulator_limits")


async def send(
    call_api: ApiCall, fields: object = TEXT, method: str = "sendMessage"
) -> Reply:
    """Send a message."""
    return await call_api(method, verb="POST", content=fields)


async def upload(
    session: aiohttp.ClientSession,
    simulator: Simulator,
    fields: Mapping[str, str],
    content: bytes | None = PNG,
) -> tuple[int, str]:
    """Upload a file."""
    form = aiohttp.FormData(fields, default_to_multipart=True)
    if content is not None:
        form.add_field("file", io.BytesIO(content), filename="snapshot.png")
    url = address(simulator, "sendFileByUpload")
    async with session.post(url, data=form) as response:
        return response.status, await response.text()


def validation_error(reply: Reply) -> str:
    """Return the validation error in an envelope."""
    assert reply.status == 400
    prefix = "Validation failed. Details: "
    assert reply.json["message"].startswith(prefix)
    return reply.json["message"].removeprefix(prefix)


@pytest.mark.parametrize("state", STATES)
async def test_message_is_accepted_in_every_state(
    call_api: ApiCall, account: Account, state: str | None
) -> None:
    """A message gets an ID in every state, and is queued."""
    account.state = state
    reply = await send(call_api)
    assert reply.status == 200
    assert reply.json == {"idMessage": account.waiting[0].id}
    assert account.waiting[0].body == TEXT


async def test_only_an_authorized_account_delivers(
    call_api: ApiCall, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """Accepted messages are delivered, or lost after a day."""
    await send(call_api)
    freezer.tick(3)
    assert account.queue == 0
    account.state = "notAuthorized"
    await send(call_api)
    freezer.tick(24 * 3600 + 1)
    assert (await call_api("getMessagesCount")).json == {"count": 0}
    assert len(account.messages.delivered) == len(account.messages.lost) == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"chatId": "123"},
            f"'chatId' must be {CHAT_FORMATS}",
        ),
        ({"chatId": ""}, "'chatId' is not allowed to be empty"),
        ({"message": ""}, "'message' is not allowed to be empty"),
        ({"chatId": None}, "'chatId' must be a string"),
        ({"message": None}, "'message' must be a string"),
        (
            {"message": "x" * 20_001},
            "'message' length must be less than or equal to 20000 characters long",
        ),
        ({"quotedMessageId": "short"}, "'message id' must be at least 16 symbols"),
        ({"quotedMessageId": 7}, "'quotedMessageId' must be a string"),
        ({"linkPreview": "test"}, "'linkPreview' must be a boolean"),
    ],
)
@pytest.mark.usefixtures("account")
async def test_message_that_is_not_valid(
    call_api: ApiCall, change: dict[str, Json], expected: str
) -> None:
    """The errors are those of the vendor's servers."""
    assert validation_error(await send(call_api, TEXT | change)) == expected


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("name", ["chatId", "message"])
async def test_parameter_is_missing(call_api: ApiCall, name: str) -> None:
    """The error names the missing parameter."""
    rest = {key: value for key, value in TEXT.items() if key != name}
    assert validation_error(await send(call_api, rest)) == f"'{name}' is required"


@pytest.mark.usefixtures("account")
async def test_parameters_that_are_no_object(call_api: ApiCall) -> None:
    """Parameters that are not an object are refused."""
    assert (
        validation_error(await send(call_api, [])) == "'value' must be of type object"
    )


@pytest.mark.parametrize(
    ("messenger", "longest"),
    [(Messenger.WHATSAPP, 20_000), (Messenger.TELEGRAM, 4096), (Messenger.MAX, 4000)],
)
async def test_longest_message(
    call_api: ApiCall, account: Account, messenger: Messenger, longest: int
) -> None:
    """Each messenger has a limit, and an emoji counts twice."""
    account.messenger = messenger
    text = "x" * (longest - 2) + "\N{BELL}"
    assert (
        await send(call_api, TEXT | {"message": text[1:] + "\U0001f514"})
    ).status == 400
    assert (
        await send(call_api, TEXT | {"message": text[2:] + "\U0001f514"})
    ).status == 200


@pytest.mark.parametrize(
    ("messenger", "chat_id", "status"),
    [
        (Messenger.WHATSAPP, GROUP, 200),
        (Messenger.WHATSAPP, "120650379300963@lid", 200),
        (Messenger.WHATSAPP, "10000000", 400),
        (Messenger.TELEGRAM, "10000000", 200),
        (Messenger.TELEGRAM, "-1001000000001", 200),
        (Messenger.TELEGRAM, "447700900123@c.us", 200),
        (Messenger.TELEGRAM, GROUP, 400),
        (Messenger.MAX, "-10000000000000", 200),
        (Messenger.MAX, "375291234567@c.us", 200),
        (Messenger.MAX, "447700900123@c.us", 400),
    ],
)
async def test_chats_of_messengers(
    call_api: ApiCall, account: Account, messenger: Messenger, chat_id: str, status: int
) -> None:
    """Each messenger has its own chat ids."""
    account.messenger = messenger
    assert (await send(call_api, TEXT | {"chatId": chat_id})).status == status


@pytest.mark.parametrize("messenger", [Messenger.TELEGRAM, Messenger.MAX])
async def test_message_ids_of_other_messengers(
    call_api: ApiCall, account: Account, messenger: Messenger
) -> None:
    """Message IDs are 13 digits, unique, and accepted as quoted IDs."""
    account.messenger = messenger
    first, second = [(await send(call_api)).json["idMessage"] for _ in range(2)]
    assert first.isdigit()
    assert len(first) == len(second) == 13
    assert first != second
    assert (await send(call_api, TEXT | {"quotedMessageId": first})).status == 200


async def test_quoted_message(
    call_api: ApiCall, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """A message that quotes an unknown one is accepted, and lost."""
    first = (await send(call_api)).json["idMessage"]
    assert (await send(call_api, TEXT | {"quotedMessageId": first})).status == 200
    assert (await send(call_api, TEXT | {"quotedMessageId": "X" * 20})).status == 200
    freezer.tick(60)
    assert account.queue == 0
    assert (len(account.messages.delivered), len(account.messages.lost)) == (2, 1)


@pytest.mark.usefixtures("account")
async def test_request_that_is_too_large(call_api: ApiCall) -> None:
    """More than 100 kB are reported as a server error."""
    padding = dict.fromkeys(("a", "b", "c"), "x" * 50000)
    reply = await send(call_api, TEXT | padding)
    assert (reply.status, reply.json["message"]) == (500, "request entity too large")


async def test_suspended_in_max(
    call_api: ApiCall, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """In MAX, a suspended account can only write to its contacts."""
    account.messenger = Messenger.MAX
    account.state = "suspended"
    reply = await send(call_api, TEXT | {"chatId": "10000009"})
    assert (reply.status, reply.json["message"]) == (403, "Your account is suspended")
    assert (await send(call_api, TEXT | {"chatId": "10000001"})).status == 200
    assert (await send(call_api, TEXT | {"chatId": CHAT})).status == 200
    freezer.tick(60)
    assert account.queue == 0
    assert len(account.messages.delivered) == 2


async def test_chats_of_the_free_plan(call_api: ApiCall, account: Account) -> None:
    """The fourth chat of a month is refused, and the allowed ones are listed."""
    account.on_free_plan = True
    chats = [f"7900123456{number}@c.us" for number in range(4)]
    statuses = [(await send(call_api, TEXT | {"chatId": it})).status for it in chats]
    assert statuses == [200, 200, 200, 466]
    refused = (await send(call_api, TEXT | {"chatId": chats[3]})).json
    assert refused["invokeStatus"]["status"] == "QUOTE_ALLOWED"
    correspondents = refused["correspondentsStatus"]
    assert correspondents["status"] == "CORRESPONDENTS_QUOTE_EXCEEDED"
    assert ",".join(chats[:3]) in correspondents["description"]
    assert (await send(call_api, TEXT | {"chatId": chats[0]})).status == 200
    account.on_free_plan = False
    assert (await send(call_api, TEXT | {"chatId": chats[3]})).status == 200


async def test_files_of_the_free_plan(call_api: ApiCall, account: Account) -> None:
    """The free plan has 1000 files a month, and unlimited messages."""
    account.on_free_plan = True
    assert account.free_plan is not None
    account.free_plan.used["sendFileByUrl"] = 999
    assert (await send(call_api, FILE, "sendFileByUrl")).status == 200
    reply = await send(call_api, FILE, "sendFileByUrl")
    assert reply.status == 466
    assert reply.json["invokeStatus"]["status"] == "QUOTE_EXCEEDED"
    assert "correspondentsStatus" not in reply.json
    assert (await send(call_api)).status == 200


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("name", ["chatId", "urlFile", "fileName"])
async def test_file_by_url_without_a_parameter(call_api: ApiCall, name: str) -> None:
    """All of these parameters are required."""
    rest = {key: value for key, value in FILE.items() if key != name}
    assert (
        validation_error(await send(call_api, rest, "sendFileByUrl"))
        == f"'{name}' is required"
    )


@pytest.mark.usefixtures("account")
async def test_caption_that_is_too_long(call_api: ApiCall) -> None:
    """The server fails without a body."""
    reply = await send(call_api, FILE | {"caption": "x" * 1025}, "sendFileByUrl")
    assert (reply.status, reply.text) == (500, "")
    reply = await send(call_api, FILE | {"caption": "x" * 1024}, "sendFileByUrl")
    assert reply.status == 200


async def test_upload(
    session: aiohttp.ClientSession, simulator: Simulator, account: Account
) -> None:
    """An upload is stored with its name, size and content."""
    fields = {"chatId": CHAT, "fileName": "door.png", "caption": "Somebody rang"}
    status, text = await upload(session, simulator, fields)
    assert status == 200
    (message,) = account.waiting
    assert json.loads(text) == {
        "idMessage": message.id,
        "urlFile": f"https://sw-media-out.storage.yandexcloud.net/{INSTANCE_ID}/door.png",
    }
    assert message.body == fields | {
        "file": {
            "name": "snapshot.png",
            "size": len(PNG),
            "content": base64.b64encode(PNG).decode(),
        }
    }
    assert account.requests[0].body == message.body


async def test_upload_that_is_large(
    session: aiohttp.ClientSession, simulator: Simulator, account: Account
) -> None:
    """Only the size of a large file is stored."""
    content = bytes(KEPT_BYTES + 1)
    status, _ = await upload(session, simulator, {"chatId": CHAT}, content)
    assert status == 200
    file = account.waiting[0].body["file"]
    assert file == {"name": "snapshot.png", "size": KEPT_BYTES + 1, "content": None}


async def test_upload_that_is_too_large(
    session: aiohttp.ClientSession,
    simulator: Simulator,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file that is too large is refused."""
    assert MAX_FILE_BYTES == 100 * 1024 * 1024
    monkeypatch.setattr("tests.simulator.uploads.MAX_FILE_BYTES", 1000)
    status, _ = await upload(session, simulator, {"chatId": CHAT}, bytes(1001))
    assert status == 413
    assert account.queue == 0


@pytest.mark.usefixtures("account")
async def test_upload_without_a_file(
    session: aiohttp.ClientSession, simulator: Simulator
) -> None:
    """A form without a file or a chat is refused."""
    form = {"chatId": CHAT, "fileName": "a.png", "file": "text"}
    status, text = await upload(session, simulator, form, None)
    assert (status, "'file' is required" in text) == (400, True)
    status, text = await upload(session, simulator, {})
    assert (status, "'chatId' is required" in text) == (400, True)


# Contacts and chats


async def test_contacts(call_api: ApiCall, account: Account) -> None:
    """Contacts have different keys in other messengers, and MAX lists no groups."""
    contact = Contact("79001234568@c.us", "Neighbour", "Upstairs", "user", 79001234568)
    group = Contact(GROUP, "Family", kind="group")
    account.contacts = (contact, group)
    assert (await call_api("getContacts")).json == [
        {
            "id": "79001234568@c.us",
            "name": "Neighbour",
            "contactName": "Upstairs",
            "type": "user",
        },
        {"id": GROUP, "name": "Family", "contactName": "", "type": "group"},
    ]
    account.messenger = Messenger.MAX
    assert (await call_api("getContacts")).json == [
        {
            "chatId": "79001234568@c.us",
            "name": "Neighbour",
            "contactName": "Upstairs",
            "type": "user",
            "phoneNumber": 79001234568,
        },
    ]


@pytest.mark.parametrize("messenger", Messenger)
async def test_chats(call_api: ApiCall, account: Account, messenger: Messenger) -> None:
    """Chats include groups; they have names only in WhatsApp."""
    account.messenger = messenger
    chats = (await call_api("getChats")).json
    key = "id" if messenger is Messenger.WHATSAPP else "chatId"
    assert [it[key] for it in chats] == [it.chat_id for it in account.known]
    assert ("name" in chats[0]) == (messenger is Messenger.WHATSAPP)


@pytest.mark.parametrize("method", ["getContacts", "getChats"])
async def test_list_that_is_not_ready(
    call_api: ApiCall, account: Account, method: str
) -> None:
    """A list that is not ready is empty; without a phone it is an error."""
    account.empty_lists = 1
    assert (await call_api(method)).json == []
    assert (await call_api(method)).json != []
    account.state = "notAuthorized"
    reply = await call_api(method)
    assert (reply.status, reply.text) == (400, "instance is starting or not authorized")


async def test_action_in_spite_of_a_fault(call_api: ApiCall, account: Account) -> None:
    """A message may be accepted although the response is an error."""
    account.fault = "bad_gateway"
    assert (await send(call_api)).status == 502
    assert account.queue == 0
    account.acts_in_spite_of_fault = True
    assert (await send(call_api)).status == 502
    assert account.queue == 1


# The control page shows received messages


async def test_messages_shown(
    call_api: ApiCall,
    call_control: ApiCall,
    session: aiohttp.ClientSession,
    simulator: Simulator,
    account: Account,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Each message is shown with its status, the latest first."""
    await send(call_api)
    freezer.tick(5)
    await send(call_api, FILE, "sendFileByUrl")
    fields = {"chatId": GROUP, "caption": "Rang"}
    await upload(session, simulator, fields)
    shown = (await call_control()).json["accounts"][0]["messages"]
    assert [(it["status"], it["chat"], it["text"], it["file"]) for it in shown] == [
        ("waiting", CHAT, None, {"name": "https://example.com/a.png"}),
        (
            "waiting",
            GROUP,
            "Rang",
            {"name": "snapshot.png", "size": len(PNG), "picture": True},
        ),
        ("delivered", CHAT, "Hi", None),
    ]
    assert shown[2]["ago"] == pytest.approx(5)
    assert shown[1]["id"] == account.waiting[1].id


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("a.png", "image/png"), ("a.html", "text/plain"), ("a", "text/plain")],
)
async def test_file_shown(
    session: aiohttp.ClientSession,
    simulator: Simulator,
    account: Account,
    name: str,
    content_type: str,
) -> None:
    """An image is shown; other files are never run in the page."""
    await upload(session, simulator, {"chatId": CHAT, "fileName": name})
    url = f"{simulator.url}/control/accounts/{INSTANCE_ID}/files"
    async with session.get(f"{url}/{account.waiting[0].id}") as response:
        assert await response.read() == PNG
        assert response.content_type == content_type
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    async with session.get(f"{url}/none") as response:
        assert response.status == 404
