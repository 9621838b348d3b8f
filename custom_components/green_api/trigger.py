"""Triggers for what happens to accounts."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime, timedelta
import math
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast, override

import voluptuous as vol

from homeassistant.const import ATTR_ENTITY_ID, CONF_FOR
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.trigger import Trigger, TriggerActionRunner, TriggerConfig
from homeassistant.helpers.typing import ConfigType

from .announced import Wanted
from .api import AccountState, InstanceState
from .const import DOMAIN
from .data import GreenApiConfigEntry
from .events import SIGNAL_ANNOUNCED, Announcement
from .payload import Payload, state_option
from .store import AccountStore, async_get_store
from .targets import REASON_OPTION, Target, schema, wanted_reasons

if TYPE_CHECKING:
    # Home Assistant has it only since 2026.7.
    from homeassistant.helpers.trigger import TriggerNotTriggeredReporter

CONF_OUTAGE: Final = "outage"
CONF_TO: Final = "to"

_STATES: Final = [state_option(AccountState(state)) for state in InstanceState]
_STATE_SCHEMA: Final = schema(
    {vol.Optional(CONF_TO): vol.All(cv.ensure_list, [vol.In(_STATES)])}
)
_PROBLEM_SCHEMA: Final = schema(
    {
        **REASON_OPTION,
        vol.Optional(CONF_FOR): cv.positive_time_period,
        vol.Optional(CONF_OUTAGE): cv.positive_time_period,
    }
)


class AccountTrigger(Trigger):
    """A trigger that has accounts for a target."""

    _schema: ClassVar[vol.Schema]

    @classmethod
    @override
    async def async_validate_config(
        cls, hass: HomeAssistant, config: ConfigType
    ) -> ConfigType:
        """Validate the configuration."""
        return cast(ConfigType, cls._schema(config))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Initialize the trigger."""
        super().__init__(hass, config)
        self._options = config.options or {}
        self._target = Target(hass, config.target)

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Attach the trigger to an action."""
        return await self._async_attach(run_action)

    @abstractmethod
    async def _async_attach(self, run_action: TriggerActionRunner) -> CALLBACK_TYPE:
        """Attach the trigger to an action, on every Home Assistant alike."""


class AnnouncementTrigger(AccountTrigger):
    """Trigger at once when something is announced."""

    @override
    async def _async_attach(self, run_action: TriggerActionRunner) -> CALLBACK_TYPE:
        """Attach the trigger to an action."""

        @callback
        def announced(announcement: Announcement) -> None:
            if self._is_wanted(announcement) and self._target.has(announcement.entry):
                payload = self._payload(announcement)
                run_action(payload, f"change of {payload[ATTR_ENTITY_ID]}")

        return async_dispatcher_connect(self._hass, SIGNAL_ANNOUNCED, announced)

    @abstractmethod
    def _is_wanted(self, announcement: Announcement) -> bool:
        """Return whether an announcement triggers the automation."""

    @abstractmethod
    def _payload(self, announcement: Announcement) -> dict[str, Any]:
        """Return the trigger variables."""


class StateChangedTrigger(AnnouncementTrigger):
    """Trigger when the state of an account has changed."""

    _schema = _STATE_SCHEMA

    @override
    def _is_wanted(self, announcement: Announcement) -> bool:
        """Return whether the account is in another state, and in one of those."""
        before, now = announcement.before.state, announcement.now.state
        if before is None or now is None or before == now:
            return False
        wanted = self._options.get(CONF_TO)
        return not wanted or state_option(now) in wanted

    @override
    def _payload(self, announcement: Announcement) -> dict[str, Any]:
        """Return the trigger variables."""
        before = cast(AccountState, announcement.before.state)
        return Payload(self._hass, announcement.entry).state_changed(before)


class ProblemClearedTrigger(AnnouncementTrigger):
    """Trigger when an account works again."""

    _schema = _PROBLEM_SCHEMA

    @override
    def _is_wanted(self, announcement: Announcement) -> bool:
        """Return whether the automation was triggered by what is over now."""
        before, now = announcement.before, announcement.now
        return (
            before.since is not None
            and now.since is None
            and before.was_due(_wanted(self._options), self._hass.loop.time())
        )

    @override
    def _payload(self, announcement: Announcement) -> dict[str, Any]:
        """Return the trigger variables."""
        before = announcement.before
        return Payload(self._hass, announcement.entry).problem_cleared(before)


class ProblemDetectedTrigger(AccountTrigger):
    """Trigger when an account has had a problem for as long as is wanted."""

    _schema = _PROBLEM_SCHEMA

    @override
    async def _async_attach(self, run_action: TriggerActionRunner) -> CALLBACK_TYPE:
        """Attach the trigger to an action."""
        store = await async_get_store(self._hass)
        watch = ProblemWatch(
            self._hass, store, self._target, _wanted(self._options), run_action
        )
        return watch.async_start()


class ProblemWatch:
    """Trigger an automation once for each problem, when it has lasted long enough."""

    def __init__(
        self,
        hass: HomeAssistant,
        store: AccountStore,
        target: Target,
        wanted: Wanted,
        run_action: TriggerActionRunner,
    ) -> None:
        """Initialize the watch."""
        self._hass = hass
        self._store = store
        self._target = target
        self._wanted = wanted
        self._run_action = run_action
        self._began_at = hass.loop.time()
        self._triggered_at: dict[str, float] = {}
        self._timers: dict[str, CALLBACK_TYPE] = {}

    @callback
    def async_start(self) -> CALLBACK_TYPE:
        """Watch all accounts; which of them are the target may change."""
        for entry in self._hass.config_entries.async_loaded_entries(DOMAIN):
            self._look(entry)
        disconnect = async_dispatcher_connect(
            self._hass, SIGNAL_ANNOUNCED, self._announced
        )

        @callback
        def stop() -> None:
            disconnect()
            for cancel in self._timers.values():
                cancel()

        return stop

    @callback
    def _announced(self, announcement: Announcement) -> None:
        """Handle an announcement."""
        self._look(announcement.entry)

    def _look(self, entry: GreenApiConfigEntry) -> None:
        """Trigger if something is due, or wait until it is."""
        if cancel := self._timers.pop(entry.entry_id, None):
            cancel()
        due = self._store.async_get(entry.entry_id).announced.due(self._wanted)
        # What was due before has triggered, or was not wanted.
        known_until = self._triggered_at.get(entry.entry_id, -math.inf)
        if due is None or due < self._began_at or due <= known_until:
            return

        @callback
        def trigger(_: datetime | None = None) -> None:
            self._timers.pop(entry.entry_id, None)
            self._triggered_at[entry.entry_id] = due
            self._trigger(entry)

        wait = due - self._hass.loop.time()
        if wait > 0:
            self._timers[entry.entry_id] = async_call_later(self._hass, wait, trigger)
        else:
            trigger()

    def _trigger(self, entry: GreenApiConfigEntry) -> None:
        """Trigger the automation, if this account is one of its targets."""
        if not self._target.has(entry):
            return
        announced = self._store.async_get(entry.entry_id).announced
        payload = Payload(self._hass, entry).problem_detected(announced)
        self._run_action(payload, f"problem of {payload[ATTR_ENTITY_ID]}")


def _wanted(options: Mapping[str, Any]) -> Wanted:
    """Return what an automation is triggered by."""
    outage: timedelta | None = options.get(CONF_OUTAGE)
    return Wanted(
        reasons=wanted_reasons(options),
        wait=options.get(CONF_FOR, timedelta()).total_seconds(),
        outage=outage.total_seconds() if outage else None,
    )


TRIGGERS: Final[dict[str, type[Trigger]]] = {
    "problem_cleared": ProblemClearedTrigger,
    "problem_detected": ProblemDetectedTrigger,
    "state_changed": StateChangedTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers of accounts."""
    return TRIGGERS
