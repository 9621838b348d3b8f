"""Test the blueprint of a script that sends messages another way if it has to."""

from pathlib import Path
import shutil
from typing import Any, Final, override

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from homeassistant.components.blueprint import Blueprint
from homeassistant.components.blueprint.schemas import BLUEPRINT_SCHEMA
from homeassistant.components.notify import (
    DOMAIN as NOTIFY_DOMAIN,
    NotifyEntity,
    NotifyEntityFeature,
)
from homeassistant.components.script import DOMAIN as SCRIPT_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_component import EntityComponent
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
from tests.simulator import Account, Fault
from tests.support.helpers import async_pass
from tests.support.recipients import ALEX, ALEX_CHAT, async_add_recipient, sent

BLUEPRINTS: Final = Path(__file__).parents[2] / "blueprints"
PATH: Final = "green_api/send_another_way.yaml"
TEXT: Final = "The door is open."
OTHERWISE: Final = "otherwise"


class Phone(NotifyEntity):
    """A phone that shows what it is sent."""

    _attr_name = "Phone"
    _attr_supported_features = NotifyEntityFeature.TITLE

    def __init__(self) -> None:
        """Begin with an empty screen."""
        self.shown: list[tuple[str | None, str]] = []

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Show a message."""
        self.shown.append((title, message))


@pytest.fixture
async def phone(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    tmp_path: Path,
) -> Phone:
    """Return the phone to which a script sends what a recipient is not sent."""
    await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)
    phone = Phone()
    component: EntityComponent[NotifyEntity] = hass.data[NOTIFY_DOMAIN]
    await component.async_add_entities([phone])
    hass.config.config_dir = f"{tmp_path}"
    shutil.copytree(BLUEPRINTS, tmp_path / "blueprints")
    inputs = {
        "recipient": ALEX,
        "notifiers": [phone.entity_id],
        "actions": [
            {"event": OTHERWISE, "event_data": {"reason": "{{ reason }}"}},
        ],
    }
    script = {"send": {"use_blueprint": {"path": PATH, "input": inputs}}}
    assert await async_setup_component(hass, SCRIPT_DOMAIN, {SCRIPT_DOMAIN: script})
    return phone


async def async_send(hass: HomeAssistant, **data: Any) -> None:
    """Run the script."""
    await hass.services.async_call(
        SCRIPT_DOMAIN, "send", {"message": TEXT, **data}, blocking=True
    )
    await hass.async_block_till_done()


def test_blueprint() -> None:
    """The file is a blueprint of a script."""
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
    """A message that the recipient gets goes no other way."""
    await async_send(hass, **data)
    assert sent(account) == [(ALEX_CHAT, text)]
    assert phone.shown == []


async def test_refused(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    phone: Phone,
) -> None:
    """A message that is refused goes another way, with the state of the account."""
    events = async_capture_events(hass, OTHERWISE)
    account.state = "notAuthorized"
    freezer.tick(11)

    await async_send(hass, title="Door")

    assert sent(account) == []
    assert phone.shown == [("Door", f"{TEXT} (Not authorized)")]
    assert [event.data for event in events] == [{"reason": "Not authorized"}]


async def test_no_answer(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    phone: Phone,
) -> None:
    """Without an answer of GREEN-API, the reason is the error."""
    account.fault = Fault.BAD_GATEWAY
    await async_pass(hass, freezer)

    await async_send(hass)

    assert phone.shown == [("", f"{TEXT} (Cannot be reached)")]


async def test_unclear(hass: HomeAssistant, account: Account, phone: Phone) -> None:
    """A message that may not have been sent goes another way as well."""
    account.faults["sendMessage"] = Fault.RESET_AFTER_HEADERS
    await async_send(hass)
    assert phone.shown == [("", TEXT)]


async def test_recipient_is_gone(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    phone: Phone,
) -> None:
    """The message goes another way if there is no recipient any more."""
    subentry_id = entity_registry.async_get(ALEX).config_subentry_id
    hass.config_entries.async_remove_subentry(loaded_entry, subentry_id)
    await hass.async_block_till_done()

    await async_send(hass)

    assert phone.shown == [("", TEXT)]
