"""Print to the terminal of a command, and stop when it is closed."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
import os
import select
import signal
import sys
from typing import Any, Final

CHECK_INTERVAL: Final = 1.0
"""Seconds between two checks of whether the terminal is still open."""


def print_line(text: str = "") -> None:
    """Print a line, unless the terminal is closed."""
    # Not with sys.stdout, which would retry failed output at exit.
    with suppress(OSError):
        os.write(sys.stdout.fileno(), f"{text}\n".encode())


async def run_until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Run until the work is done, a signal arrives, or the terminal is closed."""
    task = asyncio.create_task(work)

    def stop() -> None:
        """Cancel the work, once: a second signal does not disturb the stop."""
        if not task.cancelling():
            task.cancel()
            print_line("Stopping")

    loop = asyncio.get_running_loop()
    for number in _signals():
        loop.add_signal_handler(number, stop)
    watch = asyncio.create_task(_watch_terminal(stop))
    try:
        await task
    except asyncio.CancelledError:
        print_line("Stopped")
    finally:
        watch.cancel()


def _signals() -> list[signal.Signals]:
    """Return the signals that stop the work, without SIGHUP if nohup ignores it."""
    signals = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signals.append(signal.SIGHUP)
    return signals


async def _watch_terminal(stop: Callable[[], None]) -> None:
    """Stop when the terminal is closed: a signal is not always sent."""
    if not sys.stdout.isatty():
        return
    terminal = select.poll()
    terminal.register(sys.stdout, 0)
    # asyncio would also wait for input, which belongs to the foreground process
    while not any(event & select.POLLHUP for _, event in terminal.poll(0)):  # noqa: ASYNC110
        await asyncio.sleep(CHECK_INTERVAL)
    stop()
