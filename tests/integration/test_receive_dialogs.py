"""Test the dialogs that let people write, and choose how their messages come."""

from datetime import UTC, datetime
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.api import GreenApiClient
from custom_components.green_api.const import (
    CONF_CHAT_ID,
    CONF_MAY_WRITE,
    CONF_MAY_WRITE_SINCE,
    CONF_RECEIVE_MESSAGES,
    SUBENTRY_TYPE_RECIPIENT,
)
from custom_components.green_api.receiving.permissions import ReceiveMode
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from tests.simulator import Account, Fault, Messenger
from tests.support.delayed_results import delay_result
from tests.support.helpers import async_set_up
from tests.support.recipients import ALEX_CHAT, FAMILY_CHAT, async_add_recipient

type Shown = dict[str, Any]

BESIDE: Final = ReceiveMode.BESIDE_OTHERS.value
OFF: Final = ReceiveMode.OFF.value
ONLY: Final = ReceiveMode.ONLY_HOME_ASSISTANT.value


async def open_options(hass: HomeAssistant, entry: MockConfigEntry) -> Shown:
    """Open the options of the account."""
    shown: Shown = await hass.config_entries.options.async_init(entry.entry_id)
    return shown


async def choose(hass: HomeAssistant, shown: Shown, mode: str) -> Shown:
    """Choose how to receive messages."""
    result: Shown = await hass.config_entries.options.async_configure(
        shown["flow_id"], {CONF_RECEIVE_MESSAGES: mode}
    )
    await hass.async_block_till_done()
    return result


def preset(shown: Shown) -> str:
    """Return the choice that is preset."""
    (key,) = shown["data_schema"].schema
    return str(key.default())


async def test_options(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Test that receiving is off, and can be turned on with all that is known."""
    account.receives_messages = True
    account.webhooks = 7
    shown = await open_options(hass, loaded_entry)
    assert preset(shown) == OFF
    assert shown["description_placeholders"]["waiting"] == "7"
    result = await choose(hass, shown, ONLY)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert loaded_entry.options == {CONF_RECEIVE_MESSAGES: ONLY}
    assert preset(await open_options(hass, loaded_entry)) == ONLY
    assert account.settings == {"incomingWebhook": "yes"}


async def test_incoming_off(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Test that the dialog says what to turn on in the console, and looks again."""
    account.receives_messages = False
    shown = await open_options(hass, loaded_entry)
    shown = await choose(hass, shown, BESIDE)
    assert shown["errors"] == {CONF_RECEIVE_MESSAGES: "incoming_off"}
    assert loaded_entry.options == {}
    account.receives_messages = True
    result = await choose(hass, shown, BESIDE)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_webhook(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Test that notifications are not taken from a webhook, and another way is."""
    account.receives_messages = account.has_webhook = True
    shown = await open_options(hass, loaded_entry)
    assert preset(shown) == BESIDE
    shown = await choose(hass, shown, ONLY)
    assert shown["errors"] == {CONF_RECEIVE_MESSAGES: "webhook_set"}
    assert "example.com" not in f"{shown}"
    result = await choose(hass, shown, BESIDE)
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    "fault", [Fault.BAD_GATEWAY, Fault.UNAUTHORIZED, Fault.RESET_BEFORE_HEADERS]
)
async def test_not_looked(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account, fault: Fault
) -> None:
    """Test that nothing is turned on if the instance can't be looked at."""
    account.receives_messages = True
    account.faults |= {"getSettings": fault, "getWebhooksCount": fault}
    shown = await open_options(hass, loaded_entry)
    assert shown["description_placeholders"]["waiting"] == "?"
    shown = await choose(hass, shown, BESIDE)
    assert shown["errors"] == {CONF_RECEIVE_MESSAGES: "not_looked"}
    result = await choose(hass, shown, OFF)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_options_not_loaded(
    hass: HomeAssistant, loaded_entry: MockConfigEntry
) -> None:
    """Test that the options need a loaded account."""
    await hass.config_entries.async_unload(loaded_entry.entry_id)
    shown = await open_options(hass, loaded_entry)
    assert shown["reason"] == "entry_not_loaded"


async def test_options_of_removed_account(
    hass: HomeAssistant, loaded_entry: MockConfigEntry
) -> None:
    """Test that the options of an account that is removed meanwhile are closed."""
    shown = await open_options(hass, loaded_entry)
    await hass.config_entries.async_remove(loaded_entry.entry_id)
    assert (await choose(hass, shown, BESIDE))["reason"] == "entry_not_loaded"


async def test_account_removed_during_check(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that nothing is stored for an account that is removed during the check."""
    account.receives_messages = True
    shown = await open_options(hass, loaded_entry)
    called, answer = delay_result(monkeypatch, GreenApiClient, "get_settings")
    result = hass.async_create_task(choose(hass, shown, BESIDE))
    await called.wait()
    await hass.config_entries.async_remove(loaded_entry.entry_id)
    answer.set()
    assert (await result)["reason"] == "entry_not_loaded"


async def add(hass: HomeAssistant, entry: MockConfigEntry, chat_id: str) -> Shown:
    """Open the dialog that adds a recipient, and select a chat."""
    flow = await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_TYPE_RECIPIENT), context={"source": SOURCE_USER}
    )
    return await submit(hass, flow, chat_id=chat_id, name="Alex")


async def submit(hass: HomeAssistant, shown: Shown, **typed: object) -> Shown:
    """Submit a form about a recipient."""
    result: Shown = await hass.config_entries.subentries.async_configure(
        shown["flow_id"], typed
    )
    await hass.async_block_till_done()
    return result


def stored(entry: MockConfigEntry) -> dict[str, Any]:
    """Return what is stored about the only recipient."""
    (subentry,) = entry.subentries.values()
    return dict(subentry.data)


async def test_add(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a new person may write, and that receiving is turned on with it."""
    account.receives_messages = True
    shown = await add(hass, loaded_entry, ALEX_CHAT)
    assert shown["step_id"] == "may_write"
    assert preset(shown) == "False"
    assert shown["description_placeholders"]["warning"] == ""
    shown = await submit(hass, shown, may_write=True)
    assert shown["step_id"] == "receive"
    assert preset(shown) == OFF
    result = await submit(hass, shown, receive_messages=BESIDE)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    since = datetime.now(UTC).isoformat(timespec="seconds")
    assert stored(loaded_entry) == {
        CONF_CHAT_ID: ALEX_CHAT,
        CONF_MAY_WRITE: True,
        CONF_MAY_WRITE_SINCE: since,
    }
    assert loaded_entry.options == {CONF_RECEIVE_MESSAGES: BESIDE}
    assert hass.states.get("event.alex_received_message")


async def test_add_without_console(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Test that the same errors come in the dialog of the recipient."""
    account.receives_messages = False
    shown = await add(hass, loaded_entry, ALEX_CHAT)
    shown = await submit(hass, shown, may_write=True)
    shown = await submit(hass, shown, receive_messages=BESIDE)
    assert shown["errors"] == {CONF_RECEIVE_MESSAGES: "incoming_off"}
    result = await submit(hass, shown, receive_messages=OFF)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert stored(loaded_entry)[CONF_MAY_WRITE]


async def test_not_allowed(hass: HomeAssistant, loaded_entry: MockConfigEntry) -> None:
    """Test that a person who may not write is stored as before."""
    shown = await add(hass, loaded_entry, ALEX_CHAT)
    await submit(hass, shown, may_write=False)
    assert stored(loaded_entry) == {CONF_CHAT_ID: ALEX_CHAT}
    assert hass.states.async_entity_ids("event") == []


@pytest.mark.parametrize(
    ("messenger", "chat_id"),
    [
        (Messenger.WHATSAPP, FAMILY_CHAT),
        (Messenger.TELEGRAM, "-1001000000001"),
        (Messenger.TELEGRAM, "10000002"),
    ],
)
async def test_nobody_else(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    account: Account,
    messenger: Messenger,
    chat_id: str,
) -> None:
    """Test that a group, a channel, or a bot is never asked about."""
    account.messenger = messenger
    await async_set_up(hass, config_entry)
    result = await add(hass, config_entry, chat_id)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert CONF_MAY_WRITE not in stored(config_entry)


async def test_change(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a permission is kept with the chat, and ends with another one."""
    account.receives_messages = True
    shown = await add(hass, loaded_entry, ALEX_CHAT)
    shown = await submit(hass, shown, may_write=True)
    await submit(hass, shown, receive_messages=BESIDE)
    (subentry,) = loaded_entry.subentries.values()
    before = stored(loaded_entry)
    freezer.tick(60)

    shown = await loaded_entry.start_subentry_reconfigure_flow(
        hass, subentry.subentry_id
    )
    shown = await submit(hass, shown, chat_id=ALEX_CHAT, name="Sasha")
    assert preset(shown) == "True"
    result = await submit(hass, shown, may_write=True)
    assert result["reason"] == "reconfigure_successful"
    assert stored(loaded_entry) == before

    (subentry,) = loaded_entry.subentries.values()
    shown = await loaded_entry.start_subentry_reconfigure_flow(
        hass, subentry.subentry_id
    )
    shown = await submit(hass, shown, chat_id="79001234568@c.us", name="Sasha")
    assert preset(shown) == "False"
    await submit(hass, shown, may_write=False)
    assert stored(loaded_entry) == {CONF_CHAT_ID: "79001234568@c.us"}
    assert hass.states.async_entity_ids("event") == []


async def test_another_chat_after_permission(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Test that a permission for a chat that is taken is not given to a group."""
    account.receives_messages = True
    shown = await add(hass, loaded_entry, ALEX_CHAT)
    await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)
    shown = await submit(hass, shown, may_write=True)
    shown = await submit(hass, shown, receive_messages=BESIDE)
    assert shown["errors"] == {CONF_CHAT_ID: "already_configured"}
    assert loaded_entry.options == {}
    await submit(hass, shown, **{CONF_CHAT_ID: FAMILY_CHAT, CONF_NAME: "Family"})
    (family,) = (it for it in loaded_entry.subentries.values() if it.title == "Family")
    assert dict(family.data) == {CONF_CHAT_ID: FAMILY_CHAT}


async def test_lids(
    hass: HomeAssistant, config_entry: MockConfigEntry, account: Account
) -> None:
    """Test that the dialog says who can't be heard when numbers are hidden."""
    account.settings["enableLidMode"] = "yes"
    await async_set_up(hass, config_entry)
    shown = await add(hass, config_entry, ALEX_CHAT)
    assert "can't be received" in shown["description_placeholders"]["warning"]
    shown = await add(hass, config_entry, "120650379300963@lid")
    assert shown["description_placeholders"]["warning"] == ""


@pytest.mark.parametrize("messenger", Messenger)
async def test_own_number(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    account: Account,
    messenger: Messenger,
) -> None:
    """Test that the dialog says that the account itself can't be heard.

    Telegram and MAX name the number of the account, but not its chat.
    """
    account.messenger = messenger
    await async_set_up(hass, config_entry)
    shown = await add(hass, config_entry, f"+{account.phone}")
    assert "own number" in shown["description_placeholders"]["warning"]
    shown = await add(hass, config_entry, "+79001234568")
    assert shown["description_placeholders"]["warning"] == ""


async def test_own_chat_in_the_list(
    hass: HomeAssistant, config_entry: MockConfigEntry, account: Account
) -> None:
    """Test that the chat of the account itself is known by its number."""
    account.messenger = Messenger.TELEGRAM
    account.wid = "79001234568@c.us"
    await async_set_up(hass, config_entry)
    shown = await add(hass, config_entry, "10000001")
    assert "own number" in shown["description_placeholders"]["warning"]
