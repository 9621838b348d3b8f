"""An account that receives messages, under simulated time."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import logging
from types import MappingProxyType
from typing import Any, Final

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.automations.listening import ATTACHED_AFTER
from custom_components.green_api.const import (
    CONF_CHAT_ID,
    CONF_MAY_WRITE,
    CONF_RECEIVE_MESSAGES,
    SUBENTRY_TYPE_RECIPIENT,
)
from custom_components.green_api.receiving.permissions import ReceiveMode
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.trigger import (
    async_initialize_triggers,
    async_validate_trigger_config,
)
from tests.simulator import Account

from .automations import trigger
from .recipients import ALEX_CHAT, FAMILY_CHAT
from .restart import async_restarted_after
from .simulated_time import SimulatedTime

ALEX_EVENT: Final = "event.alex_received_message"
SAM: Final = "notify.sam"
SAM_CHAT: Final = "447700900124@c.us"
STRANGER: Final = "447700900199@c.us"

BESIDE: Final = ReceiveMode.BESIDE_OTHERS
ONLY: Final = ReceiveMode.ONLY_HOME_ASSISTANT
BOTH_WAYS: Final = [BESIDE, ONLY]

# Seconds within which a message is received in each way.
SOON: Final = 16

EVERYBODY: Final = {"entity_id": ["notify.alex", "notify.sam", "notify.family"]}

RECEIVING_METHODS: Final = {
    "deleteNotification",
    "lastIncomingMessages",
    "receiveNotification",
}

LOGGER: Final = logging.getLogger(__name__)

type Runs = list[dict[str, Any]]


@dataclass
class Receiving:
    """An account with Alex, who may write, Sam, who may not, and a group."""

    hass: HomeAssistant
    time: SimulatedTime
    account: Account
    entry: MockConfigEntry
    runs: Runs = field(default_factory=list)
    on_run: Callable[[], object] = lambda: None
    stop_listening: CALLBACK_TYPE = lambda: None

    async def set_up(self, mode: ReceiveMode) -> None:
        """Set up the account, and a trigger for all messages."""
        self.account.settings |= {
            "incomingWebhook": "yes",
            "pollMessageWebhook": "yes",
            "stateWebhook": "yes",
        }
        self.account.longest_wait = 5
        self.entry.add_to_hass(self.hass)
        self.hass.config_entries.async_update_entry(
            self.entry, options={CONF_RECEIVE_MESSAGES: mode}
        )
        for name, chat_id in (
            ("Alex", ALEX_CHAT),
            ("Sam", SAM_CHAT),
            ("Family", FAMILY_CHAT),
        ):
            may_write = {CONF_MAY_WRITE: True} if name == "Alex" else {}
            self.hass.config_entries.async_add_subentry(
                self.entry,
                ConfigSubentry(
                    data=MappingProxyType({CONF_CHAT_ID: chat_id, **may_write}),
                    subentry_type=SUBENTRY_TYPE_RECIPIENT,
                    title=name,
                    unique_id=chat_id,
                ),
            )
        await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.time.settle()
        await self.listen()
        await self.time.advance(1)
        self.account.requests.clear()

    async def listen(
        self, target: dict[str, Any] | None = None, **options: Any
    ) -> None:
        """Attach a trigger for received messages, in place of the one before."""
        self.stop_listening()
        runs = self.runs = []

        async def action(variables: dict[str, Any], context: Context | None) -> None:
            runs.append(variables["trigger"])
            self.on_run()

        described = trigger("message_received", target or EVERYBODY)
        described["options"] = options
        config = await async_validate_trigger_config(
            self.hass, cv.TRIGGER_SCHEMA([described])
        )
        stop = await async_initialize_triggers(
            self.hass, config, action, "test", "test", LOGGER.log
        )
        assert stop
        self.stop_listening = stop

    def subentry(self, name: str) -> ConfigSubentry:
        """Return a recipient."""
        named = {it.title: it for it in self.entry.subentries.values()}
        subentry: ConfigSubentry = named[name]
        return subentry

    def let_write(self, name: str, *, may_write: bool) -> None:
        """Let a person write, or end their permission."""
        subentry = self.subentry(name)
        data = {CONF_CHAT_ID: subentry.data[CONF_CHAT_ID]}
        self.hass.config_entries.async_update_subentry(
            self.entry,
            subentry,
            data=data | ({CONF_MAY_WRITE: True} if may_write else {}),
        )

    def choose(self, mode: ReceiveMode) -> None:
        """Choose how messages are received."""
        self.hass.config_entries.async_update_entry(
            self.entry, options={CONF_RECEIVE_MESSAGES: mode}
        )

    @property
    def diagnostics(self) -> dict[str, Any]:
        """The mode, and why it stopped."""
        receiver = self.entry.runtime_data.receiver
        return {"mode": receiver.mode, "stopped": receiver.stopped}

    def state(self, entity_id: str) -> str:
        """Return the state of an entity."""
        state = self.hass.states.get(entity_id)
        assert state
        return state.state

    def write(
        self, text: str = "Hello", sender_id: str = ALEX_CHAT, **more: Any
    ) -> str:
        """Write a message to the account, and return its ID."""
        return self.account.write(text, sender_id=sender_id, **more)

    async def heard(self, within: float = SOON) -> list[str]:
        """Return the texts of the messages that trigger within some seconds."""
        await self.time.advance(within)
        texts = [run["text"] for run in self.runs]
        self.runs.clear()
        return texts

    async def reload(self) -> None:
        """Reload the account."""
        await self.hass.config_entries.async_reload(self.entry.entry_id)
        await self.time.settle()

    @property
    def asked(self) -> list[str]:
        """The methods of receiving that were called since the last call."""
        methods = [it.method for it in self.account.requests]
        self.account.requests.clear()
        return [it for it in methods if it in RECEIVING_METHODS]

    @asynccontextmanager
    async def restarted(self, after: float = 0) -> AsyncGenerator[Receiving]:
        """Restart Home Assistant after some seconds, and yield it before its start."""
        async with async_restarted_after(
            self.hass, self.time, self.account, self.entry, after
        ) as (hass, entry):
            yield Receiving(hass, self.time, self.account, entry)

    async def started(self) -> None:
        """Start Home Assistant, and attach the trigger a moment later."""
        await self.hass.async_start()
        await self.time.advance(ATTACHED_AFTER - 1)
        await self.listen()
        await self.time.advance(2)
