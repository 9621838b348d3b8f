"""Fixtures: a simulated GREEN-API on a real socket, and an account of it."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime, timedelta
import reprlib
from typing import Final

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.green_api.api import RequestPacer

from .simulator import Account, Simulator
from .support.const import INSTANCE_ID, TOKEN
from .support.secrecy import Listener, listening

MINUTE: Final = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def no_spacing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the spacing of requests, unless a test is about it."""
    if request.node.get_closest_marker("paced") is None:
        monkeypatch.setattr(RequestPacer, "DEFAULT_SPACING", 0)
        monkeypatch.setattr(RequestPacer, "SPACING", {})


@pytest.fixture
def freezer(freezer: FrozenDateTimeFactory) -> FrozenDateTimeFactory:
    """Freeze time at the beginning of a minute, when a single account has its turn."""
    freezer.move_to(datetime.now(UTC).replace(second=0, microsecond=0) + MINUTE)
    return freezer


@pytest.fixture
def network(request: pytest.FixtureRequest) -> None:
    """Allow sockets, which Home Assistant's harness forbids."""
    if request.config.pluginmanager.hasplugin("homeassistant"):
        request.getfixturevalue("socket_enabled")


@pytest.fixture
async def simulator(
    request: pytest.FixtureRequest, network: None
) -> AsyncGenerator[Simulator]:
    """Run a simulated GREEN-API; it limits rates only in tests about the pace."""
    simulator = Simulator(
        enforce_limits=request.node.get_closest_marker("paced") is not None
    )
    await simulator.start(port=0)
    yield simulator
    await simulator.stop()


@pytest.fixture
def account(simulator: Simulator) -> Account:
    """Return an account that is authorized."""
    return simulator.add_account(INSTANCE_ID, TOKEN, state="authorized")


@pytest.fixture
def listener() -> Generator[Listener]:
    """Listen to everything that is logged."""
    with listening() as listener:
        yield listener


@pytest.fixture
def enable_event_loop_debug() -> None:
    """Leave the loop as Home Assistant runs it, unlike its harness.

    In debug mode asyncio and aiohttp take a traceback of everything that is begun, which
    is close to half of all that the tests do: `every_step_logged` turns it on where
    what they log then is looked at.
    """


@pytest.fixture
async def every_step_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let asyncio log all that it calls, with the arguments in full."""
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0
    monkeypatch.setattr(reprlib.aRepr, "maxother", 4096)
    monkeypatch.setattr(reprlib.aRepr, "maxstring", 4096)
