"""Clients of GREEN-API, and what comes out of their methods."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from traceback import walk_tb
from types import NoneType, UnionType
from typing import Final

import aiohttp

from custom_components.green_api.api import (
    AccountState,
    Attachment,
    Chat,
    ChatKind,
    GreenApiClient,
    GreenApiError,
    Messenger,
    QrAnswer,
    QrKind,
    RequestPacer,
    Settings,
)
from custom_components.green_api.api.fields import fingerprint

from .const import INSTANCE_ID, TOKEN

PHONE_NUMBER: Final = 79001234567

# What is personal about a message, and in neither a log nor an exception.
CHAT_ID: Final = "79001234568@c.us"
CONTACT_NAME: Final = "Neighbour upstairs"
FILE_CONTENT: Final = b"\x89PNG\r\n\x1a\nfront door"
FILE_NAME: Final = "front door.png"
MESSAGE: Final = "Somebody is at the door \U0001f514"
QUOTED_ID: Final = "BAE5F4886F6F2D05"
PERSONAL: Final = (
    *("79001234568", CONTACT_NAME, "front door", "Somebody is at", QUOTED_ID),
)

WAITING_MESSAGE: Final = {
    "messageID": "BAE5F4886F6F2D05",
    "type": "sendMessage",
    "body": {"chatId": "79001234568@c.us", "message": "Hi", "linkPreview": True},
}

type Call = Callable[[GreenApiClient], Awaitable[object]]


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method of the API: how it is called, and an answer as it is documented."""

    call: Call
    answer: object
    result: object
    returns: type | UnionType
    data: Mapping[str, object] | None = None
    content_type: str | None = None

    @property
    def verb(self) -> str:
        """Return the verb of the request."""
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
            "linkPreview": True,
        },
        result=Settings(
            messenger=Messenger.TELEGRAM,
            wid="79001234567@c.us",
            webhook_url="https://example.com/hook",
            state_webhook=True,
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
        call=GreenApiClient.get_oldest_message,
        answer=[WAITING_MESSAGE, {"typeMessage": "textMessage", "message": "Hi"}],
        result=fingerprint(WAITING_MESSAGE),
        returns=int | NoneType,
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
        result=QrAnswer(QrKind.ALREADY_LOGGED),
        returns=QrAnswer,
    ),
    "getAuthorizationCode": Method(
        call=lambda client: client.get_authorization_code(PHONE_NUMBER),
        data={"phoneNumber": PHONE_NUMBER},
        content_type="application/json",
        answer={"status": True, "code": "GAPI2015"},
        result="GAPI2015",
        returns=str | NoneType,
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
"""The methods that the client calls. A new one is one row here."""

SENDS: Final = ("sendMessage", "sendFileByUpload")
"""The methods that must not be called twice for one message."""


def create_client(
    session: aiohttp.ClientSession,
    url: str,
    *,
    instance_id: str = INSTANCE_ID,
    token: str = TOKEN,
    pacer: RequestPacer | None = None,
) -> GreenApiClient:
    """Return a client of the account of the tests, unless another one is given."""
    return GreenApiClient(
        session, url, instance_id, token, pacer=pacer or RequestPacer()
    )


async def outcome(call: Awaitable[object]) -> object:
    """Return what a call returns, or the class of the error that it raises.

    The error must hold no more than its kind.
    """
    try:
        return await call
    except GreenApiError as err:
        assert_no_details(err, err.kind.value)
        return type(err)


def assert_no_details(err: Exception, *words: str) -> None:
    """Assert that an exception holds these words, and leads to none that holds more."""
    assert err.args == words
    assert vars(err).keys() <= {"outcome_unknown", "retry_after"}
    assert (err.__cause__, err.__context__) == (None, None)
    assert not hasattr(err, "__notes__")
    places = {frame.f_globals["__name__"] for frame, _ in walk_tb(err.__traceback__)}
    assert not {place for place in places if place.startswith("aiohttp")}
