"""The repository can be published under any address, and moved to another one."""

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

PLACEHOLDER = b"OWNER"


def run(copy: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a copy, without what this run of pytest passes to its processes."""
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


def holding(copy: Path, text: bytes) -> set[str]:
    """Return the names of the files that hold a text, but for this one."""
    holding = {path.name for path in files(copy) if text in path.read_bytes()}
    return holding - {Path(__file__).name}


def test_every_address_is_replaced(copy: Path) -> None:
    """No placeholder is left, and no second address, also when the repository moves."""
    assert holding(copy, PLACEHOLDER) >= {"manifest.json", "README.md", "alert.yaml"}
    for address in ("Jane-Doe/ha-green-api", "jane/messenger-watch"):
        assert run(copy, "scripts/publish-as", address).returncode == 0
        assert holding(copy, PLACEHOLDER) == set()
    assert holding(copy, b"Jane-Doe") == set()

    found = addresses(copy)
    assert found.keys() == addresses(ROOT).keys()
    assert {*chain(*found.values())} == {("jane", "messenger-watch")}
    manifest = json.loads((copy / MANIFEST.relative_to(ROOT)).read_text())
    assert manifest["codeowners"] == ["@jane"]


def test_nothing_else_is_replaced(copy: Path) -> None:
    """What pins the environments stays as it is, and every file can be read."""
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
def test_anything_but_an_address_is_refused(
    copy: Path, address: tuple[str, ...]
) -> None:
    """What is no address changes nothing, and the right use is said."""
    refused = run(copy, "scripts/publish-as", *address)
    assert refused.returncode == 1
    assert refused.stderr == "usage: scripts/publish-as ACCOUNT/REPOSITORY\n"
    assert "manifest.json" in holding(copy, PLACEHOLDER)
