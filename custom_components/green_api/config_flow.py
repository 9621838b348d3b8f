"""Dialogs that add, reconfigure, reauthenticate and link an account."""

from collections.abc import Mapping
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
)
from homeassistant.const import CONF_API_TOKEN
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .address import Address
from .api import (
    ErrorKind,
    GreenApiError,
    InstanceState,
    Messenger,
    RateLimitedError,
)
from .client import async_create_client
from .const import (
    CONF_API_URL,
    CONF_INSTANCE_ID,
    CONSOLE_URL,
    DEFAULT_API_URL,
    DOMAIN,
    LOGGER,
    MESSENGER_NAMES,
    SUBENTRY_TYPE_RECIPIENT,
)
from .credentials import parse, typed, without_token
from .data import GreenApiConfigEntry
from .exceptions import RATE_LIMIT_MINUTES, minutes_to_wait
from .linking import LinkingFlow, can_be_linked
from .recipient_flow import RecipientFlow

_URL_SELECTOR: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.URL, autocomplete="off")
)
_TOKEN_SELECTOR: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
)

# The values that are missing may be part of a URL that is pasted.
USER_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_API_URL, default=DEFAULT_API_URL): _URL_SELECTOR,
        vol.Optional(CONF_INSTANCE_ID): TextSelector(
            TextSelectorConfig(autocomplete="off")
        ),
        vol.Optional(CONF_API_TOKEN): _TOKEN_SELECTOR,
    }
)
REAUTH_SCHEMA: Final = vol.Schema({vol.Required(CONF_API_TOKEN): _TOKEN_SELECTOR})
RECONFIGURE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_API_URL): _URL_SELECTOR,
        vol.Optional(CONF_API_TOKEN): _TOKEN_SELECTOR,
    }
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
        """Ask for the state of the account, and mend an address that does not serve it.

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


class GreenApiConfigFlow(LinkingFlow[ConfigFlowResult], AccountFlow, domain=DOMAIN):
    """Add an account with the three values of GREEN-API's console.

    An account that has to be linked is added first. The flow that links it is a second
    one, which the first one starts with the instance ID.
    """

    _messenger = Messenger.WHATSAPP

    @property
    @override
    def linked_entry(self) -> GreenApiConfigEntry:
        """Return the config entry of the account that is linked."""
        if self.source == SOURCE_USER:
            entry = self.hass.config_entries.async_entry_for_domain_unique_id(
                DOMAIN, self.init_data[CONF_INSTANCE_ID]
            )
            self.context["entry_id"] = entry.entry_id if entry else ""
        return self.account_entry

    @property
    @override
    def ways(self) -> list[str]:
        """Return the ways to link the account; one that was just added can wait."""
        return [*super().ways, "later"] if self.source == SOURCE_USER else super().ways

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the three values."""
        if self.init_data is not None:
            # There is no config entry yet: the dialog comes when there is.
            return self.async_show_form(step_id="link")
        data: dict[str, str] = {}
        errors: dict[str, str] = {}
        if user_input is not None:
            data, errors = parse(user_input, {})
            if not (errors := errors or await self._async_check_new(data)):
                return await self._async_add(data)
        return self.async_show("user", USER_SCHEMA, data | typed(user_input), errors)

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Begin where the token was rejected."""
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

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what to change, if there is a choice."""
        entry = self.account_entry
        if not can_be_linked(entry):
            return await self.async_step_address()
        return self.async_show_menu(
            step_id="reconfigure",
            menu_options=["address", "link_again"],
            description_placeholders={"name": entry.title},
        )

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

    async def async_step_link_again(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Link the account again; one that is linked has to be logged out before."""
        step_id = await self.linking.async_choose_step()
        return await self.async_go_to("log_out" if step_id == "linked" else step_id)

    async def async_step_log_out(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Wait for the account to be logged out on its present phone."""
        return self.async_show_wait(self.linking.async_follow("log_out"))

    async def async_step_linked(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say that the account is linked."""
        return self.async_abort(
            reason="linked", description_placeholders=self.linking.placeholders
        )

    async def async_step_later(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say that the account can be linked later."""
        return self.async_abort(
            reason="later", description_placeholders=self.linking.placeholders
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

    async def _async_check_new(self, data: dict[str, str]) -> dict[str, str]:
        """Check an account that nobody else has added."""
        # A dialog that was never closed must not be in the way for ever.
        await self.async_set_unique_id(data[CONF_INSTANCE_ID], raise_on_progress=False)
        self._abort_if_unique_id_configured()
        errors = await self.async_check(data)
        if self._is_authorized:
            self._messenger = await self.async_get_messenger(data)
        # Another dialog may have added it meanwhile.
        self._abort_if_unique_id_configured()
        if errors:
            # Home Assistant ends what has the id of an account that is added.
            await self.async_set_unique_id()
        return errors

    async def _async_add(self, data: dict[str, str]) -> ConfigFlowResult:
        """Add an account, and go on with what it lacks."""
        title = f"GREEN-API {data[CONF_INSTANCE_ID]}"
        if self._is_authorized:
            return self.async_create_entry(
                title=title,
                data=data,
                description_placeholders={
                    "messenger": MESSENGER_NAMES[self._messenger]
                },
            )
        flow = await self.hass.config_entries.flow.async_init(
            DOMAIN,
            context={"source": SOURCE_USER},
            data={CONF_INSTANCE_ID: data[CONF_INSTANCE_ID]},
        )
        return self.async_create_entry(
            title=title, data=data, next_flow=(FlowType.CONFIG_FLOW, flow["flow_id"])
        )
