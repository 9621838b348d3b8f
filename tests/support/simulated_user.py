"""A simulated user of Home Assistant: their actions, and everything shown to them."""

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

from custom_components.green_api import coordinator, follow_ups
from custom_components.green_api.api import RequestPacer
from custom_components.green_api.api.methods import Method
from custom_components.green_api.const import DOMAIN, SUBENTRY_TYPE_RECIPIENT
from custom_components.green_api.decisions import health
from custom_components.green_api.diagnostics import async_get_config_entry_diagnostics
from custom_components.green_api.sending import sender as sending
from custom_components.green_api.session import _PACER
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
from .dialog import action_of, is_waiting
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

# Longer than all timers.
LONGER_THAN_TIMERS: Final = timedelta(hours=2)

LOGGER: Final = logging.getLogger(__name__)

type FlowResponse = dict[str, Any]


class CountingPacer(RequestPacer):
    """A pacer that does not delay requests, counts them, and sets an event."""

    def __init__(self, flow_progressed: asyncio.Event) -> None:
        """Initialize the counts."""
        super().__init__()
        self.request_counts: Counter[str] = Counter()
        self._flow_progressed = flow_progressed

    @override
    @asynccontextmanager
    async def turn(self, instance_id: str, method: Method) -> AsyncGenerator[None]:
        """Count a request."""
        self.request_counts[method.name] += 1
        self._flow_progressed.set()
        yield


@dataclass
class SimulatedUser:
    """A user with an account: their actions, and everything shown to them."""

    hass: HomeAssistant
    client: TestClient[Any, Any]
    account: Account
    entry: MockConfigEntry
    flow_progressed: asyncio.Event
    pacer: CountingPacer
    shown: list[str] = field(default_factory=list)

    # In Home Assistant

    async def wait(self, time: timedelta = LONGER_THAN_TIMERS) -> None:
        """Advance the time beyond all timers, and wait until they have run."""
        await self.settle()
        async_fire_time_changed(self.hass, dt_util.utcnow() + time)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def settle(self) -> None:
        """Wait until everything that has started is done."""
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def start(self) -> None:
        """Set up or reload the account, and poll it."""
        await self.hass.config_entries.async_reload(self.entry.entry_id)
        await self.wait()

    def state(self, entity_id: str) -> str:
        """Return the state of an entity."""
        state = self.hass.states.get(entity_id)
        assert state
        return state.state

    async def refreshed_state(self, entity_id: str) -> str:
        """Return the state of an entity after a poll."""
        await self.wait()
        return self.state(entity_id)

    async def set_account_state(self, state: str) -> None:
        """Set the state of the account, and poll it."""
        self.account.state = state
        await self.wait()

    async def fetch_image(self) -> str:
        """Fetch the QR code image, and return the status and the content type."""
        response = await self.client.get(f"/api/image_proxy/{IMAGE}")
        self.shown.append(await response.text(errors="replace"))
        await self.settle()
        return f"{response.status} {response.content_type}"

    async def press(self) -> str | None:
        """Press the button, and return the key of the error, if any."""
        return await self.perform(BUTTON_DOMAIN, SERVICE_PRESS, BUTTON)

    async def send(self, domain: str, **data: str) -> str:
        """Send a message, and return "sent" or the key of the error."""
        if not self.entry.subentries:
            await async_add_recipient(self.hass, self.entry, RECIPIENT, ALEX_CHAT)
        reason = await self.perform(domain, SERVICE_SEND_MESSAGE, ALEX, **data)
        return reason or "sent"

    async def perform(
        self, domain: str, action: str, entity_id: str, **data: str
    ) -> str | None:
        """Perform an action, and return the key of the error, if any."""
        reason = None
        try:
            await self.hass.services.async_call(
                domain, action, {ATTR_ENTITY_ID: entity_id, **data}, blocking=True
            )
        except HomeAssistantError as err:
            LOGGER.debug("Logged like in automations", exc_info=err)
            self.shown.append(str(err))
            reason = err.translation_key
        await self.settle()
        return reason

    # In dialogs

    async def request_json(
        self, verb: str, path: str, body: FlowResponse | None = None
    ) -> FlowResponse:
        """Make a request of the frontend, and record and return the response."""
        response = await self.client.request(verb, path, json=body)
        text = await response.text()
        self.shown.append(text)
        shown: FlowResponse = json.loads(text)
        return shown

    async def start_flow(self, **data: str) -> FlowResponse:
        """Open a dialog that adds or reconfigures an account."""
        return await self.request_json("POST", FLOWS, {"handler": DOMAIN} | data)

    async def start_recipient_flow(self) -> FlowResponse:
        """Open the dialog that adds a recipient."""
        return await self.request_json(
            "POST",
            RECIPIENTS,
            {"handler": [self.entry.entry_id, SUBENTRY_TYPE_RECIPIENT]},
        )

    async def start_fix_flow(self) -> FlowResponse:
        """Open the dialog of the only repair issue."""
        (issue,) = ir.async_get(self.hass).issues.values()
        return await self.request_json(
            "POST", FIXES, {"handler": DOMAIN, "issue_id": issue.issue_id}
        )

    async def submit(
        self, dialog: FlowResponse, base: str = FIXES, **user_input: object
    ) -> FlowResponse:
        """Submit a step of a dialog."""
        return await self.request_json(
            "POST", f"{base}/{dialog['flow_id']}", user_input
        )

    async def select_option(self, dialog: FlowResponse, option: str) -> FlowResponse:
        """Select an option of a menu."""
        return await self.submit(dialog, next_step_id=option)

    async def poll_until(
        self, dialog: FlowResponse, until: Callable[[FlowResponse], bool]
    ) -> FlowResponse:
        """Refresh a dialog at each event until a condition holds."""
        while not until(dialog):
            await self.flow_progressed.wait()
            self.flow_progressed.clear()
            dialog = await self.request_json("GET", f"{FIXES}/{dialog['flow_id']}")
        return dialog

    async def poll_until_requests(
        self, dialog: FlowResponse, method: str, number: int
    ) -> FlowResponse:
        """Refresh a dialog until it ends or has made some more requests."""
        enough = self.pacer.request_counts[method] + number
        return await self.poll_until(
            dialog,
            lambda shown: (
                not is_waiting(shown) or self.pacer.request_counts[method] >= enough
            ),
        )

    async def close(self, dialog: FlowResponse, base: str = FIXES) -> None:
        """Close a dialog, unless it has already ended."""
        await self.request_json("DELETE", f"{base}/{dialog['flow_id']}")
        await self.settle()

    # Everything that is shown

    def all_shown(self) -> list[str]:
        """Return everything that was shown, and all states, issues and registries."""
        return [
            *self.shown,
            *map(repr, self.hass.states.async_all()),
            *map(repr, ir.async_get(self.hass).issues.values()),
            *[
                repr(registered)
                for entry in self.hass.config_entries.async_entries(DOMAIN)
                for registered in (
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
        """Return the diagnostics of all entries."""
        return [
            repr(await async_get_config_entry_diagnostics(self.hass, entry))
            for entry in self.hass.config_entries.async_entries(DOMAIN)
        ]


def summary_of(dialog: FlowResponse) -> str:
    """Return the type, errors, abort reason and progress action of a dialog."""
    words = (
        *(dialog.get("errors") or {}).values(),
        dialog.get("reason"),
        action_of(dialog) if is_waiting(dialog) else None,
    )
    return " ".join((dialog["type"], *filter(None, words)))


async def async_create_user(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    account: Account,
    entry: MockConfigEntry,
) -> SimulatedUser:
    """Return a user of an account that is not set up yet, with all its entities."""
    for domain in ("config", "image", "repairs"):
        assert await async_setup_component(hass, domain, {})
    flow_progressed = asyncio.Event()
    hass.bus.async_listen(
        EVENT_DATA_ENTRY_FLOW_PROGRESSED, callback(lambda _: flow_progressed.set())
    )
    pacer = hass.data[_PACER] = CountingPacer(flow_progressed)
    enable(er.async_get(hass), IMAGE, f"{INSTANCE_ID}_qr_code")
    entry.add_to_hass(hass)
    return SimulatedUser(
        hass, await hass_client(), account, entry, flow_progressed, pacer
    )


def shorten_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable polling, and remove all waits."""
    for interval in ("UPDATE_INTERVAL", "FAST_UPDATE_INTERVAL"):
        monkeypatch.setattr(coordinator, interval, timedelta(hours=1))
    # The queue is checked with every poll.
    for interval in ("QUEUE_INTERVAL", "BUSY_QUEUE_INTERVAL"):
        monkeypatch.setattr(follow_ups, interval, timedelta())
    for name in health.CERTAIN_AFTER:
        monkeypatch.setitem(health.CERTAIN_AFTER, name, 0)
    monkeypatch.setattr(health, "_CERTAIN_AT_LAST", 0)
    monkeypatch.setattr(health, "QUIET_AFTER_REBOOT", 0)
    monkeypatch.setattr(health, "_REBOOT_SHOWS", 0)
    monkeypatch.setattr(sending, "RETRY_AFTER", 0)
