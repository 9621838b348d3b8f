"""Fixtures: an account in Home Assistant, and the dialogs about it."""

from typing import Any

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.components.config import DOMAIN as CONFIG_DOMAIN
from homeassistant.components.repairs import DOMAIN as REPAIRS_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from tests.simulator import Account, Simulator
from tests.support.dialog import Dialog
from tests.support.entries import entry_of
from tests.support.helpers import async_set_up
from tests.support.translation_check import check_translations  # noqa: F401


@pytest.fixture(autouse=True)
def custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant load the integration in every test."""


@pytest.fixture
def config_entry(simulator: Simulator, account: Account) -> MockConfigEntry:
    """Return the config entry of the account."""
    return entry_of(simulator.url, account.instance_id, account.token)


@pytest.fixture
async def loaded_entry(
    request: pytest.FixtureRequest, hass: HomeAssistant, config_entry: MockConfigEntry
) -> MockConfigEntry:
    """Return the config entry, set up; time is frozen before, if the test does that."""
    if "freezer" in request.fixturenames:
        request.getfixturevalue("freezer")
    await async_set_up(hass, config_entry)
    return config_entry


@pytest.fixture
async def client(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> TestClient[Any, Any]:
    """Return a client of Home Assistant's HTTP API."""
    for domain in (CONFIG_DOMAIN, REPAIRS_DOMAIN):
        assert await async_setup_component(hass, domain, {})
    client: TestClient[Any, Any] = await hass_client()
    return client


@pytest.fixture
def dialog(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, client: TestClient[Any, Any]
) -> Dialog:
    """Return a dialog, not opened yet."""
    return Dialog(hass, freezer, client)
