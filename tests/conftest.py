"""Fixtures: a simulated GREEN-API on a real socket, and an account of it."""

from collections.abc import AsyncGenerator, Generator
from datetime import timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.api import RequestPacer
from custom_components.green_api.const import (
    CONF_API_URL,
    CONF_INSTANCE_ID,
    DOMAIN,
)
from homeassistant.const import CONF_API_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .simulator import Account, Simulator
from .support.const import INSTANCE_ID, TOKEN
from .support.secrecy import Listener, listening
from .support.translation_check import check_translations  # noqa: F401

MINUTE: Final = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant load the integration in every test."""


@pytest.fixture(autouse=True)
def no_spacing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let requests follow each other at once, unless a test is about their pace."""
    if request.node.get_closest_marker("paced") is None:
        monkeypatch.setattr(RequestPacer, "DEFAULT_SPACING", 0)
        monkeypatch.setattr(RequestPacer, "SPACING", {})


@pytest.fixture
def freezer(freezer: FrozenDateTimeFactory) -> FrozenDateTimeFactory:
    """Freeze time at the beginning of a minute, when a single account has its turn."""
    freezer.move_to(dt_util.utcnow().replace(second=0, microsecond=0) + MINUTE)
    return freezer


@pytest.fixture
async def simulator(
    request: pytest.FixtureRequest, socket_enabled: None
) -> AsyncGenerator[Simulator]:
    """Run a simulated GREEN-API; it limits rates only in tests about the pace."""
    simulator = Simulator(
        enforce_limits=request.node.get_closest_marker("paced") is not None
    )
    await simulator.start(port=0)
    yield simulator
    await simulator.stop()


@pytest.fixture
def account(simulator: Simulator) -> Account:
    """Return an account that is authorized."""
    return simulator.add_account(INSTANCE_ID, TOKEN, state="authorized")


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


@pytest.fixture
def listener() -> Generator[Listener]:
    """Listen to everything that anybody ever tells."""
    with listening() as listener:
        yield listener
