"""Checks of the files of the repository.

These are the rules of hassfest, of HACS and of the Marketplace that can be checked
offline, those of core's reviewers that a program can check, and the project's own.
"""

from collections.abc import Iterator
from functools import cache
import json
from pathlib import Path
import tomllib
from typing import Any, Final

from custom_components.green_api.const import DOMAIN

ROOT: Final = Path(__file__).parents[2]
INTEGRATION: Final = ROOT / "custom_components" / DOMAIN

ENGLISH: Final = INTEGRATION / "translations/en.json"
HACS: Final = ROOT / "hacs.json"
ICONS: Final = INTEGRATION / "icons.json"
MANIFEST: Final = INTEGRATION / "manifest.json"
README: Final = ROOT / "README.md"

MODULES: Final = sorted(INTEGRATION.rglob("*.py"))

GENERATED: Final = {".cache", ".git", "__pycache__"}


def files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, without generated ones."""
    for path, folders, names in folder.walk():
        folders[:] = sorted(set(folders) - GENERATED)
        # In a linked work tree, .git is a file.
        for name in sorted(set(names) - GENERATED):
            yield path / name


@cache
def read(path: Path) -> str:
    """Return the text of a file."""
    return path.read_text(encoding="utf-8")


@cache
def read_json(path: Path) -> Any:
    """Return the content of a JSON file."""
    return json.loads(read(path))


def path_id(path: Path) -> str:
    """Return the relative path of a file, also used as ID of test parameters."""
    return str(path.relative_to(ROOT))


def pyproject() -> dict[str, Any]:
    """Return the content of pyproject.toml."""
    return tomllib.loads(read(ROOT / "pyproject.toml"))


def pins(group: str) -> dict[str, str]:
    """Return the exact versions in a dependency group, by package."""
    entries = [
        entry.split("==")
        for entry in pyproject()["dependency-groups"][group]
        if isinstance(entry, str) and "==" in entry
    ]
    return {name.lower(): version for name, version in entries}
