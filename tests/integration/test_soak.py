"""Simulate accounts for a long time with many random failures.

The real coordinators poll by their own timers, and everything in Home Assistant follows
them; time is frozen and set forward to whatever is due next. There are no sockets: a
server in this process takes the place of aiohttp's session, so that a poll takes a
fraction of a millisecond and half a month of an account some ten seconds. The more
accounts there are, the fewer days are simulated, unless the environment sets the number
of days for all:

    GREEN_API_SOAK_DAYS=30 scripts/test -k soak

The random numbers are always the same: a run fails because of a change, not by luck.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import gc
import json
import logging
import os
from random import Random
import sys
from typing import Any, Final, Self
from unittest.mock import patch

import aiohttp
from aiohttp.base_protocol import BaseProtocol
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from yarl import URL

from custom_components.green_api.api import (
    AccountState,
    CannotConnectError,
    GreenApiError,
    InstanceState,
    RateLimitedError,
)
from custom_components.green_api.const import (
    DEFAULT_API_URL,
    DOMAIN,
)
from custom_components.green_api.decisions.problem import Problem
from custom_components.green_api.issues import issue_id
from custom_components.green_api.records.store import async_get_store
from homeassistant.components.button import DOMAIN as BUTTON_DOMAIN, SERVICE_PRESS
from homeassistant.components.image import DOMAIN as IMAGE_DOMAIN
from homeassistant.const import (
    ATTR_ENTITY_ID,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir, update_coordinator
from homeassistant.helpers.entity_platform import DATA_ENTITY_PLATFORM
from homeassistant.helpers.storage import Store
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.async_ import get_scheduled_timer_handles
from tests.support.entries import entry_of
from tests.support.halves import every_other
from tests.support.problem_reference import (
    EVENTS,
    START,
    STUCK,
    Event,
    Interruption,
    Verdict,
    verdict,
)
from tests.support.queue_reference import (
    OtherEvent,
    Poll,
    QueueCheck,
    QueueEvent,
    QueueVerdict,
    queue_verdict,
)

pytestmark = pytest.mark.long(122)

# What an account or its server may do for a while, and what a single request may
# encounter; whatever is not one of the failures is a state.
BAD_CONDITIONS: Final = (
    *("notAuthorized", "pendingCode", "pendingPassword", "suspended", "yellowCard"),
    *("blocked", "sleepMode", "starting", "starting", "starting", "null"),
    *("hibernating", "401", "403", "404", "429", "502", "deleted", "expired"),
    *("garbage", "html", "timeout", "reset"),
)

# Around the times after which a problem is certain, and far beyond them.
DURATIONS: Final = (5, 20, 55, 65, 90, 130, 250, 290, 310, 400, 590, 700, 2400, 9000)

# The vendor's maximum, in seconds between two messages.
LONGEST_DELAY: Final = 600

# How often a request has a different result than the rest.
ODD_RESPONSE_SHARE: Final = 0.01

ANSWERS: Final[dict[str, tuple[int, str, bytes]]] = {
    "401": (401, "application/json", b""),
    "403": (403, "text/html", b"<html>Forbidden</html>"),
    "404": (404, "text/html", b"<html>Not Found</html>"),
    "429": (429, "application/json", b""),
    "502": (502, "text/html", b"<html>Bad Gateway</html>"),
    "deleted": (400, "text/plain", b"Instance is deleted"),
    "expired": (400, "text/plain", b"Instance account is expired. Renew your instance"),
    "garbage": (200, "application/json", b"upstream connect error"),
    "html": (200, "text/html", b"<html>Service page</html>"),
}
EXCEPTIONS: Final[dict[str, type[Exception]]] = {
    "timeout": TimeoutError,
    "reset": aiohttp.ServerDisconnectedError,
}
REPORTED: Final = {
    **EVENTS,
    "timeout": CannotConnectError(),
    "reset": CannotConnectError(),
}


@dataclass
class SimulatedQueue:
    """The queue of an account, which moves, grows and gets stuck at random.

    It changes only when it is checked, so that its state between checks is known.
    """

    chance: Random
    count: int = 0
    oldest: int = 0
    is_stuck: bool = False
    until: float = 0

    def advance(self, now: float, *, all_well: bool) -> None:
        """Simulate what may have happened since the last check."""
        if all_well:
            self.count = 0
            return
        if self.until <= now:
            self.is_stuck = not self.is_stuck and self.chance.random() < 0.3
            self.until = now + self.chance.choice((300, 1200, 2400, 7200))
        sent = 0 if self.is_stuck else self.chance.randint(0, self.count)
        self.oldest += sent
        self.count += self.chance.choice((0, 0, 0, 1, 3)) - sent

    def reboot(self, now: float) -> None:
        """Let the queue move again or stay stuck, either for long."""
        if self.is_stuck:
            self.is_stuck = self.chance.random() < 0.5
            self.until = now + 7200

    def list(self) -> list[dict[str, str]]:
        """Return the waiting messages in random order."""
        numbers = range(self.oldest, self.oldest + self.count)
        return [
            {"messageID": f"{number}"}
            for number in self.chance.sample(numbers, self.count)
        ]


class Response:
    """An aiohttp response, as far as the client uses it."""

    def __init__(self, status: int, content_type: str, body: bytes) -> None:
        """Initialize the response."""
        self.status = status
        self.content_type = content_type
        self.headers: dict[str, str] = {}
        loop = asyncio.get_running_loop()
        self.content = aiohttp.StreamReader(BaseProtocol(loop=loop), 65536, loop=loop)
        self.content.feed_data(body)
        self.content.feed_eof()

    async def __aenter__(self) -> Self:
        """Return the response."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Do nothing: there is no connection to release."""


@dataclass
class SimulatedAccount:
    """The random history of an account, and what was reported of it."""

    chance: Random
    condition: str = "authorized"
    until: float = 600
    history: list[Event] = field(default_factory=list)
    verdict: Verdict = field(default_factory=Verdict)
    ignored_problem: Problem | None = None
    problems_shown: set[Problem | None] = field(default_factory=set)
    queue: SimulatedQueue = field(init=False)
    queue_events: list[QueueEvent] = field(default_factory=list)
    evaluated: int = 0
    queue_verdict: QueueVerdict = field(default_factory=QueueVerdict)
    delay: float = LONGEST_DELAY

    def __post_init__(self) -> None:
        """Initialize an empty queue."""
        self.queue = SimulatedQueue(self.chance)

    def advance(self, now: float) -> None:
        """Simulate what has happened by now."""
        while self.until <= now:
            is_bad = self.condition == "authorized" or self.chance.random() < 0.25
            self.condition = (
                self.chance.choice(BAD_CONDITIONS) if is_bad else "authorized"
            )
            self.until += (
                self.chance.choice(DURATIONS)
                if is_bad
                else self.chance.uniform(60, 3600)
            )

    def answer(self, now: float, *, all_well: bool) -> str:
        """Return the result of a request."""
        self.advance(now)
        if all_well:
            return "authorized"
        return (
            self.chance.choice(BAD_CONDITIONS)
            if self.chance.random() < ODD_RESPONSE_SHARE
            else self.condition
        )

    def queue_body(self, method: str, now: float, *, all_well: bool) -> bytes | None:
        """Return a valid response of the queue's methods, and record it."""
        match method:
            case "getMessagesCount":
                self.queue.advance(now, all_well=all_well)
                self.record_check(now)
                return json.dumps({"count": self.queue.count}).encode()
            case "showMessagesQueue":
                self.list_messages()
                return json.dumps(self.queue.list()).encode()
            case "getSettings":
                self.delay = 3
        return None

    def reboot(self, now: float) -> None:
        """Restart the instance, in a moment or never."""
        self.queue.reboot(now)
        self.condition = "starting"
        self.until = now + self.chance.choice((5, 60, 200, 700))

    def add(self, event: Event) -> None:
        """Use the reference to decide on the problem that the account has now."""
        self.evaluate_queue()
        before = self.problem
        self.history.append(event)
        self.verdict = verdict(self.history, self.verdict)
        self.queue_events.append(queue_event(event, self.verdict))
        self.evaluate_queue()
        self.record_change(before)
        if event.what == AccountState("authorized"):
            # Nothing from before matters any longer, except for a reboot.
            reboots = [it for it in self.history if it.what is Interruption.REBOOT]
            self.history = [*reboots[-1:], event]

    def record_check(self, now: float) -> None:
        """Record a check of the queue."""
        self.evaluate_queue()
        self.queue_events.append(QueueCheck(now, self.queue.count))

    def list_messages(self) -> None:
        """Record that the check has reported the messages as well."""
        first, count = self.queue.oldest, self.queue.count
        listed = frozenset(range(first, first + count))
        self.queue_events[-1] = replace(self.queue_events[-1], listed=listed)

    def evaluate_queue(self) -> None:
        """Compare the queue with the reference after a check."""
        if self.evaluated == len(self.queue_events):
            return
        before = self.problem
        for end in range(self.evaluated + 1, len(self.queue_events) + 1):
            self.queue_verdict = queue_verdict(
                self.queue_events[:end], self.queue_verdict, self.delay
            )
        # Nothing from before an empty queue, or from hours ago, matters any longer.
        is_empty = bool(self.queue_events) and self.queue_events[-1] == QueueCheck(
            self.queue_events[-1].at, 0
        )
        begin = max(len(self.queue_events) - (1 if is_empty else 300), 0)
        polls = (it for it in self.queue_events[:begin] if isinstance(it, Poll))
        decisive = [it for it in polls if it.can_send is not None]
        self.queue_events[:begin] = decisive[-1:]
        self.evaluated = len(self.queue_events)
        self.record_change(before)

    def record_change(self, before: Problem | None) -> None:
        """Record what is new."""
        if self.problem is not before:
            self.ignored_problem = None
        self.problems_shown.add(self.shown)

    @property
    def problem(self) -> Problem | None:
        """Return the problem that is stored."""
        return self.verdict.problem or self.queue_verdict.problem

    @property
    def shown(self) -> Problem | None:
        """Return the problem that the account has."""
        return self.verdict.shown or self.queue_verdict.shown

    @property
    def issue(self) -> Problem | None:
        """Return the problem that needs an action of the user."""
        if self.verdict.shown is None:
            return self.queue_verdict.issue
        reboots = [it.at for it in self.history if it.what is Interruption.REBOOT]
        now = self.history[-1].at
        is_done = self.verdict.shown in STUCK and now < max(reboots, default=-300) + 300
        return None if is_done else self.verdict.shown


class SimulatedServer:
    """All accounts and their server, in place of aiohttp's session."""

    def __init__(self, seed: int) -> None:
        """Initialize without accounts or failures."""
        self.accounts_by_id: dict[str, SimulatedAccount] = {}
        self.polled: set[str] = set()
        self.all_well = True
        self.clock_offset = timedelta()
        self.now = asyncio.get_running_loop().time()
        """The time in seconds, independent of the system time."""
        self._seed = seed

    @property
    def instance_ids(self) -> list[str]:
        """Return the IDs of all accounts."""
        return [*self.accounts_by_id]

    @property
    def not_sending_ids(self) -> set[str]:
        """Return the IDs of the accounts with the issue that they do not send."""
        return {
            instance_id
            for instance_id, account in self.accounts_by_id.items()
            if account.issue is Problem.NOT_SENDING
        }

    def add(self, instance_id: str) -> None:
        """Add an account."""
        chance = Random(f"{self._seed} {instance_id}")  # noqa: S311
        self.accounts_by_id[instance_id] = SimulatedAccount(
            chance, until=self.now + 600
        )

    def request(self, verb: str, url: URL, **_: Any) -> Response:
        """Respond to a request."""
        now = self.now
        _, instance, method, _ = url.raw_path.split("/")
        instance_id = instance.removeprefix("waInstance")
        account = self.accounts_by_id[instance_id]
        condition = account.answer(now, all_well=self.all_well)
        if method == "getStateInstance":
            self.polled.add(instance_id)
            account.add(Event(now, REPORTED.get(condition, AccountState(condition))))
        if condition in EXCEPTIONS:
            raise EXCEPTIONS[condition]
        if condition in ANSWERS:
            return Response(*ANSWERS[condition])
        if method == "reboot":
            account.reboot(now)
            account.add(Event(now, Interruption.REBOOT))
        body = account.queue_body(method, now, all_well=self.all_well)
        body = body or _body(method, condition, dt_util.utcnow())
        return Response(200, "application/json", body)

    async def close(self) -> None:
        """Do nothing: there is no connection to close."""


def queue_event(event: Event, verdict: Verdict) -> QueueEvent:
    """Return what an event says about the queue."""
    if isinstance(event.what, Interruption):
        return OtherEvent(event.at, event.what)
    is_state = isinstance(event.what, AccountState)
    can_send = event.what == AccountState("authorized") if is_state else None
    return Poll(event.at, can_send, has_problem=verdict.shown is not None)


def _body(method: str, state: str, now: datetime) -> bytes:
    """Return the body of a valid response."""
    if state == "null" and method == "getStateInstance":
        return b"null"
    return json.dumps(
        {
            "stateInstance": state,
            "typeInstance": "whatsapp",
            "suspendedUntil": int(now.timestamp()) // 3600 * 3600 + 7200,
            "delaySendMessagesMilliseconds": 3000,
            "isReboot": True,
        }
    ).encode()


@dataclass(frozen=True)
class ResourceCounts:
    """The numbers of everything that could grow."""

    tasks: int
    timers: int
    bus_listeners: int
    coordinator_listeners: int
    flows: int
    issues: int
    states: int
    memory: int
    """The memory blocks that Python uses; counting is free, unlike with tracemalloc."""

    @classmethod
    def take(cls, hass: HomeAssistant) -> Self:
        """Count, after everything that is not needed has been freed."""
        gc.collect()
        timers = get_scheduled_timer_handles(hass.loop)
        return cls(
            tasks=len(asyncio.all_tasks()),
            timers=len([timer for timer in timers if not timer.cancelled()]),
            bus_listeners=sum(hass.bus.async_listeners().values()),
            coordinator_listeners=sum(
                len(entry.runtime_data.coordinator._listeners)
                + len(entry.runtime_data.coordinator._poll_listeners)
                for entry in hass.config_entries.async_loaded_entries(DOMAIN)
            ),
            flows=len(hass.config_entries.flow.async_progress()),
            issues=len(ir.async_get(hass).issues),
            states=len(hass.states.async_all()),
            memory=sys.getallocatedblocks(),
        )


class SoakRun:
    """A Home Assistant with accounts, and a user who presses a button at times."""

    def __init__(
        self,
        hass: HomeAssistant,
        freezer: FrozenDateTimeFactory,
        server: SimulatedServer,
    ) -> None:
        """Initialize without accounts."""
        self.hass = hass
        self.server = server
        self.entries: dict[str, MockConfigEntry] = {}
        self.chance = Random("household")  # noqa: S311
        self._freezer = freezer
        self._issues: dict[str, dict[Problem, tuple[str, str]]] = {}

    async def async_add(self, number: int) -> None:
        """Set up accounts."""
        for count in range(number):
            instance_id = f"{1101000001 + count}"
            self.server.add(instance_id)
            entry = self.entries[instance_id] = entry_of(DEFAULT_API_URL, instance_id)
            entry.add_to_hass(self.hass)
            self._issues[instance_id] = {
                problem: (DOMAIN, issue_id(entry.entry_id, problem))
                for problem in Problem
            }
        assert await async_setup_component(self.hass, DOMAIN, {})
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def async_run(self, span: timedelta) -> None:
        """Run for some time, and check the accounts after each poll."""
        end = self.server.now + span.total_seconds()
        while self.server.now < end:
            due = get_scheduled_timer_handles(self.hass.loop)[0].when()
            passed = max(due - self.server.now, 0) + 0.001
            self._freezer.tick(passed)
            self.server.now += passed
            # The timers are only queued.
            await asyncio.sleep(0)
            await self.hass.async_block_till_done(wait_background_tasks=True)
            while self.server.polled:
                self._check_account(self.server.polled.pop())

    async def async_unload(self, instance_id: str) -> None:
        """Unload an account."""
        await self.hass.config_entries.async_unload(self.entries[instance_id].entry_id)

    async def async_press(self, instance_id: str) -> None:
        """Press the button of an account, successfully or not."""
        with suppress(HomeAssistantError):
            await self.hass.services.async_call(
                BUTTON_DOMAIN,
                SERVICE_PRESS,
                {ATTR_ENTITY_ID: f"button.green_api_{instance_id}_reboot"},
                blocking=True,
            )

    async def async_restart(self, instance_id: str) -> None:
        """Set up an account again from what was stored; it is polled at once."""
        account = self.server.accounts_by_id[instance_id]
        account.add(Event(self.server.now, Interruption.RESTART))
        account.delay = LONGEST_DELAY
        entry_id = self.entries[instance_id].entry_id
        await self.hass.config_entries.async_unload(entry_id)
        # Only a restart makes Home Assistant 2026.3 forget a platform that is unloaded.
        platforms = self.hass.data[DATA_ENTITY_PLATFORM][DOMAIN]
        platforms[:] = [it for it in platforms if it.config_entry.entry_id != entry_id]
        store = await async_get_store(self.hass)
        others = {**store._records}
        written = json.loads(json.dumps(store._to_storage()))
        with patch.object(Store, "async_load", return_value=written):
            await store.async_load()
        store._records = {**others, entry_id: store.async_get(entry_id)}
        await self.hass.config_entries.async_setup(entry_id)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    def ignore(self, instance_id: str) -> None:
        """Ignore the issue of an account, if it has one."""
        account = self.server.accounts_by_id[instance_id]
        if problem := account.issue:
            entry_id = self.entries[instance_id].entry_id
            ir.async_ignore_issue(
                self.hass, DOMAIN, issue_id(entry_id, problem), ignore=True
            )
            account.ignored_problem = problem

    def _check_account(self, instance_id: str) -> None:
        """Compare what is shown for an account with what must be shown."""
        account = self.server.accounts_by_id[instance_id]
        account.evaluate_queue()
        registry = ir.async_get(self.hass).issues
        found = {
            problem: registry[key].dismissed_version is not None
            for problem, key in self._issues[instance_id].items()
            if key in registry
        }
        expected = (
            {account.issue: account.issue is account.ignored_problem}
            if account.issue
            else {}
        )
        assert found == expected, account.history[-50:]
        state = self.hass.states.get(f"sensor.green_api_{instance_id}_account_state")
        assert state.state in shown(account.history[-1]), account.history[-50:]
        reason = self.hass.states.get(f"sensor.green_api_{instance_id}_problem_reason")
        assert reason.state in {
            account.shown or "none",
            *(() if account.shown else (STATE_UNAVAILABLE,)),
        }


UNSURE: Final = (STATE_UNAVAILABLE, STATE_UNKNOWN)


def shown(event: Event) -> set[str]:
    """Return what may be shown for the last event."""
    match event.what:
        case AccountState(known=None):
            return {STATE_UNKNOWN}
        case AccountState(known=known):
            return {known.name.lower()}
        case RateLimitedError():
            # As long as the last response is fresh, it is what is shown.
            return {*map(str.lower, InstanceState.__members__), *UNSURE}
        case GreenApiError():
            return {STATE_UNAVAILABLE}
    raise NotImplementedError(event)


@pytest.fixture
async def soak(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> AsyncGenerator[SoakRun]:
    """Return a Home Assistant without problems, in which nothing is written to disk."""
    freezer.move_to(START)
    # Its timer remains after the entities are removed.
    assert await async_setup_component(hass, IMAGE_DOMAIN, {})
    logging.disable()
    server = SimulatedServer(seed=1)
    now = dt_util.utcnow
    with (
        patch(
            "custom_components.green_api.session._create_session",
            new=lambda *_: server,
        ),
        # At random, a coordinator polls some hundredths of a second late.
        patch.object(update_coordinator, "randint", new=Random(1).randint),  # noqa: S311
        # Reading the frozen clock takes longer than most of the code that reads it.
        patch.object(hass.loop, "time", new=lambda: server.now),
        # The system time is changed now and then.
        patch.object(dt_util, "utcnow", new=lambda: now() + server.clock_offset),
        # The test harness keeps everything that was ever written.
        patch.object(Store, "_async_write_data", new=_write_nothing),
    ):
        yield SoakRun(hass, freezer, server)
    logging.disable(logging.NOTSET)


async def _write_nothing(store: Store[Any], data: dict[str, Any]) -> None:
    """Write nothing."""


DAYS: Final = os.environ.get("GREEN_API_SOAK_DAYS")


@pytest.mark.timeout(0 if DAYS else 1200)
@pytest.mark.parametrize(
    ("accounts", "days", "visits"), every_other([(20, 1, 20), (5, 2, 20), (1, 7, 40)])
)
async def test_soak(soak: SoakRun, accounts: int, days: int, visits: int) -> None:
    """Test that problems are shown, nothing else is, and nothing grows."""
    await soak.async_run(timedelta(minutes=1))
    before = ResourceCounts.take(soak.hass)
    await soak.async_add(accounts)
    visited_ids = [
        soak.server.instance_ids[number % accounts] for number in range(visits)
    ]

    all_counts = []
    for _ in range(10):
        soak.server.all_well = False
        for instance_id in visited_ids:
            await soak.async_run(timedelta(days=int(DAYS or days)) / 10 / visits)
            for pressed in soak.server.not_sending_ids | {instance_id}:
                await soak.async_press(pressed)
            soak.ignore(instance_id)
            soak.server.clock_offset = timedelta(hours=soak.chance.choice((-1, 0, 1)))
            await soak.async_run(timedelta(minutes=2))
            await soak.async_restart(instance_id)
        soak.server.all_well = True
        await soak.async_run(timedelta(minutes=12))
        all_counts.append(ResourceCounts.take(soak.hass))

    problems_shown = {
        problem
        for it in soak.server.accounts_by_id.values()
        for problem in it.problems_shown
    }
    assert problems_shown == {*Problem, None}
    first, *_, last = all_counts
    assert last.memory < first.memory + 1000 + 20 * accounts
    assert last == replace(first, memory=last.memory)

    for instance_id in soak.server.instance_ids:
        await soak.async_unload(instance_id)
    await soak.async_run(timedelta(minutes=1))
    after = ResourceCounts.take(soak.hass)
    assert (after.tasks, after.timers) == (before.tasks, before.timers)
    assert (after.coordinator_listeners, after.flows, after.issues) == (0, 0, 0)
