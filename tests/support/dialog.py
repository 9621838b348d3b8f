"""A dialog of the frontend that shows a flow, and follows it as it changes."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
import threading
import time
from typing import Any, Final

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
)

from custom_components.green_api.const import CONSOLE_URL, DOMAIN
from homeassistant.config_entries import ConfigEntry, ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import EVENT_DATA_ENTRY_FLOW_PROGRESSED
from tests.simulator import Fault

FLOWS: Final = "/api/config/config_entries/flow"
FIXES: Final = "/api/repairs/issues/fix"

NAME: Final = "GREEN-API 1101000001"
PLACEHOLDERS: Final = {
    "name": NAME,
    "console_url": CONSOLE_URL,
    "messenger": "WhatsApp",
    "minutes": "2",
    "waiting": "",
}
"""What the texts about an account that is logged out have in their gaps."""

MOMENT: Final = 0.005
"""Seconds of real time that answers take at most, if they wait for nothing."""

PHONE: Final = "+44 7700 900123"

# What can go wrong with a request, and the word for it.
FAILURES: Final = [
    (Fault.BAD_GATEWAY, "cannot_connect"),
    (Fault.BAD_REQUEST, "bad_response"),
    (Fault.DELETED, "deleted"),
    (Fault.EXPIRED_TEXT, "expired"),
    (Fault.FORBIDDEN_HTML, "wrong_address"),
    (Fault.NOT_JSON, "bad_response"),
    (Fault.RATE_LIMITED, "rate_limited"),
    (Fault.RESET_BEFORE_HEADERS, "cannot_connect"),
    (Fault.STARTING, "starting"),
    (Fault.UNAUTHORIZED, "invalid_auth"),
]

# Faults with the token in what the server says, or in what aiohttp makes of it.
LEAKY: Final = [
    Fault.BAD_REQUEST,
    Fault.HUGE_HEADER,
    Fault.NOT_HTTP,
    Fault.REDIRECT_OTHER_HOST,
    Fault.RESET_AFTER_HEADERS,
    Fault.RESET_BEFORE_HEADERS,
    Fault.TRUNCATED_BODY,
    Fault.UNAUTHORIZED,
]

type Shown = dict[str, Any]


async def async_let_pass(
    freezer: FrozenDateTimeFactory, seconds: float, step: float = 0.5
) -> None:
    """Move time slowly enough for requests to be answered meanwhile."""
    for _ in range(round(seconds / step)):
        freezer.tick(step)
        for _ in range(20):
            await asyncio.sleep(0)


class Dialog:
    """A dialog: it shows a flow, and looks again when it is notified.

    It lives in the repairs, until it goes on with a flow of config entries.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        freezer: FrozenDateTimeFactory,
        client: TestClient[Any, Any],
    ) -> None:
        """Listen to what Home Assistant announces."""
        self.shown: Shown = {}
        self.all_shown: list[Shown] = []
        self._base = FIXES
        self._freezer = freezer
        self._client = client
        self._announced = async_capture_events(hass, EVENT_DATA_ENTRY_FLOW_PROGRESSED)
        self._followed = 0

    @property
    def url(self) -> str:
        """The address of the flow."""
        return f"{self._base}/{self.shown['flow_id']}"

    @property
    def announced(self) -> int:
        """How often Home Assistant has said that there may be something new to show."""
        flow_ids = [event.data["flow_id"] for event in self._announced]
        return flow_ids.count(self.shown["flow_id"])

    async def open(self, issue_id: str) -> Shown:
        """Open the dialog of an issue."""
        return await self._start(FIXES, issue_id=issue_id)

    async def add(self) -> Shown:
        """Open the dialog that adds an account."""
        return await self._start(FLOWS)

    async def reconfigure(self, entry_id: str) -> Shown:
        """Open the dialog that reconfigures an account."""
        return await self._start(FLOWS, entry_id=entry_id)

    async def go_on(self) -> Shown:
        """Continue with the flow that follows the one that has ended."""
        kind, flow_id = self.shown["next_flow"]
        assert kind == "config_flow"
        self._base = FLOWS
        self.shown = {"flow_id": flow_id}
        return await self.look()

    async def choose(self, step_id: str) -> Shown:
        """Choose from a menu."""
        return await self.submit(next_step_id=step_id)

    async def submit(self, **user_input: str) -> Shown:
        """Submit what is asked for."""
        return await self._show(self._client.post(self.url, json=user_input))

    async def look(self) -> Shown:
        """Look at what there is to show."""
        return await self._show(self._client.get(self.url))

    async def wait(self) -> None:
        """Wait until there may be something new to show, for ten minutes at most."""
        for _ in range(1200):
            if self.announced > self._followed:
                break
            await async_let_pass(self._freezer, 0.5)
        assert self.announced > self._followed
        self._followed = self.announced

    async def follow(self) -> Shown:
        """Look whenever there may be something new to show, until there is."""
        before = self.shown
        while self.shown == before:
            await self.wait()
            await self.look()
        return self.shown

    async def follow_to_end(self) -> Shown:
        """Follow until it is no longer a progress that is shown."""
        while (await self.follow())["type"] == "progress":
            pass
        return self.shown

    async def sleep(self, seconds: float) -> None:
        """Sleep in the background, and miss what is announced meanwhile."""
        await async_let_pass(self._freezer, seconds)
        self._followed = self.announced

    async def stay_open(self, seconds: float) -> Shown:
        """Stay open for some time, and look whenever there may be something new."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await async_let_pass(self._freezer, 0.5)
            if self.announced > self._followed:
                self._followed = self.announced
                await self.look()
        return self.shown

    async def close(self) -> None:
        """Close the dialog."""
        response = await self._client.delete(self.url)
        assert response.status == HTTPStatus.OK

    async def is_over(self) -> bool:
        """Return whether there is nothing more to show."""
        response = await self._client.get(self.url)
        return response.status == HTTPStatus.NOT_FOUND

    async def _start(self, base: str, **about: str) -> Shown:
        """Start a flow."""
        self._base = base
        return await self._show(
            self._client.post(base, json={"handler": DOMAIN, **about})
        )

    async def _show(self, request: Awaitable[ClientResponse]) -> Shown:
        """Show what Home Assistant answers; time does not stand still meanwhile.

        It moves only when there is no answer for a moment of real time, which threads
        may need, such as those that import modules.
        """
        asking = asyncio.ensure_future(request)
        answered = threading.Event()
        asking.add_done_callback(lambda _: answered.set())
        while not await asyncio.to_thread(answered.wait, MOMENT):
            await async_let_pass(self._freezer, 0.5)
        response = asking.result()
        assert response.status == HTTPStatus.OK
        self.shown = await response.json()
        self.all_shown.append(self.shown)
        return self.shown


def reason_of_abort(shown: Shown) -> str:
    """Return why a flow has ended without a result."""
    assert shown["type"] == "abort"
    reason: str = shown["reason"]
    return reason


def step_of(shown: Shown) -> tuple[str, str]:
    """Return what a dialog shows, and in which step."""
    return shown["type"], shown["step_id"]


async def async_remove(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Remove a config entry."""
    await hass.config_entries.async_remove(entry.entry_id)


async def async_disable(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Disable a config entry."""
    await hass.config_entries.async_set_disabled_by(
        entry.entry_id, ConfigEntryDisabler.USER
    )


type End = Callable[[HomeAssistant, ConfigEntry], Awaitable[None]]

at_every_end: Final = pytest.mark.parametrize("end", [async_disable, async_remove])
