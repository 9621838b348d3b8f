"""Exceptions raised by the client.

None of them holds more than its kind: the text of a response may contain the token.
"""

from enum import StrEnum
from typing import ClassVar, Final


class ErrorKind(StrEnum):
    """Kinds of errors.

    They are the keys of the texts that are displayed to users.
    """

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
    UPLOAD_STALLED = "upload_stalled"
    WEBHOOK_SET = "webhook_set"
    WRONG_ADDRESS = "wrong_address"


class GreenApiError(Exception):
    """Base class of the errors of a request without a usable response.

    `outcome_unknown` is whether the server may have processed the request anyway.
    Repeating such a request may send a message twice.
    """

    kind: ClassVar[ErrorKind]

    def __init__(self, *, outcome_unknown: bool = False) -> None:
        """Initialize the error."""
        super().__init__(self.kind.value)
        self.outcome_unknown = outcome_unknown


class BadResponseError(GreenApiError):
    """Raised if a response does not match the documentation of GREEN-API."""

    kind = ErrorKind.BAD_RESPONSE


class CannotConnectError(GreenApiError):
    """Raised if there is no response, or a proxy reports a failure."""

    kind = ErrorKind.CANNOT_CONNECT


class UnknownHostError(CannotConnectError):
    """Raised if the host name of the API URL does not exist."""

    kind = ErrorKind.UNKNOWN_HOST


class InstanceDeletedError(GreenApiError):
    """Raised if the instance was deleted in the console."""

    kind = ErrorKind.DELETED


class InstanceExpiredError(GreenApiError):
    """Raised if the plan of the instance has expired."""

    kind = ErrorKind.EXPIRED


class InstanceStartingError(GreenApiError):
    """Raised if a request fails because the instance is starting or not linked."""

    kind = ErrorKind.STARTING


class InvalidCredentialsError(GreenApiError):
    """Raised if the token is rejected, or the host does not know the instance."""

    kind = ErrorKind.INVALID_AUTH


class RateLimitedError(GreenApiError):
    """Raised if there are too many requests.

    `retry_after` is the number of seconds until the server accepts requests again, None
    if it has not named a time. Until then, the client refuses requests to the same
    method of the instance.
    """

    kind = ErrorKind.RATE_LIMITED

    def __init__(self, retry_after: float | None = None) -> None:
        """Initialize the error."""
        super().__init__()
        self.retry_after = retry_after


class WebhookSetError(GreenApiError):
    """Raised if notifications cannot be received, because a webhook gets them."""

    kind = ErrorKind.WEBHOOK_SET


class WrongAddressError(GreenApiError):
    """Raised if the API URL does not serve this instance or is not GREEN-API's."""

    kind = ErrorKind.WRONG_ADDRESS


class MessageError(GreenApiError):
    """Raised if a message is refused, although the account could send others."""


class ChatQuotaError(MessageError):
    """Raised if the plan allows no messages to another chat this month."""

    kind = ErrorKind.CHAT_QUOTA


class ContactsOnlyError(MessageError):
    """Raised if a restricted MAX account writes to someone not in its contacts."""

    kind = ErrorKind.CONTACTS_ONLY


class FileUnreadableError(MessageError):
    """Raised if a file cannot be read completely, or not in time."""

    kind = ErrorKind.FILE_UNREADABLE


class InvalidChatError(MessageError):
    """Raised if the messenger has no chats with such an ID."""

    kind = ErrorKind.INVALID_CHAT


class InvalidQuoteError(MessageError):
    """Raised if the messenger has no messages with such an ID to quote."""

    kind = ErrorKind.INVALID_QUOTE


class MessageRefusedError(MessageError):
    """Raised if the message is refused for another reason."""

    kind = ErrorKind.MESSAGE_REFUSED


class MethodQuotaError(MessageError):
    """Raised if the plan allows no more messages of this type this month."""

    kind = ErrorKind.METHOD_QUOTA


class TooLargeError(MessageError):
    """Raised if the message or the file is larger than the server accepts."""

    kind = ErrorKind.TOO_LARGE


class UploadStalledError(MessageError):
    """Raised if the server stopped receiving a file.

    It has received only a part of the file, which it discards.
    """

    kind = ErrorKind.UPLOAD_STALLED


ACCOUNT_ERROR_KINDS: Final = frozenset(ErrorKind) - {
    WebhookSetError.kind,
    *(error_type.kind for error_type in MessageError.__subclasses__()),
}
"""Kinds of the errors that any request can raise.

The others are raised by requests with a message, or for notifications.
"""
