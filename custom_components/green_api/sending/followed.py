"""Messages of an account that were sent, and those that are followed."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
import math
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..decisions.delivery import DeliveryStatus, is_final, next_request, updated

# Maximum number of messages of an account that are followed at a time.
MAX_FOLLOWED: Final = 20

# Seconds for which sent messages and reported statuses are remembered for new
# listeners, and the maximum number of them.
RECENT_FOR: Final = 60
MAX_RECENT: Final = 1000


@dataclass(frozen=True, slots=True, repr=False)
class SentMessage:
    """A message that GREEN-API has accepted."""

    subentry_id: str
    """The recipient."""

    chat_id: str
    message_id: str

    sent_at: float
    """When it was sent, in seconds of the monotonic clock."""

    moment: datetime
    """When it was sent, in system time."""


@dataclass(frozen=True, slots=True)
class DeliveryUpdate:
    """A status of a message that is followed."""

    status: DeliveryStatus
    is_over: bool
    """Whether the message is not followed anymore."""


type Follower = Callable[[DeliveryUpdate], None]
type _IsOver = Callable[[Interest], bool]


@dataclass(frozen=True, slots=True)
class Interest:
    """How long a follower follows a message."""

    ends_at: float
    """In seconds of the monotonic clock."""

    is_urgent: bool
    """Whether an action is waiting. It is ended when the account is reloaded."""


@dataclass(slots=True, repr=False)
class FollowedMessage:
    """A message that is followed."""

    message: SentMessage
    asked_at: float = -math.inf
    """When the status was last requested, in seconds of the monotonic clock."""

    status: DeliveryStatus = DeliveryStatus.UNKNOWN
    followers: dict[Follower, Interest] = field(default_factory=dict)

    @property
    def is_urgent(self) -> bool:
        """Return whether a follower is urgent."""
        return any(interest.is_urgent for interest in self.followers.values())

    @property
    def next_at(self) -> float:
        """Return when to request the status next, in seconds of the monotonic clock."""
        return min(
            next_request(self.message.sent_at, self.asked_at, interest.ends_at)
            for interest in self.followers.values()
        )

    def is_known(self, interest: Interest) -> bool:
        """Return whether no more requests are necessary for a follower."""
        return is_final(self.status) or self.asked_at >= interest.ends_at

    def update(self, status: DeliveryStatus, now: float) -> None:
        """Update the status, and end the followers that need no further updates."""
        self.asked_at = now
        self.status = updated(self.status, status)
        self.notify(self.is_known)

    def notify(self, is_over: _IsOver = lambda _: True) -> None:
        """Notify all followers of the status, and end those whose interest is over."""
        for follower, interest in list(self.followers.items()):
            # One follower may stop another.
            if follower not in self.followers:
                continue
            if is_ended := is_over(interest):
                del self.followers[follower]
            follower(DeliveryUpdate(self.status, is_ended))


class AccountMessages:
    """The messages of an account. They are kept while it is reloaded."""

    def __init__(self) -> None:
        """Initialize without messages."""
        self.followed: dict[tuple[str, str], FollowedMessage] = {}
        self.on_change: CALLBACK_TYPE = lambda: None
        """Called when a follower stops."""

        self.unannounced: list[SentMessage] = []
        """The messages that were sent while the account was not loaded."""

        self._recent = deque[SentMessage](maxlen=MAX_RECENT)
        # By message, the one that was reported last at the end.
        self._statuses: dict[tuple[str, str], tuple[float, DeliveryStatus]] = {}
        self._reported = deque[tuple[SentMessage, str]](maxlen=MAX_RECENT)

    def add(self, message: SentMessage) -> None:
        """Remember a message that was just sent."""
        self._recent.append(message)
        self._forget_old(message.sent_at)

    def recent(self, now: float) -> Iterator[SentMessage]:
        """Yield the messages that were sent in the last minute."""
        self._forget_old(now)
        return iter(list(self._recent))

    def update(self, key: tuple[str, str], status: DeliveryStatus, now: float) -> None:
        """Update a message, and remember its status, which may not be reported again.

        The message may be followed only afterward, even if it was just sent.
        """
        known = updated(self.status(key, now), status)
        self._statuses.pop(key, None)
        self._statuses[key] = now, known
        if len(self._statuses) > MAX_RECENT:
            del self._statuses[next(iter(self._statuses))]
        if followed := self.followed.get(key):
            followed.update(status, now)

    def status(self, key: tuple[str, str], now: float) -> DeliveryStatus:
        """Return the status of a message that was reported in the last minute."""
        at, status = self._statuses.get(key, (-math.inf, DeliveryStatus.UNKNOWN))
        return status if at >= now - RECENT_FOR else DeliveryStatus.UNKNOWN

    def report(self, message: SentMessage, trigger: str, now: float) -> None:
        """Remember that a trigger has reported a message."""
        self._reported.append((message, trigger))
        self._forget_old(now)

    def reported(self, trigger: str) -> set[SentMessage]:
        """Return the recent messages that a trigger has reported."""
        return {message for message, by in self._reported if by == trigger}

    def _forget_old(self, now: float) -> None:
        """Forget the messages that were not sent in the last minute."""
        since = now - RECENT_FOR
        while self._recent and self._recent[0].sent_at < since:
            self._recent.popleft()
        while self._reported and self._reported[0][0].sent_at < since:
            self._reported.popleft()

    def make_room(self, *, is_urgent: bool) -> bool:
        """Return whether one more message can be followed.

        An urgent one replaces the oldest one that is not urgent.
        """
        self.forget_ended()
        if len(self.followed) < MAX_FOLLOWED:
            return True
        others = (it for it in self.followed.values() if not it.is_urgent)
        if not is_urgent or (oldest := next(others, None)) is None:
            return False
        oldest.notify()
        self.forget_ended()
        return True

    def forget_ended(self) -> None:
        """Forget the messages without followers."""
        for key in [key for key, it in self.followed.items() if not it.followers]:
            del self.followed[key]

    def end(self, is_over: _IsOver = lambda _: True) -> None:
        """End the followers whose interest is over, all of them by default."""
        for followed in list(self.followed.values()):
            followed.notify(is_over)


_MESSAGES: Final[HassKey[dict[str, AccountMessages]]] = HassKey(f"{DOMAIN}_messages")


@callback
def async_get_messages(hass: HomeAssistant, entry_id: str) -> AccountMessages:
    """Return the messages of an account."""
    messages = hass.data.setdefault(_MESSAGES, {})
    return messages.setdefault(entry_id, AccountMessages())


@callback
def async_forget_messages(hass: HomeAssistant, entry_id: str) -> None:
    """Forget the messages of an account that is disabled or removed."""
    if messages := hass.data.get(_MESSAGES, {}).pop(entry_id, None):
        messages.end()
