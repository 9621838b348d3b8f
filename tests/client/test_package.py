"""Test that the client can be used without Home Assistant."""

from pathlib import Path
import subprocess
import sys
from typing import Final

INTEGRATION: Final = Path(__file__).parents[2] / "custom_components/green_api"

USE: Final = """
import api
import sys

assert len(api.__all__) == len({*api.__all__})
assert all(hasattr(api, name) for name in api.__all__)
found = {name.partition(".")[0] for name in sys.modules}
print(*found & {"custom_components", "homeassistant"})
"""


def test_imports_nothing_of_home_assistant() -> None:
    """The package can be imported on its own, in a separate process."""
    process = subprocess.run(  # noqa: S603
        [sys.executable, "-c", USE],
        check=True,
        capture_output=True,
        cwd=INTEGRATION,
        text=True,
    )
    assert process.stdout == "\n"
