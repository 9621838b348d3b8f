"""Test the triggers as automations of Home Assistant use them."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
import json
from pathlib import Path
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components import green_api
from custom_components.green_api.api import ErrorKind
from custom_components.green_api.automations.listening import ATTACHED_AFTER
from custom_components.green_api.decisions.problem import Problem
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.simulator import Account, Fault, Simulator
from tests.support.automations import async_create_automation, trigger
from tests.support.deliveries import Deliveries
from tests.support.entities import ERROR, PROBLEM, STATE
from tests.support.fault_kinds import FAULT_OF_KIND
from tests.support.helpers import (
    async_add_account,
    async_polls,
    async_set_up_without_entities,
    has_timer_in,
    spaced,
)
from tests.support.recipients import ALEX, ALEX_CHAT, async_add_recipient
from tests.support.restart import async_start, async_starting

pytestmark = pytest.mark.long(6)

NAME: Final = "GREEN-API 1101000001"
TEXTS: Final = json.loads(
    (Path(green_api.__file__).parent / "translations/en.json").read_text("utf-8")
)

TARGET: Final = {"entity_id": PROBLEM}

type Runs = list[dict[str, Any]]


async def problems(hass: HomeAssistant, **options: Any) -> Runs:
    """Create an automation for problems and their end; return its runs."""
    return await async_create_automation(
        hass,
        trigger("problem_detected", TARGET, **options),
        trigger("problem_cleared", TARGET, **options),
    )


async def everything(hass: HomeAssistant, **options: Any) -> Runs:
    """Create an automation with every trigger; return its runs."""
    return await async_create_automation(
        hass,
        trigger("problem_detected", TARGET, **options),
        trigger("problem_cleared", TARGET, **options),
        trigger("state_changed", TARGET),
    )


def news(runs: Runs) -> list[tuple[str, str]]:
    """Return a summary of the runs since the last call."""
    short = [(it["id"], it["reason"] or it["state"]) for it in runs]
    runs.clear()
    return short


@pytest.mark.usefixtures("loaded_entry")
async def test_problem(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that a problem triggers once when it is certain and once when it is over."""
    runs = await everything(hass)

    account.state = "notAuthorized"
    await async_polls(hass, freezer, 1)
    assert news(runs) == [("state_changed", "not_authorized")]
    await async_polls(hass, freezer, 1)
    assert news(runs) == [("problem_detected", "logged_out")]
    await async_polls(hass, freezer, 30)
    assert news(runs) == []

    account.state = "authorized"
    await async_polls(hass, freezer, 2)
    assert news(runs) == [
        ("problem_cleared", "logged_out"),
        ("state_changed", "authorized"),
    ]


@pytest.mark.usefixtures("loaded_entry")
async def test_trigger_variables(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that the trigger variables hold all that a message needs, as text."""
    runs = await everything(hass)
    device_id = er.async_get(hass).async_get(PROBLEM).device_id
    account.state = "blocked"
    await async_polls(hass, freezer, 1)
    since = datetime.fromisoformat(runs[0]["since"])
    await async_polls(hass, freezer, 1)
    account.state = "authorized"
    await async_polls(hass, freezer, 1)

    changed, detected, cleared, _ = runs
    about = {"account": NAME, "device_id": device_id}
    when = spaced(f"{since:%b %-d, %Y, %-I:%M %p}")
    assert since.tzinfo
    assert (
        changed.items()
        >= {
            **about,
            "entity_id": STATE,
            "from_state": "authorized",
            "state": "blocked",
            "title": NAME,
            "message": "Blocked",
        }.items()
    )
    assert (
        detected.items()
        >= {
            **about,
            "entity_id": PROBLEM,
            "reason": "blocked",
            "state": "blocked",
            "since": changed["since"],
            "title": f"{NAME} is blocked by the messenger",
            "message": f"The messenger has blocked {NAME}. Ask its support to lift the "
            f"block in the messenger's own app, but only once. Since {when}.",
        }.items()
    )
    assert (
        cleared.items()
        >= {
            **about,
            "entity_id": PROBLEM,
            "reason": "blocked",
            "state": "authorized",
            "since": changed["since"],
            "title": f"{NAME} works again",
            "message": f"It hadn't worked since {when}.",
        }.items()
    )


@pytest.mark.usefixtures("loaded_entry")
async def test_since_of_alternating_states(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that an account whose states alternate has a problem since the first one."""
    runs = await everything(hass)
    began = dt_util.utcnow() + timedelta(minutes=1)
    for state in ["notAuthorized", "starting", "blocked"] * 4:
        account.state = state
        await async_polls(hass, freezer, 1)

    (since,) = [it["since"] for it in runs if it["id"] == "problem_detected"]
    assert abs(datetime.fromisoformat(since) - began) < timedelta(minutes=2)


async def test_language_and_name(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that texts use Home Assistant's language and the account's current name."""
    hass.config.language = "de"
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    runs = await async_create_automation(
        hass,
        trigger(
            "problem_detected",
            {"entity_id": "binary_sensor.green_api_1101000001_problem"},
        ),
    )
    account.state = "suspended"
    await async_polls(hass, freezer, 2)
    assert [it["title"] for it in runs] == [f"{NAME} ist vom Messenger eingeschränkt"]


@pytest.mark.usefixtures("loaded_entry")
async def test_new_reason(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that a new reason triggers again, and all are cleared at once."""
    runs = await problems(hass)
    account.state = "notAuthorized"
    await async_polls(hass, freezer, 3)
    account.fault = Fault.EXPIRED_JSON
    await async_polls(hass, freezer, 3)
    account.fault = None
    account.state = "authorized"
    await async_polls(hass, freezer, 3)

    first, _, cleared = runs
    assert cleared["since"] == first["since"]
    assert news(runs) == [
        ("problem_detected", "logged_out"),
        ("problem_detected", "expired"),
        ("problem_cleared", "expired"),
    ]


@pytest.mark.usefixtures("loaded_entry")
async def test_outage_does_not_trigger(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that outages before, during and after a problem trigger only if selected."""
    runs = await everything(hass)
    account.fault = Fault.BAD_GATEWAY
    await async_polls(hass, freezer, 40)
    account.fault = None
    account.state = "blocked"
    await async_polls(hass, freezer, 3)
    assert news(runs) == [("state_changed", "blocked"), ("problem_detected", "blocked")]

    account.fault = Fault.BAD_GATEWAY
    await async_polls(hass, freezer, 40)
    account.fault = None
    await async_polls(hass, freezer, 3)
    assert news(runs) == []

    account.fault = Fault.BAD_GATEWAY
    await async_polls(hass, freezer, 3)
    account.fault = None
    account.state = "authorized"
    await async_polls(hass, freezer, 3)
    assert news(runs) == [
        ("problem_cleared", "blocked"),
        ("state_changed", "authorized"),
    ]


async def test_reload(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a reload repeats nothing, and changes during it trigger afterward."""
    runs = await everything(hass)
    account.state = "blocked"
    await async_polls(hass, freezer, 3)
    runs.clear()

    for _ in range(2):
        await hass.config_entries.async_reload(loaded_entry.entry_id)
        await async_polls(hass, freezer, 3)
    assert news(runs) == []

    account.state = "authorized"
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    await async_polls(hass, freezer, 3)
    assert news(runs) == [
        ("problem_cleared", "blocked"),
        ("state_changed", "authorized"),
    ]


async def test_disabled_and_enabled(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a problem does not trigger again when the account is enabled again."""
    runs = await everything(hass, **{"for": {"minutes": 5}})
    account.state = "blocked"
    await async_polls(hass, freezer, 10)
    runs.clear()
    entry_id = loaded_entry.entry_id
    await hass.config_entries.async_set_disabled_by(entry_id, ConfigEntryDisabler.USER)
    await async_polls(hass, freezer, 10)
    await hass.config_entries.async_set_disabled_by(entry_id, None)
    await async_polls(hass, freezer, 10)

    assert news(runs) == []


async def test_disabled_during_delay(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that the time in which an account is disabled does not count."""
    runs = await async_create_automation(
        hass, trigger("problem_detected", TARGET, **{"for": {"minutes": 8}})
    )
    account.state = "blocked"
    await async_polls(hass, freezer, 5)
    entry_id = loaded_entry.entry_id
    await hass.config_entries.async_set_disabled_by(entry_id, ConfigEntryDisabler.USER)
    await async_polls(hass, freezer, 20)
    await hass.config_entries.async_set_disabled_by(entry_id, None)
    await async_polls(hass, freezer, 2)
    assert news(runs) == []
    await async_polls(hass, freezer, 5)
    assert news(runs) == [("problem_detected", "blocked")]


async def test_new_account(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that adding an account does not trigger a change of state."""
    runs = await everything(hass)
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await async_polls(hass, freezer, 3)
    assert news(runs) == []
    assert "Exception" not in caplog.text


@pytest.mark.usefixtures("loaded_entry")
async def test_for(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that with a delay, short problems and their ends do not trigger."""
    runs = await problems(hass, **{"for": {"minutes": 5}})
    account.state = "blocked"
    await async_polls(hass, freezer, 5)
    account.state = "authorized"
    await async_polls(hass, freezer, 2)
    assert news(runs) == []

    account.state = "blocked"
    await async_polls(hass, freezer, 6)
    assert news(runs) == []
    await async_polls(hass, freezer, 1)
    assert news(runs) == [("problem_detected", "blocked")]
    account.fault = Fault.EXPIRED_JSON
    await async_polls(hass, freezer, 2)
    assert news(runs) == [("problem_detected", "expired")]
    account.fault = None
    account.state = "authorized"
    await async_polls(hass, freezer, 2)
    assert news(runs) == [("problem_cleared", "expired")]


async def test_for_across_reload(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a reload neither restarts nor ends the delay."""
    runs = await async_create_automation(
        hass, trigger("problem_detected", TARGET, **{"for": {"minutes": 5}})
    )
    account.state = "blocked"
    await async_polls(hass, freezer, 5)
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await async_polls(hass, freezer, 1)
    assert news(runs) == []
    await async_polls(hass, freezer, 3)
    assert news(runs) == [("problem_detected", "blocked")]
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    await async_polls(hass, freezer, 10)
    assert news(runs) == []


@pytest.mark.usefixtures("loaded_entry")
async def test_automation_created_during_problem(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that a new automation triggers for what is due later, not for the past."""
    account.state = "blocked"
    await async_polls(hass, freezer, 5)
    runs = await async_create_automation(
        hass,
        trigger("problem_detected", TARGET) | {"id": "at once"},
        trigger("problem_detected", TARGET, **{"for": {"minutes": 10}}),
    )
    await async_polls(hass, freezer, 20)
    assert news(runs) == [("problem_detected", "blocked")]


@pytest.mark.usefixtures("loaded_entry")
async def test_outage(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that a long outage triggers if selected, and ends when the account works."""
    runs = await problems(hass, outage={"minutes": 30})
    account.fault = Fault.BAD_GATEWAY
    await async_polls(hass, freezer, 20)
    account.fault = None
    await async_polls(hass, freezer, 1)
    account.fault = Fault.BAD_GATEWAY
    await async_polls(hass, freezer, 30)
    assert news(runs) == []
    await async_polls(hass, freezer, 1)
    assert [it["title"] for it in runs] == [f"{NAME} can't be reached"]
    assert runs[0]["message"].startswith(
        f"GREEN-API can't be reached for {NAME}. Check Home Assistant's internet"
    )
    assert news(runs) == [("problem_detected", "unreachable")]

    account.fault = None
    account.state = "starting"
    await async_polls(hass, freezer, 2)
    assert news(runs) == []
    account.state = "authorized"
    await async_polls(hass, freezer, 2)
    assert news(runs) == [("problem_cleared", "unreachable")]


@pytest.mark.usefixtures("loaded_entry")
async def test_expired_plan_is_not_outage(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that an unconfirmed problem is neither an outage nor the end of one."""
    runs = await problems(hass, outage={"seconds": 1})
    account.fault = Fault.EXPIRED_JSON
    await async_polls(hass, freezer, 10)
    assert news(runs) == [("problem_detected", "expired")]


@pytest.mark.usefixtures("loaded_entry")
async def test_expired_plan_does_not_end_outage(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that a response without a state does not end an outage."""
    runs = await problems(hass, outage={"minutes": 5})
    account.fault = Fault.BAD_GATEWAY
    await async_polls(hass, freezer, 10)
    assert news(runs) == [("problem_detected", "unreachable")]
    account.fault = Fault.FORBIDDEN_HTML
    await async_polls(hass, freezer, 5)
    assert news(runs) == []
    account.fault = None
    await async_polls(hass, freezer, 1)
    assert news(runs) == [("problem_cleared", "unreachable")]


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        (kind, fault)
        for kind, fault in FAULT_OF_KIND.items()
        if kind not in set(Problem)
    ],
)
async def test_reason_of_outage(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    kind: ErrorKind,
    fault: Fault,
) -> None:
    """Test that the message says why there is no response, and what to do."""
    runs = await async_create_automation(
        hass, trigger("problem_detected", TARGET, outage={"minutes": 15})
    )
    account.fault = fault
    await async_polls(hass, freezer, 30)

    text = TEXTS["exceptions"][kind]["message"].format(name=NAME, minutes=2)
    assert [it["message"].split(" Since ")[0] for it in runs] == [text]


@pytest.mark.usefixtures("loaded_entry")
async def test_outage_becomes_problem(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that an outage and a problem found after it have one end."""
    runs = await problems(hass, outage={"minutes": 5})
    account.fault = Fault.BAD_GATEWAY
    await async_polls(hass, freezer, 10)
    account.fault = None
    account.state = "notAuthorized"
    await async_polls(hass, freezer, 5)
    account.state = "authorized"
    await async_polls(hass, freezer, 5)
    assert news(runs) == [
        ("problem_detected", "unreachable"),
        ("problem_detected", "logged_out"),
        ("problem_cleared", "logged_out"),
    ]


@pytest.mark.usefixtures("loaded_entry")
async def test_selected_reasons(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that only selected reasons trigger, given as one or as a list."""
    runs = await async_create_automation(
        hass,
        trigger("problem_detected", TARGET, reason="blocked"),
        trigger("problem_cleared", TARGET, reason=["blocked", "expired"]),
    )
    account.state = "notAuthorized"
    await async_polls(hass, freezer, 3)
    account.state = "authorized"
    await async_polls(hass, freezer, 2)
    assert news(runs) == []

    account.state = "notAuthorized"
    await async_polls(hass, freezer, 3)
    account.state = "blocked"
    await async_polls(hass, freezer, 3)
    account.state = "authorized"
    await async_polls(hass, freezer, 2)
    assert news(runs) == [
        ("problem_detected", "blocked"),
        ("problem_cleared", "blocked"),
    ]


@pytest.mark.usefixtures("loaded_entry")
async def test_selected_states(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that only changes to selected states trigger."""
    runs = await async_create_automation(
        hass, trigger("state_changed", TARGET, to=["starting", "blocked"])
    )
    for state in ("starting", "authorized", "somethingNew", "blocked", None):
        account.state = state
        await async_polls(hass, freezer, 1)
    assert news(runs) == [("state_changed", "starting"), ("state_changed", "blocked")]


async def restart(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    entry: MockConfigEntry,
    **options: Any,
) -> list[tuple[str, str]]:
    """Restart Home Assistant; return the runs in the first minutes after the start."""
    await hass.async_stop(force=True)
    freezer.tick(600)
    async with async_starting(entry) as again:
        runs = await everything(again, **options)
        await async_polls(again, freezer, 2)
        assert runs == []
        await async_start(again, freezer)
        await async_polls(again, freezer, 10)
        return sorted(news(runs))


async def test_nothing_repeated_after_restart(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a problem that triggered before a restart does not trigger again."""
    runs = await everything(hass)
    account.state = "blocked"
    await async_polls(hass, freezer, 3)
    assert len(runs) == 2

    assert await restart(hass, freezer, loaded_entry) == []


@pytest.mark.parametrize("lasts", [1, 30])
async def test_problem_began_while_down(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    lasts: int,
) -> None:
    """Test that a problem triggers after a restart, even if it began long before."""
    await async_polls(hass, freezer, lasts)
    account.state = "blocked"

    assert await restart(hass, freezer, loaded_entry) == [
        ("problem_detected", "blocked"),
        ("state_changed", "blocked"),
    ]


async def test_problem_over_after_restart(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that the end of a problem triggers after a restart."""
    await everything(hass)
    account.state = "blocked"
    await async_polls(hass, freezer, 3)
    account.state = "authorized"

    assert await restart(hass, freezer, loaded_entry) == [
        ("problem_cleared", "blocked"),
        ("state_changed", "authorized"),
    ]


async def test_restart_during_delay(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that what is due after a restart triggers then, and only that has an end."""
    wait = {"for": {"minutes": 8}}
    await everything(hass, **wait)
    account.state = "blocked"
    await async_polls(hass, freezer, 5)

    assert await restart(hass, freezer, loaded_entry, **wait) == [
        ("problem_detected", "blocked")
    ]


async def test_short_problem_across_restart(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that the end of a problem that did not trigger does not trigger either."""
    wait = {"for": {"minutes": 8}}
    await everything(hass, **wait)
    account.state = "blocked"
    await async_polls(hass, freezer, 5)
    account.state = "authorized"

    assert await restart(hass, freezer, loaded_entry, **wait) == [
        ("state_changed", "authorized")
    ]


async def test_outage_across_restart(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that an outage continues over a restart, and triggers once."""
    outage = {"outage": {"minutes": 8}}
    runs = await everything(hass, **outage)
    account.fault = Fault.BAD_GATEWAY
    await async_polls(hass, freezer, 5)
    assert runs == []

    assert await restart(hass, freezer, loaded_entry, **outage) == [
        ("problem_detected", "unreachable")
    ]


async def test_two_restarts(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that what was found in an aborted start triggers in the next one."""
    account.state = "blocked"
    await hass.async_stop(force=True)
    async with async_starting(loaded_entry) as again:
        await async_polls(again, freezer, 3)

    async with async_starting(loaded_entry) as again:
        runs = await everything(again)
        await async_start(again, freezer)
        await async_polls(again, freezer, 3)
        assert sorted(news(runs)) == [
            ("problem_detected", "blocked"),
            ("state_changed", "blocked"),
        ]


async def test_late_response_at_start(
    new_home: Deliveries, hass_storage: dict[str, Any]
) -> None:
    """Test that a change waits for automations if the first response is late."""
    await new_home.set_up()
    await new_home.time.advance(60)
    new_home.account.state = "blocked"
    new_home.account.delays["getStateInstance"] = 10
    async with new_home.restarted() as again:
        await again.time.advance(8)
        await again.hass.async_start()
        await again.time.advance(ATTACHED_AFTER - 1)
        runs = await async_create_automation(
            again.hass, trigger("state_changed", TARGET)
        )
        await again.time.advance(10)
        assert news(runs) == [("state_changed", "blocked")]


def of_device(hass: HomeAssistant) -> str:
    """Return the device ID of the account."""
    device_id = er.async_get(hass).async_get(PROBLEM).device_id
    assert device_id
    return device_id


async def by_device(hass: HomeAssistant) -> dict[str, str]:
    """Return the account's device as a target."""
    return {"device_id": of_device(hass)}


async def by_area_of_the_device(hass: HomeAssistant) -> dict[str, str]:
    """Return the device's area as a target."""
    area = ar.async_get(hass).async_create("Hall")
    dr.async_get(hass).async_update_device(of_device(hass), area_id=area.id)
    return {"area_id": area.id}


async def by_floor(hass: HomeAssistant) -> dict[str, str]:
    """Return the floor of the device's area as a target."""
    floor = fr.async_get(hass).async_create("Ground floor")
    area = ar.async_get(hass).async_create("Hall", floor_id=floor.floor_id)
    dr.async_get(hass).async_update_device(of_device(hass), area_id=area.id)
    return {"floor_id": floor.floor_id}


async def by_label_of_the_device(hass: HomeAssistant) -> dict[str, str]:
    """Return a label of the device as a target."""
    label = lr.async_get(hass).async_create("Important")
    dr.async_get(hass).async_update_device(of_device(hass), labels={label.label_id})
    return {"label_id": label.label_id}


async def by_label_of_an_entity(hass: HomeAssistant) -> dict[str, str]:
    """Return a label of an entity as a target."""
    label = lr.async_get(hass).async_create("Important")
    er.async_get(hass).async_update_entity(STATE, labels={label.label_id})
    return {"label_id": label.label_id}


async def by_disabled_entity(hass: HomeAssistant) -> dict[str, str]:
    """Disable the entity, and return the device as a target."""
    er.async_get(hass).async_update_entity(
        PROBLEM, disabled_by=er.RegistryEntryDisabler.USER
    )
    return {"entity_id": PROBLEM}


async def by_disabled_entity_of_an_area(hass: HomeAssistant) -> dict[str, str]:
    """Put a diagnostic entity into an area, disable it, and return the area."""
    area = ar.async_get(hass).async_create("Hall")
    er.async_get(hass).async_update_entity(
        ERROR, area_id=area.id, disabled_by=er.RegistryEntryDisabler.USER
    )
    return {"area_id": area.id}


async def by_hidden_entity_with_a_label(hass: HomeAssistant) -> dict[str, str]:
    """Give a hidden entity a label, and return the label as a target."""
    label = lr.async_get(hass).async_create("Important")
    er.async_get(hass).async_update_entity(
        PROBLEM, hidden_by=er.RegistryEntryHider.USER, labels={label.label_id}
    )
    return {"label_id": label.label_id}


async def by_label_of_the_area(hass: HomeAssistant) -> dict[str, str]:
    """Return a label of the device's area as a target."""
    label = lr.async_get(hass).async_create("Important")
    area = ar.async_get(hass).async_create("Hall", labels={label.label_id})
    dr.async_get(hass).async_update_device(of_device(hass), area_id=area.id)
    return {"label_id": label.label_id}


async def by_area_while_all_entities_are_elsewhere(
    hass: HomeAssistant,
) -> dict[str, str]:
    """Hide all entities, put them into an area other than the device's, return it."""
    registry = er.async_get(hass)
    elsewhere = ar.async_get(hass).async_create("Kitchen")
    for entity in er.async_entries_for_device(registry, of_device(hass)):
        registry.async_update_entity(
            entity.entity_id,
            area_id=elsewhere.id,
            hidden_by=er.RegistryEntryHider.USER,
        )
    return await by_area_of_the_device(hass)


async def by_renamed_entity(hass: HomeAssistant) -> dict[str, str]:
    """Rename the entity, and return the device as a target."""
    device_id = of_device(hass)
    er.async_get(hass).async_update_entity(
        PROBLEM, new_entity_id="binary_sensor.whatsapp"
    )
    return {"device_id": device_id}


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize(
    "target",
    [
        by_device,
        by_area_of_the_device,
        by_floor,
        by_label_of_the_device,
        by_label_of_an_entity,
        by_disabled_entity,
        by_disabled_entity_of_an_area,
        by_hidden_entity_with_a_label,
        by_label_of_the_area,
        by_area_while_all_entities_are_elsewhere,
        by_renamed_entity,
    ],
)
async def test_target(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    simulator: Simulator,
    target: Callable[[HomeAssistant], Awaitable[dict[str, str]]],
) -> None:
    """Test that every kind of target finds the account and no other one."""
    other = await async_add_account(hass, simulator, "1101000002", "Other")
    named = await target(hass)
    await hass.async_block_till_done()
    runs = await async_create_automation(
        hass,
        *(
            trigger(kind, named)
            for kind in ("problem_detected", "problem_cleared", "state_changed")
        ),
    )
    for state in ("blocked", "authorized"):
        account.state = other.state = state
        await async_polls(hass, freezer, 3)

    assert {it["account"] for it in runs} == {NAME}
    assert news(runs) == [
        ("state_changed", "blocked"),
        ("problem_detected", "blocked"),
        ("problem_cleared", "blocked"),
        ("state_changed", "authorized"),
    ]


@pytest.mark.parametrize("kind", ["area_id", "device_id", "label_id"])
async def test_account_without_enabled_entities(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
    kind: str,
) -> None:
    """Test that an account whose entities are all disabled is found."""
    await async_set_up_without_entities(hass, config_entry)
    target = {
        "area_id": by_area_of_the_device,
        "device_id": by_device,
        "label_id": by_label_of_the_device,
    }[kind]
    runs = await async_create_automation(
        hass, trigger("problem_detected", await target(hass))
    )
    account.state = "blocked"
    await async_polls(hass, freezer, 3)

    assert news(runs) == [("problem_detected", "blocked")]


@pytest.mark.skipif(
    "exclude" not in cv.TARGET_FIELDS, reason="Home Assistant excludes nothing yet"
)
@pytest.mark.usefixtures("loaded_entry")
async def test_excluded_account(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    simulator: Simulator,
) -> None:
    """Test that an excluded account is not found by its label."""
    other = await async_add_account(hass, simulator, "1101000002", "Other")
    label = lr.async_get(hass).async_create("Important").label_id
    for entity_id in (PROBLEM, "binary_sensor.other_problem"):
        er.async_get(hass).async_update_entity(entity_id, labels={label})
    exclude = {"device_id": of_device(hass)}
    runs = await async_create_automation(
        hass, trigger("problem_detected", {"label_id": label, "exclude": exclude})
    )
    account.state = other.state = "blocked"
    await async_polls(hass, freezer, 3)

    assert [it["account"] for it in runs] == ["Other"]


async def test_recipient_is_not_account(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a target that finds a recipient does not find its account."""
    await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)
    area = ar.async_get(hass).async_create("Hall")
    recipient = er.async_get(hass).async_get(ALEX)
    assert recipient
    dr.async_get(hass).async_update_device(recipient.device_id, area_id=area.id)
    runs = await async_create_automation(
        hass,
        trigger("problem_detected", {"area_id": area.id}),
        trigger("state_changed", {"device_id": recipient.device_id}),
        trigger("state_changed", {"entity_id": ALEX}),
    )
    account.state = "blocked"
    await async_polls(hass, freezer, 3)
    assert runs == []


@pytest.mark.usefixtures("loaded_entry")
async def test_target_follows_the_registries(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that a label that is added later is found later."""
    label = lr.async_get(hass).async_create("Important")
    runs = await async_create_automation(
        hass, trigger("state_changed", {"label_id": label.label_id})
    )
    account.state = "starting"
    await async_polls(hass, freezer, 1)
    assert runs == []

    dr.async_get(hass).async_update_device(of_device(hass), labels={label.label_id})
    account.state = "authorized"
    await async_polls(hass, freezer, 1)
    assert news(runs) == [("state_changed", "authorized")]


@pytest.mark.usefixtures("loaded_entry")
async def test_two_accounts(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    simulator: Simulator,
) -> None:
    """Test that accounts with simultaneous problems trigger separately."""
    other = await async_add_account(hass, simulator, "1101000002", "Other")
    target = {"entity_id": [PROBLEM, "binary_sensor.other_problem"]}
    runs = await async_create_automation(
        hass,
        trigger("problem_detected", target),
        trigger("problem_cleared", target),
    )
    account.state = other.state = "blocked"
    await async_polls(hass, freezer, 3)
    assert {it["account"] for it in runs} == {NAME, "Other"}
    other.state = "authorized"
    await async_polls(hass, freezer, 3)
    assert [(it["account"], it["id"]) for it in runs[2:]] == [
        ("Other", "problem_cleared")
    ]


async def test_account_removed_during_delay(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that an account that was removed meanwhile does not trigger."""
    target = await by_device(hass)
    runs = await async_create_automation(
        hass, trigger("problem_detected", target, **{"for": {"minutes": 5}})
    )
    account.state = "blocked"
    await async_polls(hass, freezer, 3)
    await hass.config_entries.async_remove(loaded_entry.entry_id)
    await async_polls(hass, freezer, 10)
    assert runs == []


@pytest.mark.usefixtures("loaded_entry")
async def test_automation_off_during_delay(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that an automation that is turned off no longer waits for anything."""
    await async_create_automation(
        hass, trigger("problem_detected", TARGET, **{"for": {"minutes": 60}})
    )
    account.state = "blocked"
    await async_polls(hass, freezer, 2)
    assert has_timer_in(hass, 3600)
    await hass.services.async_call(
        "automation", "turn_off", {"entity_id": "automation.runs"}, blocking=True
    )
    assert not has_timer_in(hass, 3600)


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize(
    "wrong",
    [
        {"trigger": "green_api.problem_detected"},
        {"trigger": "green_api.nothing", "target": TARGET},
        trigger("problem_detected", TARGET, reason="tired"),
        trigger("problem_detected", TARGET, **{"for": "soon"}),
        trigger("state_changed", TARGET, to="tired"),
        trigger("state_changed", TARGET, reason="blocked"),
    ],
)
async def test_invalid_configuration(
    hass: HomeAssistant, wrong: dict[str, Any]
) -> None:
    """Test that an invalid configuration is refused."""
    assert await async_setup_component(
        hass, "automation", {"automation": [{"triggers": [wrong], "actions": []}]}
    )
    assert [state.state for state in hass.states.async_all("automation")] == [
        "unavailable"
    ]
