"""Repair flows for the GREEN-API integration."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, override

import voluptuous as vol

from homeassistant.components import repairs
from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

from .const import CONSOLE_URL, DOMAIN
from .data import GreenApiConfigEntry
from .decisions.health import STUCK
from .decisions.message_queue import QUEUE_PROBLEMS
from .decisions.problem import Problem
from .devices import account_name, recipient_name
from .dialogs.linking import LinkingFlow, is_gone
from .remedy import async_clear_queue, async_has_problem, async_reboot
from .texts import markdown_text, moment_text, waiting_text

if TYPE_CHECKING:
    from homeassistant.components.repairs import RepairsFlowResult

# The problem that ends when the account is linked.
LOGGED_OUT: Final = frozenset({Problem.LOGGED_OUT})

type Step = Callable[[], Awaitable[RepairsFlowResult]]
type Remedy = Callable[[HomeAssistant, GreenApiConfigEntry], Awaitable[None]]


class AccountRepairFlow(RepairsFlow):
    """Base class for the repair flows of an account."""

    def __init__(self, entry: GreenApiConfigEntry) -> None:
        """Initialize the repair flow."""
        self.entry = entry

    @property
    def placeholders(self) -> dict[str, str]:
        """Return the placeholders that all texts can use."""
        waiting = None
        if self.is_loaded:
            waiting = self.entry.runtime_data.coordinator.data.queue.waiting
        return {
            "name": markdown_text(account_name(self.hass, self.entry)),
            "console_url": CONSOLE_URL,
            "waiting": waiting_text(self.hass, waiting),
        }

    async def async_ask(
        self, step_id: str, fix: Step, user_input: dict[str, str] | None
    ) -> RepairsFlowResult:
        """Ask for confirmation, then fix the issue."""
        if is_gone(self.hass, self.entry):
            return self.async_removed()
        errors: dict[str, str] = {}
        placeholders = self.placeholders
        if user_input is not None:
            try:
                return await fix()
            except HomeAssistantError as err:
                errors["base"] = err.translation_key or "unknown"
                placeholders = {**(err.translation_placeholders or {}), **placeholders}
        return self.async_show_form(
            step_id=step_id,
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def async_apply(
        self, remedy: Remedy, problems: frozenset[Problem], done: Step
    ) -> RepairsFlowResult:
        """Apply a remedy if the account is loaded and still has one of the problems.

        The flow then continues with `done`. Raises HomeAssistantError if the remedy
        fails.
        """
        async with self.entry.setup_lock:
            pass  # Wait for a reload in progress.
        is_needed = self.is_loaded and await async_has_problem(
            self.hass, self.entry, problems
        )
        if not self.is_loaded:
            return self.async_removed()
        if not is_needed:
            return self.async_stop("problem_ended")
        await remedy(self.hass, self.entry)
        return await done()

    async def async_rebooting(self) -> RepairsFlowResult:
        """Finish the flow after a reboot."""
        return self.async_stop("rebooting")

    async def async_cleared(self) -> RepairsFlowResult:
        """Finish the flow after the queue was cleared."""
        return self.async_stop("cleared")

    @property
    def is_loaded(self) -> bool:
        """Return whether the account is loaded."""
        return self.entry.state is ConfigEntryState.LOADED

    @callback
    def async_removed(self) -> RepairsFlowResult:
        """Abort the flow, because the account was removed."""
        return self.async_stop("removed")

    @callback
    def async_stop(self, reason: str) -> RepairsFlowResult:
        """Abort the flow for a reason, also if it has succeeded.

        A flow that creates an entry would only say that the issue is repaired, and
        would delete the issue. It is deleted when the record of the account no longer
        has that problem, and may have come back meanwhile.
        """
        return self.async_abort(
            reason=reason, description_placeholders=self.placeholders
        )


class LinkRepairFlow(LinkingFlow[Any], AccountRepairFlow):
    """Repair flow that links an account which is logged out."""

    @property
    @override
    def linked_entry(self) -> GreenApiConfigEntry:
        """Return the config entry of the account."""
        return self.entry

    @property
    @override
    def placeholders(self) -> dict[str, str]:
        """Return the placeholders that all texts can use."""
        return dict(self.linking.account.placeholders)

    # The flow starts with the step that matches the state of the account.
    async_step_init = LinkingFlow[Any].async_step_link

    async def async_step_linked(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Finish the flow, because the account is linked.

        If it is restricted, it keeps the problem that it was logged out until that
        restriction is certain. Its issue would be wrong.
        """
        if self.is_loaded and self.entry.runtime_data.coordinator.data.is_restricted:
            ir.async_delete_issue(self.hass, DOMAIN, self.issue_id)
        return self.async_stop(self.linking.account.reason_if_linked)

    @override
    def other_options(self, step_id: str) -> list[str]:
        """Return the option to reboot the instance, which the first menu has."""
        is_first = step_id == self.linking.account.linkable.menu
        return ["reboot"] if is_first else []

    async def async_step_reboot(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask for confirmation, then reboot the instance, and wait until it started."""
        fix = partial(
            self.async_apply, async_reboot, LOGGED_OUT, self.async_step_starting
        )
        return await self.async_ask("reboot", fix, user_input)


class ConfirmedRepairFlow(AccountRepairFlow):
    """Base class for the repair flows that only ask for confirmation."""

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Handle the first step of the repair flow."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Handle the confirm step of the repair flow."""
        return await self.async_ask("confirm", self.async_fix, user_input)

    @abstractmethod
    async def async_fix(self) -> RepairsFlowResult:
        """Fix the issue, and return the result of the flow."""


class RebootRepairFlow(ConfirmedRepairFlow):
    """Repair flow that reboots an instance which is stuck."""

    @override
    async def async_fix(self) -> RepairsFlowResult:
        """Reboot the instance."""
        return await self.async_apply(async_reboot, STUCK, self.async_rebooting)


class ClearQueueRepairFlow(ConfirmedRepairFlow):
    """Repair flow that clears a queue which a reboot has not helped."""

    @override
    async def async_fix(self) -> RepairsFlowResult:
        """Clear the queue."""
        return await self.async_apply(
            async_clear_queue, QUEUE_PROBLEMS, self.async_cleared
        )


class QueueRepairFlow(AccountRepairFlow):
    """Repair flow for an instance that does not send its messages."""

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Show a menu to reboot the instance or to clear the queue."""
        return self.async_show_menu(
            step_id="init",
            menu_options=["reboot", "clear_queue"],
            description_placeholders=self.placeholders,
        )

    async def async_step_reboot(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask for confirmation, then reboot the instance."""
        fix = partial(
            self.async_apply, async_reboot, QUEUE_PROBLEMS, self.async_rebooting
        )
        return await self.async_ask("reboot", fix, user_input)

    async def async_step_clear_queue(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask for confirmation, then drop all waiting messages."""
        fix = partial(
            self.async_apply, async_clear_queue, QUEUE_PROBLEMS, self.async_cleared
        )
        return await self.async_ask("clear_queue", fix, user_input)


class AddressRepairFlow(ConfirmedRepairFlow):
    """Repair flow for an API URL that does not serve the instance."""

    @override
    async def async_fix(self) -> RepairsFlowResult:
        """Continue with the reconfigure flow."""
        flow = await self.hass.config_entries.flow.async_init(
            DOMAIN,
            context={"source": SOURCE_RECONFIGURE, "entry_id": self.entry.entry_id},
        )
        return self.async_abort(
            reason="reconfigure",
            description_placeholders=self.placeholders,
            next_flow=(repairs.FlowType.CONFIG_FLOW, flow["flow_id"]),
        )


class UnconfirmedRepairFlow(repairs.ConfirmRepairFlow):
    """Repair flow that tells which message is not confirmed."""

    def __init__(
        self, entry: GreenApiConfigEntry, subentry_id: str, sent: datetime
    ) -> None:
        """Initialize with the recipient of the message, and when it was sent."""
        self._entry = entry
        self._subentry_id = subentry_id
        self._sent = sent

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Show the message until the user has read it."""
        if user_input is not None:
            return await super().async_step_confirm(user_input)
        hass, entry = self.hass, self._entry
        subentry = entry.subentries.get(self._subentry_id)
        name = recipient_name(hass, entry, subentry) if subentry else "?"
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            description_placeholders={
                "name": markdown_text(account_name(hass, entry)),
                "recipient": markdown_text(name),
                "sent": moment_text(hass, self._sent),
            },
        )


# The problems that can be fixed by a repair flow. In older versions of Home Assistant,
# a repair flow cannot continue with another flow.
FIX_FLOWS: Final[Mapping[Problem, type[AccountRepairFlow]]] = {
    Problem.LOGGED_OUT: LinkRepairFlow,
    Problem.NOT_SENDING: QueueRepairFlow,
    Problem.NOT_SENDING_AFTER_REBOOT: ClearQueueRepairFlow,
    Problem.STUCK_STARTING: RebootRepairFlow,
} | ({Problem.WRONG_ADDRESS: AddressRepairFlow} if hasattr(repairs, "FlowType") else {})


async def async_create_fix_flow(
    hass: HomeAssistant,
    issue_id: str,
    data: Mapping[str, str | int | float | None] | None,
) -> RepairsFlow:
    """Create the flow that fixes an issue."""
    about = {key: str(value) for key, value in (data or {}).items()}
    entry = hass.config_entries.async_get_known_entry(about["entry_id"])
    key = issue_id.removeprefix(f"{entry.entry_id}_")
    if key in set(Problem):
        return FIX_FLOWS[Problem(key)](entry)
    sent = datetime.fromisoformat(about["sent"])
    return UnconfirmedRepairFlow(entry, about["subentry_id"], sent)
