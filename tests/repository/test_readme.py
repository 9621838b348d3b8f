"""The README has what people look for, and its links lead somewhere."""

import re
from typing import Final

import pytest

from . import README, ROOT, read
from .entities import described

SECTIONS: Final = [
    "automation",
    "configuration",
    "data updates",
    "development",
    "entities",
    "installation",
    "licence",
    "limitations",
    "prerequisites",
    "privacy",
    "publishing",
    "reconfigur",
    "removal",
    "repair",
    "troubleshooting",
    "use cases",
]


def _headings() -> list[str]:
    return re.findall(r"^#+ (.*)$", read(README), re.MULTILINE)


def _anchor(heading: str) -> str:
    """Return the link that GitHub gives to a heading."""
    return "#" + re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")


@pytest.mark.parametrize("section", SECTIONS)
def test_section(section: str) -> None:
    """The README has the sections that the quality scale asks for."""
    headings = " ".join(_headings()).lower().replace("license", "licence")
    assert section in headings


def test_every_entity_is_named() -> None:
    """The README names each entity, and each state that one can have."""
    readme = read(README).lower()
    for entity in described():
        for text in (entity.name, *entity.texts.get("state", {}).values()):
            assert text.lower() in readme


def test_links_lead_somewhere() -> None:
    """Files and headings that the README links to exist."""
    targets = {
        target
        for target in re.findall(r"(?:\]\(|src=\"|href=\")([^)\s\"]+)", read(README))
        if "://" not in target
    }
    targets -= {_anchor(heading) for heading in _headings()}
    assert not {target for target in targets if not (ROOT / target).exists()}
