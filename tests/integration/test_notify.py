"""Test the recipients of an account, and the messages that are sent to them."""

import asyncio
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.api import ErrorKind, RequestPacer
from custom_components.green_api.const import CONF_CHAT_ID, DOMAIN
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
from tests.simulator import Account, Fault, Messenger
from tests.support.const import TOKEN
from tests.support.dialog import async_let_pass
from tests.support.failures import FAULT_OF_KIND
from tests.support.helpers import async_pass, complaints, methods
from tests.support.recipients import (
    ALEX,
    ALEX_CHAT,
    FAMILY,
    FAMILY_CHAT,
    async_add_recipient,
    async_notify,
    sent,
)
from tests.support.secrecy import Listener, assert_hidden

STATE: Final = "sensor.green_api_1101000001_account_state"
NAME: Final = "GREEN-API 1101000001"
TEXT: Final = "The door is open."

# States in which nothing is sent, and the text that says so.
REFUSING: Final = {
    "blocked": "blocked",
    "notAuthorized": "logged_out",
    "pendingCode": "logged_out",
    "pendingPassword": "logged_out",
    "sleepMode": "asleep",
    "hibernating": "unknown_state",
    None: "unknown_state",
}
RESTRICTED: Final = ["suspended", "yellowCard"]

# Answers after which a message may be on its way.
UNCLEAR: Final = [
    Fault.BAD_GATEWAY,
    Fault.CLIENT_CLOSED_499,
    Fault.EMPTY_200,
    Fault.GATEWAY_TIMEOUT,
    Fault.NOT_JSON,
    Fault.RESET_AFTER_HEADERS,
    Fault.RESET_BEFORE_HEADERS,
    Fault.SERVER_ERROR,
    Fault.TRUNCATED_BODY,
]


@pytest.fixture
async def alex(hass: HomeAssistant, loaded_entry: MockConfigEntry) -> str:
    """Return the entity of a recipient."""
    await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)
    return ALEX


@pytest.fixture
async def recipients(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, alex: str
) -> list[str]:
    """Return the entities of two recipients."""
    await async_add_recipient(hass, loaded_entry, "Family", FAMILY_CHAT)
    return [alex, FAMILY]


async def async_refused(
    hass: HomeAssistant, entity_id: str | list[str] = ALEX, **data: str
) -> HomeAssistantError:
    """Send a message that is not sent, and return why."""
    with pytest.raises(HomeAssistantError) as caught:
        await async_notify(hass, entity_id=entity_id, **data)
    assert caught.value.translation_domain == DOMAIN
    return caught.value


async def test_recipient(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    device_registry: dr.DeviceRegistry,
    account: Account,
) -> None:
    """A recipient is a device of its own behind the account, added in place."""
    account.requests.clear()
    subentry = await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)

    entity = entity_registry.async_get(ALEX)
    assert entity.unique_id == f"1101000001_{subentry.subentry_id}"
    assert entity.config_subentry_id == subentry.subentry_id
    assert hass.states.get(ALEX).state == STATE_UNKNOWN
    device = device_registry.async_get(entity.device_id)
    assert device.name == "Alex"
    main = device_registry.async_get(device.via_device_id)
    assert main.identifiers == {(DOMAIN, "1101000001")}
    assert main.name == NAME
    assert account.requests == []


async def test_recipient_is_removed(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    device_registry: dr.DeviceRegistry,
    account: Account,
    recipients: list[str],
) -> None:
    """A recipient goes with all that belongs to it; others and the account stay."""
    account.requests.clear()
    subentry_id = entity_registry.async_get(ALEX).config_subentry_id
    device_id = entity_registry.async_get(ALEX).device_id

    hass.config_entries.async_remove_subentry(loaded_entry, subentry_id)
    await hass.async_block_till_done()

    assert hass.states.get(ALEX) is None
    assert entity_registry.async_get(ALEX) is None
    assert device_registry.async_get(device_id) is None
    assert hass.states.get(FAMILY)
    assert loaded_entry.state is ConfigEntryState.LOADED
    assert account.requests == []


async def test_recipient_is_changed(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    device_registry: dr.DeviceRegistry,
    account: Account,
    alex: str,
) -> None:
    """Another name and another chat leave the entity as it is."""
    entity = entity_registry.async_get(alex)
    hass.config_entries.async_update_subentry(
        loaded_entry,
        loaded_entry.subentries[entity.config_subentry_id],
        title="Sasha",
        data={CONF_CHAT_ID: FAMILY_CHAT},
        unique_id=FAMILY_CHAT,
    )
    await hass.async_block_till_done()

    assert entity_registry.async_get(alex) == entity
    assert device_registry.async_get(entity.device_id).name == "Sasha"
    await async_notify(hass)
    assert sent(account) == [(FAMILY_CHAT, TEXT)]


async def test_recipients_are_there_after_a_reload(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    account: Account,
    recipients: list[str],
) -> None:
    """Recipients belong to the account."""
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)

    await async_notify(hass, entity_id=recipients)

    assert sorted(sent(account)) == [(FAMILY_CHAT, TEXT), (ALEX_CHAT, TEXT)]


async def test_send(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    alex: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A message costs one request; the state says when it was accepted."""
    account.requests.clear()
    await async_notify(hass)

    assert methods(account) == ["sendMessage"]
    assert sent(account) == [(ALEX_CHAT, TEXT)]
    assert hass.states.get(alex).state == dt_util.utcnow().isoformat()
    assert complaints(caplog) == []


async def test_old_state_is_asked_for_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    recipients: list[str],
) -> None:
    """A state that is ten seconds old is asked for, once for all who wait."""
    freezer.tick(9.9)
    account.requests.clear()
    await async_notify(hass)
    assert methods(account) == ["sendMessage"]

    freezer.tick(0.2)
    account.requests.clear()
    await async_notify(hass, entity_id=recipients)
    assert methods(account) == ["getStateInstance", "sendMessage", "sendMessage"]


@pytest.mark.parametrize(("raw", "key"), REFUSING.items())
@pytest.mark.parametrize("messenger", Messenger)
async def test_state_refuses(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    config_entry: MockConfigEntry,
    messenger: Messenger,
    raw: str | None,
    key: str,
) -> None:
    """Nothing is sent in a state in which it would be lost; everybody sees that state."""
    account.messenger = messenger
    await async_set_up(hass, config_entry)
    account.state = raw
    freezer.tick(11)

    err = await async_refused(hass)

    assert err.translation_key == key
    assert err.translation_placeholders["name"] == NAME
    assert sent(account) == []
    assert hass.states.get(ALEX).state == STATE_UNKNOWN
    assert hass.states.get(STATE).state != "authorized"


async def async_set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set up an account with a recipient."""
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await async_add_recipient(hass, entry, "Alex", ALEX_CHAT)


@pytest.mark.parametrize("raw", RESTRICTED)
@pytest.mark.parametrize("messenger", [Messenger.TELEGRAM, Messenger.WHATSAPP])
async def test_restricted(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    config_entry: MockConfigEntry,
    messenger: Messenger,
    raw: str,
) -> None:
    """Nothing is sent while the account is restricted, until then if that is known."""
    account.messenger = messenger
    await async_set_up(hass, config_entry)
    account.state = raw
    freezer.tick(11)
    assert (await async_refused(hass)).translation_key == "restricted"
    await hass.async_block_till_done(wait_background_tasks=True)

    account.suspended_until = int(datetime(2030, 1, 2, 3, 4, tzinfo=UTC).timestamp())
    await async_pass(hass, freezer)
    err = await async_refused(hass)
    assert err.translation_key == "restricted_until"
    assert err.translation_placeholders == {"name": NAME, "until": "2030-01-01 19:04"}
    assert sent(account) == []


@pytest.mark.parametrize("raw", RESTRICTED)
async def test_restricted_account_of_max(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    config_entry: MockConfigEntry,
    raw: str,
) -> None:
    """MAX delivers to saved contacts all the same; of others it says that itself."""
    account.messenger = Messenger.MAX
    await async_set_up(hass, config_entry)
    await async_add_recipient(hass, config_entry, "Family", "10000001")
    account.state = raw
    await async_pass(hass, freezer, 120)

    await async_notify(hass, entity_id=FAMILY)
    assert sent(account) == [("10000001", TEXT)]


async def test_restricted_account_of_max_writes_to_a_stranger(
    hass: HomeAssistant,
    account: Account,
    config_entry: MockConfigEntry,
) -> None:
    """MAX says itself to whom a restricted account may not write."""
    account.messenger = Messenger.MAX
    account.state = "suspended"
    await async_set_up(hass, config_entry)
    subentry = next(iter(config_entry.subentries.values()))
    hass.config_entries.async_update_subentry(
        config_entry, subentry, data={CONF_CHAT_ID: "10000009"}
    )

    err = await async_refused(hass)

    assert err.translation_key == "contacts_only"
    assert err.translation_placeholders["recipient"] == "Alex"


async def test_starting(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    alex: str,
) -> None:
    """What is sent while the instance starts is delivered; not if it is stuck."""
    account.state = "starting"
    await async_pass(hass, freezer)
    await async_notify(hass)
    assert sent(account) == [(ALEX_CHAT, TEXT)]

    for _ in range(6):
        await async_pass(hass, freezer)
    err = await async_refused(hass)
    assert err.translation_key == "stuck_starting"
    assert len(sent(account)) == 1


@pytest.mark.parametrize(
    ("kind", "fault"),
    [item for item in FAULT_OF_KIND.items() if item[0] is not ErrorKind.STARTING],
)
async def test_no_state(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    recipients: list[str],
    kind: ErrorKind,
    fault: Fault,
) -> None:
    """Nothing is sent if there is no answer about the state, and it says why."""
    account.faults["getStateInstance"] = fault
    freezer.tick(11)
    account.requests.clear()

    err = await async_refused(hass, recipients)

    assert err.translation_key == kind
    assert sent(account) == []
    # The other one had waited for the same answer.
    assert methods(account).count("getStateInstance") <= 2


@pytest.mark.parametrize("fault", UNCLEAR)
async def test_unclear_answer(
    hass: HomeAssistant,
    account: Account,
    alex: str,
    fault: Fault,
) -> None:
    """A message that may have been sent is not sent again, and it says so."""
    account.faults["sendMessage"] = fault

    err = await async_refused(hass)

    assert err.translation_key == "maybe_sent"
    assert err.translation_placeholders == {"name": NAME, "recipient": "Alex"}
    assert len(sent(account)) == 1
    assert hass.states.get(alex).state == STATE_UNKNOWN


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.BAD_REQUEST, "invalid_chat"),
        (Fault.DELETED, "deleted"),
        (Fault.EXPIRED_TEXT, "expired"),
        (Fault.FORBIDDEN_HTML, "wrong_address"),
        (Fault.QUOTA_466, "chat_quota"),
        (Fault.STARTING, "starting"),
        (Fault.UNAUTHORIZED, "invalid_auth"),
    ],
)
async def test_refusal(
    hass: HomeAssistant,
    account: Account,
    alex: str,
    fault: Fault,
    kind: str,
) -> None:
    """A message that GREEN-API refuses was not sent, and it says why."""
    account.faults["sendMessage"] = fault

    err = await async_refused(hass)

    assert err.translation_key == kind
    assert len(sent(account)) == 1
    assert hass.states.get(alex).state == STATE_UNKNOWN


async def test_rejected_token_counts(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    account: Account,
    alex: str,
) -> None:
    """A token that a message and the poll after it were rejected with is asked for."""
    account.fault = Fault.UNAUTHORIZED

    await async_refused(hass)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert any(loaded_entry.async_get_active_flows(hass, {SOURCE_REAUTH}))


async def test_too_many_requests(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    alex: str,
) -> None:
    """What was not accepted is tried once more, a second later."""
    account.faults["sendMessage"] = Fault.RATE_LIMITED
    sending = hass.async_create_task(async_notify(hass))
    await async_let_pass(freezer, 0.5)
    await async_until_sent(account, 1)
    account.faults.clear()
    await async_let_pass(freezer, 1.5)
    await sending
    assert len(sent(account)) == 2

    account.faults["sendMessage"] = Fault.RATE_LIMITED
    refusing = hass.async_create_task(async_refused(hass))
    await async_until_sent(account, 3)
    await async_let_pass(freezer, 2)
    assert (await refusing).translation_key == "rate_limited"
    assert len(sent(account)) == 4


async def async_until_sent(account: Account, count: int) -> None:
    """Wait until the server was asked for so many messages."""
    for _ in range(10_000):
        if len(sent(account)) == count:
            return
        await asyncio.sleep(0)
    pytest.fail("It was not asked for")


async def test_wait_that_the_server_asks_for(
    hass: HomeAssistant,
    account: Account,
    alex: str,
) -> None:
    """Nothing is sent for as long as the server asks to wait."""
    account.faults["sendMessage"] = Fault.RATE_LIMITED_RETRY_AFTER
    account.retry_after = 90

    err = await async_refused(hass)
    assert err.translation_key == "rate_limited"
    assert err.translation_placeholders["minutes"] == "2"

    account.faults.clear()
    assert (await async_refused(hass)).translation_key == "rate_limited"
    assert len(sent(account)) == 1


async def test_order(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    alex: str,
) -> None:
    """Messages arrive in the order in which they were given, though the first waits."""
    freezer.tick(11)
    await asyncio.gather(*(async_notify(hass, f"No. {it}") for it in range(10)))

    assert [text for _, text in sent(account)] == [f"No. {it}" for it in range(10)]


async def test_failure_keeps_no_other_recipient(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    account: Account,
    recipients: list[str],
) -> None:
    """Others get their message although one of them cannot."""
    await async_add_recipient(hass, loaded_entry, "Nobody", "nobody")

    err = await async_refused(hass, ["notify.nobody", *recipients])

    assert err.translation_key == "invalid_chat"
    assert err.translation_placeholders["recipient"] == "Nobody"
    waiting = {message.body["chatId"] for message in account.waiting}
    assert waiting == {ALEX_CHAT, FAMILY_CHAT}


@pytest.mark.parametrize(
    ("messenger", "title", "text"),
    [
        (Messenger.WHATSAPP, " Front\n door ", f"*Front door*\n{TEXT}"),
        (Messenger.TELEGRAM, "Front door", f"Front door\n{TEXT}"),
        (Messenger.MAX, "Front door", f"Front door\n{TEXT}"),
        (Messenger.WHATSAPP, " ", TEXT),
    ],
)
async def test_title(
    hass: HomeAssistant,
    account: Account,
    config_entry: MockConfigEntry,
    messenger: Messenger,
    title: str,
    text: str,
) -> None:
    """The title is a line of its own, bold where the messenger knows that."""
    account.messenger = messenger
    await async_set_up(hass, config_entry)
    subentry = next(iter(config_entry.subentries.values()))
    hass.config_entries.async_update_subentry(
        config_entry, subentry, data={CONF_CHAT_ID: CHATS[messenger]}
    )

    await async_notify(hass, title=title)

    assert sent(account) == [(CHATS[messenger], text)]


CHATS: Final = {
    Messenger.WHATSAPP: ALEX_CHAT,
    Messenger.TELEGRAM: "10000001",
    Messenger.MAX: "10000001",
}


@pytest.mark.parametrize(
    ("messenger", "longest"),
    [
        (Messenger.WHATSAPP, 20_000),
        (Messenger.TELEGRAM, 4096),
        (Messenger.MAX, 4000),
    ],
)
async def test_length(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    config_entry: MockConfigEntry,
    messenger: Messenger,
    longest: int,
) -> None:
    """A message that is too long for the messenger is refused without any request."""
    account.messenger = messenger
    await async_set_up(hass, config_entry)
    subentry = next(iter(config_entry.subentries.values()))
    hass.config_entries.async_update_subentry(
        config_entry, subentry, data={CONF_CHAT_ID: CHATS[messenger]}
    )
    await async_notify(hass, "x" * longest)
    account.requests.clear()
    freezer.tick(11)

    with pytest.raises(ServiceValidationError) as caught:
        await async_notify(hass, "x" * (longest + 1))

    assert caught.value.translation_key == "message_too_long"
    assert caught.value.translation_placeholders["longest"] == f"{longest}"
    assert account.requests == []


async def test_empty(
    hass: HomeAssistant,
    account: Account,
    alex: str,
) -> None:
    """A message that says nothing is refused without any request."""
    account.requests.clear()

    with pytest.raises(ServiceValidationError) as caught:
        await async_notify(hass, " \n", title="")

    assert caught.value.translation_key == "message_empty"
    assert account.requests == []


async def test_free_plan(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    account: Account,
    alex: str,
) -> None:
    """The fourth chat of the free plan is refused, and it says that it is the plan."""
    account.on_free_plan = True
    for number in range(3):
        account.free_plan.take("sendMessage", f"4477009009{number}@c.us")

    assert (await async_refused(hass)).translation_key == "chat_quota"


@pytest.mark.parametrize("fault", [None, Fault.BAD_REQUEST, Fault.RESET_AFTER_HEADERS])
async def test_nothing_personal_is_logged(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    listener: Listener,
    fault: Fault | None,
) -> None:
    """No log of the integration has a text, a name or a chat, whatever happens."""
    await async_add_recipient(hass, loaded_entry, "Alexandra", ALEX_CHAT)
    account.faults["sendMessage"] = fault
    freezer.tick(11)
    sending = async_notify(
        hass, "Confidential", "notify.alexandra", title="Private matter"
    )
    await asyncio.gather(sending, return_exceptions=True)

    assert len(sent(account)) == 1
    output = "\n".join(listener.logged_by("custom_components", "aiohttp.client"))
    assert "Finished fetching" in output
    for word in ("Confidential", "Private matter", "Alexandra", "447700900123"):
        assert word not in output
    assert_hidden(TOKEN, output)


@pytest.mark.paced
async def test_pace(
    hass: HomeAssistant,
    account: Account,
    alex: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Messages follow each other as fast as GREEN-API allows, and no faster."""
    account.requests.clear()
    await asyncio.gather(*(async_notify(hass, f"No. {it}") for it in range(5)))

    times = [it.at for it in account.requests if it.method == "sendMessage"]
    pauses = [later - sooner for sooner, later in pairwise(times)]
    assert min(pauses) > RequestPacer.SPACING["sendMessage"] / 2
