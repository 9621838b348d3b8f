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
from custom_components.green_api.problem import (
    LOGGED_OUT_STATES,
    RESTRICTED_STATES,
    Answer,
    Assessment,
    Problem,
    assess,
    interrupted,
    rebooted,
)
from tests.support.replays import FAILURES, REBOOT, REPLAYS, RESTART, Replay

set_hypothesis_home_dir(Path(__file__).parents[2] / ".cache/hypothesis")

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


def problems(events: Iterable[Event]) -> list[Problem | None]:
    """Return what stands after each of the events."""
    return [assessment.problem for assessment in assessments(events)]


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
        (str(step.at), step.event, problem)
        for step, problem in zip(steps, problems(events), strict=True)
    ]
    assert stands == [(str(step.at), step.event, step.problem) for step in steps]


def test_replays() -> None:
    """Each sequence has a name of its own, runs forward, and none is missing."""
    assert len({replay.name for replay in REPLAYS}) == len(REPLAYS) >= 40
    assert all(
        earlier.at <= later.at
        for replay in REPLAYS
        for earlier, later in pairwise(replay.steps)
    )
    assert {step.problem for replay in REPLAYS for step in replay.steps} == {
        None,
        *Problem,
    }


def test_states() -> None:
    """Every documented state but the good one is some problem if it lasts."""
    assert {
        state: problems(every_minute(*[AccountState(state)] * 60))[-1]
        for state in InstanceState
    } == {
        InstanceState.AUTHORIZED: None,
        InstanceState.BLOCKED: Problem.BLOCKED,
        InstanceState.NOT_AUTHORIZED: Problem.LOGGED_OUT,
        InstanceState.PENDING_CODE: Problem.LOGGED_OUT,
        InstanceState.PENDING_PASSWORD: Problem.LOGGED_OUT,
        InstanceState.SLEEP_MODE: Problem.ASLEEP,
        InstanceState.STARTING: Problem.STUCK_STARTING,
        InstanceState.SUSPENDED: Problem.RESTRICTED,
        InstanceState.YELLOW_CARD: Problem.RESTRICTED,
    }
    assert {
        InstanceState.NOT_AUTHORIZED,
        InstanceState.PENDING_CODE,
        InstanceState.PENDING_PASSWORD,
    } == LOGGED_OUT_STATES
    assert {InstanceState.SUSPENDED, InstanceState.YELLOW_CARD} == RESTRICTED_STATES


def test_failures() -> None:
    """Only failures that say what is wrong are a problem if they last."""
    assert {
        kind: problems(every_minute(*[ERRORS[kind]] * 60))[-1] for kind in ErrorKind
    } == {
        ErrorKind.BAD_RESPONSE: None,
        ErrorKind.CANNOT_CONNECT: None,
        ErrorKind.DELETED: Problem.DELETED,
        ErrorKind.EXPIRED: Problem.EXPIRED,
        ErrorKind.INVALID_AUTH: None,
        ErrorKind.RATE_LIMITED: None,
        ErrorKind.STARTING: None,
        ErrorKind.UNKNOWN_HOST: None,
        ErrorKind.WRONG_ADDRESS: Problem.WRONG_ADDRESS,
    }


def test_clock_set_back() -> None:
    """A clock that is set back by a day delays no alarm by that day."""
    logged_out = AccountState(InstanceState.NOT_AUTHORIZED)
    day = timedelta(days=1)
    before = [Event(START + day, Happening.REBOOT), Event(START + day, logged_out)]

    after = every_minute(*[logged_out] * 7)

    assert problems(before + after)[2:] == [*[None] * 5, *[Problem.LOGGED_OUT] * 2]


# The reference: the same rules in other words. It looks at the whole history each
# time, where the decision itself goes on from what it knows.

STATE_POINTS_TO: Final[dict[str, Problem]] = {
    "blocked": Problem.BLOCKED,
    "notAuthorized": Problem.LOGGED_OUT,
    "pendingCode": Problem.LOGGED_OUT,
    "pendingPassword": Problem.LOGGED_OUT,
    "sleepMode": Problem.ASLEEP,
    "starting": Problem.STUCK_STARTING,
    "suspended": Problem.RESTRICTED,
    "yellowCard": Problem.RESTRICTED,
}
FAILURE_POINTS_TO: Final[dict[ErrorKind, Problem]] = {
    ErrorKind.DELETED: Problem.DELETED,
    ErrorKind.EXPIRED: Problem.EXPIRED,
    ErrorKind.WRONG_ADDRESS: Problem.WRONG_ADDRESS,
}
LASTS: Final[dict[Problem | str, float]] = {
    Problem.ASLEEP: 300,
    Problem.BLOCKED: 50,
    Problem.DELETED: 50,
    Problem.EXPIRED: 50,
    Problem.LOGGED_OUT: 50,
    Problem.RESTRICTED: 50,
    Problem.STUCK_STARTING: 301,
    Problem.WRONG_ADDRESS: 600,
    "no problem": 300,
}


def points_to(event: Event) -> Problem | str | None:
    """Return what an event says of the account, None if it says nothing."""
    match event.what:
        case AccountState("authorized"):
            return "well"
        case AccountState(raw):
            return STATE_POINTS_TO.get(raw, "no problem")
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


def verdict(history: Sequence[Event], standing: Problem | None) -> Problem | None:
    """Return what stands after a history, given what stood before its last event."""
    last = history[-1]
    said = points_to(last)
    if last.what is Happening.RESTART or said == "well":
        return None
    if last.what is Happening.REBOOT:
        is_cured = standing in {Problem.STUCK_STARTING, Problem.STUCK_AFTER_REBOOT}
        return None if is_cured else standing
    reboots = [event.at for event in history if event.what is Happening.REBOOT]
    since_reboot = (last.at - max(reboots, default=START - 60 * MINUTE)).total_seconds()
    if said is None or since_reboot < 300:
        return standing
    run = run_of(history)
    if held(run) < LASTS[said]:
        return standing
    run_seconds = (last.at - run[0].at).total_seconds()
    if said == Problem.STUCK_STARTING and run_seconds >= since_reboot - 120:
        return Problem.STUCK_AFTER_REBOOT
    return None if said == "no problem" else Problem(said)


def reference(history: Sequence[Event]) -> list[Problem | None]:
    """Return what stands after each event of a history."""
    stands: list[Problem | None] = [None]
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
    assert problems(history) == reference(history)


@thoroughly
@given(histories(), st.sampled_from(GAPS))
def test_authorized_clears_at_once(history: list[Event], gap: int) -> None:
    """A good answer clears everything and leaves no suspicion."""
    good = Event(
        history[-1].at + timedelta(seconds=gap), AccountState(InstanceState.AUTHORIZED)
    )

    last = assessments([*history, good])[-1]

    assert (last.problem, last.suspicion) == (None, None)


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

    before, *after = problems([*history, *outage])[len(history) - 1 :]

    assert set(after) == {before}


@thoroughly
@given(histories())
def test_nothing_stands_unheard(history: list[Event]) -> None:
    """What begins to stand has been said by nothing but the last telling answers."""
    stands = [None, *problems(history)]
    risen = [
        (problem, history[: number + 1])
        for number, (before, problem) in enumerate(pairwise(stands))
        if problem not in {None, before}
    ]

    for problem, so_far in risen:
        said = [points_to(event) for event in run_of(so_far)]
        lasted = so_far[-1].at - run_of(so_far)[0].at
        named = Problem.STUCK_STARTING if "stuck" in problem else problem
        assert set(said) - {None} == {named}
        assert lasted.total_seconds() >= LASTS[named]
