"""Look at the queue of an account."""

from dataclasses import dataclass
from datetime import datetime, timedelta
import math
from typing import Final

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .api import BadResponseError, GreenApiClient, GreenApiError, InstanceState
from .const import BUSY_QUEUE_INTERVAL, QUEUE_INTERVAL
from .coordinator import GreenApiCoordinator
from .memory import AccountMemory
from .message_queue import MESSAGE_LIFE, MessageQueue, patience
from .settings import InstanceSettings
from .store import AccountStore

# How much too early a poll may be.
_TOLERANCE: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingMessages:
    """Messages that wait, the first of which are lost at `lost_at`."""

    count: int
    lost_at: datetime


class QueueWatch:
    """Look at the queue of an account after polls, and remember what it says.

    It is looked at every five minutes while it is empty, every minute while the account
    has something to send, and whenever the account begins or ceases to be able to send.
    """

    def __init__(
        self,
        client: GreenApiClient,
        account: GreenApiCoordinator,
        settings: InstanceSettings,
        store: AccountStore,
    ) -> None:
        """Initialize the watch."""
        self._hass = account.hass
        self._client = client
        self._account = account
        self._settings = settings
        self._store = store
        self._interval = timedelta()
        self._looked_at = -math.inf
        self._could_send = False

    @property
    def waiting(self) -> WaitingMessages | None:
        """Return the messages that wait, as far as they are known."""
        queue = self._memory.queue
        if not queue.count or queue.waiting_since is None:
            return None
        return WaitingMessages(
            count=queue.count, lost_at=queue.waiting_since + MESSAGE_LIFE
        )

    @property
    def is_due(self) -> bool:
        """Return whether it is time to look at the queue."""
        passed = self._hass.loop.time() - self._looked_at
        wait = (self._interval - _TOLERANCE).total_seconds()
        return passed >= wait or self._can_send is not self._could_send

    @callback
    def async_expect_change(self) -> None:
        """Look at the queue after the next poll, because it may have changed."""
        self._looked_at = -math.inf

    async def async_look(self) -> int | None:
        """Return the number of messages that wait, None if it is not known."""
        self._looked_at = self._hass.loop.time()
        self._could_send = self._can_send
        try:
            count = await self._client.get_messages_count()
        except GreenApiError:
            self._interval = BUSY_QUEUE_INTERVAL
            return None
        is_busy = self._could_send and count > 0
        self._interval = BUSY_QUEUE_INTERVAL if is_busy else QUEUE_INTERVAL
        now, moment = self._hass.loop.time(), dt_util.utcnow()
        await self._async_judge(
            self._memory.queue.counted(count, now, moment, can_send=self._can_send)
        )
        return count

    async def _async_judge(self, queue: MessageQueue) -> None:
        """Remember the queue, and decide whether it moves."""
        self._remember(queue)
        if queue.seems_stuck(self._hass.loop.time(), self._patience):
            await self._settings.async_refresh()
        if queue.is_list_wanted(self._hass.loop.time()):
            await self._async_list()
        now = self._hass.loop.time()
        self._remember(self._memory.queue.decided(now, self._patience))

    async def _async_list(self) -> None:
        """Look at the oldest message."""
        try:
            oldest = await self._client.get_oldest_message()
        except BadResponseError:
            # It is longer than what is read of any answer.
            self._remember(self._memory.queue.unlistable())
        except GreenApiError:
            return
        else:
            if oldest is not None:
                now, moment = self._hass.loop.time(), dt_util.utcnow()
                self._remember(self._memory.queue.listed(oldest, now, moment))

    @callback
    def _remember(self, queue: MessageQueue) -> None:
        """Remember the queue, and update the account."""
        now, moment = self._hass.loop.time(), dt_util.utcnow()
        memory = self._memory.with_queue(queue, now, moment)
        self._store.async_set(self._account.config_entry.entry_id, memory)
        self._account.async_update_account()

    @property
    def _memory(self) -> AccountMemory:
        """Return what is remembered of the account."""
        return self._store.async_get(self._account.config_entry.entry_id)

    @property
    def _can_send(self) -> bool:
        """Return whether the account is authorized."""
        return self._account.data.state.known is InstanceState.AUTHORIZED

    @property
    def _patience(self) -> float:
        """Return for how long the queue may stand still."""
        return patience(self._settings.message_delay)
