"""Coordinator that asks for details of an account."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .api import GreenApiClient, GreenApiError
from .const import LOGGER
from .coordinator import GreenApiCoordinator
from .problem import RESTRICTED_STATES
from .queue_watch import QueueWatch
from .settings import InstanceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Details of an account, None where they are not known."""

    restricted_until: datetime | None = None
    messages_in_queue: int | None = None


class DetailsCoordinator(DataUpdateCoordinator[Details]):
    """Fetch the details that apply.

    They are apart from the state, so that they cannot make it late.
    """

    config_entry: ConfigEntry

    def __init__(
        self,
        client: GreenApiClient,
        account: GreenApiCoordinator,
        settings: InstanceSettings,
        queue: QueueWatch,
    ) -> None:
        """Initialize the coordinator."""
        super().__init__(
            account.hass,
            LOGGER,
            config_entry=account.config_entry,
            name=f"{account.config_entry.title} details",
            always_update=False,
        )
        self.account = account
        self.data = Details()
        self._client = client
        self._settings = settings
        self._queue = queue
        self._task: asyncio.Task[None] | None = None

    @callback
    def async_start(self) -> None:
        """Fetch the details now, and after each poll of the account."""
        for unsubscribe in (
            self.account.async_add_poll_listener(self._async_ask),
            # Without the account, its details are not available either.
            self.account.async_add_listener(self._async_account_updated),
        ):
            self.config_entry.async_on_unload(unsubscribe)
        self._async_ask()

    @callback
    def _async_account_updated(self) -> None:
        """End a restriction with the state, and update the listeners."""
        if not self._is_restricted:
            self.data = replace(self.data, restricted_until=None)
        self.async_update_listeners()

    @callback
    def _async_ask(self) -> None:
        """Fetch the details that apply in the background."""
        is_asking = self._task is not None and not self._task.done()
        if is_asking or not self.account.last_update_success:
            return
        if self._is_restricted or self._queue.is_due:
            self._task = self.config_entry.async_create_background_task(
                self.hass, self.async_refresh(), f"{self.name} refresh"
            )

    @property
    def _is_restricted(self) -> bool:
        """Return whether the account is restricted."""
        return self.account.data.state.known in RESTRICTED_STATES

    @override
    async def _async_update_data(self) -> Details:
        """Fetch the details that apply."""
        restricted_until = None
        messages_in_queue = self.data.messages_in_queue
        if self._is_restricted:
            restricted_until = await self._async_get_restricted_until()
        if self._queue.is_due:
            messages_in_queue = await self._queue.async_look()
        return Details(
            # The restriction may have ended meanwhile.
            restricted_until=restricted_until if self._is_restricted else None,
            messages_in_queue=messages_in_queue,
        )

    async def _async_get_restricted_until(self) -> datetime | None:
        """Return the end of the restriction, as far as it is known."""
        messenger = await self._settings.async_get_messenger()
        try:
            return await self._client.get_restricted_until(messenger)
        except GreenApiError:
            return self.data.restricted_until
