"""What 1 to 1,000 recipients of an account cost."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from statistics import median
import time
from typing import Final
from unittest.mock import patch

from custom_components.green_api.api import RequestPacer

from .actions import async_send, recipient_entities
from .growth_table import Growth, amount
from .hass import house, recipients, run, set_up_account
from .memory import in_use

COUNTS: Final = (1, 100, 1000)
STARTS: Final = 5
MESSAGES: Final = 100


@dataclass(frozen=True, slots=True)
class Load:
    """What a number of recipients costs."""

    start: float
    """Seconds of the setup of their account."""
    memory: float
    """Memory in use, in KiB."""
    message: float
    """CPU time of a message to one of them, in seconds."""


def measure(processes: ProcessPoolExecutor) -> Growth:
    """Measure each number of recipients."""
    none = processes.submit(load, 0).result()
    loads = {
        amount(count, "recipient"): processes.submit(load, count).result()
        for count in COUNTS
    }
    return {
        "setup of the account": (
            "ms",
            {of: 1000 * it.start for of, it in loads.items()},
        ),
        "memory": ("KiB", {of: it.memory - none.memory for of, it in loads.items()}),
        "CPU time of a message": (
            "ms",
            {of: 1000 * it.message for of, it in loads.items()},
        ),
    }


def load(count: int) -> Load:
    """Measure an account with a number of recipients, whose messages are not spaced."""
    with (
        patch.object(RequestPacer, "SHORT_SPACING", 0),
        patch.object(RequestPacer, "DEFAULT_SPACING", 0),
    ):
        return run(partial(_load, count))


async def _load(count: int) -> Load:
    changes = {"pref_disable_polling": True, "subentries": recipients(count)}
    async with house(changes=changes) as (hass, _):
        entry = await set_up_account(hass)
        memory = in_use()
        starts = []
        for _ in range(STARTS):
            await hass.config_entries.async_unload(entry.entry_id)
            start = time.perf_counter()
            await hass.config_entries.async_setup(entry.entry_id)
            starts.append(time.perf_counter() - start)
            await hass.async_block_till_done(wait_background_tasks=True)
        messages = []
        # The first one of each recipient is not special.
        for entity_id in islice(cycle(recipient_entities(hass) or [""]), MESSAGES):
            cpu = time.thread_time()
            if entity_id:
                await async_send(hass, entity_id)
            messages.append(time.thread_time() - cpu)
    return Load(median(starts), memory, median(messages))
