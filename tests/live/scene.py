"""What the live tests play with: an account, and a person who watches it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
import logging
from pathlib import Path
import re
from typing import Final

from tests.simulator import Account, Simulator

from .client import PATIENCE, HomeAssistantClient
from .configuration import DOMAIN
from .home_assistant import BLINK, HomeAssistantProcess
from .wire import Entry

# The same in plain text and in a URL, whatever becomes of the signs around it.
CORE: Final = "5ec2e7"

CERTAINTY: Final = 150.0
"""Seconds in which it becomes certain that an account is logged out: after two polls."""

# What Home Assistant and asyncio say of an integration that misbehaves.
COMPLAINT: Final = re.compile(
    f"custom integration '{DOMAIN}'|Error doing job|never retrieved|Unclosed"
)

_LOGGER: Final = logging.getLogger(__name__)


class Token(StrEnum):
    """Tokens that look different in plain text and in a URL."""

    FIRST = f"+first:{CORE}a1b2c3@"
    LATER = f"+later:{CORE}d4e5f6@"
    OTHER = f"+other:{CORE}a7b8c9@"
    WRONG = f"+wrong:{CORE}070809@"


@dataclass(frozen=True, slots=True)
class Scene:
    """A Home Assistant, a GREEN-API, and two accounts of it."""

    home_assistant: HomeAssistantProcess
    simulator: Simulator
    account: Account
    other: Account

    @property
    def client(self) -> HomeAssistantClient:
        """The person at Home Assistant."""
        return self.home_assistant.client

    async def play(self, story: Iterable[Step]) -> None:
        """Go through the steps of a story."""
        for step in story:
            _LOGGER.info("%s: %s", step.__name__, step.__doc__)
            await step(self)

    async def end(self) -> None:
        """Stop Home Assistant, and look at what it leaves behind."""
        assert await self.home_assistant.stop() == 0
        assert_kept_secret(
            self.home_assistant, known_to=frozenset({"core.config_entries"})
        )
        assert_in_good_order(self.home_assistant.log())

    def values(self, account: Account, token: str) -> dict[str, str]:
        """Return what the console says of an account, with a token of one's choice."""
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
        """Return what one of an account's entities is called."""
        return await self.client.entity_id(DOMAIN, f"{account.instance_id}_{key}")

    async def expect(
        self, account: Account, key: str, state: str, *, within: float = PATIENCE
    ) -> None:
        """Wait until one of an account's entities is in a state."""
        entity_id = await self.entity_id(account, key)
        await self.client.wait_for_state(entity_id, state, within=within)

    async def update(self, account: Account) -> None:
        """Refresh an account, as soon as the last refresh is 10 s old."""
        entity_id = await self.entity_id(account, "state")
        await self.client.act("homeassistant.update_entity", entity_id)


type Step = Callable[[Scene], Awaitable[None]]


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(CERTAINTY):
        while not holds():  # noqa: ASYNC110  # neither files nor lists notify
            await asyncio.sleep(BLINK)


def assert_kept_secret(
    home_assistant: HomeAssistantProcess, *, known_to: frozenset[str] = frozenset()
) -> None:
    """Assert that no token was logged, nor written to any other than these files."""
    assert files_with(home_assistant.folder, CORE) == known_to
    assert not any(CORE in answer for answer in home_assistant.answers)
    # The same search finds what may be logged.
    assert "console.log" in files_with(home_assistant.folder, DOMAIN)
    assert any(DOMAIN in answer for answer in home_assistant.answers)


def files_with(folder: Path, *texts: str) -> set[str]:
    """Return the names of the files below a folder that hold one of the texts."""
    needles = [text.encode() for text in texts]
    return {
        path.name
        for path in folder.rglob("*")
        if path.is_file() and any(needle in path.read_bytes() for needle in needles)
    }


def assert_in_good_order(log: str) -> None:
    """Assert that Home Assistant had nothing to say against the integration."""
    assert [line for line in log.splitlines() if COMPLAINT.search(line)] == []
