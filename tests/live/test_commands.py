"""The commands of the repository say how they are used."""

import pytest

from .commands import run_command


@pytest.mark.parametrize("name", ["bench", "develop", "screenshots", "test"])
async def test_help(name: str) -> None:
    """Every command says what it does before it does anything."""
    code, said = await run_command(f"scripts/{name}", "--help")
    assert code == 0
    assert f"  scripts/{name}" in said
    assert "shellcheck" not in said


async def test_says_that_no_test_matches() -> None:
    """A name that no test has is said, and fails."""
    arguments = ("tests/live", "-n0", "-k", "no_such_test")
    code, said = await run_command("scripts/test", *arguments)
    assert code == 1
    assert f"error: no test matches {' '.join(arguments)}\n" in said
    assert "Steps: 0 passed, 1 failed" in said
