"""A plugin of pytest: begin with the tests that take long, and mark them."""

import itertools
import os
from typing import Final

import pytest

LONG: Final = (
    "tests/integration/test_soak.py",
    "tests/integration/test_turns_of_life.py",
    "tests/integration/test_fault_matrix.py",
    "tests/integration/test_problem.py",
    "tests/client/test_fuzz.py",
    "tests/simulator/test_simulator.py",
    "tests/integration/test_hostile_server.py",
    "tests/integration/test_linking.py",
    "tests/integration/test_linking_everywhere.py",
    "tests/client/test_sending.py",
    "tests/integration/test_queue.py",
    "tests/integration/test_issues.py",
    "tests/integration/test_message_queue.py",
    "tests/integration/test_interrupted_send.py",
    "tests/integration/test_never_twice.py",
    "tests/client/test_faults.py",
    "tests/client/test_address.py",
    "tests/repository/test_publish_as.py",
    "tests/live/test_linking.py",
    "tests/browser/test_ways_out.py",
    "tests/live/test_alert_restarts.py",
    "tests/live/test_bad_restarts.py",
    "tests/browser/test_linking.py",
    "tests/browser/test_sending.py",
    "tests/live/test_live.py",
    "tests/live/test_sending.py",
    "tests/browser/test_browser.py",
)
"""Modules with the longest tests, and those that scripts/test --quick leaves out.

Those outside come with the longest first.
"""


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", "long: takes long, and comes first")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests, and deal them out to the workers of xdist.

    Each worker begins with a piece of the list, so each piece begins with what is long:
    a long test that comes last is waited for by all others. Every other round is dealt
    out backwards, so that who has begun with the longest goes on with a shorter one.
    """
    for item in items:
        if _rank(item) < len(LONG):
            item.add_marker("long")
    items.sort(key=_rank)
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    hands: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for dealt, item in enumerate(items):
        place = dealt % (2 * workers)
        hands[min(place, 2 * workers - 1 - place)].append(item)
    items[:] = itertools.chain(*hands)


def _rank(item: pytest.Item) -> int:
    """Return the place of the module of a test, behind all others unless it is long."""
    module = item.nodeid.partition("::")[0]
    return LONG.index(module) if module in LONG else len(LONG)
