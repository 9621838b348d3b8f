"""A Home Assistant with accounts that have had problems for an hour."""

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
from tests.live.scenario import Token
from tests.simulator import Account, Fault, Messenger, Simulator

HOUR: Final = timedelta(hours=1)
RESTRICTED_UNTIL: Final = datetime.now(UTC) + 24 * HOUR
CAPITAL: Final = re.compile("[A-Z]")
TIMES: Final = ("since", "problem_since")
DURATIONS: Final = ("agreed", "unauthorized", "rebooted_ago")


@dataclass(frozen=True, kw_only=True, slots=True)
class ProblemAccount:
    """An account that has a problem."""

    instance_id: str
    issue: str
    """The translation key of the repair issue."""
    state: str = "authorized"
    messenger: Messenger = Messenger.WHATSAPP
    fault: Fault | None = None
    rebooted: bool = False
    """Whether the instance has been rebooted already."""
    enabled: tuple[str, ...] = ()
    """The keys of the entities to enable."""
    waiting: int = 0
    """The number of messages that have been queued for the hour."""

    @property
    def name(self) -> str:
        """Return the title of the account's config entry."""
        return f"GREEN-API {self.instance_id}"

    @property
    def expected_state(self) -> str:
        """Return the expected state of the account's sensor."""
        return (
            "unavailable" if self.fault else CAPITAL.sub(r"_\g<0>", self.state).lower()
        )


LOGGED_OUT: Final = ProblemAccount(
    instance_id="1101000002",
    issue="logged_out",
    state="notAuthorized",
    enabled=("qr_code",),
)
SECOND_LOGGED_OUT: Final = ProblemAccount(
    instance_id="1101000003", issue="logged_out", state="notAuthorized"
)
TELEGRAM: Final = ProblemAccount(
    instance_id="4100000004",
    issue="logged_out",
    state="notAuthorized",
    messenger=Messenger.TELEGRAM,
)
STUCK_STARTING: Final = ProblemAccount(
    instance_id="1101000005", issue="stuck_starting", state="starting"
)
NOT_FIXABLE: Final = (
    ProblemAccount(
        instance_id="1101000006",
        issue="stuck_after_reboot",
        state="starting",
        rebooted=True,
    ),
    ProblemAccount(
        instance_id="7103000007", issue="restricted_until", state="suspended"
    ),
    ProblemAccount(instance_id="7103000008", issue="blocked", state="blocked"),
    ProblemAccount(instance_id="7103000009", issue="asleep", state="sleepMode"),
    ProblemAccount(instance_id="7103000010", issue="expired", fault=Fault.EXPIRED_JSON),
    ProblemAccount(instance_id="7103000011", issue="deleted", fault=Fault.DELETED),
)
"""Problems that are only explained: Home Assistant cannot fix them."""

WRONG_ADDRESS: Final = ProblemAccount(
    instance_id="7103000012", issue="wrong_address_fixable", fault=Fault.FORBIDDEN_HTML
)

NOT_SENDING: Final = ProblemAccount(
    instance_id="7103000013", issue="not_sending", waiting=3
)
NOT_SENDING_AFTER_REBOOT: Final = ProblemAccount(
    instance_id="7103000014", issue="not_sending_after_reboot", waiting=3
)


class Installation:
    """A Home Assistant and a simulated GREEN-API."""

    def __init__(
        self, home_assistant: HomeAssistantProcess, simulator: Simulator
    ) -> None:
        """Initialize with the running processes."""
        self.home_assistant = home_assistant
        self.simulator = simulator
        self._queues: dict[str, dict[str, object]] = {}

    async def set_up_problems(self, *problems: ProblemAccount) -> None:
        """Add accounts with a problem that began an hour ago."""
        await asyncio.gather(*map(self.add_problem_account, problems))
        await self.stop()
        await self.start_an_hour_later()
        await self.client.wait_for_issues(
            DOMAIN, *(problem.issue for problem in problems)
        )

    async def stop(self) -> None:
        """Stop Home Assistant, which stores everything."""
        assert await self.home_assistant.stop() == 0

    async def start_an_hour_later(self) -> None:
        """Start Home Assistant as if an hour had passed since it was stopped."""
        self._age_stored_data()
        await self.home_assistant.start()

    async def add_problem_account(self, problem: ProblemAccount) -> None:
        """Add an account and give it a problem."""
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
            await self.perform_action(account, "reboot", "button.press")
        await self.refresh(account)
        await self.client.wait_for_state(
            await self.entity_id(account, "state"), problem.expected_state
        )
        for key in problem.enabled:
            await self.client.enable_entity(await self.entity_id(account, key))

    @property
    def client(self) -> HomeAssistantClient:
        """Return the client of a signed-in user."""
        return self.home_assistant.client

    async def entity_id(self, account: Account, key: str) -> str:
        """Return the ID of one of an account's entities."""
        return await self.client.entity_id(DOMAIN, f"{account.instance_id}_{key}")

    async def device_id(self, account: Account) -> str:
        """Return the ID of an account's device."""
        devices = await self.client.devices(DOMAIN)
        return next(
            device["id"]
            for device in devices
            if device["serial_number"] == account.instance_id
        )

    async def perform_action(self, account: Account, key: str, action: str) -> None:
        """Perform an action on one of an account's entities."""
        await self.client.perform_action(action, await self.entity_id(account, key))

    async def refresh(self, account: Account) -> None:
        """Refresh an account."""
        await self.perform_action(account, "state", "homeassistant.update_entity")

    def _age_stored_data(self) -> None:
        """Make the stored data of the integration an hour older."""
        path = self.home_assistant.storage / DOMAIN
        stored = json.loads(path.read_text(encoding="utf-8"))
        accounts = stored["data"]["accounts"]
        for account in accounts.values():
            _age(account)
        for entry_id, queue in self._queues.items():
            accounts[entry_id]["queue"].update(queue)
        path.write_text(json.dumps(stored), encoding="utf-8")


def _age(account: dict[str, Any]) -> None:
    """Make the stored record of an account an hour older."""
    for key in DURATIONS:
        if account[key] is not None:
            account[key] += HOUR.total_seconds()
    for key in TIMES:
        if account[key]:
            account[key] = (datetime.fromisoformat(account[key]) - HOUR).isoformat()
