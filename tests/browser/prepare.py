"""Get what the browser needs before anything else is done.

Playwright's own browser is downloaded into .cache. What belongs to the system is only
installed by root, who is told before; everybody else is told the command.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from typing import Final

from .chromium import SETTINGS, NoChromiumError, chromium, find, own_path

PLAYWRIGHT: Final = (sys.executable, "-m", "playwright")
INSTALL: Final = ("apt-get", "install", "--no-install-recommends")

BROWSER: Final = "chromium"
LIBRARY: Final = "libatomic1"

REASONS: Final = {
    BROWSER: "no Chromium is installed that starts",
    LIBRARY: "Playwright does not start without libatomic.so.1",
}
"""What is wrong without a package of Debian."""


class NotReadyError(Exception):
    """Something is missing that could not be got."""


async def prepare() -> None:
    """Get what is missing: from Playwright if possible, else from the system."""
    packages = await missing()
    for get in (download, install):
        if packages and get(packages):
            packages = await missing()
    if packages:
        raise NotReadyError(explain(packages))


async def missing() -> list[str]:
    """Return the packages without which no browser runs."""
    own = None
    packages = []
    started = _run(*PLAYWRIGHT, "--version")
    if started.returncode == 0:
        own = await own_path()
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
    """Let Playwright download its own browser, and tell whether it did."""
    if packages != [BROWSER]:
        return False
    say("Downloading Playwright's Chromium into .cache/playwright (once)")
    return _run(*PLAYWRIGHT, "install", "--no-shell", "chromium").returncode == 0


def install(packages: list[str]) -> bool:
    """Let root install packages of the system, and tell whether that went well."""
    if os.geteuid() != 0 or not shutil.which(INSTALL[0]):
        return False
    command = (*INSTALL, "--yes", *packages)
    say(f"Installing on this system: {' '.join(command)}")
    _run(INSTALL[0], "update")
    done = _run(*command)
    sys.stderr.write(done.stderr)
    return done.returncode == 0


def explain(packages: list[str]) -> str:
    """Return what is missing, and the command that mends it."""
    reasons = ", and ".join(REASONS[package] for package in packages)
    sudo = () if os.geteuid() == 0 else ("sudo",)
    command = " ".join((*sudo, *INSTALL, *packages))
    return (
        f"The tests in the browser cannot run: {reasons}. This mends it:\n\n"
        f"    {command}\n\n"
        "(or the like, where there is no apt-get). To leave these tests out: "
        "scripts/test --no-browser"
    )


def say(text: str) -> None:
    """Show what is going on, as the scripts do."""
    sys.stderr.write(f"==> {text}\n")
    sys.stderr.flush()


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command that asks nobody, and keep what it says."""
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
    """Say which browser starts, or return why none does."""
    try:
        await prepare()
    except NotReadyError as error:
        return f"error: {error}"
    async with chromium() as browser:
        say(f"Chromium {browser.version}")
    return None


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
