"""Show in Home Assistant's repairs what stands against an account."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from .const import (
    BLOCKED_HELP_URL,
    CONSOLE_URL,
    DOMAIN,
    RESTRICTED_HELP_URL,
    SUPPORT_URL,
)
from .problem import Problem


@dataclass(frozen=True, slots=True)
class _Issue:
    """How a problem is shown."""

    severity: ir.IssueSeverity
    learn_more_url: str = CONSOLE_URL
    is_fixable: bool = False


_ISSUES: Final[Mapping[Problem, _Issue]] = {
    Problem.ASLEEP: _Issue(ir.IssueSeverity.WARNING),
    Problem.BLOCKED: _Issue(ir.IssueSeverity.ERROR, BLOCKED_HELP_URL),
    Problem.DELETED: _Issue(ir.IssueSeverity.ERROR),
    Problem.EXPIRED: _Issue(ir.IssueSeverity.ERROR),
    Problem.LOGGED_OUT: _Issue(ir.IssueSeverity.ERROR, is_fixable=True),
    Problem.RESTRICTED: _Issue(ir.IssueSeverity.WARNING, RESTRICTED_HELP_URL),
    Problem.STUCK_AFTER_REBOOT: _Issue(ir.IssueSeverity.ERROR, SUPPORT_URL),
    Problem.STUCK_STARTING: _Issue(ir.IssueSeverity.ERROR, is_fixable=True),
    Problem.WRONG_ADDRESS: _Issue(ir.IssueSeverity.ERROR),
}


def issue_id(entry_id: str, problem: Problem) -> str:
    """Return the id of the issue; entries never share one."""
    return f"{entry_id}_{problem}"


@callback
def async_show_issue(
    hass: HomeAssistant,
    entry: ConfigEntry,
    problem: Problem | None,
    restricted_until: datetime | None = None,
) -> None:
    """Show the issue of what stands against an account, and no other one."""
    for other in _ISSUES.keys() - {problem}:
        ir.async_delete_issue(hass, DOMAIN, issue_id(entry.entry_id, other))
    if problem is None:
        return
    issue = _ISSUES[problem]
    translation_key: str = problem
    placeholders = {"name": entry.title, "console_url": CONSOLE_URL}
    if problem is Problem.RESTRICTED and restricted_until:
        translation_key = "restricted_until"
        placeholders["until"] = f"{dt_util.as_local(restricted_until):%Y-%m-%d %H:%M}"
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id(entry.entry_id, problem),
        data={"entry_id": entry.entry_id},
        is_fixable=issue.is_fixable,
        learn_more_url=issue.learn_more_url,
        severity=issue.severity,
        translation_key=translation_key,
        translation_placeholders=placeholders,
    )
