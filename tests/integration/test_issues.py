"""Test the issues in Home Assistant's repairs while the real coordinator polls."""

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
from custom_components.green_api.decisions.problem import Problem
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
from homeassistant.helpers.translation import async_load_integrations
from homeassistant.util import dt as dt_util
from tests.simulator import Account, Simulator
from tests.support.entities import BUTTON, PROBLEM, REASON
from tests.support.entries import copy_of, entry_of
from tests.support.helpers import (
    async_advance,
    async_polls,
    async_set_up,
    async_set_up_without_entities,
    spaced,
)
from tests.support.problem_reference import STUCK
from tests.support.queue_replays import QUEUE_PROBLEMS
from tests.support.replays import (
    FAILURES_BY_NAME,
    POLLED_REPLAYS,
    REBOOT,
    RESTART,
    Replay,
    Step,
)
from tests.support.restart import async_restarted
from tests.support.secrecy import assert_hidden

pytestmark = pytest.mark.long(10)

START: Final = datetime(2026, 11, 24, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)

HAS_CONFIG_ENTRY_ID: Final = "config_entry_id" in {
    field.name for field in fields(ir.IssueEntry)
}

# What causes each problem.
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

# How issues differ from the usual ones: errors, not fixable, with a link to the
# console.
WARNINGS: Final = frozenset({Problem.ASLEEP, Problem.RESTRICTED, Problem.UNKNOWN_STATE})
FIXABLE: Final = frozenset(FIX_FLOWS)
# Home Assistant has other texts for issues that are fixable.
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
    """Return the reason of the problem, or None."""
    state = hass.states.get(REASON)
    return state.state if state.state in set(Problem) else None


def set_answer(account: Account, word: str) -> None:
    """Set the response that a word of a sequence names."""
    _, account.fault = FAILURES_BY_NAME.get(word, (None, None))
    account.state = {"null": None}.get(word, word)


async def async_cause_problem(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    problem: Problem,
) -> None:
    """Let a problem last until it is certain."""
    set_answer(account, CAUSES[problem])
    await async_polls(hass, freezer, 12)


async def async_press_reboot(hass: HomeAssistant) -> None:
    """Reboot the instance with the button."""
    await hass.services.async_call(
        BUTTON_DOMAIN, SERVICE_PRESS, {ATTR_ENTITY_ID: BUTTON}, blocking=True
    )


async def async_replay_step(
    hass: HomeAssistant, entry: MockConfigEntry, account: Account, step: Step
) -> None:
    """Play a step of a sequence, which is due now."""
    if step.event == RESTART:
        await hass.config_entries.async_unload(entry.entry_id)
    elif step.event == REBOOT:
        await async_press_reboot(hass)
    else:
        set_answer(account, step.event)
        if entry.state is ConfigEntryState.NOT_LOADED:
            await hass.config_entries.async_setup(entry.entry_id)
        async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


def problems_with_issue(steps: list[Step]) -> Iterator[set[Problem]]:
    """Yield the problems that have an issue after each step.

    A reboot of a stuck instance is what its issue asks for.
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
    """Test that after each poll the repairs contain the problem, and nothing else."""
    config_entry.add_to_hass(hass)
    seen = []
    for step in replay.steps:
        freezer.move_to(START + step.at)
        await async_replay_step(hass, config_entry, account, step)
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
    # Each response was to a poll of the coordinator itself.
    answers = [step for step in replay.steps if step.event not in {REBOOT, RESTART}]
    polls = [req for req in account.requests if req.method == "getStateInstance"]
    assert len(polls) == len(answers)


def test_replays_show_every_problem() -> None:
    """Test that every problem occurs while the real coordinator polls."""
    shown = {step.problem for replay in POLLED_REPLAYS for step in replay.steps}
    assert shown == {None, *Problem} - QUEUE_PROBLEMS


def assert_shown(
    entry: MockConfigEntry, issue: ir.IssueEntry, problem: Problem
) -> None:
    """Assert that an issue is shown as its problem requires."""
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
    """Test that an issue names the account, has its severity, and ends on recovery."""
    await async_cause_problem(hass, freezer, account, problem)
    (issue,) = issues(hass).values()
    assert_shown(loaded_entry, issue, problem)

    set_answer(account, "authorized")
    await async_advance(hass, freezer)
    assert not issues(hass)


async def test_issue_after_failed_reboot(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a reboot without effect leads to a different issue."""
    account.boot_seconds = 3600
    await async_cause_problem(hass, freezer, account, Problem.STUCK_STARTING)
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
    """Test that the issue of a restriction shows its end in local time, once known."""
    await hass.config.async_set_time_zone("Asia/Jerusalem")
    until = datetime(2040, 11, 26, 10, 30, tzinfo=UTC)
    issue_id = f"{loaded_entry.entry_id}_restricted"
    await async_cause_problem(hass, freezer, account, Problem.RESTRICTED)
    assert issues(hass)[issue_id].translation_key == "restricted"

    account.suspended_until = int(until.timestamp())
    await async_advance(hass, freezer)
    (issue,) = issues(hass).values()
    assert issue.issue_id == issue_id
    assert issue.translation_key == "restricted_until"
    assert issue.translation_placeholders == {
        "name": loaded_entry.title,
        "console_url": CONSOLE_URL,
        "waiting": "",
        "until": spaced("Nov 26, 2040, 12:30 PM"),
    }
    assert issue.severity is ir.IssueSeverity.WARNING
    assert issue.learn_more_url == HELP[Problem.RESTRICTED]

    account.suspended_until = int((until + timedelta(days=1)).timestamp())
    await async_advance(hass, freezer)
    until_then = issues(hass)[issue_id].translation_placeholders["until"]
    assert until_then == spaced("Nov 27, 2040, 12:30 PM")

    account.suspended_until = None
    await async_advance(hass, freezer)
    assert issues(hass)[issue_id].translation_key == "restricted"


async def test_restriction_outlasts_its_end(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that an end is not shown once it is over, unless it was postponed."""
    issue_id = f"{loaded_entry.entry_id}_restricted"
    until = dt_util.utcnow() + timedelta(minutes=20)
    account.suspended_until = int(until.timestamp())
    await async_cause_problem(hass, freezer, account, Problem.RESTRICTED)
    assert issues(hass)[issue_id].translation_key == "restricted_until"

    await async_polls(hass, freezer, 10)
    assert issues(hass)[issue_id].translation_key == "restricted"

    account.suspended_until = int((until + timedelta(days=1)).timestamp())
    await async_advance(hass, freezer)
    assert issues(hass)[issue_id].translation_key == "restricted_until"


async def test_restriction_not_confirmed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that the end of a restriction is not used for the problem before it."""
    await async_cause_problem(hass, freezer, account, Problem.BLOCKED)

    account.state = "suspended"
    account.suspended_until = int(START.timestamp())
    await async_advance(hass, freezer)

    (issue,) = issues(hass).values()
    assert_shown(loaded_entry, issue, Problem.BLOCKED)


@pytest.fixture
def other_account(simulator: Simulator) -> Account:
    """Return a second account on the same server."""
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
    """Test that each account has its own issues, independent of the other's."""
    await async_cause_problem(hass, freezer, account, Problem.LOGGED_OUT)
    (issue,) = issues(hass).values()
    assert_shown(loaded_entry, issue, Problem.LOGGED_OUT)

    await async_cause_problem(hass, freezer, other_account, Problem.LOGGED_OUT)
    ours, others = issues(hass).values()
    assert_shown(loaded_entry, ours, Problem.LOGGED_OUT)
    assert_shown(other_entry, others, Problem.LOGGED_OUT)

    set_answer(account, "authorized")
    await async_advance(hass, freezer)
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
async def test_issue_removed_with_entry(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    problem: Problem,
    way: Callable[[HomeAssistant, str], Awaitable[None]],
) -> None:
    """Test that an account that is no longer polled has no issue."""
    await async_cause_problem(hass, freezer, account, problem)
    assert issues(hass)

    await way(hass, loaded_entry.entry_id)

    assert not issues(hass)
    requests = len(account.requests)
    await async_advance(hass, freezer, 600)
    assert not issues(hass)
    assert len(account.requests) == requests


@pytest.mark.parametrize("way", [async_disable, async_remove, async_unload])
@pytest.mark.parametrize("problem", [Problem.DELETED, Problem.EXPIRED])
async def test_setup_during_problem(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
    problem: Problem,
    way: Callable[[HomeAssistant, str], Awaitable[None]],
) -> None:
    """Test that an account that has a problem from the start has its issue too."""
    set_answer(account, CAUSES[problem])
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert config_entry.state is ConfigEntryState.LOADED
    assert not issues(hass)

    await async_advance(hass, freezer)
    assert config_entry.state is ConfigEntryState.LOADED
    (issue,) = issues(hass).values()
    assert_shown(config_entry, issue, problem)

    await way(hass, config_entry.entry_id)
    assert not issues(hass)


async def test_setup_after_problem(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that an account that is paid for again works at the next poll."""
    config_entry.add_to_hass(hass)
    set_answer(account, "expired")
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await async_advance(hass, freezer)
    assert issues(hass)

    set_answer(account, "authorized")
    await async_advance(hass, freezer)

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
    """Test that the issue is back with the first response after a restart."""
    await async_cause_problem(hass, freezer, account, problem)
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
    """Test that an ignored issue stays ignored while the problem lasts."""
    await async_cause_problem(hass, freezer, account, Problem.BLOCKED)
    (issue_id,) = issues(hass)
    ir.async_ignore_issue(hass, DOMAIN, issue_id, ignore=True)

    await async_advance(hass, freezer)

    assert issues(hass)[issue_id].dismissed_version
    assert hass.states.get(PROBLEM).state == STATE_ON


async def test_ignored_across_reload(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a reload neither restores an ignored issue nor ignores it again."""
    await async_cause_problem(hass, freezer, account, Problem.BLOCKED)
    (issue_id,) = issues(hass)
    ir.async_ignore_issue(hass, DOMAIN, issue_id, ignore=True)

    await hass.config_entries.async_reload(loaded_entry.entry_id)
    await async_disable(hass, loaded_entry.entry_id)
    await hass.config_entries.async_set_disabled_by(loaded_entry.entry_id, None)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issues(hass)[issue_id].dismissed_version

    ir.async_ignore_issue(hass, DOMAIN, issue_id, ignore=False)
    await async_advance(hass, freezer)
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    assert not issues(hass)[issue_id].dismissed_version


@pytest.mark.parametrize("is_reloaded", [True, False])
async def test_ignored_last_time(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    is_reloaded: bool,  # noqa: FBT001
) -> None:
    """Test that the next problem of the same kind is shown, however the last ended."""
    await async_cause_problem(hass, freezer, account, Problem.LOGGED_OUT)
    (issue_id,) = issues(hass)
    ir.async_ignore_issue(hass, DOMAIN, issue_id, ignore=True)

    set_answer(account, "authorized")
    await (
        hass.config_entries.async_reload(loaded_entry.entry_id)
        if is_reloaded
        else async_advance(hass, freezer)
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not issues(hass)
    await async_cause_problem(hass, freezer, account, Problem.LOGGED_OUT)

    assert not issues(hass)[issue_id].dismissed_version


async def test_language_changed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a problem is shown while the texts of a new language are loaded."""
    account.state = "suspended"
    account.queue = 4
    await async_polls(hass, freezer, 1)
    await hass.config.async_update(language="de")
    freezer.tick(60)
    await loaded_entry.runtime_data.coordinator.async_refresh()
    assert set(issues(hass)) == {f"{loaded_entry.entry_id}_restricted"}
    await hass.async_block_till_done()


async def test_language_and_time_zone_changed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that texts within an issue follow the language and the time zone."""
    until = datetime(2040, 12, 24, 10, 30, tzinfo=UTC)
    account.suspended_until = int(until.timestamp())
    account.queue = 4
    await async_cause_problem(hass, freezer, account, Problem.RESTRICTED)
    await hass.config.async_update(language="de", time_zone="Europe/Berlin")
    # Home Assistant does the same, but not in tests.
    await async_load_integrations(hass, {DOMAIN})
    await async_advance(hass, freezer)

    (issue,) = issues(hass).values()
    assert issue.translation_placeholders["until"] == spaced("24.12.2040, 11:30")
    assert issue.translation_placeholders["waiting"].startswith("Nachrichten in der")


async def test_linked_during_restart(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
    issue_registry: ir.IssueRegistry,
) -> None:
    """Test that an issue that was ignored before a restart is not ignored forever."""
    config_entry.add_to_hass(hass)
    issue_id = f"{config_entry.entry_id}_logged_out"
    # As the issue registry is read when Home Assistant starts.
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

    await async_cause_problem(hass, freezer, account, Problem.LOGGED_OUT)

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
    """Test that changes of the system time affect neither problems nor a reboot."""
    account.boot_seconds = 3600
    set_answer(account, "starting")
    await async_advance(hass, freezer)
    now = dt_util.utcnow
    monkeypatch.setattr(dt_util, "utcnow", lambda: now() + timedelta(hours=hours))
    for _ in range(29):
        await async_advance(hass, freezer, 10)
    assert not issues(hass)
    for _ in range(2):
        await async_advance(hass, freezer, 10)
    (issue,) = issues(hass).values()
    assert issue.translation_key == Problem.STUCK_STARTING

    await async_press_reboot(hass)
    monkeypatch.setattr(dt_util, "utcnow", lambda: now() - timedelta(hours=hours))
    for _ in range(29):
        await async_advance(hass, freezer, 10)
        assert not issues(hass)
        assert reason(hass) == Problem.STUCK_STARTING
    for _ in range(2):
        await async_advance(hass, freezer, 10)
    (issue,) = issues(hass).values()
    assert issue.translation_key == Problem.STUCK_AFTER_REBOOT


async def test_failed_unload(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that an account that failed to unload keeps its issue, as it is polled."""
    await async_cause_problem(hass, freezer, account, Problem.BLOCKED)

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
    """Test that issues do not require an enabled entity."""
    await async_set_up_without_entities(hass, config_entry)

    await async_cause_problem(hass, freezer, account, Problem.LOGGED_OUT)

    (issue,) = issues(hass).values()
    assert_shown(config_entry, issue, Problem.LOGGED_OUT)


@pytest.mark.usefixtures("loaded_entry")
async def test_token_hidden(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that no problem reveals the token in its issue, its states or the log."""
    caplog.set_level("DEBUG")
    shown = []
    for problem in CAUSES:
        await async_cause_problem(hass, freezer, account, problem)
        shown += [issues(hass), hass.states.async_all()]
    assert_hidden(account.token, caplog, *shown)
