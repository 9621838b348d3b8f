"""Sensors for the GREEN-API integration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EntityCategory
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .api import ACCOUNT_ERROR_KINDS, InstanceState
from .data import GreenApiConfigEntry
from .decisions.delivery import DeliveryStatus, is_final, updated
from .decisions.problem import Problem
from .entity import (
    GreenApiAccountEntity,
    GreenApiRecipientEntity,
    async_add_recipient_entities,
)
from .records.account_record import AccountRecord
from .sending.deliveries import SIGNAL_MESSAGE_SENT
from .sending.followed import DeliveryUpdate, SentMessage

PARALLEL_UPDATES = 0

# Option of the sensors for the problem and the error while there is none.
NONE: Final = "none"

_STATE_OPTIONS: Final[Mapping[str | None, str]] = {
    state: state.name.lower() for state in InstanceState
}


@dataclass(frozen=True, kw_only=True)
class AccountSensorDescription(SensorEntityDescription):
    """Describes a sensor of an account."""

    value_fn: Callable[[AccountRecord], StateType | datetime]


SENSORS: Final = (
    AccountSensorDescription(
        key="state",
        translation_key="state",
        device_class=SensorDeviceClass.ENUM,
        options=list(_STATE_OPTIONS.values()),
        value_fn=lambda record: _STATE_OPTIONS.get(record.state.raw),
    ),
    AccountSensorDescription(
        key="state_since",
        translation_key="state_since",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda record: record.since,
    ),
    AccountSensorDescription(
        key="restricted_until",
        translation_key="restricted_until",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda record: record.restricted_until,
    ),
    AccountSensorDescription(
        key="messages_in_queue",
        translation_key="messages_in_queue",
        entity_category=EntityCategory.DIAGNOSTIC,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda record: record.messages_in_queue,
    ),
)

FAILURE_SENSORS: Final = (
    AccountSensorDescription(
        key="problem_reason",
        translation_key="problem_reason",
        device_class=SensorDeviceClass.ENUM,
        options=[NONE, *Problem],
        value_fn=lambda record: (record.problem or NONE) if record.is_known else None,
    ),
    AccountSensorDescription(
        key="error",
        translation_key="error",
        device_class=SensorDeviceClass.ENUM,
        entity_category=EntityCategory.DIAGNOSTIC,
        options=[NONE, *sorted(ACCOUNT_ERROR_KINDS)],
        value_fn=lambda record: (record.error or NONE) if record.is_polled else None,
    ),
)


LAST_MESSAGE: Final = SensorEntityDescription(
    key="last_message",
    translation_key="last_message",
    device_class=SensorDeviceClass.ENUM,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
    options=[it for it in DeliveryStatus if it is not DeliveryStatus.UNKNOWN],
)

# Seconds for which the last message to a recipient is followed.
FOLLOWED_FOR: Final = 3600


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GreenApiConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of an account."""
    coordinator = entry.runtime_data.coordinator
    async_add_entities(
        [
            *(AccountSensor(coordinator, sensor) for sensor in SENSORS),
            *(FailureSensor(coordinator, sensor) for sensor in FAILURE_SENSORS),
        ]
    )
    async_add_recipient_entities(hass, entry, async_add_entities, LastMessageSensor)


class AccountSensor(GreenApiAccountEntity, SensorEntity):
    """Sensor of an account."""

    entity_description: AccountSensorDescription

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the value of the sensor."""
        return self.entity_description.value_fn(self.coordinator.data)


class FailureSensor(AccountSensor):
    """Sensor for a failure of an account, which is known even if polls fail."""

    @property
    @override
    def available(self) -> bool:
        """Return whether the value is known. If polls fail, only failures are known."""
        return super().available or self.native_value not in {None, NONE}


class LastMessageSensor(GreenApiRecipientEntity, SensorEntity):
    """Sensor for the delivery status of the last message to a recipient.

    Messages are followed while it is enabled.
    """

    def __init__(self, entry: GreenApiConfigEntry, subentry: ConfigSubentry) -> None:
        """Initialize the sensor without a message."""
        super().__init__(entry, subentry, LAST_MESSAGE)
        self._message: SentMessage | None = None
        self._status = DeliveryStatus.UNKNOWN
        self._stop: CALLBACK_TYPE | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the messages that are sent from now on.

        An entity whose ID was changed is added again, and continues to follow a
        message.
        """
        self.async_on_remove(
            async_dispatcher_connect(self.hass, SIGNAL_MESSAGE_SENT, self._sent)
        )
        self.async_on_remove(self._stop_following)
        self._follow()

    @callback
    def _sent(self, entry: GreenApiConfigEntry, message: SentMessage) -> None:
        """Follow a message instead of the previous one."""
        if entry is not self._entry or message.subentry_id != self._subentry_id:
            return
        self._stop_following()
        self._message = message
        self._set(DeliveryStatus.WAITING)
        self._follow()

    @callback
    def _updated(self, update: DeliveryUpdate) -> None:
        """Update the state, which is unknown once the message is no longer followed."""
        # A message that is not found yet is still waiting.
        status = updated(self._status, update.status)
        is_known = not update.is_over or is_final(status)
        self._set(status if is_known else DeliveryStatus.UNKNOWN)
        if update.is_over:
            self._message = None

    def _set(self, status: DeliveryStatus) -> None:
        """Set the status, and write the state if it has changed."""
        self._status = status
        value = None if status is DeliveryStatus.UNKNOWN else status
        if value != self._attr_native_value:
            self._attr_native_value = value
            self.async_write_ha_state()

    def _follow(self) -> None:
        """Follow the message, if there is one."""
        if self._message:
            confirmation = self._entry.runtime_data.confirmation
            self._stop = confirmation.async_follow(
                self._message, FOLLOWED_FOR, self._updated
            )

    @callback
    def _stop_following(self) -> None:
        """Stop following the message."""
        if self._stop:
            self._stop()
            self._stop = None
