"""Test messages on timelines that a table of single moments does not contain."""

import asyncio
from collections.abc import Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components import green_api as integration
from custom_components.green_api.const import DOMAIN
from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from tests.simulator import Account, Fault
from tests.support.entities import CONNECTIVITY, PROBLEM, REASON, STATE, state_of
from tests.support.helpers import all_called_methods, issue_keys
from tests.support.recipients import recipient, sent_messages
from tests.support.request_interceptor import (
    RequestInterceptor,
    delay,
    hang,
    rate_limit,
)
from tests.support.sending_reference import NORMAL_DELAY
from tests.support.simulated_time import SimulatedTime

pytestmark = [pytest.mark.long(11), pytest.mark.paced]

FILE: Final = Path(integration.__file__).parent / "brand" / "icon.png"
GET_STATE: Final = "getStateInstance"

CHATS: Final = {f"r{number}": f"790012345{number:02}@c.us" for number in range(12)}

type Tasks = list[asyncio.Task[str]]


class Sender:
    """A sender of messages that records the outcome and the time of each."""

    def __init__(
        self,
        hass: HomeAssistant,
        time: SimulatedTime,
        account: Account,
        entry: MockConfigEntry,
    ) -> None:
        """Initialize without messages."""
        self.hass = hass
        self.time = time
        self.account = account
        self.entry = entry
        self.began: dict[str, float] = {}

    def send(
        self,
        name: str,
        text: str,
        domain: str = DOMAIN,
        *,
        file: bool = False,
        **data: Any,
    ) -> asyncio.Task[str]:
        """Start sending a message."""
        self.began[text] = self.time.now
        data |= {"attachment": f"{FILE}"} if file else {}
        return asyncio.ensure_future(self._send(domain, name, text, data))

    async def results(self, *tasks: asyncio.Task[str], within: float = 60) -> list[str]:
        """Return the outcomes of messages."""
        return await self.time.result(asyncio.gather(*tasks), within)

    async def _send(
        self, domain: str, name: str, text: str, data: Mapping[str, Any]
    ) -> str:
        """Send a message, and return the outcome."""
        try:
            await self.hass.services.async_call(
                domain,
                "send_message",
                {"entity_id": f"notify.{name}", "message": text, **data},
                blocking=True,
            )
        except HomeAssistantError as err:
            return f"{err.translation_key}"
        return "sent"

    def waited(self, text: str) -> float:
        """Return the seconds from the action to the request for a message."""
        (at,) = (
            request.at
            for request in self.account.requests
            if isinstance(request.body, dict)
            and text in (request.body.get("message"), request.body.get("caption"))
        )
        return at - self.began[text]


@pytest.fixture
async def sender(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    account: Account,
    config_entry: MockConfigEntry,
) -> Sender:
    """Return a sender with an account that was authorized a second ago."""
    time = SimulatedTime(freezer, monkeypatch)
    hass.config.allowlist_external_dirs = {f"{FILE.parent}"}
    config_entry.add_to_hass(hass)
    for name, chat_id in CHATS.items():
        hass.config_entries.async_add_subentry(config_entry, recipient(name, chat_id))
    await hass.config_entries.async_setup(config_entry.entry_id)
    await time.advance(1)
    account.requests.clear()
    return Sender(hass, time, account, config_entry)


@pytest.fixture
def interceptor(monkeypatch: pytest.MonkeyPatch) -> RequestInterceptor:
    """Return a modifier of the server's responses."""
    return RequestInterceptor(monkeypatch)


# Long hangs


@pytest.mark.parametrize("seconds", [0.2, 5, 14, 20, 59, 120])
@pytest.mark.parametrize(
    ("method", "beside"), [("sendMessage", []), ("sendFileByUpload", ["r1"])]
)
async def test_hanging_messages(
    sender: Sender,
    interceptor: RequestInterceptor,
    method: str,
    beside: list[str],
    seconds: float,
) -> None:
    """Test that a message to another chat is sent however long others hang.

    So is a text to the chat for which a file hangs.
    """
    for name in ("r1", "r2", "r3"):
        interceptor.intercept(sender.account.instance_id, hang(method, CHATS[name]))
    is_file = method == "sendFileByUpload"
    others = [
        sender.send(name, f"Other {name}", file=is_file) for name in ("r1", "r2", "r3")
    ]
    await sender.time.advance(seconds)
    tasks = [
        sender.send("r4", "Text"),
        sender.send("r5", "File", file=True),
        sender.send("r6", "By notify", NOTIFY_DOMAIN),
        *(sender.send(name, "Text beside a file") for name in beside),
    ]
    assert set(await sender.results(*tasks)) == {"sent"}
    for text in sender.began.keys() - {"Other r1", "Other r2", "Other r3"}:
        assert sender.waited(text) <= NORMAL_DELAY
    assert set(await sender.results(*others, within=200)) == {"maybe_sent"}


@pytest.mark.parametrize("age", [5, 40, 200])
async def test_many_messages(
    sender: Sender, interceptor: RequestInterceptor, age: float
) -> None:
    """Test that many messages are sent in time and order while the state hangs."""
    sender.account.faults[GET_STATE] = Fault.RATE_LIMITED
    await sender.time.advance(age)
    sender.account.faults[GET_STATE] = Fault.HANG
    tasks: Tasks = []
    for number in range(60):
        tasks.append(sender.send(f"r{number % 12}", f"No. {number}"))
        await sender.time.advance(0.5)
    assert set(await sender.results(*tasks)) == {"sent"}
    assert max(map(sender.waited, sender.began)) <= NORMAL_DELAY
    for chat_id in CHATS.values():
        texts = [
            text for chat, text in sent_messages(sender.account) if chat == chat_id
        ]
        assert texts == sorted(texts, key=lambda text: int(text.removeprefix("No. ")))


@pytest.mark.parametrize("age", [0.1, 3, 8, 12, 14.9, 15.1])
async def test_hanging_poll(
    sender: Sender, interceptor: RequestInterceptor, age: float
) -> None:
    """Test that a message joins a hanging poll, however long it has been hanging."""
    await sender.time.advance(40)
    sender.account.faults[GET_STATE] = Fault.HANG
    refresh = sender.entry.runtime_data.coordinator.async_refresh
    poll = asyncio.ensure_future(refresh())
    await sender.time.advance(age)
    assert await sender.results(sender.send("r1", "Text")) == ["sent"]
    assert sender.waited("Text") <= NORMAL_DELAY
    await sender.time.result(poll, 16)


# Waits that the server asks for


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (1, {"sent"}),
        (3, {"sent"}),
        (10, {"sent"}),
        (12, {"rate_limited"}),
        (60, {"rate_limited"}),
        (3600, {"rate_limited"}),
    ],
)
@pytest.mark.parametrize(
    ("method", "is_file"), [("sendMessage", False), ("sendFileByUpload", True)]
)
async def test_retry_after(
    sender: Sender,
    interceptor: RequestInterceptor,
    method: str,
    seconds: int,
    said: set[str],
    *,
    is_file: bool,
) -> None:
    """Test that a wait applies to its method only, and a short one is waited for."""
    hass, account = sender.hass, sender.account
    interceptor.intercept(account.instance_id, rate_limit(method, seconds))
    first = sender.send("r1", "First", file=is_file)
    await sender.time.advance(0.5)
    same = [sender.send(f"r{it}", f"Same {it}", file=is_file) for it in (2, 3)]
    others = [sender.send(f"r{it}", f"Other {it}", file=not is_file) for it in (2, 3)]
    assert set(await sender.results(first, *same)) == said
    assert set(await sender.results(*others)) == {"sent"}
    assert max(sender.waited(f"Other {it}") for it in (2, 3)) <= NORMAL_DELAY
    account.requests.clear()

    await sender.time.advance(600)
    assert all_called_methods(account).count(GET_STATE) >= 9
    assert state_of(hass, CONNECTIVITY) == "on"
    await sender.time.advance(max(0, seconds - 600))
    assert await sender.results(sender.send("r1", "Again", file=is_file)) == ["sent"]


@pytest.mark.parametrize("method", ["sendMessage", "sendFileByUpload"])
async def test_order_while_server_is_busy(
    sender: Sender, interceptor: RequestInterceptor, method: str
) -> None:
    """Test that messages to one chat keep their order if the first has to wait."""
    interceptor.intercept(sender.account.instance_id, rate_limit(method, 5))
    is_file = method == "sendFileByUpload"
    tasks: Tasks = []
    for number in range(5):
        tasks.append(sender.send("r1", f"No. {number}", file=is_file))
        await sender.time.advance(0.3)
    assert set(await sender.results(*tasks)) == {"sent"}
    accepted = [
        it.body.get("message") or it.body.get("caption")
        for it in sorted(sender.account.messages, key=lambda message: message.at)
    ]
    assert accepted == [f"No. {number}" for number in range(5)]


async def test_busy_server(sender: Sender) -> None:
    """Test that a server that is still busy is tried once more, and no more."""
    sender.account.faults["sendMessage"] = Fault.RATE_LIMITED_RETRY_AFTER
    sender.account.retry_after = 5
    assert await sender.results(sender.send("r1", "Text")) == ["rate_limited"]
    assert len(sent_messages(sender.account)) == 2


# The limits of a good response


@pytest.mark.parametrize(
    ("age", "expected"), [(295, "sent"), (299, "sent"), (302, "cannot_connect")]
)
@pytest.mark.parametrize("fault", [Fault.HANG, Fault.BAD_GATEWAY])
async def test_five_minutes(
    sender: Sender, fault: Fault, age: float, expected: str
) -> None:
    """Test that a good response is valid for 5 minutes, at the time of the action."""
    sender.account.faults[GET_STATE] = Fault.RATE_LIMITED
    # A second has passed since.
    await sender.time.advance(age - 1)
    sender.account.faults[GET_STATE] = fault
    assert await sender.results(sender.send("r1", "Text")) == [expected]


@pytest.mark.parametrize("seconds", [0.5, 8, 9.9, 10.5, 30])
async def test_linked_again(sender: Sender, seconds: float) -> None:
    """Test that a message is sent however soon after a refusal linking succeeds."""
    sender.account.state = "notAuthorized"
    await sender.time.advance(20)
    assert await sender.results(sender.send("r1", "Refused")) == ["logged_out"]
    await sender.time.advance(seconds)
    sender.account.state = "authorized"
    assert await sender.results(sender.send("r1", "Text")) == ["sent"]
    assert sender.waited("Text") <= NORMAL_DELAY


async def test_logged_out_while_message_waits(
    sender: Sender, interceptor: RequestInterceptor
) -> None:
    """Test that a message that waited for its turn is decided by the current state."""
    interceptor.intercept(sender.account.instance_id, hang("sendMessage", CHATS["r1"]))
    first = sender.send("r1", "Hangs")
    await sender.time.advance(1)
    second = sender.send("r1", "Waits")
    await sender.time.advance(11)
    sender.account.state = "notAuthorized"
    assert await sender.results(first, second) == ["maybe_sent", "logged_out"]


async def test_linked_while_message_waits(
    sender: Sender, interceptor: RequestInterceptor
) -> None:
    """Test that a message that waited is not refused for a state that has ended."""
    interceptor.intercept(sender.account.instance_id, hang("sendMessage", CHATS["r1"]))
    first = sender.send("r1", "Hangs")
    await sender.time.advance(1)
    second = sender.send("r1", "Waits")
    await sender.time.advance(5)
    sender.account.state = "notAuthorized"
    # Another message makes the state known, seconds before the account is linked.
    await sender.time.advance(6)
    assert await sender.results(sender.send("r2", "Refused"), within=2) == [
        "logged_out"
    ]
    sender.account.state = "authorized"
    said = await sender.results(first, second, within=40)
    # The server does not respond to messages to this chat.
    assert said == ["maybe_sent", "maybe_sent"]


# Lasting problems


@asynccontextmanager
async def stuck_queue(sender: Sender) -> Any:
    """Make the queue of the account stop."""
    sender.account.queue = 3
    await sender.time.advance(2400)
    assert state_of(sender.hass, REASON) == "not_sending"
    yield


@pytest.mark.parametrize("domain", [NOTIFY_DOMAIN, DOMAIN])
async def test_not_sending(sender: Sender, domain: str) -> None:
    """Test that a message is refused with this error while nothing is sent."""
    async with stuck_queue(sender):
        task = sender.send("r1", "Text", domain)
        assert await sender.results(task) == ["not_sending"]
        for fault in (Fault.HANG, Fault.BAD_GATEWAY, Fault.RATE_LIMITED):
            sender.account.faults = {GET_STATE: fault}
            await sender.time.advance(11)
            task = sender.send("r1", f"{fault}", domain)
            assert await sender.results(task) == ["not_sending"]
        sender.account.faults = {"getMessagesCount": Fault.HANG}
        await sender.time.advance(60)
        task = sender.send("r1", "The queue hangs", domain)
        assert await sender.results(task) == ["not_sending"]
    assert sent_messages(sender.account) == []


@pytest.mark.parametrize("method", [GET_STATE, "getMessagesCount", "showMessagesQueue"])
@pytest.mark.parametrize("seconds", [0, 0.05, 0.15, 0.25, 1, 20, 90])
async def test_not_sending_after_reload(
    sender: Sender, interceptor: RequestInterceptor, method: str, seconds: float
) -> None:
    """Test that no message is accepted after a reload that would not be sent."""
    async with stuck_queue(sender):
        interceptor.intercept(sender.account.instance_id, delay(method, 0.2))
        await sender.hass.config_entries.async_reload(sender.entry.entry_id)
        await sender.time.advance(seconds)
        assert await sender.results(sender.send("r1", "Text")) == ["not_sending"]
    assert sent_messages(sender.account) == []


async def test_problem_over(sender: Sender) -> None:
    """Test that messages are sent again when the queue moves again."""
    async with stuck_queue(sender):
        sender.account.messages.clear()
        await sender.time.advance(120)
        assert await sender.results(sender.send("r1", "Text")) == ["sent"]


# Before the first response


async def test_reload_does_not_wait_for_server(sender: Sender) -> None:
    """Test that a reload takes no time, assumes nothing, and blocks no message."""
    hass, time, account = sender.hass, sender.time, sender.account
    account.state = "notAuthorized"
    await time.advance(180)
    shown = {it: state_of(hass, it) for it in (STATE, PROBLEM, REASON)}
    assert (shown[PROBLEM], issue_keys(hass)) == ("on", ["logged_out"])
    account.faults[GET_STATE] = Fault.HANG
    began = time.now
    await hass.config_entries.async_reload(sender.entry.entry_id)
    await time.settle()
    assert time.now == began
    assert {it: state_of(hass, it) for it in shown} == shown
    assert state_of(hass, CONNECTIVITY) == "unknown"
    assert issue_keys(hass) == ["logged_out"]
    assert await sender.results(sender.send("r1", "Text")) == ["logged_out"]
    # The first poll fails. As after a restart during an outage, nothing is shown until
    # there is a response.
    await time.advance(20)
    states = {state_of(hass, it) for it in (*shown, CONNECTIVITY)}
    assert states == {"unavailable"}
    assert issue_keys(hass) == []
    account.faults.clear()
    account.state = "authorized"
    assert await sender.results(sender.send("r1", "Linked")) == ["sent"]
    await time.advance(5)
    assert (state_of(hass, PROBLEM), issue_keys(hass)) == ("off", [])
    assert state_of(hass, CONNECTIVITY) == "on"


async def test_reload_while_message_waits(sender: Sender) -> None:
    """Test that a message that waits for the state during a reload has an outcome."""
    await sender.time.advance(40)
    sender.account.faults[GET_STATE] = Fault.HANG
    task = sender.send("r1", "Text")
    await sender.time.advance(1)
    await sender.hass.config_entries.async_reload(sender.entry.entry_id)
    (said,) = await sender.results(task, within=0.1)
    assert said in {"sent", "interrupted"}
    assert len(sent_messages(sender.account)) == (said == "sent")
