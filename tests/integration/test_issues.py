"""Test what is in Home Assistant's repairs while the real coordinator polls."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.green_api.const import (
    BLOCKED_HELP_URL,
    CONSOLE_URL,
    DOMAIN,
    RESTRICTED_HELP_URL,
    SUPPORT_URL,
)
from custom_components.green_api.problem import Problem
from custom_components.green_api.repairs import FIX_FLOWS
from homeassistant.components.button import DOMAIN as BUTTON_DOMAIN, SERVICE_PRESS
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import (
    ATTR_ENTITY_ID,
    STATE_OFF,
    STATE_ON,
    __version__ as HA_VERSION,  # noqa: N812
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from tests.simulator import Account, Simulator
from tests.support.entities import BUTTON, PROBLEM, REASON
from tests.support.entries import copy_of, entry_of
from tests.support.helpers import (
    async_pass,
    async_polls,
    async_set_up,
    async_set_up_without_entities,
)
from tests.support.queue_replays import QUEUE_PROBLEMS
from tests.support.reference import STUCK
from tests.support.replays import (
    FAILURES,
    POLLED_REPLAYS,
    REBOOT,
    RESTART,
    Replay,
    Step,
)
from tests.support.restart import async_restarted
from tests.support.secrecy import assert_hidden

START: Final = datetime(2026, 11, 24, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)

HAS_CONFIG_ENTRY_ID: Final = "config_entry_id" in {
    field.name for field in fields(ir.IssueEntry)
}

# What brings each problem about.
CAUSES: Final[dict[Problem, str]] = {
    Problem.ASLEEP: "sleepMode",
    Problem.BLOCKED: "blocked",
    Problem.DELETED: "deleted",
    Problem.EXPIRED: "expired",
    Problem.LOGGED_OUT: "notAuthorized",
    Problem.RESTRICTED: "suspended",
    Problem.STUCK_STARTING: "starting",
    Problem.UNKNOWN_STATE: "hibernating",
    Problem.WRONG_ADDRESS: "403",
}

# How issues differ from the usual ones: errors, not fixable, with a link to the console.
WARNINGS: Final = frozenset({Problem.ASLEEP, Problem.RESTRICTED, Problem.UNKNOWN_STATE})
FIXABLE: Final = frozenset(FIX_FLOWS)
# Home Assistant has other texts for what can be fixed.
KEYS: Final = (
    {Problem.WRONG_ADDRESS: "wrong_address_fixable"}
    if Problem.WRONG_ADDRESS in FIXABLE
    else {}
)
HELP: Final = {
    Problem.BLOCKED: BLOCKED_HELP_URL,
    Problem.RESTRICTED: RESTRICTED_HELP_URL,
    Problem.STUCK_AFTER_REBOOT: SUPPORT_URL,
}


def issues(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """Return all issues of the integration."""
    return {
        issue_id: issue
        for (domain, issue_id), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN
    }


def reason(hass: HomeAssistant) -> str | None:
    """Return the reason of the problem, None if there is none."""
    state = hass.states.get(REASON)
    return state.state if state.state in set(Problem) else None


def let_answer(account: Account, word: str) -> None:
    """Set the answer that a word of a sequence names."""
    _, account.fault = FAILURES.get(word, (None, None))
    account.state = {"null": None}.get(word, word)


async def async_bring_about(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    problem: Problem,
) -> None:
    """Let a problem last for so long that it is certain."""
    let_answer(account, CAUSES[problem])
    await async_polls(hass, freezer, 12)


async def async_press_reboot(hass: HomeAssistant) -> None:
    """Reboot the instance with the button."""
    await hass.services.async_call(
        BUTTON_DOMAIN, SERVICE_PRESS, {ATTR_ENTITY_ID: BUTTON}, blocking=True
    )


async def async_play(
    hass: HomeAssistant, entry: MockConfigEntry, account: Account, step: Step
) -> None:
    """Play a step of a sequence, which is due now."""
    if step.event == RESTART:
        await hass.config_entries.async_unload(entry.entry_id)
    elif step.event == REBOOT:
        await async_press_reboot(hass)
    else:
        let_answer(account, step.event)
        if entry.state is ConfigEntryState.NOT_LOADED:
            await hass.config_entries.async_setup(entry.entry_id)
        async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


def problems_with_issue(steps: list[Step]) -> Iterator[set[Problem]]:
    """Yield the problems that have an issue after each step.

    Whoever has rebooted a stuck instance has done what its issue asks for.
    """
    rebooted_at = -HOUR
    for step in steps:
        if step.event == REBOOT:
            rebooted_at = step.at
        is_done = step.problem in STUCK and step.at < rebooted_at + 5 * MINUTE
        yield set() if is_done or step.problem is None else {step.problem}


@pytest.mark.parametrize("replay", POLLED_REPLAYS, ids=lambda replay: replay.name)
async def test_replay(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
    replay: Replay,
) -> None:
    """After each poll, the problem is in the repairs, and nothing else is."""
    config_entry.add_to_hass(hass)
    seen = []
    for step in replay.steps:
        freezer.move_to(START + step.at)
        await async_play(hass, config_entry, account, step)
        seen.append((step, list(issues(hass)), reason(hass)))

    assert seen == [
        (
            step,
            [f"{config_entry.entry_id}_{problem}" for problem in shown],
            step.problem,
        )
        for step, shown in zip(
            replay.steps, problems_with_issue(replay.steps), strict=True
        )
    ]
    # Each answer was that of a poll of the coordinator's own.
    answers = [step for step in replay.steps if step.event not in {REBOOT, RESTART}]
    polls = [req for req in account.requests if req.method == "getStateInstance"]
    assert len(polls) == len(answers)


def test_replays_show_every_problem() -> None:
    """Every problem is brought about while the real coordinator polls."""
    shown = {step.problem for replay in POLLED_REPLAYS for step in replay.steps}
    assert shown == {None, *Problem} - QUEUE_PROBLEMS


def assert_shown(
    entry: MockConfigEntry, issue: ir.IssueEntry, problem: Problem
) -> None:
    """Assert that an issue is shown as its problem has to be."""
    severity = (
        ir.IssueSeverity.WARNING if problem in WARNINGS else ir.IssueSeverity.ERROR
    )
    assert issue.issue_id == f"{entry.entry_id}_{problem}"
    assert issue.active
    assert issue.severity is severity
    assert issue.translation_key == KEYS.get(problem, problem)
    assert issue.translation_placeholders == {
        "name": entry.title,
        "console_url": CONSOLE_URL,
        "waiting": "",
    }
    assert issue.learn_more_url == HELP.get(problem, CONSOLE_URL)
    assert issue.is_fixable is (problem in FIXABLE)
    assert issue.data == {"entry_id": entry.entry_id}
    assert not issue.is_persistent


@pytest.mark.parametrize("problem", CAUSES)
async def test_issue(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    problem: Problem,
) -> None:
    """An issue names the account, says how bad it is, and goes when all is well."""
    await async_bring_about(hass, freezer, account, problem)
    (issue,) = issues(hass).values()
    assert_shown(loaded_entry, issue, problem)

    let_answer(account, "authorized")
    await async_pass(hass, freezer)
    assert not issues(hass)


async def test_issue_of_a_reboot_in_vain(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """A reboot that does not help leads to another issue than the one it was for."""
    account.boot_seconds = 3600
    await async_bring_about(hass, freezer, account, Problem.STUCK_STARTING)
    await async_press_reboot(hass)
    assert not issues(hass)

    await async_polls(hass, freezer, 6)
    (issue,) = issues(hass).values()
    assert_shown(loaded_entry, issue, Problem.STUCK_AFTER_REBOOT)


async def test_restricted_until(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """The issue of a restriction says in local time when it ends, once that is known."""
    await hass.config.async_set_time_zone("Asia/Jerusalem")
    until = datetime(2026, 11, 26, 10, 30, tzinfo=UTC)
    issue_id = f"{loaded_entry.entry_id}_restricted"
    await async_bring_about(hass, freezer, account, Problem.RESTRICTED)
    assert issues(hass)[issue_id].translation_key == "restricted"

    account.suspended_until = int(until.timestamp())
    await async_pass(hass, freezer)
    (issue,) = issues(hass).values()
    assert issue.issue_id == issue_id
    assert issue.translation_key == "restricted_until"
    assert issue.translation_placeholders == {
        "name": loaded_entry.title,
        "console_url": CONSOLE_URL,
        "waiting": "",
        "until": "2026-11-26 12:30",
    }
    assert issue.severity is ir.IssueSeverity.WARNING
    assert issue.learn_more_url == HELP[Problem.RESTRICTED]

    account.suspended_until = int((until + timedelta(days=1)).timestamp())
    await async_pass(hass, freezer)
    until_then = issues(hass)[issue_id].translation_placeholders["until"]
    assert until_then == "2026-11-27 12:30"

    account.suspended_until = None
    await async_pass(hass, freezer)
    assert issues(hass)[issue_id].translation_key == "restricted"


async def test_restriction_not_confirmed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """The end of a restriction is no part of the problem before it."""
    await async_bring_about(hass, freezer, account, Problem.BLOCKED)

    account.state = "suspended"
    account.suspended_until = int(START.timestamp())
    await async_pass(hass, freezer)

    (issue,) = issues(hass).values()
    assert_shown(loaded_entry, issue, Problem.BLOCKED)


@pytest.fixture
def other_account(simulator: Simulator) -> Account:
    """Return a second account of the same server."""
    return simulator.add_account("1101000002", "another token", state="authorized")


@pytest.fixture
async def other_entry(
    hass: HomeAssistant, simulator: Simulator, other_account: Account
) -> MockConfigEntry:
    """Return the config entry of the second account, set up."""
    entry = entry_of(simulator.url, other_account.instance_id, other_account.token)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    return entry


async def test_two_accounts(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    other_entry: MockConfigEntry,
    other_account: Account,
) -> None:
    """Each account has issues of its own, which come and go without the other's."""
    await async_bring_about(hass, freezer, account, Problem.LOGGED_OUT)
    (issue,) = issues(hass).values()
    assert_shown(loaded_entry, issue, Problem.LOGGED_OUT)

    await async_bring_about(hass, freezer, other_account, Problem.LOGGED_OUT)
    ours, others = issues(hass).values()
    assert_shown(loaded_entry, ours, Problem.LOGGED_OUT)
    assert_shown(other_entry, others, Problem.LOGGED_OUT)

    let_answer(account, "authorized")
    await async_pass(hass, freezer)
    (issue,) = issues(hass).values()
    assert_shown(other_entry, issue, Problem.LOGGED_OUT)

    await hass.config_entries.async_remove(other_entry.entry_id)
    assert not issues(hass)


async def async_disable(hass: HomeAssistant, entry_id: str) -> None:
    """Disable a config entry."""
    await hass.config_entries.async_set_disabled_by(entry_id, ConfigEntryDisabler.USER)


async def async_remove(hass: HomeAssistant, entry_id: str) -> None:
    """Remove a config entry."""
    await hass.config_entries.async_remove(entry_id)


async def async_unload(hass: HomeAssistant, entry_id: str) -> None:
    """Unload a config entry."""
    await hass.config_entries.async_unload(entry_id)


@pytest.mark.parametrize("way", [async_disable, async_remove, async_unload])
@pytest.mark.parametrize("problem", CAUSES)
async def test_goes_with_the_entry(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    problem: Problem,
    way: Callable[[HomeAssistant, str], Awaitable[None]],
) -> None:
    """An account that is not polled any more has no issue."""
    await async_bring_about(hass, freezer, account, problem)
    assert issues(hass)

    await way(hass, loaded_entry.entry_id)

    assert not issues(hass)
    requests = len(account.requests)
    await async_pass(hass, freezer, 600)
    assert not issues(hass)
    assert len(account.requests) == requests


@pytest.mark.parametrize("way", [async_disable, async_remove, async_unload])
@pytest.mark.parametrize("problem", [Problem.DELETED, Problem.EXPIRED])
async def test_set_up_in_problem(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
    problem: Problem,
    way: Callable[[HomeAssistant, str], Awaitable[None]],
) -> None:
    """An account that has a problem from the start has its issue too."""
    let_answer(account, CAUSES[problem])
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    assert config_entry.state is ConfigEntryState.LOADED
    assert not issues(hass)

    await async_pass(hass, freezer)
    assert config_entry.state is ConfigEntryState.LOADED
    (issue,) = issues(hass).values()
    assert_shown(config_entry, issue, problem)

    await way(hass, config_entry.entry_id)
    assert not issues(hass)


async def test_set_up_after_problem(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> None:
    """An account that is paid for again works at the next poll."""
    config_entry.add_to_hass(hass)
    let_answer(account, "expired")
    await hass.config_entries.async_setup(config_entry.entry_id)
    await async_pass(hass, freezer)
    assert issues(hass)

    let_answer(account, "authorized")
    await async_pass(hass, freezer)

    assert hass.states.get(PROBLEM).state == STATE_OFF
    assert not issues(hass)


@pytest.mark.parametrize("problem", CAUSES)
async def test_restart(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    problem: Problem,
) -> None:
    """The issue is back with the first answer after a restart."""
    await async_bring_about(hass, freezer, account, problem)
    await hass.async_stop(force=True)
    freezer.tick(30)

    async with async_restarted() as restarted:
        assert not issues(restarted)
        entry = copy_of(loaded_entry)
        await async_set_up(restarted, entry)
        (issue,) = issues(restarted).values()
        assert_shown(entry, issue, problem)


@pytest.mark.usefixtures("loaded_entry")
async def test_ignored(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """An issue that the user ignores stays ignored while the problem lasts."""
    await async_bring_about(hass, freezer, account, Problem.BLOCKED)
    (issue_id,) = issues(hass)
    ir.async_ignore_issue(hass, DOMAIN, issue_id, ignore=True)

    await async_pass(hass, freezer)

    assert issues(hass)[issue_id].dismissed_version
    assert hass.states.get(PROBLEM).state == STATE_ON


async def test_ignored_over_a_reload(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """A reload does not bring an ignored issue back, nor undo a change of mind."""
    await async_bring_about(hass, freezer, account, Problem.BLOCKED)
    (issue_id,) = issues(hass)
    ir.async_ignore_issue(hass, DOMAIN, issue_id, ignore=True)

    await hass.config_entries.async_reload(loaded_entry.entry_id)
    await async_disable(hass, loaded_entry.entry_id)
    await hass.config_entries.async_set_disabled_by(loaded_entry.entry_id, None)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issues(hass)[issue_id].dismissed_version

    ir.async_ignore_issue(hass, DOMAIN, issue_id, ignore=False)
    await async_pass(hass, freezer)
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    assert not issues(hass)[issue_id].dismissed_version


@pytest.mark.parametrize("is_reloaded", [True, False])
async def test_ignored_the_last_time(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    is_reloaded: bool,  # noqa: FBT001
) -> None:
    """The next problem of the same kind is shown, however the last one ended."""
    await async_bring_about(hass, freezer, account, Problem.LOGGED_OUT)
    (issue_id,) = issues(hass)
    ir.async_ignore_issue(hass, DOMAIN, issue_id, ignore=True)

    let_answer(account, "authorized")
    await (
        hass.config_entries.async_reload(loaded_entry.entry_id)
        if is_reloaded
        else async_pass(hass, freezer)
    )
    assert not issues(hass)
    await async_bring_about(hass, freezer, account, Problem.LOGGED_OUT)

    assert not issues(hass)[issue_id].dismissed_version


async def test_linked_while_home_assistant_restarts(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
    issue_registry: ir.IssueRegistry,
) -> None:
    """An issue that was ignored before a restart is not ignored for ever."""
    config_entry.add_to_hass(hass)
    issue_id = f"{config_entry.entry_id}_logged_out"
    # As the registry of issues is read when Home Assistant starts.
    issue_registry.issues[DOMAIN, issue_id] = ir.IssueEntry(
        active=False,
        breaks_in_ha_version=None,
        created=dt_util.utcnow(),
        data=None,
        dismissed_version=HA_VERSION,
        domain=DOMAIN,
        is_fixable=None,
        is_persistent=False,
        issue_domain=None,
        issue_id=issue_id,
        learn_more_url=None,
        severity=None,
        translation_key=None,
        translation_placeholders=None,
        **({"config_entry_id": None} if HAS_CONFIG_ENTRY_ID else {}),
    )
    await hass.config_entries.async_setup(config_entry.entry_id)

    await async_bring_about(hass, freezer, account, Problem.LOGGED_OUT)

    assert issues(hass)[issue_id].active
    assert not issues(hass)[issue_id].dismissed_version


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize("hours", [-1, 1])
async def test_clock_is_set(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    hours: int,
) -> None:
    """A time of day that jumps makes no problem early or late, nor a reboot's end."""
    account.boot_seconds = 3600
    let_answer(account, "starting")
    await async_pass(hass, freezer)
    now = dt_util.utcnow
    monkeypatch.setattr(dt_util, "utcnow", lambda: now() + timedelta(hours=hours))
    for _ in range(29):
        await async_pass(hass, freezer, 10)
    assert not issues(hass)
    for _ in range(2):
        await async_pass(hass, freezer, 10)
    (issue,) = issues(hass).values()
    assert issue.translation_key == Problem.STUCK_STARTING

    await async_press_reboot(hass)
    monkeypatch.setattr(dt_util, "utcnow", lambda: now() - timedelta(hours=hours))
    for _ in range(29):
        await async_pass(hass, freezer, 10)
        assert not issues(hass)
        assert reason(hass) == Problem.STUCK_STARTING
    for _ in range(2):
        await async_pass(hass, freezer, 10)
    (issue,) = issues(hass).values()
    assert issue.translation_key == Problem.STUCK_AFTER_REBOOT


async def test_renamed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """An issue names the account as the user does, from the next poll on."""
    await async_bring_about(hass, freezer, account, Problem.BLOCKED)

    hass.config_entries.async_update_entry(loaded_entry, title="Shop")
    await async_pass(hass, freezer)

    (issue,) = issues(hass).values()
    assert_shown(loaded_entry, issue, Problem.BLOCKED)


async def test_failed_unload(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """An account that cannot be unloaded keeps its issue: it is still polled."""
    await async_bring_about(hass, freezer, account, Problem.BLOCKED)

    with patch.object(
        hass.config_entries, "async_unload_platforms", return_value=False
    ):
        assert not await hass.config_entries.async_unload(loaded_entry.entry_id)

    assert loaded_entry.state is ConfigEntryState.FAILED_UNLOAD
    (issue,) = issues(hass).values()
    assert_shown(loaded_entry, issue, Problem.BLOCKED)


async def test_without_entities(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Issues need no entity that is enabled."""
    await async_set_up_without_entities(hass, config_entry)

    await async_bring_about(hass, freezer, account, Problem.LOGGED_OUT)

    (issue,) = issues(hass).values()
    assert_shown(config_entry, issue, Problem.LOGGED_OUT)


@pytest.mark.usefixtures("loaded_entry")
async def test_hides_the_token(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever the problem is, neither an issue nor a state nor the log holds the token."""
    caplog.set_level("DEBUG")
    shown = []
    for problem in CAUSES:
        await async_bring_about(hass, freezer, account, problem)
        shown += [issues(hass), hass.states.async_all()]
    assert_hidden(account.token, caplog, *shown)
