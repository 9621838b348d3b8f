"""The libraries of the integrations in the comparison.

They are not part of the environment, so that nothing else can depend on them:
scripts/bench installs the requirements that this module prints separately.
"""

from collections.abc import Iterator
from importlib.util import find_spec
import json
from pathlib import Path
import sys
from typing import Final

IMPORTED: Final = (
    "homeassistant.components.uptime_kuma",
    "homeassistant.components.telegram_bot",
)
"""Integrations whose import is measured."""

POLLED: Final = (
    "homeassistant.components.rest",
    "homeassistant.components.uptimerobot",
)
"""Integrations whose polls are measured; `rest` could be used instead."""

FOLDER: Final = Path(__file__).resolve().parents[2] / ".cache" / "bench"


def folders(package: str) -> list[str]:
    """Return the folders of a package."""
    spec = find_spec(package)
    return (spec and spec.submodule_search_locations) or []


def _requirements() -> Iterator[str]:
    """Yield the requirements in the manifests of the integrations."""
    for package in (*IMPORTED, *POLLED):
        [folder] = folders(package)
        manifest = json.loads(Path(folder, "manifest.json").read_bytes())
        yield from manifest["requirements"]


if __name__ == "__main__":
    sys.stdout.write("\n".join(_requirements()) + "\n")
