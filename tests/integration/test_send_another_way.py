"""Test the blueprint of a script that sends messages another way if necessary."""

import asyncio
from pathlib import Path
import shutil
from typing import Any, Final, override

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_mock_service,
)

from custom_components.green_api.const import DOMAIN
from custom_components.green_api.texts import markdown_text
from homeassistant.components.blueprint import Blueprint
from homeassistant.components.blueprint.schemas import BLUEPRINT_SCHEMA
from homeassistant.components.notify import (
    DOMAIN as NOTIFY_DOMAIN,
    NotifyEntity,
    NotifyEntityFeature,
)
from homeassistant.components.persistent_notification import (
    DOMAIN as PERSISTENT_NOTIFICATION_DOMAIN,
)
from homeassistant.components.script import DOMAIN as SCRIPT_DOMAIN
from homeassistant.core import HomeAssistant, SupportsResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_component import EntityComponent
from homeassistant.helpers.translation import async_load_integrations
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
from tests.simulator import Account, Fault
from tests.support.entities import PROBLEM
from tests.support.helpers import async_advance, async_polls, has_timer_in
from tests.support.notifications import NotificationRecorder
from tests.support.recipients import ALEX, ALEX_CHAT, async_add_recipient, sent_messages
from tests.support.wait_until import async_wait_until

pytestmark = pytest.mark.long(8)

BLUEPRINTS: Final = Path(__file__).parents[2] / "blueprints"
PATH: Final = "green_api/send_another_way.yaml"
TEXT: Final = "The door is open."
OTHERWISE: Final = "otherwise"

# Scripts, and who else is sent a message by them if the recipient is not.
NOTIFIERS: Final[dict[str, Any]] = {
    "send": ["notify.phone"],
    "to_nobody": [],
    "to_one_who_is_gone": ["notify.nobody"],
    "to_both": ["notify.phone", "notify.nobody"],
    "to_the_same": [ALEX],
    "to_nothing": None,
    "to_a_text": "notify.phone",
}

# Times for which the scripts of these names wait for the delivery of a message, and the
# seconds that they pass on.
CONFIRM_WITHIN: Final[dict[str, tuple[Any, float | None]]] = {
    "within_two_minutes": ({"hours": 0, "minutes": 2, "seconds": 0}, 120),
    "within_a_text": ("00:02:00", 120),
    "within_a_number": (90, 90),
    "within_a_template": ("{{ 60 + 30 }}", 90),
    "within_a_day": ({"days": 1}, 3600),
    "within_nothing": ({}, None),
    "within_zero": ({"hours": 0, "minutes": 0, "seconds": 0}, None),
    "within_an_empty_text": ("", None),
    "within_nonsense": ({"minutes": "soon"}, None),
    "within_less_than_nothing": (-1, None),
}

# Recipients of the scripts of these names that are not a single entity ID.
RECIPIENTS: Final[dict[str, object]] = {
    "from_nobody": None,
    "from_nothing": "",
    "from_a_name": "Alex",
    "from_several": [ALEX, "notify.sam"],
}

SCRIPTS: Final[dict[str, dict[str, Any]]] = {
    **{
        name: {"notifiers": NOTIFIERS["send"], "recipient": recipient}
        for name, recipient in RECIPIENTS.items()
    },
    "from_a_list": {"notifiers": NOTIFIERS["send"], "recipient": [ALEX]},
    **{name: {"notifiers": notifiers} for name, notifiers in NOTIFIERS.items()},
    **{
        name: {"notifiers": NOTIFIERS["send"], "confirm_within": value}
        for name, (value, _) in CONFIRM_WITHIN.items()
    },
}


class Phone(NotifyEntity):
    """A phone that shows what it is sent."""

    _attr_name = "Phone"
    _attr_supported_features = NotifyEntityFeature.TITLE

    def __init__(self) -> None:
        """Initialize an empty screen."""
        self.failure: Exception | None = None
        self.shown: list[tuple[str | None, str]] = []

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Show a message, or fail to."""
        if self.failure:
            raise self.failure
        self.shown.append((title, message))


@pytest.fixture(autouse=True)
async def phone(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    tmp_path: Path,
) -> Phone:
    """Return the phone to which a script sends what it cannot send to a recipient."""
    await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)
    phone = Phone()
    component: EntityComponent[NotifyEntity] = hass.data[NOTIFY_DOMAIN]
    await component.async_add_entities([phone])
    hass.config.config_dir = f"{tmp_path}"
    shutil.copytree(BLUEPRINTS, tmp_path / "blueprints")
    inputs = {
        "recipient": ALEX,
        "actions": [
            {"event": OTHERWISE, "event_data": {"reason": "{{ reason }}"}},
        ],
    }
    script = {
        name: {"use_blueprint": {"path": PATH, "input": {**inputs, **more}}}
        for name, more in SCRIPTS.items()
    }
    assert await async_setup_component(hass, SCRIPT_DOMAIN, {SCRIPT_DOMAIN: script})
    return phone


@pytest.fixture
async def shown(hass: HomeAssistant) -> NotificationRecorder:
    """Return the persistent notifications of Home Assistant."""
    assert await async_setup_component(hass, PERSISTENT_NOTIFICATION_DOMAIN, {})
    return NotificationRecorder(hass)


async def async_lose_recipient(hass: HomeAssistant) -> None:
    """Remove the recipient from the account."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    (subentry_id,) = entry.subentries
    hass.config_entries.async_remove_subentry(entry, subentry_id)
    await hass.async_block_till_done()


async def async_send(hass: HomeAssistant, script: str = "send", **data: Any) -> None:
    """Run the script."""
    await hass.services.async_call(
        SCRIPT_DOMAIN, script, {"message": TEXT, **data}, blocking=True
    )
    await hass.async_block_till_done()


def test_blueprint() -> None:
    """Test that the file is a script blueprint."""
    content = load_yaml_dict(f"{BLUEPRINTS / SCRIPT_DOMAIN / PATH}")
    Blueprint(
        content, path=PATH, expected_domain=SCRIPT_DOMAIN, schema=BLUEPRINT_SCHEMA
    )


@pytest.mark.parametrize(
    ("data", "text"), [({}, TEXT), ({"title": "Door"}, f"*Door*\n{TEXT}")]
)
async def test_sent(
    hass: HomeAssistant,
    account: Account,
    phone: Phone,
    data: dict[str, str],
    text: str,
) -> None:
    """Test that a message that reaches the recipient is sent no other way."""
    await async_send(hass, **data)
    assert sent_messages(account) == [(ALEX_CHAT, text)]
    assert phone.shown == []


NO_RECIPIENT: Final = "The recipient doesn't exist or is disabled."

# Texts that Home Assistant changes when it renders them on its own.
TEXTS: Final = (
    "1.50",
    "+447700900123",
    "None",
    "True",
    "[1, 2]",
    "{'a': 1}",
    "0x1F",
    "'quoted'",
    'He said "it\'s open"',
    "{{ states('sun.sun') }} {% raw %}",
    " blanks around \t",
    "\n\nlines\r\naround\n\n",
    "back\\slash \\n",
    "\u200b\u2028 \N{WAVING HAND SIGN}\ufe0f \N{HEBREW LETTER ALEF}",
)


@pytest.mark.parametrize("text", TEXTS)
async def test_byte_for_byte(hass: HomeAssistant, account: Account, text: str) -> None:
    """Test that a text is sent unchanged."""
    await async_send(hass, message=text)
    assert sent_messages(account) == [(ALEX_CHAT, text)]


@pytest.mark.parametrize("text", TEXTS)
async def test_byte_for_byte_another_way(
    hass: HomeAssistant, account: Account, phone: Phone, text: str
) -> None:
    """Test that a text is sent another way unchanged, followed by the reason."""
    await async_lose_recipient(hass)
    await async_send(hass, message=text, title=text)
    assert phone.shown == [(text, f"{text} ({NO_RECIPIENT})")]


@pytest.mark.parametrize(
    ("value", "text"), [(1.5, "1.5"), (False, "False"), (None, "None"), ([1], "[1]")]
)
async def test_not_text(
    hass: HomeAssistant, account: Account, value: object, text: str
) -> None:
    """Test that a value that is not text is sent as text, as templates create such."""
    await async_send(hass, message=value, title=None, filename=None, attachment=None)
    assert sent_messages(account) == [(ALEX_CHAT, text)]


async def test_attachment(
    hass: HomeAssistant, account: Account, phone: Phone, tmp_path: Path
) -> None:
    """Test that an attachment is sent under its name, by path or as media."""
    (tmp_path / "door.jpg").write_bytes(b"a picture")
    hass.config.allowlist_external_dirs = {f"{tmp_path}"}
    hass.config.media_dirs = {"local": f"{tmp_path}"}
    assert await async_setup_component(hass, "media_source", {})
    media = {
        "media_content_id": "media-source://media_source/local/door.jpg",
        "media_content_type": "image/jpeg",
    }
    await async_send(hass, attachment=f"{tmp_path}/door.jpg", filename="1.50.jpg")
    await async_send(hass, attachment=media)

    bodies = [it.body for it in account.requests if it.method == "sendFileByUpload"]
    assert [body["fileName"] for body in bodies] == ["1.50.jpg", "door.jpg"]
    assert [body["caption"] for body in bodies] == [TEXT, TEXT]
    assert phone.shown == []


async def test_attachment_unavailable(hass: HomeAssistant, phone: Phone) -> None:
    """Test that the text is sent another way, with the error of the attachment."""
    await async_send(hass, attachment="/nowhere/door.jpg")

    ((_, text),) = phone.shown
    assert text.startswith(f"{TEXT} (Home Assistant isn't allowed to read this path.")


@pytest.mark.parametrize("attachment", [1, [{"media_content_id": "camera.door"}]])
async def test_attachment_of_another_type(
    hass: HomeAssistant, phone: Phone, attachment: object
) -> None:
    """Test that the text is sent another way if the attachment can't be one."""
    await async_send(hass, attachment=attachment)

    ((_, text),) = phone.shown
    assert text.startswith(f"{TEXT} (The attachment doesn't specify a file.")


async def test_refused(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    phone: Phone,
    shown: NotificationRecorder,
) -> None:
    """Test that a message that is refused is sent another way, with the reason."""
    events = async_capture_events(hass, OTHERWISE)
    account.state = "notAuthorized"
    freezer.tick(11)

    await async_send(hass, title="Door")

    assert sent_messages(account) == []
    ((title, text),) = phone.shown
    assert title == "Door"
    assert text.startswith(f"{TEXT} (GREEN-API 1101000001 isn't linked")
    (event,) = events
    assert text == f"{TEXT} ({event.data['reason']})"
    assert shown.messages == []


async def test_refused_in_another_language(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account, phone: Phone
) -> None:
    """Test that the reason is in Home Assistant's language."""
    await hass.config.async_update(language="de")
    await async_load_integrations(hass, {DOMAIN})
    account.state = "notAuthorized"
    freezer.tick(11)

    await async_send(hass)

    assert phone.shown[0][1].startswith(f"{TEXT} (GREEN-API 1101000001 ist nicht")


async def test_reason_without_sensor(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    entity_registry: er.EntityRegistry,
    account: Account,
    phone: Phone,
) -> None:
    """Test that the reason does not need the sensor to be enabled."""
    device_id = entity_registry.async_get(PROBLEM).device_id
    for entity in er.async_entries_for_device(entity_registry, device_id):
        entity_registry.async_update_entity(
            entity.entity_id, disabled_by=er.RegistryEntryDisabler.USER
        )
    await hass.async_block_till_done()
    account.state = "notAuthorized"
    freezer.tick(11)

    await async_send(hass)

    assert phone.shown[0][1].startswith(f"{TEXT} (GREEN-API 1101000001 isn't linked")


async def test_no_response(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    phone: Phone,
) -> None:
    """Test that without a response of GREEN-API the reason is the error."""
    account.fault = Fault.BAD_GATEWAY
    await async_polls(hass, freezer, 6)

    await async_send(hass)

    assert phone.shown[0][1].startswith(f"{TEXT} (GREEN-API can't be reached for")


async def test_uncertain(hass: HomeAssistant, account: Account, phone: Phone) -> None:
    """Test that a message that may not have been sent goes another way, and says so."""
    account.faults["sendMessage"] = Fault.RESET_AFTER_HEADERS
    await async_send(hass)
    assert phone.shown[0][1].startswith(f"{TEXT} (The message to Alex may or may not")


async def test_recipient_removed(hass: HomeAssistant, phone: Phone) -> None:
    """Test that the message is sent another way if the recipient was removed."""
    await async_lose_recipient(hass)

    await async_send(hass)

    assert phone.shown == [("", f"{TEXT} ({NO_RECIPIENT})")]


async def test_account_removed(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, phone: Phone
) -> None:
    """Test that the message is sent another way if there is no account anymore."""
    await hass.config_entries.async_remove(loaded_entry.entry_id)
    # After the next start, nothing sets the integration up.
    hass.services.async_remove(DOMAIN, "send_message")

    await async_send(hass)

    assert phone.shown == [("", f"{TEXT} ({NO_RECIPIENT})")]


@pytest.mark.parametrize("missing", [[], ["send_message"]])
async def test_account_not_loaded(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    phone: Phone,
    missing: list[str],
) -> None:
    """Test that the message goes another way after 10 seconds without the account.

    The same applies without the integration's action.
    """
    await hass.config_entries.async_unload(loaded_entry.entry_id)
    for action in missing:
        hass.services.async_remove(DOMAIN, action)
    run = hass.async_create_task(async_send(hass))
    await async_wait_until(lambda: has_timer_in(hass, 10))
    assert phone.shown == []
    await async_advance(hass, freezer, 11)
    await run

    assert phone.shown == [("", f"{TEXT} (The account isn't loaded.)")]


async def test_account_loading(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    account: Account,
    phone: Phone,
) -> None:
    """Test that a message waits for an account that is being loaded, and is sent."""
    await hass.config_entries.async_unload(loaded_entry.entry_id)
    run = hass.async_create_task(async_send(hass))
    await async_wait_until(lambda: has_timer_in(hass, 10))
    await hass.config_entries.async_setup(loaded_entry.entry_id)
    await run

    assert sent_messages(account) == [(ALEX_CHAT, TEXT)]
    assert phone.shown == []


@pytest.mark.parametrize("name", sorted(NOTIFIERS.keys() - {"send", "to_a_text"}))
async def test_other_way_unavailable(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    phone: Phone,
    shown: NotificationRecorder,
    name: str,
) -> None:
    """Test that a text is shown if not everyone can be reached another way."""
    account.state = "notAuthorized"
    freezer.tick(11)

    await hass.services.async_call(
        SCRIPT_DOMAIN, name, {"message": TEXT, "title": "Door"}, blocking=True
    )

    assert sent_messages(account) == []
    assert len(phone.shown) == (NOTIFIERS[name] or []).count(phone.entity_id)
    assert shown.titles == ["Door"]
    assert shown.messages[0].startswith(f"{TEXT} (GREEN-API 1101000001 isn't linked")


async def test_name_in_notification(
    hass: HomeAssistant,
    account: Account,
    loaded_entry: MockConfigEntry,
    shown: NotificationRecorder,
) -> None:
    """Test that the name of a chat is shown as it is: a notification is Markdown."""
    (alex,) = loaded_entry.subentries.values()
    title = "![](https://example.com/\\a_b)"
    hass.config_entries.async_update_subentry(loaded_entry, alex, title=title)
    account.faults["sendMessage"] = Fault.RESET_AFTER_HEADERS
    await async_send(hass, "to_nobody")
    (message,) = shown.messages
    assert message.startswith(
        f"{TEXT} (The message to {markdown_text(title)} may or may not"
    )


async def test_other_way_is_a_text(
    hass: HomeAssistant, phone: Phone, shown: NotificationRecorder
) -> None:
    """Test that a single entity to notify may be a text."""
    await async_lose_recipient(hass)
    await async_send(hass, "to_a_text")
    assert phone.shown == [("", f"{TEXT} ({NO_RECIPIENT})")]
    assert shown.messages == []


@pytest.mark.parametrize("name", RECIPIENTS)
async def test_invalid_recipient(hass: HomeAssistant, phone: Phone, name: str) -> None:
    """Test that the text is sent another way if the recipient can't be one."""
    await async_send(hass, name)
    assert phone.shown == [("", f"{TEXT} ({NO_RECIPIENT})")]


async def test_recipient_in_list(
    hass: HomeAssistant, account: Account, phone: Phone
) -> None:
    """Test that the recipient may be a list of one."""
    await async_send(hass, "from_a_list")
    assert sent_messages(account) == [(ALEX_CHAT, TEXT)]
    assert phone.shown == []


async def test_other_way_fails(
    hass: HomeAssistant, phone: Phone, shown: NotificationRecorder
) -> None:
    """Test that a text is shown if the other way fails, and all other actions run."""
    events = async_capture_events(hass, OTHERWISE)
    phone.failure = HomeAssistantError("No")
    await async_lose_recipient(hass)

    await async_send(hass)

    assert shown.messages == [f"{TEXT} ({NO_RECIPIENT})"]
    assert len(events) == 1


@pytest.mark.parametrize("text", [TEXT, "1.50", " blanks around \t"])
async def test_not_confirmed(
    hass: HomeAssistant, account: Account, phone: Phone, text: str
) -> None:
    """Test that a message whose delivery cannot be confirmed goes another way too."""
    await async_send(hass, "within_two_minutes", message=text)

    assert sent_messages(account) == [(ALEX_CHAT, text)]
    ((_, other),) = phone.shown
    assert other.startswith(
        f"{text} (The message to Alex was sent, but its delivery can't be confirmed:"
    )


@pytest.mark.parametrize("name", CONFIRM_WITHIN)
async def test_confirm_within(hass: HomeAssistant, name: str) -> None:
    """Test that the message is confirmed within the selected time, an hour at most."""
    schema = hass.services.async_services()[DOMAIN]["send_message"].schema
    calls = async_mock_service(
        hass,
        DOMAIN,
        "send_message",
        schema,
        response={ALEX: {"message_id": "1"}},
        supports_response=SupportsResponse.OPTIONAL,
    )
    await async_send(hass, name)

    (call,) = calls
    _, seconds = CONFIRM_WITHIN[name]
    assert call.data.get("confirm_within") == (seconds and {"seconds": seconds})


async def test_many_at_once(hass: HomeAssistant, account: Account) -> None:
    """Test that none of many simultaneous messages is lost."""
    texts = [f"{number}" for number in range(60)]
    await asyncio.gather(*(async_send(hass, message=text) for text in texts))
    assert sorted(text for _, text in sent_messages(account)) == sorted(texts)
