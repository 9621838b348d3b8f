"""Run Home Assistant in this process, no longer than the process that starts it.

That one holds the other end of the standard input. However it ends, the end of the
input says so, and Home Assistant stops. Called by its path, with Home Assistant's own
arguments: as a module of the work tree it would bring the work tree along.
"""

import os
import runpy
import signal
import threading
import time
from typing import Final

STOP: Final = 60.0
"""Seconds that Home Assistant may take to stop."""


def stop_with_parent() -> None:
    """Stop Home Assistant when nobody holds the other end of the input any more."""
    # Not by sys.stdin: Python cannot end while a thread reads from that.
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=stop_with_parent, daemon=True).start()
    runpy.run_module("homeassistant", run_name="__main__", alter_sys=True)
