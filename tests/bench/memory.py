"""Memory of this process."""

import ctypes
import gc
from pathlib import Path
import re
import resource
from typing import Final

_PROCESS: Final = Path("/proc/self")


def resident() -> float:
    """Return the resident memory of the process, in KiB."""
    pages = int((_PROCESS / "statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024


def in_use() -> float:
    """Return the resident memory without what is only kept for reuse, in KiB."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return resident()


def forget_peak() -> None:
    """Reset the peak memory to the current one."""
    (_PROCESS / "clear_refs").write_text("5")


def peak() -> float:
    """Return the peak resident memory of the process, in KiB."""
    [size] = re.findall(r"VmHWM:\s*(\d+) kB", (_PROCESS / "status").read_text())
    return float(size)
