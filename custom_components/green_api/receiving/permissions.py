"""Who may write to Home Assistant, and how their messages are received."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum

from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..const import (
    CONF_CHAT_ID,
    CONF_MAY_WRITE,
    CONF_MAY_WRITE_SINCE,
    CONF_RECEIVE_MESSAGES,
    DOMAIN,
)
from ..devices import recipient_identifier


class ReceiveMode(StrEnum):
    """How messages reach Home Assistant, as stored in the options of an account."""

    OFF = "off"

    BESIDE_OTHERS = "beside_others"
    """From the journal, which takes nothing away from other programs."""

    ONLY_HOME_ASSISTANT = "only_home_assistant"
    """From the notifications, which no other program receives anymore."""


def receive_mode(entry: ConfigEntry) -> ReceiveMode:
    """Return how an account receives messages."""
    return ReceiveMode(entry.options.get(CONF_RECEIVE_MESSAGES, ReceiveMode.OFF))


def may_write(subentry: ConfigSubentry) -> bool:
    """Return whether a recipient may write to Home Assistant."""
    return subentry.data.get(CONF_MAY_WRITE) is True


def enabled_recipients(hass: HomeAssistant, entry: ConfigEntry) -> Mapping[str, str]:
    """Return the IDs of the recipients by chat, except for disabled ones."""
    return {
        subentry.data[CONF_CHAT_ID]: subentry.subentry_id
        for subentry in entry.subentries.values()
        if not _is_disabled(hass, entry, subentry)
    }


def permitted_people(hass: HomeAssistant, entry: ConfigEntry) -> Mapping[str, str]:
    """Return the IDs of the recipients who may write to Home Assistant, by chat."""
    return {
        chat_id: subentry_id
        for chat_id, subentry_id in enabled_recipients(hass, entry).items()
        if may_write(entry.subentries[subentry_id])
    }


def permitted_since(entry: ConfigEntry) -> Mapping[str, datetime]:
    """Return since when people may write, by chat, if it was not always so."""
    moments = {
        chat_id: dt_util.parse_datetime(stored)
        for chat_id, stored in _stored_since(entry).items()
    }
    return {chat_id: moment for chat_id, moment in moments.items() if moment}


@callback
def async_track_permissions(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Note when permissions begin, and end those of recipients that are disabled."""
    _track_beginnings(entry)
    _track_disabled(hass, entry)


def _may_write(entry: ConfigEntry) -> Iterator[ConfigSubentry]:
    """Yield the recipients who may write, disabled or not."""
    return filter(may_write, list(entry.subentries.values()))


def _stored_since(entry: ConfigEntry) -> dict[str, str]:
    """Return what is stored about when permissions began, by chat, empty if nothing."""
    return {
        subentry.data[CONF_CHAT_ID]: subentry.data.get(CONF_MAY_WRITE_SINCE, "")
        for subentry in _may_write(entry)
    }


@callback
def _track_beginnings(entry: ConfigEntry) -> None:
    """Store since when people may write who may not do so yet.

    What they have written before is not meant for Home Assistant.
    """
    since = _stored_since(entry)

    async def updated(hass: HomeAssistant, entry: ConfigEntry) -> None:
        nonlocal since
        # The server says when messages were sent in whole seconds as well.
        now = dt_util.utcnow().isoformat(timespec="seconds")
        since = {chat_id: since.get(chat_id, now) for chat_id in _stored_since(entry)}
        for subentry in _may_write(entry):
            if moment := since[subentry.data[CONF_CHAT_ID]]:
                data = {**subentry.data, CONF_MAY_WRITE_SINCE: moment}
                hass.config_entries.async_update_subentry(entry, subentry, data=data)

    entry.async_on_unload(entry.add_update_listener(updated))


@callback
def _track_disabled(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """End the permissions of recipients that are disabled, now and later."""

    @callback
    def end_permissions() -> None:
        for subentry in _may_write(entry):
            if _is_disabled(hass, entry, subentry):
                data = {**subentry.data}
                del data[CONF_MAY_WRITE]
                data.pop(CONF_MAY_WRITE_SINCE, None)
                hass.config_entries.async_update_subentry(entry, subentry, data=data)

    @callback
    def disabled(_: Event[er.EventEntityRegistryUpdatedData]) -> None:
        # Home Assistant may be about to disable other entities of the same device.
        hass.loop.call_soon(end_permissions)

    entry.async_on_unload(
        hass.bus.async_listen(
            er.EVENT_ENTITY_REGISTRY_UPDATED,
            disabled,
            event_filter=_is_disabling,
        )
    )
    end_permissions()


@callback
def _is_disabling(data: er.EventEntityRegistryUpdatedData) -> bool:
    """Return whether an entity was disabled or enabled."""
    return data["action"] == "update" and "disabled_by" in data["changes"]


def _is_disabled(
    hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry
) -> bool:
    """Return whether a recipient is disabled by its entity or its device.

    A recipient of a disabled account is not: it is enabled again with the account.
    """
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(
        NOTIFY_DOMAIN, DOMAIN, recipient_identifier(entry, subentry.subentry_id)
    )
    entity = registry.async_get(entity_id or "")
    kept = {None, er.RegistryEntryDisabler.CONFIG_ENTRY}
    return entity is not None and entity.disabled_by not in kept
