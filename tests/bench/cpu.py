"""CPU time of actions, compared on the same event loop."""

from collections.abc import Awaitable, Callable
import time
from typing import Final

type Action = Callable[[], Awaitable[object]]

ROUNDS: Final = 200
BATCH: Final = 20
"""Actions of one kind in a row, before those of the next kind."""


async def cpu_times(*actions: Action) -> list[list[float]]:
    """Return the CPU times of each action in all rounds, in seconds."""
    times: list[list[float]] = [[] for _ in actions]
    turns = [*zip(actions, times, strict=True)]
    for _ in range(ROUNDS):
        # Each one is first equally often: the one before it may have warmed caches.
        turns.append(turns.pop(0))
        for action, taken in turns:
            taken.append(await _cpu_time(action))
    return times


async def _cpu_time(action: Action) -> float:
    """Return the CPU time of an action, in seconds."""
    start = time.thread_time()
    for _ in range(BATCH):
        await action()
    return (time.thread_time() - start) / BATCH
