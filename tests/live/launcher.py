"""Run Home Assistant in this process, and stop it when the parent process ends.

The parent holds the other end of the standard input: when it is closed, Home Assistant
stops. This file is called by its path, with Home Assistant's own arguments: run as a
module, it would add the work tree to the import path.
"""

import os
import runpy
import signal
import threading
import time
from typing import Final

STOP_TIMEOUT: Final = 120.0
"""Seconds that Home Assistant may take to stop."""


def stop_with_parent() -> None:
    """Stop Home Assistant when the standard input is closed."""
    # Not with sys.stdin: Python cannot exit while a thread reads from it.
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_TIMEOUT)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=stop_with_parent, daemon=True).start()
    runpy.run_module("homeassistant", run_name="__main__", alter_sys=True)
