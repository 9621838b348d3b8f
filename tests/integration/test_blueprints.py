"""Test the blueprints as Home Assistant runs them, through days with problems."""

from collections.abc import Awaitable, Callable
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
from homeassistant.components.persistent_notification import (
    DOMAIN as PERSISTENT_NOTIFICATION_DOMAIN,
)
from homeassistant.const import ATTR_ENTITY_ID, ENTITY_MATCH_ALL, SERVICE_TURN_OFF
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import (
    area_registry as ar,
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
from homeassistant.helpers.entity_component import EntityComponent
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
from tests.simulator import Account, Fault, Simulator
from tests.support.entities import BUTTON, PROBLEM
from tests.support.helpers import async_add_account, async_polls, async_press
from tests.support.notifications import NotificationRecorder
from tests.support.recipients import ALEX, ALEX_CHAT, async_add_recipient, sent_messages
from tests.support.restart import async_start, async_starting
from tests.support.wait_until import async_wait_until

pytestmark = pytest.mark.long(6)

BLUEPRINTS: Final = Path(__file__).parents[2] / "blueprints"
ALERT: Final = "green_api/alert.yaml"
REBOOT: Final = "green_api/reboot_when_stuck.yaml"

NAME: Final = "GREEN-API 1101000001"

LOGGED_OUT: Final = f"{NAME} is logged out"
EXPIRED: Final = f"The plan of {NAME} has expired"
BLOCKED: Final = f"{NAME} is blocked by the messenger"
UNREACHABLE: Final = f"{NAME} can't be reached"
WORKS: Final = f"{NAME} works again"
SELECT_OTHERS: Final = (
    "Select other entities to notify than {}: what doesn't exist, or is a recipient of "
    "the account itself, can't be notified."
)


class Phone(NotifyEntity):
    """A phone that shows what it is sent, or fails to."""

    _attr_supported_features = NotifyEntityFeature.TITLE

    def __init__(self, name: str, failure: Exception | None = None) -> None:
        """Initialize an empty screen."""
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
        """Return the titles that were shown since the last call."""
        titles = self.titles.copy()
        self.titles.clear()
        return titles


@pytest.fixture
def phone() -> Phone:
    """Return a phone."""
    return Phone("Phone")


@pytest.fixture
async def shown(hass: HomeAssistant) -> NotificationRecorder:
    """Return the persistent notifications of Home Assistant."""
    assert await async_setup_component(hass, PERSISTENT_NOTIFICATION_DOMAIN, {})
    return NotificationRecorder(hass)


async def automate(hass: HomeAssistant, folder: Path, path: str, **inputs: Any) -> None:
    """Create an automation from a blueprint."""
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
    """Create an automation that notifies phones about the account."""
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
    """Test that Home Assistant accepts the blueprint, from the minimum version on."""
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
    """Test that a phone is notified once of a logout and once of the recovery."""
    await alert(hass, tmp_path, phone)
    account.state = "notAuthorized"
    await async_polls(hass, freezer, 6)
    assert phone.news() == []
    await async_polls(hass, freezer, 2)
    assert phone.news() == [LOGGED_OUT]
    assert "Link it again" in phone.messages[0]
    assert "Since " in phone.messages[0]
    await async_polls(hass, freezer, 60)
    assert phone.news() == []

    account.state = "authorized"
    await async_polls(hass, freezer, 2)
    assert phone.news() == [WORKS]
    assert phone.messages[-1].startswith("It hadn't worked since ")


@pytest.mark.usefixtures("loaded_entry")
async def test_short_problem(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    phone: Phone,
    tmp_path: Path,
) -> None:
    """Test that neither a short problem nor its end causes a notification."""
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
    """Test that a phone is notified of a long outage and of the following recovery."""
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
    """Test that a notification about a rejected token says what to do about it."""
    await alert(hass, tmp_path, phone, unreachable_minutes=10)
    account.token = "another"
    await async_polls(hass, freezer, 15)

    assert phone.news() == [UNREACHABLE]
    assert phone.messages[0].startswith("GREEN-API rejected the API token of")


async def test_day(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    phone: Phone,
    tmp_path: Path,
) -> None:
    """Test that reloads, outages, reboots and restarts cause no duplicates."""
    await alert(hass, tmp_path, phone, minutes=5)
    account.state = "notAuthorized"
    await async_polls(hass, freezer, 5)
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    await async_polls(hass, freezer, 10)
    assert phone.news() == [LOGGED_OUT]

    # The same problem continues through all of this.
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
async def test_problem_around_restart(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    phone: Phone,
    tmp_path: Path,
    before: int,
    down: int,
) -> None:
    """Test that a problem from before, during or after a restart is announced."""
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
    """Test that accounts with simultaneous problems are announced separately."""
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
    """Test that a phone that fails blocks neither other phones nor the actions."""
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
async def test_recovery_during_custom_actions(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    phone: Phone,
    tmp_path: Path,
) -> None:
    """Test that a recovery during custom actions is announced at once, and once."""
    hours = {"delay": {"hours": 1}}
    await alert(hass, tmp_path, phone, minutes=0, actions=[hours])
    account.state = "blocked"
    await async_polls(hass, freezer, 1)
    # From now on an action waits, and so would anything that waits for the end.
    freezer.tick(61)
    async_fire_time_changed(hass)
    await async_wait_until(lambda: bool(phone.titles))
    account.state = "authorized"
    freezer.tick(61)
    async_fire_time_changed(hass)
    await async_wait_until(lambda: len(phone.titles) == 2)
    assert phone.news() == [BLOCKED, WORKS]
    freezer.tick(3600)
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert phone.news() == []


@pytest.mark.usefixtures("loaded_entry")
async def test_custom_actions(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    tmp_path: Path,
) -> None:
    """Test that custom actions get all that they need for a text of their own."""
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


async def run_manually(hass: HomeAssistant) -> None:
    """Run the automation as its menu does."""
    await hass.services.async_call(
        AUTOMATION_DOMAIN,
        "trigger",
        {ATTR_ENTITY_ID: "automation.it"},
        blocking=True,
    )
    await hass.async_block_till_done()


@pytest.mark.usefixtures("loaded_entry")
async def test_alert_run_manually(
    hass: HomeAssistant, phone: Phone, shown: NotificationRecorder, tmp_path: Path
) -> None:
    """Test that running an alert manually sends a test message that reads like one."""
    await alert(hass, tmp_path, phone)
    await run_manually(hass)

    assert phone.news() == ["Test of a GREEN-API alert"]
    assert phone.messages[0].startswith("This is a test.")
    assert shown.messages == []


async def area_of_account(hass: HomeAssistant) -> dict[str, str]:
    """Return the area of the account as a target."""
    area = ar.async_get(hass).async_get_or_create("Office")
    device_id = er.async_get(hass).async_get(PROBLEM).device_id
    dr.async_get(hass).async_update_device(device_id, area_id=area.id)
    return {"area_id": area.id}


async def floor_of_account(hass: HomeAssistant) -> dict[str, str]:
    """Return the floor of the account as a target."""
    floor = fr.async_get(hass).async_create("Ground floor")
    area = ar.async_get(hass).async_create("Office", floor_id=floor.floor_id)
    device_id = er.async_get(hass).async_get(PROBLEM).device_id
    dr.async_get(hass).async_update_device(device_id, area_id=area.id)
    return {"floor_id": floor.floor_id}


async def label_of_account(hass: HomeAssistant) -> dict[str, list[str]]:
    """Return a label of the account as a target."""
    label = lr.async_get(hass).async_create("Important")
    er.async_get(hass).async_update_entity(PROBLEM, labels={label.label_id})
    return {"label_id": [label.label_id]}


async def label_of_device(hass: HomeAssistant) -> dict[str, list[str]]:
    """Return a label of the account's device as a target."""
    label = lr.async_get(hass).async_create("Important")
    device_id = er.async_get(hass).async_get(PROBLEM).device_id
    dr.async_get(hass).async_update_device(device_id, labels={label.label_id})
    return {"label_id": [label.label_id]}


async def label_of_area(hass: HomeAssistant) -> dict[str, list[str]]:
    """Return a label of the account's area as a target."""
    label = lr.async_get(hass).async_create("Important")
    target = await area_of_account(hass)
    ar.async_get(hass).async_update(target["area_id"], labels={label.label_id})
    return {"label_id": [label.label_id]}


async def device_of_account(hass: HomeAssistant) -> dict[str, list[str]]:
    """Return the device of the account as a target."""
    return {"device_id": [er.async_get(hass).async_get(PROBLEM).device_id]}


async def entity_of_account(hass: HomeAssistant) -> dict[str, str]:
    """Return an entity of the account as a target."""
    return {"entity_id": PROBLEM}


@pytest.mark.parametrize(
    "target_of",
    [
        area_of_account,
        device_of_account,
        entity_of_account,
        floor_of_account,
        label_of_account,
        label_of_area,
        label_of_device,
    ],
)
async def test_alert_over_same_account_is_tested(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    phone: Phone,
    shown: NotificationRecorder,
    tmp_path: Path,
    target_of: Callable[[HomeAssistant], Awaitable[dict[str, Any]]],
) -> None:
    """Test that a test says which recipients are of the accounts it is about."""
    await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)
    target = await target_of(hass)
    phone.entity_id = "notify.phone"
    await alert(
        hass, tmp_path, phone, accounts=target, notifiers=["notify.phone", ALEX]
    )
    await run_manually(hass)

    assert phone.news() == ["Test of a GREEN-API alert"]
    assert shown.messages[0].endswith(SELECT_OTHERS.format(ALEX))


@pytest.mark.skipif(
    "exclude" not in cv.TARGET_FIELDS, reason="Home Assistant excludes nothing yet"
)
@pytest.mark.parametrize("excluded_of", [device_of_account, entity_of_account])
async def test_alert_over_excluded_account_is_tested(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    simulator: Simulator,
    phone: Phone,
    shown: NotificationRecorder,
    tmp_path: Path,
    excluded_of: Callable[[HomeAssistant], Awaitable[dict[str, Any]]],
) -> None:
    """Test that a test doesn't refuse a recipient of an excluded account."""
    await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)
    await async_add_account(hass, simulator, "1101000002", "Other")
    label = lr.async_get(hass).async_create("Important").label_id
    other = "binary_sensor.other_problem"
    for entity_id in (PROBLEM, other):
        er.async_get(hass).async_update_entity(entity_id, labels={label})
    target = {"label_id": label, "exclude": await excluded_of(hass)}
    phone.entity_id = "notify.phone"
    await alert(
        hass, tmp_path, phone, accounts=target, notifiers=["notify.phone", ALEX]
    )
    await run_manually(hass)

    assert phone.news() == ["Test of a GREEN-API alert"]
    assert shown.messages == []


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize(
    ("notifiers", "is_shown"), [("notify.phone", False), (None, True)]
)
async def test_alert_with_other_inputs(
    hass: HomeAssistant,
    phone: Phone,
    shown: NotificationRecorder,
    tmp_path: Path,
    notifiers: str | None,
    is_shown: bool,  # noqa: FBT001
) -> None:
    """Test that a single entity to notify may be a text, and that none may be empty."""
    await alert(hass, tmp_path, phone, notifiers=notifiers)
    await run_manually(hass)

    assert (len(phone.messages), len(shown.messages)) == (not is_shown, is_shown)


@pytest.mark.usefixtures("loaded_entry")
async def test_alert_without_receivers(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    shown: NotificationRecorder,
    tmp_path: Path,
) -> None:
    """Test that an alert without receivers is shown, with that as the reason."""
    await alert(hass, tmp_path)
    account.state = "blocked"
    await async_polls(hass, freezer, 10)

    assert shown.titles == [BLOCKED]
    assert shown.messages[0].startswith("The messenger has blocked")
    assert shown.messages[0].endswith("because no entities to notify are selected.")


@pytest.mark.parametrize("group", [False, True])
async def test_alert_over_same_account(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    phone: Phone,
    shown: NotificationRecorder,
    tmp_path: Path,
    *,
    group: bool,
) -> None:
    """Test that an alert over the affected account is shown, and others still get it.

    The recovery of the account is sent over it.
    """
    await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)
    hass.states.async_set("notify.group", "unknown", {ATTR_ENTITY_ID: [ALEX]})
    over = "notify.group" if group else ALEX
    notifiers = ["notify.phone", over]
    await alert(hass, tmp_path, phone, minutes=0, notifiers=notifiers)
    account.state = "blocked"
    await async_polls(hass, freezer, 5)

    assert sent_messages(account) == []
    assert phone.news() == [BLOCKED]
    assert shown.titles == [BLOCKED]
    assert shown.messages[0].endswith(SELECT_OTHERS.format(ALEX))

    account.state = "authorized"
    await async_polls(hass, freezer, 2)
    assert phone.news() == [WORKS]
    assert shown.titles == [BLOCKED]
    assert [chat for chat, _ in sent_messages(account)] == (
        [] if group else [ALEX_CHAT]
    )


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize("there", [{}, {"notify.tablet": "unavailable"}])
async def test_alert_to_missing_entity(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    phone: Phone,
    shown: NotificationRecorder,
    tmp_path: Path,
    there: dict[str, str],
) -> None:
    """Test that an alert is shown if Home Assistant drops a missing entity."""
    notifiers = ["notify.phone", "notify.tablet"]
    await alert(hass, tmp_path, phone, minutes=0, notifiers=notifiers)
    for entity_id, state in there.items():
        hass.states.async_set(entity_id, state)
    account.state = "blocked"
    await async_polls(hass, freezer, 5)

    assert phone.news() == [BLOCKED]
    assert shown.messages[0].endswith(SELECT_OTHERS.format("notify.tablet"))


@pytest.mark.usefixtures("loaded_entry")
async def test_alert_that_fails_is_shown(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    shown: NotificationRecorder,
    tmp_path: Path,
) -> None:
    """Test that an alert whose notification fails is shown."""
    broken = Phone("Broken", HomeAssistantError("No"))
    await alert(hass, tmp_path, broken, minutes=0)
    account.state = "blocked"
    await async_polls(hass, freezer, 5)

    assert shown.titles == [BLOCKED]
    assert "Not everyone could be notified." in shown.messages[0]


def hide_all(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Hide all entities of an account, and disable those that an alert is about."""
    registry = er.async_get(hass)
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        registry.async_update_entity(
            entity.entity_id, hidden_by=er.RegistryEntryHider.USER
        )
    registry.async_update_entity(PROBLEM, disabled_by=er.RegistryEntryDisabler.USER)


async def test_alert_by_area(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    phone: Phone,
    device_id: str,
    tmp_path: Path,
) -> None:
    """Test that an account is found by area, whatever of it is hidden or disabled."""
    area = ar.async_get(hass).async_create("Hall")
    dr.async_get(hass).async_update_device(device_id, area_id=area.id)
    hide_all(hass, loaded_entry)
    await hass.async_block_till_done()
    await alert(hass, tmp_path, phone, accounts={"area_id": area.id}, minutes=0)
    account.state = "blocked"
    await async_polls(hass, freezer, 5)

    assert phone.news() == [BLOCKED]


def reboots(account: Account) -> int:
    """Return how often the instance was rebooted."""
    return [request.method for request in account.requests].count("reboot")


async def turn_off(hass: HomeAssistant) -> None:
    """Turn off the automation, which otherwise waits for its next check."""
    await hass.services.async_call(
        AUTOMATION_DOMAIN,
        SERVICE_TURN_OFF,
        {ATTR_ENTITY_ID: ENTITY_MATCH_ALL},
        blocking=True,
    )


@pytest.fixture
def device_id(hass: HomeAssistant, loaded_entry: MockConfigEntry) -> str:
    """Return the device ID of the account."""
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
    """Test that a stuck instance is rebooted, and again after the pause if needed."""
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


async def test_reboot_when_stuck_before_start(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    device_id: str,
    tmp_path: Path,
) -> None:
    """Test that an instance that was stuck before the start is rebooted."""
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


async def test_other_problems_not_rebooted(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    device_id: str,
    tmp_path: Path,
) -> None:
    """Test that only a problem that a reboot solves causes a reboot."""
    await automate(hass, tmp_path, REBOOT, account=device_id)
    for state in ("notAuthorized", "blocked", "suspended"):
        account.state = state
        await async_polls(hass, freezer, 15)

    assert reboots(account) == 0
    await turn_off(hass)


@pytest.mark.parametrize(
    ("accepted", "faults"), [(False, {}), (True, {"reboot": Fault.BAD_GATEWAY})]
)
async def test_failed_reboot_is_retried(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    device_id: str,
    tmp_path: Path,
    faults: dict[str, Fault],
    *,
    accepted: bool,
) -> None:
    """Test that only an accepted reboot starts the pause, not a failed one."""
    await automate(hass, tmp_path, REBOOT, account=device_id, hours=1)
    account.state = "starting"
    account.reboot_accepted = accepted
    account.faults.update(faults)
    await async_polls(hass, freezer, 18)
    assert reboots(account) > 1

    account.reboot_accepted = True
    account.faults.clear()
    await async_polls(hass, freezer, 6)
    rebooted = reboots(account)
    account.state = "starting"
    await async_polls(hass, freezer, 45)
    assert reboots(account) == rebooted
    await async_polls(hass, freezer, 20)
    assert reboots(account) == rebooted + 1
    await turn_off(hass)


async def test_pause_across_restart(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    device_id: str,
    tmp_path: Path,
) -> None:
    """Test that a reboot before a restart, or a manual one, starts the pause too."""
    await async_press(hass)
    account.state = "starting"
    await async_polls(hass, freezer, 10)
    await hass.async_stop(force=True)

    async with async_starting(loaded_entry) as again:
        device = er.async_get(again).async_get(PROBLEM).device_id
        await automate(again, tmp_path, REBOOT, account=device, hours=1)
        await async_start(again, freezer)
        await async_polls(again, freezer, 40)
        assert reboots(account) == 1
        await async_polls(again, freezer, 20)
        assert reboots(account) == 2
        await turn_off(again)


async def test_reboot_finds_button(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    device_id: str,
    tmp_path: Path,
) -> None:
    """Test that the right button is pressed if renamed, hidden and among others."""
    registry = er.async_get(hass)
    helper = MockConfigEntry(domain="template", title="green_api")
    helper.add_to_hass(hass)
    for entry in (helper, None):
        registry.async_get_or_create(
            "button",
            "template",
            f"{entry}",
            config_entry=entry,
            device_id=device_id,
            suggested_object_id="a",
        )
    registry.async_update_entity(BUTTON, new_entity_id="button.z_whatsapp")
    hide_all(hass, loaded_entry)
    await hass.async_block_till_done()
    await automate(hass, tmp_path, REBOOT, account=device_id)
    account.state = "starting"
    await async_polls(hass, freezer, 12)

    assert reboots(account) == 1
    await turn_off(hass)


async def test_reboot_without_button(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    device_id: str,
    shown: NotificationRecorder,
    tmp_path: Path,
) -> None:
    """Test that a disabled button is reported, once, when it is needed."""
    er.async_get(hass).async_update_entity(
        BUTTON, disabled_by=er.RegistryEntryDisabler.USER
    )
    await hass.async_block_till_done()
    await automate(hass, tmp_path, REBOOT, account=device_id)
    await async_polls(hass, freezer, 6)
    assert shown.messages == []
    account.state = "starting"
    await async_polls(hass, freezer, 20)

    assert [text.split(". ")[0] for text in shown.messages] == [
        f"{NAME} is stuck, but its Reboot button is disabled"
    ]
    assert reboots(account) == 0
    await turn_off(hass)
