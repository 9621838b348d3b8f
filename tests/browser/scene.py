"""What the stories in the browser are played with."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from tests.live.configuration import DOMAIN
from tests.simulator import Account

from .household import Household, Problem
from .person import Person
from .witness import Witness

type Step = Callable[[Scene], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Scene:
    """A person, a household, and the person's own account."""

    household: Household
    person: Person
    witness: Witness
    account: Account

    @property
    def name(self) -> str:
        """What the account is called in Home Assistant."""
        return f"GREEN-API {self.account.instance_id}"

    def account_of(self, problem: Problem) -> Account:
        """Return the account that has a problem."""
        return self.household.simulator.accounts[problem.instance_id]

    async def open_repair(self, problem: Problem) -> None:
        """Open the repair of an account."""
        await self.person.open_repairs()
        await self.person.open_repair(
            self.person.texts(f"issues.{problem.issue}.title", name=problem.name)
        )

    async def see_repaired(self) -> None:
        """See the dialog say by itself that the issue is repaired."""
        await self.person.see(
            self.person.flow,
            await self.person.home_text("ui.dialogs.repair_flow.success.description"),
        )

    async def expect_loaded(self) -> None:
        """Wait until the account is set up again after a change."""
        for entry in await self.household.client.entries(DOMAIN):
            if entry["title"] == self.name:
                await self.household.client.wait_for_entry_state(
                    entry["entry_id"], "loaded"
                )

    async def said(self, reason: str) -> str:
        """Return what Home Assistant says at the end of a dialog."""
        return await self.person.home_text(
            f"component.homeassistant.config.abort.{reason}"
        )

    async def go_through(self, step: Step) -> None:
        """Go through a step, and keep a picture of where it failed."""
        try:
            await step(self)
        except BaseException:
            await self.witness.take(f"FAILED-{step.__name__}")
            raise
