"""Fixtures: an account in Home Assistant."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.const import (
    CONF_API_URL,
    CONF_INSTANCE_ID,
    DOMAIN,
)
from homeassistant.const import CONF_API_TOKEN
from homeassistant.core import HomeAssistant
from tests.simulator import Account, Simulator
from tests.support.translation_check import check_translations  # noqa: F401


@pytest.fixture(autouse=True)
def custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant load the integration in every test."""


@pytest.fixture
def config_entry(simulator: Simulator, account: Account) -> MockConfigEntry:
    """Return the config entry of the account."""
    return MockConfigEntry(
        domain=DOMAIN,
        title=f"GREEN-API {account.instance_id}",
        unique_id=account.instance_id,
        data={
            CONF_API_URL: simulator.url,
            CONF_INSTANCE_ID: account.instance_id,
            CONF_API_TOKEN: account.token,
        },
    )


@pytest.fixture
async def loaded_entry(
    hass: HomeAssistant, config_entry: MockConfigEntry
) -> MockConfigEntry:
    """Return the config entry, set up."""
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    return config_entry
