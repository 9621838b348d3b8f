"""Test the dialogs that add and change a recipient."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
import json
import time
from typing import Any, Final

from aiohttp import web
from aiohttp.test_utils import TestClient
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.api import GreenApiClient
from custom_components.green_api.const import (
    CONF_CHAT_ID,
    CONF_MAY_WRITE,
    SUBENTRY_TYPE_RECIPIENT,
)
from custom_components.green_api.sending.deliveries import SIGNAL_MESSAGE_SENT
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigEntryState
from homeassistant.const import ATTR_FRIENDLY_NAME, CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from tests.simulator import Account, Fault, Messenger
from tests.simulator.contacts import Contact
from tests.simulator.faults import Exchange
from tests.simulator.methods import METHODS
from tests.support.clients import request_timeout
from tests.support.const import TOKEN
from tests.support.delayed_results import delay_result
from tests.support.dialog import End, async_disable, async_remove
from tests.support.helpers import all_called_methods, async_set_up
from tests.support.recipients import ALEX_CHAT, FAMILY_CHAT, async_add_recipient
from tests.support.secrecy import LogRecorder, assert_hidden
from tests.support.simulated_user import RECIPIENTS
from tests.support.wait_until import async_wait_until

pytestmark = pytest.mark.long(10)

type Shown = dict[str, Any]


async def async_add(hass: HomeAssistant, entry: MockConfigEntry) -> Shown:
    """Open the dialog that adds a recipient."""
    shown: Shown = await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_TYPE_RECIPIENT), context={"source": SOURCE_USER}
    )
    return shown


async def async_submit(hass: HomeAssistant, shown: Shown, **typed: Any) -> Shown:
    """Submit the form, and do not let a person write to Home Assistant."""
    configure = hass.config_entries.subentries.async_configure
    result: Shown = await configure(shown["flow_id"], typed)
    if result.get("step_id") == "may_write":
        result = await configure(shown["flow_id"], {CONF_MAY_WRITE: False})
    await hass.async_block_till_done()
    return result


def options(shown: Shown) -> list[str]:
    """Return the chats to select from, in order: a selected one is shown like this."""
    labels: list[str] = shown["data_schema"].schema[CONF_CHAT_ID].config["options"]
    assert len(set(labels)) == len(labels)
    return labels


def suggested(shown: Shown) -> dict[str, str]:
    """Return the values that the fields are prefilled with."""
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
    """Test that groups and contacts are listed by name, people with their number.

    None is preselected.
    """
    account.requests.clear()
    shown = await async_add(hass, loaded_entry)

    assert shown["type"] is FlowResultType.FORM
    assert shown["errors"] == {}
    assert options(shown) == [
        "Group: Family",
        "Group: Old house",
        "Person: Caretaker (+447700900123)",
        "Person: Kitchen tablet",
        "Person: Neighbour (upstairs) (+79001234568)",
    ]
    assert suggested(shown) == {CONF_CHAT_ID: ""}
    assert all_called_methods(account) == ["getContacts"]

    result = await async_submit(hass, shown, chat_id="Group: Family")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert recipients(loaded_entry) == {"Family": FAMILY_CHAT}
    assert hass.states.get("notify.family")
    assert loaded_entry.state is ConfigEntryState.LOADED
    assert all_called_methods(account) == ["getContacts"]


@pytest.mark.parametrize(
    ("messenger", "chats"),
    [
        (
            Messenger.TELEGRAM,
            [
                "Group: Family",
                "Person: Neighbour (+79001234568)",
                "Channel: News of the house",
                "Bot: Weather",
            ],
        ),
        (
            Messenger.MAX,
            ["Group: -10000000000000", "Person: Neighbour (+79001234568)"],
        ),
    ],
)
async def test_list_of_other_messengers(
    hass: HomeAssistant,
    account: Account,
    config_entry: MockConfigEntry,
    messenger: Messenger,
    chats: list[str],
) -> None:
    """Test that Telegram and MAX groups, listed elsewhere, are offered just once."""
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
async def test_entered_chat(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    typed: str,
    name: str,
    expected: dict[str, str],
) -> None:
    """Test that a number or a chat ID can be entered, with or without a name."""
    shown = await async_add(hass, loaded_entry)
    result = await async_submit(hass, shown, chat_id=typed, name=name)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert recipients(loaded_entry) == expected


async def test_person_has_one_chat(
    hass: HomeAssistant, account: Account, config_entry: MockConfigEntry
) -> None:
    """Test that a phone number becomes the chat ID by which the account knows it."""
    account.messenger = Messenger.TELEGRAM
    await async_set_up(hass, config_entry)

    await async_submit(
        hass, await async_add(hass, config_entry), chat_id="+79001234568"
    )

    assert recipients(config_entry) == {"Neighbour": "10000001"}


async def test_invalid(hass: HomeAssistant, loaded_entry: MockConfigEntry) -> None:
    """Test that input that is neither is refused and can be corrected."""
    shown = await async_add(hass, loaded_entry)
    shown = await async_submit(hass, shown, chat_id="my neighbour", name="Alex")

    assert shown["type"] is FlowResultType.FORM
    assert shown["errors"] == {CONF_CHAT_ID: "invalid_chat_id"}

    await async_submit(hass, shown, chat_id="+447700900123", name="Alex")
    assert recipients(loaded_entry) == {"Alex": ALEX_CHAT}


async def test_same_chat_twice(
    hass: HomeAssistant, loaded_entry: MockConfigEntry
) -> None:
    """Test that a chat can be used by only one recipient."""
    other = await async_add(hass, loaded_entry)
    await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)

    shown = await async_submit(hass, other, chat_id="+447700900123")

    assert shown["errors"] == {CONF_CHAT_ID: "already_configured"}
    assert recipients(loaded_entry) == {"Alex": ALEX_CHAT}


async def test_change(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Test that name and chat can change without a new entity or a reload."""
    subentry = await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)
    state = hass.states.get("notify.alex")
    account.requests.clear()

    shown = await loaded_entry.start_subentry_reconfigure_flow(
        hass, subentry.subentry_id
    )
    caretaker = "Person: Caretaker (+447700900123)"
    assert suggested(shown) == {CONF_CHAT_ID: caretaker, CONF_NAME: "Alex"}
    assert caretaker in options(shown)
    shown = await async_submit(hass, shown, chat_id="?", name="Sasha")
    assert shown["errors"] == {CONF_CHAT_ID: "invalid_chat_id"}
    result = await async_submit(hass, shown, chat_id=ALEX_CHAT, name="Sasha")

    assert result["reason"] == "reconfigure_successful"
    assert recipients(loaded_entry) == {"Sasha": ALEX_CHAT}
    changed = hass.states.get("notify.alex")
    assert changed.attributes[ATTR_FRIENDLY_NAME] == "Sasha"
    assert changed.last_changed == state.last_changed
    assert all_called_methods(account) == ["getContacts"]


@pytest.mark.parametrize("empty", [1, 2])
async def test_list_not_ready(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account, empty: int
) -> None:
    """Test that a list that GREEN-API does not have yet is requested again."""
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
    """Test that a number can be entered even if there is no list."""
    account.empty_lists = 100
    account.faults["getContacts"] = fault
    shown = await async_add(hass, loaded_entry)

    assert shown["errors"] == {"base": "no_chats"}
    assert options(shown) == []
    await async_submit(hass, shown, chat_id="+447700900123")
    assert recipients(loaded_entry) == {"+447700900123": ALEX_CHAT}


async def test_chat_not_listed(
    hass: HomeAssistant, loaded_entry: MockConfigEntry
) -> None:
    """Test that a recipient whom the account does not list is shown by its chat ID."""
    chat_id = "120650379300964@lid"
    subentry = await async_add_recipient(hass, loaded_entry, "Sam", chat_id)
    shown = await loaded_entry.start_subentry_reconfigure_flow(
        hass, subentry.subentry_id
    )
    assert suggested(shown) == {CONF_CHAT_ID: chat_id, CONF_NAME: "Sam"}


FORGERIES: Final = (
    Contact(FAMILY_CHAT, "Family", kind="group"),
    Contact("120363043968066562@g.us", "Family", kind="group"),
    Contact("120363043968066563@g.us", f"Family ({FAMILY_CHAT})", kind="group"),
    Contact("120363043968066564@g.us", f"Group ({FAMILY_CHAT}): Family", kind="group"),
    Contact("120363043968066565@g.us", "fa\u200bmily", kind="group"),
    Contact("120363043968066566@g.us", "\u200b", kind="group"),
    Contact("120363043968066567@g.us", "Person: Alex", kind="group"),
    Contact("120363043968066568@g.us", "\u202eylimaF\u2066", kind="group"),
    Contact("120650379300963@lid", "+44 7700 900123"),
    Contact("120650379300964@lid", FAMILY_CHAT),
    Contact("120650379300965@lid", "Caretaker (+447700900123)"),
    Contact("120650379300966@lid", "Alex"),
    Contact("447700900124@c.us", ""),
    Contact("447700900125@c.us", "Group: Family"),
    Contact("447700900123@c.us", "Caretaker"),
)


LABELS: Final = {
    FAMILY_CHAT: f"Group ({FAMILY_CHAT}): Family",
    "120363043968066562@g.us": "Group (120363043968066562@g.us): Family",
    "120363043968066563@g.us": (
        f"Group (120363043968066563@g.us): Family ({FAMILY_CHAT})"
    ),
    "120363043968066564@g.us": (
        f"Group (120363043968066564@g.us): Group ({FAMILY_CHAT}): Family"
    ),
    "120363043968066565@g.us": "Group (120363043968066565@g.us): fa\u200bmily",
    "120363043968066566@g.us": "Group: 120363043968066566@g.us",
    "120363043968066567@g.us": "Group: Person: Alex",
    "120363043968066568@g.us": "Group: ylimaF",
    "120650379300963@lid": "Person (120650379300963@lid): +44 7700 900123",
    "120650379300964@lid": f"Person (120650379300964@lid): {FAMILY_CHAT}",
    "120650379300965@lid": ("Person (120650379300965@lid): Caretaker (+447700900123)"),
    "120650379300966@lid": "Person: Alex",
    "447700900124@c.us": "Person: +447700900124",
    "447700900125@c.us": "Person: Group: Family (+447700900125)",
    ALEX_CHAT: "Person: Caretaker (+447700900123)",
}
"""How these contacts are listed, by chat ID."""


async def test_misleading_names(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Test that no contact's own name can make its chat pass for another one."""
    account.contacts = FORGERIES
    shown = await async_add(hass, loaded_entry)

    assert sorted(options(shown)) == sorted(LABELS.values())


@pytest.mark.parametrize(
    ("chat_id", "selected"), [*LABELS.items(), *zip(LABELS, LABELS, strict=True)]
)
async def test_selected_chat(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    account: Account,
    chat_id: str,
    selected: str,
) -> None:
    """Test that a chat from the list, or its chat ID, is used without any check."""
    account.contacts = FORGERIES
    shown = await async_add(hass, loaded_entry)
    result = await async_submit(hass, shown, chat_id=selected)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert list(recipients(loaded_entry).values()) == [chat_id]
    assert "checkWhatsapp" not in all_called_methods(account)


@pytest.mark.parametrize(
    ("typed", "chat_id"),
    [
        ("Family", FAMILY_CHAT),
        ("  fAMILY\t", FAMILY_CHAT),
        ("old   HOUSE", "79001234567-1581234048@g.us"),
        ("neighbour (Upstairs)", "79001234568@c.us"),
        ("Kitchen\u00a0tablet\u200b", "120650379300963@lid"),
    ],
)
async def test_entered_name(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, typed: str, chat_id: str
) -> None:
    """Test that a name of exactly one chat selects it, ignoring case and whitespace."""
    shown = await async_add(hass, loaded_entry)
    result = await async_submit(hass, shown, chat_id=typed)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert list(recipients(loaded_entry).values()) == [chat_id]


async def test_ambiguous_name(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Test that a name of several chats selects none of them."""
    account.contacts = (
        Contact(FAMILY_CHAT, "Family", kind="group"),
        Contact("120650379300963@lid", " FAMILY"),
    )
    shown = await async_add(hass, loaded_entry)
    shown = await async_submit(hass, shown, chat_id="family", name="Us")
    assert shown["errors"] == {CONF_CHAT_ID: "ambiguous_name"}
    assert suggested(shown) == {CONF_CHAT_ID: "family", CONF_NAME: "Us"}

    await async_submit(hass, shown, chat_id=FAMILY_CHAT, name="Us")
    assert recipients(loaded_entry) == {"Us": FAMILY_CHAT}


@pytest.mark.parametrize(
    ("name", "chat_id"),
    [
        ("+44 7700 900124", "447700900124@c.us"),
        ("447700900124@c.us", "447700900124@c.us"),
        ("120363043968066562@g.us", "120363043968066562@g.us"),
        ("https://wa.me/447700900124", "447700900124@c.us"),
    ],
)
async def test_name_like_number(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    account: Account,
    name: str,
    chat_id: str,
) -> None:
    """Test that a name cannot pass for another chat's number or ID."""
    account.contacts = (Contact("120650379300963@lid", name),)
    await async_submit(hass, await async_add(hass, loaded_entry), chat_id=name)

    assert list(recipients(loaded_entry).values()) == [chat_id]


@pytest.mark.parametrize(
    "name",
    [
        "07700 900124",
        "(07700) 900124 Mum",
        "tel:07700900124",
        "wa.me/07700900124",
        "https://example.com",
        "mum@c.us",
        "\u200b",
    ],
)
async def test_name_like_uncertain_number(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account, name: str
) -> None:
    """Test that input that could be meant as a number is not matched as a name."""
    account.contacts = (Contact("120650379300963@lid", name),)
    shown = await async_add(hass, loaded_entry)
    shown = await async_submit(hass, shown, chat_id=name)

    assert shown["errors"] == {CONF_CHAT_ID: "invalid_chat_id"}
    assert recipients(loaded_entry) == {}


async def test_groups_not_among_contacts(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Test that groups are taken from the chats if they are not in the contacts."""
    account.groups_are_contacts = False
    account.requests.clear()
    shown = await async_add(hass, loaded_entry)

    assert "Person: Caretaker (+447700900123)" in options(shown)
    assert len(options(shown)) == 5
    assert all_called_methods(account) == ["getContacts", "getChats"]


async def test_language(hass: HomeAssistant, config_entry: MockConfigEntry) -> None:
    """Test that the kinds of chats are shown in the language of Home Assistant."""
    hass.config.language = "de"
    await async_set_up(hass, config_entry)

    assert "Gruppe: Family" in options(await async_add(hass, config_entry))


def checks(account: Account) -> list[Any]:
    """Return the requests that checked numbers."""
    return [
        request.body
        for request in account.requests
        if request.method in {"checkAccount", "checkWhatsapp"}
    ]


async def test_number_has_other_id(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Test that a number becomes its actual chat ID, with a single request."""
    account.known_as[5511987654321] = 551187654321
    shown = await async_add(hass, loaded_entry)
    result = await async_submit(hass, shown, chat_id="+55 11 98765-4321")

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert recipients(loaded_entry) == {"+5511987654321": "551187654321@c.us"}
    assert [it.unique_id for it in loaded_entry.subentries.values()] == [
        "551187654321@c.us"
    ]
    assert checks(account) == [{"chatId": "5511987654321@c.us"}]


@pytest.mark.parametrize(
    ("answer", "chat_id"),
    [
        # The account lists the person by the ID that does not contain the number.
        (
            {"chatId": "120650379300963@lid", "phoneNumber": "5511987654321@c.us"},
            "120650379300963@lid",
        ),
        (
            {"chatId": "120650379300964@lid", "phoneNumber": "551187654321@c.us"},
            "551187654321@c.us",
        ),
        ({"chatId": "551187654321@c.us"}, "551187654321@c.us"),
        ({"chatId": "120650379300964@lid", "phoneNumber": ""}, "120650379300964@lid"),
        # A chat ID that is not a person's is ignored.
        ({}, "5511987654321@c.us"),
        ({"chatId": "", "phoneNumber": None}, "5511987654321@c.us"),
        ({"chatId": FAMILY_CHAT, "phoneNumber": 551187654321}, "5511987654321@c.us"),
        ({"chatId": "-10000000", "phoneNumber": "0@c.us"}, "5511987654321@c.us"),
        ({"chatId": ["551187654321@c.us"]}, "5511987654321@c.us"),
        ({"chatId": f"{TOKEN}@lid"}, "5511987654321@c.us"),
    ],
)
async def test_listed_id_preferred(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    answer: dict[str, Any],
    chat_id: str,
) -> None:
    """Test that of the IDs returned, the one that the account lists is used."""
    monkeypatch.setitem(
        METHODS,
        "checkwhatsapp",
        replace(
            METHODS["checkwhatsapp"],
            answer=lambda *_: {"existsWhatsapp": True} | answer,
        ),
    )
    shown = await async_add(hass, loaded_entry)
    await async_submit(hass, shown, chat_id="+55 11 98765-4321")

    assert list(recipients(loaded_entry).values()) == [chat_id]


@pytest.mark.parametrize("messenger", [Messenger.TELEGRAM, Messenger.MAX])
async def test_number_in_other_messengers(
    hass: HomeAssistant,
    account: Account,
    config_entry: MockConfigEntry,
    messenger: Messenger,
) -> None:
    """Test that a Telegram or MAX number becomes the messenger's own ID."""
    account.messenger = messenger
    await async_set_up(hass, config_entry)
    shown = await async_add(hass, config_entry)
    await async_submit(hass, shown, chat_id="https://wa.me/79007654321?text=Hi")

    assert recipients(config_entry) == {"+79007654321": "10654321"}
    assert checks(account) == [{"phoneNumber": 79007654321}]


@pytest.mark.parametrize(
    "typed", ["10000001", "+79001234568", "-1001000000001", "10000099"]
)
async def test_no_check_in_telegram(
    hass: HomeAssistant, account: Account, config_entry: MockConfigEntry, typed: str
) -> None:
    """Test that neither chat IDs nor numbers that the account knows are checked."""
    account.messenger = Messenger.TELEGRAM
    await async_set_up(hass, config_entry)
    await async_submit(hass, await async_add(hass, config_entry), chat_id=typed)

    assert len(recipients(config_entry)) == 1
    assert checks(account) == []


async def test_number_without_account(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Test that a number without an account can be corrected, and input is kept."""
    account.without_account.add(447700900199)
    shown = await async_add(hass, loaded_entry)
    typed = {CONF_CHAT_ID: "+44 7700 900199", CONF_NAME: "Sam"}
    shown = await async_submit(hass, shown, **typed)

    assert shown["type"] is FlowResultType.MENU
    assert shown["step_id"] == "no_account"
    assert shown["description_placeholders"]["number"] == "+447700900199"
    assert recipients(loaded_entry) == {}

    shown = await async_submit(hass, shown, next_step_id="correct")
    assert shown["step_id"] == "user"
    assert shown["errors"] == {}
    assert suggested(shown) == typed

    # Not requested again, as the quota is limited.
    shown = await async_submit(hass, shown, **typed)
    assert shown["step_id"] == "no_account"
    assert len(checks(account)) == 1

    shown = await async_submit(hass, shown, next_step_id="correct")
    await async_submit(hass, shown, **typed | {CONF_CHAT_ID: "+44 7700 900124"})
    assert recipients(loaded_entry) == {"Sam": "447700900124@c.us"}


async def test_number_without_account_kept(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Test that a number without an account can be kept."""
    account.without_account.add(447700900199)
    shown = await async_add(hass, loaded_entry)
    shown = await async_submit(hass, shown, chat_id="+44 7700 900199")
    result = await async_submit(hass, shown, next_step_id="keep")

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert recipients(loaded_entry) == {"+447700900199": "447700900199@c.us"}


async def use_up_plan(account: Account) -> None:
    """Use up the monthly checks of the free plan."""
    account.on_free_plan = True
    assert account.free_plan is not None
    account.free_plan.used["checkWhatsapp"] = 100


async def log_out(account: Account) -> None:
    """Unlink the account."""
    account.state = "notAuthorized"


def failing_check(fault: Fault) -> Callable[[Account], Awaitable[None]]:
    """Return a way to make checks fail."""

    async def fail(account: Account) -> None:
        account.faults["checkWhatsapp"] = fault

    return fail


NOT_CHECKED: Final = [
    use_up_plan,
    log_out,
    *map(
        failing_check,
        (
            *(Fault.UNAUTHORIZED, Fault.RATE_LIMITED, Fault.BAD_REQUEST),
            *(Fault.LOOKUP_469, Fault.QUOTA_466, Fault.BAD_GATEWAY, Fault.HTML_200),
            *(Fault.NULL_200, Fault.MISSING_FIELD, Fault.WRONG_FIELD_TYPE),
            *(Fault.WRONG_TYPE, Fault.RESET_BEFORE_HEADERS),
        ),
    ),
]


@pytest.mark.parametrize("fail", NOT_CHECKED)
async def test_check_fails(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    account: Account,
    fail: Callable[[Account], Awaitable[None]],
) -> None:
    """Test that an unchecked number is stored as entered, after a warning."""
    shown = await async_add(hass, loaded_entry)
    await fail(account)
    shown = await async_submit(hass, shown, chat_id="+44 7700 900124", name="Sam")

    assert shown["type"] is FlowResultType.FORM
    assert shown["step_id"] == "not_checked"
    assert shown["description_placeholders"] == {
        "account": loaded_entry.title,
        "messenger": "WhatsApp",
        "number": "+447700900124",
    }
    assert recipients(loaded_entry) == {}

    await async_submit(hass, shown)
    assert recipients(loaded_entry) == {"Sam": "447700900124@c.us"}
    assert len(checks(account)) == 1


async def test_messenger_check_limit(
    hass: HomeAssistant, account: Account, config_entry: MockConfigEntry
) -> None:
    """Test that the messenger's own limit on checks is found in a 200 response."""
    account.messenger = Messenger.TELEGRAM
    account.lookups_used_up = True
    await async_set_up(hass, config_entry)
    shown = await async_add(hass, config_entry)
    shown = await async_submit(hass, shown, chat_id="+447700900124")
    assert shown["step_id"] == "not_checked"

    await async_submit(hass, shown)
    assert recipients(config_entry) == {"+447700900124": "447700900124@c.us"}


async def test_changed_number_is_checked(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Test that only a changed number is checked when a recipient is changed."""
    subentry = await async_add_recipient(hass, loaded_entry, "Sam", "447700900124@c.us")
    account.known_as[5511987654321] = 551187654321
    account.without_account |= {447700900124, 447700900199}

    shown = await loaded_entry.start_subentry_reconfigure_flow(
        hass, subentry.subentry_id
    )
    await async_submit(hass, shown, chat_id="+44 7700 900124", name="Sasha")
    assert recipients(loaded_entry) == {"Sasha": "447700900124@c.us"}
    assert checks(account) == []

    shown = await loaded_entry.start_subentry_reconfigure_flow(
        hass, subentry.subentry_id
    )
    shown = await async_submit(hass, shown, chat_id="+447700900199", name="Sasha")
    assert shown["step_id"] == "no_account"
    shown = await async_submit(hass, shown, next_step_id="correct")
    assert shown["step_id"] == "reconfigure"
    result = await async_submit(hass, shown, chat_id="+5511987654321", name="Sasha")

    assert result["reason"] == "reconfigure_successful"
    assert recipients(loaded_entry) == {"Sasha": "551187654321@c.us"}
    assert len(checks(account)) == 2


@pytest.mark.parametrize(
    ("messenger", "stored", "typed"),
    [
        (Messenger.WHATSAPP, "551187654321@c.us", "+55 11 98765-4321"),
        (Messenger.WHATSAPP, "00120363043968066561@g.us", FAMILY_CHAT),
        (
            Messenger.TELEGRAM,
            "79001234568@c.us",
            "Person: Neighbour (+79001234568)",
        ),
        (Messenger.TELEGRAM, "10000001", "+79001234568"),
        (Messenger.TELEGRAM, "0010000099", "10000099"),
        (Messenger.TELEGRAM, "-1001000000001", "\u22121001000000001"),
    ],
)
async def test_same_chat_by_another_id(
    hass: HomeAssistant,
    account: Account,
    config_entry: MockConfigEntry,
    messenger: Messenger,
    stored: str,
    typed: str,
) -> None:
    """Test that a chat has one recipient only, by any ID, whether known or stored."""
    account.messenger = messenger
    account.known_as[5511987654321] = 551187654321
    await async_set_up(hass, config_entry)
    await async_add_recipient(hass, config_entry, "Alex", stored)
    shown = await async_add(hass, config_entry)
    shown = await async_submit(hass, shown, chat_id=typed)

    assert shown["errors"] == {CONF_CHAT_ID: "already_configured"}
    assert suggested(shown) == {CONF_CHAT_ID: typed}
    assert recipients(config_entry) == {"Alex": stored}


async def test_unreadable_stored_id(
    hass: HomeAssistant, loaded_entry: MockConfigEntry
) -> None:
    """Test that a recipient whose stored ID is not valid input can be renamed."""
    subentry = await async_add_recipient(hass, loaded_entry, "Sam", "a_b_c@lid")
    shown = await loaded_entry.start_subentry_reconfigure_flow(
        hass, subentry.subentry_id
    )
    assert suggested(shown) == {CONF_CHAT_ID: "a_b_c@lid", CONF_NAME: "Sam"}
    await async_submit(hass, shown, chat_id="a_b_c@lid")
    assert recipients(loaded_entry) == {"a_b_c@lid": "a_b_c@lid"}


async def test_unknown_messenger(
    hass: HomeAssistant, account: Account, config_entry: MockConfigEntry
) -> None:
    """Test that no messenger is guessed, as a number could be a stranger's chat ID."""
    account.messenger = Messenger.TELEGRAM
    account.faults["getSettings"] = Fault.BAD_GATEWAY
    await async_set_up(hass, config_entry)
    result = await async_add(hass, config_entry)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "messenger_unknown"

    account.faults.clear()
    shown = await async_add(hass, config_entry)
    await async_submit(hass, shown, chat_id="10000099")
    assert recipients(config_entry) == {"10000099": "10000099"}


@pytest.fixture
def thousands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the server return 20,000 contacts, prepared in advance."""
    names = ("Person {}", "Somebody 0{}", "Group: Family", "Müller {}")
    contacts = [
        {"id": f"4477009{number:05}@c.us", "name": names[number % 4].format(number)}
        for number in range(20_000)
    ]
    body = json.dumps([*contacts[1:], {"id": FAMILY_CHAT, "name": "Family"}])
    answer = Exchange.answer

    def prepared(exchange: Exchange) -> web.Response:
        if exchange.method.name == "getContacts":
            return web.Response(body=body.encode(), content_type="application/json")
        return answer(exchange)

    monkeypatch.setattr(Exchange, "answer", prepared)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the CPU seconds of each step of the event loop, without its waits."""
    seconds: list[float] = []
    run = asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        before = time.thread_time()
        run(handle)
        seconds.append(time.thread_time() - before)

    monkeypatch.setattr(asyncio.Handle, "_run", timed)
    return seconds


@pytest.mark.usefixtures("thousands")
async def test_thousands_of_contacts(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    client: TestClient[Any, Any],
    steps: list[float],
) -> None:
    """Test that preparing or searching thousands of contacts does not block."""
    handler = [loaded_entry.entry_id, SUBENTRY_TYPE_RECIPIENT]
    response = await client.post(RECIPIENTS, json={"handler": handler})
    (flow,) = hass.config_entries.subentries.async_progress()
    form = f"{RECIPIENTS}/{flow['flow_id']}"
    for typed in ("nobody", "+44 7700 999999"):
        await response.read()
        response = await client.post(form, json={CONF_CHAT_ID: typed})
    await client.post(form, json={CONF_MAY_WRITE: False})
    await hass.async_block_till_done()

    assert recipients(loaded_entry) == {"+447700999999": "447700999999@c.us"}
    assert max(steps) < 0.1


@pytest.mark.usefixtures("asyncio_debug", "thousands")
async def test_long_list_not_logged(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, log_recorder: LogRecorder
) -> None:
    """Test that a list that is prepared in a thread is not logged on its way."""
    shown = await async_add(hass, loaded_entry)

    assert len(options(shown)) == 20_000
    output = "\n".join(log_recorder.lines)
    for word in ("Somebody", "Müller", "4477009"):
        assert word not in output


async def test_account_not_loaded(
    hass: HomeAssistant, loaded_entry: MockConfigEntry
) -> None:
    """Test that the dialog aborts with a reason if the account is not set up."""
    shown = await async_add(hass, loaded_entry)
    await hass.config_entries.async_unload(loaded_entry.entry_id)

    assert (await async_add(hass, loaded_entry))["reason"] == "entry_not_loaded"
    result = await async_submit(hass, shown, chat_id=ALEX_CHAT)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "entry_not_loaded"


async def remove_recipient(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Remove the only recipient."""
    (subentry_id,) = entry.subentries
    hass.config_entries.async_remove_subentry(entry, subentry_id)
    await hass.async_block_till_done()


async def unload(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Unload the account."""
    await hass.config_entries.async_unload(entry.entry_id)


GONE: Final[list[tuple[End, str]]] = [
    (async_remove, "entry_not_loaded"),
    (async_disable, "entry_not_loaded"),
    (unload, "entry_not_loaded"),
    (remove_recipient, "recipient_removed"),
]


async def async_change(hass: HomeAssistant, entry: MockConfigEntry) -> Shown:
    """Open the dialog that changes a recipient."""
    subentry = await async_add_recipient(hass, entry, "Sam", "447700900124@c.us")
    shown: Shown = await entry.start_subentry_reconfigure_flow(
        hass, subentry.subentry_id
    )
    return shown


@pytest.mark.parametrize(("end", "reason"), GONE)
@pytest.mark.parametrize(
    ("typed", "choice"),
    [
        ("?", {CONF_CHAT_ID: ALEX_CHAT}),
        ("?", {CONF_CHAT_ID: "?"}),
        ("+447700900199", {"next_step_id": "correct"}),
        ("+447700900199", {"next_step_id": "keep"}),
        ("+447700900198", {}),
    ],
)
async def test_gone_while_dialog_is_open(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    account: Account,
    end: End,
    reason: str,
    typed: str,
    choice: dict[str, str],
) -> None:
    """Test that a dialog about a removed object aborts with a reason at every step."""
    account.without_account.add(447700900199)
    account.unanswered.add(447700900198)
    shown = await async_change(hass, loaded_entry)
    shown = await async_submit(hass, shown, chat_id=typed)
    await end(hass, loaded_entry)

    result = await async_submit(hass, shown, **choice)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == reason


@pytest.mark.parametrize(("end", "reason"), GONE)
@pytest.mark.parametrize("without", [set(), {447700900199}])
async def test_gone_while_number_is_checked(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    end: End,
    reason: str,
    without: set[int],
) -> None:
    """Test that a response for a removed object is dropped, with a reason."""
    account.without_account = without
    shown = await async_change(hass, loaded_entry)
    called, answer = delay_result(monkeypatch, GreenApiClient, "check_number")
    submitted = asyncio.create_task(async_submit(hass, shown, chat_id="+447700900199"))
    await called.wait()
    await end(hass, loaded_entry)
    answer.set()

    result = await submitted
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == reason


@pytest.mark.parametrize("method", ["get_contacts", "get_settings"])
async def test_gone_while_chats_are_requested(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
) -> None:
    """Test that a dialog whose account is removed before its first form aborts."""
    loaded_entry.runtime_data.coordinator.async_apply(
        lambda record: replace(record, messenger=None)
    )
    called, answer = delay_result(monkeypatch, GreenApiClient, method)
    opened = asyncio.create_task(async_add(hass, loaded_entry))
    await called.wait()
    await async_remove(hass, loaded_entry)
    answer.set()

    assert (await opened)["reason"] == "entry_not_loaded"


async def test_account_reloaded(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Test that a dialog continues with an account that was reloaded meanwhile."""
    shown = await async_change(hass, loaded_entry)
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    await hass.async_block_till_done()

    await async_submit(hass, shown, chat_id="+447700900197", name="Sam")
    assert recipients(loaded_entry) == {"Sam": "447700900197@c.us"}
    assert len(checks(account)) == 1


async def test_page_reloaded(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Test that a reloaded page shows the dialog at the same step."""
    account.without_account.add(447700900199)
    shown = await async_add(hass, loaded_entry)
    flow_id = shown["flow_id"]
    subentries = hass.config_entries.subentries
    await async_submit(hass, shown, chat_id="+447700900199", name="Sam")
    shown = await subentries.async_configure(flow_id)
    assert shown["step_id"] == "no_account"
    await async_submit(hass, shown, next_step_id="correct")
    shown = await subentries.async_configure(flow_id)
    assert suggested(shown) == {CONF_CHAT_ID: "+447700900199", CONF_NAME: "Sam"}


async def test_selector(
    loaded_entry: MockConfigEntry, client: TestClient[Any, Any]
) -> None:
    """Test that the frontend gets a searchable list that allows other input."""
    response = await client.post(
        RECIPIENTS,
        json={"handler": [loaded_entry.entry_id, SUBENTRY_TYPE_RECIPIENT]},
    )
    assert response.status == HTTPStatus.OK
    field = (await response.json())["data_schema"][0]
    assert field["selector"]["select"]["custom_value"]
    assert len(field["selector"]["select"]["options"]) == 5


async def test_list_not_kept(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, log_recorder: LogRecorder
) -> None:
    """Test that the list is never logged, and only the selected chat is stored."""
    shown = await async_add(hass, loaded_entry)
    await async_submit(hass, shown, chat_id="Family")

    output = "\n".join(
        log_recorder.logged_by("custom_components", "aiohttp.client", "asyncio")
    )
    stored = f"{loaded_entry.as_dict()}"
    for word in ("Caretaker", "Neighbour", "447700900123", "Old house"):
        assert word not in output
        assert word not in stored
    assert_hidden(TOKEN, f"output: {output}")


TESTED: Final = {"chat_id": "+447700900123", "test": True}


async def test_test_message(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Test that a test message is sent once, before the recipient is saved."""
    shown = await async_add(hass, loaded_entry)
    shown = await async_submit(hass, shown, **TESTED)

    assert (shown["type"], shown["step_id"]) == (FlowResultType.MENU, "tested")
    assert shown["description_placeholders"] == {"recipient": "Caretaker"}
    (message,) = account.messages
    assert message.body["chatId"] == ALEX_CHAT
    assert message.body["message"] == "This is a test message from Home Assistant."
    assert recipients(loaded_entry) == {}

    await async_submit(hass, shown, next_step_id="keep")
    assert recipients(loaded_entry) == {"Caretaker": ALEX_CHAT}
    assert len([*account.messages]) == 1


async def test_test_message_to_wrong_chat(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Test that a chat can be changed after a test, which is then tested as well."""
    shown = await async_add(hass, loaded_entry)
    shown = await async_submit(hass, shown, **TESTED)
    shown = await async_submit(hass, shown, next_step_id="correct")
    assert suggested(shown) == TESTED
    shown = await async_submit(hass, shown, chat_id=FAMILY_CHAT, test=True)
    assert shown["step_id"] == "tested"
    await async_submit(hass, shown, next_step_id="keep")

    assert recipients(loaded_entry) == {"Family": FAMILY_CHAT}
    chats = [message.body["chatId"] for message in account.messages]
    assert chats == [ALEX_CHAT, FAMILY_CHAT]


async def test_test_message_not_sent(
    hass: HomeAssistant, config_entry: MockConfigEntry, account: Account
) -> None:
    """Test that the dialog says why a test message is not sent, and saves without."""
    account.state = "notAuthorized"
    await async_set_up(hass, config_entry)
    shown = await async_add(hass, config_entry)
    shown = await async_submit(hass, shown, **TESTED)
    assert shown["step_id"] == "not_checked"
    shown = await async_submit(hass, shown)

    assert shown["errors"] == {"base": "test_failed"}
    reason = shown["description_placeholders"]["reason"]
    assert reason.startswith(f"{config_entry.title} isn't linked")
    assert [*account.messages] == []

    shown = await async_submit(hass, shown, **TESTED | {"test": False})
    await async_submit(hass, shown)
    assert recipients(config_entry) == {"+447700900123": ALEX_CHAT}


async def test_test_message_is_not_followed(
    hass: HomeAssistant, loaded_entry: MockConfigEntry
) -> None:
    """Test that no one is told about a test message, which belongs to no recipient."""
    sent: list[object] = []
    async_dispatcher_connect(hass, SIGNAL_MESSAGE_SENT, lambda *it: sent.append(it))
    await async_submit(hass, await async_add(hass, loaded_entry), **TESTED)

    assert sent == []


async def test_test_message_to_number_without_account(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Test that a number without an account is tested only if it is kept."""
    account.without_account.add(447700900199)
    shown = await async_add(hass, loaded_entry)
    shown = await async_submit(hass, shown, chat_id="+447700900199", test=True)
    assert shown["step_id"] == "no_account"
    assert [*account.messages] == []

    shown = await async_submit(hass, shown, next_step_id="keep")
    assert shown["step_id"] == "tested"
    await async_submit(hass, shown, next_step_id="keep")
    assert recipients(loaded_entry) == {"+447700900199": "447700900199@c.us"}
    assert len([*account.messages]) == 1


async def test_account_removed_during_test_message(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    account: Account,
    log_recorder: LogRecorder,
) -> None:
    """Test that the dialog ends if the account is removed, and reveals nothing."""
    shown = await async_add(hass, loaded_entry)
    account.faults["sendMessage"] = Fault.HANG
    with request_timeout(1):
        task = hass.async_create_task(async_submit(hass, shown, **TESTED))
        await async_wait_until(lambda: "sendMessage" in all_called_methods(account))
    await hass.config_entries.async_remove(loaded_entry.entry_id)
    account.faults.clear()
    with suppress(UnknownFlow):
        assert (await task)["reason"] == "entry_not_loaded"
    assert_hidden(TOKEN, log_recorder)


@pytest.mark.parametrize(
    ("messenger", "stored", "shown_as", "saved"),
    [
        (Messenger.WHATSAPP, "447700900999@c.us", "+447700900999", "447700900999@c.us"),
        (Messenger.WHATSAPP, ALEX_CHAT, "Person: Caretaker (+447700900123)", ALEX_CHAT),
        (Messenger.WHATSAPP, FAMILY_CHAT, "Group: Family", FAMILY_CHAT),
        (Messenger.WHATSAPP, "447@c.us", "447@c.us", "447@c.us"),
        (Messenger.WHATSAPP, "551187654321@c.us", "+551187654321", "551187654321@c.us"),
        (
            Messenger.TELEGRAM,
            "79001234568@c.us",
            "Person: Neighbour (+79001234568)",
            "10000001",
        ),
        (Messenger.TELEGRAM, "79001234599@c.us", "+79001234599", "79001234599@c.us"),
        (Messenger.MAX, "447700900999@c.us", "447700900999@c.us", "447700900999@c.us"),
    ],
)
async def test_chat_of_recipient_is_shown(
    hass: HomeAssistant,
    account: Account,
    config_entry: MockConfigEntry,
    messenger: Messenger,
    stored: str,
    shown_as: str,
    saved: str,
) -> None:
    """Test how a chat is shown, and that nothing is changed by saving."""
    account.messenger = messenger
    await async_set_up(hass, config_entry)
    subentry = await async_add_recipient(hass, config_entry, "Sam", stored)
    shown = await config_entry.start_subentry_reconfigure_flow(
        hass, subentry.subentry_id
    )
    assert suggested(shown)[CONF_CHAT_ID] == shown_as

    await async_submit(hass, shown, chat_id=shown_as, name="Alex")
    assert recipients(config_entry) == {"Alex": saved}
    assert checks(account) == []
