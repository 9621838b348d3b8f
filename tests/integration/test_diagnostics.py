"""Test the diagnostics that people attach to what they report."""

from http import HTTPStatus
import json
from pathlib import Path
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.green_api.const import (
    CONF_API_URL,
    CONF_INSTANCE_ID,
    DOMAIN,
)
from homeassistant.components.diagnostics import (
    DOMAIN as DIAGNOSTICS_DOMAIN,
    REDACTED,
)
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import CONF_API_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.simulator import Account, Fault, Messenger, Simulator
from tests.support.const import INSTANCE_ID, TOKEN
from tests.support.helpers import async_pass, async_polls, async_set_up
from tests.support.recipients import ALEX_CHAT, async_add_recipient
from tests.support.secrecy import assert_hidden

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")

MANIFEST: Final = (
    Path(__file__).parents[2] / "custom_components" / DOMAIN / "manifest.json"
)
VERSION: Final = json.loads(MANIFEST.read_text(encoding="utf-8"))["version"]

PHONE: Final = "79001234567"
WEBHOOK_HOST: Final = "hook.example"

# Home Assistant keeps the key of the reason why it tries again to set up.


@pytest.fixture
def account(account: Account) -> Account:
    """Return an account with much to hide."""
    account.wid = f"{PHONE}@c.us"
    account.settings = {
        "webhookUrl": f"https://user:password@{WEBHOOK_HOST}/{INSTANCE_ID}",
        "stateWebhook": "yes",
    }
    return account


def about_entry(
    simulator: Simulator, state: str, reason: str | None = None
) -> dict[str, Any]:
    """Return what the diagnostics say of a config entry."""
    return {
        "data": {
            CONF_API_URL: simulator.url,
            CONF_INSTANCE_ID: REDACTED,
            CONF_API_TOKEN: REDACTED,
        },
        "state": state,
        "reason": reason,
    }


SETTINGS: Final = {
    "messenger": "whatsapp",
    "wid": REDACTED,
    "webhook_url": REDACTED,
    "state_webhook": True,
    "message_delay": 3.0,
}


async def test_healthy(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    account: Account,
    loaded_entry: MockConfigEntry,
) -> None:
    """The diagnostics show how an account is, not whose it is, without a request."""
    start = dt_util.utcnow().isoformat()
    await async_pass(hass, freezer)
    account.requests.clear()

    diagnostics = await get_diagnostics_for_config_entry(
        hass, hass_client, loaded_entry
    )

    assert diagnostics == {
        "integration_version": VERSION,
        "entry": about_entry(simulator, "loaded"),
        "recipients": 0,
        "account": {
            "state": {
                "raw": "authorized",
                "since": start,
                "restricted_until": None,
                "messages_in_queue": 0,
            },
            "problem": {"reason": None, "since": None, "remembered": None},
            "polling": {
                "interval_seconds": 60.0,
                "last_update_success": True,
                "error": None,
            },
            "settings": SETTINGS,
        },
    }
    assert account.requests == []


async def test_everything_known(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    account: Account,
    config_entry: MockConfigEntry,
) -> None:
    """The diagnostics show all that is known of an account with a problem."""
    account.messenger = Messenger.TELEGRAM
    account.state = "suspended"
    account.suspended_until = 1_800_000_000
    account.queue = 3
    start = dt_util.utcnow().isoformat()
    await async_set_up(hass, config_entry)
    await async_pass(hass, freezer)

    diagnostics = await get_diagnostics_for_config_entry(
        hass, hass_client, config_entry
    )

    assert diagnostics["account"] == {
        "state": {
            "raw": "suspended",
            "since": start,
            "restricted_until": "2027-01-15T08:00:00+00:00",
            "messages_in_queue": 3,
        },
        "problem": {
            "reason": "restricted",
            "since": start,
            "remembered": "restricted",
        },
        "polling": {
            "interval_seconds": 60.0,
            "last_update_success": True,
            "error": None,
        },
        "settings": SETTINGS | {"messenger": "telegram"},
    }


async def test_nothing_known(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    account: Account,
    config_entry: MockConfigEntry,
) -> None:
    """What the server does not report is shown as unknown."""
    account.state = None
    account.faults["getSettings"] = Fault.SERVER_ERROR
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)

    diagnostics = await get_diagnostics_for_config_entry(
        hass, hass_client, config_entry
    )

    assert diagnostics["account"]["state"]["raw"] is None
    assert diagnostics["account"]["polling"]["interval_seconds"] <= 11
    assert diagnostics["account"]["settings"] is None


async def test_no_webhook(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    account: Account,
    config_entry: MockConfigEntry,
) -> None:
    """That there is no account and no webhook is no secret, but worth to know."""
    account.state = "notAuthorized"
    account.settings = {}
    await async_set_up(hass, config_entry)

    diagnostics = await get_diagnostics_for_config_entry(
        hass, hass_client, config_entry
    )

    assert diagnostics["account"]["settings"] == {
        "messenger": "whatsapp",
        "wid": "",
        "webhook_url": "",
        "state_webhook": False,
        "message_delay": 3.0,
    }


async def test_outage(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
    account: Account,
    loaded_entry: MockConfigEntry,
) -> None:
    """In an outage, the diagnostics show what is wrong, and how it was before."""
    account.state = "sleepMode"
    await async_pass(hass, freezer)
    account.fault = Fault.BAD_GATEWAY
    await async_pass(hass, freezer)

    diagnostics = await get_diagnostics_for_config_entry(
        hass, hass_client, loaded_entry
    )

    assert diagnostics["entry"]["state"] == "loaded"
    assert diagnostics["account"]["state"]["raw"] == "sleepMode"
    assert diagnostics["account"]["polling"] == {
        "interval_seconds": 60.0,
        "last_update_success": False,
        "error": "cannot_connect",
    }


async def test_disabled(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    loaded_entry: MockConfigEntry,
) -> None:
    """The diagnostics of a disabled account are short."""
    await hass.config_entries.async_set_disabled_by(
        loaded_entry.entry_id, ConfigEntryDisabler.USER
    )

    diagnostics = await get_diagnostics_for_config_entry(
        hass, hass_client, loaded_entry
    )

    assert diagnostics == {
        "integration_version": VERSION,
        "entry": about_entry(simulator, "not_loaded"),
        "recipients": 0,
        "account": None,
    }


@pytest.mark.parametrize("fault", [None, Fault.DELETED, Fault.FORBIDDEN_HTML])
async def test_hidden(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
    account: Account,
    loaded_entry: MockConfigEntry,
    fault: Fault | None,
) -> None:
    """Nothing in the whole file reveals whose account it is, whatever is wrong."""
    await async_add_recipient(hass, loaded_entry, "Alexandra", ALEX_CHAT)
    assert await async_setup_component(hass, DIAGNOSTICS_DOMAIN, {})
    account.state = "blocked"
    account.fault = fault
    await async_polls(hass, freezer, 12)
    in_problem = {issue_id for _, issue_id in ir.async_get(hass).issues}
    assert in_problem

    client = await hass_client()
    response = await client.get(
        f"/api/diagnostics/config_entry/{loaded_entry.entry_id}"
    )

    assert response.status == HTTPStatus.OK
    text = await response.text()
    assert {issue["issue_id"] for issue in json.loads(text)["issues"]} == in_problem
    assert loaded_entry.entry_id in text
    assert INSTANCE_ID not in text
    assert PHONE not in text
    assert WEBHOOK_HOST not in text
    assert "Alexandra" not in text
    assert ALEX_CHAT not in text
    assert json.loads(text)["data"]["recipients"] == 1
    assert_hidden(TOKEN, text)
