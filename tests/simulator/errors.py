"""Errors of the application of the simulated GREEN-API."""

from operator import attrgetter
from typing import TYPE_CHECKING, override

if TYPE_CHECKING:
    from .wire import Json


class InvalidError(Exception):
    """The parameters are invalid; the response is the application's envelope."""

    status = 400


class ForbiddenError(InvalidError):
    """The account is not allowed to do that now."""

    status = 403


class TooLargeError(InvalidError):
    """The request is too large, which the application reports as status 500."""

    status = 500

    @override
    def __str__(self) -> str:
        """Return the text of the error."""
        return "request entity too large"


class MissingError(Exception):
    """There is no such message; how the text is sent depends on the account."""

    form = attrgetter("journal_errors")


class BrokenError(Exception):
    """The application fails without a body."""

    status = 500


class EmptyError(BrokenError):
    """There is nothing to return; the response has no body."""

    status = 200


class NotReadyError(Exception):
    """The instance cannot do that in its state; the response is plain text."""


class QuotaError(Exception):
    """A quota of the plan is exceeded."""

    def __init__(self, body: dict[str, Json]) -> None:
        """Initialize with the status of the quota."""
        super().__init__()
        self.body = body


class GoneError(InvalidError):
    """A notification does not exist any more."""

    status = 500


class WebhookSetError(MissingError):
    """Notifications are sent to a webhook, so that they cannot be received."""

    form = attrgetter("refusal_form")

    @override
    def __str__(self) -> str:
        """Return the text of the error."""
        return (
            "Message cannot be received because custom webhook url is set. Go to "
            f"cabinet, clear webhook url for instance: {self.args[0]} and wait for "
            "about 1 minute for another attempt"
        )
