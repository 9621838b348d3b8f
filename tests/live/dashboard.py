"""A dashboard with the entities of an account."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from .models import Entity

HOURS: Final = 1
DOMAINS: Final = ("sensor", "binary_sensor", "button", "image", "notify", "event")
RECORDED: Final = frozenset({"sensor", "binary_sensor"})

# The title of the view already names the account.
OWN_NAME: Final = {"type": "entity"}

type Card = dict[str, Any]


def account_dashboard(title: str, entities: Iterable[Entity]) -> dict[str, Any]:
    """Return a dashboard with an account's entities: now, and over the last hour."""
    enabled = [entity for entity in entities if not entity["disabled_by"]]
    shown = sorted((entity["entity_id"] for entity in enabled), key=_rank)
    recorded = sorted(
        entity["entity_id"]
        for entity in enabled
        if _domain(entity["entity_id"]) in RECORDED and not entity["entity_category"]
    )
    return {
        "views": [
            {
                "type": "sections",
                "title": title,
                "path": "account",
                "max_columns": 2,
                "sections": [
                    _section("Now", "mdi:message-badge", map(_now, shown)),
                    _section("The last hour", "mdi:history", _history(recorded)),
                ],
            }
        ]
    }


def _domain(entity_id: str) -> str:
    """Return the domain of an entity."""
    return entity_id.partition(".")[0]


def _rank(entity_id: str) -> tuple[int, str]:
    """Return the sort key of an entity: sensors come first."""
    return DOMAINS.index(_domain(entity_id)), entity_id


def _section(heading: str, icon: str, cards: Iterable[Card]) -> Card:
    """Return a section with a heading."""
    return {
        "type": "grid",
        "cards": [{"type": "heading", "heading": heading, "icon": icon}, *cards],
    }


def _now(entity_id: str) -> Card:
    """Return the card that shows the current state of an entity."""
    card: Card = {"type": "tile", "entity": entity_id, "name": OWN_NAME}
    match _domain(entity_id):
        case "button":
            return card | {
                "hide_state": True,
                "features": [{"type": "button"}],
                "features_position": "inline",
            }
        case "image":
            return card | {"type": "picture-entity"}
        case "notify" | "event":  # Of a recipient, which the title does not name.
            return {"type": "tile", "entity": entity_id}
        case _:
            return card


def _history(entity_ids: Sequence[str]) -> list[Card]:
    """Return the cards that show the history of entities."""
    return [
        {
            "type": "history-graph",
            "entities": [{"entity": item, "name": OWN_NAME} for item in entity_ids],
            "hours_to_show": HOURS,
        },
        {
            "type": "logbook",
            "target": {"entity_id": entity_ids},
            "hours_to_show": HOURS,
        },
    ]
