"""Subentry flow to add and reconfigure a recipient."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntryState,
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import BooleanSelector, TextSelector

from ..api import Chat, ChatKind, GreenApiClient, GreenApiError, Messenger
from ..const import CONF_CHAT_ID, CONF_MAY_WRITE, MESSENGER_NAMES
from ..data import GreenApiConfigEntry
from ..devices import account_name
from ..inputs.chat_id import phone_number_of
from ..receiving.permissions import ReceiveMode, may_write, receive_mode
from ..texts import markdown_text, translated
from .chat_list import ChatList
from .chosen_chat import Check, ChosenChat, async_send_test
from .receive import ReceiveForm

CONF_TEST: Final = "test"

# Maximum number of requests to a server that does not have its list yet.
ATTEMPTS: Final = 3

_BOOLEAN: Final = BooleanSelector()

type _Method = Callable[[], Awaitable[tuple[Chat, ...] | None]]


class _RecipientFlowBase(ConfigSubentryFlow):
    """Base class of the recipient flow.

    The flow is aborted once the recipient or its account is removed.
    """

    _chats: ChatList
    _chat: ChosenChat
    _input: Mapping[str, Any] = MappingProxyType({})

    @property
    def _account(self) -> GreenApiConfigEntry:
        """Return the config entry of the account.

        Aborts the flow if the config entry is not loaded, or if the recipient was
        removed.
        """
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            raise AbortFlow("entry_not_loaded")
        if not self._is_new and self._reconfigure_subentry_id not in entry.subentries:
            raise AbortFlow("recipient_removed")
        return entry

    @property
    def _recipient(self) -> ConfigSubentry | None:
        """Return the recipient to reconfigure, None if it is a new one."""
        if self._is_new:
            return None
        return self._account.subentries[self._reconfigure_subentry_id]

    @property
    def _is_new(self) -> bool:
        """Return whether a recipient is being added."""
        return self.source == SOURCE_USER

    @property
    def _known_id(self) -> str | None:
        """Return the chat ID of the recipient to reconfigure, None for a new one."""
        recipient = self._recipient
        if recipient is None:
            return None
        return self._chats.canonical(recipient.data[CONF_CHAT_ID])

    @property
    def _name(self) -> str:
        """Return the name that was entered, or else that of the chat."""
        return self._input.get(CONF_NAME, "").strip() or self._chat.name

    @property
    def _is_taken(self) -> bool:
        """Return whether another recipient has the chat."""
        recipient = self._recipient
        return any(
            self._chats.canonical(other.data[CONF_CHAT_ID]) == self._chat.chat_id
            for other in self._account.subentries.values()
            if other is not recipient
        )


class _PermissionFlow(_RecipientFlowBase):
    """Handle the last steps: whether a person may write, and how that is received."""

    _is_checked = False
    _may_write = False
    _options: Mapping[str, str] = MappingProxyType({})

    async def _async_go_on(self) -> SubentryFlowResult:
        """Ask whether a person may write, or finish if the chat is not a person."""
        if self._is_checked and self._chats.is_person(self._chat.chat_id):
            return await self.async_step_may_write()
        return self._finish()

    async def async_step_may_write(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask whether the person may write to Home Assistant."""
        if user_input is not None:
            self._may_write = user_input[CONF_MAY_WRITE]
            if self._may_write and receive_mode(self._account) is ReceiveMode.OFF:
                return await self.async_step_receive()
            return self._finish()
        schema = vol.Schema(
            {vol.Required(CONF_MAY_WRITE, default=self._is_permitted): _BOOLEAN}
        )
        return self.async_show_form(
            step_id="may_write",
            data_schema=schema,
            description_placeholders=self._placeholders() | {"warning": self._warning},
        )

    async def async_step_receive(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask how the account receives messages, because it does not yet."""
        form = ReceiveForm(self.hass, self._account)
        errors: dict[str, str] = {}
        if user_input is None:
            await form.async_fetch()
        elif not (errors := await form.async_check(user_input)):
            self._options = user_input
            return self._finish()
        return self.async_show_form(
            step_id="receive",
            data_schema=self.add_suggested_values_to_schema(form.schema, user_input),
            errors=errors,
            description_placeholders=form.placeholders,
        )

    @property
    def _is_permitted(self) -> bool:
        """Return whether the recipient may write already, in the same chat."""
        recipient = self._recipient
        is_same = recipient and self._known_id == self._chat.chat_id
        return bool(recipient and is_same and may_write(recipient))

    @property
    def _warning(self) -> str:
        """Return why messages of the person can't be received, empty if they can.

        In the LID mode of WhatsApp, messages do not contain phone numbers.
        """
        settings = self._account.runtime_data.settings
        if self._is_own(settings.own_id):
            return translated(self.hass, "common", "own_number")
        is_hidden = settings.known is not None and settings.known.uses_lids
        if not is_hidden or self._chat.phone_number is None:
            return ""
        return translated(self.hass, "common", "cannot_be_heard")

    def _is_own(self, own_id: str) -> bool:
        """Return whether the chat is that of the account, whose settings name `own_id`.

        In Telegram and MAX, they name its phone number instead of its chat.
        """
        number = phone_number_of(own_id)
        is_own_number = number is not None and self._chat.phone_number == number
        return is_own_number or self._chat.chat_id == self._chats.canonical(own_id)

    @abstractmethod
    def _show_form(self, errors: dict[str, str]) -> SubentryFlowResult:
        """Show the form that asks for the chat."""

    def _placeholders(self) -> dict[str, str]:
        """Return the placeholders of the texts."""
        return {
            "account": markdown_text(account_name(self.hass, self._account)),
            "messenger": MESSENGER_NAMES[self._chats.messenger],
            "number": f"+{self._chat.phone_number}",
        }

    def _finish(self) -> SubentryFlowResult:
        """Add or update the recipient."""
        if self._is_taken:
            return self._show_form({CONF_CHAT_ID: "already_configured"})
        chat_id, name = self._chat.chat_id, self._name
        data: dict[str, Any] = {CONF_CHAT_ID: chat_id}
        if self._may_write:
            data[CONF_MAY_WRITE] = True
        account, recipient = self._account, self._recipient
        if self._options:
            self.hass.config_entries.async_update_entry(
                account, options={**account.options, **self._options}
            )
        if recipient is None:
            return self.async_create_entry(title=name, data=data, unique_id=chat_id)
        return self.async_update_and_abort(
            account, recipient, title=name, data=data, unique_id=chat_id
        )


class RecipientFlow(_PermissionFlow):
    """Handle a subentry flow to select a chat of the account, or to enter one."""

    _is_loaded = False
    _is_tested = False
    _reason = ""

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Add a new recipient."""
        return await self._async_ask(user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Reconfigure the name or the chat of a recipient."""
        return await self._async_ask(user_input)

    async def async_step_no_account(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show a menu to keep or correct a number that has no account."""
        return self.async_show_menu(
            step_id="no_account",
            menu_options=["correct", "keep"],
            description_placeholders=self._placeholders(),
        )

    async def async_step_tested(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show a menu to keep or change a chat that a test message was sent to."""
        return self.async_show_menu(
            step_id="tested",
            menu_options=["keep", "correct"],
            description_placeholders={"recipient": markdown_text(self._name)},
        )

    async def async_step_correct(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show the form again, with the previous input."""
        self._is_tested = False
        return self._show_form({})

    async def async_step_keep(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Keep the chat that was selected, or the number that was entered."""
        return await self._async_conclude()

    async def async_step_not_checked(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Inform that the number could not be checked, then keep it."""
        if user_input is not None:
            return await self._async_conclude()
        return self.async_show_form(
            step_id="not_checked", description_placeholders=self._placeholders()
        )

    async def _async_ask(self, user_input: dict[str, Any] | None) -> SubentryFlowResult:
        """Show the form until a valid chat is selected, then continue with it."""
        await self._async_load()
        self._may_write = False
        if user_input is None:
            return self._show_form({} if self._chats else {"base": "no_chats"})
        self._input = user_input
        if error := self._chat.read(user_input[CONF_CHAT_ID], self._known_id):
            return self._show_form({CONF_CHAT_ID: error})
        if self._is_taken:
            return self._finish()
        client = self._account.runtime_data.client
        check = await self._chat.async_check(client, self._known_id)
        self._is_checked = check is Check.DONE
        match check:
            case Check.NO_ACCOUNT:
                return await self.async_step_no_account()
            case Check.NO_RESPONSE:
                return await self.async_step_not_checked()
        return await self._async_conclude()

    async def _async_conclude(self) -> SubentryFlowResult:
        """Send a test message if requested, then continue with the last steps."""
        if self._is_tested or self._is_taken or not self._input.get(CONF_TEST):
            return await self._async_go_on()
        self._reason = await async_send_test(
            self.hass, self._account, self._name, self._chat.chat_id
        )
        if self._reason:
            return self._show_form({"base": "test_failed"})
        self._is_tested = True
        return await self.async_step_tested()

    async def _async_load(self) -> None:
        """Fetch the chats to select from, once."""
        if self._is_loaded:
            return
        messenger = await self._account.runtime_data.settings.async_get_messenger()
        # The config entry may have been unloaded or removed meanwhile, which aborts the
        # flow.
        data = self._account.runtime_data
        if messenger is None:
            raise AbortFlow("messenger_unknown")
        self._chats = await self.hass.async_add_executor_job(
            ChatList,
            await _async_get_chats(data.client, messenger),
            messenger,
            {kind: translated(self.hass, "common", kind) for kind in ChatKind},
        )
        self._chat = ChosenChat(self._chats)
        self._is_loaded = True

    @override
    def _show_form(self, errors: dict[str, str]) -> SubentryFlowResult:
        """Show the form with the previous input, or with the known values."""
        schema = vol.Schema(
            {
                vol.Required(CONF_CHAT_ID): self._chats.selector,
                vol.Optional(CONF_NAME): TextSelector(),
                vol.Optional(CONF_TEST): _BOOLEAN,
            }
        )
        return self.async_show_form(
            step_id=self.source,
            data_schema=self.add_suggested_values_to_schema(
                schema, self._input or self._known()
            ),
            errors=errors,
            description_placeholders=self._placeholders() | {"reason": self._reason},
        )

    def _known(self) -> dict[str, str]:
        """Return the known values of the recipient.

        For a new one, the empty chat prevents the frontend from selecting the first
        one of the list.
        """
        recipient = self._recipient
        if recipient is None:
            return {CONF_CHAT_ID: ""}
        chat = self._chats.text_of(self._known_id or "")
        return {CONF_CHAT_ID: chat, CONF_NAME: recipient.title}


async def _async_get_chats(
    client: GreenApiClient, messenger: Messenger
) -> tuple[Chat, ...]:
    """Return the chats of an account, as far as the server lists them.

    The contacts should include the groups of WhatsApp, but do not for all accounts. The
    contacts come first, because they have the names.
    """
    contacts = await _async_get_list(client.get_contacts)
    if messenger is Messenger.WHATSAPP and any(
        chat.kind is ChatKind.GROUP for chat in contacts
    ):
        return contacts
    return contacts + await _async_get_list(client.get_chats)


async def _async_get_list(method: _Method) -> tuple[Chat, ...]:
    """Return a list of chats, empty if the server does not have it yet or fails."""
    try:
        for _ in range(ATTEMPTS):
            if listed := await method():
                return listed
    except GreenApiError:
        pass
    return ()
