"""Requests that follow a poll: the end of a restriction, the message queue."""

import asyncio
from datetime import datetime, timedelta
import math
from typing import Final

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .api import BadResponseError, GreenApiClient, GreenApiError
from .const import BUSY_QUEUE_INTERVAL, LIKELY_MESSENGER, QUEUE_INTERVAL
from .coordinator import GreenApiCoordinator
from .decisions.freshness import FRESH_FOR
from .decisions.message_queue import QueueCheckResult, patience
from .records.account_record import AccountRecord
from .settings import InstanceSettings

# How much earlier than scheduled a poll may be.
_TOLERANCE: Final = timedelta(seconds=10)


class FollowUps:
    """Make the requests that an account needs after each of its polls.

    They are made separately from the poll, so that they cannot delay it.
    """

    def __init__(
        self,
        client: GreenApiClient,
        coordinator: GreenApiCoordinator,
        settings: InstanceSettings,
    ) -> None:
        """Initialize without any requests."""
        self.queue = QueueWatch(client, coordinator, settings)
        self._client = client
        self._coordinator = coordinator
        self._settings = settings
        self._task: asyncio.Task[None] | None = None

    @callback
    def async_start(self) -> None:
        """Make the requests now, and after each poll of the account."""
        entry = self._coordinator.config_entry
        entry.async_on_unload(
            self._coordinator.async_add_poll_listener(self._async_polled)
        )
        self._async_polled()

    async def async_make_requests(self) -> None:
        """Make the requests that the account needs and that are due."""
        if self._coordinator.data.is_restricted:
            until = await self._async_get_restricted_until()
            self._coordinator.async_apply(AccountRecord.restricted, until)
        if self.queue.is_due:
            await self.queue.async_check()

    @callback
    def _async_polled(self) -> None:
        """Make the requests in the background after a successful poll."""
        coordinator = self._coordinator
        is_busy = self._task is not None and not self._task.done()
        if is_busy or not coordinator.last_update_success:
            return
        if self.queue.is_due or coordinator.data.is_restricted:
            self._task = coordinator.config_entry.async_create_background_task(
                coordinator.hass,
                self.async_make_requests(),
                f"{coordinator.name} follow-ups",
            )

    async def _async_get_restricted_until(self) -> datetime | None:
        """Return the end of the restriction.

        If it cannot be fetched, the known one is returned, None if there is none.
        """
        messenger = await self._settings.async_get_messenger() or LIKELY_MESSENGER
        try:
            return await self._client.get_restricted_until(messenger)
        except GreenApiError:
            return self._coordinator.data.restricted_until


class QueueWatch:
    """Check the message queue of an account.

    It is checked every five minutes while it is empty, every minute while the account
    has something to send, and whenever the account becomes able or unable to send.
    """

    def __init__(
        self,
        client: GreenApiClient,
        coordinator: GreenApiCoordinator,
        settings: InstanceSettings,
    ) -> None:
        """Initialize without any checks."""
        self._loop = coordinator.hass.loop
        self._client = client
        self._coordinator = coordinator
        self._settings = settings
        self._interval = timedelta()
        self._checked_at = -math.inf
        self._could_send = False

    @property
    def is_due(self) -> bool:
        """Return whether a check of the queue is due."""
        passed = self._loop.time() - self._checked_at
        wait = (self._interval - _TOLERANCE).total_seconds()
        return (
            passed >= wait or self._coordinator.data.is_authorized != self._could_send
        )

    @property
    def is_news_likely(self) -> bool:
        """Return whether another check is likely to reveal more about the queue."""
        queue = self._coordinator.data.queue
        is_old = self._loop.time() >= queue.counted_at + FRESH_FOR
        return is_old or bool(queue.messages.missing)

    @callback
    def async_expect_change(self) -> None:
        """Check the queue after the next poll, because it may have changed."""
        self._checked_at = -math.inf

    async def async_check(self) -> None:
        """Check the queue, and record the result."""
        self._checked_at = self._loop.time()
        self._could_send = self._coordinator.data.is_authorized
        try:
            count = await self._client.get_messages_count()
        except GreenApiError:
            self._interval = BUSY_QUEUE_INTERVAL
            self._coordinator.async_apply(AccountRecord.uncounted)
            return
        is_busy = self._could_send and count > 0
        self._interval = BUSY_QUEUE_INTERVAL if is_busy else QUEUE_INTERVAL
        check = await self._async_get_check(count)
        now, moment = self._loop.time(), dt_util.utcnow()
        self._coordinator.async_apply(AccountRecord.queue_checked, check, now, moment)

    async def _async_get_check(self, count: int) -> QueueCheckResult:
        """Return the result of a check, with the details needed to judge the queue."""
        record, now = self._coordinator.data, self._loop.time()
        can_send, delay = record.is_authorized, record.message_delay
        queue = record.queue.counted(count, now, dt_util.utcnow(), can_send=can_send)
        if queue.seems_stuck(now, patience(delay)):
            await self._settings.async_refresh()
            delay = self._coordinator.data.message_delay
        messages, is_listable = None, True
        if queue.is_list_wanted(now):
            try:
                messages = await self._client.get_waiting_messages()
            except BadResponseError:
                # The list is larger than the largest response that is read.
                is_listable = False
            except GreenApiError:
                pass
        return QueueCheckResult(
            count=count,
            counted_at=now,
            can_send=can_send,
            patience=patience(delay),
            messages=messages,
            is_listable=is_listable,
        )
