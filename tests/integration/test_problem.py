"""Test the decision on the problem of an account."""

from collections.abc import Iterable
from itertools import accumulate, pairwise
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
from custom_components.green_api.decisions.health import Health
from custom_components.green_api.decisions.problem import (
    LOGGED_OUT_STATES,
    RESTRICTED_STATES,
    AccountResponse,
    Problem,
)
from tests.support.problem_reference import (
    CERTAIN_AFTER,
    EVENTS,
    FAILURE_POINTS_TO,
    STUCK,
    Event,
    Interruption,
    agreeing_run,
    points_to,
    reported_seconds,
    since_authorized,
    verdicts,
)
from tests.support.queue_replays import QUEUE_PROBLEMS
from tests.support.replays import REPLAYS, Replay

set_hypothesis_home_dir(Path(__file__).parents[2] / ".cache/hypothesis")

# Hypothesis reads the generator of `random` in a way that fails with Python 3.14.
pytestmark = [
    pytest.mark.long(18),
    pytest.mark.filterwarnings("ignore:It looks like `register_random`"),
]

MINUTE: Final = 60

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


def with_event(health: Health, event: Event) -> Health:
    """Return the health with one more event."""
    match event.what:
        case Interruption.REBOOT:
            return health.rebooted(event.at)
        case Interruption.RESTART:
            return health.interrupted()
        case answer:
            return health.with_response(answer, event.at)


def healths(events: Iterable[Event]) -> list[Health]:
    """Return the health after each of the events."""
    return list(accumulate(events, with_event, initial=Health()))[1:]


def problems(events: Iterable[Event]) -> list[Problem | None]:
    """Return the problem after each of the events."""
    return [health.problem for health in healths(events)]


def every_minute(*answers: AccountResponse) -> list[Event]:
    """Return responses that are a minute apart."""
    return [Event(n * MINUTE, answer) for n, answer in enumerate(answers)]


@pytest.mark.parametrize("replay", REPLAYS, ids=lambda replay: replay.name)
def test_replay(replay: Replay) -> None:
    """Test that the problem after each response of a sequence is as expected."""
    steps = replay.steps
    events = [
        Event(step.at.total_seconds(), EVENTS.get(step.event, AccountState(step.event)))
        for step in steps
    ]
    found = [
        (str(step.at), step.event, problem)
        for step, problem in zip(steps, problems(events), strict=True)
    ]
    assert found == [(str(step.at), step.event, step.problem) for step in steps]


def test_replays() -> None:
    """Test that each sequence has a unique name and runs forward, and all are there."""
    assert len({replay.name for replay in REPLAYS}) == len(REPLAYS) >= 40
    assert all(
        earlier.at <= later.at
        for replay in REPLAYS
        for earlier, later in pairwise(replay.steps)
    )
    shown = {step.problem for replay in REPLAYS for step in replay.steps}
    assert shown == {None, *Problem} - QUEUE_PROBLEMS


def test_states() -> None:
    """Test that each documented state but the good one is a problem if it lasts."""
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
    """Test that only failures with a known cause are a problem if they last."""
    assert {
        kind: problems(every_minute(*[error] * 60))[-1]
        for kind, error in ERRORS.items()
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


def test_unknown_state() -> None:
    """Test that an unknown or missing state is a problem if it lasts."""
    for raw in ("hibernating", None):
        found = problems(every_minute(*[AccountState(raw)] * 60))
        assert found == [*[None] * 10, *[Problem.UNKNOWN_STATE] * 50]


STATES: Final = [*map(str, InstanceState), "hibernating", "dreaming", None]
NEWS: Final = [*map(AccountState, STATES), *ERRORS.values(), *Interruption]
GAPS: Final = [
    0,
    1,
    9,
    10,
    11,
    49,
    50,
    51,
    59,
    60,
    61,
    119,
    120,
    121,
    299,
    301,
    1801,
    28800,
    90000,
]


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Draw a history of few kinds of events, each of them several times."""
    news = draw(st.lists(st.sampled_from(NEWS), min_size=1, max_size=4))
    now = 0.0
    history = []
    for what in draw(st.lists(st.sampled_from(news), min_size=1, max_size=12)):
        gap = draw(st.sampled_from(GAPS))
        for _ in range(draw(st.integers(1, 12))):
            now += gap
            history.append(Event(now, what))
    return history


thoroughly = settings(deadline=None, derandomize=True, max_examples=500)


@thoroughly
@given(histories())
def test_reference(history: list[Event]) -> None:
    """Test that the decision always equals the reference."""
    assert [(health.remembered, health.confirmed) for health in healths(history)] == [
        (verdict.problem, verdict.is_confirmed) for verdict in verdicts(history)
    ]


@thoroughly
@given(histories(), st.sampled_from(GAPS))
def test_authorized_clears_at_once(history: list[Event], gap: int) -> None:
    """Test that a good response clears everything and leaves no evidence."""
    good = Event(history[-1].at + gap, AccountState(InstanceState.AUTHORIZED))

    last = healths([*history, good])[-1]

    assert last == Health(rebooted_at=last.rebooted_at)


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
    """Test that no outage of any length and kind creates or clears a problem."""
    outage = [
        Event(history[-1].at + gap * number, error)
        for number, error in enumerate(errors, 1)
    ]

    before, *after = problems([*history, *outage])[len(history) - 1 :]

    assert set(after) == {before}


@thoroughly
@given(histories())
def test_no_problem_without_evidence(history: list[Event]) -> None:
    """Test that a new problem has lasted long enough since the last good state."""
    known = [Health(), *healths(history)]
    new = [
        (number, health)
        for number, (before, health) in enumerate(pairwise(known))
        if health.remembered not in {None, before.remembered, *STUCK}
    ]
    for number, health in new:
        spell = since_authorized(history[: number + 1])
        assert health.remembered in {points_to(event) for event in spell}
        run = agreeing_run(spell)
        lasted = run[-1].at - run[0].at
        without_success = reported_seconds(spell, without=Problem.WRONG_ADDRESS)
        assert lasted >= CERTAIN_AFTER[health.remembered] or without_success >= 600


BAD: Final = [
    answer
    for answer in NEWS
    if not isinstance(answer, Interruption)
    and isinstance(points_to(Event(0, answer)), Problem)
    and points_to(Event(0, answer)) is not Problem.WRONG_ADDRESS
]


@thoroughly
@given(st.lists(st.sampled_from(BAD), min_size=14, max_size=14))
def test_alternation_is_a_problem(answers: list[AccountResponse]) -> None:
    """Test that an account that is never authorized has a problem after 13 minutes."""
    assert problems(every_minute(*answers))[13] is not None


@thoroughly
@given(st.lists(st.sampled_from(BAD), min_size=2, max_size=4), st.integers(1, 4))
def test_reasons_do_not_alternate(answers: list[AccountResponse], times: int) -> None:
    """Test that responses that alternate every few minutes settle on one reason."""
    turns = [answer for answer in answers for _ in range(times)]
    found = problems(every_minute(*(turns * 60)))
    assert len(set(found[-len(turns) * 2 :])) == 1


@thoroughly
@given(histories(), st.data())
def test_problem_survives_restart(history: list[Event], data: st.DataObject) -> None:
    """Test that after a restart the first confirming response restores a problem."""
    at = data.draw(st.integers(1, len(history)))
    before = healths(history[:at])[-1]
    restart = Event(history[at - 1].at, Interruption.RESTART)

    health = with_event(before, restart)

    assert health.problem is None
    meaningful = [
        answer
        for answer in BAD
        if points_to(Event(0, answer)) is before.remembered
        or {points_to(Event(0, answer)), before.remembered} <= STUCK
    ]
    for answer in meaningful if before.reported_at == history[at - 1].at else ():
        again = with_event(health, Event(restart.at + 30, answer))
        assert again.problem is before.remembered or again.problem in STUCK


@thoroughly
@given(histories())
def test_reboot_hides_an_issue_for_five_minutes(history: list[Event]) -> None:
    """Test that a reboot hides a stuck instance's issue only, and only during it."""
    for health, event in zip(healths(history), history, strict=True):
        is_hidden = health.is_acted_on(event.at)
        assert not is_hidden or (
            health.problem in STUCK and event.at < health.rebooted_at + 300
        )
        assert not health.is_acted_on(event.at + 300)
