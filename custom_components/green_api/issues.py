"""Show the problem of an account in Home Assistant's repairs."""

from collections.abc import Mapping
from dataclasses import dataclass
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
from .data import GreenApiConfigEntry
from .problem import Problem
from .repairs import FIX_FLOWS
from .texts import waiting_text


@dataclass(frozen=True, slots=True)
class _Issue:
    """How a problem is shown."""

    severity: ir.IssueSeverity
    learn_more_url: str = CONSOLE_URL


_ISSUES: Final[Mapping[Problem, _Issue]] = {
    Problem.ASLEEP: _Issue(ir.IssueSeverity.WARNING),
    Problem.BLOCKED: _Issue(ir.IssueSeverity.ERROR, BLOCKED_HELP_URL),
    Problem.DELETED: _Issue(ir.IssueSeverity.ERROR),
    Problem.EXPIRED: _Issue(ir.IssueSeverity.ERROR),
    Problem.LOGGED_OUT: _Issue(ir.IssueSeverity.ERROR),
    Problem.NOT_SENDING: _Issue(ir.IssueSeverity.ERROR),
    Problem.NOT_SENDING_AFTER_REBOOT: _Issue(ir.IssueSeverity.ERROR, SUPPORT_URL),
    Problem.RESTRICTED: _Issue(ir.IssueSeverity.WARNING, RESTRICTED_HELP_URL),
    Problem.STUCK_AFTER_REBOOT: _Issue(ir.IssueSeverity.ERROR, SUPPORT_URL),
    Problem.STUCK_STARTING: _Issue(ir.IssueSeverity.ERROR),
    Problem.UNKNOWN_STATE: _Issue(ir.IssueSeverity.WARNING),
    Problem.WRONG_ADDRESS: _Issue(ir.IssueSeverity.ERROR),
}


def issue_id(entry_id: str, problem: Problem) -> str:
    """Return the id of the issue; entries never share one."""
    return f"{entry_id}_{problem}"


@callback
def async_update_issue(hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
    """Create the issue of the problem of an account, and delete all others.

    That of a problem which is remembered but not confirmed yet is left as it is: if
    somebody has ignored it, it is still ignored when it is confirmed.
    """
    account = entry.runtime_data.coordinator.data
    is_unconfirmed = account.problem is None
    kept = account.remembered if is_unconfirmed else account.issue
    async_delete_issues(hass, entry, kept=kept)
    if account.issue is None:
        return
    is_known = ir.async_get(hass).async_get_issue(
        DOMAIN, issue_id(entry.entry_id, account.issue)
    )
    _async_create_issue(hass, entry, account.issue)
    if not is_known and account.issue is account.ignored:
        ir.async_ignore_issue(
            hass, DOMAIN, issue_id(entry.entry_id, account.issue), ignore=True
        )


@callback
def async_delete_issues(
    hass: HomeAssistant, entry: ConfigEntry, *, kept: Problem | None = None
) -> Problem | None:
    """Delete the issues of an account, and return the problem that was ignored."""
    ignored = None
    registry = ir.async_get(hass)
    for problem in _ISSUES.keys() - {kept}:
        key = issue_id(entry.entry_id, problem)
        issue = registry.async_get_issue(DOMAIN, key)
        if issue and issue.dismissed_version:
            ignored = problem
        ir.async_delete_issue(hass, DOMAIN, key)
    return ignored


def _async_create_issue(
    hass: HomeAssistant, entry: GreenApiConfigEntry, problem: Problem
) -> None:
    """Create or update the issue of a problem."""
    issue = _ISSUES[problem]
    translation_key, placeholders = _text(hass, entry, problem)
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id(entry.entry_id, problem),
        data={"entry_id": entry.entry_id},
        is_fixable=problem in FIX_FLOWS,
        learn_more_url=issue.learn_more_url,
        severity=issue.severity,
        translation_key=translation_key,
        translation_placeholders=placeholders,
    )


def _text(
    hass: HomeAssistant, entry: GreenApiConfigEntry, problem: Problem
) -> tuple[str, dict[str, str]]:
    """Return the translation key of an issue, and the placeholders of its text."""
    data = entry.runtime_data
    placeholders = {
        "name": entry.title,
        "console_url": CONSOLE_URL,
        "waiting": waiting_text(hass, data.queue.waiting),
    }
    if problem is Problem.RESTRICTED and (until := data.details.data.restricted_until):
        placeholders["until"] = f"{dt_util.as_local(until):%Y-%m-%d %H:%M}"
        return "restricted_until", placeholders
    if problem is Problem.WRONG_ADDRESS and problem in FIX_FLOWS:
        return "wrong_address_fixable", placeholders
    return problem, placeholders
