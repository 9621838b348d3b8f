"""Triggers for changes of accounts."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
import math
from typing import Any, Final, cast, override

import voluptuous as vol

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID, CONF_FOR
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.trigger import Trigger, TriggerActionRunner, TriggerConfig
from homeassistant.util import dt as dt_util

from .api import AccountState, InstanceState, MessageKind
from .automations.announcer import SIGNAL_ANNOUNCED, Announcement
from .automations.targets import REASON_OPTION, AccountTarget, schema, wanted_reasons
from .automations.variables import (
    AccountVariables,
    message_received,
    not_delivered,
    state_option,
)
from .const import DOMAIN
from .data import GreenApiConfigEntry
from .decisions.choices import comparable
from .decisions.delivery import CONFIRMED, UNDELIVERED, DeliveryStatus
from .receiving.message_handler import SIGNAL_MESSAGE_RECEIVED, HeardMessage
from .records.announced import Wanted
from .sending.deliveries import SIGNAL_MESSAGE_SENT, SIGNAL_NOT_CONFIRMED
from .sending.followed import DeliveryUpdate, SentMessage

CONF_KIND: Final = "kind"
CONF_OUTAGE: Final = "outage"
CONF_TEXT: Final = "text"
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
_NOT_DELIVERED_SCHEMA: Final = schema(
    {vol.Optional(CONF_FOR, default={"minutes": 5}): cv.positive_time_period}
)
_RECEIVED_SCHEMA: Final = schema(
    {
        vol.Optional(CONF_TEXT): vol.All(cv.ensure_list, [cv.string]),
        vol.Optional(CONF_KIND): vol.All(cv.ensure_list, [vol.Coerce(MessageKind)]),
    }
)


class AnnouncementTrigger(AccountTarget, Trigger):
    """Base class for triggers that fire immediately when a change is announced."""

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, *_: Any, **__: Any
    ) -> CALLBACK_TYPE:
        """Attach the trigger to an action.

        Home Assistant passes `did_not_trigger` as well since 2026.7.
        """

        @callback
        def announced(announcement: Announcement) -> None:
            if self._is_wanted(announcement) and self._target.has(announcement.entry):
                variables = self._variables(announcement)
                run_action(variables, f"change of {variables[ATTR_ENTITY_ID]}")

        return async_dispatcher_connect(self._hass, SIGNAL_ANNOUNCED, announced)

    @abstractmethod
    def _is_wanted(self, announcement: Announcement) -> bool:
        """Return whether an announcement triggers the automation."""

    @abstractmethod
    def _variables(self, announcement: Announcement) -> dict[str, Any]:
        """Return the trigger variables."""


class StateChangedTrigger(AnnouncementTrigger):
    """Trigger when the state of an account has changed."""

    _schema = _STATE_SCHEMA

    @override
    def _is_wanted(self, announcement: Announcement) -> bool:
        """Return whether the account has changed to one of the selected states."""
        before, now = announcement.before.state, announcement.now.state
        if before is None or now is None or before == now:
            return False
        wanted = self._options.get(CONF_TO)
        return not wanted or state_option(now) in wanted

    @override
    def _variables(self, announcement: Announcement) -> dict[str, Any]:
        """Return the trigger variables."""
        before = cast(AccountState, announcement.before.state)
        return AccountVariables(self._hass, announcement.entry).state_changed(before)


class ProblemClearedTrigger(AnnouncementTrigger):
    """Trigger when the problem of an account is cleared."""

    _schema = _PROBLEM_SCHEMA

    @override
    def _is_wanted(self, announcement: Announcement) -> bool:
        """Return whether the automation was triggered by the cleared problem."""
        before, now = announcement.before, announcement.now
        return (
            before.since is not None
            and now.since is None
            and before.was_due(_wanted(self._options), self._hass.loop.time())
        )

    @override
    def _variables(self, announcement: Announcement) -> dict[str, Any]:
        """Return the trigger variables."""
        before = announcement.before
        return AccountVariables(self._hass, announcement.entry).problem_cleared(before)


class ProblemDetectedTrigger(AccountTarget, Trigger):
    """Trigger once for each problem when it has lasted for the selected time."""

    _schema = _PROBLEM_SCHEMA

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Initialize the trigger."""
        super().__init__(hass, config)
        self._wanted = _wanted(self._options)
        self._triggered_at: dict[str, float] = {}
        self._timers: dict[str, CALLBACK_TYPE] = {}

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, *_: Any, **__: Any
    ) -> CALLBACK_TYPE:
        """Attach the trigger to an action.

        All accounts are tracked, because the accounts of the target may change.
        """
        self._run_action = run_action
        self._began_at = self._hass.loop.time()
        for entry in self._hass.config_entries.async_loaded_entries(DOMAIN):
            self._check(entry)

        @callback
        def announced(announcement: Announcement) -> None:
            self._check(announcement.entry)

        disconnect = async_dispatcher_connect(self._hass, SIGNAL_ANNOUNCED, announced)

        @callback
        def stop() -> None:
            disconnect()
            for cancel in self._timers.values():
                cancel()

        return stop

    def _check(self, entry: GreenApiConfigEntry) -> None:
        """Trigger if a problem is due, or wait until it is."""
        if cancel := self._timers.pop(entry.entry_id, None):
            cancel()
        due = entry.runtime_data.coordinator.data.announced.due(self._wanted)
        # A problem that was due earlier has triggered already, or was not selected.
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
        """Trigger the automation if the account is part of its target."""
        if not self._target.has(entry):
            return
        announced = entry.runtime_data.coordinator.data.announced
        variables = AccountVariables(self._hass, entry).problem_detected(announced)
        self._run_action(variables, f"problem of {variables[ATTR_ENTITY_ID]}")


class MessageReceivedTrigger(AccountTarget, Trigger):
    """Trigger when someone who may write to Home Assistant has written a message.

    A message in a group belongs to both the group and the person.
    """

    _schema = _RECEIVED_SCHEMA

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, *_: Any, **__: Any
    ) -> CALLBACK_TYPE:
        """Attach the trigger to an action."""

        @callback
        def received(entry: GreenApiConfigEntry, heard: HeardMessage) -> None:
            people = (heard.recipient_id, heard.person_id)
            if self._is_wanted(heard) and self._target.has_recipient(entry, *people):
                variables = message_received(self._hass, entry, heard)
                run_action(variables, f"message in {variables[ATTR_ENTITY_ID]}")

        return async_dispatcher_connect(self._hass, SIGNAL_MESSAGE_RECEIVED, received)

    def _is_wanted(self, heard: HeardMessage) -> bool:
        """Return whether a message has one of the kinds, and one of the texts."""
        kinds = self._options.get(CONF_KIND)
        texts = set(filter(None, map(comparable, self._options.get(CONF_TEXT, ()))))
        is_kind = not kinds or heard.message.kind in kinds
        return is_kind and not (texts and texts.isdisjoint(heard.words))


class MessageNotDeliveredTrigger(AccountTarget, Trigger):
    """Trigger once for each message that is not delivered in time."""

    _schema = _NOT_DELIVERED_SCHEMA

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Initialize the trigger."""
        super().__init__(hass, config)
        self._stops: dict[SentMessage, CALLBACK_TYPE] = {}
        # The same when the automation is reloaded.
        self._key = f"{config.target} {config.options}"

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, *_: Any, **__: Any
    ) -> CALLBACK_TYPE:
        """Attach the trigger to an action."""
        self._run_action = run_action
        for entry in self._hass.config_entries.async_loaded_entries(DOMAIN):
            deliveries = entry.runtime_data.deliveries
            reported = deliveries.reported(self._key)
            for message in deliveries.recent:
                if message not in reported:
                    self._sent(entry, message)
        unsubscribe = (
            async_dispatcher_connect(self._hass, SIGNAL_MESSAGE_SENT, self._sent),
            async_dispatcher_connect(self._hass, SIGNAL_NOT_CONFIRMED, self._ended),
        )

        @callback
        def detach() -> None:
            for stop in (*unsubscribe, *self._stops.values()):
                stop()

        return detach

    @callback
    def _sent(self, entry: GreenApiConfigEntry, message: SentMessage) -> None:
        """Follow a message to one of the recipients."""
        if not self._target.has_recipient(entry, message.subentry_id):
            return
        seconds = self._options[CONF_FOR].total_seconds()
        follower = partial(self._updated, entry, message)
        confirmation = entry.runtime_data.confirmation
        if stop := confirmation.async_follow(message, seconds, follower):
            self._stops[message] = stop

    @callback
    def _updated(
        self, entry: GreenApiConfigEntry, message: SentMessage, update: DeliveryUpdate
    ) -> None:
        """Handle the status of a message. It is over if the account is disabled."""
        if not update.is_over:
            return
        self._stops.pop(message, None)
        if entry.state is ConfigEntryState.LOADED:
            self._ended(entry, message, update.status)

    @callback
    def _ended(
        self, entry: GreenApiConfigEntry, message: SentMessage, status: DeliveryStatus
    ) -> None:
        """Trigger if a message failed or is not confirmed, although it could be."""
        record = entry.runtime_data.coordinator.data
        is_confirmable = not record.no_status_reason(dt_util.utcnow())
        is_late = is_confirmable and status not in CONFIRMED
        if status in UNDELIVERED or is_late:
            self._report(entry, message, status)

    @callback
    def _report(
        self, entry: GreenApiConfigEntry, message: SentMessage, status: DeliveryStatus
    ) -> None:
        """Trigger because a message is not delivered."""
        is_removed = message.subentry_id not in entry.subentries
        if is_removed or not self._target.has_recipient(entry, message.subentry_id):
            return
        entry.runtime_data.deliveries.async_reported(message, self._key)
        variables = not_delivered(self._hass, entry, message, status)
        self._run_action(variables, f"message to {variables[ATTR_ENTITY_ID]}")


def _wanted(options: Mapping[str, Any]) -> Wanted:
    """Return the problems that trigger an automation."""
    outage: timedelta | None = options.get(CONF_OUTAGE)
    return Wanted(
        reasons=wanted_reasons(options),
        wait=options.get(CONF_FOR, timedelta()).total_seconds(),
        outage=outage.total_seconds() if outage else None,
    )


TRIGGERS: Final[dict[str, type[Trigger]]] = {
    "message_not_delivered": MessageNotDeliveredTrigger,
    "message_received": MessageReceivedTrigger,
    "problem_cleared": ProblemClearedTrigger,
    "problem_detected": ProblemDetectedTrigger,
    "state_changed": StateChangedTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers of accounts."""
    return TRIGGERS
