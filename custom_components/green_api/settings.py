"""The settings of an instance, fetched once and when they may have changed."""

import asyncio
import math
from typing import Final

from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr

from .api import GreenApiClient, GreenApiError, Messenger, Settings
from .const import DOMAIN, MESSENGER_NAMES
from .coordinator import GreenApiCoordinator
from .records.account_record import AccountRecord

# Seconds between two requests for settings that someone may change in the console.
SETTINGS_INTERVAL: Final = 3600


class InstanceSettings:
    """Fetch the settings of an instance.

    The settings that messages depend on are stored in the record of the account, so
    that no message has to wait for them.
    """

    def __init__(
        self, client: GreenApiClient, coordinator: GreenApiCoordinator
    ) -> None:
        """Initialize without any settings."""
        self.known: Settings | None = None
        self.requested_at = -math.inf
        """When they were last requested, in seconds of the monotonic clock."""

        self._client = client
        self._coordinator = coordinator
        self._lock = asyncio.Lock()

    @property
    def own_id(self) -> str:
        """The chat ID of the account itself, empty if it is not known."""
        return self.known.wid if self.known else ""

    async def async_get_messenger(self) -> Messenger | None:
        """Return the messenger, which is fetched only if it is not known.

        Return None if it cannot be fetched.
        """
        if self._coordinator.data.messenger is None:
            await self.async_refresh()
        return self._coordinator.data.messenger

    @callback
    def async_start(self) -> None:
        """Fetch the settings after each poll until they are known."""
        self._coordinator.config_entry.async_on_unload(
            self._coordinator.async_add_poll_listener(self._async_polled)
        )
        self._async_polled()

    @callback
    def _async_polled(self) -> None:
        """Fetch the settings in the background if they are not known."""
        if self.known is None and not self._lock.locked():
            coordinator = self._coordinator
            coordinator.config_entry.async_create_background_task(
                coordinator.hass, self.async_refresh(), f"{coordinator.name} settings"
            )

    async def async_refresh(self) -> bool:
        """Fetch the settings, and return whether that succeeded.

        If it fails, the known ones are kept.
        """
        async with self._lock:
            self.requested_at = self._coordinator.hass.loop.time()
            try:
                settings = await self._client.get_settings()
            except GreenApiError:
                return False
        if self._coordinator.is_shut_down:
            return False  # The account was reloaded or removed meanwhile.
        self.known = settings
        self._coordinator.async_apply(AccountRecord.with_settings, settings)
        dr.async_get(self._coordinator.hass).async_get_or_create(
            config_entry_id=self._coordinator.config_entry.entry_id,
            identifiers={(DOMAIN, self._client.instance_id)},
            model=MESSENGER_NAMES[settings.messenger],
        )
        return True
