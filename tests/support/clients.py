"""Clients of GREEN-API, and the results of their methods."""

from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from traceback import walk_tb
from types import NoneType, UnionType
from typing import Final, cast
from unittest.mock import patch

import aiohttp

from custom_components.green_api.api import (
    AccountState,
    Attachment,
    AuthorizationKind,
    AuthorizationResponse,
    Chat,
    ChatKind,
    ConnectionPool,
    GreenApiClient,
    GreenApiError,
    Journal,
    MessageKind,
    Messenger,
    Notification,
    QrKind,
    QrResponse,
    ReceivedMessage,
    RequestPacer,
    Settings,
    methods,
    transport,
)
from custom_components.green_api.api.fields import fingerprints

from .const import INSTANCE_ID, TOKEN

PHONE_NUMBER: Final = 79001234567

# Personal data of a message, which must be in neither logs nor exceptions.
CHAT_ID: Final = "79001234568@c.us"
CHECKED_NUMBER: Final = 79001234568
CONTACT_NAME: Final = "Neighbour upstairs"
FILE_CONTENT: Final = b"\x89PNG\r\n\x1a\nfront door"
FILE_NAME: Final = "front door.png"
MESSAGE: Final = "Somebody is at the door \U0001f514"
QUOTED_ID: Final = "BAE5F4886F6F2D05"
SENT_ID: Final = "3EB0C767D097B7C7C031"
LINKING_CODE: Final = "48151"
PASSWORD: Final = "correct horse battery"
PERSONAL: Final = (
    *(PASSWORD, LINKING_CODE),
    *("79001234568", CONTACT_NAME, "front door", "Somebody is at", QUOTED_ID, SENT_ID),
)

CHOICES: Final = ("On my way", "False alarm")
RECEIVED: Final = ReceivedMessage(
    message_id="F7AEC1B7086ECDC7E6E45923F5EDB825",
    chat_id=CHAT_ID,
    sender_id=CHAT_ID,
    kind=MessageKind.TEXT,
    text=MESSAGE,
    sent_at=datetime(2025, 11, 14, 10, 11, 52, tzinfo=UTC),
)

WAITING_MESSAGE: Final = {
    "messageID": "BAE5F4886F6F2D05",
    "type": "sendMessage",
    "body": {"chatId": "79001234568@c.us", "message": "Hi", "linkPreview": True},
}

type Call = Callable[[GreenApiClient], Awaitable[object]]


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method of the API: its call, and a documented response."""

    call: Call
    answer: object
    result: object
    returns: type | UnionType
    data: Mapping[str, object] | None = None
    content_type: str | None = None
    tail: str = ""
    """What follows the token in the URL."""

    deletes: bool = False

    @property
    def verb(self) -> str:
        """The HTTP method of the request."""
        if self.deletes:
            return "DELETE"
        return "GET" if self.data is None else "POST"


METHODS: Final[Mapping[str, Method]] = {
    "getStateInstance": Method(
        call=GreenApiClient.get_state,
        answer={"stateInstance": "authorized"},
        result=AccountState("authorized"),
        returns=AccountState,
    ),
    "getSettings": Method(
        call=GreenApiClient.get_settings,
        answer={
            "wid": "79001234567@c.us",
            "typeInstance": "telegram",
            "webhookUrl": "https://example.com/hook",
            "webhookUrlToken": "Bearer secret",
            "delaySendMessagesMilliseconds": 3000,
            "stateWebhook": "yes",
            "outgoingWebhook": "yes",
            "linkPreview": True,
        },
        result=Settings(
            messenger=Messenger.TELEGRAM,
            wid="79001234567@c.us",
            has_webhook=True,
            receives_messages=False,
            receives_votes=False,
            uses_lids=False,
            state_webhook=True,
            reports_statuses=True,
            message_delay=3,
        ),
        returns=Settings,
    ),
    "getWaSettings": Method(
        call=lambda client: client.get_restricted_until(Messenger.WHATSAPP),
        answer={"phone": "79001234567", "suspendedUntil": 1790000000},
        result=datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC),
        returns=datetime | NoneType,
    ),
    "getAccountSettings": Method(
        call=lambda client: client.get_restricted_until(Messenger.MAX),
        answer={"chatId": "10000000", "suspendedUntil": 1790000000},
        result=datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC),
        returns=datetime | NoneType,
    ),
    "getMessagesCount": Method(
        call=GreenApiClient.get_messages_count,
        answer={"count": 7},
        result=7,
        returns=int,
    ),
    "showMessagesQueue": Method(
        call=GreenApiClient.get_waiting_messages,
        answer=[WAITING_MESSAGE, {"typeMessage": "textMessage", "message": "Hi"}],
        result=fingerprints(
            [WAITING_MESSAGE, {"typeMessage": "textMessage", "message": "Hi"}]
        ),
        returns=frozenset,
    ),
    "clearMessagesQueue": Method(
        call=GreenApiClient.clear_messages_queue,
        answer={"isCleared": True},
        result=True,
        returns=bool,
    ),
    "qr": Method(
        call=GreenApiClient.get_qr,
        answer={
            "type": "alreadyLogged",
            "message": "instance account already authorized",
        },
        result=QrResponse(QrKind.ALREADY_LOGGED),
        returns=QrResponse,
    ),
    "getAuthorizationCode": Method(
        call=lambda client: client.get_authorization_code(PHONE_NUMBER),
        data={"phoneNumber": PHONE_NUMBER},
        content_type="application/json",
        answer={"status": True, "code": "GAPI2015"},
        result="GAPI2015",
        returns=str | NoneType,
    ),
    "startAuthorization": Method(
        call=lambda client: client.start_authorization(PHONE_NUMBER),
        data={"phoneNumber": PHONE_NUMBER},
        content_type="application/json",
        answer={"status": True, "data": {"status": "success", "reason": ""}},
        result=AuthorizationResponse(AuthorizationKind.ACCEPTED),
        returns=AuthorizationResponse,
    ),
    "sendAuthorizationCode": Method(
        call=lambda client: client.send_authorization_code(LINKING_CODE, PASSWORD),
        data={"code": LINKING_CODE, "password": PASSWORD},
        content_type="application/json",
        answer={"status": True, "data": {"status": "fail", "reason": "timeout"}},
        result=AuthorizationResponse(AuthorizationKind.TIMEOUT),
        returns=AuthorizationResponse,
    ),
    "sendAuthorizationPassword": Method(
        call=lambda client: client.send_authorization_password(PASSWORD),
        data={"password": PASSWORD},
        content_type="application/json",
        answer={
            "status": True,
            "data": {"status": "fail", "reason": "invalid_password"},
        },
        result=AuthorizationResponse(AuthorizationKind.INVALID_PASSWORD),
        returns=AuthorizationResponse,
    ),
    "reboot": Method(
        call=GreenApiClient.reboot,
        answer={"isReboot": True},
        result=True,
        returns=bool,
    ),
    "sendMessage": Method(
        call=lambda client: client.send_message(
            CHAT_ID, MESSAGE, quoted_message_id=QUOTED_ID, link_preview=False
        ),
        data={
            "chatId": CHAT_ID,
            "message": MESSAGE,
            "quotedMessageId": QUOTED_ID,
            "linkPreview": False,
        },
        content_type="application/json",
        answer={"idMessage": "3EB0C767D097B7C7C030"},
        result="3EB0C767D097B7C7C030",
        returns=str,
    ),
    "sendFileByUpload": Method(
        call=lambda client: client.send_file(
            CHAT_ID,
            Attachment(FILE_NAME, FILE_CONTENT),
            caption=MESSAGE,
            quoted_message_id=QUOTED_ID,
        ),
        data={
            "chatId": CHAT_ID,
            "fileName": FILE_NAME,
            "caption": MESSAGE,
            "quotedMessageId": QUOTED_ID,
            "file": (FILE_NAME, FILE_CONTENT),
        },
        content_type="multipart/form-data",
        answer={
            "idMessage": "1763115112345",
            "urlFile": "https://sw-media-out.storage.yandexcloud.net/1101000001/a.png",
        },
        result="1763115112345",
        returns=str,
    ),
    "sendPoll": Method(
        call=lambda client: client.send_poll(
            CHAT_ID, MESSAGE, CHOICES, quoted_message_id=QUOTED_ID
        ),
        data={
            "chatId": CHAT_ID,
            "message": MESSAGE,
            "options": [{"optionName": choice} for choice in CHOICES],
            "multipleAnswers": False,
            "quotedMessageId": QUOTED_ID,
        },
        content_type="application/json",
        answer={"idMessage": "3EB0C767D097B7C7C032"},
        result="3EB0C767D097B7C7C032",
        returns=str,
    ),
    "lastIncomingMessages": Method(
        call=lambda client: client.get_last_incoming(3),
        tail="?minutes=3",
        answer=[
            {
                "type": "incoming",
                "idMessage": RECEIVED.message_id,
                "timestamp": 1763115112,
                "typeMessage": "textMessage",
                "chatId": CHAT_ID,
                "senderId": CHAT_ID,
                "senderName": CONTACT_NAME,
                "senderContactName": CONTACT_NAME,
                "textMessage": MESSAGE,
            }
        ],
        result=Journal((RECEIVED,)),
        returns=Journal,
    ),
    "receiveNotification": Method(
        call=lambda client: client.receive_notification(20),
        tail="?receiveTimeout=20",
        answer={
            "receiptId": 7,
            "body": {
                "typeWebhook": "incomingMessageReceived",
                "instanceData": {
                    "idInstance": int(INSTANCE_ID),
                    "wid": "79001234567@c.us",
                    "typeInstance": "whatsapp",
                },
                "timestamp": 1763115112,
                "idMessage": RECEIVED.message_id,
                "senderData": {
                    "chatId": CHAT_ID,
                    "chatName": CONTACT_NAME,
                    "sender": CHAT_ID,
                    "senderName": CONTACT_NAME,
                    "senderContactName": CONTACT_NAME,
                },
                "messageData": {
                    "typeMessage": "textMessage",
                    "textMessageData": {"textMessage": MESSAGE},
                },
            },
        },
        result=Notification(7, RECEIVED),
        returns=Notification | NoneType,
    ),
    "deleteNotification": Method(
        call=lambda client: client.delete_notification(7),
        tail="/7",
        deletes=True,
        answer={"result": True, "reason": ""},
        result=True,
        returns=bool,
    ),
    "getWebhooksCount": Method(
        call=GreenApiClient.count_notifications,
        answer={"count": 7},
        result=7,
        returns=int,
    ),
    "getMessage": Method(
        call=lambda client: client.get_message_status(CHAT_ID, SENT_ID),
        data={"chatId": CHAT_ID, "idMessage": SENT_ID},
        content_type="application/json",
        answer={
            "type": "outgoing",
            "idMessage": SENT_ID,
            "timestamp": 1763115112,
            "typeMessage": "extendedTextMessage",
            "chatId": CHAT_ID,
            "statusMessage": "delivered",
            "sendByApi": True,
            "textMessage": MESSAGE,
            "extendedTextMessage": {"text": MESSAGE, "previewType": "None"},
        },
        result="delivered",
        returns=str,
    ),
    "checkWhatsapp": Method(
        call=lambda client: client.check_number(CHECKED_NUMBER, Messenger.WHATSAPP),
        data={"chatId": CHAT_ID},
        content_type="application/json",
        answer={
            "existsWhatsapp": True,
            "chatId": "120650379300963@lid",
            "username": "",
            "phoneNumber": CHAT_ID,
            "fromCache": False,
        },
        result=(CHAT_ID, "120650379300963@lid"),
        returns=tuple | NoneType,
    ),
    "checkAccount": Method(
        call=lambda client: client.check_number(CHECKED_NUMBER, Messenger.MAX),
        data={"phoneNumber": CHECKED_NUMBER},
        content_type="application/json",
        answer={"exist": True, "chatId": "10000000", "fromCache": True},
        result=("10000000",),
        returns=tuple | NoneType,
    ),
    "getContacts": Method(
        call=GreenApiClient.get_contacts,
        answer=[
            {
                "id": CHAT_ID,
                "name": "Pushname",
                "contactName": CONTACT_NAME,
                "type": "user",
            }
        ],
        result=(Chat(CHAT_ID, CONTACT_NAME, ChatKind.PERSON),),
        returns=tuple | NoneType,
    ),
    "getChats": Method(
        call=GreenApiClient.get_chats,
        answer=[
            {
                "id": "120363043968066561@g.us",
                "name": CONTACT_NAME,
                "type": "group",
                "archive": False,
            }
        ],
        result=(Chat("120363043968066561@g.us", CONTACT_NAME, ChatKind.GROUP),),
        returns=tuple | NoneType,
    ),
}
"""The methods that the client calls."""

API_METHODS: Final[Mapping[str, methods.Method]] = {
    it.name: it for it in vars(methods).values() if isinstance(it, methods.Method)
}
"""How the client calls them."""

SENDS: Final = ("sendMessage", "sendFileByUpload", "sendPoll")
"""The methods that must not be called twice for the same message."""


def create_client(
    session: aiohttp.ClientSession,
    url: str,
    *,
    instance_id: str = INSTANCE_ID,
    token: str = TOKEN,
    pacer: RequestPacer | None = None,
) -> GreenApiClient:
    """Return a client, by default of the account of the tests."""
    return GreenApiClient(
        ConnectionPool(lambda _: cast(aiohttp.ClientSession, _Lent(session))),
        url,
        instance_id,
        token,
        pacer=pacer or RequestPacer(),
    )


class _Lent:
    """A session that the test closes, and not the client."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        """Initialize with the session."""
        self.request = session.request

    async def close(self) -> None:
        """Keep the session."""


@contextmanager
def request_timeout(total: float, connect: float | None = None) -> Generator[None]:
    """Change the timeouts in seconds, also of requests that are created only once."""
    timeout = aiohttp.ClientTimeout(total=total, connect=connect)
    with patch.object(transport, "TIMEOUT", timeout):
        transport._get.cache_clear()
        try:
            yield
        finally:
            transport._get.cache_clear()


async def result_or_error(call: Awaitable[object]) -> object:
    """Return the result of a call, or the class of the error that it raises.

    The error must contain nothing but its kind.
    """
    try:
        return await call
    except GreenApiError as err:
        assert_no_details(err, err.kind.value)
        return type(err)


def assert_no_details(err: Exception, *words: str) -> None:
    """Assert that an exception and its traceback contain nothing but these words."""
    assert err.args == words
    assert vars(err).keys() <= {"outcome_unknown", "retry_after"}
    assert (err.__cause__, err.__context__) == (None, None)
    assert not hasattr(err, "__notes__")
    modules = {frame.f_globals["__name__"] for frame, _ in walk_tb(err.__traceback__)}
    assert not {module for module in modules if module.startswith("aiohttp")}
