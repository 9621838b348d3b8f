"""Fixtures: a browser, a real Home Assistant and a simulated GREEN-API."""

from collections.abc import AsyncIterator
import gc
from pathlib import Path

import pytest

from tests.live.configuration import ROOT
from tests.live.home_assistant import HomeAssistantProcess
from tests.live.scenario import TOKEN_CORE
from tests.simulator import Simulator

from .appearance import Appearance
from .chromium import chromium, running, wait_until_ended
from .frontend import Frontend
from .installation import Installation
from .page_recorder import PageRecorder
from .texts import Texts

FOLDER = Path(__file__).parent

RECORDINGS = ROOT / ".cache" / "browser"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run a test again that failed: on a busy computer, a browser may stay behind.

    As in Playwright's own test runner; why it failed is printed all the same.
    """
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the first failures of tests that were run again."""
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.section(f"Run again: {report.nodeid}")
        terminalreporter.line(report.longreprtext)


@pytest.fixture(autouse=True)
async def leftovers() -> AsyncIterator[None]:
    """Wait until everything that a test has started is over, before the next begins.

    What is left open is reported as its own failure, not as one of a later test.
    """
    before = running()
    yield
    await wait_until_ended(running() - before)
    gc.collect()


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Run a simulated GREEN-API.

    It does not limit rates: on a busy computer, spaced requests may arrive at once.
    """
    simulator = Simulator(enforce_limits=False)
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
async def installation(
    tmp_path: Path, appearance: Appearance, simulator: Simulator
) -> AsyncIterator[Installation]:
    """Run a new Home Assistant in the language of the appearance."""
    async with HomeAssistantProcess(
        tmp_path / "config", language=appearance.language
    ) as home_assistant:
        await home_assistant.client.set_language(appearance.language)
        yield Installation(home_assistant, simulator)


@pytest.fixture
async def frontend(
    installation: Installation, appearance: Appearance
) -> AsyncIterator[Frontend]:
    """Open the frontend in a browser with that appearance."""
    async with (
        chromium() as browser,
        await browser.new_context(**appearance.context_options(browser)) as context,
        await context.new_page() as page,
    ):
        yield Frontend(
            page, installation.home_assistant.url, Texts(appearance.language)
        )


@pytest.fixture
def recorder(
    request: pytest.FixtureRequest, appearance: Appearance, frontend: Frontend
) -> PageRecorder:
    """Record the page, with screenshots in the test's own folder."""
    name = request.path.stem.removeprefix("test_")
    return PageRecorder(
        frontend.page, frontend.texts, RECORDINGS / name / str(appearance), TOKEN_CORE
    )
