"""List of chats to select from."""

from collections import Counter
from collections.abc import Iterable, Mapping
import re
from typing import Final

from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..api import Chat, ChatKind, Messenger
from ..inputs.characters import plain_text
from ..inputs.chat_id import (
    InvalidChatIdError,
    is_person_id,
    parse_chat_id,
    phone_number_of,
)
from ..inputs.phone_number import CHAT_SUFFIX

# A name with this many digits may be intended to look like a number or a chat ID.
_MISLEADING_DIGITS: Final = 5

# Texts that start like a number, a link to one, or a chat ID, however they continue.
_NOT_A_NAME: Final = re.compile(
    r"(?:tel:)?[^\w]*(?:[0-9][^\w]*){5}|.*://|.*\bwa\.me/"
    r"|[\w:-]*@(?:c\.us|g\.us|lid|s\.whatsapp\.net)$"
)


class AmbiguousNameError(ValueError):
    """Raised if several chats have the name that was entered."""


class ChatList:
    """The chats of an account, for selection and lookup.

    With thousands of chats, the list takes a while to create, but not to use.
    """

    def __init__(
        self,
        chats: Iterable[Chat],
        messenger: Messenger,
        kinds: Mapping[ChatKind, str],
    ) -> None:
        """Initialize the list.

        If a chat is contained twice, the first one is used. `kinds` are the translated
        names of the kinds of chats.
        """
        self.messenger = messenger
        self._chats: dict[str, Chat] = {}
        self._ids_by_number: dict[str, str] = {}
        self._ids_by_name: dict[str, list[str]] = {}
        for chat in chats:
            if self._chats.setdefault(chat.chat_id, chat) is not chat:
                continue
            if key := _key(chat.name):
                self._ids_by_name.setdefault(key, []).append(chat.chat_id)
            if chat.phone_number:
                number = f"{chat.phone_number}{CHAT_SUFFIX}"
                self._ids_by_number.setdefault(number, chat.chat_id)
        self._labels = _labels(self._chats.values(), kinds)
        self._ids_by_label = {label: chat_id for chat_id, label in self._labels.items()}
        # The frontend shows the value of an option that is selected, not its label.
        self.selector = SelectSelector(
            SelectSelectorConfig(
                options=list(self._ids_by_label),
                custom_value=True,
                mode=SelectSelectorMode.DROPDOWN,
            )
        )

    def __len__(self) -> int:
        """Return the number of chats."""
        return len(self._chats)

    def __contains__(self, chat_id: str) -> bool:
        """Return whether a chat is in the list."""
        return chat_id in self._chats

    def find(self, text: str) -> str:
        """Return the chat ID for a selected option or an entered text.

        A name is accepted only if it cannot be a number or a chat ID, because people
        choose their names themselves. Raises InvalidChatIdError if the text is none of
        these, and AmbiguousNameError if several chats have the name.
        """
        text = text.strip()
        if text in self._chats:
            return text
        if chat_id := self._ids_by_label.get(text):
            return chat_id
        try:
            return self.known_id(parse_chat_id(text, self.messenger))
        except InvalidChatIdError:
            key = _key(text)
            named = self._ids_by_name.get(key)
            if not named or _NOT_A_NAME.match(key):
                raise
        if len(named) > 1:
            raise AmbiguousNameError
        return named[0]

    def known_id(self, chat_id: str) -> str:
        """Return the chat ID that the account uses for a chat.

        In Telegram and MAX, the chat ID of a person differs from the one made of the
        phone number. The free plan counts a person who is addressed in both ways as
        two.
        """
        return self._ids_by_number.get(chat_id, chat_id)

    def canonical(self, stored: str) -> str:
        """Return the chat ID that the account uses for a recipient, if it is valid."""
        try:
            return self.known_id(parse_chat_id(stored, self.messenger))
        except InvalidChatIdError:
            return stored

    def text_of(self, chat_id: str) -> str:
        """Return the label of a chat, or else its number or ID."""
        if label := self._labels.get(chat_id):
            return label
        number = phone_number_of(chat_id)
        if number is None:
            return chat_id
        text = f"+{number}"
        try:
            is_same = self.find(text) == chat_id
        except InvalidChatIdError:
            return chat_id
        return text if is_same else chat_id

    def is_person(self, chat_id: str) -> bool:
        """Return whether a chat is one with a person whose messages name this ID.

        For chats that are not in the list, the ID decides.
        """
        chat = self._chats.get(chat_id)
        if chat is None:
            return is_person_id(chat_id, self.messenger)
        return chat.kind is ChatKind.PERSON

    def name_of(self, chat_id: str) -> str | None:
        """Return the name of a chat, None if it is not in the list."""
        chat = self._chats.get(chat_id)
        return chat.name if chat else None


def _labels(chats: Iterable[Chat], kinds: Mapping[ChatKind, str]) -> dict[str, str]:
    """Return the labels of chats by chat ID: groups first, then sorted by name.

    All labels are distinct. A name cannot imitate another kind of chat or another
    number: the label starts with the kind, and what identifies the chat precedes a name
    that could imitate it.
    """
    ordered = sorted(chats, key=_sort_key)
    labels = [_label(chat, kinds[chat.kind]) for chat in ordered]
    counts = Counter(map(_key, labels))
    return {
        chat.chat_id: f"{kinds[chat.kind]} ({chat.chat_id}): {chat.name}".strip()
        if counts[_key(label)] > 1
        else label.strip()
        for chat, label in zip(ordered, labels, strict=True)
    }


def _label(chat: Chat, kind: str) -> str:
    """Return the kind and the name of a chat, with the number of a person."""
    number = _number(chat)
    if not _key(chat.name) or chat.name in (chat.chat_id, number):
        return f"{kind}: {number or chat.chat_id}"
    if sum(map(str.isdecimal, plain_text(chat.name))) >= _MISLEADING_DIGITS:
        return f"{kind} ({number or chat.chat_id}): {chat.name}"
    return f"{kind}: {chat.name} ({number})" if number else f"{kind}: {chat.name}"


def _number(chat: Chat) -> str:
    """Return the phone number of a chat, empty if it is not known."""
    number = phone_number_of(chat.chat_id) or chat.phone_number
    return f"+{number}" if number else ""


def _sort_key(chat: Chat) -> tuple[bool, str]:
    """Return the sort key of a chat: groups first, then by name."""
    return chat.kind is not ChatKind.GROUP, chat.name.casefold()


def _key(text: str) -> str:
    """Return a normalized text, which is the same for texts that look the same."""
    return " ".join(plain_text(text).casefold().split())
