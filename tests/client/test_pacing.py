"""Test when requests are made, and when they are not."""

import asyncio
from operator import itemgetter
from typing import Final

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.green_api.api import (
    GreenApiClient,
    RateLimitedError,
    RequestPacer,
)
from tests.support.clients import CALLS, outcome
from tests.support.const import INSTANCE_ID

pytestmark = pytest.mark.paced

METHOD: Final = "getStateInstance"
SLEEP: Final = asyncio.sleep


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
        """Let happen what happens in no time."""
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
        self, name: str, method: str = METHOD, instance_id: str = INSTANCE_ID
    ) -> asyncio.Task[None]:
        """Let somebody wait for a turn."""
        return asyncio.create_task(self._wait(name, method, instance_id))

    async def let_pass(self, seconds: float) -> None:
        """Let time pass."""
        await self._clock.let_pass(seconds)

    async def _wait(self, name: str, method: str, instance_id: str) -> None:
        """Wait for a turn, and remember when it came."""
        await self._pacer.wait_turn(instance_id, method)
        self.taken.append((name, round(self._clock.now - self._start, 3)))


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
    ("method", "spacing"), [("getStateInstance", 1.1), ("reboot", 1.1), ("qr", 0.4)]
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


@pytest.mark.parametrize("method", CALLS)
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
    await turns.let_pass(61)
    turns.wait("b")
    await turns.let_pass(0)
    assert [*pacer._free_at] == [(INSTANCE_ID, METHOD)]
    assert [*pacer._held_until] == []
    assert len(pacer._locks) == 0


@pytest.mark.parametrize("method", sorted(CALLS.keys() - {"getAccountSettings"}))
async def test_limits_are_kept(
    freezer: FrozenDateTimeFactory,
    client: GreenApiClient,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
) -> None:
    """A client that waits its turns is never too fast for the server."""

    async def sleep(delay: float) -> None:
        freezer.tick(delay)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    answers = [await outcome(CALLS[method](client)) for _ in range(5)]
    assert RateLimitedError not in answers
