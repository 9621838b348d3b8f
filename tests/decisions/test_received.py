"""Test which received messages count."""

from dataclasses import replace
from datetime import datetime, timedelta
import json
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.green_api.api import MessageKind, ReceivedMessage
from custom_components.green_api.decisions.received import (
    MAX_PER_MINUTE,
    Allowed,
    Dropped,
    DropReason,
    Heard,
    Inbox,
)
from tests.support.fuzz import FUZZED, UNSEEN_GENERATOR

from .messages import (
    ALLOWED,
    ANNA,
    BEN,
    FAMILY,
    NOW,
    OTHER_GROUP,
    OWN_ID,
    STRANGER,
    at,
    vote,
    written,
)

NOBODY: Final = Allowed(people={}, recipients={}, own_id="")

# The time of an inbox that has seen enough for everything to be forgotten.
DAY: Final = 24 * 3600


def restarted(inbox: Inbox) -> Inbox:
    """Return the inbox after a restart, with what was stored."""
    stored = json.dumps({key: f"{at}" for key, at in inbox.remembered.items()})
    return Inbox(
        {key: datetime.fromisoformat(at) for key, at in json.loads(stored).items()}
    )


def texts(
    inbox: Inbox, messages: list[ReceivedMessage], seconds: float = 0
) -> list[str]:
    """Return the texts of the messages that count some seconds after noon."""
    results = [inbox.judge(it, ALLOWED, at(seconds)) for it in messages]
    return [it.message.text for it in results if isinstance(it, Heard)]


@pytest.mark.parametrize(
    ("chat_id", "sender_id", "recipient", "person"),
    [
        (ANNA, ANNA, "anna", "anna"),
        (FAMILY, BEN, "family", "ben"),
    ],
)
def test_heard(chat_id: str, sender_id: str, recipient: str, person: str) -> None:
    """A person who may write is heard in their own chat and in a group."""
    message = written(sender_id=sender_id, chat_id=chat_id)
    assert Inbox().judge(message, ALLOWED, NOW) == Heard(
        message=message, person_id=person, recipient_id=recipient
    )


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (written(sender_id=STRANGER), DropReason.NOT_ALLOWED),
        (written(sender_id=STRANGER, chat_id=FAMILY), DropReason.NOT_ALLOWED),
        (written(sender_id=FAMILY, chat_id=FAMILY), DropReason.NOT_ALLOWED),
        (written(sender_id="1@c.us"), DropReason.NOT_ALLOWED),
        (written(sender_id="1@c.us", chat_id=FAMILY), DropReason.NOT_ALLOWED),
        (written(sender_id="79001234568"), DropReason.NOT_ALLOWED),
        (written(sender_id="79001234568@lid"), DropReason.NOT_ALLOWED),
        (written(sender_id=f"{ANNA} "), DropReason.NOT_ALLOWED),
        (written(sender_id=ANNA.upper(), chat_id=ANNA), DropReason.NOT_ALLOWED),
        (written(sender_id="", chat_id=ANNA), DropReason.NOT_ALLOWED),
        (written(sender_id=ANNA, chat_id=OTHER_GROUP), DropReason.OTHER_CHAT),
        (written(sender_id=OWN_ID, chat_id=ANNA), DropReason.OWN),
        (written(sender_id=OWN_ID), DropReason.OWN),
        (written(sent=-301), DropReason.TOO_OLD),
        (written(sent=-DAY), DropReason.TOO_OLD),
        (written(sent=301), DropReason.FROM_FUTURE),
        (written(sent=-300), None),
        (written(sent=300), None),
        (vote("3EB0", sender_id=STRANGER, others=(ANNA,)), DropReason.NOT_ALLOWED),
        (
            vote("3EB0", "Yes", sender_id=STRANGER, chat_id=FAMILY, others=(ANNA,)),
            DropReason.NOT_ALLOWED,
        ),
    ],
)
def test_dropped(message: ReceivedMessage, reason: DropReason | None) -> None:
    """Nobody else is heard, nor anything but a new message, and it is counted."""
    inbox = Inbox()
    result = inbox.judge(message, ALLOWED, NOW)
    assert isinstance(result, Heard) == (reason is None)
    assert getattr(result, "reason", None) == reason
    assert inbox.dropped == ({reason: 1} if reason else {})
    assert bool(inbox.remembered) == (reason is None)


@pytest.mark.parametrize("kind", MessageKind)
def test_nobody_may_write(kind: MessageKind) -> None:
    """Without a list, there is no message, whatever it is."""
    for sender_id in (ANNA, OWN_ID, STRANGER):
        message = written(sender_id=sender_id, kind=kind)
        assert Inbox().judge(message, NOBODY, NOW) == Dropped(DropReason.NOT_ALLOWED)


def test_own_account_is_a_recipient() -> None:
    """The account is not heard, even if it is a recipient that may write."""
    allowed = Allowed(people={OWN_ID: "me"}, recipients={OWN_ID: "me"}, own_id=OWN_ID)
    result = Inbox().judge(written(sender_id=OWN_ID), allowed, NOW)
    assert result == Dropped(DropReason.OWN)


def test_permission_ends() -> None:
    """Who is removed from the list in this second is not heard any more."""
    inbox = Inbox()
    assert isinstance(inbox.judge(written(), ALLOWED, NOW), Heard)
    without_anna = replace(ALLOWED, people={BEN: "ben"})
    result = inbox.judge(written(), without_anna, NOW)
    assert result == Dropped(DropReason.NOT_ALLOWED)


def test_permission_begins() -> None:
    """What somebody wrote before the permission is not heard later."""
    inbox = Inbox()
    message = written()
    assert isinstance(inbox.judge(message, NOBODY, NOW), Dropped)
    assert inbox.judge(message, ALLOWED, NOW) == Dropped(None)
    assert inbox.dropped == {DropReason.NOT_ALLOWED: 1}


@pytest.mark.parametrize(
    ("sender_id", "sent", "reason"),
    [
        (ANNA, -1, DropReason.BEFORE_PERMISSION),
        (ANNA, 0, None),
        (BEN, -1, None),
    ],
)
def test_written_before_permission(
    sender_id: str, sent: float, reason: DropReason | None
) -> None:
    """What somebody wrote before the permission is not heard for the first time."""
    inbox = Inbox()
    allowed = replace(ALLOWED, since={ANNA: NOW})
    result = inbox.judge(written(sender_id=sender_id, sent=sent), allowed, NOW)
    assert getattr(result, "reason", None) == reason
    assert inbox.dropped == ({reason: 1} if reason else {})


@pytest.mark.parametrize("message", [written("Hi"), vote("3EB0", "Yes")])
def test_once(message: ReceivedMessage) -> None:
    """A message is heard once, over restarts as well."""
    inbox = Inbox()
    assert isinstance(inbox.judge(message, ALLOWED, NOW), Heard)
    assert inbox.judge(message, ALLOWED, NOW) == Dropped(None)
    after = restarted(inbox)
    assert after.judge(message, ALLOWED, NOW) == Dropped(DropReason.ALREADY_HEARD)
    assert after.judge(message, ALLOWED, NOW) == Dropped(None)
    assert after.dropped == {DropReason.ALREADY_HEARD: 1}


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [(DAY, DropReason.TOO_OLD), (-DAY, DropReason.FROM_FUTURE)],
)
def test_clock_is_set_right(seconds: float, reason: DropReason) -> None:
    """A message is heard once the time is right, and was dropped only once."""
    inbox = Inbox()
    message = written()
    assert inbox.judge(message, ALLOWED, at(seconds)) == Dropped(reason)
    assert inbox.judge(message, ALLOWED, at(seconds)) == Dropped(None)
    assert isinstance(inbox.judge(message, ALLOWED, NOW), Heard)
    assert inbox.judge(message, ALLOWED, NOW) == Dropped(None)
    assert inbox.dropped == {reason: 1}


def test_same_id_in_another_chat() -> None:
    """The ID of a message is unique in its chat only."""
    inbox = Inbox()
    messages = [
        written("1", message_id="17", sender_id=ANNA),
        written("2", message_id="17", sender_id=BEN),
        written("3", message_id="17", sender_id=ANNA, chat_id=FAMILY),
        written("4", message_id="17", sender_id=BEN, chat_id=FAMILY),
    ]
    assert texts(inbox, messages) == ["1", "2", "3"]


def test_nothing_of_messages_is_remembered() -> None:
    """Neither a text nor an option of a poll is stored."""
    inbox = Inbox()
    texts(inbox, [written("Open the gate"), vote("3EB0", "Yes")])
    stored = f"{inbox.remembered}"
    assert "gate" not in stored
    assert "Yes" not in stored


class TestVotes:
    """A vote is heard once per person and change."""

    @staticmethod
    def play(inbox: Inbox, *votes: ReceivedMessage) -> list[tuple[str, ...] | None]:
        """Return the options of each vote that is heard, None for the others."""
        results = [inbox.judge(it, ALLOWED, NOW) for it in votes]
        return [it.options if isinstance(it, Heard) else None for it in results]

    def test_change(self) -> None:
        """A repeated or withdrawn vote is not heard, a changed one is."""
        inbox = Inbox()
        found = self.play(
            inbox,
            vote("3EB0", "Yes"),
            vote("3EB0", "Yes"),
            vote("3EB0", "No"),
            vote("3EB0", "Yes"),
            vote("3EB0"),
            vote("3EB0", "Yes"),
            vote("3EB0", "Yes", "No"),
        )
        yes, no = ("Yes",), ("No",)
        assert found == [yes, None, no, yes, None, yes, ("Yes", "No")]
        assert inbox.dropped == {DropReason.NO_NEW_VOTE: 2}

    def test_others(self) -> None:
        """The votes of others in the same notification are not heard."""
        inbox = Inbox()
        found = self.play(
            inbox,
            vote("3EB0", "Yes", sender_id=ANNA, others=(), chat_id=FAMILY),
            vote("3EB0", "No", sender_id=BEN, others=(ANNA,), chat_id=FAMILY),
            vote("3EB0", "No", sender_id=STRANGER, others=(ANNA, BEN), chat_id=FAMILY),
            vote("3EB0", "Yes", sender_id=ANNA, others=(BEN,), chat_id=FAMILY),
        )
        assert found == [("Yes",), ("No",), None, None]

    def test_alone(self) -> None:
        """A notification may contain the votes of the sender only."""
        inbox = Inbox()
        found = self.play(
            inbox,
            vote("3EB0", "Yes", others=(), chat_id=FAMILY),
            vote("3EB0", "Yes", sender_id=BEN, others=(), chat_id=FAMILY),
            vote("3EB0", "Yes", others=(), chat_id=FAMILY),
            vote("3EB0", others=(), chat_id=FAMILY),
        )
        assert found == [("Yes",), ("Yes",), None, None]

    def test_polls(self) -> None:
        """A vote in one poll says nothing about another one."""
        inbox = Inbox()
        found = self.play(
            inbox,
            vote("3EB0", "Yes"),
            vote("3EB1", "Yes"),
            vote("3EB", "Yes"),
            vote("3EB0", "Yes", chat_id=FAMILY),
        )
        assert found == [("Yes",)] * 4

    def test_restart(self) -> None:
        """A vote that is repeated after a restart is not heard again."""
        inbox = Inbox()
        self.play(inbox, vote("3EB0", "Yes"))
        found = self.play(restarted(inbox), vote("3EB0", "Yes"), vote("3EB0", "No"))
        assert found == [None, ("No",)]


class TestFlood:
    """At most 30 messages per minute are heard from a person."""

    def test_limit(self) -> None:
        """More are dropped, and the first one of them is reported."""
        inbox = Inbox()
        results = [inbox.judge(written(), ALLOWED, NOW) for _ in range(1000)]
        heard = [it for it in results if isinstance(it, Heard)]
        assert len(heard) == MAX_PER_MINUTE
        assert results[MAX_PER_MINUTE] == Dropped(
            DropReason.TOO_MANY, is_new_flood=True
        )
        assert results[MAX_PER_MINUTE + 1 :] == [Dropped(DropReason.TOO_MANY)] * 969
        assert inbox.dropped == {DropReason.TOO_MANY: 970}

    def test_others(self) -> None:
        """Others are heard meanwhile, but the same person in no other chat."""
        inbox = Inbox()
        texts(inbox, [written() for _ in range(40)])
        messages = [written("Ben", sender_id=BEN), written("Anna", chat_id=FAMILY)]
        assert texts(inbox, messages) == ["Ben"]

    def test_slowly(self) -> None:
        """Each minute has its messages, however late they are received."""
        inbox = Inbox()
        messages = [written(sent=-2 * number) for number in reversed(range(150))]
        assert len(texts(inbox, messages)) == 150

    def test_end(self) -> None:
        """After the flood, messages are heard, and the next flood is reported."""
        inbox = Inbox()
        for began in (0, 500):
            flood = [written(sent=began + number) for number in range(40)]
            results = [
                inbox.judge(it, ALLOWED, at(began + number))
                for number, it in enumerate(flood)
            ]
            assert [getattr(it, "is_new_flood", False) for it in results].count(True)
            assert texts(inbox, [written(sent=began + 120)], began + 120)
        assert inbox.dropped == {DropReason.TOO_MANY: 20}

    def test_long_flood_is_reported_once(self) -> None:
        """A flood that goes on is one flood."""
        inbox = Inbox()
        results = [
            inbox.judge(written(sent=second), ALLOWED, at(second))
            for second in range(1200)
        ]
        reported = [it for it in results if getattr(it, "is_new_flood", False)]
        assert len(reported) == 1

    def test_votes_are_limited(self) -> None:
        """Votes that are not heard are limited as well: each one is stored."""
        inbox = Inbox()
        results = [
            inbox.judge(vote(f"3EB{number // 2}", *["Yes"][: number % 2]), ALLOWED, NOW)
            for number in range(1000)
        ]
        dropped = [it.reason for it in results if isinstance(it, Dropped)]
        assert dropped.count(DropReason.TOO_MANY) == 970
        assert len(inbox.remembered) <= 60

    def test_dropped_messages_stay_dropped(self) -> None:
        """What was dropped is not heard when it is received again later."""
        inbox = Inbox()
        messages = [written() for _ in range(60)]
        assert len(texts(inbox, messages)) == 30
        assert texts(inbox, messages, 200) == []


class TestMemory:
    """What is remembered has an end."""

    def test_forgotten(self) -> None:
        """Messages of more than a day ago are forgotten."""
        inbox = Inbox()
        texts(inbox, [written()])
        texts(inbox, [written(sent=DAY)], DAY)
        assert len(inbox.remembered) == 2
        texts(inbox, [written(sent=DAY + 1)], DAY + 1)
        assert len(inbox.remembered) == 2

    def test_many(self) -> None:
        """At most 500 are remembered, but all that can be received again."""
        inbox = Inbox()
        messages = [written(sent=2 * number) for number in range(2000)]
        for number, message in enumerate(messages):
            assert texts(inbox, [message], 2 * number)
        assert len(inbox.remembered) == 500
        people = {f"{number}@c.us": "many" for number in range(100)}
        crowd = Allowed(people=people, recipients=people)
        for sender_id in people:
            for _ in range(10):
                inbox.judge(written(sender_id=sender_id), crowd, NOW)
        assert len(inbox.remembered) == 1000

    def test_many_strangers(self) -> None:
        """Strangers fill nothing up."""
        inbox = Inbox()
        message = written()
        assert texts(inbox, [message])
        flood = [written(sender_id=f"{number}@c.us") for number in range(5000)]
        assert texts(inbox, [*flood, message]) == []
        assert len(inbox.remembered) == 1
        assert len(inbox._judged) <= 2000
        assert inbox.dropped == {
            DropReason.NOT_ALLOWED: 5000,
            DropReason.ALREADY_HEARD: 1,
        }

    @pytest.mark.parametrize("jump", [timedelta(days=400), timedelta(days=-400)])
    def test_clock_jumps(self, jump: timedelta) -> None:
        """What was remembered with a wrong time is forgotten."""
        inbox = Inbox()
        texts(inbox, [written()])
        later = replace(written(), sent_at=NOW + jump)
        assert isinstance(inbox.judge(later, ALLOWED, NOW + jump), Heard)
        assert len(inbox.remembered) == 1


SENDERS: Final = (ANNA, BEN, STRANGER, "1@c.us", OWN_ID, FAMILY)
CHATS: Final = (ANNA, BEN, STRANGER, FAMILY, OTHER_GROUP)


@UNSEEN_GENERATOR
@FUZZED
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(SENDERS),
            st.sampled_from(CHATS),
            st.integers(min_value=0, max_value=40),
            st.integers(min_value=-400, max_value=400),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_any_order(steps: list[tuple[str, str, int, int, bool]]) -> None:
    """Whatever happens, only those who may write are heard, and each message once."""
    inbox = Inbox()
    heard: set[tuple[str, str]] = set()
    for sender_id, chat_id, number, sent, restarts in steps:
        inbox = restarted(inbox) if restarts else inbox
        message = written(
            sender_id=sender_id, chat_id=chat_id, message_id=f"{number}", sent=sent
        )
        result = inbox.judge(message, ALLOWED, NOW)
        key = (chat_id, f"{number}")
        assert isinstance(result, Dropped) or (
            sender_id in {ANNA, BEN}
            and chat_id in {ANNA, BEN, FAMILY}
            and abs(sent) <= 300
            and key not in heard
        )
        heard |= {key} if isinstance(result, Heard) else set()
