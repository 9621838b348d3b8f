"""Run the commands of the repository."""

import asyncio
import os

from .configuration import ROOT


async def run_command(*command: str, **environment: str) -> tuple[int | None, str]:
    """Run a command and return its exit code and its output."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()
