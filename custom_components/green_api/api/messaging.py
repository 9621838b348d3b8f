"""Methods of GREEN-API for messages, and for the chats to send them to."""

from collections.abc import Mapping
import re
from typing import Final, override

import aiohttp

from .answers import unusable
from .chats import Chat, read_chats
from .form import Attachment
from .pacing import RequestPacer
from .transport import Transport

_MESSAGE_ID: Final = re.compile(r"[\w.-]{1,128}", re.ASCII)


class MessagingClient:
    """Client for the messages of one instance of GREEN-API."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        api_url: str,
        instance_id: str,
        api_token: str,
        *,
        pacer: RequestPacer,
    ) -> None:
        """Initialize the client."""
        self.instance_id = instance_id
        self._transport = Transport(session, api_url, instance_id, api_token, pacer)

    @override
    def __repr__(self) -> str:
        """Return the representation, without the token."""
        return f"<{type(self).__name__} {self.instance_id}>"

    async def send_message(
        self,
        chat_id: str,
        message: str,
        *,
        quoted_message_id: str | None = None,
        link_preview: bool | None = None,
    ) -> str:
        """Send a text, and return the id of the message (`sendMessage`).

        It is delivered as soon as the account can deliver, within 24 hours or never.

        https://green-api.com/en/docs/api/sending/SendMessage/
        """
        fields = {
            "chatId": chat_id,
            "message": message,
            "quotedMessageId": quoted_message_id,
            "linkPreview": link_preview,
        }
        answer = await self._transport.send("sendMessage", _given(fields))
        return self._message_id(answer)

    async def send_file(
        self,
        chat_id: str,
        attachment: Attachment,
        *,
        caption: str | None = None,
        quoted_message_id: str | None = None,
    ) -> str:
        """Send a file, and return the id of the message (`sendFileByUpload`).

        The vendor recommends another host, `mediaUrl`, which no method returns and its
        own clients do not use.

        https://green-api.com/en/docs/api/sending/SendFileByUpload/
        """
        fields = {
            "chatId": chat_id,
            "fileName": attachment.name,
            "caption": caption,
            "quotedMessageId": quoted_message_id,
        }
        answer = await self._transport.upload(
            "sendFileByUpload", _given(fields), attachment
        )
        return self._message_id(answer)

    async def get_contacts(self) -> tuple[Chat, ...] | None:
        """Return the contacts of the account, and on WhatsApp its groups.

        None means that GREEN-API does not have them yet: ask again (`getContacts`).

        https://green-api.com/en/docs/api/service/GetContacts/
        """
        return await self._transport.get_list("getContacts", self._chats)

    async def get_chats(self) -> tuple[Chat, ...] | None:
        """Return the chats of the account, groups among them (`getChats`).

        None means that GREEN-API does not have them yet: ask again.

        https://green-api.com/v3/docs/api/service/GetChats/
        """
        return await self._transport.get_list("getChats", self._chats)

    def _chats(self, answer: object) -> tuple[Chat, ...] | None:
        """Return the chats in an answer, None if it lists none at all."""
        if not isinstance(answer, list):
            raise unusable(answer)
        return read_chats(answer, self._transport.has_token) if answer else None

    def _message_id(self, answer: object) -> str:
        """Return the id of a message that was accepted."""
        match answer:
            case {"idMessage": str(message_id)} if _MESSAGE_ID.fullmatch(
                message_id
            ) and not self._transport.has_token(message_id):
                return message_id
        raise unusable(answer)


def _given[T](fields: Mapping[str, T | None]) -> dict[str, T]:
    """Return the fields that have a value."""
    return {key: value for key, value in fields.items() if value is not None}
