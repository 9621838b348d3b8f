"""An account of the simulated GREEN-API and its states."""

import base64
from collections import deque
from dataclasses import dataclass
import io
import json
import math
import secrets
import time
from typing import TYPE_CHECKING, override

import segno

from .authorization import Authorization
from .contacts import CONTACTS, Contact
from .incoming import Incoming
from .messengers import Messenger
from .plan import FreePlan
from .queue import MessageQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .faults import Fault
    from .queue import Message
    from .wire import Json

QR_LIFE = 20.0
WEBHOOK_URL = "https://example.com/hook"
CODE_LIFE = 150.0

# Without characters that look alike.
CODE_SIGNS = "23456789ABCDEFGHJKLMNPQRSTVWXYZ"

# The states in which a phone is linked to the instance.
LINKED = frozenset({"authorized", "sleepMode", "suspended", "yellowCard"})

# The states in which a phone can be linked to the instance.
LINKABLE = frozenset({"notAuthorized", "pendingCode"})

# Transitional states.
PASSING = frozenset({None, "starting"})

# A reboot lifts a restriction until the next message is sent.
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
    """A request for an account; `at` is a monotonic time in seconds."""

    method: str
    verb: str
    at: float
    body: Json = None


@dataclass(frozen=True)
class _LinkingCode:
    """A QR code or a linking code, which the phone accepts until it expires."""

    text: str
    expires_at: float

    @property
    def life(self) -> float:
        return max(self.expires_at - time.monotonic(), 0.0)


@dataclass(frozen=True)
class _Change:
    """A scheduled change of the state."""

    at: float
    state: str | None


class Account:
    """An instance of GREEN-API with a linked messenger account.

    There are no timers: changes that are due are made when the account is accessed.
    """

    reports_statuses = False
    delivery_seconds = 0.0
    journal_lag = 0.0
    journal_errors = "json"
    empty_form = "null"
    refusal_form = "parameter"
    deletion_fails = False
    hides_notifications = False
    longest_wait = math.inf
    passkey = False
    qr_message = ""
    qr_rotates = False
    code_accepted = True

    def __init__(
        self,
        instance_id: str,
        token: str,
        *,
        state: str | None = "authorized",
        messenger: Messenger | str = Messenger.WHATSAPP,
    ) -> None:
        """Initialize a healthy account in a state."""
        self.instance_id = instance_id
        self.token = token
        self.messenger = Messenger(messenger)

        self.fault: Fault | None = None
        self.faults: dict[str, Fault | None] = {}
        self.requests: list[Request] = []
        self.delays: dict[str, float] = {}
        self.acts_in_spite_of_fault = False
        self.redirects_followed = 0
        self.retry_after: int | str = 30

        self.boot_seconds = 20.0
        self.link_seconds = 3.0
        self.reboot_accepted = True
        self.logout_accepted = True
        self.clear_accepted = True
        self.listed_messages = 500
        self.list_order: Callable[[Sequence[Message]], Sequence[Message]] = tuple
        self.reboot_moves_queue = True

        self.wid = "79001234567@c.us"
        self.suspended_until: int | None = None
        self.fates: dict[str, str] = {}
        self.words: dict[str, str] = {}
        self.messages = MessageQueue()
        self.free_plan: FreePlan | None = None
        self.contacts: tuple[Contact, ...] | None = None
        self.empty_lists = 0
        self.groups_are_contacts = True
        self.without_account: set[int] = set()
        self.known_as: dict[int, int] = {}
        self.unanswered: set[int] = set()
        self.lookups_used_up = False
        self.count_key = "count"
        self.show_type = True
        self.settings: dict[str, Json] = {}
        self.incoming = Incoming(self)
        self.write = self.incoming.write
        self.vote = self.incoming.vote

        self.authorization = Authorization()
        self.qr_type: str | None = None
        self._checked: set[int] = set()
        self._last_id = 0
        self._state: str | None = None
        self._stable_state: str | None = "notAuthorized"
        self._changes: deque[_Change] = deque()
        self._qr: _LinkingCode | None = None
        self._code: _LinkingCode | None = None
        self._code_wid = self.wid
        self.state = state

    @override
    def __repr__(self) -> str:
        """Return the instance ID and the state, without the token."""
        return f"<Account {self.instance_id} {self.state}>"

    @property
    def state(self) -> str | None:
        """The state of the instance; None while it is being created."""
        self._apply_changes()
        return self._state

    @state.setter
    def state(self, state: str | None) -> None:
        self._apply_changes()
        self._changes.clear()
        self._set_state(state)

    def pass_time(self) -> None:
        """Deliver the messages that are due."""
        self._apply_changes()

    @property
    def waiting(self) -> tuple[Message, ...]:
        """The messages in the queue."""
        self._apply_changes()
        return tuple(self.messages.waiting)

    @property
    def queue(self) -> int:
        """The number of messages in the queue; setting it fills a stuck queue."""
        return len(self.waiting)

    @queue.setter
    def queue(self, count: int) -> None:
        self.messages.fill(count)

    @property
    def queue_stuck(self) -> bool:
        """Whether no message is delivered although the account is authorized."""
        return self.messages.stuck

    @queue_stuck.setter
    def queue_stuck(self, stuck: bool) -> None:
        self._apply_changes()
        self.messages.stuck = stuck

    def setting(self, name: str) -> Json:
        """Return a setting that is turned on or off."""
        statuses = "yes" if self.reports_statuses else "no"
        return {"outgoingWebhook": statuses, **self.settings}.get(name, "no")

    @property
    def receives_messages(self) -> bool:
        """Whether messages get into the journal and into notifications."""
        return self.setting("incomingWebhook") == "yes"

    @receives_messages.setter
    def receives_messages(self, value: bool) -> None:
        self.settings["incomingWebhook"] = "yes" if value else "no"

    @property
    def receives_votes(self) -> bool:
        """Whether there are notifications about votes."""
        return self.setting("pollMessageWebhook") == "yes"

    @receives_votes.setter
    def receives_votes(self, value: bool) -> None:
        self.settings["pollMessageWebhook"] = "yes" if value else "no"

    @property
    def has_webhook(self) -> bool:
        """Whether notifications are sent to a webhook; setting it sets its URL."""
        return bool(self.settings.get("webhookUrl"))

    @has_webhook.setter
    def has_webhook(self, value: bool) -> None:
        self.settings["webhookUrl"] = WEBHOOK_URL if value else ""

    @property
    def webhooks(self) -> int:
        """The number of notifications that nobody has deleted; setting it adds some."""
        self.incoming.update()
        return len(self.incoming.notifications)

    @webhooks.setter
    def webhooks(self, count: int) -> None:
        self.incoming.notifications.clear()
        for _ in range(count):
            self.incoming.notify({"typeWebhook": "deviceInfo", "deviceData": {}})

    @property
    def own_id(self) -> str:
        """The chat ID of the account."""
        return self.wid if self.messenger is Messenger.WHATSAPP else "10000000"

    def set_word(self, message_id: str, word: str) -> bool:
        """Set the status of a message; return whether there is such a message."""
        is_known = any(it.id == message_id for it in self.messages)
        if is_known:
            self.words[message_id] = word
        return is_known

    def clear_queue(self) -> bool:
        """Clear the queue if the server accepts, and return whether it does."""
        if self.clear_accepted:
            self.messages.clear()
        return self.clear_accepted

    @property
    def linked(self) -> bool:
        """Whether a phone is linked."""
        return self.state in LINKED

    @property
    def phone(self) -> str:
        """The number of the phone that is or was linked."""
        return self.wid.partition("@")[0]

    @property
    def linkable(self) -> bool:
        """Whether a phone can be linked now."""
        return self.state in LINKABLE

    @property
    def passing(self) -> bool:
        """Whether the state is a transitional one."""
        return self.state in PASSING

    @property
    def known(self) -> tuple[Contact, ...]:
        """The contacts and groups: `contacts`, or the defaults of the messenger."""
        return CONTACTS[self.messenger] if self.contacts is None else self.contacts

    @property
    def cloud_password(self) -> str | None:
        """The account's own password, None if it has none."""
        return self.authorization.password

    @cloud_password.setter
    def cloud_password(self, password: str | None) -> None:
        self.authorization.password = password

    @property
    def on_free_plan(self) -> bool:
        """Whether the quotas of the free plan apply; setting it starts a month."""
        return self.free_plan is not None

    @on_free_plan.setter
    def on_free_plan(self, value: bool) -> None:
        self.free_plan = FreePlan() if value else None

    @property
    def restricted_to_contacts(self) -> bool:
        """Whether the account may only write to its contacts, as MAX restricts them."""
        return self.messenger is Messenger.MAX and self.state == "suspended"

    def knows(self, chat_id: str) -> bool:
        """Return whether a chat is one of the contacts, by its ID or phone number."""
        names = ({it.chat_id, f"{it.phone_number}@c.us"} for it in self.known)
        return any(chat_id in each for each in names)

    def count_call(self, method: str) -> None:
        """Count a call of a method with a quota; raises QuotaError."""
        if self.free_plan is not None:
            self.free_plan.count(method)

    def is_cached(self, number: int) -> bool:
        """Return whether a phone number was checked before, and remember it."""
        was_checked = number in self._checked
        self._checked.add(number)
        return was_checked

    def next_message_id(self) -> str:
        """Return a new message ID in the format of the messenger."""
        if self.messenger is Messenger.WHATSAPP:
            return f"3EB0{secrets.token_hex(8).upper()}"
        self._last_id = max(self._last_id + 1, int(time.time() * 1000))
        return f"{self._last_id}"

    def note(self, method: str, verb: str, body: str) -> None:
        """Record a request."""
        try:
            content: Json = json.loads(body) if body else None
        except ValueError:
            content = body
        self.requests.append(Request(method, verb, time.monotonic(), content))

    def create(self) -> None:
        """Create the account: null first, then starting, then notAuthorized."""
        self.state = "notAuthorized"
        self.state = None
        self._schedule("starting", self.boot_seconds)
        self._schedule("notAuthorized", 2 * self.boot_seconds)

    def reboot(self) -> bool:
        """Reboot and return to the previous state, if the server accepts."""
        if not self.reboot_accepted:
            return False
        self._apply_changes()
        if self.reboot_moves_queue:
            self.messages.stuck = False
        stable_state = AFTER_REBOOT.get(self._stable_state, self._stable_state)
        self.state = "starting"
        self._schedule(stable_state, self.boot_seconds)
        return True

    def logout(self) -> bool:
        """Log out if the server accepts, and return whether it does."""
        if self.logout_accepted:
            self.state = "notAuthorized"
        return self.logout_accepted

    @property
    def qr_text(self) -> str | None:
        """The content of the QR code that is valid now."""
        return self._qr.text if self._qr and self._qr.life else None

    @property
    def qr_life(self) -> float:
        """The seconds for which the QR code can still be scanned."""
        return self._qr.life if self._qr else 0.0

    def show_qr(self) -> str:
        """Return a QR code as a PNG in base64.

        Each call generates a new one, unless `qr_rotates` is set: then the same one is
        returned until it expires, like a server that renews it on its own schedule.
        """
        text = self.qr_text if self.qr_rotates else None
        if text is None:
            text = QR_TEXTS[self.messenger].format(
                secrets.token_urlsafe(48), secrets.token_urlsafe(32)
            )
            self._qr = _LinkingCode(text, time.monotonic() + QR_LIFE)
        picture = io.BytesIO()
        # Selecting the best of eight masks takes longer than everything else.
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
        self._code = _LinkingCode(code, time.monotonic() + CODE_LIFE)
        self._code_wid = f"{phone}@c.us"
        return code

    def scan(self, text: str | None = None) -> bool:
        """Scan the QR code, or one with this text; return whether it is accepted."""
        current = self.qr_text
        accepted = self.linkable and current is not None and text in {None, current}
        if accepted:
            self._link("pendingPassword" if self.asks_for_password else "authorized")
        return accepted

    @property
    def asks_for_password(self) -> bool:
        """Whether the messenger asks for the account's own password after a scan."""
        return (
            self.messenger is not Messenger.WHATSAPP and self.cloud_password is not None
        )

    def enter_code(self, code: str) -> bool:
        """Enter a code on the phone and return whether it is accepted."""
        entered = "".join(filter(str.isalnum, code)).upper()
        accepted = self.linkable and entered == self.code
        if accepted:
            self.wid = self._code_wid
            self._link()
        return accepted

    def link_by_code(self) -> None:
        """Link the account that has received the code, or whose password was sent."""
        if sent := self.authorization.sent:
            self.wid = f"{sent.phone}@c.us"
        self._link()

    def _link(self, state: str = "authorized") -> None:
        """Change the state of the account after the time that a phone takes."""
        self._qr = self._code = None
        self.authorization.forget()
        self._changes.clear()
        self._schedule(state, self.link_seconds)

    def _apply_changes(self) -> None:
        """Apply all changes that are due."""
        now = time.monotonic()
        while self._changes and self._changes[0].at <= now:
            change = self._changes.popleft()
            self._deliver_messages(change.at)
            self._set_state(change.state)
        self._deliver_messages(now)

    def _deliver_messages(self, until: float) -> None:
        """Deliver messages until a time, as the current state permits."""
        # A restricted account of MAX accepts messages to its contacts only.
        sending = self._state == "authorized" or (
            self.messenger is Messenger.MAX and self._state == "suspended"
        )
        self.messages.pass_time(until, sending=sending)

    def _schedule(self, state: str | None, delay: float) -> None:
        """Schedule a state."""
        self._changes.append(_Change(time.monotonic() + delay, state))

    def _set_state(self, state: str | None) -> None:
        """Change the state."""
        has_changed = state != self._state
        self._state = state
        if has_changed:
            self.incoming.change_state(state)
        if state not in PASSING:
            self._stable_state = state
        if state not in LINKABLE:
            self._qr = self._code = None
