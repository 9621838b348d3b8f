"""Restarts of Home Assistant with the stored data."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)

from custom_components.green_api.automations.listening import ATTACHED_AFTER
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import frame
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from tests.simulator import Account

from .entries import copy_of
from .helpers import async_advance
from .simulated_time import SimulatedTime


@asynccontextmanager
async def async_restarted() -> AsyncGenerator[HomeAssistant]:
    """Yield another Home Assistant with the stored data of the previous one.

    The previous one must be stopped.
    """
    async with async_test_home_assistant() as hass:
        hass.data.pop(DATA_CUSTOM_COMPONENTS)
        try:
            yield hass
        finally:
            await hass.async_stop(force=True)


@asynccontextmanager
async def async_restarted_after(
    hass: HomeAssistant,
    time: SimulatedTime,
    account: Account,
    entry: MockConfigEntry,
    seconds: float,
) -> AsyncGenerator[tuple[HomeAssistant, MockConfigEntry]]:
    """Stop Home Assistant, and yield another one some seconds later, before its start.

    It has a copy of the config entry, which is set up.
    """
    await hass.async_stop(force=True)
    await time.advance(seconds)
    async with async_restarted() as again:
        again.set_state(CoreState.not_running)
        frame.async_setup(again)
        copy = copy_of(entry)
        copy.add_to_hass(again)
        account.requests.clear()
        await again.config_entries.async_setup(copy.entry_id)
        await time.settle()
        yield again, copy


@asynccontextmanager
async def async_starting(*entries: MockConfigEntry) -> AsyncGenerator[HomeAssistant]:
    """Yield another Home Assistant with copies of entries, which has not started yet.

    The previous one must be stopped.
    """
    async with async_restarted() as hass:
        hass.set_state(CoreState.not_running)
        frame.async_setup(hass)
        for entry in entries:
            copy = copy_of(entry)
            copy.add_to_hass(hass)
            await hass.config_entries.async_setup(copy.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        yield hass


async def async_start(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Start Home Assistant, and wait until automations are attached."""
    await hass.async_start()
    await hass.async_block_till_done(wait_background_tasks=True)
    await async_advance(hass, freezer, ATTACHED_AFTER)
