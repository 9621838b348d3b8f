"""Test that the examples in the README and the documentation work."""

from collections.abc import AsyncGenerator
from datetime import timedelta
import re
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)
import voluptuous as vol
import yaml

from custom_components.green_api.condition import CONDITIONS
from custom_components.green_api.const import DOMAIN
from custom_components.green_api.trigger import TRIGGERS
from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.const import ATTR_ENTITY_ID, ENTITY_MATCH_ALL, SERVICE_TURN_OFF
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.simulator import Account, Fault
from tests.support.automations import async_create_automation
from tests.support.documentation import DOCUMENTATION
from tests.support.entities import (
    MESSAGES_IN_QUEUE,
    RESTRICTED_UNTIL,
)
from tests.support.helpers import async_advance, async_polls
from tests.support.recipients import ALEX_CHAT, async_add_recipient, sent_messages
from tests.support.wait_until import async_wait_until

EXAMPLES: Final[list[dict[str, Any]]] = [
    yaml.safe_load(block)
    for block in re.findall(
        r"^```yaml\n(.*?)^```$", DOCUMENTATION, re.MULTILINE | re.DOTALL
    )
]
AUTOMATIONS: Final = {
    example["alias"]: example for example in EXAMPLES if "alias" in example
}
PARTS: Final = [
    example
    for example in EXAMPLES
    if "alias" not in example and {"conditions", "triggers"} & example.keys()
]
CARDS: Final = [example for example in EXAMPLES if "type" in example]
SECTIONS: Final = [example for example in EXAMPLES if "strategy" in example]
CONFIGURATIONS: Final = [example for example in EXAMPLES if "notify" in example]

ENTITY_ID: Final = re.compile(r"\b(?:binary_sensor|button|image|sensor)\.green_api_\w+")

SMOKE: Final = "binary_sensor.smoke_in_the_kitchen"
WATER: Final = "binary_sensor.water_in_the_basement"


def _own_entity(domain: str) -> vol.All:
    """Accept an entity of the integration in a domain."""
    return vol.All(str, vol.Match(rf"{domain}\.green_api_1101000001_\w+$"))


def _card(value: Any) -> Any:
    """Accept a card of those that are used in the examples."""
    return CARD_SCHEMAS[value["type"]](value)


_VISIBILITY: Final = vol.Schema(
    [
        {
            vol.Required("condition"): "state",
            vol.Required("entity"): _own_entity(r"\w+"),
            vol.Exclusive("state", "comparison"): str,
            vol.Exclusive("state_not", "comparison"): str,
        }
    ]
)
_ANY_CARD: Final[dict[vol.Marker | str, Any]] = {
    vol.Required("type"): str,
    "grid_options": {"columns": "full"},
    "visibility": _VISIBILITY,
}

# Home Assistant's own cards, with their options in the frontend.
CARD_SCHEMAS: Final = {
    "alert": vol.Schema(
        _ANY_CARD
        | {
            vol.Required("entity"): _own_entity("binary_sensor"),
            "alert_color": str,
            "hide_state": bool,
            "name": str,
            "pulse": bool,
        }
    ),
    "history-graph": vol.Schema(
        _ANY_CARD
        | {
            vol.Required("entities"): [
                {vol.Required("entity"): _own_entity(r"\w*sensor"), "name": str}
            ],
            "hours_to_show": int,
            "title": str,
        }
    ),
    "picture-entity": vol.Schema(
        _ANY_CARD
        | {
            vol.Required("entity"): _own_entity("image"),
            "show_name": bool,
            "show_state": bool,
        }
    ),
    "tile": vol.Schema(
        _ANY_CARD
        | {
            vol.Required("entity"): _own_entity(r"\w+"),
            "color": str,
            "features": [{vol.Required("type"): "button"}],
            "features_position": "inline",
            "hide_state": bool,
            "name": str,
        }
    ),
}
SECTION_SCHEMA: Final = vol.Schema(
    {
        vol.Required("strategy"): {
            vol.Required("type"): "device",
            vol.Required("device_id"): vol.Match(r"[0-9a-f]{32}$"),
            "categories": [vol.In(["sensor", "control", "config", "diagnostic"])],
        }
    }
)


@pytest.fixture
def every_entity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enable the entities that are disabled by default."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)


@pytest.fixture
async def calls(hass: HomeAssistant) -> list[ServiceCall]:
    """Return the calls of notify actions."""
    return async_mock_service(hass, "notify", "send_message")


@pytest.fixture
async def automations(
    freezer: FrozenDateTimeFactory,
    hass: HomeAssistant,
    every_entity: None,
    loaded_entry: MockConfigEntry,
) -> AsyncGenerator[list[str]]:
    """Create all automations of the pages, and yield the entity of each."""
    assert await async_setup_component(
        hass, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: list(AUTOMATIONS.values())}
    )
    await hass.async_block_till_done()
    yield [state.state for state in hass.states.async_all(AUTOMATION_DOMAIN)]
    await hass.services.async_call(
        AUTOMATION_DOMAIN,
        SERVICE_TURN_OFF,
        {ATTR_ENTITY_ID: ENTITY_MATCH_ALL},
        blocking=True,
    )


def test_examples() -> None:
    """Test that the pages contain automations, cards, parts of these and other YAML."""
    kinds = (AUTOMATIONS, PARTS, CARDS, SECTIONS, CONFIGURATIONS)
    assert all(kinds)
    assert len(EXAMPLES) == sum(map(len, kinds))


def test_all_triggers_and_conditions_shown() -> None:
    """Test that each trigger and each condition has a YAML example."""
    shown = [
        part.get("trigger") or part["condition"]
        for example in PARTS
        for part in (*example.get("triggers", ()), *example.get("conditions", ()))
    ]
    assert sorted(shown) == sorted(
        f"{DOMAIN}.{key}" for key in (*TRIGGERS, *CONDITIONS)
    )


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize("part", PARTS)
async def test_part_is_valid(hass: HomeAssistant, part: dict[str, Any]) -> None:
    """Test that Home Assistant accepts the parts of automations."""
    await async_create_automation(hass, **part)


@pytest.mark.parametrize("section", SECTIONS)
def test_section(section: dict[str, Any]) -> None:
    """Test that a section is one that Home Assistant creates for a device."""
    SECTION_SCHEMA(section)


def test_automations_are_valid(automations: list[str]) -> None:
    """Test that Home Assistant accepts every automation."""
    assert automations == ["on"] * len(AUTOMATIONS)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card["type"])
def test_card(card: dict[str, Any]) -> None:
    """Test that every card is one of Home Assistant's own, with valid options."""
    _card(card)


@pytest.mark.usefixtures("every_entity", "loaded_entry")
def test_entity_ids(hass: HomeAssistant) -> None:
    """Test that the pages contain all entity IDs as they are created."""
    assert set(ENTITY_ID.findall(DOCUMENTATION)) == {
        entity_id
        for entity_id in er.async_get(hass).entities
        if ENTITY_ID.fullmatch(entity_id)
    }


@pytest.mark.usefixtures("automations")
async def test_problem_and_recovery_notified(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    calls: list[ServiceCall],
) -> None:
    """Test that the first example notifies of a problem and of its end."""
    account.state = "notAuthorized"
    await async_advance(hass, freezer)
    assert not calls
    await async_advance(hass, freezer)
    assert [call.data["title"] for call in calls] == [
        "GREEN-API 1101000001 is logged out"
    ]

    account.state = "authorized"
    await async_advance(hass, freezer)
    assert [call.data["title"] for call in calls[1:]] == [
        "GREEN-API 1101000001 works again"
    ]


@pytest.mark.usefixtures("automations")
async def test_outage_notified(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    calls: list[ServiceCall],
) -> None:
    """Test that the first example notifies of an outage of half an hour as well."""
    account.fault = Fault.BAD_GATEWAY
    await async_polls(hass, freezer, 30)
    assert not calls
    await async_advance(hass, freezer)
    assert [call.data["title"] for call in calls] == [
        "GREEN-API 1101000001 can't be reached"
    ]


@pytest.mark.usefixtures("automations")
@pytest.mark.parametrize(
    ("state", "sent_to", "message"),
    [
        ("authorized", "notify.family_on_whatsapp", "There is water in the basement!"),
        ("starting", "notify.phone", "WhatsApp doesn't work"),
    ],
)
async def test_important_message_sent_another_way(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    calls: list[ServiceCall],
    *,
    state: str,
    sent_to: str,
    message: str,
) -> None:
    """Test that an important message goes over WhatsApp, or otherwise another way."""
    hass.states.async_set(WATER, "off")
    account.state = state
    await async_advance(hass, freezer)

    hass.states.async_set(WATER, "on")
    await hass.async_block_till_done()

    assert [call.data["entity_id"] for call in calls] == [[sent_to]]
    assert message in calls[0].data["message"]


@pytest.mark.parametrize("state", ["authorized", "notAuthorized"])
async def test_alarm_sent_another_way(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    automations: list[str],
    loaded_entry: MockConfigEntry,
    account: Account,
    calls: list[ServiceCall],
    state: str,
) -> None:
    """Test that an alarm that is refused or not confirmed is sent another way."""
    await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)
    account.state = state
    freezer.tick(11)
    hass.states.async_set(SMOKE, "off")
    await hass.async_block_till_done()
    hass.states.async_set(SMOKE, "on")
    await async_wait_until(lambda: bool(calls))
    await hass.async_block_till_done()

    assert len(sent_messages(account)) == (state == "authorized")
    assert [call.data["entity_id"] for call in calls] == [["notify.phone"]]
    assert calls[0].data["message"].startswith("There is smoke in the kitchen! ")


@pytest.mark.usefixtures("automations")
async def test_alarm_without_account(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, calls: list[ServiceCall]
) -> None:
    """Test that an alarm is sent another way after the account was removed."""
    await hass.config_entries.async_remove(loaded_entry.entry_id)
    # After the next start, nothing sets the integration up.
    hass.services.async_remove(DOMAIN, "send_message")
    hass.states.async_set(SMOKE, "off")
    await hass.async_block_till_done()
    hass.states.async_set(SMOKE, "on")
    await hass.async_block_till_done()

    (call,) = calls
    assert call.data["message"].endswith("The recipient doesn't exist.")


@pytest.mark.usefixtures("automations")
async def test_waiting_messages_notified(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, calls: list[ServiceCall]
) -> None:
    """Test that a notification is sent if a queue is long for a while."""
    hass.states.async_set(MESSAGES_IN_QUEUE, "0")
    await hass.async_block_till_done()
    hass.states.async_set(MESSAGES_IN_QUEUE, "101")
    await hass.async_block_till_done()
    assert not calls
    freezer.tick(timedelta(minutes=15))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()

    assert ["101 WhatsApp messages" in call.data["message"] for call in calls] == [True]


@pytest.mark.usefixtures("automations")
async def test_end_of_restriction_notified(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, calls: list[ServiceCall]
) -> None:
    """Test that the last example notifies of the end of a restriction."""
    until = dt_util.utcnow() + timedelta(hours=1)
    hass.states.async_set(
        RESTRICTED_UNTIL, until.isoformat(), {"device_class": "timestamp"}
    )
    await hass.async_block_till_done()
    assert not calls

    freezer.move_to(until)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()

    assert [
        "WhatsApp restriction has ended" in call.data["message"] for call in calls
    ] == [True]


@pytest.mark.usefixtures("automations")
async def test_doorbell_picture(hass: HomeAssistant) -> None:
    """Test that the example with a picture uses the action's fields."""
    schema = hass.services.async_services()[DOMAIN]["send_message"].schema
    assert schema
    service_calls = async_mock_service(hass, DOMAIN, "send_message", schema)
    hass.states.async_set("binary_sensor.doorbell", "off")
    await hass.async_block_till_done()
    hass.states.async_set("binary_sensor.doorbell", "on")
    await hass.async_block_till_done()
    assert [call.data[ATTR_ENTITY_ID] for call in service_calls] == [["notify.alex"]]
