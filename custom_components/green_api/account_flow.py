"""Base of the dialogs that check what is typed about an account."""

from collections.abc import Mapping
from typing import Final, override

import voluptuous as vol

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .address import Address
from .api import ErrorKind, GreenApiError, InstanceState, Messenger, RateLimitedError
from .client import async_create_client
from .const import CONF_API_URL, CONF_INSTANCE_ID, CONSOLE_URL, DEFAULT_API_URL, LOGGER
from .credentials import without_token
from .data import GreenApiConfigEntry
from .exceptions import RATE_LIMIT_MINUTES, minutes_to_wait

URL_SELECTOR: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.URL, autocomplete="off")
)
TOKEN_SELECTOR: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
)


# What is said of an instance by the address that serves it alone, and by others.
_SERVED: Final = frozenset(
    {ErrorKind.DELETED, ErrorKind.EXPIRED, ErrorKind.INVALID_AUTH}
)
_NOT_SERVED: Final = frozenset({ErrorKind.UNKNOWN_HOST, ErrorKind.WRONG_ADDRESS})


class AccountFlow(ConfigFlow):
    """A flow that checks what is typed about an account."""

    _is_over = False
    _name = "GREEN-API"
    _minutes = RATE_LIMIT_MINUTES
    _is_authorized = False

    @callback
    @override
    def async_remove(self) -> None:
        """Note that the dialog was removed, even if a step of it still runs."""
        super().async_remove()
        self._is_over = True

    @property
    def account_entry(self) -> GreenApiConfigEntry:
        """Return the config entry; a dialog may be open for longer than there is one."""
        entry: GreenApiConfigEntry | None = self.hass.config_entries.async_get_entry(
            self.context.get("entry_id", "")
        )
        if entry is None:
            raise AbortFlow("removed", {"name": self._name})
        self._name = entry.title
        return entry

    async def async_check(self, data: dict[str, str]) -> dict[str, str]:
        """Ask for the state of the account, and correct an address that does not serve it.

        Which state it is does not matter.
        """
        error = await self._async_ask(data)
        pool = Address.of_pool(data[CONF_API_URL], data[CONF_INSTANCE_ID])
        if pool and error in _NOT_SERVED:
            error_of_pool = await self._async_ask({**data, CONF_API_URL: pool})
            if error_of_pool is None or error_of_pool in _SERVED:
                data[CONF_API_URL] = pool
                error = error_of_pool
        return {"base": error} if error else {}

    async def _async_ask(self, data: Mapping[str, str]) -> str | None:
        """Ask for the state of the account, and return why there is no answer."""
        try:
            state = await async_create_client(self.hass, data).get_state()
        except GreenApiError as err:
            if isinstance(err, RateLimitedError):
                self._minutes = minutes_to_wait(err)
            return err.kind
        except Exception as err:  # noqa: BLE001
            # Its text and its traceback may hold the URL, and with it the token.
            LOGGER.error("Unexpected %s while asking GREEN-API", type(err).__name__)
            return "unknown"
        self._is_authorized = state.known is InstanceState.AUTHORIZED
        return None

    async def async_get_messenger(self, data: Mapping[str, str]) -> Messenger:
        """Return the messenger; if the server does not say, the most likely one."""
        try:
            settings = await async_create_client(self.hass, data).get_settings()
        except GreenApiError:
            return Messenger.WHATSAPP
        return settings.messenger

    @callback
    def async_show(
        self,
        step_id: str,
        schema: vol.Schema,
        known: Mapping[str, str],
        errors: dict[str, str],
    ) -> ConfigFlowResult:
        """Show a form with what is known already, except for the token."""
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                schema, without_token(known)
            ),
            errors=errors,
            description_placeholders={
                "console_url": CONSOLE_URL,
                "default_api_url": DEFAULT_API_URL,
                "minutes": str(self._minutes),
                "name": self._name,
            },
        )
