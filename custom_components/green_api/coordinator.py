"""Coordinator that polls the state of an account."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypedDict, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .api import (
    AccountState,
    CannotConnectError,
    ErrorKind,
    GreenApiClient,
    GreenApiError,
    InstanceState,
    InvalidCredentialsError,
    Messenger,
    RateLimitedError,
    Settings,
)
from .const import (
    DOMAIN,
    FAST_UPDATE_INTERVAL,
    LOGGER,
    MESSENGER_NAMES,
    UPDATE_INTERVAL,
)
from .issues import async_show_issue
from .problem import RESTRICTED_STATES, Answer, Problem
from .store import AccountStore

type GreenApiConfigEntry = ConfigEntry[GreenApiCoordinator]

# Listeners with this context want the number of messages in the queue.
QUEUE_CONTEXT: Final = "messages_in_queue"

# Seconds to wait before a token that was rejected at start-up is tried again.
CONFIRM_DELAY: Final = 2

# Seconds to wait after "too many requests": if the server does not say, at least and
# at most.
RATE_LIMIT_DELAY: Final = 120
MIN_RATE_LIMIT_DELAY: Final = 10
MAX_RATE_LIMIT_DELAY: Final = 3600

# For how long "too many requests" is no reason to doubt the last answer, and by how
# much the next one may miss the end of that.
FRESH_FOR: Final = timedelta(minutes=5)
TOLERANCE: Final = timedelta(seconds=10)

SECOND: Final = timedelta(seconds=1)

MAX_LOGGED_STATES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the last answers say of an account."""

    state: AccountState
    since: datetime
    restricted_until: datetime | None = None
    messages_in_queue: int | None = None


class _Text(TypedDict):
    """How an exception of Home Assistant names its text."""

    translation_domain: str
    translation_key: str
    translation_placeholders: dict[str, str]


class GreenApiCoordinator(DataUpdateCoordinator[Account]):
    """Poll the state of an account, once a minute as the vendor advises.

    https://green-api.com/en/docs/api/recommendations/instance-status-tracking/
    """

    config_entry: GreenApiConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: GreenApiConfigEntry,
        client: GreenApiClient,
        store: AccountStore,
    ) -> None:
        """Go on with what is remembered of the account."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=entry.title,
            update_interval=UPDATE_INTERVAL,
            always_update=False,
        )
        self.client = client
        self.settings: Settings | None = None
        self.last_error: ErrorKind | None = None
        self._store = store
        self._record = store.async_get(entry.entry_id)
        self.data = Account(
            state=AccountState(self._record.state),
            since=self._record.since or dt_util.utcnow(),
        )
        self._answered_at: datetime | None = None
        self._rejections = 0
        # The dialog may be open since before a reload.
        self._is_token_asked_for = True
        self._logged_states: set[str] = set()
        self._announced_problem = self.problem
        self._settings_lock = asyncio.Lock()
        self._details_task: asyncio.Task[None] | None = None
        self._cancel_doubt: CALLBACK_TYPE | None = None

    @property
    def problem(self) -> Problem | None:
        """Return what stands against the account."""
        return self._record.assessment.problem

    async def async_reboot(self) -> None:
        """Reboot the instance and look at once what becomes of it."""
        try:
            accepted = await self.client.reboot()
        except InvalidCredentialsError as err:
            self._rejected()
            await self.async_refresh()
            raise HomeAssistantError(**self._text(err.kind)) from err
        except GreenApiError as err:
            raise HomeAssistantError(**self._text(err.kind)) from err
        if not accepted:
            raise HomeAssistantError(**self._text("reboot_refused"))
        self._record.reboot(dt_util.utcnow())
        self._store.async_save()
        await self.async_refresh()

    async def async_get_messenger(self) -> Messenger:
        """Return the messenger; while the server does not say, the most likely one."""
        async with self._settings_lock:
            if self.settings is None:
                try:
                    self.settings = await self.client.get_settings()
                except GreenApiError:
                    return Messenger.WHATSAPP
                dr.async_get(self.hass).async_get_or_create(
                    config_entry_id=self.config_entry.entry_id,
                    identifiers={(DOMAIN, self.client.instance_id)},
                    model=MESSENGER_NAMES[self.settings.messenger],
                )
        return self.settings.messenger

    @override
    async def async_shutdown(self) -> None:
        """End the wait for better answers as well."""
        await super().async_shutdown()
        self._doubt_after(None)

    @override
    async def _async_update_data(self) -> Account:
        """Ask for the state of the account."""
        try:
            answer: Answer = await self._async_get_state()
        except GreenApiError as err:
            answer = err
        if self._shutdown_requested:
            # Nobody wants to know any more.
            raise asyncio.CancelledError
        now = dt_util.utcnow()
        if self._record.hear(answer, now):
            self._store.async_save()
        if isinstance(answer, GreenApiError):
            return self._failed(answer, now)
        return self._answered(answer, now)

    async def _async_get_state(self) -> AccountState:
        """Ask for the state; at start-up, twice before a token counts as rejected."""
        try:
            return await self.client.get_state()
        except InvalidCredentialsError:
            if self._answered_at is not None:
                raise
        await asyncio.sleep(CONFIRM_DELAY)
        return await self.client.get_state()

    def _answered(self, state: AccountState, now: datetime) -> Account:
        """Return the account as the answer describes it."""
        self._doubt_after(None)
        self._accepted()
        self._log_unknown(state)
        self.update_interval = self._interval(now, state)
        self._answered_at = now
        is_restricted = state.known in RESTRICTED_STATES
        with_queue = QUEUE_CONTEXT in self.async_contexts()
        account = Account(
            state=state,
            since=self._record.since or now,
            restricted_until=self.data.restricted_until if is_restricted else None,
            messages_in_queue=self.data.messages_in_queue if with_queue else None,
        )
        if self._details_task:
            self._details_task.cancel()
            self._details_task = None
        if is_restricted or with_queue:
            self._ask_for_details(account, with_queue=with_queue)
        return account

    def _failed(self, err: GreenApiError, now: datetime) -> Account:
        """Return the account as it was, or raise what the failure means."""
        self.last_error = err.kind
        self.update_interval = self._interval(now)
        match err:
            case RateLimitedError():
                return self._rate_limited(err, now)
            case InvalidCredentialsError():
                self._rejected()
            case CannotConnectError():
                pass
            case _:
                self._rejections = 0
        raise UpdateFailed(**self._text(err.kind))

    def _rate_limited(self, err: RateLimitedError, now: datetime) -> Account:
        """Wait, and doubt the last answer only when it is no longer fresh.

        The vendor counts the requests of everybody who uses the instance.
        """
        delay = max(err.retry_after or RATE_LIMIT_DELAY, MIN_RATE_LIMIT_DELAY)
        wait = timedelta(seconds=min(delay, MAX_RATE_LIMIT_DELAY))
        fresh_until = self._answered_at and self._answered_at + FRESH_FOR
        if not self.last_update_success or fresh_until is None or now >= fresh_until:
            raise UpdateFailed(retry_after=wait.total_seconds(), **self._text(err.kind))
        self.update_interval = wait
        if now + wait > fresh_until + TOLERANCE:
            self._doubt_after(fresh_until - now)
        return self.data

    @callback
    def _doubt_after(self, time: timedelta | None) -> None:
        """Doubt the last answer after some time if no other one comes."""
        if self._cancel_doubt:
            self._cancel_doubt()
            self._cancel_doubt = None
        if time:
            self._cancel_doubt = async_call_later(self.hass, time, self._doubt)

    @callback
    def _doubt(self, now: datetime) -> None:
        """Doubt the last answer: the server has asked to wait for too long."""
        self._cancel_doubt = None
        self.async_set_update_error(UpdateFailed(**self._text(ErrorKind.RATE_LIMITED)))

    def _rejected(self) -> None:
        """Ask for a new token when the second answer in a row rejects it.

        Polling, or at start-up the set-up, goes on meanwhile: an instance that is
        being created rejects its token too, and a monitor must not fall asleep over it.
        """
        self._rejections += 1
        if self._rejections > 1 or self._answered_at is None:
            self._is_token_asked_for = True
            self.config_entry.async_start_reauth(self.hass)

    def _accepted(self) -> None:
        """Withdraw the question for a new token: the old one works."""
        self._rejections = 0
        if not self._is_token_asked_for:
            return
        self._is_token_asked_for = False
        for flow in list(
            self.config_entry.async_get_active_flows(self.hass, {SOURCE_REAUTH})
        ):
            self.hass.config_entries.flow.async_abort(flow["flow_id"])

    def _log_unknown(self, state: AccountState) -> None:
        """Log a state that is not documented, once; not all that may be made up."""
        if state.raw is None or state.known or state.raw in self._logged_states:
            return
        if len(self._logged_states) == MAX_LOGGED_STATES:
            return
        self._logged_states.add(state.raw)
        LOGGER.warning(
            "%s is in a state unknown to this integration: %r", self.name, state.raw
        )

    def _interval(self, now: datetime, state: AccountState | None = None) -> timedelta:
        """Return when to poll next: soon while the account is on its way back."""
        quiet_until = self._record.assessment.quiet_until
        if quiet_until and now < quiet_until:
            return FAST_UPDATE_INTERVAL
        if state and (state.raw is None or state.known is InstanceState.STARTING):
            return FAST_UPDATE_INTERVAL
        if self._answered_at is None:
            # However they were set up, the accounts are spread over the minute.
            entries = self.hass.config_entries.async_entries(DOMAIN)
            turn = UPDATE_INTERVAL * entries.index(self.config_entry) / len(entries)
            clock = timedelta(seconds=self.hass.loop.time())
            wait = UPDATE_INTERVAL - (clock - turn) % UPDATE_INTERVAL
            # Home Assistant counts from the last full second: what is due within one
            # would be due at once.
            return wait if wait >= SECOND else UPDATE_INTERVAL
        return UPDATE_INTERVAL

    def _ask_for_details(self, account: Account, *, with_queue: bool) -> None:
        """Ask for more in the background, so that it cannot make the state late."""
        self._details_task = self.config_entry.async_create_background_task(
            self.hass,
            self._async_get_details(account, with_queue=with_queue),
            f"{self.name} details",
            # Not before the account itself is there.
            eager_start=False,
        )

    async def _async_get_details(self, account: Account, *, with_queue: bool) -> None:
        """Add to the account what else somebody wants to know."""
        self.data = replace(
            account,
            restricted_until=await self._async_get_restricted_until(account),
            messages_in_queue=await self._async_get_messages_in_queue()
            if with_queue
            else None,
        )
        if self.data != account:
            self._async_show_issue()
            self.async_update_listeners()

    async def _async_get_restricted_until(self, account: Account) -> datetime | None:
        """Return the end of the restriction, as far as it is known."""
        if account.state.known not in RESTRICTED_STATES:
            return None
        messenger = await self.async_get_messenger()
        try:
            return await self.client.get_restricted_until(messenger)
        except GreenApiError:
            return account.restricted_until

    async def _async_get_messages_in_queue(self) -> int | None:
        """Return the length of the queue, if the server tells it."""
        try:
            return await self.client.get_messages_count()
        except GreenApiError:
            return None

    def _text(self, key: str) -> _Text:
        """Return the text of an exception that names the account."""
        return {
            "translation_domain": DOMAIN,
            "translation_key": key,
            "translation_placeholders": {"name": self.config_entry.title},
        }

    @callback
    @override
    def _async_refresh_finished(self) -> None:
        """Show what stands against the account, after a failed refresh as well."""
        if self._shutdown_requested:
            return
        if self.problem or self._announced_problem:
            self._async_show_issue()
        if self._announced_problem is not self.problem:
            self._announced_problem = self.problem
            self.async_update_listeners()

    @callback
    def _async_show_issue(self) -> None:
        """Show what stands against the account in the repairs."""
        async_show_issue(
            self.hass, self.config_entry, self.problem, self.data.restricted_until
        )
