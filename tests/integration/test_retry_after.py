"""Test that what the server asks for with `Retry-After` binds everything."""

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
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from tests.simulator import Account, Fault
from tests.support.const import INSTANCE_ID
from tests.support.entities import BUTTON, IMAGE, STATE
from tests.support.helpers import async_pass, async_polls, enable

WAIT: Final = 1800


@pytest.fixture
async def asked_to_wait(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    config_entry: MockConfigEntry,
) -> MockConfigEntry:
    """Return the entry of an account whose server has just asked to wait."""
    enable(er.async_get(hass), IMAGE, f"{INSTANCE_ID}_qr_code")
    assert await async_setup_component(hass, HOMEASSISTANT_DOMAIN, {})
    account.state = "notAuthorized"
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await async_pass(hass, freezer)
    account.fault = Fault.RATE_LIMITED_RETRY_AFTER
    account.retry_after = WAIT
    await async_pass(hass, freezer)
    account.fault = None
    account.requests.clear()
    return config_entry


async def press(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Press the button."""
    with pytest.raises(HomeAssistantError) as raised:
        await hass.services.async_call(
            BUTTON_DOMAIN, SERVICE_PRESS, {ATTR_ENTITY_ID: BUTTON}, blocking=True
        )
    return raised.value.translation_key


async def reauthenticate(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Give the token again."""
    form = await entry.start_reauth_flow(hass)
    form = await hass.config_entries.flow.async_configure(
        form["flow_id"], {CONF_API_TOKEN: entry.data[CONF_API_TOKEN]}
    )
    return form["errors"]["base"]


async def reconfigure(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Give the address again."""
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


@pytest.mark.parametrize("ask", [press, reauthenticate, reconfigure, add_again])
async def test_nothing_is_asked(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    asked_to_wait: MockConfigEntry,
    account: Account,
    ask: Callable[[HomeAssistant, MockConfigEntry], Awaitable[str]],
) -> None:
    """A request before the time is over fails with a message, and is not made."""
    await async_pass(hass, freezer, WAIT - 60)
    assert await ask(hass, asked_to_wait) == ErrorKind.RATE_LIMITED
    assert account.requests == []


async def test_update(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    asked_to_wait: MockConfigEntry,
    account: Account,
) -> None:
    """Whoever wants the state updated before the time is over does not ask either."""
    await async_pass(hass, freezer, WAIT - 60)
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
    asked_to_wait: MockConfigEntry,
    account: Account,
) -> None:
    """A reload does not ask, and the account is looked at when the time is over."""
    await hass.config_entries.async_reload(asked_to_wait.entry_id)
    await async_pass(hass, freezer, WAIT - 60)
    assert account.requests == []
    await async_polls(hass, freezer, 10)
    assert account.requests
    assert hass.states.get(STATE).state == "not_authorized"


async def test_image(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    asked_to_wait: MockConfigEntry,
    account: Account,
) -> None:
    """Who looks at the QR code sees none, and no request is made."""
    browser = await hass_client()
    response = await browser.get(f"/api/image_proxy/{IMAGE}")
    assert response.status == 500
    assert account.requests == []
