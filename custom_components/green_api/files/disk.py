"""Files on disk. Access to them may hang, for example on a network share."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
import os
from pathlib import Path
import stat
from threading import Thread
from typing import Final, Self

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.singleton import singleton
from homeassistant.util.hass_dict import HassKey

from ..api import FileUnreadableError
from ..const import DOMAIN

# Maximum seconds for an access to a file, and seconds to wait until it is closed.
ACCESS_SECONDS: Final = 10
CLOSE_SECONDS: Final = 1

# Maximum number of threads, in total and for the files in a folder.
MAX_THREADS: Final = 12
MAX_THREADS_OF_FOLDER: Final = 3

# Number of first bytes of a file that reveal its type.
HEAD_BYTES: Final = 16

# Descriptor of a file that is not open.
_NO_DESCRIPTOR: Final = -1

# Links are not followed, and special files such as pipes do not block.
_FILE_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
# On Linux, folders can be traversed without the permission to list them.
_FOLDER_FLAGS: Final = (
    getattr(os, "O_PATH", os.O_RDONLY) | os.O_CLOEXEC | os.O_DIRECTORY | os.O_NOFOLLOW
)

_THREADS: HassKey[DiskThreads] = HassKey(f"{DOMAIN}_disk_threads")

type IsAllowed = Callable[[Path], bool]


@dataclass(eq=False, slots=True)
class Access:
    """An access to a file in its own thread."""

    folder: Path
    do: Callable[[], None]
    then: Callable[[], object] = lambda: None
    """Called after the thread has ended, even if that is late."""
    is_given_up: bool = False
    """Whether the access is no longer awaited."""
    is_running: bool = False


class DiskThreads:
    """Threads that are used for files only, so that nothing else waits if one hangs.

    A few may hang. Meanwhile, accesses to files in the same folder are refused at once,
    and those in other folders continue. Home Assistant does not wait for the threads
    when it stops.
    """

    def __init__(self) -> None:
        """Initialize without any threads."""
        self._accesses: list[Access] = []
        self._changed = asyncio.Event()

    async def run(self, access: Access) -> None:
        """Access a file. Raises `FileUnreadableError` if that takes too long."""
        try:
            async with asyncio.timeout(ACCESS_SECONDS):
                while self._is_full(self._accesses, access.folder):
                    self._raise_if_stuck(access.folder)
                    await self._changed.wait()
                await asyncio.shield(self.start(access))
                return
        except TimeoutError, RuntimeError:
            pass  # It takes too long, or no more threads can be started.
        finally:
            access.is_given_up = True
            self._notify()
        raise FileUnreadableError

    def start(self, access: Access) -> asyncio.Future[None]:
        """Start the thread of an access, regardless of the number of threads.

        The thread returns nothing, because asyncio may log what a thread returns.
        """
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()

        def work() -> None:
            try:
                access.do()
            finally:
                with suppress(RuntimeError):  # Home Assistant has stopped.
                    loop.call_soon_threadsafe(self._end, access, thread, ended)

        thread = Thread(target=work, name=f"{DOMAIN} file", daemon=True)
        thread.start()
        self._accesses.append(access)
        access.is_running = True
        return ended

    def _end(self, access: Access, thread: Thread, ended: asyncio.Future[None]) -> None:
        """Handle the end of the thread of an access."""
        thread.join()  # This does not block: the thread is done.
        self._accesses.remove(access)
        access.is_running = False
        access.then()
        self._notify()
        ended.set_result(None)

    def _raise_if_stuck(self, folder: Path) -> None:
        """Raise `FileUnreadableError` if abandoned accesses leave no room."""
        if self._is_full(
            (access for access in self._accesses if access.is_given_up), folder
        ):
            raise FileUnreadableError

    def _is_full(self, accesses: Iterable[Access], folder: Path) -> bool:
        """Return whether accesses leave no room for another one in a folder."""
        folders = [access.folder for access in accesses]
        return (
            len(folders) >= MAX_THREADS
            or folders.count(folder) >= MAX_THREADS_OF_FOLDER
        )

    def _notify(self) -> None:
        """Wake up everything that is waiting for a thread."""
        self._changed.set()
        self._changed = asyncio.Event()


class OpenFile:
    """An open file, which is not affected if its path leads elsewhere by now.

    The caller has to close it.
    """

    def __init__(self, threads: DiskThreads, path: Path) -> None:
        """Initialize a file that is not open yet."""
        self.path = path
        self.size = 0
        self.head = b""
        self._threads = threads
        self._access = Access(path.parent, self._close)
        self._descriptor = _NO_DESCRIPTOR
        self._is_allowed = True
        self._is_file = False
        self._part = b""

    @classmethod
    async def async_open(
        cls, threads: DiskThreads, path: Path, is_allowed: IsAllowed
    ) -> Self:
        """Open a file, if Home Assistant may read the current target of its path.

        Raises ServiceValidationError if it may not, and `FileUnreadableError` if the
        file cannot be opened, or not in time.
        """
        file = cls(threads, path)
        try:
            await file._async_access(partial(file._open, is_allowed))
            file._check()
        except BaseException:
            await file.async_close()
            raise
        return file

    async def read(self, start: int, size: int) -> bytes:
        """Return a part of the file, empty if it cannot be read.

        `start` and `size` are in bytes. Raises `FileUnreadableError` if it takes too
        long.
        """
        await self._async_access(partial(self._read, start, size))
        return self._part

    async def async_close(self) -> None:
        """Close the file once it is not being read, and wait for that for a moment."""
        if self._access.is_running:
            self._access.then = self._start_closing
        elif self._descriptor != _NO_DESCRIPTOR and (closing := self._start_closing()):
            await asyncio.wait([closing], timeout=CLOSE_SECONDS)

    async def _async_access(self, do: Callable[[], None]) -> None:
        """Access the file in a thread."""
        self._access = Access(self.path.parent, do)
        await self._threads.run(self._access)

    def _check(self) -> None:
        """Raise the reason why the file is not open, if it is not."""
        if not self._is_allowed:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="path_not_allowed"
            )
        if not self._is_file:
            raise FileUnreadableError

    def _open(self, is_allowed: IsAllowed) -> None:
        """Open the file, and read its first bytes."""
        with suppress(OSError, RuntimeError, ValueError):
            path = self.path.resolve()
            self._is_allowed = is_allowed(path)
            if self._is_allowed:
                self._descriptor = _open_without_links(path)
                status = os.fstat(self._descriptor)
                self.size = status.st_size
                self._is_file = stat.S_ISREG(status.st_mode)
                self._read(0, HEAD_BYTES)
                self.head = self._part

    def _read(self, start: int, size: int) -> None:
        """Read a part of the file."""
        self._part = b""
        with suppress(OSError):
            self._part = os.pread(self._descriptor, size, start)

    def _start_closing(self) -> asyncio.Future[None] | None:
        """Close the file in a thread, because that may hang too.

        If no thread can be started, it stays open. Whoever has sent it must not be told
        that this has failed.
        """
        with suppress(RuntimeError):
            return self._threads.start(Access(self.path.parent, self._close))
        return None

    def _close(self) -> None:
        """Close the file."""
        with suppress(OSError):
            os.close(self._descriptor)


def _open_without_links(path: Path) -> int:
    """Open a file by its resolved path.

    Raises OSError if the path contains links by now.
    """
    *folders, name = path.parts[1:] or ("",)
    folder = os.open(path.anchor, _FOLDER_FLAGS)
    try:
        for part in folders:
            parent = folder
            folder = os.open(part, _FOLDER_FLAGS, dir_fd=parent)
            os.close(parent)
        return os.open(name, _FILE_FLAGS, dir_fd=folder)
    finally:
        os.close(folder)


async def async_open_file(
    hass: HomeAssistant, path: Path, is_allowed: IsAllowed
) -> OpenFile:
    """Open a file with the threads that all accounts share.

    Raises ServiceValidationError if Home Assistant may not read it, and
    `FileUnreadableError` if it cannot be opened, or not in time.
    """
    return await OpenFile.async_open(_async_get_threads(hass), path, is_allowed)


@singleton(_THREADS)
def _async_get_threads(hass: HomeAssistant) -> DiskThreads:
    """Return the threads for the files of all accounts."""
    return DiskThreads()
