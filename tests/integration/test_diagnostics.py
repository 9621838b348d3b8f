"""Test the diagnostics that users attach to their reports."""

from datetime import datetime
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
from custom_components.green_api.decisions.delivery import DeliveryStatus
from custom_components.green_api.issues import async_report_unconfirmed
from custom_components.green_api.sending.followed import SentMessage
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
from tests.support.helpers import async_advance, async_polls, async_set_up
from tests.support.recipients import ALEX_CHAT, async_add_recipient
from tests.support.secrecy import assert_hidden

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")

MANIFEST: Final = (
    Path(__file__).parents[2] / "custom_components" / DOMAIN / "manifest.json"
)
VERSION: Final = json.loads(MANIFEST.read_text(encoding="utf-8"))["version"]

PHONE: Final = "79001234567"
WEBHOOK_HOST: Final = "hook.example"

# Home Assistant keeps the translation key of the reason for a setup retry.


@pytest.fixture
def account(account: Account) -> Account:
    """Return an account with much data to redact."""
    account.wid = f"{PHONE}@c.us"
    account.settings = {
        "webhookUrl": f"https://user:password@{WEBHOOK_HOST}/{INSTANCE_ID}",
        "stateWebhook": "yes",
    }
    return account


def about_entry(
    simulator: Simulator, state: str, reason: str | None = None
) -> dict[str, Any]:
    """Return the diagnostics of a config entry."""
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
    "has_webhook": True,
    "receives_messages": False,
    "receives_votes": False,
    "uses_lids": False,
    "state_webhook": True,
    "reports_statuses": False,
    "message_delay": 3.0,
}

RECEIVING: Final = {"mode": "off", "stopped": None, "missed": 0, "dropped": {}}


async def test_healthy(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    account: Account,
    loaded_entry: MockConfigEntry,
) -> None:
    """Test that diagnostics show an account without its owner, and request nothing."""
    start = dt_util.utcnow().isoformat()
    await async_advance(hass, freezer)
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
                "interval_seconds": 60,
                "last_update_success": True,
                "error": None,
            },
            "receiving": RECEIVING,
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
    """Test that diagnostics contain all that is known of an account with a problem."""
    account.messenger = Messenger.TELEGRAM
    account.state = "suspended"
    account.suspended_until = 1_800_000_000
    account.queue = 3
    start = dt_util.utcnow().isoformat()
    await async_set_up(hass, config_entry)
    await async_advance(hass, freezer)

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
            "interval_seconds": 60,
            "last_update_success": True,
            "error": None,
        },
        "receiving": RECEIVING,
        "settings": SETTINGS | {"messenger": "telegram"},
    }


async def test_nothing_known(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    account: Account,
    config_entry: MockConfigEntry,
) -> None:
    """Test that values that the server does not report are shown as unknown."""
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
    """Test that a missing account and webhook are shown, as they are no secret."""
    account.state = "notAuthorized"
    account.settings = {}
    await async_set_up(hass, config_entry)

    diagnostics = await get_diagnostics_for_config_entry(
        hass, hass_client, config_entry
    )

    assert diagnostics["account"]["settings"] == {
        "messenger": "whatsapp",
        "wid": "",
        "has_webhook": False,
        "receives_messages": False,
        "receives_votes": False,
        "uses_lids": False,
        "state_webhook": False,
        "reports_statuses": False,
        "message_delay": 3.0,
    }


async def test_outage(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
    account: Account,
    loaded_entry: MockConfigEntry,
) -> None:
    """Test that diagnostics of an outage show the failure and the state before it."""
    account.state = "sleepMode"
    await async_advance(hass, freezer)
    account.fault = Fault.BAD_GATEWAY
    await async_advance(hass, freezer)

    diagnostics = await get_diagnostics_for_config_entry(
        hass, hass_client, loaded_entry
    )

    assert diagnostics["entry"]["state"] == "loaded"
    assert diagnostics["account"]["state"]["raw"] == "sleepMode"
    assert diagnostics["account"]["polling"] == {
        "interval_seconds": 60,
        "last_update_success": False,
        "error": "cannot_connect",
    }


async def test_disabled(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    loaded_entry: MockConfigEntry,
) -> None:
    """Test that diagnostics of a disabled account are short."""
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
async def test_redacted(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
    account: Account,
    loaded_entry: MockConfigEntry,
    fault: Fault | None,
) -> None:
    """Test that diagnostics never reveal the owner of the account."""
    await async_add_recipient(hass, loaded_entry, "Alexandra", ALEX_CHAT)
    (recipient,) = loaded_entry.subentries
    message = SentMessage(recipient, ALEX_CHAT, "3EB0", 0, dt_util.utcnow())
    async_report_unconfirmed(hass, loaded_entry, message, DeliveryStatus.SENT)
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


async def test_whole_seconds(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    loaded_entry: MockConfigEntry,
    account: Account,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that times and durations are in whole seconds."""
    freezer.tick(0.25)
    account.state = "blocked"
    await async_advance(hass, freezer, 60.125)

    diagnostics = await get_diagnostics_for_config_entry(
        hass, hass_client, loaded_entry
    )
    since = diagnostics["account"]["state"]["since"]
    assert datetime.fromisoformat(since) == dt_util.utcnow().replace(microsecond=0)
    assert isinstance(diagnostics["account"]["polling"]["interval_seconds"], int)
