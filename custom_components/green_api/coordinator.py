"""Coordinator that polls the state of an account."""

from dataclasses import dataclass
from datetime import datetime, timedelta
import math
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .api import (
    AccountState,
    CannotConnectError,
    ErrorKind,
    GreenApiClient,
    GreenApiError,
    InstanceState,
    RateLimitedError,
)
from .const import DOMAIN, FAST_UPDATE_INTERVAL, LOGGER, UPDATE_INTERVAL
from .exceptions import translation
from .memory import AccountMemory
from .problem import ACCOUNT_FAILURES, Answer, Problem
from .reauth import TokenMonitor
from .store import AccountStore
from .unknown_states import UnknownStates

# Seconds to wait after "too many requests": if the server does not say, at least and
# at most.
RATE_LIMIT_DELAY: Final = 120
MIN_RATE_LIMIT_DELAY: Final = 10
MAX_RATE_LIMIT_DELAY: Final = 3600

# Seconds for which the last answer holds despite "too many requests".
FRESH_FOR: Final = 300

# Seconds within which Home Assistant would poll at once.
_AT_ONCE: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is known of an account.

    `problem` is the problem that it has, since `problem_since`, and `issue` is that
    problem if somebody has to act on it. `remembered` is the problem that it had when it
    was asked for the last time, perhaps before a restart, and `ignored` that problem if
    its issue was ignored before a reload. `error` is why there is no answer.
    """

    state: AccountState
    since: datetime | None
    problem: Problem | None
    problem_since: datetime | None
    issue: Problem | None
    remembered: Problem | None
    ignored: Problem | None
    error: ErrorKind | None

    @property
    def works(self) -> bool | None:
        """Return whether the account is known to work, None if it is out of reach."""
        if self.error and self.error not in ACCOUNT_FAILURES:
            return None
        is_authorized = self.state.known is InstanceState.AUTHORIZED
        return is_authorized and self.error is None and self.remembered is None


class GreenApiCoordinator(DataUpdateCoordinator[Account]):
    """Poll the state of an account, once a minute as the vendor advises.

    https://green-api.com/en/docs/api/recommendations/instance-status-tracking/
    """

    config_entry: ConfigEntry
    _fresh_until = 0.0

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        client: GreenApiClient,
        store: AccountStore,
    ) -> None:
        """Initialize the coordinator with what is remembered of the account."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=entry.title,
            update_interval=UPDATE_INTERVAL,
            always_update=False,
        )
        self.token_monitor = TokenMonitor(hass, entry)
        self.answer: Answer = CannotConnectError()
        self.answered_at = -math.inf
        self._turn = _turn(hass, entry)
        self._client = client
        self._store = store
        self._unknown_states = UnknownStates(entry)
        self._poll_listeners: list[CALLBACK_TYPE] = []
        self.data = self._account(None)

    @callback
    def async_add_poll_listener(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Add a listener that is called after each poll, whatever its result."""
        self._poll_listeners.append(listener)
        return lambda: self._poll_listeners.remove(listener)

    @callback
    def async_update_account(self) -> None:
        """Update the listeners if anything about the account has changed."""
        before, self.data = self.data, self._account(self.data.error)
        if self.data != before:
            self.async_update_listeners()

    @callback
    @override
    def _async_refresh_finished(self) -> None:
        """Call the listeners of the polls."""
        for listener in list(self._poll_listeners):
            listener()

    @override
    async def _async_update_data(self) -> Account:
        """Fetch the state of the account."""
        # The account may have been renamed.
        self.name = self.config_entry.title
        try:
            answer: Answer = await self._client.get_state()
        except GreenApiError as err:
            answer = err
        if self._shutdown_requested:
            return self._unchanged()
        now = self.hass.loop.time()
        self.answer, self.answered_at = answer, now
        before = self._memory
        memory = before.answered(answer, now, dt_util.utcnow())
        self._store.async_set(self.config_entry.entry_id, memory)
        self.token_monitor.async_answered(answer)
        self.update_interval = self._until_turn(memory, now)
        if isinstance(answer, GreenApiError):
            return self._failed(answer, now)
        self._fresh_until = now + FRESH_FOR
        self._unknown_states.async_answered(answer, memory.health.problem)
        # The issue of a problem comes back with the end of a reboot's quiet minutes.
        is_well = memory is before and memory.problem is None
        is_known = is_well and self.data.error is None
        return self.data if is_known else self._account(None)

    def _unchanged(self) -> Account:
        """Return the account as it was, or fail as before: nobody asks any more."""
        if self.last_update_success:
            return self.data
        raise UpdateFailed

    def _failed(self, err: GreenApiError, now: float) -> Account:
        """Return the account as it was, or raise what the failure means."""
        is_fresh = self.last_update_success and now < self._fresh_until
        if isinstance(err, RateLimitedError):
            wait = err.retry_after or RATE_LIMIT_DELAY
            wait = min(max(wait, MIN_RATE_LIMIT_DELAY), MAX_RATE_LIMIT_DELAY)
            if is_fresh:
                # The vendor counts the requests of everybody who uses the instance.
                wait = min(wait, max(self._fresh_until - now, _AT_ONCE))
            self.update_interval = timedelta(seconds=wait)
            if is_fresh:
                return self._account(None)
        before, self.data = self.data, self._account(err.kind)
        if self.data != before and not self.last_update_success:
            # Home Assistant updates the listeners only when requests begin to fail.
            self.async_update_listeners()
        raise UpdateFailed(**translation(self.config_entry, err))

    @property
    def _memory(self) -> AccountMemory:
        """Return what is remembered of the account."""
        return self._store.async_get(self.config_entry.entry_id)

    def _account(self, error: ErrorKind | None) -> Account:
        """Return what is known of the account."""
        memory = self._memory
        return Account(
            state=AccountState(memory.state),
            since=memory.since,
            problem=memory.problem,
            problem_since=memory.problem_since if memory.problem else None,
            issue=memory.issue(self.hass.loop.time()),
            remembered=memory.remembered,
            ignored=memory.ignored,
            error=error,
        )

    def _until_turn(self, memory: AccountMemory, now: float) -> timedelta:
        """Return the time until the account has its turn again.

        Whatever they went through, the accounts stay spread over the minute.
        """
        is_settling = memory.health.is_settling(now)
        interval = FAST_UPDATE_INTERVAL if is_settling else UPDATE_INTERVAL
        seconds = interval.total_seconds()
        wait = seconds - (now - self._turn) % seconds
        return timedelta(seconds=wait if wait >= _AT_ONCE else wait + seconds)


def _turn(hass: HomeAssistant, entry: ConfigEntry) -> float:
    """Return how many seconds after the full minute an account has its turn.

    However they were set up, the accounts are spread over the minute.
    """
    entries = hass.config_entries.async_entries(DOMAIN)
    return UPDATE_INTERVAL.total_seconds() * entries.index(entry) / len(entries)
