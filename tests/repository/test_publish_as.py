"""The repository can be published at any address, and moved to another one."""

from itertools import chain
import json
import os
from pathlib import Path
import shutil
import subprocess

import pytest
import yaml

from . import MANIFEST, ROOT, files, read
from .addresses import addresses

pytestmark = pytest.mark.long(10)

PLACEHOLDER = b"OWNER"


def run(copy: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a copy, without the environment of Git and of this pytest."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", "PYTEST_"))
    }
    return subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the repository."""
    for path in files(ROOT):
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    for command in (("init", "--quiet"), ("add", "--all")):
        assert run(tmp_path, "git", *command).returncode == 0
    return tmp_path


def files_containing(copy: Path, text: bytes) -> set[str]:
    """Return the names of the files that contain a text, except this one."""
    names = {path.name for path in files(copy) if text in path.read_bytes()}
    return names - {Path(__file__).name}


def test_every_address_is_replaced(copy: Path) -> None:
    """No placeholder and no former address is left, even after a second run."""
    assert files_containing(copy, PLACEHOLDER) >= {
        "manifest.json",
        "README.md",
        "alert.yaml",
    }
    for address in ("Jane-Doe/ha-green-api", "jane/messenger-watch"):
        assert run(copy, "scripts/publish-as", address).returncode == 0
        assert files_containing(copy, PLACEHOLDER) == set()
    assert files_containing(copy, b"Jane-Doe") == set()

    found = addresses(copy)
    assert found.keys() == addresses(ROOT).keys()
    assert {*chain(*found.values())} == {("jane", "messenger-watch")}
    manifest = json.loads((copy / MANIFEST.relative_to(ROOT)).read_text())
    assert manifest["codeowners"] == ["@jane"]


def test_nothing_else_is_replaced(copy: Path) -> None:
    """The pinned environments are unchanged, and all YAML and JSON files valid."""
    assert run(copy, "scripts/publish-as", "jane/messenger-watch").returncode == 0
    for name in ("pyproject.toml", "uv.lock"):
        assert (copy / name).read_text(encoding="utf-8") == read(ROOT / name)
    for path in copy.rglob("*.y*ml"):
        assert yaml.compose(path.read_text(encoding="utf-8"))
    for path in copy.rglob("*.json"):
        assert json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "address", [(), ("jane",), ("jane", "doe"), ("a/b/c",), ("-/x",)]
)
def test_invalid_address_is_refused(copy: Path, address: tuple[str, ...]) -> None:
    """An invalid address changes nothing, and the usage is printed."""
    refused = run(copy, "scripts/publish-as", *address)
    assert refused.returncode == 1
    assert refused.stderr == "usage: scripts/publish-as ACCOUNT/REPOSITORY\n"
    assert "manifest.json" in files_containing(copy, PLACEHOLDER)
