"""The form that asks how an account receives messages, and the options flow."""

from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigFlowResult,
    OptionsFlow,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..api import GreenApiError, Settings
from ..const import CONF_RECEIVE_MESSAGES
from ..data import GreenApiConfigEntry
from ..devices import account_name
from ..receiving.permissions import ReceiveMode, receive_mode

_SELECTOR: Final = SelectSelector(
    SelectSelectorConfig(
        mode=SelectSelectorMode.LIST,
        options=list(ReceiveMode),
        translation_key=CONF_RECEIVE_MESSAGES,
    )
)


class ReceiveForm:
    """The form that asks how an account receives messages.

    The settings are fetched each time it is shown or submitted, because the user may
    have changed them in the console meanwhile. It never changes them.
    """

    _settings: Settings | None = None
    _waiting: int | None = None

    def __init__(self, hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
        """Initialize the form of an account."""
        self._hass = hass
        self._entry = entry

    async def async_fetch(self) -> None:
        """Fetch the settings, and the number of notifications that wait."""
        data = self._entry.runtime_data
        is_known = await data.settings.async_refresh()
        self._settings = data.settings.known if is_known else None
        try:
            self._waiting = await data.client.count_notifications()
        except GreenApiError:
            self._waiting = None

    @property
    def schema(self) -> vol.Schema:
        """Return the schema with the suggested way."""
        mode = receive_mode(self._entry)
        if mode is ReceiveMode.OFF and self._settings and self._settings.has_webhook:
            mode = ReceiveMode.BESIDE_OTHERS
        return vol.Schema(
            {vol.Required(CONF_RECEIVE_MESSAGES, default=mode.value): _SELECTOR}
        )

    @property
    def placeholders(self) -> dict[str, str]:
        """Return the placeholders of the texts."""
        return {
            "account": account_name(self._hass, self._entry),
            "waiting": "?" if self._waiting is None else f"{self._waiting}",
        }

    async def async_check(self, user_input: dict[str, Any]) -> dict[str, str]:
        """Return the errors by field, empty if messages can be received that way."""
        mode = ReceiveMode(user_input[CONF_RECEIVE_MESSAGES])
        if mode is ReceiveMode.OFF:
            return {}
        await self.async_fetch()
        error = _error(mode, self._settings)
        return {CONF_RECEIVE_MESSAGES: error} if error else {}


def _error(mode: ReceiveMode, settings: Settings | None) -> str | None:
    """Return why messages can't be received in a way, None if they can."""
    if settings is None:
        return "not_looked"
    if not settings.receives_messages:
        return "incoming_off"
    if mode is ReceiveMode.ONLY_HOME_ASSISTANT and settings.has_webhook:
        return "webhook_set"
    return None


class ReceiveOptionsFlow(OptionsFlow):
    """Handle the options of an account."""

    @property
    def _account(self) -> GreenApiConfigEntry:
        """Return the config entry of the account.

        Aborts the flow if the config entry is not loaded.
        """
        entry = self.hass.config_entries.async_get_entry(self.handler)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            raise AbortFlow("entry_not_loaded")
        return entry

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how the account receives messages."""
        form = ReceiveForm(self.hass, self._account)
        errors: dict[str, str] = {}
        if user_input is None:
            await form.async_fetch()
        else:
            errors = await form.async_check(user_input)
        # It may have been removed meanwhile.
        options = self._account.options
        if user_input and not errors:
            return self.async_create_entry(data={**options, **user_input})
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(form.schema, user_input),
            errors=errors,
            description_placeholders=form.placeholders,
        )
