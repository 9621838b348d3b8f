"""Test what the documentation of sending says about texts and other tools."""

from collections.abc import Callable, Generator
import gc
from pathlib import Path
import shutil
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.components.alert import DOMAIN as ALERT_DOMAIN
from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.components.persistent_notification import (
    DOMAIN as PERSISTENT_NOTIFICATION_DOMAIN,
)
from homeassistant.components.script import DOMAIN as SCRIPT_DOMAIN
from homeassistant.const import ATTR_ENTITY_ID, ENTITY_MATCH_ALL, SERVICE_TURN_OFF
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from tests.simulator import Account
from tests.support.helpers import async_set_up
from tests.support.notifications import NotificationRecorder
from tests.support.recipients import ALEX, ALEX_CHAT, async_add_recipient, sent_messages
from tests.support.wait_until import async_wait_until

from .test_readme_examples import AUTOMATIONS, CONFIGURATIONS

pytestmark = pytest.mark.long(4)

BLUEPRINTS: Final = Path(__file__).parents[2] / "blueprints"
OF_TOOLS: Final = AUTOMATIONS["Send notifications from tools with WhatsApp"]
OF_A_READING: Final = AUTOMATIONS["Send a reading as it is"]
TEXT: Final = "Somebody is at the door."
NOT_LINKED: Final = "GREEN-API 1101000001 isn't linked"

# As called by the alert integration, Alarmo and blueprints for phones.
DATA: Final = {"tag": "door", "ttl": 0, "image": "/api/door.jpg", "actions": [{"a": 1}]}
CALLS: Final[list[dict[str, Any]]] = [
    {},
    {"data": DATA},
    {"target": "+447700900123"},
    {"target": ["one", "two"], "data": DATA},
]


# The obvious way, which the documentation advises against.
DIRECT: Final = {
    "platform": "group",
    "name": "Direct",
    "services": [{"action": "send_message", "data": {ATTR_ENTITY_ID: ALEX}}],
}


@pytest.fixture(autouse=True)
async def shown(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    tmp_path: Path,
) -> NotificationRecorder:
    """Configure what the documentation shows, and return what is displayed."""
    hass.config.config_dir = f"{tmp_path}"
    shutil.copytree(BLUEPRINTS, tmp_path / "blueprints")
    blueprint = {
        "path": "green_api/send_another_way.yaml",
        "input": {"recipient": ALEX},
    }
    (configuration,) = CONFIGURATIONS
    for domain, config in {
        PERSISTENT_NOTIFICATION_DOMAIN: {},
        NOTIFY_DOMAIN: [*configuration["notify"], DIRECT],
        SCRIPT_DOMAIN: {"send_another_way": {"use_blueprint": blueprint}},
        AUTOMATION_DOMAIN: [OF_TOOLS, OF_A_READING],
    }.items():
        assert await async_setup_component(hass, domain, {domain: config})
    await async_set_up(hass, config_entry)
    await async_add_recipient(hass, config_entry, "Alex", ALEX_CHAT)
    return NotificationRecorder(hass)


async def async_call(
    hass: HomeAssistant, action: str = "whatsapp", message: str = TEXT, **more: Any
) -> None:
    """Call a notify action, as a tool does."""
    await hass.services.async_call(
        NOTIFY_DOMAIN, action, {"message": message, **more}, blocking=True
    )
    await hass.async_block_till_done()


@pytest.mark.parametrize("more", CALLS)
@pytest.mark.parametrize("text", [TEXT, "1.50", "None"])
async def test_sent(
    hass: HomeAssistant,
    account: Account,
    shown: NotificationRecorder,
    more: dict[str, Any],
    text: str,
) -> None:
    """Test that a tool's message is sent unchanged, whatever other data it passes."""
    await async_call(hass, message=text, title="Door", **more)

    assert sent_messages(account) == [(ALEX_CHAT, f"*Door*\n{text}")]
    assert shown.messages == []


@pytest.mark.parametrize("more", CALLS)
async def test_refused(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    shown: NotificationRecorder,
    more: dict[str, Any],
) -> None:
    """Test that a message that is refused goes another way, or is at least shown."""
    account.state = "notAuthorized"
    freezer.tick(11)
    await async_call(hass, **more)

    assert sent_messages(account) == []
    (text,) = shown.messages
    assert text.startswith(f"{TEXT} ({NOT_LINKED}")


@pytest.mark.parametrize("reading", ["1.50", "+447700900123", "None"])
async def test_reading(hass: HomeAssistant, account: Account, reading: str) -> None:
    """Test that an automation that renders all of its data keeps a text unchanged."""
    hass.states.async_set("sensor.price", "0")
    await hass.async_block_till_done()
    account.requests.clear()
    hass.states.async_set("sensor.price", reading)
    await hass.async_block_till_done()

    assert sent_messages(account) == [(ALEX_CHAT, reading)]


async def turn_off(hass: HomeAssistant) -> None:
    """Turn off the automation."""
    await hass.services.async_call(
        AUTOMATION_DOMAIN,
        SERVICE_TURN_OFF,
        {ATTR_ENTITY_ID: ENTITY_MATCH_ALL},
        blocking=True,
    )


async def remove_script(hass: HomeAssistant) -> None:
    """Remove the script, without which the automation fails."""
    hass.services.async_remove(SCRIPT_DOMAIN, "send_another_way")


@pytest.mark.parametrize("break_it", [turn_off, remove_script])
async def test_automation_not_working(
    hass: HomeAssistant,
    account: Account,
    shown: NotificationRecorder,
    break_it: Callable[[HomeAssistant], Any],
) -> None:
    """Test that a text that no automation has sent stays on the screen."""
    await break_it(hass)
    await async_call(hass, data=DATA)

    assert sent_messages(account) == []
    assert shown.messages == [TEXT]


async def test_many_at_once(hass: HomeAssistant, account: Account) -> None:
    """Test that none of many simultaneous messages is lost."""
    texts = [f"{number}" for number in range(120)]
    for text in texts:
        await hass.services.async_call(NOTIFY_DOMAIN, "whatsapp", {"message": text})
    await async_wait_until(lambda: len(sent_messages(account)) == len(texts))

    assert sorted(text for _, text in sent_messages(account)) == sorted(texts)


async def test_alert_integration(hass: HomeAssistant, account: Account) -> None:
    """Test that the message of the alert integration is sent, with its data."""
    hass.states.async_set("binary_sensor.door", "off")
    alert = {
        "name": "Door",
        "message": TEXT,
        "entity_id": "binary_sensor.door",
        "repeat": 30,
        "notifiers": ["whatsapp"],
        "data": DATA,
    }
    assert await async_setup_component(
        hass, ALERT_DOMAIN, {ALERT_DOMAIN: {"door": alert}}
    )
    hass.states.async_set("binary_sensor.door", "on")
    await async_wait_until(lambda: bool(sent_messages(account)))
    assert sent_messages(account) == [(ALEX_CHAT, TEXT)]
    hass.states.async_set("binary_sensor.door", "off")
    await hass.async_block_till_done()


@pytest.fixture
def unhandled_errors(hass: HomeAssistant) -> Generator[list[Any]]:
    """Return the failures that are not reported to the user."""
    unhandled_errors: list[Any] = []
    handler = hass.loop.get_exception_handler()
    hass.loop.set_exception_handler(lambda _, context: unhandled_errors.append(context))
    yield unhandled_errors
    hass.loop.set_exception_handler(handler)


@pytest.mark.parametrize(
    ("more", "state"), [({"data": DATA}, "authorized"), ({}, "notAuthorized")]
)
async def test_notify_group(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    shown: NotificationRecorder,
    unhandled_errors: list[Any],
    more: dict[str, Any],
    state: str,
) -> None:
    """Test that a group that sends by itself reports nothing dropped or refused."""
    await async_call(hass, "direct")
    assert [text for _, text in sent_messages(account)] == [TEXT]

    account.state = state
    freezer.tick(11)
    await async_call(hass, "direct", "dropped", **more)
    gc.collect()
    assert [text for _, text in sent_messages(account)] == [TEXT]
    assert shown.messages == []
    assert len(unhandled_errors) == 1
