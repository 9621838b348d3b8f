"""Data that the client of GREEN-API returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class InstanceState(StrEnum):
    """States of an instance, as `getStateInstance` spells them.

    https://green-api.com/en/docs/api/account/GetStateInstance/
    """

    AUTHORIZED = "authorized"
    BLOCKED = "blocked"
    NOT_AUTHORIZED = "notAuthorized"
    PENDING_CODE = "pendingCode"
    PENDING_PASSWORD = "pendingPassword"  # noqa: S105
    SLEEP_MODE = "sleepMode"
    STARTING = "starting"
    SUSPENDED = "suspended"
    YELLOW_CARD = "yellowCard"


class Messenger(StrEnum):
    """Messengers an instance can be linked to, as `typeInstance` spells them."""

    MAX = "v3"
    TELEGRAM = "telegram"
    WHATSAPP = "whatsapp"


class QrKind(StrEnum):
    """Kinds of answers to `qr`.

    https://green-api.com/en/docs/api/account/QR/
    """

    ALREADY_LOGGED = "alreadyLogged"
    ALREADY_REGISTERED = "already_registered"
    ERROR = "error"
    PASSKEY_REQUIRED = "passkeyRequired"
    PENDING_PASSWORD = "pending_password"  # noqa: S105
    QR_CODE = "qrCode"


_STATES: Final[Mapping[str | None, InstanceState]] = {
    state.value: state for state in InstanceState
}


@dataclass(frozen=True, slots=True)
class AccountState:
    """State of an account.

    `raw` is how the server spells it; None while the instance is being created.
    """

    raw: str | None

    @property
    def known(self) -> InstanceState | None:
        """Return the state, or None if it is not documented."""
        return _STATES.get(self.raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of an instance, as far as they are used here.

    `message_delay` is the number of seconds between two messages that are sent.

    https://green-api.com/en/docs/api/account/GetSettings/
    """

    messenger: Messenger
    wid: str
    webhook_url: str
    state_webhook: bool
    message_delay: float | None


@dataclass(frozen=True, slots=True)
class QrAnswer:
    """Answer to `qr`: a PNG to scan, or the reason why there is none."""

    kind: QrKind
    image: bytes | None = None
