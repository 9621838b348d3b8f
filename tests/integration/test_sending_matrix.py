"""Send messages while something else hangs or fails, for every last response.

Each test is one moment and one last response. Its accounts exist side by side in one
Home Assistant, each with a trouble of its own, on a fake clock. From each of them one
message is sent with each of the two actions, to two chats, and the outcome is what the
reference says.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components import green_api as integration
from custom_components.green_api.const import (
    CONF_CHAT_ID,
    DOMAIN,
    SUBENTRY_TYPE_RECIPIENT,
)
from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from tests.simulator import Account, Fault, Messenger, Simulator
from tests.simulator.contacts import Contact
from tests.support.entries import copy_of, entry_of
from tests.support.halves import half_of
from tests.support.request_interceptor import (
    LATENCY,
    Interception,
    RequestInterceptor,
    delay,
    hang,
    rate_limit,
)
from tests.support.restart import async_restarted
from tests.support.sending_reference import (
    FRESH_FOR,
    LONGEST_CHECK,
    LONGEST_DELAY,
    MAYBE_SENT,
    SENT,
    ExpectedOutcome,
    LastReport,
    PollResult,
    RequestResult,
    expected_outcome,
)
from tests.support.simulated_time import SimulatedTime

pytestmark = [pytest.mark.long(110), pytest.mark.paced]

FILE: Final = Path(integration.__file__).parent / "brand" / "icon.png"

ALEX, FAMILY, CARETAKER = "alex", "family", "caretaker"
CHATS: Final = {
    ALEX: "79001234501@c.us",
    FAMILY: "79001234502@c.us",
    CARETAKER: "79001234503@c.us",
}
ACTIONS: Final = {ALEX: NOTIFY_DOMAIN, FAMILY: DOMAIN}

STATE: Final = "getStateInstance"

# Seconds before the action at which the work in progress has begun.
JUST_BEFORE: Final = 0.05

# The error with which a state of the account refuses messages.
REFUSALS: Final[Mapping[tuple[Messenger, str], str]] = {
    (Messenger.MAX, "authorized"): "",
    (Messenger.MAX, "notAuthorized"): "logged_out",
    (Messenger.MAX, "suspended"): "",
    (Messenger.WHATSAPP, "authorized"): "",
    (Messenger.WHATSAPP, "blocked"): "blocked",
    (Messenger.WHATSAPP, "notAuthorized"): "logged_out",
    (Messenger.WHATSAPP, "starting"): "",
    (Messenger.WHATSAPP, "suspended"): "restricted",
}


@dataclass(frozen=True)
class LastAnswer:
    """The last response and its age in seconds: a state, a failure or nothing."""

    age: float
    state: str = "authorized"
    failure: Fault | None = None
    messenger: Messenger = Messenger.WHATSAPP
    is_answered: bool = True

    @property
    def report(self) -> LastReport | None:
        """Return what that means for messages."""
        if not self.is_answered:
            return None
        if self.failure:
            return LastReport("expired", self.age)
        return LastReport(REFUSALS[self.messenger, self.state], self.age)


LAST_ANSWERS: Final = {
    "authorized 5 s ago": LastAnswer(5),
    "authorized 40 s ago": LastAnswer(40),
    "authorized 4 min ago": LastAnswer(240),
    "authorized 6 min ago": LastAnswer(360),
    "starting 8 s ago": LastAnswer(8, "starting"),
    "notAuthorized 8 s ago": LastAnswer(8, "notAuthorized"),
    "notAuthorized 4 min ago": LastAnswer(240, "notAuthorized"),
    "blocked 40 s ago": LastAnswer(40, "blocked"),
    "suspended 8 s ago, WhatsApp": LastAnswer(8, "suspended"),
    "suspended 40 s ago, MAX": LastAnswer(40, "suspended", messenger=Messenger.MAX),
    "expired 40 s ago": LastAnswer(40, failure=Fault.EXPIRED_TEXT),
    "never": LastAnswer(40, is_answered=False),
}


@dataclass
class AccountCase:
    """An account with its trouble, in a Home Assistant."""

    hass: HomeAssistant
    time: SimulatedTime
    interceptor: RequestInterceptor
    account: Account
    entry: MockConfigEntry
    last: LastAnswer
    number: int
    is_restarted: bool = False
    seconds_before_poll: float = 0
    """Seconds by which a poll waits for a request of a dialog that is no use to it."""
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)

    def entity_id(self, recipient: str) -> str:
        """Return the entity of a recipient."""
        return f"notify.{recipient}_{self.number}"

    def intercept(self, intercept: Interception) -> None:
        """Modify the responses to the account's requests."""
        self.interceptor.intercept(self.account.instance_id, intercept)

    def begin(self, coroutine: Awaitable[Any]) -> None:
        """Begin something in the background."""

        async def begun() -> None:
            with suppress(HomeAssistantError):
                await coroutine

        self.tasks.append(asyncio.ensure_future(begun()))

    async def send(self, domain: str, recipient: str, **data: Any) -> Any:
        """Send a message with one of the actions."""
        return await self.hass.services.async_call(
            domain,
            "send_message",
            {
                "entity_id": self.entity_id(recipient),
                "message": f"To {recipient}",
                **data,
            },
            blocking=True,
            return_response=domain == DOMAIN,
        )


def fail(method: str, fault: Fault) -> Callable[[AccountCase], None]:
    """Make a method fail."""

    def begin(case: AccountCase) -> None:
        case.account.faults[method] = fault

    return begin


def intercepted(intercept: Callable[[], Interception]) -> Callable[[AccountCase], None]:
    """Modify the responses to requests."""
    return lambda case: case.intercept(intercept())


def send_before(method: str, recipient: str) -> Callable[[AccountCase], None]:
    """Make another message hang that is already in progress."""

    def begin(case: AccountCase) -> None:
        case.intercept(hang(method, CHATS[recipient]))
        data = {"attachment": f"{FILE}"} if method == "sendFileByUpload" else {}
        case.begin(case.send(DOMAIN, recipient, message="Before", **data))

    return begin


def do_nothing(case: AccountCase) -> None:
    """Do nothing."""


@dataclass(frozen=True, kw_only=True)
class Disruption:
    """What hangs or fails, and how a poll and a message end then.

    A `poll_result` of None returns the actual state of the account. An `earlier`
    trouble begins before the last response, and one that `is_message` when the accounts
    are set up. In one that `is_nameless`, the messenger is unknown.
    """

    begin: Callable[[AccountCase], None]
    poll_result: PollResult | None = None
    request: RequestResult = field(default_factory=RequestResult)
    is_earlier: bool = False
    is_message: bool = False
    is_nameless: bool = False


def state_disruption(
    begin: Callable[[AccountCase], None], poll_result: PollResult | None
) -> Disruption:
    """Return a trouble with the state."""
    return Disruption(begin=begin, poll_result=poll_result)


DISRUPTIONS: Final = {
    "nothing": Disruption(begin=do_nothing),
    "state hangs": state_disruption(fail(STATE, Fault.HANG), PollResult(None)),
    "state takes 2 s": state_disruption(intercepted(lambda: delay(STATE, 2)), None),
    "state takes 8 s": state_disruption(intercepted(lambda: delay(STATE, 8)), None),
    **{
        f"state {fault}": state_disruption(
            fail(STATE, fault), PollResult(None, failure=key)
        )
        for fault, key in (
            (Fault.RATE_LIMITED, "rate_limited"),
            (Fault.BAD_GATEWAY, "cannot_connect"),
            (Fault.GATEWAY_TIMEOUT, "cannot_connect"),
            (Fault.NOT_JSON, "bad_response"),
            (Fault.RESET_AFTER_HEADERS, "cannot_connect"),
        )
    },
    **{
        f"state {fault}": state_disruption(fail(STATE, fault), PollResult(key))
        for fault, key in (
            (Fault.EXPIRED_TEXT, "expired"),
            (Fault.DELETED, "deleted"),
            (Fault.UNAUTHORIZED, "invalid_auth"),
            (Fault.FORBIDDEN_HTML, "wrong_address"),
            (Fault.HTML_200, "wrong_address"),
        )
    },
    **{
        f"state Retry-After {seconds}": state_disruption(
            intercepted(lambda seconds=seconds: rate_limit(STATE, seconds)),
            PollResult(None, failure="rate_limited"),
        )
        for seconds in (10, 11, 3600)
    },
    "settings hang": Disruption(begin=fail("getSettings", Fault.HANG)),
    "settings fail": Disruption(begin=fail("getSettings", Fault.BAD_GATEWAY)),
    "settings never answered": Disruption(
        begin=fail("getSettings", Fault.HANG), is_earlier=True, is_nameless=True
    ),
    "queue hangs": Disruption(
        begin=fail("getMessagesCount", Fault.HANG), is_earlier=True
    ),
    "queue fails": Disruption(begin=fail("getMessagesCount", Fault.BAD_GATEWAY)),
    "list of the queue hangs": Disruption(
        begin=fail("showMessagesQueue", Fault.HANG), is_earlier=True
    ),
    "message to another chat hangs": Disruption(
        begin=send_before("sendMessage", CARETAKER), is_message=True
    ),
    "file to another chat hangs": Disruption(
        begin=send_before("sendFileByUpload", CARETAKER), is_message=True
    ),
    "file to the same chat hangs": Disruption(
        begin=send_before("sendFileByUpload", ALEX), is_message=True
    ),
    **{
        f"message Retry-After {seconds}": Disruption(
            begin=intercepted(
                lambda seconds=seconds: rate_limit("sendMessage", seconds)
            ),
            request=RequestResult(retry_after=seconds),
        )
        for seconds in (1, 10, 11, 3600)
    },
    **{
        f"message {fault}": Disruption(
            begin=fail("sendMessage", fault), request=RequestResult(result=result)
        )
        for fault, result in (
            (Fault.HANG, MAYBE_SENT),
            (Fault.BAD_GATEWAY, MAYBE_SENT),
            (Fault.RESET_AFTER_HEADERS, MAYBE_SENT),
            (Fault.UNAUTHORIZED, "invalid_auth"),
            (Fault.EXPIRED_TEXT, "expired"),
            (Fault.QUOTA_466, "chat_quota"),
        )
    },
}

SLOW: Final = {"state takes 2 s": 2.1, "state takes 8 s": 8.1}

# Seconds between two requests.
SPACING: Final = 1.1


async def do_nothing_before(case: AccountCase) -> None:
    """Do nothing before."""


async def poll(case: AccountCase) -> None:
    """Have a poll in progress."""
    case.begin(
        case.hass.services.async_call(
            "homeassistant",
            "update_entity",
            {"entity_id": f"sensor.green_api_{case.account.instance_id}_account_state"},
            blocking=True,
        )
    )


async def open_dialog(case: AccountCase) -> None:
    """Have a dialog request the state."""

    async def dialog() -> None:
        shown = await case.entry.start_reconfigure_flow(case.hass)
        data = {"next_step_id": "link_again"}
        if shown["type"] != "menu":
            # A response for another token says nothing about the account.
            data = {"api_url": case.entry.data["api_url"], "api_token": "another"}
            case.seconds_before_poll = SPACING
        flows = case.hass.config_entries.flow
        await flows.async_configure(shown["flow_id"], data)

    case.begin(dialog())


async def reload(case: AccountCase) -> None:
    """Have the account just reloaded."""
    await case.hass.config_entries.async_reload(case.entry.entry_id)


def change(case: AccountCase) -> None:
    """Have the account in a different state than in the last response."""
    report = case.last.report
    works = report is None or not report.refusal
    case.account.state = "notAuthorized" if works else "authorized"
    case.account.faults[STATE] = None


MOMENTS: Final[Mapping[str, Callable[[AccountCase], Awaitable[None]]]] = {
    "at any time": do_nothing_before,
    "while a poll is under way": poll,
    "while a dialog asks": open_dialog,
    "while a dialog asks, after a change": open_dialog,
    "after a reload": reload,
    "after a restart": do_nothing_before,
    "after a change": do_nothing_before,
}


def expected(
    case: AccountCase, disruption: Disruption, name: str
) -> tuple[ExpectedOutcome, ...]:
    """Return what the reference says about a message.

    While all accounts send at once, it is a matter of milliseconds whether there is a
    response within the quarter of a second for which a connection is checked.
    """
    messenger = Messenger.WHATSAPP if disruption.is_nameless else case.last.messenger
    last = replace(case.last, messenger=messenger).report
    if last and case.is_restarted:
        # The clock may have been wrong meanwhile, so no earlier response counts as
        # fresh.
        last = replace(last, age=max(last.age, FRESH_FOR + 1))
    now = REFUSALS.get((messenger, f"{case.account.state}"), "")
    if case.last.failure and case.account.faults.get(STATE) is case.last.failure:
        now = "expired"
    poll_result = disruption.poll_result or PollResult(now, SLOW.get(name, LATENCY))
    if case.seconds_before_poll:
        poll_result = replace(
            poll_result, after=2 * poll_result.after + case.seconds_before_poll
        )
    later = replace(poll_result, after=max(poll_result.after, 2 * LONGEST_CHECK))
    return tuple(
        expected_outcome(last, it, disruption.request) for it in (poll_result, later)
    )


@dataclass(frozen=True)
class Outcome:
    """The outcome of a message."""

    result: str
    requests: int
    after: float
    accepted: int
    is_confirmed: bool
    pause: float


async def outcome(case: AccountCase, recipient: str, began: float) -> Outcome:
    """Send a message, and return its outcome."""
    result, response = SENT, None
    try:
        response = await case.send(ACTIONS[recipient], recipient)
    except HomeAssistantError as err:
        result = f"{err.translation_key}"
    text = f"To {recipient}"
    request_times = [
        request.at - began
        for request in case.account.requests
        if request.method == "sendMessage" and request.body["message"] == text
    ]
    ids = [it.id for it in case.account.messages if it.body.get("message") == text]
    return Outcome(
        result=result,
        requests=len(request_times),
        after=request_times[0] if request_times else case.time.now - began,
        accepted=len(ids),
        is_confirmed=response is None
        or response == {case.entity_id(recipient): {"message_id": ids[0]}},
        pause=request_times[-1] - request_times[0] if request_times else 0,
    )


def first_mismatch(
    wanted: Iterable[ExpectedOutcome], outcome: Outcome, disruption: Disruption
) -> str | None:
    """Return what is wrong with an outcome, None if one of the expected ones fits."""
    found = [mismatch(it, outcome, disruption) for it in wanted]
    return found[0] if all(found) else None


def mismatch(
    wanted: ExpectedOutcome, outcome: Outcome, disruption: Disruption
) -> str | None:
    """Return what is wrong with the outcome of a message."""
    if outcome.result != wanted.result:
        return (
            f"{outcome.result} instead of {wanted.result} after {outcome.after:.2f} s"
        )
    if outcome.requests != wanted.requests:
        return f"asked for {outcome.requests} times, not {wanted.requests}"
    if outcome.after > wanted.within:
        return f"{wanted.result} after {outcome.after:.2f} s, not {wanted.within:.2f}"
    if outcome.accepted != (wanted.result == SENT):
        return f"accepted {outcome.accepted} times"
    if outcome.pause < disruption.request.retry_after * (wanted.requests > 1):
        return f"sent again after {outcome.pause} s"
    return None if outcome.is_confirmed else "confirmed falsely"


@pytest.fixture
async def simulated_time(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> SimulatedTime:
    """Replace the clock with a fake one."""
    return SimulatedTime(freezer, monkeypatch)


def entry_with_recipients(
    simulator: Simulator, account: Account, number: int
) -> MockConfigEntry:
    """Return the config entry of an account with three recipients."""
    entry = entry_of(simulator.url, account.instance_id, account.token)
    return MockConfigEntry(
        domain=DOMAIN,
        title=entry.title,
        unique_id=entry.unique_id,
        data=entry.data,
        subentries_data=[
            {
                "data": {CONF_CHAT_ID: chat_id},
                "subentry_id": f"{name}{number}",
                "subentry_type": SUBENTRY_TYPE_RECIPIENT,
                "title": f"{name} {number}".title(),
                "unique_id": chat_id,
            }
            for name, chat_id in CHATS.items()
        ],
    )


def create_cases(
    hass: HomeAssistant,
    simulated_time: SimulatedTime,
    interceptor: RequestInterceptor,
    simulator: Simulator,
    last: LastAnswer,
) -> dict[str, AccountCase]:
    """Return an account for each trouble."""
    cases = {}
    for number, name in enumerate(DISRUPTIONS):
        account = simulator.add_account(
            f"1101{number:06}", f"token+{number}", messenger=last.messenger
        )
        account.state = last.state
        account.contacts = tuple(Contact(it, "") for it in CHATS.values())
        account.faults[STATE] = last.failure if last.is_answered else Fault.BAD_GATEWAY
        entry = entry_with_recipients(simulator, account, number)
        cases[name] = AccountCase(
            hass, simulated_time, interceptor, account, entry, last, number
        )
    return cases


async def set_up(hass: HomeAssistant, cases: Mapping[str, AccountCase]) -> None:
    """Set up all accounts."""
    assert await async_setup_component(hass, "homeassistant", {})
    hass.config.allowlist_external_dirs = {f"{FILE.parent}"}
    for case in cases.values():
        case.hass = hass
        case.entry.add_to_hass(hass)
    for case in cases.values():
        # Setting up the first one sets up all others.
        if case.entry.state is ConfigEntryState.NOT_LOADED:
            await hass.config_entries.async_setup(case.entry.entry_id)


def begin(
    cases: Mapping[str, AccountCase], which: Callable[[Disruption], bool]
) -> None:
    """Begin some of the troubles."""
    for name, case in cases.items():
        if which(DISRUPTIONS[name]):
            DISRUPTIONS[name].begin(case)


@pytest.mark.parametrize(("moment", "last"), half_of(MOMENTS, LAST_ANSWERS))
async def test_sending(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    simulated_time: SimulatedTime,
    monkeypatch: pytest.MonkeyPatch,
    simulator: Simulator,
    moment: str,
    last: str,
) -> None:
    """Test that each message is in time sent once, refused correctly, or uncertain."""
    time = simulated_time
    answer = LAST_ANSWERS[last]
    cases = create_cases(hass, time, RequestInterceptor(monkeypatch), simulator, answer)
    begin(cases, lambda disruption: disruption.is_earlier)
    await set_up(hass, cases)
    await time.advance(1)
    for case in cases.values():
        # As with a console that is open elsewhere: polls return nothing until then.
        case.account.faults[STATE] = Fault.RATE_LIMITED
    is_restart = "restart" in moment
    async with passing(hass, time, answer.age - 1, is_restart=is_restart) as later:
        for case in cases.values():
            case.account.faults[STATE] = answer.failure
        for case in cases.values() if "change" in moment else ():
            change(case)
        begin(
            cases,
            lambda disruption: not disruption.is_earlier and not disruption.is_message,
        )
        await set_up_again(later, cases)
        await asyncio.gather(*map(MOMENTS[moment], cases.values()))
        begin(cases, lambda disruption: disruption.is_message)
        await time.advance(JUST_BEFORE)
        assert await mismatches(time, cases) == {}


@asynccontextmanager
async def passing(
    hass: HomeAssistant, time: SimulatedTime, seconds: float, *, is_restart: bool
) -> AsyncGenerator[HomeAssistant]:
    """Let time pass, and yield the current Home Assistant."""
    if not is_restart:
        await time.advance(seconds)
        yield hass
        return
    await hass.async_stop(force=True)
    async with async_restarted() as restarted:
        await time.advance(seconds)
        yield restarted


async def mismatches(
    time: SimulatedTime, cases: Mapping[str, AccountCase]
) -> dict[tuple[str, str], str]:
    """Send from all accounts, and return what is wrong with the outcomes."""
    expected_outcomes = {
        name: expected(case, DISRUPTIONS[name], name) for name, case in cases.items()
    }
    began = time.now
    outcomes = {
        (name, recipient): asyncio.ensure_future(outcome(case, recipient, began))
        for name, case in cases.items()
        for recipient in ACTIONS
    }
    await time.result(asyncio.gather(*outcomes.values()), LONGEST_DELAY + 30)
    for task in [task for case in cases.values() for task in case.tasks]:
        task.cancel()
    await time.settle()
    return {
        key: result
        for key, task in outcomes.items()
        if (
            result := first_mismatch(
                expected_outcomes[key[0]], task.result(), DISRUPTIONS[key[0]]
            )
        )
    }


async def set_up_again(hass: HomeAssistant, cases: Mapping[str, AccountCase]) -> None:
    """Set up all accounts if Home Assistant was restarted."""
    for case in cases.values():
        if case.hass is hass:
            return
        case.entry, case.is_restarted = copy_with_recipients(case.entry), True
    await set_up(hass, cases)


def copy_with_recipients(entry: MockConfigEntry) -> MockConfigEntry:
    """Return a copy of a config entry, with its recipients."""
    copy = copy_of(entry)
    object.__setattr__(copy, "subentries", entry.subentries)
    return copy
