"""What the browser needs is installed, or the error names the command for it."""

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
    """A machine with no other programs than those that a test adds."""

    folder: Path

    def add_program(self, name: str, script: str) -> Path:
        """Add a program and return its path."""
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def add_apt_get(self) -> None:
        """Add an apt-get that records its arguments and installs Chromium."""
        package = self.add_program("package", CHROMIUM)
        self.add_program(
            "apt-get",
            f'echo "$*" >>{self.folder}/calls\n'
            'case "$*" in *chromium*) '
            f"/bin/cp -p {package} {self.folder}/chromium;; esac",
        )

    @property
    def apt_get_calls(self) -> list[str]:
        """Return the arguments of each call of apt-get."""
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Run on a bare machine, as a user who is not root."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    # Nothing listens there: no test downloads anything.
    monkeypatch.setenv("PLAYWRIGHT_DOWNLOAD_HOST", "http://127.0.0.1:9")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return Machine(tmp_path)


@pytest.fixture
def no_library(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a library missing for Playwright's driver."""
    monkeypatch.setenv(
        "PLAYWRIGHT_NODEJS_PATH", str(machine.add_program("node", NO_LIBRARY))
    )


async def test_nothing_to_prepare(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is printed or installed if a browser starts."""
    machine.add_program("chromium", BROKEN_CHROMIUM)
    machine.add_program("google-chrome", CHROMIUM)
    await prepare()
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("no_library")
@pytest.mark.parametrize(
    ("browser", "packages"),
    [(CHROMIUM, "libatomic1"), (BROKEN_CHROMIUM, "libatomic1 chromium")],
)
async def test_error_names_install_command(
    machine: Machine,
    browser: str,
    packages: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is installed without root: the error names one command for all."""
    machine.add_program("chromium", browser)
    machine.add_apt_get()
    with pytest.raises(NotReadyError) as raised:
        await prepare()
    command = f"\n    sudo apt-get install --no-install-recommends {packages}\n"
    assert command in str(raised.value)
    assert "libatomic.so.1" in str(raised.value)
    assert capsys.readouterr().err == ""
    assert machine.apt_get_calls == []


async def test_failed_download(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failed download only prints that it was tried."""
    with pytest.raises(NotReadyError, match="no-install-recommends chromium\n"):
        await prepare()
    assert capsys.readouterr().err.splitlines() == [
        "==> Downloading Playwright's Chromium into .cache/playwright (once)"
    ]


async def test_root_installs_packages(
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As root, packages are installed without recommended ones, and printed."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    machine.add_apt_get()
    await prepare()
    install = "install --no-install-recommends --yes chromium"
    printed = capsys.readouterr().err
    assert printed.index("no Chromium is installed") < printed.index("Installing on")
    assert f"Installing on this system: apt-get {install}\n" in printed
    assert machine.apt_get_calls == ["update", install]
