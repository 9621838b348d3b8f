"""The commands of the repository print how they are used."""

from typing import Final

import pytest

from .commands import run_command
from .configuration import ROOT

# Other scripts only source this one.
NAMES: Final = sorted(
    path.name for path in (ROOT / "scripts").iterdir() if path.suffix != ".sh"
)


@pytest.mark.parametrize("name", NAMES)
async def test_help(name: str) -> None:
    """Every command prints its help, and does nothing else."""
    code, output = await run_command(f"scripts/{name}", "--help")
    assert code == 0
    assert f"  scripts/{name}" in output
    assert "shellcheck" not in output


async def test_reports_that_no_test_matches() -> None:
    """A name that matches no test is reported, and fails."""
    arguments = ("tests/live", "-n0", "-k", "no_such_test")
    code, output = await run_command("scripts/test", *arguments)
    assert code == 1
    assert f"error: no test matches {' '.join(arguments)}\n" in output
    assert "Steps: 0 passed, 1 failed" in output
