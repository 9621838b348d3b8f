"""Find the errors in the responses of GREEN-API, which come in many forms."""

from collections.abc import Callable, Iterable, Mapping
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
from .exchange import Response
from .fields import error_texts
from .parsing import LIST_START, parse_beginning

type ErrorOf = Callable[[int, object, float | None], GreenApiError | None]
type ErrorType = type[GreenApiError]
type Errors = tuple[tuple[str, ErrorType], ...]

# The vendor's wording, including the words that some texts have in between. Patterns
# are compiled when the first error occurs: most accounts have none.
_INSTANCE: Final = r"\binstance (?:account |[0-9]+ )*(?:(?:is|was|has|been|already) )*"
_ACCOUNT_ERRORS: Final[Errors] = (
    (rf"{_INSTANCE}expired\b", InstanceExpiredError),
    (rf"{_INSTANCE}deleted\b", InstanceDeletedError),
    (rf"{_INSTANCE}(?:in )?starting\b", InstanceStartingError),
    (rf"{_INSTANCE}not authorized\b", InstanceStartingError),
)

# The vendor's wording for a message that is refused.
_REFUSALS: Final[Errors] = (
    (r"chatid (?:is|must)\b", InvalidChatError),
    (r"(?:message id|quotedmessageid) (?:is|must)\b", InvalidQuoteError),
    (r"you have used up the chat limit on your tariff\b", ChatQuotaError),
    (r"account is suspended\b", ContactsOnlyError),
    (r"correspondents quot[ae] exceeded\b", ChatQuotaError),
    (
        r".*\bsend or receive messages from (?:these numbers|following chats)\b",
        ChatQuotaError,
    ),
    (r"quot[ae] exceeded\b|monthly quota has been exceeded\b", MethodQuotaError),
    (r"request entity too large\b|.*\bmax upload size\b", TooLargeError),
    (r"bad request data\b|validation failed\b", MessageRefusedError),
)

# How a text starts before this wording. Further back, it may be a part of a message.
_PREFIX: Final = r"^(?:error: )?(?:validation failed\. details: )?(?:your )?"

# The status of a request that the plan does not include anymore.
QUOTA_EXCEEDED: Final = 466

# Errors by status for a message that is refused with another wording or without any.
_REFUSALS_BY_STATUS: Final[Mapping[int, Errors]] = {
    400: ((r".", MessageRefusedError),),
    413: ((r"", TooLargeError),),
    QUOTA_EXCEEDED: ((r"", MethodQuotaError),),
}

# Number of bytes in a request above which the server may refuse its size.
_MANY_BYTES: Final = 100_000

_MESSAGE_ERRORS: Final[Errors] = tuple(
    (rf"(?m){_PREFIX}(?:{words})", error_type)
    for words, error_type in _ACCOUNT_ERRORS + _REFUSALS
)

# Separators of words, and the number of characters of all texts that are searched.
_SEPARATORS: Final = r"[\s_\"'-]+"
_MAX_TEXT_LENGTH: Final = 16 * 1024

_MARKUP: Final = r"(?i)\A\s*<|<(?:!doctype|html|head|body)\b"

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

# After these statuses, and after any success or server error, it is unknown whether the
# request was processed.
_SERVER_FAILURE: Final = 5
_UNKNOWN_OUTCOMES: Final = frozenset({408, 499})
_UNKNOWN_OUTCOME_CLASSES: Final = frozenset({2, _SERVER_FAILURE})


def error_of_status(
    status: int, data: object, retry_after: float | None
) -> GreenApiError | None:
    """Return the error of a response by its status, None if it is a success."""
    if status == HTTPStatus.OK:
        return None
    return error_in_words(data) or _error_by_status(status, data, retry_after)


def error_of_message(
    status: int, data: object, retry_after: float | None, *, size: int
) -> GreenApiError | None:
    """Return the error of a response to a message, None if it is a success.

    `size` is the number of bytes that were sent. With a server error, the message may
    have been accepted, whatever the text says, unless it says that so many bytes are
    too many.
    """
    if status == HTTPStatus.OK:
        return None
    error = first_error(words_of(data), _MESSAGE_ERRORS)
    if status // 100 == _SERVER_FAILURE:
        is_too_large = isinstance(error, TooLargeError) and size > _MANY_BYTES
        return error if is_too_large else CannotConnectError(outcome_unknown=True)
    return (
        error
        or first_error(words_of(data), _REFUSALS_BY_STATUS.get(status, ()))
        or _error_by_status(status, data, retry_after)
    )


def data_in(response: Response, error_of: ErrorOf = error_of_status) -> object:
    """Return the parsed response, or raise the error that it contains."""
    data = _parsed(response)
    if error := error_of(response.status, data, response.retry_after):
        raise error
    return data


def _parsed(response: Response) -> object:
    """Return the JSON in a response, or its text if it is not JSON."""
    text = response.body.decode(json.detect_encoding(response.body), "replace")
    if response.is_cut:
        return parse_beginning(text)
    try:
        return json.loads(text)
    except ValueError, RecursionError:
        return text


def unusable(data: object) -> GreenApiError:
    """Return the error for a response that does not contain the requested data."""
    return error_in_words(data) or _invalid_response(data, outcome_unknown=True)


def unaccepted(data: object) -> GreenApiError:
    """Return the error for a response to a message that does not contain its ID."""
    error = first_error(words_of(data), _MESSAGE_ERRORS)
    return error or _invalid_response(data, outcome_unknown=True)


def error_in_words(data: object) -> GreenApiError | None:
    """Return the error of the account that a response describes, if any."""
    return first_error(words_of(data), _ACCOUNT_ERRORS)


def _error_by_status(
    status: int, data: object, retry_after: float | None
) -> GreenApiError:
    """Return the error for a response that contains no more than its status."""
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
    return _invalid_response(data, outcome_unknown=outcome_unknown)


def _invalid_response(data: object, *, outcome_unknown: bool) -> GreenApiError:
    """Return the error for a response that is not from GREEN-API or is not valid."""
    error_type = WrongAddressError if _is_page(data) else BadResponseError
    return error_type(outcome_unknown=outcome_unknown)


def first_error(
    words: str, errors: Iterable[tuple[str, ErrorType]]
) -> GreenApiError | None:
    """Return the first error whose pattern matches, None if there is none."""
    for pattern, error_type in errors:
        if re.search(pattern, words):
            return error_type()
    return None


def words_of(data: object) -> str:
    """Return the texts of a response in lower case, empty for a web page or list."""
    words: list[str] = []
    left = 0 if _is_page(data) or _is_list(data) else _MAX_TEXT_LENGTH
    texts = error_texts(data)
    while left > 0 and (text := next(texts, None)) is not None:
        words.append(_normalized(text[:left]))
        left -= len(text) + 1
    return "\n".join(words)


def _normalized(text: str) -> str:
    """Return a text in lower case, with single spaces between words."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(_SEPARATORS, " ", text).strip()


def _is_page(data: object) -> bool:
    """Return whether a response is a web page, regardless of its content type."""
    return isinstance(data, str) and re.search(_MARKUP, data) is not None


def _is_list(data: object) -> bool:
    """Return whether a response is a list of messages or contacts.

    If it breaks off, it is a text.
    """
    return isinstance(data, list) or (
        isinstance(data, str) and LIST_START.match(data) is not None
    )
