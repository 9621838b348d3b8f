"""What GREEN-API says, whatever form it says it in."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
import json
import re
from typing import Final
import unicodedata

from .errors import (
    BadResponseError,
    CannotConnectError,
    GreenApiError,
    InstanceDeletedError,
    InstanceExpiredError,
    InstanceStartingError,
    InvalidCredentialsError,
    RateLimitedError,
    WrongAddressError,
)

type ErrorType = type[GreenApiError]

# The vendor's words, with those that its texts have in between.
_INSTANCE: Final = r"\binstance (?:account |[0-9]+ )*(?:(?:is|was|has|been|already) )*"
_ERROR_BY_WORDS: Final[tuple[tuple[re.Pattern[str], ErrorType], ...]] = (
    (re.compile(rf"{_INSTANCE}expired\b"), InstanceExpiredError),
    (re.compile(rf"{_INSTANCE}deleted\b"), InstanceDeletedError),
    (re.compile(rf"{_INSTANCE}(?:in )?starting\b"), InstanceStartingError),
    (re.compile(rf"{_INSTANCE}not authorized\b"), InstanceStartingError),
)

# What may stand between two words, and how much of a text is searched for them.
_BLANKS: Final = re.compile(r"[\s_\"'-]+")
_MAX_TEXT_LENGTH: Final = 16 * 1024

_MARKUP: Final = re.compile(r"\A\s*<|<(?:!doctype|html|head|body)\b", re.IGNORECASE)

_ERROR_BY_STATUS: Final[Mapping[int, ErrorType]] = {
    401: InvalidCredentialsError,
    403: WrongAddressError,
    404: WrongAddressError,
    408: CannotConnectError,
    499: CannotConnectError,
}
_ERROR_BY_STATUS_CLASS: Final[Mapping[int, ErrorType]] = {
    3: WrongAddressError,
    5: CannotConnectError,
}


def parse(body: bytes) -> object:
    """Return the JSON in a body, or its text if it is not JSON."""
    text = body.decode(json.detect_encoding(body), "replace")
    try:
        return json.loads(text)
    except ValueError, RecursionError:
        return text


def error_of_status(
    status: int, answer: object, retry_after: float | None
) -> GreenApiError | None:
    """Return the error of a response with this status, None if it is a success."""
    if status == HTTPStatus.OK:
        return None
    if error := _error_in_words(answer):
        return error
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimitedError(retry_after)
    error_type = _ERROR_BY_STATUS.get(status) or _ERROR_BY_STATUS_CLASS.get(
        status // 100
    )
    return error_type() if error_type else unusable(answer)


def unusable(answer: object) -> GreenApiError:
    """Return the error of an answer that does not hold what was asked for."""
    if _is_page(answer):
        return WrongAddressError()
    return _error_in_words(answer) or BadResponseError()


def _error_in_words(answer: object) -> GreenApiError | None:
    """Return the error that an answer describes in words, unless it is a page."""
    if _is_page(answer):
        return None
    text = ". ".join(_texts(answer))[:_MAX_TEXT_LENGTH]
    words = _BLANKS.sub(" ", unicodedata.normalize("NFKC", text).casefold())
    for pattern, error_type in _ERROR_BY_WORDS:
        if pattern.search(words):
            return error_type()
    return None


def _is_page(answer: object) -> bool:
    """Return whether an answer is a web page, whatever its content type is."""
    return isinstance(answer, str) and _MARKUP.search(answer) is not None


def _texts(answer: object) -> Iterator[str]:
    """Yield all texts in an answer."""
    parts = [answer]
    while parts:
        match parts.pop():
            case str(text):
                yield text
            case dict(fields):
                parts.extend(fields.values())
            case list(items):
                parts.extend(items)
