"""What the browser needs is got with little, or named with the command that gets it."""

from dataclasses import dataclass
import os
from pathlib import Path

import pytest

from .prepare import NotReadyError, prepare

NO_LIBRARY = """
echo "node: error while loading shared libraries: libatomic.so.1: cannot open" >&2
exit 127
"""
CHROMIUM = "echo Chromium 150.0"
BROKEN_CHROMIUM = "exit 127"


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine with no other programs than those that a test puts there."""

    folder: Path

    def put(self, name: str, script: str) -> Path:
        """Put a program there."""
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def put_apt_get(self) -> None:
        """Put an apt-get there that writes down what it is asked, and installs."""
        package = self.put("package", CHROMIUM)
        self.put(
            "apt-get",
            f'echo "$*" >>{self.folder}/asked\n'
            f'case "$*" in *chromium*) /bin/cp -p {package} {self.folder}/chromium;; esac',
        )

    @property
    def asked(self) -> list[str]:
        """What apt-get was asked."""
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Run on a bare machine, as somebody who is not root."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    # Nobody listens there: no test downloads anything.
    monkeypatch.setenv("PLAYWRIGHT_DOWNLOAD_HOST", "http://127.0.0.1:9")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return Machine(tmp_path)


@pytest.fixture
def no_library(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Playwright's driver miss a library."""
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", str(machine.put("node", NO_LIBRARY)))


async def test_gets_nothing_if_a_browser_starts(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a browser there is nothing to say."""
    machine.put("chromium", BROKEN_CHROMIUM)
    machine.put("google-chrome", CHROMIUM)
    await prepare()
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("no_library")
@pytest.mark.parametrize(
    ("browser", "packages"),
    [(CHROMIUM, "libatomic1"), (BROKEN_CHROMIUM, "libatomic1 chromium")],
)
async def test_names_the_command_that_mends_it(
    machine: Machine,
    browser: str,
    packages: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without root, nothing is installed: one command is named that installs it all."""
    machine.put("chromium", browser)
    machine.put_apt_get()
    with pytest.raises(NotReadyError) as raised:
        await prepare()
    command = f"\n    sudo apt-get install --no-install-recommends {packages}\n"
    assert command in str(raised.value)
    assert "libatomic.so.1" in str(raised.value)
    assert capsys.readouterr().err == ""
    assert machine.asked == []


async def test_failed_download_is_one_line(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """A download that fails says nothing but that it was tried."""
    with pytest.raises(NotReadyError, match="no-install-recommends chromium\n"):
        await prepare()
    assert capsys.readouterr().err.splitlines() == [
        "==> Downloading Playwright's Chromium into .cache/playwright (once)"
    ]


async def test_root_is_told_what_is_installed(
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Root has it installed, without what the packages only recommend, and is told."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    machine.put_apt_get()
    await prepare()
    install = "install --no-install-recommends --yes chromium"
    assert f"Installing on this system: apt-get {install}\n" in capsys.readouterr().err
    assert machine.asked == ["update", install]
