"""Responses to the methods that link an account with a code or a password.

https://green-api.com/en/telegram/docs/api/account/SendAuthorizationCode/
https://green-api.com/en/telegram/docs/api/account/SendAuthorizationPassword/
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .fields import number, text


class AuthorizationKind(StrEnum):
    """Kinds of responses to a phone number, a code or a password.

    Except for the first and the last one, they are the vendor's reasons for a failure.
    """

    ACCEPTED = "accepted"
    ALREADY_REGISTERED = "already_registered"
    INVALID_CODE = "invalid_code"
    INVALID_PASSWORD = "invalid_password"  # noqa: S105
    INVALID_PHONE_NUMBER = "invalid_phone_number"
    NOT_STARTED = "authorization_not_started"
    RATE_LIMITED = "rate_limit_exceeded"
    TIMEOUT = "timeout"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """Response to a phone number, a code or a password.

    `retry_after` is the number of seconds after which the messenger accepts another
    attempt, None if it has not named a time.
    """

    kind: AuthorizationKind
    retry_after: int | None = None


_KINDS: Final[Mapping[str, AuthorizationKind]] = {
    kind.value: kind
    for kind in AuthorizationKind
    if kind is not AuthorizationKind.ACCEPTED
}

# The values of `status` that mean success; the pages of the messengers differ.
_ACCEPTED: Final = frozenset({"ok", "sent", "success"})


def read_authorization(data: object) -> AuthorizationResponse | None:
    """Return what a response says, None if it is not documented.

    An account that is linked already may be reported as a success or as a failure.
    """
    match data:
        case {"data": dict(fields)} | dict(fields):
            status = fields.get("status")
        case _:
            return None
    if not isinstance(status, bool | str):
        return None
    is_accepted = status in _ACCEPTED if isinstance(status, str) else status
    return AuthorizationResponse(
        _kind(text(fields, "reason"), is_accepted=is_accepted),
        number(fields.get("retryAfter")),
    )


def _kind(reason: str, *, is_accepted: bool) -> AuthorizationKind:
    """Return the kind of a response; a reason that is not documented is a refusal."""
    kind = _KINDS.get(reason.strip().casefold(), AuthorizationKind.REFUSED)
    if is_accepted and kind is not AuthorizationKind.ALREADY_REGISTERED:
        return AuthorizationKind.ACCEPTED
    return kind
