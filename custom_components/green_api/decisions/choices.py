"""Decide which choice an answer names.

A question is a message with choices: a poll, or a text with numbered lines.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
import math
import re
from typing import Final
import unicodedata

from ..api import MessageKind
from .received import MAX_AGE, Heard

# Seconds for which an answer that quotes nothing counts for the newest question in its
# chat.
_ANSWERED_WITHIN: Final = 3600

# By how much the system time is set at least: otherwise, clocks only differ a little.
_CLOCK_SET: Final = timedelta(minutes=1)

# How long votes and quotes count, and how many questions are remembered at most.
_REMEMBERED_FOR: Final = timedelta(days=7)
_MAX_REMEMBERED: Final = 100

# Maximum length of texts whose characters are normalized. Anyone who may write can send
# long ones, and everything else waits meanwhile.
_MAX_NORMALIZED: Final = 1000

_NUMBER: Final = re.compile(r"[#(]?(\d{1,2})[.):]?")

# Characters that change how the one before them looks. Those of category `Cf`, such as
# marks of the text direction, are invisible as well.
_INVISIBLE: Final = frozenset({"\u20e3", *map(chr, range(0xFE00, 0xFE10))})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Question:
    """A message with choices that was sent."""

    chat_id: str
    message_id: str
    choices: tuple[str, ...]
    asked_at: datetime
    """When it had just been sent, in system time."""

    rest_id: str | None = None
    """The message with the text that did not fit into the caption of a file."""

    clock: float = -math.inf
    """`asked_at` in seconds of the monotonic clock, -inf if that was before a restart.
    """

    def is_open(self, clock: float) -> bool:
        """Return whether an answer that quotes nothing may be meant for it."""
        return clock - self.clock <= _ANSWERED_WITHIN

    def seems_asked_at(self, now: datetime, clock: float) -> datetime:
        """Return when it was asked, even if the system time has been set back since."""
        at = now - timedelta(seconds=clock - self.clock)
        return at if self.asked_at - at > _CLOCK_SET else self.asked_at


@dataclass(frozen=True, slots=True, repr=False)
class ChoiceAnswer:
    """The answer to a question."""

    question_id: str
    """The message ID of the question."""

    choice: str
    """The text of the choice, as it was sent."""


class Questions:
    """The questions of an account.

    Those from before a restart can only be answered by votes and quotes.
    """

    def __init__(self, remembered: Iterable[Question] = ()) -> None:
        """Initialize with what was remembered."""
        self._questions = list(remembered)

    @property
    def remembered(self) -> tuple[Question, ...]:
        """The questions that can still be answered, the oldest first."""
        return tuple(self._questions)

    def ask(self, question: Question) -> None:
        """Remember a question that was sent, and forget old ones."""
        kept = [
            it
            for it in self._questions
            if abs(question.asked_at - it.asked_at) <= _REMEMBERED_FOR
        ]
        self._questions = [*kept, question][-_MAX_REMEMBERED:]

    def answer(self, heard: Heard, now: datetime, clock: float) -> ChoiceAnswer | None:
        """Return the answer in a message, None if it is not an answer.

        `now` is the system time, `clock` the seconds of the monotonic clock.
        """
        message = heard.message
        if message.quoted_message_id:
            question = self._find(message.chat_id, message.quoted_message_id)
        else:
            question = self._newest(message.chat_id, message.sent_at, now, clock)
        if question is None:
            return None
        choice = None
        if message.kind is MessageKind.TEXT:
            choice = choice_of(message.text, question.choices)
        elif message.kind is MessageKind.POLL_VOTE and len(heard.options) == 1:
            choice = _same(heard.options[0], question.choices)
        return None if choice is None else ChoiceAnswer(question.message_id, choice)

    def _find(self, chat_id: str, message_id: str) -> Question | None:
        """Return a question by its ID, None if there is none."""
        for question in self._questions:
            is_named = message_id in {question.message_id, question.rest_id}
            if question.chat_id == chat_id and is_named:
                return question
        return None

    def _newest(
        self, chat_id: str, answered_at: datetime, now: datetime, clock: float
    ) -> Question | None:
        """Return the newest question in a chat that was asked before an answer.

        The clocks of the server and of Home Assistant may differ, so that an answer
        seems to be older. If there is only one question, it is meant anyway.
        """
        asked = [
            (question, question.seems_asked_at(now, clock))
            for question in reversed(self._questions)
            if question.chat_id == chat_id and question.is_open(clock)
        ]
        for question, asked_at in asked:
            # The server says when messages were sent in whole seconds.
            if asked_at.replace(microsecond=0) <= answered_at:
                return question
        if len(asked) == 1 and asked[0][1] - answered_at <= MAX_AGE:
            return asked[0][0]
        return None


def numbered(message: str, choices: Sequence[str]) -> str:
    """Return a message with its choices, if it has any, on numbered lines below it."""
    lines = "\n".join(f"{number}. {choice}" for number, choice in enumerate(choices, 1))
    return "\n\n".join(filter(None, (message, lines)))


def choice_of(text: str, choices: Sequence[str]) -> str | None:
    """Return the choice that a text names, by its own text or its number."""
    if choice := _same(text, choices):
        return choice
    number = _NUMBER.fullmatch(comparable(text))
    position = int(number[1]) if number else 0
    return choices[position - 1] if 0 < position <= len(choices) else None


def comparable(text: str) -> str:
    """Return a text in the form in which entered texts are compared.

    Case, whitespace, and invisible characters are ignored. In very long texts, only
    case and whitespace are: a text may become 18 times as long.
    """
    if len(text) > _MAX_NORMALIZED:
        return " ".join(text.casefold().split())
    visible = (
        character
        for character in unicodedata.normalize("NFKC", text)
        if character not in _INVISIBLE and unicodedata.category(character) != "Cf"
    )
    folded = "".join(visible).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def _same(text: str, choices: Sequence[str]) -> str | None:
    """Return the choice with the same text, None if there is none."""
    wanted = comparable(text)
    return next((it for it in choices if comparable(it) == wanted), None)
