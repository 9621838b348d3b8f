"""Diagnostics of an account, without anything that identifies it."""

from dataclasses import asdict
from typing import Any, Final

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_API_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration

from .const import CONF_INSTANCE_ID, DOMAIN
from .data import GreenApiConfigEntry, GreenApiData

TO_REDACT: Final = {CONF_API_TOKEN, CONF_INSTANCE_ID, "webhook_url", "wid"}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: GreenApiConfigEntry
) -> dict[str, Any]:
    """Return what is known of the account, without a new request."""
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
    """Return what is known of the account."""
    account, details = data.coordinator.data, data.details.data
    interval = data.coordinator.update_interval
    return {
        "state": {
            "raw": account.state.raw,
            "since": account.since and account.since.isoformat(),
            "restricted_until": details.restricted_until
            and details.restricted_until.isoformat(),
            "messages_in_queue": details.messages_in_queue,
        },
        "problem": {
            "reason": account.problem,
            "since": account.problem_since and account.problem_since.isoformat(),
            "remembered": account.remembered,
        },
        "polling": {
            "interval_seconds": interval and interval.total_seconds(),
            "last_update_success": data.coordinator.last_update_success,
            "error": account.error,
        },
        "settings": data.settings.known
        and async_redact_data(asdict(data.settings.known), TO_REDACT),
    }
