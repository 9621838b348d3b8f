"""The terminal on which a command runs: what it shows, and when to stop."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
import os
import select
import signal
import sys
from typing import Any, Final

LOOK: Final = 1.0
"""Seconds between two looks at whether the terminal is still there."""


def say(text: str = "") -> None:
    """Show a line, unless the terminal is gone."""
    # Not by sys.stdout: what it could not show it would try again at the end.
    with suppress(OSError):
        os.write(sys.stdout.fileno(), f"{text}\n".encode())


async def run_until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Run until the work is done, a signal comes, or the terminal is closed."""
    task = asyncio.create_task(work)

    def stop() -> None:
        """Stop, once: asked again, the stop in progress goes on."""
        if not task.cancelling():
            task.cancel()
            say("Stopping")

    loop = asyncio.get_running_loop()
    for number in _signals():
        loop.add_signal_handler(number, stop)
    watch = asyncio.create_task(_watch_terminal(stop))
    try:
        await task
    except asyncio.CancelledError:
        say("Stopped")
    finally:
        watch.cancel()


def _signals() -> list[signal.Signals]:
    """Return the signals that ask to stop; nohup ignores one of them."""
    asking = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        asking.append(signal.SIGHUP)
    return asking


async def _watch_terminal(stop: Callable[[], None]) -> None:
    """Stop when the terminal is closed: a signal does not always come."""
    if not sys.stdout.isatty():
        return
    terminal = select.poll()
    terminal.register(sys.stdout, 0)
    # asyncio would wait for input too, which belongs to whoever is in the foreground
    while not any(event & select.POLLHUP for _, event in terminal.poll(0)):  # noqa: ASYNC110
        await asyncio.sleep(LOOK)
    stop()
