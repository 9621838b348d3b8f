"""A Home Assistant that has had accounts in every kind of trouble for an hour."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import json
import math
from typing import Any, Final

from tests.live.configuration import DOMAIN
from tests.live.home_assistant import HomeAssistantProcess
from tests.live.scene import Token
from tests.simulator import Account, Fault, Messenger, Simulator

HOUR: Final = timedelta(hours=1)
TIMES: Final = ("since", "suspicion_since", "rebooted_at")


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """What is wrong with an account."""

    instance_id: str
    state: str = "authorized"
    messenger: Messenger = Messenger.WHATSAPP
    fault: Fault | None = None
    reboot: bool = False
    """Whether somebody has tried a reboot."""


# By the translation key of the repair.
TROUBLES: Final = {
    "logged_out": Trouble(instance_id="1101000002", state="notAuthorized"),
    "stuck_starting": Trouble(instance_id="1101000003", state="starting"),
    "stuck_after_reboot": Trouble(
        instance_id="1101000004", state="starting", reboot=True
    ),
    "restricted_until": Trouble(instance_id="7103000005", state="suspended"),
    "blocked": Trouble(instance_id="7103000006", state="blocked"),
    "asleep": Trouble(instance_id="7103000007", state="sleepMode"),
    "expired": Trouble(instance_id="7103000008", fault=Fault.EXPIRED_JSON),
    "deleted": Trouble(instance_id="7103000009", fault=Fault.DELETED),
    "wrong_address": Trouble(instance_id="7103000010", fault=Fault.FORBIDDEN_HTML),
}


class Household:
    """A Home Assistant and a GREEN-API."""

    def __init__(
        self, home_assistant: HomeAssistantProcess, simulator: Simulator
    ) -> None:
        """Take what is already running."""
        self.home_assistant = home_assistant
        self.simulator = simulator

    async def had_trouble(self, *troubles: Trouble) -> None:
        """Have had accounts in trouble for an hour, in which Home Assistant was off."""
        await asyncio.gather(*map(self._get_into, troubles))
        await self.home_assistant.stop()
        self._let_an_hour_pass()
        await self.home_assistant.start()

    async def _get_into(self, trouble: Trouble) -> None:
        """Add an account, and let it get into trouble."""
        account = self.simulator.add_account(
            trouble.instance_id, Token.OTHER, messenger=trouble.messenger
        )
        client = self.home_assistant.client
        flow = await client.start_flow(DOMAIN)
        step = await flow.submit(
            api_url=self.simulator.url,
            instance_id=account.instance_id,
            api_token=account.token,
        )
        assert step["type"] == "create_entry"
        account.boot_seconds = math.inf
        account.state = trouble.state
        account.suspended_until = int((datetime.now(UTC) + 24 * HOUR).timestamp())
        account.fault = trouble.fault
        if trouble.reboot:
            await client.act("button.press", await self.entity_id(account, "reboot"))
        else:
            await client.act(
                "homeassistant.update_entity", await self.entity_id(account, "state")
            )

    async def entity_id(self, account: Account, key: str) -> str:
        """Return what one of an account's entities is called."""
        client = self.home_assistant.client
        return await client.entity_id(DOMAIN, f"{account.instance_id}_{key}")

    def _let_an_hour_pass(self) -> None:
        """Make what the integration remembers an hour older."""
        path = self.home_assistant.storage / DOMAIN
        remembered = json.loads(path.read_text(encoding="utf-8"))
        for account in remembered["data"].values():
            _age(account)
        path.write_text(json.dumps(remembered), encoding="utf-8")


def _age(account: dict[str, Any]) -> None:
    """Make what is remembered of an account an hour older."""
    account["suspicion_held"] += HOUR.total_seconds()
    for key in TIMES:
        if account[key]:
            account[key] = (datetime.fromisoformat(account[key]) - HOUR).isoformat()
