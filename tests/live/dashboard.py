"""The dashboard that shows an account."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from .wire import Entity

HOURS: Final = 1
DOMAINS: Final = ("sensor", "binary_sensor", "button", "image")
RECORDED: Final = frozenset({"sensor", "binary_sensor"})

type Card = dict[str, Any]


def account_dashboard(title: str, entities: Iterable[Entity]) -> dict[str, Any]:
    """Return a dashboard with all that an account has: now, and over the last hour."""
    shown = sorted(
        (entity["entity_id"] for entity in entities if not entity["disabled_by"]),
        key=_rank,
    )
    recorded = [entity_id for entity_id in shown if _domain(entity_id) in RECORDED]
    return {
        "views": [
            {
                "type": "sections",
                "title": title,
                "path": "account",
                "max_columns": 2,
                "sections": [
                    _section(
                        title, "mdi:message-badge", [_now(item) for item in shown]
                    ),
                    _section("History", "mdi:chart-timeline", _history(recorded)),
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


def _section(heading: str, icon: str, cards: Sequence[Card]) -> Card:
    """Return a column with a heading."""
    return {
        "type": "grid",
        "cards": [{"type": "heading", "heading": heading, "icon": icon}, *cards],
    }


def _now(entity_id: str) -> Card:
    """Return the card that shows an entity as it is now."""
    match _domain(entity_id):
        case "image":
            return {"type": "picture-entity", "entity": entity_id}
        case "button":
            return {
                "type": "tile",
                "entity": entity_id,
                "hide_state": True,
                "features": [{"type": "button"}],
                "features_position": "inline",
            }
        case _:
            return {"type": "tile", "entity": entity_id}


def _history(entity_ids: Sequence[str]) -> list[Card]:
    """Return the cards that show entities as they were."""
    return [
        {
            "type": "history-graph",
            "entities": entity_ids,
            "hours_to_show": HOURS,
        },
        {
            "type": "logbook",
            "target": {"entity_id": entity_ids},
            "hours_to_show": HOURS,
        },
    ]
