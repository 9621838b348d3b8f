"""Fifty messages to five recipients of a real Home Assistant, each accounted for.

Every step sends to all five, while the entry is reloaded, Home Assistant is restarted
or killed, and the server hangs. The outcome of each message is known to its sender: it
was accepted once, or there was an error. The one exception is an entity that is just
being reloaded: `notify.send_message` skips it, and Home Assistant logs a warning.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from aiohttp.web import StreamResponse
import pytest

from tests.simulator import Account, Fault, Simulator
from tests.simulator.account import Request
from tests.simulator.contacts import Contact
from tests.simulator.faults import Exchange, respond
from tests.support.request_interceptor import RequestInterceptor, chat_of, rate_limit

from .client import RequestRefusedError
from .configuration import DOMAIN
from .home_assistant import HomeAssistantProcess
from .scenario import Scenario, Token, add_recipient, wait_until

pytestmark = pytest.mark.long(240)

NAMES: Final = ("one", "two", "three", "four", "five")
CHATS: Final = {name: f"7900123450{number}@c.us" for number, name in enumerate(NAMES)}
ACTIONS: Final = ("notify.send_message", f"{DOMAIN}.send_message")

# Seconds for which an answer is not requested again, and a margin.
STATE_EXPIRES_AFTER: Final = 11

ACCEPTED, DOUBTFUL, HUNG_UP = "accepted", "doubtful", "hung up"
SKIPPED = "skipped"


@dataclass
class ServerBehavior:
    """How the server handles messages, and which ones it has accepted."""

    account: Account
    hanging_chats: set[str] = field(default_factory=set)
    delay: float = 0

    async def intercept(self, exchange: Exchange) -> StreamResponse | None:
        """Delay the response to a message, or hang for some chats."""
        if exchange.method.name == "sendMessage":
            await asyncio.sleep(self.delay)
            if chat_of(exchange) in self.hanging_chats:
                return await respond(Fault.HANG, exchange)
        return None

    def accepted(self, text: str) -> list[str]:
        """Return the IDs of the chats for which a text was accepted."""
        return [
            f"{message.body['chatId']}"
            for message in self.account.messages
            if message.body.get("message") == text
        ]


@dataclass
class Sender:
    """Sends messages and records the outcome of each."""

    scenario: Scenario
    server: ServerBehavior
    interceptor: RequestInterceptor
    outcomes: dict[tuple[str, str], str] = field(default_factory=dict)

    async def send(self, name: str, text: str) -> None:
        """Send a message, alternating between the actions."""
        action = ACTIONS[len(self.outcomes) % len(ACTIONS)]
        self.outcomes[name, text] = "nothing"
        try:
            await self.scenario.client.perform_action(
                action, f"notify.{name}", message=text
            )
        except RequestRefusedError as err:
            is_doubtful = "may or may not have been sent" in err.response
            self.outcomes[name, text] = DOUBTFUL if is_doubtful else err.response
        except ConnectionError:
            self.outcomes[name, text] = HUNG_UP
        else:
            self.outcomes[name, text] = ACCEPTED

    async def send_to_all(self, text: str) -> dict[str, str]:
        """Send to all recipients at once and return the outcomes by name."""
        await asyncio.gather(*(self.send(name, text) for name in NAMES))
        return {name: self.outcomes[name, text] for name in NAMES}

    async def let_state_expire(self) -> None:
        """Wait until the last response about the state is too old to rely on."""
        asked = -1
        while self.states_asked != asked:
            asked = self.states_asked
            await asyncio.sleep(STATE_EXPIRES_AFTER)

    @property
    def states_asked(self) -> int:
        """Return how often this step has requested the state."""
        return [it.method for it in self.requests].count("getStateInstance")

    def mark_skipped(self, text: str) -> None:
        """Mark the messages for which Home Assistant logged that it skipped the entity.

        Only its own action skips entities. That of the integration waits for them.
        """
        log = self.scenario.home_assistant.log()
        for name in NAMES:
            if f"Referenced entities notify.{name} are missing" in log:
                assert self.outcomes[name, text] == ACCEPTED
                self.outcomes[name, text] = SKIPPED

    @property
    def requests(self) -> list[Request]:
        """Return the requests of this step."""
        return self.server.account.requests

    def wrong_outcomes(self) -> dict[tuple[str, str], str]:
        """Return the outcomes that differ from what the server has accepted."""
        return {
            (name, text): outcome
            for (name, text), outcome in self.outcomes.items()
            if self.server.accepted(text).count(CHATS[name])
            not in {ACCEPTED: {1}, DOUBTFUL: {0, 1}, HUNG_UP: {0, 1}}.get(outcome, {0})
        }


type Step = Callable[[Sender], Awaitable[None]]


async def send_normally(sender: Sender) -> None:
    """Send while everything works."""
    assert set((await sender.send_to_all("All is well")).values()) == {ACCEPTED}


async def send_while_reloading(sender: Sender) -> None:
    """Send while the entry is reloaded repeatedly."""
    entry = await sender.scenario.entry(sender.server.account)
    is_over = False

    async def reload_repeatedly() -> None:
        while not is_over:
            await sender.scenario.client.reload_entry(entry["entry_id"])

    reloads = asyncio.create_task(reload_repeatedly())
    await asyncio.sleep(0.3)
    await sender.send_to_all("Reloading")
    is_over = True
    await reloads
    sender.mark_skipped("Reloading")
    assert ACCEPTED in [sender.outcomes[name, "Reloading"] for name in NAMES]


async def send_while_state_hangs(sender: Sender) -> None:
    """Send while the request for the state hangs."""
    await sender.let_state_expire()
    sender.server.account.faults["getStateInstance"] = Fault.HANG
    outcomes = await sender.send_to_all("The state hangs")
    sender.server.account.faults.clear()
    assert set(outcomes.values()) == {ACCEPTED}


async def send_while_one_message_hangs(sender: Sender) -> None:
    """Send while the server does not answer messages to one recipient."""
    sender.server.hanging_chats.add(CHATS["two"])
    outcomes = await sender.send_to_all("A message hangs")
    sender.server.hanging_chats.clear()
    assert outcomes == {**dict.fromkeys(NAMES, ACCEPTED), "two": DOUBTFUL}


async def send_while_rate_limited(sender: Sender) -> None:
    """Send while the server asks to wait for some seconds."""
    sender.interceptor.intercept(
        sender.server.account.instance_id, rate_limit("sendMessage", 3)
    )
    outcomes = await sender.send_to_all("The server is busy")
    assert set(outcomes.values()) == {ACCEPTED}


async def send_while_logged_out(sender: Sender) -> None:
    """Send while the account is logged out, and after it is linked again."""
    await sender.let_state_expire()
    sender.server.account.state = "notAuthorized"
    outcomes = await sender.send_to_all("Logged out")
    assert all("isn't linked" in it for it in outcomes.values())
    sender.server.account.state = "authorized"
    assert set((await sender.send_to_all("Linked")).values()) == {ACCEPTED}


async def send_while_stopping(sender: Sender) -> None:
    """Send while Home Assistant stops cleanly, and directly after it has started."""
    sender.server.delay = 1
    sending = asyncio.create_task(sender.send_to_all("Stopping"))
    await wait_until(lambda: any(it.method == "sendMessage" for it in sender.requests))
    await sender.scenario.home_assistant.stop()
    await sending
    sender.server.delay = 0
    sender.server.account.faults["getStateInstance"] = Fault.HANG
    await sender.scenario.home_assistant.start()
    outcomes = await sender.send_to_all("Started while the state hangs")
    sender.server.account.faults.clear()
    assert set(outcomes.values()) == {ACCEPTED}


async def send_while_killed(sender: Sender) -> None:
    """Send while Home Assistant is killed, and directly after it has started."""
    sender.server.delay = 1
    sending = asyncio.create_task(sender.send_to_all("Killed"))
    await wait_until(lambda: any(it.method == "sendMessage" for it in sender.requests))
    await sender.scenario.home_assistant.kill()
    assert set((await sending).values()) == {HUNG_UP}
    sender.server.delay = 0
    await sender.scenario.home_assistant.start()
    assert set((await sender.send_to_all("Started again")).values()) == {ACCEPTED}


STEPS: Final[tuple[Step, ...]] = (
    send_normally,
    send_while_reloading,
    send_while_state_hangs,
    send_while_one_message_hangs,
    send_while_rate_limited,
    send_while_logged_out,
    send_while_stopping,
    send_while_killed,
)


async def set_up(scenario: Scenario) -> None:
    """Add an account with five recipients."""
    flow = await scenario.client.start_flow(DOMAIN)
    step = await flow.submit(**scenario.values(scenario.account, Token.FIRST))
    assert step["type"] == "create_entry"
    await scenario.expect(scenario.account, "state", "authorized")
    entry = await scenario.entry(scenario.account)
    for name in NAMES:
        await add_recipient(scenario.client, entry["entry_id"], CHATS[name], name)


async def test_fifty_messages(
    home_assistant: HomeAssistantProcess,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each message is accepted once, or there is an error."""
    account = simulator.add_account("1101000001", Token.FIRST)
    account.contacts = tuple(Contact(CHATS[it], it, it) for it in NAMES)
    scenario = Scenario(home_assistant, simulator, account=account, other=account)
    await set_up(scenario)
    server, interceptor = ServerBehavior(account), RequestInterceptor(monkeypatch)
    interceptor.intercept(account.instance_id, server.intercept)
    sender = Sender(scenario, server, interceptor)

    for step in STEPS:
        account.requests.clear()
        await step(sender)
        assert sender.wrong_outcomes() == {}
    assert len(sender.outcomes) >= 50
    await scenario.stop_and_check()
