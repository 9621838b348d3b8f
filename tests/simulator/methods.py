"""The methods of GREEN-API that the simulator answers."""

from dataclasses import dataclass
import json
from typing import TYPE_CHECKING

from .contacts import NOT_AUTHORIZED, chats, contacts
from .errors import InvalidError, NotReadyError
from .messengers import Messenger
from .sending import send_file_by_upload, send_file_by_url, send_message

if TYPE_CHECKING:
    from collections.abc import Callable

    from .account import Account
    from .wire import Json

STARTING = "instance in starting process try later"
AVATAR = "https://pps.whatsapp.net/v/t61.24694-24/0_0_n.jpg?oh=x&oe=655ADB17"

ANY_MESSENGER = frozenset(Messenger)
WHATSAPP = frozenset({Messenger.WHATSAPP})
OTHERS = ANY_MESSENGER - WHATSAPP

# What is in the settings; the second table only in those of WhatsApp.
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

# Type and message of what comes in place of a QR, by state.
HAS_AUTH = ("error", "Instance has auth. You need to make log out")
NO_QR: dict[str | None, tuple[str, str]] = {
    None: ("error", STARTING),
    "starting": ("error", STARTING),
    "authorized": ("alreadyLogged", "instance account already authorized"),
    "suspended": HAS_AUTH,
    "yellowCard": HAS_AUTH,
    "sleepMode": HAS_AUTH,
    "pendingPassword": ("pending_password", ""),
}


def state(account: Account, _: str) -> Json:
    """Tell the state; null while the instance is being created."""
    return None if account.state is None else {"stateInstance": account.state}


def reboot(account: Account, _: str) -> Json:
    """Start the instance anew."""
    return {"isReboot": account.reboot()}


def logout(account: Account, _: str) -> Json:
    """Unlink the phone."""
    return {"isLogout": account.logout()}


def settings(account: Account, _: str) -> Json:
    """Tell the settings."""
    answer: dict[str, Json] = {"wid": account.wid if account.linked else ""}
    if account.show_type:
        answer["typeInstance"] = account.messenger.value
    answer["delaySendMessagesMilliseconds"] = int(1000 * account.messages.delay)
    if account.messenger in WHATSAPP:
        answer |= WHATSAPP_SETTINGS
    return answer | SETTINGS | account.settings


def wa_settings(account: Account, _: str) -> Json:
    """Tell about the account in WhatsApp."""
    device = f"{account.phone}:8@s.whatsapp.net" if account.linked else ""
    return _about(account) | {"deviceId": device}


def account_settings(account: Account, _: str) -> Json:
    """Tell about the account in Telegram or MAX."""
    return _about(account) | {"chatId": "10000000" if account.linked else ""}


def _about(account: Account) -> dict[str, Json]:
    answer: dict[str, Json] = {
        "avatar": AVATAR if account.linked else "",
        "phone": account.phone if account.linked else "",
        "stateInstance": account.state,
    }
    if account.suspended_until is not None:
        answer["suspendedUntil"] = account.suspended_until
    return answer


def qr(account: Account, _: str) -> Json:
    """Return a QR code, or the reason why there is none."""
    kind, message = _qr(account)
    return {"type": kind, "message": message}


def _qr(account: Account) -> tuple[str, str]:
    if account.qr_type is not None:
        return account.qr_type, account.qr_message
    if not account.linkable:
        return NO_QR.get(account.state, ("error", NOT_AUTHORIZED))
    if account.passkey:
        return "passkeyRequired", ""
    return "qrCode", account.show_qr()


def authorization_code(account: Account, body: str) -> Json:
    """Return a code for the phone; null where one is linked already."""
    phone = _phone(body)
    if account.linked:
        return None
    if not account.linkable:
        raise NotReadyError(STARTING if account.passing else NOT_AUTHORIZED)
    if not account.code_accepted:
        return {"status": False, "code": ""}
    return {"status": True, "code": account.show_code(phone)}


def _phone(body: str) -> int:
    try:
        parameters = json.loads(body)
    except ValueError:
        raise InvalidError("Unexpected token _ in JSON at position 0") from None
    phone = parameters.get("phoneNumber") if isinstance(parameters, dict) else None
    if type(phone) is not int:
        raise InvalidError("Validation failed. Details: 'phoneNumber' must be a number")
    return phone


def messages_count(account: Account, _: str) -> Json:
    """Count the messages that wait to be sent."""
    return {account.count_key: account.queue}


def webhooks_count(account: Account, _: str) -> Json:
    """Count the notifications that wait to be fetched."""
    return {account.count_key: account.webhooks}


def messages_queue(account: Account, _: str) -> Json:
    """List the messages that wait to be sent, the first of them at least."""
    return [
        {"messageID": it.id, "type": it.method, "body": it.body}
        for it in account.waiting[: account.listed_messages]
    ]


def clear_messages_queue(account: Account, _: str) -> Json:
    """Drop the messages that wait to be sent."""
    return {"isCleared": account.clear_queue()}


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method: its verb, how often a second it may be called, for whom."""

    name: str
    answer: Callable[[Account, str], Json]
    verb: str = "GET"
    rate: float = 1
    messengers: frozenset[Messenger] = ANY_MESSENGER

    def fits(self, verb: str, messenger: Messenger) -> bool:
        """Tell whether an instance of this messenger answers it by this verb."""
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
        Method(name="qr", answer=qr, rate=3),
        Method(
            name="getAuthorizationCode",
            answer=authorization_code,
            verb="POST",
            messengers=WHATSAPP,
        ),
        Method(name="getMessagesCount", answer=messages_count),
        Method(name="getWebhooksCount", answer=webhooks_count),
        Method(name="showMessagesQueue", answer=messages_queue),
        Method(name="clearMessagesQueue", answer=clear_messages_queue),
        Method(name="getContacts", answer=contacts),
        Method(name="getChats", answer=chats),
        Method(name="sendMessage", answer=send_message, verb="POST", rate=50),
        Method(name="sendFileByUrl", answer=send_file_by_url, verb="POST", rate=50),
        Method(
            name="sendFileByUpload", answer=send_file_by_upload, verb="POST", rate=50
        ),
    )
}
