"""Test that linking works the same way from every dialog that offers it."""

from collections.abc import Awaitable, Callable
from itertools import pairwise
import math
import time
from typing import Any, Final

from aiohttp.hdrs import USER_AGENT
from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.green_api.const import DOMAIN, QR_LIFE
from custom_components.green_api.dialogs.linking.open_dialog import FETCHED_WITHIN
from custom_components.green_api.dialogs.linking.waits import (
    CODE_LIFE,
    LINKED_TIMEOUT,
    LOG_OUT_TIMEOUT,
    PASSKEY_TIMEOUT,
    QR_INTERVAL,
    QR_TIMEOUT,
    START_TIMEOUT,
    WAITS,
)
from homeassistant.components.config import DOMAIN as CONFIG_DOMAIN
from homeassistant.components.repairs import DOMAIN as REPAIRS_DOMAIN
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from tests.simulator import Account, Fault, Messenger
from tests.support.dialog import (
    NAME,
    PHONE,
    PLACEHOLDERS,
    Dialog,
    FlowResponse,
    action_of,
    async_advance_slowly,
    async_disable,
    step_of,
)
from tests.support.halves import half_of
from tests.support.helpers import async_advance, called_methods, issue_ids
from tests.support.secrecy import assert_hidden

pytestmark = pytest.mark.long(45)


@pytest.fixture
async def client(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> TestClient[Any, Any]:
    """Return a client of Home Assistant's HTTP API, without any account yet."""
    for domain in (CONFIG_DOMAIN, REPAIRS_DOMAIN):
        assert await async_setup_component(hass, domain, {})
    client: TestClient[Any, Any] = await hass_client()
    return client


class LinkingSetup:
    """A Home Assistant in which an account can be linked from several dialogs."""

    def __init__(
        self,
        hass: HomeAssistant,
        freezer: FrozenDateTimeFactory,
        dialog: Dialog,
        account: Account,
        entry: MockConfigEntry,
    ) -> None:
        """Initialize the environment."""
        self.hass = hass
        self.freezer = freezer
        self.dialog = dialog
        self.account = account
        self._entry = entry

    @property
    def entry(self) -> ConfigEntry:
        """Return the only config entry."""
        (entry,) = self.hass.config_entries.async_entries(DOMAIN)
        return entry

    async def load_account(self) -> None:
        """Set up the account, which has been logged out for some minutes."""
        self._entry.add_to_hass(self.hass)
        await self.hass.config_entries.async_setup(self._entry.entry_id)
        await self.hass.async_block_till_done(wait_background_tasks=True)
        for _ in range(2):
            await async_advance(self.hass, self.freezer)

    async def open_repair(self) -> FlowResponse:
        """Open the repair flow."""
        await self.load_account()
        return await self.dialog.open(f"{self._entry.entry_id}_logged_out")

    async def add_account(self) -> FlowResponse:
        """Enter the three values of the account."""
        await self.dialog.add()
        return await self.dialog.submit(**self._entry.data)

    async def add_and_continue(self) -> FlowResponse:
        """Add the account, and continue with the dialog that follows."""
        shown = await self.add_account()
        assert shown["type"] == "create_entry"
        assert self.entry.state is ConfigEntryState.LOADED
        return await self.dialog.continue_with_next_flow()

    async def open_reconfigure(self) -> FlowResponse:
        """Select linking the account again."""
        await self.load_account()
        await self.dialog.reconfigure(self._entry.entry_id)
        return await self.dialog.select_option("link_again")


@pytest.fixture
def messenger() -> Messenger:
    """Return the messenger of the account."""
    return Messenger.WHATSAPP


@pytest.fixture
def setup(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    account: Account,
    config_entry: MockConfigEntry,
    messenger: Messenger,
) -> LinkingSetup:
    """Return a Home Assistant with an account that is not linked."""
    account.state = "notAuthorized"
    account.messenger = messenger
    return LinkingSetup(hass, freezer, dialog, account, config_entry)


type OpenDialog = Callable[[LinkingSetup], Awaitable[FlowResponse]]

# How a dialog that links an account is opened, and how it ends after linking.
DIALOGS: Final = {
    "repair": (LinkingSetup.open_repair, ("abort", "linked")),
    "set-up": (LinkingSetup.add_and_continue, ("abort", "linked")),
    "reconfigure": (LinkingSetup.open_reconfigure, ("abort", "linked")),
}
from_every_dialog: Final = pytest.mark.parametrize(
    ("open_dialog", "end"), DIALOGS.values(), ids=DIALOGS
)

# The first step of each messenger, and the ways that it offers.
MENUS: Final = {
    Messenger.WHATSAPP: ("ways", ["qr_code", "phone_number"]),
    Messenger.TELEGRAM: ("ways", ["qr_code", "sent_code"]),
    Messenger.MAX: ("max_ways", ["qr_code"]),
}
NAMES: Final = {
    Messenger.WHATSAPP: "WhatsApp",
    Messenger.TELEGRAM: "Telegram",
    Messenger.MAX: "MAX",
}
of_every_messenger: Final = pytest.mark.parametrize("messenger", Messenger)
of_every_messenger_from_every_dialog: Final = pytest.mark.parametrize(
    ("messenger", "open_dialog", "end"),
    [(messenger, *DIALOGS[it]) for messenger, it in half_of(Messenger, DIALOGS)],
)
SCAN: Final = {
    Messenger.WHATSAPP: "scan_qr_code",
    Messenger.TELEGRAM: "scan_qr_code_telegram",
    Messenger.MAX: "scan_qr_code_max",
}

type End = tuple[str, str | None]


def end_of(shown: FlowResponse) -> End:
    """Return how a dialog has ended."""
    return shown["type"], shown.get("reason")


async def async_scan(dialog: Dialog) -> None:
    """Follow the dialog to the QR code."""
    await dialog.select_option("qr_code")
    assert action_of(await dialog.follow()) in SCAN.values()


@of_every_messenger_from_every_dialog
async def test_menu(
    setup: LinkingSetup, messenger: Messenger, open_dialog: OpenDialog, end: End
) -> None:
    """Test that every dialog offers the same methods, and what else it allows."""
    step_id, ways = MENUS[messenger]
    shown = await open_dialog(setup)
    assert step_of(shown) == ("menu", step_id)
    others = {
        LinkingSetup.add_and_continue: ["later"],
        LinkingSetup.open_reconfigure: [],
        LinkingSetup.open_repair: ["reboot"],
    }
    assert shown["menu_options"] == [*ways, *others[open_dialog]]
    assert shown["description_placeholders"] == PLACEHOLDERS | {
        "messenger": NAMES[messenger]
    }


# User agents of phones, and of a computer.
PHONES: Final = {
    "chrome": (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
        " Chrome/142.0.0.0 Mobile Safari/537.36"
    ),
    "companion-app": (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15"
        " (KHTML, like Gecko) Mobile/15E148 Home Assistant/2026.11.0"
    ),
    "firefox": ("Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0"),
}
COMPUTER: Final = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/142.0.0.0 Safari/537.36"
)
CODE_FIRST: Final = {
    Messenger.WHATSAPP: ["phone_number", "qr_code"],
    Messenger.TELEGRAM: ["sent_code", "qr_code"],
    Messenger.MAX: ["qr_code"],
}


def ways_of(shown: FlowResponse) -> list[str]:
    """Return the ways that a menu offers to link the account."""
    ways: list[str] = shown["menu_options"]
    return [way for way in ways if way not in {"later", "reboot"}]


@pytest.mark.parametrize("user_agent", PHONES.values(), ids=PHONES)
@of_every_messenger_from_every_dialog
async def test_menu_on_phone(
    setup: LinkingSetup,
    messenger: Messenger,
    user_agent: str,
    open_dialog: OpenDialog,
    end: End,
) -> None:
    """Test that a phone, which can't scan its own screen, is offered the code first."""
    setup.dialog.headers = {USER_AGENT: user_agent}
    assert ways_of(await open_dialog(setup)) == CODE_FIRST[messenger]


@from_every_dialog
async def test_menu_on_computer(
    setup: LinkingSetup, open_dialog: OpenDialog, end: End
) -> None:
    """Test that a computer is offered the QR code first, even after a phone."""
    setup.dialog.headers = {USER_AGENT: PHONES["chrome"]}
    await open_dialog(setup)
    setup.dialog.headers = {USER_AGENT: COMPUTER}
    assert ways_of(await setup.dialog.refresh()) == ["qr_code", "phone_number"]


@from_every_dialog
async def test_menu_on_phone_after_progress(
    setup: LinkingSetup, open_dialog: OpenDialog, end: End
) -> None:
    """Test that the code is still first in a menu that follows a wait."""
    setup.dialog.headers = {USER_AGENT: PHONES["chrome"]}
    await open_dialog(setup)
    await setup.dialog.select_option("qr_code")
    shown = await setup.dialog.follow_to_end()
    assert step_of(shown) == ("menu", "qr_timeout")
    assert ways_of(shown) == ["phone_number", "qr_code"]
    await setup.dialog.select_option("phone_number")
    await setup.dialog.submit(phone_number=PHONE)
    shown = await setup.dialog.follow_to_end()
    assert step_of(shown) == ("menu", "code_timeout")
    assert ways_of(shown) == ["phone_number", "qr_code"]


async def test_menu_on_phone_after_start(setup: LinkingSetup) -> None:
    """Test that the code is first in a menu that follows the start of an instance."""
    setup.dialog.headers = {USER_AGENT: PHONES["chrome"]}
    setup.account.create()
    assert (await setup.add_and_continue())["type"] == "progress"
    assert ways_of(await setup.dialog.follow()) == ["phone_number", "qr_code"]


@pytest.mark.parametrize("messenger", [Messenger.MAX])
async def test_menu_on_phone_without_qr_code(setup: LinkingSetup) -> None:
    """Test that the code is also first where it is offered for want of a QR code."""
    setup.dialog.headers = {USER_AGENT: PHONES["chrome"]}
    await setup.open_repair()
    setup.account.qr_type = "error"
    await setup.dialog.select_option("qr_code")
    assert ways_of(await setup.dialog.follow()) == ["sent_code", "qr_code"]


async def test_menu_without_request(setup: LinkingSetup) -> None:
    """Test that the QR code is first if nothing tells that there is a phone."""
    await setup.load_account()
    flows = setup.hass.config_entries.flow
    menu = await flows.async_init(
        DOMAIN,
        context={"source": SOURCE_RECONFIGURE, "entry_id": setup.entry.entry_id},
    )
    shown = await flows.async_configure(menu["flow_id"], {"next_step_id": "link_again"})
    assert shown["menu_options"] == ["qr_code", "phone_number"]


@of_every_messenger_from_every_dialog
async def test_qr_code(setup: LinkingSetup, open_dialog: OpenDialog, end: End) -> None:
    """Test that the dialog closes after the QR code was scanned."""
    await open_dialog(setup)
    await async_scan(setup.dialog)
    assert setup.account.scan()
    assert end_of(await setup.dialog.follow_to_end()) == end
    assert setup.entry.runtime_data.coordinator.data.state.raw == "authorized"
    assert not issue_ids(setup.hass)


@from_every_dialog
async def test_code(setup: LinkingSetup, open_dialog: OpenDialog, end: End) -> None:
    """Test that the dialog closes after the code was entered on the phone."""
    await open_dialog(setup)
    await setup.dialog.select_option("phone_number")
    shown = await setup.dialog.submit(phone_number=PHONE)
    assert setup.account.enter_code(shown["description_placeholders"]["code"])
    assert end_of(await setup.dialog.follow_to_end()) == end


@from_every_dialog
async def test_timeout(setup: LinkingSetup, open_dialog: OpenDialog, end: End) -> None:
    """Test that the dialog can be continued after QR code and code have expired."""
    await open_dialog(setup)
    await setup.dialog.select_option("qr_code")
    shown = await setup.dialog.follow_to_end()
    assert shown["step_id"] == "qr_timeout"
    await setup.dialog.select_option("phone_number")
    await setup.dialog.submit(phone_number=PHONE)
    assert (await setup.dialog.follow_to_end())["step_id"] == "code_timeout"
    await async_scan(setup.dialog)
    assert setup.account.scan()
    assert end_of(await setup.dialog.follow_to_end()) == end


@of_every_messenger_from_every_dialog
async def test_close(setup: LinkingSetup, open_dialog: OpenDialog, end: End) -> None:
    """Test that a closed dialog stops its requests, and the account stays."""
    await open_dialog(setup)
    await async_scan(setup.dialog)
    await setup.dialog.close()
    setup.account.requests.clear()
    await async_advance_slowly(setup.freezer, 30)
    assert called_methods(setup.account) == []
    assert setup.entry.state is ConfigEntryState.LOADED


@of_every_messenger_from_every_dialog
async def test_page_closed(
    setup: LinkingSetup, open_dialog: OpenDialog, end: End
) -> None:
    """Test that a dialog whose page is closed stops its requests within seconds."""
    await open_dialog(setup)
    await async_scan(setup.dialog)
    await async_advance_slowly(setup.freezer, FETCHED_WITHIN)
    setup.account.requests.clear()
    await async_advance_slowly(setup.freezer, QR_TIMEOUT)
    # The regular poll of the account.
    assert called_methods(setup.account) == ["getStateInstance"] * (QR_TIMEOUT // 60)
    assert setup.entry.state is ConfigEntryState.LOADED


@of_every_messenger_from_every_dialog
async def test_reload(setup: LinkingSetup, open_dialog: OpenDialog, end: End) -> None:
    """Test that a dialog survives a reload of the account."""
    await open_dialog(setup)
    await async_scan(setup.dialog)
    await setup.hass.config_entries.async_reload(setup.entry.entry_id)
    await setup.dialog.follow()
    assert setup.account.scan()
    assert end_of(await setup.dialog.follow_to_end()) == end


@of_every_messenger_from_every_dialog
async def test_remove(setup: LinkingSetup, open_dialog: OpenDialog, end: End) -> None:
    """Test that a dialog aborts with a reason if its account is removed."""
    await open_dialog(setup)
    await async_scan(setup.dialog)
    await setup.hass.config_entries.async_remove(setup.entry.entry_id)
    assert end_of(await setup.dialog.follow()) == ("abort", "removed")


@of_every_messenger_from_every_dialog
async def test_slow_qr_codes(
    setup: LinkingSetup, open_dialog: OpenDialog, end: End
) -> None:
    """Test that every dialog waits for a QR code that takes 40 seconds."""
    await open_dialog(setup)
    setup.account.delays = {"qr": 40}
    await async_scan(setup.dialog)
    assert setup.account.scan()
    assert end_of(await setup.dialog.follow_to_end()) == end


@of_every_messenger_from_every_dialog
async def test_blocked_meanwhile(
    setup: LinkingSetup, open_dialog: OpenDialog, end: End
) -> None:
    """Test that every dialog shows what has happened to the account."""
    await open_dialog(setup)
    await async_scan(setup.dialog)
    setup.account.state = "blocked"
    assert end_of(await setup.dialog.follow_to_end()) == ("abort", "blocked")


@of_every_messenger_from_every_dialog
async def test_rate_limited(
    setup: LinkingSetup, messenger: Messenger, open_dialog: OpenDialog, end: End
) -> None:
    """Test that a dialog shows how long the server asks to wait."""
    setup.account.retry_after = 180
    await open_dialog(setup)
    setup.account.faults["qr"] = Fault.RATE_LIMITED_RETRY_AFTER
    await setup.dialog.select_option("qr_code")
    shown = await setup.dialog.follow()
    assert end_of(shown) == ("abort", "rate_limited")
    assert shown["description_placeholders"] == PLACEHOLDERS | {
        "messenger": NAMES[messenger],
        "minutes": "3",
    }


@from_every_dialog
async def test_passkey(setup: LinkingSetup, open_dialog: OpenDialog, end: End) -> None:
    """Test that a dialog waits for an account that is linked in the console."""
    await open_dialog(setup)
    setup.account.passkey = True
    await setup.dialog.select_option("qr_code")
    shown = await setup.dialog.follow()
    assert step_of(shown) == ("menu", "use_passkey")
    assert shown["menu_options"][:2] == ["qr_code", "phone_number"]
    assert shown["description_placeholders"] == PLACEHOLDERS
    setup.account.requests.clear()
    await setup.dialog.stay_open(60)
    assert "qr" not in called_methods(setup.account)
    setup.account.state = "authorized"
    assert end_of(await setup.dialog.follow_to_end()) == end


async def async_open_passkey(setup: LinkingSetup, open_dialog: OpenDialog) -> None:
    """Wait for a passkey, which is not required any longer."""
    await open_dialog(setup)
    setup.account.passkey = True
    await setup.dialog.select_option("qr_code")
    assert step_of(await setup.dialog.follow()) == ("menu", "use_passkey")
    setup.account.passkey = False


async def test_order_beside_passkey(setup: LinkingSetup) -> None:
    """Test that a phone is offered the code first beside a passkey as well."""
    setup.dialog.headers = {USER_AGENT: PHONES["chrome"]}
    await async_open_passkey(setup, LinkingSetup.open_repair)
    assert ways_of(setup.dialog.shown) == ["phone_number", "qr_code"]


@from_every_dialog
async def test_qr_code_after_passkey(
    setup: LinkingSetup, open_dialog: OpenDialog, end: End
) -> None:
    """Test that an account that needs no passkey is linked with a QR code after all."""
    await async_open_passkey(setup, open_dialog)
    await async_scan(setup.dialog)
    assert setup.account.scan()
    assert end_of(await setup.dialog.follow_to_end()) == end


@from_every_dialog
async def test_code_after_passkey(
    setup: LinkingSetup, open_dialog: OpenDialog, end: End
) -> None:
    """Test that an account that needs no passkey is linked with a code after all."""
    await async_open_passkey(setup, open_dialog)
    await setup.dialog.select_option("phone_number")
    shown = await setup.dialog.submit(phone_number=PHONE)
    assert setup.account.enter_code(shown["description_placeholders"]["code"])
    assert end_of(await setup.dialog.follow_to_end()) == end


PASSWORD: Final = "correct horse battery"
of_messengers_with_password: Final = pytest.mark.parametrize(
    "messenger", [Messenger.TELEGRAM, Messenger.MAX]
)


@of_messengers_with_password
@from_every_dialog
async def test_password(
    setup: LinkingSetup, messenger: Messenger, open_dialog: OpenDialog, end: End
) -> None:
    """Test that a dialog asks for the account's own password after the scan."""
    setup.account.cloud_password = PASSWORD
    await open_dialog(setup)
    await async_scan(setup.dialog)
    assert setup.account.scan()
    shown = await setup.dialog.follow_to_end()
    assert step_of(shown) == ("form", "password")
    assert shown["description_placeholders"] == PLACEHOLDERS | {
        "messenger": NAMES[messenger]
    }
    assert (await setup.dialog.submit(password=PASSWORD))["type"] == "progress"
    assert end_of(await setup.dialog.follow_to_end()) == end
    assert setup.entry.runtime_data.coordinator.data.state.raw == "authorized"
    assert not issue_ids(setup.hass)


@of_messengers_with_password
@from_every_dialog
async def test_password_of_another_dialog(
    setup: LinkingSetup, open_dialog: OpenDialog, end: End
) -> None:
    """Test that every dialog begins with the password that is missing."""
    setup.account.cloud_password = PASSWORD
    setup.account.state = "pendingPassword"
    assert step_of(await open_dialog(setup)) == ("form", "password")
    await setup.dialog.submit(password=PASSWORD)
    assert end_of(await setup.dialog.follow_to_end()) == end


@of_messengers_with_password
@from_every_dialog
async def test_code_of_another_dialog(
    setup: LinkingSetup, open_dialog: OpenDialog, end: End
) -> None:
    """Test that every dialog begins with the code that was sent before."""
    setup.account.authorization.send_code(447700900123)
    setup.account.state = "pendingCode"
    assert step_of(await open_dialog(setup)) == ("form", "confirm_code")
    await setup.dialog.submit(code=setup.account.authorization.code)
    assert end_of(await setup.dialog.follow_to_end()) == end
    assert setup.account.phone == "447700900123"


@pytest.mark.parametrize("messenger", [Messenger.TELEGRAM])
@from_every_dialog
async def test_sent_code(
    setup: LinkingSetup, open_dialog: OpenDialog, end: End
) -> None:
    """Test that an account of Telegram is linked with the code that was sent to it."""
    await open_dialog(setup)
    shown = await setup.dialog.select_option("sent_code")
    assert step_of(shown) == ("form", "sent_code")
    shown = await setup.dialog.submit(phone_number=PHONE)
    assert step_of(shown) == ("form", "confirm_code")
    await setup.dialog.submit(code=setup.account.authorization.code)
    assert end_of(await setup.dialog.follow_to_end()) == end


@pytest.mark.parametrize("messenger", [Messenger.MAX])
@from_every_dialog
async def test_qr_refused(
    setup: LinkingSetup, open_dialog: OpenDialog, end: End
) -> None:
    """Test that codes of MAX are only offered if there is no QR code."""
    await open_dialog(setup)
    setup.account.qr_type = "error"
    await setup.dialog.select_option("qr_code")
    shown = await setup.dialog.follow()
    assert step_of(shown) == ("menu", "qr_refused")
    assert shown["menu_options"][:2] == ["qr_code", "sent_code"]
    await setup.dialog.select_option("sent_code")
    await setup.dialog.submit(phone_number=PHONE)
    await setup.dialog.submit(code=setup.account.authorization.code)
    assert end_of(await setup.dialog.follow_to_end()) == end


@of_every_messenger_from_every_dialog
async def test_already_linked(
    setup: LinkingSetup, open_dialog: OpenDialog, end: End
) -> None:
    """Test that an account that was linked meanwhile needs no QR code."""
    await open_dialog(setup)
    setup.account.state = "authorized"
    await setup.dialog.select_option("qr_code")
    assert end_of(await setup.dialog.follow_to_end()) == end


@of_every_messenger_from_every_dialog
async def test_server_down_for_a_minute(
    setup: LinkingSetup, open_dialog: OpenDialog, end: End
) -> None:
    """Test that a dialog waits for a server that is down for a minute."""
    await open_dialog(setup)
    await async_scan(setup.dialog)
    setup.account.fault = Fault.BAD_GATEWAY
    assert (await setup.dialog.follow())["progress_action"] == "wait_for_server"
    await setup.dialog.stay_open(60)
    setup.account.fault = None
    assert action_of(await setup.dialog.follow()) in SCAN.values()
    assert setup.account.scan()
    assert end_of(await setup.dialog.follow_to_end()) == end


@of_every_messenger_from_every_dialog
async def test_qr_code_refreshed(
    setup: LinkingSetup, open_dialog: OpenDialog, end: End
) -> None:
    """Test that QR codes are renewed before they expire, with no extra requests."""
    await open_dialog(setup)
    await async_scan(setup.dialog)
    setup.account.requests.clear()
    await setup.dialog.stay_open(60)
    asked_at = [it.at for it in setup.account.requests if it.method == "qr"]
    waited = [late - early for early, late in pairwise(asked_at)]
    assert len(waited) > 60 / QR_LIFE
    assert min(waited) >= QR_INTERVAL
    assert max(waited) < QR_LIFE / 2


@of_every_messenger_from_every_dialog
async def test_token_hidden(
    setup: LinkingSetup,
    open_dialog: OpenDialog,
    end: End,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that no dialog reveals the token."""
    caplog.set_level("DEBUG")
    await open_dialog(setup)
    await async_scan(setup.dialog)
    assert setup.account.scan()
    await setup.dialog.follow_to_end()
    assert_hidden(setup.account.token, caplog, setup.dialog.all_shown)


# After the setup


@pytest.mark.parametrize(
    ("messenger", "name"),
    [
        (Messenger.WHATSAPP, "WhatsApp"),
        (Messenger.TELEGRAM, "Telegram"),
        (Messenger.MAX, "MAX"),
    ],
)
async def test_authorized(setup: LinkingSetup, messenger: Messenger, name: str) -> None:
    """Test that adding an account that works says so."""
    setup.account.state = "authorized"
    setup.account.messenger = messenger
    shown = await setup.add_account()
    assert shown["type"] == "create_entry"
    assert "next_flow" not in shown
    assert shown["description_placeholders"] == {"messenger": name}


async def test_authorized_without_settings(setup: LinkingSetup) -> None:
    """Test that an account is added even if its settings cannot be loaded."""
    setup.account.state = "authorized"
    setup.account.faults["getSettings"] = Fault.BAD_GATEWAY
    shown = await setup.add_account()
    assert shown["description_placeholders"] == {"messenger": "WhatsApp"}


async def test_added_first(setup: LinkingSetup) -> None:
    """Test that the account is added before the next dialog is opened."""
    await setup.add_account()
    setup.account.requests.clear()
    await async_advance_slowly(setup.freezer, 30)
    assert setup.entry.state is ConfigEntryState.LOADED
    assert "qr" not in called_methods(setup.account)


async def test_postponed(setup: LinkingSetup) -> None:
    """Test that a postponed dialog says where to continue, and that works."""
    await setup.add_and_continue()
    shown = await setup.dialog.select_option("later")
    assert end_of(shown) == ("abort", "later")
    assert shown["description_placeholders"] == PLACEHOLDERS
    for _ in range(2):
        await async_advance(setup.hass, setup.freezer)
    assert issue_ids(setup.hass) == {f"{setup.entry.entry_id}_logged_out"}


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("blocked", "blocked"),
        ("pendingPassword", "password_required"),
        ("sleepMode", "asleep"),
        ("suspended", "restricted"),
        ("yellowCard", "restricted"),
    ],
)
async def test_cannot_be_linked(setup: LinkingSetup, state: str, reason: str) -> None:
    """Test that the problem of an account that cannot be linked is shown."""
    setup.account.state = state
    shown = await setup.add_and_continue()
    assert end_of(shown) == ("abort", reason)
    assert shown["description_placeholders"] == PLACEHOLDERS


async def test_unknown_state(setup: LinkingSetup) -> None:
    """Test that linking is offered in an unknown state."""
    setup.account.state = "hibernating"
    assert (await setup.add_and_continue())["step_id"] == "ways"


async def test_being_created(setup: LinkingSetup) -> None:
    """Test that an instance that is being created is linked once it is ready."""
    setup.account.create()
    shown = await setup.add_and_continue()
    assert shown["type"] == "progress"
    assert shown["progress_action"] == "start_instance"
    assert (await setup.dialog.follow())["step_id"] == "ways"


async def test_starting(setup: LinkingSetup) -> None:
    """Test that an instance that starts is waited for, and may be linked already."""
    setup.account.state = "authorized"
    setup.account.reboot()
    assert (await setup.add_and_continue())["progress_action"] == "start_instance"
    assert end_of(await setup.dialog.follow()) == ("abort", "linked")


async def test_starting_timeout(setup: LinkingSetup) -> None:
    """Test that the wait for an instance is limited."""
    setup.account.state = "starting"
    await setup.add_and_continue()
    await setup.dialog.stay_open(START_TIMEOUT - 10)
    assert setup.dialog.shown["progress_action"] == "start_instance"
    shown = await setup.dialog.follow_to_end()
    assert end_of(shown) == ("abort", "still_starting")


async def test_server_fails_after_setup(setup: LinkingSetup) -> None:
    """Test that a failure right after the setup is shown."""
    await setup.add_account()
    setup.account.fault = Fault.BAD_GATEWAY
    assert end_of(await setup.dialog.continue_with_next_flow()) == (
        "abort",
        "cannot_connect",
    )
    assert setup.entry.state is ConfigEntryState.LOADED


async def test_reloading_after_setup(setup: LinkingSetup) -> None:
    """Test that an account that is not loaded at the moment can be linked."""
    await setup.add_account()
    await setup.hass.config_entries.async_unload(setup.entry.entry_id)
    assert (await setup.dialog.continue_with_next_flow())["step_id"] == "ways"


async def test_disabled_after_setup(setup: LinkingSetup) -> None:
    """Test that an account that is disabled before the next dialog cannot be linked."""
    await setup.add_account()
    await async_disable(setup.hass, setup.entry)
    assert end_of(await setup.dialog.continue_with_next_flow()) == ("abort", "removed")


async def test_removed_after_setup(setup: LinkingSetup) -> None:
    """Test that an account that is removed before the next dialog cannot be linked."""
    await setup.add_account()
    await setup.hass.config_entries.async_remove(setup.entry.entry_id)
    shown = await setup.dialog.continue_with_next_flow()
    assert end_of(shown) == ("abort", "removed")


# In the reconfigure flow


async def test_choice(setup: LinkingSetup) -> None:
    """Test that the reconfigure flow offers to link an account that is logged out."""
    await setup.load_account()
    shown = await setup.dialog.reconfigure(setup.entry.entry_id)
    assert step_of(shown) == ("menu", "reconfigure")
    assert shown["menu_options"] == ["address", "link_again"]
    assert shown["description_placeholders"] == {"name": NAME}


@pytest.mark.parametrize("state", ["blocked", "sleepMode", "suspended"])
async def test_no_choice_in_a_state(setup: LinkingSetup, state: str) -> None:
    """Test that there is no choice if there is nothing to link."""
    setup.account.state = state
    await setup.load_account()
    shown = await setup.dialog.reconfigure(setup.entry.entry_id)
    assert shown["step_id"] == "address"


@of_every_messenger
async def test_choice_of_every_messenger(setup: LinkingSetup) -> None:
    """Test that linking every messenger is offered in the reconfigure flow."""
    await setup.load_account()
    shown = await setup.dialog.reconfigure(setup.entry.entry_id)
    assert shown["menu_options"] == ["address", "link_again"]


@of_messengers_with_password
@pytest.mark.parametrize("state", ["pendingCode", "pendingPassword"])
async def test_choice_while_something_is_missing(
    setup: LinkingSetup, state: str
) -> None:
    """Test that an account that waits for a code or a password can be linked."""
    setup.account.state = state
    await setup.load_account()
    shown = await setup.dialog.reconfigure(setup.entry.entry_id)
    assert shown["menu_options"] == ["address", "link_again"]


@pytest.mark.parametrize("fault", [Fault.FORBIDDEN_HTML, Fault.BAD_GATEWAY])
async def test_no_choice_without_response(setup: LinkingSetup, fault: Fault) -> None:
    """Test that without any response only the address can be changed."""
    setup.account.fault = fault
    await setup.load_account()
    shown = await setup.dialog.reconfigure(setup.entry.entry_id)
    assert shown["step_id"] == "address"


@pytest.mark.parametrize(
    ("fault", "step_id"),
    [
        (Fault.BAD_GATEWAY, "reconfigure"),
        (Fault.RATE_LIMITED, "reconfigure"),
        (Fault.EXPIRED_TEXT, "address"),
        (Fault.FORBIDDEN_HTML, "address"),
        (Fault.UNAUTHORIZED, "address"),
    ],
)
async def test_choice_after_a_failure(
    setup: LinkingSetup, fault: Fault, step_id: str
) -> None:
    """Test that a failure that may be temporary keeps the choice."""
    await setup.load_account()
    setup.account.fault = fault
    await async_advance(setup.hass, setup.freezer)
    shown = await setup.dialog.reconfigure(setup.entry.entry_id)
    assert shown["step_id"] == step_id


async def test_no_choice_when_not_loaded(setup: LinkingSetup) -> None:
    """Test that linking is not offered for an account that is not loaded."""
    await setup.load_account()
    await setup.hass.config_entries.async_unload(setup.entry.entry_id)
    shown = await setup.dialog.reconfigure(setup.entry.entry_id)
    assert shown["step_id"] == "address"


LOG_OUT: Final = {
    Messenger.WHATSAPP: "log_out",
    Messenger.TELEGRAM: "log_out_telegram",
    Messenger.MAX: "log_out_max",
}


@of_every_messenger
async def test_another_phone(setup: LinkingSetup, messenger: Messenger) -> None:
    """Test that a linked account moves to another phone after it was logged out."""
    setup.account.state = "authorized"
    shown = await setup.open_reconfigure()
    assert step_of(shown) == ("progress", "log_out")
    assert shown["progress_action"] == LOG_OUT[messenger]
    await setup.dialog.stay_open(60)
    assert setup.dialog.shown["progress_action"] == LOG_OUT[messenger]

    setup.account.state = "notAuthorized"
    assert (await setup.dialog.follow())["step_id"] == MENUS[messenger][0]
    await async_scan(setup.dialog)
    assert setup.account.scan()
    assert end_of(await setup.dialog.follow_to_end()) == ("abort", "linked")


async def test_another_phone_after_a_start(setup: LinkingSetup) -> None:
    """Test that an account that is starting was not logged out, and may be linked."""
    setup.account.state = "authorized"
    await setup.open_reconfigure()
    setup.account.state = "starting"
    await setup.dialog.stay_open(30)
    assert setup.dialog.shown["progress_action"] == "log_out"
    setup.account.state = "authorized"
    await setup.dialog.stay_open(30)
    assert setup.dialog.shown["progress_action"] == "log_out"
    setup.account.state = "notAuthorized"
    assert (await setup.dialog.follow())["step_id"] == "ways"


async def test_another_phone_while_only_starting(setup: LinkingSetup) -> None:
    """Test that the state of the link is unknown if the account was last starting."""
    setup.account.state = "authorized"
    await setup.open_reconfigure()
    setup.account.state = "starting"
    shown = await setup.dialog.follow_to_end()
    assert end_of(shown) == ("abort", "still_starting")


async def test_another_phone_with_expired_plan(setup: LinkingSetup) -> None:
    """Test that an account that has expired is not waited for."""
    setup.account.state = "authorized"
    await setup.open_reconfigure()
    setup.account.faults["getStateInstance"] = Fault.EXPIRED_TEXT
    assert end_of(await setup.dialog.follow_to_end()) == ("abort", "expired")


async def test_phone_not_logged_out(setup: LinkingSetup) -> None:
    """Test that the wait for a logout on the phone is limited."""
    setup.account.state = "authorized"
    await setup.open_reconfigure()
    await setup.dialog.stay_open(LOG_OUT_TIMEOUT - 10)
    shown = await setup.dialog.follow_to_end()
    assert end_of(shown) == ("abort", "still_linked")
    assert setup.account.state == "authorized"


async def test_one_dialog_at_a_time(
    setup: LinkingSetup, freezer: FrozenDateTimeFactory, client: TestClient[Any, Any]
) -> None:
    """Test that a dialog of another kind takes over as well."""
    await setup.add_and_continue()
    await async_scan(setup.dialog)
    await setup.dialog.stay_open(130)
    other = Dialog(setup.hass, freezer, client)
    await other.open(f"{setup.entry.entry_id}_logged_out")
    await async_scan(other)
    shown = await setup.dialog.follow_to_end()
    assert end_of(shown) == ("abort", "continued_elsewhere")
    assert setup.account.scan()
    assert end_of(await other.follow_to_end()) == ("abort", "linked")


# Repeated requests


async def async_begin_qr_code(setup: LinkingSetup) -> None:
    """Request QR codes that are never scanned."""
    await setup.open_repair()
    await setup.dialog.select_option("qr_code")


async def async_begin_code(setup: LinkingSetup) -> None:
    """Request a code that is never entered."""
    await setup.open_repair()
    await setup.dialog.select_option("phone_number")
    await setup.dialog.submit(phone_number=PHONE)


async def async_begin_linking(setup: LinkingSetup) -> None:
    """Wait for an account that is reported as linked but is not."""
    setup.account.faults["getAuthorizationCode"] = Fault.NULL_200
    await async_begin_code(setup)


async def async_begin_passkey(setup: LinkingSetup) -> None:
    """Wait for a passkey that is never used."""
    setup.account.passkey = True
    await async_begin_qr_code(setup)
    await setup.dialog.follow()


async def async_begin_password_accepted(setup: LinkingSetup) -> None:
    """Wait for an account whose password was accepted, but that does not work."""
    setup.account.messenger = Messenger.TELEGRAM
    setup.account.cloud_password = PASSWORD
    setup.account.state = "pendingPassword"
    setup.account.link_seconds = math.inf
    await setup.open_repair()
    await setup.dialog.submit(password=PASSWORD)
    setup.account.state = "notAuthorized"


async def async_begin_code_accepted(setup: LinkingSetup) -> None:
    """Wait for an account whose code was accepted, but that does not work."""
    setup.account.messenger = Messenger.TELEGRAM
    setup.account.link_seconds = math.inf
    await setup.open_repair()
    await setup.dialog.select_option("sent_code")
    await setup.dialog.submit(phone_number=PHONE)
    await setup.dialog.submit(code=setup.account.authorization.code)


async def async_begin_starting(setup: LinkingSetup) -> None:
    """Wait for an instance that never starts."""
    setup.account.state = "starting"
    await setup.add_and_continue()


async def async_begin_log_out(setup: LinkingSetup) -> None:
    """Wait for a phone that is never logged out."""
    setup.account.state = "authorized"
    await setup.open_reconfigure()


# What a dialog waits for with repeated requests, for how long, and what is shown then.
# The first column is complete.
ENDS: Final[dict[str, tuple[Callable[[LinkingSetup], Awaitable[None]], float, str]]] = {
    "code": (async_begin_code, CODE_LIFE, "code_timeout"),
    "code_accepted": (async_begin_code_accepted, LINKED_TIMEOUT, "not_working_yet"),
    "linking": (async_begin_linking, LINKED_TIMEOUT, "not_working_yet"),
    "log_out": (async_begin_log_out, LOG_OUT_TIMEOUT, "still_linked"),
    "passkey": (async_begin_passkey, PASSKEY_TIMEOUT, "passkey_required"),
    "password_accepted": (
        async_begin_password_accepted,
        LINKED_TIMEOUT,
        "not_working_yet",
    ),
    "qr_code": (async_begin_qr_code, QR_TIMEOUT, "qr_timeout"),
    "starting": (async_begin_starting, START_TIMEOUT, "still_starting"),
}


def first_step(wait: str) -> tuple[str, str]:
    """Return the type and the ID of the step that a wait shows first."""
    shown = WAITS[wait]
    return ("menu", shown.action) if shown.in_menu else ("progress", wait)


def test_all_waits_are_listed() -> None:
    """Test that the table above lists all repeated requests of the dialogs."""
    assert ENDS.keys() == WAITS.keys()


@pytest.mark.parametrize(
    "hangs", [(), ("qr",), ("getStateInstance",), ("qr", "getStateInstance")]
)
@pytest.mark.parametrize("wait", ENDS)
async def test_repeated_requests_end(
    setup: LinkingSetup, wait: str, hangs: tuple[str, ...]
) -> None:
    """Test that all repeated requests end, whatever hangs."""
    begin, seconds, shown_at_last = ENDS[wait]
    await begin(setup)
    assert step_of(setup.dialog.shown) == first_step(wait)
    began_at = time.monotonic()
    setup.account.faults |= dict.fromkeys(hangs, Fault.HANG)

    shown = await setup.dialog.follow_to_end()

    assert time.monotonic() - began_at < seconds + 10
    # If the last request for the state had no response, the account is unknown.
    is_known = shown["type"] == "menu" or "getStateInstance" not in hangs
    last = shown.get("step_id") or shown["reason"]
    assert last == (shown_at_last if is_known else "cannot_connect")
    setup.account.faults.clear()
    setup.account.requests.clear()
    await async_advance_slowly(setup.freezer, 120)
    # The regular poll of the account.
    assert {*called_methods(setup.account)} <= {"getStateInstance", "getSettings"}
    assert len(called_methods(setup.account)) <= 20
