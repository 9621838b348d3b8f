"""Test the blueprints as Home Assistant runs them, through days with problems."""

from pathlib import Path
import shutil
from typing import Any, Final, override

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.components.blueprint import Blueprint
from homeassistant.components.blueprint.schemas import BLUEPRINT_SCHEMA
from homeassistant.components.notify import (
    DOMAIN as NOTIFY_DOMAIN,
    NotifyEntity,
    NotifyEntityFeature,
)
from homeassistant.const import ATTR_ENTITY_ID, ENTITY_MATCH_ALL, SERVICE_TURN_OFF
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_component import EntityComponent
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
from tests.simulator import Account, Fault, Simulator
from tests.support.entities import PROBLEM
from tests.support.helpers import async_add_account, async_polls
from tests.support.restart import async_start, async_starting
from tests.support.waiting import async_until

BLUEPRINTS: Final = Path(__file__).parents[2] / "blueprints"
ALERT: Final = "green_api/alert.yaml"
REBOOT: Final = "green_api/reboot_when_stuck.yaml"

NAME: Final = "GREEN-API 1101000001"

LOGGED_OUT: Final = f"{NAME} is logged out"
EXPIRED: Final = f"The plan of {NAME} has expired"
BLOCKED: Final = f"{NAME} is blocked by the messenger"
UNREACHABLE: Final = f"{NAME} is out of reach"
WORKS: Final = f"{NAME} works again"


class Phone(NotifyEntity):
    """A phone that shows what it is sent, or fails to."""

    _attr_supported_features = NotifyEntityFeature.TITLE

    def __init__(self, name: str, failure: Exception | None = None) -> None:
        """Begin with an empty screen."""
        self._attr_name = name
        self.failure = failure
        self.titles: list[str | None] = []
        self.messages: list[str] = []

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Show a message."""
        if self.failure:
            raise self.failure
        self.titles.append(title)
        self.messages.append(message)

    def news(self) -> list[str | None]:
        """Return the titles that were shown since the last look."""
        titles = self.titles.copy()
        self.titles.clear()
        return titles


@pytest.fixture
def phone() -> Phone:
    """Return a phone."""
    return Phone("Phone")


async def automate(hass: HomeAssistant, folder: Path, path: str, **inputs: Any) -> None:
    """Make an automation from a blueprint."""
    hass.config.config_dir = str(folder)
    shutil.copytree(BLUEPRINTS, folder / "blueprints", dirs_exist_ok=True)
    automation = {"alias": "It", "use_blueprint": {"path": path, "input": inputs}}
    assert await async_setup_component(
        hass, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: [automation]}
    )
    await hass.async_block_till_done()
    assert hass.states.get("automation.it").state == "on"


async def alert(
    hass: HomeAssistant, folder: Path, *phones: Phone, **inputs: Any
) -> None:
    """Make an automation that notifies phones about the account."""
    assert await async_setup_component(hass, NOTIFY_DOMAIN, {})
    component: EntityComponent[NotifyEntity] = hass.data[NOTIFY_DOMAIN]
    await component.async_add_entities(phones)
    defaults = {
        "accounts": {"entity_id": PROBLEM},
        "notifiers": [phone.entity_id for phone in phones],
    }
    await automate(hass, folder, ALERT, **defaults | inputs)


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


@pytest.mark.usefixtures("loaded_entry")
async def test_alert_and_recovery(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    phone: Phone,
    tmp_path: Path,
) -> None:
    """A phone is notified once of a logout, and once when the account works again."""
    await alert(hass, tmp_path, phone)
    account.state = "notAuthorized"
    await async_polls(hass, freezer, 6)
    assert phone.news() == []
    await async_polls(hass, freezer, 2)
    assert phone.news() == [LOGGED_OUT]
    assert "Link it again" in phone.messages[0]
    assert "Since 20" in phone.messages[0]
    await async_polls(hass, freezer, 60)
    assert phone.news() == []

    account.state = "authorized"
    await async_polls(hass, freezer, 2)
    assert phone.news() == [WORKS]
    assert phone.messages[-1].startswith("It had not worked since 20")


@pytest.mark.usefixtures("loaded_entry")
async def test_short_problem_is_not_announced(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    phone: Phone,
    tmp_path: Path,
) -> None:
    """Nobody is notified of a short problem, nor of its end."""
    await alert(hass, tmp_path, phone)
    account.state = "notAuthorized"
    await async_polls(hass, freezer, 4)
    account.state = "authorized"
    await async_polls(hass, freezer, 30)

    assert phone.news() == []


@pytest.mark.usefixtures("loaded_entry")
async def test_outage(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    phone: Phone,
    tmp_path: Path,
) -> None:
    """A phone is notified of a long outage, and of its end when the account works."""
    await alert(hass, tmp_path, phone, minutes=0, unreachable_minutes=10)
    account.fault = Fault.BAD_GATEWAY
    await async_polls(hass, freezer, 10)
    assert phone.news() == []
    await async_polls(hass, freezer, 2)
    assert phone.news() == [UNREACHABLE]

    account.fault = None
    account.state = "notAuthorized"
    await async_polls(hass, freezer, 2)
    assert phone.news() == [LOGGED_OUT]
    account.state = "authorized"
    await async_polls(hass, freezer, 2)
    assert phone.news() == [WORKS]


@pytest.mark.usefixtures("loaded_entry")
async def test_rejected_token(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    phone: Phone,
    tmp_path: Path,
) -> None:
    """A notification about a rejected token says what to do about it."""
    await alert(hass, tmp_path, phone, unreachable_minutes=10)
    account.token = "another"
    await async_polls(hass, freezer, 15)

    assert phone.news() == [UNREACHABLE]
    assert phone.messages[0].startswith("GREEN-API rejects the token of")


async def test_day(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    phone: Phone,
    tmp_path: Path,
) -> None:
    """Through reloads, outages, reboots and restarts, each thing is announced once."""
    await alert(hass, tmp_path, phone, minutes=5)
    account.state = "notAuthorized"
    await async_polls(hass, freezer, 5)
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    await async_polls(hass, freezer, 10)
    assert phone.news() == [LOGGED_OUT]

    # The same problem goes on, through all of this.
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    await async_polls(hass, freezer, 10)
    account.fault = Fault.BAD_GATEWAY
    await async_polls(hass, freezer, 60)
    account.fault = None
    await async_polls(hass, freezer, 10)
    await hass.services.async_call(
        "button",
        "press",
        {"entity_id": "button.green_api_1101000001_reboot"},
        blocking=True,
    )
    await async_polls(hass, freezer, 2)
    account.state = "notAuthorized"
    await async_polls(hass, freezer, 10)
    assert phone.news() == []

    account.fault = Fault.EXPIRED_JSON
    await async_polls(hass, freezer, 3)
    assert phone.news() == [EXPIRED]

    await hass.async_stop(force=True)
    freezer.tick(1800)
    async with async_starting(loaded_entry) as again:
        later = Phone("Phone")
        await alert(again, tmp_path, later, minutes=5)
        await async_start(again, freezer)
        await async_polls(again, freezer, 20)
        assert later.news() == []

        account.fault = None
        account.state = "authorized"
        await async_polls(again, freezer, 3)
        assert later.news() == [WORKS]


@pytest.mark.parametrize("down", [60, 3600])
@pytest.mark.parametrize("before", [0, 3, 5])
async def test_problem_around_a_restart(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    phone: Phone,
    tmp_path: Path,
    before: int,
    down: int,
) -> None:
    """A problem is announced whether it began before, during or right after a restart."""
    await alert(hass, tmp_path, phone, minutes=5)
    await async_polls(hass, freezer, 5 - before)
    account.state = "notAuthorized"
    await async_polls(hass, freezer, before)
    await hass.async_stop(force=True)
    assert phone.news() == []
    freezer.tick(down)

    async with async_starting(loaded_entry) as again:
        later = Phone("Phone")
        await alert(again, tmp_path, later, minutes=5)
        await async_start(again, freezer)
        await async_polls(again, freezer, 10)
        assert later.news() == [LOGGED_OUT]


@pytest.mark.usefixtures("loaded_entry")
async def test_two_accounts(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    simulator: Simulator,
    phone: Phone,
    tmp_path: Path,
) -> None:
    """Accounts with problems at the same time are announced one by one."""
    other = await async_add_account(hass, simulator, "1101000002", "Other")
    both = {"entity_id": [PROBLEM, "binary_sensor.other_problem"]}
    await alert(hass, tmp_path, phone, accounts=both)
    account.state = "notAuthorized"
    other.state = "blocked"
    await async_polls(hass, freezer, 10)
    assert sorted(filter(None, phone.news())) == sorted(
        [LOGGED_OUT, "Other is blocked by the messenger"]
    )

    other.state = "authorized"
    await async_polls(hass, freezer, 2)
    assert phone.news() == ["Other works again"]


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize("failure", [HomeAssistantError("No"), ValueError("No")])
async def test_one_phone_fails(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    phone: Phone,
    tmp_path: Path,
    failure: Exception,
) -> None:
    """A phone that fails keeps neither the other ones nor the actions from it."""
    done: list[Any] = []
    hass.bus.async_listen("done", done.append)
    await alert(
        hass,
        tmp_path,
        Phone("Broken", failure),
        phone,
        Phone("Also broken", failure),
        minutes=0,
        actions=[{"event": "done"}],
    )
    for state, title in (("blocked", BLOCKED), ("authorized", WORKS)):
        account.state = state
        await async_polls(hass, freezer, 3)
        assert phone.news() == [title]
    assert len(done) == 2


@pytest.mark.usefixtures("loaded_entry")
async def test_recovery_while_own_actions_run(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    phone: Phone,
    tmp_path: Path,
) -> None:
    """A recovery while own actions wait is announced at once, and once."""
    hours = {"delay": {"hours": 1}}
    await alert(hass, tmp_path, phone, minutes=0, actions=[hours])
    account.state = "blocked"
    await async_polls(hass, freezer, 1)
    # From now on an action waits, and so would what waits until all is done.
    freezer.tick(61)
    async_fire_time_changed(hass)
    await async_until(lambda: bool(phone.titles))
    account.state = "authorized"
    freezer.tick(61)
    async_fire_time_changed(hass)
    await async_until(lambda: len(phone.titles) == 2)
    assert phone.news() == [BLOCKED, WORKS]
    freezer.tick(3600)
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert phone.news() == []


@pytest.mark.usefixtures("loaded_entry")
async def test_own_actions(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    tmp_path: Path,
) -> None:
    """Own actions get what they need to say it in their own way."""
    texts: list[str] = []
    hass.bus.async_listen("text", lambda event: texts.append(event.data["text"]))
    text = "{{ account }}, {{ reason }}, {{ recovered }}: {{ title }}. {{ message }}"
    await alert(
        hass,
        tmp_path,
        minutes=0,
        actions=[{"event": "text", "event_data": {"text": text}}],
    )
    account.state = "blocked"
    await async_polls(hass, freezer, 3)
    account.state = "authorized"
    await async_polls(hass, freezer, 1)

    assert [text.split(". ")[0] for text in texts] == [
        f"{NAME}, blocked, False: {BLOCKED}",
        f"{NAME}, blocked, True: {WORKS}",
    ]


def reboots(account: Account) -> int:
    """Return how often the instance was rebooted."""
    return [request.method for request in account.requests].count("reboot")


async def turn_off(hass: HomeAssistant) -> None:
    """Turn the automation off, which else waits for the next time to look."""
    await hass.services.async_call(
        AUTOMATION_DOMAIN,
        SERVICE_TURN_OFF,
        {ATTR_ENTITY_ID: ENTITY_MATCH_ALL},
        blocking=True,
    )


@pytest.fixture
def device_id(hass: HomeAssistant, loaded_entry: MockConfigEntry) -> str:
    """Return the device of the account."""
    device_id = er.async_get(hass).async_get(PROBLEM).device_id
    assert device_id
    return device_id


async def test_reboot_when_stuck(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    device_id: str,
    tmp_path: Path,
) -> None:
    """A stuck instance is rebooted, and after the pause again if it is still stuck."""
    await automate(hass, tmp_path, REBOOT, account=device_id, hours=1)
    account.state = "starting"
    await async_polls(hass, freezer, 6)
    assert reboots(account) == 0
    await async_polls(hass, freezer, 6)
    assert reboots(account) == 1

    for rebooted in (1, 2):
        account.state = "starting"
        await async_polls(hass, freezer, 45)
        assert reboots(account) == rebooted
        await async_polls(hass, freezer, 20)
    await turn_off(hass)


async def test_reboot_of_what_was_stuck_before(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    device_id: str,
    tmp_path: Path,
) -> None:
    """An instance that was stuck before Home Assistant started is rebooted."""
    account.state = "starting"
    await async_polls(hass, freezer, 10)
    await hass.async_stop(force=True)

    async with async_starting(loaded_entry) as again:
        device = er.async_get(again).async_get(PROBLEM).device_id
        await automate(again, tmp_path, REBOOT, account=device)
        await async_start(again, freezer)
        await async_polls(again, freezer, 6)
        assert reboots(account) == 1
        await turn_off(again)


async def test_no_other_problem_is_rebooted(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    device_id: str,
    tmp_path: Path,
) -> None:
    """A reboot is for what it cures."""
    await automate(hass, tmp_path, REBOOT, account=device_id)
    for state in ("notAuthorized", "blocked", "suspended"):
        account.state = state
        await async_polls(hass, freezer, 15)

    assert reboots(account) == 0
    await turn_off(hass)
