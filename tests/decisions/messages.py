"""Messages that people write, for the tests of decisions."""

from datetime import UTC, datetime, timedelta
import itertools
from typing import Final

from custom_components.green_api.api import MessageKind, PollVote, ReceivedMessage
from custom_components.green_api.decisions.received import Allowed

NOW: Final = datetime(2026, 11, 29, 12, tzinfo=UTC)
OWN_ID: Final = "79001234567@c.us"
ANNA: Final = "79001234568@c.us"
BEN: Final = "79001234569@c.us"
STRANGER: Final = "447700900123@c.us"
FAMILY: Final = "120363043968066561@g.us"
OTHER_GROUP: Final = "120363043968066562@g.us"

# Anna and Ben may write. Both, somebody who may not, and a group are recipients.
ALLOWED: Final = Allowed(
    people={ANNA: "anna", BEN: "ben"},
    recipients={ANNA: "anna", BEN: "ben", "1@c.us": "quiet", FAMILY: "family"},
    own_id=OWN_ID,
)

_numbers: Final = itertools.count()


def at(seconds: float) -> datetime:
    """Return the time some seconds after noon."""
    return NOW + timedelta(seconds=seconds)


def written(
    text: str = "Hi",
    *,
    sender_id: str = ANNA,
    chat_id: str | None = None,
    kind: MessageKind = MessageKind.TEXT,
    sent: float = 0,
    message_id: str | None = None,
    quoted_id: str | None = None,
    votes: dict[str, tuple[str, ...]] | None = None,
) -> ReceivedMessage:
    """Return a message that somebody wrote some seconds after noon."""
    return ReceivedMessage(
        message_id=message_id or f"3EB0{next(_numbers):016X}",
        chat_id=chat_id or sender_id,
        sender_id=sender_id,
        kind=kind,
        text=text,
        sent_at=at(sent),
        quoted_message_id=quoted_id,
        votes=tuple(PollVote(*vote) for vote in (votes or {}).items()),
    )


def vote(
    poll_id: str,
    *options: str,
    sender_id: str = ANNA,
    chat_id: str | None = None,
    others: tuple[str, ...] = (BEN,),
    sent: float = 0,
    message_id: str | None = None,
) -> ReceivedMessage:
    """Return a notification about a vote, which contains the votes of others."""
    return written(
        "",
        sender_id=sender_id,
        chat_id=chat_id,
        kind=MessageKind.POLL_VOTE,
        sent=sent,
        message_id=message_id,
        quoted_id=poll_id,
        votes={
            option: (*others, *([sender_id] if option in options else []))
            for option in ("Yes", "No")
        },
    )
