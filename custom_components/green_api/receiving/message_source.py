"""Where the messages of an account are received from.

https://green-api.com/en/docs/api/receiving/technology-http-api/
https://green-api.com/en/docs/api/journals/LastIncomingMessages/
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from ..api import (
    GreenApiClient,
    MissedMessage,
    NotificationContent,
    ReceivedMessage,
    StateChange,
    StatusChange,
    is_group_id,
)
from ..const import LOGGER
from ..coordinator import GreenApiCoordinator
from ..decisions.receiving import JOURNAL_MINUTES
from ..sending.deliveries import Deliveries
from .message_handler import MessageHandler
from .permissions import ReceiveMode, enabled_recipients, permitted_people

# Seconds between two looks at the journal.
JOURNAL_INTERVAL: Final = 15

# Seconds for which the server holds a request for a notification, and the shortest time
# that a request without one takes: the server may respond at once.
NOTIFICATION_TIMEOUT: Final = 30
SHORTEST_WAIT: Final = 5

type Look = Callable[[], Awaitable[float]]


class MessageSource:
    """The journal and the notifications of an account.

    A look at one of them handles what is new, and returns for how many seconds to wait
    before the next look. It raises a GreenApiError if a request fails.
    """

    def __init__(
        self,
        client: GreenApiClient,
        coordinator: GreenApiCoordinator,
        deliveries: Deliveries,
        message_handler: MessageHandler,
        on_missed: Callable[[], None],
    ) -> None:
        """Initialize the source.

        `on_missed` is called when the first message is missed that somebody who may
        write could have sent.
        """
        self.missed = 0
        """The number of messages that the plan does not allow to receive."""

        self._client = client
        self._coordinator = coordinator
        self._deliveries = deliveries
        self._message_handler = message_handler
        self._on_missed: Callable[[], None] | None = on_missed
        self._now = coordinator.hass.loop.time
        self._is_cut_known = False

    @property
    def looks(self) -> Mapping[ReceiveMode, Look]:
        """Return the function that looks for messages, by mode."""
        return {
            ReceiveMode.BESIDE_OTHERS: self._async_look_at_journal,
            ReceiveMode.ONLY_HOME_ASSISTANT: self._async_take_notification,
        }

    async def _async_look_at_journal(self) -> float:
        """Handle what is new in the journal."""
        journal = await self._client.get_last_incoming(JOURNAL_MINUTES)
        if not journal.is_whole and not self._is_cut_known:
            self._is_cut_known = True
            LOGGER.warning(
                "More is written to %s than can be read at once: messages of people "
                "who may write to Home Assistant may be missed",
                self._coordinator.name,
            )
        await self._message_handler.async_receive(*journal.messages)
        return JOURNAL_INTERVAL

    async def _async_take_notification(self) -> float:
        """Handle the next notification if there is one.

        It is deleted afterwards, so that it is received again if handling it failed.
        """
        asked_at = self._now()
        notification = await self._client.receive_notification(NOTIFICATION_TIMEOUT)
        if notification is None:
            return max(0.0, asked_at + SHORTEST_WAIT - self._now())
        await self._async_handle(notification.content)
        receipt_id = notification.receipt_id
        is_deleted = await self._client.delete_notification(receipt_id)
        # If it is not, it may be returned at once, again and again.
        return 0 if is_deleted else SHORTEST_WAIT

    async def _async_handle(self, content: NotificationContent | None) -> None:
        """Handle what a notification says."""
        match content:
            case ReceivedMessage():
                await self._message_handler.async_receive(content)
            case MissedMessage():
                self._missed(content)
            case StatusChange():
                self._deliveries.async_status_received(
                    content.chat_id, content.message_id, content.status
                )
            case StateChange() if content.state != self._coordinator.data.state:
                self._coordinator.async_poll()

    def _missed(self, message: MissedMessage) -> None:
        """Count a missed message, and report it unless a stranger must have sent it."""
        self.missed += 1
        hass, entry = self._coordinator.hass, self._coordinator.config_entry
        groups = filter(is_group_id, enabled_recipients(hass, entry))
        chat_ids = {*permitted_people(hass, entry), *groups}
        if self._on_missed and not chat_ids <= message.chat_ids:
            self._on_missed()
            self._on_missed = None
