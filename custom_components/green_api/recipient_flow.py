"""Dialogs that add and change a recipient of an account."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from .api import Chat, GreenApiClient, GreenApiError, Messenger
from .chat_id import InvalidChatIdError, known_chat_id, parse_chat_id
from .chat_list import by_label
from .const import CONF_CHAT_ID, MESSENGER_NAMES
from .data import GreenApiConfigEntry, GreenApiData

# How often the server is asked that does not have its list yet.
ATTEMPTS: Final = 3


class RecipientFlow(ConfigSubentryFlow):
    """Choose a chat from those of the account, or type one."""

    _chats: Mapping[str, Chat] | None = None
    _messenger = Messenger.WHATSAPP

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the chat of a new recipient."""
        return await self._async_ask("user", None, user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for another name or another chat."""
        return await self._async_ask(
            "reconfigure", self._get_reconfigure_subentry(), user_input
        )

    async def _async_ask(
        self,
        step_id: str,
        subentry: ConfigSubentry | None,
        user_input: dict[str, Any] | None,
    ) -> SubentryFlowResult:
        """Show the form until a valid chat is chosen, then finish."""
        entry: GreenApiConfigEntry | None
        entry = self.hass.config_entries.async_get_entry(self.handler[0])
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        await self._async_load(entry.runtime_data)
        if user_input is None:
            errors = {} if self._chats else {"base": "no_chats"}
            user_input = self._known(subentry)
        else:
            chat_id, error = self._chosen(user_input[CONF_CHAT_ID], subentry)
            if not error:
                name = user_input.get(CONF_NAME, "").strip()
                return self._finish(subentry, name or self._name(chat_id), chat_id)
            errors = {CONF_CHAT_ID: error}
        return self._show(step_id, user_input, errors, entry.title)

    async def _async_load(self, data: GreenApiData) -> None:
        """Ask once for the chats to choose from."""
        if self._chats is None:
            self._messenger = await data.settings.async_get_messenger()
            chats = await _async_get_chats(data.client, self._messenger)
            self._chats = by_label(chats, self._messenger)

    def _show(
        self, step_id: str, known: Mapping[str, str], errors: dict[str, str], name: str
    ) -> SubentryFlowResult:
        """Show the form with what is known already."""
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(self._schema(), known),
            errors=errors,
            description_placeholders={
                "account": name,
                "messenger": MESSENGER_NAMES[self._messenger],
            },
        )

    def _finish(
        self, subentry: ConfigSubentry | None, name: str, chat_id: str
    ) -> SubentryFlowResult:
        """Add the recipient, or change it."""
        data = {CONF_CHAT_ID: chat_id}
        if subentry is None:
            return self.async_create_entry(title=name, data=data, unique_id=chat_id)
        return self.async_update_and_abort(
            self._get_entry(), subentry, title=name, data=data, unique_id=chat_id
        )

    def _schema(self) -> vol.Schema:
        """Return the fields, with the chats that are known."""
        chats = SelectSelectorConfig(
            options=list(self._chats or ()),
            custom_value=True,
            mode=SelectSelectorMode.DROPDOWN,
        )
        return vol.Schema(
            {
                vol.Required(CONF_CHAT_ID): SelectSelector(chats),
                vol.Optional(CONF_NAME): TextSelector(),
            }
        )

    def _known(self, subentry: ConfigSubentry | None) -> dict[str, str]:
        """Return what is known of a recipient.

        The frontend would choose the first chat of the list for a new one.
        """
        if subentry is None:
            return {CONF_CHAT_ID: ""}
        chat_id = subentry.data[CONF_CHAT_ID]
        listed = (self._chats or {}).items()
        labels = (label for label, chat in listed if chat.chat_id == chat_id)
        return {CONF_CHAT_ID: next(labels, chat_id), CONF_NAME: subentry.title}

    def _chosen(self, text: str, subentry: ConfigSubentry | None) -> tuple[str, str]:
        """Return the chat that was chosen or typed, and what is wrong with it."""
        chats = self._chats or {}
        if chat := chats.get(text):
            chat_id = chat.chat_id
        else:
            try:
                chat_id = parse_chat_id(text, self._messenger)
            except InvalidChatIdError:
                return text, "invalid_chat_id"
            chat_id = known_chat_id(chat_id, chats.values())
        is_taken = any(
            other.unique_id == chat_id and other is not subentry
            for other in self._get_entry().subentries.values()
        )
        return chat_id, "already_configured" if is_taken else ""

    def _name(self, chat_id: str) -> str:
        """Return the name that the account knows a chat by, or else its number."""
        listed = (self._chats or {}).values()
        names = (chat.name for chat in listed if chat.chat_id == chat_id)
        number, _, server = chat_id.partition("@")
        return next(names, f"+{number}" if server == "c.us" else chat_id)


async def _async_get_chats(
    client: GreenApiClient, messenger: Messenger
) -> tuple[Chat, ...]:
    """Return the chats of an account, as far as the server lists them.

    Only WhatsApp has the groups among the contacts.
    """
    methods = [client.get_contacts]
    if messenger is not Messenger.WHATSAPP:
        methods.append(client.get_chats)
    chats: dict[str, Chat] = {}
    for method in methods:
        try:
            for _ in range(ATTEMPTS):
                if listed := await method():
                    # The contacts come first, and have the names.
                    chats = {chat.chat_id: chat for chat in listed} | chats
                    break
        except GreenApiError:
            continue
    return tuple(chats.values())
