"""The dashboards that people see an account on."""

import re
from typing import Any, Final

import yaml

from tests.live.configuration import ROOT

README: Final = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE: Final = re.compile(r"^```yaml\n(type:.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES_ACCOUNT: Final = "1101000001"


def readme_dashboard(instance_id: str) -> dict[str, Any]:
    """Return a dashboard with the cards that the README gives to copy."""
    cards = [
        yaml.safe_load(example.replace(EXAMPLES_ACCOUNT, instance_id))
        for example in EXAMPLE.findall(README)
    ]
    sections = [{"type": "grid", "cards": [card]} for card in cards]
    return {
        "views": [
            {
                "type": "sections",
                "title": "WhatsApp",
                "path": "account",
                "sections": sections,
            }
        ]
    }
