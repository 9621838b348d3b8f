"""Settings of an instance."""

import asyncio

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from .api import GreenApiClient, GreenApiError, Messenger, Settings
from .const import DOMAIN, MESSENGER_NAMES


class InstanceSettings:
    """The settings of an instance, fetched when they are needed."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, client: GreenApiClient
    ) -> None:
        """Initialize the settings."""
        self.known: Settings | None = None
        self._hass = hass
        self._entry = entry
        self._client = client
        self._lock = asyncio.Lock()

    @property
    def message_delay(self) -> float | None:
        """Return the seconds between two messages, None if they are not known."""
        return self.known.message_delay if self.known else None

    async def async_get_messenger(self) -> Messenger:
        """Return the messenger; while the server does not say, the most likely one."""
        async with self._lock:
            if self.known is None:
                await self._async_ask()
        return self.known.messenger if self.known else Messenger.WHATSAPP

    async def async_refresh(self) -> None:
        """Fetch the settings again, because somebody may have changed them."""
        async with self._lock:
            await self._async_ask()

    async def _async_ask(self) -> None:
        """Fetch the settings; keep the known ones if that fails."""
        try:
            self.known = await self._client.get_settings()
        except GreenApiError:
            return
        dr.async_get(self._hass).async_get_or_create(
            config_entry_id=self._entry.entry_id,
            identifiers={(DOMAIN, self._client.instance_id)},
            model=MESSENGER_NAMES[self.known.messenger],
        )
