"""Coordinator for the GREEN-API integration."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Concatenate, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .api import (
    GreenApiClient,
    GreenApiError,
    InvalidCredentialsError,
    RateLimitedError,
)
from .const import (
    DOMAIN,
    FAST_UPDATE_INTERVAL,
    LOGGER,
    RATE_LIMIT_DELAY,
    UPDATE_INTERVAL,
)
from .decisions.freshness import GOOD_FOR
from .decisions.problem import AccountResponse, Problem
from .devices import account_name
from .monitors import TokenMonitor, UnknownStates
from .records.account_record import AccountRecord
from .records.store import AccountStore
from .texts import translation

# Minimum and maximum seconds to wait after a "too many requests" response.
MIN_RATE_LIMIT_DELAY: Final = 10
MAX_RATE_LIMIT_DELAY: Final = 3600

_GOLDEN_RATIO: Final = (5**0.5 - 1) / 2

# If the next poll were due within this many seconds, Home Assistant would poll at once.
_MIN_DELAY: Final = 1


class GreenApiCoordinator(DataUpdateCoordinator[AccountRecord]):
    """Poll the state of an account once a minute, as the vendor recommends.

    The data is the record of the account. Polls and `async_apply` change it.

    https://green-api.com/en/docs/api/recommendations/instance-status-tracking/
    """

    config_entry: ConfigEntry
    is_shut_down = False
    """Whether polling has stopped permanently."""

    _poll: asyncio.Task[None] | None = None

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        client: GreenApiClient,
        store: AccountStore,
    ) -> None:
        """Initialize the coordinator with the stored record of the account."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=account_name(hass, entry),
            update_interval=UPDATE_INTERVAL,
            always_update=False,
        )
        self.polling_since = 0.0
        self._token_monitor = TokenMonitor(hass, entry)
        self._poll_offset = _poll_offset(hass, entry)
        self._client = client
        self._store = store
        self._unknown_states = UnknownStates(hass, entry)
        self._poll_listeners: list[CALLBACK_TYPE] = []
        self._set_data(store.async_get(entry.entry_id))

    @callback
    def async_add_poll_listener(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Add a listener that is called after each poll, successful or not."""
        self._poll_listeners.append(listener)
        return lambda: self._poll_listeners.remove(listener)

    @callback
    def async_apply[**P](
        self,
        change: Callable[Concatenate[AccountRecord, P], AccountRecord],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Change the record of the account by a method with these arguments.

        The listeners are updated if the change is visible. After the coordinator is
        shut down, nothing is changed.
        """
        if self.is_shut_down:
            return
        record = change(self.data, *args, **kwargs)
        is_visible = record != self.data
        self._set_data(record)
        if is_visible:
            self.async_update_listeners()

    @callback
    def async_handle_response(self, response: AccountResponse) -> None:
        """Handle a response about the account that was not received by a poll.

        After the coordinator is shut down, its token may have been replaced.
        """
        if self.is_shut_down:
            return
        now, moment = self.hass.loop.time(), dt_util.utcnow()
        self.async_apply(AccountRecord.with_response, response, now, moment)
        self._token_monitor.async_handle_response(response)

    @callback
    def async_failure(
        self, err: GreenApiError, **placeholders: str
    ) -> HomeAssistantError:
        """Return the exception to raise for a failed request of a user.

        A rejected token is handled like one that is rejected during a poll.
        """
        if isinstance(err, InvalidCredentialsError):
            self.async_handle_response(err)
            self.async_poll()
        return HomeAssistantError(
            **translation(self.hass, self.config_entry, err, **placeholders)
        )

    @callback
    def async_interrupt(self, ignored: Problem | None) -> None:
        """Store the record after polling has stopped.

        `ignored` is the problem whose issue was ignored, if there was one.
        """
        self._set_data(self.data.interrupted(self.hass.loop.time(), ignored))
        self._store.async_save()

    @override
    async def async_shutdown(self) -> None:
        """Stop polling permanently."""
        self.is_shut_down = True
        await super().async_shutdown()

    @callback
    def async_poll(self) -> asyncio.Task[None]:
        """Return the task of the current poll, or start a new poll.

        The task belongs to the config entry: it continues if a caller that waits for it
        is canceled.
        """
        if self._poll is None or self._poll.done():
            self.polling_since = self.hass.loop.time()
            self._poll = self.config_entry.async_create_background_task(
                self.hass, super()._async_refresh(), self.name
            )
        return self._poll

    @override
    async def _async_refresh(
        self,
        log_failures: bool = True,
        raise_on_auth_failed: bool = False,
        scheduled: bool = False,
        raise_on_entry_error: bool = False,
    ) -> None:
        """Wait for the current poll, or for a new one.

        A scheduled poll runs in the task that Home Assistant calls this method in,
        which belongs to the config entry as well.
        """
        if not scheduled or (self._poll and not self._poll.done()):
            await asyncio.wait([self.async_poll()])
            return
        self.polling_since = self.hass.loop.time()
        self._poll = asyncio.current_task()
        await super()._async_refresh(scheduled=True)

    @callback
    @override
    def _async_refresh_finished(self) -> None:
        """Call the poll listeners."""
        for listener in list(self._poll_listeners):
            listener()

    @override
    async def _async_update_data(self) -> AccountRecord:
        """Fetch the state of the account.

        Raises UpdateFailed if the request fails. Only if it is rate limited while the
        last good response is still recent enough, the record is returned instead.
        """
        asked_at = self.hass.loop.time()
        try:
            response: AccountResponse = await self._client.get_state()
        except GreenApiError as err:
            response = err.with_traceback(None)
        now = self.hass.loop.time()
        record = self.data.with_response(
            response, now, dt_util.utcnow(), asked_at=asked_at
        )
        self.update_interval = _time_until_poll(record, now, self._poll_offset)
        self._token_monitor.async_handle_response(response, is_polled=True)
        if isinstance(response, GreenApiError):
            return self._failed(record, response, now)
        self._unknown_states.async_handle_state(response, record.health)
        self._set_data(record.polled(None))
        return self.data

    def _failed(
        self, record: AccountRecord, err: GreenApiError, now: float
    ) -> AccountRecord:
        """Return the record after a failed poll, or raise UpdateFailed.

        The record is returned if the request was rate limited and the last good
        response is still valid.
        """
        good_until = self.data.last.good_at + GOOD_FOR
        is_responding = record.is_polled and self.last_update_success
        is_good = is_responding and now < good_until
        if isinstance(err, RateLimitedError):
            # The vendor's limit is shared by everyone who uses the instance.
            left = good_until - now if is_good else MAX_RATE_LIMIT_DELAY
            self.update_interval = _rate_limit_delay(err, left)
            if is_good:
                self._set_data(record)
                return self.data
        before = self.data
        self._set_data(record.polled(err.kind))
        if not self.last_update_success and self.data != before:
            # Home Assistant updates the listeners only on the first of several
            # failures.
            self.async_update_listeners()
        raise UpdateFailed(**translation(self.hass, self.config_entry, err))

    def _set_data(self, record: AccountRecord) -> None:
        """Keep and store a record."""
        self.data = record
        self._store.async_set(self.config_entry.entry_id, record)


def _poll_offset(hass: HomeAssistant, entry: ConfigEntry) -> int:
    """Return the offset of the polls of an account from the full minute, in seconds.

    The offsets spread any number of accounts over the minute, even if they are added
    one by one: each multiple of the golden ratio falls into the largest gap.
    """
    index = hass.config_entries.async_entries(DOMAIN).index(entry)
    return round(UPDATE_INTERVAL.total_seconds() * (index * _GOLDEN_RATIO % 1))


def _time_until_poll(record: AccountRecord, now: float, offset: int) -> timedelta:
    """Return the time until the next poll of an account with an offset in seconds.

    The accounts stay spread over the minute, even after delays.
    """
    is_settling = record.health.is_settling(now)
    interval = FAST_UPDATE_INTERVAL if is_settling else UPDATE_INTERVAL
    seconds = interval.total_seconds()
    wait = seconds - (now - offset) % seconds
    return timedelta(seconds=wait if wait >= _MIN_DELAY else wait + seconds)


def _rate_limit_delay(err: RateLimitedError, longest: float) -> timedelta:
    """Return the time to wait after a "too many requests" response.

    It is at most `longest` seconds.
    """
    wait = max(err.retry_after or RATE_LIMIT_DELAY, MIN_RATE_LIMIT_DELAY)
    return timedelta(seconds=min(wait, max(longest, _MIN_DELAY)))
