"""Config flow for the GREEN-API integration."""

from typing import Any, Final, override

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
    OptionsFlow,
)
from homeassistant.const import CONF_API_TOKEN
from homeassistant.core import callback
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig

from .const import (
    CONF_API_URL,
    CONF_INSTANCE_ID,
    DEFAULT_API_URL,
    DOMAIN,
    LIKELY_MESSENGER,
    MESSENGER_NAMES,
    SUBENTRY_TYPE_RECIPIENT,
)
from .data import GreenApiConfigEntry
from .dialogs.account import TOKEN_SELECTOR, URL_SELECTOR
from .dialogs.change import ChangeFlow
from .dialogs.linking import LinkingFlow, can_be_linked
from .dialogs.receive import ReceiveOptionsFlow
from .dialogs.recipient import RecipientFlow
from .inputs.credentials import parse, typed

# The optional values may be part of a URL that is pasted.
USER_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_API_URL, default=DEFAULT_API_URL): URL_SELECTOR,
        vol.Optional(CONF_INSTANCE_ID): TextSelector(
            TextSelectorConfig(autocomplete="off")
        ),
        vol.Optional(CONF_API_TOKEN): TOKEN_SELECTOR,
    }
)


class GreenApiConfigFlow(LinkingFlow[ConfigFlowResult], ChangeFlow, domain=DOMAIN):
    """Handle a config flow for an account.

    An account is added with three values of GREEN-API's console. If it is not linked
    yet, it is added first. A second flow then links it, which the first one starts with
    the instance ID.
    """

    _messenger = LIKELY_MESSENGER

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the subentries supported by this integration."""
        return {SUBENTRY_TYPE_RECIPIENT: RecipientFlow}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the flow for the options of an account."""
        return ReceiveOptionsFlow()

    @property
    @override
    def linked_entry(self) -> GreenApiConfigEntry:
        """Return the config entry of the account to link."""
        if self.source == SOURCE_USER:
            entry = self.hass.config_entries.async_entry_for_domain_unique_id(
                DOMAIN, self.init_data[CONF_INSTANCE_ID]
            )
            self.context["entry_id"] = entry.entry_id if entry else ""
        return self.account_entry

    @override
    def other_options(self, step_id: str) -> list[str]:
        """Return the option to link an account later that was just added."""
        return ["later"] if self.source == SOURCE_USER else []

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Handle a flow initiated by the user."""
        if self.init_data is not None:
            # There is no config entry yet. The menu is shown once there is one.
            return self.async_show_form(step_id="link")
        data: dict[str, str] = {}
        errors: dict[str, str] = {}
        if user_input is not None:
            data, errors = parse(user_input, {})
            if not (errors := errors or await self._async_check_new(data)):
                return await self._async_add(data)
        return self.async_show("user", USER_SCHEMA, data | typed(user_input), errors)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the menu of what can be changed, if there is more than one option."""
        if not can_be_linked(self.account_entry):
            return await self.async_step_address()
        return self.async_show_menu(
            step_id="reconfigure",
            menu_options=["address", "link_again"],
            description_placeholders={"name": self._name},
        )

    async def async_step_link_again(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Link the account again. If it is linked, it has to be logged out first."""
        step_id = await self.linking.async_choose_step()
        return await self.async_go_to("log_out" if step_id == "linked" else step_id)

    async def async_step_log_out(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Wait until the user has logged out the account on the current phone."""
        return self.async_show_wait(self.linking.async_follow("log_out"))

    async def async_step_linked(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Finish the flow, because the account is linked."""
        account = self.linking.account
        return self.async_abort(
            reason=account.reason_if_linked,
            description_placeholders=account.placeholders,
        )

    async def async_step_later(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Finish the flow. The account can be linked later."""
        return self.async_abort(
            reason="later", description_placeholders=self.linking.account.placeholders
        )

    async def _async_check_new(self, data: dict[str, str]) -> dict[str, str]:
        """Check an account that is to be added, and return the errors by field.

        Aborts the flow if the account is already configured.
        """
        # A flow that was never closed must not block the account forever.
        await self.async_set_unique_id(data[CONF_INSTANCE_ID], raise_on_progress=False)
        self._abort_if_unique_id_configured()
        errors = await self.async_check(data)
        if self.is_authorized:
            self._messenger = await self.async_get_messenger(data)
        # Another flow may have added it meanwhile.
        self._abort_if_unique_id_configured()
        if errors:
            # Home Assistant aborts the flows with the unique ID of an entry that is
            # added.
            await self.async_set_unique_id()
        return errors

    async def _async_add(self, data: dict[str, str]) -> ConfigFlowResult:
        """Add an account, and start the flow that links it if necessary."""
        title = f"GREEN-API {data[CONF_INSTANCE_ID]}"
        if self.is_authorized:
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
