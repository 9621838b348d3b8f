"""Memory of this process."""

from pathlib import Path
import re
import resource
from typing import Final

_PROCESS: Final = Path("/proc/self")


def resident() -> float:
    """Return the memory that the process occupies, in KiB."""
    pages = int((_PROCESS / "statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024


def forget_peak() -> None:
    """Reset the peak of the memory to what is occupied now."""
    (_PROCESS / "clear_refs").write_text("5")


def peak() -> float:
    """Return the most memory that the process has occupied, in KiB."""
    [size] = re.findall(r"VmHWM:\s*(\d+) kB", (_PROCESS / "status").read_text())
    return float(size)
