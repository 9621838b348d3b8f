"""How many calls of the integration's functions an event of an account takes.

Also counted is how often the next call is in another module.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
import sys
from types import FrameType
from typing import Any, Final

import custom_components.green_api
from custom_components.green_api.const import DOMAIN
from custom_components.green_api.data import GreenApiConfigEntry
from custom_components.green_api.decisions.message_queue import Standstill
from custom_components.green_api.decisions.problem import Problem
from custom_components.green_api.issues import issue_id
from custom_components.green_api.records.account_record import AccountRecord
from homeassistant.components.repairs import DOMAIN as REPAIRS, repairs_flow_manager
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .gateway import Gateway
from .hass import hass_with_account, run
from .table import Row

PACKAGE: Final = str(Path(custom_components.green_api.__file__).parent)

# Seconds after which a state or a standstill is confirmed.
CONFIRMED_AFTER: Final = 700


@dataclass
class CallCounter:
    """Counts the calls of the integration's functions."""

    calls: int = 0
    module_changes: int = 0
    _file: str = ""

    def count(self, frame: FrameType, event: str, _: Any) -> None:
        """Count a call; called by `sys.setprofile`."""
        file = frame.f_code.co_filename
        if event != "call" or not file.startswith(PACKAGE):
            return
        self.calls += 1
        self.module_changes += file != self._file
        self._file = file

    def rows(
        self, what: str, calls: int | None, module_changes: int | None
    ) -> Iterator[Row]:
        """Yield the counts with their goals."""
        yield Row(f"calls: {what}", self.calls, at_most=calls)
        yield Row("  changes of module", self.module_changes, at_most=module_changes)


def measure() -> list[Row]:
    """Count the calls of the most frequent and of the longest operations."""
    return run(_measure)


async def _measure() -> list[Row]:
    async with hass_with_account() as (hass, server, entry):
        await async_setup_component(hass, REPAIRS, {})
        [instance] = server.instances
        poll = entry.runtime_data.coordinator.async_refresh
        unchanged_poll = await _calls_of(hass, poll)
        stalled_poll = await _stalled_queue_poll(hass, server, instance, entry)
        await server.change(instance, state="notAuthorized")
        await poll()
        entry.runtime_data.coordinator.async_apply(_is_logged_out_for_long)
        issue_poll = await _calls_of(hass, poll)
        qr_code = await _qr_code(hass, entry)
    return [
        *unchanged_poll.rows("a poll without changes", None, None),
        *issue_poll.rows("a poll that raises an issue", 130, 60),
        *stalled_poll.rows("a poll of a queue that stands still", 220, 110),
        *qr_code.rows("a repair that shows a QR code", 250, 130),
    ]


@contextmanager
def _count_calls() -> Iterator[CallCounter]:
    """Count the calls in this thread."""
    counter = CallCounter()
    sys.setprofile(counter.count)
    try:
        yield counter
    finally:
        sys.setprofile(None)


async def _calls_of(
    hass: HomeAssistant, action: Callable[[], Awaitable[object]]
) -> CallCounter:
    """Return the calls of an action and of the tasks that it starts."""
    await hass.async_block_till_done(wait_background_tasks=True)
    with _count_calls() as counter:
        await action()
        await hass.async_block_till_done(wait_background_tasks=True)
    return counter


def _is_logged_out_for_long(record: AccountRecord) -> AccountRecord:
    """Return the record of an account that has been logged out for a while."""
    return replace(record, health=replace(record.health, agreed=CONFIRMED_AFTER))


async def _stalled_queue_poll(
    hass: HomeAssistant, server: Gateway, instance: str, entry: GreenApiConfigEntry
) -> CallCounter:
    """Return the calls of the poll that confirms that a queue stands still."""
    queue = entry.runtime_data.follow_ups.queue
    await server.change(instance, queue=3)
    for _ in range(2):
        await queue.async_check()
    entry.runtime_data.coordinator.async_apply(_stands_still)
    return await _calls_of(hass, queue.async_check)


def _stands_still(record: AccountRecord) -> AccountRecord:
    """Return the record of an account whose queue has stood still for a while."""
    standstill = record.queue.standstill or Standstill(began=record.queue.counted_at)
    long_ago = replace(
        standstill,
        began=standstill.began - CONFIRMED_AFTER,
        listed_from=standstill.listed_from - CONFIRMED_AFTER,
    )
    return replace(record, queue=replace(record.queue, standstill=long_ago))


async def _qr_code(hass: HomeAssistant, entry: GreenApiConfigEntry) -> CallCounter:
    """Return the calls of a repair, until it shows a QR code."""
    flow_manager = repairs_flow_manager(hass)
    if flow_manager is None:
        raise LookupError(REPAIRS)
    repair = issue_id(entry.entry_id, Problem.LOGGED_OUT)

    async def show_qr_code() -> None:
        flow = await flow_manager.async_init(DOMAIN, data={"issue_id": repair})
        key = flow["flow_id"]
        flow = await flow_manager.async_configure(key, {"next_step_id": "qr_code"})
        while "qr_code" not in (flow["description_placeholders"] or {}):
            await asyncio.sleep(0.1)
            flow = await flow_manager.async_configure(key)

    counter = await _calls_until_done(hass, show_qr_code)
    for flow in flow_manager.async_progress():
        flow_manager.async_abort(flow["flow_id"])
    return counter


async def _calls_until_done(
    hass: HomeAssistant, action: Callable[[], Awaitable[object]]
) -> CallCounter:
    """Return the calls until an action is done; the tasks that it starts run on."""
    await hass.async_block_till_done(wait_background_tasks=True)
    with _count_calls() as counter:
        await action()
    return counter
