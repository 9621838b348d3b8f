"""Test what is remembered of the accounts over restarts of Home Assistant."""

from datetime import datetime, timedelta
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)

from custom_components.green_api.const import CONF_INSTANCE_ID, DOMAIN
from custom_components.green_api.store import SAVE_DELAY, StoredAccount
from homeassistant.components.button import DOMAIN as BUTTON_DOMAIN, SERVICE_PRESS
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID, EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.util import dt as dt_util
from tests.simulator import Account, Simulator
from tests.support.const import TOKEN
from tests.support.helpers import assert_hidden, async_pass

BUTTON: Final = "button.green_api_1101000001_reboot"
STATE: Final = "sensor.green_api_1101000001_account_state"

OTHER_INSTANCE_ID: Final = "1101000002"

LONG_AGO: Final = "2026-03-01T08:30:00+00:00"


def ago(**time: float) -> str:
    """Return a moment of the past as it is stored."""
    return (dt_util.utcnow() - timedelta(**time)).isoformat()


def remember(
    hass_storage: dict[str, Any], entry: MockConfigEntry, **known: str | float | None
) -> None:
    """Store an account as an earlier Home Assistant has left it."""
    account: dict[str, str | float | None] = {
        "state": "authorized",
        "since": LONG_AGO,
        "suspicion": None,
        "suspicion_since": None,
        "suspicion_held": 0.0,
        "rebooted_at": None,
    }
    hass_storage[DOMAIN] = {
        "version": 1,
        "minor_version": 1,
        "key": DOMAIN,
        "data": {entry.entry_id: account | known},
    }


def stored(hass_storage: dict[str, Any]) -> dict[str, StoredAccount]:
    """Return what lies in the storage file, by the id of the config entry."""
    return hass_storage[DOMAIN]["data"]


def since(hass: HomeAssistant) -> datetime:
    """Return since when the account is in its state."""
    return hass.states.get(STATE).attributes["since"]


def issues(hass: HomeAssistant) -> list[str | None]:
    """Return what stands in the repairs."""
    return [
        issue.translation_key
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN
    ]


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set up a config entry as Home Assistant does when it starts."""
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED


async def test_written_with_a_delay(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> None:
    """What is new is written soon, and then nothing while there is nothing new."""
    account.state = "blocked"
    start = ago()
    await set_up(hass, config_entry)

    await async_pass(hass, freezer, SAVE_DELAY - 1)
    assert DOMAIN not in hass_storage
    await async_pass(hass, freezer, 1)
    assert stored(hass_storage) == {
        config_entry.entry_id: {
            "state": "blocked",
            "since": start,
            "suspicion": "blocked",
            "suspicion_since": start,
            "suspicion_held": 0.0,
            "rebooted_at": None,
        }
    }

    # It begins to stand, which is new, and goes on, which is not.
    await async_pass(hass, freezer)
    await async_pass(hass, freezer, SAVE_DELAY)
    assert (
        stored(hass_storage)[config_entry.entry_id]["suspicion_held"] == SAVE_DELAY + 61
    )
    del hass_storage[DOMAIN]
    await async_pass(hass, freezer)
    await async_pass(hass, freezer, SAVE_DELAY)
    assert DOMAIN not in hass_storage


async def test_states_of_one_problem_are_written(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> None:
    """A problem can be older than the state."""
    account.state = "notAuthorized"
    start = ago()
    await set_up(hass, config_entry)
    account.state = "pendingCode"
    await async_pass(hass, freezer)
    later = ago()
    await async_pass(hass, freezer, SAVE_DELAY)

    assert stored(hass_storage) == {
        config_entry.entry_id: {
            "state": "pendingCode",
            "since": later,
            "suspicion": "logged_out",
            "suspicion_since": start,
            "suspicion_held": 61.0,
            "rebooted_at": None,
        }
    }


async def test_written_at_the_end(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    loaded_entry: MockConfigEntry,
) -> None:
    """What is new is not lost when Home Assistant stops."""
    assert DOMAIN not in hass_storage

    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()

    assert stored(hass_storage)[loaded_entry.entry_id]["state"] == "authorized"
    assert_hidden(TOKEN, hass_storage[DOMAIN])


async def test_reboot_is_written(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
) -> None:
    """A reboot is remembered, for it excuses what is heard in the minutes after."""
    pressed_at = ago()
    await hass.services.async_call(
        BUTTON_DOMAIN, SERVICE_PRESS, {ATTR_ENTITY_ID: BUTTON}, blocking=True
    )
    await async_pass(hass, freezer, SAVE_DELAY)

    assert stored(hass_storage)[loaded_entry.entry_id]["rebooted_at"] == pressed_at


async def test_two_accounts_are_written(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    simulator: Simulator,
) -> None:
    """Each account has its record, until its entry is removed."""
    simulator.add_account(OTHER_INSTANCE_ID, TOKEN, state=None)
    other_entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id=OTHER_INSTANCE_ID,
        data=loaded_entry.data | {CONF_INSTANCE_ID: OTHER_INSTANCE_ID},
    )
    await set_up(hass, other_entry)
    await async_pass(hass, freezer, SAVE_DELAY)
    assert {
        entry_id: account["state"] for entry_id, account in stored(hass_storage).items()
    } == {loaded_entry.entry_id: "authorized", other_entry.entry_id: None}

    await hass.config_entries.async_remove(loaded_entry.entry_id)
    await async_pass(hass, freezer, SAVE_DELAY)
    assert list(stored(hass_storage)) == [other_entry.entry_id]


@pytest.mark.parametrize("state", ["authorized", None])
async def test_since(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
    state: str | None,
) -> None:
    """An account is in its state since that was first heard."""
    account.state = state
    start = dt_util.utcnow()

    await set_up(hass, config_entry)
    await async_pass(hass, freezer)

    assert since(hass) == start


@pytest.mark.parametrize("state", ["authorized", "hibernating", None])
async def test_since_over_a_restart(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    config_entry: MockConfigEntry,
    account: Account,
    state: str | None,
) -> None:
    """An account in the same state as before has been in it all the time."""
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
    """An account in another state than before is in it from now on."""
    remember(hass_storage, config_entry, state=before)
    account.state = after

    await set_up(hass, config_entry)

    assert since(hass) == dt_util.utcnow()
    await async_pass(hass, freezer, SAVE_DELAY)
    assert stored(hass_storage)[config_entry.entry_id]["state"] == after


async def test_restart(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
) -> None:
    """What one Home Assistant has written, the next one understands."""
    start = dt_util.utcnow()
    await hass.async_stop(force=True)
    freezer.tick(3600)

    async with async_test_home_assistant() as restarted:
        restarted.data.pop(DATA_CUSTOM_COMPONENTS)
        entry = MockConfigEntry(
            domain=DOMAIN,
            title=loaded_entry.title,
            entry_id=loaded_entry.entry_id,
            data=loaded_entry.data,
        )
        await set_up(restarted, entry)

        assert since(restarted) == start
        await restarted.async_stop(force=True)


@pytest.mark.parametrize(
    ("state", "suspicion", "held"),
    [
        ("blocked", "blocked", 50.0),
        ("notAuthorized", "logged_out", 60.0),
        ("pendingCode", "logged_out", 60.0),
        ("sleepMode", "asleep", 300.0),
        ("starting", "stuck_starting", 301.0),
    ],
)
async def test_problem_over_a_restart(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    config_entry: MockConfigEntry,
    account: Account,
    state: str,
    suspicion: str,
    held: float,
) -> None:
    """What stood before stands again as soon as the first answer confirms it."""
    remember(
        hass_storage,
        config_entry,
        state=state,
        suspicion=suspicion,
        suspicion_since=LONG_AGO,
        suspicion_held=held,
    )
    account.state = state

    await set_up(hass, config_entry)

    assert issues(hass) == [suspicion]


@pytest.mark.parametrize("state", ["authorized", "suspended", "hibernating", None])
async def test_problem_not_confirmed(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
    state: str | None,
) -> None:
    """What stood before does not stand on the word of another answer."""
    remember(
        hass_storage,
        config_entry,
        suspicion="blocked",
        suspicion_since=LONG_AGO,
        suspicion_held=3600.0,
    )
    account.state = state

    await set_up(hass, config_entry)
    assert issues(hass) == []

    await async_pass(hass, freezer, SAVE_DELAY)
    record = stored(hass_storage)[config_entry.entry_id]
    assert record["suspicion"] != "blocked"
    assert record["suspicion_held"] == 0.0


async def test_time_without_home_assistant(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Only the time counts in which somebody has looked."""
    remember(
        hass_storage,
        config_entry,
        state="sleepMode",
        suspicion="asleep",
        suspicion_since=LONG_AGO,
        suspicion_held=200.0,
    )
    account.state = "sleepMode"

    await set_up(hass, config_entry)
    assert issues(hass) == []
    await async_pass(hass, freezer)
    assert issues(hass) == []
    await async_pass(hass, freezer)

    assert issues(hass) == ["asleep"]


@pytest.mark.parametrize(("polls", "confirmed"), [(0, []), (1, ["blocked"])])
async def test_time_without_the_entry(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
    polls: int,
    confirmed: list[str],
) -> None:
    """The time in which an entry is unloaded does not count either."""
    account.state = "blocked"
    await set_up(hass, config_entry)
    for _ in range(polls):
        await async_pass(hass, freezer)
    await hass.config_entries.async_unload(config_entry.entry_id)
    assert issues(hass) == []
    await async_pass(hass, freezer, 3600)

    await hass.config_entries.async_setup(config_entry.entry_id)

    assert issues(hass) == confirmed


@pytest.mark.parametrize(
    ("minutes", "standing"), [(4, []), (6, ["stuck_after_reboot"])]
)
async def test_reboot_over_a_restart(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    config_entry: MockConfigEntry,
    account: Account,
    minutes: int,
    standing: list[str],
) -> None:
    """A restart does not forget for how long a reboot excuses an account."""
    remember(
        hass_storage,
        config_entry,
        state="starting",
        suspicion="stuck_starting",
        suspicion_since=ago(hours=1),
        suspicion_held=3600.0,
        rebooted_at=ago(minutes=minutes),
    )
    account.state = "starting"

    await set_up(hass, config_entry)

    assert issues(hass) == standing


async def test_problem_of_another_version(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> None:
    """A problem that another version has stored is no problem for this one."""
    remember(
        hass_storage,
        config_entry,
        state="blocked",
        suspicion="hibernating",
        suspicion_since=LONG_AGO,
        suspicion_held=3600.0,
    )
    account.state = "blocked"

    await set_up(hass, config_entry)
    assert since(hass) == datetime.fromisoformat(LONG_AGO)
    assert issues(hass) == []

    await async_pass(hass, freezer)
    assert issues(hass) == ["blocked"]
