"""What the tests in the browser have in common: pages, account and steps."""

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
import logging
from typing import Any, Final

from tests.live.configuration import DOMAIN
from tests.simulator import Account, Messenger

from .frontend import Frontend
from .installation import Installation, ProblemAccount
from .page_recorder import PageRecorder

_LOGGER: Final = logging.getLogger(__name__)

MESSENGER_NAMES: Final = {
    Messenger.MAX: "MAX",
    Messenger.TELEGRAM: "Telegram",
    Messenger.WHATSAPP: "WhatsApp",
}

type Step = Callable[[Scenario], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """An installation, its frontend in the browser and an account."""

    installation: Installation
    frontend: Frontend
    recorder: PageRecorder
    account: Account

    @property
    def name(self) -> str:
        """Return the title of the account's config entry."""
        return f"GREEN-API {self.account.instance_id}"

    def account_of(self, problem: ProblemAccount) -> Account:
        """Return the account that has a problem."""
        return self.installation.simulator.accounts[problem.instance_id]

    async def open_add_dialog(self) -> None:
        """Open the dialog that adds the account, and enter its three values."""
        found = await self.frontend.search_integration("green-api")
        await found.click()
        await self.frontend.fill_form(
            api_url=self.installation.simulator.url,
            instance_id=self.account.instance_id,
            api_token=self.account.token,
        )

    async def remove_account(self) -> None:
        """Remove the account's config entry, if any."""
        client = self.installation.client
        for entry in await client.entries(DOMAIN):
            if entry["title"] == self.name:
                await client.remove_entry(entry["entry_id"])

    async def open_link_again(self) -> None:
        """Open the reconfigure dialog, and select to link the account again."""
        frontend = self.frontend
        await frontend.open_integration()
        await frontend.open_entry_menu(self.name)
        await frontend.select_entry_action(self.name, "reconfigure")
        await frontend.select_menu_option(
            frontend.texts("config.step.reconfigure.menu_options.link_again")
        )

    async def open_repair(self, problem: ProblemAccount) -> None:
        """Open the repair of an account."""
        await self.frontend.open_repairs()
        await self.frontend.open_repair(
            self.frontend.texts(f"issues.{problem.issue}.title", name=problem.name)
        )

    async def expect_repaired(self, problem: ProblemAccount, reason: str) -> None:
        """Wait until the dialog of a repair shows its last word."""
        await self.frontend.expect_dialog_text(
            f"issues.{problem.issue}.fix_flow.abort.{reason}",
            name=problem.name,
            messenger=MESSENGER_NAMES[problem.messenger],
        )

    async def wait_until_loaded(self) -> None:
        """Wait until the account's config entry is loaded."""
        for entry in await self.installation.client.entries(DOMAIN):
            if entry["title"] == self.name:
                await self.installation.client.wait_for_entry_state(
                    entry["entry_id"], "loaded"
                )

    async def abort_text(self, reason: str) -> str:
        """Return Home Assistant's own text for an abort reason."""
        return await self.frontend.core_text(
            f"component.homeassistant.config.abort.{reason}"
        )

    async def run_step[*ArgumentTs](
        self,
        step: Callable[[Scenario, *ArgumentTs], Coroutine[Any, Any, None]],
        *arguments: *ArgumentTs,
    ) -> None:
        """Run a step, and take a screenshot if it fails."""
        _LOGGER.info("%s: %s", step.__name__, step.__doc__)
        try:
            await step(self, *arguments)
        except BaseException:
            await self.recorder.take_screenshot(f"FAILED-{step.__name__}")
            raise

    async def run_steps(self, steps: Iterable[Step]) -> None:
        """Run steps, and assert that there is no complaint about any page."""
        for step in steps:
            await self.run_step(step)
        assert self.recorder.complaints == []
