"""Let accounts be watched for a long time in which much goes wrong, by chance.

The real coordinators poll by their own timers, and everything in Home Assistant follows
them; time is frozen and set forward to whatever is due next. There are no sockets: a
server in this process takes the place of aiohttp's session, so that a poll takes a
fraction of a millisecond and half a month of an account some ten seconds. The more
accounts there are, the fewer days they are watched, unless the environment says for
how many days all are:

    GREEN_API_SOAK_DAYS=30 scripts/test -k soak

Chance is always the same: a run fails for what was changed, not by luck.
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
from custom_components.green_api.issues import issue_id
from custom_components.green_api.problem import Problem
from custom_components.green_api.store import async_get_store
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
from tests.support.queue_reference import (
    Look,
    Poll,
    QueueEvent,
    QueueVerdict,
    Turn,
    queue_verdict,
)
from tests.support.reference import (
    EVENTS,
    START,
    STUCK,
    Event,
    Happening,
    Verdict,
    verdict,
)

# What an account or its server may be like for a while, and what a single request may
# meet; what is none of the failures is a state.
BAD_TIMES: Final = (
    *("notAuthorized", "pendingCode", "pendingPassword", "suspended", "yellowCard"),
    *("blocked", "sleepMode", "starting", "starting", "starting", "null"),
    *("hibernating", "401", "403", "404", "429", "502", "deleted", "expired"),
    *("garbage", "html", "timeout", "reset"),
)

# Around the times after which a problem is certain, and far beyond them.
DURATIONS: Final = (5, 20, 55, 65, 90, 130, 250, 290, 310, 400, 590, 700, 2400, 9000)

# What the vendor allows at most, in seconds between two messages.
LONGEST_DELAY: Final = 600

# How often a request meets something else than the rest.
ODD: Final = 0.01

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
class Traffic:
    """The queue of an account, which moves, grows and hangs by chance.

    Only whoever looks lets it change, so that what it is like is known between looks.
    """

    chance: Random
    count: int = 0
    oldest: int = 0
    hangs: bool = False
    until: float = 0

    def go_on(self, now: float, *, in_peace: bool) -> None:
        """Play what may have happened since the last look."""
        if in_peace:
            self.count = 0
            return
        if self.until <= now:
            self.hangs = not self.hangs and self.chance.random() < 0.3
            self.until = now + self.chance.choice((300, 1200, 2400, 7200))
        sent = 0 if self.hangs else self.chance.randint(0, self.count)
        self.oldest += sent
        self.count += self.chance.choice((0, 0, 0, 1, 3)) - sent

    def reboot(self, now: float) -> None:
        """Move again or hang on, either for long."""
        if self.hangs:
            self.hangs = self.chance.random() < 0.5
            self.until = now + 7200

    def list(self) -> list[dict[str, str]]:
        """Return the messages that wait."""
        return [
            {"messageID": f"{number}"}
            for number in range(self.oldest, self.oldest + self.count)
        ]


class Response:
    """A response of aiohttp's, as far as the client looks at it."""

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
        """Release nothing: there is no connection."""


@dataclass
class Life:
    """What happens to an account by chance, and what was reported of it."""

    chance: Random
    like: str = "authorized"
    until: float = 600
    history: list[Event] = field(default_factory=list)
    verdict: Verdict = field(default_factory=Verdict)
    ignored: Problem | None = None
    seen: set[Problem | None] = field(default_factory=set)
    queue: Traffic = field(init=False)
    looks: list[QueueEvent] = field(default_factory=list)
    judged: int = 0
    queue_verdict: QueueVerdict = field(default_factory=QueueVerdict)
    delay: float = LONGEST_DELAY

    def __post_init__(self) -> None:
        """Begin with an empty queue."""
        self.queue = Traffic(self.chance)

    def go_on(self, now: float) -> None:
        """Play what has happened by now."""
        while self.until <= now:
            is_bad = self.like == "authorized" or self.chance.random() < 0.25
            self.like = self.chance.choice(BAD_TIMES) if is_bad else "authorized"
            self.until += (
                self.chance.choice(DURATIONS)
                if is_bad
                else self.chance.uniform(60, 3600)
            )

    def answer(self, now: float, *, in_peace: bool) -> str:
        """Return what a request meets."""
        self.go_on(now)
        if in_peace:
            return "authorized"
        return (
            self.chance.choice(BAD_TIMES) if self.chance.random() < ODD else self.like
        )

    def queue_body(self, method: str, now: float, *, in_peace: bool) -> bytes | None:
        """Return a good answer of the methods of the queue, and take it down."""
        match method:
            case "getMessagesCount":
                self.queue.go_on(now, in_peace=in_peace)
                self.look(now)
                return json.dumps({"count": self.queue.count}).encode()
            case "showMessagesQueue":
                self.name_oldest()
                return json.dumps(self.queue.list()).encode()
            case "getSettings":
                self.delay = 3
        return None

    def reboot(self, now: float) -> None:
        """Start anew, in a moment or never."""
        self.queue.reboot(now)
        self.like = "starting"
        self.until = now + self.chance.choice((5, 60, 200, 700))

    def add(self, event: Event) -> None:
        """Judge by the reference which problem the account has now."""
        self.judge()
        before = self.problem
        self.history.append(event)
        self.verdict = verdict(self.history, self.verdict)
        self.looks.append(queue_event(event, self.verdict))
        self.judge()
        self.notice(before)
        if event.what == AccountState("authorized"):
            # What was before matters no more, but for a reboot.
            reboots = [it for it in self.history if it.what is Happening.REBOOT]
            self.history = [*reboots[-1:], event]

    def look(self, now: float) -> None:
        """Record a look at the queue."""
        self.judge()
        self.looks.append(Look(now, self.queue.count))

    def name_oldest(self) -> None:
        """Record that the look has reported the oldest message as well."""
        if self.queue.count:
            self.looks[-1] = replace(self.looks[-1], oldest=self.queue.oldest)

    def judge(self) -> None:
        """Compare the queue with the reference after a look."""
        if self.judged == len(self.looks):
            return
        before = self.problem
        for end in range(self.judged + 1, len(self.looks) + 1):
            self.queue_verdict = queue_verdict(
                self.looks[:end], self.queue_verdict, self.delay
            )
        # What was before an empty queue, or hours ago, matters no more.
        is_empty = bool(self.looks) and self.looks[-1] == Look(self.looks[-1].at, 0)
        begin = max(len(self.looks) - (1 if is_empty else 300), 0)
        polls = (it for it in self.looks[:begin] if isinstance(it, Poll))
        decisive = [it for it in polls if it.can_send is not None]
        self.looks[:begin] = decisive[-1:]
        self.judged = len(self.looks)
        self.notice(before)

    def notice(self, before: Problem | None) -> None:
        """Record what is new."""
        if self.problem is not before:
            self.ignored = None
        self.seen.add(self.shown)

    @property
    def problem(self) -> Problem | None:
        """The problem that is remembered."""
        return self.verdict.problem or self.queue_verdict.problem

    @property
    def shown(self) -> Problem | None:
        """The problem that the account has."""
        return self.verdict.shown or self.queue_verdict.shown

    @property
    def issue(self) -> Problem | None:
        """The problem that somebody has to act on."""
        if self.verdict.shown is None:
            return self.queue_verdict.issue
        reboots = [it.at for it in self.history if it.what is Happening.REBOOT]
        now = self.history[-1].at
        is_done = self.verdict.shown in STUCK and now < max(reboots, default=-300) + 300
        return None if is_done else self.verdict.shown


class World:
    """All accounts and their server, in place of aiohttp's session."""

    def __init__(self, seed: int) -> None:
        """Begin in peace, without accounts."""
        self.lives: dict[str, Life] = {}
        self.polled: set[str] = set()
        self.in_peace = True
        self.off = timedelta()
        self.now = asyncio.get_running_loop().time()
        """The time in seconds, whatever the clock on the wall says."""
        self._seed = seed

    @property
    def instance_ids(self) -> list[str]:
        """Return the ids of all accounts."""
        return [*self.lives]

    @property
    def not_sending_ids(self) -> set[str]:
        """Return the ids of the accounts with the issue that they do not send."""
        return {
            instance_id
            for instance_id, life in self.lives.items()
            if life.issue is Problem.NOT_SENDING
        }

    def add(self, instance_id: str) -> None:
        """Add an account."""
        chance = Random(f"{self._seed} {instance_id}")  # noqa: S311
        self.lives[instance_id] = Life(chance, until=self.now + 600)

    def request(self, verb: str, url: URL, **_: Any) -> Response:
        """Answer a request."""
        now = self.now
        _, instance, method, _ = url.raw_path.split("/")
        instance_id = instance.removeprefix("waInstance")
        life = self.lives[instance_id]
        like = life.answer(now, in_peace=self.in_peace)
        if method == "getStateInstance":
            self.polled.add(instance_id)
            life.add(Event(now, REPORTED.get(like, AccountState(like))))
        if like in EXCEPTIONS:
            raise EXCEPTIONS[like]
        if like in ANSWERS:
            return Response(*ANSWERS[like])
        if method == "reboot":
            life.reboot(now)
            life.add(Event(now, Happening.REBOOT))
        body = life.queue_body(method, now, in_peace=self.in_peace)
        body = body or _body(method, like, dt_util.utcnow())
        return Response(200, "application/json", body)


def queue_event(event: Event, verdict: Verdict) -> QueueEvent:
    """Return what an event says of the queue."""
    if isinstance(event.what, Happening):
        return Turn(event.at, event.what)
    is_state = isinstance(event.what, AccountState)
    can_send = event.what == AccountState("authorized") if is_state else None
    return Poll(event.at, can_send, has_problem=verdict.shown is not None)


def _body(method: str, state: str, now: datetime) -> bytes:
    """Return a good answer."""
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
class Census:
    """How many there are of what could grow."""

    tasks: int
    timers: int
    bus_listeners: int
    coordinator_listeners: int
    flows: int
    issues: int
    states: int
    memory: int
    """Blocks of memory that Python uses: counted at no cost, unlike by tracemalloc."""

    @classmethod
    def take(cls, hass: HomeAssistant) -> Self:
        """Count, after everything is thrown away that is not needed."""
        gc.collect()
        timers = get_scheduled_timer_handles(hass.loop)
        return cls(
            tasks=len(asyncio.all_tasks()),
            timers=len([timer for timer in timers if not timer.cancelled()]),
            bus_listeners=sum(hass.bus.async_listeners().values()),
            coordinator_listeners=sum(
                len(entry.runtime_data.coordinator._listeners)
                + len(entry.runtime_data.coordinator._poll_listeners)
                + len(entry.runtime_data.details._listeners)
                for entry in hass.config_entries.async_loaded_entries(DOMAIN)
            ),
            flows=len(hass.config_entries.flow.async_progress()),
            issues=len(ir.async_get(hass).issues),
            states=len(hass.states.async_all()),
            memory=sys.getallocatedblocks(),
        )


class Household:
    """A Home Assistant that watches accounts, and whoever presses a button at times."""

    def __init__(
        self, hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World
    ) -> None:
        """Begin without accounts."""
        self.hass = hass
        self.world = world
        self.entries: dict[str, MockConfigEntry] = {}
        self.chance = Random("household")  # noqa: S311
        self._freezer = freezer
        self._issues: dict[str, dict[Problem, tuple[str, str]]] = {}

    async def async_add(self, number: int) -> None:
        """Set up accounts."""
        for count in range(number):
            instance_id = f"{1101000001 + count}"
            self.world.add(instance_id)
            entry = self.entries[instance_id] = entry_of(DEFAULT_API_URL, instance_id)
            entry.add_to_hass(self.hass)
            self._issues[instance_id] = {
                problem: (DOMAIN, issue_id(entry.entry_id, problem))
                for problem in Problem
            }
        assert await async_setup_component(self.hass, DOMAIN, {})
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def async_live(self, span: timedelta) -> None:
        """Run for some time, and check the accounts after each poll."""
        end = self.world.now + span.total_seconds()
        while self.world.now < end:
            due = get_scheduled_timer_handles(self.hass.loop)[0].when()
            passed = max(due - self.world.now, 0) + 0.001
            self._freezer.tick(passed)
            self.world.now += passed
            # The timers are only put in line.
            await asyncio.sleep(0)
            await self.hass.async_block_till_done(wait_background_tasks=True)
            while self.world.polled:
                self._look(self.world.polled.pop())

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
        """Set an account up anew with what was written down; it is polled at once."""
        life = self.world.lives[instance_id]
        life.add(Event(self.world.now, Happening.RESTART))
        life.delay = LONGEST_DELAY
        entry_id = self.entries[instance_id].entry_id
        await self.hass.config_entries.async_unload(entry_id)
        # Only a restart lets Home Assistant 2026.3 forget a platform that is unloaded.
        platforms = self.hass.data[DATA_ENTITY_PLATFORM][DOMAIN]
        platforms[:] = [it for it in platforms if it.config_entry.entry_id != entry_id]
        store = await async_get_store(self.hass)
        others = {**store._memories}
        written = json.loads(json.dumps(store._to_storage()))
        with patch.object(Store, "async_load", return_value=written):
            await store.async_load()
        store._memories = {**others, entry_id: store.async_get(entry_id)}
        await self.hass.config_entries.async_setup(entry_id)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    def ignore(self, instance_id: str) -> None:
        """Ignore the issue of an account, if it has one."""
        life = self.world.lives[instance_id]
        if problem := life.issue:
            entry_id = self.entries[instance_id].entry_id
            ir.async_ignore_issue(
                self.hass, DOMAIN, issue_id(entry_id, problem), ignore=True
            )
            life.ignored = problem

    def _look(self, instance_id: str) -> None:
        """Compare what is shown of an account with what must be."""
        life = self.world.lives[instance_id]
        life.judge()
        registry = ir.async_get(self.hass).issues
        found = {
            problem: registry[key].dismissed_version is not None
            for problem, key in self._issues[instance_id].items()
            if key in registry
        }
        expected = {life.issue: life.issue is life.ignored} if life.issue else {}
        assert found == expected, life.history[-50:]
        state = self.hass.states.get(f"sensor.green_api_{instance_id}_account_state")
        assert state.state in shown(life.history[-1]), life.history[-50:]
        reason = self.hass.states.get(f"sensor.green_api_{instance_id}_problem_reason")
        assert reason.state in {
            life.shown or "none",
            *(() if life.shown else (STATE_UNAVAILABLE,)),
        }


UNSURE: Final = (STATE_UNAVAILABLE, STATE_UNKNOWN)


def shown(event: Event) -> set[str]:
    """Return what may be shown of the last event."""
    match event.what:
        case AccountState(known=None):
            return {STATE_UNKNOWN}
        case AccountState(known=known):
            return {known.name.lower()}
        case RateLimitedError():
            # As long as the last answer is fresh, it is what is shown.
            return {*map(str.lower, InstanceState.__members__), *UNSURE}
        case GreenApiError():
            return {STATE_UNAVAILABLE}
    raise NotImplementedError(event)


@pytest.fixture
async def household(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> AsyncGenerator[Household]:
    """Return a household in which all is well, and nothing is written down."""
    freezer.move_to(START)
    # Its timer stays when the entities have gone.
    assert await async_setup_component(hass, IMAGE_DOMAIN, {})
    logging.disable()
    world = World(seed=1)
    now = dt_util.utcnow
    with (
        patch(
            "custom_components.green_api.client.async_get_clientsession",
            new=lambda _: world,
        ),
        # By chance, a coordinator polls some hundredths of a second later.
        patch.object(update_coordinator, "randint", new=Random(1).randint),  # noqa: S311
        # To ask the frozen clock takes longer than most of what asks it.
        patch.object(hass.loop, "time", new=lambda: world.now),
        # Somebody sets the clock on the wall now and then.
        patch.object(dt_util, "utcnow", new=lambda: now() + world.off),
        # The harness keeps all that was ever written.
        patch.object(Store, "_async_write_data", new=_forget),
    ):
        yield Household(hass, freezer, world)
    logging.disable(logging.NOTSET)


async def _forget(store: Store[Any], data: dict[str, Any]) -> None:
    """Write nothing."""


DAYS: Final = os.environ.get("GREEN_API_SOAK_DAYS")


@pytest.mark.timeout(0 if DAYS else 1200)
@pytest.mark.parametrize(
    ("accounts", "days", "visits"), [(30, 1, 20), (10, 2, 20), (1, 15, 80)]
)
async def test_soak(
    household: Household, accounts: int, days: int, visits: int
) -> None:
    """What is wrong is shown, nothing else is, and nothing grows."""
    await household.async_live(timedelta(minutes=1))
    before = Census.take(household.hass)
    await household.async_add(accounts)
    some = [household.world.instance_ids[number % accounts] for number in range(visits)]

    censuses = []
    for _ in range(10):
        household.world.in_peace = False
        for instance_id in some:
            await household.async_live(timedelta(days=int(DAYS or days)) / 10 / visits)
            for pressed in household.world.not_sending_ids | {instance_id}:
                await household.async_press(pressed)
            household.ignore(instance_id)
            household.world.off = timedelta(hours=household.chance.choice((-1, 0, 1)))
            await household.async_live(timedelta(minutes=2))
            await household.async_restart(instance_id)
        household.world.in_peace = True
        await household.async_live(timedelta(minutes=12))
        censuses.append(Census.take(household.hass))

    seen = {problem for it in household.world.lives.values() for problem in it.seen}
    assert seen == {*Problem, None}
    first, *_, last = censuses
    assert last.memory < first.memory + 1000 + 20 * accounts
    assert last == replace(first, memory=last.memory)

    for instance_id in household.world.instance_ids:
        await household.async_unload(instance_id)
    await household.async_live(timedelta(minutes=1))
    after = Census.take(household.hass)
    assert (after.tasks, after.timers) == (before.tasks, before.timers)
    assert (after.coordinator_listeners, after.flows, after.issues) == (0, 0, 0)
