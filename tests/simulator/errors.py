"""How the application of the simulated GREEN-API says no."""

from typing import TYPE_CHECKING, override

if TYPE_CHECKING:
    from .wire import Json


class InvalidError(Exception):
    """The parameters are refused, in the application's envelope."""

    status = 400


class ForbiddenError(InvalidError):
    """The account may not do that now."""

    status = 403


class TooLargeError(InvalidError):
    """The request is larger than the application takes; it calls that its own fault."""

    status = 500

    @override
    def __str__(self) -> str:
        """Return the text of the error."""
        return "request entity too large"


class BrokenError(Exception):
    """The application fails, and says nothing."""


class NotReadyError(Exception):
    """The instance cannot do that in its state; said as plain text."""


class QuotaError(Exception):
    """A quota of the plan is used up."""

    def __init__(self, body: dict[str, Json]) -> None:
        """Initialize with the status of the quota."""
        super().__init__()
        self.body = body
