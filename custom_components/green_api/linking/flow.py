"""The steps of a flow that links an account."""

from abc import abstractmethod
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.core import callback
from homeassistant.data_entry_flow import FlowHandler, FlowResult
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from ..api import GreenApiError
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


class LinkingFlow[ResultT: FlowResult[Any, Any]](FlowHandler[Any, ResultT, str]):
    """The steps of a flow that links an account.

    The flow says which account, begins with the step `link`, and has a step `linked`
    of its own.
    """

    _linking: Linking | None = None
    _phone_number = ""

    @property
    @abstractmethod
    def linked_entry(self) -> GreenApiConfigEntry:
        """Return the config entry of the account."""

    @property
    def ways(self) -> list[str]:
        """Return the ways to link the account."""
        return ["qr_code", "phone_number"]

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
        """End all tasks; the flow manager ends only the one of the step it shows."""
        super().async_remove()
        if self._linking:
            self._linking.async_close()

    async def async_step_link(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Continue with the step that the state of the account leads to."""
        return await self.async_go_to(await self.linking.async_choose_step())

    async def async_go_to(self, step_id: str) -> ResultT:
        """Go to another step."""
        result: ResultT = await getattr(self, f"async_step_{step_id}")()
        return result

    async def async_step_ways(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Offer the ways to link the account."""
        return self._show_ways("ways")

    async def async_step_qr_timeout(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Offer to go on when nobody has scanned the QR code."""
        return self._show_ways("qr_timeout")

    async def async_step_code_timeout(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Offer a new code when nobody has typed the last one."""
        return self._show_ways("code_timeout")

    async def async_step_phone_number(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Ask for the phone number, then for the code that belongs to it."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._phone_number = user_input[CONF_PHONE_NUMBER]
            try:
                return self.async_show_wait(
                    await self.linking.async_get_code(
                        parse_phone_number(self._phone_number)
                    )
                )
            except InvalidPhoneNumberError:
                errors[CONF_PHONE_NUMBER] = "invalid_phone_number"
            except GreenApiError:
                errors["base"] = self.linking.failure
        return self.async_show_form(
            step_id="phone_number",
            data_schema=self.add_suggested_values_to_schema(
                _PHONE_SCHEMA, {CONF_PHONE_NUMBER: self._phone_number}
            ),
            errors=errors,
            description_placeholders=self.linking.placeholders,
        )

    async def async_step_qr_code(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Show the QR code, and the next one in its place."""
        return self.async_show_wait(self.linking.async_follow("qr_code"))

    async def async_step_code(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Show the code until the account is linked or the code is dead."""
        return self.async_show_wait(self.linking.async_follow("code"))

    async def async_step_linking(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Wait for an account that is linked to work."""
        return self.async_show_wait(self.linking.async_follow("linking"))

    async def async_step_starting(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Wait for an instance that is starting."""
        return self.async_show_wait(self.linking.async_follow("starting"))

    async def async_step_failed(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Say why the account is not linked."""
        return self.async_abort(
            reason=self.linking.failure,
            description_placeholders=self.linking.placeholders,
        )

    def _show_ways(self, step_id: str) -> ResultT:
        """Show the ways to link an account."""
        return self.async_show_menu(
            step_id=step_id,
            menu_options=self.ways,
            description_placeholders=self.linking.placeholders,
        )

    @callback
    def async_show_wait(self, coming: Progress | NextStep) -> ResultT:
        """Show progress, or go on to the step that comes next."""
        if isinstance(coming, str):
            return self.async_show_progress_done(next_step_id=coming)
        return self.async_show_progress(
            step_id=coming.step_id,
            progress_action=coming.action,
            description_placeholders=coming.placeholders,
            progress_task=coming.task,
        )
