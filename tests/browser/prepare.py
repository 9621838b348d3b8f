"""Install what the browser needs, before the tests start.

Playwright's own browser is downloaded into .cache. System packages are only installed
if run by root, and are printed before; other users get the command to run.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from typing import Final

from .chromium import SETTINGS, NoChromiumError, chromium, find, playwright_path

PLAYWRIGHT: Final = (sys.executable, "-m", "playwright")
INSTALL: Final = ("apt-get", "install", "--no-install-recommends")

BROWSER: Final = "chromium"
LIBRARY: Final = "libatomic1"

REASONS: Final = {
    BROWSER: "no Chromium is installed that starts",
    LIBRARY: "Playwright does not start without libatomic.so.1",
}
"""What does not work without a Debian package."""


class NotReadyError(Exception):
    """A requirement is missing and could not be installed."""


async def prepare() -> None:
    """Install what is missing: with Playwright if possible, else on the system.

    Raises NotReadyError if something is still missing.
    """
    packages = await missing()
    for provide in (download, install):
        if packages and provide(packages):
            packages = await missing()
    if packages:
        raise NotReadyError(explain(packages))


async def missing() -> list[str]:
    """Return the missing Debian packages; raises NotReadyError on other errors."""
    own = None
    packages = []
    started = _run(*PLAYWRIGHT, "--version")
    if started.returncode == 0:
        own = await playwright_path()
    elif "libatomic.so.1" in started.stderr:
        packages.append(LIBRARY)
    else:
        raise NotReadyError(f"Playwright does not start: {started.stderr.strip()}")
    try:
        find(own)
    except NoChromiumError:
        packages.append(BROWSER)
    return packages


def download(packages: list[str]) -> bool:
    """Download Playwright's own browser, and return whether it succeeded."""
    if packages != [BROWSER]:
        return False
    print_progress("Downloading Playwright's Chromium into .cache/playwright (once)")
    return _run(*PLAYWRIGHT, "install", "--no-shell", "chromium").returncode == 0


def install(packages: list[str]) -> bool:
    """Install system packages as root, and return whether it succeeded."""
    if os.geteuid() != 0 or not shutil.which(INSTALL[0]):
        return False
    command = (*INSTALL, "--yes", *packages)
    reasons = ", and ".join(REASONS[package] for package in packages)
    print_progress(
        f"The tests in the browser need system packages: {reasons}. To leave these "
        "tests out: scripts/test --no-browser"
    )
    print_progress("With what they depend on, about 165 packages (a minute)")
    print_progress(f"Installing on this system: {' '.join(command)}")
    _run(INSTALL[0], "update")
    done = _run(*command)
    sys.stderr.write(done.stderr)
    return done.returncode == 0


def explain(packages: list[str]) -> str:
    """Return what is missing, and the command that installs it."""
    reasons = ", and ".join(REASONS[package] for package in packages)
    sudo = () if os.geteuid() == 0 else ("sudo",)
    command = " ".join((*sudo, *INSTALL, *packages))
    return (
        f"The tests in the browser cannot run: {reasons}. This mends it:\n\n"
        f"    {command}\n\n"
        "(or the like, where there is no apt-get). To leave these tests out: "
        "scripts/test --no-browser"
    )


def print_progress(text: str) -> None:
    """Print a message in the format of the scripts."""
    sys.stderr.write(f"==> {text}\n")
    sys.stderr.flush()


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command without user input, and capture its output."""
    environment = SETTINGS | {"DEBIAN_FRONTEND": "noninteractive"} | os.environ
    return subprocess.run(  # noqa: S603
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


async def main() -> str | None:
    """Print which browser starts, or return an error message."""
    try:
        await prepare()
    except NotReadyError as error:
        return f"error: {error}"
    async with chromium() as browser:
        print_progress(f"Chromium {browser.version}")
    return None


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
