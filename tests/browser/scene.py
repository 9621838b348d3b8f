"""What the stories in the browser are played with."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
import logging
from typing import Any, Final

from tests.live.configuration import DOMAIN
from tests.simulator import Account

from .household import Household, Problem
from .person import Person
from .witness import Witness

_LOGGER: Final = logging.getLogger(__name__)

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

    async def add(self) -> None:
        """Open the dialog that adds the account, and fill in its three values."""
        found = await self.person.search_integration("green-api")
        await found.click()
        await self.person.fill(
            api_url=self.household.simulator.url,
            instance_id=self.account.instance_id,
            api_token=self.account.token,
        )

    async def remove(self) -> None:
        """Remove the account again, if it is there."""
        client = self.household.client
        for entry in await client.entries(DOMAIN):
            if entry["title"] == self.name:
                await client.remove_entry(entry["entry_id"])

    async def link_again(self) -> None:
        """Choose to link the account again, where it is reconfigured."""
        person = self.person
        await person.open_integration()
        await person.open_menu(self.name)
        await person.pick(self.name, "reconfigure")
        await person.choose(
            person.texts("config.step.reconfigure.menu_options.link_again")
        )

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

    async def go_through[*ArgumentTs](
        self,
        step: Callable[[Scene, *ArgumentTs], Coroutine[Any, Any, None]],
        *arguments: *ArgumentTs,
    ) -> None:
        """Go through a step, and keep a picture of where it failed."""
        _LOGGER.info("%s: %s", step.__name__, step.__doc__)
        try:
            await step(self, *arguments)
        except BaseException:
            await self.witness.take(f"FAILED-{step.__name__}")
            raise
