"""Test the decision on whether the messages of an account are sent."""

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
from custom_components.green_api.decisions.message_queue import (
    QueueCheckResult,
    patience,
)
from custom_components.green_api.decisions.problem import AccountResponse, Problem
from custom_components.green_api.records.account_record import AccountRecord
from tests.simulator.queue import Message, MessageQueue
from tests.support.problem_reference import EVENTS, Interruption
from tests.support.queue_reference import (
    OtherEvent,
    Poll,
    QueueCheck,
    QueueEvent,
    QueueVerdict,
    queue_verdict,
)
from tests.support.queue_replays import (
    QUEUE_PROBLEMS,
    QUEUE_REPLAYS,
    SLOW_QUEUE_REPLAYS,
)
from tests.support.replays import Replay

pytestmark = [
    pytest.mark.long(24),
    pytest.mark.filterwarnings("ignore:It looks like `register_random`"),
]

MOMENT: Final = datetime(2026, 11, 24, tzinfo=UTC)
AUTHORIZED: Final = AccountState("authorized")
MINUTE: Final = 60
HOUR: Final = 3600

TOO_LARGE: Final = "!"
FAILS: Final = "?"
EMPTY: Final = "-"
LOOK: Final = re.compile(r"(?P<count>\d+)(?P<listed>[?!-]|[a-z]+)|0")


def listed(number: int, names: str) -> frozenset[int]:
    """Return the messages of a list: the named ones, or all from a number on."""
    if len(names) > 1 or names == EMPTY:
        return frozenset(ord(name) for name in names if name != EMPTY)
    return frozenset(range(ord(names), ord(names) + number))


@dataclass
class QueueObserver:
    """An observer of a queue that requests only what is needed, and records it."""

    delay: float | None = 3
    record: AccountRecord = field(default_factory=AccountRecord)
    history: list[QueueEvent] = field(default_factory=list)
    lists: int = 0

    @property
    def problem(self) -> Problem | None:
        """Return the problem that is certain now."""
        return self.record.health.problem or self.record.queue.problem

    def poll(self, now: float, answer: AccountResponse) -> None:
        """Handle a poll of the account."""
        self.record = self.record.with_response(answer, now, MOMENT)
        can_send = answer == AUTHORIZED if isinstance(answer, AccountState) else None
        has_problem = self.record.health.problem is not None
        self.history.append(Poll(now, can_send, has_problem))

    def check(
        self,
        now: float,
        number: int,
        messages: frozenset[int] | None,
        *,
        is_too_large: bool = False,
    ) -> None:
        """Check the queue while the account can send; None is a list that fails."""
        queue = self.record.queue.counted(number, now, MOMENT, can_send=True)
        is_listed = queue.is_list_wanted(now)
        self.lists += is_listed
        look = QueueCheckResult(
            count=number,
            counted_at=now,
            can_send=True,
            patience=patience(self.delay),
            messages=messages if is_listed else None,
            is_listable=not (is_listed and is_too_large),
        )
        self.record = self.record.queue_checked(look, now, MOMENT)
        self.history.append(QueueCheck(now, number, look.messages or frozenset()))

    def check_as_replayed(self, now: float, number: int, word: str) -> None:
        """Check the queue, as a replay describes it."""
        if word in {FAILS, TOO_LARGE}:
            self.check(now, number, None, is_too_large=word == TOO_LARGE)
        else:
            self.check(now, number, listed(number, word))

    def interrupt(self, now: float, what: Interruption) -> None:
        """Reboot or restart."""
        self.record = (
            self.record.rebooted(now)
            if what is Interruption.REBOOT
            else self.record.interrupted(now, None)
        )
        self.history.append(OtherEvent(now, what))

    def play(self, now: float, event: str) -> None:
        """Play an event by its name."""
        if match := LOOK.fullmatch(event):
            self.poll(now, AUTHORIZED)
            self.check_as_replayed(
                now, int(match["count"] or 0), match["listed"] or EMPTY
            )
            return
        match EVENTS.get(event, AccountState(event)):
            case Interruption() as what:
                self.interrupt(now, what)
            case _ if event == FAILS:
                self.poll(now, AUTHORIZED)
            case answer:
                self.poll(now, answer)


def verdicts(history: list[QueueEvent], delay: float) -> list[QueueVerdict]:
    """Return the result of a history after each event, by the reference."""
    known = [QueueVerdict()]
    for end in range(1, len(history) + 1):
        known.append(queue_verdict(history[:end], known[-1], delay))
    return known[1:]


def replayed(replay: Replay, delay: float) -> tuple[list[object], QueueObserver]:
    """Return the problem after each step of a replay."""
    observer = QueueObserver(delay)
    found: list[object] = []
    for step in replay.steps:
        observer.play(step.at.total_seconds(), step.event)
        found.append((str(step.at), step.event, observer.problem))
    return found, observer


@pytest.mark.parametrize(
    ("replay", "delay"),
    [
        *((replay, 3) for replay in QUEUE_REPLAYS),
        *((replay, 300) for replay in SLOW_QUEUE_REPLAYS),
    ],
    ids=lambda it: getattr(it, "name", ""),
)
def test_replay(replay: Replay, delay: float) -> None:
    """Test that the problem after each check is as expected, by the reference too."""
    found, observer = replayed(replay, delay)
    assert found == [(str(step.at), step.event, step.problem) for step in replay.steps]
    last = verdicts(observer.history, delay)[-1]
    queue = observer.record.queue
    actionable = None if queue.is_acted_on else queue.problem
    assert (queue.problem, actionable) == (last.shown, last.issue)


def test_replays() -> None:
    """Test that each sequence has a unique name and runs forward, and all are there."""
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
    [
        *((0.5, 600), (3, 600), (200, 600), (201, 603), (600, 1800), (None, 1800)),
        # The vendor's maximum.
        *((601, 1800), (86_400, 1800)),
    ],
)
def test_patience(delay: float | None, seconds: float) -> None:
    """Test that a queue has 10 minutes or 3 delays, or the longest if unknown."""
    assert patience(delay) == seconds


EVENTS_BY_CHANCE: Final = [
    *("5a", "5a", "5b", "6a", "4a", "0", "5?", "5!", "5-", "9c", "9!"),
    *("5abc", "5cde", "5abcdf", "5acdeg", "5bcdefg", "5xyz", "1a", "1-"),
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
    """Draw events of which few kinds occur, each several times."""
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
    """Test that the decision always equals the reference."""
    observer = QueueObserver(delay)
    verdict = QueueVerdict()
    known = 0
    for now, event in events:
        observer.play(now, event)
        for end in range(known + 1, len(observer.history) + 1):
            verdict = queue_verdict(observer.history[:end], verdict, delay)
        known = len(observer.history)
        queue = observer.record.queue
        assert (queue.remembered, queue.confirmed, queue.is_rebooted) == (
            verdict.problem,
            verdict.is_confirmed,
            verdict.is_tried,
        )


@thoroughly
@given(histories(), st.sampled_from(["502", "?"]), st.integers(1, 30))
def test_no_news_changes_nothing(
    events: list[tuple[float, str]], event: str, times: int
) -> None:
    """Test that an outage, or an unreadable count, causes no problem of the queue."""
    observer = QueueObserver()
    for now, happened in events:
        observer.play(now, happened)
    before = observer.record.queue.remembered
    for number in range(times):
        observer.play(events[-1][0] + MINUTE * number, event)
    assert observer.record.queue.remembered in {before, None}
    assert observer.record.queue.remembered is before or observer.record.health.problem


# Timelines of real queues

type Traffic = Iterator[tuple[float, int, str]]


class Sender:
    """An account that sends as the vendor's servers do."""

    def __init__(self, delay: float) -> None:
        """Initialize without messages."""
        self.delay = delay
        self.listing: Callable[[list[int]], list[int]] = list
        self.queue = MessageQueue()
        self.queue.delay = delay
        self._numbers = count()

    def send(self, now: float, number: int = 1, method: str = "sendMessage") -> None:
        """Accept messages."""
        self.queue.pass_time(now, sending=True)
        for _ in range(number):
            name = f"{next(self._numbers)}"
            self.queue.add(Message(name, method, {}, now))

    def reported(self, now: float) -> tuple[int, frozenset[int]]:
        """Return how many messages wait, and which ones are listed."""
        self.queue.pass_time(now, sending=True)
        waiting = [int(it.id) for it in self.queue.waiting]
        return len(waiting), frozenset(self.listing(waiting))


def problems(
    sender: Sender, traffic: Traffic, until: float
) -> list[tuple[float, int, Problem | None]]:
    """Return the problem at each check, at the real interval."""
    observer = QueueObserver(sender.delay)
    found = []
    pending = next(traffic, None)
    looked_at, number = -HOUR, 0
    for now in range(0, int(until), MINUTE):
        while pending and pending[0] <= now:
            sender.send(*pending)
            pending = next(traffic, None)
        observer.poll(now, AUTHORIZED)
        if number or now - looked_at >= 5 * MINUTE:
            looked_at = now
            number, messages = sender.reported(now)
            observer.check(now, number, messages)
            found.append((now, number, observer.problem))
    return found


def bulk(chance: Random, _: float) -> Traffic:
    """Send a thousand messages at once."""
    yield 100 + chance.random() * 300, 1000, "sendMessage"


def slow_bulk(chance: Random, _: float) -> Traffic:
    """Send a thousand messages as fast as the API accepts them."""
    for number in range(1000):
        yield number * (0.2 + chance.random() / 100), 1, "sendMessage"


def bot(chance: Random, delay: float) -> Traffic:
    """Send replies all the time, about as fast as messages are sent out."""
    now = 0.0
    while now < 24 * HOUR:
        now += chance.expovariate(1 / max(1.04 * delay, 3))
        yield now, 1, chance.choice(("sendMessage", "sendMessage", "sendFileByUrl"))


def overload(chance: Random, delay: float) -> Traffic:
    """Send more than can be sent out, for an hour."""
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
    """Test that much, steady or no traffic is no problem for a whole day."""
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
def test_stuck_queue_found(delay: float, seed: int) -> None:
    """Test that a stuck queue is found on time, at most one check late."""
    chance = Random(seed)  # noqa: S311
    sender = Sender(delay)
    at = chance.uniform(HOUR, 3 * HOUR)

    found = problems(sender, stuck(sender, at, bot(chance, delay)), 6 * HOUR)

    seen_at = next(now for now, waiting, _ in found if now >= at and waiting)
    reported_at = next(now for now, _, problem in found if problem)
    # It may have stopped before it is stuck for good.
    assert reported_at >= at - 3 * max(delay, 5) + patience(delay) - 2 * MINUTE
    assert reported_at <= seen_at + patience(delay) + MINUTE
    assert {problem for now, _, problem in found if now >= reported_at} == {
        Problem.NOT_SENDING
    }


def incomplete(chance: Random, share: float) -> Callable[[list[int]], list[int]]:
    """Return a way to omit messages from a share of all lists."""

    def listing(waiting: list[int]) -> list[int]:
        left_out = max(len(waiting) // 3, 1) if chance.random() < share else 0
        return chance.sample(waiting, max(len(waiting) - left_out, 0))

    return listing


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("share", "minutes"), [(0.0, 10), (0.3, 16), (1.0, 20)])
def test_incomplete_lists(share: float, minutes: int, seed: int) -> None:
    """Test that a stuck queue is found in time, whatever a list omits."""
    chance = Random(seed)  # noqa: S311
    sender = Sender(3)
    sender.listing = incomplete(chance, share)
    sender.queue.stuck = True
    sender.send(0, chance.randint(1, 12))
    more = iter([(now, 1, "sendMessage") for now in range(200, 3 * HOUR, 700)])

    found = problems(sender, more, 3 * HOUR)

    reported_at = next(now for now, _, problem in found if problem)
    assert 10 * MINUTE <= reported_at <= minutes * MINUTE
    assert {it for now, _, it in found if now >= reported_at} == {Problem.NOT_SENDING}


@pytest.mark.parametrize("seed", range(5))
def test_incomplete_lists_of_busy_sender(seed: int) -> None:
    """Test that a queue that moves and is never empty is no problem for half a day."""
    chance = Random(seed)  # noqa: S311
    sender = Sender(10)
    sender.listing = incomplete(chance, 0.5)
    sender.send(0, 30)
    steady = iter([(now, 1, "sendMessage") for now in range(5, 12 * HOUR, 10)])

    found = problems(sender, steady, 12 * HOUR)

    assert min(number for _, number, _ in found) > 0
    assert {problem for *_, problem in found} == {None}


def test_many_messages() -> None:
    """Test that part of a long list is enough to detect that messages are sent."""
    standing, moving = QueueObserver(), QueueObserver()
    names = [hash(f"{number}") for number in range(30_000)]
    for minute in range(11):
        for observer, gone in ((standing, 0), (moving, minute * 20)):
            messages = frozenset(names[gone : gone + 20_000])
            observer.poll(minute * MINUTE, AUTHORIZED)
            observer.check(minute * MINUTE, 20_000, messages)
    assert standing.problem is Problem.NOT_SENDING
    assert moving.problem is None
    assert len(standing.record.queue.messages.known) == 2000


@pytest.mark.parametrize("seed", range(3))
def test_lists_requested_to_confirm_only(seed: int) -> None:
    """Test that bulk sending requests no list, and a busy queue few."""
    sender, observer = Sender(5), QueueObserver(5)
    sender.send(0, 1000)
    for now in range(0, 2 * HOUR, MINUTE):
        observer.poll(now, AUTHORIZED)
        observer.check(now, *sender.reported(now))
    assert observer.lists == 0


def test_failed_poll_is_no_check() -> None:
    """Test that a failed poll does not change the queue."""
    observer = QueueObserver()
    observer.play(0, "5a")
    before = observer.record.queue
    observer.poll(60, CannotConnectError())
    assert observer.record.queue is before


def test_check_of_account_that_cannot_send() -> None:
    """Test that the time of a queue starts only when the account is authorized."""
    observer = QueueObserver()
    observer.poll(0, AccountState("starting"))
    look = QueueCheckResult(count=5, counted_at=0, can_send=False, patience=patience(3))
    observer.record = observer.record.queue_checked(look, 0, MOMENT)

    for minute in range(1, 11):
        observer.play(minute * MINUTE, "5a")
    assert observer.problem is None
    observer.play(11 * MINUTE, "5a")
    assert observer.problem is Problem.NOT_SENDING


def test_late_list() -> None:
    """Test that a list is discarded if the account can no longer send."""
    observer = QueueObserver()
    observer.play(0, "5a")
    observer.poll(60, AccountState("starting"))
    before = observer.record.queue
    look = QueueCheckResult(
        count=5,
        counted_at=60,
        can_send=False,
        patience=patience(3),
        messages=frozenset([1]),
    )
    after = observer.record.queue_checked(look, 61, MOMENT).queue
    assert after.messages is before.messages
    assert after.standstill is None
