"""Base class of the config flows that check user input about an account."""

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

from ..api import (
    AccountState,
    ErrorKind,
    GreenApiError,
    InstanceState,
    Messenger,
    RateLimitedError,
)
from ..const import (
    CONF_API_URL,
    CONF_INSTANCE_ID,
    CONSOLE_URL,
    DEFAULT_API_URL,
    LIKELY_MESSENGER,
    LOGGER,
)
from ..data import GreenApiConfigEntry
from ..devices import account_name
from ..inputs.address import Address
from ..inputs.credentials import without_token
from ..session import async_create_client
from ..texts import RATE_LIMIT_MINUTES, markdown_text, minutes_to_wait

URL_SELECTOR: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.URL, autocomplete="off")
)
TOKEN_SELECTOR: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
)


# Errors that only the URL that serves an instance returns, and those of other URLs.
_SERVED: Final = frozenset(
    {ErrorKind.DELETED, ErrorKind.EXPIRED, ErrorKind.INVALID_AUTH}
)
_NOT_SERVED: Final = frozenset({ErrorKind.UNKNOWN_HOST, ErrorKind.WRONG_ADDRESS})


class AccountFlow(ConfigFlow):
    """Base class of the config flows that check user input about an account."""

    _is_removed = False
    _name = "GREEN-API"
    _minutes = RATE_LIMIT_MINUTES
    _state = AccountState(None)
    _failure: GreenApiError | None = None

    @callback
    @override
    def async_remove(self) -> None:
        """Note that the flow was removed, because one of its steps may still run."""
        super().async_remove()
        self._is_removed = True

    @property
    def is_authorized(self) -> bool:
        """Return whether the account is authorized, according to the last check."""
        return self._state.known is InstanceState.AUTHORIZED

    @property
    def account_entry(self) -> GreenApiConfigEntry:
        """Return the config entry of the account.

        Aborts the flow if the config entry was removed while the flow was open.
        """
        entry: GreenApiConfigEntry | None = self.hass.config_entries.async_get_entry(
            self.context.get("entry_id", "")
        )
        if entry is None:
            raise AbortFlow("removed", {"name": self._name})
        self._name = markdown_text(account_name(self.hass, entry))
        return entry

    async def async_check(self, data: dict[str, str]) -> dict[str, str]:
        """Check that the server responds, and return the errors by field.

        An API URL that does not serve the instance is corrected in `data` if possible.
        The state of the account does not matter.
        """
        error = await self._async_get_error(data)
        pool = Address.of_pool(data[CONF_API_URL], data[CONF_INSTANCE_ID])
        if pool and error in _NOT_SERVED:
            error_of_pool = await self._async_get_error({**data, CONF_API_URL: pool})
            if error_of_pool is None or error_of_pool in _SERVED:
                data[CONF_API_URL] = pool
                error = error_of_pool
        return {"base": error} if error else {}

    async def _async_get_error(self, data: Mapping[str, str]) -> str | None:
        """Fetch the state of the account, and return the error key if that fails."""
        self._failure = None
        try:
            self._state = await async_create_client(self.hass, data).get_state()
        except GreenApiError as err:
            self._failure = err.with_traceback(None)
            if isinstance(err, RateLimitedError):
                self._minutes = minutes_to_wait(err)
            return err.kind
        except Exception as err:  # noqa: BLE001
            # The text and the traceback may contain the URL, and thereby the token.
            LOGGER.error("Unexpected %s while checking an account", type(err).__name__)
            return "unknown"
        return None

    async def async_get_messenger(self, data: Mapping[str, str]) -> Messenger:
        """Return the messenger of an account.

        If it cannot be fetched, the most likely one is returned.
        """
        try:
            settings = await async_create_client(self.hass, data).get_settings()
        except GreenApiError:
            return LIKELY_MESSENGER
        return settings.messenger

    @callback
    def async_show(
        self,
        step_id: str,
        schema: vol.Schema,
        known: Mapping[str, str],
        errors: dict[str, str],
    ) -> ConfigFlowResult:
        """Show a form with the known values, except for the token."""
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
