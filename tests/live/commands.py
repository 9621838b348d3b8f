"""Run the commands of the repository to their end."""

import asyncio
import os

from .configuration import ROOT


async def run_command(*command: str, **environment: str) -> tuple[int | None, str]:
    """Run a command, and return its exit code and all that it said."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()
