"""The lock file, the workflows and the commands."""

from importlib.metadata import version
import os
from pathlib import Path
import re
import tomllib
from typing import Any, Final
from unittest.mock import Mock

import pytest
import yaml

from custom_components.green_api.const import PLATFORMS
import homeassistant
from tests.live.dashboard import account_dashboard
from tests.support.order import SlowestTests

from . import ROOT, path_id, pins, read

WORKFLOWS: Final = sorted(ROOT.glob(".github/workflows/*.y*ml"))

OWN_WORKFLOW_OR_PINNED_ACTION: Final = re.compile(
    r"\$/\.github/workflows/\w+\.yml$|[\w./-]+@[0-9a-f]{40} # \S+$"
)


@pytest.mark.skipif(
    version("homeassistant") != pins("newest")["homeassistant"],
    reason="the floor is only for tests and needs nothing that Home Assistant adds",
)
def test_pins_match_home_assistant() -> None:
    """Packages that Home Assistant would install have the versions that it pins."""
    path = Path(homeassistant.__file__).with_name("package_constraints.txt")
    constraints = {
        name.lower(): pin
        for name, pin in re.findall(r"^([\w.-]+)==(\S+)$", read(path), re.MULTILINE)
    }
    shared = {name: pin for name, pin in pins("newest").items() if name in constraints}
    assert shared
    assert shared == {name: constraints[name] for name in shared}


def test_lock_uses_the_public_index() -> None:
    """The lock file works everywhere: it has no proxies and no local paths."""
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


@pytest.mark.parametrize("path", WORKFLOWS, ids=path_id)
def test_workflow(path: Path) -> None:
    """A workflow has minimal permissions, and all actions are pinned by hash."""
    workflow = yaml.safe_load(read(path))
    assert workflow["permissions"] == {}
    assert all("permissions" in job for job in workflow["jobs"].values())
    # YAML 1.1 parses the key `on` as a boolean
    assert "pull_request_target" not in workflow[True]
    used = re.findall(r"^\s*(?:- )?uses: *(.*)$", read(path), re.MULTILINE)
    assert used
    assert not [use for use in used if not OWN_WORKFLOW_OR_PINNED_ACTION.match(use)]


def test_workflows() -> None:
    """All required workflows exist."""
    assert {path.stem for path in WORKFLOWS} >= {
        "lint",
        "next",
        "release",
        "test",
        "validate",
    }


def test_slowest_tests_are_listed(tmp_path: Path) -> None:
    """The ten slowest tests are appended to a file, with the time of all parts."""
    path = tmp_path / "slowest"
    path.write_text("     9.0 s   another run\n")
    slowest = SlowestTests(path)
    for number in range(12):
        for part in ("setup", "call"):
            report = Mock(nodeid=f"test_{number}", when=part, duration=number / 2)
            slowest.pytest_runtest_logreport(report)
    slowest.pytest_sessionfinish()
    assert path.read_text().splitlines() == [
        "     9.0 s   another run",
        *(f"{number:8.1f} s   test_{number}" for number in range(11, 1, -1)),
    ]


def test_dependabot_ignores_home_assistant() -> None:
    """The versions of both environments are chosen manually."""
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
def test_command_is_executable(name: str) -> None:
    """The commands are executable."""
    assert os.access(ROOT / name, os.X_OK)


def test_dashboard_shows_entities_of_all_platforms() -> None:
    """Test that scripts/develop also starts once there are recipients."""
    ids = {f"{platform}.alex" for platform in PLATFORMS}
    entities: list[Any] = [
        {"entity_id": it, "disabled_by": None, "entity_category": None} for it in ids
    ]
    (view,) = account_dashboard("GREEN-API 1101000001", entities)["views"]
    now, _ = view["sections"]
    assert {it["entity"] for it in now["cards"] if "entity" in it} == ids
