"""Test the linking of accounts over Home Assistant's HTTP API, as dialogs use it."""

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
from custom_components.green_api.linking.account import Account as LinkedAccount
from custom_components.green_api.linking.process import Linking
from custom_components.green_api.linking.waits import (
    CODE_LIFE,
    LINKED_TIMEOUT,
    QR_TIMEOUT,
)
from custom_components.green_api.linking.watch import (
    LOOK_INTERVAL,
    OUTCOME_LIFE,
    SEEN_WITHIN,
)
from homeassistant.const import CONF_API_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from tests.simulator import Account, Fault, Messenger, Simulator
from tests.simulator.faults import Exchange
from tests.support.dialog import (
    FAILURES,
    LEAKY,
    PHONE,
    PLACEHOLDERS,
    Dialog,
    End,
    Shown,
    async_let_pass,
    at_every_end,
    reason_of_abort,
    step_of,
)
from tests.support.entities import STATE, state_of
from tests.support.entries import entry_of
from tests.support.helpers import asked, async_pass, async_polls, issue_ids
from tests.support.secrecy import assert_hidden
from tests.support.waiting import async_until

PNG: Final = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def messenger() -> Messenger:
    """Return the messenger of the account."""
    return Messenger.WHATSAPP


@pytest.fixture
def account(account: Account, messenger: Messenger) -> Account:
    """Return an account of that messenger."""
    account.messenger = messenger
    return account


@pytest.fixture
def other_dialog(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, client: TestClient
) -> Dialog:
    """Return a second dialog, not opened yet."""
    return Dialog(hass, freezer, client)


@pytest.fixture
async def logged_out(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> str:
    """Return the id of the issue of an account that is logged out."""
    account.state = "notAuthorized"
    await async_polls(hass, freezer, 2)
    account.requests.clear()
    issue_id = f"{loaded_entry.entry_id}_logged_out"
    assert issue_ids(hass) == {issue_id}
    return issue_id


def running(hass: HomeAssistant) -> list[str]:
    """Return the names of the tasks of dialogs that run."""
    names = [task.get_name() for task in hass._background_tasks]
    return [name for name in names if name.startswith(f"{DOMAIN} ")]


async def async_scan(dialog: Dialog, account: Account) -> None:
    """Follow the dialog to the QR code."""
    await dialog.choose("qr_code")
    assert (await dialog.follow())["progress_action"] == "scan_qr_code"


async def async_wait_for_qr(dialog: Dialog, account: Account) -> None:
    """Follow the dialog to the request for the QR code, which is not answered."""
    account.faults["qr"] = Fault.HANG
    assert (await dialog.choose("qr_code"))["progress_action"] == "get_qr_code"
    await async_until(lambda: "qr" in asked(account))


async def async_type(dialog: Dialog, account: Account) -> None:
    """Follow the dialog to the code."""
    await dialog.choose("phone_number")
    shown = await dialog.submit(phone_number=PHONE)
    assert shown["progress_action"] == "enter_code"


async def async_finish(dialog: Dialog, account: Account) -> None:
    """Follow the dialog to the wait for an account that is linked."""
    account.qr_type = "alreadyLogged"
    await dialog.choose("qr_code")
    assert (await dialog.follow())["progress_action"] == "finish_linking"


type Way = Callable[[Dialog, Account], Awaitable[None]]

in_every_progress: Final = pytest.mark.parametrize(
    "way", [async_finish, async_scan, async_type, async_wait_for_qr]
)


# Linking: the way is chosen


async def test_ways(dialog: Dialog, logged_out: str, account: Account) -> None:
    """The dialog offers the two ways, and nothing that is a step of one of them."""
    shown = await dialog.open(logged_out)
    assert asked(account) == ["getStateInstance"]
    assert step_of(shown) == ("menu", "ways")
    assert shown["menu_options"] == ["qr_code", "phone_number"]
    assert shown["description_placeholders"] == PLACEHOLDERS


@pytest.mark.parametrize("step_id", ["code", "failed", "linked", "linking"])
async def test_no_other_way(
    hass: HomeAssistant,
    dialog: Dialog,
    client: TestClient,
    logged_out: str,
    account: Account,
    step_id: str,
) -> None:
    """No step can be taken before its time."""
    await dialog.open(logged_out)
    response = await client.post(dialog.url, json={"next_step_id": step_id})
    assert response.status == HTTPStatus.BAD_REQUEST
    assert issue_ids(hass) == {logged_out}
    assert (await dialog.look())["type"] == "menu"


OTHERS: Final = [(Messenger.TELEGRAM, "Telegram"), (Messenger.MAX, "MAX")]


@pytest.mark.parametrize(("messenger", "name"), OTHERS)
async def test_other_messengers(
    hass: HomeAssistant, dialog: Dialog, logged_out: str, account: Account, name: str
) -> None:
    """Accounts of other messengers are linked in the console."""
    shown = await dialog.open(logged_out)
    assert reason_of_abort(shown) == "link_in_console"
    assert shown["description_placeholders"] == PLACEHOLDERS | {"messenger": name}
    assert await dialog.is_over()
    assert asked(account) == ["getStateInstance"]
    assert issue_ids(hass) == {logged_out}


@pytest.fixture
def settings_fail(account: Account) -> None:
    """Fail the request for the settings while the account is set up."""
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
    """While the messenger is not known it is asked for, and WhatsApp is assumed."""
    assert (await dialog.open(logged_out))["type"] == "menu"

    account.faults.clear()
    assert (await other_dialog.open(logged_out))["reason"] == "link_in_console"
    assert asked(account) == ["getStateInstance", "getSettings"] * 2


# Linking by QR code


async def test_scan(
    hass: HomeAssistant, dialog: Dialog, logged_out: str, account: Account
) -> None:
    """The dialog shows a QR code and ends by itself when it has been scanned."""
    await dialog.open(logged_out)
    shown = await dialog.choose("qr_code")
    assert step_of(shown) == ("progress", "qr_code")
    assert shown["progress_action"] == "get_qr_code"
    assert shown["description_placeholders"] == PLACEHOLDERS

    shown = await dialog.follow()
    assert step_of(shown) == ("progress", "qr_code")
    assert shown["progress_action"] == "scan_qr_code"
    placeholders = shown["description_placeholders"]
    scheme, _, picture = placeholders.pop("qr_code").partition(",")
    assert placeholders == PLACEHOLDERS
    assert scheme == "data:image/png;base64"
    assert base64.b64decode(picture).startswith(PNG)

    assert account.scan()
    shown = await dialog.follow_to_end()
    assert shown["type"] == "create_entry"
    assert await dialog.is_over()
    assert not running(hass)
    assert not issue_ids(hass)
    assert state_of(hass, STATE) == "authorized"


async def test_scan_is_noticed(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """An account that is linked is noticed at the next look at its state."""
    account.link_seconds = 0
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    assert account.scan()
    scanned_at = time.monotonic()

    assert (await dialog.follow())["type"] == "create_entry"

    assert time.monotonic() - scanned_at <= LOOK_INTERVAL + 1


@pytest.mark.parametrize("way", [async_finish, async_scan, async_type])
async def test_linked_shows_at_once(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
) -> None:
    """An account that is linked shows everywhere when it shows in the dialog."""
    await dialog.open(logged_out)
    await way(dialog, account)
    account.state = "authorized"

    assert (await dialog.follow_to_end())["type"] == "create_entry"

    assert state_of(hass, STATE) == "authorized"
    assert not issue_ids(hass)
    assert not running(hass)


async def test_fresh_qr_codes(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """A fresh QR code takes the place of the old one before that is dead."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    for _ in range(10):
        before = dialog.shown
        text = account.qr_text
        shown = await dialog.follow()
        assert shown["progress_action"] == "scan_qr_code"
        assert shown["description_placeholders"] != before["description_placeholders"]
        assert account.qr_text != text
        assert account.qr_life > QR_LIFE / 2

    asked_at = [request.at for request in account.requests if request.method == "qr"]
    assert max(late - early for early, late in pairwise(asked_at)) < QR_LIFE / 2


async def test_qr_code_that_lives(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """A server that renews the QR code by its own clock is followed."""
    account.qr_rotates = True
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    for _ in range(4):
        await dialog.follow()
        assert account.qr_life > QR_LIFE / 2
    assert account.scan()
    assert (await dialog.follow_to_end())["type"] == "create_entry"


@pytest.mark.parametrize("restriction", ["suspended", "yellowCard"])
async def test_scan_of_a_restricted_account(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    restriction: str,
) -> None:
    """An account that is restricted is linked none the less."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    account.state = restriction
    assert (await dialog.follow_to_end())["type"] == "create_entry"
    assert not issue_ids(hass)

    await async_pass(hass, freezer)
    assert issue_ids(hass) == {f"{loaded_entry.entry_id}_restricted"}


async def test_nobody_scans(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    account: Account,
) -> None:
    """After three minutes the dialog asks whether to go on, and asks nothing else."""
    await dialog.open(logged_out)
    began_at = time.monotonic()
    await dialog.choose("qr_code")
    shown = await dialog.follow_to_end()
    assert step_of(shown) == ("menu", "qr_timeout")
    assert shown["menu_options"] == ["qr_code", "phone_number"]
    assert QR_TIMEOUT <= time.monotonic() - began_at < QR_TIMEOUT + 10
    assert not running(hass)
    assert issue_ids(hass) == {logged_out}

    account.requests.clear()
    await async_let_pass(freezer, 30)
    assert asked(account) in ([], ["getStateInstance"])

    await async_scan(dialog, account)
    assert account.scan()
    assert (await dialog.follow_to_end())["type"] == "create_entry"


async def test_nobody_scans_but_types(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Whoever does not get on with the QR code can have a code instead."""
    await dialog.open(logged_out)
    await dialog.choose("qr_code")
    assert (await dialog.follow_to_end())["step_id"] == "qr_timeout"
    await async_type(dialog, account)
    assert account.enter_code(dialog.shown["description_placeholders"]["code"])
    assert (await dialog.follow_to_end())["type"] == "create_entry"


@pytest.mark.parametrize(("fault", "reason"), FAILURES)
async def test_no_qr_code(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    fault: Fault,
    reason: str,
) -> None:
    """The dialog says why there is no QR code."""
    account.faults["qr"] = fault
    await dialog.open(logged_out)
    await dialog.choose("qr_code")
    shown = await dialog.follow()
    assert reason_of_abort(shown) == reason
    assert shown["description_placeholders"] == PLACEHOLDERS
    assert await dialog.is_over()
    assert issue_ids(hass) == {logged_out}


async def test_no_qr_code_of_a_host_unknown(
    dialog: Dialog, logged_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dialog distinguishes a name that does not exist from a server that is down."""

    async def fail(client: GreenApiClient) -> bool:
        raise UnknownHostError

    monkeypatch.setattr(GreenApiClient, "get_qr", fail)
    await dialog.open(logged_out)
    await dialog.choose("qr_code")
    assert (await dialog.follow())["reason"] == "unknown_host"


# Failures that pass by themselves.
PASSING: Final = [
    (Fault.BAD_GATEWAY, "cannot_connect"),
    (Fault.RATE_LIMITED, "rate_limited"),
    (Fault.RESET_BEFORE_HEADERS, "cannot_connect"),
]


@pytest.mark.parametrize(
    ("fault", "reason"), [failure for failure in FAILURES if failure not in PASSING]
)
async def test_no_fresh_qr_code(
    dialog: Dialog, logged_out: str, account: Account, fault: Fault, reason: str
) -> None:
    """A QR code is shown for as long as it lives, then the dialog says what is wrong."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    shown_at = time.monotonic()
    account.faults["qr"] = fault
    account.requests.clear()

    shown = await dialog.follow()

    assert reason_of_abort(shown) == reason
    assert QR_LIFE - 1 <= time.monotonic() - shown_at < QR_LIFE + 6
    assert asked(account).count("qr") > 2


@pytest.mark.parametrize("fault", [fault for fault, _ in PASSING])
async def test_server_is_gone_for_a_minute(
    dialog: Dialog, logged_out: str, account: Account, fault: Fault
) -> None:
    """When a QR code is dead the dialog waits for the server, and shows the next."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    shown_at = time.monotonic()
    account.fault = fault

    shown = await dialog.follow()
    assert shown["progress_action"] == "wait_for_server"
    assert QR_LIFE - 1 <= time.monotonic() - shown_at < QR_LIFE + 6
    assert (await dialog.stay_open(60))["progress_action"] == "wait_for_server"

    account.fault = None
    assert (await dialog.follow())["progress_action"] == "scan_qr_code"
    assert account.scan()
    assert (await dialog.follow_to_end())["type"] == "create_entry"


async def test_linked_while_the_server_is_gone(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """A QR code that was scanned in an outage needs no other one afterwards."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    account.fault = Fault.BAD_GATEWAY
    assert (await dialog.follow())["progress_action"] == "wait_for_server"

    account.state = "authorized"
    account.fault = None
    assert (await dialog.follow())["type"] == "create_entry"


async def test_server_is_gone_for_good(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """A server that stays away is not waited for for ever."""
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
    """A failure that is over before the QR code is dead is not noticed."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    before = dialog.shown
    account.faults["qr"] = Fault.BAD_GATEWAY
    await async_let_pass(freezer, QR_LIFE / 2)
    assert await dialog.look() == before

    account.faults.clear()
    shown = await dialog.follow()
    assert shown["progress_action"] == "scan_qr_code"
    assert shown["description_placeholders"] != before["description_placeholders"]
    assert account.scan()
    assert (await dialog.follow_to_end())["type"] == "create_entry"


async def test_scan_in_an_outage(
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    account: Account,
) -> None:
    """A look at the state that fails is followed by another one."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    account.fault = Fault.BAD_GATEWAY
    assert account.scan()
    await async_let_pass(freezer, QR_LIFE / 2)
    assert (await dialog.look())["type"] == "progress"

    account.fault = None
    assert (await dialog.follow_to_end())["type"] == "create_entry"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("error", "no_qr_code"),
        ("passkeyRequired", "passkey_required"),
        ("PassKeyRequire", "passkey_required"),
        ("pending_password", "password_required"),
        ("timeoutExpired", "starting"),
    ],
)
async def test_answer_instead_of_a_qr_code(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    kind: str,
    reason: str,
) -> None:
    """Each answer that is not a QR code has its words."""
    account.qr_type = kind
    account.qr_message = "instance in starting process try later"
    await dialog.open(logged_out)
    await dialog.choose("qr_code")
    shown = await dialog.follow()
    assert reason_of_abort(shown) == reason
    assert issue_ids(hass) == {logged_out}


@pytest.mark.parametrize("linked", ["authorized", "suspended", "yellowCard"])
async def test_error_instead_of_a_qr_code_but_linked(
    hass: HomeAssistant, dialog: Dialog, logged_out: str, account: Account, linked: str
) -> None:
    """An account that gets no QR code because it is linked is as it should be."""
    account.qr_type = "error"
    account.qr_message = "Instance has auth. You need to make log out"
    await dialog.open(logged_out)
    account.state = linked
    await dialog.choose("qr_code")
    assert (await dialog.follow())["type"] == "create_entry"
    assert not issue_ids(hass)


async def test_passkey_after_a_qr_code(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """An account may want a passkey when its QR code has been scanned."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    account.passkey = True
    assert (await dialog.follow())["reason"] == "passkey_required"


already_linked: Final = pytest.mark.parametrize(
    "kind", [QrKind.ALREADY_LOGGED, QrKind.ALREADY_REGISTERED]
)


@already_linked
async def test_linked_already(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    kind: QrKind,
) -> None:
    """An account that is linked already is waited for until it works."""
    account.qr_type = kind
    await dialog.open(logged_out)
    await dialog.choose("qr_code")
    shown = await dialog.follow()
    assert step_of(shown) == ("progress", "linking")
    assert shown["progress_action"] == "finish_linking"
    await async_let_pass(freezer, 30)
    assert (await dialog.look())["progress_action"] == "finish_linking"

    account.state = "authorized"
    assert (await dialog.follow())["type"] == "create_entry"
    assert not issue_ids(hass)


@already_linked
async def test_linked_already_but_not_working(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    kind: QrKind,
) -> None:
    """An account that is linked and does not come to work is not waited for forever."""
    account.qr_type = kind
    await dialog.open(logged_out)
    await dialog.choose("qr_code")
    began_at = time.monotonic()
    shown = await dialog.follow_to_end()
    assert reason_of_abort(shown) == "not_working_yet"
    assert LINKED_TIMEOUT <= time.monotonic() - began_at < LINKED_TIMEOUT + 10
    assert issue_ids(hass) == {logged_out}


# Linking by code


async def test_type(
    hass: HomeAssistant, dialog: Dialog, logged_out: str, account: Account
) -> None:
    """The dialog shows a code and ends by itself when it has been typed."""
    await dialog.open(logged_out)
    shown = await dialog.choose("phone_number")
    assert step_of(shown) == ("form", "phone_number")
    assert shown["errors"] == {}
    assert shown["description_placeholders"] == PLACEHOLDERS
    (field,) = shown["data_schema"]
    assert field["name"] == "phone_number"
    assert field["required"]
    assert field["selector"]["text"]["type"] == "tel"
    assert "getAuthorizationCode" not in asked(account)

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
    assert shown["type"] == "create_entry"
    assert await dialog.is_over()
    assert not running(hass)
    assert not issue_ids(hass)
    assert state_of(hass, STATE) == "authorized"
    assert account.phone == "447700900123"


async def test_code_of_the_documentation(
    dialog: Dialog,
    logged_out: str,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The code is shown as WhatsApp shows the fields for it."""
    monkeypatch.setattr(account, "show_code", lambda _: "GAPI2015")
    await dialog.open(logged_out)
    await async_type(dialog, account)
    assert dialog.shown["description_placeholders"]["code"] == "GAPI\u20112015"
    await dialog.close()


async def test_phone_number(dialog: Dialog, logged_out: str, account: Account) -> None:
    """A phone number is taken as people write it."""
    await dialog.open(logged_out)
    await dialog.choose("phone_number")
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
async def test_no_phone_number(
    dialog: Dialog, logged_out: str, account: Account, typed: str
) -> None:
    """What is no phone number is refused before anybody is asked."""
    await dialog.open(logged_out)
    await dialog.choose("phone_number")
    shown = await dialog.submit(phone_number=typed)
    assert shown["type"] == "form"
    assert shown["errors"] == {"phone_number": "invalid_phone_number"}
    assert shown["data_schema"][0]["description"] == {"suggested_value": typed}
    assert "getAuthorizationCode" not in asked(account)

    shown = await dialog.submit(phone_number=PHONE)
    assert shown["progress_action"] == "enter_code"
    await dialog.close()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (fault, "no_code" if kind == "bad_response" else kind)
        for fault, kind in FAILURES
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
    """The dialog says why there is no code, keeps the number and can try again."""
    account.faults["getAuthorizationCode"] = fault
    await dialog.open(logged_out)
    await dialog.choose("phone_number")
    shown = await dialog.submit(phone_number=PHONE)
    assert shown["type"] == "form"
    assert shown["errors"] == {"base": error}
    assert shown["data_schema"][0]["description"] == {"suggested_value": PHONE}
    assert issue_ids(hass) == {logged_out}

    account.faults.clear()
    shown = await dialog.submit(phone_number=PHONE)
    assert account.enter_code(shown["description_placeholders"]["code"])
    assert (await dialog.follow())["type"] == "create_entry"


async def test_code_refused(dialog: Dialog, logged_out: str, account: Account) -> None:
    """A server that gives no code has not promised anything."""
    account.code_accepted = False
    await dialog.open(logged_out)
    await dialog.choose("phone_number")
    shown = await dialog.submit(phone_number=PHONE)
    assert shown["errors"] == {"base": "no_code"}


@pytest.mark.parametrize(
    ("retry_after", "minutes"), [(30, "1"), (61, "2"), (3600, "60")]
)
async def test_wait_that_the_server_asks_for(
    dialog: Dialog,
    logged_out: str,
    account: Account,
    retry_after: int,
    minutes: str,
) -> None:
    """The dialog says for how long the server asks to wait."""
    account.retry_after = retry_after
    await dialog.open(logged_out)
    account.faults["getAuthorizationCode"] = Fault.RATE_LIMITED_RETRY_AFTER
    await dialog.choose("phone_number")
    shown = await dialog.submit(phone_number=PHONE)
    assert shown["errors"] == {"base": "rate_limited"}
    assert shown["description_placeholders"]["minutes"] == minutes


async def test_code_of_a_host_unknown(
    dialog: Dialog, logged_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dialog distinguishes a name that does not exist from a server that is down."""

    async def fail(client: GreenApiClient, phone_number: int) -> str:
        raise UnknownHostError

    monkeypatch.setattr(GreenApiClient, "get_authorization_code", fail)
    await dialog.open(logged_out)
    await dialog.choose("phone_number")
    shown = await dialog.submit(phone_number=PHONE)
    assert shown["errors"] == {"base": "unknown_host"}


async def test_nobody_types(
    hass: HomeAssistant, dialog: Dialog, logged_out: str, account: Account
) -> None:
    """When a code is dead the dialog offers a new one for the same number."""
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

    shown = await dialog.choose("phone_number")
    assert shown["errors"] == {}
    assert shown["data_schema"][0]["description"] == {"suggested_value": PHONE}
    shown = await dialog.submit(phone_number=PHONE)
    assert shown["description_placeholders"]["code"] != code
    assert account.enter_code(shown["description_placeholders"]["code"])
    assert (await dialog.follow())["type"] == "create_entry"


async def test_nobody_types_but_scans(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Whoever does not get on with the code can have a QR code instead."""
    await dialog.open(logged_out)
    await async_type(dialog, account)
    assert (await dialog.follow())["step_id"] == "code_timeout"
    await async_scan(dialog, account)
    assert account.scan()
    assert (await dialog.follow_to_end())["type"] == "create_entry"


async def test_no_code_needed(
    hass: HomeAssistant, dialog: Dialog, logged_out: str, account: Account
) -> None:
    """An account that is linked already needs no code."""
    await dialog.open(logged_out)
    await dialog.choose("phone_number")
    account.state = "authorized"
    shown = await dialog.submit(phone_number=PHONE)
    assert step_of(shown) == ("progress", "linking")
    assert shown["progress_action"] == "finish_linking"
    assert (await dialog.follow())["type"] == "create_entry"
    assert not issue_ids(hass)


async def test_no_code_needed_but_not_working(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """An account that is said to be linked and is not is not waited for forever."""
    account.faults["getAuthorizationCode"] = Fault.NULL_200
    await dialog.open(logged_out)
    await dialog.choose("phone_number")
    assert (await dialog.submit(phone_number=PHONE))["step_id"] == "linking"
    assert (await dialog.follow())["reason"] == "not_working_yet"


# The end of a dialog


@in_every_progress
async def test_close(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
) -> None:
    """A dialog that is closed asks for nothing any more, from that moment on."""
    await dialog.open(logged_out)
    await way(dialog, account)
    assert running(hass)

    await dialog.close()

    await async_let_pass(freezer, 1)
    assert not running(hass)
    account.requests.clear()
    await async_let_pass(freezer, 30)
    assert not asked(account)
    assert await dialog.is_over()
    assert issue_ids(hass) == {logged_out}


@pytest.fixture
async def submitting(
    dialog: Dialog, logged_out: str, account: Account
) -> asyncio.Task[Shown]:
    """Return a task that asks for a code, to which there is no answer."""
    account.faults["getAuthorizationCode"] = Fault.HANG
    await dialog.open(logged_out)
    await dialog.choose("phone_number")
    submitting = asyncio.create_task(dialog.submit(phone_number=PHONE))
    await async_until(lambda: "getAuthorizationCode" in asked(account))
    return submitting


async def test_close_while_asking_for_a_code(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    submitting: asyncio.Task[Shown],
    account: Account,
) -> None:
    """A dialog that is closed neither waits for its code nor goes on with it."""
    await dialog.close()

    await submitting
    assert not running(hass)
    account.requests.clear()
    await async_let_pass(freezer, 30)
    assert not asked(account)


@at_every_end
@in_every_progress
async def test_entry_ends(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    way: Way,
    end: End,
) -> None:
    """A dialog whose config entry is gone says so and asks for nothing any more."""
    await dialog.open(logged_out)
    await way(dialog, account)

    await end(hass, loaded_entry)

    account.requests.clear()
    shown = await dialog.follow()
    assert reason_of_abort(shown) == "removed"
    assert shown["description_placeholders"] == PLACEHOLDERS
    assert not running(hass)
    assert not asked(account)


@at_every_end
async def test_entry_ends_while_asking_for_a_code(
    hass: HomeAssistant,
    submitting: asyncio.Task[Shown],
    loaded_entry: MockConfigEntry,
    end: End,
) -> None:
    """A request for a code ends with the config entry."""
    await end(hass, loaded_entry)
    shown = await submitting
    assert reason_of_abort(shown) == "removed"


@at_every_end
async def test_entry_ends_while_asking_for_the_state(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    end: End,
) -> None:
    """A dialog that is just being opened ends with the config entry."""
    account.faults["getStateInstance"] = Fault.HANG
    opening = asyncio.create_task(dialog.open(logged_out))
    await async_until(lambda: "getStateInstance" in asked(account))
    await end(hass, loaded_entry)
    shown = await opening
    assert reason_of_abort(shown) == "removed"


@at_every_end
async def test_entry_ends_before_a_way_is_chosen(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    end: End,
) -> None:
    """A dialog without a config entry begins nothing."""
    await dialog.open(logged_out)
    await end(hass, loaded_entry)
    account.requests.clear()
    shown = await dialog.choose("qr_code")
    assert reason_of_abort(shown) == "removed"
    assert not asked(account)


@at_every_end
async def test_entry_ends_before_a_number_is_typed(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    end: End,
) -> None:
    """A number that is submitted without a config entry is sent to nobody."""
    await dialog.open(logged_out)
    await dialog.choose("phone_number")
    await end(hass, loaded_entry)
    account.requests.clear()
    shown = await dialog.submit(phone_number=PHONE)
    assert reason_of_abort(shown) == "removed"
    assert not asked(account)


@pytest.mark.parametrize("way", [async_finish, async_scan, async_type])
async def test_entry_is_reloaded(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    way: Way,
) -> None:
    """A dialog survives a reload of the config entry."""
    await dialog.open(logged_out)
    await way(dialog, account)

    await hass.config_entries.async_reload(loaded_entry.entry_id)

    assert (await dialog.stay_open(30))["type"] == "progress"
    account.qr_type = None
    account.state = "authorized"
    assert (await dialog.follow_to_end())["type"] == "create_entry"
    assert state_of(hass, STATE) == "authorized"
    assert not running(hass)
    assert not issue_ids(hass)


async def test_linked_while_the_entry_is_not_loaded(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """A dialog that ends in the middle of a reload ends well."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    await hass.config_entries.async_unload(loaded_entry.entry_id)
    account.state = "authorized"

    assert (await dialog.follow_to_end())["type"] == "create_entry"

    await hass.config_entries.async_setup(loaded_entry.entry_id)
    assert state_of(hass, STATE) == "authorized"
    assert not issue_ids(hass)


async def test_new_token_meanwhile(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """A dialog goes on with a token that is changed meanwhile."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    account.token = f"{account.token}1"
    hass.config_entries.async_update_entry(
        loaded_entry, data={**loaded_entry.data, CONF_API_TOKEN: account.token}
    )
    await hass.config_entries.async_reload(loaded_entry.entry_id)

    await dialog.follow()
    assert account.scan()
    assert (await dialog.follow_to_end())["type"] == "create_entry"


async def test_entry_reloaded_before_a_way_is_chosen(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """A dialog goes on with what a config entry is after it has been reloaded."""
    await dialog.open(logged_out)
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    await async_scan(dialog, account)
    assert account.scan()
    assert (await dialog.follow_to_end())["type"] == "create_entry"
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
    """Only one dialog of an account asks for codes: the one in which one was chosen last."""
    await dialog.open(logged_out)
    await other_dialog.open(logged_out)
    await first(dialog, account)

    await second(other_dialog, account)

    shown = await dialog.follow()
    assert reason_of_abort(shown) == "continued_elsewhere"
    assert shown["description_placeholders"] == PLACEHOLDERS
    account.state = "authorized"
    assert (await other_dialog.follow_to_end())["type"] == "create_entry"
    assert not running(hass)
    assert not issue_ids(hass)


async def test_opening_a_second_dialog(
    dialog: Dialog, other_dialog: Dialog, logged_out: str, account: Account
) -> None:
    """A dialog goes on as long as the other one asks for nothing."""
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    await other_dialog.open(logged_out)
    await other_dialog.choose("phone_number")
    await other_dialog.close()

    await dialog.follow()
    assert account.scan()
    assert (await dialog.follow_to_end())["type"] == "create_entry"


async def test_dialogs_of_two_accounts(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    other_dialog: Dialog,
    logged_out: str,
    simulator: Simulator,
    account: Account,
) -> None:
    """Dialogs of different accounts do not get in each other's way."""
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
    assert (await dialog.follow_to_end())["type"] == "create_entry"
    assert other.scan()
    assert (await other_dialog.follow_to_end())["type"] == "create_entry"


# A page that is gone


@pytest.mark.parametrize("way", [async_scan, async_type])
async def test_page_is_gone(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
) -> None:
    """A dialog whose page is gone asks for nothing any more, and ends by itself."""
    await dialog.open(logged_out)
    await way(dialog, account)
    await async_let_pass(freezer, SEEN_WITHIN)

    account.requests.clear()
    await async_let_pass(freezer, 60)
    assert "qr" not in asked(account)
    assert asked(account).count("getStateInstance") <= 1

    await async_let_pass(freezer, QR_TIMEOUT + OUTCOME_LIFE, step=5)
    assert not running(hass)


async def test_unseen_qr_code(
    freezer: FrozenDateTimeFactory, dialog: Dialog, logged_out: str, account: Account
) -> None:
    """No QR code is asked for before the last one was seen."""
    await dialog.open(logged_out)
    await dialog.choose("qr_code")
    await async_let_pass(freezer, 30)
    assert asked(account).count("qr") == 1


@pytest.mark.parametrize("way", [async_scan, async_type])
async def test_page_comes_back(
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
) -> None:
    """A page that slept behind the messenger shows what has become of the account."""
    await dialog.open(logged_out)
    await way(dialog, account)
    await dialog.sleep(60)
    account.state = "authorized"

    assert (await dialog.follow_to_end())["type"] == "create_entry"


@pytest.mark.parametrize(
    ("way", "step_id"), [(async_scan, "qr_timeout"), (async_type, "code_timeout")]
)
async def test_page_comes_back_too_late(
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
    step_id: str,
) -> None:
    """A page that slept for longer shows how to go on."""
    await dialog.open(logged_out)
    await way(dialog, account)
    await dialog.sleep(QR_TIMEOUT + 30)

    assert (await dialog.follow_to_end())["step_id"] == step_id


async def test_submitted_twice(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, dialog: Dialog, logged_out: str
) -> None:
    """A button that is pressed twice has one effect."""
    await dialog.open(logged_out)
    await dialog.choose("phone_number")
    await asyncio.gather(
        dialog.submit(phone_number=PHONE), dialog.submit(phone_number=PHONE)
    )
    assert running(hass) == ["green_api enter_code"]

    await dialog.close()

    await async_let_pass(freezer, 1)
    assert not running(hass)


async def test_coordinator_is_first(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    account: Account,
) -> None:
    """A dialog ends well when the issue is gone before it notices."""
    await dialog.open(logged_out)
    await dialog.choose("phone_number")
    account.state = "authorized"
    await async_let_pass(freezer, 61)
    assert not issue_ids(hass)

    assert (await dialog.submit(phone_number=PHONE))["step_id"] == "linking"
    assert (await dialog.follow())["type"] == "create_entry"


@pytest.fixture
async def linked_in_an_outage(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """End a dialog whose account is linked while the last poll of it fails."""
    get_state = GreenApiClient.get_state

    async def answer_once(client: GreenApiClient) -> AccountState:
        """Return the state, as the last answer before an outage."""
        answer = await get_state(client)
        account.fault = Fault.BAD_GATEWAY
        return answer

    await dialog.open(logged_out)
    await async_scan(dialog, account)
    account.state = "authorized"
    with monkeypatch.context() as patch:
        patch.setattr(GreenApiClient, "get_state", answer_once)
        assert (await dialog.follow())["type"] == "create_entry"
    assert state_of(hass, STATE) == "unavailable"
    account.fault = None


async def test_issue_comes_back(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    linked_in_an_outage: None,
    logged_out: str,
    account: Account,
) -> None:
    """An account that is logged out again has its issue again at the next poll."""
    account.state = "notAuthorized"
    await async_pass(hass, freezer)
    assert issue_ids(hass) == {logged_out}


async def test_issue_does_not_come_back(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    linked_in_an_outage: None,
    account: Account,
) -> None:
    """An account that works has no issue when it is polled again."""
    await async_pass(hass, freezer)
    assert state_of(hass, STATE) == "authorized"
    assert not issue_ids(hass)


# Limits and secrets


@pytest.fixture
def statuses(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Return with which statuses the simulator answers."""
    statuses = set()
    answer = Simulator._answer

    async def note(self: Simulator, exchange: Exchange, token: str) -> StreamResponse:
        response = await answer(self, exchange, token)
        statuses.add(response.status)
        return response

    monkeypatch.setattr(Simulator, "_answer", note)
    return statuses


@pytest.mark.paced
async def test_pace(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    client: TestClient,
    logged_out: str,
    account: Account,
    statuses: set[int],
) -> None:
    """Several dialogs and the polls together keep the limits of the vendor."""
    dialogs = [Dialog(hass, freezer, client) for _ in range(4)]
    for dialog in dialogs:
        await dialog.open(logged_out)
        await async_scan(dialog, account)
    await dialog.stay_open(120)
    assert account.scan()
    assert (await dialog.follow_to_end())["type"] == "create_entry"

    assert asked(account).count("getStateInstance") > 40
    assert asked(account).count("qr") > 20
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
    """However a request of the dialog fails, the token is not revealed."""
    caplog.set_level("DEBUG")
    await dialog.open(logged_out)
    await async_scan(dialog, account)
    account.faults["getStateInstance"] = fault
    await async_let_pass(freezer, 2 * LOOK_INTERVAL)
    account.faults["qr"] = fault
    assert (await dialog.follow_to_end())["type"] != "progress"

    assert (await dialog.open(logged_out))["type"] == "abort"
    account.faults.clear()
    await dialog.open(logged_out)
    account.faults["getAuthorizationCode"] = fault
    await dialog.choose("phone_number")
    assert (await dialog.submit(phone_number=PHONE))["errors"]
    account.faults["getAuthorizationCode"] = Fault.NULL_200
    assert (await dialog.submit(phone_number=PHONE))["step_id"] == "linking"
    await async_let_pass(freezer, 2 * LOOK_INTERVAL)
    await dialog.close()

    issues = ir.async_get(hass).issues
    assert_hidden(
        account.token, caplog, dialog.all_shown, hass.states.async_all(), issues
    )


async def test_not_loaded(hass: HomeAssistant, config_entry: MockConfigEntry) -> None:
    """An account that is being reloaded is linked like any other."""
    account = LinkedAccount(hass, config_entry)
    assert await account.async_step_of(AccountState("notAuthorized")) == "ways"


async def test_removed_before(
    hass: HomeAssistant, config_entry: MockConfigEntry
) -> None:
    """An account that was removed before the first step is not asked for."""
    linking = Linking(hass, config_entry, lambda: None)
    assert await linking.async_choose_step() == "failed"
    assert linking.failure == "removed"
    linking.async_close()
