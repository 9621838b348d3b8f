"""Run a real Home Assistant as a process of its own."""

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
START: Final = 120.0
"""Seconds that Home Assistant may take to start."""
BLINK: Final = 0.1
"""Seconds between two looks at a Home Assistant that starts."""


DEVELOPER: Final = User()


class PortInUseError(Exception):
    """Something else listens on the port."""

    def __init__(self, port: int) -> None:
        """Initialize with the port."""
        super().__init__(f"Port {port} on {LOOPBACK} is in use by another program")


class ProcessEndedError(Exception):
    """Home Assistant ended before it could be used."""


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def require_free(port: int) -> None:
    """Raise if somebody listens on a port of the loopback interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            raise PortInUseError(port) from None


class HomeAssistantProcess:
    """A Home Assistant with the integration in it and a user who is signed in.

    It listens on the loopback interface alone.  `async with` starts and stops it;
    a folder that is used again keeps what Home Assistant had stored in it.
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
        """Describe the process.

        With `debug`, every logger logs everything; with `link`, the integration is
        the work tree's own instead of a copy of it; with `show`, the process prints
        where the caller does, and `log` has nothing.
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
        self.answers: list[str] = []
        """All that Home Assistant ever answered to the signed-in user."""
        self._client: HomeAssistantClient | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def client(self) -> HomeAssistantClient:
        """The signed-in user; another one after each start."""
        if self._client is None:
            raise ProcessEndedError("Home Assistant was not started")
        return self._client

    @property
    def folder(self) -> Path:
        """The configuration folder."""
        return self.configuration.folder

    @property
    def storage(self) -> Path:
        """The folder in which Home Assistant keeps its configuration."""
        return self.configuration.storage

    @property
    def url(self) -> str:
        """The address of Home Assistant."""
        return f"http://{LOOPBACK}:{self.configuration.port}"

    @property
    def console(self) -> Path:
        """The file with all that the process ever printed, over all its starts."""
        return self.folder / "console.log"

    def log(self) -> str:
        """Return all that the process ever printed, over all its starts."""
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
        require_free(self.configuration.port)
        self.configuration.write()
        with self.console.open("ab") as console:
            self._process = await self._spawn(None if self.show else console)
        try:
            async with asyncio.timeout(START):
                self._client = await self._sign_in()
                await self._wait_until_running()
        except BaseException:
            await self.stop()
            raise

    async def wait(self) -> int:
        """Wait until the process ends by itself and return its exit code."""
        if self._process is None:
            raise ProcessEndedError("Home Assistant was not started")
        return await self._process.wait()

    async def stop(self) -> int:
        """End the process, in good order if it can, and return its exit code."""
        await self._hang_up()
        if self._process is None:
            return 0
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(launcher.STOP):
                return await self.wait()
        except TimeoutError:
            return await self.kill()

    async def kill(self) -> int:
        """End the process at once, as a power cut would, and return its exit code."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
        code = await self.wait()
        await self._hang_up()
        return code

    async def _hang_up(self) -> None:
        """End the conversation with the process."""
        if self._client is not None:
            await self._client.close()

    async def restart(self) -> None:
        """Stop Home Assistant in good order and start it again."""
        if code := await self.stop():
            raise ProcessEndedError(f"Home Assistant ended with code {code}")
        await self.start()

    async def _spawn(self, output: IO[bytes] | None) -> asyncio.subprocess.Process:
        """Start the process; its own group keeps a Ctrl-C for the caller alone."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-P", str(LAUNCHER)),
            *("--config", str(self.folder)),
            *("--skip-pip", "--log-no-color"),
            # Elsewhere Python would find the work tree's custom_components first.
            cwd=self.folder,
            env=self._environment(),
            # Never written to: it ends when this process does, in whatever way.
            stdin=asyncio.subprocess.PIPE,
            stdout=output,
            stderr=output,
            process_group=0,
        )

    def _environment(self) -> dict[str, str]:
        """Return the environment of the process."""
        return os.environ | {
            "PYTHONPATH": str(STANDINS),
            # Should the stored port fail, Home Assistant would fall back to this one.
            "SETUP_PORT": str(self.configuration.port),
        }

    async def _sign_in(self) -> HomeAssistantClient:
        """Wait until Home Assistant answers and return the signed-in user."""
        while True:
            try:
                access_token = await sign_in(self.url, self.user)
            except ClientError:
                await self._blink()
            else:
                break
        client = HomeAssistantClient(self.url, access_token, self.answers)
        await client.connect()
        return client

    async def _wait_until_running(self) -> None:
        """Wait until Home Assistant has set everything up."""
        while (await self.client.get("/api/config"))["state"] != "RUNNING":
            await self._blink()

    async def _blink(self) -> None:
        """Wait a moment, as long as Home Assistant runs."""
        if self._process is None or self._process.returncode is not None:
            raise ProcessEndedError("Home Assistant ended while it started")
        await asyncio.sleep(BLINK)
