"""Test the decisions about the delivery of messages."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import chain, pairwise, repeat
import math
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.green_api.decisions.delivery import (
    CONFIRMED,
    INTERVAL,
    MOMENTS,
    UNDELIVERED,
    DeliveryStatus,
    combined,
    is_final,
    next_request,
    status_of,
    updated,
)
from custom_components.green_api.sending.followed import (
    MAX_RECENT,
    RECENT_FOR,
    AccountMessages,
    DeliveryUpdate,
    FollowedMessage,
    Interest,
    SentMessage,
)
from tests.simulator.journal import ALL_WORDS
from tests.support.fuzz import FUZZED, UNSEEN_GENERATOR

pytestmark = UNSEEN_GENERATOR

# The words that mean that a message was delivered.
GOOD_WORDS: Final = frozenset({"delivered", "read"})

statuses = st.sampled_from(DeliveryStatus)
words = (
    st.sampled_from([*ALL_WORDS, "suspended", "failed", "", "Delivered"]) | st.text()
)
times = st.floats(min_value=-1e9, max_value=1e9)
durations = st.floats(min_value=0, max_value=4000)


def schedule(sent_at: float, ends_at: float, delay: float = 0) -> list[float]:
    """Return all requests of a message, each with a response after a delay."""
    requests: list[float] = []
    asked_at = -math.inf
    while (due := next_request(sent_at, asked_at, ends_at)) < math.inf:
        now = max(due, asked_at)
        requests.append(now)
        asked_at = now + delay
    return requests


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("pending", "waiting"),
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("read", "read"),
        ("failed", "failed"),
        ("noAccount", "no_account"),
        ("notInGroup", "not_in_group"),
        ("yellowCard", "restricted"),
        ("suspended", "restricted"),
        ("", "unknown"),
        ("unknown", "unknown"),
        ("Delivered", "unknown"),
        ("no_account", "unknown"),
    ],
)
def test_words(word: str, status: str) -> None:
    """Each word of the vendor stands for one status, others are unknown."""
    assert status_of(word) == status


def test_all_words() -> None:
    """Every documented word is known, and every status has a word but unknown."""
    known = {status_of(word) for word in (*ALL_WORDS, "failed")}
    assert known == {*DeliveryStatus} - {DeliveryStatus.UNKNOWN}


@given(word=words)
@FUZZED
def test_delivered_by_word_only(word: str) -> None:
    """A message is delivered only if the server says so."""
    assert (status_of(word) in CONFIRMED) == (word in GOOD_WORDS)


def assert_forward(before: DeliveryStatus, now: DeliveryStatus) -> None:
    """Assert that a status may follow another one."""
    order = [
        *(DeliveryStatus.UNKNOWN, DeliveryStatus.WAITING, DeliveryStatus.SENT),
        *(DeliveryStatus.DELIVERED, DeliveryStatus.READ),
    ]
    if before in UNDELIVERED:
        assert now is before
    elif now in UNDELIVERED:
        assert before not in CONFIRMED
    else:
        assert order.index(now) >= order.index(before)


@given(reported=st.lists(words, max_size=8))
@FUZZED
def test_never_back(reported: list[str]) -> None:
    """A status never goes back; an error and a delivery are final."""
    status = DeliveryStatus.UNKNOWN
    passed = [status, *(status := updated(status, status_of(it)) for it in reported)]
    for before, now in pairwise(passed):
        assert_forward(before, now)
    assert (passed[-1] in CONFIRMED) <= bool(GOOD_WORDS & {*reported})
    assert passed[-1] in {DeliveryStatus.UNKNOWN, *map(status_of, reported)}


@given(before=statuses, now=statuses)
@FUZZED
def test_final(before: DeliveryStatus, now: DeliveryStatus) -> None:
    """A final status stays final, and a delivery a delivery."""
    after = updated(before, now)
    assert not is_final(before) or is_final(after)
    assert before not in CONFIRMED or after in CONFIRMED
    assert updated(after, now) is after
    assert is_final(after) == (after in CONFIRMED | UNDELIVERED)


@pytest.mark.parametrize(
    ("seconds", "requests"),
    [
        (0, [0]),
        (2, [2]),
        (3, [3]),
        (60, [3, 10, 30, 60]),
        (200, [3, 10, 30, 60, 120, 200]),
        (300, [3, 10, 30, 60, 120, 300]),
        (1000, [3, 10, 30, 60, 120, 300, 600, 900, 1000]),
        (3600, [3, 10, 30, 60, 120, *range(300, 3601, 300)]),
    ],
)
def test_moments(seconds: float, requests: list[float]) -> None:
    """The status is requested less and less often, and once at the deadline."""
    assert schedule(0, seconds) == requests
    assert schedule(7e5, 7e5 + seconds) == [7e5 + it for it in requests]


def test_late() -> None:
    """Moments that have passed are made up for with one request."""
    assert next_request(0, -math.inf, 3600) == 3
    assert next_request(0, 47, 3600) == 60
    assert next_request(0, 301, 3600) == 600
    assert next_request(0, 3599, 3600) == 3600
    assert next_request(0, 3600, 3600) == math.inf
    assert next_request(0, 3601, 3600) == math.inf


@given(sent_at=times, seconds=durations, delay=st.floats(min_value=0, max_value=20))
@FUZZED
def test_requests(sent_at: float, seconds: float, delay: float) -> None:
    """The requests are bounded, never at the same time, and end with the deadline."""
    ends_at = sent_at + seconds
    requests = schedule(sent_at, ends_at, delay)
    assert 1 <= len(requests) <= len(MOMENTS) + math.ceil(seconds / INTERVAL) + 1
    assert all(before < now for before, now in pairwise(requests))
    assert all(it <= ends_at + delay for it in requests)
    assert requests[-1] + delay >= ends_at
    due = [sent_at + it for it in chain(MOMENTS, range(600, 4001, INTERVAL))]
    assert all(it in (*due, ends_at) or delay for it in requests)


@given(sent_at=times, seconds=durations, asked_at=times | st.just(-math.inf))
@FUZZED
def test_next_request(sent_at: float, seconds: float, asked_at: float) -> None:
    """The next request is later than the last one, and not after the deadline."""
    ends_at = sent_at + seconds
    due = next_request(sent_at, asked_at, ends_at)
    is_over = asked_at >= ends_at
    assert is_over == (due == math.inf)
    assert is_over or asked_at < due <= ends_at


@given(parts=st.lists(statuses, min_size=1))
@FUZZED
def test_combined(parts: list[DeliveryStatus]) -> None:
    """Several parts are delivered once all are, and have failed once one has."""
    status = combined(parts)
    assert status in parts
    assert (status in CONFIRMED) == CONFIRMED.issuperset(parts)
    assert (status in UNDELIVERED) == (not UNDELIVERED.isdisjoint(parts))
    assert combined([*parts, status]) is status


# A message with its followers, from the first request to the end

type Answers = Iterable[tuple[str, float]]
"""Words of the server, each with the seconds that the response takes."""


def followed_message(
    seconds: list[float], sent_at: float = 0
) -> tuple[FollowedMessage, list[list[DeliveryUpdate]]]:
    """Return a message with a follower for each time, and lists of their updates."""
    moment = datetime(2026, 11, 29, tzinfo=UTC)
    followed = FollowedMessage(SentMessage("1", "1@c.us", "3EB0", sent_at, moment))
    heard: list[list[DeliveryUpdate]] = [[] for _ in seconds]
    for it, updates in zip(seconds, heard, strict=True):
        interest = Interest(sent_at + it, is_urgent=False)
        followed.followers[partial(updates.append)] = interest
    return followed, heard


def ask(followed: FollowedMessage, answers: Answers) -> Iterator[tuple[float, str]]:
    """Request the status until no one follows, and yield the times and words."""
    now = followed.message.sent_at
    for word, delay in answers:
        now = max(now, followed.next_at) + delay
        assert now < math.inf
        yield now, word
        followed.update(status_of(word), now)
        if not followed.followers:
            return


def assert_heard(
    updates: list[DeliveryUpdate], reported: list[tuple[float, str]], ends_at: float
) -> None:
    """Assert that a follower was told what the server has said, and when it is over."""
    assert [it.is_over for it in updates] == [False] * (len(updates) - 1) + [True]
    for before, now in pairwise(
        [DeliveryStatus.UNKNOWN, *(it.status for it in updates)]
    ):
        assert_forward(before, now)
    # A follower hears of each response, until it is over.
    known = reported[: len(updates)]
    last = updates[-1].status
    assert (last in CONFIRMED) <= bool(GOOD_WORDS & {word for _, word in known})
    assert is_final(last) or known[-1][0] >= ends_at
    assert not any(is_final(it.status) for it in updates[:-1])
    assert all(at < ends_at for at, _ in known[:-1])


@given(
    seconds=st.lists(durations, min_size=1, max_size=4),
    answers=st.lists(st.tuples(words, st.floats(min_value=0, max_value=400))),
    last=words,
    sent_at=st.floats(min_value=-1e6, max_value=1e6),
)
@FUZZED
def test_followed_to_the_end(
    seconds: list[float], answers: list[tuple[str, float]], last: str, sent_at: float
) -> None:
    """Following ends always, once for each follower, and never goes back."""
    followed, heard = followed_message(seconds, sent_at)
    limit = len(MOMENTS) + math.ceil(max(seconds) / INTERVAL) + 2
    reported = list(ask(followed, chain(answers, repeat((last, 0), limit))))
    assert followed.followers == {}
    assert 1 <= len(reported) <= limit
    for it, updates in zip(seconds, heard, strict=True):
        assert_heard(updates, reported, sent_at + it)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("pending sent delivered", "3 waiting, 10 sent, 30 delivered."),
        ("pending sent read", "3 waiting, 10 sent, 30 read."),
        ("delivered", "3 delivered."),
        ("read delivered", "3 read."),
        ("noAccount delivered", "3 no_account."),
        ("sent notInGroup", "3 sent, 10 not_in_group."),
        ("sent pending sent yellowCard", "3 sent, 10 sent, 30 sent, 60 restricted."),
        ("new newer failed", "3 unknown, 10 unknown, 30 failed."),
        (
            "pending new sent new read",
            "3 waiting, 10 waiting, 30 sent, 60 sent, 100 read.",
        ),
        (
            "sent sent sent sent sent sent",
            "3 sent, 10 sent, 30 sent, 60 sent, 100 sent.",
        ),
        (
            "new new new new new new",
            "3 unknown, 10 unknown, 30 unknown, 60 unknown, 100 unknown.",
        ),
    ],
)
def test_replay(words: str, expected: str) -> None:
    """Test what a follower hears within 100 seconds, and when, until it is over."""
    followed, [updates] = followed_message([100])
    reported = list(ask(followed, ((it, 0) for it in words.split())))
    told = [
        f"{at:g} {it.status}{'.' if it.is_over else ''}"
        for (at, _), it in zip(reported, updates, strict=True)
    ]
    assert ", ".join(told) == expected


def test_stopped_by_another_follower() -> None:
    """A follower that another one stops hears nothing any more."""
    followed, [first, second] = followed_message([100, 100])
    (follower, other) = followed.followers

    def stop(update: DeliveryUpdate) -> None:
        followed.followers.pop(other, None)

    followed.followers = {stop: Interest(100, is_urgent=False), **followed.followers}
    followed.update(DeliveryStatus.SENT, 3)
    assert (len(first), len(second)) == (1, 0)
    assert list(followed.followers) == [stop, follower]


KEY: Final = ("447700900123@c.us", "3EB0")


def test_reported_before_followed() -> None:
    """Statuses are remembered for a minute, and never go back."""
    messages = AccountMessages()
    assert messages.status(KEY, 0) is DeliveryStatus.UNKNOWN
    messages.update(KEY, DeliveryStatus.FAILED, 0)
    messages.update(KEY, DeliveryStatus.SENT, 10)
    assert messages.status(KEY, 10 + RECENT_FOR) is DeliveryStatus.FAILED
    assert messages.status(KEY, 11 + RECENT_FOR) is DeliveryStatus.UNKNOWN


def test_many_statuses() -> None:
    """The statuses that were reported last are remembered, up to a maximum number."""
    messages = AccountMessages()
    messages.update(KEY, DeliveryStatus.SENT, 0)
    for number in range(MAX_RECENT - 1):
        messages.update((KEY[0], f"{number}"), DeliveryStatus.SENT, 0)
    messages.update(KEY, DeliveryStatus.FAILED, 0)
    messages.update((KEY[0], "another"), DeliveryStatus.SENT, 0)
    assert messages.status(KEY, 0) is DeliveryStatus.FAILED
    assert messages.status((KEY[0], "0"), 0) is DeliveryStatus.UNKNOWN
    assert messages.status((KEY[0], "1"), 0) is DeliveryStatus.SENT
