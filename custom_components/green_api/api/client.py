"""Client for an instance of GREEN-API.

https://green-api.com/en/docs/api/
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime
import re
from typing import Final, override

from . import methods
from .authorization import AuthorizationResponse, read_authorization
from .chats import Chat, read_chats, read_person_ids
from .connections import ConnectionPool
from .errors import InstanceStartingError
from .fields import (
    MAX_WORD_LENGTH,
    fingerprints,
    id_of,
    is_on,
    moment,
    number,
    png,
    seconds,
    text,
)
from .form import Attachment
from .models import (
    AccountState,
    InstanceState,
    Messenger,
    QrKind,
    QrResponse,
    Settings,
)
from .pacing import RequestPacer
from .received import Journal, Notification
from .receiving import deletion_of, journal_of, notification_of
from .response_errors import error_in_words, unaccepted, unusable
from .transport import Transport

_MESSENGERS: Final[Mapping[object, Messenger]] = {
    messenger.value: messenger for messenger in Messenger
}

_QR_KINDS: Final[Mapping[str, QrKind]] = {
    **{kind.value: kind for kind in QrKind},
    # The spelling in the English release notes.
    "PassKeyRequire": QrKind.PASSKEY_REQUIRED,
    # The spelling of MAX.
    "pendingPassword": QrKind.PENDING_PASSWORD,
}

_SETTINGS_METHODS: Final[Mapping[Messenger, methods.Method]] = {
    Messenger.MAX: methods.GET_ACCOUNT_SETTINGS,
    Messenger.TELEGRAM: methods.GET_ACCOUNT_SETTINGS,
    Messenger.WHATSAPP: methods.GET_WA_SETTINGS,
}

# Fields of the responses to `getSettings`, and to the method of each messenger.
_SETTINGS: Final = frozenset({"stateWebhook", "typeInstance", "webhookUrl", "wid"})
_ACCOUNT_SETTINGS: Final = frozenset(
    {"avatar", "chatId", "deviceId", "phone", "stateInstance", "suspendedUntil"}
)

# The IDs of the Business API are base64: `wamid.HBgL…==`.
_MESSAGE_ID: Final = re.compile(r"[\w.=+/-]{1,128}", re.ASCII)

# The vendor's pages print the key with look-alike letters of other alphabets.
_COUNT: Final = re.compile(
    r"(?:c|[^\x00-\x7f]{1,2})(?:o|[^\x00-\x7f]{1,2})unt", re.IGNORECASE
)


class GreenApiClient:
    """Client for an instance of GREEN-API.

    Every method makes one request and raises a `GreenApiError` if it fails. All methods
    are in this class: those of the account, of messages, and of the queue.
    """

    def __init__(
        self,
        connections: ConnectionPool,
        api_url: str,
        instance_id: str,
        api_token: str,
        *,
        pacer: RequestPacer,
    ) -> None:
        """Initialize the client."""
        self.instance_id = instance_id
        self._transport = Transport(connections, api_url, instance_id, api_token, pacer)

    @override
    def __repr__(self) -> str:
        """Return a representation without the token."""
        return f"<{type(self).__name__} {self.instance_id}>"

    @property
    def is_warm(self) -> bool:
        """Return whether a message would go out on a connection that is open."""
        return self._transport.is_warm

    def message_first(self) -> AbstractContextManager[None]:
        """Let requests that can wait do so while a message is being prepared."""
        return self._transport.message_first()

    async def get_state(self) -> AccountState:
        """Fetch the state of the account (`getStateInstance`).

        https://green-api.com/en/docs/api/account/GetStateInstance/
        """
        try:
            return self._read_state(
                await self._transport.get(methods.GET_STATE_INSTANCE)
            )
        except InstanceStartingError:
            return AccountState(InstanceState.STARTING)

    async def get_settings(self) -> Settings:
        """Fetch the settings of the instance (`getSettings`).

        https://green-api.com/en/docs/api/account/GetSettings/
        """
        data = await self._transport.get(methods.GET_SETTINGS)
        match data:
            case dict(fields) if not _SETTINGS.isdisjoint(fields):
                return Settings(
                    # The documentation for WhatsApp does not list this field.
                    messenger=_MESSENGERS.get(
                        text(fields, "typeInstance"), Messenger.WHATSAPP
                    ),
                    wid=text(fields, "wid"),
                    has_webhook=bool(text(fields, "webhookUrl").strip()),
                    receives_messages=is_on(fields, "incomingWebhook"),
                    receives_votes=is_on(fields, "pollMessageWebhook"),
                    uses_lids=is_on(fields, "enableLidMode"),
                    state_webhook=is_on(fields, "stateWebhook"),
                    reports_statuses=is_on(fields, "outgoingWebhook"),
                    message_delay=seconds(fields, "delaySendMessagesMilliseconds"),
                )
        raise unusable(data)

    async def get_restricted_until(self, messenger: Messenger) -> datetime | None:
        """Fetch the end of the restriction, None if there is none (`suspendedUntil`).

        https://green-api.com/en/docs/api/account/GetWaSettings/
        https://green-api.com/v3/docs/api/account/GetAccountSettings/
        """
        data = await self._transport.get(_SETTINGS_METHODS[messenger])
        match data:
            case dict(fields) if not _ACCOUNT_SETTINGS.isdisjoint(fields):
                timestamp = number(fields.get("suspendedUntil"))
                return moment(timestamp) if timestamp else None
        raise unusable(data)

    async def reboot(self) -> bool:
        """Reboot the instance, and return whether the server accepts it (`reboot`).

        https://green-api.com/en/docs/api/account/Reboot/
        """
        data = await self._transport.get(methods.REBOOT)
        match data:
            case {"isReboot": True}:
                return True
            case {"isReboot": False}:
                _raise_error_in_words(data)
                return False
        raise unusable(data)

    async def get_qr(self) -> QrResponse:
        """Fetch the QR code for linking the account, valid for 20 seconds (`qr`).

        https://green-api.com/en/docs/api/account/QR/
        https://green-api.com/en/telegram/docs/api/account/QR/
        https://green-api.com/v3/docs/api/account/QR/
        """
        data = await self._transport.get(methods.QR)
        match data:
            case {"type": "qrCode", "message": str(encoded)} if image := png(encoded):
                return QrResponse(QrKind.QR_CODE, image)
            case {"type": str(name)} if (
                kind := _QR_KINDS.get(name)
            ) and kind is not QrKind.QR_CODE:
                return QrResponse(kind)
        raise unusable(data)

    async def get_authorization_code(self, phone_number: int) -> str | None:
        """Fetch the code to enter on the phone, valid for 2.5 minutes.

        None means that the account is already linked (`getAuthorizationCode`).

        https://green-api.com/en/docs/api/account/GetAuthorizationCode/
        """
        data = await self._transport.post(
            methods.GET_AUTHORIZATION_CODE, {"phoneNumber": phone_number}
        )
        match data:
            case None:
                return None
            case {"status": True, "code": str(code)} if (
                code.isalnum() and len(code) <= MAX_WORD_LENGTH
            ):
                return code
        raise unusable(data)

    async def start_authorization(self, phone_number: int) -> AuthorizationResponse:
        """Make Telegram or MAX send a code to an account (`startAuthorization`).

        The code is valid for 5 minutes, in which no other one is sent.

        https://green-api.com/en/telegram/docs/api/account/StartAuthorization/
        """
        return await self._authorize(
            methods.START_AUTHORIZATION, phoneNumber=phone_number
        )

    async def send_authorization_code(
        self, code: str, password: str | None = None
    ) -> AuthorizationResponse:
        """Link the account with the code that was sent to it (`sendAuthorizationCode`).

        https://green-api.com/en/telegram/docs/api/account/SendAuthorizationCode/
        """
        return await self._authorize(
            methods.SEND_AUTHORIZATION_CODE, code=code, password=password
        )

    async def send_authorization_password(self, password: str) -> AuthorizationResponse:
        """Link the account with its own password (`sendAuthorizationPassword`).

        https://green-api.com/en/telegram/docs/api/account/SendAuthorizationPassword/
        https://green-api.com/v3/docs/api/account/SendAuthorizationPassword/
        """
        return await self._authorize(
            methods.SEND_AUTHORIZATION_PASSWORD, password=password
        )

    async def send_message(
        self,
        chat_id: str,
        message: str,
        *,
        quoted_message_id: str | None = None,
        link_preview: bool | None = None,
    ) -> str:
        """Send a text, and return the message ID (`sendMessage`).

        It is delivered as soon as the account can do so, within 24 hours or never.

        https://green-api.com/en/docs/api/sending/SendMessage/
        """
        fields = {
            "chatId": chat_id,
            "message": message,
            "quotedMessageId": quoted_message_id,
            "linkPreview": link_preview,
        }
        data = await self._transport.send(methods.SEND_MESSAGE, _without_none(fields))
        return self._message_id(data)

    async def send_file(
        self,
        chat_id: str,
        attachment: Attachment,
        *,
        caption: str | None = None,
        quoted_message_id: str | None = None,
    ) -> str:
        """Send a file, and return the message ID (`sendFileByUpload`).

        The vendor recommends another host for this, `mediaUrl`. No method returns it,
        and the vendor's own clients do not use it.

        https://green-api.com/en/docs/api/sending/SendFileByUpload/
        """
        fields = {
            "chatId": chat_id,
            "fileName": attachment.name,
            "caption": caption,
            "quotedMessageId": quoted_message_id,
        }
        data = await self._transport.upload(
            methods.SEND_FILE_BY_UPLOAD, _without_none(fields), attachment
        )
        return self._message_id(data)

    async def send_poll(
        self,
        chat_id: str,
        message: str,
        options: Sequence[str],
        *,
        multiple_answers: bool = False,
        quoted_message_id: str | None = None,
    ) -> str:
        """Send a poll with 2 to 12 options, and return the message ID (`sendPoll`).

        https://green-api.com/en/docs/api/sending/SendPoll/
        """
        fields = {
            "chatId": chat_id,
            "message": message,
            "options": [{"optionName": option} for option in options],
            "multipleAnswers": multiple_answers,
            "quotedMessageId": quoted_message_id,
        }
        data = await self._transport.send(methods.SEND_POLL, _without_none(fields))
        return self._message_id(data)

    async def get_message_status(self, chat_id: str, message_id: str) -> str:
        """Fetch the status of a sent message, as GREEN-API spells it (`getMessage`).

        Raises a `GreenApiError` as well if the message is not in the journal yet, which
        may take two minutes.

        https://green-api.com/en/docs/api/journals/GetMessage/
        """
        data = await self._transport.send(
            methods.GET_MESSAGE, {"chatId": chat_id, "idMessage": message_id}
        )
        match data:
            case {"statusMessage": str(word)}:
                return word
        raise unusable(data)

    async def get_last_incoming(self, minutes: int) -> Journal:
        """Fetch the messages of the last minutes (`lastIncomingMessages`).

        They are received in addition to notifications, and with a webhook as well. If
        there is more than can be read, the latest messages are returned.

        https://green-api.com/en/docs/api/journals/LastIncomingMessages/
        """
        return await self._transport.receive(
            methods.LAST_INCOMING_MESSAGES, self._journal, f"?minutes={minutes}"
        )

    async def receive_notification(self, seconds: int) -> Notification | None:
        """Wait for a notification, for 5 to 60 seconds, and return the oldest one.

        None means that there was none in this time. Raises WebhookSetError if a webhook
        gets them (`receiveNotification`).

        https://green-api.com/en/docs/api/receiving/technology-http-api/ReceiveNotification/
        """
        return await self._transport.receive(
            methods.RECEIVE_NOTIFICATION,
            self._notification,
            f"?receiveTimeout={seconds}",
            waits_for=seconds,
        )

    async def delete_notification(self, receipt_id: int) -> bool:
        """Delete a notification, so that the next one can be received.

        Return whether the server knew it: another client may have deleted it before
        (`deleteNotification`).

        https://green-api.com/en/docs/api/receiving/technology-http-api/DeleteNotification/
        """
        return await self._transport.receive(
            methods.DELETE_NOTIFICATION, deletion_of, f"/{receipt_id}"
        )

    async def count_notifications(self) -> int:
        """Fetch the number of notifications that nobody has received yet.

        https://green-api.com/en/docs/api/queues/GetWebhooksCount/
        """
        return _count(await self._transport.get(methods.GET_WEBHOOKS_COUNT))

    async def get_contacts(self) -> tuple[Chat, ...] | None:
        """Fetch the contacts of the account, and on WhatsApp its groups.

        None means that GREEN-API does not have them yet and has to be called again
        (`getContacts`).

        https://green-api.com/en/docs/api/service/GetContacts/
        """
        return await self._transport.get_list(methods.GET_CONTACTS, self._chats)

    async def get_chats(self) -> tuple[Chat, ...] | None:
        """Fetch the chats of the account, including groups (`getChats`).

        None means that GREEN-API does not have them yet and has to be called again.

        https://green-api.com/v3/docs/api/service/GetChats/
        """
        return await self._transport.get_list(methods.GET_CHATS, self._chats)

    async def check_number(
        self, phone_number: int, messenger: Messenger
    ) -> tuple[str, ...] | None:
        """Fetch the chat IDs of a person by phone number, the preferred one first.

        None means that the number has no account. An empty tuple means that it has one
        whose chat ID is not stated (`checkWhatsapp`, `checkAccount`).

        https://green-api.com/en/docs/api/service/CheckWhatsapp/
        """
        if messenger is Messenger.WHATSAPP:
            data = await self._transport.post(
                methods.CHECK_WHATSAPP, {"chatId": f"{phone_number}@c.us"}
            )
        else:
            data = await self._transport.post(
                methods.CHECK_ACCOUNT, {"phoneNumber": phone_number}
            )
        match data:
            case {"existsWhatsapp": False} | {"exist": False}:
                return None
            case {"existsWhatsapp": True, **named} | {"exist": True, **named}:
                return read_person_ids(named, messenger, self._transport.has_token)
        raise unusable(data)

    async def get_messages_count(self) -> int:
        """Fetch the number of messages in the queue (`getMessagesCount`).

        https://green-api.com/en/docs/api/queues/GetMessagesCount/
        """
        return _count(await self._transport.get(methods.GET_MESSAGES_COUNT))

    async def get_waiting_messages(self) -> frozenset[int]:
        """Fetch numbers that identify the messages in the queue (`showMessagesQueue`).

        The server lists none if only one message is waiting, and sometimes not all of
        them.

        https://green-api.com/en/docs/api/queues/ShowMessagesQueue/
        https://github.com/green-api/issues/issues/714
        """
        data = await self._transport.get(methods.SHOW_MESSAGES_QUEUE)
        if isinstance(data, list):
            messages = [item for item in data if isinstance(item, dict)]
            if len(messages) == len(data):
                with suppress(RecursionError):
                    return fingerprints(messages)
        raise unusable(data)

    async def clear_messages_queue(self) -> bool:
        """Clear the queue, and return whether it was accepted (`clearMessagesQueue`).

        All messages in the queue are dropped.

        https://green-api.com/en/docs/api/queues/ClearMessagesQueue/
        """
        data = await self._transport.get(methods.CLEAR_MESSAGES_QUEUE)
        match data:
            case {"isCleared": bool(done)}:
                return done
        raise unusable(data)

    async def _authorize(
        self, method: methods.Method, **fields: str | int | None
    ) -> AuthorizationResponse:
        """Call a method that links the account with a code or a password."""
        data = await self._transport.post(method, _without_none(fields))
        _raise_error_in_words(data)
        if (result := read_authorization(data)) is None:
            raise unusable(data)
        return result

    def _read_state(self, data: object) -> AccountState:
        """Return the state in a response."""
        match data:
            case None | {"stateInstance": None}:
                _raise_error_in_words(data)
                return AccountState(None)
            case dict() if not data:
                return AccountState(None)
            case {"stateInstance": str(raw)} if raw:
                state = AccountState(raw)
                if state.known:
                    return state
                word = raw.encode(errors="replace").decode()
                if not self._transport.has_token(word):
                    return AccountState(word[:MAX_WORD_LENGTH])
        raise unusable(data)

    def _chats(self, data: object) -> tuple[Chat, ...] | None:
        """Return the chats in a response, None if the list is empty."""
        if not isinstance(data, list):
            raise unusable(data)
        return read_chats(data, self._transport.has_token) if data else None

    def _journal(self, data: object) -> Journal:
        """Return the received messages in a response."""
        return journal_of(data, self._transport.has_token)

    def _notification(self, data: object) -> Notification | None:
        """Return the notification in a response, None if there is none."""
        return notification_of(data, self.instance_id, self._transport.has_token)

    def _message_id(self, data: object) -> str:
        """Return the ID of a message that was accepted."""
        match data:
            case {"idMessage": value} if _MESSAGE_ID.fullmatch(
                message_id := id_of(value)
            ) and not self._transport.has_token(message_id):
                return message_id
        raise unaccepted(data)


def _without_none[T](fields: Mapping[str, T | None]) -> dict[str, T]:
    """Return the fields that are not None."""
    return {key: value for key, value in fields.items() if value is not None}


def _raise_error_in_words(data: object) -> None:
    """Raise the error of the account that a response without data describes."""
    if error := error_in_words(data):
        raise error


def _count(data: object) -> int:
    """Return the number in a response with a count."""
    for key, value in data.items() if isinstance(data, dict) else ():
        if _COUNT.fullmatch(key) and (count := number(value)) is not None:
            return count
    raise unusable(data)
