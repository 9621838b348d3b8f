"""Remove accounts and recipients while messages are being sent."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.decisions import freshness
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from tests.simulator import Account, Fault
from tests.support.clients import request_timeout
from tests.support.dialog import async_disable, async_remove
from tests.support.recipients import (
    ALEX_CHAT,
    async_add_recipient,
    async_notify,
    sent_messages,
)
from tests.support.wait_until import async_wait_until

pytestmark = pytest.mark.long(16)

type Interrupt = Callable[[HomeAssistant, MockConfigEntry], Awaitable[None]]


async def async_reload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Reload the account."""
    await hass.config_entries.async_reload(entry.entry_id)


async def async_remove_recipient(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Remove the recipient."""
    hass.config_entries.async_remove_subentry(entry, next(iter(entry.subentries)))
    await asyncio.sleep(0)


async def async_stop(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Start stopping Home Assistant."""
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await asyncio.sleep(0)


async def async_outcome(hass: HomeAssistant, text: str) -> str:
    """Send a message, and return the outcome."""
    try:
        await async_notify(hass, text)
    except HomeAssistantError as err:
        return f"{err.translation_key}"
    return "sent"


@pytest.mark.parametrize(
    ("interrupt", "expected"),
    [
        (async_reload, "interrupted"),
        (async_disable, "interrupted"),
        (async_remove, "interrupted"),
        (async_stop, "sent"),
        (async_remove_recipient, "sent"),
    ],
)
async def test_interrupted(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    loaded_entry: MockConfigEntry,
    account: Account,
    interrupt: Interrupt,
    expected: str,
) -> None:
    """Test that a message being sent, and one that waits, have the correct outcome.

    The state of an account that is no longer polled is not known to be good.
    """
    # A message may wait for longer than a response is valid.
    monkeypatch.setattr(freshness, "FRESH_FOR", 0)
    await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)
    account.faults["sendMessage"] = Fault.HANG
    account.acts_in_spite_of_fault = True
    with request_timeout(0.5):
        first = hass.async_create_task(async_outcome(hass, "On its way"))
        await async_wait_until(lambda: len(sent_messages(account)) == 1)
    second = hass.async_create_task(async_outcome(hass, "Waiting"))
    await asyncio.sleep(0.05)
    account.faults.clear()

    await interrupt(hass, loaded_entry)

    assert await asyncio.gather(first, second) == ["maybe_sent", expected]
    accepted = [message.body["message"] for message in account.messages]
    assert accepted == ["On its way", *["Waiting"] * (expected == "sent")]
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(sent_messages(account)) == len(accepted)
