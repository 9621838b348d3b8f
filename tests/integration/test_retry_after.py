"""Test that a wait requested with `Retry-After` applies everywhere."""

from collections.abc import Awaitable, Callable
from typing import Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.green_api.api import ErrorKind
from custom_components.green_api.const import CONF_API_URL, DOMAIN
from homeassistant.components.button import DOMAIN as BUTTON_DOMAIN, SERVICE_PRESS
from homeassistant.components.homeassistant import (
    DOMAIN as HOMEASSISTANT_DOMAIN,
    SERVICE_UPDATE_ENTITY,
)
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import ATTR_ENTITY_ID, CONF_API_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from tests.simulator import Account, Fault
from tests.support.canned import CannedServer
from tests.support.const import INSTANCE_ID
from tests.support.entities import BUTTON, IMAGE, STATE
from tests.support.helpers import (
    all_called_methods,
    async_advance,
    async_polls,
    async_set_up,
    called_methods,
    enable,
)

WAIT: Final = 1800


@pytest.fixture
async def rate_limited_entry(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    config_entry: MockConfigEntry,
) -> MockConfigEntry:
    """Return the entry of an account whose server has just asked to wait."""
    enable(er.async_get(hass), IMAGE, f"{INSTANCE_ID}_qr_code")
    assert await async_setup_component(hass, HOMEASSISTANT_DOMAIN, {})
    account.state = "notAuthorized"
    await async_set_up(hass, config_entry)
    await async_advance(hass, freezer)
    account.fault = Fault.RATE_LIMITED_RETRY_AFTER
    account.retry_after = WAIT
    await async_advance(hass, freezer)
    account.fault = None
    account.requests.clear()
    return config_entry


async def reauthenticate(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Enter the token again."""
    form = await entry.start_reauth_flow(hass)
    form = await hass.config_entries.flow.async_configure(
        form["flow_id"], {CONF_API_TOKEN: entry.data[CONF_API_TOKEN]}
    )
    return form["errors"]["base"]


async def reconfigure(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Enter the address again."""
    menu = await entry.start_reconfigure_flow(hass)
    form = await hass.config_entries.flow.async_configure(
        menu["flow_id"], {"next_step_id": "address"}
    )
    form = await hass.config_entries.flow.async_configure(
        form["flow_id"], {CONF_API_URL: f"{entry.data[CONF_API_URL]}/v3"}
    )
    return form["errors"]["base"]


async def add_again(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Remove the account, and add it again."""
    await hass.config_entries.async_remove(entry.entry_id)
    form = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    form = await hass.config_entries.flow.async_configure(
        form["flow_id"], dict(entry.data)
    )
    return form["errors"]["base"]


@pytest.mark.parametrize("act", [reauthenticate, reconfigure, add_again])
async def test_no_requests(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rate_limited_entry: MockConfigEntry,
    account: Account,
    act: Callable[[HomeAssistant, MockConfigEntry], Awaitable[str]],
) -> None:
    """Test that a request before the end fails with an error, and is not made."""
    await async_advance(hass, freezer, WAIT - 60)
    assert await act(hass, rate_limited_entry) == ErrorKind.RATE_LIMITED
    assert account.requests == []


async def test_other_methods(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rate_limited_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a wait for one method does not apply to others."""
    await hass.services.async_call(
        BUTTON_DOMAIN, SERVICE_PRESS, {ATTR_ENTITY_ID: BUTTON}, blocking=True
    )
    assert called_methods(account) == ["reboot"]


async def test_another_server(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rate_limited_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a wait for one server does not apply to another server."""
    async with CannedServer() as other:
        other.respond(200, '{"stateInstance":"notAuthorized"}')
        menu = await rate_limited_entry.start_reconfigure_flow(hass)
        form = await hass.config_entries.flow.async_configure(
            menu["flow_id"], {"next_step_id": "address"}
        )
        form = await hass.config_entries.flow.async_configure(
            form["flow_id"], {CONF_API_URL: other.url}
        )
        assert form["reason"] == "reconfigure_successful"
        await hass.async_block_till_done(wait_background_tasks=True)
        assert hass.states.get(STATE).state == "not_authorized"
    assert account.requests == []


async def test_wait_of_other_server(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a wrong server tried in a dialog does not pause the account."""
    async with CannedServer() as other:
        other.respond(429, "", Retry_After="3600")
        form = await loaded_entry.start_reconfigure_flow(hass)
        flow = hass.config_entries.flow
        form = await flow.async_configure(form["flow_id"], {"next_step_id": "address"})
        form = await flow.async_configure(form["flow_id"], {CONF_API_URL: other.url})
        assert form["errors"]["base"] == ErrorKind.RATE_LIMITED
    account.requests.clear()
    await async_polls(hass, freezer, 3)
    assert all_called_methods(account).count("getStateInstance") == 3
    url = loaded_entry.data[CONF_API_URL]
    form = await flow.async_configure(form["flow_id"], {CONF_API_URL: url})
    assert form["reason"] == "reconfigure_successful"


async def test_update(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rate_limited_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that an update requested before the end makes no request either."""
    await async_advance(hass, freezer, WAIT - 60)
    await hass.services.async_call(
        HOMEASSISTANT_DOMAIN,
        SERVICE_UPDATE_ENTITY,
        {ATTR_ENTITY_ID: STATE},
        blocking=True,
    )
    assert account.requests == []


async def test_reload(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rate_limited_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a reload makes no request, and the account is polled at the end."""
    await hass.config_entries.async_reload(rate_limited_entry.entry_id)
    await async_advance(hass, freezer, WAIT - 60)
    assert "getStateInstance" not in all_called_methods(account)
    await async_polls(hass, freezer, 10)
    assert "getStateInstance" in all_called_methods(account)
    assert hass.states.get(STATE).state == "not_authorized"


async def test_image(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    rate_limited_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that the QR code is shown without a request for the state."""
    browser = await hass_client()
    response = await browser.get(f"/api/image_proxy/{IMAGE}")
    assert response.status == 200
    assert called_methods(account) == ["qr"]
