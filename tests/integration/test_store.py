"""Test what is stored about the accounts across restarts of Home Assistant."""

from datetime import datetime, timedelta
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)

from custom_components.green_api.const import DOMAIN
from custom_components.green_api.records.store import SAVE_DELAY
from homeassistant.components.button import DOMAIN as BUTTON_DOMAIN, SERVICE_PRESS
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.simulator import Account, Fault, Simulator
from tests.support.const import TOKEN
from tests.support.entities import BUTTON, STATE_SINCE
from tests.support.entries import copy_of, entry_of
from tests.support.helpers import async_advance, async_polls, async_set_up, issue_keys
from tests.support.restart import async_restarted
from tests.support.secrecy import assert_hidden

pytestmark = pytest.mark.long(12)

OTHER_INSTANCE_ID: Final = "1101000002"

LONG_AGO: Final = "2026-03-01T08:30:00+00:00"


def ago(**time: float) -> str:
    """Return a past time as it is stored."""
    return (dt_util.utcnow() - timedelta(**time)).isoformat()


NOTHING: Final[dict[str, Any]] = {
    "state": "authorized",
    "since": LONG_AGO,
    "problem": None,
    "problem_since": None,
    "ignored": None,
    "reason": None,
    "agreed": 0.0,
    "reported_ago": None,
    "unauthorized": 0.0,
    "reasons": [],
    "replaced": [],
    "rebooted_ago": None,
    "is_after_reboot": False,
    "queue": {
        "count": None,
        "shown_ago": None,
        "waiting_since": None,
        "problem": None,
        "is_rebooted": False,
    },
    "announced": {
        "states": [],
        "since": None,
        "problem": None,
        "reasons": [],
        "with_problem": 0.0,
        "unreachable": 0.0,
    },
    "said": None,
    "said_ago": None,
    "messenger": None,
    "message_delay": None,
    "reports_statuses": None,
    "lacks_statuses": False,
    "quota_used_up_until": None,
    "waits": [],
}


def remember(
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    *,
    saved_ago: float = 30,
    **known: str | float | list[str] | None,
) -> None:
    """Store an account as an earlier run of Home Assistant has left it."""
    store(hass_storage, {entry.entry_id: NOTHING | known}, saved_ago=saved_ago)


def store(
    hass_storage: dict[str, Any], accounts: object, *, saved_ago: float = 30
) -> None:
    """Store accounts as an earlier run of Home Assistant has left them."""
    hass_storage[DOMAIN] = {
        "version": 1,
        "minor_version": 1,
        "key": DOMAIN,
        "data": {"saved_at": ago(seconds=saved_ago), "accounts": accounts},
    }


def stored(hass_storage: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the content of the storage file by config entry ID."""
    return hass_storage[DOMAIN]["data"]["accounts"]


def since(hass: HomeAssistant) -> datetime:
    """Return the time since when the account is in its state, in whole seconds."""
    return datetime.fromisoformat(hass.states.get(STATE_SINCE).state)


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set up a config entry as Home Assistant does when it starts."""
    await async_set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED


async def test_written_with_a_delay(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that changes are written soon, and nothing else is."""
    account.state = "blocked"
    start = ago()
    await set_up(hass, config_entry)

    await async_advance(hass, freezer, SAVE_DELAY - 1)
    assert DOMAIN not in hass_storage
    await async_advance(hass, freezer, 1)
    assert stored(hass_storage) == {
        config_entry.entry_id: NOTHING
        | {
            "state": "blocked",
            "since": start,
            "reason": "blocked",
            "reported_ago": SAVE_DELAY,
            "reasons": ["blocked"],
            "queue": NOTHING["queue"] | {"count": 0},
            "announced": NOTHING["announced"] | {"states": ["blocked"]},
            "said": {"states": ["blocked"], "errors": []},
            "said_ago": SAVE_DELAY,
            "messenger": "whatsapp",
            "message_delay": 3.0,
            "reports_statuses": False,
        }
    }

    # It becomes certain, which is a change, and continues, which is not.
    await async_advance(hass, freezer)
    await async_advance(hass, freezer, SAVE_DELAY)
    assert stored(hass_storage)[config_entry.entry_id]["problem"] == "blocked"
    del hass_storage[DOMAIN]
    await async_advance(hass, freezer)
    await async_advance(hass, freezer, SAVE_DELAY)
    assert DOMAIN not in hass_storage


async def test_age_of_evidence_is_written(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a crash makes no problem look older than 15 minutes."""
    account.state = "blocked"
    await set_up(hass, config_entry)
    for _ in range(2):
        await async_advance(hass, freezer)
        await async_advance(hass, freezer, SAVE_DELAY)
    saved_at = hass_storage[DOMAIN]["data"]["saved_at"]

    await async_polls(hass, freezer, 16)
    await async_advance(hass, freezer, SAVE_DELAY)

    assert hass_storage[DOMAIN]["data"]["saved_at"] > saved_at
    assert stored(hass_storage)[config_entry.entry_id]["reported_ago"] < 2 * 60


async def test_states_of_problem_are_written(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a problem can be older than the state."""
    account.state = "notAuthorized"
    start = ago()
    await set_up(hass, config_entry)
    account.state = "pendingCode"
    await async_advance(hass, freezer)
    later = ago()
    await async_advance(hass, freezer, SAVE_DELAY)

    record = stored(hass_storage)[config_entry.entry_id]
    assert (record["state"], record["since"]) == ("pendingCode", later)
    assert (record["problem"], record["problem_since"]) == ("logged_out", start)
    assert record["agreed"] == 60


async def test_written_on_stop(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that everything is written when Home Assistant stops, changed or not."""
    account.fault = Fault.FORBIDDEN_HTML
    await async_advance(hass, freezer)
    await async_advance(hass, freezer, SAVE_DELAY)
    await async_polls(hass, freezer, 9)
    assert stored(hass_storage)[loaded_entry.entry_id]["agreed"] == 0

    await hass.async_stop(force=True)

    assert stored(hass_storage)[loaded_entry.entry_id]["state"] == "authorized"
    assert stored(hass_storage)[loaded_entry.entry_id]["agreed"] > 9 * 60
    assert_hidden(TOKEN, hass_storage[DOMAIN])


async def test_reboot_is_written(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
) -> None:
    """Test that a reboot is stored, as it excuses the states of the next minutes."""
    await hass.services.async_call(
        BUTTON_DOMAIN, SERVICE_PRESS, {ATTR_ENTITY_ID: BUTTON}, blocking=True
    )
    await async_advance(hass, freezer, SAVE_DELAY)

    assert stored(hass_storage)[loaded_entry.entry_id]["rebooted_ago"] == SAVE_DELAY


async def test_two_accounts_are_written(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    simulator: Simulator,
) -> None:
    """Test that each account has its record until its entry is removed."""
    simulator.add_account(OTHER_INSTANCE_ID, TOKEN, state=None)
    other_entry = entry_of(simulator.url, OTHER_INSTANCE_ID)
    await set_up(hass, other_entry)
    await async_advance(hass, freezer, SAVE_DELAY)
    assert {
        entry_id: account["state"] for entry_id, account in stored(hass_storage).items()
    } == {loaded_entry.entry_id: "authorized", other_entry.entry_id: None}

    await hass.config_entries.async_remove(loaded_entry.entry_id)
    await async_advance(hass, freezer, SAVE_DELAY)
    assert list(stored(hass_storage)) == [other_entry.entry_id]


@pytest.mark.parametrize("state", ["authorized", None])
async def test_since(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
    state: str | None,
) -> None:
    """Test that the time of a state is when it was first reported."""
    account.state = state
    start = dt_util.utcnow()

    await set_up(hass, config_entry)
    await async_advance(hass, freezer)

    assert since(hass) == start


@pytest.mark.parametrize("state", ["authorized", "hibernating", None])
async def test_since_across_restart(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    config_entry: MockConfigEntry,
    account: Account,
    state: str | None,
) -> None:
    """Test that an unchanged state after a restart keeps its time."""
    remember(hass_storage, config_entry, state=state)
    account.state = state

    await set_up(hass, config_entry)

    assert since(hass) == datetime.fromisoformat(LONG_AGO)


@pytest.mark.parametrize(
    ("before", "after"), [("authorized", "blocked"), (None, "starting"), ("old", None)]
)
async def test_another_state_after_a_restart(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
    before: str | None,
    after: str | None,
) -> None:
    """Test that a changed state after a restart starts a new time."""
    remember(hass_storage, config_entry, state=before)
    account.state = after

    await set_up(hass, config_entry)

    assert since(hass) == dt_util.utcnow()
    await async_advance(hass, freezer, SAVE_DELAY)
    assert stored(hass_storage)[config_entry.entry_id]["state"] == after


async def test_restart(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
) -> None:
    """Test that what one run of Home Assistant has stored is read by the next."""
    start = dt_util.utcnow()
    await hass.async_stop(force=True)
    freezer.tick(3600)

    async with async_restarted() as restarted:
        await set_up(restarted, copy_of(loaded_entry))
        assert since(restarted) == start


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        ("blocked", "blocked"),
        ("notAuthorized", "logged_out"),
        ("pendingCode", "logged_out"),
        ("sleepMode", "asleep"),
        ("starting", "stuck_starting"),
        (None, "unknown_state"),
    ],
)
async def test_problem_across_restart(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    config_entry: MockConfigEntry,
    account: Account,
    state: str | None,
    problem: str,
) -> None:
    """Test that a problem is restored as soon as the first response confirms it."""
    # The last response before was an odd one.
    remember(
        hass_storage, config_entry, problem=problem, reason="expired", reported_ago=9
    )
    account.state = state

    await set_up(hass, config_entry)

    assert issue_keys(hass) == [problem]


@pytest.mark.parametrize("state", ["authorized", "suspended", "hibernating", None])
async def test_problem_not_confirmed(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
    state: str | None,
) -> None:
    """Test that a restored problem ends if the response is a different one."""
    remember(hass_storage, config_entry, problem="blocked", reason="blocked")
    account.state = state

    await set_up(hass, config_entry)
    assert issue_keys(hass) == []

    await async_advance(hass, freezer, SAVE_DELAY)
    record = stored(hass_storage)[config_entry.entry_id]
    assert record["reason"] != "blocked"
    assert record["agreed"] == 0


@pytest.mark.parametrize(
    ("state", "problem", "off", "expected"),
    [
        ("starting", "stuck_starting", 1700, ["stuck_starting"]),
        ("starting", "stuck_starting", 1900, []),
        (None, "unknown_state", 1900, []),
        ("blocked", "blocked", 1900, ["blocked"]),
        ("blocked", "blocked", 86000, ["blocked"]),
        ("blocked", "blocked", 87000, []),
        # The system time was set back meanwhile.
        ("blocked", "blocked", -3600, ["blocked"]),
    ],
)
async def test_old_evidence(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    config_entry: MockConfigEntry,
    account: Account,
    state: str | None,
    problem: str,
    off: float,
    expected: list[str],
) -> None:
    """Test that after a long time a problem has to be confirmed like a new one."""
    remember(
        hass_storage,
        config_entry,
        saved_ago=off,
        problem=problem,
        reason=problem,
        agreed=3600,
        reported_ago=20,
    )
    account.state = state

    await set_up(hass, config_entry)

    assert issue_keys(hass) == expected


async def test_time_without_home_assistant(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that only the time in which the account is polled counts."""
    remember(
        hass_storage,
        config_entry,
        state="sleepMode",
        reason="asleep",
        agreed=200,
        reported_ago=5,
    )
    account.state = "sleepMode"

    await set_up(hass, config_entry)
    assert issue_keys(hass) == []
    await async_advance(hass, freezer)
    assert issue_keys(hass) == []
    await async_advance(hass, freezer)

    assert issue_keys(hass) == ["asleep"]


@pytest.mark.parametrize(("polls", "confirmed"), [(0, []), (1, ["blocked"])])
async def test_time_without_the_entry(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
    polls: int,
    confirmed: list[str],
) -> None:
    """Test that the time in which an entry is unloaded does not count."""
    account.state = "blocked"
    await set_up(hass, config_entry)
    await async_polls(hass, freezer, polls)
    await hass.config_entries.async_unload(config_entry.entry_id)
    assert issue_keys(hass) == []
    await async_advance(hass, freezer, 3600)

    await hass.config_entries.async_setup(config_entry.entry_id)

    assert issue_keys(hass) == confirmed


@pytest.mark.parametrize(
    ("minutes", "expected"), [(4, []), (6, ["stuck_after_reboot"])]
)
async def test_reboot_across_restart(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    config_entry: MockConfigEntry,
    account: Account,
    minutes: int,
    expected: list[str],
) -> None:
    """Test that a reboot excuses an account for the same time despite a restart."""
    remember(
        hass_storage,
        config_entry,
        saved_ago=60 * minutes,
        state="starting",
        problem="stuck_starting",
        reason="stuck_starting",
        agreed=0,
        reported_ago=0,
        rebooted_ago=0,
        is_after_reboot=True,
    )
    account.state = "starting"

    await set_up(hass, config_entry)

    assert issue_keys(hass) == expected


@pytest.mark.parametrize("key", NOTHING)
@pytest.mark.parametrize("value", [..., {}, "hibernating", -1, "2026-03-01T08:30:00"])
async def test_damaged_account(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
    key: str,
    value: object,
) -> None:
    """Test that an account is polled whatever is stored for it."""
    damaged = {**NOTHING, key: value}
    store(
        hass_storage,
        {
            config_entry.entry_id: {
                key: value for key, value in damaged.items() if value is not ...
            },
            "other": NOTHING,
        },
    )
    account.state = "blocked"

    await set_up(hass, config_entry)
    await async_advance(hass, freezer)

    assert issue_keys(hass) == ["blocked"]
    await hass.config_entries.async_reload(config_entry.entry_id)
    await hass.config_entries.async_remove(config_entry.entry_id)
    await async_advance(hass, freezer, SAVE_DELAY)
    assert stored(hass_storage) == {"other": NOTHING}


@pytest.mark.parametrize("damaged", [None, [], "authorized"])
async def test_one_damaged_record(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    config_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    damaged: object,
) -> None:
    """Test that a damaged record loses only its own data, and is logged."""
    account.state = "blocked"
    store(
        hass_storage,
        {
            "damaged": damaged,
            config_entry.entry_id: NOTHING | {"problem": "blocked", "reported_ago": 1},
        },
    )

    await set_up(hass, config_entry)

    assert issue_keys(hass) == ["blocked"]
    assert caplog.text.count("is damaged and is ignored") == 1


@pytest.mark.parametrize(
    "damaged",
    [
        {"version": 2, "minor_version": 1, "key": DOMAIN, "data": {}},
        {"version": 1, "minor_version": 1, "key": DOMAIN, "data": []},
        {"version": 1, "minor_version": 1, "key": DOMAIN, "data": {"accounts": {}}},
        {"version": 1, "minor_version": 1, "key": DOMAIN, "data": [1]},
        {
            "version": 1,
            "minor_version": 1,
            "key": DOMAIN,
            "data": {"saved_at": "yesterday", "accounts": {}},
        },
        {
            "version": 1,
            "minor_version": 1,
            "key": DOMAIN,
            "data": {"saved_at": LONG_AGO, "accounts": None},
        },
    ],
)
async def test_damaged_file(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
    damaged: dict[str, Any],
) -> None:
    """Test that a damaged file does not prevent setup, reload and removal."""
    hass_storage[DOMAIN] = damaged

    await set_up(hass, config_entry)
    assert await hass.config_entries.async_reload(config_entry.entry_id)
    await async_advance(hass, freezer, SAVE_DELAY)
    assert list(stored(hass_storage)) == [config_entry.entry_id]

    await hass.config_entries.async_remove(config_entry.entry_id)
    await async_advance(hass, freezer, SAVE_DELAY)
    assert stored(hass_storage) == {}


@pytest.mark.parametrize(
    ("waiting", "off", "rebooted", "expected"),
    [
        (3, 30, False, ["not_sending"]),
        (3, 1700, False, ["not_sending"]),
        (3, 1900, False, []),
        # The user has acted on it.
        (3, 30, True, []),
        # The messages have been sent meanwhile.
        (2, 30, False, []),
        (0, 30, False, []),
    ],
)
async def test_queue_across_restart(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    config_entry: MockConfigEntry,
    account: Account,
    waiting: int,
    off: float,
    expected: list[str],
    *,
    rebooted: bool,
) -> None:
    """Test that a stuck queue is a problem until the first check shows otherwise."""
    queue = {
        "count": 3,
        "shown_ago": 20.0,
        "waiting_since": (dt_util.utcnow() - timedelta(hours=1)).isoformat(),
        "problem": "not_sending",
        "is_rebooted": rebooted,
    }
    known = {config_entry.entry_id: NOTHING | {"queue": queue}}
    store(hass_storage, known, saved_ago=off)
    account.queue = waiting

    await set_up(hass, config_entry)

    assert issue_keys(hass) == expected
