"""Errors that the client of GREEN-API raises.

None of them holds more than its kind: what a server says may hold the token.
"""

from enum import StrEnum
from typing import ClassVar, Final


class ErrorKind(StrEnum):
    """Kinds of errors; texts shown to people are keyed by them."""

    BAD_RESPONSE = "bad_response"
    CANNOT_CONNECT = "cannot_connect"
    CHAT_QUOTA = "chat_quota"
    CONTACTS_ONLY = "contacts_only"
    DELETED = "deleted"
    EXPIRED = "expired"
    FILE_UNREADABLE = "file_unreadable"
    INVALID_AUTH = "invalid_auth"
    INVALID_CHAT = "invalid_chat"
    INVALID_QUOTE = "invalid_quote"
    MESSAGE_REFUSED = "message_refused"
    METHOD_QUOTA = "method_quota"
    RATE_LIMITED = "rate_limited"
    STARTING = "starting"
    TOO_LARGE = "too_large"
    UNKNOWN_HOST = "unknown_host"
    WRONG_ADDRESS = "wrong_address"


class GreenApiError(Exception):
    """Error of a request that got no usable answer.

    `outcome_unknown` is whether the server may have done what it was asked for
    all the same: to repeat such a request may send a message twice.
    """

    kind: ClassVar[ErrorKind]

    def __init__(self, *, outcome_unknown: bool = False) -> None:
        """Initialize the error."""
        super().__init__(self.kind.value)
        self.outcome_unknown = outcome_unknown


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


class MessageError(GreenApiError):
    """Error if a message is refused, though the account could send others."""


class ChatQuotaError(MessageError):
    """Error if the plan allows no messages to another chat this month."""

    kind = ErrorKind.CHAT_QUOTA


class ContactsOnlyError(MessageError):
    """Error if a restricted account of MAX writes to somebody not in its contacts."""

    kind = ErrorKind.CONTACTS_ONLY


class FileUnreadableError(MessageError):
    """Error if the file to send cannot be read to its end."""

    kind = ErrorKind.FILE_UNREADABLE


class InvalidChatError(MessageError):
    """Error if the messenger has no chats with such an id."""

    kind = ErrorKind.INVALID_CHAT


class InvalidQuoteError(MessageError):
    """Error if there are no messages with such an id to be quoted."""

    kind = ErrorKind.INVALID_QUOTE


class MessageRefusedError(MessageError):
    """Error if the message is refused for another reason."""

    kind = ErrorKind.MESSAGE_REFUSED


class MethodQuotaError(MessageError):
    """Error if the plan allows no more messages of this type this month."""

    kind = ErrorKind.METHOD_QUOTA


class TooLargeError(MessageError):
    """Error if the message or the file is larger than the server accepts."""

    kind = ErrorKind.TOO_LARGE


ACCOUNT_ERROR_KINDS: Final = frozenset(ErrorKind) - {
    error_type.kind for error_type in MessageError.__subclasses__()
}
"""The kinds of errors that any request can run into, not only one with a message."""
