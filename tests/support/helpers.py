"""Helpers for tests of several modules."""

from datetime import timedelta
import logging
from typing import Final
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.const import (
    DOMAIN,
)
from homeassistant.components.button import DOMAIN as BUTTON_DOMAIN, SERVICE_PRESS
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant, split_entity_id
from homeassistant.helpers import entity_registry as er, event, issue_registry as ir
from homeassistant.util import dt as dt_util
from homeassistant.util.async_ import get_scheduled_timer_handles
from tests.simulator import Account, Simulator

from .entities import BUTTON
from .entries import entry_of

SPREAD: Final = timedelta(microseconds=event.RANDOM_MICROSECOND_MAX)

_MICROSECOND: Final = 1e-6


async def async_advance(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float = 60
) -> None:
    """Advance the time by some seconds, by default a poll, and run what is due."""
    freezer.tick(seconds)
    _run_due_timers(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


def _run_due_timers(hass: HomeAssistant) -> None:
    """Run the timers that are due, now or within half a second.

    Home Assistant spreads what is due over the first half of a second. This does what
    the harness's `async_fire_time_changed` does, which spends two milliseconds on mocks
    for each timer.
    """
    now, end = dt_util.utcnow() + SPREAD, hass.loop.time() + SPREAD.total_seconds()
    with (
        patch.object(event, "time_tracker_utcnow", lambda: now),
        patch.object(event, "time_tracker_timestamp", now.timestamp),
    ):
        for timer in list(get_scheduled_timer_handles(hass.loop)):
            if not timer.cancelled() and timer.when() <= end + _MICROSECOND:
                timer._run()
                timer.cancel()


async def async_polls(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, count: int
) -> None:
    """Advance the time by a number of polls, one per minute."""
    for _ in range(count):
        await async_advance(hass, freezer)


async def async_set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Add a config entry and set it up."""
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


async def async_set_up_without_entities(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Add a config entry with all entities disabled, and set it up."""
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, pref_disable_new_entities=True)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.states.async_entity_ids() == []


async def async_press(hass: HomeAssistant) -> None:
    """Press the button that reboots the instance."""
    await hass.services.async_call(
        BUTTON_DOMAIN, SERVICE_PRESS, {ATTR_ENTITY_ID: BUTTON}, blocking=True
    )
    await hass.async_block_till_done(wait_background_tasks=True)


async def async_add_account(
    hass: HomeAssistant, simulator: Simulator, instance_id: str, title: str
) -> Account:
    """Add another account, and set it up."""
    account = simulator.add_account(instance_id, f"token+{instance_id}")
    account.state = "authorized"
    entry = entry_of(simulator.url, instance_id, account.token, title)
    await async_set_up(hass, entry)
    return account


def has_timer_in(hass: HomeAssistant, seconds: float) -> bool:
    """Return whether a timer is due in exactly this number of seconds."""
    due = hass.loop.time() + seconds
    return any(
        not timer.cancelled() and abs(timer.when() - due) < 0.001
        for timer in get_scheduled_timer_handles(hass.loop)
    )


def enable(entity_registry: er.EntityRegistry, entity_id: str, unique_id: str) -> None:
    """Enable an entity that is disabled by default, before its entry is set up."""
    platform, object_id = split_entity_id(entity_id)
    entity_registry.async_get_or_create(
        platform, DOMAIN, unique_id, suggested_object_id=object_id
    )


def issue_ids(hass: HomeAssistant) -> set[str]:
    """Return the IDs of the repair issues."""
    issues = ir.async_get(hass).issues
    return {issue_id for domain, issue_id in issues if domain == DOMAIN}


def issue_keys(hass: HomeAssistant) -> list[str | None]:
    """Return the translation keys of the repair issues."""
    return [
        issue.translation_key
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN
    ]


def all_called_methods(account: Account) -> list[str]:
    """Return the methods that were called for an account."""
    return [request.method for request in account.requests]


def called_methods(account: Account) -> list[str]:
    """Return the methods that were called for an account, without getMessagesCount.

    Polls call that one now and then, whatever else happens.
    """
    return [
        method for method in all_called_methods(account) if method != "getMessagesCount"
    ]


def logged_errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the logged errors and exceptions."""
    return [
        record.getMessage()
        for record in caplog.records
        # The access log of frontend requests does not support frozen time.
        if record.name != "aiohttp.access"
        and (record.levelno > logging.WARNING or record.exc_info)
    ]


def spaced(text: str) -> str:
    """Return a text that cannot be broken into lines."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")
