"""Remember accounts over reloads and restarts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypedDict

import voluptuous as vol

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.singleton import singleton
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .announced import Announced, Stopwatch
from .api import AccountState
from .const import DOMAIN, LOGGER
from .message_queue import MessageQueue
from .problem import Answer, Health, Problem

STORAGE_VERSION: Final = 1
SAVE_DELAY: Final = 10

# Seconds after which the file is written even if nothing is new: how old the evidence
# of a problem is has to be known after a crash as well.
SAVE_INTERVAL: Final = 900

_STORE: HassKey[AccountStore] = HassKey(f"{DOMAIN}_store")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMemory:
    """What is remembered of an account.

    `state` is the server's own word, None while the instance is being created;
    `since` is when it was first heard, None if nothing was heard yet.
    `problem_since` is when the answers began to agree on the problem; `ignored` is that
    problem if its issue was ignored when the config entry was unloaded. `announced` is
    what automations were told.
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
        """Return whether the memory is worth to be written at once."""
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


class StoredAnnounced(TypedDict):
    """What automations were told of an account; a list of one state, or of none."""

    states: list[str | None]
    since: str | None
    problem: str | None
    reasons: list[str]
    with_problem: float
    unreachable: float


class StoredQueue(TypedDict):
    """The queue of an account: moments in ISO format, times in seconds."""

    count: int | None
    shown_ago: float | None
    waiting_since: str | None
    problem: str | None
    is_rebooted: bool


class StoredAccount(TypedDict):
    """An account in the storage file: moments in ISO format, times in seconds."""

    state: str | None
    since: str | None
    problem: str | None
    problem_since: str | None
    ignored: str | None
    reason: str | None
    agreed: float
    told_ago: float | None
    unauthorized: float
    reasons: list[str]
    replaced: list[str]
    rebooted_ago: float | None
    is_after_reboot: bool
    queue: StoredQueue
    announced: StoredAnnounced


class StoredAccounts(TypedDict):
    """The storage file: the accounts by the id of their config entry."""

    saved_at: str
    accounts: dict[str, StoredAccount]


def _moment(text: str) -> datetime:
    """Return the moment that a text in ISO format names."""
    moment = dt_util.parse_datetime(text)
    if moment is None or moment.tzinfo is None:
        raise vol.Invalid("not a moment")
    return moment


_SECONDS: Final = vol.All(vol.Any(int, float), vol.Range(min=0))
_PROBLEMS: Final = vol.All([vol.Coerce(Problem)], vol.Coerce(frozenset))

_ANNOUNCED: Final = vol.Schema(
    {
        vol.Required("states"): vol.All([vol.Any(None, str)], vol.Length(max=1)),
        vol.Required("since"): vol.Any(None, vol.All(str, _moment)),
        vol.Required("problem"): vol.Any(None, vol.Coerce(Problem)),
        vol.Required("reasons"): _PROBLEMS,
        vol.Required("with_problem"): _SECONDS,
        vol.Required("unreachable"): _SECONDS,
    },
    extra=vol.REMOVE_EXTRA,
)
_QUEUE: Final = vol.Schema(
    {
        vol.Required("count"): vol.Any(None, vol.All(int, vol.Range(min=0))),
        vol.Required("shown_ago"): vol.Any(None, _SECONDS),
        vol.Required("waiting_since"): vol.Any(None, vol.All(str, _moment)),
        vol.Required("problem"): vol.Any(None, vol.Coerce(Problem)),
        vol.Required("is_rebooted"): bool,
    },
    extra=vol.REMOVE_EXTRA,
)
_ACCOUNT: Final = vol.Schema(
    {
        vol.Required("state"): vol.Any(None, str),
        vol.Required("since"): vol.Any(None, vol.All(str, _moment)),
        vol.Required("problem"): vol.Any(None, vol.Coerce(Problem)),
        vol.Required("problem_since"): vol.Any(None, vol.All(str, _moment)),
        vol.Required("ignored"): vol.Any(None, vol.Coerce(Problem)),
        vol.Required("reason"): vol.Any(None, vol.Coerce(Problem)),
        vol.Required("agreed"): _SECONDS,
        vol.Required("told_ago"): vol.Any(None, _SECONDS),
        vol.Required("unauthorized"): _SECONDS,
        vol.Required("reasons"): _PROBLEMS,
        vol.Required("replaced"): _PROBLEMS,
        vol.Required("rebooted_ago"): vol.Any(None, _SECONDS),
        vol.Required("is_after_reboot"): bool,
        vol.Required("queue"): _QUEUE,
        vol.Required("announced"): _ANNOUNCED,
    },
    extra=vol.REMOVE_EXTRA,
)
_ACCOUNTS: Final = vol.Schema(
    {
        vol.Required("saved_at"): vol.All(str, _moment),
        vol.Required("accounts"): {str: object},
    },
    extra=vol.REMOVE_EXTRA,
)


class AccountStore:
    """The memories of all accounts, by the id of their config entry."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize the store."""
        self._hass = hass
        self._store = Store[StoredAccounts](hass, STORAGE_VERSION, DOMAIN)
        self._memories: dict[str, AccountMemory] = {}
        self._save_at = 0.0

    async def async_load(self) -> None:
        """Read the storage file; what is wrong with it costs no more than memories."""
        try:
            stored = await self._store.async_load()
            known = _ACCOUNTS(stored) if stored else None
        except Exception as err:  # noqa: BLE001
            LOGGER.warning(
                "What was remembered of the accounts cannot be read (%s): "
                "starting without it",
                type(err).__name__,
            )
            return
        if known is None:
            return
        passed = max(0.0, (dt_util.utcnow() - known["saved_at"]).total_seconds())
        saved_at = self._hass.loop.time() - passed
        for entry_id, account in known["accounts"].items():
            self._memories[entry_id] = _from_storage(account, saved_at)

    @callback
    def async_get(self, entry_id: str) -> AccountMemory:
        """Return what is remembered of an account."""
        return self._memories.get(entry_id) or AccountMemory()

    @callback
    def async_set(self, entry_id: str, memory: AccountMemory) -> None:
        """Remember an account."""
        before = self.async_get(entry_id)
        if memory is before:
            return
        self._memories[entry_id] = memory
        is_told = memory.health.reason or memory.queue.remembered
        is_due = is_told and self._hass.loop.time() >= self._save_at
        if is_due or memory.is_news(before):
            self.async_save()

    @callback
    def async_interrupt(self, entry_id: str, ignored: Problem | None) -> None:
        """Remember an account that nobody asks for any more."""
        memory = self.async_get(entry_id)
        now = self._hass.loop.time()
        self._memories[entry_id] = memory.interrupted(now, ignored)
        self.async_save()

    @callback
    def async_forget(self, entry_id: str) -> None:
        """Forget an account."""
        self._memories.pop(entry_id, None)
        self.async_save()

    @callback
    def async_save(self, event: Event | None = None) -> None:
        """Write the storage file soon; at the latest when Home Assistant stops."""
        self._save_at = self._hass.loop.time() + SAVE_INTERVAL
        self._store.async_delay_save(self._to_storage, SAVE_DELAY)

    def _to_storage(self) -> StoredAccounts:
        """Return all memories as they are stored."""
        now = self._hass.loop.time()
        return {
            "saved_at": dt_util.utcnow().isoformat(),
            "accounts": {
                entry_id: _account_to_storage(memory, now)
                for entry_id, memory in self._memories.items()
            },
        }


@singleton(_STORE, async_=True)
async def async_get_store(hass: HomeAssistant) -> AccountStore:
    """Return the one store, loaded."""
    store = AccountStore(hass)
    await store.async_load()
    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, store.async_save)
    return store


def _account_to_storage(memory: AccountMemory, now: float) -> StoredAccount:
    """Return a memory as it is stored."""
    health = memory.health
    return {
        "state": memory.state,
        "since": _iso(memory.since),
        "problem": health.remembered,
        "problem_since": _iso(memory.problem_since),
        "ignored": memory.ignored,
        "reason": health.reason,
        "agreed": health.agreed,
        "told_ago": _ago(health.told_at, now),
        "unauthorized": health.unauthorized,
        "reasons": sorted(health.reasons),
        "replaced": sorted(health.replaced),
        "rebooted_ago": _ago(health.rebooted_at, now),
        "is_after_reboot": health.is_after_reboot,
        "queue": _queue_to_storage(memory.queue, now),
        "announced": _announced_to_storage(memory.announced, now),
    }


def _queue_to_storage(queue: MessageQueue, now: float) -> StoredQueue:
    """Return what is remembered of a queue as it is stored, which is no message."""
    return {
        "count": queue.count,
        "shown_ago": _ago(queue.shown_at if queue.remembered else None, now),
        "waiting_since": _iso(queue.waiting_since),
        "problem": queue.remembered,
        "is_rebooted": queue.is_rebooted,
    }


def _announced_to_storage(announced: Announced, now: float) -> StoredAnnounced:
    """Return what automations were told as it is stored."""
    return {
        "states": [announced.state.raw] if announced.state else [],
        "since": _iso(announced.since),
        "problem": announced.problem,
        "reasons": sorted(announced.reasons),
        "with_problem": announced.with_problem.read(now),
        "unreachable": announced.unreachable.read(now),
    }


def _from_storage(stored: object, saved_at: float) -> AccountMemory:
    """Return a memory from what is stored of it, an empty one if that is damaged."""
    try:
        account: Mapping[str, Any] = _ACCOUNT(stored)
    except vol.Invalid:
        LOGGER.warning("What was remembered of an account is damaged: forgetting it")
        return AccountMemory()
    return AccountMemory(
        state=account["state"],
        since=account["since"],
        problem_since=account["problem_since"],
        ignored=account["ignored"],
        announced=_announced_from_storage(account["announced"]),
        queue=_queue_from_storage(account["queue"], saved_at),
        health=Health(
            remembered=account["problem"],
            reason=account["reason"],
            agreed=account["agreed"],
            told_at=_at(account["told_ago"], saved_at),
            unauthorized=account["unauthorized"],
            reasons=account["reasons"],
            replaced=account["replaced"],
            rebooted_at=_at(account["rebooted_ago"], saved_at),
            is_after_reboot=account["is_after_reboot"],
        ),
    )


def _queue_from_storage(stored: Mapping[str, Any], saved_at: float) -> MessageQueue:
    """Return what is remembered of a queue from what is stored of it."""
    return MessageQueue(
        count=stored["count"],
        waiting_since=stored["waiting_since"],
        remembered=stored["problem"],
        shown_at=saved_at - (stored["shown_ago"] or 0),
        is_rebooted=stored["is_rebooted"],
    )


def _announced_from_storage(stored: Mapping[str, Any]) -> Announced:
    """Return what automations were told from what is stored of it."""
    return Announced(
        state=next(map(AccountState, stored["states"]), None),
        since=stored["since"],
        problem=stored["problem"],
        reasons=stored["reasons"],
        with_problem=Stopwatch(stored["with_problem"]),
        unreachable=Stopwatch(stored["unreachable"]),
    )


def _iso(moment: datetime | None) -> str | None:
    """Return a moment in ISO format."""
    return moment.isoformat() if moment else None


def _ago(at: float | None, now: float) -> float | None:
    """Return how long ago something was."""
    return None if at is None else max(0.0, now - at)


def _at(ago: float | None, saved_at: float) -> float | None:
    """Return when something was that was as long ago as this when it was saved."""
    return None if ago is None else saved_at - ago
