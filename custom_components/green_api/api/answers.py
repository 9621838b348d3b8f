"""What GREEN-API says, whatever form it says it in."""

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
import json
import re
from typing import Final
import unicodedata

from .errors import (
    BadResponseError,
    CannotConnectError,
    ChatQuotaError,
    ContactsOnlyError,
    GreenApiError,
    InstanceDeletedError,
    InstanceExpiredError,
    InstanceStartingError,
    InvalidChatError,
    InvalidCredentialsError,
    InvalidQuoteError,
    MessageRefusedError,
    MethodQuotaError,
    RateLimitedError,
    TooLargeError,
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

# What the vendor says of a message that it refuses, by status; the first that fits.
_REFUSALS: Final[tuple[tuple[int, re.Pattern[str], ErrorType], ...]] = (
    (400, re.compile(r"\bchatid (?:is|must)\b"), InvalidChatError),
    (
        400,
        re.compile(r"\b(?:message id|quotedmessageid) (?:is|must)\b"),
        InvalidQuoteError,
    ),
    (400, re.compile(r"\bchat limit on your tariff\b"), ChatQuotaError),
    (400, re.compile(r"."), MessageRefusedError),
    (403, re.compile(r"\baccount is suspended\b"), ContactsOnlyError),
    (413, re.compile(r""), TooLargeError),
    (466, re.compile(r"\bcorrespondents quot[ae] exceeded\b"), ChatQuotaError),
    (466, re.compile(r""), MethodQuotaError),
    (500, re.compile(r"\bentity too large\b|\bmax upload size\b"), TooLargeError),
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

# After these, and any success or failure of a server, nobody knows what was done.
_UNKNOWN_OUTCOMES: Final = frozenset({408, 499})
_UNKNOWN_OUTCOME_CLASSES: Final = frozenset({2, 5})


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
    outcome_unknown = (
        status in _UNKNOWN_OUTCOMES or status // 100 in _UNKNOWN_OUTCOME_CLASSES
    )
    error_type = _ERROR_BY_STATUS.get(status) or _ERROR_BY_STATUS_CLASS.get(
        status // 100
    )
    if error_type:
        return error_type(outcome_unknown=outcome_unknown)
    return unusable(answer, outcome_unknown=outcome_unknown)


def error_of_message(
    status: int, answer: object, retry_after: float | None
) -> GreenApiError | None:
    """Return the error of a response to a message, None if it is a success."""
    if status == HTTPStatus.OK:
        return None
    words = _words(answer)
    refusals = ((pattern, each) for it, pattern, each in _REFUSALS if it == status)
    return (
        _first_error(words, _ERROR_BY_WORDS)
        or _first_error(words, refusals)
        or error_of_status(status, answer, retry_after)
    )


def unusable(answer: object, *, outcome_unknown: bool = True) -> GreenApiError:
    """Return the error of an answer that does not hold what was asked for."""
    if _is_page(answer):
        return WrongAddressError(outcome_unknown=outcome_unknown)
    return _error_in_words(answer) or BadResponseError(outcome_unknown=outcome_unknown)


def _error_in_words(answer: object) -> GreenApiError | None:
    """Return the error of the account that an answer describes in words."""
    return _first_error(_words(answer), _ERROR_BY_WORDS)


def _first_error(
    words: str, errors: Iterable[tuple[re.Pattern[str], ErrorType]]
) -> GreenApiError | None:
    """Return the first error whose words are among these."""
    for pattern, error_type in errors:
        if pattern.search(words):
            return error_type()
    return None


def _words(answer: object) -> str:
    """Return the words in an answer, in lower case; those of a page do not count."""
    if _is_page(answer):
        return ""
    text = ". ".join(_texts(answer))[:_MAX_TEXT_LENGTH]
    return _BLANKS.sub(" ", unicodedata.normalize("NFKC", text).casefold())


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
