"""Read the responses about what an account receives, and the errors in them.

https://green-api.com/en/docs/api/receiving/technology-http-api/
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from .errors import GreenApiError, MethodQuotaError, WebhookSetError
from .exchange import Response
from .fields import number
from .notifications import read_journal, read_notification
from .parsing import Beginning
from .received import Journal, Notification
from .response_errors import (
    QUOTA_EXCEEDED,
    Errors,
    data_in,
    error_in_words,
    error_of_status,
    first_error,
    unusable,
    words_of,
)

# The vendor's wording for notifications that go to a webhook, and for one that does not
# exist anymore.
_WEBHOOK_SET: Final[Errors] = ((r"\bcustom webhook\b", WebhookSetError),)
_DELETED: Final = "findunackedmessage"

# Statuses that say that nothing has happened while the server or a proxy was waiting.
# The clients of the vendor treat them in the same way.
_TIMEOUTS: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT})


def received_in(response: Response, *, may_time_out: bool) -> object:
    """Return the parsed response, or raise the error that it contains.

    If the server or a proxy timed out while it was waiting (`may_time_out`), nothing
    was received, and None is returned.
    """
    if may_time_out and response.status in _TIMEOUTS:
        data_in(response, _error_of_timeout)
        return None
    return data_in(response, _error_of_receiving)


def _error_of_timeout(
    status: int, data: object, retry_after: float | None
) -> GreenApiError | None:
    """Return the error that a timeout describes, if any."""
    return first_error(words_of(data), _WEBHOOK_SET) or error_in_words(data)


def _error_of_receiving(
    status: int, data: object, retry_after: float | None
) -> GreenApiError | None:
    """Return the error of a response, None if it is a success.

    It is a success as well if a notification to delete does not exist anymore.
    """
    if status == HTTPStatus.OK or _is_deleted(data):
        return None
    if error := first_error(words_of(data), _WEBHOOK_SET):
        return error
    if status == QUOTA_EXCEEDED:
        return error_in_words(data) or MethodQuotaError()
    return error_of_status(status, data, retry_after)


def journal_of(data: object, is_secret: Callable[[str], bool]) -> Journal:
    """Return the messages in a response of the journal, the oldest first."""
    if not isinstance(data, list):
        raise _unusable(data)
    is_whole = not isinstance(data, Beginning)
    return Journal(read_journal(data, is_secret), is_whole=is_whole)


def notification_of(
    data: object, instance_id: str, is_secret: Callable[[str], bool]
) -> Notification | None:
    """Return the notification in a response, None if there is none.

    Its content is None if it is about something else, or another instance.
    """
    match data:
        case {"receiptId": int(receipt_id), "body": dict(body)}:
            content = read_notification(body, instance_id, is_secret)
        case {"receiptId": int(receipt_id)}:
            content = None
        case _ if _is_empty(data):
            return None
        case _:
            raise _unusable(data)
    if number(receipt_id) is None:
        raise _unusable(data)
    return Notification(receipt_id, content)


def deletion_of(data: object) -> bool:
    """Return whether a response says that a notification was deleted.

    The server denies it if another client has already deleted the notification.
    """
    match data:
        case {"result": bool(is_deleted)}:
            return is_deleted
    if _is_deleted(data):
        return False
    raise _unusable(data)


def _unusable(data: object) -> GreenApiError:
    """Return the error for a response that does not contain the requested data."""
    return first_error(words_of(data), _WEBHOOK_SET) or unusable(data)


def _is_empty(data: object) -> bool:
    """Return whether a response says that there is no notification.

    It is null or empty, depending on the server and the client.
    """
    match data:
        case None | {"receiptId": None}:
            return True
        case str(words):
            return not words.strip()
        case dict(fields):
            return not fields
    return False


def _is_deleted(data: object) -> bool:
    """Return whether the server does not know a notification anymore."""
    return _DELETED in words_of(data)
