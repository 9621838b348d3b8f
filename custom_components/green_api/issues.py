"""Repair issues for the GREEN-API integration."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util import dt as dt_util

from .const import (
    BLOCKED_HELP_URL,
    CONSOLE_URL,
    DOMAIN,
    RESTRICTED_HELP_URL,
    SUPPORT_URL,
)
from .data import GreenApiConfigEntry
from .decisions.delivery import DeliveryStatus, NoStatusReason
from .decisions.problem import Problem
from .decisions.receiving import StopReason
from .devices import account_name
from .records.account_record import AccountRecord
from .repairs import FIX_FLOWS
from .sending.deliveries import SIGNAL_NOT_CONFIRMED
from .sending.followed import SentMessage
from .texts import moment_text, waiting_text


class _Issue(NamedTuple):
    """Properties of the repair issue of a problem."""

    severity: ir.IssueSeverity
    learn_more_url: str = CONSOLE_URL


class _Shown(NamedTuple):
    """What the issues of an account show."""

    record: AccountRecord
    problem: Problem | None
    restricted_until: datetime | None
    quota_until: datetime | None
    language: str
    time_zone: str


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


MISSED: Final = "missed"
NOT_CONFIRMED: Final = "not_confirmed"
NOT_RECEIVING: Final = "not_receiving"

# The texts about an account that no longer receives messages.
_NOT_RECEIVING: Final[Mapping[StopReason, str]] = {
    StopReason.INCOMING_OFF: "not_receiving_incoming_off",
    StopReason.QUOTA: "not_receiving_quota",
    StopReason.TOKEN: "not_receiving_token",
    StopReason.WEBHOOK: "not_receiving_webhook",
}


def issue_id(entry_id: str, problem: Problem | str) -> str:
    """Return the ID of an issue. It is unique across config entries."""
    return f"{entry_id}_{problem}"


def _issues_of(hass: HomeAssistant, entry: ConfigEntry) -> dict[str, ir.IssueEntry]:
    """Return the issues of an account, by what follows the entry ID in their IDs."""
    prefix = issue_id(entry.entry_id, "")
    return {
        key.removeprefix(prefix): issue
        for (domain, key), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and key.startswith(prefix)
    }


@callback
def async_track_issue(hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
    """Keep the repair issue of an account up to date.

    Each poll updates it, because what is shown depends on the time as well. Without a
    listener for changes, an account whose entities are all disabled is not polled.
    """
    coordinator = entry.runtime_data.coordinator
    shown: _Shown | None = None

    @callback
    def update_issue() -> None:
        nonlocal shown
        before, shown = shown, _to_show(hass, coordinator.data)
        if shown != before:
            _async_update_issues(hass, entry, shown)

    @callback
    def record_changed() -> None:
        # The poll listener has already handled the record of a poll.
        if shown is None or coordinator.data is not shown.record:
            update_issue()

    entry.async_on_unload(coordinator.async_add_listener(record_changed))
    entry.async_on_unload(coordinator.async_add_poll_listener(update_issue))
    update_issue()


def _to_show(hass: HomeAssistant, record: AccountRecord) -> _Shown:
    """Return what the issues of an account have to show now.

    The end of a restriction that is over, although the account is still restricted, is
    not shown.
    """
    moment, until = dt_util.utcnow(), record.restricted_until
    return _Shown(
        record,
        record.actionable(hass.loop.time()),
        until if until and until > moment else None,
        record.quota_until(moment),
        hass.config.language,
        hass.config.time_zone,
    )


@callback
def _async_update_issues(
    hass: HomeAssistant, entry: GreenApiConfigEntry, shown: _Shown
) -> None:
    """Create the issues that have to be shown, and delete the other ones.

    The issue of a problem that is not confirmed after a reload or a restart is deleted
    as well, and so is that of a problem that the user has just acted on. If it was
    ignored, it will be ignored again once it has to be shown.
    """
    record, problem = shown.record, shown.problem
    _async_update_delivery_issues(hass, entry, shown.quota_until)
    ignored = async_delete_issues(hass, entry, kept=problem)
    if ignored and ignored is record.remembered:
        entry.runtime_data.coordinator.async_apply(AccountRecord.ignoring, ignored)
    if problem is None:
        return
    key = issue_id(entry.entry_id, problem)
    is_known = ir.async_get(hass).async_get_issue(DOMAIN, key)
    _async_create_issue(hass, entry, problem, key, shown.restricted_until)
    if not is_known and problem is record.ignored:
        ir.async_ignore_issue(hass, DOMAIN, key, ignore=True)


@callback
def async_delete_issues(
    hass: HomeAssistant, entry: ConfigEntry, *, kept: Problem | None = None
) -> Problem | None:
    """Delete the issues of an account, except for the one to keep.

    Return the problem whose issue was ignored, None if there was none.
    """
    ignored = None
    for key, issue in _issues_of(hass, entry).items():
        if key not in _ISSUES or key == kept:
            continue
        if issue.dismissed_version:
            ignored = Problem(key)
        ir.async_delete_issue(hass, DOMAIN, issue.issue_id)
    return ignored


@callback
def async_forget_issues(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete all issues of an account."""
    for issue in _issues_of(hass, entry).values():
        ir.async_delete_issue(hass, DOMAIN, issue.issue_id)


@callback
def async_delete_kept_issues(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete the issues that a reload keeps.

    An issue that was ignored is not ignored when it is created again.
    """
    for key in (*NoStatusReason, MISSED, NOT_RECEIVING):
        ir.async_delete_issue(hass, DOMAIN, issue_id(entry.entry_id, key))


@callback
def async_report_unconfirmed(
    hass: HomeAssistant,
    entry: GreenApiConfigEntry,
    message: SentMessage,
    status: DeliveryStatus,
) -> None:
    """Report a message that was waited for before a restart and is not delivered."""
    async_dispatcher_send(hass, SIGNAL_NOT_CONFIRMED, entry, message, status)
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id(entry.entry_id, f"{NOT_CONFIRMED}_{message.subentry_id}"),
        # Home Assistant adds what is stored of an issue to diagnostics. The dialog adds
        # the names.
        data={
            "entry_id": entry.entry_id,
            "subentry_id": message.subentry_id,
            "sent": message.moment.isoformat(),
        },
        is_fixable=True,
        is_persistent=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=NOT_CONFIRMED,
    )


@callback
def async_rename_issues(hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
    """Use the current name of an account in its issues."""
    data = entry.runtime_data
    _async_update_issues(hass, entry, _to_show(hass, data.coordinator.data))
    if reason := data.receiver.stopped:
        async_report_receiving(hass, entry, reason)
    for key, issue in _issues_of(hass, entry).items():
        if key == MISSED:
            _async_create_warning(hass, entry, issue.issue_id, MISSED)


@callback
def async_report_receiving(
    hass: HomeAssistant, entry: ConfigEntry, reason: StopReason | None
) -> None:
    """Create or delete the issue of an account that no longer receives messages."""
    key = issue_id(entry.entry_id, NOT_RECEIVING)
    if reason is None:
        ir.async_delete_issue(hass, DOMAIN, key)
    else:
        _async_create_warning(hass, entry, key, _NOT_RECEIVING[reason])


@callback
def async_report_missed(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Create the issue that the plan of an account did not allow another chat.

    Nothing says when that changes: the issue is deleted when the account is reloaded,
    unless it was ignored.
    """
    key = issue_id(entry.entry_id, MISSED)
    _async_create_warning(hass, entry, key, MISSED)
    entry.async_on_unload(partial(_async_delete_unignored, hass, key))


@callback
def _async_delete_unignored(hass: HomeAssistant, key: str) -> None:
    """Delete an issue, unless it was ignored."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, key)
    if issue and not issue.dismissed_version:
        ir.async_delete_issue(hass, DOMAIN, key)


def _async_update_delivery_issues(
    hass: HomeAssistant, entry: GreenApiConfigEntry, quota_until: datetime | None
) -> None:
    """Create the issues that no delivery can be confirmed, or delete them."""
    is_off = entry.runtime_data.coordinator.data.lacks_statuses
    until = {"until": moment_text(hass, quota_until)} if quota_until else None
    wanted = {
        NoStatusReason.STATUSES_OFF: {} if is_off else None,
        NoStatusReason.STATUS_QUOTA: until,
    }
    for text, placeholders in wanted.items():
        key = issue_id(entry.entry_id, text)
        if placeholders is None:
            ir.async_delete_issue(hass, DOMAIN, key)
        else:
            _async_create_warning(hass, entry, key, text, **placeholders)


def _async_create_warning(
    hass: HomeAssistant, entry: ConfigEntry, key: str, text: str, **placeholders: str
) -> None:
    """Create or update an issue that the user solves in the console."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        key,
        is_fixable=False,
        learn_more_url=CONSOLE_URL,
        severity=ir.IssueSeverity.WARNING,
        translation_key=text,
        translation_placeholders={
            "name": account_name(hass, entry),
            "console_url": CONSOLE_URL,
            **placeholders,
        },
    )


def _async_create_issue(
    hass: HomeAssistant,
    entry: GreenApiConfigEntry,
    problem: Problem,
    key: str,
    restricted_until: datetime | None,
) -> None:
    """Create or update the issue for a problem."""
    issue = _ISSUES[problem]
    translation_key, placeholders = _text(hass, entry, problem, restricted_until)
    ir.async_create_issue(
        hass,
        DOMAIN,
        key,
        data={"entry_id": entry.entry_id},
        is_fixable=problem in FIX_FLOWS,
        learn_more_url=issue.learn_more_url,
        severity=issue.severity,
        translation_key=translation_key,
        translation_placeholders=placeholders,
    )


def _text(
    hass: HomeAssistant,
    entry: GreenApiConfigEntry,
    problem: Problem,
    restricted_until: datetime | None,
) -> tuple[str, dict[str, str]]:
    """Return the translation key and the placeholders of an issue."""
    record = entry.runtime_data.coordinator.data
    placeholders = {
        "name": account_name(hass, entry),
        "console_url": CONSOLE_URL,
        "waiting": waiting_text(hass, record.queue.waiting),
    }
    if problem is Problem.RESTRICTED and restricted_until:
        placeholders["until"] = moment_text(hass, restricted_until)
        return "restricted_until", placeholders
    if problem is Problem.WRONG_ADDRESS and problem in FIX_FLOWS:
        return "wrong_address_fixable", placeholders
    return problem, placeholders
