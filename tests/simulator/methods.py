"""The methods of GREEN-API that the simulator supports."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .authorization import (
    PASSWORD_QR,
    phone_number,
    send_authorization_code,
    send_authorization_password,
    start_authorization,
)
from .checks import check_account, check_whatsapp
from .contacts import NOT_AUTHORIZED, chats, contacts
from .errors import NotReadyError
from .journal import get_message
from .messengers import Messenger
from .receiving import (
    STARTING,
    count_notifications,
    delete_notification,
    last_incoming,
    receive_notification,
    wait_for_notification,
)
from .sending import send_file_by_upload, send_file_by_url, send_message, send_poll

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .account import Account
    from .wire import Json

AVATAR = "https://pps.whatsapp.net/v/t61.24694-24/0_0_n.jpg?oh=x&oe=655ADB17"

ANY_MESSENGER = frozenset(Messenger)
WHATSAPP = frozenset({Messenger.WHATSAPP})
OTHERS = ANY_MESSENGER - WHATSAPP

# The settings of all messengers, and the additional ones of WhatsApp.
SETTINGS: dict[str, Json] = {
    "webhookUrl": "",
    "webhookUrlToken": "",
    "markIncomingMessagesReaded": "no",
    "markIncomingMessagesReadedOnReply": "no",
    "outgoingWebhook": "no",
    "outgoingMessageWebhook": "no",
    "outgoingAPIMessageWebhook": "no",
    "incomingWebhook": "no",
    "stateWebhook": "no",
    "pollMessageWebhook": "no",
    "editedMessageWebhook": "no",
    "deletedMessageWebhook": "no",
}
WHATSAPP_SETTINGS: dict[str, Json] = {
    "countryInstance": "",
    "typeAccount": "",
    "sharedSession": "no",
    "deviceWebhook": "no",
    "statusInstanceWebhook": "no",
    "enableMessagesHistory": "no",
    "keepOnlineStatus": "no",
    "incomingBlockWebhook": "no",
    "incomingCallWebhook": "no",
    "enableLidMode": "no",
}

# Type and message of the response in place of a QR code, by state.
HAS_AUTH = ("error", "Instance has auth. You need to make log out")
NO_QR: dict[str | None, tuple[str, str]] = {
    None: ("error", STARTING),
    "starting": ("error", STARTING),
    "authorized": ("alreadyLogged", "instance account already authorized"),
    "suspended": HAS_AUTH,
    "yellowCard": HAS_AUTH,
    "sleepMode": HAS_AUTH,
}


def state(account: Account, _: str) -> Json:
    """Return the state; null while the instance is being created."""
    return None if account.state is None else {"stateInstance": account.state}


def reboot(account: Account, _: str) -> Json:
    """Reboot the instance."""
    return {"isReboot": account.reboot()}


def logout(account: Account, _: str) -> Json:
    """Unlink the phone."""
    return {"isLogout": account.logout()}


def settings(account: Account, _: str) -> Json:
    """Return the settings."""
    answer: dict[str, Json] = {"wid": account.wid if account.linked else ""}
    if account.show_type:
        answer["typeInstance"] = account.messenger.value
    answer["delaySendMessagesMilliseconds"] = int(1000 * account.messages.delay)
    if account.messenger in WHATSAPP:
        answer |= WHATSAPP_SETTINGS
    statuses: Json = "yes" if account.reports_statuses else "no"
    return answer | SETTINGS | {"outgoingWebhook": statuses} | account.settings


def wa_settings(account: Account, _: str) -> Json:
    """Return the settings of the WhatsApp account."""
    device = f"{account.phone}:8@s.whatsapp.net" if account.linked else ""
    return _common_settings(account) | {"deviceId": device}


def account_settings(account: Account, _: str) -> Json:
    """Return the settings of the Telegram or MAX account."""
    return _common_settings(account) | {"chatId": "10000000" if account.linked else ""}


def _common_settings(account: Account) -> dict[str, Json]:
    answer: dict[str, Json] = {
        "avatar": AVATAR if account.linked else "",
        "phone": account.phone if account.linked else "",
        "stateInstance": account.state,
    }
    if account.suspended_until is not None:
        answer["suspendedUntil"] = account.suspended_until
    return answer


def qr(account: Account, _: str) -> Json:
    """Return a QR code, or why there is none."""
    kind, message = _qr(account)
    return {"type": kind, "message": message}


def _qr(account: Account) -> tuple[str, str]:
    if account.qr_type is not None:
        return account.qr_type, account.qr_message
    if account.state == "pendingPassword":
        return PASSWORD_QR[account.messenger]
    if not account.linkable:
        return NO_QR.get(account.state, ("error", NOT_AUTHORIZED))
    if account.passkey and account.messenger in WHATSAPP:
        return "passkeyRequired", ""
    return "qrCode", account.show_qr()


def authorization_code(account: Account, body: str) -> Json:
    """Return a code for the phone; null if one is linked already.

    Raises InvalidError for invalid parameters and NotReadyError in other states in
    which no phone can be linked.
    """
    phone = phone_number(body)
    if account.linked:
        return None
    if not account.linkable:
        raise NotReadyError(STARTING if account.passing else NOT_AUTHORIZED)
    if not account.code_accepted:
        return {"status": False, "code": ""}
    return {"status": True, "code": account.show_code(phone)}


def messages_count(account: Account, _: str) -> Json:
    """Return the number of messages in the queue."""
    return {account.count_key: account.queue}


def messages_queue(account: Account, _: str) -> Json:
    """Return the first messages in the queue, in the account's order."""
    return [
        {"messageID": it.id, "type": it.method, "body": it.body}
        for it in account.list_order(account.waiting)[: account.listed_messages]
    ]


def clear_messages_queue(account: Account, _: str) -> Json:
    """Clear the queue."""
    return {"isCleared": account.clear_queue()}


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method: its verb, its rate limit in calls per second, and its messengers."""

    name: str
    answer: Callable[[Account, str], Json]
    verb: str = "GET"
    rate: float = 1
    messengers: frozenset[Messenger] = ANY_MESSENGER
    rate_of_max: float | None = None
    parameter: str | None = None
    """The name of what follows the token in the URL, None if nothing may follow."""

    wait: Callable[[Account, str], Awaitable[None]] | None = None
    """Wait until there is something to return."""

    def rate_for(self, messenger: Messenger) -> float:
        """Return the rate limit of an instance of this messenger."""
        own = self.rate_of_max if messenger is Messenger.MAX else None
        return own or self.rate

    def fits(self, verb: str, messenger: Messenger) -> bool:
        """Return whether an instance of this messenger supports it with this verb."""
        return verb == self.verb and messenger in self.messengers


METHODS = {
    method.name.lower(): method
    for method in (
        Method(name="getStateInstance", answer=state),
        Method(name="reboot", answer=reboot),
        Method(name="logout", answer=logout),
        Method(name="getSettings", answer=settings),
        Method(name="getWaSettings", answer=wa_settings, messengers=WHATSAPP),
        Method(name="getAccountSettings", answer=account_settings, messengers=OTHERS),
        Method(name="qr", answer=qr, rate=3, rate_of_max=1),
        Method(
            name="getAuthorizationCode",
            answer=authorization_code,
            verb="POST",
            messengers=WHATSAPP,
        ),
        Method(
            name="startAuthorization",
            answer=start_authorization,
            verb="POST",
            messengers=OTHERS,
        ),
        Method(
            name="sendAuthorizationCode",
            answer=send_authorization_code,
            verb="POST",
            messengers=OTHERS,
        ),
        Method(
            name="sendAuthorizationPassword",
            answer=send_authorization_password,
            verb="POST",
            messengers=OTHERS,
        ),
        Method(name="getMessagesCount", answer=messages_count),
        Method(name="getWebhooksCount", answer=count_notifications),
        Method(name="showMessagesQueue", answer=messages_queue),
        Method(name="clearMessagesQueue", answer=clear_messages_queue),
        Method(name="getContacts", answer=contacts),
        Method(name="getChats", answer=chats),
        Method(
            name="checkWhatsapp",
            answer=check_whatsapp,
            verb="POST",
            rate=10,
            messengers=WHATSAPP,
        ),
        Method(
            name="checkAccount",
            answer=check_account,
            verb="POST",
            rate=10,
            messengers=OTHERS,
        ),
        Method(name="getMessage", answer=get_message, verb="POST"),
        Method(name="lastIncomingMessages", answer=last_incoming),
        Method(
            name="receiveNotification",
            answer=receive_notification,
            rate=100,
            wait=wait_for_notification,
        ),
        Method(
            name="deleteNotification",
            answer=delete_notification,
            verb="DELETE",
            rate=100,
            parameter="receiptId",
        ),
        Method(name="sendMessage", answer=send_message, verb="POST", rate=50),
        Method(name="sendPoll", answer=send_poll, verb="POST", rate=50),
        Method(name="sendFileByUrl", answer=send_file_by_url, verb="POST", rate=50),
        Method(
            name="sendFileByUpload", answer=send_file_by_upload, verb="POST", rate=50
        ),
    )
}
