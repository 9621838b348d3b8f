"""Run a real Home Assistant in its own process."""

import asyncio
from contextlib import suppress
import os
from pathlib import Path
import socket
import sys
from types import TracebackType
from typing import IO, Final, Self

from aiohttp import ClientError

from . import launcher
from .client import HomeAssistantClient
from .configuration import LOOPBACK, Configuration
from .sign_in import User, sign_in

LAUNCHER: Final = Path(launcher.__file__)
STANDINS: Final = LAUNCHER.with_name("standins")
START_TIMEOUT: Final = 300.0
"""Seconds that Home Assistant may take to start."""
POLL_INTERVAL: Final = 0.1
"""Seconds between two checks while Home Assistant starts."""


DEVELOPER: Final = User()


class PortInUseError(Exception):
    """Another program listens on the port."""

    def __init__(self, port: int) -> None:
        """Initialize with the port."""
        super().__init__(f"Port {port} on {LOOPBACK} is in use by another program")


class ProcessEndedError(Exception):
    """Home Assistant is not running, or ended unexpectedly."""


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def require_free_port(port: int) -> None:
    """Raise PortInUseError if a port of the loopback interface is in use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            raise PortInUseError(port) from None


class HomeAssistantProcess:
    """A Home Assistant with the integration installed and a signed-in user.

    It only listens on the loopback interface. `async with` starts and stops it; if the
    folder is used again, what Home Assistant has stored in it is kept.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        debug: bool = False,
        link: bool = False,
        show: bool = False,
        language: str = "en",
        user: User = DEVELOPER,
    ) -> None:
        """Initialize the configuration; `start` starts the process.

        With `debug`, all loggers log at debug level; with `link`, the integration is
        linked from the work tree instead of copied; with `show`, the output of the
        process is the caller's, and `log` is empty.
        """
        self.configuration = Configuration(
            folder=folder.absolute(),
            port=port or free_port(),
            debug=debug,
            link=link,
            language=language,
        )
        self.show = show
        self.user = user
        self.responses: list[str] = []
        """All responses of Home Assistant to the signed-in user."""
        self._client: HomeAssistantClient | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def client(self) -> HomeAssistantClient:
        """Return the client of the signed-in user; each start creates a new one."""
        if self._client is None:
            raise ProcessEndedError("Home Assistant was not started")
        return self._client

    @property
    def folder(self) -> Path:
        """Return the configuration folder."""
        return self.configuration.folder

    @property
    def storage(self) -> Path:
        """Return the folder of Home Assistant's storage."""
        return self.configuration.storage

    @property
    def url(self) -> str:
        """Return the URL of Home Assistant."""
        return f"http://{LOOPBACK}:{self.configuration.port}"

    @property
    def console(self) -> Path:
        """Return the path of the file with the output of all starts."""
        return self.folder / "console.log"

    def log(self) -> str:
        """Return the output of the process, over all its starts."""
        return self.console.read_text(encoding="utf-8", errors="replace")

    async def __aenter__(self) -> Self:
        """Start Home Assistant."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop Home Assistant."""
        await self.stop()

    async def start(self) -> None:
        """Start Home Assistant, wait until it runs, and sign in."""
        require_free_port(self.configuration.port)
        self.configuration.write()
        with self.console.open("ab") as console:
            self._process = await self._spawn(None if self.show else console)
        try:
            async with asyncio.timeout(START_TIMEOUT):
                await self._sign_in()
                await self._wait_until_running()
        except BaseException:
            await self.stop()
            raise

    async def wait(self) -> int:
        """Wait until the process ends and return its exit code."""
        if self._process is None:
            raise ProcessEndedError("Home Assistant was not started")
        return await self._process.wait()

    async def stop(self) -> int:
        """Stop the process, cleanly if possible, and return its exit code."""
        await self._disconnect()
        if self._process is None:
            return 0
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(launcher.STOP_TIMEOUT):
                return await self.wait()
        except TimeoutError:
            return await self.kill()

    async def kill(self) -> int:
        """Kill the process, as a power failure would, and return its exit code."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
        code = await self.wait()
        await self._disconnect()
        return code

    async def _disconnect(self) -> None:
        """Close the client's connections."""
        if self._client is not None:
            await self._client.close()

    async def restart(self) -> None:
        """Restart Home Assistant; raises ProcessEndedError if it fails to stop."""
        if code := await self.stop():
            raise ProcessEndedError(f"Home Assistant ended with code {code}")
        await self.start()

    async def _spawn(self, output: IO[bytes] | None) -> asyncio.subprocess.Process:
        """Start the process in its own group: Ctrl-C only reaches the caller."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-P", str(LAUNCHER)),
            *("--config", str(self.folder)),
            *("--skip-pip", "--log-no-color"),
            # In the work tree, Python would find its custom_components first.
            cwd=self.folder,
            env=self._environment(),
            # Never written to: it is closed whenever this process ends.
            stdin=asyncio.subprocess.PIPE,
            stdout=output,
            stderr=output,
            process_group=0,
        )

    def _environment(self) -> dict[str, str]:
        """Return the environment of the process."""
        return os.environ | {
            # The environment may select another frontend.
            "PYTHONPATH": os.pathsep.join(
                filter(None, (str(STANDINS), os.environ.get("PYTHONPATH")))
            ),
            # If the stored port fails, Home Assistant falls back to this one.
            "SETUP_PORT": str(self.configuration.port),
        }

    async def _sign_in(self) -> None:
        """Wait until Home Assistant responds, and connect a client."""
        while True:
            try:
                access_token = await sign_in(self.url, self.user)
            except ClientError:
                await self._sleep_while_running()
            else:
                break
        self._client = HomeAssistantClient(self.url, access_token, self.responses)
        await self._client.connect()

    async def _wait_until_running(self) -> None:
        """Wait until Home Assistant has set up everything."""
        while (await self.client.get("/api/config"))["state"] != "RUNNING":
            await self._sleep_while_running()

    async def _sleep_while_running(self) -> None:
        """Sleep for a moment; raises ProcessEndedError if Home Assistant has ended."""
        if self._process is None or self._process.returncode is not None:
            raise ProcessEndedError("Home Assistant ended while it started")
        await asyncio.sleep(POLL_INTERVAL)
