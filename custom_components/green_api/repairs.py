"""Fix flows: link the account, reboot the instance, clear its queue, change the address."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, override

import voluptuous as vol

from homeassistant.components import repairs
from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from .const import CONSOLE_URL, DOMAIN
from .data import GreenApiConfigEntry, waiting_messages
from .linking import LinkingFlow, is_gone
from .problem import Problem
from .remedy import async_clear_queue, async_reboot
from .texts import waiting_text

if TYPE_CHECKING:
    from homeassistant.components.repairs import RepairsFlowResult

type Fix = Callable[[], Awaitable[RepairsFlowResult]]
type Remedy = Callable[[HomeAssistant, GreenApiConfigEntry], Awaitable[None]]


class AccountRepairFlow(RepairsFlow):
    """A fix flow for an account."""

    def __init__(self, entry: GreenApiConfigEntry) -> None:
        """Initialize the fix flow."""
        self.entry = entry

    @property
    def placeholders(self) -> dict[str, str]:
        """Return the placeholders that every text may use."""
        return {
            "name": self.entry.title,
            "console_url": CONSOLE_URL,
            "waiting": waiting_text(self.hass, waiting_messages(self.entry)),
        }

    async def async_ask(
        self, step_id: str, fix: Fix, user_input: dict[str, str] | None
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
                placeholders |= err.translation_placeholders or {}
        return self.async_show_form(
            step_id=step_id,
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def async_apply(self, remedy: Remedy) -> RepairsFlowResult:
        """Apply a remedy to an account that is loaded."""
        async with self.entry.setup_lock:
            pass  # It may be being reloaded.
        if self.entry.state is not ConfigEntryState.LOADED:
            return self.async_removed()
        await remedy(self.hass, self.entry)
        return self.async_create_entry(data={})

    @callback
    def async_removed(self) -> RepairsFlowResult:
        """Abort because the account was removed."""
        return self.async_abort(
            reason="removed", description_placeholders=self.placeholders
        )


class LinkRepairFlow(LinkingFlow[Any], AccountRepairFlow):
    """Link an account that is logged out."""

    @property
    @override
    def linked_entry(self) -> GreenApiConfigEntry:
        """Return the config entry of the account."""
        return self.entry

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Start with the step that the state of the account leads to."""
        result: RepairsFlowResult = await self.async_step_link()
        return result

    async def async_step_linked(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Finish because the account is linked."""
        return self.async_create_entry(data={})


class ConfirmedRepairFlow(AccountRepairFlow):
    """A fix flow that asks for confirmation."""

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Handle the first step."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Handle the confirm step."""
        return await self.async_ask("confirm", self.async_fix, user_input)

    @abstractmethod
    async def async_fix(self) -> RepairsFlowResult:
        """Fix the issue, and return the result of the flow."""


class RebootRepairFlow(ConfirmedRepairFlow):
    """Reboot an instance that is stuck."""

    @override
    async def async_fix(self) -> RepairsFlowResult:
        """Reboot the instance."""
        return await self.async_apply(async_reboot)


class ClearQueueRepairFlow(ConfirmedRepairFlow):
    """Clear the queue of an instance that does not send after a reboot."""

    @override
    async def async_fix(self) -> RepairsFlowResult:
        """Clear the queue."""
        return await self.async_apply(async_clear_queue)


class QueueRepairFlow(AccountRepairFlow):
    """Reboot an instance that does not send, or clear its queue."""

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Offer to reboot the instance or to clear the queue."""
        return self.async_show_menu(
            step_id="init",
            menu_options=["reboot", "clear_queue"],
            description_placeholders=self.placeholders,
        )

    async def async_step_reboot(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask, then reboot the instance."""
        fix = partial(self.async_apply, async_reboot)
        return await self.async_ask("reboot", fix, user_input)

    async def async_step_clear_queue(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask, then drop all messages that wait."""
        fix = partial(self.async_apply, async_clear_queue)
        return await self.async_ask("clear_queue", fix, user_input)


class AddressRepairFlow(ConfirmedRepairFlow):
    """Change an address that does not serve the instance."""

    @override
    async def async_fix(self) -> RepairsFlowResult:
        """Continue in the dialog that changes the address."""
        flow = await self.hass.config_entries.flow.async_init(
            DOMAIN,
            context={"source": SOURCE_RECONFIGURE, "entry_id": self.entry.entry_id},
        )
        return self.async_abort(
            reason="reconfigure",
            description_placeholders=self.placeholders,
            next_flow=(repairs.FlowType.CONFIG_FLOW, flow["flow_id"]),
        )


# The problems that can be fixed from here. On older versions of Home Assistant no fix
# flow can go on in another dialog.
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
    """Return the flow that fixes an issue."""
    entry_id = str((data or {})["entry_id"])
    problem = Problem(issue_id.removeprefix(f"{entry_id}_"))
    return FIX_FLOWS[problem](hass.config_entries.async_get_known_entry(entry_id))
