"""What the live tests have in common: their accounts, steps and checks."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
import logging
from pathlib import Path
import re
from typing import Final

from tests.simulator import Account, Simulator

from .client import TIMEOUT, FlowKind, HomeAssistantClient
from .configuration import DOMAIN
from .home_assistant import POLL_INTERVAL, HomeAssistantProcess
from .models import Entry

# Unchanged in a URL, unlike the characters around it, which are encoded.
TOKEN_CORE: Final = "5ec2e7"

CONFIRMATION_TIMEOUT: Final = 150.0
"""Seconds within which a logout is confirmed: after two polls."""

# What Home Assistant and asyncio log about an integration that misbehaves.
LOG_COMPLAINT: Final = re.compile(
    f"custom integration '{DOMAIN}'|Error doing job|never retrieved|Unclosed"
)

_LOGGER: Final = logging.getLogger(__name__)


class Token(StrEnum):
    """Tokens that are written differently in plain text and in a URL."""

    FIRST = f"+first:{TOKEN_CORE}a1b2c3@"
    LATER = f"+later:{TOKEN_CORE}d4e5f6@"
    OTHER = f"+other:{TOKEN_CORE}a7b8c9@"
    WRONG = f"+wrong:{TOKEN_CORE}070809@"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A Home Assistant, a simulated GREEN-API and two of its accounts."""

    home_assistant: HomeAssistantProcess
    simulator: Simulator
    account: Account
    other: Account

    @property
    def client(self) -> HomeAssistantClient:
        """Return the client of the signed-in user."""
        return self.home_assistant.client

    async def run(self, steps: Iterable[Step]) -> None:
        """Run the steps in order."""
        for step in steps:
            _LOGGER.info("%s: %s", step.__name__, step.__doc__)
            await step(self)

    async def stop_and_check(self) -> None:
        """Stop Home Assistant, and check its files and its log."""
        assert await self.home_assistant.stop() == 0
        assert_tokens_secret(
            self.home_assistant, allowed_files=frozenset({"core.config_entries"})
        )
        assert_log_clean(self.home_assistant.log())

    def values(self, account: Account, token: str) -> dict[str, str]:
        """Return the values of the form for an account, with the given token."""
        return {
            "api_url": self.simulator.url,
            "instance_id": account.instance_id,
            "api_token": token,
        }

    async def entry(self, account: Account) -> Entry:
        """Return the config entry of an account."""
        entries = await self.client.entries(DOMAIN)
        return next(it for it in entries if account.instance_id in it["title"])

    async def entity_id(self, account: Account, key: str) -> str:
        """Return the ID of one of an account's entities."""
        return await self.client.entity_id(DOMAIN, f"{account.instance_id}_{key}")

    async def expect(
        self, account: Account, key: str, state: str, *, within: float = TIMEOUT
    ) -> None:
        """Wait until one of an account's entities is in a state."""
        entity_id = await self.entity_id(account, key)
        await self.client.wait_for_state(entity_id, state, within=within)

    async def update(self, account: Account) -> None:
        """Refresh an account as soon as its last refresh is 10 seconds old."""
        entity_id = await self.entity_id(account, "state")
        await self.client.perform_action("homeassistant.update_entity", entity_id)


type Step = Callable[[Scenario], Awaitable[None]]


async def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition is met."""
    async with asyncio.timeout(CONFIRMATION_TIMEOUT):
        while not condition():  # noqa: ASYNC110  # neither files nor lists notify
            await asyncio.sleep(POLL_INTERVAL)


def assert_tokens_secret(
    home_assistant: HomeAssistantProcess, *, allowed_files: frozenset[str] = frozenset()
) -> None:
    """Assert that no token was logged, or written to other than the allowed files."""
    assert files_containing(home_assistant.folder, TOKEN_CORE) == allowed_files
    assert not any(TOKEN_CORE in answer for answer in home_assistant.responses)
    # The same search finds what does appear there.
    assert "console.log" in files_containing(home_assistant.folder, DOMAIN)
    assert any(DOMAIN in answer for answer in home_assistant.responses)


def files_containing(folder: Path, *texts: str) -> set[str]:
    """Return the names of the files in a folder that contain one of the texts."""
    encoded = [text.encode() for text in texts]
    return {
        path.name
        for path in folder.rglob("*")
        if path.is_file() and any(text in path.read_bytes() for text in encoded)
    }


async def add_recipient(
    client: HomeAssistantClient, entry_id: str, chat_id: str, name: str
) -> None:
    """Add a recipient, who may not write to Home Assistant, to an account."""
    flow = await client.start_flow([entry_id, "recipient"], FlowKind.SUBENTRY)
    step = await flow.submit(chat_id=chat_id, name=name)
    if step.get("step_id") == "may_write":
        step = await flow.submit(may_write=False)
    assert step["type"] == "create_entry"
    await client.wait_for_state(f"notify.{name.lower()}", "unknown")


def assert_log_clean(log: str) -> None:
    """Assert that the log has no complaint about the integration."""
    assert [line for line in log.splitlines() if LOG_COMPLAINT.search(line)] == []
