"""Test the life of a config entry."""

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .simulator import Account


async def test_load_and_unload(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """An entry is loaded with two requests and unloaded without a trace."""
    assert loaded_entry.state is ConfigEntryState.LOADED
    assert [request.method for request in account.requests] == [
        "getStateInstance",
        "getSettings",
    ]
    assert (
        hass.states.get("sensor.green_api_1101000001_account_state").state
        == "authorized"
    )

    await hass.config_entries.async_unload(loaded_entry.entry_id)

    assert loaded_entry.state is ConfigEntryState.NOT_LOADED
