"""Fixtures: a real Home Assistant and a simulated GREEN-API."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.simulator import Simulator

from .home_assistant import HomeAssistantProcess

pytest.register_assert_rewrite("tests.live.scenario")


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Run a simulated GREEN-API."""
    simulator = Simulator()
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
async def home_assistant(tmp_path: Path) -> AsyncIterator[HomeAssistantProcess]:
    """Run a new Home Assistant with all loggers at debug level."""
    async with HomeAssistantProcess(tmp_path / "config", debug=True) as home_assistant:
        yield home_assistant
