"""The contacts and groups of a simulated account."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import NotReadyError
from .messengers import Messenger

if TYPE_CHECKING:
    from .account import Account
    from .wire import Json

NOT_AUTHORIZED = "instance is starting or not authorized"


@dataclass(frozen=True)
class Contact:
    """A contact or a group of an account."""

    chat_id: str
    name: str
    contact_name: str = ""
    kind: str = "user"
    phone_number: int | None = None

    def as_contact(self, messenger: Messenger) -> dict[str, Json]:
        """Return it as an item of a messenger's list of contacts."""
        if messenger is Messenger.WHATSAPP:
            return {
                "id": self.chat_id,
                "name": self.name,
                "contactName": self.contact_name,
                "type": self.kind,
            }
        return {
            "chatId": self.chat_id,
            "name": self.name,
            "contactName": self.contact_name,
            "type": self.kind,
            "phoneNumber": self.phone_number or 0,
        }

    def as_chat(self, messenger: Messenger) -> dict[str, Json]:
        """Return it as an item of a messenger's list of chats."""
        if messenger is Messenger.WHATSAPP:
            return {
                "id": self.chat_id,
                "name": self.name,
                "type": self.kind,
                "archive": False,
                "ephemeralExpiration": 0,
            }
        return {
            "chatId": self.chat_id,
            "type": self.kind,
            "phoneNumber": self.phone_number or 0,
        }


CONTACTS: dict[Messenger, tuple[Contact, ...]] = {
    Messenger.WHATSAPP: (
        Contact("79001234568@c.us", "Neighbour", "Neighbour (upstairs)"),
        Contact("447700900123@c.us", "", "Caretaker"),
        Contact("120650379300963@lid", "Kitchen tablet"),
        Contact("120363043968066561@g.us", "Family", kind="group"),
        Contact("79001234567-1581234048@g.us", "Old house", kind="group"),
    ),
    Messenger.TELEGRAM: (
        Contact("10000001", "Neighbour", phone_number=79001234568),
        Contact("-1001000000001", "Family", kind="supergroup"),
        Contact("-1001000000002", "News of the house", kind="channel"),
        Contact("10000002", "Weather", kind="bot"),
    ),
    Messenger.MAX: (
        Contact("10000001", "Neighbour", phone_number=79001234568),
        Contact("-10000000000000", "Family", kind="group"),
    ),
}


def contacts(account: Account, _: str) -> Json:
    """Return the contacts, in MAX without groups; an unready list is empty."""
    with_groups = account.messenger is not Messenger.MAX and account.groups_are_contacts
    return [
        it.as_contact(account.messenger)
        for it in _known(account)
        if with_groups or it.kind == "user"
    ]


def chats(account: Account, _: str) -> Json:
    """Return the chats."""
    return [it.as_chat(account.messenger) for it in _known(account)]


def _known(account: Account) -> tuple[Contact, ...]:
    """Return the contacts and groups, or none if the list is not ready."""
    if not account.linked:
        raise NotReadyError(NOT_AUTHORIZED)
    if account.empty_lists:
        account.empty_lists -= 1
        return ()
    return account.known
