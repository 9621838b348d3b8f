"""Test every first answer after every turn of life, in every situation before it.

The table is generated: what an account was like before, how Home Assistant came to ask
anew, and what the server says then. Everything happens through Home Assistant's own
entry points and over real HTTP; what has to come of it is what the independent
reference makes of the same history.
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
from custom_components.green_api.health import CERTAIN_AFTER
from custom_components.green_api.problem import Problem
from homeassistant.components.button import DOMAIN as BUTTON_DOMAIN, SERVICE_PRESS
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util.ulid import ulid_now
from tests.simulator import Account
from tests.support.entities import BUTTON, ERROR, PROBLEM, REASON
from tests.support.entries import copy_of
from tests.support.helpers import async_pass, async_set_up
from tests.support.reference import (
    EVENTS,
    STUCK,
    Event,
    Happening,
    Verdict,
    verdicts,
)
from tests.support.replays import FAILURES
from tests.support.restart import async_restarted

MINUTE: Final = 60

# What an account can have been like: an answer, and the problem that it is.
CAUSES: Final = {
    "notAuthorized": Problem.LOGGED_OUT,
    "blocked": Problem.BLOCKED,
    "expired": Problem.EXPIRED,
    "starting": Problem.STUCK_STARTING,
    "null": Problem.UNKNOWN_STATE,
    "403": Problem.WRONG_ADDRESS,
}

# What the server can say first, besides the same as before.
FIRST: Final = (
    *("authorized", "suspended", "starting", "null", "deleted", "403"),
    *("401", "429", "502", "garbage"),
)


@dataclass
class Story:
    """An account, its server, and what has happened to it so far."""

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory
    entry: MockConfigEntry
    account: Account
    history: list[Event]

    @property
    def verdict(self) -> Verdict:
        """What has to be known of the account, by the reference."""
        return verdicts(self.history)[-1] if self.history else Verdict()

    def answer(self, word: str) -> None:
        """Set the answer of the server."""
        _, self.account.fault = FAILURES.get(word, (None, None))
        self.account.state = {"null": None}.get(word, word)

    def answered(self, word: str) -> None:
        """Record an answer that Home Assistant has received."""
        what = EVENTS.get(word, AccountState(word))
        self.history.append(Event(self.hass.loop.time(), what))

    async def polls(self, word: str, minutes: int) -> None:
        """Poll for some minutes with an answer."""
        self.answer(word)
        for _ in range(minutes):
            before = len(self.account.requests)
            await async_pass(self.hass, self.freezer)
            asked = [it.method for it in self.account.requests[before:]]
            self.history += [
                Event(self.hass.loop.time(), EVENTS.get(word, AccountState(word)))
            ] * asked.count("getStateInstance")


async def fresh(story: Story, word: str) -> None:
    """Start without a history."""


async def suspected(story: Story, word: str) -> None:
    """Get the answer once."""
    await story.polls(word, 1)


async def certain(story: Story, word: str) -> None:
    """Get the answer for so long that it is a problem."""
    await story.polls(word, int(CERTAIN_AFTER[CAUSES[word]] // MINUTE) + 2)


async def odd(story: Story, word: str) -> None:
    """Have the problem, with an odd answer just before."""
    await certain(story, word)
    await story.polls("garbage", 1)


async def quiet(story: Story, word: str) -> None:
    """Have the problem, and reboot the instance just before."""
    await certain(story, word)
    # It is accepted, and changes nothing.
    story.account.reboot = lambda: True
    story.account.faults["reboot"] = None
    await story.hass.services.async_call(
        BUTTON_DOMAIN, SERVICE_PRESS, {ATTR_ENTITY_ID: BUTTON}, blocking=True
    )
    await story.hass.async_block_till_done(wait_background_tasks=True)
    story.history.append(Event(story.hass.loop.time(), Happening.REBOOT))
    story.answered(word)


async def reload(story: Story) -> None:
    """Reload the config entry."""
    story.history.append(Event(story.hass.loop.time(), Happening.RESTART))
    await story.hass.config_entries.async_reload(story.entry.entry_id)


async def disable_and_enable(story: Story) -> None:
    """Disable the config entry and enable it again."""
    entries = story.hass.config_entries
    story.history.append(Event(story.hass.loop.time(), Happening.RESTART))
    await entries.async_set_disabled_by(story.entry.entry_id, ConfigEntryDisabler.USER)
    assert not ir.async_get(story.hass).issues
    story.freezer.tick(MINUTE)
    await entries.async_set_disabled_by(story.entry.entry_id, None)


SITUATIONS: Final = (fresh, suspected, certain, odd, quiet)

type Turn = Callable[[Story], Awaitable[None]]
type Situation = Callable[[Story, str], Awaitable[None]]


def issues(hass: HomeAssistant, entry: MockConfigEntry) -> set[Problem]:
    """Return the problems of an account that have an issue."""
    return {
        Problem(issue_id.removeprefix(f"{entry.entry_id}_"))
        for domain, issue_id in ir.async_get(hass).issues
        if domain == DOMAIN
    }


def assert_shown(story: Story, hass: HomeAssistant) -> None:
    """Assert that what is shown is what the reference says."""
    assert story.entry.state is ConfigEntryState.LOADED
    shown = story.verdict.shown
    reboots = [it.at for it in story.history if it.what is Happening.REBOOT]
    is_done = shown in STUCK and hass.loop.time() < max(reboots, default=-300) + 300
    assert issues(hass, story.entry) == ({shown} - {None} if not is_done else set())
    assert (hass.states.get(PROBLEM).state == STATE_ON) is (shown is not None)
    reason = hass.states.get(REASON).state
    assert reason in ({shown} if shown else {"none", "unavailable"})
    failed = hass.states.get(ERROR).state != "none"
    assert failed is (not isinstance(story.history[-1].what, AccountState))


async def async_begin(story: Story, word: str) -> None:
    """Add the account to Home Assistant, as if it was never there."""
    story.history.clear()
    story.account.faults.clear()
    for entry in story.hass.config_entries.async_entries(DOMAIN):
        await story.hass.config_entries.async_remove(entry.entry_id)
    story.entry = copy_of(story.entry, ulid_now())
    story.entry.add_to_hass(story.hass)
    story.answer(word)
    await story.hass.config_entries.async_setup(story.entry.entry_id)
    await story.hass.async_block_till_done(wait_background_tasks=True)
    story.answered(word)


@pytest.fixture
def story(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> Story:
    """Return an account with nothing behind it."""
    return Story(hass, freezer, config_entry, account, [])


@pytest.mark.parametrize("turn", [reload, disable_and_enable])
@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("before", CAUSES)
async def test_first_answer(
    story: Story, turn: Turn, situation: Situation, before: str
) -> None:
    """Whatever was before, the first answer and the next are shown as they must be."""
    for first in (before, *FIRST):
        await async_begin(story, "authorized")
        await situation(story, before)
        assert_shown(story, story.hass)

        story.answer(first)
        await turn(story)
        await story.hass.async_block_till_done(wait_background_tasks=True)
        story.answered(first)
        assert_shown(story, story.hass)

        await story.polls(first, 1)
        assert_shown(story, story.hass)


@pytest.mark.parametrize("first", sorted({*CAUSES, *FIRST}))
async def test_fresh_start(story: Story, first: str) -> None:
    """Whatever the server says first, an account is set up and shows it."""
    await async_begin(story, first)
    assert_shown(story, story.hass)

    await story.polls(first, 12)
    assert_shown(story, story.hass)


@pytest.mark.usefixtures("hass_storage")
@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("before", CAUSES)
async def test_restart(story: Story, situation: Situation, before: str) -> None:
    """A new Home Assistant goes on from what the old one has known."""
    await async_begin(story, "authorized")
    await situation(story, before)
    story.history.append(Event(story.hass.loop.time(), Happening.RESTART))
    await story.hass.async_stop(force=True)
    story.freezer.tick(30)
    story.answer(before)
    async with async_restarted() as restarted:
        story.entry = copy_of(story.entry)
        await async_set_up(restarted, story.entry)
        story.answered(before)
        assert_shown(story, restarted)
