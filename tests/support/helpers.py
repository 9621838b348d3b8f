"""What tests of several modules do."""

import logging

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.green_api.const import (
    DOMAIN,
)
from homeassistant.components.button import DOMAIN as BUTTON_DOMAIN, SERVICE_PRESS
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant, split_entity_id
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.util.async_ import get_scheduled_timer_handles
from tests.simulator import Account, Simulator

from .entities import BUTTON
from .entries import entry_of


async def async_pass(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float = 60
) -> None:
    """Move time forward by as much as a poll, and do what is due then."""
    freezer.tick(seconds)
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


async def async_polls(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, count: int
) -> None:
    """Move time forward by some minutes, with a poll in each."""
    for _ in range(count):
        await async_pass(hass, freezer)


async def async_set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Add a config entry and set it up."""
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


async def async_set_up_without_entities(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Add a config entry of which all entities are disabled, and set it up."""
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


def waits(hass: HomeAssistant, seconds: float) -> bool:
    """Return whether something waits for as long as this."""
    due = hass.loop.time() + seconds
    return any(
        not timer.cancelled() and abs(timer.when() - due) < 0.001
        for timer in get_scheduled_timer_handles(hass.loop)
    )


def enable(entity_registry: er.EntityRegistry, entity_id: str, unique_id: str) -> None:
    """Enable an entity that is disabled by default, before its account is set up."""
    platform, object_id = split_entity_id(entity_id)
    entity_registry.async_get_or_create(
        platform, DOMAIN, unique_id, suggested_object_id=object_id
    )


def issue_ids(hass: HomeAssistant) -> set[str]:
    """Return the ids of the issues in the repairs."""
    issues = ir.async_get(hass).issues
    return {issue_id for domain, issue_id in issues if domain == DOMAIN}


def issue_keys(hass: HomeAssistant) -> list[str | None]:
    """Return the translation keys of the issues in the repairs."""
    return [
        issue.translation_key
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN
    ]


def methods(account: Account) -> list[str]:
    """Return which methods an account was asked for."""
    return [request.method for request in account.requests]


def asked(account: Account) -> list[str]:
    """Return which methods an account was asked for, but how long its queue is.

    Polls look at the queue now and then, whatever else happens.
    """
    return [method for method in methods(account) if method != "getMessagesCount"]


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what is logged of anything that went wrong."""
    return [
        record.getMessage()
        for record in caplog.records
        # The log of the browser's requests does not understand frozen time.
        if record.name != "aiohttp.access"
        and (record.levelno > logging.WARNING or record.exc_info)
    ]
