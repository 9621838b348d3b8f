"""Send messages that can be delivered, and say why others are not sent."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from .api import (
    MAX_CAPTION_LENGTH,
    MAX_MESSAGE_LENGTH,
    AccountState,
    Attachment,
    GreenApiClient,
    GreenApiError,
    InstanceState,
    Messenger,
    RateLimitedError,
    text_length,
)
from .const import MESSENGER_NAMES
from .coordinator import GreenApiCoordinator
from .details import DetailsCoordinator
from .exceptions import Translation, translation
from .failure import async_failure
from .freshness import FreshAnswer
from .problem import RESTRICTED_STATES, Problem, reason_of
from .settings import InstanceSettings

# Seconds after which a request is made once more that the server had no time for.
RETRY_AFTER: Final = 1

# What is sent while an instance starts is delivered then.
_USUAL: Final = frozenset({InstanceState.AUTHORIZED, InstanceState.STARTING})

# The states in which messages are delivered. A restricted account of MAX may still
# write to its contacts.
DELIVERING_STATES: Final[Mapping[Messenger, frozenset[InstanceState | None]]] = {
    Messenger.MAX: _USUAL | RESTRICTED_STATES,
    Messenger.TELEGRAM: _USUAL,
    Messenger.WHATSAPP: _USUAL,
}

_TITLES: Final[Mapping[Messenger, str]] = {
    Messenger.MAX: "{}",
    Messenger.TELEGRAM: "{}",
    Messenger.WHATSAPP: "*{}*",
}

type _Send = Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True, repr=False)
class Recipient:
    """A chat to send messages to, and what people call it."""

    name: str
    chat_id: str


class Sender:
    """Send the messages of one account, each kind in the order of the calls.

    A message is sent only if the account is known to deliver it. What the server may
    have received is never sent again.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        client: GreenApiClient,
        coordinator: GreenApiCoordinator,
        details: DetailsCoordinator,
        settings: InstanceSettings,
    ) -> None:
        """Initialize the sender."""
        self._hass = hass
        self._entry = coordinator.config_entry
        self._client = client
        self._coordinator = coordinator
        self._details = details
        self._settings = settings
        self._answer = FreshAnswer(hass, coordinator)
        self._messages = asyncio.Lock()
        self._files = asyncio.Lock()

    async def async_send_message(
        self,
        recipient: Recipient,
        message: str,
        title: str | None = None,
        *,
        quoted_message_id: str | None = None,
        link_preview: bool | None = None,
    ) -> str:
        """Send a text, and return the id of the message."""
        messenger = await self._settings.async_get_messenger()
        text = _text(messenger, message, title)
        if not text:
            raise ServiceValidationError(**self._text_of("message_empty", recipient))
        self._check_length(text, MAX_MESSAGE_LENGTH[messenger], messenger, recipient)
        send = partial(
            self._client.send_message,
            recipient.chat_id,
            text,
            quoted_message_id=quoted_message_id,
            link_preview=link_preview,
        )
        return await self._async_send(self._messages, messenger, recipient, send)

    async def async_send_file(
        self,
        recipient: Recipient,
        attachment: Attachment,
        message: str,
        title: str | None = None,
        *,
        quoted_message_id: str | None = None,
    ) -> str:
        """Send a file with a caption, and return the id of the message."""
        messenger = await self._settings.async_get_messenger()
        caption = _text(messenger, message, title)
        self._check_length(caption, MAX_CAPTION_LENGTH, messenger, recipient)
        send = partial(
            self._client.send_file,
            recipient.chat_id,
            attachment,
            caption=caption or None,
            quoted_message_id=quoted_message_id,
        )
        return await self._async_send(self._files, messenger, recipient, send)

    async def _async_send(
        self,
        turn: asyncio.Lock,
        messenger: Messenger,
        recipient: Recipient,
        send: _Send,
    ) -> str:
        """Send something when its turn comes, if it can be delivered then."""
        called_at = self._hass.loop.time()
        async with turn:
            await self._async_check_account(messenger, recipient, called_at)
            try:
                return await _send_in_time(send)
            except GreenApiError as err:
                if err.outcome_unknown:
                    raise HomeAssistantError(
                        **self._text_of("maybe_sent", recipient)
                    ) from err
                raise await async_failure(
                    self._coordinator, err, recipient=recipient.name
                ) from err

    async def _async_check_account(
        self, messenger: Messenger, recipient: Recipient, since: float
    ) -> None:
        """Raise why the account does not deliver, if it does not."""
        answer = await self._answer.async_get(since)
        if answer is None:
            raise HomeAssistantError(**self._text_of("interrupted", recipient))
        if isinstance(answer, GreenApiError):
            raise HomeAssistantError(**translation(self._entry, answer))
        if problem := self._problem(answer, messenger):
            until = self._details.data.restricted_until
            if problem is Problem.RESTRICTED and until:
                moment = f"{dt_util.as_local(until):%Y-%m-%d %H:%M}"
                raise HomeAssistantError(
                    **translation(self._entry, "restricted_until", until=moment)
                )
            raise HomeAssistantError(**translation(self._entry, problem))

    def _problem(self, state: AccountState, messenger: Messenger) -> Problem | None:
        """Return the problem that keeps messages from being delivered."""
        if state.known not in DELIVERING_STATES[messenger]:
            return reason_of(state)
        if state.known is InstanceState.STARTING:
            return self._coordinator.data.problem
        return None

    def _check_length(
        self, text: str, longest: int, messenger: Messenger, recipient: Recipient
    ) -> None:
        """Raise that a text is too long, if it is."""
        length = text_length(text)
        if length > longest:
            raise ServiceValidationError(
                **self._text_of(
                    "message_too_long",
                    recipient,
                    length=f"{length}",
                    longest=f"{longest}",
                    messenger=MESSENGER_NAMES[messenger],
                )
            )

    def _text_of(
        self, key: str, recipient: Recipient, **placeholders: str
    ) -> Translation:
        """Return a text of an exception that names the recipient."""
        return translation(self._entry, key, recipient=recipient.name, **placeholders)


def _text(messenger: Messenger, message: str, title: str | None) -> str:
    """Return a message below its title, nothing if it says nothing."""
    title = " ".join((title or "").split())
    head = _TITLES[messenger].format(title) if title else ""
    body = message if message.strip() else ""
    return "\n".join(filter(None, (head, body)))


async def _send_in_time(send: _Send) -> str:
    """Send, and once more if the server had no time and does not say how long."""
    try:
        return await send()
    except RateLimitedError as err:
        if err.retry_after is not None:
            raise
    await asyncio.sleep(RETRY_AFTER)
    return await send()
