"""Request the status of messages that are followed.

https://green-api.com/en/docs/api/journals/GetMessage/
"""

import asyncio
from typing import Final

from homeassistant.core import callback
from homeassistant.util import dt as dt_util
from homeassistant.util.async_ import create_eager_task

from ..api import ChatQuotaError, GreenApiClient, GreenApiError, MethodQuotaError
from ..coordinator import GreenApiCoordinator
from ..decisions.delivery import DeliveryStatus, next_month, status_of
from ..records.account_record import AccountRecord
from .followed import AccountMessages, FollowedMessage, SentMessage

# Seconds for which deadlines wait for a request, their own one or another one.
PATIENCE: Final = 5


class StatusRequests:
    """Request the status of each message of an account when it is due.

    Requests are made one by one. A request that hangs does not delay any deadline.
    """

    def __init__(
        self,
        client: GreenApiClient,
        coordinator: GreenApiCoordinator,
        messages: AccountMessages,
    ) -> None:
        """Initialize without a task."""
        self._hass = coordinator.hass
        self._client = client
        self._coordinator = coordinator
        self._messages = messages
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._requested: FollowedMessage | None = None
        self.is_unloaded = False
        """Whether the config entry was unloaded."""

    @callback
    def async_update(self) -> None:
        """Start the requests that are needed, and cancel one that is not anymore."""
        if self._requested and not self._requested.followers and self._task:
            self._task.cancel()
            self._task = self._requested = None
        self._changed.set()
        is_working = self._task is not None and not self._task.done()
        if self._messages.followed and not (is_working or self.is_unloaded):
            entry = self._coordinator.config_entry
            self._task = entry.async_create_background_task(
                self._hass, self._async_work(), f"{entry.title} deliveries"
            )

    async def _async_work(self) -> None:
        """Request each status when it is due, until no message is followed."""
        while True:
            self._changed.clear()
            self._messages.forget_ended()
            if not self._messages.followed:
                return
            due = min(self._messages.followed.values(), key=lambda it: it.next_at)
            wait = due.next_at - self._hass.loop.time()
            if wait <= 0:
                await self._async_request(due)
                continue
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _async_request(self, followed: FollowedMessage) -> None:
        """Request the status of a message."""
        self._requested = followed
        request = create_eager_task(self._async_get_status(followed.message))
        patience = PATIENCE
        try:
            while not (await asyncio.wait([request], timeout=patience))[0]:
                self._end_overdue()
                patience = 1
        finally:
            request.cancel()
        self._requested = None
        followed.update(request.result(), self._hass.loop.time())

    def _end_overdue(self) -> None:
        """End the followers whose time is over while a request hangs."""
        now = self._hass.loop.time()
        self._messages.end(lambda it: now >= it.ends_at)
        self.async_update()

    async def _async_get_status(self, message: SentMessage) -> DeliveryStatus:
        """Return the status of a message, which is unknown if the request fails."""
        try:
            return status_of(
                await self._client.get_message_status(
                    message.chat_id, message.message_id
                )
            )
        except ChatQuotaError, MethodQuotaError:
            # The server reports the quota of chats as well if both are used up.
            until = next_month(dt_util.utcnow())
            self._coordinator.async_apply(AccountRecord.with_quota_used_up, until)
            self._messages.end()
        except GreenApiError:
            pass
        return DeliveryStatus.UNKNOWN
