"""Test when requests are made, and when they are not."""

import asyncio
from operator import itemgetter
from typing import Final

import aiohttp
from aiohttp.web import StreamResponse
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.green_api.api import (
    ErrorKind,
    GreenApiClient,
    RateLimitedError,
    RequestPacer,
)
from tests.simulator import Simulator
from tests.simulator.faults import Exchange
from tests.support.canned import CannedServer
from tests.support.clients import METHODS, assert_no_details, create_client, outcome
from tests.support.const import INSTANCE_ID

pytestmark = pytest.mark.paced

STATE: Final = "getStateInstance"
SLEEP: Final = asyncio.sleep

# A date as servers say it.
SEVEN: Final = "Wed, 21 Oct 2026 07:00:00 GMT"


class Clock:
    """The time of an event loop, which passes when a test lets it."""

    def __init__(self) -> None:
        """Begin somewhere."""
        self.now = 1000.0
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    def time(self) -> float:
        """Return the time."""
        return self.now

    async def sleep(self, delay: float) -> None:
        """Sleep until enough time has passed."""
        sleeper = self.now + delay, asyncio.Event()
        self._sleepers.append(sleeper)
        try:
            await sleeper[1].wait()
        finally:
            self._sleepers.remove(sleeper)

    async def let_pass(self, seconds: float) -> None:
        """Let time pass, and wake each sleeper at its time."""
        end = self.now + seconds
        await self._settle()
        while due := [it for it in self._sleepers if it[0] <= end]:
            self.now, alarm = min(due, key=itemgetter(0))
            alarm.set()
            await self._settle()
        self.now = end

    async def _settle(self) -> None:
        """Run the event loop until nothing is due at once."""
        for _ in range(10):
            await SLEEP(0)


class Turns:
    """The turns that waiters get, in seconds since the beginning."""

    def __init__(self, pacer: RequestPacer, clock: Clock) -> None:
        """Begin now."""
        self.taken: list[tuple[str, float]] = []
        self._clock = clock
        self._pacer = pacer
        self._start = clock.now

    def wait(
        self,
        name: str,
        method: str = STATE,
        instance_id: str = INSTANCE_ID,
        *,
        takes: float = 0,
    ) -> asyncio.Task[None]:
        """Start to wait for a turn, which takes some seconds."""
        return asyncio.create_task(self._wait(name, method, instance_id, takes))

    async def let_pass(self, seconds: float) -> None:
        """Let time pass."""
        await self._clock.let_pass(seconds)

    async def _wait(
        self, name: str, method: str, instance_id: str, takes: float
    ) -> None:
        """Wait for a turn, remember when it came, and take it."""
        async with self._pacer.turn(instance_id, method):
            self.taken.append((name, round(self._clock.now - self._start, 3)))
            if takes:
                await self._clock.sleep(takes)


@pytest.fixture
def pacer() -> RequestPacer:
    """Return a pacer."""
    return RequestPacer()


@pytest.fixture
async def turns(pacer: RequestPacer, monkeypatch: pytest.MonkeyPatch) -> Turns:
    """Return the turns that waiters get, in a time that a test lets pass."""
    clock = Clock()
    monkeypatch.setattr(asyncio.get_running_loop(), "time", clock.time)
    monkeypatch.setattr(asyncio, "sleep", clock.sleep)
    return Turns(pacer, clock)


@pytest.mark.parametrize(
    ("method", "spacing"),
    [
        ("getStateInstance", 1.1),
        ("reboot", 1.1),
        ("getContacts", 1.1),
        ("getChats", 1.1),
        ("qr", 0.4),
        ("sendMessage", 0.022),
        ("sendFileByUpload", 0.022),
    ],
)
async def test_spacing(turns: Turns, method: str, spacing: float) -> None:
    """Requests to one method of one instance queue up, at the pace of the method."""
    for name in "abcd":
        turns.wait(name, method)
    await turns.let_pass(5)
    assert turns.taken == [
        (name, pytest.approx(number * spacing)) for number, name in enumerate("abcd")
    ]


async def test_spacing_is_apart(turns: Turns) -> None:
    """Neither other methods nor other instances have to wait."""
    turns.wait("a")
    turns.wait("b", method="getSettings")
    turns.wait("c", instance_id="1101000002")
    await turns.let_pass(0)
    assert turns.taken == [("a", 0), ("b", 0), ("c", 0)]


@pytest.mark.parametrize("passed", [0, 1, 1.1, 60, 120])
async def test_spacing_passes(turns: Turns, passed: float) -> None:
    """Only what is left of the distance is waited for, and nothing is saved up."""
    turns.wait("a")
    await turns.let_pass(passed)
    turns.wait("b")
    turns.wait("c")
    await turns.let_pass(3)
    second = max(passed, 1.1)
    assert turns.taken == [
        ("a", 0),
        ("b", pytest.approx(second)),
        ("c", pytest.approx(second + 1.1)),
    ]


async def test_spacing_begins_with_the_answer(turns: Turns) -> None:
    """The next request does not catch up with one that is under way for long."""
    turns.wait("a", takes=0.5)
    turns.wait("b", takes=15)
    turns.wait("c")
    await turns.let_pass(20)
    assert turns.taken == [("a", 0), ("b", 1.6), ("c", 17.7)]


async def test_cancelled_request(turns: Turns) -> None:
    """A request that is cancelled may have arrived: the next one is spaced out."""
    request = turns.wait("a", takes=15)
    turns.wait("b")
    await turns.let_pass(5)
    request.cancel()
    await turns.let_pass(2)
    assert turns.taken == [("a", 0), ("b", 6.1)]


@pytest.mark.parametrize("cancelled", ["b", "c"])
async def test_cancelled_waiter(turns: Turns, cancelled: str) -> None:
    """A waiter that is cancelled gives its turn to the next one."""
    waiters = {name: turns.wait(name) for name in "abcd"}
    await turns.let_pass(0.5)
    waiters[cancelled].cancel()
    await turns.let_pass(3)
    left = "abcd".replace(cancelled, "")
    assert turns.taken == [
        (name, pytest.approx(number * 1.1)) for number, name in enumerate(left)
    ]


async def test_cancelled_waiters_take_nothing(turns: Turns) -> None:
    """When all waiters were cancelled, the next one waits for none of them."""
    turns.wait("a")
    ghosts = [turns.wait("ghost") for _ in range(5)]
    await turns.let_pass(1)
    for ghost in ghosts:
        ghost.cancel()
    await turns.let_pass(1)
    turns.wait("b")
    await turns.let_pass(0)
    assert turns.taken == [("a", 0), ("b", 2)]


@pytest.mark.parametrize("method", METHODS)
async def test_hold(pacer: RequestPacer, turns: Turns, method: str) -> None:
    """Whatever is asked, an instance that is held is not asked before its time."""
    pacer.hold(INSTANCE_ID, 30)
    await turns.let_pass(10)
    refused = turns.wait("a", method)
    turns.wait("b", method, "1101000002")
    await turns.let_pass(0)
    error = refused.exception()
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == pytest.approx(20)
    await turns.let_pass(20)
    turns.wait("c", method)
    await turns.let_pass(0)
    assert turns.taken == [("b", 10), ("c", 30)]


async def test_hold_is_over_soon(pacer: RequestPacer, turns: Turns) -> None:
    """The last second is waited for, since it is shorter than to try again."""
    pacer.hold(INSTANCE_ID, 30)
    await turns.let_pass(29.5)
    turns.wait("a")
    await turns.let_pass(1)
    assert turns.taken == [("a", 30)]


async def test_hold_meets_waiters(pacer: RequestPacer, turns: Turns) -> None:
    """Whoever waits for a turn already is refused as well."""
    waiters = [turns.wait(name) for name in "abc"]
    await turns.let_pass(0)
    pacer.hold(INSTANCE_ID, 30)
    await turns.let_pass(2)
    assert turns.taken == [("a", 0)]
    assert [type(waiter.exception()) for waiter in waiters[1:]] == [
        RateLimitedError,
        RateLimitedError,
    ]


@pytest.mark.parametrize("seconds", [(30, 10), (10, 30)])
async def test_longest_hold(
    pacer: RequestPacer, turns: Turns, seconds: tuple[float, float]
) -> None:
    """Of two answers that ask to wait, the one that asks for more is obeyed."""
    for each in seconds:
        pacer.hold(INSTANCE_ID, each)
    refused = turns.wait("a")
    await turns.let_pass(0)
    assert refused.exception().retry_after == pytest.approx(30)


async def test_nothing_is_kept_for_ever(pacer: RequestPacer, turns: Turns) -> None:
    """Instances whose turn is long past are forgotten."""
    for number in range(100):
        turns.wait("a", instance_id=str(number))
        pacer.hold(str(number + 1000), 30)
    await turns.let_pass(0)
    await turns.let_pass(120)
    turns.wait("b")
    await turns.let_pass(0)
    assert [*pacer._queues] == [(INSTANCE_ID, STATE)]
    assert [*pacer._held_until] == []


@pytest.mark.parametrize("lags", [(0, 0, 0, 0, 0), (0, 0.9, 3, 0, 0.9, 0)])
@pytest.mark.parametrize("method", sorted(METHODS.keys() - {"getAccountSettings"}))
async def test_limits_are_kept(
    freezer: FrozenDateTimeFactory,
    client: GreenApiClient,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    lags: tuple[float, ...],
) -> None:
    """A client that waits its turns is never too fast for a server that is far away."""

    async def sleep(delay: float) -> None:
        freezer.tick(delay)

    async def arrive(
        simulator: Simulator, exchange: Exchange, token: str
    ) -> StreamResponse:
        freezer.tick(next(lag))
        return await answer(simulator, exchange, token)

    lag = iter(lags)
    answer = Simulator._answer
    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(Simulator, "_answer", arrive)
    answers = [await outcome(METHODS[method].call(client)) for _ in lags]
    assert RateLimitedError not in answers


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ({}, None),
        ({"Retry_After": "30"}, 30),
        ({"Retry_After": "0.5"}, 0.5),
        ({"Retry_After": "0"}, None),
        ({"Retry_After": "-1"}, None),
        ({"Retry_After": ""}, None),
        ({"Retry_After": "nan"}, None),
        ({"Retry_After": "inf"}, None),
        ({"Retry_After": "1e999"}, None),
        ({"Retry_After": "3601"}, 3600),
        ({"Retry_After": "1e300"}, 3600),
        ({"Retry_After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        *(
            ({"Retry_After": end, "Date": start}, seconds)
            for start, end, seconds in (
                (SEVEN, "Wed, 21 Oct 2026 07:00:30 GMT", 30),
                (SEVEN, "Thu, 22 Oct 2026 07:00:00 GMT", 3600),
                (SEVEN, "Wed, 21 Oct 2026 06:59:59 GMT", None),
                (SEVEN, "Wednesday, 21-Oct-26 07:00:30 GMT", 30),
                (SEVEN, "Wed, 21 Oct 2026 07:00:30", None),
                (SEVEN, "Wed, 99 Oct 2026 07:00:30 GMT", None),
                (SEVEN, "soon", None),
                ("now", "Wed, 21 Oct 2026 07:00:30 GMT", None),
            )
        ),
    ],
)
async def test_retry_after(
    canned: CannedServer,
    canned_client: GreenApiClient,
    header: dict[str, str],
    seconds: float | None,
) -> None:
    """The time to wait is kept if it is one, by the clock of the server."""
    canned.say(429, "", **header)
    with pytest.raises(RateLimitedError) as raised:
        await canned_client.get_state()
    assert raised.value.retry_after == seconds


@pytest.mark.parametrize(
    ("status", "body"), [(429, ""), (429, "Instance is deleted"), (429, "<html>")]
)
async def test_clients_on_hold(
    canned: CannedServer,
    session: aiohttp.ClientSession,
    freezer: FrozenDateTimeFactory,
    status: int,
    body: str,
) -> None:
    """After `Retry-After`, no client that shares the pacer makes a request in time."""
    pacer = RequestPacer()
    canned.say(status, body, Retry_After="30")
    await outcome(create_client(session, canned.url, pacer=pacer).get_state())
    canned.say(200, '{"isReboot":true}')
    another = create_client(session, f"{canned.url}/v3", token="another", pacer=pacer)
    freezer.tick(25)
    for method in METHODS.values():
        with pytest.raises(RateLimitedError) as raised:
            await method.call(another)
        assert raised.value.retry_after == pytest.approx(5)
        assert_no_details(raised.value, ErrorKind.RATE_LIMITED)
    assert len(canned.requests) == 1
    freezer.tick(5)
    assert await another.reboot()


@pytest.mark.parametrize(
    "answer", [(429, "", {}), (503, "", {"Retry_After": "30"}), (200, "null", {})]
)
async def test_no_hold(
    canned: CannedServer,
    canned_client: GreenApiClient,
    answer: tuple[int, str, dict[str, str]],
) -> None:
    """No other answer keeps anybody from asking."""
    status, body, headers = answer
    canned.say(status, body, **headers)
    await outcome(canned_client.get_state())
    canned.say(200, '{"isReboot":true}')
    assert await canned_client.reboot()
