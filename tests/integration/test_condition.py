"""Test the conditions as automations of Home Assistant use them."""

from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.condition import IsAuthorizedCondition
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.helpers.condition import ConditionConfig
from homeassistant.setup import async_setup_component
from tests.simulator import Account, Fault, Simulator
from tests.support.automations import async_create_automation
from tests.support.entities import PROBLEM
from tests.support.helpers import (
    async_add_account,
    async_advance,
    async_polls,
    async_press,
)

pytestmark = pytest.mark.long(2)

TARGET: Final = {"entity_id": PROBLEM}
BOTH: Final = {"entity_id": [PROBLEM, "binary_sensor.other_problem"]}

HAS_PROBLEM: Final = {"condition": "green_api.has_problem", "target": TARGET}
IS_BLOCKED: Final = HAS_PROBLEM | {"options": {"reason": ["blocked", "expired"]}}
WAS_REBOOTED: Final = {
    "condition": "green_api.was_rebooted",
    "target": TARGET,
    "options": {"within": {"hours": 1}},
}
IS_AUTHORIZED: Final = {"condition": "green_api.is_authorized", "target": TARGET}


class ConditionAutomation:
    """An automation that runs on request if a condition is true."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize without a condition."""
        self._hass = hass
        self._runs: list[dict[str, Any]] = []

    async def set_condition(self, condition: dict[str, Any]) -> None:
        """Create the automation."""
        self._runs = await async_create_automation(
            self._hass,
            {"trigger": "event", "event_type": "ask"},
            conditions=[condition],
        )

    async def holds(self) -> bool:
        """Return whether the condition is true."""
        self._runs.clear()
        self._hass.bus.async_fire("ask")
        await self._hass.async_block_till_done()
        return bool(self._runs)


@pytest.fixture
def automation(hass: HomeAssistant) -> ConditionAutomation:
    """Return an automation to test conditions with."""
    return ConditionAutomation(hass)


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
    automation: ConditionAutomation,
    condition: dict[str, Any],
    state: str,
    fault: Fault | None,
    *,
    expected: bool,
) -> None:
    """Test that each condition is true in its own situation."""
    await automation.set_condition(condition)
    account.state, account.fault = state, fault
    await async_polls(hass, freezer, 3)

    assert await automation.holds() is expected


@pytest.mark.usefixtures("loaded_entry")
async def test_short_problem(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    automation: ConditionAutomation,
) -> None:
    """Test that an uncertain problem is none, although the account is unauthorized."""
    await automation.set_condition({"or": [HAS_PROBLEM, IS_AUTHORIZED]})
    account.state = "notAuthorized"
    await async_advance(hass, freezer)

    assert not await automation.holds()


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
    automation: ConditionAutomation,
    condition: str,
    *,
    none: bool,
    one: bool,
    both: bool,
) -> None:
    """Test that a problem requires one of two accounts, and authorization both."""
    other = await async_add_account(hass, simulator, "1101000002", "Other")
    await automation.set_condition(
        {"condition": f"green_api.{condition}", "target": BOTH}
    )

    answers = []
    for states in (("authorized",) * 2, ("blocked", "authorized"), ("blocked",) * 2):
        account.state, other.state = states
        await async_polls(hass, freezer, 3)
        answers.append(await automation.holds())

    assert answers == [none, one, both]


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize("condition", [HAS_PROBLEM, IS_BLOCKED])
async def test_hidden_and_disabled(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    automation: ConditionAutomation,
    condition: dict[str, Any],
) -> None:
    """Test that a condition finds an account by area, whatever is hidden of it."""
    registry = er.async_get(hass)
    area = ar.async_get(hass).async_create("Hall")
    device_id = registry.async_get(PROBLEM).device_id
    dr.async_get(hass).async_update_device(device_id, area_id=area.id)
    for entity in er.async_entries_for_device(registry, device_id):
        registry.async_update_entity(
            entity.entity_id, hidden_by=er.RegistryEntryHider.USER
        )
    registry.async_update_entity(PROBLEM, disabled_by=er.RegistryEntryDisabler.USER)
    await hass.async_block_till_done()
    await automation.set_condition(condition | {"target": {"area_id": area.id}})
    account.state = "blocked"
    await async_polls(hass, freezer, 3)

    assert await automation.holds()


async def test_was_rebooted(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    automation: ConditionAutomation,
) -> None:
    """Test that an accepted reboot counts for the selected time."""
    await automation.set_condition(WAS_REBOOTED)
    assert not await automation.holds()
    account.reboot_accepted = False
    with pytest.raises(HomeAssistantError):
        await async_press(hass)
    assert not await automation.holds()

    account.reboot_accepted = True
    await async_press(hass)
    assert await automation.holds()
    account.state = "authorized"
    await async_polls(hass, freezer, 30)
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    assert await automation.holds()
    await async_polls(hass, freezer, 31)
    assert not await automation.holds()


@pytest.mark.parametrize(
    ("condition", "state"), [(HAS_PROBLEM, "blocked"), (IS_AUTHORIZED, "authorized")]
)
async def test_unavailable_account(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    automation: ConditionAutomation,
    condition: dict[str, Any],
    state: str,
) -> None:
    """Test that no condition is true for an account that is unloaded or removed."""
    await automation.set_condition(condition)
    account.state = state
    await async_polls(hass, freezer, 3)
    assert await automation.holds()

    await hass.config_entries.async_unload(loaded_entry.entry_id)
    assert not await automation.holds()
    await hass.config_entries.async_remove(loaded_entry.entry_id)
    assert not await automation.holds()


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize(
    "wrong",
    [
        {"condition": "green_api.has_problem"},
        {"condition": "green_api.nothing", "target": TARGET},
        HAS_PROBLEM | {"options": {"reason": "tired"}},
        IS_AUTHORIZED | {"options": {"reason": "blocked"}},
        WAS_REBOOTED | {"options": {}},
        WAS_REBOOTED | {"options": {"within": "long"}},
    ],
)
async def test_invalid_configuration(
    hass: HomeAssistant, wrong: dict[str, Any]
) -> None:
    """Test that an invalid configuration is refused."""
    automation = {"triggers": [], "conditions": [wrong], "actions": []}
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    assert [state.state for state in hass.states.async_all("automation")] == [
        "unavailable"
    ]


@pytest.mark.usefixtures("loaded_entry")
async def test_checker(hass: HomeAssistant) -> None:
    """Test the checker, which only Home Assistant before 2026.5 requests."""
    condition = IsAuthorizedCondition(hass, ConditionConfig(target=TARGET))

    checker = await condition.async_get_checker()

    assert checker(variables={})
