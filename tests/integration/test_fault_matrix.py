"""Let every request fail in every way, wherever one is made.

Each test goes through all failures at one place, in one Home Assistant: it notes what
the person at Home Assistant sees of a failure, and what they see after it. All loggers
and asyncio log everything meanwhile, and all that is logged, shown or kept is searched
for pieces of the token.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components import green_api as integration
from custom_components.green_api import freshness
from custom_components.green_api.api import ErrorKind
from custom_components.green_api.const import DOMAIN
from custom_components.green_api.linking import waits, watch
from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.const import CONF_API_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
from tests.simulator import Account, Fault, Messenger
from tests.support.const import TOKEN
from tests.support.entities import (
    BUTTON,
    CONNECTIVITY,
    ERROR,
    IMAGE,
    MESSAGES_IN_QUEUE,
    PROBLEM,
    RESTRICTED_UNTIL,
    STATE,
)
from tests.support.failures import FAULT_OF_KIND
from tests.support.faults import (
    FAILURES,
    OUTCOME_UNKNOWN,
    Failure,
    Good,
    Outage,
    Outcome,
    failing,
    outcome,
)
from tests.support.person import (
    FLOWS,
    RECIPIENT,
    RECIPIENTS,
    Person,
    Shown,
    async_meet,
    hurry,
    said,
)
from tests.support.recipients import ALEX_CHAT, sent
from tests.support.secrecy import Listener, token_leaks

ONE_OF_EACH_KIND: Final = (*FAULT_OF_KIND.values(), *Outage)

FILE: Final = Path(integration.__file__).parent / "brand" / "icon.png"
TEXT: Final = "Confidential"

# What is said of nobody, in no log of the integration and in no diagnostics.
PERSONAL: Final = (ALEX_CHAT.partition("@")[0], RECIPIENT, TEXT, "Caretaker")


def personal(*texts: str) -> list[str]:
    """Return the texts that tell of a recipient, of a contact or of a message."""
    return [text for text in texts if any(word in text for word in PERSONAL)]


# What a person does, and what they see if the request behind it fails meanwhile.


async def add(person: Person, failure: AbstractContextManager[None]) -> str:
    """Add the account."""
    typed = dict(person.entry.data)
    for entry in person.hass.config_entries.async_entries(DOMAIN):
        await person.hass.config_entries.async_remove(entry.entry_id)
    dialog = await person.begin()
    with failure:
        dialog = await person.submit(dialog, FLOWS, **typed)
    await person.close(dialog, FLOWS)
    return said(dialog)


async def reauthenticate(person: Person, failure: AbstractContextManager[None]) -> str:
    """Give the token again."""
    dialog = await person.entry.start_reauth_flow(person.hass)
    with failure:
        dialog = await person.submit(
            dialog, FLOWS, **{CONF_API_TOKEN: person.account.token}
        )
    await person.close(dialog, FLOWS)
    return said(dialog)


async def reconfigure(person: Person, failure: AbstractContextManager[None]) -> str:
    """Give the address again."""
    dialog = await person.begin(entry_id=person.entry.entry_id)
    if dialog["type"] == "menu":
        dialog = await person.submit(dialog, FLOWS, next_step_id="address")
    with failure:
        dialog = await person.submit(
            dialog, FLOWS, api_url=person.entry.data["api_url"]
        )
    await person.close(dialog, FLOWS)
    return said(dialog)


async def start(person: Person, failure: AbstractContextManager[None]) -> str:
    """Have the account set up, and see why there is no answer."""
    entry = person.entry
    await person.hass.config_entries.async_unload(entry.entry_id)
    with failure:
        await person.hass.config_entries.async_setup(entry.entry_id)
        await person.settle()
    seen = f"{entry.state.value} {person.state(ERROR)}"
    await person.wait()
    assert person.state(ERROR) == "none"
    return seen


async def look(person: Person, failure: AbstractContextManager[None]) -> str:
    """Look at the state of the account."""
    with failure:
        state = await person.see(STATE)
    # In an outage a reboot may be just what is needed.
    assert person.state(BUTTON) != "unavailable"
    return f"{state} {person.state(CONNECTIVITY)} {person.state(PROBLEM)}"


async def look_at_queue(person: Person, failure: AbstractContextManager[None]) -> str:
    """Look at the queue of an account."""
    with failure:
        messages = await person.see(MESSAGES_IN_QUEUE)
    assert person.state(STATE) == "authorized"
    return messages


async def look_at_restriction(
    person: Person, failure: AbstractContextManager[None]
) -> str:
    """Look at the end of a restriction that has just been prolonged."""
    await person.be_in("suspended")
    known = person.state(RESTRICTED_UNTIL)
    person.account.suspended_until += 60
    with failure:
        seen = await person.see(RESTRICTED_UNTIL)
    assert person.state(STATE) == "suspended"
    prolonged = dt_util.utc_from_timestamp(person.account.suspended_until).isoformat()
    return {known: "as before", prolonged: "prolonged"}.get(seen, seen)


async def look_at_image(person: Person, failure: AbstractContextManager[None]) -> str:
    """Look at the QR code."""
    await person.be_in("notAuthorized")
    with failure:
        seen = await person.see_image()
    assert person.state(IMAGE) != "unavailable"
    return seen


async def look_at_device(person: Person, failure: AbstractContextManager[None]) -> str:
    """Look at which messenger it is, when the account has just been set up."""
    registry = dr.async_get(person.hass)
    (device,) = dr.async_entries_for_config_entry(registry, person.entry.entry_id)
    registry.async_update_device(device.id, model=None)
    with failure:
        await person.hass.config_entries.async_reload(person.entry.entry_id)
        await person.settle()
    assert person.state(STATE) == "authorized"
    return f"{registry.async_get(device.id).model}"


async def press(person: Person, failure: AbstractContextManager[None]) -> str:
    """Press the button."""
    with failure:
        error = await person.press()
    assert person.state(STATE) == "authorized"
    return f"{error}"


async def reboot(person: Person, failure: AbstractContextManager[None]) -> str:
    """Repair an account that is stuck."""
    await person.be_in("starting")
    dialog = await person.repair()
    with failure:
        dialog = await person.submit(dialog)
    await person.close(dialog)
    return said(dialog)


async def begin_to_link(person: Person, failure: AbstractContextManager[None]) -> str:
    """Open the dialog that links an account of which nothing more is known."""
    await person.be_in("notAuthorized")
    person.entry.runtime_data.settings.known = None
    with failure:
        dialog = await person.repair()
    await person.close(dialog)
    return said(dialog)


async def show_qr_code(person: Person) -> Shown:
    """Have the first QR code shown to link an account with."""
    await person.be_in("notAuthorized")
    dialog = await person.choose(await person.repair(), "qr_code")
    return await person.follow(
        dialog, lambda shown: shown["progress_action"] == "scan_qr_code"
    )


async def ask_for_qr_code(person: Person, failure: AbstractContextManager[None]) -> str:
    """Ask for a QR code to link an account with."""
    await person.be_in("notAuthorized")
    dialog = await person.repair()
    with failure:
        dialog = await person.choose(dialog, "qr_code")
        dialog = await person.follow(
            dialog, lambda shown: shown.get("progress_action") != "get_qr_code"
        )
    await person.close(dialog)
    return said(dialog)


async def watch_qr_code(person: Person, failure: AbstractContextManager[None]) -> str:
    """Watch a QR code while others are asked for."""
    dialog = await show_qr_code(person)
    with failure:
        # What was asked before is answered when more is asked.
        first = await person.follow_requests(dialog, "qr", 1)
        dialog = await person.follow_requests(first, "qr", 1)
    await person.close(dialog)
    code, first_code = (
        shown["description_placeholders"].get("qr_code") for shown in (dialog, first)
    )
    return f"{ {first_code: 'same', None: 'no'}.get(code, 'another') } {said(dialog)}"


async def scan_qr_code(person: Person, failure: AbstractContextManager[None]) -> str:
    """Scan a QR code, and watch."""
    return await link(person, failure, await show_qr_code(person))


async def type_code(person: Person, failure: AbstractContextManager[None]) -> str:
    """Type a code on the phone, and watch."""
    await person.be_in("notAuthorized")
    dialog = await person.choose(await person.repair(), "phone_number")
    dialog = await person.submit(dialog, phone_number="+7 900 123-45-67")
    return await link(person, failure, dialog)


async def link(
    person: Person, failure: AbstractContextManager[None], dialog: Shown
) -> str:
    """Link an account, and watch the dialog while its state is looked at."""
    with failure:
        # What was asked before is answered when more is asked.
        dialog = await person.follow_requests(dialog, "getStateInstance", 1)
        person.account.state = "authorized"
        # When the dialog knows, all of Home Assistant asks once more.
        dialog = await person.follow_requests(dialog, "getStateInstance", 3)
    await person.close(dialog)
    return said(dialog)


async def ask_for_code(person: Person, failure: AbstractContextManager[None]) -> str:
    """Ask for a code to link an account with."""
    await person.be_in("notAuthorized")
    dialog = await person.choose(await person.repair(), "phone_number")
    with failure:
        dialog = await person.submit(dialog, phone_number="+7 900 123-45-67")
    await person.close(dialog)
    return said(dialog)


async def send(
    person: Person, failure: AbstractContextManager[None], domain: str, **data: str
) -> str:
    """Send a message, to a server that may do what it does not confirm."""
    account = person.account
    accepted, asked = len([*account.messages]), len(sent(account))
    with failure:
        account.acts_in_spite_of_fault = bool(
            OUTCOME_UNKNOWN.intersection(account.faults.values())
        )
        said = await person.send(domain, message=TEXT, **data)
    account.acts_in_spite_of_fault = False
    accepted, asked = len([*account.messages]) - accepted, len(sent(account)) - asked
    # What was certainly not accepted may be sent once more, nothing else is.
    assert asked <= 1 + (said == ErrorKind.RATE_LIMITED)
    assert accepted <= 1
    assert accepted == 1 or said != "sent"
    assert accepted == 0 or said in {"sent", "maybe_sent"}
    return said


async def notify(person: Person, failure: AbstractContextManager[None]) -> str:
    """Send a text with Home Assistant's own action."""
    return await send(person, failure, NOTIFY_DOMAIN)


async def send_text(person: Person, failure: AbstractContextManager[None]) -> str:
    """Send a text with the action of the integration."""
    return await send(person, failure, DOMAIN)


async def send_file(person: Person, failure: AbstractContextManager[None]) -> str:
    """Send a file."""
    person.hass.config.allowlist_external_dirs = {f"{FILE.parent}"}
    return await send(person, failure, DOMAIN, attachment=f"{FILE}")


async def list_chats(person: Person, failure: AbstractContextManager[None]) -> str:
    """Open the dialog that adds a recipient, and look at the chats that it lists."""
    with failure:
        dialog = await person.begin_recipient()
    await person.close(dialog, RECIPIENTS)
    chats = dialog["data_schema"][0]["selector"]["select"]["options"]
    return f"{said(dialog)} {len(chats)}"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place where a request is made, and what is seen there of how it comes out."""

    method: str
    act: Callable[[Person, AbstractContextManager[None]], Awaitable[str]]
    fails: str
    """What is seen of a failure, with a gap for its kind."""
    sees: Mapping[Outcome, str]
    """What is seen of an answer, and of a failure that is seen in another way."""
    messenger: Messenger = Messenger.WHATSAPP
    patience: Mapping[str, float] = field(default_factory=dict)
    """How long the dialogs wait, and what is fresh."""
    unclear: str = ""
    """What is seen if the server may have done it, where that makes a difference."""

    def seen(self, failure: Failure) -> str:
        """Return what is seen of a failure."""
        if self.unclear and failure in OUTCOME_UNKNOWN:
            return self.unclear
        kind = outcome(failure, self.method)
        if isinstance(kind, Good):
            return self.sees.get(kind, self.answer)
        return self.sees.get(kind, self.fails.format(kind))

    @property
    def answer(self) -> str:
        """Return what is seen of an answer."""
        return self.sees[Good.ANSWER]


PLACES: Final = {
    "user flow": Place(
        method="getStateInstance",
        act=add,
        fails="form {}",
        sees={Good.ANSWER: "create_entry"},
    ),
    "reauth": Place(
        method="getStateInstance",
        act=reauthenticate,
        fails="form {}",
        sees={Good.ANSWER: "abort reauth_successful"},
    ),
    "reconfigure": Place(
        method="getStateInstance",
        act=reconfigure,
        fails="form {}",
        sees={Good.ANSWER: "abort reconfigure_successful"},
    ),
    "set-up": Place(
        method="getStateInstance",
        act=start,
        fails="loaded {}",
        sees={Good.ANSWER: "loaded none"},
    ),
    "refresh": Place(
        method="getStateInstance",
        act=look,
        fails="unavailable unavailable unavailable",
        sees={
            Good.ANSWER: "authorized on off",
            Good.CREATING: "unknown off on",
            Good.ODD_STATE: "unknown off on",
            Good.STARTING: "starting off on",
            ErrorKind.DELETED: "unavailable unavailable on",
            ErrorKind.EXPIRED: "unavailable unavailable on",
            # The last answer is still fresh.
            ErrorKind.RATE_LIMITED: "authorized on off",
            ErrorKind.WRONG_ADDRESS: "unavailable unavailable on",
        },
    ),
    "queue sensor": Place(
        method="getMessagesCount",
        act=look_at_queue,
        fails="unknown",
        sees={Good.ANSWER: "7"},
    ),
    "restricted until": Place(
        method="getWaSettings",
        act=look_at_restriction,
        fails="as before",
        sees={Good.ANSWER: "prolonged", Good.NOTHING: "unknown"},
    ),
    "restricted until, MAX": Place(
        method="getAccountSettings",
        act=look_at_restriction,
        messenger=Messenger.MAX,
        fails="as before",
        sees={Good.ANSWER: "prolonged", Good.NOTHING: "unknown"},
    ),
    "image": Place(
        method="qr",
        act=look_at_image,
        fails="500 text/plain",
        sees={Good.ANSWER: "200 image/png"},
    ),
    "messenger": Place(
        method="getSettings",
        act=look_at_device,
        fails="None",
        sees={Good.ANSWER: "WhatsApp"},
    ),
    "reboot button": Place(
        method="reboot", act=press, fails="{}", sees={Good.ANSWER: "None"}
    ),
    "reboot fix flow": Place(
        method="reboot", act=reboot, fails="form {}", sees={Good.ANSWER: "create_entry"}
    ),
    "link fix flow": Place(
        method="getSettings",
        act=begin_to_link,
        fails="menu",
        sees={Good.ANSWER: "menu"},
    ),
    "first QR code": Place(
        method="qr",
        act=ask_for_qr_code,
        fails="abort {}",
        sees={Good.ANSWER: "progress scan_qr_code"},
        patience={"QR_INTERVAL": 60},
    ),
    "next QR code": Place(
        method="qr",
        act=watch_qr_code,
        fails="same progress scan_qr_code",
        sees={Good.ANSWER: "another progress scan_qr_code"},
        patience={"QR_INTERVAL": 0.02},
    ),
    "next QR code, too late": Place(
        method="qr",
        act=watch_qr_code,
        fails="no abort {}",
        sees={
            Good.ANSWER: "another progress scan_qr_code",
            # It is waited for the server.
            ErrorKind.CANNOT_CONNECT: "no progress wait_for_server",
            ErrorKind.RATE_LIMITED: "no progress wait_for_server",
            ErrorKind.UNKNOWN_HOST: "no progress wait_for_server",
        },
        patience={"QR_INTERVAL": 0.02, "QR_LIFE": 0},
    ),
    "state while a QR code is shown": Place(
        method="getStateInstance",
        act=scan_qr_code,
        fails="progress scan_qr_code",
        sees={
            Good.ANSWER: "create_entry",
            Good.CREATING: "progress scan_qr_code",
            Good.ODD_STATE: "progress scan_qr_code",
            Good.STARTING: "progress scan_qr_code",
        },
        patience={"QR_INTERVAL": 60, "LOOK_INTERVAL": 0.01},
    ),
    "code": Place(
        method="getAuthorizationCode",
        act=ask_for_code,
        fails="form {}",
        sees={
            ErrorKind.BAD_RESPONSE: "form no_code",
            Good.ANSWER: "progress enter_code",
            Good.LINKED: "progress finish_linking",
        },
    ),
    "state while a code is shown": Place(
        method="getStateInstance",
        act=type_code,
        fails="progress enter_code",
        sees={
            Good.ANSWER: "create_entry",
            Good.CREATING: "progress enter_code",
            Good.ODD_STATE: "progress enter_code",
            Good.STARTING: "progress enter_code",
        },
        patience={"LOOK_INTERVAL": 0.01},
    ),
    "state before a message": Place(
        method="getStateInstance",
        act=notify,
        fails="{}",
        sees={
            Good.ANSWER: "sent",
            Good.CREATING: "unknown_state",
            Good.ODD_STATE: "unknown_state",
            Good.STARTING: "stuck_starting",
        },
        patience={"FRESH_FOR": 0},
    ),
    "notify entity": Place(
        method="sendMessage",
        act=notify,
        fails="{}",
        sees={Good.ANSWER: "sent"},
        unclear="maybe_sent",
    ),
    "own action": Place(
        method="sendMessage",
        act=send_text,
        fails="{}",
        sees={Good.ANSWER: "sent"},
        unclear="maybe_sent",
    ),
    "file": Place(
        method="sendFileByUpload",
        act=send_file,
        fails="{}",
        sees={Good.ANSWER: "sent"},
        unclear="maybe_sent",
    ),
    "contacts": Place(
        method="getContacts",
        act=list_chats,
        fails="form no_chats 0",
        sees={Good.ANSWER: "form 5", Good.NO_CHATS: "form no_chats 0"},
    ),
    "chats, MAX": Place(
        method="getChats",
        act=list_chats,
        messenger=Messenger.MAX,
        fails="form 1",
        sees={Good.ANSWER: "form 2", Good.NO_CHATS: "form 1"},
    ),
}


@pytest.fixture
async def person(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    account: Account,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> Person:
    """Return somebody with an account, all of its entities, and no time."""
    hurry(monkeypatch)
    account.queue = 7
    account.suspended_until = 1800000000
    account.boot_seconds = account.link_seconds = 0
    return await async_meet(hass, hass_client, account, config_entry)


@pytest.mark.parametrize("spelling", [TOKEN, TOKEN.replace("+", "%2B")])
def test_secrecy(spelling: str) -> None:
    """A piece of the token is found in either spelling, wherever it stands."""
    for start in range(len(spelling) - 11):
        line = f"GET /{spelling[start : start + 12]} failed"
        assert token_leaks("nothing", f"{line}\nnothing") == [line]
    assert token_leaks("nothing", spelling[:11], spelling[-11:]) == []


@pytest.fixture(params=PLACES.values(), ids=PLACES)
async def place(
    request: pytest.FixtureRequest, person: Person, monkeypatch: pytest.MonkeyPatch
) -> Place:
    """Return a place, and the person with a healthy account there."""
    place: Place = request.param
    for name, seconds in place.patience.items():
        module = next(it for it in (freshness, waits, watch) if hasattr(it, name))
        monkeypatch.setattr(module, name, seconds)
    person.account.messenger = place.messenger
    await person.start()
    return place


async def test_failures(person: Person, place: Place, listener: Listener) -> None:
    """Each failure has a text, is over when it is over, and reveals no token."""
    seen = {}
    for failure in FAILURES:
        fails = failing(failure, place.method, person.account)
        seen[failure] = (
            await place.act(person, fails),
            await place.act(person, nullcontext()),
        )

    assert seen == {
        failure: (
            place.seen(failure),
            place.answer,
        )
        for failure in FAILURES
    }
    assert listener.complaints == []
    diagnostics = await person.diagnostics()
    output = (*listener.lines, *person.seen(), *diagnostics)
    assert token_leaks(*output) == []
    assert (
        personal(*listener.logged_by("custom_components", "aiohttp"), *diagnostics)
        == []
    )
    assert person.account.redirects_followed == 0


@pytest.mark.usefixtures("every_step_logged")
async def test_failures_in_debug_mode(
    person: Person, place: Place, listener: Listener
) -> None:
    """Not even asyncio reveals the token when it logs everything."""
    for failure in (*ONE_OF_EACH_KIND, Fault.HANG, Fault.RESET_AFTER_HEADERS):
        await place.act(person, failing(failure, place.method, person.account))
    await place.act(person, nullcontext())

    assert [line for line in listener.lines if "asyncio Executing" in line]
    diagnostics = await person.diagnostics()
    output = (*listener.lines, *person.seen(), *diagnostics)
    assert token_leaks(*output) == []
    assert (
        personal(*listener.logged_by("custom_components", "aiohttp"), *diagnostics)
        == []
    )
