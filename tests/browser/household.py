"""A Home Assistant that has had accounts in every kind of problem for an hour."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import json
import math
import re
from typing import Any, Final

from tests.live.client import HomeAssistantClient
from tests.live.configuration import DOMAIN
from tests.live.home_assistant import HomeAssistantProcess
from tests.live.scene import Token
from tests.simulator import Account, Fault, Messenger, Simulator

HOUR: Final = timedelta(hours=1)
RESTRICTED_UNTIL: Final = datetime.now(UTC) + 24 * HOUR
CAPITAL: Final = re.compile("[A-Z]")
TIMES: Final = ("since", "problem_since")
DURATIONS: Final = ("agreed", "unauthorized", "rebooted_ago")


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """An account that has a problem."""

    instance_id: str
    issue: str
    """The translation key of the repair."""
    state: str = "authorized"
    messenger: Messenger = Messenger.WHATSAPP
    fault: Fault | None = None
    rebooted: bool = False
    """Whether somebody has tried a reboot."""
    enabled: tuple[str, ...] = ()
    """The entities that somebody has enabled."""
    waiting: int = 0
    """How many messages have waited for that hour."""

    @property
    def name(self) -> str:
        """What the account is called in Home Assistant."""
        return f"GREEN-API {self.instance_id}"

    @property
    def shown(self) -> str:
        """What Home Assistant makes of its state."""
        return (
            "unavailable" if self.fault else CAPITAL.sub(r"_\g<0>", self.state).lower()
        )


LOGGED_OUT: Final = Problem(
    instance_id="1101000002",
    issue="logged_out",
    state="notAuthorized",
    enabled=("qr_code",),
)
LOGGED_OUT_TOO: Final = Problem(
    instance_id="1101000003", issue="logged_out", state="notAuthorized"
)
TELEGRAM: Final = Problem(
    instance_id="4100000004",
    issue="logged_out",
    state="notAuthorized",
    messenger=Messenger.TELEGRAM,
)
STUCK: Final = Problem(
    instance_id="1101000005", issue="stuck_starting", state="starting"
)
HOPELESS: Final = (
    Problem(
        instance_id="1101000006",
        issue="stuck_after_reboot",
        state="starting",
        rebooted=True,
    ),
    Problem(instance_id="7103000007", issue="restricted_until", state="suspended"),
    Problem(instance_id="7103000008", issue="blocked", state="blocked"),
    Problem(instance_id="7103000009", issue="asleep", state="sleepMode"),
    Problem(instance_id="7103000010", issue="expired", fault=Fault.EXPIRED_JSON),
    Problem(instance_id="7103000011", issue="deleted", fault=Fault.DELETED),
)
"""What Home Assistant can only tell about."""

MOVED: Final = Problem(
    instance_id="7103000012", issue="wrong_address_fixable", fault=Fault.FORBIDDEN_HTML
)

NOT_SENDING: Final = Problem(instance_id="7103000013", issue="not_sending", waiting=3)
NOT_SENDING_AFTER_REBOOT: Final = Problem(
    instance_id="7103000014", issue="not_sending_after_reboot", waiting=3
)


class Household:
    """A Home Assistant and a GREEN-API."""

    def __init__(
        self, home_assistant: HomeAssistantProcess, simulator: Simulator
    ) -> None:
        """Take what is already running."""
        self.home_assistant = home_assistant
        self.simulator = simulator
        self._queues: dict[str, dict[str, object]] = {}

    async def had_problem(self, *problems: Problem) -> None:
        """Have had accounts with a problem for an hour, in which Home Assistant was off."""
        await asyncio.gather(*map(self.get_into, problems))
        await self.leave()
        await self.come_back()

    async def leave(self) -> None:
        """Stop Home Assistant."""
        await self.home_assistant.stop()

    async def come_back(self) -> None:
        """Start Home Assistant again, an hour later."""
        self._let_an_hour_pass()
        await self.home_assistant.start()

    async def get_into(self, problem: Problem) -> None:
        """Add an account, and let it get into problem."""
        account = self.simulator.add_account(
            problem.instance_id, Token.OTHER, messenger=problem.messenger
        )
        flow = await self.client.start_flow(DOMAIN)
        step = await flow.submit(
            api_url=self.simulator.url,
            instance_id=account.instance_id,
            api_token=account.token,
        )
        entry_id = step["result"]["entry_id"]
        await self.client.wait_for_entry_state(entry_id, "loaded")
        account.boot_seconds = math.inf
        account.state = problem.state
        account.suspended_until = int(RESTRICTED_UNTIL.timestamp())
        account.fault = problem.fault
        if problem.waiting:
            account.queue = problem.waiting
            account.queue_stuck = True
            self._queues[entry_id] = {
                "count": problem.waiting,
                "shown_ago": 0,
                "waiting_since": (datetime.now(UTC) - HOUR).isoformat(),
                "problem": problem.issue,
            }
        if problem.rebooted:
            await self.act(account, "reboot", "button.press")
        await self.update(account)
        await self.client.wait_for_state(
            await self.entity_id(account, "state"), problem.shown
        )
        for key in problem.enabled:
            await self.client.enable_entity(await self.entity_id(account, key))

    @property
    def client(self) -> HomeAssistantClient:
        """Somebody else who is signed in."""
        return self.home_assistant.client

    async def entity_id(self, account: Account, key: str) -> str:
        """Return what one of an account's entities is called."""
        return await self.client.entity_id(DOMAIN, f"{account.instance_id}_{key}")

    async def device_id(self, account: Account) -> str:
        """Return the ID of an account's device."""
        devices = await self.client.devices(DOMAIN)
        return next(
            device["id"]
            for device in devices
            if device["serial_number"] == account.instance_id
        )

    async def act(self, account: Account, key: str, action: str) -> None:
        """Perform an action on one of an account's entities."""
        await self.client.act(action, await self.entity_id(account, key))

    async def update(self, account: Account) -> None:
        """Have an account looked at."""
        await self.act(account, "state", "homeassistant.update_entity")

    def _let_an_hour_pass(self) -> None:
        """Make what the integration remembers an hour older."""
        path = self.home_assistant.storage / DOMAIN
        remembered = json.loads(path.read_text(encoding="utf-8"))
        accounts = remembered["data"]["accounts"]
        for account in accounts.values():
            _age(account)
        for entry_id, queue in self._queues.items():
            accounts[entry_id]["queue"].update(queue)
        path.write_text(json.dumps(remembered), encoding="utf-8")


def _age(account: dict[str, Any]) -> None:
    """Make what is remembered of an account an hour older."""
    for key in DURATIONS:
        if account[key] is not None:
            account[key] += HOUR.total_seconds()
    for key in TIMES:
        if account[key]:
            account[key] = (datetime.fromisoformat(account[key]) - HOUR).isoformat()
