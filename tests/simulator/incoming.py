"""What people write to a simulated account, and what the account hears of it."""

import time
from typing import TYPE_CHECKING, Any

from .notifier import Notifier, Written
from .sending import options_of
from .shapes import message_data, poll_votes, quoted_message

if TYPE_CHECKING:
    from collections.abc import Callable

    from .account import Account
    from .queue import Message
    from .shapes import Content

# The setting that each kind of message needs besides the one for all messages.
SETTING_OF_KIND = {
    "deleted": "deletedMessageWebhook",
    "edited": "editedMessageWebhook",
}


class Incoming(Notifier):
    """The messages that people write to an account."""

    def __init__(self, account: Account) -> None:
        """Initialize without messages."""
        super().__init__(account)
        self.written: list[Written] = []
        self.lost = 0
        """The number of messages and votes that the settings turn off."""

        self.voters_are_objects = False
        self.shows_all_votes = True
        """Whether a notification about a vote contains those of others as well.

        The vendor recommends not to rely on that.
        """
        self._late: list[Written] = []
        self._votes: dict[str, dict[str, list[str]]] = {}

    def write(
        self,
        text: str = "",
        *,
        sender_id: str,
        chat_id: str | None = None,
        kind: str = "text",
        quoted_id: str | None = None,
        data: Content | None = None,
        message_id: str | None = None,
        **more: Any,
    ) -> str:
        """Write a message as a person, and return its ID.

        The chat is that with the person, or a group. The message was sent a number of
        seconds `ago`, but the account hears of it now.
        """
        messenger, quoted = self._account.messenger, self._quoted(quoted_id)
        written = Written(
            id=message_id or self._account.next_message_id(),
            chat_id=chat_id or sender_id,
            sender_id=sender_id,
            data=data or message_data(messenger, kind, text, quoted),
            **more,
        )
        setting = SETTING_OF_KIND.get(kind, "incomingWebhook")
        return self._hear(written, setting, self._arrive)

    def vote(
        self,
        poll_id: str,
        *options: str,
        sender_id: str,
        message_id: str | None = None,
        **more: Any,
    ) -> str:
        """Vote in a poll of the account as a person, and return the ID of the update.

        No options withdraw the vote.
        """
        poll = next(it for it in self._account.messages if it.id == poll_id)
        votes = self._cast(poll, sender_id, options)
        written = Written(
            id=message_id or self._account.next_message_id(),
            chat_id=str(poll.body["chatId"]),
            sender_id=sender_id,
            data=poll_votes(poll, votes, as_objects=self.voters_are_objects),
            **more,
        )
        return self._hear(written, "pollMessageWebhook", self._notify_of)

    def write_on_phone(self, text: str, chat_id: str) -> None:
        """Write a message with the phone of the account."""
        if self._is_on("outgoingMessageWebhook"):
            self._notify_of_own("outgoingMessageReceived", text, chat_id)

    def update(self) -> None:
        """Hear of what happened while nobody looked."""
        if self._account.linked:
            late, self._late = self._late, []
            for written in late:
                self._arrive(written)
        if self._is_on("outgoingWebhook"):
            for message in self._account.messages:
                self._report_status(message)

    def entries(self, minutes: float) -> list[Content]:
        """Return the messages of the last minutes in the journal, the newest first."""
        self.update()
        if not self._is_on("incomingWebhook"):
            return []
        until = time.monotonic() - self._account.journal_lag
        oldest = time.time() - 60 * minutes
        return [
            it.as_entry(self._account.messenger)
            for it in reversed(self.written)
            if it.at <= until and it.sent_at >= oldest
        ]

    def _arrive(self, written: Written) -> None:
        """Put a message into the journal and the notifications."""
        if not self._account.linked:
            self._late.append(written)
            return
        self.written.append(written)
        self._notify_of(written)

    def _hear(
        self, written: Written, setting: str, hear: Callable[[Written], None]
    ) -> str:
        """Hear of a message if a setting is turned on, and return its ID."""
        if self._is_on(setting):
            hear(written)
        else:
            self.lost += 1
        return written.id

    def _cast(
        self, poll: Message, sender_id: str, options: tuple[str, ...]
    ) -> dict[str, list[str]]:
        """Replace the vote of a person, and return the votes in a poll."""
        nobody: dict[str, list[str]] = {it: [] for it in options_of(poll.body)}
        votes = self._votes.setdefault(poll.id, nobody)
        for option, voters in votes.items():
            if sender_id in voters:
                voters.remove(sender_id)
            if option in options:
                voters.append(sender_id)
        if self.shows_all_votes:
            return votes
        return {it: [sender_id] if it in options else [] for it in votes}

    def _quoted(self, message_id: str | None) -> Content | None:
        """Return what a message contains that quotes another one, None without one."""
        if message_id is None:
            return None
        messenger = self._account.messenger
        own = {it.id: str(it.body.get("message", "")) for it in self._account.messages}
        if message_id in own:
            return quoted_message(message_id, self._account.own_id, own[message_id])
        for it in self.written:
            if it.id == message_id:
                entry = it.as_entry(messenger)
                text = str(entry.get("textMessage", ""))
                return quoted_message(message_id, it.sender_id, text)
        return quoted_message(message_id, "", "")
