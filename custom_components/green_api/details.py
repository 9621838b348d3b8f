"""Coordinator that asks for details of an account."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .api import GreenApiClient, GreenApiError
from .const import LOGGER, UPDATE_INTERVAL
from .coordinator import GreenApiCoordinator
from .problem import RESTRICTED_STATES
from .settings import InstanceSettings

# Listeners with this context want the number of messages in the queue.
QUEUE_CONTEXT: Final = "messages_in_queue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What else is known of an account, None where it is not."""

    restricted_until: datetime | None = None
    messages_in_queue: int | None = None


class DetailsCoordinator(DataUpdateCoordinator[Details]):
    """Ask for the details that apply and that somebody listens to.

    They are apart from the state, so that they cannot make it late.
    """

    config_entry: ConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        client: GreenApiClient,
        account: GreenApiCoordinator,
        settings: InstanceSettings,
    ) -> None:
        """Initialize the coordinator."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=f"{entry.title} details",
            always_update=False,
        )
        self.account = account
        self.data = Details()
        self._client = client
        self._settings = settings
        self._was_restricted = False

    @property
    def _is_restricted(self) -> bool:
        """Return whether the account is restricted."""
        return self.account.data.state.known in RESTRICTED_STATES

    @callback
    def async_start(self) -> None:
        """Follow the account from now on."""
        self.config_entry.async_on_unload(
            self.account.async_add_listener(self._account_updated)
        )
        self._ask()

    @callback
    def _account_updated(self) -> None:
        """Ask at once when a restriction begins or ends."""
        if self._is_restricted is not self._was_restricted:
            self._ask()
        self.async_update_listeners()

    @callback
    def _ask(self) -> None:
        """Ask without making anybody wait."""
        self.config_entry.async_create_background_task(
            self.hass, self.async_refresh(), f"{self.name} refresh"
        )

    @override
    async def _async_update_data(self) -> Details:
        """Ask for what applies."""
        self._was_restricted = self._is_restricted
        with_queue = QUEUE_CONTEXT in self.async_contexts()
        is_needed = self._was_restricted or with_queue
        self.update_interval = UPDATE_INTERVAL if is_needed else None
        if not self.account.last_update_success:
            return self.data
        return Details(
            restricted_until=await self._async_get_restricted_until()
            if self._was_restricted
            else None,
            messages_in_queue=await self._async_get_messages_in_queue()
            if with_queue
            else None,
        )

    async def _async_get_restricted_until(self) -> datetime | None:
        """Return the end of the restriction, as far as it is known."""
        messenger = await self._settings.async_get_messenger()
        try:
            return await self._client.get_restricted_until(messenger)
        except GreenApiError:
            return self.data.restricted_until

    async def _async_get_messages_in_queue(self) -> int | None:
        """Return the length of the queue, if the server tells it."""
        try:
            return await self._client.get_messages_count()
        except GreenApiError:
            return None
