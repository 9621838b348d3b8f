"""Test the image of the QR code."""

import asyncio
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
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import (
    MAJOR_VERSION,
    MINOR_VERSION,
    STATE_UNAVAILABLE,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from tests.simulator import Account, Fault, Messenger
from tests.support.const import INSTANCE_ID, TOKEN
from tests.support.dialog import End, at_every_end
from tests.support.entities import IMAGE, STATE, state_of
from tests.support.failures import FAULT_OF_KIND
from tests.support.helpers import (
    async_pass,
    async_polls,
    complaints,
    enable,
)
from tests.support.lateness import answer_late
from tests.support.secrecy import assert_hidden
from tests.support.waiting import async_until

IS_RECENT: Final = (MAJOR_VERSION, MINOR_VERSION) >= (2026, 11)

PNG: Final = b"\x89PNG\r\n\x1a\n"


class Viewer:
    """A dashboard with the image on it."""

    def __init__(self, hass: HomeAssistant, client: TestClient) -> None:
        """Sign in."""
        self.entity_id = IMAGE
        self._hass = hass
        self._client = client

    async def look(self) -> ClientResponse:
        """Ask for the image, as the browser does."""
        return await self._client.get(f"/api/image_proxy/{self.entity_id}")

    async def see(self) -> bytes:
        """Return the picture that there is."""
        response = await self.look()
        assert response.status == HTTPStatus.OK
        assert response.content_type == "image/png"
        return await response.read()

    async def see_nothing(self) -> None:
        """Look in vain."""
        response = await self.look()
        assert response.status == HTTPStatus.INTERNAL_SERVER_ERROR
        assert TOKEN not in await response.text()


@pytest.fixture
def enabled(entity_registry: er.EntityRegistry) -> None:
    """Enable the image before its account is set up."""
    enable(entity_registry, IMAGE, f"{INSTANCE_ID}_qr_code")


@pytest.fixture
async def viewer(
    hass: HomeAssistant,
    enabled: None,
    loaded_entry: MockConfigEntry,
    account: Account,
    freezer: FrozenDateTimeFactory,
    hass_client: ClientSessionGenerator,
) -> Viewer:
    """Return the dashboard of an account that is logged out."""
    client = await hass_client()
    account.state = "notAuthorized"
    await async_pass(hass, freezer)
    return Viewer(hass, client)


def looks(account: Account) -> int:
    """Return how often a QR code was asked for."""
    return [request.method for request in account.requests].count("qr")


async def async_refresh(hass: HomeAssistant) -> None:
    """Look at the account now."""
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
    viewer: Viewer,
    account: Account,
    raw: str | None,
    *,
    available: bool,
) -> None:
    """The image is there while the account is logged out, and only then."""
    account.state = raw
    await async_pass(hass, freezer)
    assert (state_of(hass, IMAGE) != STATE_UNAVAILABLE) is available

    account.fault = Fault.BAD_GATEWAY
    await async_pass(hass, freezer)
    assert state_of(hass, IMAGE) == STATE_UNAVAILABLE
    await viewer.see_nothing()
    assert looks(account) == 0


async def test_nobody_looks(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    viewer: Viewer,
    account: Account,
) -> None:
    """As long as nobody looks, nobody asks for a QR code."""
    await async_polls(hass, freezer, 10)

    assert looks(account) == 0


@pytest.mark.parametrize("messenger", Messenger)
async def test_somebody_looks(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    viewer: Viewer,
    account: Account,
    messenger: Messenger,
) -> None:
    """One QR code serves many looks; the next one comes when it is old."""
    account.messenger = messenger
    first = await viewer.see()
    assert first.startswith(PNG)
    shown = state_of(hass, IMAGE)
    await async_pass(hass, freezer, 9)
    assert await viewer.see() == first
    assert state_of(hass, IMAGE) == shown
    assert looks(account) == 1

    await async_pass(hass, freezer, 1)
    assert state_of(hass, IMAGE) == dt_util.utcnow().isoformat()
    assert looks(account) == 1
    second = await viewer.see()
    assert second.startswith(PNG)
    assert second != first
    assert looks(account) == 2

    await async_pass(hass, freezer, 10)
    shown = state_of(hass, IMAGE)
    await async_polls(hass, freezer, 5)
    assert state_of(hass, IMAGE) == shown
    assert looks(account) == 2


async def test_two_look(viewer: Viewer, account: Account) -> None:
    """Two who look at once see the same."""
    first, second = await asyncio.gather(viewer.see(), viewer.see())

    assert first == second
    assert looks(account) == 1


async def test_linked(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    viewer: Viewer,
    account: Account,
) -> None:
    """The QR code goes when the account is linked; later ones are others."""
    first = await viewer.see()
    shown = state_of(hass, IMAGE)
    freezer.tick(5)
    account.state = "authorized"
    await async_refresh(hass)
    assert state_of(hass, IMAGE) == STATE_UNAVAILABLE
    await viewer.see_nothing()

    account.state = "notAuthorized"
    freezer.tick(2)
    await async_refresh(hass)
    assert state_of(hass, IMAGE) not in {shown, STATE_UNAVAILABLE}
    assert looks(account) == 1
    assert await viewer.see() != first
    assert looks(account) == 2

    # The end of the first QR code is not that of the second.
    shown = state_of(hass, IMAGE)
    await async_pass(hass, freezer, 4)
    assert state_of(hass, IMAGE) == shown


async def test_linked_unnoticed(
    hass: HomeAssistant, viewer: Viewer, account: Account
) -> None:
    """An account that needs no QR code is looked at again."""
    account.state = "authorized"
    await viewer.see_nothing()
    await hass.async_block_till_done(wait_background_tasks=True)

    assert hass.states.get(STATE).state == "authorized"
    assert state_of(hass, IMAGE) == STATE_UNAVAILABLE
    await viewer.see_nothing()
    assert looks(account) == 1


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
    viewer: Viewer,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    qr_type: str,
) -> None:
    """An answer without a QR code is one for a while."""
    caplog.set_level(logging.DEBUG)
    account.qr_type = qr_type
    await assert_cured(hass, freezer, viewer, account, caplog)


@pytest.mark.parametrize("fault", FAULT_OF_KIND.values())
async def test_failures(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    viewer: Viewer,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    """A failure is an answer without a QR code."""
    caplog.set_level(logging.DEBUG)
    account.faults["qr"] = fault
    await assert_cured(hass, freezer, viewer, account, caplog)


async def assert_cured(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    viewer: Viewer,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Assert that there is no QR code for a while, without any fuss."""
    await viewer.see_nothing()
    before = looks(account)
    await viewer.see_nothing()
    assert looks(account) == before
    assert hass.states.get(STATE).state == "not_authorized"

    account.qr_type = None
    account.faults.clear()
    shown = state_of(hass, IMAGE)
    await async_pass(hass, freezer, 10)
    assert state_of(hass, IMAGE) not in {shown, STATE_UNAVAILABLE}
    assert (await viewer.see()).startswith(PNG)
    assert complaints(caplog) == []
    assert_hidden(TOKEN, caplog, *hass.states.async_all())


async def test_no_answer(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    viewer: Viewer,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nobody waits for a QR code for ever."""
    account.faults["qr"] = Fault.HANG
    look = asyncio.create_task(viewer.look())
    await async_until(lambda: looks(account) == 1)
    freezer.tick(10)
    async_fire_time_changed(hass)
    assert (await look).status == HTTPStatus.INTERNAL_SERVER_ERROR
    await asyncio.sleep(0)
    assert f"{IMAGE} request" not in {it.get_name() for it in asyncio.all_tasks()}

    account.faults.clear()
    assert (await viewer.see()).startswith(PNG)
    assert complaints(caplog) == []


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> tuple[asyncio.Event, asyncio.Event]:
    """Let QR codes come late; return the events of the call and of the answer."""
    return answer_late(monkeypatch, GreenApiClient, "get_qr")


async def test_linked_meanwhile(
    hass: HomeAssistant,
    viewer: Viewer,
    account: Account,
    late: tuple[asyncio.Event, asyncio.Event],
) -> None:
    """A QR code that comes too late is not shown, not even when it could be again."""
    asked, answer = late
    look = asyncio.create_task(viewer.look())
    await asked.wait()
    account.state = "authorized"
    await async_refresh(hass)
    answer.set()
    assert (await look).status == HTTPStatus.INTERNAL_SERVER_ERROR

    account.state = "notAuthorized"
    await async_refresh(hass)
    await viewer.see()
    assert looks(account) == 2


@at_every_end
async def test_end_meanwhile(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    viewer: Viewer,
    loaded_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    end: End,
) -> None:
    """A request for a QR code ends with the config entry, for all who wait for it."""
    account.faults["qr"] = Fault.HANG
    looks_ = [asyncio.create_task(viewer.look()) for _ in range(2)]
    await async_until(lambda: looks(account) == 1)

    await end(hass, loaded_entry)

    for look in looks_:
        assert (await look).status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert complaints(caplog) == []
    assert looks(account) == 1


async def test_reload_meanwhile(
    hass: HomeAssistant,
    viewer: Viewer,
    loaded_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A request for a QR code ends with a reload, and the next one is answered."""
    account.faults["qr"] = Fault.HANG
    look = asyncio.create_task(viewer.look())
    await async_until(lambda: looks(account) == 1)
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    assert (await look).status == HTTPStatus.INTERNAL_SERVER_ERROR

    account.faults.clear()
    assert (await viewer.see()).startswith(PNG)
    assert complaints(caplog) == []


async def test_rename(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    viewer: Viewer,
    account: Account,
    entity_registry: er.EntityRegistry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An image that is renamed while it is shown goes on under its new name."""
    assert (await viewer.see()).startswith(PNG)

    entity_registry.async_update_entity(IMAGE, new_entity_id="image.scan_me")
    await hass.async_block_till_done()

    assert hass.states.get(IMAGE) is None
    viewer.entity_id = "image.scan_me"
    assert (await viewer.see()).startswith(PNG)
    shown = hass.states.get("image.scan_me").state
    await async_pass(hass, freezer, 10)
    assert hass.states.get("image.scan_me").state not in {shown, STATE_UNAVAILABLE}
    account.state = "authorized"
    await async_refresh(hass)
    assert hass.states.get("image.scan_me").state == STATE_UNAVAILABLE
    assert complaints(caplog) == []


@pytest.mark.skipif(not IS_RECENT, reason="older versions add it again")
async def test_rename_in_place(
    hass: HomeAssistant,
    viewer: Viewer,
    account: Account,
    entity_registry: er.EntityRegistry,
) -> None:
    """An image that is renamed keeps its QR code."""
    first = await viewer.see()
    entity_registry.async_update_entity(IMAGE, new_entity_id="image.scan_me")
    await hass.async_block_till_done()
    viewer.entity_id = "image.scan_me"
    assert await viewer.see() == first
    assert looks(account) == 1


async def test_unload(
    hass: HomeAssistant,
    viewer: Viewer,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """A QR code goes with the entry."""
    await viewer.see()

    await hass.config_entries.async_unload(loaded_entry.entry_id)

    assert loaded_entry.state is ConfigEntryState.NOT_LOADED
    assert (await viewer.look()).status == HTTPStatus.NOT_FOUND
    assert looks(account) == 1
