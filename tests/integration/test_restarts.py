"""Test every first response after every kind of restart, in every situation before it.

The table is generated: what an account was like before, how Home Assistant came to
request its state again, and what the server returns then. Everything happens through
Home Assistant's own entry points and over real HTTP; the expected result is what the
independent reference returns for the same history.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)

from custom_components.green_api.api import AccountState
from custom_components.green_api.const import DOMAIN
from custom_components.green_api.decisions.health import CERTAIN_AFTER
from custom_components.green_api.decisions.problem import Problem
from homeassistant.components.button import DOMAIN as BUTTON_DOMAIN, SERVICE_PRESS
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util.ulid import ulid_now
from tests.simulator import Account
from tests.support.entities import BUTTON, ERROR, PROBLEM, REASON
from tests.support.entries import copy_of
from tests.support.halves import half_of
from tests.support.helpers import async_advance, async_set_up
from tests.support.problem_reference import (
    EVENTS,
    STUCK,
    Event,
    Interruption,
    Verdict,
    verdicts,
)
from tests.support.replays import FAILURES_BY_NAME
from tests.support.restart import async_restarted

pytestmark = pytest.mark.long(33)

MINUTE: Final = 60

# What an account can have been like: a response, and the problem that it means.
CAUSES: Final = {
    "notAuthorized": Problem.LOGGED_OUT,
    "blocked": Problem.BLOCKED,
    "expired": Problem.EXPIRED,
    "starting": Problem.STUCK_STARTING,
    "null": Problem.UNKNOWN_STATE,
    "403": Problem.WRONG_ADDRESS,
}

# What the server can return first, besides the same as before.
FIRST: Final = (
    *("authorized", "suspended", "starting", "null", "deleted", "403"),
    *("401", "429", "502", "garbage"),
)


@dataclass
class AccountScenario:
    """An account, its server, and their history so far."""

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory
    entry: MockConfigEntry
    account: Account
    history: list[Event]

    @property
    def verdict(self) -> Verdict:
        """Return what must be known of the account, by the reference."""
        return verdicts(self.history)[-1] if self.history else Verdict()

    def set_answer(self, word: str) -> None:
        """Set the response of the server."""
        _, self.account.fault = FAILURES_BY_NAME.get(word, (None, None))
        self.account.state = {"null": None}.get(word, word)

    def record_answer(self, word: str) -> None:
        """Record a response that Home Assistant has received."""
        what = EVENTS.get(word, AccountState(word))
        self.history.append(Event(self.hass.loop.time(), what))

    async def poll(self, word: str, minutes: int) -> None:
        """Poll for some minutes with a response."""
        self.set_answer(word)
        for _ in range(minutes):
            before = len(self.account.requests)
            await async_advance(self.hass, self.freezer)
            methods = [it.method for it in self.account.requests[before:]]
            self.history += [
                Event(self.hass.loop.time(), EVENTS.get(word, AccountState(word)))
            ] * methods.count("getStateInstance")


async def fresh(scenario: AccountScenario, word: str) -> None:
    """Start without a history."""


async def suspected(scenario: AccountScenario, word: str) -> None:
    """Get the response once."""
    await scenario.poll(word, 1)


async def certain(scenario: AccountScenario, word: str) -> None:
    """Get the response until it is a certain problem."""
    await scenario.poll(word, int(CERTAIN_AFTER[CAUSES[word]] // MINUTE) + 2)


async def odd(scenario: AccountScenario, word: str) -> None:
    """Have the problem, with an odd response just before."""
    await certain(scenario, word)
    await scenario.poll("garbage", 1)


async def quiet(scenario: AccountScenario, word: str) -> None:
    """Have the problem, and reboot the instance just before."""
    await certain(scenario, word)
    # It is accepted, and changes nothing.
    scenario.account.reboot = lambda: True
    scenario.account.faults["reboot"] = None
    await scenario.hass.services.async_call(
        BUTTON_DOMAIN, SERVICE_PRESS, {ATTR_ENTITY_ID: BUTTON}, blocking=True
    )
    await scenario.hass.async_block_till_done(wait_background_tasks=True)
    scenario.history.append(Event(scenario.hass.loop.time(), Interruption.REBOOT))
    scenario.record_answer(word)


async def reload(scenario: AccountScenario) -> None:
    """Reload the config entry."""
    scenario.history.append(Event(scenario.hass.loop.time(), Interruption.RESTART))
    await scenario.hass.config_entries.async_reload(scenario.entry.entry_id)


async def disable_and_enable(scenario: AccountScenario) -> None:
    """Disable the config entry and enable it again."""
    entries = scenario.hass.config_entries
    scenario.history.append(Event(scenario.hass.loop.time(), Interruption.RESTART))
    await entries.async_set_disabled_by(
        scenario.entry.entry_id, ConfigEntryDisabler.USER
    )
    assert not ir.async_get(scenario.hass).issues
    scenario.freezer.tick(MINUTE)
    await entries.async_set_disabled_by(scenario.entry.entry_id, None)


SITUATIONS: Final = (fresh, suspected, certain, odd, quiet)

type Restart = Callable[[AccountScenario], Awaitable[None]]
type Situation = Callable[[AccountScenario, str], Awaitable[None]]


def issues(hass: HomeAssistant, entry: MockConfigEntry) -> set[Problem]:
    """Return the problems of an account that have an issue."""
    return {
        Problem(issue_id.removeprefix(f"{entry.entry_id}_"))
        for domain, issue_id in ir.async_get(hass).issues
        if domain == DOMAIN
    }


def assert_shown(scenario: AccountScenario, hass: HomeAssistant) -> None:
    """Assert that what is shown is what the reference returns."""
    assert scenario.entry.state is ConfigEntryState.LOADED
    shown = scenario.verdict.shown
    reboots = [it.at for it in scenario.history if it.what is Interruption.REBOOT]
    is_done = shown in STUCK and hass.loop.time() < max(reboots, default=-300) + 300
    assert issues(hass, scenario.entry) == ({shown} - {None} if not is_done else set())
    assert (hass.states.get(PROBLEM).state == STATE_ON) is (shown is not None)
    reason = hass.states.get(REASON).state
    assert reason in ({shown} if shown else {"none", "unavailable"})
    failed = hass.states.get(ERROR).state != "none"
    assert failed is (not isinstance(scenario.history[-1].what, AccountState))


async def async_begin(scenario: AccountScenario, word: str) -> None:
    """Add the account to Home Assistant, without any stored data."""
    scenario.history.clear()
    scenario.account.faults.clear()
    for entry in scenario.hass.config_entries.async_entries(DOMAIN):
        await scenario.hass.config_entries.async_remove(entry.entry_id)
    scenario.entry = copy_of(scenario.entry, ulid_now())
    scenario.entry.add_to_hass(scenario.hass)
    scenario.set_answer(word)
    await scenario.hass.config_entries.async_setup(scenario.entry.entry_id)
    await scenario.hass.async_block_till_done(wait_background_tasks=True)
    scenario.record_answer(word)


@pytest.fixture
def scenario(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> AccountScenario:
    """Return an account without a history."""
    return AccountScenario(hass, freezer, config_entry, account, [])


@pytest.mark.parametrize("restart", [reload, disable_and_enable])
@pytest.mark.parametrize(("before", "situation"), half_of(CAUSES, SITUATIONS))
async def test_first_response(
    scenario: AccountScenario, restart: Restart, situation: Situation, before: str
) -> None:
    """Test that the first response and the next are shown correctly in all cases."""
    for first in (before, *FIRST):
        await async_begin(scenario, "authorized")
        await situation(scenario, before)
        assert_shown(scenario, scenario.hass)

        scenario.set_answer(first)
        await restart(scenario)
        await scenario.hass.async_block_till_done(wait_background_tasks=True)
        scenario.record_answer(first)
        assert_shown(scenario, scenario.hass)

        await scenario.poll(first, 1)
        assert_shown(scenario, scenario.hass)


@pytest.mark.parametrize("first", sorted({*CAUSES, *FIRST}))
async def test_fresh_start(scenario: AccountScenario, first: str) -> None:
    """Test that an account is set up and shown correctly, on any first response."""
    await async_begin(scenario, first)
    assert_shown(scenario, scenario.hass)

    await scenario.poll(first, 12)
    assert_shown(scenario, scenario.hass)


@pytest.mark.usefixtures("hass_storage")
@pytest.mark.parametrize(("before", "situation"), half_of(CAUSES, SITUATIONS))
async def test_restart(
    scenario: AccountScenario, situation: Situation, before: str
) -> None:
    """Test that a new Home Assistant continues from what the old one has stored."""
    await async_begin(scenario, "authorized")
    await situation(scenario, before)
    scenario.history.append(Event(scenario.hass.loop.time(), Interruption.RESTART))
    await scenario.hass.async_stop(force=True)
    scenario.freezer.tick(30)
    scenario.set_answer(before)
    async with async_restarted() as restarted:
        scenario.entry = copy_of(scenario.entry)
        await async_set_up(restarted, scenario.entry)
        scenario.record_answer(before)
        assert_shown(scenario, restarted)
