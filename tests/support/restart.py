"""Restart Home Assistant in a test, with what it had stored."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)

from custom_components.green_api.events import ATTACHED_AFTER
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import frame
from homeassistant.loader import DATA_CUSTOM_COMPONENTS

from .entries import copy_of
from .helpers import async_pass


@asynccontextmanager
async def async_restarted() -> AsyncGenerator[HomeAssistant]:
    """Yield another Home Assistant, with what the one before has stored.

    The one before has to be stopped.
    """
    async with async_test_home_assistant() as hass:
        hass.data.pop(DATA_CUSTOM_COMPONENTS)
        try:
            yield hass
        finally:
            await hass.async_stop(force=True)


@asynccontextmanager
async def async_starting(*entries: MockConfigEntry) -> AsyncGenerator[HomeAssistant]:
    """Yield another Home Assistant with these accounts, which has not started yet.

    The one before has to be stopped.
    """
    async with async_restarted() as hass:
        hass.set_state(CoreState.not_running)
        frame.async_setup(hass)
        for entry in entries:
            again = copy_of(entry)
            again.add_to_hass(hass)
            await hass.config_entries.async_setup(again.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        yield hass


async def async_start(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Start Home Assistant, and wait until automations listen."""
    await hass.async_start()
    await hass.async_block_till_done(wait_background_tasks=True)
    await async_pass(hass, freezer, ATTACHED_AFTER)
