"""Start a Chromium: one that is installed, else Playwright's own, else the system's.

Playwright's own is kept in .cache; the system's needs root, or sudo that does not ask.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import os
from pathlib import Path
import shutil
import subprocess
import sys
from typing import Final

from playwright.async_api import Browser, async_playwright

from tests.live.configuration import ROOT

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# Where Playwright keeps its own, and the milliseconds its server has to answer.
SETTINGS: Final = {
    "PLAYWRIGHT_BROWSERS_PATH": str(ROOT / ".cache" / "playwright"),
    "PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000",
}

# A browser for this computer alone, that asks nobody for anything.
ARGUMENTS: Final = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


class NoChromiumError(Exception):
    """No Chromium is to be had."""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run a Chromium."""
    os.environ.update(SETTINGS)
    async with async_playwright() as playwright:
        kind = playwright.chromium
        path = find(Path(kind.executable_path))
        async with await kind.launch(
            executable_path=path, args=list(ARGUMENTS)
        ) as browser:
            yield browser


def find(own: Path) -> Path:
    """Return a Chromium that starts; get one if there is none."""
    for got in (_as_it_is, _download, _install):
        if got() and (found := _starting(own)):
            return found
    raise NoChromiumError(
        "There is no Chromium, and none could be got: install chromium, "
        "or leave the browser out with scripts/test --no-browser"
    )


def _starting(own: Path) -> Path | None:
    """Return the first browser that is there and misses nothing that it needs."""
    installed = (Path(path) for path in map(shutil.which, NAMES) if path)
    candidates = (*installed, own)
    return next((it for it in candidates if _run(it, "--version", quiet=True)), None)


def _as_it_is() -> bool:
    """Get nothing: there may be a browser already."""
    return True


def _download() -> bool:
    """Let Playwright get its own browser."""
    playwright = (sys.executable, "-m", "playwright")
    return _run(*playwright, "install", "--no-shell", "chromium")


def _install() -> bool:
    """Let the system's package manager install a browser."""
    sudo = () if os.geteuid() == 0 else ("sudo", "-n")
    apt = (*sudo, "apt-get", "--quiet", "--yes")
    install = (*apt, "install", "chromium")
    return _run(*install) or (_run(*apt, "update") and _run(*install))


def _run(*command: str | Path, quiet: bool = False) -> bool:
    """Run a command, if there is such a one, and tell whether it succeeded."""
    try:
        done = subprocess.run(command, capture_output=quiet, check=False)  # noqa: S603
    except OSError:
        return False
    return done.returncode == 0


async def main() -> str | None:
    """Say which browser starts, or return why none does."""
    try:
        async with chromium() as browser:
            sys.stdout.write(f"Chromium {browser.version}\n")
    except NoChromiumError as error:
        return f"error: {error}"
    return None


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
