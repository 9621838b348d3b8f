"""A pytest plugin that runs long tests first, and lists the slowest ones.

`pytestmark = pytest.mark.long(60)` says that the tests of a module take about 60
seconds on an idle computer. scripts/test --quick leaves them out.
"""

from collections import defaultdict
from heapq import nlargest
import itertools
from operator import itemgetter
import os
from pathlib import Path
from typing import Final

import pytest

SLOWEST: Final = "SLOWEST_TESTS"
"""The environment variable with the file that the slowest tests are appended to."""


class SlowestTests:
    """Appends the slowest tests of a run to a file."""

    def __init__(self, path: Path) -> None:
        """Initialize with the file."""
        self._path = path
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up the time of the setup, the call and the teardown of a test."""
        self._seconds[report.nodeid] += report.duration

    def pytest_sessionfinish(self) -> None:
        """Append the slowest tests."""
        with self._path.open("a", encoding="utf-8") as file:
            for nodeid, seconds in nlargest(10, self._seconds.items(), itemgetter(1)):
                file.write(f"{seconds:8.1f} s   {nodeid}\n")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and the list of the slowest tests if it is wanted."""
    config.addinivalue_line(
        "markers", "long(seconds): takes about as long, and runs before shorter tests"
    )
    path = os.environ.get(SLOWEST)
    if path and "PYTEST_XDIST_WORKER" not in os.environ:
        config.pluginmanager.register(SlowestTests(Path(path)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests, and distribute them to the workers of xdist.

    Each worker runs a part of the list, so each part starts with long tests: otherwise
    all workers would wait for a long test at the end. Every other round is distributed
    in reverse, so that the worker with the longest test continues with a shorter one.
    """
    items.sort(key=_seconds, reverse=True)
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    parts: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for position, item in enumerate(items):
        place = position % (2 * workers)
        parts[min(place, 2 * workers - 1 - place)].append(item)
    items[:] = itertools.chain(*parts)


def _seconds(item: pytest.Item) -> float:
    """Return how long the module of a test takes, 0 if it is not marked as long."""
    marker = item.get_closest_marker("long")
    return float(marker.args[0]) if marker else 0
