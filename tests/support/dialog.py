"""A dialog of the frontend that shows a flow and follows its changes."""

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
"""The placeholders of the texts about an account that is logged out."""

LONGEST_ANSWER: Final = 0.005
"""The longest response time, in seconds of real time, without waiting."""

PHONE: Final = "+44 7700 900123"

# The faults of a request, and the keys of their errors.
FAULTS_AND_ERRORS: Final = [
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

# Faults with the token in the response, or in aiohttp's exception.
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

type FlowResponse = dict[str, Any]


async def async_advance_slowly(
    freezer: FrozenDateTimeFactory, seconds: float, step: float = 0.5
) -> None:
    """Advance the time, in seconds, slowly enough to complete requests meanwhile."""
    for _ in range(round(seconds / step)):
        freezer.tick(step)
        for _ in range(20):
            await asyncio.sleep(0)


class Dialog:
    """A dialog that shows a flow, and refreshes it when it is notified.

    It starts with a repair flow or a config flow, and may continue with a config flow.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        freezer: FrozenDateTimeFactory,
        client: TestClient[Any, Any],
    ) -> None:
        """Initialize the dialog and listen to progress events."""
        self.shown: FlowResponse = {}
        self.all_shown: list[FlowResponse] = []
        self.headers: dict[str, str] = {}
        self._base = FIXES
        self._freezer = freezer
        self._client = client
        self._progress_events = async_capture_events(
            hass, EVENT_DATA_ENTRY_FLOW_PROGRESSED
        )
        self._followed = 0

    @property
    def url(self) -> str:
        """The address of the flow."""
        return f"{self._base}/{self.shown['flow_id']}"

    @property
    def progress_events(self) -> int:
        """The number of progress events of the flow."""
        flow_ids = [event.data["flow_id"] for event in self._progress_events]
        return flow_ids.count(self.shown["flow_id"])

    async def open(self, issue_id: str) -> FlowResponse:
        """Open the dialog of a repair issue."""
        return await self._start(FIXES, issue_id=issue_id)

    async def add(self) -> FlowResponse:
        """Open the dialog that adds an account."""
        return await self._start(FLOWS)

    async def reconfigure(self, entry_id: str) -> FlowResponse:
        """Open the dialog that reconfigures an account."""
        return await self._start(FLOWS, entry_id=entry_id)

    async def continue_with_next_flow(self) -> FlowResponse:
        """Continue with the flow that follows the one that has ended."""
        kind, flow_id = self.shown["next_flow"]
        assert kind == "config_flow"
        self._base = FLOWS
        self.shown = {"flow_id": flow_id}
        return await self.refresh()

    async def select_option(self, step_id: str) -> FlowResponse:
        """Select a menu option."""
        return await self.submit(next_step_id=step_id)

    async def submit(self, **user_input: str) -> FlowResponse:
        """Submit a form."""
        return await self._show(
            self._client.post(self.url, json=user_input, headers=self.headers)
        )

    async def refresh(self) -> FlowResponse:
        """Fetch the current step."""
        return await self._show(self._client.get(self.url, headers=self.headers))

    async def wait(self) -> None:
        """Wait until there is a progress event, for at most 600 seconds."""
        for _ in range(1200):
            if self.progress_events > self._followed:
                break
            await async_advance_slowly(self._freezer, 0.5)
        assert self.progress_events > self._followed
        self._followed = self.progress_events

    async def follow(self) -> FlowResponse:
        """Fetch the step at each progress event until it changes."""
        before = self.shown
        while self.shown == before:
            await self.wait()
            await self.refresh()
        return self.shown

    async def follow_to_end(self) -> FlowResponse:
        """Follow until the step no longer waits for the user's phone or the server."""
        while is_waiting(await self.follow()):
            pass
        return self.shown

    async def stay_in_background(self, seconds: float) -> None:
        """Ignore progress events for some seconds, like a page in the background."""
        await async_advance_slowly(self._freezer, seconds)
        self._followed = self.progress_events

    async def stay_open(self, seconds: float) -> FlowResponse:
        """Fetch the step at each progress event for some seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await async_advance_slowly(self._freezer, 0.5)
            if self.progress_events > self._followed:
                self._followed = self.progress_events
                await self.refresh()
        return self.shown

    async def close(self) -> None:
        """Close the dialog."""
        response = await self._client.delete(self.url)
        assert response.status == HTTPStatus.OK

    async def is_finished(self) -> bool:
        """Return whether the flow no longer exists."""
        response = await self._client.get(self.url)
        return response.status == HTTPStatus.NOT_FOUND

    async def _start(self, base: str, **about: str) -> FlowResponse:
        """Start a flow."""
        self._base = base
        about["handler"] = DOMAIN
        return await self._show(
            self._client.post(base, json=about, headers=self.headers)
        )

    async def _show(self, request: Awaitable[ClientResponse]) -> FlowResponse:
        """Store and return the response; advance the time until there is one.

        The time is only advanced if there is no response within LONGEST_ANSWER seconds
        of real time, which threads may need, such as those that import modules.
        """
        asking = asyncio.ensure_future(request)
        answered = threading.Event()
        asking.add_done_callback(lambda _: answered.set())
        while not await asyncio.to_thread(answered.wait, LONGEST_ANSWER):
            await async_advance_slowly(self._freezer, 0.5)
        response = asking.result()
        assert response.status == HTTPStatus.OK
        self.shown = await response.json()
        self.all_shown.append(self.shown)
        return self.shown


def is_waiting(shown: FlowResponse) -> bool:
    """Return whether a step is a progress, or a menu below a QR code."""
    placeholders = shown.get("description_placeholders") or {}
    return shown["type"] == "progress" or "qr_code" in placeholders


def action_of(shown: FlowResponse) -> str:
    """Return the action of a progress, or the step of the menu below a QR code."""
    action: str = shown.get("progress_action") or shown["step_id"]
    return action


def reason_of_abort(shown: FlowResponse) -> str:
    """Return the reason of an aborted flow."""
    assert shown["type"] == "abort"
    reason: str = shown["reason"]
    return reason


def step_of(shown: FlowResponse) -> tuple[str, str]:
    """Return the type and the ID of a step."""
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
