"""Test received messages and notifications."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
import json
import time
from typing import Any, Final

import aiohttp
from freezegun.api import FrozenDateTimeFactory
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.green_api.api import (
    AccountState,
    BadResponseError,
    CannotConnectError,
    GreenApiClient,
    Journal,
    MessageKind,
    MethodQuotaError,
    MissedMessage,
    Notification,
    PollVote,
    ReceivedMessage,
    StateChange,
    StatusChange,
    WebhookSetError,
    methods,
    transport,
)
from tests.simulator import Account, Messenger
from tests.simulator.receiving import EMPTY_FORMS
from tests.simulator.shapes import KINDS
from tests.support.canned import CannedServer
from tests.support.clients import (
    CHAT_ID,
    METHODS,
    RECEIVED,
    create_client,
    result_or_error,
)
from tests.support.const import INSTANCE_ID, TOKEN
from tests.support.fuzz import FUZZED, UNSEEN_GENERATOR
from tests.support.secrecy import assert_hidden, assert_log_is_clean
from tests.support.stalling_server import stalling_server

pytestmark = pytest.mark.long(11)

type Json = Any

TEXT: Final = "Open the gate"
GROUPS: Final = {
    Messenger.WHATSAPP: "120363043968066561@g.us",
    Messenger.TELEGRAM: "-1001000000001",
    Messenger.MAX: "-10000000000000",
}
PEOPLE: Final = {
    Messenger.WHATSAPP: CHAT_ID,
    Messenger.TELEGRAM: "10000001",
    Messenger.MAX: "10000001",
}

# The kind and the text of each simulated message, None if it is not a message.
EXPECTED: Final[dict[str, tuple[MessageKind, str] | None]] = {
    "audio": (MessageKind.AUDIO, TEXT),
    "buttons": (MessageKind.OTHER, ""),
    "contact": (MessageKind.CONTACT, ""),
    "contacts": (MessageKind.CONTACT, ""),
    "deleted": None,
    "document": (MessageKind.DOCUMENT, TEXT),
    "edited": None,
    "extended_text": (MessageKind.TEXT, TEXT),
    "group_invite": (MessageKind.OTHER, ""),
    "image": (MessageKind.IMAGE, TEXT),
    "interactive": (MessageKind.OTHER, ""),
    "list": (MessageKind.OTHER, ""),
    "location": (MessageKind.LOCATION, ""),
    "order": (MessageKind.OTHER, ""),
    "poll": (MessageKind.POLL, ""),
    "product": (MessageKind.OTHER, ""),
    "reaction": None,
    "sticker": (MessageKind.STICKER, TEXT),
    "text": (MessageKind.TEXT, TEXT),
    "unknown": None,
    "video": (MessageKind.VIDEO, TEXT),
}


@pytest.fixture(autouse=True)
def receiving(account: Account) -> None:
    """Let the account receive everything."""
    account.longest_wait = 0.05
    account.receives_messages = True
    account.receives_votes = True
    account.settings |= dict.fromkeys(
        (
            "deletedMessageWebhook",
            "editedMessageWebhook",
            "outgoingMessageWebhook",
            "outgoingAPIMessageWebhook",
            "stateWebhook",
        ),
        "yes",
    )


async def next_content(client: GreenApiClient) -> object:
    """Receive and delete a notification, and return its content."""
    notification = await client.receive_notification(5)
    assert notification
    await client.delete_notification(notification.receipt_id)
    return notification.content


def body_of(**more: Json) -> dict[str, Json]:
    """Return the documented body of a notification, with other fields."""
    answer = METHODS["receiveNotification"].answer
    assert isinstance(answer, dict)
    return {**answer["body"], **more}


def entry_of(**more: Json) -> dict[str, Json]:
    """Return the documented item of the journal, with other fields."""
    answer = METHODS["lastIncomingMessages"].answer
    assert isinstance(answer, list)
    return {**answer[0], **more}


def entry_without(*keys: str) -> dict[str, Json]:
    """Return the documented item of the journal without some fields."""
    return {key: value for key, value in entry_of().items() if key not in keys}


async def content_of(
    canned: CannedServer, client: GreenApiClient, body: Json
) -> object:
    """Return the content of a notification with a body."""
    canned.respond(200, json.dumps({"receiptId": 7, "body": body}))
    notification = await client.receive_notification(5)
    assert notification
    assert notification.receipt_id == 7
    return notification.content


def test_kinds_are_complete() -> None:
    """All simulated messages are expected."""
    assert EXPECTED.keys() == {*KINDS}


@pytest.mark.parametrize("kind", EXPECTED)
@pytest.mark.parametrize("in_group", [False, True])
@pytest.mark.parametrize("messenger", Messenger)
async def test_kind(
    client: GreenApiClient,
    account: Account,
    messenger: Messenger,
    kind: str,
    *,
    in_group: bool,
) -> None:
    """Each kind of message is the same in a notification and in the journal.

    The journal of Telegram does not say who has written in a group.
    """
    account.messenger = messenger
    sender_id = PEOPLE[messenger]
    chat_id = GROUPS[messenger] if in_group else sender_id
    first_id = account.write("Hi", sender_id=sender_id, chat_id=chat_id)
    message_id = account.write(
        TEXT, sender_id=sender_id, chat_id=chat_id, kind=kind, quoted_id=first_id
    )
    first = await next_content(client)
    content = await next_content(client)
    journal = await client.get_last_incoming(3)
    assert isinstance(first, ReceivedMessage)
    assert first.quoted_message_id is None
    expected = EXPECTED[kind]
    messages = (first, content) if expected else (first,)
    is_hidden = in_group and messenger is Messenger.TELEGRAM
    assert journal.messages == (() if is_hidden else messages)
    found = (
        isinstance(content, ReceivedMessage) and (content.kind, content.text),
        getattr(content, "message_id", None),
        getattr(content, "chat_id", None),
        getattr(content, "sender_id", None),
        getattr(content, "quoted_message_id", None),
    )
    everything = (expected, message_id, chat_id, sender_id, first_id)
    assert found == (everything if expected else (False, None, None, None, None))


async def test_time(
    client: GreenApiClient, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """A message has the time at which it was sent, in UTC."""
    now = datetime.now(UTC)
    account.write(TEXT, sender_id=CHAT_ID, ago=120)
    content = await next_content(client)
    assert isinstance(content, ReceivedMessage)
    assert (now - content.sent_at).total_seconds() == 120
    assert content.sent_at.tzinfo is UTC


async def test_journal_order(client: GreenApiClient, account: Account) -> None:
    """The journal is sorted by time, the oldest message first."""
    for ago in (30, 90, 60):
        account.write(f"{ago}", sender_id=CHAT_ID, ago=ago)
    assert [it.text for it in (await client.get_last_incoming(3)).messages] == [
        "90",
        "60",
        "30",
    ]
    assert [it.text for it in (await client.get_last_incoming(1)).messages] == ["30"]


@pytest.mark.parametrize("as_objects", [False, True])
async def test_votes(
    client: GreenApiClient, account: Account, *, as_objects: bool
) -> None:
    """A vote has the ID of the poll, and the votes of everyone."""
    account.incoming.voters_are_objects = as_objects
    account.settings["outgoingAPIMessageWebhook"] = "no"
    poll_id = await client.send_poll(GROUPS[Messenger.WHATSAPP], "Who?", ("I", "You"))
    other_id = "447700900123@c.us"
    account.vote(poll_id, "You", sender_id=other_id)
    vote_id = account.vote(poll_id, "I", sender_id=CHAT_ID)
    await next_content(client)
    vote = await next_content(client)
    assert isinstance(vote, ReceivedMessage)
    assert (vote.message_id, vote.sender_id) == (vote_id, CHAT_ID)
    assert (vote.kind, vote.text) == (MessageKind.POLL_VOTE, "")
    assert vote.quoted_message_id == poll_id
    assert vote.votes == (PollVote("I", (CHAT_ID,)), PollVote("You", (other_id,)))
    account.vote(poll_id, sender_id=CHAT_ID)
    withdrawn = await next_content(client)
    assert isinstance(withdrawn, ReceivedMessage)
    assert withdrawn.votes == (PollVote("I", ()), PollVote("You", (other_id,)))
    assert await client.get_last_incoming(3) == Journal(())


async def test_state(client: GreenApiClient, account: Account) -> None:
    """There are notifications about another state, which are no messages."""
    account.state = "notAuthorized"
    account.state = "authorized"
    assert await next_content(client) == StateChange(AccountState("notAuthorized"))
    assert await next_content(client) == StateChange(AccountState("authorized"))
    assert await client.receive_notification(5) is None


async def test_status(client: GreenApiClient, account: Account) -> None:
    """There are notifications about the status of a message."""
    account.reports_statuses = True
    account.settings["outgoingAPIMessageWebhook"] = "no"
    account.messages.delay = 0
    message_id = await client.send_message(CHAT_ID, "Hi")
    account.set_word(message_id, "noAccount")
    assert await next_content(client) == StatusChange(CHAT_ID, message_id, "noAccount")


async def test_own_messages(client: GreenApiClient, account: Account) -> None:
    """Messages of the account itself have no content, however they were sent."""
    await client.send_message(CHAT_ID, TEXT)
    account.incoming.write_on_phone(TEXT, CHAT_ID)
    assert account.webhooks == 2
    assert await next_content(client) is None
    assert await next_content(client) is None
    assert await client.get_last_incoming(3) == Journal(())


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        [],
        body_of(typeWebhook="outgoingMessageReceived"),
        body_of(typeWebhook="outgoingAPIMessageReceived"),
        body_of(typeWebhook="incomingCall"),
        body_of(typeWebhook="incomingMessageStatus"),
        body_of(typeWebhook="statusInstanceChanged", statusInstance="online"),
        body_of(typeWebhook="stateInstanceChanged", stateInstance="odd"),
        body_of(typeWebhook="stateInstanceChanged", stateInstance=None),
        body_of(typeWebhook="stateInstanceChanged"),
        body_of(typeWebhook="outgoingMessageStatus", chatId=CHAT_ID),
        body_of(typeWebhook="outgoingMessageStatus", chatId=CHAT_ID, status="a b"),
        body_of(typeWebhook="outgoingMessageStatus", chatId=CHAT_ID, status="x" * 65),
        body_of(typeWebhook="outgoingMessageStatus", chatId=TOKEN, status="sent"),
        body_of(typeWebhook="outgoingMessageStatus", status="sent"),
        body_of(typeWebhook=["incomingMessageReceived"]),
        body_of(typeWebhook=None),
        body_of(instanceData={"idInstance": 1101000002}),
        body_of(instanceData={"idInstance": float(INSTANCE_ID)}),
        body_of(instanceData={}),
        body_of(instanceData=None),
        body_of(timestamp=None),
        body_of(timestamp=0),
        body_of(timestamp=-1),
        body_of(timestamp=True),
        body_of(timestamp="1763115112"),
        body_of(timestamp=10**15),
        body_of(idMessage=""),
        body_of(idMessage=None),
        body_of(idMessage="a b"),
        body_of(idMessage="x" * 129),
        body_of(idMessage=["x"]),
        body_of(idMessage=2**64),
        body_of(idMessage=True),
        body_of(senderData=None),
        body_of(senderData={"chatId": CHAT_ID}),
        body_of(senderData={"sender": CHAT_ID}),
        body_of(senderData={"chatId": CHAT_ID, "sender": ""}),
        body_of(senderData={"chatId": "status@broadcast", "sender": CHAT_ID}),
        body_of(senderData={"chatId": "1203630@newsletter", "sender": CHAT_ID}),
        body_of(senderData={"chatId": "1@g.us", "sender": "1@g.us"}),
        body_of(senderData={"chatId": -10000000000000, "sender": -10000000000000}),
        body_of(senderData={"chatId": -100, "sender": 10000001, "chatType": "channel"}),
        body_of(
            senderData={"chatId": -100, "sender": 10000001, "senderType": "channel"}
        ),
        body_of(messageData=None),
        body_of(messageData={}),
        body_of(messageData={"typeMessage": ["textMessage"]}),
        body_of(messageData={"typeMessage": "TextMessage"}),
    ],
)
async def test_no_content(
    canned: CannedServer, canned_client: GreenApiClient, body: Json
) -> None:
    """A notification about something else has no content, but can be deleted."""
    assert await content_of(canned, canned_client, body) is None


@pytest.mark.parametrize(
    ("item", "count"),
    [
        (entry_of(), 1),
        (entry_of(isEdited=False, isDeleted=False, editedMessageId=""), 1),
        (entry_of(deletedMessageId=None), 1),
        (entry_of(isEdited="false"), 1),
        (entry_of(isEdited=True), 0),
        (entry_of(isEdited="true"), 0),
        (entry_of(isDeleted=1), 0),
        (entry_of(editedMessageId="3EB0"), 0),
        (entry_of(deletedMessageId="3EB0"), 0),
        (entry_of(typeMessage="editedMessage"), 0),
        (entry_of(type="outgoing"), 0),
        # Some pages of the vendor list no types, and those of Telegram no senders.
        (entry_without("type"), 1),
        (entry_of(type=None), 1),
        (entry_without("senderId"), 1),
        (entry_of(senderId=None), 1),
        (entry_of(senderId=""), 1),
        (entry_of(senderId=[]), 0),
        (entry_of(senderId=None, chatId=None), 0),
        (entry_of(senderId=None, chatId="-1001000000001"), 0),
        (entry_of(senderId=None, chatId="120363043968066561@g.us"), 0),
        (entry_of(senderId=None, chatId="status@broadcast"), 0),
        (entry_of(senderId=None, type="outgoing"), 0),
        (entry_without("type", "senderId"), 0),
        (entry_of(senderId="120363043968066561@g.us"), 0),
        (entry_of(textMessage="{{SWE001}}"), 0),
        (entry_of(textMessage=" {{SWE003}}\n"), 0),
        (entry_of(textMessage="{{SWE001}} or what?"), 1),
        (entry_of(textMessage=f"My token: {TOKEN}"), 0),
        (entry_of(quotedMessage={"stanzaId": TOKEN}), 0),
        (entry_of(typeMessage="imageMessage", caption="{{SWE001}}"), 0),
        (entry_of(typeMessage="imageMessage", downloadUrl="{{SWE002}}"), 1),
        ("entry", 0),
        (None, 0),
        ([], 0),
    ],
)
async def test_journal(
    canned: CannedServer, canned_client: GreenApiClient, item: Json, count: int
) -> None:
    """Items that are no new message of a person are omitted."""
    canned.respond(200, json.dumps([item]))
    assert len((await canned_client.get_last_incoming(3)).messages) == count


@pytest.mark.parametrize(
    ("message_data", "text"),
    [
        ({"typeMessage": "textMessage"}, ""),
        ({"typeMessage": "textMessage", "textMessageData": "Hi"}, ""),
        ({"typeMessage": "textMessage", "textMessageData": {"textMessage": 5}}, ""),
        (
            {
                "typeMessage": "textMessage",
                "textMessageData": {"textMessage": "\ud83d"},
            },
            "?",
        ),
        (
            {
                "typeMessage": "textMessage",
                "textMessageData": {"textMessage": "x" * 20_001},
            },
            "x" * 20_000,
        ),
        # A text field of another type says nothing.
        (
            {
                "typeMessage": "imageMessage",
                "extendedTextMessageData": {"text": TEXT},
                "textMessageData": {"textMessage": TEXT},
            },
            "",
        ),
        (
            {
                "typeMessage": "quotedMessage",
                "extendedTextMessageData": {"text": "mine"},
                "quotedMessage": {"stanzaId": 5, "textMessage": TEXT},
            },
            "mine",
        ),
        ({"typeMessage": "pollUpdateMessage", "pollMessageData": None}, ""),
        (
            {
                "typeMessage": "pollUpdateMessage",
                "pollMessageData": {"votes": ["x", {"optionVoters": 5}, {}]},
            },
            "",
        ),
    ],
)
async def test_odd_content(
    canned: CannedServer, canned_client: GreenApiClient, message_data: Json, text: str
) -> None:
    """A message without the documented content has no text."""
    content = await content_of(canned, canned_client, body_of(messageData=message_data))
    assert isinstance(content, ReceivedMessage)
    assert content.text == text


@pytest.mark.parametrize(
    "more",
    [
        {"extendedTextMessage": {"stanzaId": "3EB0", "participant": CHAT_ID}},
        {"quotedMessage": {"stanzaId": "3EB0", "participant": CHAT_ID}},
        {
            "extendedTextMessage": {"stanzaId": "3EB1"},
            "quotedMessage": {"stanzaId": "3EB0"},
        },
        {"extendedTextMessage": {"stanzaId": "3EB0"}, "quotedMessage": None},
    ],
)
async def test_quote_in_journal(
    canned: CannedServer, canned_client: GreenApiClient, more: Json
) -> None:
    """The message that another one replies to is at one of two places."""
    canned.respond(200, json.dumps([entry_of(typeMessage="quotedMessage", **more)]))
    (message,) = (await canned_client.get_last_incoming(3)).messages
    assert (message.text, message.quoted_message_id) == (RECEIVED.text, "3EB0")


async def test_quote_in_notification(
    canned: CannedServer, canned_client: GreenApiClient
) -> None:
    """The message that another one replies to may stand beside the text."""
    quote = {"text": TEXT, "stanzaId": "3EB0", "participant": CHAT_ID}
    body = body_of(
        messageData={"typeMessage": "quotedMessage", "extendedTextMessageData": quote}
    )
    content = await content_of(canned, canned_client, body)
    assert isinstance(content, ReceivedMessage)
    assert (content.text, content.quoted_message_id) == (TEXT, "3EB0")


@pytest.mark.parametrize("voter", [CHAT_ID, {"voterWid": CHAT_ID}, {"wid": CHAT_ID}])
async def test_voters(
    canned: CannedServer, canned_client: GreenApiClient, voter: Json
) -> None:
    """A voter is an ID in the vendor's documentation, and an object elsewhere."""
    poll = {"votes": [{"optionName": "I", "optionVoters": [voter]}]}
    body = body_of(
        messageData={"typeMessage": "pollUpdateMessage", "pollMessageData": poll}
    )
    content = await content_of(canned, canned_client, body)
    assert isinstance(content, ReceivedMessage)
    assert content.votes == (PollVote("I", (CHAT_ID,)),)


@pytest.mark.parametrize(
    "type_message", ["templateButtonReplyMessage", "templateButtonsReplyMessage"]
)
async def test_reply_to_buttons(
    canned: CannedServer, canned_client: GreenApiClient, type_message: str
) -> None:
    """The vendor spells the type of a reply to buttons in two ways."""
    body = body_of(messageData={"typeMessage": type_message})
    content = await content_of(canned, canned_client, body)
    assert isinstance(content, ReceivedMessage)
    assert content.kind is MessageKind.OTHER


async def test_numeric_ids(canned: CannedServer, canned_client: GreenApiClient) -> None:
    """IDs may be numbers, and are compared as texts."""
    body = body_of(
        idMessage=1763115112345,
        senderData={"chatId": -10000000000000, "sender": 10000001},
        instanceData={"idInstance": INSTANCE_ID},
    )
    content = await content_of(canned, canned_client, body)
    assert isinstance(content, ReceivedMessage)
    assert content.message_id == "1763115112345"
    assert (content.chat_id, content.sender_id) == ("-10000000000000", "10000001")


@pytest.mark.parametrize("empty_form", EMPTY_FORMS)
async def test_empty(client: GreenApiClient, account: Account, empty_form: str) -> None:
    """There is no notification, in whatever form the server says so."""
    account.empty_form = empty_form
    assert await client.receive_notification(5) is None


@pytest.mark.parametrize("status", [408, 504])
async def test_waited_in_vain(
    canned: CannedServer, canned_client: GreenApiClient, status: int
) -> None:
    """There is no notification if the server or a proxy has waited for too long."""
    canned.respond(status, "<html>Time-out</html>")
    assert await canned_client.receive_notification(5) is None
    result = await result_or_error(canned_client.get_last_incoming(3))
    assert result is CannotConnectError


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"receiptId":null,"body":null}', None),
        (" \n", None),
        ('{"receiptId":0,"body":null}', Notification(0, None)),
        ('{"receiptId":7}', Notification(7, None)),
        ('{"receiptId":7,"body":[]}', Notification(7, None)),
        ('{"receiptId":"7","body":{}}', BadResponseError),
        ('{"receiptId":-7,"body":{}}', BadResponseError),
        ('{"receiptId":true,"body":{}}', BadResponseError),
        ('{"receiptId":9007199254740992}', BadResponseError),
        ('{"body":{}}', BadResponseError),
        ("[]", BadResponseError),
        ("0", BadResponseError),
        ("nothing", BadResponseError),
    ],
)
async def test_notification(
    canned: CannedServer, canned_client: GreenApiClient, body: str, expected: object
) -> None:
    """A notification has a receipt ID, so that it can be deleted."""
    canned.respond(200, body)
    result = await result_or_error(canned_client.receive_notification(5))
    assert result == expected


async def test_redelivery(client: GreenApiClient, account: Account) -> None:
    """A notification is returned until it is deleted, which is possible twice."""
    account.write(TEXT, sender_id=CHAT_ID)
    first = await client.receive_notification(5)
    assert first == await client.receive_notification(5)
    account.incoming.notifications.renumber()
    second = await client.receive_notification(5)
    assert first
    assert second
    assert first.content == second.content
    assert first.receipt_id != second.receipt_id
    for account.deletion_fails in (False, True):
        assert not await client.delete_notification(first.receipt_id)
    assert await client.receive_notification(5) == second
    assert await client.delete_notification(second.receipt_id)
    assert not await client.delete_notification(second.receipt_id)
    assert await client.receive_notification(5) is None


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, '{"result":true}', True),
        (200, '{"result":false,"reason":"Notification not found"}', False),
        (200, "{}", BadResponseError),
        (200, "null", BadResponseError),
        (200, '{"result":"true"}', BadResponseError),
        (500, '{"message":"Cannot read findUnAckedMessage"}', False),
        (500, "Cannot read properties ('findUnAckedMessage')", False),
        (500, '{"message":"Internal server error"}', CannotConnectError),
        (400, "Parameter receiptId must be a Number!", BadResponseError),
    ],
)
async def test_deletion(
    canned: CannedServer,
    canned_client: GreenApiClient,
    status: int,
    body: str,
    expected: object,
) -> None:
    """A notification that does not exist anymore is no failure."""
    canned.respond(status, body)
    result = await result_or_error(canned_client.delete_notification(7))
    assert result is expected


CALLS: Final[dict[str, Callable[[GreenApiClient], Awaitable[object]]]] = {
    "deleteNotification": lambda client: client.delete_notification(1),
    "receiveNotification": lambda client: client.receive_notification(5),
}


@pytest.mark.parametrize("form", ["parameter", "envelope", "text", "html"])
@pytest.mark.parametrize("method", CALLS)
async def test_webhook_set(
    client: GreenApiClient, account: Account, method: str, form: str
) -> None:
    """With a webhook, notifications cannot be received, but messages are journaled."""
    account.refusal_form = form
    account.has_webhook = True
    account.write(TEXT, sender_id=CHAT_ID)
    assert await result_or_error(CALLS[method](client)) is WebhookSetError
    assert (await client.get_settings()).has_webhook
    assert [it.text for it in (await client.get_last_incoming(3)).messages] == [TEXT]
    assert len(account.incoming.posted) == 1
    assert await client.count_notifications() == 0


@pytest.mark.parametrize("status", [200, 400, 403, 408, 500, 504])
@pytest.mark.parametrize("method", ["receiveNotification"])
async def test_webhook_set_in_any_status(
    canned: CannedServer, canned_client: GreenApiClient, method: str, status: int
) -> None:
    """The refusal is recognized with any status."""
    message = "Message cannot be received because Custom Webhook URL is set."
    canned.respond(status, json.dumps({"status": "error", "message": message}))
    assert await result_or_error(CALLS[method](canned_client)) is WebhookSetError


async def test_quota(client: GreenApiClient, account: Account) -> None:
    """The free plan has 1,000 looks at the journal per month."""
    account.on_free_plan = True
    account.free_plan.used["lastIncomingMessages"] = 999  # type: ignore[union-attr]
    account.write(TEXT, sender_id=CHAT_ID)
    assert len((await client.get_last_incoming(3)).messages) == 1
    result = await result_or_error(client.get_last_incoming(3))
    assert result is MethodQuotaError
    assert isinstance(await next_content(client), ReceivedMessage)


async def test_other_chat_of_free_plan(
    client: GreenApiClient, account: Account
) -> None:
    """The free plan has notifications about three chats only."""
    account.on_free_plan = True
    for number in range(4):
        account.write(TEXT, sender_id=f"7900123456{number}@c.us")
    contents = [await next_content(client) for _ in range(4)]
    assert [isinstance(it, ReceivedMessage) for it in contents[:3]] == [True] * 3
    allowed = frozenset(f"7900123456{number}@c.us" for number in range(3))
    assert contents[3] == MissedMessage(allowed)
    assert len((await client.get_last_incoming(3)).messages) == 4


async def test_messages_are_turned_off(
    client: GreenApiClient, account: Account
) -> None:
    """Without the setting, nothing is received."""
    account.receives_messages = False
    account.write(TEXT, sender_id=CHAT_ID)
    assert not (await client.get_settings()).receives_messages
    assert await client.get_last_incoming(3) == Journal(())
    assert await client.receive_notification(5) is None


async def test_count(client: GreenApiClient, account: Account) -> None:
    """The notifications of all kinds are counted."""
    account.webhooks = 3
    assert await client.count_notifications() == 3


@pytest.mark.usefixtures("asyncio_debug")
async def test_nothing_personal_is_shown(
    client: GreenApiClient, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the log nor a representation contains anything of people."""
    poll_id = await client.send_poll(CHAT_ID, "Who?", ("I do", "You do"))
    account.settings["outgoingAPIMessageWebhook"] = "no"
    account.write(TEXT, sender_id=CHAT_ID, name="Neighbour", quoted_id=poll_id)
    account.vote(poll_id, "You do", sender_id=CHAT_ID)
    account.reports_statuses = True
    account.set_word(poll_id, "read")
    contents: list[object] = [await client.get_last_incoming(3)]
    await next_content(client)
    contents += [await client.receive_notification(5), await next_content(client)]
    contents += [await next_content(client), await next_content(client)]
    shown = f"{contents} {caplog.text}"
    assert "ReceivedMessage(kind=<MessageKind.TEXT" in shown
    assert "StatusChange(status='read')" in shown
    people = (TEXT, "79001234568", "Neighbour", "You do", poll_id, "Who?")
    assert [it for it in people if it in shown] == []
    assert_log_is_clean(caplog)
    assert_hidden(TOKEN, shown)


@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"receiptId":7,"body":' * 9000])
@pytest.mark.parametrize("method", ["lastIncomingMessages", "receiveNotification"])
async def test_deep_answer(
    canned: CannedServer, canned_client: GreenApiClient, method: str, body: bytes
) -> None:
    """A deeply nested response is an error."""
    canned.respond(200, body)
    result = await result_or_error(METHODS[method].call(canned_client))
    assert result is BadResponseError


@pytest.mark.parametrize(
    "item",
    [
        entry_of(textMessage=" {{SWE" + "0" * 2_000_000),
        entry_of(textMessage=" " * 2_000_000),
        entry_of(idMessage="x" * 2_000_000),
        entry_of(chatId="-" * 2_000_000 + " "),
        entry_of(
            typeMessage="pollUpdateMessage",
            pollMessageData={
                "votes": [
                    {"optionName": "x" * 2000, "optionVoters": [CHAT_ID] * 100_000}
                ]
                * 3
            },
        ),
    ],
)
async def test_long_answer(
    canned: CannedServer, canned_client: GreenApiClient, item: Json
) -> None:
    """A long response is read quickly."""
    canned.respond(200, json.dumps([item]))
    started_at = time.process_time()
    journal = await canned_client.get_last_incoming(3)
    assert time.process_time() - started_at < 2
    assert len(journal.messages) <= 1


LONG_TEXT: Final = "\U0001f514" * 65_536


async def test_too_long_journal(
    canned: CannedServer, canned_client: GreenApiClient
) -> None:
    """The latest messages are read if strangers have written more than is read."""
    latest = [entry_of(textMessage=f"{number}") for number in range(3)]
    flood = [entry_of(textMessage=LONG_TEXT)] * 12
    canned.respond(200, json.dumps(latest + flood))
    journal = await canned_client.get_last_incoming(3)
    assert not journal.is_whole
    assert [it.text for it in journal.messages][-3:] == ["2", "1", "0"]


@pytest.mark.parametrize(
    "beginning",
    [
        b" " * methods.MAX_LIST_BYTES,
        b"[" * methods.MAX_LIST_BYTES,
        b'["' + b"x" * methods.MAX_LIST_BYTES,
        b'{"receiptId":7,' + b" " * methods.MAX_LIST_BYTES,
    ],
)
async def test_too_long_item(
    canned: CannedServer, canned_client: GreenApiClient, beginning: bytes
) -> None:
    """A response that is too long and does not begin with a message is an error."""
    canned.respond(200, beginning)
    result = await result_or_error(canned_client.get_last_incoming(3))
    assert result is BadResponseError


async def test_too_long_notification(
    canned: CannedServer, canned_client: GreenApiClient
) -> None:
    """No other response is read in part."""
    canned.respond(200, json.dumps([entry_of(textMessage=LONG_TEXT)] * 12))
    result = await result_or_error(canned_client.receive_notification(5))
    assert result is BadResponseError


@pytest.mark.parametrize(
    ("beginning", "expected"),
    [
        (json.dumps([entry_of()] * 2)[:-1], Journal((RECEIVED,) * 2, is_whole=False)),
        (json.dumps([entry_of()] * 2)[:-9], Journal((RECEIVED,), is_whole=False)),
        (json.dumps([entry_of()])[:-9], BadResponseError),
        (json.dumps([entry_of(textMessage="custom webhook")])[:-2], BadResponseError),
        (json.dumps(entry_of())[:-1], CannotConnectError),
        ("", CannotConnectError),
    ],
)
async def test_slow_journal(
    session: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    beginning: str,
    expected: object,
) -> None:
    """What has arrived is read if the rest takes too long."""
    monkeypatch.setattr(transport, "RECEIVING_SECONDS", 1)

    async def respond(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = "HTTP/1.1 200 -\r\nContent-Type: application/json\r\n\r\n"
        writer.write((head + beginning).encode())

    async with stalling_server(respond) as url:
        client = create_client(session, url)
        result = await result_or_error(client.get_last_incoming(3))
    assert result == expected


@pytest.mark.parametrize(
    "words", ["custom webhook", "instance is deleted", "instance is expired"]
)
@pytest.mark.parametrize("method", ["lastIncomingMessages", "getContacts"])
@pytest.mark.parametrize("before", ["", "\r\n  "])
async def test_words_in_the_beginning_of_a_list(
    canned: CannedServer,
    canned_client: GreenApiClient,
    before: str,
    method: str,
    words: str,
) -> None:
    """What strangers write is no error of GREEN-API if a list breaks off."""
    canned.respond(200, before + json.dumps([entry_of(textMessage=words)])[:-2])
    result = await result_or_error(METHODS[method].call(canned_client))
    assert result is BadResponseError


async def test_large_notification(
    canned: CannedServer, canned_client: GreenApiClient
) -> None:
    """A notification with long texts and pictures is received."""
    vcards = [{"vcard": "x" * 50_000}] * 100
    data = {"typeMessage": "contactsArrayMessage", "contacts": vcards}
    content = await content_of(canned, canned_client, body_of(messageData=data))
    assert isinstance(content, ReceivedMessage)
    assert content.kind is MessageKind.CONTACT


KEYS: Final = (
    *("body", "receiptId", "typeWebhook", "instanceData", "idInstance", "timestamp"),
    *("idMessage", "senderData", "chatId", "sender", "senderId", "messageData", "type"),
    *("typeMessage", "textMessageData", "textMessage", "extendedTextMessageData"),
    *("text", "fileMessageData", "caption", "pollMessageData", "votes", "optionName"),
    *("optionVoters", "voterWid", "stanzaId", "quotedMessage", "isEdited", "status"),
    *("stateInstance", "chatType", "result"),
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        (
            *(CHAT_ID, INSTANCE_ID, int(INSTANCE_ID), "incomingMessageReceived"),
            *("outgoingMessageStatus", "stateInstanceChanged", "textMessage"),
            *("pollUpdateMessage", "imageMessage", "incoming", "authorized", "\ud83d"),
            *(1763115112, 10**400, "{{SWE001}}", "-1", TOKEN),
        )
    ),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner)
    ),
    max_leaves=30,
)
changes = st.dictionaries(st.sampled_from(KEYS), values)


type Wrap = Callable[[dict[str, Json], dict[str, Json], Json], Json]

# How arbitrary values become a response.
WRAPS: Final[dict[str, Wrap]] = {
    "lastIncomingMessages": lambda change, part, anything: [
        entry_of(**change),
        entry_of(**part),
        anything,
    ],
    "receiveNotification": lambda change, part, _: {
        "receiptId": 7,
        "body": body_of(messageData={"typeMessage": "textMessage", **part}) | change,
    },
}


@pytest.mark.parametrize("method", WRAPS)
@UNSEEN_GENERATOR
@settings(FUZZED)
@given(change=changes, part=changes, anything=values)
async def test_garbage(
    canned: CannedServer,
    session: aiohttp.ClientSession,
    method: str,
    change: dict[str, Json],
    part: dict[str, Json],
    anything: Json,
) -> None:
    """Whatever a response contains, it is read or an error, without the token."""
    client = create_client(session, canned.url)
    for answer in (WRAPS[method](change, part, anything), anything):
        canned.respond(200, json.dumps(answer))
        result = await result_or_error(METHODS[method].call(client))
        assert isinstance(result, METHODS[method].returns | type)
        assert TOKEN not in json.dumps(result, default=fields_of)


def fields_of(value: object) -> object:
    """Return the fields of a dataclass, or the text of something else."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return f"{value}"
