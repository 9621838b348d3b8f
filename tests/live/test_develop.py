"""scripts/develop on a real terminal: it ends with the terminal, and cleans up."""

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
from .home_assistant import (
    POLL_INTERVAL,
    START_TIMEOUT,
    PortInUseError,
    free_port,
    require_free_port,
)

DEVELOP: Final = "scripts/develop"

END_TIMEOUT: Final = 60.0
"""Seconds within which all processes have to end."""

# A terminal like a window or an SSH connection: killing it closes it.
TERMINAL: Final = """
import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
"""

# The shell prints its process ID, which scripts/develop takes over.
SHELL: Final = 'echo "process $$"; exec scripts/develop "$@"'
SHELL_WITHOUT_SIGHUP: Final = f"trap '' HUP; {SHELL}"

READY: Final = "Ctrl-C stops everything"
STARTING: Final = "Skipping pip"
"""The first thing that Home Assistant itself prints."""


@dataclass(slots=True)
class DevelopRun:
    """A run of scripts/develop on a terminal."""

    terminal: asyncio.subprocess.Process
    ports: Ports
    output: str = ""

    @property
    def folder(self) -> Path:
        """Return the configuration folder of Home Assistant."""
        return DATA / f"simulated-{self.ports.simulator}"

    async def wait_for_output(self, pattern: str) -> re.Match[str]:
        """Wait until the output matches a pattern and return the match."""
        assert self.terminal.stdout
        async with asyncio.timeout(START_TIMEOUT):
            while not (found := re.search(pattern, self.output)):
                line = await self.terminal.stdout.readline()
                assert line, self.output
                self.output += line.decode()
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
        """Send a signal to scripts/develop only."""
        process = re.search(r"process (\d+)", self.output)
        assert process
        os.kill(int(process[1]), number)

    async def wait_until_gone(self) -> None:
        """Wait until the ports and the folder are no longer in use."""
        async with asyncio.timeout(END_TIMEOUT):
            while self._is_in_use():  # noqa: ASYNC110  # neither ports nor files notify
                await asyncio.sleep(POLL_INTERVAL)

    def _is_in_use(self) -> bool:
        """Return whether a process listens on the ports or has locked the folder."""
        try:
            require_free_port(self.ports.home_assistant)
            require_free_port(self.ports.simulator)
        except PortInUseError:
            return True
        # Home Assistant keeps it locked for as long as its process runs.
        with (self.folder / ".ha_run.lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False


@asynccontextmanager
async def run_develop(shell: str = SHELL) -> AsyncIterator[DevelopRun]:
    """Run scripts/develop on its own terminal and ports."""
    ports = Ports(home_assistant=free_port(), simulator=free_port())
    terminal = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", TERMINAL, "bash", "-c", shell, "develop"),
        *("--port", str(ports.home_assistant)),
        *("--simulator-port", str(ports.simulator)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    run = DevelopRun(terminal, ports)
    try:
        yield run
        await run.wait_until_gone()
    finally:
        run.close()
        shutil.rmtree(run.folder, ignore_errors=True)


@pytest.mark.parametrize("seen", [STARTING, READY])
@pytest.mark.parametrize(
    ("end", "shell"),
    [
        pytest.param(DevelopRun.close, SHELL, id="closed"),
        pytest.param(
            DevelopRun.close, SHELL_WITHOUT_SIGHUP, id="closed without a signal"
        ),
        pytest.param(lambda it: it.send(signal.SIGKILL), SHELL, id="killed"),
    ],
)
async def test_nothing_is_left_running(
    seen: str, end: Callable[[DevelopRun], None], shell: str
) -> None:
    """All processes end when the terminal is closed, or scripts/develop is killed."""
    async with run_develop(shell) as running:
        await running.wait_for_output(seen)
        end(running)


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(DevelopRun.press_ctrl_c, id="Ctrl-C"),
        pytest.param(lambda it: it.send(signal.SIGTERM), id="SIGTERM"),
        pytest.param(lambda it: it.send(signal.SIGINT), id="SIGINT"),
    ],
)
async def test_stops_cleanly(end: Callable[[DevelopRun], None]) -> None:
    """It prints that it has stopped, and ends without an error."""
    async with run_develop() as running:
        await running.wait_for_output(READY)
        end(running)
        await running.wait_for_output("Stopped")
        assert await running.terminal.wait() == 0
    assert "1101000001   API token   simulated-token" in running.output
    assert "Traceback" not in running.output


@pytest.mark.parametrize("option", ["--port", "--simulator-port"])
async def test_suggests_option_if_port_is_in_use(option: str) -> None:
    """The error names the port in use, and the option for another one."""
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        free = {"--port", "--simulator-port"} - {option}
        code, result = await run_command(
            DEVELOP, *(f"{option}={port}", f"{free.pop()}={free_port()}")
        )
    assert code == 1
    assert result == (
        f"error: Port {port} on {LOOPBACK} is in use by another program: "
        f"choose another with {option}\n"
    )


async def test_ports_must_differ() -> None:
    """Home Assistant and the simulator cannot have the same port."""
    port = free_port()
    result = await run_command(DEVELOP, f"--port={port}", f"--simulator-port={port}")
    assert result == (1, "error: --port and --simulator-port must differ\n")


async def test_reports_missing_account_values() -> None:
    """An account of one's own needs all three values."""
    result = await run_command(DEVELOP, GREEN_API_URL="https://api.green-api.com")
    names = "GREEN_API_INSTANCE and GREEN_API_TOKEN"
    every = "GREEN_API_URL, GREEN_API_INSTANCE, GREEN_API_TOKEN"
    assert result == (1, f"error: Set {names} too, or none of {every}\n")
