"""Test linking Telegram and MAX with QR codes, codes and passwords."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
import time
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.green_api.api import AuthorizationKind
from custom_components.green_api.diagnostics import (
    async_get_config_entry_diagnostics,
)
from custom_components.green_api.dialogs.linking.linking import RefusedError
from custom_components.green_api.dialogs.linking.open_dialog import FETCHED_WITHIN
from custom_components.green_api.dialogs.linking.waits import (
    AGREED_FOR,
    LINKED_TIMEOUT,
    LOOK_INTERVAL,
    QR_INTERVAL,
    QR_TIMEOUT,
    SETTLED_AFTER,
)
from homeassistant.const import MATCH_ALL
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from tests.simulator import Account, Fault, Messenger
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
    reason_of_abort,
    step_of,
)
from tests.support.entities import STATE, state_of
from tests.support.helpers import called_methods, issue_ids
from tests.support.secrecy import assert_hidden
from tests.support.wait_until import async_wait_until

pytestmark = pytest.mark.long(27)

PASSWORD: Final = "correct horse battery"
NAMES: Final = {Messenger.TELEGRAM: "Telegram", Messenger.MAX: "MAX"}
MENUS: Final = {Messenger.TELEGRAM: "ways", Messenger.MAX: "max_ways"}

of_telegram: Final = pytest.mark.parametrize("messenger", [Messenger.TELEGRAM])


@pytest.fixture(params=NAMES)
def messenger(request: pytest.FixtureRequest) -> Messenger:
    """Return the messenger of the account."""
    return Messenger(request.param)


@pytest.fixture
def account(account: Account, messenger: Messenger) -> Account:
    """Return an account of the messenger."""
    account.messenger = messenger
    return account


def bodies(account: Account, method: str) -> list[object]:
    """Return the bodies of the requests to a method."""
    return [request.body for request in account.requests if request.method == method]


async def async_scan(dialog: Dialog, account: Account, issue_id: str) -> None:
    """Follow the dialog to the QR code."""
    await dialog.open(issue_id)
    await dialog.select_option("qr_code")
    shown = await dialog.follow()
    assert action_of(shown).startswith("scan_qr_code_")


async def async_ask_for_code(dialog: Dialog, account: Account, issue_id: str) -> None:
    """Follow the dialog to the form for the code."""
    account.authorization.send_code(447700900123)
    account.state = "pendingCode"
    shown = await dialog.open(issue_id)
    assert step_of(shown) == ("form", "confirm_code")


async def async_ask_for_password(
    dialog: Dialog, account: Account, issue_id: str
) -> None:
    """Follow the dialog to the form for the password."""
    account.cloud_password = PASSWORD
    account.state = "pendingPassword"
    shown = await dialog.open(issue_id)
    assert step_of(shown) == ("form", "password")


async def async_enter_code(dialog: Dialog, account: Account, issue_id: str) -> None:
    """Follow the dialog to the wait after the code, which is accepted."""
    account.link_seconds = 20
    await async_ask_for_code(dialog, account, issue_id)
    shown = await dialog.submit(code=account.authorization.code)
    assert step_of(shown) == ("progress", "code_accepted")


async def async_enter_password(dialog: Dialog, account: Account, issue_id: str) -> None:
    """Follow the dialog to the wait after the password, which is accepted."""
    account.link_seconds = 20
    await async_ask_for_password(dialog, account, issue_id)
    shown = await dialog.submit(password=PASSWORD)
    assert step_of(shown) == ("progress", "password_accepted")


type Way = Callable[[Dialog, Account, str], Awaitable[None]]

in_every_progress: Final = pytest.mark.parametrize(
    "way", [async_scan, async_enter_code, async_enter_password]
)

# The forms, and what is entered in each of them.
FORMS: Final[dict[Way, dict[str, str]]] = {
    async_ask_for_code: {"code": "12345"},
    async_ask_for_password: {"password": PASSWORD},
}
in_every_form: Final = pytest.mark.parametrize(("way", "entered"), FORMS.items())


# QR codes


async def test_qr_code(
    hass: HomeAssistant, dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that a QR code links the account, and is requested every five seconds."""
    await async_scan(dialog, account, logged_out)
    await dialog.stay_open(60)
    asked_at = [request.at for request in account.requests if request.method == "qr"]
    waited = [late - early for early, late in pairwise(asked_at)]
    assert min(waited) >= QR_INTERVAL
    assert max(waited) < QR_INTERVAL + 2
    assert account.scan()
    assert (await dialog.follow_to_end())["reason"] == "linked"
    assert state_of(hass, STATE) == "authorized"
    assert not issue_ids(hass)


async def test_qr_timeout(dialog: Dialog, logged_out: str, account: Account) -> None:
    """Test that the same ways are offered again, without those that are outdated."""
    shown = await dialog.open(logged_out)
    ways = shown["menu_options"]
    await dialog.select_option("qr_code")
    shown = await dialog.follow_to_end()
    assert step_of(shown) == ("menu", "qr_timeout")
    # Only the first menu offers a reboot.
    assert [*shown["menu_options"], "reboot"] == ways


@pytest.mark.parametrize("kind", ["pending_password", "pendingPassword"])
@pytest.mark.parametrize("state", ["notAuthorized", "pendingPassword"])
async def test_password_instead_of_qr_code(
    dialog: Dialog, logged_out: str, account: Account, kind: str, state: str
) -> None:
    """Test that the dialog asks for the password as soon as there is no QR code."""
    await async_scan(dialog, account, logged_out)
    account.qr_type = kind
    account.state = state
    scanned_at = time.monotonic()
    assert step_of(await dialog.follow()) == ("form", "password")
    assert time.monotonic() - scanned_at <= QR_INTERVAL + 2


@of_telegram
async def test_no_qr_code(dialog: Dialog, logged_out: str, account: Account) -> None:
    """Test that the dialog says that there is no QR code."""
    account.qr_type = "error"
    await dialog.open(logged_out)
    await dialog.select_option("qr_code")
    assert reason_of_abort(await dialog.follow()) == "no_qr_code"


async def test_qr_code_while_code_is_missing(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that a code that was requested before does not keep a QR code away."""
    await async_ask_for_code(dialog, account, logged_out)
    shown = await dialog.submit()
    assert step_of(shown) == ("menu", MENUS[account.messenger])
    await dialog.select_option("qr_code")
    assert action_of(await dialog.follow()).startswith("scan_qr_code_")
    await dialog.stay_open(60)
    assert action_of(dialog.shown).startswith("scan_qr_code_")
    assert account.scan()
    assert (await dialog.follow_to_end())["reason"] == "linked"


# The phone number


@of_telegram
async def test_sent_code(
    hass: HomeAssistant, dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that the account is linked with the code that was sent to it."""
    await dialog.open(logged_out)
    shown = await dialog.select_option("sent_code")
    assert step_of(shown) == ("form", "sent_code")
    assert shown["errors"] == {}
    (field,) = shown["data_schema"]
    assert (field["name"], field["required"]) == ("phone_number", True)
    assert field["selector"]["text"]["type"] == "tel"

    shown = await dialog.submit(phone_number="+44 (0)7700 900-123")
    assert bodies(account, "startAuthorization") == [{"phoneNumber": 447700900123}]
    assert step_of(shown) == ("form", "confirm_code")
    assert shown["errors"] == {}
    code, password = shown["data_schema"]
    assert (code["name"], code["required"]) == ("code", False)
    assert (password["name"], password["required"]) == ("password", False)
    assert password["selector"]["text"]["type"] == "password"

    digits = account.authorization.code
    assert digits
    shown = await dialog.submit(code=f" {digits[:3]}-{digits[3:]} ")
    assert bodies(account, "sendAuthorizationCode") == [{"code": digits}]
    assert step_of(shown) == ("progress", "code_accepted")
    assert shown["progress_action"] == "finish_linking"
    assert (await dialog.follow_to_end())["reason"] == "linked"
    assert state_of(hass, STATE) == "authorized"
    assert account.phone == "447700900123"


@of_telegram
@pytest.mark.parametrize("typed", ["", "my number", "07700 900123"])
async def test_invalid_phone_number(
    dialog: Dialog, logged_out: str, account: Account, typed: str
) -> None:
    """Test that an invalid phone number is refused before any request."""
    await dialog.open(logged_out)
    await dialog.select_option("sent_code")
    shown = await dialog.submit(phone_number=typed)
    assert shown["errors"] == {"phone_number": "invalid_phone_number"}
    assert shown["data_schema"][0]["description"] == {"suggested_value": typed}
    assert "startAuthorization" not in called_methods(account)


def kept_number(shown: FlowResponse) -> object:
    """Return the phone number that a form shows again."""
    return shown["data_schema"][0]["description"]["suggested_value"]


# The reasons of the server, and the errors in the forms for the phone number, for the
# code, and for the password.
REASONS: Final = {
    "invalid_code": ({"base": "invalid_code"}, {"code": "invalid_code"}),
    "invalid_password": (
        {"base": "invalid_password"},
        {"password": "invalid_password"},
    ),
    "invalid_phone_number": (
        {"phone_number": "no_messenger_account"},
        {"base": "no_messenger_account"},
    ),
    "rate_limit_exceeded": ({"base": "too_many_attempts"},) * 2,
    "timeout": ({"base": "messenger_timeout"},) * 2,
    "bad_weather": ({"base": "refused"},) * 2,
}


@of_telegram
@pytest.mark.parametrize("reason", REASONS)
async def test_refused_number(
    dialog: Dialog, logged_out: str, account: Account, reason: str
) -> None:
    """Test that every reason for sending no code is shown, and another try works."""
    account.authorization.reason = reason
    await dialog.open(logged_out)
    await dialog.select_option("sent_code")
    shown = await dialog.submit(phone_number=PHONE)
    assert step_of(shown) == ("form", "sent_code")
    assert shown["errors"] == REASONS[reason][0]
    assert kept_number(shown) == PHONE
    account.authorization.reason = None
    assert (await dialog.submit(phone_number=PHONE))["step_id"] == "confirm_code"


@of_telegram
@pytest.mark.parametrize("reason", REASONS)
async def test_refused_code_and_password(
    dialog: Dialog, logged_out: str, account: Account, reason: str
) -> None:
    """Test that every reason for refusing a code is shown, and nothing is kept."""
    await async_ask_for_code(dialog, account, logged_out)
    account.authorization.reason = reason
    shown = await dialog.submit(code="12345", password=PASSWORD)
    assert step_of(shown) == ("form", "confirm_code")
    assert shown["errors"] == REASONS[reason][1]
    assert [field.get("description") for field in shown["data_schema"]] == [None, None]
    account.authorization.reason = None
    shown = await dialog.submit(code=account.authorization.code)
    assert shown["step_id"] == "code_accepted"


@pytest.mark.parametrize("reason", REASONS)
async def test_refused_password(
    dialog: Dialog, logged_out: str, account: Account, reason: str
) -> None:
    """Test that every reason for refusing a password is shown, and it is not kept."""
    await async_ask_for_password(dialog, account, logged_out)
    account.authorization.reason = reason
    shown = await dialog.submit(password="wrong")
    assert step_of(shown) == ("form", "password")
    errors = {field if field == "password" else "base" for field in shown["errors"]}
    assert [*shown["errors"].values()] == [*REASONS[reason][1].values()]
    assert shown["errors"].keys() == errors
    (field,) = shown["data_schema"]
    assert (field["name"], field["required"]) == ("password", True)
    assert "description" not in field
    account.authorization.reason = None
    assert (await dialog.submit(password=PASSWORD))["step_id"] == "password_accepted"


@in_every_form
@pytest.mark.parametrize(
    ("retry_after", "minutes"), [(None, "5"), (30, "1"), (61, "2"), (3600, "60")]
)
async def test_too_many_attempts(
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
    entered: dict[str, str],
    retry_after: int | None,
    minutes: str,
) -> None:
    """Test that the dialog says for how long to wait."""
    await way(dialog, account, logged_out)
    account.authorization.reason = "rate_limit_exceeded"
    account.authorization.retry_after = retry_after
    shown = await dialog.submit(**entered)
    assert shown["errors"] == {"base": "too_many_attempts"}
    assert shown["description_placeholders"] == PLACEHOLDERS | {
        "messenger": NAMES[account.messenger],
        "minutes": minutes,
    }


@in_every_form
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (fault, "refused" if kind == "bad_response" else kind)
        for fault, kind in FAULTS_AND_ERRORS
    ],
)
async def test_failed_request(
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
    entered: dict[str, str],
    fault: Fault,
    error: str,
) -> None:
    """Test that the dialog shows why a request has failed, and does not repeat it."""
    await way(dialog, account, logged_out)
    account.requests.clear()
    account.fault = fault
    shown = await dialog.submit(**entered)
    assert shown["errors"] == {"base": error}
    assert len(called_methods(account)) == 1


@in_every_form
async def test_not_started(
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
    entered: dict[str, str],
) -> None:
    """Test that the dialog starts again if the messenger expects nothing anymore."""
    await way(dialog, account, logged_out)
    account.authorization.forget()
    account.state = "notAuthorized"
    shown = await dialog.submit(**entered)
    assert step_of(shown) == ("menu", "not_started")
    await dialog.select_option("qr_code")
    await dialog.follow()
    assert account.scan()


@in_every_form
async def test_linked_meanwhile(
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
    entered: dict[str, str],
) -> None:
    """Test that the dialog ends if the account was linked elsewhere."""
    await way(dialog, account, logged_out)
    account.state = "authorized"
    assert (await dialog.submit(**entered))["step_id"] == "linking"
    assert (await dialog.follow_to_end())["reason"] == "linked"


async def test_no_answer(dialog: Dialog, logged_out: str, account: Account) -> None:
    """Test that a password that was accepted without a response is not sent twice."""
    account.link_seconds = 0
    await async_ask_for_password(dialog, account, logged_out)
    account.acts_in_spite_of_fault = True
    account.faults["sendAuthorizationPassword"] = Fault.RESET_BEFORE_HEADERS
    shown = await dialog.submit(password=PASSWORD)
    assert shown["errors"] == {"base": "cannot_connect"}
    assert called_methods(account).count("sendAuthorizationPassword") == 1
    account.faults.clear()
    assert (await dialog.submit(password=PASSWORD))["step_id"] == "linking"
    assert (await dialog.follow_to_end())["reason"] == "linked"


# Code and password


@pytest.mark.parametrize("succeeds", [True, False])
async def test_password_after_code(
    dialog: Dialog, logged_out: str, account: Account, *, succeeds: bool
) -> None:
    """Test that the dialog asks for a password that is missing after the code."""
    account.cloud_password = PASSWORD
    account.authorization.code_alone_succeeds = succeeds
    await async_ask_for_code(dialog, account, logged_out)
    await dialog.submit(code=account.authorization.code)
    # If the code is accepted, only the state says that something is missing.
    shown = await dialog.follow() if succeeds else dialog.shown
    assert step_of(shown) == ("form", "password")
    assert shown["errors"] == {}
    await dialog.submit(password=PASSWORD)
    assert (await dialog.follow_to_end())["reason"] == "linked"


@of_telegram
async def test_code_with_password(
    dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that the password can be entered with the code, as it is."""
    account.cloud_password = f" {PASSWORD} "
    await async_ask_for_code(dialog, account, logged_out)
    code = account.authorization.code
    shown = await dialog.submit(code=code, password=PASSWORD)
    assert shown["errors"] == {"password": "invalid_password"}
    await dialog.submit(code=code, password=f" {PASSWORD} ")
    assert bodies(account, "sendAuthorizationCode")[-1] == {
        "code": code,
        "password": f" {PASSWORD} ",
    }
    assert (await dialog.follow_to_end())["reason"] == "linked"


@pytest.mark.parametrize("messenger", [Messenger.MAX])
async def test_code_of_max(dialog: Dialog, logged_out: str, account: Account) -> None:
    """Test that MAX takes no password with a code."""
    await async_ask_for_code(dialog, account, logged_out)
    assert [field["name"] for field in dialog.shown["data_schema"]] == ["code"]


@pytest.mark.parametrize("typed", ["", " ", "-"])
async def test_no_code(
    dialog: Dialog, logged_out: str, account: Account, typed: str
) -> None:
    """Test that a field that is empty leads to the other ways."""
    await async_ask_for_code(dialog, account, logged_out)
    account.requests.clear()
    shown = await dialog.submit(code=typed)
    assert step_of(shown) == ("menu", MENUS[account.messenger])
    assert not called_methods(account)


async def test_code_expires(
    freezer: FrozenDateTimeFactory, dialog: Dialog, logged_out: str, account: Account
) -> None:
    """Test that an expired code is refused, and another one can be requested."""
    await async_ask_for_code(dialog, account, logged_out)
    code = account.authorization.code
    freezer.tick(300)
    shown = await dialog.submit(code=code)
    assert shown["errors"] == {"base": "messenger_timeout"}


# What follows the code and the password


@pytest.mark.parametrize(
    ("way", "state"),
    [
        (async_enter_code, "pendingCode"),
        (async_enter_password, "pendingCode"),
        (async_enter_password, "pendingPassword"),
    ],
)
async def test_state_settles(
    dialog: Dialog, logged_out: str, account: Account, way: Way, state: str
) -> None:
    """Test that a state that lasts for a while does not bring a form back."""
    await way(dialog, account, logged_out)
    account.state = state
    await dialog.stay_open(SETTLED_AFTER - 5)
    assert dialog.shown["type"] == "progress"
    account.state = "authorized"
    assert (await dialog.follow_to_end())["reason"] == "linked"


@pytest.mark.parametrize(
    ("way", "state", "step_id", "seconds"),
    [
        (async_enter_code, "pendingCode", "confirm_code", SETTLED_AFTER),
        (async_enter_code, "pendingPassword", "password", AGREED_FOR),
        (async_enter_password, "pendingPassword", "password", SETTLED_AFTER),
    ],
)
async def test_something_is_missing(
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
    state: str,
    step_id: str,
    seconds: float,
) -> None:
    """Test that a form comes back if its answer has no effect."""
    await way(dialog, account, logged_out)
    account.state = state
    changed_at = time.monotonic()
    assert step_of(await dialog.follow()) == ("form", step_id)
    # The wait has begun up to a second before.
    passed = time.monotonic() - changed_at
    assert seconds - 1 <= passed <= seconds + 2 * LOOK_INTERVAL + 2


# The ends of a dialog


@in_every_progress
@pytest.mark.parametrize(
    ("state", "reason"),
    [("blocked", "blocked"), ("sleepMode", "asleep"), (None, None)],
)
async def test_state_changes(
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
    state: str | None,
    reason: str | None,
) -> None:
    """Test that the dialog shows what has become of the account."""
    await way(dialog, account, logged_out)
    account.faults["qr"] = Fault.HANG
    account.state = state
    shown = await dialog.follow()
    assert shown.get("reason") == reason
    assert shown.get("progress_action") == (None if reason else "start_instance")


@in_every_progress
@pytest.mark.parametrize("restriction", ["suspended", "yellowCard"])
async def test_restricted(
    dialog: Dialog, logged_out: str, account: Account, way: Way, restriction: str
) -> None:
    """Test that an account that is restricted is linked, but not said to work."""
    await way(dialog, account, logged_out)
    account.state = restriction
    assert (await dialog.follow_to_end())["reason"] == "restricted"


@in_every_progress
async def test_close(
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
) -> None:
    """Test that a closed dialog stops its requests at once."""
    await way(dialog, account, logged_out)
    await dialog.close()
    await async_advance_slowly(freezer, 1)
    account.requests.clear()
    await async_advance_slowly(freezer, 30)
    assert not called_methods(account)


@in_every_progress
async def test_page_closed(
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
) -> None:
    """Test that a dialog whose page is closed stops its requests within seconds."""
    await way(dialog, account, logged_out)
    await async_advance_slowly(freezer, FETCHED_WITHIN)
    account.requests.clear()
    await async_advance_slowly(freezer, QR_TIMEOUT)
    assert "qr" not in called_methods(account)
    # The regular poll of the account.
    assert called_methods(account).count("getStateInstance") <= QR_TIMEOUT // 60 + 1


@at_every_end
@in_every_progress
async def test_entry_removed(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    way: Way,
    end: End,
) -> None:
    """Test that a dialog without its config entry aborts."""
    await way(dialog, account, logged_out)
    await end(hass, loaded_entry)
    assert reason_of_abort(await dialog.follow()) == "removed"


@at_every_end
@in_every_form
async def test_entry_removed_before_entering(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    way: Way,
    entered: dict[str, str],
    end: End,
) -> None:
    """Test that nothing is sent without a config entry."""
    await way(dialog, account, logged_out)
    await end(hass, loaded_entry)
    account.requests.clear()
    assert reason_of_abort(await dialog.submit(**entered)) == "removed"
    assert not called_methods(account)


@at_every_end
@in_every_form
async def test_entry_removed_while_sending(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    way: Way,
    entered: dict[str, str],
    end: End,
) -> None:
    """Test that a request with a code or a password ends with the config entry."""
    await way(dialog, account, logged_out)
    account.requests.clear()
    account.fault = Fault.HANG
    submitting = asyncio.create_task(dialog.submit(**entered))
    await async_wait_until(lambda: bool(account.requests))
    await end(hass, loaded_entry)
    assert reason_of_abort(await submitting) == "removed"


@in_every_progress
async def test_entry_reloaded(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    way: Way,
) -> None:
    """Test that a dialog survives a reload of the config entry."""
    await way(dialog, account, logged_out)
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    account.state = "authorized"
    assert (await dialog.follow_to_end())["reason"] == "linked"
    assert state_of(hass, STATE) == "authorized"


@in_every_form
async def test_form_outlives_a_reload(
    hass: HomeAssistant,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    way: Way,
    entered: dict[str, str],
) -> None:
    """Test that a form can be submitted after a reload of the config entry."""
    await way(dialog, account, logged_out)
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    account.authorization.reason = "invalid_phone_number"
    shown = await dialog.submit(**entered)
    assert shown["errors"] == {"base": "no_messenger_account"}


@in_every_progress
async def test_hanging_server(
    dialog: Dialog, logged_out: str, account: Account, way: Way
) -> None:
    """Test that a dialog ends even if the server does not respond anymore."""
    await way(dialog, account, logged_out)
    began_at = time.monotonic()
    account.fault = Fault.HANG
    shown = await dialog.follow_to_end()
    assert shown.get("reason") in {None, "cannot_connect"}
    assert time.monotonic() - began_at < max(QR_TIMEOUT, LINKED_TIMEOUT) + 10


@in_every_form
async def test_one_dialog_at_a_time(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    client: Any,
    dialog: Dialog,
    logged_out: str,
    account: Account,
    way: Way,
    entered: dict[str, str],
) -> None:
    """Test that sending a code or a password ends the QR codes of other dialogs."""
    await async_scan(dialog, account, logged_out)
    other = Dialog(hass, freezer, client)
    await way(other, account, logged_out)
    await other.submit(**entered)
    shown = await dialog.follow()
    assert reason_of_abort(shown) == "continued_elsewhere"


# Secrets


def secrets_in(*places: object) -> list[str]:
    """Return the secrets that are in some places."""
    text = " ".join(map(str, places))
    return [secret for secret in (PASSWORD, "horse battery") if secret in text]


WRONG_CODES: Final = {
    Messenger.TELEGRAM: {"code": "12345", "password": PASSWORD},
    Messenger.MAX: {"code": "12345"},
}


@pytest.mark.parametrize("fault", LEAKY)
async def test_secrets(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    logged_out: str,
    loaded_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    """Test that neither the password nor the token is anywhere but in requests."""
    caplog.set_level("DEBUG")
    events = async_capture_events(hass, MATCH_ALL)
    await async_ask_for_password(dialog, account, logged_out)
    account.faults["sendAuthorizationPassword"] = fault
    assert (await dialog.submit(password=PASSWORD))["errors"]
    account.faults.clear()
    account.authorization.reason = "invalid_password"
    assert (await dialog.submit(password=PASSWORD))["errors"]
    account.state = "pendingCode"
    account.authorization.reason = "timeout"
    await dialog.open(logged_out)
    assert (await dialog.submit(**WRONG_CODES[account.messenger]))["errors"]
    account.authorization.reason = None
    account.state = "pendingPassword"
    await dialog.open(logged_out)
    await dialog.submit(password=PASSWORD)
    assert (await dialog.follow_to_end())["reason"] == "linked"
    await async_advance_slowly(freezer, 60)
    assert bodies(account, "sendAuthorizationPassword")[-1] == {"password": PASSWORD}

    diagnostics = await async_get_config_entry_diagnostics(hass, loaded_entry)
    places = (
        dialog.all_shown,
        hass.states.async_all(),
        ir.async_get(hass).issues,
        events,
        diagnostics,
        loaded_entry.runtime_data.coordinator.data,
    )
    assert not secrets_in(*places, hass_storage, loaded_entry.as_dict(), caplog.text)
    assert not secrets_in(*(vars(record) for record in caplog.records))
    assert_hidden(account.token, caplog, *places)


def test_refusal_has_no_details() -> None:
    """Test that a refusal is its kind alone."""
    error = RefusedError(AuthorizationKind.INVALID_PASSWORD)
    assert error.args == ("invalid_password",)
