"""Lock file, workflows and commands."""

from importlib.metadata import version
import os
from pathlib import Path
import re
import tomllib
from typing import Final

import pytest
import yaml

import homeassistant
from tests.support.order import LONG

from . import ROOT, named, pins, read

WORKFLOWS: Final = sorted(ROOT.glob(".github/workflows/*.y*ml"))

OWN_WORKFLOW_OR_PINNED_ACTION: Final = re.compile(
    r"\$/\.github/workflows/\w+\.yml$|[\w./-]+@[0-9a-f]{40} # \S+$"
)


@pytest.mark.skipif(
    version("homeassistant") != pins("newest")["homeassistant"],
    reason="the floor is for tests only and needs nothing that Home Assistant adds",
)
def test_pins_are_home_assistants() -> None:
    """What Home Assistant would install by itself is pinned as it pins it."""
    constraints = Path(homeassistant.__file__).with_name("package_constraints.txt")
    theirs = {
        name.lower(): pin
        for name, pin in re.findall(
            r"^([\w.-]+)==(\S+)$", read(constraints), re.MULTILINE
        )
    }
    shared = {name: pin for name, pin in pins("newest").items() if name in theirs}
    assert shared
    assert shared == {name: theirs[name] for name in shared}


def test_lock_names_the_public_index() -> None:
    """The lock file works everywhere: no proxy, no folder of some computer."""
    packages = tomllib.loads(read(ROOT / "uv.lock"))["package"]
    registries = {
        package["source"]["registry"]
        for package in packages
        if package["source"] != {"virtual": "."}
    }
    downloads = {
        file["url"]
        for package in packages
        for file in (*package.get("wheels", ()), package.get("sdist"))
        if file
    }
    assert registries == {"https://pypi.org/simple"}
    assert downloads
    assert not {
        url
        for url in downloads
        if not url.startswith("https://files.pythonhosted.org/")
    }


@pytest.mark.parametrize("path", WORKFLOWS, ids=named)
def test_workflow(path: Path) -> None:
    """A workflow has the least rights, and every action is pinned by its hash."""
    workflow = yaml.safe_load(read(path))
    assert workflow["permissions"] == {}
    assert all("permissions" in job for job in workflow["jobs"].values())
    # YAML 1.1 reads the key `on` as a truth value
    assert "pull_request_target" not in workflow[True]
    used = re.findall(r"^\s*(?:- )?uses: *(.*)$", read(path), re.MULTILINE)
    assert used
    assert not [use for use in used if not OWN_WORKFLOW_OR_PINNED_ACTION.match(use)]


def test_workflows() -> None:
    """There is a workflow for everything that has to hold."""
    assert {path.stem for path in WORKFLOWS} >= {
        "lint",
        "next",
        "release",
        "test",
        "validate",
    }


@pytest.mark.parametrize("module", LONG)
def test_long_tests_are_there(module: str) -> None:
    """What comes first, and what --quick leaves out, is named as it is called."""
    assert (ROOT / module).is_file()


def test_dependabot_leaves_home_assistant_alone() -> None:
    """Both ends are chosen by hand."""
    dependabot = yaml.safe_load(read(ROOT / ".github/dependabot.yml"))
    ignored = {
        ignore["dependency-name"]
        for update in dependabot["updates"]
        for ignore in update.get("ignore", ())
    }
    assert ignored >= {"homeassistant", "pytest-homeassistant-custom-component"}


@pytest.mark.parametrize(
    "name",
    [
        ".ci/run",
        *(
            f"scripts/{name}"
            for name in ("bench", "develop", "publish-as", "screenshots", "test")
        ),
    ],
)
def test_command(name: str) -> None:
    """The commands can be run as they are."""
    assert os.access(ROOT / name, os.X_OK)
