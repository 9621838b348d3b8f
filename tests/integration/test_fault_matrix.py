"""Make every request fail in every way, wherever one is made.

Each test goes through all failures at one place, in one Home Assistant: it records what
the user of Home Assistant sees of a failure, and what they see after it. All loggers
and asyncio log everything meanwhile, and all that is logged, shown or stored is
searched for pieces of the token.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components import green_api as integration
from custom_components.green_api.api import ErrorKind
from custom_components.green_api.const import DOMAIN
from custom_components.green_api.decisions import freshness
from custom_components.green_api.dialogs.linking import waits
from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.const import CONF_API_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
from tests.simulator import Account, Fault, Messenger
from tests.support.const import TOKEN
from tests.support.dialog import (
    action_of,
)
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
from tests.support.fault_kinds import FAULT_OF_KIND
from tests.support.halves import half_of
from tests.support.recipients import ALEX_CHAT, sent_messages
from tests.support.request_failures import (
    ALL_FAILURES,
    OUTCOME_UNKNOWN,
    Failure,
    GoodResponse,
    Outage,
    Outcome,
    expected_outcome,
    failing,
)
from tests.support.secrecy import LogRecorder, token_leaks
from tests.support.simulated_user import (
    FLOWS,
    RECIPIENT,
    RECIPIENTS,
    FlowResponse,
    SimulatedUser,
    async_create_user,
    shorten_waits,
    summary_of,
)

pytestmark = pytest.mark.long(68)

IN_DEBUG_MODE: Final = (
    *(*FAULT_OF_KIND.values(), *Outage),
    *(Fault.HANG, Fault.RESET_AFTER_HEADERS),
)

FILE: Final = Path(integration.__file__).parent / "brand" / "icon.png"
TEXT: Final = "Confidential"

# Personal data, which is in no log of the integration and in no diagnostics.
PERSONAL: Final = (ALEX_CHAT.partition("@")[0], RECIPIENT, TEXT, "Caretaker")


def personal(*texts: str) -> list[str]:
    """Return the texts that identify a recipient, a contact or a message."""
    return [text for text in texts if any(word in text for word in PERSONAL)]


# What a user does, and what they see if the request behind it fails meanwhile.


async def add(user: SimulatedUser, failure: AbstractContextManager[None]) -> str:
    """Add the account."""
    typed = dict(user.entry.data)
    for entry in user.hass.config_entries.async_entries(DOMAIN):
        await user.hass.config_entries.async_remove(entry.entry_id)
    dialog = await user.start_flow()
    with failure:
        dialog = await user.submit(dialog, FLOWS, **typed)
    await user.close(dialog, FLOWS)
    return summary_of(dialog)


async def reauthenticate(
    user: SimulatedUser, failure: AbstractContextManager[None]
) -> str:
    """Enter the token again."""
    dialog = await user.entry.start_reauth_flow(user.hass)
    with failure:
        dialog = await user.submit(
            dialog, FLOWS, **{CONF_API_TOKEN: user.account.token}
        )
    await user.close(dialog, FLOWS)
    return summary_of(dialog)


async def reconfigure(
    user: SimulatedUser, failure: AbstractContextManager[None]
) -> str:
    """Enter the address again."""
    dialog = await user.start_flow(entry_id=user.entry.entry_id)
    if dialog["type"] == "menu":
        dialog = await user.submit(dialog, FLOWS, next_step_id="address")
    with failure:
        dialog = await user.submit(dialog, FLOWS, api_url=user.entry.data["api_url"])
    await user.close(dialog, FLOWS)
    return summary_of(dialog)


async def start(user: SimulatedUser, failure: AbstractContextManager[None]) -> str:
    """Set up the account, and return the reason why there is no response."""
    entry = user.entry
    await user.hass.config_entries.async_unload(entry.entry_id)
    with failure:
        await user.hass.config_entries.async_setup(entry.entry_id)
        await user.settle()
    seen = f"{entry.state.value} {user.state(ERROR)}"
    await user.wait()
    assert user.state(ERROR) == "none"
    return seen


async def read_state(user: SimulatedUser, failure: AbstractContextManager[None]) -> str:
    """Poll the state of the account."""
    with failure:
        state = await user.refreshed_state(STATE)
    # During an outage a reboot may be exactly what is needed.
    assert user.state(BUTTON) != "unavailable"
    return f"{state} {user.state(CONNECTIVITY)} {user.state(PROBLEM)}"


async def read_queue(user: SimulatedUser, failure: AbstractContextManager[None]) -> str:
    """Poll the queue of an account."""
    with failure:
        messages = await user.refreshed_state(MESSAGES_IN_QUEUE)
    assert user.state(STATE) == "authorized"
    return messages


async def read_restriction(
    user: SimulatedUser, failure: AbstractContextManager[None]
) -> str:
    """Poll the end of a restriction that has just been extended."""
    await user.set_account_state("suspended")
    known = user.state(RESTRICTED_UNTIL)
    user.account.suspended_until += 60
    with failure:
        seen = await user.refreshed_state(RESTRICTED_UNTIL)
    assert user.state(STATE) == "suspended"
    prolonged = dt_util.utc_from_timestamp(user.account.suspended_until).isoformat()
    return {known: "as before", prolonged: "prolonged"}.get(seen, seen)


async def read_image(user: SimulatedUser, failure: AbstractContextManager[None]) -> str:
    """Open the image of the QR code."""
    await user.set_account_state("notAuthorized")
    with failure:
        seen = await user.fetch_image()
    assert user.state(IMAGE) != "unavailable"
    return seen


async def read_messenger(
    user: SimulatedUser, failure: AbstractContextManager[None]
) -> str:
    """Look up the messenger of an account that has just been set up."""
    registry = dr.async_get(user.hass)
    (device,) = dr.async_entries_for_config_entry(registry, user.entry.entry_id)
    registry.async_update_device(device.id, model=None)
    with failure:
        await user.hass.config_entries.async_reload(user.entry.entry_id)
        await user.settle()
    assert user.state(STATE) == "authorized"
    return f"{registry.async_get(device.id).model}"


async def press(user: SimulatedUser, failure: AbstractContextManager[None]) -> str:
    """Press the button."""
    with failure:
        error = await user.press()
    assert user.state(STATE) == "authorized"
    return f"{error}"


async def reboot(user: SimulatedUser, failure: AbstractContextManager[None]) -> str:
    """Reboot an account that is stuck with the repair."""
    await user.set_account_state("starting")
    dialog = await user.start_fix_flow()
    with failure:
        dialog = await user.submit(dialog)
    await user.close(dialog)
    return summary_of(dialog)


async def start_linking(
    user: SimulatedUser, failure: AbstractContextManager[None]
) -> str:
    """Open the dialog that links an account of which nothing more is known."""
    await user.set_account_state("notAuthorized")
    user.entry.runtime_data.settings.known = None
    with failure:
        dialog = await user.start_fix_flow()
    await user.close(dialog)
    return summary_of(dialog)


async def show_qr_code(user: SimulatedUser) -> FlowResponse:
    """Show the first QR code for linking an account."""
    await user.set_account_state("notAuthorized")
    dialog = await user.select_option(await user.start_fix_flow(), "qr_code")
    return await user.poll_until(
        dialog, lambda shown: action_of(shown) == "scan_qr_code"
    )


async def ask_for_qr_code(
    user: SimulatedUser, failure: AbstractContextManager[None]
) -> str:
    """Request a QR code for linking an account."""
    await user.set_account_state("notAuthorized")
    dialog = await user.start_fix_flow()
    with failure:
        dialog = await user.select_option(dialog, "qr_code")
        dialog = await user.poll_until(
            dialog, lambda shown: shown.get("progress_action") != "get_qr_code"
        )
    await user.close(dialog)
    return summary_of(dialog)


async def watch_qr_code(
    user: SimulatedUser, failure: AbstractContextManager[None]
) -> str:
    """Watch a QR code while others are requested."""
    dialog = await show_qr_code(user)
    with failure:
        # Earlier requests have a response before more are made.
        first = await user.poll_until_requests(dialog, "qr", 1)
        dialog = await user.poll_until_requests(first, "qr", 2)
    await user.close(dialog)
    code, first_code = (
        shown["description_placeholders"].get("qr_code") for shown in (dialog, first)
    )
    change = {first_code: "same", None: "no"}.get(code, "another")
    return f"{change} {summary_of(dialog)}"


async def scan_qr_code(
    user: SimulatedUser, failure: AbstractContextManager[None]
) -> str:
    """Scan a QR code, and follow the dialog."""
    return await link(user, failure, await show_qr_code(user))


async def type_code(user: SimulatedUser, failure: AbstractContextManager[None]) -> str:
    """Enter a code on the phone, and follow the dialog."""
    await user.set_account_state("notAuthorized")
    dialog = await user.select_option(await user.start_fix_flow(), "phone_number")
    dialog = await user.submit(dialog, phone_number="+7 900 123-45-67")
    return await link(user, failure, dialog)


async def link(
    user: SimulatedUser, failure: AbstractContextManager[None], dialog: FlowResponse
) -> str:
    """Link an account, and follow the dialog while its state is requested."""
    with failure:
        # Earlier requests have a response before more are made.
        dialog = await user.poll_until_requests(dialog, "getStateInstance", 1)
        user.account.state = "authorized"
        # When the dialog knows, all of Home Assistant makes another request.
        dialog = await user.poll_until_requests(dialog, "getStateInstance", 3)
    await user.close(dialog)
    return summary_of(dialog)


async def ask_for_code(
    user: SimulatedUser, failure: AbstractContextManager[None]
) -> str:
    """Request a code for linking an account."""
    await user.set_account_state("notAuthorized")
    dialog = await user.select_option(await user.start_fix_flow(), "phone_number")
    with failure:
        dialog = await user.submit(dialog, phone_number="+7 900 123-45-67")
    await user.close(dialog)
    return summary_of(dialog)


async def send(
    user: SimulatedUser, failure: AbstractContextManager[None], domain: str, **data: str
) -> str:
    """Send a message to a server that may do what it does not confirm."""
    account = user.account
    accepted, requested = len([*account.messages]), len(sent_messages(account))
    with failure:
        account.acts_in_spite_of_fault = bool(
            OUTCOME_UNKNOWN.intersection(account.faults.values())
        )
        said = await user.send(domain, message=TEXT, **data)
    account.acts_in_spite_of_fault = False
    accepted, requested = (
        len([*account.messages]) - accepted,
        len(sent_messages(account)) - requested,
    )
    # What was certainly not accepted may be sent once more, nothing else is.
    assert requested <= 1 + (said == ErrorKind.RATE_LIMITED)
    assert accepted <= 1
    assert accepted == 1 or said != "sent"
    assert accepted == 0 or said in {"sent", "maybe_sent"}
    return said


async def notify(user: SimulatedUser, failure: AbstractContextManager[None]) -> str:
    """Send a text with Home Assistant's own action."""
    return await send(user, failure, NOTIFY_DOMAIN)


async def send_text(user: SimulatedUser, failure: AbstractContextManager[None]) -> str:
    """Send a text with the action of the integration."""
    return await send(user, failure, DOMAIN)


async def send_file(user: SimulatedUser, failure: AbstractContextManager[None]) -> str:
    """Send a file."""
    user.hass.config.allowlist_external_dirs = {f"{FILE.parent}"}
    return await send(user, failure, DOMAIN, attachment=f"{FILE}")


async def list_chats(user: SimulatedUser, failure: AbstractContextManager[None]) -> str:
    """Open the dialog that adds a recipient, and return the chats that it lists."""
    with failure:
        dialog = await user.start_recipient_flow()
    await user.close(dialog, RECIPIENTS)
    chats = dialog["data_schema"][0]["selector"]["select"]["options"]
    return f"{summary_of(dialog)} {len(chats)}"


async def list_contacts(
    user: SimulatedUser, failure: AbstractContextManager[None]
) -> str:
    """Return the chats that a dialog lists if there are only contacts."""
    user.account.faults["getChats"] = Fault.BAD_GATEWAY
    return await list_chats(user, failure)


async def add_recipient(
    user: SimulatedUser, failure: AbstractContextManager[None]
) -> str:
    """Add a recipient by a number, and return whether it was checked."""
    dialog = await user.start_recipient_flow()
    with failure:
        step = await user.submit(dialog, RECIPIENTS, chat_id="+79001234560")
    await user.close(dialog, RECIPIENTS)
    return f"{summary_of(step)} {step['step_id']}"


@dataclass(frozen=True, kw_only=True)
class RequestCase:
    """A place where a request is made, and what is seen there of the outcome."""

    method: str
    act: Callable[[SimulatedUser, AbstractContextManager[None]], Awaitable[str]]
    fails: str
    """What is seen of a failure, with a placeholder for its kind."""
    sees: Mapping[Outcome, str]
    """What is seen of a response, and of a failure that is seen in a different way."""
    messenger: Messenger = Messenger.WHATSAPP
    patience: Mapping[str, float] = field(default_factory=dict)
    """The timeouts of the dialogs, and how long a response is fresh, in seconds."""
    unclear: str = ""
    """What is seen if the server may have acted, where that makes a difference."""

    def seen(self, failure: Failure) -> str:
        """Return what is seen of a failure."""
        if self.unclear and failure in OUTCOME_UNKNOWN:
            return self.unclear
        kind = expected_outcome(failure, self.method)
        if isinstance(kind, GoodResponse):
            return self.sees.get(kind, self.answer)
        return self.sees.get(kind, self.fails.format(kind))

    @property
    def answer(self) -> str:
        """Return what is seen of a response."""
        return self.sees[GoodResponse.ANSWER]


REQUEST_CASES: Final = {
    "user flow": RequestCase(
        method="getStateInstance",
        act=add,
        fails="form {}",
        sees={GoodResponse.ANSWER: "create_entry"},
    ),
    "reauth": RequestCase(
        method="getStateInstance",
        act=reauthenticate,
        fails="form {}",
        sees={GoodResponse.ANSWER: "abort reauth_successful"},
    ),
    "reconfigure": RequestCase(
        method="getStateInstance",
        act=reconfigure,
        fails="form {}",
        sees={GoodResponse.ANSWER: "abort reconfigure_successful"},
    ),
    "set-up": RequestCase(
        method="getStateInstance",
        act=start,
        fails="loaded {}",
        sees={GoodResponse.ANSWER: "loaded none"},
    ),
    "refresh": RequestCase(
        method="getStateInstance",
        act=read_state,
        fails="unavailable unavailable unavailable",
        sees={
            GoodResponse.ANSWER: "authorized on off",
            GoodResponse.CREATING: "unknown off on",
            GoodResponse.ODD_STATE: "unknown off on",
            GoodResponse.STARTING: "starting off on",
            ErrorKind.DELETED: "unavailable unavailable on",
            ErrorKind.EXPIRED: "unavailable unavailable on",
            # The last response is still fresh.
            ErrorKind.RATE_LIMITED: "authorized on off",
            ErrorKind.WRONG_ADDRESS: "unavailable unavailable on",
        },
    ),
    "queue sensor": RequestCase(
        method="getMessagesCount",
        act=read_queue,
        fails="unknown",
        sees={GoodResponse.ANSWER: "7"},
    ),
    "restricted until": RequestCase(
        method="getWaSettings",
        act=read_restriction,
        fails="as before",
        sees={GoodResponse.ANSWER: "prolonged", GoodResponse.NOTHING: "unknown"},
    ),
    "restricted until, MAX": RequestCase(
        method="getAccountSettings",
        act=read_restriction,
        messenger=Messenger.MAX,
        fails="as before",
        sees={GoodResponse.ANSWER: "prolonged", GoodResponse.NOTHING: "unknown"},
    ),
    "image": RequestCase(
        method="qr",
        act=read_image,
        fails="500 text/plain",
        sees={GoodResponse.ANSWER: "200 image/png"},
    ),
    "messenger": RequestCase(
        method="getSettings",
        act=read_messenger,
        fails="None",
        sees={GoodResponse.ANSWER: "WhatsApp"},
    ),
    "reboot button": RequestCase(
        method="reboot", act=press, fails="{}", sees={GoodResponse.ANSWER: "None"}
    ),
    "reboot fix flow": RequestCase(
        method="reboot",
        act=reboot,
        fails="form {}",
        sees={GoodResponse.ANSWER: "abort rebooting"},
    ),
    "link fix flow": RequestCase(
        method="getSettings",
        act=start_linking,
        fails="menu",
        sees={GoodResponse.ANSWER: "menu"},
    ),
    "first QR code": RequestCase(
        method="qr",
        act=ask_for_qr_code,
        fails="abort {}",
        sees={GoodResponse.ANSWER: "menu scan_qr_code"},
        patience={"QR_INTERVAL": 60},
    ),
    "next QR code": RequestCase(
        method="qr",
        act=watch_qr_code,
        fails="same menu scan_qr_code",
        sees={GoodResponse.ANSWER: "another menu scan_qr_code"},
        patience={"QR_INTERVAL": 0.02},
    ),
    "next QR code, too late": RequestCase(
        method="qr",
        act=watch_qr_code,
        fails="no abort {}",
        sees={
            GoodResponse.ANSWER: "another menu scan_qr_code",
            # The dialog waits for the server.
            ErrorKind.CANNOT_CONNECT: "no progress wait_for_server",
            ErrorKind.RATE_LIMITED: "no progress wait_for_server",
            ErrorKind.UNKNOWN_HOST: "no progress wait_for_server",
        },
        patience={"QR_INTERVAL": 0.02, "QR_LIFE": 0},
    ),
    "state while a QR code is shown": RequestCase(
        method="getStateInstance",
        act=scan_qr_code,
        fails="menu scan_qr_code",
        sees={
            GoodResponse.ANSWER: "abort linked",
            GoodResponse.CREATING: "menu scan_qr_code",
            GoodResponse.ODD_STATE: "menu scan_qr_code",
            GoodResponse.STARTING: "menu scan_qr_code",
        },
        patience={"QR_INTERVAL": 60, "LOOK_INTERVAL": 0.01},
    ),
    "code": RequestCase(
        method="getAuthorizationCode",
        act=ask_for_code,
        fails="form {}",
        sees={
            ErrorKind.BAD_RESPONSE: "form no_code",
            GoodResponse.ANSWER: "progress enter_code",
            GoodResponse.LINKED: "progress finish_linking",
        },
    ),
    "state while a code is shown": RequestCase(
        method="getStateInstance",
        act=type_code,
        fails="progress enter_code",
        sees={
            GoodResponse.ANSWER: "abort linked",
            GoodResponse.CREATING: "progress enter_code",
            GoodResponse.ODD_STATE: "progress enter_code",
            GoodResponse.STARTING: "progress enter_code",
        },
        patience={"LOOK_INTERVAL": 0.01},
    ),
    "state before a message": RequestCase(
        method="getStateInstance",
        act=notify,
        fails="{}",
        sees={
            GoodResponse.ANSWER: "sent",
            GoodResponse.CREATING: "unknown_state",
            GoodResponse.ODD_STATE: "unknown_state",
            GoodResponse.STARTING: "stuck_starting",
            # These say nothing about the account, whose last state was good.
            ErrorKind.BAD_RESPONSE: "sent",
            ErrorKind.CANNOT_CONNECT: "sent",
            ErrorKind.RATE_LIMITED: "sent",
            ErrorKind.UNKNOWN_HOST: "sent",
        },
        patience={"FRESH_FOR": 0},
    ),
    "notify entity": RequestCase(
        method="sendMessage",
        act=notify,
        fails="{}",
        sees={GoodResponse.ANSWER: "sent"},
        unclear="maybe_sent",
    ),
    "own action": RequestCase(
        method="sendMessage",
        act=send_text,
        fails="{}",
        sees={GoodResponse.ANSWER: "sent"},
        unclear="maybe_sent",
    ),
    "file": RequestCase(
        method="sendFileByUpload",
        act=send_file,
        fails="{}",
        sees={GoodResponse.ANSWER: "sent"},
        unclear="maybe_sent",
    ),
    "contacts": RequestCase(
        method="getContacts",
        act=list_contacts,
        fails="form no_chats 0",
        sees={GoodResponse.ANSWER: "form 5", GoodResponse.NO_CHATS: "form no_chats 0"},
    ),
    "chats, MAX": RequestCase(
        method="getChats",
        act=list_chats,
        messenger=Messenger.MAX,
        fails="form 1",
        sees={GoodResponse.ANSWER: "form 2", GoodResponse.NO_CHATS: "form 1"},
    ),
    "number": RequestCase(
        method="checkWhatsapp",
        act=add_recipient,
        fails="form not_checked",
        sees={GoodResponse.ANSWER: "form may_write"},
    ),
    "number, MAX": RequestCase(
        method="checkAccount",
        act=add_recipient,
        messenger=Messenger.MAX,
        fails="form not_checked",
        sees={GoodResponse.ANSWER: "form may_write"},
    ),
}


@pytest.fixture
async def user(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    account: Account,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> SimulatedUser:
    """Return a user with an account, all of its entities, and shortened waits."""
    shorten_waits(monkeypatch)
    account.queue = 7
    account.suspended_until = 1800000000
    account.boot_seconds = account.link_seconds = 0
    return await async_create_user(hass, hass_client, account, config_entry)


@pytest.mark.parametrize("spelling", [TOKEN, TOKEN.replace("+", "%2B")])
def test_secrecy(spelling: str) -> None:
    """Test that a piece of the token is found in either encoding, at any position."""
    for start in range(len(spelling) - 11):
        line = f"GET /{spelling[start : start + 12]} failed"
        assert token_leaks("nothing", f"{line}\nnothing") == [line]
    assert token_leaks("nothing", spelling[:11], spelling[-11:]) == []


@pytest.fixture(params=REQUEST_CASES.values(), ids=REQUEST_CASES)
async def case(
    request: pytest.FixtureRequest, user: SimulatedUser, monkeypatch: pytest.MonkeyPatch
) -> RequestCase:
    """Return a place, and the user with a healthy account there."""
    case: RequestCase = request.param
    for name, seconds in case.patience.items():
        module = next(it for it in (freshness, waits) if hasattr(it, name))
        monkeypatch.setattr(module, name, seconds)
    user.account.messenger = case.messenger
    await user.start()
    return case


def half_for(case: RequestCase, failures: Iterable[Failure]) -> list[Failure]:
    """Return the failures of a request that are tested with this Home Assistant."""
    halves = half_of(REQUEST_CASES.values(), failures)
    return [failure for it, failure in halves if it is case]


async def test_failures(
    user: SimulatedUser, case: RequestCase, log_recorder: LogRecorder
) -> None:
    """Test that each failure has a text, ends with its cause, and leaks no token."""
    seen = {}
    failures = half_for(case, ALL_FAILURES)
    for failure in failures:
        fails = failing(failure, case.method, user.account)
        seen[failure] = (
            await case.act(user, fails),
            await case.act(user, nullcontext()),
        )

    assert seen == {
        failure: (
            case.seen(failure),
            case.answer,
        )
        for failure in failures
    }
    assert log_recorder.unexpected_errors == []
    diagnostics = await user.diagnostics()
    output = (*log_recorder.lines, *user.all_shown(), *diagnostics)
    assert token_leaks(*output) == []
    assert (
        personal(*log_recorder.logged_by("custom_components", "aiohttp"), *diagnostics)
        == []
    )
    assert user.account.redirects_followed == 0


@pytest.mark.usefixtures("asyncio_debug")
async def test_failures_in_debug_mode(
    user: SimulatedUser, case: RequestCase, log_recorder: LogRecorder
) -> None:
    """Test that the token is not in any log, even in asyncio's debug mode."""
    for failure in half_for(case, IN_DEBUG_MODE):
        await case.act(user, failing(failure, case.method, user.account))
    await case.act(user, nullcontext())

    assert [line for line in log_recorder.lines if "asyncio Executing" in line]
    diagnostics = await user.diagnostics()
    output = (*log_recorder.lines, *user.all_shown(), *diagnostics)
    assert token_leaks(*output) == []
    assert (
        personal(*log_recorder.logged_by("custom_components", "aiohttp"), *diagnostics)
        == []
    )
