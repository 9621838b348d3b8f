"""Config flow steps that reauthenticate and reconfigure an account."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_API_TOKEN

from ..api import InstanceDeletedError, InstanceExpiredError
from ..const import CONF_API_URL
from ..data import async_record_response
from ..inputs.credentials import parse, typed
from .account import TOKEN_SELECTOR, URL_SELECTOR, AccountFlow

REAUTH_SCHEMA: Final = vol.Schema({vol.Required(CONF_API_TOKEN): TOKEN_SELECTOR})
RECONFIGURE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_API_URL): URL_SELECTOR,
        vol.Optional(CONF_API_TOKEN): TOKEN_SELECTOR,
    }
)


class ChangeFlow(AccountFlow):
    """Handle the steps that change an account."""

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Handle reauthentication after the token was rejected."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the new token."""
        stored = self.account_entry.data
        errors: dict[str, str] = {}
        if user_input is not None:
            data, errors = parse({**stored, **user_input}, {})
            if not (errors := errors or await self._async_check_change(data)):
                return await self._async_update(data)
            if self._is_removed:
                return self.async_abort(
                    reason="token_works_again",
                    description_placeholders={"name": self._name},
                )
        return self.async_show("reauth_confirm", REAUTH_SCHEMA, {}, errors)

    async def async_step_address(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the API URL, and for a token if the URL changes."""
        stored = dict(self.account_entry.data)
        data: dict[str, str] = {}
        errors: dict[str, str] = {}
        if user_input is not None:
            data, errors = parse(user_input, stored)
            if not (errors := errors or await self._async_check_change(data)):
                return await self._async_update(data)
        return self.async_show(
            "address", RECONFIGURE_SCHEMA, stored | typed(user_input), errors
        )

    async def _async_check_change(self, data: dict[str, str]) -> dict[str, str]:
        """Check that the server responds, and return the errors by field.

        That an instance has expired or was deleted is recorded, whatever the token.
        """
        errors = await self.async_check(data)
        entry = self.account_entry
        is_same = data[CONF_API_URL] == entry.data[CONF_API_URL]
        if is_same and isinstance(
            self._failure, (InstanceExpiredError, InstanceDeletedError)
        ):
            await async_record_response(self.hass, entry, self._failure)
        return errors

    async def _async_update(self, data: Mapping[str, Any]) -> ConfigFlowResult:
        """Update the config entry, record the response of the check, and reload.

        The update listener of the config entry is for its recipients, and does not
        reload it.
        """
        entry = self.account_entry
        await async_record_response(self.hass, entry, self._state)
        result = self.async_update_and_abort(entry, data=data)
        # The reload is scheduled last, because it may start at once.
        self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return result
