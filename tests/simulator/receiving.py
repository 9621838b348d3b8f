"""The methods that return what a simulated account receives."""

import asyncio
import json
from typing import TYPE_CHECKING

from .errors import (
    EmptyError,
    GoneError,
    InvalidError,
    NotReadyError,
    WebhookSetError,
)

if TYPE_CHECKING:
    from .account import Account
    from .wire import Json

STARTING = "instance in starting process try later"
GONE = "Cannot read properties of undefined (reading 'findUnAckedMessage')"

DEFAULT_MINUTES = 1440
DEFAULT_SECONDS = 5
SECONDS = range(1, 61)

# Seconds after which a waiting request looks for what has happened meanwhile.
LOOK_EVERY = 0.5

# The forms of the response if nothing is waiting: null, no body, and an empty object.
EMPTY_FORMS = ("null", "nothing", "object")


def last_incoming(account: Account, body: str) -> Json:
    """Return the last received messages; raises QuotaError."""
    minutes = _number(body, "minutes", DEFAULT_MINUTES)
    account.count_call("lastIncomingMessages")
    return [*account.incoming.entries(minutes)]


async def wait_for_notification(account: Account, body: str) -> None:
    """Wait until there is a notification, or for the time that is requested."""
    if account.has_webhook or account.passing:
        return
    try:
        seconds = min(_seconds(body), account.longest_wait)
    except InvalidError:
        return  # as the response says
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + seconds
    account.incoming.update()
    while account.incoming.notifications.head is None and loop.time() < ends_at:
        left = ends_at - loop.time()
        await account.incoming.notifications.wait(min(left, LOOK_EVERY))
        account.incoming.update()


def receive_notification(account: Account, body: str) -> Json:
    """Return the first notification, which stays the first until it is deleted.

    Raises WebhookSetError if notifications are sent to a webhook, and EmptyError if
    there is none and the response has no body.
    """
    _seconds(body)
    _check_queue(account)
    notifications = account.incoming.notifications
    head = notifications.head
    if head is None or account.hides_notifications:
        if account.empty_form == "nothing" or account.hides_notifications:
            raise EmptyError
        return {} if account.empty_form == "object" else None
    notifications.received += 1
    return {"receiptId": head.receipt_id, "body": head.body}


def delete_notification(account: Account, body: str) -> Json:
    """Delete the first notification.

    Raises WebhookSetError if notifications are sent to a webhook, and GoneError if
    there is no such notification and the account responds like that.
    """
    receipt_id = _number(body, "receiptId", "")
    _check_queue(account)
    if account.incoming.notifications.delete(receipt_id):
        return {"result": True, "reason": ""}
    if account.deletion_fails:
        raise GoneError(GONE)
    reason = f"Notification with receiptId {receipt_id} not found"
    return {"result": False, "reason": reason}


def count_notifications(account: Account, _: str) -> Json:
    """Return the number of notifications that were not deleted."""
    return {account.count_key: account.webhooks}


def _check_queue(account: Account) -> None:
    """Raise an error if the account has no notifications to receive now."""
    if account.passing:
        raise NotReadyError(STARTING)
    if account.has_webhook:
        raise WebhookSetError(account.instance_id)


def _seconds(body: str) -> int:
    """Return how long to wait; raises InvalidError."""
    seconds = _number(body, "receiveTimeout", DEFAULT_SECONDS)
    if seconds not in SECONDS:
        raise InvalidError("Validation failed. Details: 'receiveTimeout' must be 5..60")
    return seconds


def _number(body: str, name: str, default: int | str) -> int:
    """Return a parameter of the URL; raises InvalidError."""
    value = (json.loads(body) if body else {}).get(name, default)
    try:
        return int(value)
    except ValueError:
        raise InvalidError(f"Parameter {name} must be a Number!") from None
