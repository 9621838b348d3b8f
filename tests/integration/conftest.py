"""Fixtures: an account in Home Assistant, and the dialogs about it."""

from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion

from homeassistant.components.config import DOMAIN as CONFIG_DOMAIN
from homeassistant.components.repairs import DOMAIN as REPAIRS_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from tests.simulator import Account, Simulator
from tests.support.attachments import PICTURE
from tests.support.deliveries import Deliveries
from tests.support.dialog import Dialog
from tests.support.entries import entry_of
from tests.support.helpers import async_polls, async_set_up, issue_ids
from tests.support.receiving import Receiving
from tests.support.simulated_time import SimulatedTime
from tests.support.translation_check import check_translations  # noqa: F401


@pytest.fixture(autouse=True)
def custom_integrations(enable_custom_integrations: None) -> None:
    """Make Home Assistant load the integration in every test."""


@pytest.fixture
def config_entry(simulator: Simulator, account: Account) -> MockConfigEntry:
    """Return the config entry of the account."""
    return entry_of(simulator.url, account.instance_id, account.token)


@pytest.fixture
async def loaded_entry(
    request: pytest.FixtureRequest, hass: HomeAssistant, config_entry: MockConfigEntry
) -> MockConfigEntry:
    """Return the config entry, set up; time is frozen first if the test freezes it."""
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
async def new_home(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    config_entry: MockConfigEntry,
    account: Account,
) -> Deliveries:
    """Return an account that is not set up yet, under simulated time."""
    return Deliveries(hass, SimulatedTime(freezer, monkeypatch), account, config_entry)


@pytest.fixture
async def home(new_home: Deliveries) -> Receiving:
    """Return an account that can receive messages and is not set up yet."""
    return Receiving(new_home.hass, new_home.time, new_home.account, new_home.entry)


@pytest.fixture
async def media(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Return the folder of local media, with a picture."""
    hass.config.media_dirs = {"local": f"{tmp_path}"}
    assert await async_setup_component(hass, "media_source", {})
    (tmp_path / "door.jpg").write_bytes(PICTURE)
    return tmp_path


@pytest.fixture
async def logged_out(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> str:
    """Return the ID of the issue of an account that is logged out."""
    account.state = "notAuthorized"
    await async_polls(hass, freezer, 2)
    account.requests.clear()
    issue_id = f"{loaded_entry.entry_id}_logged_out"
    assert issue_ids(hass) == {issue_id}
    return issue_id


@pytest.fixture
def dialog(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, client: TestClient[Any, Any]
) -> Dialog:
    """Return a dialog that is not open yet."""
    return Dialog(hass, freezer, client)


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Return the snapshots in the form and in the folder of Home Assistant.

    The harness does the same, but only in some versions its fixture comes first.
    """
    return snapshot.use_extension(HomeAssistantSnapshotExtension)
