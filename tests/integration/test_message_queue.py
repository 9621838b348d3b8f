"""Test the decision on whether the messages of an account go out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, pairwise
from random import Random
import re
from typing import Final

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.green_api.api import AccountState, CannotConnectError
from custom_components.green_api.memory import AccountMemory
from custom_components.green_api.message_queue import patience
from custom_components.green_api.problem import Answer, Problem
from tests.simulator.queue import Message, MessageQueue
from tests.support.queue_reference import (
    Look,
    Poll,
    QueueEvent,
    QueueVerdict,
    Turn,
    queue_verdict,
)
from tests.support.queue_replays import (
    QUEUE_PROBLEMS,
    QUEUE_REPLAYS,
    SLOW_QUEUE_REPLAYS,
)
from tests.support.reference import EVENTS, Happening
from tests.support.replays import Replay

pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

MOMENT: Final = datetime(2026, 11, 24, tzinfo=UTC)
AUTHORIZED: Final = AccountState("authorized")
MINUTE: Final = 60
HOUR: Final = 3600

TOO_LARGE: Final = "!"
FAILS: Final = "?"
EMPTY: Final = "-"
LOOK: Final = re.compile(r"(?P<count>\d+)(?P<oldest>[^\d\s])|0")


@dataclass
class Watcher:
    """Whoever looks at a queue, asks for no more than is wanted, and takes it down."""

    delay: float | None = 3
    memory: AccountMemory = field(default_factory=AccountMemory)
    history: list[QueueEvent] = field(default_factory=list)
    lists: int = 0

    def poll(self, now: float, answer: Answer) -> None:
        """Handle a poll of the account."""
        self.memory = self.memory.answered(answer, now, MOMENT)
        can_send = answer == AUTHORIZED if isinstance(answer, AccountState) else None
        has_problem = self.memory.health.problem is not None
        self.history.append(Poll(now, can_send, has_problem))

    def look(self, now: float, number: int, oldest: str) -> None:
        """Look at the queue while the account can send."""
        allowed = patience(self.delay)
        queue = self.memory.queue.counted(number, now, MOMENT, can_send=True)
        reported = None
        if queue.is_list_wanted(now):
            self.lists += 1
            if oldest == TOO_LARGE:
                queue = queue.unlistable()
            elif oldest not in {FAILS, EMPTY}:
                reported = hash(oldest)
                queue = queue.listed(reported, now, MOMENT)
        queue = queue.decided(now, allowed)
        self.memory = self.memory.with_queue(queue, now, MOMENT)
        self.history.append(Look(now, number, reported))

    def turn(self, now: float, what: Happening) -> None:
        """Reboot or restart."""
        self.memory = (
            self.memory.rebooted(now)
            if what is Happening.REBOOT
            else self.memory.interrupted(now, None)
        )
        self.history.append(Turn(now, what))

    def happen(self, now: float, event: str) -> None:
        """Play an event by its name."""
        if match := LOOK.fullmatch(event):
            self.poll(now, AUTHORIZED)
            self.look(now, int(match["count"] or 0), match["oldest"] or EMPTY)
            return
        match EVENTS.get(event, AccountState(event)):
            case Happening() as what:
                self.turn(now, what)
            case _ if event == FAILS:
                self.poll(now, AUTHORIZED)
            case answer:
                self.poll(now, answer)


def verdicts(history: list[QueueEvent], delay: float) -> list[QueueVerdict]:
    """Return what a history amounts to after each event, by the reference."""
    known = [QueueVerdict()]
    for end in range(1, len(history) + 1):
        known.append(queue_verdict(history[:end], known[-1], delay))
    return known[1:]


def replayed(replay: Replay, delay: float) -> tuple[list[object], Watcher]:
    """Return the problem after each step of a replay."""
    watcher = Watcher(delay)
    found: list[object] = []
    for step in replay.steps:
        watcher.happen(step.at.total_seconds(), step.event)
        found.append((str(step.at), step.event, watcher.memory.problem))
    return found, watcher


@pytest.mark.parametrize(
    ("replay", "delay"),
    [
        *((replay, 3) for replay in QUEUE_REPLAYS),
        *((replay, 300) for replay in SLOW_QUEUE_REPLAYS),
    ],
    ids=lambda it: getattr(it, "name", ""),
)
def test_replay(replay: Replay, delay: float) -> None:
    """The problem after each look is the one that it must be, by the reference too."""
    found, watcher = replayed(replay, delay)
    assert found == [(str(step.at), step.event, step.problem) for step in replay.steps]
    last = verdicts(watcher.history, delay)[-1]
    queue = watcher.memory.queue
    assert (queue.problem, queue.issue) == (last.shown, last.issue)


def test_replays() -> None:
    """Each sequence has a name of its own and runs forward; none is missing."""
    replays = QUEUE_REPLAYS + SLOW_QUEUE_REPLAYS
    assert len({replay.name for replay in replays}) == len(replays) >= 25
    assert all(
        earlier.at <= later.at
        for replay in replays
        for earlier, later in pairwise(replay.steps)
    )
    shown = {step.problem for replay in replays for step in replay.steps}
    assert shown == {None, Problem.EXPIRED, Problem.LOGGED_OUT, *QUEUE_PROBLEMS}


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [(0.5, 600), (3, 600), (200, 600), (201, 603), (600, 1800), (None, 1800)],
)
def test_patience(delay: float | None, seconds: float) -> None:
    """A queue is given ten minutes or three messages, the longest if nobody knows."""
    assert patience(delay) == seconds


EVENTS_BY_CHANCE: Final = [
    *("5a", "5a", "5b", "6a", "4a", "0", "5?", "5!", "5-", "9c", "9!"),
    *(
        "authorized",
        "starting",
        "notAuthorized",
        "502",
        "expired",
        "REBOOT",
        "RESTART",
        "?",
    ),
]
GAPS: Final = [0, 1, 10, 50, 60, 60, 60, 61, 180, 200, 201, 300, 590, 600, 1801, 90000]


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[float, str]]:
    """Draw events of which few kinds come, each several times over."""
    kinds = draw(st.lists(st.sampled_from(EVENTS_BY_CHANCE), min_size=1, max_size=4))
    now = 0.0
    events = []
    for event in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=8)):
        gap = draw(st.sampled_from(GAPS))
        for _ in range(draw(st.integers(1, 22))):
            now += gap
            events.append((now, event))
    return events


thoroughly = settings(deadline=None, derandomize=True, max_examples=500)


@thoroughly
@given(histories(), st.sampled_from([3.0, 300.0]))
def test_reference(events: list[tuple[float, str]], delay: float) -> None:
    """The decision comes to the same as the reference, whatever happens."""
    watcher = Watcher(delay)
    verdict = QueueVerdict()
    known = 0
    for now, event in events:
        watcher.happen(now, event)
        for end in range(known + 1, len(watcher.history) + 1):
            verdict = queue_verdict(watcher.history[:end], verdict, delay)
        known = len(watcher.history)
        queue = watcher.memory.queue
        assert (queue.remembered, queue.confirmed, queue.is_rebooted) == (
            verdict.problem,
            verdict.is_confirmed,
            verdict.is_tried,
        )


@thoroughly
@given(histories(), st.sampled_from(["502", "?"]), st.integers(1, 30))
def test_nothing_heard_changes_nothing(
    events: list[tuple[float, str]], event: str, times: int
) -> None:
    """An outage, or a count that cannot be read, raises no problem of the queue."""
    watcher = Watcher()
    for now, happened in events:
        watcher.happen(now, happened)
    before = watcher.memory.queue.remembered
    for number in range(times):
        watcher.happen(events[-1][0] + MINUTE * number, event)
    assert watcher.memory.queue.remembered in {before, None}
    assert watcher.memory.queue.remembered is before or watcher.memory.health.problem


# Timelines of real queues

type Traffic = Iterator[tuple[float, int, str]]


class Sender:
    """An account that sends, as the vendor's servers do it."""

    def __init__(self, delay: float) -> None:
        """Begin with nothing to send."""
        self.delay = delay
        self.queue = MessageQueue()
        self.queue.delay = delay
        self._numbers = count()

    def send(self, now: float, number: int = 1, method: str = "sendMessage") -> None:
        """Accept messages."""
        self.queue.pass_time(now, sending=True)
        for _ in range(number):
            name = f"{next(self._numbers)}"
            self.queue.add(Message(name, method, {}, now))

    def reported(self, now: float) -> tuple[int, str]:
        """Return how many messages wait, and which one is the oldest."""
        self.queue.pass_time(now, sending=True)
        waiting = self.queue.waiting
        return len(waiting), waiting[0].id if waiting else EMPTY


def problems(
    sender: Sender, traffic: Traffic, until: float
) -> list[tuple[float, int, Problem | None]]:
    """Return what is found at each look, at the pace of the real one."""
    watcher = Watcher(sender.delay)
    found = []
    pending = next(traffic, None)
    looked_at, number = -HOUR, 0
    for now in range(0, int(until), MINUTE):
        while pending and pending[0] <= now:
            sender.send(*pending)
            pending = next(traffic, None)
        watcher.poll(now, AUTHORIZED)
        if number or now - looked_at >= 5 * MINUTE:
            looked_at = now
            number, oldest = sender.reported(now)
            watcher.look(now, number, oldest)
            found.append((now, number, watcher.memory.problem))
    return found


def bulk(chance: Random, _: float) -> Traffic:
    """Send a thousand messages at once."""
    yield 100 + chance.random() * 300, 1000, "sendMessage"


def slow_bulk(chance: Random, _: float) -> Traffic:
    """Send a thousand messages as fast as they can be handed over."""
    for number in range(1000):
        yield number * (0.2 + chance.random() / 100), 1, "sendMessage"


def bot(chance: Random, delay: float) -> Traffic:
    """Answer people all the time, about as fast as messages go out."""
    now = 0.0
    while now < 24 * HOUR:
        now += chance.expovariate(1 / max(1.04 * delay, 3))
        yield now, 1, chance.choice(("sendMessage", "sendMessage", "sendFileByUrl"))


def overload(chance: Random, delay: float) -> Traffic:
    """Send more than can go out, for an hour."""
    for number in range(int(1.3 * HOUR / delay)):
        yield number * delay / 1.3 + chance.random(), 1, "sendMessage"


def night(*_: object) -> Traffic:
    """Send a single message, and then nothing."""
    yield 30, 1, "sendMessage"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("delay", [0.5, 5, 60, 300, 600])
@pytest.mark.parametrize("traffic", [bulk, slow_bulk, bot, overload, night])
def test_no_false_alarm(
    traffic: Callable[[Random, float], Traffic], delay: float, seed: int
) -> None:
    """Whoever sends much, all the time or nothing has no problem, for a whole day."""
    chance = Random(seed)  # noqa: S311
    found = problems(Sender(delay), traffic(chance, delay), 24 * HOUR)
    assert {problem for *_, problem in found} == {None}


def stuck(sender: Sender, at: float, traffic: Traffic) -> Traffic:
    """Stop the queue from some time on."""
    for now, number, method in traffic:
        if now >= at and not sender.queue.stuck:
            sender.queue.pass_time(at, sending=True)
            sender.queue.stuck = True
        yield now, number, method


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("delay", [0.5, 5, 300])
def test_nothing_is_missed(delay: float, seed: int) -> None:
    """A queue that hangs is found as soon as it may be, at most a look late."""
    chance = Random(seed)  # noqa: S311
    sender = Sender(delay)
    at = chance.uniform(HOUR, 3 * HOUR)

    found = problems(sender, stuck(sender, at, bot(chance, delay)), 6 * HOUR)

    seen_at = next(now for now, waiting, _ in found if now >= at and waiting)
    reported_at = next(now for now, _, problem in found if problem)
    # It may have begun to stand before it hangs for good.
    assert reported_at >= at - 3 * max(delay, 5) + patience(delay) - 2 * MINUTE
    assert reported_at <= seen_at + patience(delay) + MINUTE
    assert {problem for now, _, problem in found if now >= reported_at} == {
        Problem.NOT_SENDING
    }


@pytest.mark.parametrize("seed", range(3))
def test_lists_are_asked_for_to_confirm_only(seed: int) -> None:
    """A bulk sender costs no list, and a busy one few."""
    sender, watcher = Sender(5), Watcher(5)
    sender.send(0, 1000)
    for now in range(0, 2 * HOUR, MINUTE):
        watcher.poll(now, AUTHORIZED)
        watcher.look(now, *sender.reported(now))
    assert watcher.lists == 0


def test_failed_poll_is_no_look() -> None:
    """A failure leaves the queue as it is."""
    watcher = Watcher()
    watcher.happen(0, "5a")
    before = watcher.memory.queue
    watcher.poll(60, CannotConnectError())
    assert watcher.memory.queue is before


def test_look_at_an_account_that_cannot_send() -> None:
    """Messages have no time to go out before the account is authorized."""
    watcher = Watcher()
    watcher.poll(0, AccountState("starting"))
    queue = watcher.memory.queue.counted(5, 0, MOMENT, can_send=False)
    watcher.memory = watcher.memory.with_queue(queue, 0, MOMENT)

    for minute in range(1, 11):
        watcher.happen(minute * MINUTE, "5a")
    assert watcher.memory.problem is None
    watcher.happen(11 * MINUTE, "5a")
    assert watcher.memory.problem is Problem.NOT_SENDING


def test_list_that_comes_too_late() -> None:
    """What is listed is of no use when the account cannot send any more."""
    watcher = Watcher()
    watcher.happen(0, "5a")
    watcher.poll(60, AccountState("starting"))
    before = watcher.memory.queue
    assert before.listed(1, 61, MOMENT) is before
