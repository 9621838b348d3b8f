"""The kinds of error of the simulated faults in response to `getStateInstance`."""

from collections.abc import Mapping
from typing import Final

import pytest

from custom_components.green_api.api import ErrorKind
from tests.simulator import Fault

# Faults that are valid responses, and faults that time out.
HARMLESS: Final = (
    Fault.HUGE_NUMBERS,
    Fault.MISSING_FIELD,
    Fault.NOT_AUTHORIZED,
    Fault.NULL_200,
    Fault.STARTING,
    Fault.STARTING_AS_HTML,
    Fault.WRONG_CHARSET,
    Fault.WRONG_CONTENT_TYPE,
)
SLOW: Final = (Fault.HANG, Fault.SLOW_DRIP)

KIND_OF_FAULT: Final[Mapping[Fault, ErrorKind]] = {
    Fault.BAD_GATEWAY: ErrorKind.CANNOT_CONNECT,
    Fault.BAD_REQUEST: ErrorKind.BAD_RESPONSE,
    Fault.CLIENT_CLOSED_499: ErrorKind.CANNOT_CONNECT,
    Fault.DEEP_JSON: ErrorKind.BAD_RESPONSE,
    Fault.DELETED: ErrorKind.DELETED,
    Fault.DELETED_STRING: ErrorKind.DELETED,
    Fault.DELETED_UTF_16: ErrorKind.DELETED,
    Fault.EMPTY_200: ErrorKind.BAD_RESPONSE,
    Fault.ENDLESS_BODY: ErrorKind.BAD_RESPONSE,
    Fault.EXPIRED_200: ErrorKind.EXPIRED,
    Fault.EXPIRED_AS_HTML: ErrorKind.EXPIRED,
    Fault.EXPIRED_JSON: ErrorKind.EXPIRED,
    Fault.EXPIRED_PAGE: ErrorKind.WRONG_ADDRESS,
    Fault.EXPIRED_TEXT: ErrorKind.EXPIRED,
    Fault.FORBIDDEN_HTML: ErrorKind.WRONG_ADDRESS,
    Fault.GATEWAY_TIMEOUT: ErrorKind.CANNOT_CONNECT,
    Fault.GZIP_BOMB: ErrorKind.BAD_RESPONSE,
    Fault.HTML_200: ErrorKind.WRONG_ADDRESS,
    Fault.HUGE_BODY: ErrorKind.BAD_RESPONSE,
    Fault.HUGE_HEADER: ErrorKind.CANNOT_CONNECT,
    Fault.LOOKUP_469: ErrorKind.BAD_RESPONSE,
    Fault.NO_CONTENT_204: ErrorKind.BAD_RESPONSE,
    Fault.NOT_FOUND_HTML: ErrorKind.WRONG_ADDRESS,
    Fault.NOT_HTTP: ErrorKind.CANNOT_CONNECT,
    Fault.NOT_JSON: ErrorKind.BAD_RESPONSE,
    Fault.OTHER_NUMBER: ErrorKind.BAD_RESPONSE,
    Fault.QUOTA_466: ErrorKind.BAD_RESPONSE,
    Fault.RATE_LIMITED: ErrorKind.RATE_LIMITED,
    Fault.RATE_LIMITED_RETRY_AFTER: ErrorKind.RATE_LIMITED,
    Fault.RATE_LIMITED_UNTIL_DATE: ErrorKind.RATE_LIMITED,
    Fault.REDIRECT_LOOP: ErrorKind.WRONG_ADDRESS,
    Fault.REDIRECT_OTHER_HOST: ErrorKind.WRONG_ADDRESS,
    Fault.RESET_AFTER_HEADERS: ErrorKind.CANNOT_CONNECT,
    Fault.RESET_BEFORE_HEADERS: ErrorKind.CANNOT_CONNECT,
    Fault.SERVER_ERROR: ErrorKind.CANNOT_CONNECT,
    Fault.TRUNCATED_BODY: ErrorKind.CANNOT_CONNECT,
    Fault.UNAUTHORIZED: ErrorKind.INVALID_AUTH,
    Fault.UNAVAILABLE: ErrorKind.CANNOT_CONNECT,
    Fault.WRONG_FIELD_TYPE: ErrorKind.BAD_RESPONSE,
    Fault.WRONG_TYPE: ErrorKind.BAD_RESPONSE,
}

# The first fault of each kind, for tests in which only the kind matters.
FAULT_OF_KIND: Final[Mapping[ErrorKind, Fault]] = {
    kind: fault for fault, kind in reversed([*KIND_OF_FAULT.items()])
}

# Test parameters: a fault and its kind.
FAULTS_AND_KINDS: Final = [
    pytest.param(fault, kind, id=fault) for fault, kind in KIND_OF_FAULT.items()
]
