"""The dashboards that people see an account on."""

import re
from typing import Any, Final

import yaml

from tests.support.manual import MANUAL

EXAMPLE: Final = re.compile(r"^```yaml\n(type:.*?)^```$", re.MULTILINE | re.DOTALL)
README_ACCOUNT: Final = "1101000001"


def readme_dashboard(instance_id: str) -> dict[str, Any]:
    """Return a dashboard with the cards that the pages of docs give to copy."""
    cards = [
        yaml.safe_load(example.replace(README_ACCOUNT, instance_id))
        for example in EXAMPLE.findall(MANUAL)
    ]
    always, in_problem = cards[:-1], cards[-1:]
    sections = [{"type": "grid", "cards": part} for part in (always, in_problem)]
    return {
        "views": [
            {
                "type": "sections",
                "title": "WhatsApp",
                "path": "account",
                "max_columns": 2,
                "sections": sections,
            }
        ]
    }
