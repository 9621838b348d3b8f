"""Start a Chromium: the system's, else Playwright's own, which is kept in .cache."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import os
from pathlib import Path
import shutil
import subprocess
from typing import Final

from playwright.async_api import Browser, Playwright, async_playwright

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
    """No Chromium starts."""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run a Chromium."""
    async with _playwright() as playwright:
        kind = playwright.chromium
        path = find(Path(kind.executable_path))
        async with await kind.launch(
            executable_path=path, args=list(ARGUMENTS)
        ) as browser:
            yield browser


async def own_path() -> Path:
    """Return where Playwright's own Chromium is, or would be."""
    async with _playwright() as playwright:
        return Path(playwright.chromium.executable_path)


def find(own: Path | None) -> Path:
    """Return the first Chromium that is there and misses nothing that it needs."""
    installed = (Path(path) for path in map(shutil.which, NAMES) if path)
    for path in (*installed, *([own] if own else [])):
        if _starts(path):
            return path
    raise NoChromiumError(
        "None starts: scripts/test --only=browser says how to get one"
    )


@asynccontextmanager
async def _playwright() -> AsyncIterator[Playwright]:
    """Run Playwright with our settings, unless the environment has others."""
    os.environ.update(SETTINGS | os.environ)
    async with async_playwright() as playwright:
        yield playwright


def _starts(path: Path) -> bool:
    """Tell whether a browser can say which version it is."""
    try:
        done = subprocess.run((path, "--version"), capture_output=True, check=False)  # noqa: S603
    except OSError:
        return False
    return done.returncode == 0
