"""Test that names are shown as they are where the frontend renders Markdown."""

from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.const import DOMAIN, SUBENTRY_TYPE_RECIPIENT
from custom_components.green_api.decisions.delivery import DeliveryStatus
from custom_components.green_api.issues import async_report_unconfirmed
from custom_components.green_api.repairs import async_create_fix_flow
from custom_components.green_api.sending.followed import SentMessage
from custom_components.green_api.texts import markdown_text
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from tests.simulator import Account, Fault
from tests.simulator.contacts import Contact
from tests.support.dialog import Dialog
from tests.support.helpers import async_polls
from tests.support.recipients import ALEX_CHAT, async_add_recipient

NAME: Final = "![](https://x/y.png)"
SHOWN: Final = r"\!\[\](https\://x/y.png)"


@pytest.fixture
async def named(hass: HomeAssistant, loaded_entry: MockConfigEntry) -> MockConfigEntry:
    """Return an account with such a name."""
    hass.config_entries.async_update_entry(loaded_entry, title=NAME)
    await hass.async_block_till_done()
    return loaded_entry


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("GREEN-API 1101000001", "GREEN-API 1101000001"),
        (
            "O'Brien, J. (2) \N{WAVING HAND SIGN}",
            "O'Brien, J. (2) \N{WAVING HAND SIGN}",
        ),
        (NAME, SHOWN),
        ("<img src=x> &amp;", r"\<img src=x\> \&amp;"),
        ("*a* _b_ `c` ~d~ [e]", r"\*a\* \_b\_ \`c\` \~d\~ \[e\]"),
        ("www.x.y WWW.x a@b.c", r"www\.x.y WWW\.x a\@b.c"),
        ("# a\n\n| b \\*", r"\# a \| b \\\*"),
    ],
)
def test_markdown_text(text: str, markdown: str) -> None:
    """Test that everything is escaped that Markdown would not show as it is."""
    assert markdown_text(text) == markdown


async def async_add(hass: HomeAssistant, entry: MockConfigEntry, **typed: Any) -> Any:
    """Open the dialog that adds a recipient, and submit its form."""
    flows = hass.config_entries.subentries
    shown = await flows.async_init(
        (entry.entry_id, SUBENTRY_TYPE_RECIPIENT), context={"source": SOURCE_USER}
    )
    return await flows.async_configure(shown["flow_id"], typed) if typed else shown


async def test_chat(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Test the name of a chat in the dialog after a test message."""
    account.contacts = (Contact(ALEX_CHAT, NAME),)
    shown = await async_add(hass, loaded_entry, chat_id="+447700900123", test=True)
    assert shown["step_id"] == "tested"
    assert shown["description_placeholders"] == {"recipient": SHOWN}


async def test_account_of_recipient(
    hass: HomeAssistant, named: MockConfigEntry
) -> None:
    """Test the name of the account in the dialog that adds a recipient."""
    shown = await async_add(hass, named)
    assert shown["description_placeholders"]["account"] == SHOWN


async def test_unconfirmed_message(hass: HomeAssistant, named: MockConfigEntry) -> None:
    """Test the names in the dialog of a repair."""
    alex = await async_add_recipient(hass, named, NAME, ALEX_CHAT)
    message = SentMessage(alex.subentry_id, ALEX_CHAT, "1", 0, dt_util.utcnow())
    async_report_unconfirmed(hass, named, message, DeliveryStatus.SENT)
    (issue,) = ir.async_get(hass).issues.values()
    flow = await async_create_fix_flow(hass, issue.issue_id, issue.data)
    flow.hass, flow.handler, flow.issue_id = hass, DOMAIN, issue.issue_id
    shown = (await flow.async_step_init())["description_placeholders"]
    assert (shown["recipient"], shown["name"]) == (SHOWN, SHOWN)


async def test_change(hass: HomeAssistant, named: MockConfigEntry) -> None:
    """Test the name of an account in the dialogs that change it."""
    for shown in (
        await named.start_reconfigure_flow(hass),
        await named.start_reauth_flow(hass),
    ):
        assert shown["description_placeholders"]["name"] == SHOWN


async def test_link(
    hass: HomeAssistant, named: MockConfigEntry, account: Account
) -> None:
    """Test the name of an account in the dialog that links it."""
    account.state = "notAuthorized"
    shown = await named.start_reconfigure_flow(hass)
    shown = await hass.config_entries.flow.async_configure(
        shown["flow_id"], {"next_step_id": "link_again"}
    )
    assert shown["step_id"] == "ways"
    assert shown["description_placeholders"]["name"] == SHOWN


async def test_repair(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    named: MockConfigEntry,
    dialog: Dialog,
    account: Account,
) -> None:
    """Test the name of an account in a repair, also after an error."""
    account.state = "starting"
    await async_polls(hass, freezer, 8)
    shown = await dialog.open(f"{named.entry_id}_stuck_starting")
    assert shown["description_placeholders"]["name"] == SHOWN
    account.fault = Fault.BAD_GATEWAY
    shown = await dialog.submit()
    assert shown["errors"]
    assert shown["description_placeholders"]["name"] == SHOWN
