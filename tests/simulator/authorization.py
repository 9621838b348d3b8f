"""Linking a Telegram or MAX account with a code or a password."""

from dataclasses import dataclass
import secrets
import time
from typing import TYPE_CHECKING

from .contacts import NOT_AUTHORIZED
from .errors import InvalidError, NotReadyError
from .messengers import Messenger
from .sending import Fields, parameters

if TYPE_CHECKING:
    from .account import Account
    from .wire import Json

SENT_CODE_LIFE = 300.0
ATTEMPTS = 5

# The state of an account that waits for a code. According to its page, a Telegram
# account stays unauthorized.
CODE_STATES = {Messenger.TELEGRAM: "notAuthorized", Messenger.MAX: "pendingCode"}

# Type and message in place of a QR code while a password is missing. MAX spells it
# differently.
PASSWORD_QR = {
    Messenger.WHATSAPP: ("pending_password", ""),
    Messenger.TELEGRAM: ("pending_password", ""),
    Messenger.MAX: ("pendingPassword", "2FA password required"),
}


@dataclass
class SentCode:
    """A code that the messenger has sent, the number of the account, and its end."""

    text: str
    phone: int
    expires_at: float

    @property
    def life(self) -> float:
        """The seconds for which the code is valid."""
        return max(self.expires_at - time.monotonic(), 0.0)


class Authorization:
    """What the messenger asks for, and what it has been told so far."""

    def __init__(self) -> None:
        """Initialize an account without a password of its own."""
        self.password: str | None = None
        self.reason: str | None = None
        self.retry_after: int | None = None
        self.code_alone_succeeds = False
        self.sent: SentCode | None = None
        self._attempts = 0

    @property
    def code(self) -> str | None:
        """The code that is valid now."""
        return self.sent.text if self.sent and self.sent.life else None

    def send_code(self, phone: int) -> None:
        """Send a code; within five minutes, no other one is sent."""
        if self.code is None:
            text = "".join(secrets.choice("0123456789") for _ in range(5))
            self.sent = SentCode(text, phone, time.monotonic() + SENT_CODE_LIFE)
            self._attempts = 0

    def count_attempt(self) -> bool:
        """Count an attempt, and return whether there are not too many."""
        self._attempts += 1
        return self._attempts <= ATTEMPTS

    def forget(self) -> None:
        """Forget the code and the attempts."""
        self.sent = None
        self._attempts = 0


def start_authorization(account: Account, body: str) -> Json:
    """Send a code to the account.

    Raises InvalidError for invalid parameters and NotReadyError in states in which no
    account can be linked.
    """
    phone = phone_number(body)
    if reason := _reason(account):
        return _failure(reason)
    if not account.linkable:
        raise NotReadyError(NOT_AUTHORIZED)
    account.authorization.send_code(phone)
    account.state = CODE_STATES[account.messenger]
    return _success()


def send_authorization_code(account: Account, body: str) -> Json:
    """Link the account with a code; a password may be missing or follow later."""
    fields = parameters(body)
    code, password = _text(fields, "code"), fields.get("password")
    authorization = account.authorization
    if reason := _reason(account) or _reason_against(authorization, code):
        return _failure(reason, authorization.retry_after)
    if password is None and authorization.password is not None:
        account.state = "pendingPassword"
        if authorization.code_alone_succeeds:
            return _success()
        return _failure("invalid_password")
    if password not in {None, authorization.password}:
        return _failure("invalid_password")
    account.link_by_code()
    return _success()


def send_authorization_password(account: Account, body: str) -> Json:
    """Link the account with its own password."""
    password = _text(parameters(body), "password")
    authorization = account.authorization
    reason = _reason(account)
    if not reason and account.state != "pendingPassword":
        reason = "authorization_not_started"
    if not reason and not authorization.count_attempt():
        reason = "rate_limit_exceeded"
    if not reason and password != authorization.password:
        reason = "invalid_password"
    if reason:
        return _failure(reason, authorization.retry_after)
    account.link_by_code()
    return _success()


def _reason(account: Account) -> str | None:
    """Return why an account cannot be linked, if there is a reason."""
    return "already_registered" if account.linked else account.authorization.reason


def _reason_against(authorization: Authorization, code: str) -> str | None:
    """Return why a code is refused, if it is."""
    if authorization.sent is None:
        return "authorization_not_started"
    if not authorization.sent.life:
        return "timeout"
    if not authorization.count_attempt():
        return "rate_limit_exceeded"
    return None if code == authorization.sent.text else "invalid_code"


def phone_number(body: str) -> int:
    """Return the phone number in the parameters; raises InvalidError."""
    phone = parameters(body).get("phoneNumber")
    if type(phone) is not int:
        raise InvalidError("Validation failed. Details: 'phoneNumber' must be a number")
    return phone


def _text(fields: Fields, name: str) -> str:
    """Return a text parameter; raises InvalidError."""
    value = fields.get(name)
    if not isinstance(value, str):
        raise InvalidError(f"Validation failed. Details: '{name}' must be a string")
    return value


def _success() -> Json:
    return {"status": True, "data": {"status": "success", "reason": ""}}


def _failure(reason: str, retry_after: int | None = None) -> Json:
    data: dict[str, Json] = {"status": "fail", "reason": reason}
    if retry_after is not None:
        data["retryAfter"] = retry_after
    return {"status": True, "data": data}
