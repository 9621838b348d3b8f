"""Test the decision on what stands against an account."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from itertools import accumulate, pairwise, takewhile
from pathlib import Path
from typing import Final

from hypothesis import given, settings, strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
import pytest

from custom_components.green_api.api import (
    AccountState,
    BadResponseError,
    CannotConnectError,
    ErrorKind,
    GreenApiError,
    InstanceDeletedError,
    InstanceExpiredError,
    InstanceStartingError,
    InstanceState,
    InvalidCredentialsError,
    RateLimitedError,
    UnknownHostError,
    WrongAddressError,
)
from custom_components.green_api.trouble import (
    LOGGED_OUT_STATES,
    RESTRICTED_STATES,
    Answer,
    Assessment,
    Trouble,
    assess,
    interrupted,
    rebooted,
)

from .replays import FAILURES, REBOOT, REPLAYS, RESTART, Replay

set_hypothesis_home_dir(Path(__file__).parents[1] / ".cache/hypothesis")

# Hypothesis looks at the generator of `random` as Python 3.14 does not expect.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

START: Final = datetime(2026, 11, 24, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)

ERRORS: Final[dict[ErrorKind, GreenApiError]] = {
    error.kind: error
    for error in (
        BadResponseError(),
        CannotConnectError(),
        InstanceDeletedError(),
        InstanceExpiredError(),
        InstanceStartingError(),
        InvalidCredentialsError(),
        RateLimitedError(),
        UnknownHostError(),
        WrongAddressError(),
    )
}


class Happening(Enum):
    """What happens to an account besides answers."""

    REBOOT = auto()
    RESTART = auto()


@dataclass(frozen=True)
class Event:
    """An answer, or what else happens to an account."""

    at: datetime
    what: Answer | Happening


WORDS: Final[dict[str, Answer | Happening]] = {
    REBOOT: Happening.REBOOT,
    RESTART: Happening.RESTART,
    "null": AccountState(None),
    **{word: error() for word, (error, _) in FAILURES.items()},
}


def take_in(assessment: Assessment, event: Event) -> Assessment:
    """Return what an assessment becomes with one more event."""
    match event.what:
        case Happening.REBOOT:
            return rebooted(assessment, event.at)
        case Happening.RESTART:
            return interrupted(assessment)
        case answer:
            return assess(assessment, answer, event.at)


def assessments(events: Iterable[Event]) -> list[Assessment]:
    """Return the assessment after each of the events."""
    return list(accumulate(events, take_in, initial=Assessment()))[1:]


def troubles(events: Iterable[Event]) -> list[Trouble | None]:
    """Return what stands after each of the events."""
    return [assessment.trouble for assessment in assessments(events)]


def every_minute(*answers: Answer) -> list[Event]:
    """Return answers that come a minute apart."""
    return [Event(START + n * MINUTE, answer) for n, answer in enumerate(answers)]


@pytest.mark.parametrize("replay", REPLAYS, ids=lambda replay: replay.name)
def test_replay(replay: Replay) -> None:
    """What stands after each answer of a sequence is what must stand."""
    steps = replay.steps
    events = [
        Event(START + step.at, WORDS.get(step.event, AccountState(step.event)))
        for step in steps
    ]
    stands = [
        (str(step.at), step.event, trouble)
        for step, trouble in zip(steps, troubles(events), strict=True)
    ]
    assert stands == [(str(step.at), step.event, step.trouble) for step in steps]


def test_replays() -> None:
    """Each sequence has a name of its own, runs forward, and none is missing."""
    assert len({replay.name for replay in REPLAYS}) == len(REPLAYS) >= 40
    assert all(
        earlier.at <= later.at
        for replay in REPLAYS
        for earlier, later in pairwise(replay.steps)
    )
    assert {step.trouble for replay in REPLAYS for step in replay.steps} == {
        None,
        *Trouble,
    }


def test_states() -> None:
    """Every documented state but the good one is some trouble if it lasts."""
    assert {
        state: troubles(every_minute(*[AccountState(state)] * 60))[-1]
        for state in InstanceState
    } == {
        InstanceState.AUTHORIZED: None,
        InstanceState.BLOCKED: Trouble.BLOCKED,
        InstanceState.NOT_AUTHORIZED: Trouble.LOGGED_OUT,
        InstanceState.PENDING_CODE: Trouble.LOGGED_OUT,
        InstanceState.PENDING_PASSWORD: Trouble.LOGGED_OUT,
        InstanceState.SLEEP_MODE: Trouble.ASLEEP,
        InstanceState.STARTING: Trouble.STUCK_STARTING,
        InstanceState.SUSPENDED: Trouble.RESTRICTED,
        InstanceState.YELLOW_CARD: Trouble.RESTRICTED,
    }
    assert {
        InstanceState.NOT_AUTHORIZED,
        InstanceState.PENDING_CODE,
        InstanceState.PENDING_PASSWORD,
    } == LOGGED_OUT_STATES
    assert {InstanceState.SUSPENDED, InstanceState.YELLOW_CARD} == RESTRICTED_STATES


def test_failures() -> None:
    """Only failures that say what is wrong are a trouble if they last."""
    assert {
        kind: troubles(every_minute(*[ERRORS[kind]] * 60))[-1] for kind in ErrorKind
    } == {
        ErrorKind.BAD_RESPONSE: None,
        ErrorKind.CANNOT_CONNECT: None,
        ErrorKind.DELETED: Trouble.DELETED,
        ErrorKind.EXPIRED: Trouble.EXPIRED,
        ErrorKind.INVALID_AUTH: None,
        ErrorKind.RATE_LIMITED: None,
        ErrorKind.STARTING: None,
        ErrorKind.UNKNOWN_HOST: None,
        ErrorKind.WRONG_ADDRESS: Trouble.WRONG_ADDRESS,
    }


def test_clock_set_back() -> None:
    """A clock that is set back by a day delays no alarm by that day."""
    logged_out = AccountState(InstanceState.NOT_AUTHORIZED)
    day = timedelta(days=1)
    before = [Event(START + day, Happening.REBOOT), Event(START + day, logged_out)]

    after = every_minute(*[logged_out] * 7)

    assert troubles(before + after)[2:] == [*[None] * 5, *[Trouble.LOGGED_OUT] * 2]


# The reference: the same rules in other words. It looks at the whole history each
# time, where the decision itself goes on from what it knows.

STATE_POINTS_TO: Final[dict[str, Trouble]] = {
    "blocked": Trouble.BLOCKED,
    "notAuthorized": Trouble.LOGGED_OUT,
    "pendingCode": Trouble.LOGGED_OUT,
    "pendingPassword": Trouble.LOGGED_OUT,
    "sleepMode": Trouble.ASLEEP,
    "starting": Trouble.STUCK_STARTING,
    "suspended": Trouble.RESTRICTED,
    "yellowCard": Trouble.RESTRICTED,
}
FAILURE_POINTS_TO: Final[dict[ErrorKind, Trouble]] = {
    ErrorKind.DELETED: Trouble.DELETED,
    ErrorKind.EXPIRED: Trouble.EXPIRED,
    ErrorKind.WRONG_ADDRESS: Trouble.WRONG_ADDRESS,
}
LASTS: Final[dict[Trouble | str, float]] = {
    Trouble.ASLEEP: 300,
    Trouble.BLOCKED: 50,
    Trouble.DELETED: 50,
    Trouble.EXPIRED: 50,
    Trouble.LOGGED_OUT: 50,
    Trouble.RESTRICTED: 50,
    Trouble.STUCK_STARTING: 301,
    Trouble.WRONG_ADDRESS: 600,
    "no trouble": 300,
}


def points_to(event: Event) -> Trouble | str | None:
    """Return what an event says of the account, None if it says nothing."""
    match event.what:
        case AccountState("authorized"):
            return "well"
        case AccountState(raw):
            return STATE_POINTS_TO.get(raw, "no trouble")
        case GreenApiError(kind=kind):
            return FAILURE_POINTS_TO.get(kind)
    return None


def run_of(history: Sequence[Event]) -> list[Event]:
    """Return the end of a history in which all that was said is the same."""
    said = points_to(history[-1])
    end = list(takewhile(lambda event: points_to(event) in {None, said}, history[::-1]))
    first = max(n for n, event in enumerate(end) if points_to(event) == said)
    return end[first::-1]


def held(run: Sequence[Event]) -> float:
    """Return for how many seconds a run says the same, since the last reboot in it."""
    reboots = [n for n, event in enumerate(run) if event.what is Happening.REBOOT]
    return sum(
        min((later.at - earlier.at).total_seconds(), 120)
        for earlier, later in pairwise(run[max(reboots, default=0) :])
        if (points_to(earlier) or earlier.what is Happening.REBOOT)
        and later.what is not Happening.RESTART
    )


def verdict(history: Sequence[Event], standing: Trouble | None) -> Trouble | None:
    """Return what stands after a history, given what stood before its last event."""
    last = history[-1]
    said = points_to(last)
    if last.what is Happening.RESTART or said == "well":
        return None
    if last.what is Happening.REBOOT:
        is_cured = standing in {Trouble.STUCK_STARTING, Trouble.STUCK_AFTER_REBOOT}
        return None if is_cured else standing
    reboots = [event.at for event in history if event.what is Happening.REBOOT]
    since_reboot = (last.at - max(reboots, default=START - 60 * MINUTE)).total_seconds()
    if said is None or since_reboot < 300:
        return standing
    run = run_of(history)
    if held(run) < LASTS[said]:
        return standing
    run_seconds = (last.at - run[0].at).total_seconds()
    if said == Trouble.STUCK_STARTING and run_seconds >= since_reboot - 120:
        return Trouble.STUCK_AFTER_REBOOT
    return None if said == "no trouble" else Trouble(said)


def reference(history: Sequence[Event]) -> list[Trouble | None]:
    """Return what stands after each event of a history."""
    stands: list[Trouble | None] = [None]
    for end in range(1, len(history) + 1):
        stands.append(verdict(history[:end], stands[-1]))
    return stands[1:]


STATES: Final = [*map(str, InstanceState), "hibernating", "dreaming", None]
NEWS: Final = [*map(AccountState, STATES), *ERRORS.values(), *Happening]
GAPS: Final = [0, 1, 9, 10, 11, 49, 50, 51, 59, 60, 61, 119, 120, 121, 299, 301, 28800]


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Draw a history in which little is said, but that several times over."""
    news = draw(st.lists(st.sampled_from(NEWS), min_size=1, max_size=4))
    now = START
    history = []
    for what in draw(st.lists(st.sampled_from(news), min_size=1, max_size=12)):
        gap = timedelta(seconds=draw(st.sampled_from(GAPS)))
        for _ in range(draw(st.integers(1, 12))):
            now += gap
            history.append(Event(now, what))
    return history


thoroughly = settings(deadline=None, derandomize=True, max_examples=500)


@thoroughly
@given(histories())
def test_reference(history: list[Event]) -> None:
    """The decision comes to the same as the reference, whatever happens."""
    assert troubles(history) == reference(history)


@thoroughly
@given(histories(), st.sampled_from(GAPS))
def test_authorized_clears_at_once(history: list[Event], gap: int) -> None:
    """A good answer clears everything and leaves no suspicion."""
    good = Event(
        history[-1].at + timedelta(seconds=gap), AccountState(InstanceState.AUTHORIZED)
    )

    last = assessments([*history, good])[-1]

    assert (last.trouble, last.suspicion) == (None, None)


@thoroughly
@given(
    histories(),
    st.lists(
        st.sampled_from(
            [error for kind, error in ERRORS.items() if kind not in FAILURE_POINTS_TO]
        ),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(GAPS),
)
def test_outage_changes_nothing(
    history: list[Event], errors: list[GreenApiError], gap: int
) -> None:
    """An outage of any length and kind raises nothing and clears nothing."""
    outage = [
        Event(history[-1].at + timedelta(seconds=gap * number), error)
        for number, error in enumerate(errors, 1)
    ]

    before, *after = troubles([*history, *outage])[len(history) - 1 :]

    assert set(after) == {before}


@thoroughly
@given(histories())
def test_nothing_stands_unheard(history: list[Event]) -> None:
    """What begins to stand has been said by nothing but the last telling answers."""
    stands = [None, *troubles(history)]
    risen = [
        (trouble, history[: number + 1])
        for number, (before, trouble) in enumerate(pairwise(stands))
        if trouble not in {None, before}
    ]

    for trouble, so_far in risen:
        said = [points_to(event) for event in run_of(so_far)]
        lasted = so_far[-1].at - run_of(so_far)[0].at
        named = Trouble.STUCK_STARTING if "stuck" in trouble else trouble
        assert set(said) - {None} == {named}
        assert lasted.total_seconds() >= LASTS[named]
