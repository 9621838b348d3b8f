"""Test the vendor's clients for Telegram and MAX with the simulated GREEN-API."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from max_api_client_python.API import GreenApi as MaxApi
import pytest
from telegram_api_client_python.API import GreenApi as TelegramApi

from .account import LINKED, PASSING, Account
from .api_requests import INSTANCE_ID, TOKEN
from .control import STATES
from .messengers import Messenger
from .methods import METHODS
from .server import Simulator

# They do not close the file that they upload.
pytestmark = [
    pytest.mark.long(6),
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

type Api = Any
"""A client: those of the two messengers have the same methods."""

CLIENTS: Final[Mapping[Messenger, Callable[..., Api]]] = {
    Messenger.TELEGRAM: TelegramApi,
    Messenger.MAX: MaxApi,
}
CHAT: Final = "10000001"

# A message of a queue that is filled.
SAMPLE_CHAT: Final = "79001234568@c.us"
SAMPLE: Final = "BAE5F4886F6F0000"

PHONE: Final = 79001234567
ALL: Final = frozenset(STATES)
READY: Final = ALL - PASSING
CODE_ALLOWED: Final = frozenset({"notAuthorized", "pendingCode"}) | LINKED
RESULT: Final = frozenset({"status", "data"})


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call of the vendor's clients, and the documented keys of its response.

    In states other than these, the status is 400.
    """

    make: Callable[[Api, Path], Any]
    keys: frozenset[str]
    states: frozenset[str | None] = ALL
    items: bool = False


def keys(names: str) -> frozenset[str]:
    """Return a set of keys."""
    return frozenset(names.split())


def request(method: str) -> Callable[[Api, Path], Any]:
    """Return a call of a method that not both clients have."""
    path = f"waInstance{{{{idInstance}}}}/{method}/{{{{apiTokenInstance}}}}"
    return lambda api, _: api.request("GET", f"{{{{host}}}}/{path}")


CALLS: Final = {
    "getStateInstance": Call(
        make=lambda api, _: api.account.getStateInstance(), keys=keys("stateInstance")
    ),
    "getSettings": Call(
        make=lambda api, _: api.account.getSettings(),
        keys=keys(
            "wid typeInstance webhookUrl webhookUrlToken delaySendMessagesMilliseconds "
            "markIncomingMessagesReaded markIncomingMessagesReadedOnReply "
            "outgoingWebhook outgoingMessageWebhook outgoingAPIMessageWebhook "
            "incomingWebhook stateWebhook pollMessageWebhook editedMessageWebhook "
            "deletedMessageWebhook"
        ),
    ),
    "getAccountSettings": Call(
        make=lambda api, _: api.account.getAccountSettings(),
        keys=keys("avatar phone stateInstance chatId"),
    ),
    "reboot": Call(make=lambda api, _: api.account.reboot(), keys=keys("isReboot")),
    "logout": Call(make=lambda api, _: api.account.logout(), keys=keys("isLogout")),
    "qr": Call(make=lambda api, _: api.account.qr(), keys=keys("type message")),
    "startAuthorization": Call(
        make=lambda api, _: api.account.startAuthorization(PHONE),
        keys=RESULT,
        states=CODE_ALLOWED,
    ),
    "sendAuthorizationCode": Call(
        make=lambda api, _: api.account.sendAuthorizationCode("12345"), keys=RESULT
    ),
    "getMessagesCount": Call(make=request("getMessagesCount"), keys=keys("count")),
    "getWebhooksCount": Call(make=request("getWebhooksCount"), keys=keys("count")),
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
        keys=keys("chatId name contactName type phoneNumber"),
        states=LINKED,
        items=True,
    ),
    "getChats": Call(
        make=request("getChats"),
        keys=keys("chatId type phoneNumber"),
        states=LINKED,
        items=True,
    ),
    "checkAccount": Call(
        make=lambda api, _: api.serviceMethods.checkAccount(PHONE),
        keys=keys("exist chatId fromCache"),
    ),
    "getMessage": Call(
        make=lambda api, _: api.journals.getMessage(SAMPLE_CHAT, SAMPLE),
        keys=keys(
            "type idMessage timestamp typeMessage chatId statusMessage sendByApi "
            "textMessage"
        ),
    ),
    "lastIncomingMessages": Call(
        make=lambda api, _: api.journals.lastIncomingMessages(3),
        keys=keys("type idMessage timestamp typeMessage chatId textMessage"),
        items=True,
    ),
    "receiveNotification": Call(
        make=lambda api, _: api.receiving.receiveNotification(),
        keys=keys("receiptId body"),
        states=READY,
    ),
    "deleteNotification": Call(
        make=lambda api, _: api.receiving.deleteNotification(1),
        keys=keys("result reason"),
        states=READY,
    ),
    "sendMessage": Call(
        make=lambda api, _: api.sending.sendMessage(CHAT, "Hi"), keys=keys("idMessage")
    ),
    "sendFileByUrl": Call(
        make=lambda api, _: api.sending.sendFileByUrl(
            CHAT, "https://example.com/a.png", "a.png"
        ),
        keys=keys("idMessage"),
    ),
    "sendFileByUpload": Call(
        make=lambda api, file: api.sending.sendFileByUpload(CHAT, str(file), "a.png"),
        keys=keys("idMessage urlFile"),
    ),
}


@pytest.fixture(params=CLIENTS)
def messenger(request: pytest.FixtureRequest) -> Messenger:
    """Return the messenger of the account."""
    return Messenger(request.param)


@pytest.fixture
def account(account: Account, messenger: Messenger) -> Account:
    """Return an account of the messenger."""
    account.messenger = messenger
    return account


@pytest.fixture
async def api(
    simulator: Simulator, account: Account, messenger: Messenger
) -> AsyncGenerator[Api]:
    """Return the vendor's client for the account."""
    simulator.enforce_limits = False
    host = f"{simulator.url}/v3" if messenger is Messenger.MAX else simulator.url
    api = CLIENTS[messenger](INSTANCE_ID, TOKEN, host=host, media=host)
    yield api
    api.session.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file to send."""
    file = tmp_path / "snapshot.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n")
    return file


@pytest.mark.parametrize("messenger", CLIENTS)
def test_calls_are_complete(messenger: Messenger) -> None:
    """Every method of these accounts is called, some of them in tests of their own."""
    served = {it.name for it in METHODS.values() if messenger in it.messengers}
    assert served - {"sendAuthorizationPassword", "sendPoll"} == {*CALLS}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", CALLS)
async def test_call(
    api: Api, account: Account, file: Path, name: str, state: str | None
) -> None:
    """A call is handled in every state, and its response has the documented keys."""
    account.receives_messages = True
    account.write("Hi", sender_id=CHAT)
    account.state = state
    account.queue = 1
    call = CALLS[name]
    response = await asyncio.to_thread(call.make, api, file)
    assert account.requests[-1].method == name
    assert response.code in ({200} if state in call.states else {400, 403})
    (answer,) = (response.data or [None])[:1] if call.items else [response.data]
    alternatives = ({"status", "reason"}, call.keys)
    assert answer is None or any(keys <= answer.keys() for keys in alternatives)


async def test_link_with_qr_code_and_password(api: Api, account: Account) -> None:
    """A password is sent after a scan, with the same method for both messengers."""
    account.state = "notAuthorized"
    account.link_seconds = 0
    account.cloud_password = "correct horse battery"
    qr_code = await asyncio.to_thread(api.account.qr)
    assert qr_code.data["type"] == "qrCode"
    assert account.scan()
    password = {"password": account.cloud_password}
    response = await asyncio.to_thread(
        api.request,
        "POST",
        "{{host}}/waInstance{{idInstance}}/"
        "sendAuthorizationPassword/{{apiTokenInstance}}",
        password,
    )
    assert response.data["data"] == {"status": "success", "reason": ""}
    assert account.state == "authorized"


async def test_password_of_telegram(simulator: Simulator, account: Account) -> None:
    """The client for Telegram has a method of its own for a password."""
    account.messenger = Messenger.TELEGRAM
    account.state = "pendingPassword"
    api = TelegramApi(INSTANCE_ID, TOKEN, host=simulator.url, media=simulator.url)
    response = await asyncio.to_thread(api.account.sendAuthorizationPassword, "?")
    assert response.data == {
        "status": True,
        "data": {"status": "fail", "reason": "invalid_password"},
    }
    api.session.close()


async def test_poll_of_telegram(simulator: Simulator, account: Account) -> None:
    """Only the client for Telegram sends polls."""
    account.messenger = Messenger.TELEGRAM
    api = TelegramApi(INSTANCE_ID, TOKEN, host=simulator.url, media=simulator.url)
    options = [{"optionName": "I"}, {"optionName": "You"}]
    response = await asyncio.to_thread(api.sending.sendPoll, CHAT, "Who?", options)
    assert response.data.keys() == {"idMessage"}
    assert account.waiting[0].body["options"] == options
    api.session.close()


async def test_link_with_code(api: Api, account: Account) -> None:
    """The clients make the messenger send a code, and send it back."""
    account.state = "notAuthorized"
    account.link_seconds = 0
    response = await asyncio.to_thread(api.account.startAuthorization, PHONE)
    assert response.data["data"]["status"] == "success"
    code = account.authorization.code
    response = await asyncio.to_thread(api.account.sendAuthorizationCode, code)
    assert response.data["data"] == {"status": "success", "reason": ""}
    assert account.state == "authorized"
