"""The import of the integration, compared with two of Home Assistant's own.

Modules that Home Assistant itself imports are imported before. The libraries that only
these two need are not part of the environment: scripts/bench installs them separately.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from itertools import permutations
import pkgutil
from statistics import median
import sys
import time
from typing import Final, NamedTuple

from .libraries import FOLDER, IMPORTED, folders
from .processes import fresh_processes
from .table import Row

CORE: Final = "homeassistant.bootstrap"
INTEGRATION: Final = "custom_components.green_api"
PACKAGES: Final = (INTEGRATION, *IMPORTED)
UPTIME_KUMA, TELEGRAM_BOT = IMPORTED


class Shared(NamedTuple):
    """The names of the modules that do not belong to one of the integrations."""

    core: list[str]
    libraries: list[str]


def measure() -> list[Row]:
    """Measure the three imports in one process, in every order."""
    orders = list(permutations(PACKAGES))
    with fresh_processes() as processes:
        shared = processes.submit(find_shared).result()
        whole = list(processes.map(import_times, orders, [shared.core] * 6))
        own = list(
            processes.map(import_times, orders, [shared.core + shared.libraries] * 6)
        )
    return [
        Row("import: CPU time", 1000 * _median_time(whole, INTEGRATION), "ms"),
        _compared_with(whole, UPTIME_KUMA, "with its libraries"),
        # The one that sends and receives messages as well.
        _compared_with(whole, TELEGRAM_BOT, "with its libraries", at_most=1),
        *(_compared_with(own, other, "without libraries") for other in IMPORTED),
    ]


def _compared_with(
    times: list[dict[str, float]], other: str, how: str, at_most: float | None = None
) -> Row:
    """Return the comparison with the import of another integration."""
    name = other.rpartition(".")[2]
    ratio = _median_time(times, INTEGRATION) / _median_time(times, other)
    return Row(f"  against {name}'s, {how}", ratio, "x", at_most)


def _median_time(times: list[dict[str, float]], package: str) -> float:
    """Return the median CPU time of an import, in seconds."""
    return median(run[package] for run in times)


def find_shared() -> Shared:
    """Import all three and return the other modules that were imported."""
    sys.path.append(str(FOLDER))
    for package in (CORE, *PACKAGES):
        _import(_modules(package))
    shared = Shared([CORE], [])
    for name, module in sys.modules.items():
        file = getattr(module, "__file__", None) or ""
        if file.startswith(str(FOLDER)):
            shared.libraries.append(name)
        elif not name.startswith(PACKAGES):
            shared.core.append(name)
    return shared


def import_times(order: tuple[str, ...], before: list[str]) -> dict[str, float]:
    """Return the CPU times of importing each integration after other modules."""
    sys.path.append(str(FOLDER))
    _import(before)
    times = {}
    for package in order:
        modules = list(_modules(package))
        start = time.process_time()
        _import(modules)
        times[package] = time.process_time() - start
    return times


def _modules(package: str) -> Iterator[str]:
    """Yield the names of a package and its modules; it may also be a module."""
    yield package
    for module in pkgutil.iter_modules(folders(package)):
        yield f"{package}.{module.name}"


def _import(modules: Iterable[str]) -> None:
    """Import modules; those that cannot be imported alone are parts of others."""
    for module in modules:
        with suppress(ImportError):
            import_module(module)
