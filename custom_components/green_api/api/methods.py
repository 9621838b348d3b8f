"""The methods of the API, and how each of them is called.

https://green-api.com/en/docs/api/
"""

from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Final

MAX_BODY_BYTES: Final = 256 * 1024
MAX_LIST_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """A method of the API."""

    name: str
    _: KW_ONLY
    verb: str = "GET"
    is_read: bool = True
    """Whether a request may be repeated, because it changes nothing more."""

    is_slow: bool = False
    """Whether GREEN-API may take more than some seconds for the response."""

    is_frequent: bool = False
    """Whether the vendor allows 50 requests a second instead of 1."""

    sends_message: bool = False
    """Whether requests send a message.

    They do not wait for each other's responses, and wait longer for the end of a hold.
    """

    yields_to_messages: bool = False
    """Whether requests wait while a message is being prepared."""

    may_be_cut: bool = False
    """Whether the beginning is enough of a response that is too long or too slow.

    It is a list that begins with the latest items. Anyone can make it too long by
    writing to the account.
    """

    max_response_bytes: int = MAX_BODY_BYTES


_change = partial(Method, verb="POST", is_read=False)
_message = partial(_change, is_frequent=True, sends_message=True)

CHECK_ACCOUNT: Final = _change("checkAccount")
CHECK_WHATSAPP: Final = _change("checkWhatsapp")
CLEAR_MESSAGES_QUEUE: Final = Method("clearMessagesQueue", is_read=False)
DELETE_NOTIFICATION: Final = Method(
    "deleteNotification", verb="DELETE", is_frequent=True
)
GET_ACCOUNT_SETTINGS: Final = Method("getAccountSettings", yields_to_messages=True)
GET_AUTHORIZATION_CODE: Final = _change("getAuthorizationCode")
GET_CHATS: Final = Method("getChats", max_response_bytes=MAX_LIST_BYTES)
GET_CONTACTS: Final = Method("getContacts", max_response_bytes=MAX_LIST_BYTES)
GET_MESSAGE: Final = Method("getMessage", verb="POST", yields_to_messages=True)
GET_MESSAGES_COUNT: Final = Method("getMessagesCount", yields_to_messages=True)
GET_SETTINGS: Final = Method("getSettings", yields_to_messages=True)
GET_STATE_INSTANCE: Final = Method("getStateInstance")
GET_WA_SETTINGS: Final = Method("getWaSettings", yields_to_messages=True)
GET_WEBHOOKS_COUNT: Final = Method("getWebhooksCount")
LAST_INCOMING_MESSAGES: Final = Method(
    "lastIncomingMessages", may_be_cut=True, max_response_bytes=MAX_LIST_BYTES
)
QR: Final = Method("qr", is_slow=True)
REBOOT: Final = Method("reboot", is_read=False)
RECEIVE_NOTIFICATION: Final = Method(
    "receiveNotification",
    is_slow=True,
    is_frequent=True,
    max_response_bytes=MAX_LIST_BYTES,
)
SEND_AUTHORIZATION_CODE: Final = _change("sendAuthorizationCode")
SEND_AUTHORIZATION_PASSWORD: Final = _change("sendAuthorizationPassword")
SEND_FILE_BY_UPLOAD: Final = _message("sendFileByUpload")
SEND_MESSAGE: Final = _message("sendMessage")
SEND_POLL: Final = _message("sendPoll")
SHOW_MESSAGES_QUEUE: Final = Method("showMessagesQueue", yields_to_messages=True)
START_AUTHORIZATION: Final = _change("startAuthorization")
