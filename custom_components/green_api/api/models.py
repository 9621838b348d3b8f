"""Models returned by the client."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class InstanceState(StrEnum):
    """States of an instance, with the values of `getStateInstance`.

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
    """Messengers an instance can be linked to, with the values of `typeInstance`."""

    MAX = "v3"
    TELEGRAM = "telegram"
    WHATSAPP = "whatsapp"


class QrKind(StrEnum):
    """Kinds of responses to `qr`.

    https://green-api.com/en/docs/api/account/QR/
    """

    ALREADY_LOGGED = "alreadyLogged"
    ALREADY_REGISTERED = "already_registered"
    ERROR = "error"
    PASSKEY_REQUIRED = "passkeyRequired"
    PENDING_PASSWORD = "pending_password"  # noqa: S105
    QR_CODE = "qrCode"


# Limits of messages:
# https://green-api.com/en/docs/api/sending/SendMessage/
# https://green-api.com/en/docs/api/sending/SendPoll/
MAX_MESSAGE_LENGTH: Final[Mapping[Messenger, int]] = {
    Messenger.MAX: 4000,
    Messenger.TELEGRAM: 4096,
    Messenger.WHATSAPP: 20_000,
}
MAX_CAPTION_LENGTH: Final = 1024
MIN_POLL_OPTIONS: Final = 2
MAX_POLL_OPTIONS: Final = 12
MAX_FILE_BYTES: Final = 100 * 1024 * 1024

# First halves of characters that take two UTF-16 code units, such as emoji.
_HIGH_SURROGATES: Final = frozenset(map(chr, range(0xD800, 0xDC00)))

_STATES: Final[Mapping[str | None, InstanceState]] = {
    state.value: state for state in InstanceState
}


@dataclass(frozen=True, slots=True)
class AccountState:
    """State of an account."""

    raw: str | None
    """The value that the server returns, None while the instance is being created."""

    known: InstanceState | None = field(init=False, compare=False, repr=False)
    """The state, None if it is not documented."""

    def __post_init__(self) -> None:
        """Find the documented state."""
        object.__setattr__(self, "known", _STATES.get(self.raw))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of an instance that are used here.

    https://green-api.com/en/docs/api/account/GetSettings/
    """

    messenger: Messenger
    wid: str = field(repr=False)
    has_webhook: bool
    """Whether notifications are sent to a webhook, so that no one can receive them."""

    receives_messages: bool
    """Whether messages of others get into the journal and into notifications."""

    receives_votes: bool
    """Whether there are notifications about votes in polls."""

    uses_lids: bool
    """Whether WhatsApp hides the phone numbers of those who write."""

    state_webhook: bool
    reports_statuses: bool
    """Whether WhatsApp's journals contain the statuses of messages."""

    message_delay: float | None
    """Seconds between two messages that are sent, None if not known."""


@dataclass(frozen=True, slots=True)
class QrResponse:
    """Response to `qr`: a PNG to scan, or the reason why there is none."""

    kind: QrKind
    image: bytes | None = field(default=None, repr=False)


def text_length(text: str) -> int:
    """Return the length of a text as GREEN-API counts it: an emoji counts as two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split_text(text: str, longest: int) -> tuple[str, str]:
    """Return the start of a text up to a maximum length, and the rest.

    Lengths are counted as in `text_length`. The text is split between two lines or
    words if possible.
    """
    if text_length(text) <= longest:
        return text, ""
    units = text.encode("utf-16-le", "surrogatepass")[: 2 * longest]
    beginning = units.decode("utf-16-le", "surrogatepass")
    if beginning[-1] in _HIGH_SURROGATES:
        beginning = beginning[:-1]
    # The first character of the rest may be a blank as well.
    cut = max(text.rfind(blank, 0, len(beginning) + 1) for blank in ("\n", " "))
    if cut <= 0:
        return beginning, text[len(beginning) :]
    return text[:cut], text[cut + 1 :]
