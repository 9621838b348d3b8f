"""Fixtures: a simulated GREEN-API on a real socket, and one of its accounts."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime, timedelta
import logging
import reprlib
from typing import Final

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.green_api.api import RequestPacer

from .simulator import Account, Simulator
from .support.const import INSTANCE_ID, TOKEN
from .support.secrecy import LogRecorder, recording_logs

MINUTE: Final = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def no_spacing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable the spacing of requests, except in tests marked as paced."""
    if request.node.get_closest_marker("paced") is None:
        monkeypatch.setattr(RequestPacer, "DEFAULT_SPACING", 0)
        monkeypatch.setattr(RequestPacer, "SHORT_SPACING", 0)


@pytest.fixture(autouse=True, scope="session")
def no_access_log() -> None:
    """Disable aiohttp's access log, which fails every half hour while time is frozen.

    The frozen local time does not have the offset that it formats times with.
    """
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)


@pytest.fixture
def freezer(freezer: FrozenDateTimeFactory) -> FrozenDateTimeFactory:
    """Freeze time at the start of a minute, when a single account is polled."""
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
    """Run a simulated GREEN-API; rates are limited only in tests marked as paced."""
    simulator = Simulator(
        enforce_limits=request.node.get_closest_marker("paced") is not None
    )
    await simulator.start(port=0)
    yield simulator
    await simulator.stop()


@pytest.fixture
def account(simulator: Simulator) -> Account:
    """Return an authorized account."""
    return simulator.add_account(INSTANCE_ID, TOKEN, state="authorized")


@pytest.fixture
def log_recorder() -> Generator[LogRecorder]:
    """Record everything that is logged."""
    with recording_logs() as log_recorder:
        yield log_recorder


@pytest.fixture
def enable_event_loop_debug() -> None:
    """Run the event loop without debug mode, unlike Home Assistant's test harness.

    In debug mode asyncio and aiohttp extract a traceback for every task, which takes
    almost half of the time of all tests. `asyncio_debug` enables it for the tests that
    check what is logged then.
    """


@pytest.fixture
async def asyncio_debug(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let asyncio log all calls with their full arguments."""
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0
    monkeypatch.setattr(reprlib.aRepr, "maxother", 4096)
    monkeypatch.setattr(reprlib.aRepr, "maxstring", 4096)
