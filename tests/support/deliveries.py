"""Messages whose delivery is followed, under simulated time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.automations.listening import ATTACHED_AFTER
from custom_components.green_api.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from tests.simulator import Account

from .automations import RAN, async_create_automation, trigger
from .recipients import ALEX, ALEX_CHAT, FAMILY, FAMILY_CHAT, recipient
from .restart import async_restarted_after
from .simulated_time import SimulatedTime

TEXT: Final = "Somebody is at the door."
TITLE: Final = "Front door"

_VARIABLES: Final = (
    *("account", "device_id", "entity_id", "message", "message_id"),
    *("recipient", "sent", "status", "title"),
)

type Runs = list[dict[str, Any]]


@dataclass
class Deliveries:
    """An account with recipients, the messages to them, and the simulated time."""

    hass: HomeAssistant
    time: SimulatedTime
    account: Account
    entry: MockConfigEntry
    began: float = field(init=False)

    def __post_init__(self) -> None:
        """Start at the current time."""
        self.began = self.time.now

    async def set_up(self) -> None:
        """Set up the account with its recipients."""
        self.entry.add_to_hass(self.hass)
        for name, chat_id in (("Alex", ALEX_CHAT), ("Family", FAMILY_CHAT)):
            self.hass.config_entries.async_add_subentry(
                self.entry, recipient(name, chat_id)
            )
        await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.time.settle()
        self.start()

    def start(self) -> None:
        """Forget the requests so far, and measure times from now on."""
        self.account.requests.clear()
        self.began = self.time.now

    def send(
        self, entity_id: str | list[str] = ALEX, **data: Any
    ) -> asyncio.Task[dict[str, Any]]:
        """Start to send a message, and return the task."""
        return asyncio.ensure_future(self._send(entity_id, data))

    async def _send(
        self, entity_id: str | list[str], data: dict[str, Any]
    ) -> dict[str, Any]:
        """Send a message, and return the response."""
        response = await self.hass.services.async_call(
            DOMAIN,
            "send_message",
            {"entity_id": entity_id, "message": TEXT, **data},
            blocking=True,
            return_response=True,
        )
        assert isinstance(response, dict)
        return response

    async def send_now(
        self, entity_id: str = ALEX, *, within: float = 10, **data: Any
    ) -> str:
        """Send a message to a recipient, and return its ID."""
        response = await self.time.result(self.send(entity_id, **data), within)
        return str(response[entity_id]["message_id"])

    async def error(
        self, task: asyncio.Task[dict[str, Any]], within: float = 0
    ) -> HomeAssistantError:
        """Return the error that sending a message raises within some seconds."""
        with pytest.raises(HomeAssistantError) as caught:
            await self.time.result(task, within)
        assert caught.value.translation_domain == DOMAIN
        return caught.value

    @property
    def passed(self) -> float:
        """The seconds since the start."""
        return round(self.time.now - self.began, 2)

    @property
    def asked(self) -> list[float]:
        """When statuses were requested, in seconds since the start."""
        return [
            round(it.at - self.began, 1)
            for it in self.account.requests
            if it.method == "getMessage"
        ]

    async def automation(
        self, target: dict[str, Any] | None = None, **options: Any
    ) -> Runs:
        """Set up an automation for messages that are not delivered."""
        return await async_create_automation(
            self.hass,
            trigger("message_not_delivered", target or {"entity_id": ALEX}, **options),
            actions=[
                {
                    "event": RAN,
                    "event_data": {
                        it: f"{{{{ trigger.{it} | default(none) }}}}"
                        for it in _VARIABLES
                    },
                }
            ],
        )

    @asynccontextmanager
    async def restarted(self, after: float = 0) -> AsyncGenerator[Deliveries]:
        """Restart Home Assistant after some seconds, and yield it before its start."""
        async with async_restarted_after(
            self.hass, self.time, self.account, self.entry, after
        ) as (hass, entry):
            yield Deliveries(hass, self.time, self.account, entry)

    async def started(self) -> None:
        """Start Home Assistant, and wait until automations are attached."""
        await self.hass.async_start()
        await self.time.advance(ATTACHED_AFTER)


BOTH: Final = [ALEX, FAMILY]
