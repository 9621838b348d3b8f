"""Test the conditions as automations of Home Assistant use them."""

from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.condition import IsAuthorizedCondition
from homeassistant.core import HomeAssistant
from homeassistant.helpers.condition import ConditionConfig
from homeassistant.setup import async_setup_component
from tests.simulator import Account, Fault, Simulator
from tests.support.automations import async_automate
from tests.support.entities import PROBLEM
from tests.support.helpers import async_add_account, async_pass, async_polls

TARGET: Final = {"entity_id": PROBLEM}
BOTH: Final = {"entity_id": [PROBLEM, "binary_sensor.other_problem"]}

HAS_PROBLEM: Final = {"condition": "green_api.has_problem", "target": TARGET}
IS_BLOCKED: Final = HAS_PROBLEM | {"options": {"reason": ["blocked", "expired"]}}
IS_AUTHORIZED: Final = {"condition": "green_api.is_authorized", "target": TARGET}


class Question:
    """An automation that runs when it is asked, if a condition holds."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin without a condition."""
        self._hass = hass
        self._runs: list[dict[str, Any]] = []

    async def put(self, condition: dict[str, Any]) -> None:
        """Make the automation."""
        self._runs = await async_automate(
            self._hass,
            {"trigger": "event", "event_type": "ask"},
            conditions=[condition],
        )

    async def holds(self) -> bool:
        """Return whether the condition holds."""
        self._runs.clear()
        self._hass.bus.async_fire("ask")
        await self._hass.async_block_till_done()
        return bool(self._runs)


@pytest.fixture
def question(hass: HomeAssistant) -> Question:
    """Return a question."""
    return Question(hass)


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize(
    ("condition", "state", "fault", "expected"),
    [
        (HAS_PROBLEM, "authorized", None, False),
        (HAS_PROBLEM, "notAuthorized", None, True),
        (HAS_PROBLEM, "blocked", None, True),
        (HAS_PROBLEM, "starting", None, False),
        (HAS_PROBLEM, "authorized", Fault.EXPIRED_JSON, True),
        (HAS_PROBLEM, "authorized", Fault.BAD_GATEWAY, False),
        (IS_BLOCKED, "notAuthorized", None, False),
        (IS_BLOCKED, "blocked", None, True),
        (IS_BLOCKED, "authorized", Fault.EXPIRED_JSON, True),
        (IS_AUTHORIZED, "authorized", None, True),
        (IS_AUTHORIZED, "starting", None, False),
        (IS_AUTHORIZED, "authorized", Fault.BAD_GATEWAY, False),
    ],
)
async def test_condition(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    question: Question,
    condition: dict[str, Any],
    state: str,
    fault: Fault | None,
    *,
    expected: bool,
) -> None:
    """A condition holds when its name is true of the account."""
    await question.put(condition)
    account.state, account.fault = state, fault
    await async_polls(hass, freezer, 3)

    assert await question.holds() is expected


@pytest.mark.usefixtures("loaded_entry")
async def test_short_spell_is_no_problem(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    question: Question,
) -> None:
    """What is not certain yet is no problem, although the account is not authorized."""
    await question.put({"or": [HAS_PROBLEM, IS_AUTHORIZED]})
    account.state = "notAuthorized"
    await async_pass(hass, freezer)

    assert not await question.holds()


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize(
    ("condition", "none", "one", "both"),
    [
        ("has_problem", False, True, True),
        ("is_authorized", True, False, False),
    ],
)
async def test_two_accounts(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    simulator: Simulator,
    question: Question,
    condition: str,
    *,
    none: bool,
    one: bool,
    both: bool,
) -> None:
    """One account with a problem is enough; authorized are all or it is not so."""
    other = await async_add_account(hass, simulator, "1101000002", "Other")
    await question.put({"condition": f"green_api.{condition}", "target": BOTH})

    answers = []
    for states in (("authorized",) * 2, ("blocked", "authorized"), ("blocked",) * 2):
        account.state, other.state = states
        await async_polls(hass, freezer, 3)
        answers.append(await question.holds())

    assert answers == [none, one, both]


@pytest.mark.parametrize(
    ("condition", "state"), [(HAS_PROBLEM, "blocked"), (IS_AUTHORIZED, "authorized")]
)
async def test_account_that_is_not_there(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    question: Question,
    condition: dict[str, Any],
    state: str,
) -> None:
    """Nothing holds of an account that is not loaded, or is gone."""
    await question.put(condition)
    account.state = state
    await async_polls(hass, freezer, 3)
    assert await question.holds()

    await hass.config_entries.async_unload(loaded_entry.entry_id)
    assert not await question.holds()
    await hass.config_entries.async_remove(loaded_entry.entry_id)
    assert not await question.holds()


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize(
    "wrong",
    [
        {"condition": "green_api.has_problem"},
        {"condition": "green_api.nothing", "target": TARGET},
        HAS_PROBLEM | {"options": {"reason": "tired"}},
        IS_AUTHORIZED | {"options": {"reason": "blocked"}},
    ],
)
async def test_wrong_configuration(hass: HomeAssistant, wrong: dict[str, Any]) -> None:
    """A configuration that cannot work is refused."""
    automation = {"triggers": [], "conditions": [wrong], "actions": []}
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    assert [state.state for state in hass.states.async_all("automation")] == [
        "unavailable"
    ]


@pytest.mark.usefixtures("loaded_entry")
async def test_checker(hass: HomeAssistant) -> None:
    """Home Assistant before 2026.5 asks for something to call, which newer do not."""
    condition = IsAuthorizedCondition(hass, ConditionConfig(target=TARGET))

    checker = await condition.async_get_checker()

    assert checker(variables={})
