"""Notifications about what happens to a simulated account."""

from dataclasses import dataclass, field
import time
from typing import TYPE_CHECKING

from . import journal
from .messengers import Messenger
from .notifications import NotificationQueue
from .shapes import journal_fields, message_data

if TYPE_CHECKING:
    from .account import Account
    from .queue import Message
    from .shapes import Content
    from .wire import Json


@dataclass(frozen=True, kw_only=True)
class Written:
    """A message that somebody has written; `at` is a monotonic time in seconds."""

    id: str
    chat_id: str
    sender_id: str
    data: Content = field(repr=False)
    name: str = "Neighbour"
    ago: float = 0
    at: float = field(init=False)
    sent_at: int = field(init=False)

    def __post_init__(self) -> None:
        """Note when it is received, and when it was sent as a UNIX timestamp."""
        object.__setattr__(self, "at", time.monotonic())
        object.__setattr__(self, "sent_at", int(time.time() - self.ago))

    def as_entry(self, messenger: Messenger) -> Content:
        """Return the message in the form of the journal.

        In Telegram, the vendor documents no sender.
        """
        is_telegram = messenger is Messenger.TELEGRAM
        return {
            "type": "incoming",
            "idMessage": self.id,
            "timestamp": self.sent_at,
            "chatId": self.chat_id,
            **({} if is_telegram else {"senderId": self.sender_id}),
            "senderName": self.name,
            "senderContactName": "",
            "deletedMessageId": "",
            "editedMessageId": "",
            "isEdited": False,
            "isDeleted": False,
            **journal_fields(self.data),
        }


class Notifier:
    """Adds the notifications that the settings of an account turn on."""

    def __init__(self, account: Account) -> None:
        """Initialize without notifications."""
        self.notifications = NotificationQueue()
        self.posted: list[Content] = []
        """The notifications that were sent to the webhook."""

        self._account = account
        self._words: dict[str, str] = {}

    def notify(self, body: Content, **more: Json) -> None:
        """Add a notification; `instanceData` and `timestamp` are those of now."""
        self._post(
            {
                "instanceData": self._instance_data,
                "timestamp": int(time.time()),
                **body,
                **more,
            }
        )

    def echo(self, message: Message) -> None:
        """Notify of a message that was accepted."""
        if self._is_on("outgoingAPIMessageWebhook"):
            body = message.body
            text = str(body.get("message") or body.get("caption") or "")
            self._notify_of_own(
                "outgoingAPIMessageReceived", text, str(body["chatId"]), message.id
            )

    def change_state(self, state: str | None) -> None:
        """Notify of another state of the account."""
        if self._is_on("stateWebhook"):
            self.notify({"typeWebhook": "stateInstanceChanged", "stateInstance": state})

    def _notify_of(self, written: Written) -> None:
        """Notify of a message, unless the plan does not allow another chat."""
        plan = self._account.free_plan
        if plan is not None and not plan.allows(written.chat_id):
            self._post(
                {
                    "typeWebhook": "quotaExceeded",
                    "instanceData": self._instance_data,
                    "quotaData": plan.quota_data,
                }
            )
            return
        self.notify(
            {
                "typeWebhook": "incomingMessageReceived",
                "timestamp": written.sent_at,
                "idMessage": written.id,
                "senderData": self._sender_data(written),
                "messageData": written.data,
            }
        )

    def _notify_of_own(
        self, type_: str, text: str, chat_id: str, message_id: str | None = None
    ) -> None:
        """Notify of a message of the account itself."""
        account = self._account
        own = Written(
            id=message_id or account.next_message_id(),
            chat_id=chat_id,
            sender_id=account.own_id,
            data=message_data(account.messenger, "extended_text", text, None),
            name="Me",
        )
        self.notify(
            {
                "typeWebhook": type_,
                "idMessage": own.id,
                "senderData": self._sender_data(own),
                "messageData": own.data,
            }
        )

    def _report_status(self, message: Message) -> None:
        """Notify of the status of a message if it has changed."""
        word = journal.word(self._account, message)
        if word in {self._words.get(message.id), journal.PENDING}:
            return
        self._words[message.id] = word
        self.notify(
            {
                "typeWebhook": "outgoingMessageStatus",
                "chatId": message.body["chatId"],
                "idMessage": message.id,
                "status": word,
                "sendByApi": True,
            }
        )

    @property
    def _instance_data(self) -> Content:
        """The part of each notification about the instance."""
        return {
            "idInstance": int(self._account.instance_id),
            "wid": self._account.wid if self._account.linked else "",
            "typeInstance": self._account.messenger.value,
        }

    def _sender_data(self, written: Written) -> Content:
        """Return who has written a message, and where."""
        sender: Content = {
            "chatId": written.chat_id,
            "chatName": written.name,
            "sender": written.sender_id,
            "senderName": written.name,
            "senderContactName": "",
        }
        if self._account.messenger is Messenger.WHATSAPP:
            return sender
        is_group = written.chat_id.startswith("-")
        is_channel = is_group and written.chat_id == written.sender_id
        return sender | {
            "chatType": "channel" if is_channel else "group" if is_group else "user",
            "senderType": "channel" if is_channel else "user",
            "senderPhoneNumber": 0 if is_group else 79001234568,
        }

    def _post(self, body: Content) -> None:
        """Send a notification to the webhook, or let it wait without one."""
        if self._account.has_webhook:
            self.posted.append(body)
        else:
            self.notifications.add(body)

    def _is_on(self, name: str) -> bool:
        """Return whether a setting is turned on."""
        return self._account.setting(name) == "yes"
