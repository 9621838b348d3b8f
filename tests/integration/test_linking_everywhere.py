"""Test that accounts are linked in the same way from every dialog that offers it."""

from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any, Final

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.green_api.const import DOMAIN, QR_LIFE
from custom_components.green_api.linking.waits import (
    LOG_OUT_TIMEOUT,
    QR_INTERVAL,
    QR_TIMEOUT,
    START_TIMEOUT,
)
from custom_components.green_api.linking.watch import SEEN_WITHIN
from homeassistant.components.config import DOMAIN as CONFIG_DOMAIN
from homeassistant.components.repairs import DOMAIN as REPAIRS_DOMAIN
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from tests.simulator import Account, Fault, Messenger
from tests.support.dialog import (
    NAME,
    PHONE,
    PLACEHOLDERS,
    Dialog,
    Shown,
    async_disable,
    async_let_pass,
    step_of,
)
from tests.support.helpers import asked, async_pass, issue_ids
from tests.support.secrecy import assert_hidden


@pytest.fixture
async def client(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> TestClient[Any, Any]:
    """Return a client of Home Assistant's HTTP API; there is no account yet."""
    for domain in (CONFIG_DOMAIN, REPAIRS_DOMAIN):
        assert await async_setup_component(hass, domain, {})
    client: TestClient[Any, Any] = await hass_client()
    return client


class House:
    """A Home Assistant in which an account can be linked from several dialogs."""

    def __init__(
        self,
        hass: HomeAssistant,
        freezer: FrozenDateTimeFactory,
        dialog: Dialog,
        account: Account,
        entry: MockConfigEntry,
    ) -> None:
        """Initialize the house."""
        self.hass = hass
        self.freezer = freezer
        self.dialog = dialog
        self.account = account
        self._entry = entry

    @property
    def entry(self) -> ConfigEntry:
        """Return the config entry, of which there is one."""
        (entry,) = self.hass.config_entries.async_entries(DOMAIN)
        return entry

    async def have_account(self) -> None:
        """Set up the account, logged out for some minutes."""
        self._entry.add_to_hass(self.hass)
        await self.hass.config_entries.async_setup(self._entry.entry_id)
        await self.hass.async_block_till_done(wait_background_tasks=True)
        for _ in range(2):
            await async_pass(self.hass, self.freezer)

    async def repair(self) -> Shown:
        """Open the dialog of the repair."""
        await self.have_account()
        return await self.dialog.open(f"{self._entry.entry_id}_logged_out")

    async def add(self) -> Shown:
        """Type the three values of the account."""
        await self.dialog.add()
        return await self.dialog.submit(**self._entry.data)

    async def set_up(self) -> Shown:
        """Add the account, and go on with the dialog that follows."""
        shown = await self.add()
        assert shown["type"] == "create_entry"
        assert self.entry.state is ConfigEntryState.LOADED
        return await self.dialog.go_on()

    async def reconfigure(self) -> Shown:
        """Choose to link the account again."""
        await self.have_account()
        await self.dialog.reconfigure(self._entry.entry_id)
        return await self.dialog.choose("link_again")


@pytest.fixture
def house(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    account: Account,
    config_entry: MockConfigEntry,
) -> House:
    """Return the house of an account that is not linked."""
    account.state = "notAuthorized"
    return House(hass, freezer, dialog, account, config_entry)


type Door = Callable[[House], Awaitable[Shown]]

# How a dialog that links an account is opened, and how it ends when it is linked.
DOORS: Final = {
    "repair": (House.repair, ("create_entry", None)),
    "set-up": (House.set_up, ("abort", "linked")),
    "reconfigure": (House.reconfigure, ("abort", "linked")),
}
through_every_door: Final = pytest.mark.parametrize(
    ("door", "end"), DOORS.values(), ids=DOORS
)

type End = tuple[str, str | None]


def end_of(shown: Shown) -> End:
    """Return how a dialog has ended."""
    return shown["type"], shown.get("reason")


async def async_scan(dialog: Dialog) -> None:
    """Follow the dialog to the QR code."""
    await dialog.choose("qr_code")
    assert (await dialog.follow())["progress_action"] == "scan_qr_code"


@through_every_door
async def test_ways(house: House, door: Door, end: End) -> None:
    """Every dialog offers the same ways; only an account that is new can wait."""
    shown = await door(house)
    assert step_of(shown) == ("menu", "ways")
    ways = ["qr_code", "phone_number"]
    assert shown["menu_options"] in (ways, [*ways, "later"])
    assert ("later" in shown["menu_options"]) is (door is House.set_up)
    assert shown["description_placeholders"] == PLACEHOLDERS


@through_every_door
async def test_scan(house: House, door: Door, end: End) -> None:
    """A QR code is scanned, and the dialog ends by itself."""
    await door(house)
    await async_scan(house.dialog)
    assert house.account.scan()
    assert end_of(await house.dialog.follow_to_end()) == end
    assert house.entry.runtime_data.coordinator.data.state.raw == "authorized"
    assert not issue_ids(house.hass)


@through_every_door
async def test_type(house: House, door: Door, end: End) -> None:
    """A code is typed on the phone, and the dialog ends by itself."""
    await door(house)
    await house.dialog.choose("phone_number")
    shown = await house.dialog.submit(phone_number=PHONE)
    assert house.account.enter_code(shown["description_placeholders"]["code"])
    assert end_of(await house.dialog.follow_to_end()) == end


@through_every_door
async def test_timeout(house: House, door: Door, end: End) -> None:
    """Whoever lets the QR code and the code die can go on."""
    await door(house)
    await house.dialog.choose("qr_code")
    shown = await house.dialog.follow_to_end()
    assert shown["step_id"] == "qr_timeout"
    await house.dialog.choose("phone_number")
    await house.dialog.submit(phone_number=PHONE)
    assert (await house.dialog.follow_to_end())["step_id"] == "code_timeout"
    await async_scan(house.dialog)
    assert house.account.scan()
    assert end_of(await house.dialog.follow_to_end()) == end


@through_every_door
async def test_close(house: House, door: Door, end: End) -> None:
    """A dialog that is closed asks for nothing, and the account stays."""
    await door(house)
    await async_scan(house.dialog)
    await house.dialog.close()
    house.account.requests.clear()
    await async_let_pass(house.freezer, 30)
    assert asked(house.account) == []
    assert house.entry.state is ConfigEntryState.LOADED


@through_every_door
async def test_page_is_gone(house: House, door: Door, end: End) -> None:
    """A dialog that is closed without a word asks for nothing after some seconds."""
    await door(house)
    await async_scan(house.dialog)
    await async_let_pass(house.freezer, SEEN_WITHIN)
    house.account.requests.clear()
    await async_let_pass(house.freezer, QR_TIMEOUT)
    # The account is polled, as always.
    assert asked(house.account) == ["getStateInstance"] * (QR_TIMEOUT // 60)
    assert house.entry.state is ConfigEntryState.LOADED


@through_every_door
async def test_reload(house: House, door: Door, end: End) -> None:
    """A dialog survives a reload of the account."""
    await door(house)
    await async_scan(house.dialog)
    await house.hass.config_entries.async_reload(house.entry.entry_id)
    await house.dialog.follow()
    assert house.account.scan()
    assert end_of(await house.dialog.follow_to_end()) == end


@through_every_door
async def test_remove(house: House, door: Door, end: End) -> None:
    """A dialog whose account is removed says so."""
    await door(house)
    await async_scan(house.dialog)
    await house.hass.config_entries.async_remove(house.entry.entry_id)
    assert end_of(await house.dialog.follow()) == ("abort", "removed")


@through_every_door
async def test_rate_limited(house: House, door: Door, end: End) -> None:
    """A dialog says for how long the server asks to wait."""
    house.account.retry_after = 180
    await door(house)
    house.account.faults["qr"] = Fault.RATE_LIMITED_RETRY_AFTER
    await house.dialog.choose("qr_code")
    shown = await house.dialog.follow()
    assert end_of(shown) == ("abort", "rate_limited")
    assert shown["description_placeholders"] == PLACEHOLDERS | {"minutes": "3"}


@through_every_door
async def test_passkey(house: House, door: Door, end: End) -> None:
    """An account that wants a passkey is linked elsewhere."""
    await door(house)
    house.account.passkey = True
    await house.dialog.choose("qr_code")
    assert end_of(await house.dialog.follow()) == ("abort", "passkey_required")


@through_every_door
async def test_already_linked(house: House, door: Door, end: End) -> None:
    """An account that was linked meanwhile needs no QR code."""
    await door(house)
    house.account.state = "authorized"
    await house.dialog.choose("qr_code")
    assert end_of(await house.dialog.follow_to_end()) == end


@through_every_door
async def test_server_is_gone_for_a_minute(house: House, door: Door, end: End) -> None:
    """A dialog waits for a server that is gone for a minute."""
    await door(house)
    await async_scan(house.dialog)
    house.account.fault = Fault.BAD_GATEWAY
    assert (await house.dialog.follow())["progress_action"] == "wait_for_server"
    await house.dialog.stay_open(60)
    house.account.fault = None
    assert (await house.dialog.follow())["progress_action"] == "scan_qr_code"
    assert house.account.scan()
    assert end_of(await house.dialog.follow_to_end()) == end


@through_every_door
async def test_fresh_qr_codes(house: House, door: Door, end: End) -> None:
    """A fresh QR code comes before the old one dies, and no request too many."""
    await door(house)
    await async_scan(house.dialog)
    house.account.requests.clear()
    await house.dialog.stay_open(60)
    asked_at = [it.at for it in house.account.requests if it.method == "qr"]
    waited = [late - early for early, late in pairwise(asked_at)]
    assert len(waited) > 60 / QR_LIFE
    assert min(waited) >= QR_INTERVAL
    assert max(waited) < QR_LIFE / 2


@through_every_door
async def test_token_is_hidden(
    house: House, door: Door, end: End, caplog: pytest.LogCaptureFixture
) -> None:
    """No dialog reveals the token."""
    caplog.set_level("DEBUG")
    await door(house)
    await async_scan(house.dialog)
    assert house.account.scan()
    await house.dialog.follow_to_end()
    assert_hidden(house.account.token, caplog, house.dialog.all_shown)


# After set-up


@pytest.mark.parametrize(
    ("messenger", "name"),
    [
        (Messenger.WHATSAPP, "WhatsApp"),
        (Messenger.TELEGRAM, "Telegram"),
        (Messenger.MAX, "MAX"),
    ],
)
async def test_authorized(house: House, messenger: Messenger, name: str) -> None:
    """An account that works is added with a word that says so."""
    house.account.state = "authorized"
    house.account.messenger = messenger
    shown = await house.add()
    assert shown["type"] == "create_entry"
    assert "next_flow" not in shown
    assert shown["description_placeholders"] == {"messenger": name}


async def test_authorized_but_nothing_else_known(house: House) -> None:
    """An account is added even if its settings cannot be had."""
    house.account.state = "authorized"
    house.account.faults["getSettings"] = Fault.BAD_GATEWAY
    shown = await house.add()
    assert shown["description_placeholders"] == {"messenger": "WhatsApp"}


async def test_added_first(house: House) -> None:
    """The account is there before anybody looks at what follows."""
    await house.add()
    house.account.requests.clear()
    await async_let_pass(house.freezer, 30)
    assert house.entry.state is ConfigEntryState.LOADED
    assert "qr" not in asked(house.account)


async def test_later(house: House) -> None:
    """A dialog that is put off says where to continue, which works."""
    await house.set_up()
    shown = await house.dialog.choose("later")
    assert end_of(shown) == ("abort", "later")
    assert shown["description_placeholders"] == PLACEHOLDERS
    for _ in range(2):
        await async_pass(house.hass, house.freezer)
    assert issue_ids(house.hass) == {f"{house.entry.entry_id}_logged_out"}


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
async def test_cannot_be_linked(house: House, state: str, reason: str) -> None:
    """What keeps an account from working is shown."""
    house.account.state = state
    shown = await house.set_up()
    assert end_of(shown) == ("abort", reason)
    assert shown["description_placeholders"] == PLACEHOLDERS


async def test_unknown_state(house: House) -> None:
    """In a state of the future linking is worth a try."""
    house.account.state = "hibernating"
    assert (await house.set_up())["step_id"] == "ways"


@pytest.mark.parametrize(
    ("messenger", "name"), [(Messenger.TELEGRAM, "Telegram"), (Messenger.MAX, "MAX")]
)
async def test_linked_elsewhere(house: House, messenger: Messenger, name: str) -> None:
    """The dialog says where accounts of other messengers are linked."""
    house.account.messenger = messenger
    shown = await house.set_up()
    assert end_of(shown) == ("abort", "link_in_console")
    assert shown["description_placeholders"] == PLACEHOLDERS | {"messenger": name}


async def test_being_created(house: House) -> None:
    """An instance that is being created is waited for, and linked then."""
    house.account.create()
    shown = await house.set_up()
    assert shown["type"] == "progress"
    assert shown["progress_action"] == "start_instance"
    assert (await house.dialog.follow())["step_id"] == "ways"


async def test_starting(house: House) -> None:
    """An instance that is starting is waited for, and may be linked already."""
    house.account.state = "authorized"
    house.account.reboot()
    assert (await house.set_up())["progress_action"] == "start_instance"
    assert end_of(await house.dialog.follow()) == ("abort", "linked")


async def test_starting_for_ever(house: House) -> None:
    """An instance is not waited for for ever."""
    house.account.state = "starting"
    await house.set_up()
    await house.dialog.stay_open(START_TIMEOUT - 10)
    assert house.dialog.shown["progress_action"] == "start_instance"
    shown = await house.dialog.follow_to_end()
    assert end_of(shown) == ("abort", "still_starting")


async def test_server_fails_in_between(house: House) -> None:
    """A failure right after the set-up is shown."""
    await house.add()
    house.account.fault = Fault.BAD_GATEWAY
    assert end_of(await house.dialog.go_on()) == ("abort", "cannot_connect")
    assert house.entry.state is ConfigEntryState.LOADED


async def test_reloaded_in_between(house: House) -> None:
    """An account that is not loaded at the moment can be linked none the less."""
    await house.add()
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    assert (await house.dialog.go_on())["step_id"] == "ways"


async def test_disabled_in_between(house: House) -> None:
    """An account that is disabled before the dialog goes on cannot be linked."""
    await house.add()
    await async_disable(house.hass, house.entry)
    assert end_of(await house.dialog.go_on()) == ("abort", "removed")


async def test_removed_in_between(house: House) -> None:
    """An account that is removed before the dialog goes on cannot be linked."""
    await house.add()
    await house.hass.config_entries.async_remove(house.entry.entry_id)
    shown = await house.dialog.go_on()
    assert end_of(shown) == ("abort", "removed")


# In reconfigure


async def test_choice(house: House) -> None:
    """Reconfigure offers to link an account that is logged out."""
    await house.have_account()
    shown = await house.dialog.reconfigure(house.entry.entry_id)
    assert step_of(shown) == ("menu", "reconfigure")
    assert shown["menu_options"] == ["address", "link_again"]
    assert shown["description_placeholders"] == {"name": NAME}


@pytest.mark.parametrize("state", ["blocked", "sleepMode", "suspended"])
async def test_no_choice_in_a_state(house: House, state: str) -> None:
    """Where there is nothing to link there is no choice."""
    house.account.state = state
    await house.have_account()
    shown = await house.dialog.reconfigure(house.entry.entry_id)
    assert shown["step_id"] == "address"


async def test_no_choice_of_other_messengers(house: House) -> None:
    """Accounts of other messengers are not linked from here."""
    house.account.messenger = Messenger.TELEGRAM
    await house.have_account()
    shown = await house.dialog.reconfigure(house.entry.entry_id)
    assert shown["step_id"] == "address"


@pytest.mark.parametrize("fault", [Fault.FORBIDDEN_HTML, Fault.BAD_GATEWAY])
async def test_no_choice_without_any_answer(house: House, fault: Fault) -> None:
    """If there was no answer yet, the address may be what has to be changed."""
    house.account.fault = fault
    await house.have_account()
    shown = await house.dialog.reconfigure(house.entry.entry_id)
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
async def test_choice_after_a_failure(house: House, fault: Fault, step_id: str) -> None:
    """A failure that may be over in a moment leaves the choice."""
    await house.have_account()
    house.account.fault = fault
    await async_pass(house.hass, house.freezer)
    shown = await house.dialog.reconfigure(house.entry.entry_id)
    assert shown["step_id"] == step_id


async def test_no_choice_when_not_loaded(house: House) -> None:
    """An account that is not loaded is not linked."""
    await house.have_account()
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    shown = await house.dialog.reconfigure(house.entry.entry_id)
    assert shown["step_id"] == "address"


async def test_another_phone(house: House) -> None:
    """An account that works is moved once it is logged out on its present phone."""
    house.account.state = "authorized"
    shown = await house.reconfigure()
    assert step_of(shown) == ("progress", "log_out")
    assert shown["progress_action"] == "log_out"
    await house.dialog.stay_open(60)
    assert house.dialog.shown["progress_action"] == "log_out"

    house.account.state = "notAuthorized"
    assert (await house.dialog.follow())["step_id"] == "ways"
    await async_scan(house.dialog)
    assert house.account.scan()
    assert end_of(await house.dialog.follow_to_end()) == ("abort", "linked")


async def test_no_other_phone(house: House) -> None:
    """A phone that is not logged out is not waited for for ever."""
    house.account.state = "authorized"
    await house.reconfigure()
    await house.dialog.stay_open(LOG_OUT_TIMEOUT - 10)
    shown = await house.dialog.follow_to_end()
    assert end_of(shown) == ("abort", "still_linked")
    assert house.account.state == "authorized"


async def test_one_dialog_at_a_time(
    house: House, freezer: FrozenDateTimeFactory, client: TestClient[Any, Any]
) -> None:
    """A dialog of another kind takes over, too."""
    await house.set_up()
    await async_scan(house.dialog)
    await house.dialog.stay_open(130)
    other = Dialog(house.hass, freezer, client)
    await other.open(f"{house.entry.entry_id}_logged_out")
    await async_scan(other)
    shown = await house.dialog.follow_to_end()
    assert end_of(shown) == ("abort", "continued_elsewhere")
    assert house.account.scan()
    assert end_of(await other.follow_to_end()) == ("create_entry", None)
