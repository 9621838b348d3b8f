"""New processes, in which nothing has been imported or measured yet."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context


def fresh_processes() -> ProcessPoolExecutor:
    """Return an executor that runs its calls in order, each in a new process."""
    return ProcessPoolExecutor(
        max_workers=1, mp_context=get_context("spawn"), max_tasks_per_child=1
    )
