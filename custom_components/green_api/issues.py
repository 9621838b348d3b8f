"""Show the problem of an account in Home Assistant's repairs."""

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
from .coordinator import Account
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
    Problem.UNKNOWN_STATE: _Issue(ir.IssueSeverity.WARNING),
    Problem.WRONG_ADDRESS: _Issue(ir.IssueSeverity.ERROR),
}


def issue_id(entry_id: str, problem: Problem) -> str:
    """Return the id of the issue; entries never share one."""
    return f"{entry_id}_{problem}"


@callback
def async_update_issue(
    hass: HomeAssistant,
    entry: ConfigEntry,
    account: Account,
    restricted_until: datetime | None,
) -> None:
    """Make the issue registry show the problem of an account, and no other one.

    That of a problem that is remembered but not confirmed yet stays as it is, so that
    it is still ignored afterwards if somebody has ignored it.
    """
    async_delete_issues(hass, entry, keep=account.remembered)
    if account.issue:
        _async_create_issue(hass, entry, account.issue, restricted_until)
    elif account.problem:
        async_delete_issues(hass, entry)


@callback
def async_delete_issues(
    hass: HomeAssistant, entry: ConfigEntry, keep: Problem | None = None
) -> None:
    """Delete the issues of an account, except that of a problem to keep."""
    for problem in _ISSUES:
        if problem is not keep:
            ir.async_delete_issue(hass, DOMAIN, issue_id(entry.entry_id, problem))


def _async_create_issue(
    hass: HomeAssistant,
    entry: ConfigEntry,
    problem: Problem,
    restricted_until: datetime | None,
) -> None:
    """Create or update the issue of a problem."""
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
