"""Fix flows: link the account again, reboot the instance."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import voluptuous as vol

from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .const import CONSOLE_URL
from .data import GreenApiConfigEntry
from .linking import LinkingFlow
from .problem import Problem
from .reboot import async_reboot

if TYPE_CHECKING:
    from homeassistant.components.repairs import RepairsFlowResult


class AccountRepairFlow(RepairsFlow):
    """A fix flow for an account."""

    def __init__(self, entry: GreenApiConfigEntry) -> None:
        """Initialize the fix flow."""
        self.entry = entry


class LinkRepairFlow(LinkingFlow, AccountRepairFlow):
    """Link an account that is logged out."""

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Begin with the ways to link the account."""
        result: RepairsFlowResult = await self.async_begin_linking(self.entry)
        return result

    async def async_step_linked(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Say that the account is linked."""
        return self.async_create_entry(data={})


class RebootRepairFlow(AccountRepairFlow):
    """Reboot an instance that is stuck."""

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Begin with the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask, then reboot."""
        errors: dict[str, str] = {}
        if user_input is not None:
            if self.entry.state is not ConfigEntryState.LOADED:
                return self.async_abort(reason="not_loaded")
            try:
                await async_reboot(self.hass, self.entry)
            except HomeAssistantError as err:
                errors["base"] = err.translation_key or "unknown"
            else:
                return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders={
                "name": self.entry.title,
                "console_url": CONSOLE_URL,
            },
        )


FIX_FLOWS: Final[Mapping[Problem, type[AccountRepairFlow]]] = {
    Problem.LOGGED_OUT: LinkRepairFlow,
    Problem.STUCK_STARTING: RebootRepairFlow,
}


async def async_create_fix_flow(
    hass: HomeAssistant,
    issue_id: str,
    data: Mapping[str, str | int | float | None] | None,
) -> RepairsFlow:
    """Return the flow that fixes an issue."""
    entry_id = str((data or {})["entry_id"])
    problem = Problem(issue_id.removeprefix(f"{entry_id}_"))
    return FIX_FLOWS[problem](hass.config_entries.async_get_known_entry(entry_id))
