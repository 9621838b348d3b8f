"""Test which choice an answer names."""

from dataclasses import replace
import math
import time
from typing import Final
import unicodedata

from hypothesis import given, strategies as st
import pytest

from custom_components.green_api.api import MessageKind, ReceivedMessage
from custom_components.green_api.decisions.choices import (
    ChoiceAnswer,
    Question,
    Questions,
    choice_of,
    comparable,
    numbered,
)
from custom_components.green_api.decisions.received import Heard
from tests.support.fuzz import FUZZED, UNSEEN_GENERATOR

from .messages import ANNA, FAMILY, at, vote, written

CHOICES: Final = ("On my way", "False alarm")
HOUR: Final = 3600
DAY: Final = 24 * HOUR


def asked(
    message_id: str = "Q1",
    *,
    chat_id: str = ANNA,
    choices: tuple[str, ...] = CHOICES,
    at_second: float = 0,
    rest_id: str | None = None,
) -> Question:
    """Return a question that was asked some seconds after noon."""
    return Question(
        chat_id=chat_id,
        message_id=message_id,
        choices=choices,
        asked_at=at(at_second),
        rest_id=rest_id,
        clock=at_second,
    )


def answer(
    questions: Questions,
    message: ReceivedMessage,
    *,
    seconds: float = 10,
    options: tuple[str, ...] = (),
) -> tuple[str, str] | None:
    """Return the question and the choice of an answer some seconds after noon."""
    heard = Heard(message, person_id="x", recipient_id="x", options=options)
    found = questions.answer(heard, at(seconds), seconds)
    return (found.question_id, found.choice) if found else None


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        *((text, "On my way") for text in ("1", " 1 ", "1.", "1)", "(1)", "#1", "01")),
        *((text, "On my way") for text in ("1\ufe0f\u20e3", "\uff11", "\u0661", "①")),
        *((text, "On my way") for text in ("On my way", "on MY way", " On  my way\n")),
        *((text, "On my way") for text in ("\u200bOn my way", "\u202aOn my way\u202c")),
        ("O\u00adn my way", "On my way"),
        *((text, "False alarm") for text in ("2", "FALSE ALARM", "\uff12.")),
        *((text, None) for text in ("", " ", "0", "3", "12", "100", "-1", "1 2", "1!")),
        *((text, None) for text in ("On my", "On my way!", "I am on my way", "one")),
        *((text, None) for text in ("²x", "1" * 5000, "1.0")),
    ],
)
def test_choice(text: str, choice: str | None) -> None:
    """A choice is named by its text or number, however that is written."""
    assert choice_of(text, CHOICES) == choice


def test_choices_that_are_numbers() -> None:
    """The text of a choice comes before its number."""
    assert choice_of("2", ("2", "1")) == "2"
    assert choice_of("3", ("2", "1", "0")) == "0"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Straße", "STRASSE"),
        ("Café", "Cafe\u0301"),
        ("İstanbul", "İSTANBUL"),
        ("\u0434\u0430", "\u0414\u0410"),
        ("\u05e9\u05dc", "\u200f\u05e9\u05dc\u200f"),
        ("👍", "👍\ufe0f"),
        ("", "\u200b \ufeff"),
    ],
)
def test_same(first: str, second: str) -> None:
    """Texts are the same regardless of case, blanks, and invisible characters."""
    assert comparable(first) == comparable(second)


@pytest.mark.parametrize(
    ("first", "second"), [("Да", "Нет"), ("👍", "👎"), ("on", "off"), ("a", "\u0430")]
)
def test_different(first: str, second: str) -> None:
    """Other texts differ."""
    assert comparable(first) != comparable(second)


def test_numbered() -> None:
    """The choices are on numbered lines below the message."""
    text = "Water in the cellar!\n\n1. On my way\n2. False alarm"
    assert numbered("Water in the cellar!", CHOICES) == text


@UNSEEN_GENERATOR
@FUZZED
@given(text=st.text())
def test_any_text(text: str) -> None:
    """A text is compared with itself, and its form does not change any more."""
    form = comparable(text)
    assert comparable(form) == form
    assert comparable(f" {text}\u200b") == form
    assert choice_of(f"x{text}", ("other", f"x{text}")) == f"x{text}"
    assert not {unicodedata.category(it) for it in form} & {"Cf"}


def test_long_text() -> None:
    """Long texts are compared quickly."""
    started_at = time.process_time()
    for text in ("\ufdfa" * 20_000, "e" + "\u0301" * 20_000, "1" * 20_000):
        choice_of(text, CHOICES * 6)
        assert choice_of(f" {text.upper()}  X", ("other", f"{text} x")) == f"{text} x"
    assert time.process_time() - started_at < 0.2


class TestNewest:
    """An answer that quotes nothing counts for the newest question in its chat."""

    def test_newest(self) -> None:
        """The newest question is answered, and in other chats others are."""
        questions = Questions()
        questions.ask(asked("Q1"))
        questions.ask(asked("Q2", choices=("Yes", "No"), at_second=5))
        questions.ask(asked("Q3", chat_id=FAMILY, choices=("A", "B"), at_second=6))
        assert answer(questions, written("2", sent=8)) == ("Q2", "No")
        assert answer(questions, written("On my way", sent=8)) is None
        in_group = written("2", chat_id=FAMILY, sent=8)
        assert answer(questions, in_group) == ("Q3", "B")
        assert answer(questions, written("1", chat_id="1@g.us", sent=8)) is None

    def test_answered_again(self) -> None:
        """A question can be answered more than once, by several people."""
        questions = Questions()
        questions.ask(asked())
        assert answer(questions, written("1", sent=8)) == ("Q1", "On my way")
        assert answer(questions, written("2", sent=9)) == ("Q1", "False alarm")

    @pytest.mark.parametrize(
        ("sent", "question"), [(8, "Q1"), (19, "Q1"), (20, "Q2"), (30, "Q2")]
    )
    def test_sent_before(self, sent: float, question: str) -> None:
        """An answer does not count for a question that was asked after it."""
        questions = Questions()
        questions.ask(asked("Q1"))
        questions.ask(asked("Q2", at_second=20))
        found = answer(questions, written("1", sent=sent), seconds=40)
        assert found == (question, "On my way")

    @pytest.mark.parametrize(("sent", "is_answered"), [(-300, True), (-301, False)])
    def test_clock_ahead(self, sent: float, *, is_answered: bool) -> None:
        """An answer counts for the only question, however much the clocks differ."""
        questions = Questions()
        questions.ask(asked("Q0", at_second=-2 * HOUR))
        questions.ask(asked("Q1"))
        assert bool(answer(questions, written("1", sent=sent))) == is_answered

    def test_clock_ahead_with_two_questions(self) -> None:
        """An answer from before two questions may be meant for either, so for none."""
        questions = Questions()
        questions.ask(asked("Q1"))
        questions.ask(asked("Q2", at_second=5))
        assert answer(questions, written("1", sent=-1)) is None

    @pytest.mark.parametrize(("seconds", "is_answered"), [(HOUR, True), (3601, False)])
    def test_age(self, seconds: float, *, is_answered: bool) -> None:
        """After an hour, a bare number says nothing."""
        questions = Questions()
        questions.ask(asked())
        message = written("1", sent=seconds)
        assert bool(answer(questions, message, seconds=seconds)) == is_answered

    @pytest.mark.parametrize("kind", sorted({*MessageKind} - {MessageKind.TEXT}))
    def test_kind(self, kind: MessageKind) -> None:
        """The caption of a picture is no answer."""
        questions = Questions()
        questions.ask(asked())
        assert answer(questions, written("1", kind=kind, sent=8)) is None

    def test_clock_jumps(self) -> None:
        """After a jump of the clock, a bare number says nothing."""
        questions = Questions()
        questions.ask(asked())
        message = written("1", sent=-2 * HOUR)
        assert answer(questions, message, seconds=-2 * HOUR) is None
        assert answer(questions, written("1", sent=8), seconds=2 * HOUR) is None


class TestQuote:
    """A quote names the question."""

    def test_quote(self) -> None:
        """A quoted question is answered, also if it is an older one."""
        questions = Questions()
        questions.ask(asked("Q1"))
        questions.ask(asked("Q2", choices=("Yes", "No"), at_second=5))
        message = written("2", sent=8, quoted_id="Q1")
        assert answer(questions, message) == ("Q1", "False alarm")
        message = written("False alarm", sent=DAY, quoted_id="Q1")
        assert answer(questions, message, seconds=DAY) == ("Q1", "False alarm")

    def test_quoted_rest(self) -> None:
        """The second part of a question is quoted like the first one."""
        questions = Questions()
        questions.ask(asked("Q1", rest_id="Q2"))
        questions.ask(asked("Q3", choices=("Yes", "No"), at_second=5))
        message = written("2", sent=8, quoted_id="Q2")
        assert answer(questions, message) == ("Q1", "False alarm")

    def test_other_quote(self) -> None:
        """A quote of something else is no answer."""
        questions = Questions()
        questions.ask(asked())
        assert answer(questions, written("1", sent=8, quoted_id="other")) is None
        in_group = written("1", sent=8, quoted_id="Q1", chat_id=FAMILY)
        assert answer(questions, in_group) is None


class TestVote:
    """A vote names the question and the choice."""

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            (("On my way",), ("Q1", "On my way")),
            (("False alarm ",), ("Q1", "False alarm")),
            (("1",), None),
            (("Yes",), None),
            (("On my way", "False alarm"), None),
            ((), None),
        ],
    )
    def test_vote(
        self, options: tuple[str, ...], expected: tuple[str, str] | None
    ) -> None:
        """The only option that a person votes for is the choice."""
        questions = Questions()
        questions.ask(asked())
        assert answer(questions, vote("Q1"), options=options) == expected

    def test_other_poll(self) -> None:
        """A vote in a poll of somebody else is no answer."""
        questions = Questions()
        questions.ask(asked())
        assert answer(questions, vote("other"), options=("On my way",)) is None


class TestRestart:
    """After a restart, only votes and quotes count."""

    @staticmethod
    def restarted(questions: Questions) -> Questions:
        """Return the questions after a restart, which begins another clock."""
        return Questions(replace(it, clock=-math.inf) for it in questions.remembered)

    def test_restart(self) -> None:
        """A bare number does not count for a question of before, but for later ones."""
        before = Questions()
        before.ask(asked())
        questions = self.restarted(before)
        assert answer(questions, written("1", sent=8)) is None
        quote = written("1", sent=8, quoted_id="Q1")
        assert answer(questions, quote) == ("Q1", "On my way")
        assert answer(questions, vote("Q1"), options=("On my way",))
        questions.ask(asked("Q2", at_second=5))
        assert answer(questions, written("1", sent=8)) == ("Q2", "On my way")

    def test_forgotten(self) -> None:
        """Questions are remembered for a week, and no more than 100."""
        questions = Questions()
        questions.ask(asked("Q1"))
        questions.ask(asked("Q2", at_second=8 * DAY))
        assert [it.message_id for it in questions.remembered] == ["Q2"]
        for number in range(150):
            questions.ask(asked(f"Q{number}", at_second=8 * DAY))
        assert len(questions.remembered) == 100


def test_repr() -> None:
    """Nothing of people or messages is shown."""
    shown = f"{asked()!r} {ChoiceAnswer('Q1', 'On my way')!r}"
    assert [it for it in ("way", "7900", "Q1") if it in shown] == []
