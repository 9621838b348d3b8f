"""Test the journal of the simulated GREEN-API."""

from freezegun.api import FrozenDateTimeFactory
import pytest

from . import Account, Messenger
from .api_requests import INSTANCE_ID, ApiCall, Reply
from .wire import Json

CHAT = "79001234568@c.us"
TEXT = "Hi"

# Seconds after which a message has left the queue.
QUEUE_SECONDS = 3


async def send(call_api: ApiCall, chat_id: str = CHAT) -> str:
    """Send a message, and return its ID."""
    reply = await call_api(
        "sendMessage", verb="POST", content={"chatId": chat_id, "message": TEXT}
    )
    return str(reply.json["idMessage"])


async def ask(call_api: ApiCall, message_id: str, chat_id: str = CHAT) -> Reply:
    """Return the response about a message."""
    return await call_api(
        "getMessage",
        verb="POST",
        content={"chatId": chat_id, "idMessage": message_id},
    )


async def word(call_api: ApiCall, message_id: str, chat_id: str = CHAT) -> str:
    """Return the status of a message."""
    return str((await ask(call_api, message_id, chat_id)).json["statusMessage"])


@pytest.fixture(autouse=True)
def clock(freezer: FrozenDateTimeFactory) -> None:
    """Freeze the time."""


async def test_message(
    call_api: ApiCall, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """A message has the documented fields; it is never reported as failed."""
    account.reports_statuses = True
    message_id = await send(call_api)
    sent = int(freezer.time_to_freeze.timestamp())
    freezer.tick(QUEUE_SECONDS)
    answer = (await ask(call_api, message_id)).json
    assert answer["extendedTextMessage"]["text"] == TEXT
    del answer["extendedTextMessage"]
    assert answer == {
        "type": "outgoing",
        "idMessage": message_id,
        "timestamp": sent,
        "typeMessage": "extendedTextMessage",
        "chatId": CHAT,
        "statusMessage": "delivered",
        "sendByApi": True,
        "textMessage": TEXT,
    }


@pytest.mark.parametrize(
    ("messenger", "chat_id", "kind"),
    [
        (Messenger.MAX, "10000000", "textMessage"),
        (Messenger.TELEGRAM, "10000000", "textMessage"),
        (Messenger.WHATSAPP, CHAT, "extendedTextMessage"),
    ],
)
async def test_types(
    call_api: ApiCall,
    account: Account,
    freezer: FrozenDateTimeFactory,
    messenger: Messenger,
    chat_id: str,
    kind: str,
) -> None:
    """The type of a text depends on the messenger, and a file has its own."""
    account.messenger = messenger
    message_id = await send(call_api, chat_id)
    answer = (await ask(call_api, message_id, chat_id)).json
    assert (answer["typeMessage"], answer["textMessage"]) == (kind, TEXT)
    freezer.tick(1)
    file = {
        "chatId": chat_id,
        "urlFile": "https://example.com/a.png",
        "fileName": "a.png",
        "caption": TEXT,
    }
    reply = await call_api("sendFileByUrl", verb="POST", content=file)
    answer = (await ask(call_api, reply.json["idMessage"], chat_id)).json
    assert answer["typeMessage"] == "documentMessage"
    assert (answer["fileName"], answer["caption"]) == ("a.png", TEXT)


@pytest.mark.parametrize(
    ("messenger", "reports_statuses", "fate", "words"),
    [
        (Messenger.WHATSAPP, True, None, ("pending", "sent", "delivered")),
        (Messenger.WHATSAPP, True, "read", ("pending", "sent", "read")),
        (Messenger.WHATSAPP, True, "noAccount", ("pending", "sent", "noAccount")),
        (Messenger.WHATSAPP, False, "noAccount", ("pending", "sent", "sent")),
        (Messenger.MAX, False, None, ("pending", "sent", "delivered")),
        (Messenger.TELEGRAM, False, "read", ("pending", "pending", "read")),
    ],
)
async def test_statuses(
    call_api: ApiCall,
    account: Account,
    freezer: FrozenDateTimeFactory,
    *,
    messenger: Messenger,
    reports_statuses: bool,
    fate: str | None,
    words: tuple[str, ...],
) -> None:
    """A message is pending, sent, and delivered; without statuses it stays sent."""
    chat_id = CHAT if messenger is Messenger.WHATSAPP else "10000000"
    account.messenger = messenger
    account.reports_statuses = reports_statuses
    account.delivery_seconds = 10
    account.fates |= {chat_id: fate} if fate else {}
    message_id = await send(call_api, chat_id)
    found = []
    for seconds in (1, QUEUE_SECONDS, 10):
        freezer.tick(seconds)
        found.append(await word(call_api, message_id, chat_id))
    assert tuple(found) == words


async def test_expired(
    call_api: ApiCall, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """A message that expired in the queue stays pending."""
    account.reports_statuses = True
    account.state = "notAuthorized"
    message_id = await send(call_api)
    freezer.tick(24 * 3600 + 1)
    account.state = "authorized"
    assert await word(call_api, message_id) == "pending"


async def test_lag(
    call_api: ApiCall, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """A message gets into the journal some time after it was accepted."""
    account.journal_lag = 120
    message_id = await send(call_api)
    freezer.tick(119)
    assert (await ask(call_api, message_id)).status == 400
    freezer.tick(1)
    assert (await ask(call_api, message_id)).status == 200


@pytest.mark.parametrize(
    ("form", "content_type", "text"),
    [
        ("json", "application/json", '"message":"{}"'),
        ("text", "text/plain", "{}"),
        ("html", "text/html", "{}"),
    ],
)
async def test_missing(
    call_api: ApiCall,
    account: Account,
    freezer: FrozenDateTimeFactory,
    form: str,
    content_type: str,
    text: str,
) -> None:
    """An unknown chat and an unknown message have different texts."""
    account.journal_errors = form
    message_id = await send(call_api)
    for chat_id, wanted, expected in (
        ("79001234569@c.us", message_id, "chatId not found"),
        (CHAT, "3EB0", "ID message notfound"),
    ):
        freezer.tick(1)
        reply = await ask(call_api, wanted, chat_id)
        assert reply.status == 400
        assert reply.headers["Content-Type"].startswith(content_type)
        assert text.format(expected) in reply.text


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {"chatId": CHAT},
        {"idMessage": "3EB0"},
        {"chatId": CHAT, "idMessage": 5},
        {"chatId": CHAT, "idMessage": ""},
        {"chatId": CHAT, "idMessage": "3EB0", "count": "1"},
    ],
)
@pytest.mark.usefixtures("account")
async def test_invalid(call_api: ApiCall, content: Json) -> None:
    """The body consists of exactly two texts."""
    reply = await call_api("getMessage", verb="POST", content=content)
    assert reply.status == 400
    assert "notfound" not in reply.text


@pytest.mark.usefixtures("account")
async def test_verb(call_api: ApiCall) -> None:
    """The method is called with POST only."""
    assert (await call_api("getMessage")).status == 404


async def test_quota(
    call_api: ApiCall, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """The free plan has 1,000 calls per month, whether they find a message or not."""
    account.on_free_plan = True
    account.free_plan.used["getMessage"] = 998
    message_id = await send(call_api)
    assert (await ask(call_api, message_id)).status == 200
    freezer.tick(1)
    assert (await ask(call_api, "3EB0")).status == 400
    freezer.tick(1)
    reply = await ask(call_api, message_id)
    assert reply.status == 466
    assert reply.json["invokeStatus"] == {
        "method": "getmessage",
        "used": 1000,
        "total": 1000,
        "status": "QUOTE_EXCEEDED",
        "description": (
            "Monthly quota has been exceeded. Please go to your personal account and "
            "change the tariff to business https://console.green-api.com"
        ),
    }


async def test_setting(
    call_api: ApiCall, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """The settings say whether statuses are reported; a new instance has none."""
    assert (await call_api("getSettings")).json["outgoingWebhook"] == "no"
    account.reports_statuses = True
    freezer.tick(1)
    assert (await call_api("getSettings")).json["outgoingWebhook"] == "yes"


async def test_control_page(
    call_api: ApiCall, call_control: ApiCall, account: Account
) -> None:
    """The control page shows the status of each message, and changes it."""
    message_id = await send(call_api)
    shown = (await call_control()).json
    assert "notInGroup" in shown["choices"]["statuses"]
    (message,) = shown["accounts"][0]["messages"]
    assert (message["id"], message["journal"]) == (message_id, "pending")

    async def set_status(**content: Json) -> Reply:
        return await call_control(
            f"/{INSTANCE_ID}/set_status", verb="POST", content=content
        )

    reply = await set_status(message=message_id, status="notInGroup")
    assert reply.json["accepted"]
    assert reply.json["messages"][0]["journal"] == "notInGroup"
    assert await word(call_api, message_id) == "notInGroup"
    reply = await set_status(message="3EB0", status="read")
    assert not reply.json["accepted"]
    assert (await set_status(message=message_id, status="lost")).status == 400
    assert (await set_status(status="read")).status == 400
    assert account.words == {message_id: "notInGroup"}
