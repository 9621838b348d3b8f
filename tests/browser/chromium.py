"""Run a Chromium: the system's or else Playwright's own, which is in .cache."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import gc
import os
from pathlib import Path
import shutil
import subprocess
from typing import Final

from playwright.async_api import Browser, Playwright, async_playwright

from tests.live.configuration import ROOT

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# Where Playwright keeps its browser, and the timeout of downloads in milliseconds.
SETTINGS: Final = {
    "PLAYWRIGHT_BROWSERS_PATH": str(ROOT / ".cache" / "playwright"),
    "PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000",
}

# No requests of the browser's own to the internet.
ARGUMENTS: Final = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)

ENDED_WITHIN: Final = 60
"""Seconds within which processes have ended, even on a busy computer."""


class NoChromiumError(Exception):
    """No Chromium could be started."""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run a Chromium; all of its processes have ended afterwards.

    Raises NoChromiumError if none can be started.
    """
    async with _playwright() as playwright:
        kind = playwright.chromium
        path = find(Path(kind.executable_path))
        async with await kind.launch(
            executable_path=path, args=list(ARGUMENTS)
        ) as browser:
            yield browser


async def playwright_path() -> Path:
    """Return the path of Playwright's own Chromium, which may not be installed."""
    async with _playwright() as playwright:
        return Path(playwright.chromium.executable_path)


def find(own: Path | None) -> Path:
    """Return the first installed Chromium that starts.

    Raises NoChromiumError if there is none.
    """
    installed = (Path(path) for path in map(shutil.which, NAMES) if path)
    for path in (*installed, *([own] if own else [])):
        if _starts(path):
            return path
    raise NoChromiumError(
        "None starts: scripts/test --only=browser says how to get one"
    )


@asynccontextmanager
async def _playwright() -> AsyncIterator[Playwright]:
    """Run Playwright with these settings, unless the environment has others."""
    os.environ.update(SETTINGS | os.environ)
    before = running()
    async with async_playwright() as playwright:
        started = running() - before
        yield playwright
    await wait_until_ended(started)


def running() -> frozenset[asyncio.SubprocessTransport]:
    """Return the processes that this one has started and not seen the end of."""
    return frozenset(
        item
        for item in gc.get_objects()
        if isinstance(item, asyncio.SubprocessTransport) and not item.is_closing()
    )


async def wait_until_ended(processes: frozenset[asyncio.SubprocessTransport]) -> None:
    """Wait until processes have ended."""
    async with asyncio.timeout(ENDED_WITHIN):
        while running() & processes:  # noqa: ASYNC110  # the end is not an event
            await asyncio.sleep(0.1)


def _starts(path: Path) -> bool:
    """Return whether a browser prints its version."""
    try:
        done = subprocess.run((path, "--version"), capture_output=True, check=False)  # noqa: S603
    except OSError:
        return False
    return done.returncode == 0
