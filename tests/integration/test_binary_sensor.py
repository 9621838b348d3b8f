"""Test the binary sensors."""

from typing import Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.health import CERTAIN_AFTER
from custom_components.green_api.problem import Problem
from homeassistant.components.binary_sensor import BinarySensorDeviceClass
from homeassistant.const import (
    ATTR_FRIENDLY_NAME,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from tests.simulator import Account, Fault
from tests.support.helpers import async_pass

CONNECTIVITY: Final = "binary_sensor.green_api_1101000001_connectivity"
PROBLEM: Final = "binary_sensor.green_api_1101000001_problem"
REASON: Final = "sensor.green_api_1101000001_problem_reason"
STATE: Final = "sensor.green_api_1101000001_account_state"

MINUTE: Final = 60


def state(hass: HomeAssistant, entity_id: str) -> str:
    """Return the state of an entity."""
    return hass.states.get(entity_id).state


def reason(hass: HomeAssistant) -> str:
    """Return the reason of the problem."""
    return state(hass, REASON)


async def test_connectivity_sensor(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    """The connectivity is a main entity that its device class names."""
    entity = entity_registry.async_get(CONNECTIVITY)
    assert entity.unique_id == "1101000001_connectivity"
    assert entity.translation_key is None
    assert entity.original_device_class == BinarySensorDeviceClass.CONNECTIVITY
    assert entity.original_name == "Connectivity"
    assert entity.entity_category is None
    assert entity.disabled_by is None


async def test_problem_sensor(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    """The problem is a main entity with texts of its own."""
    entity = entity_registry.async_get(PROBLEM)
    assert entity.unique_id == "1101000001_problem"
    assert entity.translation_key == "problem"
    assert entity.original_device_class == BinarySensorDeviceClass.PROBLEM
    assert entity.entity_category is None
    assert entity.disabled_by is None
    assert (
        hass.states.get(PROBLEM).attributes[ATTR_FRIENDLY_NAME]
        == "GREEN-API 1101000001 Problem"
    )
    assert state(hass, PROBLEM) == STATE_OFF
    assert reason(hass) == "none"


@pytest.mark.parametrize(
    ("raw", "connectivity"),
    [
        ("authorized", STATE_ON),
        ("blocked", STATE_OFF),
        ("notAuthorized", STATE_OFF),
        ("pendingCode", STATE_OFF),
        ("pendingPassword", STATE_OFF),
        ("sleepMode", STATE_OFF),
        ("starting", STATE_OFF),
        ("suspended", STATE_OFF),
        ("yellowCard", STATE_OFF),
        ("hibernating", STATE_OFF),
        (None, STATE_OFF),
    ],
)
async def test_connectivity(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    raw: str | None,
    connectivity: str,
) -> None:
    """Only an account that is authorized is connected."""
    account.state = raw
    await async_pass(hass, freezer)

    assert state(hass, CONNECTIVITY) == connectivity


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ("blocked", Problem.BLOCKED),
        ("notAuthorized", Problem.LOGGED_OUT),
        ("sleepMode", Problem.ASLEEP),
        ("starting", Problem.STUCK_STARTING),
        ("suspended", Problem.RESTRICTED),
    ],
)
async def test_problem_with_a_state(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    raw: str,
    problem: Problem,
) -> None:
    """A state is a problem when it stands, in outages too, until it is over."""
    account.state = raw
    await async_pass(hass, freezer)
    assert state(hass, PROBLEM) == STATE_OFF

    for _ in range(1 + int(CERTAIN_AFTER[problem] // MINUTE)):
        await async_pass(hass, freezer)
    assert state(hass, PROBLEM) == STATE_ON
    assert reason(hass) == problem

    account.fault = Fault.BAD_GATEWAY
    await async_pass(hass, freezer)
    assert state(hass, STATE) == STATE_UNAVAILABLE
    assert state(hass, PROBLEM) == STATE_ON
    assert reason(hass) == problem

    account.fault = None
    account.state = "authorized"
    await async_pass(hass, freezer)
    assert state(hass, PROBLEM) == STATE_OFF
    assert reason(hass) == "none"


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Fault.DELETED, Problem.DELETED),
        (Fault.EXPIRED_TEXT, Problem.EXPIRED),
        (Fault.FORBIDDEN_HTML, Problem.WRONG_ADDRESS),
    ],
)
async def test_problem_with_a_failure(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    fault: Fault,
    problem: Problem,
) -> None:
    """A failure is a problem when it stands, though nothing is known of the state."""
    account.fault = fault
    await async_pass(hass, freezer)
    assert state(hass, PROBLEM) == STATE_UNAVAILABLE

    for _ in range(1 + int(CERTAIN_AFTER[problem] // MINUTE)):
        await async_pass(hass, freezer)
    assert state(hass, STATE) == STATE_UNAVAILABLE
    assert state(hass, PROBLEM) == STATE_ON
    assert reason(hass) == problem

    account.fault = None
    await async_pass(hass, freezer)
    assert state(hass, STATE) == "authorized"
    assert state(hass, PROBLEM) == STATE_OFF


async def test_problem_that_changes(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """One problem replaces the other."""
    account.state = "notAuthorized"
    await async_pass(hass, freezer)
    await async_pass(hass, freezer)
    assert reason(hass) == Problem.LOGGED_OUT

    account.fault = Fault.EXPIRED_TEXT
    await async_pass(hass, freezer)
    await async_pass(hass, freezer)
    assert reason(hass) == Problem.EXPIRED
    assert state(hass, PROBLEM) == STATE_ON
