"""Test the recipients of an account, and the messages that are sent to them."""

import asyncio
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.green_api.api import ErrorKind, RequestPacer
from custom_components.green_api.const import CONF_CHAT_ID, DOMAIN
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
from tests.simulator import Account, Fault, Messenger, Simulator
from tests.support.const import TOKEN
from tests.support.deliveries import Deliveries
from tests.support.dialog import async_advance_slowly
from tests.support.fault_kinds import FAULT_OF_KIND
from tests.support.helpers import (
    all_called_methods,
    async_advance,
    logged_errors,
    spaced,
)
from tests.support.recipients import (
    ALEX,
    ALEX_CHAT,
    FAMILY,
    FAMILY_CHAT,
    async_add_recipient,
    async_notify,
    sent_messages,
)
from tests.support.secrecy import LogRecorder, assert_hidden

pytestmark = pytest.mark.long(6)

STATE: Final = "sensor.green_api_1101000001_account_state"
NAME: Final = "GREEN-API 1101000001"
TEXT: Final = "The door is open."

# States in which nothing is sent, and the text of the error.
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

# Responses after which a message may have been sent.
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
    """Send a message that is refused, and return the error."""
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
    """Test that a recipient is a device of its own, added without a reload."""
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


async def test_recipient_removed(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    device_registry: dr.DeviceRegistry,
    account: Account,
    recipients: list[str],
) -> None:
    """Test that a removed recipient leaves nothing behind, and all others stay."""
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


async def test_recipient_changed(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    device_registry: dr.DeviceRegistry,
    account: Account,
    alex: str,
) -> None:
    """Test that changing name and chat keeps the entity."""
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
    assert sent_messages(account) == [(FAMILY_CHAT, TEXT)]


async def test_recipients_after_reload(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    account: Account,
    recipients: list[str],
) -> None:
    """Test that recipients are still there after a reload."""
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)

    await async_notify(hass, entity_id=recipients)

    assert sorted(sent_messages(account)) == [(FAMILY_CHAT, TEXT), (ALEX_CHAT, TEXT)]


async def test_send(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    alex: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that a message costs one request and sets the state to its acceptance."""
    account.requests.clear()
    await async_notify(hass)

    assert all_called_methods(account) == ["sendMessage"]
    assert sent_messages(account) == [(ALEX_CHAT, TEXT)]
    assert hass.states.get(alex).state == dt_util.utcnow().isoformat()
    assert logged_errors(caplog) == []


async def test_old_state_requested_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    recipients: list[str],
) -> None:
    """Test that a state older than 10 seconds is requested, once for all messages."""
    freezer.tick(10.1)
    account.requests.clear()
    await async_notify(hass, entity_id=recipients)
    assert all_called_methods(account) == [
        "getStateInstance",
        "sendMessage",
        "sendMessage",
    ]


@pytest.mark.parametrize(
    ("age", "requested"),
    [
        (0.4, ["sendMessage"]),
        (0.6, ["sendMessage"]),
        (1.2, ["getStateInstance", "sendMessage"]),
        (9.9, ["getStateInstance", "sendMessage"]),
    ],
)
async def test_connection_for_message(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    alex: str,
    age: float,
    requested: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that a message is sent on a connection that has just answered."""
    monkeypatch.setattr(RequestPacer, "DEFAULT_SPACING", 1.1)
    freezer.tick(61)
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    account.requests.clear()
    freezer.tick(age)
    await async_notify(hass)
    assert all_called_methods(account) == requested


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
    """Test that nothing is sent in a state that loses it, and the state is shown."""
    account.messenger = messenger
    await async_set_up(hass, config_entry)
    account.state = raw
    freezer.tick(11)

    err = await async_refused(hass)

    assert err.translation_key == key
    assert err.translation_placeholders["name"] == NAME
    assert sent_messages(account) == []
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
    """Test that a restricted account sends nothing, and its end is shown if known."""
    account.messenger = messenger
    await async_set_up(hass, config_entry)
    account.state = raw
    freezer.tick(11)
    assert (await async_refused(hass)).translation_key == "restricted"
    await hass.async_block_till_done(wait_background_tasks=True)

    account.suspended_until = int(datetime(2030, 1, 2, 3, 4, tzinfo=UTC).timestamp())
    await async_advance(hass, freezer)
    err = await async_refused(hass)
    assert err.translation_key == "restricted_until"
    assert err.translation_placeholders == {
        "name": NAME,
        "until": spaced("Jan 1, 2030, 7:04 PM"),
    }
    assert sent_messages(account) == []


@pytest.mark.parametrize("raw", RESTRICTED)
async def test_restricted_max_account(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    config_entry: MockConfigEntry,
    raw: str,
) -> None:
    """Test that a restricted MAX account still sends; MAX itself refuses strangers."""
    account.messenger = Messenger.MAX
    await async_set_up(hass, config_entry)
    await async_add_recipient(hass, config_entry, "Family", "10000001")
    account.state = raw
    await async_advance(hass, freezer, 120)

    await async_notify(hass, entity_id=FAMILY)
    assert sent_messages(account) == [("10000001", TEXT)]


async def test_restricted_max_account_to_stranger(
    hass: HomeAssistant,
    account: Account,
    config_entry: MockConfigEntry,
) -> None:
    """Test that MAX's own refusal of a restricted account is reported."""
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
    """Test that messages are sent while an instance starts, but not if it is stuck."""
    account.state = "starting"
    await async_advance(hass, freezer)
    await async_notify(hass)
    assert sent_messages(account) == [(ALEX_CHAT, TEXT)]

    for _ in range(6):
        await async_advance(hass, freezer)
    err = await async_refused(hass)
    assert err.translation_key == "stuck_starting"
    assert len(sent_messages(account)) == 1


@pytest.mark.parametrize(
    ("kind", "fault"),
    [item for item in FAULT_OF_KIND.items() if item[0] is not ErrorKind.STARTING],
)
async def test_no_state(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    account: Account,
    recipients: list[str],
    kind: ErrorKind,
    fault: Fault,
) -> None:
    """Test that nothing is sent without a good response, and the error says why."""

    async def answer_late(*args: Any) -> Any:
        freezer.tick(0.1)
        return await answer(*args)

    answer = Simulator._answer
    monkeypatch.setattr(Simulator, "_answer", answer_late)
    account.faults["getStateInstance"] = fault
    freezer.tick(301)
    account.requests.clear()

    err = await async_refused(hass, recipients)

    assert err.translation_key == kind
    assert sent_messages(account) == []
    # The other one was waiting for the same response.
    assert all_called_methods(account).count("getStateInstance") == 1


# Failures that concern the account.
SAYING: Final = (
    ErrorKind.DELETED,
    ErrorKind.EXPIRED,
    ErrorKind.INVALID_AUTH,
    ErrorKind.WRONG_ADDRESS,
)


@pytest.mark.parametrize(
    "fault", [fault for kind, fault in FAULT_OF_KIND.items() if kind not in SAYING]
)
async def test_unrelated_failure(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    recipients: list[str],
    fault: Fault,
) -> None:
    """Test that a failure unrelated to the account blocks no message for 5 minutes."""
    account.faults["getStateInstance"] = fault
    freezer.tick(295)
    await async_notify(hass, TEXT, recipients)
    assert len(sent_messages(account)) == len(recipients)


@pytest.mark.parametrize("kind", SAYING)
async def test_related_failure(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    recipients: list[str],
    kind: ErrorKind,
) -> None:
    """Test that a failure of the account refuses messages at once."""
    account.faults["getStateInstance"] = FAULT_OF_KIND[kind]
    freezer.tick(11)
    assert (await async_refused(hass, recipients)).translation_key == kind
    assert sent_messages(account) == []


@pytest.mark.parametrize("fault", UNCLEAR)
async def test_uncertain_response(
    hass: HomeAssistant,
    account: Account,
    alex: str,
    fault: Fault,
) -> None:
    """Test that a message that may have been sent is not repeated, with an error."""
    account.faults["sendMessage"] = fault

    err = await async_refused(hass)

    assert err.translation_key == "maybe_sent"
    assert err.translation_placeholders == {"name": NAME, "recipient": "Alex"}
    assert len(sent_messages(account)) == 1
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
    """Test that a message that GREEN-API refuses is reported as not sent, and why."""
    account.faults["sendMessage"] = fault

    err = await async_refused(hass)

    assert err.translation_key == kind
    assert len(sent_messages(account)) == 1
    assert hass.states.get(alex).state == STATE_UNKNOWN


async def test_rejected_token(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    account: Account,
    alex: str,
) -> None:
    """Test that a token rejected by a message and the next poll starts reauth."""
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
    """Test that a message that was not accepted is retried once, a second later."""
    account.faults["sendMessage"] = Fault.RATE_LIMITED
    sending = hass.async_create_task(async_notify(hass))
    await async_advance_slowly(freezer, 0.5)
    await async_wait_until_sent(account, 1)
    account.faults.clear()
    await async_advance_slowly(freezer, 1.5)
    await sending
    assert len(sent_messages(account)) == 2

    account.faults["sendMessage"] = Fault.RATE_LIMITED
    refusing = hass.async_create_task(async_refused(hass))
    await async_wait_until_sent(account, 3)
    await async_advance_slowly(freezer, 2)
    assert (await refusing).translation_key == "rate_limited"
    assert len(sent_messages(account)) == 4


async def async_wait_until_sent(account: Account, count: int) -> None:
    """Wait until the server has received that many requests for messages."""
    for _ in range(10_000):
        if len(sent_messages(account)) == count:
            return
        await asyncio.sleep(0)
    pytest.fail("It was not asked for")


async def test_retry_after(
    hass: HomeAssistant,
    account: Account,
    alex: str,
) -> None:
    """Test that nothing is sent for as long as the server asks to wait."""
    account.faults["sendMessage"] = Fault.RATE_LIMITED_RETRY_AFTER
    account.retry_after = 90

    err = await async_refused(hass)
    assert err.translation_key == "rate_limited"
    assert err.translation_placeholders["minutes"] == "2"

    account.faults.clear()
    assert (await async_refused(hass)).translation_key == "rate_limited"
    assert len(sent_messages(account)) == 1


async def test_order(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    alex: str,
) -> None:
    """Test that messages arrive in their order, although the first has to wait."""
    freezer.tick(11)
    await asyncio.gather(*(async_notify(hass, f"No. {it}") for it in range(10)))

    assert [text for _, text in sent_messages(account)] == [
        f"No. {it}" for it in range(10)
    ]


async def test_failure_of_one_recipient(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    account: Account,
    recipients: list[str],
) -> None:
    """Test that others get their message although one recipient fails."""
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
    """Test that the title is a line of its own, in bold where that is supported."""
    account.messenger = messenger
    await async_set_up(hass, config_entry)
    subentry = next(iter(config_entry.subentries.values()))
    hass.config_entries.async_update_subentry(
        config_entry, subentry, data={CONF_CHAT_ID: CHATS[messenger]}
    )

    await async_notify(hass, title=title)

    assert sent_messages(account) == [(CHATS[messenger], text)]


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
    """Test that a message too long for the messenger is refused without a request."""
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
    """Test that an empty message is refused without a request."""
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
    """Test that a fourth chat is refused, and the error names the free plan."""
    account.on_free_plan = True
    for number in range(3):
        account.free_plan.count_message("sendMessage", f"4477009009{number}@c.us")

    assert (await async_refused(hass)).translation_key == "chat_quota"


@pytest.mark.parametrize("fault", [None, Fault.BAD_REQUEST, Fault.RESET_AFTER_HEADERS])
async def test_nothing_personal_logged(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    log_recorder: LogRecorder,
    fault: Fault | None,
) -> None:
    """Test that no log entry ever contains a text, a name or a chat."""
    await async_add_recipient(hass, loaded_entry, "Alexandra", ALEX_CHAT)
    account.faults["sendMessage"] = fault
    freezer.tick(11)
    sending = async_notify(
        hass, "Confidential", "notify.alexandra", title="Private matter"
    )
    await asyncio.gather(sending, return_exceptions=True)

    assert len(sent_messages(account)) == 1
    output = "\n".join(log_recorder.logged_by("custom_components", "aiohttp.client"))
    assert "Finished fetching" in output
    for word in ("Confidential", "Private matter", "Alexandra", "447700900123"):
        assert word not in output
    assert_hidden(TOKEN, output)


@pytest.mark.paced
async def test_rate_limits(new_home: Deliveries) -> None:
    """Test that messages are sent as fast as GREEN-API allows, and no faster."""
    await new_home.set_up()
    await new_home.time.advance(5)
    new_home.start()
    tasks = [new_home.send(message=f"No. {number}") for number in range(5)]
    await new_home.time.result(asyncio.gather(*tasks), 5)

    times = [it.at for it in new_home.account.requests if it.method == "sendMessage"]
    pauses = [later - sooner for sooner, later in pairwise(times)]
    assert pauses == pytest.approx([RequestPacer.SHORT_SPACING] * 4, abs=0.001)
