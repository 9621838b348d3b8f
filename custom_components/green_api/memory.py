"""Memory of an account over reloads and restarts."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from .announced import Announced
from .api import AccountState
from .health import Health
from .message_queue import MessageQueue
from .problem import Answer, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMemory:
    """Memory of an account.

    `state` is the server's own word, None while the instance is being created;
    `since` is when it was first reported, None if nothing was yet.
    `problem_since` is when the answers began to agree on the problem; `ignored` is that
    problem if its issue was ignored when the config entry was unloaded. `announced` is
    what automations know.
    """

    state: str | None = None
    since: datetime | None = None
    health: Health = field(default_factory=Health)
    queue: MessageQueue = field(default_factory=MessageQueue)
    problem_since: datetime | None = None
    ignored: Problem | None = None
    announced: Announced = field(default_factory=Announced)

    @property
    def problem(self) -> Problem | None:
        """Return the problem of the account, None if none is certain."""
        return self.health.problem or self.queue.problem

    @property
    def remembered(self) -> Problem | None:
        """Return the problem that was the last certain one, confirmed or not."""
        return self.health.remembered or self.queue.remembered

    def issue(self, now: float) -> Problem | None:
        """Return the problem to ask somebody to act on."""
        return self.health.issue(now) if self.health.problem else self.queue.issue

    def answered(self, answer: Answer, now: float, moment: datetime) -> AccountMemory:
        """Return the memory with one more answer.

        `now` is the time of the monotonic clock, `moment` that of the day.
        """
        health = self.health.answered(answer, now)
        queue = self.queue.answered(answer, health.problem, now)
        memory = self
        if health is not self.health or queue is not self.queue:
            memory = replace(self, health=health, queue=queue)
        memory = _with_since(memory, self, now, moment)
        if isinstance(answer, AccountState) and (
            self.since is None or self.state != answer.raw
        ):
            return replace(memory, state=answer.raw, since=moment)
        return memory

    def with_queue(
        self, queue: MessageQueue, now: float, moment: datetime
    ) -> AccountMemory:
        """Return the memory after a look at the queue."""
        return _with_since(replace(self, queue=queue), self, now, moment)

    def rebooted(self, now: float) -> AccountMemory:
        """Return the memory after a reboot that somebody asked for."""
        return replace(
            self, health=self.health.rebooted(now), queue=self.queue.rebooted()
        )

    def interrupted(self, now: float, ignored: Problem | None) -> AccountMemory:
        """Return the memory when nobody asks any more."""
        return replace(
            self,
            health=self.health.interrupted(),
            queue=self.queue.interrupted(),
            ignored=ignored,
            announced=self.announced.interrupted(now),
        )

    def is_news(self, before: AccountMemory) -> bool:
        """Return whether there is something new to write at once."""
        return self._milestones != before._milestones

    @property
    def _milestones(self) -> tuple[object, ...]:
        """Return what does not change with every answer."""
        health = self.health
        return (
            self.since,
            self.announced,
            self.remembered,
            self.queue.is_rebooted,
            health.reason,
            health.rebooted_at,
        )


def _with_since(
    memory: AccountMemory, before: AccountMemory, now: float, moment: datetime
) -> AccountMemory:
    """Return a memory with the time since which its problem is there."""
    if memory.remembered is before.remembered:
        return memory
    lasts = memory.health.agreed or memory.queue.stood_for(now)
    began = moment - timedelta(seconds=lasts)
    return replace(
        memory, problem_since=began if memory.remembered else None, ignored=None
    )
