"""Test that messages of nobody else are heard, however they are made."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest

from custom_components.green_api.receiving.permissions import ReceiveMode
from homeassistant.helpers import entity_registry as er
from tests.simulator import Simulator
from tests.support.entries import entry_of
from tests.support.receiving import BESIDE, BOTH_WAYS, SAM_CHAT, STRANGER, Receiving
from tests.support.recipients import (
    ALEX,
    ALEX_CHAT,
    FAMILY_CHAT,
    recipient as recipient_of,
)

pytestmark = pytest.mark.long(8)

type Attack = Callable[[Receiving], Awaitable[None]]

OPEN: Final = "Open the gate"


async def stranger(home: Receiving) -> None:
    """Write as someone who is no recipient."""
    home.write(OPEN, STRANGER)


async def recipient(home: Receiving) -> None:
    """Write as a recipient who may not write."""
    home.write(OPEN, SAM_CHAT)


async def stranger_in_group(home: Receiving) -> None:
    """Write as a stranger in a group that is a recipient."""
    home.write(OPEN, STRANGER, chat_id=FAMILY_CHAT)


async def unknown_group(home: Receiving) -> None:
    """Write as a person who may write, in a group that anybody could have made."""
    home.write(OPEN, chat_id="120363043968066599@g.us")


async def forged_names(home: Receiving) -> None:
    """Write with the name, and with IDs that look like that of someone who may."""
    home.write(OPEN, STRANGER, name="Alex")
    home.write(OPEN, STRANGER, name=ALEX_CHAT)
    for sender_id in (
        *(ALEX_CHAT.upper(), f"{ALEX_CHAT} ", f" {ALEX_CHAT}", f"1{ALEX_CHAT}"),
        *("447700900123@lid", "447700900123@s.whatsapp.net", "447700900123:1@c.us"),
        *("447700900123", f"{ALEX_CHAT}\u200b", ALEX_CHAT.replace("4", "\uff14")),
    ):
        home.write(OPEN, sender_id)
        home.write(OPEN, sender_id, chat_id=ALEX_CHAT)


async def sender_is_group(home: Receiving) -> None:
    """Write as the group itself, which is a recipient."""
    home.write(OPEN, FAMILY_CHAT)


async def edit(home: Receiving) -> None:
    """Change a message into a command, and react with one, and delete one."""
    home.account.settings |= {
        "editedMessageWebhook": "yes",
        "deletedMessageWebhook": "yes",
    }
    for kind in ("edited", "deleted", "reaction"):
        home.write(OPEN, kind=kind, quoted_id="3EB0C767D097B7C7C030")


async def unreadable(home: Receiving) -> None:
    """Write a message that GREEN-API can't read."""
    home.write("{{SWE001}}")


async def old_message(home: Receiving) -> None:
    """Let a message arrive that was written long ago, or has yet to be."""
    home.write(OPEN, ago=301)
    home.write(OPEN, ago=86_400)
    home.write(OPEN, ago=-3600)


async def own_messages(home: Receiving) -> None:
    """Write with the phone of the account, and with its API."""
    home.account.settings |= {
        "outgoingMessageWebhook": "yes",
        "outgoingAPIMessageWebhook": "yes",
    }
    home.account.incoming.write_on_phone(OPEN, ALEX_CHAT)
    await home.hass.services.async_call(
        "notify", "send_message", {"entity_id": ALEX, "message": OPEN}
    )


async def channel(home: Receiving) -> None:
    """Write in a channel, and as a status."""
    for chat_id in ("status@broadcast", "120363043968066561@newsletter"):
        home.write(OPEN, chat_id=chat_id)
        home.write(OPEN, chat_id)


async def other_instance(home: Receiving) -> None:
    """Let a notification of another instance come."""
    home.write(OPEN)
    notifications = home.account.incoming.notifications
    (waiting,) = notifications.waiting
    notifications.clear()
    home.account.incoming.written.clear()
    data = {**waiting.body["instanceData"], "idInstance": 1101000009}
    notifications.add({**waiting.body, "instanceData": data})


async def removed_in_this_second(home: Receiving) -> None:
    """Write, and lose the permission before the message is received."""
    home.write(OPEN)
    home.let_write("Alex", may_write=False)


async def removed_while_stored(home: Receiving) -> None:
    """Lose the permission while the message is about to be passed on."""
    store = home.entry.runtime_data.message_handler.memory._store
    save = store.async_save

    async def save_slowly(data: Any) -> None:
        await save(data)
        home.let_write("Alex", may_write=False)

    store.async_save = save_slowly
    home.write(OPEN)


async def recipient_removed(home: Receiving) -> None:
    """Write, and be removed before the message is received."""
    home.write(OPEN)
    home.hass.config_entries.async_remove_subentry(
        home.entry, home.subentry("Alex").subentry_id
    )


async def disabled(home: Receiving) -> None:
    """Write, and be disabled before the message is received."""
    home.write(OPEN)
    er.async_get(home.hass).async_update_entity(
        ALEX, disabled_by=er.RegistryEntryDisabler.USER
    )


ATTACKS: Final[list[Attack]] = [
    stranger,
    recipient,
    stranger_in_group,
    unknown_group,
    forged_names,
    sender_is_group,
    edit,
    unreadable,
    old_message,
    own_messages,
    channel,
    other_instance,
    removed_in_this_second,
    removed_while_stored,
    recipient_removed,
    disabled,
]


@pytest.mark.parametrize("mode", BOTH_WAYS)
@pytest.mark.parametrize("attack", ATTACKS)
async def test_not_heard(home: Receiving, mode: ReceiveMode, attack: Attack) -> None:
    """Test that an attack triggers nothing, and is gone from the queue."""
    await home.set_up(mode)
    await attack(home)
    assert await home.heard(120) == []
    assert [
        state.entity_id
        for state in home.hass.states.async_all("event")
        if state.state != "unknown"
    ] == []


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_replay(home: Receiving, mode: ReceiveMode) -> None:
    """Test that a message that comes again is heard once, also after a reload."""
    await home.set_up(mode)
    message_id = home.write(OPEN)
    assert await home.heard() == [OPEN]
    home.write(OPEN, message_id=message_id)
    assert await home.heard() == []
    await home.reload()
    home.write(OPEN, message_id=message_id)
    assert await home.heard() == []


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_flood(
    home: Receiving, mode: ReceiveMode, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that thirty messages a minute are heard, with one line in the log."""
    await home.set_up(mode)
    for number in range(100):
        home.write(f"{number}")
    assert len(await home.heard(60)) == 30
    assert caplog.text.count("sends too many messages") == 1
    home.write("Calm again")
    assert await home.heard() == ["Calm again"]


async def test_flood_of_stranger(
    home: Receiving, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that others are heard while a stranger writes more than can be read."""
    await home.set_up(BESIDE)
    home.write("Early")
    for _ in range(40):
        home.write("\U0001f514" * 65_536, STRANGER)
    home.write("Now")
    assert await home.heard() == ["Now"]
    assert await home.heard(60) == []
    home.write("Later")
    assert await home.heard() == ["Later"]
    assert caplog.text.count("than can be read at once") == 1


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_two_accounts(
    home: Receiving, mode: ReceiveMode, simulator: Simulator
) -> None:
    """Test that a permission counts only for the account of the recipient."""
    await home.set_up(mode)
    other = simulator.add_account("1101000002", "token+2", state="authorized")
    other.settings["incomingWebhook"] = "yes"
    other.longest_wait = 5
    entry = entry_of(simulator.url, other.instance_id, other.token)
    entry.add_to_hass(home.hass)
    home.hass.config_entries.async_update_entry(entry, options=home.entry.options)
    home.hass.config_entries.async_add_subentry(entry, recipient_of("Me", SAM_CHAT))
    await home.hass.config_entries.async_setup(entry.entry_id)
    await home.time.settle()
    other.write(OPEN, sender_id=ALEX_CHAT)
    assert await home.heard(60) == []


@pytest.mark.parametrize("mode", BOTH_WAYS)
async def test_restored_backup(
    home: Receiving, mode: ReceiveMode, hass_storage: dict[str, Any]
) -> None:
    """Test that old messages are not heard again after a backup is restored."""
    await home.set_up(mode)
    message_id = home.write(OPEN)
    assert await home.heard() == [OPEN]
    async with home.restarted(after=600) as again:
        hass_storage.pop(f"green_api.{home.entry.entry_id}")
        await again.started()
        home.write(OPEN, message_id=message_id, ago=610)
        assert await again.heard(60) == []
