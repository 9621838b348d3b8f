"""Devices of accounts and of recipients, and the names of both in all texts."""

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import CONF_INSTANCE_ID, DOMAIN


def recipient_identifier(entry: ConfigEntry, subentry_id: str) -> str:
    """Return the identifier of a recipient, which never changes."""
    return f"{entry.data[CONF_INSTANCE_ID]}_{subentry_id}"


def get_device(
    hass: HomeAssistant, entry: ConfigEntry, subentry_id: str | None = None
) -> dr.DeviceEntry | None:
    """Return the device of an account or a recipient, None if it was removed."""
    registry = dr.async_get(hass)
    identifier = (
        DOMAIN,
        recipient_identifier(entry, subentry_id)
        if subentry_id
        else entry.data[CONF_INSTANCE_ID],
    )
    # Home Assistant 2026.3 only has the other method, newer versions warn about it.
    if hasattr(registry, "async_get_device_by_identifier"):
        return registry.async_get_device_by_identifier(identifier, entry.entry_id)
    return registry.async_get_device({identifier})


def account_name(hass: HomeAssistant, entry: ConfigEntry) -> str:
    """Return the name of an account: that of its device if the user has named it."""
    device = get_device(hass, entry)
    return (device and device.name_by_user) or entry.title


def recipient_name(
    hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry
) -> str:
    """Return the name of a recipient: that of its device if the user has named it."""
    device = get_device(hass, entry, subentry.subentry_id)
    return (device and device.name_by_user) or subentry.title


@callback
def async_rename_device(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Give the device of an account the name of its config entry.

    If the user has named the device, it keeps that name.
    """
    if device := get_device(hass, entry):
        dr.async_get(hass).async_update_device(device.id, name=entry.title)
