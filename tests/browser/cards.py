"""The dashboards that people see an account on."""

from itertools import islice
import re
from typing import Any, Final

import yaml

from tests.support.manual import MANUAL

EXAMPLE: Final = re.compile(
    r"^```yaml\n((?:type|strategy):.*?)^```$", re.MULTILINE | re.DOTALL
)
README_ACCOUNT: Final = "1101000001"


def readme_dashboard(instance_id: str, device_id: str) -> dict[str, Any]:
    """Return a dashboard with the cards that the pages of docs give to copy.

    Those that are there only in a problem have a column of their own, and so has the
    section that Home Assistant makes of a device.
    """
    examples = [
        yaml.safe_load(example.replace(README_ACCOUNT, instance_id))
        for example in EXAMPLE.findall(MANUAL)
    ]
    cards = [example for example in examples if "type" in example]
    columns = (
        [card for card in cards if "visibility" not in card],
        [card for card in cards if "visibility" in card],
    )
    # As the page says, the first lines of the card make a badge.
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
