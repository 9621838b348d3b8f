"""scripts/develop on a real terminal: it ends with it, and leaves nothing behind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
import fcntl
import os
from pathlib import Path
import re
import shutil
import signal
import socket
import sys
from typing import Final

import pytest

from .commands import run_command
from .configuration import LOOPBACK, ROOT
from .develop import DATA, Ports
from .home_assistant import BLINK, START, PortInUseError, free_port, require_free

DEVELOP: Final = "scripts/develop"

END: Final = 60.0
"""Seconds in which everything has to be gone."""

# A terminal like a window or an SSH connection: when it is killed, it is closed.
TERMINAL: Final = """
import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
"""

# The shell prints the number of the process that it becomes.
SHELL: Final = 'echo "process $$"; exec scripts/develop "$@"'
DEAF_SHELL: Final = f"trap '' HUP; {SHELL}"

READY: Final = "Ctrl-C stops everything"
STARTING: Final = "Skipping pip"
"""What Home Assistant itself says first."""


@dataclass(slots=True)
class Session:
    """A terminal on which scripts/develop runs."""

    terminal: asyncio.subprocess.Process
    ports: Ports
    shown: str = ""

    @property
    def folder(self) -> Path:
        """The configuration folder of Home Assistant."""
        return DATA / f"simulated-{self.ports.simulator}"

    async def see(self, pattern: str) -> re.Match[str]:
        """Read the terminal until it has shown something."""
        assert self.terminal.stdout
        async with asyncio.timeout(START):
            while not (found := re.search(pattern, self.shown)):
                line = await self.terminal.stdout.readline()
                assert line, self.shown
                self.shown += line.decode()
        return found

    def press_ctrl_c(self) -> None:
        """Press Ctrl-C."""
        assert self.terminal.stdin
        self.terminal.stdin.write(b"\x03")

    def close(self) -> None:
        """Close the terminal."""
        with suppress(ProcessLookupError):
            self.terminal.kill()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to scripts/develop alone."""
        process = re.search(r"process (\d+)", self.shown)
        assert process
        os.kill(int(process[1]), number)

    async def is_over(self) -> None:
        """Wait until nobody uses the ports and the folder any more."""
        async with asyncio.timeout(END):
            while self._is_used():  # noqa: ASYNC110  # neither ports nor files notify
                await asyncio.sleep(BLINK)

    def _is_used(self) -> bool:
        """Tell whether somebody listens on the ports or holds the folder."""
        try:
            require_free(self.ports.home_assistant)
            require_free(self.ports.simulator)
        except PortInUseError:
            return True
        # Home Assistant locks it for as long as its process lives.
        with (self.folder / ".ha_run.lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False


@asynccontextmanager
async def session(shell: str = SHELL) -> AsyncIterator[Session]:
    """Run scripts/develop on a terminal and on ports of its own."""
    ports = Ports(home_assistant=free_port(), simulator=free_port())
    terminal = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", TERMINAL, "bash", "-c", shell, "develop"),
        *("--port", str(ports.home_assistant)),
        *("--simulator-port", str(ports.simulator)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    session = Session(terminal, ports)
    try:
        yield session
        await session.is_over()
    finally:
        session.close()
        shutil.rmtree(session.folder, ignore_errors=True)


@pytest.mark.parametrize("seen", [STARTING, READY])
@pytest.mark.parametrize(
    ("end", "shell"),
    [
        pytest.param(Session.close, SHELL, id="closed"),
        pytest.param(Session.close, DEAF_SHELL, id="closed without a signal"),
        pytest.param(lambda it: it.send(signal.SIGKILL), SHELL, id="killed"),
    ],
)
async def test_nothing_is_left(
    seen: str, end: Callable[[Session], None], shell: str
) -> None:
    """Everything ends when the terminal is closed, or scripts/develop is killed."""
    async with session(shell) as running:
        await running.see(seen)
        end(running)


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(Session.press_ctrl_c, id="Ctrl-C"),
        pytest.param(lambda it: it.send(signal.SIGTERM), id="SIGTERM"),
        pytest.param(lambda it: it.send(signal.SIGINT), id="SIGINT"),
    ],
)
async def test_stops_in_good_order(end: Callable[[Session], None]) -> None:
    """Asked to stop, it says so and ends without an error."""
    async with session() as running:
        await running.see(READY)
        end(running)
        await running.see("Stopped")
        assert await running.terminal.wait() == 0
    assert "Traceback" not in running.shown


@pytest.mark.parametrize("option", ["--port", "--simulator-port"])
async def test_names_the_way_around_a_port_in_use(option: str) -> None:
    """A port that another program has is named, and the option for another one."""
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        free = {"--port", "--simulator-port"} - {option}
        code, said = await run_command(
            DEVELOP, *(f"{option}={port}", f"{free.pop()}={free_port()}")
        )
    assert code == 1
    assert said == (
        f"error: Port {port} on {LOOPBACK} is in use by another program: "
        f"choose another with {option}\n"
    )


async def test_ports_differ() -> None:
    """Home Assistant and the simulator cannot have the same port."""
    port = free_port()
    said = await run_command(DEVELOP, f"--port={port}", f"--simulator-port={port}")
    assert said == (1, "error: --port and --simulator-port must differ\n")


async def test_says_what_is_missing_of_an_account() -> None:
    """An account needs all three values."""
    said = await run_command(DEVELOP, GREEN_API_URL="https://api.green-api.com")
    names = "GREEN_API_INSTANCE and GREEN_API_TOKEN"
    every = "GREEN_API_URL, GREEN_API_INSTANCE, GREEN_API_TOKEN"
    assert said == (1, f"error: Set {names} too, or none of {every}\n")
