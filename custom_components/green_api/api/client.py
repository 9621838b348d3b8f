"""Client for the account methods of GREEN-API.

https://green-api.com/en/docs/api/
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from .answers import unusable
from .errors import InstanceStartingError
from .fields import moment, number, png, seconds, text
from .messaging import MessagingClient
from .models import (
    AccountState,
    InstanceState,
    Messenger,
    QrAnswer,
    QrKind,
    Settings,
)
from .queue_methods import QueueMethods

_MAX_WORD_LENGTH: Final = 64

_MESSENGERS: Final[Mapping[object, Messenger]] = {it.value: it for it in Messenger}

_QR_KINDS: Final[Mapping[str, QrKind]] = {
    **{kind.value: kind for kind in QrKind},
    # How the English release note spells it.
    "PassKeyRequire": QrKind.PASSKEY_REQUIRED,
}

_SETTINGS_METHODS: Final[Mapping[Messenger, str]] = {
    Messenger.MAX: "getAccountSettings",
    Messenger.TELEGRAM: "getAccountSettings",
    Messenger.WHATSAPP: "getWaSettings",
}

# What is in the answers to `getSettings`, and to those for each messenger.
_SETTINGS: Final = frozenset({"stateWebhook", "typeInstance", "webhookUrl", "wid"})
_ACCOUNT_SETTINGS: Final = frozenset(
    {"avatar", "chatId", "deviceId", "phone", "stateInstance", "suspendedUntil"}
)


class GreenApiClient(QueueMethods, MessagingClient):
    """Client for one instance of GREEN-API.

    Every method makes one request and raises a `GreenApiError` if it fails.
    """

    async def get_state(self) -> AccountState:
        """Return the state of the account (`getStateInstance`).

        https://green-api.com/en/docs/api/account/GetStateInstance/
        """
        try:
            return self._read_state(await self._transport.get("getStateInstance"))
        except InstanceStartingError:
            return AccountState(InstanceState.STARTING)

    async def get_settings(self) -> Settings:
        """Return the settings of the instance (`getSettings`).

        https://green-api.com/en/docs/api/account/GetSettings/
        """
        answer = await self._transport.get("getSettings")
        match answer:
            case dict(fields) if not _SETTINGS.isdisjoint(fields):
                return Settings(
                    # WhatsApp's page does not list the field.
                    messenger=_MESSENGERS.get(
                        text(fields, "typeInstance"), Messenger.WHATSAPP
                    ),
                    wid=text(fields, "wid"),
                    webhook_url=text(fields, "webhookUrl"),
                    state_webhook=text(fields, "stateWebhook") == "yes",
                    message_delay=seconds(fields, "delaySendMessagesMilliseconds"),
                )
        raise unusable(answer)

    async def get_restricted_until(self, messenger: Messenger) -> datetime | None:
        """Return the end of the restriction, if there is one (`suspendedUntil`).

        https://green-api.com/en/docs/api/account/GetWaSettings/
        https://green-api.com/v3/docs/api/account/GetAccountSettings/
        """
        answer = await self._transport.get(_SETTINGS_METHODS[messenger])
        match answer:
            case dict(fields) if not _ACCOUNT_SETTINGS.isdisjoint(fields):
                seconds = number(fields.get("suspendedUntil"))
                return moment(seconds) if seconds else None
        raise unusable(answer)

    async def reboot(self) -> bool:
        """Reboot the instance and return whether the server accepts (`reboot`).

        https://green-api.com/en/docs/api/account/Reboot/
        """
        answer = await self._transport.get("reboot")
        match answer:
            case {"isReboot": bool(accepted)}:
                return accepted
        raise unusable(answer)

    async def get_qr(self) -> QrAnswer:
        """Return the QR code to link the account with; it lives 20 seconds (`qr`).

        https://green-api.com/en/docs/api/account/QR/
        """
        answer = await self._transport.get("qr")
        match answer:
            case {"type": "qrCode", "message": str(text)} if image := png(text):
                return QrAnswer(QrKind.QR_CODE, image)
            case {"type": str(name)} if (
                kind := _QR_KINDS.get(name)
            ) and kind is not QrKind.QR_CODE:
                return QrAnswer(kind)
        raise unusable(answer)

    async def get_authorization_code(self, phone_number: int) -> str | None:
        """Return the code to type on the phone; it lives 2.5 minutes.

        None means that the account is linked already (`getAuthorizationCode`).

        https://green-api.com/en/docs/api/account/GetAuthorizationCode/
        """
        answer = await self._transport.post(
            "getAuthorizationCode", {"phoneNumber": phone_number}
        )
        match answer:
            case None:
                return None
            case {"status": True, "code": str(code)} if (
                code.isalnum() and len(code) <= _MAX_WORD_LENGTH
            ):
                return code
        raise unusable(answer)

    def _read_state(self, answer: object) -> AccountState:
        """Return the state in an answer."""
        match answer:
            case None | {"stateInstance": None}:
                return AccountState(None)
            case {"stateInstance": str(raw)} if raw:
                state = AccountState(raw)
                if state.known:
                    return state
                word = raw.encode(errors="replace").decode()
                if not self._transport.has_token(word):
                    return AccountState(word[:_MAX_WORD_LENGTH])
        raise unusable(answer)
