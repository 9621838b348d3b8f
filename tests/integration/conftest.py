"""Fixtures of the dialogs."""

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
from tests.support.dialog import Dialog


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
