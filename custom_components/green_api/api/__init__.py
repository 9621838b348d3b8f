"""Client for the HTTP API of GREEN-API.

It does not depend on Home Assistant.
"""

from .client import GreenApiClient
from .errors import (
    BadResponseError,
    CannotConnectError,
    ErrorKind,
    GreenApiError,
    InstanceDeletedError,
    InstanceExpiredError,
    InstanceStartingError,
    InvalidCredentialsError,
    RateLimitedError,
    UnknownHostError,
    WrongAddressError,
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
    "AccountState",
    "BadResponseError",
    "CannotConnectError",
    "ErrorKind",
    "GreenApiClient",
    "GreenApiError",
    "InstanceDeletedError",
    "InstanceExpiredError",
    "InstanceStartingError",
    "InstanceState",
    "InvalidCredentialsError",
    "Messenger",
    "QrAnswer",
    "QrKind",
    "RateLimitedError",
    "RequestPacer",
    "Settings",
    "UnknownHostError",
    "WrongAddressError",
]
