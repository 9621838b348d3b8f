"""Test the triggers as automations of Home Assistant use them."""

from collections.abc import Awaitable, Callable
from datetime import datetime
import json
from pathlib import Path
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components import green_api
from custom_components.green_api.api import ErrorKind
from custom_components.green_api.problem import Problem
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
from homeassistant.setup import async_setup_component
from tests.simulator import Account, Fault, Simulator
from tests.support.automations import async_automate, trigger
from tests.support.entities import PROBLEM, STATE
from tests.support.failures import FAULT_OF_KIND
from tests.support.helpers import async_add_account, async_polls, waits
from tests.support.recipients import ALEX, ALEX_CHAT, async_add_recipient
from tests.support.restart import async_start, async_starting

NAME: Final = "GREEN-API 1101000001"
TEXTS: Final = json.loads(
    (Path(green_api.__file__).parent / "translations/en.json").read_text("utf-8")
)

TARGET: Final = {"entity_id": PROBLEM}

type Runs = list[dict[str, Any]]


async def problems(hass: HomeAssistant, **options: Any) -> Runs:
    """Make an automation for problems and their end; return its runs."""
    return await async_automate(
        hass,
        trigger("problem_detected", TARGET, **options),
        trigger("problem_cleared", TARGET, **options),
    )


async def everything(hass: HomeAssistant, **options: Any) -> Runs:
    """Make an automation with every trigger; return its runs."""
    return await async_automate(
        hass,
        trigger("problem_detected", TARGET, **options),
        trigger("problem_cleared", TARGET, **options),
        trigger("state_changed", TARGET),
    )


def news(runs: Runs) -> list[tuple[str, str]]:
    """Return in short the runs since the last call."""
    short = [(it["id"], it["reason"] or it["state"]) for it in runs]
    runs.clear()
    return short


@pytest.mark.usefixtures("loaded_entry")
async def test_problem(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """A problem is announced once when it is certain, and once when it is over."""
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
    """The trigger variables hold all that a message needs, in words."""
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
    when = f"{since:%Y-%m-%d %H:%M}"
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
            "message": f"The messenger has blocked {NAME}. Ask its support to lift that, "
            f"once, in the messenger's own app. Since {when}.",
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
            "message": f"It had not worked since {when}.",
        }.items()
    )


async def test_language_and_name(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> None:
    """The words are in the language of Home Assistant, with today's name."""
    hass.config.language = "de"
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    runs = await async_automate(
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
    """Another reason is announced as well; what is cleared is cleared once."""
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
async def test_outage_is_no_change(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """An outage before, during and after a problem is not announced unasked."""
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
    """Nothing is announced twice over a reload, and what happens meanwhile after it."""
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
    """A problem is not announced again when the account is enabled again."""
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


async def test_disabled_while_waiting(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """The time in which an account is disabled does not count."""
    runs = await async_automate(
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
    """That an account is there is no change of its state."""
    runs = await everything(hass)
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await async_polls(hass, freezer, 3)
    assert news(runs) == []
    assert "Exception" not in caplog.text


@pytest.mark.usefixtures("loaded_entry")
async def test_wait(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """With a time to wait, short problems and their ends are not announced."""
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


async def test_wait_over_a_reload(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """A reload does not begin the waiting anew, and does not end it."""
    runs = await async_automate(
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
async def test_automation_is_made_during_a_problem(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """A new automation is triggered by what is due later, and by nothing of the past."""
    account.state = "blocked"
    await async_polls(hass, freezer, 5)
    runs = await async_automate(
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
    """A long outage is announced if it is asked for; its end when the account works."""
    runs = await problems(hass, outage={"minutes": 30})
    account.fault = Fault.BAD_GATEWAY
    await async_polls(hass, freezer, 20)
    account.fault = None
    await async_polls(hass, freezer, 1)
    account.fault = Fault.BAD_GATEWAY
    await async_polls(hass, freezer, 30)
    assert news(runs) == []
    await async_polls(hass, freezer, 1)
    assert [it["title"] for it in runs] == [f"{NAME} is out of reach"]
    assert runs[0]["message"].startswith(
        f"GREEN-API cannot be reached for {NAME}. Check the internet connection"
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
async def test_expired_plan_is_no_outage(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """What will be a problem in a minute is no outage meanwhile, nor is it an end."""
    runs = await problems(hass, outage={"seconds": 1})
    account.fault = Fault.EXPIRED_JSON
    await async_polls(hass, freezer, 10)
    assert news(runs) == [("problem_detected", "expired")]


@pytest.mark.usefixtures("loaded_entry")
async def test_expired_plan_ends_no_outage(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """An answer without a state is not the end of an outage."""
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
async def test_why_it_is_unreachable(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    kind: ErrorKind,
    fault: Fault,
) -> None:
    """The message says why there is no answer, and what to do."""
    runs = await async_automate(
        hass, trigger("problem_detected", TARGET, outage={"minutes": 15})
    )
    account.fault = fault
    await async_polls(hass, freezer, 30)

    text = TEXTS["exceptions"][kind]["message"].format(name=NAME, minutes=2)
    assert [it["message"].split(" Since ")[0] for it in runs] == [text]


@pytest.mark.usefixtures("loaded_entry")
async def test_outage_that_ends_in_a_problem(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """An outage and a problem that was found after it have one end."""
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
async def test_chosen_reasons(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Only chosen reasons are announced, of which one or a list may be chosen."""
    runs = await async_automate(
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
async def test_chosen_states(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Only changes to chosen states are announced."""
    runs = await async_automate(
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
    """Restart Home Assistant; return the runs within some minutes of the start."""
    await hass.async_stop(force=True)
    freezer.tick(600)
    async with async_starting(entry) as again:
        runs = await everything(again, **options)
        await async_polls(again, freezer, 2)
        assert runs == []
        await async_start(again, freezer)
        await async_polls(again, freezer, 10)
        return sorted(news(runs))


async def test_nothing_is_announced_twice_over_a_restart(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """A problem that was announced before a restart is not announced again."""
    runs = await everything(hass)
    account.state = "blocked"
    await async_polls(hass, freezer, 3)
    assert len(runs) == 2

    assert await restart(hass, freezer, loaded_entry) == []


@pytest.mark.parametrize("lasts", [1, 30])
async def test_problem_began_while_home_assistant_was_down(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    lasts: int,
) -> None:
    """A problem is announced after a restart, whether or not it began long before."""
    await async_polls(hass, freezer, lasts)
    account.state = "blocked"

    assert await restart(hass, freezer, loaded_entry) == [
        ("problem_detected", "blocked"),
        ("state_changed", "blocked"),
    ]


async def test_problem_is_over_after_a_restart(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """The end of a problem is announced after a restart."""
    await everything(hass)
    account.state = "blocked"
    await async_polls(hass, freezer, 3)
    account.state = "authorized"

    assert await restart(hass, freezer, loaded_entry) == [
        ("problem_cleared", "blocked"),
        ("state_changed", "authorized"),
    ]


async def test_restart_while_waiting(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """What was due after a restart is announced after it; only that has an end."""
    wait = {"for": {"minutes": 8}}
    await everything(hass, **wait)
    account.state = "blocked"
    await async_polls(hass, freezer, 5)

    assert await restart(hass, freezer, loaded_entry, **wait) == [
        ("problem_detected", "blocked")
    ]


async def test_short_problem_over_a_restart(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """The end of a problem that was not announced is not announced either."""
    wait = {"for": {"minutes": 8}}
    await everything(hass, **wait)
    account.state = "blocked"
    await async_polls(hass, freezer, 5)
    account.state = "authorized"

    assert await restart(hass, freezer, loaded_entry, **wait) == [
        ("state_changed", "authorized")
    ]


async def test_outage_over_a_restart(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """An outage goes on over a restart, and is announced once."""
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
    """What became known in a start that was broken off is announced in the next one."""
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


def of_device(hass: HomeAssistant) -> str:
    """Return the id of the device of the account."""
    device_id = er.async_get(hass).async_get(PROBLEM).device_id
    assert device_id
    return device_id


async def by_device(hass: HomeAssistant) -> dict[str, str]:
    """Return the device of the account as a target."""
    return {"device_id": of_device(hass)}


async def by_area_of_the_device(hass: HomeAssistant) -> dict[str, str]:
    """Return the area of the device as a target."""
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
    """An account is found by whatever leads to it, and no other one is."""
    other = await async_add_account(hass, simulator, "1101000002", "Other")
    named = await target(hass)
    await hass.async_block_till_done()
    runs = await async_automate(
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


async def test_recipient_is_not_its_account(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """What leads to a recipient does not lead to the account that sends to it."""
    await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)
    area = ar.async_get(hass).async_create("Hall")
    recipient = er.async_get(hass).async_get(ALEX)
    assert recipient
    dr.async_get(hass).async_update_device(recipient.device_id, area_id=area.id)
    runs = await async_automate(
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
    """What has a label later is found later."""
    label = lr.async_get(hass).async_create("Important")
    runs = await async_automate(
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
    """Accounts with problems at the same time are announced one by one."""
    other = await async_add_account(hass, simulator, "1101000002", "Other")
    target = {"entity_id": [PROBLEM, "binary_sensor.other_problem"]}
    runs = await async_automate(
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


async def test_account_removed_while_waiting(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Nothing is announced of an account that was removed meanwhile."""
    target = await by_device(hass)
    runs = await async_automate(
        hass, trigger("problem_detected", target, **{"for": {"minutes": 5}})
    )
    account.state = "blocked"
    await async_polls(hass, freezer, 3)
    await hass.config_entries.async_remove(loaded_entry.entry_id)
    await async_polls(hass, freezer, 10)
    assert runs == []


@pytest.mark.usefixtures("loaded_entry")
async def test_automation_turned_off_while_waiting(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """An automation that is turned off waits for nothing any more."""
    await async_automate(
        hass, trigger("problem_detected", TARGET, **{"for": {"minutes": 60}})
    )
    account.state = "blocked"
    await async_polls(hass, freezer, 2)
    assert waits(hass, 3600)
    await hass.services.async_call(
        "automation", "turn_off", {"entity_id": "automation.runs"}, blocking=True
    )
    assert not waits(hass, 3600)


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
async def test_wrong_configuration(hass: HomeAssistant, wrong: dict[str, Any]) -> None:
    """A configuration that cannot work is refused."""
    assert await async_setup_component(
        hass, "automation", {"automation": [{"triggers": [wrong], "actions": []}]}
    )
    assert [state.state for state in hass.states.async_all("automation")] == [
        "unavailable"
    ]
