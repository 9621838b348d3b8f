"""Test each feature for each messenger, as a table of the documentation lists them."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
import re
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.const import (
    CONF_CHAT_ID,
    CONF_MAY_WRITE,
    CONF_RECEIVE_MESSAGES,
    SUBENTRY_TYPE_RECIPIENT,
)
from custom_components.green_api.receiving.permissions import ReceiveMode
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from tests.simulator import Account, Messenger
from tests.support.attachments import async_send, media_selection
from tests.support.automations import async_create_automation, trigger
from tests.support.deliveries import Deliveries
from tests.support.dialog import PHONE, Dialog
from tests.support.entities import (
    MESSAGES_IN_QUEUE,
    PROBLEM,
    REASON,
    STATE,
    state_of,
)
from tests.support.helpers import (
    async_polls,
    async_press,
    async_set_up,
    called_methods,
    issue_keys,
)
from tests.support.recipients import async_add_recipient

pytestmark = pytest.mark.long(4)

PAGE: Final = Path(__file__).parents[2] / "docs/messengers.md"
MESSENGERS: Final = (Messenger.WHATSAPP, Messenger.TELEGRAM, Messenger.MAX)
PASSWORD: Final = "correct horse battery"
NEIGHBOUR: Final = "notify.neighbour"
CHATS: Final = {
    Messenger.WHATSAPP: "79001234568@c.us",
    Messenger.TELEGRAM: "10000001",
    Messenger.MAX: "10000001",
}
NONE: Final = "\u2013"

type Table = Mapping[str, Mapping[Messenger, str]]


def table() -> Table:
    """Return the table of the documentation: the word for each feature."""
    rows = re.findall(
        r"^\| (\w.*?) \| (.*?) \| (.*?) \| (.*?) \|$",
        PAGE.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    return {
        feature: dict(zip(MESSENGERS, words, strict=True)) for feature, *words in rows
    }


TABLE: Final = table()

of_every_messenger: Final = pytest.mark.parametrize("messenger", MESSENGERS)


@pytest.fixture
def account(account: Account, messenger: Messenger) -> Account:
    """Return an account of the messenger."""
    account.messenger = messenger
    account.messages.delay = 0
    return account


# Linking

type Link = Callable[[Dialog, Account, str], Awaitable[bool]]


async def async_scan(dialog: Dialog, account: Account, issue_id: str) -> bool:
    """Link an account with a QR code."""
    await dialog.open(issue_id)
    await dialog.select_option("qr_code")
    await dialog.follow()
    assert account.scan()
    return (await dialog.follow_to_end()).get("reason") == "linked"


async def async_enter_on_phone(dialog: Dialog, account: Account, issue_id: str) -> bool:
    """Link an account with a code that is entered on the phone, if that is offered."""
    shown = await dialog.open(issue_id)
    if "phone_number" not in shown["menu_options"]:
        return False
    await dialog.select_option("phone_number")
    shown = await dialog.submit(phone_number=PHONE)
    assert account.enter_code(shown["description_placeholders"]["code"])
    return (await dialog.follow_to_end()).get("reason") == "linked"


async def async_enter_here(dialog: Dialog, account: Account, issue_id: str) -> bool:
    """Link an account with a code that the messenger sends, if that is offered."""
    shown = await dialog.open(issue_id)
    if "sent_code" not in shown["menu_options"]:
        account.qr_type = "error"
        await dialog.select_option("qr_code")
        shown = await dialog.follow()
        if "sent_code" not in shown.get("menu_options", ()):
            return False
    await dialog.select_option("sent_code")
    await dialog.submit(phone_number=PHONE)
    await dialog.submit(code=account.authorization.code)
    return (await dialog.follow_to_end()).get("reason") == "linked"


async def async_use_password(dialog: Dialog, account: Account, issue_id: str) -> bool:
    """Link an account with a QR code and its own password, if it is asked for."""
    account.cloud_password = PASSWORD
    if await async_scan(dialog, account, issue_id):
        return False
    await dialog.submit(password=PASSWORD)
    return (await dialog.follow_to_end()).get("reason") == "linked"


async def async_use_passkey(dialog: Dialog, account: Account, issue_id: str) -> bool:
    """Wait for an account that is linked with a passkey, if it asks for one."""
    account.passkey = True
    await dialog.open(issue_id)
    await dialog.select_option("qr_code")
    if (await dialog.follow())["step_id"] != "use_passkey":
        return False
    account.state = "authorized"
    return (await dialog.follow_to_end()).get("reason") == "linked"


LINKS: Final[dict[str, Link]] = {
    "Link with a QR code": async_scan,
    "Link with a code that is entered on the phone": async_enter_on_phone,
    "Link with a code that the messenger sends": async_enter_here,
    "Link an account with its own password": async_use_password,
    "Link with a passkey": async_use_passkey,
}


@of_every_messenger
@pytest.mark.parametrize("feature", LINKS)
async def test_link(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    loaded_entry: MockConfigEntry,
    account: Account,
    messenger: Messenger,
    feature: str,
) -> None:
    """Test that the ways to link an account are those that are documented."""
    account.state = "notAuthorized"
    await async_polls(hass, freezer, 2)
    issue_id = f"{loaded_entry.entry_id}_logged_out"
    works = await LINKS[feature](dialog, account, issue_id)
    assert works is (TABLE[feature][messenger] != NONE)


# Everything else

type Feature = Callable[[HomeAssistant, Deliveries], Awaitable[bool]]


async def async_poll(home: Deliveries, minutes: int) -> None:
    """Let some minutes pass."""
    await home.time.advance(60 * minutes)


async def async_have_a_problem(hass: HomeAssistant, home: Deliveries) -> bool:
    """Show the state, a problem, its reason, and its repair."""
    home.account.state = "notAuthorized"
    await async_poll(home, 3)
    assert state_of(hass, STATE) == "not_authorized"
    assert state_of(hass, REASON) == "logged_out"
    return state_of(hass, PROBLEM) == "on" and issue_keys(hass) == ["logged_out"]


async def async_trigger(hass: HomeAssistant, home: Deliveries) -> bool:
    """Run an automation when the state changes and when a problem is detected."""
    target = {"entity_id": PROBLEM}
    runs = await async_create_automation(
        hass,
        trigger("state_changed", target),
        trigger("problem_detected", target),
    )
    home.account.state = "blocked"
    await async_poll(home, 3)
    return [it["id"] for it in runs] == ["state_changed", "problem_detected"]


async def async_reboot(hass: HomeAssistant, home: Deliveries) -> bool:
    """Show the number of waiting messages, and reboot the instance."""
    home.account.queue = 3
    await async_poll(home, 6)
    assert state_of(hass, MESSAGES_IN_QUEUE) == "3"
    await home.time.result(hass.async_create_task(async_press(hass)), 30)
    return "reboot" in called_methods(home.account)


async def async_open_recipient(hass: HomeAssistant, home: Deliveries) -> dict[str, Any]:
    """Open the dialog that adds a recipient."""
    opening = hass.config_entries.subentries.async_init(
        (home.entry.entry_id, SUBENTRY_TYPE_RECIPIENT), context={"source": SOURCE_USER}
    )
    shown: dict[str, Any] = await home.time.result(hass.async_create_task(opening), 30)
    return shown


async def async_add_chat(
    hass: HomeAssistant, home: Deliveries, shown: dict[str, Any], chat: str
) -> bool:
    """Select or enter a chat, and return whether it is added."""
    adding = hass.config_entries.subentries.async_configure(
        shown["flow_id"], {"chat_id": chat}
    )
    result = await home.time.result(hass.async_create_task(adding), 30)
    if result.get("step_id") == "may_write":
        result = await hass.config_entries.subentries.async_configure(
            shown["flow_id"], {CONF_MAY_WRITE: False}
        )
    return bool(result["type"] == "create_entry")


async def async_select_recipient(hass: HomeAssistant, home: Deliveries) -> bool:
    """Select a group from the chats of the account."""
    shown = await async_open_recipient(hass, home)
    options = shown["data_schema"].schema[CONF_CHAT_ID].config["options"]
    groups = [label for label in options if label.startswith("Group: ")]
    return await async_add_chat(hass, home, shown, groups[0])


async def async_enter_recipient(hass: HomeAssistant, home: Deliveries) -> bool:
    """Enter the phone number of somebody who is not a contact."""
    shown = await async_open_recipient(hass, home)
    return await async_add_chat(hass, home, shown, "+79007654321")


async def async_send_all(hass: HomeAssistant, home: Deliveries) -> bool:
    """Send a text, and a picture."""
    await home.time.result(home.send(NEIGHBOUR), 30)
    picture = media_selection("media_source/local/door.jpg")
    sending = async_send(hass, NEIGHBOUR, message="Look", attachment=picture)
    await home.time.result(hass.async_create_task(sending), 30)
    methods = [it.method for it in home.account.messages]
    return sorted(methods) == ["sendFileByUpload", "sendMessage"]


async def async_send_restricted(hass: HomeAssistant, home: Deliveries) -> bool:
    """Send a text to a saved contact while the account is restricted."""
    home.account.state = "suspended"
    await async_poll(home, 3)
    try:
        await home.time.result(home.send(NEIGHBOUR), 30)
    except HomeAssistantError as err:
        return err.translation_key != "restricted"
    return True


async def async_confirm(hass: HomeAssistant, home: Deliveries) -> bool:
    """Wait until a message has arrived."""
    sending = home.send(NEIGHBOUR, confirm_within={"minutes": 1})
    response = await home.time.result(sending, 90)
    return bool(response[NEIGHBOUR]["status"] == "delivered")


async def async_let_write(home: Deliveries) -> None:
    """Let the recipient write, and receive notifications."""
    home.account.receives_messages = True
    home.account.receives_votes = True
    home.account.longest_wait = 5
    (recipient,) = home.entry.subentries.values()
    home.hass.config_entries.async_update_subentry(
        home.entry, recipient, data={**recipient.data, CONF_MAY_WRITE: True}
    )
    home.hass.config_entries.async_update_entry(
        home.entry,
        options={CONF_RECEIVE_MESSAGES: ReceiveMode.ONLY_HOME_ASSISTANT},
    )
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.time.advance(5)


async def async_receive(hass: HomeAssistant, home: Deliveries) -> bool:
    """Ask with choices, and receive an answer."""
    await async_let_write(home)
    runs = await async_create_automation(
        hass, trigger("message_received", {"entity_id": NEIGHBOUR})
    )
    await home.time.result(home.send(NEIGHBOUR, choices=["Yes", "No"]), 30)
    home.account.write("yes", sender_id=CHATS[home.account.messenger])
    await home.time.advance(10)
    return [it["id"] for it in runs] == ["message_received"]


async def async_send_poll(hass: HomeAssistant, home: Deliveries) -> bool:
    """Ask with choices, and return whether they are a poll."""
    await async_let_write(home)
    await home.time.result(home.send(NEIGHBOUR, choices=["Yes", "No"]), 30)
    return [it.method for it in home.account.messages] == ["sendPoll"]


FEATURES: Final[dict[str, Feature]] = {
    "State, problems, and repairs": async_have_a_problem,
    "Triggers and conditions": async_trigger,
    "Reboot, queue": async_reboot,
    "Select recipients from the chats of the account": async_select_recipient,
    "Add a recipient by phone number": async_enter_recipient,
    "Send texts, pictures, and files": async_send_all,
    "Send to saved contacts while the account is restricted": async_send_restricted,
    "Know whether a message has arrived": async_confirm,
    "Receive messages, and answers to choices": async_receive,
    "Show choices as a poll": async_send_poll,
}


def test_every_feature_is_tested() -> None:
    """Test that the table has a row for each tested feature, and no other one."""
    assert [*TABLE] == [*LINKS, *FEATURES]


@pytest.fixture
async def home(
    hass: HomeAssistant, new_home: Deliveries, account: Account, messenger: Messenger
) -> Deliveries:
    """Return an account with a recipient, and with statuses where they are needed."""
    account.reports_statuses = messenger is Messenger.WHATSAPP
    await async_set_up(hass, new_home.entry)
    await async_add_recipient(hass, new_home.entry, "Neighbour", CHATS[messenger])
    return new_home


@of_every_messenger
@pytest.mark.parametrize("feature", FEATURES)
async def test_feature(
    hass: HomeAssistant,
    media: Path,
    home: Deliveries,
    messenger: Messenger,
    feature: str,
) -> None:
    """Test that everything works that is documented, and nothing else."""
    works = await FEATURES[feature](hass, home)
    assert works is (TABLE[feature][messenger] != NONE)


@pytest.mark.parametrize("messenger", [Messenger.WHATSAPP])
async def test_confirm_without_statuses(
    hass: HomeAssistant, new_home: Deliveries, messenger: Messenger
) -> None:
    """Test that WhatsApp confirms nothing while message statuses are turned off."""
    await async_set_up(hass, new_home.entry)
    await async_add_recipient(hass, new_home.entry, "Neighbour", CHATS[messenger])
    task = new_home.send(NEIGHBOUR, confirm_within={"minutes": 1})
    assert (await new_home.error(task, 30)).translation_key == "statuses_off"


@pytest.mark.parametrize("messenger", [Messenger.MAX])
async def test_number_of_another_country(hass: HomeAssistant, home: Deliveries) -> None:
    """Test that MAX has only phone numbers from Russia and Belarus."""
    shown = await async_open_recipient(hass, home)
    assert not await async_add_chat(hass, home, shown, PHONE)
