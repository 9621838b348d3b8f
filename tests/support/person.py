"""A person at Home Assistant: what they do, and all that they are shown."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
import json
import logging
from typing import Any, Final, override

from aiohttp.test_utils import TestClient
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.green_api import coordinator, health, queue_watch, sending
from custom_components.green_api.api import RequestPacer
from custom_components.green_api.client import _PACER
from custom_components.green_api.const import DOMAIN, SUBENTRY_TYPE_RECIPIENT
from custom_components.green_api.diagnostics import async_get_config_entry_diagnostics
from homeassistant.components.button import DOMAIN as BUTTON_DOMAIN, SERVICE_PRESS
from homeassistant.components.notify import SERVICE_SEND_MESSAGE
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import EVENT_DATA_ENTRY_FLOW_PROGRESSED
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.simulator import Account

from .const import INSTANCE_ID
from .entities import (
    BUTTON,
    IMAGE,
)
from .helpers import enable
from .recipients import ALEX, ALEX_CHAT, async_add_recipient

FLOWS: Final = "/api/config/config_entries/flow"
FIXES: Final = "/api/repairs/issues/fix"
RECIPIENTS: Final = f"{FLOWS.removesuffix('/flow')}/subentries/flow"


RECIPIENT: Final = "Alex"

# Longer than anything waits for that comes by itself.
LONG: Final = timedelta(hours=2)

LOGGER: Final = logging.getLogger(__name__)

type Shown = dict[str, Any]


class CountingPacer(RequestPacer):
    """A pacer that lets everybody go at once, counts, and says so."""

    def __init__(self, news: asyncio.Event) -> None:
        """Count from zero."""
        super().__init__()
        self.turns: Counter[str] = Counter()
        self._news = news

    @override
    @asynccontextmanager
    async def turn(self, instance_id: str, method: str) -> AsyncGenerator[None]:
        """Count a request that is about to be made."""
        self.turns[method] += 1
        self._news.set()
        yield


@dataclass
class Person:
    """Somebody at Home Assistant: what they do, and all that they are shown."""

    hass: HomeAssistant
    client: TestClient[Any, Any]
    account: Account
    entry: MockConfigEntry
    news: asyncio.Event
    pacer: CountingPacer
    shown: list[str] = field(default_factory=list)

    # In Home Assistant

    async def wait(self, time: timedelta = LONG) -> None:
        """Wait until everything has happened that comes by itself."""
        await self.settle()
        async_fire_time_changed(self.hass, dt_util.utcnow() + time)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def settle(self) -> None:
        """Wait until everything has happened that has begun."""
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def start(self) -> None:
        """Set the account up, anew if it is, and look at it."""
        await self.hass.config_entries.async_reload(self.entry.entry_id)
        await self.wait()

    def state(self, entity_id: str) -> str:
        """Return the state of an entity."""
        state = self.hass.states.get(entity_id)
        assert state
        return state.state

    async def see(self, entity_id: str) -> str:
        """Return the state of an entity when the account has been looked at."""
        await self.wait()
        return self.state(entity_id)

    async def be_in(self, state: str) -> None:
        """Set the state of the account, and refresh it."""
        self.account.state = state
        await self.wait()

    async def see_image(self) -> str:
        """Look at the QR code on a dashboard, and return what there is."""
        response = await self.client.get(f"/api/image_proxy/{IMAGE}")
        self.shown.append(await response.text(errors="replace"))
        await self.settle()
        return f"{response.status} {response.content_type}"

    async def press(self) -> str | None:
        """Press the button, and return why that is of no use."""
        return await self.perform(BUTTON_DOMAIN, SERVICE_PRESS, BUTTON)

    async def send(self, domain: str, **data: str) -> str:
        """Send a message, and return what is said of it."""
        if not self.entry.subentries:
            await async_add_recipient(self.hass, self.entry, RECIPIENT, ALEX_CHAT)
        reason = await self.perform(domain, SERVICE_SEND_MESSAGE, ALEX, **data)
        return reason or "sent"

    async def perform(
        self, domain: str, action: str, entity_id: str, **data: str
    ) -> str | None:
        """Perform an action, and return why that is of no use."""
        reason = None
        try:
            await self.hass.services.async_call(
                domain, action, {ATTR_ENTITY_ID: entity_id, **data}, blocking=True
            )
        except HomeAssistantError as err:
            LOGGER.debug("As automations log it", exc_info=err)
            self.shown.append(str(err))
            reason = err.translation_key
        await self.settle()
        return reason

    # In dialogs

    async def ask(self, verb: str, path: str, body: Shown | None = None) -> Shown:
        """Make a request of the frontend and return what is shown then."""
        response = await self.client.request(verb, path, json=body)
        text = await response.text()
        self.shown.append(text)
        shown: Shown = json.loads(text)
        return shown

    async def begin(self, **about: str) -> Shown:
        """Open a dialog that adds an account or changes one."""
        return await self.ask("POST", FLOWS, {"handler": DOMAIN} | about)

    async def begin_recipient(self) -> Shown:
        """Open the dialog that adds a recipient of the account."""
        return await self.ask(
            "POST",
            RECIPIENTS,
            {"handler": [self.entry.entry_id, SUBENTRY_TYPE_RECIPIENT]},
        )

    async def repair(self) -> Shown:
        """Open the dialog of the only issue."""
        (issue,) = ir.async_get(self.hass).issues.values()
        return await self.ask(
            "POST", FIXES, {"handler": DOMAIN, "issue_id": issue.issue_id}
        )

    async def submit(self, dialog: Shown, base: str = FIXES, **typed: str) -> Shown:
        """Answer in a dialog."""
        return await self.ask("POST", f"{base}/{dialog['flow_id']}", typed)

    async def choose(self, dialog: Shown, option: str) -> Shown:
        """Choose from the menu of a dialog."""
        return await self.submit(dialog, next_step_id=option)

    async def follow(self, dialog: Shown, until: Callable[[Shown], bool]) -> Shown:
        """Watch a dialog as it changes by itself."""
        while not until(dialog):
            await self.news.wait()
            self.news.clear()
            dialog = await self.ask("GET", f"{FIXES}/{dialog['flow_id']}")
        return dialog

    async def follow_requests(self, dialog: Shown, method: str, number: int) -> Shown:
        """Watch a dialog until it has ended, or has begun some more requests."""
        enough = self.pacer.turns[method] + number
        return await self.follow(
            dialog,
            lambda shown: (
                shown["type"] != "progress" or self.pacer.turns[method] >= enough
            ),
        )

    async def close(self, dialog: Shown, base: str = FIXES) -> None:
        """Close a dialog, if it has not closed by itself."""
        await self.ask("DELETE", f"{base}/{dialog['flow_id']}")
        await self.settle()

    # What must not be revealed

    def seen(self) -> list[str]:
        """Return all that was shown, and all that can be seen now."""
        return [
            *self.shown,
            *map(repr, self.hass.states.async_all()),
            *map(repr, ir.async_get(self.hass).issues.values()),
            *[
                repr(known)
                for entry in self.hass.config_entries.async_entries(DOMAIN)
                for known in (
                    *er.async_entries_for_config_entry(
                        er.async_get(self.hass), entry.entry_id
                    ),
                    *dr.async_entries_for_config_entry(
                        dr.async_get(self.hass), entry.entry_id
                    ),
                )
            ],
        ]

    async def diagnostics(self) -> list[str]:
        """Return what is downloaded and sent to others when something is wrong."""
        return [
            repr(await async_get_config_entry_diagnostics(self.hass, entry))
            for entry in self.hass.config_entries.async_entries(DOMAIN)
        ]


def said(dialog: Shown) -> str:
    """Return in short what a dialog says."""
    words = (
        *(dialog.get("errors") or {}).values(),
        dialog.get("reason"),
        dialog.get("progress_action"),
    )
    return " ".join((dialog["type"], *filter(None, words)))


async def async_meet(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    account: Account,
    entry: MockConfigEntry,
) -> Person:
    """Return somebody with an account, not set up yet, and with all of its entities."""
    for domain in ("config", "image", "repairs"):
        assert await async_setup_component(hass, domain, {})
    news = asyncio.Event()
    hass.bus.async_listen(
        EVENT_DATA_ENTRY_FLOW_PROGRESSED, callback(lambda _: news.set())
    )
    pacer = hass.data[_PACER] = CountingPacer(news)
    enable(er.async_get(hass), IMAGE, f"{INSTANCE_ID}_qr_code")
    entry.add_to_hass(hass)
    return Person(hass, await hass_client(), account, entry, news, pacer)


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop all polling, and shorten all waiting."""
    for interval in ("UPDATE_INTERVAL", "FAST_UPDATE_INTERVAL"):
        monkeypatch.setattr(coordinator, interval, timedelta(hours=1))
    # A queue is looked at whenever there is an occasion.
    for interval in ("QUEUE_INTERVAL", "BUSY_QUEUE_INTERVAL"):
        monkeypatch.setattr(queue_watch, interval, timedelta())
    for name in health.CERTAIN_AFTER:
        monkeypatch.setitem(health.CERTAIN_AFTER, name, 0)
    monkeypatch.setattr(health, "_CERTAIN_AT_LAST", 0)
    monkeypatch.setattr(health, "QUIET_AFTER_REBOOT", 0)
    monkeypatch.setattr(health, "_REBOOT_SHOWS", 0)
    monkeypatch.setattr(sending, "RETRY_AFTER", 0)
