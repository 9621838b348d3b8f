"""The recipient of a message."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Recipient:
    """A chat to send messages to, and its name."""

    name: str
    chat_id: str
    subentry_id: str
    """Empty for a chat that only gets a test message."""
