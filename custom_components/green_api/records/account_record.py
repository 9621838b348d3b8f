"""Record of everything that is known about an account, and its changes."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter
from typing import Final, override

from ..api import AccountState, ErrorKind, InstanceState, Messenger, Settings
from ..decisions.delivery import DeliveryWait, NoStatusReason, next_month
from ..decisions.freshness import LastResponses
from ..decisions.health import CERTAIN_AFTER, Health
from ..decisions.message_queue import (
    QUEUE_PROBLEMS,
    MessageQueue,
    QueueCheckResult,
)
from ..decisions.problem import (
    ACCOUNT_FAILURES,
    RESTRICTED_STATES,
    AccountResponse,
    Problem,
)
from .announced import Announced

# Everything that users see is derived from these fields.
_SHOWN: Final = attrgetter(
    "is_polled",
    "state",
    "since",
    "error",
    "problem_began",
    "health.remembered",
    "health.confirmed",
    "health.rebooted_at",
    "queue.remembered",
    "queue.confirmed",
    "queue.is_rebooted",
    "queue.cleared_at",
    "queue.count",
    "queue.waiting_since",
    "messages_in_queue",
    "restricted_until",
    "lacks_statuses",
    "quota_used_up_until",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AccountRecord:
    """Record of an account.

    Two records are equal if users see no difference between them, even if other fields
    differ.
    """

    state: AccountState = field(default_factory=partial(AccountState, None))
    """The last state."""

    since: datetime | None = None
    """When `state` was first reported, None if no state was reported yet."""

    health: Health = field(default_factory=Health)
    """Decides whether the state of the account is a problem."""

    queue: MessageQueue = field(default_factory=MessageQueue)
    """Decides whether the message queue is a problem."""

    problem_began: datetime | None = None
    """When the problem of the account began, None if it has none."""

    ignored: Problem | None = None
    """The problem whose issue was ignored when it was deleted."""

    announced: Announced = field(default_factory=Announced)
    """What was announced to automations."""

    last: LastResponses = field(default_factory=LastResponses)
    """The last responses about the account."""

    messenger: Messenger | None = None
    """The messenger of the instance, None until the server has reported it."""

    message_delay: float | None = None
    """Seconds between messages, None until the server has reported them."""

    reports_statuses: bool | None = None
    """Whether the instance reports the statuses of messages, None if not known."""

    lacks_statuses: bool = False
    """Whether a status was needed that the instance does not report."""

    quota_used_up_until: datetime | None = None
    """Until when the plan allows no more requests for statuses, None if it does."""

    waits: frozenset[DeliveryWait] = frozenset()
    """The messages whose delivery someone waits for."""

    is_polled: bool = False
    """Whether the account was polled since a reload or a restart.

    Until then, it is shown as it was before.
    """

    error: ErrorKind | None = None
    """Why the last poll failed, None if it did not."""

    messages_in_queue: int | None = None
    """The number of messages in the queue, None if it is not known."""

    restricted_until: datetime | None = None
    """The end of the restriction, None if it is not known."""

    @override
    def __eq__(self, other: object) -> bool:
        """Return whether users see no difference between two records."""
        return isinstance(other, AccountRecord) and _SHOWN(self) == _SHOWN(other)

    __hash__ = None  # type: ignore[assignment]

    @property
    def problem(self) -> Problem | None:
        """Return the problem of the account, None if none is certain."""
        for part in (self.health, self.queue):
            if part.remembered and (part.confirmed or not self.is_polled):
                return part.remembered
        return None

    @property
    def problem_since(self) -> datetime | None:
        """Return since when the account has had its problem, None if it has none."""
        return self.problem_began if self.problem else None

    @property
    def remembered(self) -> Problem | None:
        """Return the last certain problem, confirmed or not."""
        return self.health.remembered or self.queue.remembered

    @property
    def is_known(self) -> bool:
        """Return whether anything was ever known about the account."""
        return self.is_polled or self.since is not None or self.remembered is not None

    @property
    def is_authorized(self) -> bool:
        """Return whether the account is authorized according to its last state."""
        return self.state.known is InstanceState.AUTHORIZED

    @property
    def is_restricted(self) -> bool:
        """Return whether the account is restricted according to its last state."""
        return self.state.known in RESTRICTED_STATES

    @property
    def works(self) -> bool | None:
        """Return whether the account works, None if it cannot be reached."""
        if self.error and self.error not in ACCOUNT_FAILURES:
            return None
        return self.is_authorized and self.error is None and self.remembered is None

    def actionable(self, now: float) -> Problem | None:
        """Return the problem that the user should act on, None if there is none.

        `now` is a time of the monotonic clock in seconds.
        """
        problem = self.problem
        if problem in QUEUE_PROBLEMS:
            return None if self.queue.is_acted_on else problem
        return None if problem and self.health.is_acted_on(now) else problem

    def with_response(
        self,
        response: AccountResponse,
        now: float,
        moment: datetime,
        *,
        asked_at: float | None = None,
    ) -> AccountRecord:
        """Return the record after a response to a request at `asked_at`, or `now`.

        Both are times of the monotonic clock in seconds. `moment` is the system time.
        """
        health = self.health.with_response(response, now)
        record = replace(
            self,
            health=health,
            queue=self.queue.with_response(response, health.problem, now),
            last=self.last.with_response(
                response, now, now if asked_at is None else asked_at
            ),
        )
        record = _with_beginning(record, self, now, moment)
        is_known = self.since is not None and self.state == response
        if is_known or not isinstance(response, AccountState):
            return record
        record = replace(record, state=response, since=moment)
        return record.restricted(record.restricted_until)

    def polled(self, error: ErrorKind | None) -> AccountRecord:
        """Return the record after a poll, with the error if it failed."""
        is_same = self.is_polled and self.error is error
        return self if is_same else replace(self, is_polled=True, error=error)

    def queue_checked(
        self, check: QueueCheckResult, now: float, moment: datetime
    ) -> AccountRecord:
        """Return the record after a check of the queue.

        `now` is the time of the monotonic clock in seconds, `moment` the system time.
        """
        queue = self.queue.checked(check, now, moment)
        record = replace(self, queue=queue, messages_in_queue=check.count)
        return _with_beginning(record, self, now, moment)

    def uncounted(self) -> AccountRecord:
        """Return the record after the messages in the queue could not be counted."""
        return replace(self, messages_in_queue=None)

    def restricted(self, until: datetime | None) -> AccountRecord:
        """Return the record with the end of the restriction, if it is restricted."""
        return replace(self, restricted_until=until if self.is_restricted else None)

    def cleared(self, now: float) -> AccountRecord:
        """Return the record after the server has confirmed that the queue was cleared.

        `now` is the time of the monotonic clock in seconds.
        """
        return replace(self, queue=self.queue.cleared(now))

    def rebooted(self, now: float) -> AccountRecord:
        """Return the record after the server has accepted a reboot.

        `now` is the time of the monotonic clock in seconds.
        """
        return replace(
            self, health=self.health.rebooted(now), queue=self.queue.rebooted()
        )

    def with_settings(self, settings: Settings) -> AccountRecord:
        """Return the record with the settings of the instance."""
        return replace(
            self,
            messenger=settings.messenger,
            message_delay=settings.message_delay,
            reports_statuses=settings.reports_statuses,
            lacks_statuses=self.lacks_statuses and not settings.reports_statuses,
        )

    def quota_until(self, moment: datetime) -> datetime | None:
        """Return until when no statuses can be requested, None if they can.

        A later time than the next month was set while the system time was wrong.
        """
        until = self.quota_used_up_until
        return until if until and moment < until <= next_month(moment) else None

    def no_status_reason(self, moment: datetime) -> NoStatusReason | None:
        """Return why no delivery can be confirmed, None if it can.

        It is not established that Telegram and MAX need statuses to be turned on.
        """
        if self.quota_until(moment):
            return NoStatusReason.STATUS_QUOTA
        is_whatsapp = self.messenger in {None, Messenger.WHATSAPP}
        is_off = is_whatsapp and self.reports_statuses is False
        return NoStatusReason.STATUSES_OFF if is_off else None

    def lacking_statuses(self) -> AccountRecord:
        """Return the record after a status was needed that is not reported."""
        return replace(self, lacks_statuses=True)

    def with_quota_used_up(self, until: datetime) -> AccountRecord:
        """Return the record after the plan allowed no more requests for statuses."""
        return replace(self, quota_used_up_until=until)

    def waiting_for(self, wait: DeliveryWait) -> AccountRecord:
        """Return the record while someone waits for the delivery of a message."""
        return replace(self, waits=self.waits | {wait})

    def not_waiting_for(self, wait: DeliveryWait) -> AccountRecord:
        """Return the record after the wait for the delivery of a message."""
        return replace(self, waits=self.waits - {wait})

    def ignoring(self, problem: Problem) -> AccountRecord:
        """Return the record after the ignored issue of a problem was deleted."""
        return replace(self, ignored=problem)

    def announcing(self, now: float, moment: datetime) -> AccountRecord:
        """Return the record after its changes were announced to automations.

        `now` is the time of the monotonic clock in seconds, `moment` the system time.
        """
        problem = self.problem
        announced = self.announced.updated(
            self.state if self.since else None,
            problem,
            works=self.works,
            since=(self.problem_began if problem else None) or moment,
            now=now,
        )
        return replace(self, announced=announced)

    def interrupted(self, now: float, ignored: Problem | None = None) -> AccountRecord:
        """Return the record after polling has stopped: nothing is confirmed.

        `now` is the time of the monotonic clock in seconds. `ignored` is the problem
        whose issue was ignored, None if there was none.
        """
        is_shown = self.actionable(now) is not None
        return replace(
            self,
            health=self.health.interrupted(),
            queue=self.queue.interrupted(),
            ignored=ignored or (None if is_shown else self.ignored),
            announced=self.announced.interrupted(now),
            is_polled=False,
            error=None,
            messages_in_queue=None,
            restricted_until=None,
        )


def _with_beginning(
    record: AccountRecord, before: AccountRecord, now: float, moment: datetime
) -> AccountRecord:
    """Return a record with the time at which its problem began.

    If the responses have not agreed on a reason for long enough, they alternate.
    """
    remembered, health = record.remembered, record.health
    if remembered is before.remembered:
        return record
    agrees = health.reason is None or health.agreed >= CERTAIN_AFTER[health.reason]
    lasted = health.agreed if agrees else health.unauthorized
    duration = lasted or record.queue.stood_for(now)
    began = moment - timedelta(seconds=duration) if remembered else None
    return replace(record, problem_began=began, ignored=None)
