"""What the README and the pages of docs give to copy works."""

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
from tests.support.automations import async_automate
from tests.support.entities import (
    MESSAGES_IN_QUEUE,
    RESTRICTED_UNTIL,
)
from tests.support.helpers import async_pass, async_polls
from tests.support.manual import MANUAL

EXAMPLES: Final[list[dict[str, Any]]] = [
    yaml.safe_load(block)
    for block in re.findall(r"^```yaml\n(.*?)^```$", MANUAL, re.MULTILINE | re.DOTALL)
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

ENTITY_ID: Final = re.compile(r"\b(?:binary_sensor|button|image|sensor)\.green_api_\w+")

WATER: Final = "binary_sensor.water_in_the_cellar"


def _own_entity(domain: str) -> vol.All:
    """Accept an entity of the integration, of a domain."""
    return vol.All(str, vol.Match(rf"{domain}\.green_api_1101000001_\w+$"))


def _card(value: Any) -> Any:
    """Accept a card of those that are used here."""
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

# Home Assistant's own cards, with the options that the frontend has for them.
CARD_SCHEMAS: Final = {
    "alert": vol.Schema(
        _ANY_CARD
        | {
            vol.Required("entity"): _own_entity("binary_sensor"),
            "alert_color": str,
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
    """Enable entities that are disabled at first."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)


@pytest.fixture
async def calls(hass: HomeAssistant) -> list[ServiceCall]:
    """Return the calls that notify."""
    return async_mock_service(hass, "notify", "send_message")


@pytest.fixture
async def automations(
    freezer: FrozenDateTimeFactory,
    hass: HomeAssistant,
    every_entity: None,
    loaded_entry: MockConfigEntry,
) -> AsyncGenerator[list[str]]:
    """Make all automations of the pages, and yield what each has become."""
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
    """The pages have automations, parts of them, cards and sections, and no more."""
    kinds = (AUTOMATIONS, PARTS, CARDS, SECTIONS)
    assert all(kinds)
    assert len(EXAMPLES) == sum(map(len, kinds))


def test_every_trigger_and_condition_is_shown() -> None:
    """Each trigger and each condition is on a page as YAML."""
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
    """Home Assistant accepts what is shown of an automation."""
    await async_automate(hass, **part)


@pytest.mark.parametrize("section", SECTIONS)
def test_section(section: dict[str, Any]) -> None:
    """A section is one that Home Assistant makes of a device."""
    SECTION_SCHEMA(section)


def test_automations_are_valid(automations: list[str]) -> None:
    """Home Assistant accepts every automation."""
    assert automations == ["on"] * len(AUTOMATIONS)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card["type"])
def test_card(card: dict[str, Any]) -> None:
    """Every card is one of Home Assistant's own, with options that it has."""
    _card(card)


@pytest.mark.usefixtures("every_entity", "loaded_entry")
def test_entity_ids(hass: HomeAssistant) -> None:
    """The pages name the entities as they are made, and all of them."""
    assert set(ENTITY_ID.findall(MANUAL)) == {
        entity_id
        for entity_id in er.async_get(hass).entities
        if ENTITY_ID.fullmatch(entity_id)
    }


@pytest.mark.usefixtures("automations")
async def test_told_of_problem_and_of_its_end(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    calls: list[ServiceCall],
) -> None:
    """The first example says what is wrong, and when it is over."""
    account.state = "notAuthorized"
    await async_pass(hass, freezer)
    assert not calls
    await async_pass(hass, freezer)
    assert [call.data["title"] for call in calls] == [
        "GREEN-API 1101000001 is logged out"
    ]

    account.state = "authorized"
    await async_pass(hass, freezer)
    assert [call.data["title"] for call in calls[1:]] == [
        "GREEN-API 1101000001 works again"
    ]


@pytest.mark.usefixtures("automations")
async def test_told_of_an_outage(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    calls: list[ServiceCall],
) -> None:
    """The first example says as well that there is no answer for half an hour."""
    account.fault = Fault.BAD_GATEWAY
    await async_polls(hass, freezer, 30)
    assert not calls
    await async_pass(hass, freezer)
    assert [call.data["title"] for call in calls] == [
        "GREEN-API 1101000001 is out of reach"
    ]


@pytest.mark.usefixtures("automations")
@pytest.mark.parametrize(
    ("state", "sent_to", "message"),
    [
        ("authorized", "notify.family_on_whatsapp", "There is water in the cellar!"),
        ("starting", "notify.phone", "WhatsApp does not work"),
    ],
)
async def test_told_another_way(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    calls: list[ServiceCall],
    *,
    state: str,
    sent_to: str,
    message: str,
) -> None:
    """What is important is sent over WhatsApp, or another way if that does not work."""
    hass.states.async_set(WATER, "off")
    account.state = state
    await async_pass(hass, freezer)

    hass.states.async_set(WATER, "on")
    await hass.async_block_till_done()

    assert [call.data["entity_id"] for call in calls] == [[sent_to]]
    assert message in calls[0].data["message"]


@pytest.mark.usefixtures("automations")
async def test_told_of_messages_that_wait(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, calls: list[ServiceCall]
) -> None:
    """A notification says that a queue is long for a while."""
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
async def test_told_of_the_end_of_a_restriction(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, calls: list[ServiceCall]
) -> None:
    """The last example speaks when the restriction ends."""
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
        "restriction of WhatsApp has ended" in call.data["message"] for call in calls
    ] == [True]


@pytest.mark.usefixtures("automations")
async def test_picture_of_whoever_rings(hass: HomeAssistant) -> None:
    """The example of a picture asks for what the action takes."""
    schema = hass.services.async_services()[DOMAIN]["send_message"].schema
    assert schema
    asked = async_mock_service(hass, DOMAIN, "send_message", schema)
    hass.states.async_set("binary_sensor.doorbell", "off")
    await hass.async_block_till_done()
    hass.states.async_set("binary_sensor.doorbell", "on")
    await hass.async_block_till_done()
    assert [call.data[ATTR_ENTITY_ID] for call in asked] == [["notify.alex"]]
