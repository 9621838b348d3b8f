"""Dialogs that add, reconfigure and reauthenticate an account."""

from collections.abc import Mapping
import re
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
)
from homeassistant.const import CONF_API_TOKEN
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .address import Address, InsecureAddressError, InvalidAddressError
from .api import GreenApiError, RateLimitedError
from .client import async_create_client
from .const import (
    CONF_API_URL,
    CONF_INSTANCE_ID,
    CONSOLE_URL,
    DEFAULT_API_URL,
    DOMAIN,
    LOGGER,
    SUBENTRY_TYPE_RECIPIENT,
)
from .data import GreenApiConfigEntry
from .exceptions import RATE_LIMIT_MINUTES, minutes_to_wait
from .recipient_flow import RecipientFlow

_URL_SELECTOR: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.URL, autocomplete="off")
)
_TOKEN_SELECTOR: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
)

USER_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_API_URL, default=DEFAULT_API_URL): _URL_SELECTOR,
        vol.Required(CONF_INSTANCE_ID): TextSelector(
            TextSelectorConfig(autocomplete="off")
        ),
        vol.Required(CONF_API_TOKEN): _TOKEN_SELECTOR,
    }
)
REAUTH_SCHEMA: Final = vol.Schema({vol.Required(CONF_API_TOKEN): _TOKEN_SELECTOR})
RECONFIGURE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_API_URL): _URL_SELECTOR,
        vol.Optional(CONF_API_TOKEN): _TOKEN_SELECTOR,
    }
)

_INSTANCE_ID: Final = re.compile(r"[0-9]{1,20}")
_TOKEN: Final = re.compile(r"[^/?#\s]+")

# What follows the address in the URL of a request that was pasted: the token, too.
_REQUEST: Final = re.compile(r"/waInstance.*", re.IGNORECASE | re.DOTALL)


class GreenApiConfigFlow(ConfigFlow, domain=DOMAIN):
    """Add an account with the three values of GREEN-API's console."""

    _is_over = False
    _name = "GREEN-API"
    _minutes = RATE_LIMIT_MINUTES

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the dialogs of what belongs to an account."""
        return {SUBENTRY_TYPE_RECIPIENT: RecipientFlow}

    @callback
    @override
    def async_remove(self) -> None:
        """Note that the dialog is over, even if a step of it is not."""
        self._is_over = True

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the three values."""
        errors: dict[str, str] = {}
        if user_input is not None:
            data, errors = _mended(user_input)
            if not errors:
                # A dialog that was never closed must not be in the way for ever.
                await self.async_set_unique_id(
                    data[CONF_INSTANCE_ID], raise_on_progress=False
                )
                self._abort_if_unique_id_configured()
                errors = await self._async_check(data)
                # Another dialog may have added it meanwhile.
                self._abort_if_unique_id_configured()
            if errors:
                # Home Assistant ends what has the id of an account that is added.
                await self.async_set_unique_id()
            else:
                return self.async_create_entry(
                    title=f"GREEN-API {data[CONF_INSTANCE_ID]}", data=data
                )
        return self._async_show("user", USER_SCHEMA, user_input or {}, errors)

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Begin where the token was rejected."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the new token."""
        entry = self._entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            data, errors = _mended({**entry.data, **user_input})
            if not (errors := errors or await self._async_check(data)):
                return self._async_update(data)
            if self._is_over:
                return self.async_abort(
                    reason="token_works_again",
                    description_placeholders={"name": entry.title},
                )
        return self._async_show(
            "reauth_confirm", REAUTH_SCHEMA, {}, errors, entry.title
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the address, and for a token if it is another one."""
        entry = self._entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            given = {key: value for key, value in user_input.items() if value.strip()}
            data, errors = _mended({**entry.data, CONF_API_URL: "", **given})
            if not (errors := errors or await self._async_check(data)):
                return self._async_update(data)
        return self._async_show(
            "reconfigure",
            RECONFIGURE_SCHEMA,
            user_input or entry.data,
            errors,
            entry.title,
        )

    def _entry(self) -> GreenApiConfigEntry:
        """Return the config entry; a dialog may be open for longer than there is one."""
        entry_id = self.context["entry_id"]
        entry: GreenApiConfigEntry | None = self.hass.config_entries.async_get_entry(
            entry_id
        )
        if entry is None:
            raise AbortFlow("removed", {"name": self._name})
        self._name = entry.title
        return entry

    @callback
    def _async_update(self, data: Mapping[str, Any]) -> ConfigFlowResult:
        """Set up the account with other data.

        The update listener of the account is for its recipients, and reloads nothing.
        """
        entry = self._entry()
        self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self.async_update_and_abort(entry, data=data)

    async def _async_check(self, data: Mapping[str, str]) -> dict[str, str]:
        """Ask for the state of the account; which one it is does not matter."""
        try:
            await async_create_client(self.hass, data).get_state()
        except GreenApiError as err:
            if isinstance(err, RateLimitedError):
                self._minutes = minutes_to_wait(err)
            return {"base": err.kind}
        except Exception as err:  # noqa: BLE001
            # Its text and its traceback may hold the URL, and with it the token.
            LOGGER.error("Unexpected %s while asking GREEN-API", type(err).__name__)
            return {"base": "unknown"}
        return {}

    def _async_show(
        self,
        step_id: str,
        schema: vol.Schema,
        known: Mapping[str, Any],
        errors: dict[str, str],
        name: str = "",
    ) -> ConfigFlowResult:
        """Show a form with what is known already, except for the token."""
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                schema,
                {
                    key: _REQUEST.sub("", value)
                    for key, value in known.items()
                    if key != CONF_API_TOKEN
                },
            ),
            errors=errors,
            description_placeholders={
                "console_url": CONSOLE_URL,
                "default_api_url": DEFAULT_API_URL,
                "minutes": str(self._minutes),
                "name": name,
            },
        )


def _mended(typed: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what was meant by what was typed, and what is wrong with which field."""
    instance_id = typed[CONF_INSTANCE_ID].strip()
    token = typed[CONF_API_TOKEN].strip()
    data = {CONF_INSTANCE_ID: instance_id, CONF_API_TOKEN: token}
    errors: dict[str, str] = {}
    try:
        address = Address.parse(typed[CONF_API_URL])
    except InsecureAddressError:
        errors[CONF_API_URL] = "insecure_url"
    except InvalidAddressError:
        errors[CONF_API_URL] = "invalid_url"
    else:
        data[CONF_API_URL] = address.url
        if address.instance_id not in (None, instance_id):
            errors[CONF_API_URL] = "other_instance"
    if not _INSTANCE_ID.fullmatch(instance_id):
        errors[CONF_INSTANCE_ID] = "invalid_instance_id"
    if not _TOKEN.fullmatch(token):
        errors[CONF_API_TOKEN] = "invalid_token"
    return data, errors
