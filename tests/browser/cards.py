"""The dashboard with the example cards of the documentation."""

from itertools import islice
import re
from typing import Any, Final

import yaml

from tests.support.documentation import DOCUMENTATION

EXAMPLE: Final = re.compile(
    r"^```yaml\n((?:type|strategy):.*?)^```$", re.MULTILINE | re.DOTALL
)
README_ACCOUNT: Final = "1101000001"


def readme_dashboard(instance_id: str, device_id: str) -> dict[str, Any]:
    """Return a dashboard with the example cards of the pages in docs.

    Cards that are only visible during a problem have their own column, and so has the
    section that Home Assistant generates for a device.
    """
    examples = [
        yaml.safe_load(example.replace(README_ACCOUNT, instance_id))
        for example in EXAMPLE.findall(DOCUMENTATION)
    ]
    cards = [example for example in examples if "type" in example]
    columns = (
        [card for card in cards if "visibility" not in card],
        [card for card in cards if "visibility" in card],
    )
    # As documented, the first lines of the card also are a badge.
    badges = [
        dict(islice(card.items(), 4)) for card in cards if card["type"] == "alert"
    ]
    (section,) = (example for example in examples if "strategy" in example)
    section["strategy"]["device_id"] = device_id
    return {
        "views": [
            {
                "type": "sections",
                "title": "WhatsApp",
                "path": "account",
                "max_columns": 3,
                "badges": badges,
                "sections": [{"type": "grid", "cards": it} for it in columns]
                + [section],
            }
        ]
    }
