"""One account of the simulated GREEN-API and its states."""

import base64
from collections import deque
from dataclasses import dataclass
import io
import json
import secrets
import time
from typing import TYPE_CHECKING, override

import segno

from .contacts import CONTACTS, Contact
from .messengers import Messenger
from .plan import FreePlan
from .queue import MessageQueue

if TYPE_CHECKING:
    from .faults import Fault
    from .queue import Message
    from .wire import Json

QR_LIFE = 20.0
CODE_LIFE = 150.0

# Without the signs that look like others.
CODE_SIGNS = "23456789ABCDEFGHJKLMNPQRSTVWXYZ"

# The states in which a phone is linked to the instance.
LINKED = frozenset({"authorized", "sleepMode", "suspended", "yellowCard"})

# The states in which an instance waits for one.
LINKABLE = frozenset({"notAuthorized", "pendingCode"})

# The states on the way to another one.
PASSING = frozenset({None, "starting"})

# A reboot lifts a restriction, until the next message is sent.
AFTER_REBOOT: dict[str | None, str] = {
    "suspended": "authorized",
    "yellowCard": "authorized",
}


QR_TEXTS = {
    Messenger.WHATSAPP: "2@{0},{1},{1},{1}",
    Messenger.TELEGRAM: "tg://login?token={0}",
    Messenger.MAX: "https://max.ru/:auth/{0}",
}


@dataclass(frozen=True)
class Request:
    """A request that arrived for an account; `at` is of the monotonic clock."""

    method: str
    verb: str
    at: float
    body: Json = None


@dataclass(frozen=True)
class _Offer:
    """A QR or a code, which the phone accepts while it lives."""

    text: str
    dies_at: float

    @property
    def life(self) -> float:
        return max(self.dies_at - time.monotonic(), 0.0)


@dataclass(frozen=True)
class _Change:
    """A state that is to come by itself."""

    at: float
    state: str | None


class Account:
    """An instance of GREEN-API, with the account of a messenger behind it.

    What is due by now happens when somebody looks: no timer runs.
    """

    def __init__(
        self,
        instance_id: str,
        token: str,
        *,
        state: str | None = "authorized",
        messenger: Messenger | str = Messenger.WHATSAPP,
    ) -> None:
        """Begin healthy, in the given state."""
        self.instance_id = instance_id
        self.token = token
        self.messenger = Messenger(messenger)

        self.fault: Fault | None = None
        self.faults: dict[str, Fault | None] = {}
        self.requests: list[Request] = []
        self.acts_in_spite_of_fault = False
        self.redirects_followed = 0
        self.retry_after: int | str = 30

        self.boot_seconds = 20.0
        self.link_seconds = 3.0
        self.reboot_accepted = True
        self.logout_accepted = True
        self.clear_accepted = True
        self.listed_messages = 500
        self.reboot_moves_queue = True

        self.wid = "79001234567@c.us"
        self.suspended_until: int | None = None
        self.messages = MessageQueue()
        self.free_plan: FreePlan | None = None
        self.contacts: tuple[Contact, ...] | None = None
        self.empty_lists = 0
        self.webhooks = 0
        self.count_key = "count"
        self.show_type = True
        self.settings: dict[str, Json] = {}

        self.passkey = False
        self.qr_type: str | None = None
        self.qr_message = ""
        self.qr_rotates = False
        self.code_accepted = True

        self._last_id = 0
        self._state: str | None = None
        self._rest: str | None = "notAuthorized"
        self._changes: deque[_Change] = deque()
        self._qr: _Offer | None = None
        self._code: _Offer | None = None
        self._code_wid = self.wid
        self.state = state

    @override
    def __repr__(self) -> str:
        """Name the account and its state; the token stays out."""
        return f"<Account {self.instance_id} {self.state}>"

    @property
    def state(self) -> str | None:
        """The state of the instance; None while it is being created."""
        self._settle()
        return self._state

    @state.setter
    def state(self, state: str | None) -> None:
        self._settle()
        self._changes.clear()
        self._enter(state)

    @property
    def waiting(self) -> tuple[Message, ...]:
        """The messages that wait to be sent."""
        self._settle()
        return tuple(self.messages.waiting)

    @property
    def queue(self) -> int:
        """How many messages wait to be sent; those that it is set to stay."""
        return len(self.waiting)

    @queue.setter
    def queue(self, count: int) -> None:
        self.messages.fill(count)

    @property
    def queue_stuck(self) -> bool:
        """Whether no message goes out, although the account is authorized."""
        return self.messages.stuck

    @queue_stuck.setter
    def queue_stuck(self, stuck: bool) -> None:
        self._settle()
        self.messages.stuck = stuck

    def clear_queue(self) -> bool:
        """Drop what waits, if the server will."""
        if self.clear_accepted:
            self.messages.clear()
        return self.clear_accepted

    @property
    def linked(self) -> bool:
        """Whether a phone is linked."""
        return self.state in LINKED

    @property
    def phone(self) -> str:
        """The number of the phone that is, or was, linked."""
        return self.wid.partition("@")[0]

    @property
    def linkable(self) -> bool:
        """Whether a phone could be linked now."""
        return self.state in LINKABLE

    @property
    def passing(self) -> bool:
        """Whether the instance is on the way to another state."""
        return self.state in PASSING

    @property
    def known(self) -> tuple[Contact, ...]:
        """The contacts and groups; those of the messenger unless others are set."""
        return CONTACTS[self.messenger] if self.contacts is None else self.contacts

    @property
    def on_free_plan(self) -> bool:
        """Whether the quotas of the free plan hold; to set it begins a month."""
        return self.free_plan is not None

    @on_free_plan.setter
    def on_free_plan(self, value: bool) -> None:
        self.free_plan = FreePlan() if value else None

    @property
    def restricted_to_contacts(self) -> bool:
        """Whether it may write to nobody but its contacts, as MAX restricts accounts."""
        return self.messenger is Messenger.MAX and self.state == "suspended"

    def knows(self, chat_id: str) -> bool:
        """Tell whether a chat is one of the contacts, by its id or its number."""
        names = ({it.chat_id, f"{it.phone_number}@c.us"} for it in self.known)
        return any(chat_id in each for each in names)

    def next_message_id(self) -> str:
        """Return the id of a new message, as the messenger makes them."""
        if self.messenger is Messenger.WHATSAPP:
            return f"3EB0{secrets.token_hex(8).upper()}"
        self._last_id = max(self._last_id + 1, int(time.time() * 1000))
        return f"{self._last_id}"

    def note(self, method: str, verb: str, body: str) -> None:
        """Remember a request that arrived."""
        try:
            content: Json = json.loads(body) if body else None
        except ValueError:
            content = body
        self.requests.append(Request(method, verb, time.monotonic(), content))

    def create(self) -> None:
        """Create the account: null at first, then starting, then ready to be linked."""
        self.state = "notAuthorized"
        self.state = None
        self._come("starting", self.boot_seconds)
        self._come("notAuthorized", 2 * self.boot_seconds)

    def reboot(self) -> bool:
        """Start anew and come back to the state of before, if the server will."""
        if not self.reboot_accepted:
            return False
        self._settle()
        if self.reboot_moves_queue:
            self.messages.stuck = False
        rest = AFTER_REBOOT.get(self._rest, self._rest)
        self.state = "starting"
        self._come(rest, self.boot_seconds)
        return True

    def logout(self) -> bool:
        """Log out, if the server accepts."""
        if self.logout_accepted:
            self.state = "notAuthorized"
        return self.logout_accepted

    @property
    def qr_text(self) -> str | None:
        """What the living QR says."""
        return self._qr.text if self._qr and self._qr.life else None

    @property
    def qr_life(self) -> float:
        """The seconds for which the QR can still be scanned."""
        return self._qr.life if self._qr else 0.0

    def show_qr(self) -> str:
        """Return a QR code as a PNG in base64.

        Each call makes a new one, unless `qr_rotates`: then the one that is alive is
        shown until it dies, as a server does that renews it by its own clock.
        """
        text = self.qr_text if self.qr_rotates else None
        if text is None:
            text = QR_TEXTS[self.messenger].format(
                secrets.token_urlsafe(48), secrets.token_urlsafe(32)
            )
            self._qr = _Offer(text, time.monotonic() + QR_LIFE)
        picture = io.BytesIO()
        # To look for the best of eight masks takes longer than all the rest.
        segno.make(text, micro=False, mask=0).save(
            picture, kind="png", scale=5, border=4
        )
        return base64.b64encode(picture.getvalue()).decode()

    @property
    def code(self) -> str | None:
        """The code that can still be entered on the phone."""
        return self._code.text if self._code and self._code.life else None

    @property
    def code_life(self) -> float:
        """The seconds for which the code can still be entered."""
        return self._code.life if self._code else 0.0

    def show_code(self, phone: int) -> str:
        """Return a new code for the phone with this number."""
        code = "".join(secrets.choice(CODE_SIGNS) for _ in range(8))
        self._code = _Offer(code, time.monotonic() + CODE_LIFE)
        self._code_wid = f"{phone}@c.us"
        return code

    def scan(self, text: str | None = None) -> bool:
        """Scan the QR (or one that said `text`) and return whether the phone accepts it."""
        living = self.qr_text
        accepted = self.linkable and living is not None and text in {None, living}
        if accepted:
            self._link()
        return accepted

    def enter_code(self, code: str) -> bool:
        """Enter a code on the phone and return whether it is accepted."""
        entered = "".join(filter(str.isalnum, code)).upper()
        accepted = self.linkable and entered == self.code
        if accepted:
            self.wid = self._code_wid
            self._link()
        return accepted

    def _link(self) -> None:
        """Authorize the account after the moment that a phone takes."""
        self._qr = self._code = None
        self._changes.clear()
        self._come("authorized", self.link_seconds)

    def _settle(self) -> None:
        """Make the changes that are due by now."""
        now = time.monotonic()
        while self._changes and self._changes[0].at <= now:
            change = self._changes.popleft()
            self._let_messages_go(change.at)
            self._enter(change.state)
        self._let_messages_go(now)

    def _let_messages_go(self, until: float) -> None:
        """Move the queue in the present state."""
        # What a restricted account of MAX accepts is for its contacts.
        sending = self._state == "authorized" or (
            self.messenger is Messenger.MAX and self._state == "suspended"
        )
        self.messages.pass_time(until, sending=sending)

    def _come(self, state: str | None, delay: float) -> None:
        """Schedule a state."""
        self._changes.append(_Change(time.monotonic() + delay, state))

    def _enter(self, state: str | None) -> None:
        """Enter a state."""
        self._state = state
        if state not in PASSING:
            self._rest = state
        if state not in LINKABLE:
            self._qr = self._code = None
