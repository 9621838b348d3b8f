"""The libraries of the integrations that ours is compared with.

They are no part of the environment, so that nothing else can come to need them:
scripts/bench puts them aside, as the requirements say that this module prints.
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

POLLED: Final = "homeassistant.components.rest"
"""The integration that people would use instead."""

FOLDER: Final = Path(__file__).resolve().parents[2] / ".cache" / "bench"


def folders(package: str) -> list[str]:
    """Return where a package is."""
    spec = find_spec(package)
    return (spec and spec.submodule_search_locations) or []


def _requirements() -> Iterator[str]:
    """Yield what the integrations need, as their manifests say."""
    for package in (*IMPORTED, POLLED):
        [folder] = folders(package)
        manifest = json.loads(Path(folder, "manifest.json").read_bytes())
        yield from manifest["requirements"]


if __name__ == "__main__":
    sys.stdout.write("\n".join(_requirements()) + "\n")
