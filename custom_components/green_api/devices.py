"""Devices of accounts and of recipients, and the names of both in all texts."""

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import CONF_INSTANCE_ID, DOMAIN


def recipient_identifier(entry: ConfigEntry, subentry_id: str) -> str:
    """Return the identifier of a recipient. A new name or chat does not change it."""
    return f"{entry.data[CONF_INSTANCE_ID]}_{subentry_id}"


def account_devices(
    hass: HomeAssistant, entry: ConfigEntry, subentry_id: str | None = None
) -> list[dr.DeviceEntry]:
    """Return the device of an account or a recipient, an empty list if removed.

    Not all devices of the config entry are searched for it.
    """
    registry = dr.async_get(hass)
    instance_id = entry.data[CONF_INSTANCE_ID]
    name = recipient_identifier(entry, subentry_id) if subentry_id else instance_id
    # Home Assistant 2026.3 only has the other method, newer versions warn about it.
    if hasattr(registry, "async_get_device_by_identifier"):
        device = registry.async_get_device_by_identifier((DOMAIN, name), entry.entry_id)
    else:
        device = registry.async_get_device({(DOMAIN, name)})
    return [device] if device else []


def account_name(hass: HomeAssistant, entry: ConfigEntry) -> str:
    """Return the name of an account: that of its device if the user has named it."""
    return _name_by_user(account_devices(hass, entry)) or entry.title


def recipient_name(
    hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry
) -> str:
    """Return the name of a recipient: that of its device if the user has named it."""
    devices = account_devices(hass, entry, subentry.subentry_id)
    return _name_by_user(devices) or subentry.title


@callback
def async_rename_device(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Give the device of an account the name of its config entry.

    If the user has named the device, it keeps that name.
    """
    for device in account_devices(hass, entry):
        dr.async_get(hass).async_update_device(device.id, name=entry.title)


def _name_by_user(devices: list[dr.DeviceEntry]) -> str | None:
    """Return the name that the user has given to a device."""
    return devices[0].name_by_user if devices else None
