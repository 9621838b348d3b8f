"""The forms of a flow that links an account."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property, partial
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.core import callback
from homeassistant.data_entry_flow import FlowHandler, FlowResult
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from ...api import AuthorizationKind, GreenApiError
from ...data import GreenApiConfigEntry
from ...inputs.characters import plain_text
from ...inputs.phone_number import InvalidPhoneNumberError, parse_phone_number
from .account_to_link import NextStep
from .linking import Linking, Progress, RefusedError

CONF_CODE: Final = "code"
CONF_PASSWORD: Final = "password"  # noqa: S105
CONF_PHONE_NUMBER: Final = "phone_number"

_PHONE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_PHONE_NUMBER): TextSelector(
            TextSelectorConfig(type=TextSelectorType.TEL, autocomplete="tel")
        )
    }
)

# If the code is missing, the other ways are offered.
_CODE_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(CONF_CODE): TextSelector(
            TextSelectorConfig(autocomplete="one-time-code")
        )
    }
)
_PASSWORD_SELECTOR: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
)
_CODE_SCHEMAS: Final[Mapping[bool, vol.Schema]] = {
    False: _CODE_SCHEMA,
    True: _CODE_SCHEMA.extend({vol.Optional(CONF_PASSWORD): _PASSWORD_SELECTOR}),
}
_PASSWORD_SCHEMA: Final = vol.Schema({vol.Required(CONF_PASSWORD): _PASSWORD_SELECTOR})

# The field and the key of the error for each refusal.
_ERRORS: Final[Mapping[AuthorizationKind, tuple[str, str]]] = {
    AuthorizationKind.INVALID_CODE: (CONF_CODE, "invalid_code"),
    AuthorizationKind.INVALID_PASSWORD: (CONF_PASSWORD, "invalid_password"),
    AuthorizationKind.INVALID_PHONE_NUMBER: (CONF_PHONE_NUMBER, "no_messenger_account"),
    AuthorizationKind.RATE_LIMITED: ("base", "too_many_attempts"),
    AuthorizationKind.REFUSED: ("base", "refused"),
    AuthorizationKind.TIMEOUT: ("base", "messenger_timeout"),
}


class LinkingForms[ResultT: FlowResult[Any, Any]](FlowHandler[Any, ResultT, str]):
    """The forms of a flow that links an account."""

    _phone_number = ""

    @property
    @abstractmethod
    def linked_entry(self) -> GreenApiConfigEntry:
        """Return the config entry of the account."""

    @cached_property
    def linking(self) -> Linking:
        """Return the linking, which is created on first use."""
        return Linking(self.hass, self.linked_entry, self.async_notify_flow_changed)

    @callback
    @override
    def async_remove(self) -> None:
        """End all tasks; the flow manager ends only the one of the step it shows."""
        super().async_remove()
        # A flow that is removed before it links an account has nothing to end.
        if "linking" in vars(self):
            self.linking.async_close()

    async def async_go_to(self, step_id: str) -> ResultT:
        """Go to another step."""
        result: ResultT = await getattr(self, f"async_step_{step_id}")()
        return result

    async def async_step_phone_number(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Ask for the phone number, then for the code that belongs to it."""
        return await self._async_ask_number(
            "phone_number", user_input, self.linking.async_get_code
        )

    async def async_step_sent_code(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Ask for the phone number to which the messenger sends a code."""
        return await self._async_ask_number(
            "sent_code", user_input, self.linking.async_have_code_sent
        )

    async def _async_ask_number(
        self,
        step_id: str,
        user_input: dict[str, str] | None,
        send: Callable[[int], Awaitable[Progress | NextStep]],
    ) -> ResultT:
        """Ask for a phone number, and send it if it is valid."""
        show_form = partial(self._show_phone_number, step_id)
        if user_input is None:
            return show_form({})
        self._phone_number = user_input[CONF_PHONE_NUMBER]
        try:
            number = parse_phone_number(self._phone_number)
        except InvalidPhoneNumberError:
            return show_form({CONF_PHONE_NUMBER: "invalid_phone_number"})
        return await self._async_send(send(number), show_form)

    async def async_step_confirm_code(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Ask for the code that the messenger has sent."""
        linkable = self.linking.account.linkable
        schema = _CODE_SCHEMAS[linkable.takes_password_with_code]
        show_form = partial(self._show_form, "confirm_code", schema)
        if user_input is None:
            return show_form({})
        code = "".join(filter(str.isalnum, plain_text(user_input.get(CONF_CODE, ""))))
        if not code:
            return await self.async_go_to(linkable.menu)
        next_steps = {AuthorizationKind.ACCEPTED: "code_accepted"}
        if not (password := user_input.get(CONF_PASSWORD)):
            next_steps[AuthorizationKind.INVALID_PASSWORD] = "password"
        request = self.linking.async_authorize(
            lambda client: client.send_authorization_code(code, password or None),
            next_steps,
        )
        return await self._async_send(request, show_form)

    async def async_step_password(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Ask for the account's own password, which is only sent and never kept."""
        show_form = partial(self._show_form, "password", _PASSWORD_SCHEMA)
        if user_input is None:
            return show_form({})
        password = user_input[CONF_PASSWORD]
        request = self.linking.async_authorize(
            lambda client: client.send_authorization_password(password),
            {AuthorizationKind.ACCEPTED: "password_accepted"},
        )
        return await self._async_send(request, show_form)

    async def _async_send(
        self,
        request: Awaitable[Progress | NextStep],
        show_form: Callable[[dict[str, str]], ResultT],
    ) -> ResultT:
        """Send the input, and continue, or show the form again with the error."""
        try:
            coming = await request
        except RefusedError as err:
            return show_form(dict([_ERRORS[err.kind]]))
        except GreenApiError:
            return show_form({"base": self.linking.account.failure})
        if isinstance(coming, str):
            return await self.async_go_to(coming)
        return self.async_show_wait(coming)

    def _show_phone_number(self, step_id: str, errors: dict[str, str]) -> ResultT:
        """Show a form with the phone number that was entered last."""
        known = {CONF_PHONE_NUMBER: self._phone_number}
        schema = self.add_suggested_values_to_schema(_PHONE_SCHEMA, known)
        return self._show_form(step_id, schema, errors)

    def _show_form(
        self, step_id: str, schema: vol.Schema, errors: dict[str, str]
    ) -> ResultT:
        """Show a form with empty fields: a code or a password is not shown again.

        The error of a field that the form does not have is shown as that of the form.
        """
        self.linking.async_stop_following()
        return self.async_show_form(
            step_id=step_id,
            data_schema=schema,
            errors={
                field if field in schema.schema else "base": error
                for field, error in errors.items()
            },
            description_placeholders=self.linking.account.placeholders,
        )

    @callback
    def async_show_wait(self, coming: Progress | NextStep) -> ResultT:
        """Show progress, or continue with the next step."""
        if isinstance(coming, str):
            return self.async_show_progress_done(next_step_id=coming)
        if coming.in_menu:
            return self.async_show_progress_done(next_step_id=coming.action)
        return self.async_show_progress(
            step_id=coming.step_id,
            progress_action=coming.action,
            description_placeholders=coming.placeholders,
            progress_task=coming.task,
        )
