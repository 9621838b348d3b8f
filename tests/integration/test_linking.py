"""Test linking accounts over Home Assistant's HTTP API, as the dialogs use it."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from itertools import pairwise
import time
from typing import Final

from aiohttp.test_utils import TestClient
from aiohttp.web import StreamResponse
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.api import (
    AccountState,
    GreenApiClient,
    QrKind,
    UnknownHostError,
)
from custom_components.green_api.const import (
    DOMAIN,
    QR_LIFE,
)
from custom_components.green_api.dialogs.linking.account_to_link import AccountToLink
from custom_components.green_api.dialogs.linking.linking import Linking
from custom_components.green_api.dialogs.linking.open_dialog import FETCHED_WITHIN
from custom_components.green_api.dialogs.linking.waits import (
    AGREED_FOR,
    CODE_LIFE,
    LINKED_TIMEOUT,
    LOOK_INTERVAL,
    OUTCOME_LIFE,
    PASSKEY_TIMEOUT,
    QR_TIMEOUT,
)
from homeassistant.const import CONF_API_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers import issue_registry as ir
from tests.simulator import Account, Fault, Messenger, Simulator
from tests.simulator.faults import Exchange
from tests.support.dialog import (
    FAULTS_AND_ERRORS,
    LEAKY,
    PHONE,
    PLACEHOLDERS,
    Dialog,
    End,
    FlowResponse,
    action_of,
    async_advance_slowly,
    at_every_end,
    is_waiting,
    reason_of_abort,
    step_of,
)
from tests.support.entities import STATE, state_of
from tests.support.entries import entry_of
from tests.support.helpers import async_advance, async_polls, called_methods, issue_ids
from tests.support.secrecy import assert_hidden
from tests.support.wait_until import async_wait_until

pytestmark = pytest.mark.long(38)

PNG: Final = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def messenger() -> Messenger:
    """Return the messenger of the account."""
    return Messenger.WHATSAPP


@pytest.fixture
def account(account: Account, messenger: Messenger) -> Account:
    """Return an account of the messenger."""
    account.messenger = messenger
    return account


@pytest.fixture
def other_dialog(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, client: TestClient
) -> Dialog:
    """Return a second dialog that is not open yet."""
    return Dialog(hass, freezer, client)


def running(hass: HomeAssistant) -> list[str]:
    """Return the names of the running tasks of dialogs."""
    names = [task.get_name() for task in hass._background_tasks]
    return [name for name in names if name.startswith(f"{DOMAIN} ")]


async def async_scan(dialog: Dialog, account: Account) -> None:
    """Follow the dialog to the QR code."""
    await dialog.select_option("qr_code")
    assert action_of(await dialog.follow()) == "scan_qr_code"


async def async_wait_for_qr(dialog: Dialog, account: Account) -> None:
    """Follow the dialog to the request for the QR code, which gets no response."""
    account.faults["qr"] = Fault.HANG
    assert (await dialog.select_option("qr_code"))["progress_action"] == "get_qr_code"
    await async_wait_until(lambda: "qr" in called_methods(account))


async def async_type(dialog: Dialog, account: Account) -> None:
    """Follow the dialog to the pairing code."""
    await dialog.select_option("phone_number")
    shown = await dialog.submit(phone_number=PHONE)
    assert shown["progress_action"] == "enter_code"


async def async_finish(dialog: Dialog, account: Account) -> None:
    """Follow the dialog to the wait for a linked account."""
    account.qr_type = "alreadyLogged"
    await dialog.select_option("qr_code")
    assert (await dialog.follow())["progress_action"] == "finish_linking"


type Way = Callable[[Dialog, Account], Awaitable[None]]

in_every_progress: Final = pytest.mark.parametrize(
    "way", [async_finish, async_scan, async_type, async_wait_for_qr]
)


# Choosing the linking method


async def test_menu(dialog: Dialog, logged_out: str, account: Account) -> None:
    """Test that the menu offers both methods and a reboot, and no inner steps."""
    shown = await dialog.open(logged_out)
    assert called_methods(account) == ["getStateInstance"]
    assert step_of(shown) == ("menu", "ways")
    assert shown["menu_options"] == ["qr_code", "phone_number", "reboot"]
    assert shown["description_placeholders"] == PLACEHOLDERS


@pytest.mark.parametrize(
    "step_id",
    [
        "code",
        "confirm_code",
        "failed",
        "linked",
        "linking",
        "password",
        "rebooting",
        "sent_code",
    ],
)
async def test_inner_steps_not_selectable(
    hass: HomeAssistant,
    dialog: Dialog,
    client: TestClient,
    logged_out: str,
    account: Account,
    step_id: str,
) -> None:
    """Test that no step can be selected ahead of its turn."""
    await dialog.open(logged_out)
    response = await client.post(dialog.url, json={"next_step_id": step_id})
    assert response.status == HTTPStatus.BAD_REQUEST
    assert issue_ids(hass) == {logged_out}
    assert (await dialog.refresh())["type"] == "menu"


OTHERS: Final = [(Messenger.TELEGRAM, "Telegram"), (Messenger.MAX, "MAX")]


@pytest.fixture
def settings_fail(account: Account) -> None:
    """Fail the request for the settings during the setup of the account."""
    account.faults["getSettings"] = Fault.BAD_GATEWAY


@pytest.mark.parametrize(("messenger", "name"), OTHERS)
async def test_messenger_unknown(
    settings_fail: None,
    dialog: Dialog,
    other_dialog: Dialog,
    logged_out: str,
    account: Account,
    name: str,
) -> None:
    """Test that an unknown messenger is requested and WhatsApp assumed meanwhile."""
    assert (await dialog.open(logged_out))["type"] == "menu"

    account.faults.clear()
    shown = await other_dialog.open(logged_out)
    assert shown["description_placeholders"]["messenger"] == name
    assert called_methods(account) == ["getStateInstance", "getSettings"] * 2


# Linking by QR code


async def test_qr_code(
    hass: HomeAssistant, dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that the dialog shows a QR code and closes once it has been scanned."""
    await dialog.open(logged_out)
    shown = await dialog.select_option("qr_code")
    assert step_of(shown) == ("progress", "qr_code")
    assert shown["progress_action"] == "get_qr_code"
    assert shown["description_placeholders"] == PLACEHOLDERS

    shown = await dialog.follow()
    assert step_of(shown) == ("menu", "scan_qr_code")
    assert shown["menu_options"] == ["phone_number"]
    placeholders = shown["description_placeholders"]
    scheme, _, picture = placeholders.pop("qr_code").partition(",")
    assert placeholders == PLACEHOLDERS
    assert scheme == "data:image/png;base64"
    assert base64.b64decode(picture).startswith(PNG)

    assert account.scan()
    shown = await dialog.follow_to_end()
    assert shown["reason"] == "linked"
    assert await dialog.is_finished()
    assert not running(hass)
    assert not issue_ids(hass)
    assert state_of(hass, STATE) == "authorized"


async def test_scan_detected(dialog: Dialog, logged_out: str, account: Account) -> None:
    """Test that a linked account is detected at the next check of its state."""
    account.link_seconds = 0
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    assert account.scan()
    scanned_at = time.monotonic()

    assert (await dialog.follow())["reason"] == "linked"

    assert time.monotonic() - scanned_at <= LOOK_INTERVAL + 2


@pytest.mark.parametrize("way", [async_finish, async_scan, async_type])
async def test_linked_shown_everywhere(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
) -> None:
    """Test that a linked account shows everywhere as soon as it does in the dialog."""
    await dialog.open(logged_out)
    await way(dialog, account)
    account.state = "authorized"

    assert (await dialog.follow_to_end())["reason"] == "linked"

    assert state_of(hass, STATE) == "authorized"
    assert not issue_ids(hass)
    assert not running(hass)


async def test_qr_code_refreshed(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that a new QR code replaces the old one before it expires."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    for _ in range(10):
        before = dialog.shown
        text = account.qr_text
        shown = await dialog.follow()
        assert action_of(shown) == "scan_qr_code"
        assert shown["description_placeholders"] != before["description_placeholders"]
        assert account.qr_text != text
        assert account.qr_life > QR_LIFE / 2

    asked_at = [request.at for request in account.requests if request.method == "qr"]
    assert max(late - early for early, late in pairwise(asked_at)) < QR_LIFE / 2


async def test_qr_code_rotated_by_server(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that the dialog follows a server that renews the QR code by itself."""
    account.qr_rotates = True
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    for _ in range(4):
        await dialog.follow()
        assert account.qr_life > QR_LIFE / 2
    assert account.scan()
    assert (await dialog.follow_to_end())["reason"] == "linked"


@pytest.mark.parametrize("restriction", ["suspended", "yellowCard"])
async def test_scan_of_restricted_account(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    restriction: str,
) -> None:
    """Test that a restricted account is linked, but not said to work."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    account.state = restriction
    assert (await dialog.follow_to_end())["reason"] == "restricted"
    assert not issue_ids(hass)

    await async_advance(hass, freezer)
    assert issue_ids(hass) == {f"{loaded_entry.entry_id}_restricted"}


async def test_qr_code_not_scanned(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    account: Account,
) -> None:
    """Test that the dialog asks whether to go on after three minutes, and only that."""
    await dialog.open(logged_out)
    began_at = time.monotonic()
    await dialog.select_option("qr_code")
    shown = await dialog.follow_to_end()
    assert step_of(shown) == ("menu", "qr_timeout")
    assert shown["menu_options"] == ["qr_code", "phone_number"]
    assert QR_TIMEOUT <= time.monotonic() - began_at < QR_TIMEOUT + 10
    assert not running(hass)
    assert issue_ids(hass) == {logged_out}

    account.requests.clear()
    await async_advance_slowly(freezer, 30)
    assert called_methods(account) in ([], ["getStateInstance"])

    await async_scan(dialog, account)
    assert account.scan()
    assert (await dialog.follow_to_end())["reason"] == "linked"


async def test_code_after_qr_timeout(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that a pairing code can be used after the QR code was not scanned."""
    await dialog.open(logged_out)
    await dialog.select_option("qr_code")
    assert (await dialog.follow_to_end())["step_id"] == "qr_timeout"
    await async_type(dialog, account)
    assert account.enter_code(dialog.shown["description_placeholders"]["code"])
    assert (await dialog.follow_to_end())["reason"] == "linked"


@pytest.mark.parametrize(("fault", "reason"), FAULTS_AND_ERRORS)
async def test_no_qr_code(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    fault: Fault,
    reason: str,
) -> None:
    """Test that the dialog shows why there is no QR code."""
    account.faults["qr"] = fault
    await dialog.open(logged_out)
    await dialog.select_option("qr_code")
    shown = await dialog.follow()
    assert reason_of_abort(shown) == reason
    assert shown["description_placeholders"] == PLACEHOLDERS
    assert await dialog.is_finished()
    assert issue_ids(hass) == {logged_out}


async def test_no_qr_code_unknown_host(
    dialog: Dialog, logged_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that an unknown host name is distinguished from a server that is down."""

    async def fail(client: GreenApiClient) -> bool:
        raise UnknownHostError

    monkeypatch.setattr(GreenApiClient, "get_qr", fail)
    await dialog.open(logged_out)
    await dialog.select_option("qr_code")
    assert (await dialog.follow())["reason"] == "unknown_host"


# Failures that are temporary.
PASSING: Final = [
    (Fault.BAD_GATEWAY, "cannot_connect"),
    (Fault.RATE_LIMITED, "rate_limited"),
    (Fault.RESET_BEFORE_HEADERS, "cannot_connect"),
]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [failure for failure in FAULTS_AND_ERRORS if failure not in PASSING],
)
async def test_no_new_qr_code(
    dialog: Dialog, logged_out: str, account: Account, fault: Fault, reason: str
) -> None:
    """Test that an error is shown once the QR code has expired, and not earlier."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    shown_at = time.monotonic()
    account.faults["qr"] = fault
    account.requests.clear()

    shown = await dialog.follow()

    assert reason_of_abort(shown) == reason
    assert QR_LIFE - 1 <= time.monotonic() - shown_at < QR_LIFE + 6
    assert called_methods(account).count("qr") > 2


@pytest.mark.parametrize("fault", [fault for fault, _ in PASSING])
async def test_server_down_for_a_minute(
    dialog: Dialog, logged_out: str, account: Account, fault: Fault
) -> None:
    """Test that the dialog waits for the server, then shows the next QR code."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    shown_at = time.monotonic()
    account.fault = fault

    shown = await dialog.follow()
    assert shown["progress_action"] == "wait_for_server"
    assert QR_LIFE - 1 <= time.monotonic() - shown_at < QR_LIFE + 6
    assert (await dialog.stay_open(60))["progress_action"] == "wait_for_server"

    account.fault = None
    assert action_of(await dialog.follow()) == "scan_qr_code"
    assert account.scan()
    assert (await dialog.follow_to_end())["reason"] == "linked"


async def test_linked_while_server_is_down(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that no new QR code is needed if the last was scanned during an outage."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    account.fault = Fault.BAD_GATEWAY
    assert (await dialog.follow())["progress_action"] == "wait_for_server"

    account.state = "authorized"
    account.fault = None
    assert (await dialog.follow())["reason"] == "linked"


async def test_server_down_permanently(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that the dialog does not wait indefinitely for a server that stays down."""
    await dialog.open(logged_out)
    began_at = time.monotonic()
    await async_scan(dialog, account)
    account.fault = Fault.BAD_GATEWAY
    assert (await dialog.follow())["progress_action"] == "wait_for_server"

    assert (await dialog.follow())["step_id"] == "qr_timeout"
    assert QR_TIMEOUT <= time.monotonic() - began_at < QR_TIMEOUT + 10


async def test_qr_code_outlives_a_failure(
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    account: Account,
) -> None:
    """Test that a failure that ends before the QR code expires does not show."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    before = dialog.shown
    account.faults["qr"] = Fault.BAD_GATEWAY
    await async_advance_slowly(freezer, QR_LIFE / 2)
    assert await dialog.refresh() == before

    account.faults.clear()
    shown = await dialog.follow()
    assert action_of(shown) == "scan_qr_code"
    assert shown["description_placeholders"] != before["description_placeholders"]
    assert account.scan()
    assert (await dialog.follow_to_end())["reason"] == "linked"


async def test_scan_during_outage(
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    account: Account,
) -> None:
    """Test that a failed check of the state is followed by another one."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    account.fault = Fault.BAD_GATEWAY
    assert account.scan()
    await async_advance_slowly(freezer, QR_LIFE / 2)
    assert is_waiting(await dialog.refresh())

    account.fault = None
    assert (await dialog.follow_to_end())["reason"] == "linked"


# Slow servers


async def test_slow_qr_codes(dialog: Dialog, logged_out: str, account: Account) -> None:
    """Test that a QR code that takes 40 seconds is shown until it expires."""
    account.delays = {"qr": 40}
    await dialog.open(logged_out)
    began_at = time.monotonic()
    shown = await dialog.select_option("qr_code")
    assert shown["progress_action"] == "get_qr_code"
    assert action_of(await dialog.follow()) == "scan_qr_code"
    assert 40 <= time.monotonic() - began_at < 45

    assert (await dialog.follow())["progress_action"] == "get_qr_code"
    assert 60 <= time.monotonic() - began_at < 65

    assert action_of(await dialog.follow()) == "scan_qr_code"
    assert account.scan()
    assert (await dialog.follow_to_end())["reason"] == "linked"


async def test_no_qr_code_for_three_minutes(
    hass: HomeAssistant, dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that the dialog waits until the timeout if only QR codes get no response."""
    account.faults["qr"] = Fault.HANG
    await dialog.open(logged_out)
    began_at = time.monotonic()
    await dialog.select_option("qr_code")
    shown = await dialog.follow_to_end()
    assert step_of(shown) == ("menu", "qr_timeout")
    assert QR_TIMEOUT <= time.monotonic() - began_at < QR_TIMEOUT + 10
    assert {it["progress_action"] for it in dialog.all_shown[2:-1]} == {"get_qr_code"}
    assert called_methods(account).count("qr") == 3
    assert called_methods(account).count("getStateInstance") > 40
    assert not running(hass)

    account.faults.clear()
    await async_scan(dialog, account)
    assert account.scan()
    assert (await dialog.follow_to_end())["reason"] == "linked"


async def test_qr_code_after_timeout(
    dialog: Dialog, logged_out: str, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """Test that a request for a QR code without a response is followed by another."""
    account.faults["qr"] = Fault.HANG
    await dialog.open(logged_out)
    await dialog.select_option("qr_code")
    await dialog.stay_open(60)
    account.faults.clear()
    assert action_of(await dialog.follow()) == "scan_qr_code"


async def test_no_more_qr_codes(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that an expired QR code is removed although the next one is missing."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    shown_at = time.monotonic()
    account.faults["qr"] = Fault.HANG

    assert (await dialog.follow())["progress_action"] == "get_qr_code"
    assert QR_LIFE - 1 <= time.monotonic() - shown_at < QR_LIFE + 6

    account.state = "authorized"
    assert (await dialog.follow())["reason"] == "linked"


@pytest.mark.parametrize("shows_code", [True, False])
async def test_linked_while_requesting_qr_code(
    dialog: Dialog, logged_out: str, account: Account, *, shows_code: bool
) -> None:
    """Test that a pending request for a QR code does not delay detecting the link."""
    await dialog.open(logged_out)
    await (async_scan if shows_code else async_wait_for_qr)(dialog, account)
    account.faults["qr"] = Fault.HANG
    await dialog.stay_open(12)
    account.state = "authorized"
    linked_at = time.monotonic()

    assert (await dialog.follow_to_end())["reason"] == "linked"

    assert time.monotonic() - linked_at <= LOOK_INTERVAL + 2


async def test_slow_state(dialog: Dialog, logged_out: str, account: Account) -> None:
    """Test that QR codes neither wait for a check of the state nor interrupt it."""
    await dialog.open(logged_out)
    account.delays = {"getStateInstance": 12}
    await async_scan(dialog, account)
    account.requests.clear()
    for _ in range(4):
        before = dialog.shown
        shown = await dialog.follow()
        assert action_of(shown) == "scan_qr_code"
        assert shown != before
    asked_at = [request.at for request in account.requests if request.method == "qr"]
    assert max(late - early for early, late in pairwise(asked_at)) < QR_LIFE / 2

    assert account.scan()
    scanned_at = time.monotonic()
    assert (await dialog.follow_to_end())["reason"] == "linked"
    # The check in progress and another one; the poll of the account adds a third.
    # Each is repeated after 3 seconds, because it reuses a connection.
    assert time.monotonic() - scanned_at < 3 * (3 + 12) + 10


async def test_server_hangs(dialog: Dialog, logged_out: str, account: Account) -> None:
    """Test that the dialog waits for a server that does not respond at all."""
    await dialog.open(logged_out)
    account.fault = Fault.HANG
    await dialog.select_option("qr_code")
    assert (await dialog.follow())["progress_action"] == "wait_for_server"

    account.fault = None
    assert (await dialog.follow())["progress_action"] == "get_qr_code"
    assert action_of(await dialog.follow()) == "scan_qr_code"


# Changes of the account while the dialog is open

ends_meanwhile: Final = pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("blocked", "blocked"),
        ("pendingPassword", "password_required"),
        ("sleepMode", "asleep"),
        (Fault.DELETED, "deleted"),
        (Fault.EXPIRED_TEXT, "expired"),
        (Fault.EXPIRED_200, "expired"),
        (Fault.FORBIDDEN_HTML, "wrong_address"),
        (Fault.UNAUTHORIZED, "invalid_auth"),
    ],
)


def set_state_or_fault(account: Account, state: str | Fault | None) -> None:
    """Set the state of the account, or the fault that is returned instead of it."""
    if isinstance(state, Fault):
        account.faults["getStateInstance"] = state
    else:
        account.state = state


@ends_meanwhile
@in_every_progress
async def test_linking_becomes_impossible(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
    state: str | Fault,
    reason: str,
) -> None:
    """Test that the dialog shows what makes linking impossible, whatever its step."""
    await dialog.open(logged_out)
    await way(dialog, account)
    changed_at = time.monotonic()
    # Only the state shows what has happened to the account.
    account.faults["qr"] = Fault.HANG
    set_state_or_fault(account, state)

    shown = await dialog.follow_to_end()

    assert reason_of_abort(shown) == reason
    assert shown["description_placeholders"] == PLACEHOLDERS
    assert time.monotonic() - changed_at <= AGREED_FOR + 2 * (LOOK_INTERVAL + 1)
    assert not running(hass)


@ends_meanwhile
@in_every_progress
async def test_momentary_error(
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
    state: str | Fault,
    reason: str,
) -> None:
    """Test that an error that lasts only a moment does not end the dialog."""
    await dialog.open(logged_out)
    await way(dialog, account)
    account.faults["qr"] = Fault.HANG
    for _ in range(3):
        set_state_or_fault(account, state)
        await dialog.stay_open(AGREED_FOR - 1)
        account.faults.pop("getStateInstance", None)
        account.state = "notAuthorized"
        await dialog.stay_open(LOOK_INTERVAL + 1)
    assert dialog.shown["type"] == "progress"
    await dialog.close()


@pytest.mark.parametrize("state", ["starting", None])
@pytest.mark.parametrize(
    ("later", "end"),
    [("notAuthorized", ("menu", "ways")), ("authorized", ("abort", None))],
)
@in_every_progress
async def test_instance_starts_meanwhile(
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
    state: str | None,
    later: str,
    end: tuple[str, str | None],
) -> None:
    """Test that the dialog waits for an instance that starts, then continues."""
    await dialog.open(logged_out)
    await way(dialog, account)
    account.faults["qr"] = Fault.HANG
    account.state = state
    while action_of(dialog.shown) != "start_instance":
        await dialog.follow()
    await dialog.stay_open(60)
    assert step_of(dialog.shown) == ("progress", "starting")

    account.state = later
    shown = await dialog.follow()
    assert (shown["type"], shown.get("step_id")) == end


@pytest.mark.parametrize("answer", ["error", "alreadyLogged"])
async def test_qr_codes_exhausted(
    dialog: Dialog, logged_out: str, account: Account, answer: str
) -> None:
    """Test that the state decides the next step if the server has no more QR codes."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    account.qr_type = answer
    account.state = "starting"
    assert (await dialog.follow())["progress_action"] == "start_instance"
    account.state = "notAuthorized"
    assert (await dialog.follow())["step_id"] == "ways"


async def test_token_rejected_while_created(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that the dialog waits for a new instance although its token is rejected."""
    account.state = None
    assert (await dialog.open(logged_out))["progress_action"] == "start_instance"
    account.faults["getStateInstance"] = Fault.UNAUTHORIZED
    assert (await dialog.stay_open(60))["type"] == "progress"
    account.faults.clear()
    account.state = "notAuthorized"
    assert (await dialog.follow())["step_id"] == "ways"


@pytest.mark.parametrize("fault", [Fault.DELETED, Fault.EXPIRED_TEXT])
async def test_instance_ends_while_starting(
    dialog: Dialog, logged_out: str, account: Account, fault: Fault
) -> None:
    """Test that the wait for a start ends if the instance is deleted or expired."""
    account.state = "starting"
    await dialog.open(logged_out)
    account.faults["getStateInstance"] = fault
    assert reason_of_abort(await dialog.follow()) in {"deleted", "expired"}


async def test_server_down_while_finishing(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that a timeout without a response says nothing about the account."""
    await dialog.open(logged_out)
    await async_finish(dialog, account)
    account.fault = Fault.BAD_GATEWAY
    assert reason_of_abort(await dialog.follow_to_end()) == "cannot_connect"


async def test_server_down_while_starting(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that an instance is not reported as starting if it last did not respond."""
    account.state = "starting"
    await dialog.open(logged_out)
    account.fault = Fault.BAD_GATEWAY
    assert reason_of_abort(await dialog.follow_to_end()) == "cannot_connect"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("error", "no_qr_code"),
        ("pending_password", "password_required"),
        ("timeoutExpired", "starting"),
    ],
)
async def test_response_without_qr_code(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    kind: str,
    reason: str,
) -> None:
    """Test that each response without a QR code has its own reason."""
    account.qr_type = kind
    account.qr_message = "instance in starting process try later"
    await dialog.open(logged_out)
    await dialog.select_option("qr_code")
    shown = await dialog.follow()
    assert reason_of_abort(shown) == reason
    assert issue_ids(hass) == {logged_out}


@pytest.mark.parametrize(
    ("linked", "reason"),
    [
        ("authorized", "linked"),
        ("suspended", "restricted"),
        ("yellowCard", "restricted"),
    ],
)
async def test_error_of_linked_account(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    linked: str,
    reason: str,
) -> None:
    """Test that linking succeeds if there is no QR code for a linked account."""
    account.qr_type = "error"
    account.qr_message = "Instance has auth. You need to make log out"
    await dialog.open(logged_out)
    account.state = linked
    await dialog.select_option("qr_code")
    assert (await dialog.follow())["reason"] == reason
    assert not issue_ids(hass)


async def test_passkey_after_scan(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that an account may require a passkey after its QR code was scanned."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    account.passkey = True
    assert step_of(await dialog.follow()) == ("menu", "use_passkey")


@pytest.mark.parametrize("kind", ["passkeyRequired", "PassKeyRequire"])
async def test_passkey_not_used(
    hass: HomeAssistant, dialog: Dialog, logged_out: str, account: Account, kind: str
) -> None:
    """Test that the dialog waits for ten minutes until a passkey is used."""
    account.qr_type = kind
    await dialog.open(logged_out)
    await dialog.select_option("qr_code")
    began_at = time.monotonic()
    assert (await dialog.follow())["step_id"] == "use_passkey"
    shown = await dialog.follow_to_end()
    assert reason_of_abort(shown) == "passkey_required"
    assert PASSKEY_TIMEOUT <= time.monotonic() - began_at < PASSKEY_TIMEOUT + 10
    assert issue_ids(hass) == {logged_out}
    assert not running(hass)


already_linked: Final = pytest.mark.parametrize(
    "kind", [QrKind.ALREADY_LOGGED, QrKind.ALREADY_REGISTERED]
)


@already_linked
async def test_already_linked(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    kind: QrKind,
) -> None:
    """Test that the dialog waits until an account that is already linked works."""
    account.qr_type = kind
    await dialog.open(logged_out)
    await dialog.select_option("qr_code")
    shown = await dialog.follow()
    assert step_of(shown) == ("progress", "linking")
    assert shown["progress_action"] == "finish_linking"
    await async_advance_slowly(freezer, 30)
    assert (await dialog.refresh())["progress_action"] == "finish_linking"

    account.state = "authorized"
    assert (await dialog.follow())["reason"] == "linked"
    assert not issue_ids(hass)


@already_linked
async def test_already_linked_but_not_working(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    kind: QrKind,
) -> None:
    """Test that the dialog does not wait indefinitely for a linked account to work."""
    account.qr_type = kind
    await dialog.open(logged_out)
    await dialog.select_option("qr_code")
    began_at = time.monotonic()
    shown = await dialog.follow_to_end()
    assert reason_of_abort(shown) == "not_working_yet"
    assert LINKED_TIMEOUT <= time.monotonic() - began_at < LINKED_TIMEOUT + 10
    assert issue_ids(hass) == {logged_out}


# Linking by pairing code


async def test_code(
    hass: HomeAssistant, dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that the dialog shows a code and closes once it has been entered."""
    await dialog.open(logged_out)
    shown = await dialog.select_option("phone_number")
    assert step_of(shown) == ("form", "phone_number")
    assert shown["errors"] == {}
    assert shown["description_placeholders"] == PLACEHOLDERS
    (field,) = shown["data_schema"]
    assert field["name"] == "phone_number"
    assert field["required"]
    assert field["selector"]["text"]["type"] == "tel"
    assert "getAuthorizationCode" not in called_methods(account)

    shown = await dialog.submit(phone_number=PHONE)
    assert step_of(shown) == ("progress", "code")
    assert shown["progress_action"] == "enter_code"
    code = shown["description_placeholders"]["code"]
    assert code == f"{account.code[:4]}\u2011{account.code[4:]}"
    picture = shown["description_placeholders"]["code_picture"]
    scheme, _, content = picture.partition(",")
    assert scheme == "data:image/svg+xml;base64"
    assert f">{code}<" in base64.b64decode(content).decode()
    assert shown["description_placeholders"] == PLACEHOLDERS | {
        "code": code,
        "code_picture": picture,
    }

    assert account.enter_code(code)
    shown = await dialog.follow()
    assert shown["reason"] == "linked"
    assert await dialog.is_finished()
    assert not running(hass)
    assert not issue_ids(hass)
    assert state_of(hass, STATE) == "authorized"
    assert account.phone == "447700900123"


async def test_code_format(
    dialog: Dialog,
    logged_out: str,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that the code is shown in the format of WhatsApp's input fields."""
    monkeypatch.setattr(account, "show_code", lambda _: "GAPI2015")
    await dialog.open(logged_out)
    await async_type(dialog, account)
    assert dialog.shown["description_placeholders"]["code"] == "GAPI\u20112015"
    await dialog.close()


async def test_phone_number(dialog: Dialog, logged_out: str, account: Account) -> None:
    """Test that a phone number is accepted in the usual notation."""
    await dialog.open(logged_out)
    await dialog.select_option("phone_number")
    shown = await dialog.submit(phone_number="+44 (0)7700 900-123")
    assert shown["progress_action"] == "enter_code"
    (request,) = (
        request
        for request in account.requests
        if request.method == "getAuthorizationCode"
    )
    assert request.verb == "POST"
    assert request.body == {"phoneNumber": 447700900123}
    await dialog.close()


@pytest.mark.parametrize("typed", ["", "my number", "07700 900123"])
async def test_invalid_phone_number(
    dialog: Dialog, logged_out: str, account: Account, typed: str
) -> None:
    """Test that an invalid phone number is refused before any request."""
    await dialog.open(logged_out)
    await dialog.select_option("phone_number")
    shown = await dialog.submit(phone_number=typed)
    assert shown["type"] == "form"
    assert shown["errors"] == {"phone_number": "invalid_phone_number"}
    assert shown["data_schema"][0]["description"] == {"suggested_value": typed}
    assert "getAuthorizationCode" not in called_methods(account)

    shown = await dialog.submit(phone_number=PHONE)
    assert shown["progress_action"] == "enter_code"
    await dialog.close()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (fault, "no_code" if kind == "bad_response" else kind)
        for fault, kind in FAULTS_AND_ERRORS
    ],
)
async def test_no_code(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    fault: Fault,
    error: str,
) -> None:
    """Test that the dialog shows why there is no code, keeps the number and retries."""
    account.faults["getAuthorizationCode"] = fault
    await dialog.open(logged_out)
    await dialog.select_option("phone_number")
    shown = await dialog.submit(phone_number=PHONE)
    assert shown["type"] == "form"
    assert shown["errors"] == {"base": error}
    assert shown["data_schema"][0]["description"] == {"suggested_value": PHONE}
    assert issue_ids(hass) == {logged_out}

    account.faults.clear()
    shown = await dialog.submit(phone_number=PHONE)
    assert account.enter_code(shown["description_placeholders"]["code"])
    assert (await dialog.follow())["reason"] == "linked"


async def test_code_refused(dialog: Dialog, logged_out: str, account: Account) -> None:
    """Test that a response that grants no code is an error."""
    account.code_accepted = False
    await dialog.open(logged_out)
    await dialog.select_option("phone_number")
    shown = await dialog.submit(phone_number=PHONE)
    assert shown["errors"] == {"base": "no_code"}


@pytest.mark.parametrize(
    ("retry_after", "minutes"), [(30, "1"), (61, "2"), (3600, "60")]
)
async def test_retry_after(
    dialog: Dialog,
    logged_out: str,
    account: Account,
    retry_after: int,
    minutes: str,
) -> None:
    """Test that the dialog shows how long the server asks to wait, in minutes."""
    account.retry_after = retry_after
    await dialog.open(logged_out)
    account.faults["getAuthorizationCode"] = Fault.RATE_LIMITED_RETRY_AFTER
    await dialog.select_option("phone_number")
    shown = await dialog.submit(phone_number=PHONE)
    assert shown["errors"] == {"base": "rate_limited"}
    assert shown["description_placeholders"]["minutes"] == minutes


async def test_no_code_unknown_host(
    dialog: Dialog, logged_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that an unknown host name is distinguished from a server that is down."""

    async def fail(client: GreenApiClient, phone_number: int) -> str:
        raise UnknownHostError

    monkeypatch.setattr(GreenApiClient, "get_authorization_code", fail)
    await dialog.open(logged_out)
    await dialog.select_option("phone_number")
    shown = await dialog.submit(phone_number=PHONE)
    assert shown["errors"] == {"base": "unknown_host"}


async def test_code_not_entered(
    hass: HomeAssistant, dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that the dialog offers a new code for the same number after one expires."""
    await dialog.open(logged_out)
    await async_type(dialog, account)
    code = dialog.shown["description_placeholders"]["code"]
    began_at = time.monotonic()
    shown = await dialog.follow()
    assert step_of(shown) == ("menu", "code_timeout")
    assert shown["menu_options"] == ["qr_code", "phone_number"]
    assert CODE_LIFE <= time.monotonic() - began_at < CODE_LIFE + 2
    assert not account.enter_code(code)
    assert not running(hass)
    assert issue_ids(hass) == {logged_out}

    shown = await dialog.select_option("phone_number")
    assert shown["errors"] == {}
    assert shown["data_schema"][0]["description"] == {"suggested_value": PHONE}
    shown = await dialog.submit(phone_number=PHONE)
    assert shown["description_placeholders"]["code"] != code
    assert account.enter_code(shown["description_placeholders"]["code"])
    assert (await dialog.follow())["reason"] == "linked"


async def test_qr_code_after_code_timeout(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that a QR code can be used after the code was not entered."""
    await dialog.open(logged_out)
    await async_type(dialog, account)
    assert (await dialog.follow())["step_id"] == "code_timeout"
    await async_scan(dialog, account)
    assert account.scan()
    assert (await dialog.follow_to_end())["reason"] == "linked"


async def test_no_code_needed(
    hass: HomeAssistant, dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that an account that is already linked needs no code."""
    await dialog.open(logged_out)
    await dialog.select_option("phone_number")
    account.state = "authorized"
    shown = await dialog.submit(phone_number=PHONE)
    assert step_of(shown) == ("progress", "linking")
    assert shown["progress_action"] == "finish_linking"
    assert (await dialog.follow())["reason"] == "linked"
    assert not issue_ids(hass)


async def test_no_code_needed_but_not_working(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that the dialog does not wait indefinitely for an unconfirmed link."""
    account.faults["getAuthorizationCode"] = Fault.NULL_200
    await dialog.open(logged_out)
    await dialog.select_option("phone_number")
    assert (await dialog.submit(phone_number=PHONE))["step_id"] == "linking"
    assert (await dialog.follow())["reason"] == "not_working_yet"


# The end of the dialog


@in_every_progress
async def test_close(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
) -> None:
    """Test that a closed dialog stops its requests at once."""
    await dialog.open(logged_out)
    await way(dialog, account)
    assert running(hass)

    await dialog.close()

    await async_advance_slowly(freezer, 1)
    assert not running(hass)
    account.requests.clear()
    await async_advance_slowly(freezer, 30)
    assert not called_methods(account)
    assert await dialog.is_finished()
    assert issue_ids(hass) == {logged_out}


@pytest.fixture
async def submitting(
    dialog: Dialog, logged_out: str, account: Account
) -> asyncio.Task[FlowResponse]:
    """Return a task that requests a code and gets no response."""
    account.faults["getAuthorizationCode"] = Fault.HANG
    await dialog.open(logged_out)
    await dialog.select_option("phone_number")
    submitting = asyncio.create_task(dialog.submit(phone_number=PHONE))
    await async_wait_until(lambda: "getAuthorizationCode" in called_methods(account))
    return submitting


async def test_close_while_requesting_code(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    submitting: asyncio.Task[FlowResponse],
    account: Account,
) -> None:
    """Test that a closed dialog neither waits for its code nor continues with it."""
    await dialog.close()

    await submitting
    assert not running(hass)
    account.requests.clear()
    await async_advance_slowly(freezer, 30)
    assert not called_methods(account)


@at_every_end
@in_every_progress
async def test_entry_removed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    way: Way,
    end: End,
) -> None:
    """Test that a dialog without its config entry aborts and stops its requests."""
    await dialog.open(logged_out)
    await way(dialog, account)

    await end(hass, loaded_entry)

    account.requests.clear()
    shown = await dialog.follow()
    assert reason_of_abort(shown) == "removed"
    assert shown["description_placeholders"] == PLACEHOLDERS
    assert not running(hass)
    assert not called_methods(account)


@at_every_end
async def test_entry_removed_while_requesting_code(
    hass: HomeAssistant,
    submitting: asyncio.Task[FlowResponse],
    loaded_entry: MockConfigEntry,
    end: End,
) -> None:
    """Test that a request for a code ends with the config entry."""
    await end(hass, loaded_entry)
    shown = await submitting
    assert reason_of_abort(shown) == "removed"


@at_every_end
async def test_entry_removed_while_requesting_state(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    end: End,
) -> None:
    """Test that a dialog that is being opened ends with the config entry."""
    account.faults["getStateInstance"] = Fault.HANG
    opening = asyncio.create_task(dialog.open(logged_out))
    await async_wait_until(lambda: "getStateInstance" in called_methods(account))
    await end(hass, loaded_entry)
    shown = await opening
    assert reason_of_abort(shown) == "removed"


@at_every_end
async def test_entry_removed_before_method(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    end: End,
) -> None:
    """Test that a dialog without its config entry starts no method."""
    await dialog.open(logged_out)
    await end(hass, loaded_entry)
    account.requests.clear()
    shown = await dialog.select_option("qr_code")
    assert reason_of_abort(shown) == "removed"
    assert not called_methods(account)


@at_every_end
async def test_entry_removed_before_number(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    end: End,
) -> None:
    """Test that a number submitted without a config entry is not sent."""
    await dialog.open(logged_out)
    await dialog.select_option("phone_number")
    await end(hass, loaded_entry)
    account.requests.clear()
    shown = await dialog.submit(phone_number=PHONE)
    assert reason_of_abort(shown) == "removed"
    assert not called_methods(account)


@pytest.mark.parametrize("way", [async_finish, async_scan, async_type])
async def test_entry_reloaded(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    way: Way,
) -> None:
    """Test that a dialog survives a reload of the config entry."""
    await dialog.open(logged_out)
    await way(dialog, account)

    await hass.config_entries.async_reload(loaded_entry.entry_id)

    assert is_waiting(await dialog.stay_open(30))
    account.qr_type = None
    account.state = "authorized"
    assert (await dialog.follow_to_end())["reason"] == "linked"
    assert state_of(hass, STATE) == "authorized"
    assert not running(hass)
    assert not issue_ids(hass)


async def test_linked_while_entry_not_loaded(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a dialog can finish in the middle of a reload."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    await hass.config_entries.async_unload(loaded_entry.entry_id)
    account.state = "authorized"

    assert (await dialog.follow_to_end())["reason"] == "linked"

    await hass.config_entries.async_setup(loaded_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, STATE) == "authorized"
    assert not issue_ids(hass)


async def test_token_changed_meanwhile(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a dialog continues with a token that was changed meanwhile."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    account.token = f"{account.token}1"
    hass.config_entries.async_update_entry(
        loaded_entry, data={**loaded_entry.data, CONF_API_TOKEN: account.token}
    )
    await hass.config_entries.async_reload(loaded_entry.entry_id)

    await dialog.follow()
    assert account.scan()
    assert (await dialog.follow_to_end())["reason"] == "linked"


async def test_entry_reloaded_before_method(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a dialog uses the config entry as it is after a reload."""
    await dialog.open(logged_out)
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    await async_scan(dialog, account)
    assert account.scan()
    assert (await dialog.follow_to_end())["reason"] == "linked"
    assert state_of(hass, STATE) == "authorized"


@pytest.mark.parametrize("first", [async_scan, async_type])
@pytest.mark.parametrize("second", [async_scan, async_type])
async def test_two_dialogs(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    other_dialog: Dialog,
    logged_out: str,
    account: Account,
    first: Way,
    second: Way,
) -> None:
    """Test that only the dialog in which a method was selected last requests codes."""
    await dialog.open(logged_out)
    await other_dialog.open(logged_out)
    await first(dialog, account)

    await second(other_dialog, account)

    shown = await dialog.follow()
    assert reason_of_abort(shown) == "continued_elsewhere"
    assert shown["description_placeholders"] == PLACEHOLDERS
    account.state = "authorized"
    assert (await other_dialog.follow_to_end())["reason"] == "linked"
    assert not running(hass)
    assert not issue_ids(hass)


async def test_second_dialog_without_requests(
    dialog: Dialog, other_dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that a dialog continues while the other one requests nothing."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    await other_dialog.open(logged_out)
    await other_dialog.select_option("phone_number")
    await other_dialog.close()

    await dialog.follow()
    assert account.scan()
    assert (await dialog.follow_to_end())["reason"] == "linked"


async def test_two_accounts(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    other_dialog: Dialog,
    logged_out: str,
    simulator: Simulator,
    account: Account,
) -> None:
    """Test that dialogs of different accounts do not interfere with each other."""
    other = simulator.add_account("1101000002", account.token, state="notAuthorized")
    entry = entry_of(simulator.url, other.instance_id, other.token)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await async_polls(hass, freezer, 3)
    await dialog.open(logged_out)
    await other_dialog.open(f"{entry.entry_id}_logged_out")
    await async_scan(dialog, account)
    await async_scan(other_dialog, other)

    assert account.scan()
    assert (await dialog.follow_to_end())["reason"] == "linked"
    assert other.scan()
    assert (await other_dialog.follow_to_end())["reason"] == "linked"


# A closed page


@pytest.mark.parametrize("way", [async_scan, async_type])
async def test_page_closed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
) -> None:
    """Test that a dialog whose page is closed stops its requests and ends."""
    await dialog.open(logged_out)
    await way(dialog, account)
    await async_advance_slowly(freezer, FETCHED_WITHIN)

    account.requests.clear()
    await async_advance_slowly(freezer, 60)
    assert "qr" not in called_methods(account)
    assert called_methods(account).count("getStateInstance") <= 1

    await async_advance_slowly(freezer, QR_TIMEOUT + OUTCOME_LIFE, step=5)
    assert not running(hass)


async def test_qr_code_not_shown(
    freezer: FrozenDateTimeFactory, dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that no QR code is requested until the last one was shown."""
    await dialog.open(logged_out)
    await dialog.select_option("qr_code")
    await async_advance_slowly(freezer, 30)
    assert called_methods(account).count("qr") == 1


@pytest.mark.parametrize("way", [async_scan, async_type])
async def test_page_in_background(
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
) -> None:
    """Test that a page that was in the background shows the outcome when it is back."""
    await dialog.open(logged_out)
    await way(dialog, account)
    await dialog.stay_in_background(60)
    account.state = "authorized"

    assert (await dialog.follow_to_end())["reason"] == "linked"


@pytest.mark.parametrize(
    ("way", "step_id"), [(async_scan, "qr_timeout"), (async_type, "code_timeout")]
)
async def test_page_in_background_too_long(
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
    step_id: str,
) -> None:
    """Test that a page that was away for too long shows how to continue."""
    await dialog.open(logged_out)
    await way(dialog, account)
    await dialog.stay_in_background(QR_TIMEOUT + 30)

    assert (await dialog.follow_to_end())["step_id"] == step_id


async def test_submitted_twice(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, dialog: Dialog, logged_out: str
) -> None:
    """Test that a form that is submitted twice has one effect."""
    await dialog.open(logged_out)
    await dialog.select_option("phone_number")
    await asyncio.gather(
        dialog.submit(phone_number=PHONE), dialog.submit(phone_number=PHONE)
    )
    assert running(hass) == ["green_api enter_code"]

    await dialog.close()

    await async_advance_slowly(freezer, 1)
    assert not running(hass)


async def test_coordinator_first(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    account: Account,
) -> None:
    """Test that a dialog finishes if the coordinator has removed the issue first."""
    await dialog.open(logged_out)
    await dialog.select_option("phone_number")
    account.state = "authorized"
    await async_advance_slowly(freezer, 61)
    assert not issue_ids(hass)

    assert (await dialog.submit(phone_number=PHONE))["step_id"] == "linking"
    assert (await dialog.follow())["reason"] == "linked"


async def test_logged_out_again_meanwhile(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    account: Account,
) -> None:
    """Test that a page that shows late that it is linked does not delete the issue."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    account.state = "authorized"
    await async_advance_slowly(freezer, 3)
    await dialog.refresh()
    await async_advance_slowly(freezer, 3)
    assert not issue_ids(hass)
    account.state = "notAuthorized"
    await async_advance_slowly(freezer, 130)
    assert issue_ids(hass) == {logged_out}

    assert (await dialog.refresh())["reason"] == "linked"

    assert issue_ids(hass) == {logged_out}


@pytest.fixture
async def linked_in_an_outage(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Finish a dialog whose account is linked while its last poll fails."""
    get_state = GreenApiClient.get_state

    async def answer_once(client: GreenApiClient) -> AccountState:
        """Return the state as the last response before an outage."""
        answer = await get_state(client)
        account.fault = Fault.BAD_GATEWAY
        return answer

    await dialog.open(logged_out)
    await async_scan(dialog, account)
    account.state = "authorized"
    with monkeypatch.context() as patch:
        patch.setattr(GreenApiClient, "get_state", answer_once)
        assert (await dialog.follow())["reason"] == "linked"
    assert state_of(hass, STATE) == "unavailable"
    account.fault = None


async def test_issue_comes_back(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    linked_in_an_outage: None,
    logged_out: str,
    account: Account,
) -> None:
    """Test that an account logged out again gets its issue once that is certain.

    The dialog has seen it authorized, which counts for the coordinator as well.
    """
    account.state = "notAuthorized"
    await async_advance(hass, freezer)
    assert not issue_ids(hass)
    await async_advance(hass, freezer)
    assert issue_ids(hass) == {logged_out}


async def test_issue_does_not_come_back(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    linked_in_an_outage: None,
    account: Account,
) -> None:
    """Test that an account that works has no issue after the next poll."""
    await async_advance(hass, freezer)
    assert state_of(hass, STATE) == "authorized"
    assert not issue_ids(hass)


# Rate limits and secrets


@pytest.fixture
def statuses(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Return the HTTP statuses of the simulator's responses."""
    statuses = set()
    answer = Simulator._answer

    async def note(self: Simulator, exchange: Exchange, token: str) -> StreamResponse:
        response = await answer(self, exchange, token)
        statuses.add(response.status)
        return response

    monkeypatch.setattr(Simulator, "_answer", note)
    return statuses


@pytest.mark.paced
async def test_rate_limits(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    client: TestClient,
    logged_out: str,
    account: Account,
    statuses: set[int],
) -> None:
    """Test that several dialogs and the polls together stay within the rate limits."""
    dialogs = [Dialog(hass, freezer, client) for _ in range(4)]
    for dialog in dialogs:
        await dialog.open(logged_out)
        await async_scan(dialog, account)
    await dialog.stay_open(120)
    assert account.scan()
    assert (await dialog.follow_to_end())["reason"] == "linked"

    assert called_methods(account).count("getStateInstance") > 40
    assert called_methods(account).count("qr") > 20
    assert statuses == {HTTPStatus.OK}


@pytest.mark.parametrize("fault", LEAKY)
async def test_linking_hides_the_token(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    """Test that no failing request of the dialog reveals the token."""
    caplog.set_level("DEBUG")
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    account.faults["getStateInstance"] = fault
    await async_advance_slowly(freezer, 2 * LOOK_INTERVAL)
    account.faults["qr"] = fault
    assert (await dialog.follow_to_end())["type"] != "progress"

    assert (await dialog.open(logged_out))["type"] == "abort"
    account.faults.clear()
    await dialog.open(logged_out)
    account.faults["getAuthorizationCode"] = fault
    await dialog.select_option("phone_number")
    assert (await dialog.submit(phone_number=PHONE))["errors"]
    account.faults["getAuthorizationCode"] = Fault.NULL_200
    assert (await dialog.submit(phone_number=PHONE))["step_id"] == "linking"
    await async_advance_slowly(freezer, 2 * LOOK_INTERVAL)
    await dialog.close()

    issues = ir.async_get(hass).issues
    assert_hidden(
        account.token, caplog, dialog.all_shown, hass.states.async_all(), issues
    )


async def test_not_loaded(hass: HomeAssistant, config_entry: MockConfigEntry) -> None:
    """Test that an account that is being reloaded is linked like any other."""
    account = AccountToLink(hass, config_entry)
    assert await account.async_step_after(AccountState("notAuthorized")) == "ways"


async def test_client_is_kept(
    hass: HomeAssistant, config_entry: MockConfigEntry
) -> None:
    """Test that a dialog keeps its client until the entry's URL or token changes."""
    config_entry.add_to_hass(hass)
    account = AccountToLink(hass, config_entry)
    client = account.client
    hass.config_entries.async_update_entry(config_entry, title="Another name")
    assert account.client is client

    hass.config_entries.async_update_entry(
        config_entry, data={**config_entry.data, CONF_API_TOKEN: "another token"}
    )
    assert account.client is not client
    assert account.client is account.client


async def test_waiting_messages(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    account: Account,
) -> None:
    """Test that the dialog shows how many messages are waiting."""
    account.queue = 7
    await async_polls(hass, freezer, 6)
    waiting = (await dialog.open(logged_out))["description_placeholders"]["waiting"]
    assert waiting.startswith("Messages waiting to be sent: **7**. ")


async def test_removed_before(
    hass: HomeAssistant, config_entry: MockConfigEntry
) -> None:
    """Test that an account that was removed before the first step is not requested."""
    linking = Linking(hass, config_entry, lambda: None)
    with pytest.raises(AbortFlow) as error:
        await linking.async_choose_step()
    assert error.value.reason == "removed"
    assert error.value.description_placeholders == PLACEHOLDERS
    linking.async_close()


# Another way than the QR code


@pytest.mark.parametrize("seconds", [0, 60])
async def test_code_instead_of_qr_code(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    seconds: int,
) -> None:
    """Test that nothing disturbs who enters a number instead of scanning a code."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    shown = await dialog.select_option("phone_number")
    assert step_of(shown) == ("form", "phone_number")
    account.requests.clear()
    events = dialog.progress_events
    await async_advance_slowly(freezer, seconds)
    assert dialog.progress_events == events
    assert "qr" not in called_methods(account)

    shown = await dialog.submit(phone_number=PHONE)
    assert account.enter_code(shown["description_placeholders"]["code"])
    assert (await dialog.follow_to_end())["reason"] == "linked"
    assert not running(hass)


# Reboot first


async def test_reboot_first(
    hass: HomeAssistant, dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that the dialog offers a reboot, and goes on when the instance has started.

    The repair stays: a reboot alone does not link the account.
    """
    account.state_after_boot = "notAuthorized"
    shown = await dialog.open(logged_out)
    assert shown["menu_options"][-1] == "reboot"
    shown = await dialog.select_option("reboot")
    assert step_of(shown) == ("form", "reboot")
    assert "reboot" not in called_methods(account)

    shown = await dialog.submit()
    assert shown["progress_action"] == "start_instance"
    assert "reboot" in called_methods(account)
    assert issue_ids(hass) == {logged_out}
    assert step_of(await dialog.follow_to_end()) == ("menu", "ways")
    assert issue_ids(hass) == {logged_out}


async def test_linked_by_reboot(
    hass: HomeAssistant, dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that the dialog says so if an account works after the reboot."""
    await dialog.open(logged_out)
    await dialog.select_option("reboot")
    await dialog.submit()
    account.state = "authorized"
    assert (await dialog.follow_to_end())["reason"] == "linked"
    assert issue_ids(hass) == set()


async def test_reboot_first_refused(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that the dialog says why an instance is not rebooted."""
    account.reboot_accepted = False
    await dialog.open(logged_out)
    await dialog.select_option("reboot")
    assert (await dialog.submit())["errors"] == {"base": "reboot_refused"}


async def test_reboot_after_linking(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that an account that was linked meanwhile is not rebooted."""
    await dialog.open(logged_out)
    await dialog.select_option("reboot")
    account.state = "authorized"
    await dialog.stay_in_background(30)
    assert (await dialog.submit())["reason"] == "problem_ended"
    assert "reboot" not in called_methods(account)
