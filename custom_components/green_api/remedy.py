"""Remedies for the problems of an account: reboot the instance, clear the queue."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .api import GreenApiError
from .const import DOMAIN
from .data import GreenApiConfigEntry, async_change_record
from .decisions.freshness import FRESH_FOR
from .decisions.message_queue import QUEUE_PROBLEMS
from .decisions.problem import Problem
from .records.account_record import AccountRecord
from .texts import translation


async def async_reboot(hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
    """Reboot the instance of an account, and refresh its state.

    The reboot is recorded even if the caller is canceled. Raises a translated
    HomeAssistantError if the server does not reboot the instance.
    """
    await _async_run_to_end(hass, _async_reboot(hass, entry))


async def _async_reboot(hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
    """Reboot the instance of an account, record it, and refresh the state."""
    request = entry.runtime_data.client.reboot()
    await _async_request(hass, entry, request, "reboot_refused")
    now = hass.loop.time()
    await async_change_record(hass, entry, AccountRecord.rebooted, now)
    if entry.state is ConfigEntryState.LOADED:
        # The config entry may have been reloaded meanwhile.
        await asyncio.wait([entry.runtime_data.coordinator.async_poll()])


async def async_clear_queue(hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
    """Drop all waiting messages of an account, and refresh their number.

    The result is recorded even if the caller is canceled. Raises a translated
    HomeAssistantError if the server does not drop the messages.
    """
    await _async_run_to_end(hass, _async_clear_queue(hass, entry))


async def _async_clear_queue(hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
    """Drop all waiting messages of an account, record it, and refresh their number."""
    client = entry.runtime_data.client
    await _async_request(hass, entry, client.clear_messages_queue(), "clear_refused")
    now = hass.loop.time()
    await async_change_record(hass, entry, AccountRecord.cleared, now)
    if entry.state is ConfigEntryState.LOADED:
        # The config entry may have been reloaded or removed meanwhile.
        entry.runtime_data.follow_ups.queue.async_expect_change()
        await entry.runtime_data.follow_ups.async_make_requests()


async def async_has_problem(
    hass: HomeAssistant, entry: GreenApiConfigEntry, problems: frozenset[Problem]
) -> bool:
    """Return whether an account still has one of the given problems.

    The state and the queue are refreshed first, unless they are fresh.
    """
    data = entry.runtime_data
    last = data.coordinator.data.last
    if hass.loop.time() >= max(last.said_at, last.failed_at) + FRESH_FOR:
        await data.coordinator.async_refresh()
    # A message that is missing from one list may still be waiting.
    for _ in range(2 if problems <= QUEUE_PROBLEMS else 0):
        if (
            entry.state is ConfigEntryState.LOADED
            and data.follow_ups.queue.is_news_likely
        ):
            data.follow_ups.queue.async_expect_change()
            await data.follow_ups.async_make_requests()
    return data.coordinator.data.remembered in problems


async def _async_request(
    hass: HomeAssistant,
    entry: GreenApiConfigEntry,
    request: Awaitable[bool],
    refused_key: str,
) -> None:
    """Make a request that the server may refuse.

    Raises a translated HomeAssistantError if it fails or is refused.
    """
    coordinator = entry.runtime_data.coordinator
    try:
        is_accepted = await request
    except GreenApiError as err:
        raise coordinator.async_failure(err) from err
    if not is_accepted:
        raise HomeAssistantError(**translation(hass, entry, refused_key))


async def _async_run_to_end(
    hass: HomeAssistant, coroutine: Coroutine[Any, Any, None]
) -> None:
    """Wait for a coroutine, which continues if the caller is canceled.

    Raises the HomeAssistantError that the coroutine raises.
    """
    task = hass.async_create_background_task(
        _async_get_error(coroutine), f"{DOMAIN} remedy"
    )
    await asyncio.wait([task])
    if error := task.result():
        raise error


async def _async_get_error(
    coroutine: Coroutine[Any, Any, None],
) -> HomeAssistantError | None:
    """Return the HomeAssistantError that a coroutine raises, None if there is none.

    It is not raised in the task, because the caller may no longer retrieve it.
    """
    try:
        await coroutine
    except HomeAssistantError as err:
        return err
    return None
