"""Test the binary sensors."""

from typing import Final

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.green_api.decisions.health import CERTAIN_AFTER
from custom_components.green_api.decisions.problem import Problem
from homeassistant.const import (
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
)
from homeassistant.core import HomeAssistant
from tests.simulator import Account, Fault
from tests.support.entities import CONNECTIVITY, PROBLEM, REASON, STATE, state_of
from tests.support.helpers import async_advance, async_polls

MINUTE: Final = 60


def reason(hass: HomeAssistant) -> str:
    """Return the reason of the problem."""
    return state_of(hass, REASON)


@pytest.mark.usefixtures("loaded_entry")
def test_no_problem(hass: HomeAssistant) -> None:
    """Test that an account that is authorized has no problem."""
    assert state_of(hass, PROBLEM) == STATE_OFF
    assert reason(hass) == "none"


@pytest.mark.usefixtures("loaded_entry")
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
    account: Account,
    raw: str | None,
    connectivity: str,
) -> None:
    """Test that only an account that is authorized is connected."""
    account.state = raw
    await async_advance(hass, freezer)

    assert state_of(hass, CONNECTIVITY) == connectivity


@pytest.mark.usefixtures("loaded_entry")
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
    account: Account,
    raw: str,
    problem: Problem,
) -> None:
    """Test that a state is a problem once certain, also in outages, until it ends."""
    account.state = raw
    await async_advance(hass, freezer)
    assert state_of(hass, PROBLEM) == STATE_OFF

    await async_polls(hass, freezer, 1 + int(CERTAIN_AFTER[problem] // MINUTE))
    assert state_of(hass, PROBLEM) == STATE_ON
    assert reason(hass) == problem

    account.fault = Fault.BAD_GATEWAY
    await async_advance(hass, freezer)
    assert state_of(hass, STATE) == STATE_UNAVAILABLE
    assert state_of(hass, PROBLEM) == STATE_ON
    assert reason(hass) == problem

    account.fault = None
    account.state = "authorized"
    await async_advance(hass, freezer)
    assert state_of(hass, PROBLEM) == STATE_OFF
    assert reason(hass) == "none"


@pytest.mark.usefixtures("loaded_entry")
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
    account: Account,
    fault: Fault,
    problem: Problem,
) -> None:
    """Test that a failure is a problem once certain, although the state is unknown."""
    account.fault = fault
    await async_advance(hass, freezer)
    assert state_of(hass, PROBLEM) == STATE_UNAVAILABLE

    await async_polls(hass, freezer, 1 + int(CERTAIN_AFTER[problem] // MINUTE))
    assert state_of(hass, STATE) == STATE_UNAVAILABLE
    assert state_of(hass, PROBLEM) == STATE_ON
    assert reason(hass) == problem

    account.fault = None
    await async_advance(hass, freezer)
    assert state_of(hass, STATE) == "authorized"
    assert state_of(hass, PROBLEM) == STATE_OFF


@pytest.mark.usefixtures("loaded_entry")
async def test_problem_that_changes(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that one problem replaces another."""
    account.state = "notAuthorized"
    await async_polls(hass, freezer, 2)
    assert reason(hass) == Problem.LOGGED_OUT

    account.fault = Fault.EXPIRED_TEXT
    await async_polls(hass, freezer, 2)
    assert reason(hass) == Problem.EXPIRED
    assert state_of(hass, PROBLEM) == STATE_ON
