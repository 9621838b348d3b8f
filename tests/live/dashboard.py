"""The dashboard that shows an account."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from .wire import Entity

HOURS: Final = 1
DOMAINS: Final = ("sensor", "binary_sensor", "button", "image")
RECORDED: Final = frozenset({"sensor", "binary_sensor"})

# The title says already which account it is.
OWN_NAME: Final = {"type": "entity"}

type Card = dict[str, Any]


def account_dashboard(title: str, entities: Iterable[Entity]) -> dict[str, Any]:
    """Return a dashboard with all that an account has: now, and over the last hour."""
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
    """Return the kind of an entity."""
    return entity_id.partition(".")[0]


def _rank(entity_id: str) -> tuple[int, str]:
    """Return where an entity comes in the order: the state first."""
    return DOMAINS.index(_domain(entity_id)), entity_id


def _section(heading: str, icon: str, cards: Iterable[Card]) -> Card:
    """Return a column with a heading."""
    return {
        "type": "grid",
        "cards": [{"type": "heading", "heading": heading, "icon": icon}, *cards],
    }


def _now(entity_id: str) -> Card:
    """Return the card that shows an entity as it is now."""
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
        case _:
            return card


def _history(entity_ids: Sequence[str]) -> list[Card]:
    """Return the cards that show entities as they were."""
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
