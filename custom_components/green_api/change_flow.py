"""Dialogs that reauthenticate an account and change its address."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_API_TOKEN
from homeassistant.core import callback

from .account_flow import TOKEN_SELECTOR, URL_SELECTOR, AccountFlow
from .const import CONF_API_URL
from .credentials import parse, typed

REAUTH_SCHEMA: Final = vol.Schema({vol.Required(CONF_API_TOKEN): TOKEN_SELECTOR})
RECONFIGURE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_API_URL): URL_SELECTOR,
        vol.Optional(CONF_API_TOKEN): TOKEN_SELECTOR,
    }
)


class ChangeFlow(AccountFlow):
    """The steps that change an account."""

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Handle a token that was rejected."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the new token."""
        stored = self.account_entry.data
        errors: dict[str, str] = {}
        if user_input is not None:
            data, errors = parse({**stored, **user_input}, {})
            if not (errors := errors or await self.async_check(data)):
                return self._async_update(data)
            if self._is_over:
                return self.async_abort(
                    reason="token_works_again",
                    description_placeholders={"name": self._name},
                )
        return self.async_show("reauth_confirm", REAUTH_SCHEMA, {}, errors)

    async def async_step_address(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the address, and for a token if it is another one."""
        stored = dict(self.account_entry.data)
        data: dict[str, str] = {}
        errors: dict[str, str] = {}
        if user_input is not None:
            data, errors = parse(user_input, stored)
            if not (errors := errors or await self.async_check(data)):
                return self._async_update(data)
        return self.async_show(
            "address", RECONFIGURE_SCHEMA, stored | typed(user_input), errors
        )

    @callback
    def _async_update(self, data: Mapping[str, Any]) -> ConfigFlowResult:
        """Set up the account with other data.

        The update listener of the account is for its recipients, and reloads nothing.
        """
        entry = self.account_entry
        result = self.async_update_and_abort(entry, data=data)
        # Not before: the reload may begin at once.
        self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return result
