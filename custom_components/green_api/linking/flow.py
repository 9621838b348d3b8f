"""The steps of a flow that links an account."""

from typing import Any, Final, override

import voluptuous as vol

from homeassistant.core import callback
from homeassistant.data_entry_flow import FlowHandler
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from ..api import BadResponseError, GreenApiError
from ..data import GreenApiConfigEntry
from ..phone_number import InvalidPhoneNumberError, parse_phone_number
from .account import NextStep
from .process import Linking, Progress

CONF_PHONE_NUMBER: Final = "phone_number"

_PHONE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_PHONE_NUMBER): TextSelector(
            TextSelectorConfig(type=TextSelectorType.TEL, autocomplete="tel")
        )
    }
)


class LinkingFlow(FlowHandler[Any, Any, str]):
    """The steps of a flow that links an account.

    The flow says which account, begins with the step `link`, and has a step `linked`
    of its own.
    """

    _linking: Linking | None = None
    _phone_number = ""
    _ways: tuple[str, ...] = ("qr_code", "phone_number")

    @property
    def linked_entry(self) -> GreenApiConfigEntry:
        """Return the config entry of the account."""
        raise NotImplementedError

    @property
    def linking(self) -> Linking:
        """Return what runs behind the steps."""
        if self._linking is None:
            self._linking = Linking(
                self.hass, self.linked_entry, self.async_notify_flow_changed
            )
        return self._linking

    @callback
    @override
    def async_remove(self) -> None:
        """End everything: the flow manager ends but the task of a step it shows."""
        if self._linking:
            self._linking.async_close()

    async def async_step_link(self, user_input: dict[str, str] | None = None) -> Any:
        """Go on as the state of the account demands."""
        return await self.async_go_to(await self.linking.async_choose_step())

    async def async_go_to(self, step_id: str) -> Any:
        """Go to another step."""
        return await getattr(self, f"async_step_{step_id}")()

    async def async_step_ways(self, user_input: dict[str, str] | None = None) -> Any:
        """Offer the ways to link the account."""
        return self._show_ways("ways")

    async def async_step_qr_timeout(
        self, user_input: dict[str, str] | None = None
    ) -> Any:
        """Offer to go on when nobody has scanned the QR code."""
        return self._show_ways("qr_timeout")

    async def async_step_code_timeout(
        self, user_input: dict[str, str] | None = None
    ) -> Any:
        """Offer a new code when nobody has typed the last one."""
        return self._show_ways("code_timeout")

    async def async_step_phone_number(
        self, user_input: dict[str, str] | None = None
    ) -> Any:
        """Ask for the phone number, then for the code that belongs to it."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._phone_number = user_input[CONF_PHONE_NUMBER]
            try:
                return self._show(
                    await self.linking.async_get_code(
                        parse_phone_number(self._phone_number)
                    )
                )
            except InvalidPhoneNumberError:
                errors[CONF_PHONE_NUMBER] = "invalid_phone_number"
            except GreenApiError as err:
                errors["base"] = (
                    "no_code" if isinstance(err, BadResponseError) else err.kind
                )
        return self.async_show_form(
            step_id="phone_number",
            data_schema=self.add_suggested_values_to_schema(
                _PHONE_SCHEMA, {CONF_PHONE_NUMBER: self._phone_number}
            ),
            errors=errors,
            description_placeholders=self.linking.placeholders,
        )

    async def async_step_qr_code(self, user_input: dict[str, str] | None = None) -> Any:
        """Show the QR code, and the next one in its place."""
        return self._show(self.linking.async_follow("qr_code"))

    async def async_step_code(self, user_input: dict[str, str] | None = None) -> Any:
        """Show the code until the account is linked or the code is dead."""
        return self._show(self.linking.async_follow("code"))

    async def async_step_linking(self, user_input: dict[str, str] | None = None) -> Any:
        """Wait for an account that is linked to work."""
        return self._show(self.linking.async_follow("linking"))

    async def async_step_starting(
        self, user_input: dict[str, str] | None = None
    ) -> Any:
        """Wait for an instance that is starting."""
        return self._show(self.linking.async_follow("starting"))

    async def async_step_failed(self, user_input: dict[str, str] | None = None) -> Any:
        """Say why the account is not linked."""
        return self.async_abort(
            reason=self.linking.failure,
            description_placeholders=self.linking.placeholders,
        )

    def _show_ways(self, step_id: str) -> Any:
        """Show the ways to link an account."""
        return self.async_show_menu(
            step_id=step_id,
            menu_options=list(self._ways),
            description_placeholders=self.linking.placeholders,
        )

    def _show(self, coming: Progress | NextStep) -> Any:
        """Show progress, or go on to the step that comes next."""
        if isinstance(coming, str):
            return self.async_show_progress_done(next_step_id=coming)
        return self.async_show_progress(
            step_id=coming.step_id,
            progress_action=coming.action,
            description_placeholders=coming.placeholders,
            progress_task=coming.task,
        )
