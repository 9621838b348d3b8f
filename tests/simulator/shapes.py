"""The contents of received messages, in the forms of notifications and the journal.

https://green-api.com/en/docs/api/receiving/notifications-format/
"""

from typing import TYPE_CHECKING

from .messengers import Messenger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .queue import Message
    from .wire import Json

type Content = dict[str, Json]

DOWNLOADS = "https://sw-media.storage.yandexcloud.net/1101000001/0d9ae0d2"
THUMBNAIL = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAUDBAQEAwUE"
FORWARDING: Content = {"isForwarded": False, "forwardingScore": 0}

# The type, the name and the content type of a file, by the kind of the message.
FILES = {
    "audio": ("audioMessage", "voice.oga", "audio/ogg; codecs=opus"),
    "document": ("documentMessage", "meter.pdf", "application/pdf"),
    "image": ("imageMessage", "photo.jpg", "image/jpeg"),
    "sticker": ("stickerMessage", "sticker.webp", "image/webp"),
    "video": ("videoMessage", "clip.mp4", "video/mp4"),
}

# Messages whose contents are always the same.
OTHERS: Mapping[str, tuple[str, Content]] = {
    "buttons": (
        "templateButtonsReplyMessage",
        {
            "templateButtonReplyMessage": {
                "stanzaId": "3EB0A9253FA64269E11C",
                "selectedIndex": 0,
                "selectedId": "1",
                "selectedDisplayText": "Open the gate",
            }
        },
    ),
    "contact": (
        "contactMessage",
        {
            "contactMessageData": {
                "displayName": "Caretaker",
                "vcard": "BEGIN:VCARD\nVERSION:3.0\nFN:Caretaker\nEND:VCARD",
            }
        },
    ),
    "contacts": (
        "contactsArrayMessage",
        {
            "messageData": {
                "contacts": [{"displayName": "Caretaker", "vcard": "BEGIN:VCARD"}]
            }
        },
    ),
    "group_invite": (
        "groupInviteMessage",
        {
            "groupInviteMessageData": {
                "groupJid": "120363043968066561@g.us",
                "inviteCode": "9cQXUWl9VDA0",
                "groupName": "Family",
                "caption": "Come in",
            }
        },
    ),
    "interactive": (
        "interactiveButtonsResponse",
        {
            "interactiveButtonsResponse": {
                "stanzaId": "3EB0A9253FA64269E11C",
                "selectedId": "1",
                "selectedDisplayText": "Open the gate",
            }
        },
    ),
    "list": (
        "listResponseMessage",
        {
            "listResponseMessage": {
                "title": "Open the gate",
                "singleSelectReply": {"selectedRowId": "1"},
            }
        },
    ),
    "location": (
        "locationMessage",
        {
            "locationMessageData": {
                "nameLocation": "Open the gate",
                "address": "Perm, Petropavlovskaya 28",
                "latitude": 58.0157,
                "longitude": 56.2509,
                "jpegThumbnail": THUMBNAIL,
            }
        },
    ),
    "order": ("orderMessage", {"orderMessageData": {"orderTitle": "Pizza"}}),
    "product": ("productMessage", {"productMessage": {"title": "Pizza"}}),
    "unknown": ("protocolMessage", {"protocolMessageData": {"text": "Open the gate"}}),
}

# Names of the parts of a notification in the journal.
JOURNAL_NAMES = {
    "contactMessageData": "contact",
    "locationMessageData": "location",
}


def message_data(
    messenger: Messenger, kind: str, text: str, quoted: Content | None
) -> Content:
    """Return `messageData` of a notification about a message."""
    if kind in FILES:
        content = _file(kind, text)
    elif kind in OTHERS:
        type_, fields = OTHERS[kind]
        content = {"typeMessage": type_, **fields}
    else:
        is_quote = quoted is not None and messenger is Messenger.WHATSAPP
        content = _TEXTS["quote" if is_quote and kind == "text" else kind](text)
    if kind in {"edited", "deleted"}:
        name = f"{kind}MessageData"
        return content | {name: _changed(content[name], quoted)}
    return content | ({"quotedMessage": quoted} if quoted else {})


def journal_fields(data: Content) -> Content:
    """Return the flat fields of the journal for `messageData` of a notification."""
    fields: Content = {"typeMessage": data["typeMessage"]}
    for name, part in data.items():
        match name, part:
            case "textMessageData" | "fileMessageData", dict():
                fields |= part
            case "extendedTextMessageData", dict():
                fields |= {"textMessage": part["text"], "extendedTextMessage": part}
            case "editedMessageData" | "deletedMessageData", dict():
                id_name = f"{name.removesuffix('MessageData')}MessageId"
                fields |= {id_name: part["stanzaId"]}
                fields |= {"textMessage": part.get("textMessage", "")}
            case _:
                fields[JOURNAL_NAMES.get(name, name)] = part
    return fields


def quoted_message(message_id: str, participant: str, text: str) -> Content:
    """Return the part of a message that quotes another one."""
    return {
        "stanzaId": message_id,
        "participant": participant,
        "typeMessage": "textMessage",
        "textMessage": text,
    }


def poll_votes(
    poll: Message, votes: Mapping[str, Sequence[str]], *, as_objects: bool
) -> Content:
    """Return `messageData` of a notification about the votes in a poll, all of them."""
    tally: list[Json] = [
        {
            "optionName": option,
            "optionVoters": [
                {"voterWid": voter} if as_objects else voter for voter in voters
            ],
        }
        for option, voters in votes.items()
    ]
    return {
        "typeMessage": "pollUpdateMessage",
        "pollMessageData": {
            "stanzaId": poll.id,
            "name": poll.body["message"],
            "votes": tally,
            "multipleAnswers": bool(poll.body.get("multipleAnswers")),
        },
    }


def _file(kind: str, caption: str) -> Content:
    """Return the content of a file."""
    type_, name, content_type = FILES[kind]
    return {
        "typeMessage": type_,
        "fileMessageData": {
            "downloadUrl": f"{DOWNLOADS}/{name}",
            "caption": caption,
            "fileName": name,
            "jpegThumbnail": THUMBNAIL,
            "mimeType": content_type,
            "isAnimated": False,
            **FORWARDING,
        },
    }


def _text(text: str) -> Content:
    """Return the content of a text."""
    return {
        "typeMessage": "textMessage",
        "textMessageData": {"textMessage": text, **FORWARDING},
    }


def _long_text(text: str, type_: str = "extendedTextMessage") -> Content:
    """Return the content of a text with a link, or of any other text."""
    return {
        "typeMessage": type_,
        "extendedTextMessageData": {
            "text": text,
            "description": "",
            "title": "",
            "previewType": "None",
            "jpegThumbnail": "",
            **FORWARDING,
        },
    }


def _poll(name: str) -> Content:
    """Return the content of a poll."""
    return {
        "typeMessage": "pollMessage",
        "pollMessageData": {
            "name": name,
            "options": [{"optionName": "Yes"}, {"optionName": "No"}],
            "multipleAnswers": False,
        },
    }


def _edited(text: str) -> Content:
    """Return the content of an edit."""
    return {"typeMessage": "editedMessage", "editedMessageData": {"textMessage": text}}


def _deleted(_: str) -> Content:
    """Return the content of a deletion."""
    return {"typeMessage": "deletedMessage", "deletedMessageData": {}}


def _changed(part: Json, changed: Content | None) -> Content:
    """Return the content of an edit or a deletion, with the ID of the message."""
    assert isinstance(part, dict)
    return part | {"stanzaId": changed["stanzaId"] if changed else ""}


_TEXTS = {
    "deleted": _deleted,
    "edited": _edited,
    "extended_text": _long_text,
    "poll": _poll,
    "quote": lambda text: _long_text(text, "quotedMessage"),
    "reaction": lambda text: _long_text(text, "reactionMessage"),
    "text": _text,
}

KINDS = (*FILES, *OTHERS, *sorted(_TEXTS.keys() - {"quote"}))
"""The kinds of messages that somebody can write, besides votes."""
