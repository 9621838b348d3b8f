"""Follow messages until they are delivered."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util import dt as dt_util
from homeassistant.util.signal_type import SignalType

from ..api import GreenApiClient
from ..const import DOMAIN
from ..coordinator import GreenApiCoordinator
from ..decisions.delivery import DeliveryStatus, status_of
from .followed import (
    AccountMessages,
    DeliveryUpdate,
    FollowedMessage,
    Follower,
    Interest,
    SentMessage,
)
from .status_requests import StatusRequests

SIGNAL_MESSAGE_SENT: Final[SignalType[ConfigEntry, SentMessage]] = SignalType(
    f"{DOMAIN}_message_sent"
)

# A message that was waited for before a restart, and is not delivered.
SIGNAL_NOT_CONFIRMED: Final[SignalType[ConfigEntry, SentMessage, DeliveryStatus]] = (
    SignalType(f"{DOMAIN}_not_confirmed")
)


class Deliveries:
    """Follow the messages of an account.

    Nothing is requested unless a message has a follower.
    """

    def __init__(
        self,
        client: GreenApiClient,
        coordinator: GreenApiCoordinator,
        messages: AccountMessages,
    ) -> None:
        """Initialize with the messages that were followed before a reload."""
        self._hass = coordinator.hass
        self._coordinator = coordinator
        self._messages = messages
        self._requests = StatusRequests(client, coordinator, messages)

    @property
    def is_unloaded(self) -> bool:
        """Return whether the config entry was unloaded."""
        return self._requests.is_unloaded

    @property
    def recent(self) -> Iterator[SentMessage]:
        """Yield the messages that were sent in the last minute."""
        return self._messages.recent(self._hass.loop.time())

    def reported(self, trigger: str) -> set[SentMessage]:
        """Return the recent messages that a trigger has reported, before a reload."""
        return self._messages.reported(trigger)

    @callback
    def async_reported(self, message: SentMessage, trigger: str) -> None:
        """Remember that a trigger has reported a message."""
        self._messages.report(message, trigger, self._hass.loop.time())

    @callback
    def async_start(self) -> None:
        """Resume following the messages that were followed before a reload.

        Those that were sent during the reload are announced now.
        """
        self._coordinator.config_entry.async_on_unload(self._unloaded)
        self._messages.on_change = self._requests.async_update
        self._requests.async_update()
        while self._messages.unannounced:
            self._announce(self._messages.unannounced.pop(0))

    @callback
    def async_sent(
        self, subentry_id: str, chat_id: str, message_id: str
    ) -> SentMessage:
        """Notify the listeners that a message was sent, and return it.

        A test message, which has no subentry, has no listeners.
        """
        message = SentMessage(
            subentry_id, chat_id, message_id, self._hass.loop.time(), dt_util.utcnow()
        )
        if not subentry_id:
            return message
        self._messages.add(message)
        entry = self._coordinator.config_entry
        if not self.is_unloaded or entry.state is ConfigEntryState.LOADED:
            self._announce(message)
        else:
            # Nothing can follow it before the account is loaded again.
            self._messages.unannounced.append(message)
        return message

    def _announce(self, message: SentMessage) -> None:
        """Notify the listeners that a message was sent."""
        entry = self._coordinator.config_entry
        async_dispatcher_send(self._hass, SIGNAL_MESSAGE_SENT, entry, message)

    @callback
    def async_follow(
        self,
        message: SentMessage,
        seconds: float,
        follower: Follower,
        *,
        is_urgent: bool = False,
    ) -> CALLBACK_TYPE | None:
        """Follow a message for a number of seconds after it was sent.

        Return a function that stops following it. If there is nothing to wait for, or
        if too many messages are followed, the follower is ended immediately, and None
        is returned. An urgent follower ends that of a message that is not urgent
        instead.
        """
        key = (message.chat_id, message.message_id)
        interest = Interest(message.sent_at + seconds, is_urgent)
        followed = self._messages.followed.get(key) or FollowedMessage(
            message, status=self._messages.status(key, self._hass.loop.time())
        )
        is_known = followed.is_known(interest)
        if is_known or not self._can_follow(key, is_urgent=is_urgent):
            follower(DeliveryUpdate(followed.status, is_over=True))
            return None
        self._messages.followed[key] = followed
        followed.followers[follower] = interest
        self._requests.async_update()
        return partial(self._stop, followed, follower)

    @callback
    def async_status_received(self, chat_id: str, message_id: str, word: str) -> None:
        """Handle the status of a message that a notification reports."""
        key = chat_id, message_id
        self._messages.update(key, status_of(word), self._hass.loop.time())
        self._requests.async_update()

    @callback
    def _stop(self, followed: FollowedMessage, follower: Follower) -> None:
        """Stop following a message."""
        followed.followers.pop(follower, None)
        self._messages.on_change()

    def _can_follow(self, key: tuple[str, str], *, is_urgent: bool) -> bool:
        """Return whether the status of a message can be requested."""
        if self.is_unloaded or self._coordinator.data.quota_until(dt_util.utcnow()):
            return False
        followed = self._messages.followed
        return key in followed or self._messages.make_room(is_urgent=is_urgent)

    @callback
    def _unloaded(self) -> None:
        """End the urgent followers, because the config entry is unloaded.

        All other messages are followed again after it is loaded.
        """
        self._requests.is_unloaded = True
        self._messages.end(lambda it: it.is_urgent)
