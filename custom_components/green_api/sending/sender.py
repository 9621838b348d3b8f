"""Send the messages that can be delivered, and report why others are not sent."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from weakref import WeakValueDictionary

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..api import Attachment, GreenApiClient, GreenApiError, RateLimitedError
from ..coordinator import GreenApiCoordinator
from ..texts import Translation, translation
from .account_check import AccountCheck
from .deliveries import Deliveries
from .followed import SentMessage
from .message_texts import MessageTexts

# Seconds to wait before a rate limited request is retried if the server does not name a
# time, and the maximum if it does.
RETRY_AFTER: Final = 1
LONGEST_RETRY_AFTER: Final = 10

# Maximum number of sent message IDs that are remembered.
_MAX_SENT: Final = 1000

type _Send = Callable[..., Awaitable[str]]


@dataclass(frozen=True, slots=True, repr=False)
class Recipient:
    """A chat to send messages to, and its name."""

    name: str
    chat_id: str
    subentry_id: str
    """Empty for a chat that only gets a test message."""


class Quotes:
    """Check that the messages of an account quote only those of the same chat.

    GREEN-API accepts a message with another quote, but never delivers it. Only the
    chats of recently sent messages are known.
    """

    def __init__(self, coordinator: GreenApiCoordinator) -> None:
        """Initialize without any messages."""
        self._coordinator = coordinator
        self._chats: dict[str, str] = {}

    def remember(self, message_id: str, chat_id: str) -> None:
        """Remember which chat a message was sent to."""
        self._chats[message_id] = chat_id
        if len(self._chats) > _MAX_SENT:
            del self._chats[next(iter(self._chats))]

    def check(self, message_id: str | None, recipient: Recipient) -> None:
        """Raise ServiceValidationError if a message of another chat is quoted."""
        chat_id = self._chats.get(message_id or "", recipient.chat_id)
        if chat_id != recipient.chat_id:
            hass, entry = self._coordinator.hass, self._coordinator.config_entry
            raise ServiceValidationError(
                **translation(hass, entry, "other_chat", recipient=recipient.name)
            )


class Sender:
    """Send the messages of an account.

    Texts to a chat are sent in the order of the calls, and so are files once they are
    fetched. Apart from that, messages do not wait for each other. A message is sent
    only if the account is known to deliver it. A message that the server may have
    received is never sent again.
    """

    def __init__(
        self,
        client: GreenApiClient,
        coordinator: GreenApiCoordinator,
        check: AccountCheck,
        deliveries: Deliveries,
    ) -> None:
        """Initialize the sender."""
        self._hass = coordinator.hass
        self._entry = coordinator.config_entry
        self._client = client
        self._coordinator = coordinator
        self._check = check
        self._deliveries = deliveries
        # A lock for each kind of message and each chat, while a message is being sent.
        self._locks = WeakValueDictionary[tuple[str, str], asyncio.Lock]()
        self._quotes = Quotes(coordinator)
        self._texts = MessageTexts(coordinator)

    async def async_send_message(
        self,
        recipient: Recipient,
        message: str,
        title: str | None = None,
        *,
        quoted_message_id: str | None = None,
        link_preview: bool | None = None,
    ) -> SentMessage:
        """Send a text, and return the message.

        Raises a translated HomeAssistantError if it is not sent.
        """
        text = self._texts.text(recipient.name, message, title)
        send = partial(
            self._client.send_message,
            recipient.chat_id,
            text,
            link_preview=link_preview,
        )
        return await self._async_send("text", recipient, send, quoted_message_id)

    async def async_send_poll(
        self,
        recipient: Recipient,
        message: str,
        title: str | None,
        options: Sequence[str],
        *,
        quoted_message_id: str | None = None,
    ) -> SentMessage:
        """Send a poll with a text as its question, and return the message.

        Raises a translated HomeAssistantError if it is not sent.
        """
        text = self._texts.text(recipient.name, message, title)
        send = partial(self._client.send_poll, recipient.chat_id, text, options)
        return await self._async_send("text", recipient, send, quoted_message_id)

    async def async_send_file(
        self,
        recipient: Recipient,
        attachment: Attachment,
        message: str,
        title: str | None = None,
        *,
        quoted_message_id: str | None = None,
    ) -> list[SentMessage]:
        """Send a file with a caption, and return the messages.

        A text that a caption would not show, or the part of it that is too long for
        one, follows as a second message. Raises a translated HomeAssistantError if one
        of them is not sent.
        """
        caption, rest = self._texts.caption(recipient.name, message, title, attachment)
        send = partial(
            self._client.send_file,
            recipient.chat_id,
            attachment,
            caption=caption or None,
        )
        sent = [await self._async_send("file", recipient, send, quoted_message_id)]
        if rest.strip():
            sent.append(await self._async_send_rest(recipient, rest))
        return sent

    async def _async_send_rest(self, recipient: Recipient, rest: str) -> SentMessage:
        """Send the text that is not in the caption of a sent file.

        Raises a translated HomeAssistantError if it is not sent.
        """
        try:
            return await self.async_send_message(recipient, rest)
        except HomeAssistantError as err:
            raise HomeAssistantError(
                **self._translation("rest_not_sent", recipient)
            ) from err

    async def _async_send(
        self, kind: str, recipient: Recipient, send: _Send, quoted_id: str | None
    ) -> SentMessage:
        """Send a message once it is its turn, if it can be delivered then."""
        self._quotes.check(quoted_id, recipient)
        called_at = self._hass.loop.time()
        lock = self._locks.setdefault((kind, recipient.chat_id), asyncio.Lock())
        async with lock:
            with self._client.message_first():
                await self._check.async_check(recipient.name, called_at)
            message_id = await self._async_request(
                recipient, partial(send, quoted_message_id=quoted_id)
            )
        self._quotes.remember(message_id, recipient.chat_id)
        return self._deliveries.async_sent(
            recipient.subentry_id, recipient.chat_id, message_id
        )

    async def _async_request(self, recipient: Recipient, send: _Send) -> str:
        """Send a message now, and return its ID.

        Raises a translated HomeAssistantError if it is not sent.
        """
        try:
            return await _send_with_retry(send)
        except GreenApiError as err:
            if err.outcome_unknown:
                raise HomeAssistantError(
                    **self._translation("maybe_sent", recipient)
                ) from err
            raise self._coordinator.async_failure(
                err, recipient=recipient.name
            ) from err

    def _translation(self, key: str, recipient: Recipient) -> Translation:
        """Return the text of an exception that names the recipient."""
        return translation(self._hass, self._entry, key, recipient=recipient.name)


async def _send_with_retry(send: _Send) -> str:
    """Send a message, and retry once if the server will accept requests soon."""
    try:
        return await send()
    except RateLimitedError as err:
        if (err.retry_after or 0) > LONGEST_RETRY_AFTER:
            raise
        wait = RETRY_AFTER if err.retry_after is None else err.retry_after
    await asyncio.sleep(wait)
    return await send()
