"""The chat that is selected for a recipient, from the list or by its number."""

from enum import Enum, auto
from itertools import chain

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from ..api import GreenApiClient, GreenApiError
from ..data import GreenApiConfigEntry
from ..inputs.chat_id import InvalidChatIdError, phone_number_of
from ..sending.sender import Recipient
from ..texts import error_text, translated
from .chat_list import AmbiguousNameError, ChatList


class Check(Enum):
    """Result of looking up the chat ID of a person by phone number."""

    DONE = auto()
    NO_ACCOUNT = auto()
    NO_RESPONSE = auto()


class ChosenChat:
    """The chat that is selected for a recipient.

    `phone_number` is the number that was entered, None if none was.
    """

    def __init__(self, chats: ChatList) -> None:
        """Initialize without a chat."""
        self.chat_id = ""
        self.phone_number: int | None = None
        self._chats = chats
        self._checked: dict[int, tuple[str, ...] | None] = {}

    @property
    def name(self) -> str:
        """Return the name of the chat in the account, or else its number or ID."""
        if name := self._chats.name_of(self.chat_id):
            return name
        return f"+{self.phone_number}" if self.phone_number else self.chat_id

    def read(self, text: str, known_id: str | None) -> str | None:
        """Read a selected option or an entered text, and return the error key if any.

        `known_id` is the current chat ID of the recipient, which is accepted as it is.
        """
        text = text.strip()
        try:
            self.chat_id = text if text == known_id else self._chats.find(text)
        except AmbiguousNameError:
            return "ambiguous_name"
        except InvalidChatIdError:
            return "invalid_chat_id"
        self.phone_number = phone_number_of(self.chat_id)
        return None

    async def async_check(self, client: GreenApiClient, known_id: str | None) -> Check:
        """Replace a new number with the chat ID of the person, if they have an account.

        Each number is looked up only once, and that of `known_id`, the current chat ID
        of the recipient, not at all.
        """
        number = self.phone_number
        if number is None or self.chat_id == known_id or self.chat_id in self._chats:
            return Check.DONE
        if number not in self._checked:
            try:
                self._checked[number] = await client.check_number(
                    number, self._chats.messenger
                )
            except GreenApiError:
                return Check.NO_RESPONSE
        if (chat_ids := self._checked[number]) is None:
            return Check.NO_ACCOUNT
        listed = (chat_id for chat_id in chat_ids if chat_id in self._chats)
        self.chat_id = next(chain(listed, chat_ids), self.chat_id)
        return Check.DONE


async def async_send_test(
    hass: HomeAssistant, entry: GreenApiConfigEntry, name: str, chat_id: str
) -> str:
    """Send a test message, and return why it was not sent, empty if it was."""
    recipient = Recipient(name=name, chat_id=chat_id, subentry_id="")
    text = translated(hass, "common", "test_message")
    try:
        await entry.runtime_data.sender.async_send_message(recipient, text)
    except HomeAssistantError as err:
        return error_text(hass, err)
    return ""
