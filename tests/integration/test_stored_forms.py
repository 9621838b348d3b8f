"""Test that the storage file of each released version is read."""

from datetime import UTC, datetime, timedelta
import json
import math
from pathlib import Path
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.green_api.api import AccountState
from custom_components.green_api.decisions.problem import Problem
from custom_components.green_api.records.account_record import AccountRecord
from custom_components.green_api.records.storage import from_storage, to_storage
from custom_components.green_api.records.store import STORAGE_VERSION

FILES: Final = sorted((Path(__file__).parent / "stored").glob("*.json"))
SAVED_AT: Final = datetime(2026, 11, 29, 12, tzinfo=UTC)

# The monotonic clock when a file is read, and for how long Home Assistant was off.
NOW: Final = 10_000.0
OFF: Final = timedelta(seconds=60)


def parts_of(account: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Return all fields of an account in a file, with the object that holds them."""
    nested = [account["queue"], account["announced"]]
    return [(part, key) for part in (account, *nested) for key in part]


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def stored(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the data of a storage file that a release has written."""
    return json.loads(request.param.read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def restarted(freezer: FrozenDateTimeFactory) -> None:
    """Start Home Assistant a minute after the files were written."""
    freezer.move_to(SAVED_AT + OFF)


def test_form_is_read(stored: dict[str, Any]) -> None:
    """Everything that a release has stored is known after an update."""
    [record] = from_storage(stored, NOW).values()
    assert record.state == AccountState("notAuthorized")
    assert record.remembered is record.problem is Problem.LOGGED_OUT
    assert record.problem_since == datetime(2026, 11, 29, 11, 20, tzinfo=UTC)
    assert record.health.rebooted_at == NOW - 3060
    assert record.last.said_at == NOW - 80
    assert record.queue.waiting is not None
    assert record.queue.waiting.count == 2
    assert record.announced.with_problem.read(NOW) == 2340


def test_form_is_written_again(stored: dict[str, Any]) -> None:
    """An update rewrites what a release has stored without losing anything."""
    again = to_storage(from_storage(stored, NOW - OFF.total_seconds()), NOW)
    [before], [written] = stored["accounts"].values(), again["accounts"].values()
    # Later versions add fields.
    after = {key: written[key] for key in before}
    older = {"reported_ago", "rebooted_ago", "said_ago"}
    # Reasons count from a restart on, if there was a problem.
    assert {**after, **dict.fromkeys(older, 0), "reasons": []} == {
        **before,
        **dict.fromkeys(older, 0),
        "reasons": [],
    }
    for key in older:
        assert math.isclose(after[key] - before[key], 2 * OFF.total_seconds())


@pytest.mark.parametrize("index", range(30))
def test_field_that_a_file_lacks(stored: dict[str, Any], index: int) -> None:
    """A field that the next version adds takes its default from an older file."""
    [(entry_id, account)] = stored["accounts"].items()
    part, key = parts_of(account)[index]
    del part[key]
    record = from_storage(stored, NOW)[entry_id]
    lacks_problem = key == "problem" and part is account
    assert record.remembered is (None if lacks_problem else Problem.LOGGED_OUT)
    known = AccountState(None if key == "state" else "notAuthorized")
    assert record.state == known


def test_nothing_is_stored_of_an_account() -> None:
    """An account of which nothing is stored is one that is not known yet."""
    stored = {"saved_at": SAVED_AT.isoformat(), "accounts": {"entry": {}}}
    assert from_storage(stored, NOW)["entry"] == AccountRecord()


def test_released_forms_are_tested() -> None:
    """The current form has a file, so that the next change is compared with it."""
    assert STORAGE_VERSION == 1
    assert FILES
