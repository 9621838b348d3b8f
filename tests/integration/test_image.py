"""Test the image of the QR code."""

import asyncio
from datetime import timedelta
from http import HTTPStatus
import logging
from typing import Final

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.green_api.api import GreenApiClient
from custom_components.green_api.const import DOMAIN
from custom_components.green_api.image import QR_SHOWN_FOR
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import (
    ATTR_ENTITY_PICTURE,
    MAJOR_VERSION,
    MINOR_VERSION,
    STATE_UNAVAILABLE,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from tests.simulator import Account, Fault, Messenger
from tests.support.const import INSTANCE_ID, TOKEN
from tests.support.delayed_results import delay_result
from tests.support.dialog import End, async_advance_slowly, at_every_end
from tests.support.entities import IMAGE, STATE, state_of
from tests.support.fault_kinds import FAULT_OF_KIND
from tests.support.helpers import (
    async_advance,
    async_polls,
    enable,
    logged_errors,
)
from tests.support.secrecy import assert_hidden
from tests.support.wait_until import async_wait_until

pytestmark = pytest.mark.long(5)

IS_RECENT: Final = (MAJOR_VERSION, MINOR_VERSION) >= (2026, 11)

PNG: Final = b"\x89PNG\r\n\x1a\n"


class ImageDashboard:
    """A dashboard with the image on it."""

    def __init__(self, hass: HomeAssistant, client: TestClient) -> None:
        """Sign in."""
        self.entity_id = IMAGE
        self._hass = hass
        self._client = client

    async def fetch(self) -> ClientResponse:
        """Request the image, as the browser does."""
        return await self._client.get(f"/api/image_proxy/{self.entity_id}")

    async def picture(self) -> bytes:
        """Return the picture that is shown."""
        response = await self.fetch()
        assert response.status == HTTPStatus.OK
        assert response.content_type == "image/png"
        return await response.read()

    async def assert_no_image(self) -> None:
        """Assert that no picture is shown."""
        response = await self.fetch()
        assert response.status == HTTPStatus.INTERNAL_SERVER_ERROR
        assert TOKEN not in await response.text()


@pytest.fixture
def enabled(entity_registry: er.EntityRegistry) -> None:
    """Enable the image before its account is set up."""
    enable(entity_registry, IMAGE, f"{INSTANCE_ID}_qr_code")


@pytest.fixture
async def dashboard(
    hass: HomeAssistant,
    enabled: None,
    loaded_entry: MockConfigEntry,
    account: Account,
    freezer: FrozenDateTimeFactory,
    hass_client: ClientSessionGenerator,
) -> ImageDashboard:
    """Return the dashboard of an account that is logged out."""
    client = await hass_client()
    account.state = "notAuthorized"
    await async_advance(hass, freezer)
    return ImageDashboard(hass, client)


def has_picture(hass: HomeAssistant) -> bool:
    """Return whether the frontend shows a picture of the entity, not its icon."""
    return ATTR_ENTITY_PICTURE in hass.states.get(IMAGE).attributes


def qr_requests(account: Account) -> int:
    """Return how often a QR code was requested."""
    return [request.method for request in account.requests].count("qr")


async def async_refresh(hass: HomeAssistant) -> None:
    """Poll the account now."""
    [entry] = hass.config_entries.async_loaded_entries(DOMAIN)
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()


@pytest.mark.parametrize(
    ("raw", "available"),
    [
        ("authorized", False),
        ("blocked", False),
        ("notAuthorized", True),
        ("pendingCode", True),
        ("pendingPassword", True),
        ("sleepMode", False),
        ("starting", False),
        ("suspended", False),
        ("yellowCard", False),
        ("hibernating", False),
        (None, False),
    ],
)
async def test_available(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dashboard: ImageDashboard,
    account: Account,
    raw: str | None,
    *,
    available: bool,
) -> None:
    """Test that the image is available only while the account is logged out."""
    account.state = raw
    await async_advance(hass, freezer)
    assert (state_of(hass, IMAGE) != STATE_UNAVAILABLE) is available
    assert has_picture(hass) is available

    account.fault = Fault.BAD_GATEWAY
    await async_advance(hass, freezer)
    assert state_of(hass, IMAGE) == STATE_UNAVAILABLE
    await dashboard.assert_no_image()
    assert qr_requests(account) == 0


async def test_icon_while_there_is_no_code(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dashboard: ImageDashboard,
    account: Account,
) -> None:
    """Test that an icon is shown while a response without a QR code is fresh."""
    assert has_picture(hass)
    account.faults["qr"] = Fault.BAD_REQUEST
    await dashboard.assert_no_image()
    assert not has_picture(hass)

    account.faults.clear()
    await async_advance(hass, freezer, QR_SHOWN_FOR)
    assert has_picture(hass)
    await dashboard.picture()
    assert has_picture(hass)


async def test_image_not_open(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dashboard: ImageDashboard,
    account: Account,
) -> None:
    """Test that no QR code is requested while the image is not open."""
    await async_polls(hass, freezer, 10)

    assert qr_requests(account) == 0


@pytest.mark.parametrize("messenger", Messenger)
async def test_image_open(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dashboard: ImageDashboard,
    account: Account,
    messenger: Messenger,
) -> None:
    """Test that one QR code serves many requests until it is too old."""
    account.messenger = messenger
    first = await dashboard.picture()
    assert first.startswith(PNG)
    shown = state_of(hass, IMAGE)
    await async_advance(hass, freezer, 9)
    assert await dashboard.picture() == first
    assert state_of(hass, IMAGE) == shown
    assert qr_requests(account) == 1

    await async_advance(hass, freezer, 1)
    assert state_of(hass, IMAGE) == dt_util.utcnow().isoformat()
    assert qr_requests(account) == 1
    second = await dashboard.picture()
    assert second.startswith(PNG)
    assert second != first
    assert qr_requests(account) == 2

    await async_advance(hass, freezer, 10)
    shown = state_of(hass, IMAGE)
    await async_polls(hass, freezer, 5)
    assert state_of(hass, IMAGE) == shown
    assert qr_requests(account) == 2


async def test_two_viewers(dashboard: ImageDashboard, account: Account) -> None:
    """Test that two simultaneous viewers see the same QR code."""
    first, second = await asyncio.gather(dashboard.picture(), dashboard.picture())

    assert first == second
    assert qr_requests(account) == 1


async def test_linked(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dashboard: ImageDashboard,
    account: Account,
) -> None:
    """Test that the QR code is removed after linking, and later ones are different."""
    first = await dashboard.picture()
    shown = state_of(hass, IMAGE)
    freezer.tick(5)
    account.state = "authorized"
    await async_refresh(hass)
    assert state_of(hass, IMAGE) == STATE_UNAVAILABLE
    await dashboard.assert_no_image()

    account.state = "notAuthorized"
    freezer.tick(2)
    await async_refresh(hass)
    assert state_of(hass, IMAGE) not in {shown, STATE_UNAVAILABLE}
    assert qr_requests(account) == 1
    assert await dashboard.picture() != first
    assert qr_requests(account) == 2

    # The first QR code does not expire at the same time as the second.
    shown = state_of(hass, IMAGE)
    await async_advance(hass, freezer, 4)
    assert state_of(hass, IMAGE) == shown


async def test_linked_undetected(
    hass: HomeAssistant, dashboard: ImageDashboard, account: Account
) -> None:
    """Test that an account that needs no QR code is polled again."""
    account.state = "authorized"
    await dashboard.assert_no_image()
    await hass.async_block_till_done(wait_background_tasks=True)

    assert hass.states.get(STATE).state == "authorized"
    assert state_of(hass, IMAGE) == STATE_UNAVAILABLE
    await dashboard.assert_no_image()
    assert qr_requests(account) == 1


@pytest.mark.parametrize(
    "qr_type",
    [
        "PassKeyRequire",
        "already_registered",
        "error",
        "passkeyRequired",
        "pending_password",
        "surprise",
    ],
)
async def test_no_qr_code(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dashboard: ImageDashboard,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    qr_type: str,
) -> None:
    """Test that a response without a QR code is kept for a while."""
    caplog.set_level(logging.DEBUG)
    account.qr_type = qr_type
    await assert_cured(hass, freezer, dashboard, account, caplog)


@pytest.mark.parametrize("fault", FAULT_OF_KIND.values())
async def test_failures(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dashboard: ImageDashboard,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    """Test that a failure is handled like a response without a QR code."""
    caplog.set_level(logging.DEBUG)
    account.faults["qr"] = fault
    await assert_cured(hass, freezer, dashboard, account, caplog)


async def assert_cured(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dashboard: ImageDashboard,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Assert that there is no QR code for a while, and nothing is logged."""
    await dashboard.assert_no_image()
    before = qr_requests(account)
    await dashboard.assert_no_image()
    assert qr_requests(account) == before
    assert hass.states.get(STATE).state == "not_authorized"

    account.qr_type = None
    account.faults.clear()
    shown = state_of(hass, IMAGE)
    await async_advance(hass, freezer, 10)
    assert state_of(hass, IMAGE) not in {shown, STATE_UNAVAILABLE}
    assert (await dashboard.picture()).startswith(PNG)
    assert logged_errors(caplog) == []
    assert_hidden(TOKEN, caplog, *hass.states.async_all())


async def async_give_up(
    freezer: FrozenDateTimeFactory, dashboard: ImageDashboard, account: Account
) -> None:
    """Request the image until Home Assistant stops waiting, after 10 seconds."""
    request = asyncio.create_task(dashboard.fetch())
    await async_wait_until(lambda: qr_requests(account) == 1)
    await async_advance_slowly(freezer, 11)
    assert (await request).status == HTTPStatus.INTERNAL_SERVER_ERROR


def requests_under_way() -> list[str]:
    """Return the names of the tasks that request a QR code."""
    names = (task.get_name() for task in asyncio.all_tasks())
    return [name for name in names if name == f"{IMAGE} request"]


async def test_slow_response(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dashboard: ImageDashboard,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that a QR code that takes 40 seconds is shown for the full time."""
    account.delays = {"qr": 40}
    await async_give_up(freezer, dashboard, account)
    before = state_of(hass, IMAGE)
    # Further requests meanwhile wait for the same response.
    again = asyncio.create_task(dashboard.fetch())
    await async_advance_slowly(freezer, 11)
    assert (await again).status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert state_of(hass, IMAGE) == before

    await async_advance_slowly(freezer, 19)
    assert qr_requests(account) == 1
    assert (shown := state_of(hass, IMAGE)) != before
    first = await dashboard.picture()
    assert first.startswith(PNG)
    assert await dashboard.picture() == first
    assert qr_requests(account) == 1
    assert state_of(hass, IMAGE) == shown

    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=10))
    await hass.async_block_till_done()
    assert state_of(hass, IMAGE) != shown
    account.delays = {}
    assert await dashboard.picture() != first
    assert logged_errors(caplog) == []


async def test_slow_response_with_waiting_viewer(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dashboard: ImageDashboard,
    account: Account,
) -> None:
    """Test that a waiting viewer gets the QR code without another fetch."""
    account.delays = {"qr": 15}
    await async_give_up(freezer, dashboard, account)
    before = state_of(hass, IMAGE)
    again = asyncio.create_task(dashboard.picture())
    await async_advance_slowly(freezer, 6)
    assert (await again).startswith(PNG)
    assert state_of(hass, IMAGE) == before


async def test_timeout(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dashboard: ImageDashboard,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that a request that gets no response ends, and is followed by another."""
    account.faults["qr"] = Fault.HANG
    await async_give_up(freezer, dashboard, account)
    assert requests_under_way()
    await async_advance_slowly(freezer, 70)
    assert not requests_under_way()
    await dashboard.assert_no_image()
    assert qr_requests(account) == 1

    account.faults.clear()
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=10))
    await hass.async_block_till_done()
    assert (await dashboard.picture()).startswith(PNG)
    assert logged_errors(caplog) == []


@pytest.mark.parametrize("state", ["authorized", "blocked", "starting"])
async def test_change_while_requesting_qr_code(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dashboard: ImageDashboard,
    account: Account,
    state: str,
) -> None:
    """Test that a request for a QR code ends when the account no longer needs one."""
    account.faults["qr"] = Fault.HANG
    await async_give_up(freezer, dashboard, account)
    account.state = state
    await async_refresh(hass)
    assert state_of(hass, IMAGE) == STATE_UNAVAILABLE
    await async_wait_until(lambda: not requests_under_way())

    account.faults.clear()
    account.state = "notAuthorized"
    await async_refresh(hass)
    assert (await dashboard.picture()).startswith(PNG)


async def test_retry_after(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dashboard: ImageDashboard,
    account: Account,
) -> None:
    """Test that no viewer waits during a requested pause, and the QR code follows."""
    account.retry_after = 25
    account.faults["qr"] = Fault.RATE_LIMITED_RETRY_AFTER
    await dashboard.assert_no_image()
    account.faults.clear()
    for _ in range(2):
        await async_advance(hass, freezer, 10)
        await dashboard.assert_no_image()
    assert qr_requests(account) == 1
    await async_advance(hass, freezer, 10)
    assert (await dashboard.picture()).startswith(PNG)


@pytest.mark.parametrize(
    ("qr_type", "fault", "state", "shown"),
    [
        ("error", None, "starting", "starting"),
        ("alreadyLogged", None, "blocked", "blocked"),
        ("pending_password", None, "pendingPassword", "pending_password"),
        (None, Fault.STARTING, "starting", "starting"),
        (None, Fault.UNAUTHORIZED, "suspended", "suspended"),
    ],
)
async def test_no_need_for_qr_code(
    hass: HomeAssistant,
    dashboard: ImageDashboard,
    account: Account,
    qr_type: str | None,
    fault: Fault | None,
    state: str,
    shown: str,
) -> None:
    """Test that a response that rules out QR codes causes a poll at once."""
    await dashboard.picture()
    account.qr_type = qr_type
    account.faults["qr"] = fault
    account.state = state
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=11))
    await hass.async_block_till_done()
    await dashboard.assert_no_image()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, STATE) == shown


@pytest.fixture
def delayed_qr_code(
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[asyncio.Event, asyncio.Event]:
    """Delay QR codes; return the events of the call and of the response."""
    return delay_result(monkeypatch, GreenApiClient, "get_qr")


async def test_linked_during_request(
    hass: HomeAssistant,
    dashboard: ImageDashboard,
    account: Account,
    delayed_qr_code: tuple[asyncio.Event, asyncio.Event],
) -> None:
    """Test that a QR code that arrives too late is never shown."""
    requested, answer = delayed_qr_code
    request = asyncio.create_task(dashboard.fetch())
    await requested.wait()
    account.state = "authorized"
    await async_refresh(hass)
    answer.set()
    assert (await request).status == HTTPStatus.INTERNAL_SERVER_ERROR

    account.state = "notAuthorized"
    await async_refresh(hass)
    await dashboard.picture()
    assert qr_requests(account) == 2


@at_every_end
async def test_removed_during_request(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dashboard: ImageDashboard,
    loaded_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    end: End,
) -> None:
    """Test that a request for a QR code ends with the entry, for all its viewers."""
    account.faults["qr"] = Fault.HANG
    fetches = [asyncio.create_task(dashboard.fetch()) for _ in range(2)]
    await async_wait_until(lambda: qr_requests(account) == 1)

    await end(hass, loaded_entry)

    for request in fetches:
        assert (await request).status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert logged_errors(caplog) == []
    assert qr_requests(account) == 1


async def test_reload_during_request(
    hass: HomeAssistant,
    dashboard: ImageDashboard,
    loaded_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that a request for a QR code ends with a reload, and the next succeeds."""
    account.faults["qr"] = Fault.HANG
    request = asyncio.create_task(dashboard.fetch())
    await async_wait_until(lambda: qr_requests(account) == 1)
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    assert (await request).status == HTTPStatus.INTERNAL_SERVER_ERROR

    account.faults.clear()
    assert (await dashboard.picture()).startswith(PNG)
    assert logged_errors(caplog) == []


async def test_rename_while_shown(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dashboard: ImageDashboard,
    account: Account,
    entity_registry: er.EntityRegistry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that an image that is renamed while it is shown works under its new name."""
    assert (await dashboard.picture()).startswith(PNG)

    entity_registry.async_update_entity(IMAGE, new_entity_id="image.scan_me")
    await hass.async_block_till_done()

    assert hass.states.get(IMAGE) is None
    dashboard.entity_id = "image.scan_me"
    assert (await dashboard.picture()).startswith(PNG)
    shown = hass.states.get("image.scan_me").state
    await async_advance(hass, freezer, 10)
    assert hass.states.get("image.scan_me").state not in {shown, STATE_UNAVAILABLE}
    account.state = "authorized"
    await async_refresh(hass)
    assert hass.states.get("image.scan_me").state == STATE_UNAVAILABLE
    assert logged_errors(caplog) == []


@pytest.mark.skipif(not IS_RECENT, reason="older versions add it again")
async def test_rename_in_place(
    hass: HomeAssistant,
    dashboard: ImageDashboard,
    account: Account,
    entity_registry: er.EntityRegistry,
) -> None:
    """Test that an image that is renamed keeps its QR code."""
    first = await dashboard.picture()
    entity_registry.async_update_entity(IMAGE, new_entity_id="image.scan_me")
    await hass.async_block_till_done()
    dashboard.entity_id = "image.scan_me"
    assert await dashboard.picture() == first
    assert qr_requests(account) == 1


async def test_unload(
    hass: HomeAssistant,
    dashboard: ImageDashboard,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a QR code is removed with the entry."""
    await dashboard.picture()

    await hass.config_entries.async_unload(loaded_entry.entry_id)

    assert loaded_entry.state is ConfigEntryState.NOT_LOADED
    assert (await dashboard.fetch()).status == HTTPStatus.NOT_FOUND
    assert qr_requests(account) == 1
