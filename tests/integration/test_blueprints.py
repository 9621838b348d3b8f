"""Test the blueprints as Home Assistant runs them."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
import shutil
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)

from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.components.blueprint import Blueprint
from homeassistant.components.blueprint.schemas import BLUEPRINT_SCHEMA
from homeassistant.components.homeassistant import SERVICE_UPDATE_ENTITY
from homeassistant.const import ATTR_ENTITY_ID, ENTITY_MATCH_ALL, SERVICE_TURN_OFF
from homeassistant.core import (
    DOMAIN as HOMEASSISTANT_DOMAIN,
    HomeAssistant,
    ServiceCall,
)
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
from tests.simulator import Account, Fault

BLUEPRINTS: Final = Path(__file__).parents[2] / "blueprints"
ALERT: Final = "green_api/alert.yaml"
REBOOT: Final = "green_api/reboot_when_stuck.yaml"

type Poll = Callable[[timedelta], Awaitable[None]]


@pytest.fixture(autouse=True)
def blueprints(hass: HomeAssistant, tmp_path: Path) -> None:
    """Give Home Assistant a configuration folder with the blueprints in it."""
    hass.config.config_dir = str(tmp_path)
    shutil.copytree(BLUEPRINTS, tmp_path / "blueprints")


@pytest.fixture
async def poll(
    hass: HomeAssistant, account: Account, freezer: FrozenDateTimeFactory
) -> AsyncGenerator[Poll]:
    """Let time pass, with a poll every minute.

    An automation that waits for a recovery keeps `async_block_till_done` waiting, so
    that the poll itself is what the test waits for.
    """
    await async_setup_component(hass, HOMEASSISTANT_DOMAIN, {})

    async def let_pass(time: timedelta) -> None:
        sensor = entity_id(hass, "sensor", account, "state")
        for _ in range(round(time / timedelta(minutes=1))):
            freezer.tick(timedelta(seconds=60.5))
            await hass.services.async_call(
                HOMEASSISTANT_DOMAIN,
                SERVICE_UPDATE_ENTITY,
                {ATTR_ENTITY_ID: sensor},
                blocking=True,
            )
            async_fire_time_changed(hass)
            for _ in range(50):
                await asyncio.sleep(0)

    yield let_pass

    await hass.services.async_call(
        AUTOMATION_DOMAIN,
        SERVICE_TURN_OFF,
        {ATTR_ENTITY_ID: ENTITY_MATCH_ALL},
        blocking=True,
    )


def entity_id(hass: HomeAssistant, platform: str, account: Account, key: str) -> str:
    """Return the id of an entity of an account."""
    found = er.async_get(hass).async_get_entity_id(
        platform, "green_api", f"{account.instance_id}_{key}"
    )
    assert found
    return found


async def automate(hass: HomeAssistant, path: str, **inputs: Any) -> None:
    """Make an automation from a blueprint."""
    assert await async_setup_component(
        hass,
        AUTOMATION_DOMAIN,
        {AUTOMATION_DOMAIN: {"use_blueprint": {"path": path, "input": inputs}}},
    )
    await hass.async_block_till_done()
    assert [state.state for state in hass.states.async_all(AUTOMATION_DOMAIN)] == ["on"]


async def alert(
    hass: HomeAssistant, account: Account, **inputs: Any
) -> list[ServiceCall]:
    """Make an automation that alerts over an entity; return what it is sent."""
    calls = async_mock_service(hass, "notify", "send_message")
    await automate(
        hass,
        ALERT,
        problems=[entity_id(hass, "binary_sensor", account, "problem")],
        notifiers=["notify.phone"],
        **inputs,
    )
    return calls


@pytest.mark.parametrize("path", [ALERT, REBOOT])
def test_blueprint_is_valid(path: str) -> None:
    """Home Assistant takes the file for a blueprint of the floor and newer."""
    blueprint = Blueprint(
        load_yaml_dict(str(BLUEPRINTS / "automation" / path)),
        path=path,
        expected_domain="automation",
        schema=BLUEPRINT_SCHEMA,
    )

    assert blueprint.validate() is None
    assert blueprint.metadata["source_url"].endswith(f"blueprints/automation/{path}")


async def test_alert_and_recovery(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account, poll: Poll
) -> None:
    """An account that is logged out is told of once, and once when it works again."""
    calls = await alert(hass, account)
    account.state = "notAuthorized"

    await poll(timedelta(minutes=5))
    assert not calls

    await poll(timedelta(minutes=3))
    assert [call.data["title"] for call in calls] == [
        "GREEN-API 1101000001 needs attention"
    ]
    assert calls[0].data["entity_id"] == ["notify.phone"]
    assert "Link it again" in calls[0].data["message"]
    assert "(Not authorized since 20" in calls[0].data["message"]

    await poll(timedelta(minutes=60))
    assert len(calls) == 1

    account.state = "authorized"
    await poll(timedelta(minutes=1))
    assert [call.data["title"] for call in calls[1:]] == [
        "GREEN-API 1101000001 works again"
    ]


async def test_short_problem_is_not_told(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account, poll: Poll
) -> None:
    """Neither the problem nor the recovery is told of when it was short."""
    calls = await alert(hass, account)

    account.state = "notAuthorized"
    await poll(timedelta(minutes=3))
    account.state = "authorized"
    await poll(timedelta(minutes=30))

    assert not calls


async def test_expired_plan_is_told(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account, poll: Poll
) -> None:
    """A problem that leaves the state unavailable has its reason told all the same."""
    calls = await alert(hass, account, minutes=0)

    account.fault = Fault.EXPIRED_JSON
    await poll(timedelta(minutes=3))

    assert calls[0].data["message"] == "The plan has expired. Renew it in the console."


async def test_outage_is_told(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account, poll: Poll
) -> None:
    """An outage is told of later than a problem, and its end as well."""
    calls = await alert(hass, account, minutes=0, unreachable_minutes=10)

    account.fault = Fault.BAD_GATEWAY
    await poll(timedelta(minutes=10))
    assert not calls

    await poll(timedelta(minutes=3))
    assert "GREEN-API cannot be reached" in calls[0].data["message"]

    account.fault = None
    await poll(timedelta(minutes=2))
    assert len(calls) == 2


async def test_actions_and_own_texts(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account, poll: Poll
) -> None:
    """Own actions get what they need to say it in their own way."""
    scripts = async_mock_service(hass, "script", "tell")
    await alert(
        hass,
        account,
        minutes=0,
        texts={
            "needs_attention": "braucht Hilfe",
            "recovered": "läuft wieder",
            "since": "seit",
            "blocked": "Gesperrt.",
        },
        actions=[
            {
                "action": "script.tell",
                "data": {"text": "{{ title }}: {{ reason }} {{ recovered }}"},
            }
        ],
    )

    account.state = "blocked"
    await poll(timedelta(minutes=3))
    account.state = "authorized"
    await poll(timedelta(minutes=1))

    assert [call.data["text"] for call in scripts] == [
        "GREEN-API 1101000001 braucht Hilfe: blocked False",
        "GREEN-API 1101000001 läuft wieder: blocked True",
    ]


async def test_reboot_when_stuck(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account, poll: Poll
) -> None:
    """A stuck instance is rebooted once, and again only after the pause."""
    await automate(
        hass,
        REBOOT,
        problem=entity_id(hass, "binary_sensor", account, "problem"),
        reboot=entity_id(hass, "button", account, "reboot"),
        minutes=2,
        hours=1,
    )

    def reboots() -> int:
        return [request.method for request in account.requests].count("reboot")

    account.state = "starting"
    await poll(timedelta(minutes=7))
    assert reboots() == 0

    await poll(timedelta(minutes=3))
    assert reboots() == 1

    account.state = "authorized"
    await poll(timedelta(minutes=10))
    account.state = "starting"
    await poll(timedelta(minutes=15))
    assert reboots() == 1

    account.state = "authorized"
    await poll(timedelta(minutes=60))
    account.state = "starting"
    await poll(timedelta(minutes=12))
    assert reboots() == 2
