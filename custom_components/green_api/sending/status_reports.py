"""Whether deliveries can be confirmed, which depends on settings and on the plan."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from ..coordinator import GreenApiCoordinator
from ..decisions.delivery import NoStatusReason
from ..records.account_record import AccountRecord
from ..settings import SETTINGS_INTERVAL, InstanceSettings


class StatusReports:
    """Determine why no delivery of an account can be confirmed.

    While message statuses are needed, but turned off, the settings are requested at
    most once an hour, because they may have changed.
    """

    def __init__(
        self, coordinator: GreenApiCoordinator, settings: InstanceSettings
    ) -> None:
        """Initialize as if the settings were just requested, as during the setup."""
        self._hass = coordinator.hass
        self._coordinator = coordinator
        self._settings = settings
        self._request: asyncio.Task[object] | None = None
        self._requested_at = self._hass.loop.time()

    @property
    def reason(self) -> NoStatusReason | None:
        """Return why no delivery can be confirmed, None if it can.

        It may not be up to date.
        """
        return self._coordinator.data.no_status_reason(dt_util.utcnow())

    @callback
    def async_start(self) -> None:
        """Request the settings regularly as long as statuses are missing."""
        self._coordinator.config_entry.async_on_unload(
            self._coordinator.async_add_poll_listener(self._async_polled)
        )

    @callback
    def async_need(self) -> None:
        """Check the settings in the background, because a status is needed."""
        if self.reason is NoStatusReason.STATUSES_OFF:
            self._create_task(self.async_get_reason())

    async def async_get_reason(
        self, seconds: float | None = None
    ) -> NoStatusReason | None:
        """Return why no delivery can be confirmed, with the current settings.

        The request for them may take at most `seconds`. If statuses are turned off, an
        issue is created.
        """
        if self.reason is not NoStatusReason.STATUSES_OFF:
            return self.reason
        await asyncio.wait([self._request_settings()], timeout=seconds)
        reason = self.reason
        if reason is NoStatusReason.STATUSES_OFF:
            self._coordinator.async_apply(AccountRecord.lacking_statuses)
        return reason

    @callback
    def _async_polled(self) -> None:
        """Request the settings if they are due while statuses are missing."""
        if self._coordinator.data.lacks_statuses and self._is_request_due:
            self._request_settings()

    @property
    def _is_request_due(self) -> bool:
        """Return whether the settings were not requested within the last hour."""
        return self._hass.loop.time() >= self._requested_at + SETTINGS_INTERVAL

    def _request_settings(self) -> asyncio.Task[object]:
        """Return the task of the last request for the settings.

        They are requested again if that was more than an hour ago.
        """
        if self._request is None or self._is_request_due:
            self._requested_at = self._hass.loop.time()
            self._request = self._create_task(self._settings.async_refresh())
        return self._request

    def _create_task(
        self, request: Coroutine[Any, Any, object]
    ) -> asyncio.Task[object]:
        """Request the settings in the background."""
        entry = self._coordinator.config_entry
        return entry.async_create_background_task(
            self._hass, request, f"{entry.title} settings"
        )
