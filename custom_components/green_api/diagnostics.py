"""Diagnostics for the GREEN-API integration."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_API_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration

from .const import CONF_INSTANCE_ID, DOMAIN
from .data import GreenApiConfigEntry, GreenApiData

TO_REDACT: Final = {CONF_API_TOKEN, CONF_INSTANCE_ID, "wid"}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: GreenApiConfigEntry
) -> dict[str, Any]:
    """Return diagnostics for a config entry.

    They contain nothing that identifies the account. No request is made for them.
    """
    integration = await async_get_integration(hass, DOMAIN)
    return {
        "integration_version": str(integration.version),
        "entry": {
            "data": async_redact_data(entry.data, TO_REDACT),
            "state": entry.state.value,
            "reason": entry.error_reason_translation_key,
        },
        "recipients": len(entry.subentries),
        "account": _account(entry.runtime_data)
        if entry.state is ConfigEntryState.LOADED
        else None,
    }


def _account(data: GreenApiData) -> dict[str, Any]:
    """Return the diagnostics of a loaded account."""
    account = data.coordinator.data
    interval = data.coordinator.update_interval
    return {
        "state": {
            "raw": account.state.raw,
            "since": _seconds(account.since),
            "restricted_until": _seconds(account.restricted_until),
            "messages_in_queue": account.messages_in_queue,
        },
        "problem": {
            "reason": account.problem,
            "since": _seconds(account.problem_since),
            "remembered": account.remembered,
        },
        "polling": {
            "interval_seconds": interval and round(interval.total_seconds()),
            "last_update_success": data.coordinator.last_update_success,
            "error": account.error,
        },
        "receiving": _receiving(data),
        "settings": data.settings.known
        and async_redact_data(asdict(data.settings.known), TO_REDACT),
    }


def _seconds(moment: datetime | None) -> str | None:
    """Return a time in whole seconds."""
    return moment.isoformat(timespec="seconds") if moment else None


def _receiving(data: GreenApiData) -> dict[str, Any]:
    """Return how messages are received, and how many were missed or dropped."""
    return {
        "mode": data.receiver.mode,
        "stopped": data.receiver.stopped,
        "missed": data.receiver.source.missed,
        "dropped": {
            f"{key}": count for key, count in data.message_handler.dropped.items()
        },
    }
