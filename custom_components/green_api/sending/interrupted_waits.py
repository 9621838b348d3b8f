"""Messages whose action was interrupted by a restart."""

from collections.abc import Callable
from functools import partial

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from ..coordinator import GreenApiCoordinator
from ..decisions.delivery import CONFIRMED, DeliveryStatus, DeliveryWait
from ..records.account_record import AccountRecord
from .deliveries import Deliveries
from .followed import DeliveryUpdate, SentMessage

type OnUnconfirmed = Callable[[SentMessage, DeliveryStatus], None]


class InterruptedWaits:
    """Follow the messages that actions were waiting for before a restart.

    Home Assistant does not resume these actions.
    """

    def __init__(
        self, coordinator: GreenApiCoordinator, deliveries: Deliveries
    ) -> None:
        """Initialize with what is in the record of the account."""
        self._hass = coordinator.hass
        self._coordinator = coordinator
        self._deliveries = deliveries
        self._stored = coordinator.data.waits

    @callback
    def async_start(self, on_unconfirmed: OnUnconfirmed) -> None:
        """Follow the messages again."""
        now, moment = self._hass.loop.time(), dt_util.utcnow()
        for wait in self._stored & self._coordinator.data.waits:
            age = max(0.0, (moment - wait.sent).total_seconds())
            message = SentMessage(
                wait.subentry_id, wait.chat_id, wait.message_id, now - age, wait.sent
            )
            seconds = max(age, (wait.deadline - wait.sent).total_seconds())
            follower = partial(self._followed, on_unconfirmed, wait, message)
            self._deliveries.async_follow(message, seconds, follower, is_urgent=True)

    def _followed(
        self,
        on_unconfirmed: OnUnconfirmed,
        wait: DeliveryWait,
        message: SentMessage,
        update: DeliveryUpdate,
    ) -> None:
        """Report a message that was not delivered in time."""
        if not update.is_over or self._deliveries.is_unloaded:
            return  # After a reload, it is followed again.
        self._coordinator.async_apply(AccountRecord.not_waiting_for, wait)
        if update.status not in CONFIRMED:
            on_unconfirmed(message, update.status)
