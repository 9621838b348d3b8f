"""Test the dialogs that add and change a recipient."""

from http import HTTPStatus
from typing import Any

from aiohttp.test_utils import TestClient
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.const import CONF_CHAT_ID, SUBENTRY_TYPE_RECIPIENT
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.const import ATTR_FRIENDLY_NAME, CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from tests.simulator import Account, Fault, Messenger
from tests.simulator.contacts import Contact
from tests.support.const import TOKEN
from tests.support.dialog import async_remove
from tests.support.helpers import async_set_up, methods
from tests.support.person import RECIPIENTS
from tests.support.recipients import ALEX_CHAT, FAMILY_CHAT, async_add_recipient
from tests.support.secrecy import Listener, assert_hidden

type Shown = dict[str, Any]


async def async_add(hass: HomeAssistant, entry: MockConfigEntry) -> Shown:
    """Open the dialog that adds a recipient."""
    shown: Shown = await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_TYPE_RECIPIENT), context={"source": SOURCE_USER}
    )
    return shown


async def async_submit(hass: HomeAssistant, shown: Shown, **typed: str) -> Shown:
    """Submit what is asked for."""
    result: Shown = await hass.config_entries.subentries.async_configure(
        shown["flow_id"], typed
    )
    await hass.async_block_till_done()
    return result


def options(shown: Shown) -> list[str]:
    """Return what the chats to choose from are called, in their order."""
    names: list[str] = shown["data_schema"].schema[CONF_CHAT_ID].config["options"]
    return names


def suggested(shown: Shown) -> dict[str, str]:
    """Return what the fields have in them at first."""
    return {
        f"{key}": key.description["suggested_value"]
        for key in shown["data_schema"].schema
        if key.description
    }


def recipients(entry: MockConfigEntry) -> dict[str, str]:
    """Return the names and the chats of the recipients."""
    return {it.title: it.data[CONF_CHAT_ID] for it in entry.subentries.values()}


async def test_list(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Groups and contacts are listed by name, persons with their number.

    None is chosen beforehand.
    """
    account.requests.clear()
    shown = await async_add(hass, loaded_entry)

    assert shown["type"] is FlowResultType.FORM
    assert shown["errors"] == {}
    assert options(shown) == [
        "Family",
        "Old house",
        "Caretaker (+447700900123)",
        "Kitchen tablet",
        "Neighbour (upstairs) (+79001234568)",
    ]
    assert suggested(shown) == {CONF_CHAT_ID: ""}
    assert methods(account) == ["getContacts"]

    result = await async_submit(hass, shown, chat_id="Family")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert recipients(loaded_entry) == {"Family": FAMILY_CHAT}
    assert hass.states.get("notify.family")
    assert loaded_entry.state is ConfigEntryState.LOADED
    assert methods(account) == ["getContacts"]


@pytest.mark.parametrize(
    ("messenger", "chats"),
    [
        (
            Messenger.TELEGRAM,
            ["Family", "Neighbour (+79001234568)", "News of the house", "Weather"],
        ),
        (Messenger.MAX, ["-10000000000000", "Neighbour (+79001234568)"]),
    ],
)
async def test_list_of_other_messengers(
    hass: HomeAssistant,
    account: Account,
    config_entry: MockConfigEntry,
    messenger: Messenger,
    chats: list[str],
) -> None:
    """Telegram and MAX list their groups elsewhere; each chat is offered once."""
    account.messenger = messenger
    await async_set_up(hass, config_entry)

    shown = await async_add(hass, config_entry)

    assert options(shown) == chats


@pytest.mark.parametrize(
    ("typed", "name", "expected"),
    [
        ("+44 7700 900124", "", {"+447700900124": "447700900124@c.us"}),
        ("447700900124@c.us", " Alex ", {"Alex": "447700900124@c.us"}),
        (
            "120363043968066562@g.us",
            "",
            {"120363043968066562@g.us": "120363043968066562@g.us"},
        ),
        ("+44 7700 900123", "", {"Caretaker": ALEX_CHAT}),
    ],
)
async def test_typed(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    typed: str,
    name: str,
    expected: dict[str, str],
) -> None:
    """A number or a chat id can be typed, with or without a name."""
    shown = await async_add(hass, loaded_entry)
    result = await async_submit(hass, shown, chat_id=typed, name=name)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert recipients(loaded_entry) == expected


async def test_person_has_one_chat(
    hass: HomeAssistant, account: Account, config_entry: MockConfigEntry
) -> None:
    """A phone number becomes the chat that the account knows the person by."""
    account.messenger = Messenger.TELEGRAM
    await async_set_up(hass, config_entry)

    await async_submit(
        hass, await async_add(hass, config_entry), chat_id="+79001234568"
    )

    assert recipients(config_entry) == {"Neighbour": "10000001"}


async def test_invalid(hass: HomeAssistant, loaded_entry: MockConfigEntry) -> None:
    """What is neither is refused, and can be mended."""
    shown = await async_add(hass, loaded_entry)
    shown = await async_submit(hass, shown, chat_id="my neighbour", name="Alex")

    assert shown["type"] is FlowResultType.FORM
    assert shown["errors"] == {CONF_CHAT_ID: "invalid_chat_id"}

    await async_submit(hass, shown, chat_id="+447700900123", name="Alex")
    assert recipients(loaded_entry) == {"Alex": ALEX_CHAT}


async def test_same_chat_twice(
    hass: HomeAssistant, loaded_entry: MockConfigEntry
) -> None:
    """A chat can be one recipient only."""
    other = await async_add(hass, loaded_entry)
    await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)

    shown = await async_submit(hass, other, chat_id="+447700900123")

    assert shown["errors"] == {CONF_CHAT_ID: "already_configured"}
    assert recipients(loaded_entry) == {"Alex": ALEX_CHAT}


async def test_change(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Name and chat can be changed; the entity stays, and nothing is reloaded."""
    subentry = await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)
    state = hass.states.get("notify.alex")
    account.requests.clear()

    shown = await loaded_entry.start_subentry_reconfigure_flow(
        hass, subentry.subentry_id
    )
    caretaker = "Caretaker (+447700900123)"
    assert suggested(shown) == {CONF_CHAT_ID: caretaker, CONF_NAME: "Alex"}
    shown = await async_submit(hass, shown, chat_id="?", name="Sasha")
    assert shown["errors"] == {CONF_CHAT_ID: "invalid_chat_id"}
    result = await async_submit(hass, shown, chat_id=caretaker, name="Sasha")

    assert result["reason"] == "reconfigure_successful"
    assert recipients(loaded_entry) == {"Sasha": ALEX_CHAT}
    changed = hass.states.get("notify.alex")
    assert changed.attributes[ATTR_FRIENDLY_NAME] == "Sasha"
    assert changed.last_changed == state.last_changed
    assert methods(account) == ["getContacts"]


@pytest.mark.parametrize("empty", [1, 2])
async def test_list_that_is_not_ready(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account, empty: int
) -> None:
    """A list that GREEN-API does not have yet is asked for again."""
    account.empty_lists = empty
    shown = await async_add(hass, loaded_entry)

    assert len(options(shown)) == 5
    assert shown["errors"] == {}


@pytest.mark.parametrize("fault", [Fault.BAD_GATEWAY, Fault.UNAUTHORIZED, None])
async def test_no_list(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    account: Account,
    fault: Fault | None,
) -> None:
    """Without a list, a number can be typed all the same."""
    account.empty_lists = 100
    account.faults["getContacts"] = fault
    shown = await async_add(hass, loaded_entry)

    assert shown["errors"] == {"base": "no_chats"}
    assert options(shown) == []
    await async_submit(hass, shown, chat_id="+447700900123")
    assert recipients(loaded_entry) == {"+447700900123": ALEX_CHAT}


async def test_chat_that_is_not_listed(
    hass: HomeAssistant, loaded_entry: MockConfigEntry
) -> None:
    """A recipient that the account does not list is shown by its chat id."""
    chat_id = "447700900124@c.us"
    subentry = await async_add_recipient(hass, loaded_entry, "Sam", chat_id)
    shown = await loaded_entry.start_subentry_reconfigure_flow(
        hass, subentry.subentry_id
    )
    assert suggested(shown) == {CONF_CHAT_ID: chat_id, CONF_NAME: "Sam"}


async def test_names_that_mislead(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Chats of the same name are distinguished, and none passes for another's number."""
    account.contacts = (
        Contact("120363043968066561@g.us", "Family", kind="group"),
        Contact("120363043968066562@g.us", "Family", kind="group"),
        Contact("120650379300963@lid", "+44 7700 900123"),
        Contact("120650379300964@lid", "120363043968066561@g.us"),
        Contact("447700900124@c.us", ""),
    )
    shown = await async_add(hass, loaded_entry)
    assert options(shown) == [
        "Family (120363043968066561@g.us)",
        "Family (120363043968066562@g.us)",
        "+44 7700 900123 (120650379300963@lid)",
        "120363043968066561@g.us (120650379300964@lid)",
        "447700900124@c.us",
    ]

    await async_submit(hass, shown, chat_id="Family (120363043968066562@g.us)")
    shown = await async_add(hass, loaded_entry)
    await async_submit(hass, shown, chat_id="+44 7700 900123")
    assert recipients(loaded_entry) == {
        "Family": "120363043968066562@g.us",
        "+447700900123": ALEX_CHAT,
    }


async def test_thousands_of_contacts(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Thousands of contacts can be listed."""
    account.contacts = tuple(
        Contact(f"4477009{number:05}@c.us", f"Person {number:05}")
        for number in range(5000)
    )
    assert len(options(await async_add(hass, loaded_entry))) == 5000


async def test_account_that_is_not_loaded(
    hass: HomeAssistant, loaded_entry: MockConfigEntry
) -> None:
    """Recipients are chosen while the account is set up; the dialog says so."""
    shown = await async_add(hass, loaded_entry)
    await hass.config_entries.async_unload(loaded_entry.entry_id)

    assert (await async_add(hass, loaded_entry))["reason"] == "entry_not_loaded"
    result = await async_submit(hass, shown, chat_id=ALEX_CHAT)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "entry_not_loaded"


async def test_account_that_is_removed(
    hass: HomeAssistant, loaded_entry: MockConfigEntry
) -> None:
    """A dialog that outlives its account ends in words."""
    shown = await async_add(hass, loaded_entry)
    await async_remove(hass, loaded_entry)

    result = await async_submit(hass, shown, chat_id=ALEX_CHAT)
    assert result["reason"] == "entry_not_loaded"


async def test_frontend(
    loaded_entry: MockConfigEntry, client: TestClient[Any, Any]
) -> None:
    """The frontend gets a list to search, in which something else can be typed."""
    response = await client.post(
        RECIPIENTS,
        json={"handler": [loaded_entry.entry_id, SUBENTRY_TYPE_RECIPIENT]},
    )
    assert response.status == HTTPStatus.OK
    field = (await response.json())["data_schema"][0]
    assert field["selector"]["select"]["custom_value"]
    assert len(field["selector"]["select"]["options"]) == 5


async def test_nothing_of_the_list_is_kept(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, listener: Listener
) -> None:
    """Nothing of the list is logged, and of what is chosen only that is stored."""
    shown = await async_add(hass, loaded_entry)
    await async_submit(hass, shown, chat_id="Family")

    output = "\n".join(
        listener.logged_by("custom_components", "aiohttp.client", "asyncio")
    )
    stored = f"{loaded_entry.as_dict()}"
    for word in ("Caretaker", "Neighbour", "447700900123", "Old house"):
        assert word not in output
        assert word not in stored
    assert_hidden(TOKEN, f"output: {output}")
