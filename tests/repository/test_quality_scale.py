"""The quality scale is complete."""

import re
from typing import Any, Final

import pytest
import voluptuous as vol
import yaml

from . import INTEGRATION, ROOT, read
from .documents import link_exists

BRONZE: Final = {
    "action-setup",
    "appropriate-polling",
    "brands",
    "common-modules",
    "config-flow",
    "config-flow-test-coverage",
    "dependency-transparency",
    "docs-actions",
    "docs-conditions",
    "docs-high-level-description",
    "docs-installation-instructions",
    "docs-removal-instructions",
    "docs-triggers",
    "entity-event-setup",
    "entity-unique-id",
    "has-entity-name",
    "runtime-data",
    "test-before-configure",
    "test-before-setup",
    "unique-config-entry",
}
SILVER: Final = {
    "action-exceptions",
    "config-entry-unloading",
    "docs-configuration-parameters",
    "docs-installation-parameters",
    "entity-unavailable",
    "integration-owner",
    "log-when-unavailable",
    "parallel-updates",
    "reauthentication-flow",
    "test-coverage",
}
GOLD: Final = {
    "devices",
    "diagnostics",
    "discovery",
    "discovery-update-info",
    "docs-data-update",
    "docs-examples",
    "docs-known-limitations",
    "docs-supported-devices",
    "docs-supported-functions",
    "docs-troubleshooting",
    "docs-use-cases",
    "dynamic-devices",
    "entity-category",
    "entity-device-class",
    "entity-disabled-by-default",
    "entity-translations",
    "exception-translations",
    "icon-translations",
    "reconfiguration-flow",
    "repair-issues",
    "stale-devices",
}
PLATINUM: Final = {
    "async-dependency",
    "inject-websession",
    "strict-typing",
}

_SENTENCES: Final = vol.All(str, vol.Match(r"(?s)[A-Z`].+\.\s*$"))

RULE_SCHEMA: Final = vol.Schema(
    vol.Any(
        "done",
        {vol.Required("status"): "done", vol.Required("comment"): _SENTENCES},
        {vol.Required("status"): "exempt", vol.Required("comment"): _SENTENCES},
    )
)


RULES: Final[dict[str, Any]] = yaml.safe_load(read(INTEGRATION / "quality_scale.yaml"))[
    "rules"
]

EXEMPT: Final = {
    rule
    for rule, grade in RULES.items()
    if grade != "done" and grade["status"] != "done"
}


def test_quality_scale() -> None:
    """Every rule of the quality scale is done, or exempt with a reason."""
    assert RULES.keys() == BRONZE | SILVER | GOLD | PLATINUM
    for rule in RULES.values():
        RULE_SCHEMA(rule)


@pytest.mark.parametrize(
    "rule", sorted(rule for rule in RULES.keys() - EXEMPT if rule.startswith("docs-"))
)
def test_documents_exist(rule: str) -> None:
    """A rule about documents names the sections that comply, which exist."""
    places = re.findall(r"[\w./-]+\.md(?:#[\w-]+)?", RULES[rule]["comment"])
    assert places
    assert not [place for place in places if not link_exists(place, ROOT)]
