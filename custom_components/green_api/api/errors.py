"""Errors that the client of GREEN-API raises.

None of them holds more than its kind: what a server says may hold the token.
"""

from enum import StrEnum
from typing import ClassVar


class ErrorKind(StrEnum):
    """Kinds of errors; texts shown to people are keyed by them."""

    BAD_RESPONSE = "bad_response"
    CANNOT_CONNECT = "cannot_connect"
    DELETED = "deleted"
    EXPIRED = "expired"
    INVALID_AUTH = "invalid_auth"
    RATE_LIMITED = "rate_limited"
    STARTING = "starting"
    UNKNOWN_HOST = "unknown_host"
    WRONG_ADDRESS = "wrong_address"


class GreenApiError(Exception):
    """Error of a request that got no usable answer."""

    kind: ClassVar[ErrorKind]

    def __init__(self) -> None:
        """Initialize the error."""
        super().__init__(self.kind.value)


class BadResponseError(GreenApiError):
    """Error if the answer is not what GREEN-API documents."""

    kind = ErrorKind.BAD_RESPONSE


class CannotConnectError(GreenApiError):
    """Error if there is no answer, or a server on the way reports a failure."""

    kind = ErrorKind.CANNOT_CONNECT


class UnknownHostError(CannotConnectError):
    """Error if the host name of the API URL does not exist."""

    kind = ErrorKind.UNKNOWN_HOST


class InstanceDeletedError(GreenApiError):
    """Error if the instance was deleted in the console."""

    kind = ErrorKind.DELETED


class InstanceExpiredError(GreenApiError):
    """Error if the plan of the instance has expired."""

    kind = ErrorKind.EXPIRED


class InstanceStartingError(GreenApiError):
    """Error if the instance is starting, or not linked, and cannot do this now."""

    kind = ErrorKind.STARTING


class InvalidCredentialsError(GreenApiError):
    """Error if the token is rejected, or the host does not know the instance."""

    kind = ErrorKind.INVALID_AUTH


class RateLimitedError(GreenApiError):
    """Error if there are too many requests.

    `retry_after` is the number of seconds until the server accepts requests again, if
    it says so. Until then, no request is made for the instance.
    """

    kind = ErrorKind.RATE_LIMITED

    def __init__(self, retry_after: float | None = None) -> None:
        """Initialize the error."""
        super().__init__()
        self.retry_after = retry_after


class WrongAddressError(GreenApiError):
    """Error if the address does not serve this instance, or is not GREEN-API's."""

    kind = ErrorKind.WRONG_ADDRESS
