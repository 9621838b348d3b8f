"""Test the vendor's own client with the simulated GREEN-API."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from whatsapp_api_client_python.API import GreenAPI
from whatsapp_api_client_python.response import Response

from .account import LINKABLE, LINKED, PASSING, Account
from .api_requests import INSTANCE_ID, TOKEN
from .control import STATES
from .messengers import Messenger
from .methods import METHODS
from .server import Simulator

# It does not close the file that it uploads.
pytestmark = [
    pytest.mark.long(3),
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

CHAT: Final = "79001234568@c.us"
ALL: Final = frozenset(STATES)
READY: Final = ALL - PASSING


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call of the vendor's client, and the documented keys of its response.

    In states other than these, the status is 400.
    """

    make: Callable[[GreenAPI, Path], Response]
    keys: frozenset[str]
    states: frozenset[str | None] = ALL
    items: bool = False


def keys(names: str) -> frozenset[str]:
    """Return a set of keys."""
    return frozenset(names.split())


CALLS: Final = {
    "getStateInstance": Call(
        make=lambda api, _: api.account.getStateInstance(), keys=keys("stateInstance")
    ),
    "getSettings": Call(
        make=lambda api, _: api.account.getSettings(),
        keys=keys(
            "wid countryInstance typeAccount webhookUrl webhookUrlToken "
            "delaySendMessagesMilliseconds markIncomingMessagesReaded "
            "markIncomingMessagesReadedOnReply sharedSession outgoingWebhook "
            "outgoingMessageWebhook outgoingAPIMessageWebhook incomingWebhook "
            "deviceWebhook statusInstanceWebhook stateWebhook enableMessagesHistory "
            "keepOnlineStatus pollMessageWebhook incomingBlockWebhook "
            "incomingCallWebhook editedMessageWebhook deletedMessageWebhook"
        ),
    ),
    "getWaSettings": Call(
        make=lambda api, _: api.account.getWaSettings(),
        keys=keys("avatar phone stateInstance deviceId"),
    ),
    "reboot": Call(make=lambda api, _: api.account.reboot(), keys=keys("isReboot")),
    "logout": Call(make=lambda api, _: api.account.logout(), keys=keys("isLogout")),
    "qr": Call(make=lambda api, _: api.account.qr(), keys=keys("type message")),
    "getAuthorizationCode": Call(
        make=lambda api, _: api.account.getAuthorizationCode(79001234567),
        keys=keys("status code"),
        states=LINKABLE | LINKED,
    ),
    "getMessagesCount": Call(
        make=lambda api, _: api.queues.getMessagesCount(), keys=keys("count")
    ),
    "getWebhooksCount": Call(
        make=lambda api, _: api.queues.getWebhooksCount(), keys=keys("count")
    ),
    "showMessagesQueue": Call(
        make=lambda api, _: api.queues.showMessagesQueue(),
        keys=keys("messageID type body"),
        items=True,
    ),
    "clearMessagesQueue": Call(
        make=lambda api, _: api.queues.clearMessagesQueue(), keys=keys("isCleared")
    ),
    "getContacts": Call(
        make=lambda api, _: api.serviceMethods.getContacts(),
        keys=keys("id name contactName type"),
        states=LINKED,
        items=True,
    ),
    "getChats": Call(
        make=lambda api, _: api.serviceMethods.getChats(),
        keys=keys("id name type archive ephemeralExpiration"),
        states=LINKED,
        items=True,
    ),
    "checkWhatsapp": Call(
        make=lambda api, _: api.serviceMethods.checkWhatsapp(chatId=CHAT),
        keys=keys("existsWhatsapp chatId username phoneNumber fromCache"),
        states=LINKED,
    ),
    "getMessage": Call(
        make=lambda api, _: api.journals.getMessage(CHAT, "BAE5F4886F6F0000"),
        keys=keys(
            "type idMessage timestamp typeMessage chatId statusMessage sendByApi "
            "textMessage extendedTextMessage"
        ),
    ),
    "lastIncomingMessages": Call(
        make=lambda api, _: api.journals.lastIncomingMessages(3),
        keys=keys(
            "type idMessage timestamp typeMessage chatId senderId senderName "
            "senderContactName textMessage"
        ),
        items=True,
    ),
    "receiveNotification": Call(
        make=lambda api, _: api.receiving.receiveNotification(5),
        keys=keys("receiptId body"),
        states=READY,
    ),
    "deleteNotification": Call(
        make=lambda api, _: api.receiving.deleteNotification(1),
        keys=keys("result reason"),
        states=READY,
    ),
    "sendPoll": Call(
        make=lambda api, _: api.sending.sendPoll(
            CHAT, "Who?", [{"optionName": "I"}, {"optionName": "You"}]
        ),
        keys=keys("idMessage"),
    ),
    "sendMessage": Call(
        make=lambda api, _: api.sending.sendMessage(CHAT, "Hi", linkPreview=False),
        keys=keys("idMessage"),
    ),
    "sendFileByUrl": Call(
        make=lambda api, _: api.sending.sendFileByUrl(
            CHAT, "https://example.com/a.png", "a.png", "Hi"
        ),
        keys=keys("idMessage"),
    ),
    "sendFileByUpload": Call(
        make=lambda api, file: api.sending.sendFileByUpload(
            CHAT, str(file), "a.png", "Hi"
        ),
        keys=keys("idMessage urlFile"),
    ),
}


class Bot:
    """Receives a number of messages with the vendor's client."""

    def __init__(self, api: GreenAPI, count: int) -> None:
        """Initialize without messages."""
        self.texts: list[str] = []
        self._api = api
        self._count = count

    def receive(self, _: str, body: dict[str, Any]) -> None:
        """Receive a message, and stop after the last one."""
        self.texts.append(body["messageData"]["textMessageData"]["textMessage"])
        if len(self.texts) == self._count:
            self._api.webhooks.stopReceivingNotifications()


@pytest.fixture
async def api(simulator: Simulator) -> AsyncGenerator[GreenAPI]:
    """Return the vendor's client for the account."""
    simulator.enforce_limits = False
    api = GreenAPI(INSTANCE_ID, TOKEN, host=simulator.url, media=simulator.url)
    yield api
    api.session.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file to send."""
    file = tmp_path / "snapshot.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n")
    return file


def test_calls_are_complete() -> None:
    """Every method of a WhatsApp account is called."""
    served = [it.name for it in METHODS.values() if Messenger.WHATSAPP in it.messengers]
    assert sorted(served) == sorted(CALLS)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", CALLS)
async def test_call(
    api: GreenAPI, account: Account, file: Path, name: str, state: str | None
) -> None:
    """A call is handled in every state, and its response has the documented keys."""
    account.receives_messages = True
    account.write("Hi", sender_id=CHAT)
    account.state = state
    account.queue = 1
    call = CALLS[name]
    response = await asyncio.to_thread(call.make, api, file)
    assert account.requests[-1].method == name
    assert response.code == (200 if state in call.states else 400)
    (answer,) = (response.data or [None])[:1] if call.items else [response.data]
    assert answer is None or call.keys <= answer.keys()
    assert (answer is None) == (
        state not in call.states
        or (name == "getStateInstance" and state is None)
        or (name == "getAuthorizationCode" and account.linked)
    )


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("sendMessage", {"chatId": CHAT, "message": "Hi", "linkPreview": False}),
        (
            "sendPoll",
            {
                "chatId": CHAT,
                "message": "Who?",
                "options": [{"optionName": "I"}, {"optionName": "You"}],
            },
        ),
        (
            "sendFileByUrl",
            {
                "chatId": CHAT,
                "urlFile": "https://example.com/a.png",
                "fileName": "a.png",
                "caption": "Hi",
            },
        ),
        (
            "sendFileByUpload",
            {
                "chatId": CHAT,
                "fileName": "a.png",
                "caption": "Hi",
                "file": {
                    "name": "snapshot.png",
                    "size": 8,
                    "content": "iVBORw0KGgo=",
                },
            },
        ),
    ],
)
async def test_message_arrives_whole(
    api: GreenAPI, account: Account, file: Path, name: str, fields: dict[str, object]
) -> None:
    """Each field that the vendor's client sends is stored."""
    await asyncio.to_thread(CALLS[name].make, api, file)
    body = account.waiting[0].body
    assert {key: body[key] for key in fields} == fields


async def test_bot(api: GreenAPI, account: Account) -> None:
    """The loop of the vendor's client receives every notification once, in order."""
    account.receives_messages = True
    texts = [f"Message {number}" for number in range(5)]
    for text in texts:
        account.write(text, sender_id=CHAT)
    bot = Bot(api, len(texts))
    await asyncio.to_thread(api.webhooks.startReceivingNotifications, bot.receive)
    assert bot.texts == texts
    assert account.webhooks == 0
