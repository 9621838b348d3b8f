"""Test the pacing of requests."""

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
from tests.simulator import Account, Simulator
from tests.simulator.faults import Exchange
from tests.support.canned import CannedServer
from tests.support.clients import (
    API_METHODS,
    METHODS,
    SENDS,
    assert_no_details,
    create_client,
    result_or_error,
)
from tests.support.const import INSTANCE_ID
from tests.support.simulated_time import SimulatedTime

pytestmark = pytest.mark.paced

STATE: Final = "getStateInstance"
SLEEP: Final = asyncio.sleep

# A date in an HTTP header.
SEVEN_O_CLOCK: Final = "Wed, 21 Oct 2026 07:00:00 GMT"


class Clock:
    """The clock of an event loop, which tests advance."""

    def __init__(self) -> None:
        """Initialize the clock with any time."""
        self.now = 1000.0
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    def time(self) -> float:
        """Return the time in seconds."""
        return self.now

    async def sleep(self, delay: float) -> None:
        """Sleep for some seconds."""
        sleeper = self.now + delay, asyncio.Event()
        self._sleepers.append(sleeper)
        try:
            await sleeper[1].wait()
        finally:
            self._sleepers.remove(sleeper)

    async def advance(self, seconds: float) -> None:
        """Advance the time by some seconds, and wake each sleeper at its time."""
        end = self.now + seconds
        await self._settle()
        while due := [it for it in self._sleepers if it[0] <= end]:
            self.now, alarm = min(due, key=itemgetter(0))
            alarm.set()
            await self._settle()
        self.now = end

    async def _settle(self) -> None:
        """Run the event loop until nothing is due."""
        for _ in range(10):
            await SLEEP(0)


class Turns:
    """The turns of waiters, in seconds since the beginning."""

    def __init__(self, pacer: RequestPacer, clock: Clock) -> None:
        """Initialize without turns."""
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
        """Start waiting for a turn, which takes some seconds."""
        return asyncio.create_task(self._wait(name, method, instance_id, takes))

    async def advance(self, seconds: float) -> None:
        """Advance the time by some seconds."""
        await self._clock.advance(seconds)

    async def _wait(
        self, name: str, method: str, instance_id: str, takes: float
    ) -> None:
        """Wait for a turn, record when it comes, and take it."""
        async with self._pacer.turn(instance_id, API_METHODS[method]):
            self.taken.append((name, round(self._clock.now - self._start, 3)))
            if takes:
                await self._clock.sleep(takes)


@pytest.fixture
def pacer() -> RequestPacer:
    """Return a pacer."""
    return RequestPacer()


@pytest.fixture
async def turns(pacer: RequestPacer, monkeypatch: pytest.MonkeyPatch) -> Turns:
    """Return the turns of waiters, with a clock that tests advance."""
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
        ("qr", 1.1),
        ("sendMessage", 0.022),
        ("sendFileByUpload", 0.022),
    ],
)
async def test_spacing(turns: Turns, method: str, spacing: float) -> None:
    """Requests to one method of one instance are spaced out."""
    for name in "abcd":
        turns.wait(name, method)
    await turns.advance(5)
    assert turns.taken == [
        (name, pytest.approx(number * spacing)) for number, name in enumerate("abcd")
    ]


async def test_spacing_is_independent(turns: Turns) -> None:
    """Other methods and other instances do not wait."""
    turns.wait("a")
    turns.wait("b", method="getSettings")
    turns.wait("c", instance_id="1101000002")
    await turns.advance(0)
    assert turns.taken == [("a", 0), ("b", 0), ("c", 0)]


@pytest.mark.parametrize("passed", [0, 1, 1.1, 60, 120])
async def test_spacing_passes(turns: Turns, passed: float) -> None:
    """A request waits only for the rest of the spacing, and idle time is not saved."""
    turns.wait("a")
    await turns.advance(passed)
    turns.wait("b")
    turns.wait("c")
    await turns.advance(3)
    second = max(passed, 1.1)
    assert turns.taken == [
        ("a", 0),
        ("b", pytest.approx(second)),
        ("c", pytest.approx(second + 1.1)),
    ]


async def test_spacing_starts_with_the_response(turns: Turns) -> None:
    """The next request is spaced out from the end of a slow one."""
    turns.wait("a", takes=0.5)
    turns.wait("b", takes=15)
    turns.wait("c")
    await turns.advance(20)
    assert turns.taken == [("a", 0), ("b", 1.6), ("c", 17.7)]


async def test_cancelled_request(turns: Turns) -> None:
    """The request after a cancelled one is spaced out: that may have arrived."""
    request = turns.wait("a", takes=15)
    turns.wait("b")
    await turns.advance(5)
    request.cancel()
    await turns.advance(2)
    assert turns.taken == [("a", 0), ("b", 6.1)]


@pytest.mark.parametrize("cancelled", ["b", "c"])
async def test_cancelled_waiter(turns: Turns, cancelled: str) -> None:
    """The turn of a cancelled waiter goes to the next one."""
    waiters = {name: turns.wait(name) for name in "abcd"}
    await turns.advance(0.5)
    waiters[cancelled].cancel()
    await turns.advance(3)
    left = "abcd".replace(cancelled, "")
    assert turns.taken == [
        (name, pytest.approx(number * 1.1)) for number, name in enumerate(left)
    ]


async def test_cancelled_waiters_take_nothing(turns: Turns) -> None:
    """If all waiters are cancelled, the next one does not wait for them."""
    turns.wait("a")
    ghosts = [turns.wait("ghost") for _ in range(5)]
    await turns.advance(1)
    for ghost in ghosts:
        ghost.cancel()
    await turns.advance(1)
    turns.wait("b")
    await turns.advance(0)
    assert turns.taken == [("a", 0), ("b", 2)]


@pytest.mark.parametrize("method", METHODS)
async def test_hold(pacer: RequestPacer, turns: Turns, method: str) -> None:
    """A method on hold is not called before the end, and all others are."""
    pacer.hold(INSTANCE_ID, API_METHODS[method], 30)
    await turns.advance(10)
    refused = turns.wait("a", method)
    turns.wait("b", method, "1101000002")
    for other in METHODS.keys() - {method}:
        turns.wait("other", other)
    await turns.advance(0)
    error = refused.exception()
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == pytest.approx(20)
    await turns.advance(20)
    turns.wait("c", method)
    await turns.advance(0)
    others = [("other", 10)] * (len(METHODS) - 1)
    assert turns.taken == [("b", 10), *others, ("c", 30)]


async def test_hold_of_another_server(pacer: RequestPacer, turns: Turns) -> None:
    """A hold of one server does not apply to another one."""
    pacer.hold(f"one.example/{INSTANCE_ID}", API_METHODS[STATE], 3600)
    turns.wait("a", instance_id=f"another.example/{INSTANCE_ID}")
    await turns.advance(0)
    assert turns.taken == [("a", 0)]


@pytest.mark.parametrize(
    ("method", "patience"), [(STATE, 1), *((it, 10) for it in SENDS)]
)
async def test_hold_is_over_soon(
    pacer: RequestPacer, turns: Turns, method: str, patience: float
) -> None:
    """Requests wait at most 1 second for the end of a hold, messages 10 seconds."""
    pacer.hold(INSTANCE_ID, API_METHODS[method], 30)
    await turns.advance(30 - patience - 0.1)
    refused = turns.wait("a", method)
    await turns.advance(0.2)
    assert isinstance(refused.exception(), RateLimitedError)
    turns.wait("b", method)
    await turns.advance(patience)
    assert turns.taken == [("b", 30)]


async def test_hold_meets_waiters(pacer: RequestPacer, turns: Turns) -> None:
    """Requests that already wait for a turn are refused as well."""
    waiters = [turns.wait(name) for name in "abc"]
    await turns.advance(0)
    pacer.hold(INSTANCE_ID, API_METHODS[STATE], 30)
    await turns.advance(2)
    assert turns.taken == [("a", 0)]
    assert [type(waiter.exception()) for waiter in waiters[1:]] == [
        RateLimitedError,
        RateLimitedError,
    ]


@pytest.mark.parametrize("method", SENDS)
async def test_hold_meets_messages(
    pacer: RequestPacer, turns: Turns, method: str
) -> None:
    """Messages that wait for the end of a hold are refused if it is prolonged."""
    pacer.hold(INSTANCE_ID, API_METHODS[method], 5)
    waiters = [turns.wait(name, method) for name in "abc"]
    await turns.advance(1)
    pacer.hold(INSTANCE_ID, API_METHODS[method], 60)
    await turns.advance(5)
    assert [type(waiter.exception()) for waiter in waiters[1:]] == [
        RateLimitedError,
        RateLimitedError,
    ]
    # The first request was about to be made: only the server can refuse it.
    assert turns.taken in ([], [("a", 5)])


@pytest.mark.parametrize("method", SENDS)
async def test_messages_side_by_side(turns: Turns, method: str) -> None:
    """A message does not wait for the response to another one."""
    for name in "abc":
        turns.wait(name, method, takes=60)
    await turns.advance(62)
    assert turns.taken == [
        (name, pytest.approx(number * 0.022)) for number, name in enumerate("abc")
    ]


@pytest.mark.parametrize("method", sorted(METHODS))
async def test_messages_go_first(
    pacer: RequestPacer, turns: Turns, method: str
) -> None:
    """Requests that can wait do so while messages of the instance are prepared."""
    yields = API_METHODS[method].yields_to_messages
    with pacer.message_first(INSTANCE_ID):
        turns.wait("a", method)
        turns.wait("b", method, "1101000002")
        await turns.advance(2)
        with pacer.message_first(INSTANCE_ID):
            await turns.advance(2)
        await turns.advance(2)
    await turns.advance(1)
    assert sorted(turns.taken) == [("a", 6 if yields else 0), ("b", 0)]


async def test_messages_go_first_for_some_seconds(
    freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch, pacer: RequestPacer
) -> None:
    """Requests that can wait do not do so for more than ten seconds."""

    async def take_turn() -> None:
        async with pacer.turn(INSTANCE_ID, API_METHODS["getMessage"]):
            pass

    time = SimulatedTime(freezer, monkeypatch)
    with pacer.message_first(INSTANCE_ID):
        turn = asyncio.ensure_future(take_turn())
        await time.advance(9.9)
        assert not turn.done()
        await time.advance(0.2)
        assert turn.done()


@pytest.mark.parametrize("seconds", [(30, 10), (10, 30)])
async def test_longest_hold(
    pacer: RequestPacer, turns: Turns, seconds: tuple[float, float]
) -> None:
    """The longest of two holds applies."""
    for each in seconds:
        pacer.hold(INSTANCE_ID, API_METHODS[STATE], each)
    refused = turns.wait("a")
    await turns.advance(0)
    assert refused.exception().retry_after == pytest.approx(30)


async def test_old_instances_are_forgotten(pacer: RequestPacer, turns: Turns) -> None:
    """Instances whose last turn was long ago are forgotten."""
    for number in range(100):
        turns.wait("a", instance_id=str(number))
        pacer.hold(str(number + 1000), API_METHODS[STATE], 30)
    await turns.advance(0)
    await turns.advance(120)
    turns.wait("b")
    await turns.advance(0)
    assert [*pacer._queues] == [(INSTANCE_ID, API_METHODS[STATE])]


@pytest.mark.parametrize("lags", [(0, 0, 0, 0, 0), (0, 0.9, 3, 0, 0.9, 0)])
@pytest.mark.parametrize("method", sorted(METHODS.keys() - {"getAccountSettings"}))
async def test_limits_are_kept(
    freezer: FrozenDateTimeFactory,
    client: GreenApiClient,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    lags: tuple[float, ...],
) -> None:
    """A client that waits for its turns never exceeds limits of a distant server."""

    async def sleep(delay: float) -> None:
        freezer.tick(delay)

    async def arrive(
        simulator: Simulator, exchange: Exchange, token: str
    ) -> StreamResponse:
        freezer.tick(next(lag))
        return await answer(simulator, exchange, token)

    account.longest_wait = 0
    lag = iter(lags)
    answer = Simulator._answer
    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(Simulator, "_answer", arrive)
    answers = [await result_or_error(METHODS[method].call(client)) for _ in lags]
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
                (SEVEN_O_CLOCK, "Wed, 21 Oct 2026 07:00:30 GMT", 30),
                (SEVEN_O_CLOCK, "Thu, 22 Oct 2026 07:00:00 GMT", 3600),
                (SEVEN_O_CLOCK, "Wed, 21 Oct 2026 06:59:59 GMT", None),
                (SEVEN_O_CLOCK, "Wednesday, 21-Oct-26 07:00:30 GMT", 30),
                (SEVEN_O_CLOCK, "Wed, 21 Oct 2026 07:00:30", None),
                (SEVEN_O_CLOCK, "Wed, 99 Oct 2026 07:00:30 GMT", None),
                (SEVEN_O_CLOCK, "soon", None),
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
    """A valid `Retry-After` is obeyed, relative to the clock of the server."""
    canned.respond(429, "", **header)
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
    """After `Retry-After`, no client with the same pacer calls the method too early.

    Other methods and other servers are still called.
    """
    pacer = RequestPacer()
    canned.respond(status, body, Retry_After="30")
    await result_or_error(create_client(session, canned.url, pacer=pacer).get_state())
    canned.respond(200, '{"isReboot":true}')
    another = create_client(session, f"{canned.url}/v3", token="another", pacer=pacer)
    freezer.tick(25)
    with pytest.raises(RateLimitedError) as raised:
        await another.get_state()
    assert raised.value.retry_after == pytest.approx(5)
    assert_no_details(raised.value, ErrorKind.RATE_LIMITED)
    assert len(canned.requests) == 1
    assert await another.reboot()
    async with CannedServer() as other_server:
        other_server.respond(200, '{"stateInstance":"authorized"}')
        elsewhere = create_client(session, other_server.url, pacer=pacer)
        assert (await elsewhere.get_state()).raw == "authorized"
    freezer.tick(5)
    canned.respond(200, '{"stateInstance":"authorized"}')
    assert (await another.get_state()).raw == "authorized"


@pytest.mark.parametrize(
    "answer", [(429, "", {}), (503, "", {"Retry_After": "30"}), (200, "null", {})]
)
async def test_no_hold(
    canned: CannedServer,
    canned_client: GreenApiClient,
    answer: tuple[int, str, dict[str, str]],
) -> None:
    """Other responses do not cause a hold."""
    status, body, headers = answer
    canned.respond(status, body, **headers)
    await result_or_error(canned_client.get_state())
    canned.respond(200, '{"isReboot":true}')
    assert await canned_client.reboot()
