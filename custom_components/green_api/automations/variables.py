"""Trigger variables for changes of an account, and texts about them."""

from datetime import datetime
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import (
    ATTR_DEVICE_ID,
    ATTR_ENTITY_ID,
    STATE_UNKNOWN,
    Platform,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.translation import async_translate_state
from homeassistant.util import dt as dt_util

from ..api import AccountState
from ..const import CONF_INSTANCE_ID, DOMAIN
from ..data import GreenApiConfigEntry
from ..decisions.delivery import UNDELIVERED, DeliveryStatus
from ..devices import (
    account_name,
    get_device,
    recipient_identifier,
    recipient_name,
)
from ..receiving.message_handler import HeardMessage
from ..records.announced import UNREACHABLE, Announced
from ..sending.followed import SentMessage
from ..texts import RATE_LIMIT_MINUTES, moment_text, translated

WORKS_AGAIN: Final = "works_again"
DID_NOT_WORK_SINCE: Final = "did_not_work_since"
NOT_DELIVERED: Final = "not_delivered"
SINCE: Final = "since"


def state_option(state: AccountState) -> str:
    """Return the name of a state in automations."""
    return state.known.name.lower() if state.known else STATE_UNKNOWN


def not_delivered(
    hass: HomeAssistant,
    entry: GreenApiConfigEntry,
    message: SentMessage,
    status: DeliveryStatus,
) -> dict[str, Any]:
    """Return the variables for a message that is not delivered."""
    subentry = entry.subentries[message.subentry_id]
    key = f"delivery_{status}" if status in UNDELIVERED else "not_confirmed"
    texts = {
        "name": account_name(hass, entry),
        "recipient": recipient_name(hass, entry, subentry),
    }
    return {
        **_about_chat(hass, entry, subentry),
        "status": f"{status}",
        "message_id": message.message_id,
        "sent": dt_util.as_local(message.moment),
        "title": translated(hass, "common", NOT_DELIVERED).format(**texts),
        "message": translated(hass, "exceptions", f"{key}.message").format(**texts),
    }


def message_received(
    hass: HomeAssistant, entry: GreenApiConfigEntry, heard: HeardMessage
) -> dict[str, Any]:
    """Return the variables for a message that someone has written.

    They are the only place for its text. A reply goes to `entity_id`.
    """
    message, recipients = heard.message, entry.subentries
    person = recipients[heard.person_id]
    name = recipient_name(hass, entry, person)
    kind = translated(hass, "selector", f"message_kind.options.{message.kind}")
    return {
        **_about_chat(hass, entry, recipients[heard.recipient_id]),
        "person": name,
        "person_entity_id": _notify_entity_id(hass, entry, person),
        "kind": f"{message.kind}",
        "text": heard.text,
        "choice": heard.choice,
        "question_message_id": heard.question_id,
        "message_id": message.message_id,
        "quoted_message_id": message.quoted_message_id,
        "sent": dt_util.as_local(message.sent_at),
        "title": translated(hass, "common", "message_from").format(name=name),
        "message": heard.text or kind,
    }


def _about_chat(
    hass: HomeAssistant, entry: GreenApiConfigEntry, recipient: ConfigSubentry
) -> dict[str, Any]:
    """Return the variables that all triggers about a recipient have in common."""
    device = get_device(hass, entry, recipient.subentry_id)
    return {
        ATTR_ENTITY_ID: _notify_entity_id(hass, entry, recipient),
        ATTR_DEVICE_ID: device and device.id,
        "account": account_name(hass, entry),
        "recipient": recipient_name(hass, entry, recipient),
    }


def _notify_entity_id(
    hass: HomeAssistant, entry: GreenApiConfigEntry, recipient: ConfigSubentry
) -> str | None:
    """Return the ID of the notification entity of a recipient."""
    return er.async_get(hass).async_get_entity_id(
        Platform.NOTIFY, DOMAIN, recipient_identifier(entry, recipient.subentry_id)
    )


class AccountVariables:
    """The trigger variables of an account, with its current name."""

    def __init__(self, hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
        """Initialize the variables."""
        self._hass = hass
        self._entry = entry
        self._instance_id = entry.data[CONF_INSTANCE_ID]
        self._account = entry.runtime_data.coordinator.data
        self._device = get_device(hass, entry)
        self.name = account_name(hass, entry)

    def problem_detected(self, announced: Announced) -> dict[str, Any]:
        """Return the variables for an account that does not work."""
        if announced.with_problem.running_from is None:
            reason, since = UNREACHABLE, announced.since
            title = self._text("common", UNREACHABLE)
            advice = self._text("exceptions", f"{self._account.error}.message")
        else:
            reason, since = f"{announced.problem}", self._account.problem_since
            title = self._text("issues", f"{reason}.title")
            advice = self._text("exceptions", f"{reason}.message")
        return {
            **self._about(Platform.BINARY_SENSOR, "problem", since),
            "reason": reason,
            "title": title,
            "message": f"{advice} {self._text('common', SINCE, since)}",
        }

    def problem_cleared(self, before: Announced) -> dict[str, Any]:
        """Return the variables for an account that works again."""
        return {
            **self._about(Platform.BINARY_SENSOR, "problem", before.since),
            "reason": f"{before.problem or UNREACHABLE}",
            "title": self._text("common", WORKS_AGAIN),
            "message": self._text("common", DID_NOT_WORK_SINCE, before.since),
        }

    def state_changed(self, before: AccountState) -> dict[str, Any]:
        """Return the variables for an account whose state has changed."""
        about = self._about(Platform.SENSOR, "state", self._account.since)
        return {
            **about,
            "from_state": state_option(before),
            "title": self.name,
            "message": async_translate_state(
                self._hass, about["state"], Platform.SENSOR, DOMAIN, "state", None
            ),
        }

    def _about(
        self, platform: Platform, key: str, since: datetime | None
    ) -> dict[str, Any]:
        """Return the variables that all triggers have in common."""
        return {
            ATTR_ENTITY_ID: er.async_get(self._hass).async_get_entity_id(
                platform, DOMAIN, f"{self._instance_id}_{key}"
            ),
            ATTR_DEVICE_ID: self._device and self._device.id,
            "account": self.name,
            "state": state_option(self._account.state),
            "since": since and dt_util.as_local(since),
        }

    def _text(self, category: str, key: str, since: datetime | None = None) -> str:
        """Return a text in the language of Home Assistant."""
        return translated(self._hass, category, key).format(
            name=self.name,
            minutes=RATE_LIMIT_MINUTES,
            since=since and moment_text(self._hass, since),
        )
