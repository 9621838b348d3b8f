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

from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.const import ATTR_ENTITY_ID, ENTITY_MATCH_ALL, SERVICE_TURN_OFF
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.simulator import Account
from tests.support.helpers import async_pass
from tests.support.manual import MANUAL

EXAMPLES: Final[list[dict[str, Any]]] = [
    yaml.safe_load(block)
    for block in re.findall(r"^```yaml\n(.*?)^```$", MANUAL, re.MULTILINE | re.DOTALL)
]
AUTOMATIONS: Final = {
    example["alias"]: example for example in EXAMPLES if "triggers" in example
}
CARDS: Final = [example for example in EXAMPLES if "type" in example]

ENTITY_ID: Final = re.compile(r"\b(?:binary_sensor|button|image|sensor)\.green_api_\w+")

STATE: Final = "sensor.green_api_1101000001_account_state"
CONNECTIVITY: Final = "binary_sensor.green_api_1101000001_connectivity"
QUEUE: Final = "sensor.green_api_1101000001_messages_in_queue"
RESTRICTED_UNTIL: Final = "sensor.green_api_1101000001_restricted_until"
WATER: Final = "binary_sensor.water_in_the_cellar"


def _own_entity(domain: str) -> vol.All:
    """Accept an entity of the integration, of a domain."""
    return vol.All(str, vol.Match(rf"{domain}\.green_api_1101000001_\w+$"))


def _card(value: Any) -> Any:
    """Accept a card of those that are used here."""
    return CARD_SCHEMAS[value["type"]](value)


_CONDITION: Final = vol.Schema(
    {
        vol.Required("condition"): "state",
        vol.Required("entity"): _own_entity(r"\w+"),
        vol.Exclusive("state", "comparison"): str,
        vol.Exclusive("state_not", "comparison"): str,
    }
)
_TILE_FEATURE: Final = vol.Schema({vol.Required("type"): "button"})

# Home Assistant's own cards, with the options that the frontend has for them.
CARD_SCHEMAS: Final = {
    "conditional": vol.Schema(
        {
            vol.Required("type"): str,
            vol.Required("conditions"): [_CONDITION],
            vol.Required("card"): _card,
        }
    ),
    "history-graph": vol.Schema(
        {
            vol.Required("type"): str,
            vol.Required("entities"): [
                {vol.Required("entity"): _own_entity(r"\w*sensor"), "name": str}
            ],
            "hours_to_show": int,
            "title": str,
        }
    ),
    "picture-entity": vol.Schema(
        {
            vol.Required("type"): str,
            vol.Required("entity"): _own_entity("image"),
            "show_name": bool,
            "show_state": bool,
        }
    ),
    "tile": vol.Schema(
        {
            vol.Required("type"): str,
            vol.Required("entity"): _own_entity(r"\w+"),
            "color": str,
            "features": [_TILE_FEATURE],
            "features_position": "inline",
            "grid_options": {"columns": "full"},
            "hide_state": bool,
            "name": str,
            "state_content": vol.Any(str, [str]),
        }
    ),
    "vertical-stack": vol.Schema(
        {vol.Required("type"): str, vol.Required("cards"): [_card]}
    ),
}


@pytest.fixture
def every_entity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enable entities that are disabled at first."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)


@pytest.fixture
async def told(hass: HomeAssistant) -> list[ServiceCall]:
    """Return what notification entities are told."""
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
    """The pages have automations and cards, and no other YAML."""
    assert AUTOMATIONS
    assert CARDS
    assert len(EXAMPLES) == len(AUTOMATIONS) + len(CARDS)


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
    told: list[ServiceCall],
) -> None:
    """The first example says what is wrong, and when it is over."""
    account.state = "notAuthorized"
    await async_pass(hass, freezer)
    assert not told
    await async_pass(hass, freezer)
    assert [call.data["message"] for call in told] == [
        "It has a problem: logged out. Open the repairs in Home Assistant."
    ]

    account.state = "authorized"
    await async_pass(hass, freezer)
    assert [call.data["message"] for call in told[1:]] == ["It works again."]


@pytest.mark.usefixtures("automations")
@pytest.mark.parametrize(
    ("states", "time", "message"),
    [
        pytest.param(
            {STATE: "unavailable"},
            timedelta(minutes=30),
            "GREEN-API cannot be reached",
            id="outage",
        ),
        pytest.param(
            {WATER: "on"}, timedelta(), "There is water in the cellar!", id="works"
        ),
        pytest.param(
            {CONNECTIVITY: "off", WATER: "on"},
            timedelta(),
            "WhatsApp does not work",
            id="works-not",
        ),
        pytest.param({QUEUE: "11"}, timedelta(minutes=15), "11 messages", id="queue"),
    ],
)
async def test_told(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    told: list[ServiceCall],
    *,
    states: dict[str, str],
    time: timedelta,
    message: str,
) -> None:
    """The other examples speak when it is time, and only then."""
    hass.states.async_set(WATER, "off")
    hass.states.async_set(QUEUE, "0")
    await hass.async_block_till_done()
    assert not told

    for entity_id, state in states.items():
        hass.states.async_set(entity_id, state)
    await hass.async_block_till_done()
    freezer.tick(time)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()

    assert [message in call.data["message"] for call in told] == [True]


@pytest.mark.usefixtures("automations")
async def test_told_of_the_end_of_a_restriction(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, told: list[ServiceCall]
) -> None:
    """The last example speaks when the restriction ends."""
    until = dt_util.utcnow() + timedelta(hours=1)
    hass.states.async_set(
        RESTRICTED_UNTIL, until.isoformat(), {"device_class": "timestamp"}
    )
    await hass.async_block_till_done()
    assert not told

    freezer.move_to(until)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()

    assert ["restriction has ended" in call.data["message"] for call in told] == [True]
