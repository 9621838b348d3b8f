"""Wait until a message is delivered, even across a restart."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from typing import Unpack

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.exceptions import HomeAssistantError

from ..coordinator import GreenApiCoordinator
from ..decisions.delivery import (
    CONFIRMED,
    UNDELIVERED,
    DeliveryStatus,
    DeliveryWait,
    combined,
)
from ..records.account_record import AccountRecord
from ..texts import Translation, translation
from .deliveries import Deliveries
from .followed import DeliveryUpdate, Follower, SentMessage
from .interrupted_waits import InterruptedWaits, OnUnconfirmed
from .status_reports import StatusReports


class NotConfirmedError(HomeAssistantError):
    """A message was sent, but its delivery is not confirmed."""

    def __init__(self, status: DeliveryStatus, **text: Unpack[Translation]) -> None:
        """Initialize with the status of the message."""
        super().__init__(**text)
        self.status = status


class Confirmation:
    """Wait for the delivery of messages of an account.

    The messages are in the record of the account, so that they are still followed
    after a restart.
    """

    def __init__(
        self,
        coordinator: GreenApiCoordinator,
        reports: StatusReports,
        deliveries: Deliveries,
    ) -> None:
        """Initialize the confirmation."""
        self._hass = coordinator.hass
        self._coordinator = coordinator
        self._reports = reports
        self._deliveries = deliveries
        self._interrupted = InterruptedWaits(coordinator, deliveries)

    @callback
    def async_start(self, on_unconfirmed: OnUnconfirmed) -> None:
        """Follow the messages of interrupted actions."""
        self._reports.async_start()
        self._interrupted.async_start(on_unconfirmed)

    @callback
    def async_follow(
        self, message: SentMessage, seconds: float, follower: Follower
    ) -> CALLBACK_TYPE | None:
        """Follow a message like `Deliveries`, and ensure that its status is reported.

        If no delivery can be confirmed, the settings are requested, because they may
        have changed. If they have not, an issue is created.
        """
        self._reports.async_need()
        return self._deliveries.async_follow(message, seconds, follower)

    async def async_wait(
        self, recipient_name: str, messages: list[SentMessage], within: timedelta
    ) -> DeliveryStatus:
        """Return the status of messages that were just sent, once all are delivered.

        Raises a NotConfirmedError that says why they are not confirmed.
        """
        seconds = messages[-1].sent_at + within.total_seconds() - self._hass.loop.time()
        if reason := await self._reports.async_get_reason(max(0, seconds)):
            raise self._error(reason, recipient_name, DeliveryStatus.UNKNOWN)
        status = await self._async_status(messages, within)
        if status in CONFIRMED:
            return status
        key = (
            f"delivery_{status}"
            if status in UNDELIVERED
            # The quota may be used up meanwhile.
            else self._reports.reason or "not_confirmed"
        )
        raise self._error(key, recipient_name, status)

    async def _async_status(
        self, messages: list[SentMessage], within: timedelta
    ) -> DeliveryStatus:
        """Return the status of messages once it is final or the time is up."""
        statuses = dict.fromkeys(messages, DeliveryStatus.UNKNOWN)
        pending = set(messages)
        ended: asyncio.Future[None] = self._hass.loop.create_future()

        def updated(message: SentMessage, update: DeliveryUpdate) -> None:
            statuses[message] = update.status
            if not update.is_over:
                return
            pending.discard(message)
            is_failed = update.status not in CONFIRMED
            if (is_failed or not pending) and not ended.done():
                ended.set_result(None)

        with ExitStack() as stack:
            for message in messages:
                follower = partial(updated, message)
                stack.enter_context(self._waiting(message, within, follower))
            await ended
        return combined(statuses.values())

    @contextmanager
    def _waiting(
        self, message: SentMessage, within: timedelta, follower: Follower
    ) -> Iterator[None]:
        """Follow a message, which is in the record while the action waits for it."""
        wait = _wait_for(message, within)

        def updated(update: DeliveryUpdate) -> None:
            if update.is_over:
                # Nothing can be removed from the record once the account is unloaded.
                self._end(wait)
            follower(update)

        follow = partial(self._deliveries.async_follow, message, is_urgent=True)
        if (stop := follow(within.total_seconds(), updated)) is None:
            yield
            return
        self._coordinator.async_apply(AccountRecord.waiting_for, wait)
        try:
            yield
        finally:
            stop()
            self._give_up(wait)

    def _give_up(self, wait: DeliveryWait) -> None:
        """Remove a message from the record, unless Home Assistant stops.

        It is then followed after the restart.
        """
        if not self._hass.is_stopping:
            self._end(wait)

    def _end(self, wait: DeliveryWait) -> None:
        """Remove a message from the record, because no action waits for it anymore."""
        self._coordinator.async_apply(AccountRecord.not_waiting_for, wait)

    def _error(
        self, key: str, recipient_name: str, status: DeliveryStatus
    ) -> NotConfirmedError:
        """Return the exception that says why a delivery is not confirmed."""
        entry = self._coordinator.config_entry
        return NotConfirmedError(
            status, **translation(self._hass, entry, key, recipient=recipient_name)
        )


def _wait_for(message: SentMessage, within: timedelta) -> DeliveryWait:
    """Return the wait for a message, as it is stored."""
    return DeliveryWait(
        message.subentry_id,
        message.chat_id,
        message.message_id,
        message.moment,
        message.moment + within,
    )
