"""Client for the HTTP API of GREEN-API.

It does not depend on Home Assistant.
"""

from .chats import Chat, ChatKind
from .client import GreenApiClient
from .errors import (
    ACCOUNT_ERROR_KINDS,
    BadResponseError,
    CannotConnectError,
    ChatQuotaError,
    ContactsOnlyError,
    ErrorKind,
    FileUnreadableError,
    GreenApiError,
    InstanceDeletedError,
    InstanceExpiredError,
    InstanceStartingError,
    InvalidChatError,
    InvalidCredentialsError,
    InvalidQuoteError,
    MessageError,
    MessageRefusedError,
    MethodQuotaError,
    RateLimitedError,
    TooLargeError,
    UnknownHostError,
    WrongAddressError,
)
from .form import Attachment
from .limits import (
    MAX_CAPTION_LENGTH,
    MAX_FILE_BYTES,
    MAX_MESSAGE_LENGTH,
    text_length,
)
from .models import (
    AccountState,
    InstanceState,
    Messenger,
    QrAnswer,
    QrKind,
    Settings,
)
from .pacing import RequestPacer

__all__ = [
    "ACCOUNT_ERROR_KINDS",
    "MAX_CAPTION_LENGTH",
    "MAX_FILE_BYTES",
    "MAX_MESSAGE_LENGTH",
    "AccountState",
    "Attachment",
    "BadResponseError",
    "CannotConnectError",
    "Chat",
    "ChatKind",
    "ChatQuotaError",
    "ContactsOnlyError",
    "ErrorKind",
    "FileUnreadableError",
    "GreenApiClient",
    "GreenApiError",
    "InstanceDeletedError",
    "InstanceExpiredError",
    "InstanceStartingError",
    "InstanceState",
    "InvalidChatError",
    "InvalidCredentialsError",
    "InvalidQuoteError",
    "MessageError",
    "MessageRefusedError",
    "Messenger",
    "MethodQuotaError",
    "QrAnswer",
    "QrKind",
    "RateLimitedError",
    "RequestPacer",
    "Settings",
    "TooLargeError",
    "UnknownHostError",
    "WrongAddressError",
    "text_length",
]
