"""Test that no message is ever sent twice, or wrongly reported as sent."""

import asyncio
from collections.abc import Generator
from random import Random
from typing import Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.api.pacing import RequestPacer
from custom_components.green_api.decisions import freshness
from custom_components.green_api.sending import sender as sending
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from tests.simulator import Account, Fault
from tests.support.clients import request_timeout
from tests.support.recipients import (
    ALEX,
    ALEX_CHAT,
    FAMILY,
    FAMILY_CHAT,
    async_add_recipient,
    async_notify,
)

pytestmark = pytest.mark.long(14)

STEPS: Final = 20
MESSAGES: Final = 3

STATES: Final = [
    *["authorized"] * 5,
    "starting",
    "notAuthorized",
    "suspended",
    "blocked",
    None,
]
# Faults after which the server may still have done what was requested.
UNCLEAR: Final = [
    Fault.BAD_GATEWAY,
    Fault.CLIENT_CLOSED_499,
    Fault.EMPTY_200,
    Fault.GATEWAY_TIMEOUT,
    Fault.HANG,
    Fault.NOT_JSON,
    Fault.RESET_AFTER_HEADERS,
    Fault.RESET_BEFORE_HEADERS,
    Fault.SERVER_ERROR,
    Fault.TRUNCATED_BODY,
    Fault.UNAVAILABLE,
]
CLEAR: Final = [
    Fault.BAD_REQUEST,
    Fault.DELETED,
    Fault.EXPIRED_TEXT,
    Fault.FORBIDDEN_HTML,
    Fault.QUOTA_466,
    Fault.RATE_LIMITED,
    Fault.STARTING,
    Fault.UNAUTHORIZED,
]


@pytest.fixture(autouse=True)
def short_timeout(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Shorten all waits."""
    monkeypatch.setattr(sending, "RETRY_AFTER", 0)
    monkeypatch.setattr(RequestPacer, "MESSAGE_PATIENCE", 0)
    monkeypatch.setattr(RequestPacer, "DEFAULT_PATIENCE", 0)
    with request_timeout(0.3):
        yield


async def async_outcome(hass: HomeAssistant, text: str, entity_id: str) -> str:
    """Send a message, and return the outcome."""
    try:
        await async_notify(hass, text, entity_id)
    except HomeAssistantError as err:
        return f"{err.translation_key}"
    return "sent"


def accepted(account: Account, text: str) -> int:
    """Return how often the server has accepted a message."""
    messages = account.messages
    everything = [*messages.waiting, *messages.delivered, *messages.lost]
    return sum(message.body["message"] == text for message in everything)


@pytest.mark.parametrize("seed", range(8))
async def test_never_twice(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    loaded_entry: MockConfigEntry,
    account: Account,
    seed: int,
) -> None:
    """Test that outcomes are true for messages in any order of states and faults."""
    await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)
    await async_add_recipient(hass, loaded_entry, "Family", FAMILY_CHAT)
    random = Random(seed)  # noqa: S311
    said: set[str] = set()
    for step in range(STEPS):
        account.state = random.choice(STATES)
        account.acts_in_spite_of_fault = random.random() < 0.5
        faults = UNCLEAR if account.acts_in_spite_of_fault else UNCLEAR + CLEAR
        account.faults["sendMessage"] = random.choice([None] * 12 + faults)
        account.faults["getStateInstance"] = random.choice([None] * 9 + CLEAR)
        monkeypatch.setattr(freshness, "FRESH_FOR", random.choice([0, 0, 60]))
        texts = [f"{step}-{number}" for number in range(MESSAGES)]
        outcomes = await asyncio.gather(
            *(async_outcome(hass, it, random.choice([ALEX, FAMILY])) for it in texts)
        )
        counts = [accepted(account, text) for text in texts]
        assert max(counts) <= 1
        for outcome, count in zip(outcomes, counts, strict=True):
            assert outcome != "sent" or count == 1
            assert outcome in {"sent", "maybe_sent"} or count == 0
        said.update(outcomes)
    assert {"sent", "maybe_sent"} <= said
