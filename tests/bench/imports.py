"""The import of the integration, against those of two of Home Assistant's own.

What Home Assistant itself brings along is imported before. What only these two need
is no part of the environment: scripts/bench puts it aside.
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


class Shared(NamedTuple):
    """Names of the modules that are not an integration's own."""

    core: list[str]
    libraries: list[str]


def measure() -> list[Row]:
    """Measure imports, each time all three in one process, in every order."""
    orders = list(permutations(PACKAGES))
    with fresh_processes() as processes:
        shared = processes.submit(find_shared).result()
        whole = list(processes.map(import_times, orders, [shared.core] * 6))
        own = list(
            processes.map(import_times, orders, [shared.core + shared.libraries] * 6)
        )
    return [
        Row("import: CPU time", 1000 * _typical(whole, INTEGRATION), "ms"),
        *(_against(whole, other, "with its libraries") for other in IMPORTED),
        *(_against(own, other, "without libraries") for other in IMPORTED),
    ]


def _against(times: list[dict[str, float]], other: str, how: str) -> Row:
    """Compare with the import of another integration."""
    name = other.rpartition(".")[2]
    ratio = _typical(times, INTEGRATION) / _typical(times, other)
    return Row(f"  against {name}'s, {how}", ratio, "x")


def _typical(times: list[dict[str, float]], package: str) -> float:
    """Return the median time of an import."""
    return median(of[package] for of in times)


def find_shared() -> Shared:
    """Import all three and return what else came along."""
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
    """Return the CPU time of importing each integration, after other modules."""
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
    """Yield the names of a package, which may be none, and of its modules."""
    yield package
    for module in pkgutil.iter_modules(folders(package)):
        yield f"{package}.{module.name}"


def _import(modules: Iterable[str]) -> None:
    """Import modules; what cannot be imported by its name is a part of another one."""
    for module in modules:
        with suppress(ImportError):
            import_module(module)
