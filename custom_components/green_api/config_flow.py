"""Dialogs that add, reconfigure, reauthenticate and link an account."""

from typing import Any, Final, override

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
)
from homeassistant.const import CONF_API_TOKEN
from homeassistant.core import callback
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig

from .account_flow import TOKEN_SELECTOR, URL_SELECTOR
from .api import Messenger
from .change_flow import ChangeFlow
from .const import (
    CONF_API_URL,
    CONF_INSTANCE_ID,
    DEFAULT_API_URL,
    DOMAIN,
    MESSENGER_NAMES,
    SUBENTRY_TYPE_RECIPIENT,
)
from .credentials import parse, typed
from .data import GreenApiConfigEntry
from .linking import LinkingFlow, can_be_linked
from .recipient_flow import RecipientFlow

# The values that are missing may be part of a URL that is pasted.
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
    """Add an account with the three values of GREEN-API's console.

    An account that has to be linked is added first. The flow that links it is a second
    one, which the first one starts with the instance ID.
    """

    _messenger = Messenger.WHATSAPP

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the dialogs of what belongs to an account."""
        return {SUBENTRY_TYPE_RECIPIENT: RecipientFlow}

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
