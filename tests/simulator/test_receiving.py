"""Test what a simulated account receives."""

import asyncio
import time
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest

from . import Account, Messenger, Simulator
from .api_requests import INSTANCE_ID, ApiCall, Reply
from .receiving import EMPTY_FORMS
from .shapes import KINDS
from .wire import Json

CHAT: Final = "79001234568@c.us"
GROUP: Final = "120363043968066561@g.us"
TEXT: Final = "Open the gate"
POLL: Final[dict[str, Json]] = {
    "chatId": CHAT,
    "message": "Who?",
    "options": [{"optionName": "I"}, {"optionName": "You"}],
}

# Settings that are turned on, besides those of incoming messages.
EVERYTHING: Final = (
    *("deletedMessageWebhook", "editedMessageWebhook", "outgoingMessageWebhook"),
    *("outgoingAPIMessageWebhook", "stateWebhook"),
)


@pytest.fixture(autouse=True)
def receiving(simulator: Simulator, account: Account) -> None:
    """Let the account receive messages, and wait for nothing."""
    simulator.enforce_limits = False
    account.longest_wait = 0
    account.receives_messages = True


async def receive(call_api: ApiCall, seconds: int | None = None) -> Any:
    """Return the next notification."""
    query = "" if seconds is None else f"?receiveTimeout={seconds}"
    reply = await call_api("receiveNotification", query=query)
    assert reply.status == 200
    return reply.json


async def take(call_api: ApiCall) -> Any:
    """Return the body of the next notification, and delete it."""
    notification = await receive(call_api)
    reply = await delete(call_api, notification["receiptId"])
    assert reply.json == {"result": True, "reason": ""}
    return notification["body"]


async def delete(call_api: ApiCall, receipt_id: Json) -> Reply:
    """Delete a notification."""
    return await call_api("deleteNotification", verb="DELETE", query=f"/{receipt_id}")


async def journal(call_api: ApiCall, query: str = "") -> list[dict[str, Any]]:
    """Return the journal of received messages."""
    reply = await call_api("lastIncomingMessages", query=query)
    assert reply.status == 200
    items: list[dict[str, Any]] = reply.json
    return items


async def test_notification(call_api: ApiCall, account: Account) -> None:
    """A message is the documented notification."""
    sent = int(time.time())
    message_id = account.write(TEXT, sender_id=CHAT, chat_id=GROUP, name="Neighbour")
    notification = await receive(call_api)
    assert notification["body"].pop("timestamp") - sent in range(2)
    assert notification == {
        "receiptId": 1,
        "body": {
            "typeWebhook": "incomingMessageReceived",
            "instanceData": {
                "idInstance": int(INSTANCE_ID),
                "wid": "79001234567@c.us",
                "typeInstance": "whatsapp",
            },
            "idMessage": message_id,
            "senderData": {
                "chatId": GROUP,
                "chatName": "Neighbour",
                "sender": CHAT,
                "senderName": "Neighbour",
                "senderContactName": "",
            },
            "messageData": {
                "typeMessage": "textMessage",
                "textMessageData": {
                    "textMessage": TEXT,
                    "isForwarded": False,
                    "forwardingScore": 0,
                },
            },
        },
    }


@pytest.mark.parametrize(
    ("chat_id", "sender_id", "kinds", "number"),
    [
        ("10000001", "10000001", ("user", "user"), 79001234568),
        ("-10000000000000", "10000001", ("group", "user"), 0),
        ("-10000000000001", "-10000000000001", ("channel", "channel"), 0),
    ],
)
@pytest.mark.parametrize("messenger", [Messenger.MAX, Messenger.TELEGRAM])
async def test_other_messengers(
    call_api: ApiCall,
    account: Account,
    messenger: Messenger,
    chat_id: str,
    sender_id: str,
    kinds: tuple[str, str],
    number: int,
) -> None:
    """Other messengers say what the chat and the sender are."""
    account.messenger = messenger
    account.write(TEXT, sender_id=sender_id, chat_id=chat_id)
    sender = (await take(call_api))["senderData"]
    assert (sender["chatType"], sender["senderType"]) == kinds
    assert sender["senderPhoneNumber"] == number


@pytest.mark.parametrize("kind", KINDS)
async def test_kinds(call_api: ApiCall, account: Account, kind: str) -> None:
    """Each kind of message is in the notifications and in the journal."""
    account.settings |= dict.fromkeys(EVERYTHING, "yes")
    message_id = account.write(TEXT, sender_id=CHAT, kind=kind)
    body = await take(call_api)
    (item,) = await journal(call_api)
    type_ = body["messageData"]["typeMessage"]
    assert type_ == item["typeMessage"]
    assert type_.endswith(("Message", "Response"))
    assert (body["idMessage"], item["idMessage"]) == (message_id, message_id)


@pytest.mark.parametrize("kind", ["deleted", "edited"])
async def test_settings_of_kinds(
    call_api: ApiCall, account: Account, kind: str
) -> None:
    """Changes and deletions have settings of their own."""
    account.write(TEXT, sender_id=CHAT, kind=kind)
    assert account.incoming.lost == 1
    assert await journal(call_api) == []
    account.settings[f"{kind}MessageWebhook"] = "yes"
    account.write(TEXT, sender_id=CHAT, kind=kind, quoted_id="3EB0")
    (item,) = await journal(call_api)
    assert item[f"{kind}MessageId"] == "3EB0"


@pytest.mark.parametrize(
    ("messenger", "type_"),
    [
        (Messenger.WHATSAPP, "quotedMessage"),
        (Messenger.MAX, "textMessage"),
        (Messenger.TELEGRAM, "textMessage"),
    ],
)
async def test_quote(
    call_api: ApiCall, account: Account, messenger: Messenger, type_: str
) -> None:
    """A quote contains the quoted message, of either side."""
    account.messenger = messenger
    chat_id = CHAT if messenger is Messenger.WHATSAPP else "10000001"
    content = {"chatId": chat_id, "message": "Who?"}
    reply = await call_api("sendMessage", verb="POST", content=content)
    sent_id = reply.json["idMessage"]
    first_id = account.write("I", sender_id=chat_id, quoted_id=sent_id)
    account.write("Really?", sender_id=chat_id, quoted_id=first_id)
    account.write("What?", sender_id=chat_id, quoted_id="3EB0")
    data = [(await take(call_api))["messageData"] for _ in range(3)]
    assert {it["typeMessage"] for it in data} == {type_}
    quotes = [it["quotedMessage"] for it in data]
    assert [it["stanzaId"] for it in quotes] == [sent_id, first_id, "3EB0"]
    assert [it["textMessage"] for it in quotes] == ["Who?", "I", ""]
    assert [it["participant"] for it in quotes] == [account.own_id, chat_id, ""]


async def test_votes(call_api: ApiCall, account: Account) -> None:
    """A vote contains all votes; withdrawing is a vote as well."""
    reply = await call_api("sendPoll", verb="POST", content=POLL)
    poll_id = reply.json["idMessage"]
    account.vote(poll_id, "I", sender_id=CHAT)
    assert (account.incoming.lost, account.webhooks) == (1, 0)
    account.receives_votes = True
    account.vote(poll_id, "You", sender_id=CHAT)
    account.vote(poll_id, "You", sender_id="1@c.us")
    account.vote(poll_id, sender_id=CHAT)
    data = [(await take(call_api))["messageData"] for _ in range(3)]
    assert {it["typeMessage"] for it in data} == {"pollUpdateMessage"}
    polls = [it["pollMessageData"] for it in data]
    assert {it["stanzaId"] for it in polls} == {poll_id}
    assert [[it["optionVoters"] for it in poll["votes"]] for poll in polls] == [
        [[], [CHAT]],
        [[], [CHAT, "1@c.us"]],
        [[], ["1@c.us"]],
    ]
    account.incoming.shows_all_votes = False
    account.vote(poll_id, "I", sender_id=CHAT)
    poll = (await take(call_api))["messageData"]["pollMessageData"]
    assert [it["optionVoters"] for it in poll["votes"]] == [[CHAT], []]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"options": None}, "'options' is required"),
        ({"options": [{"optionName": "I"}]}, "from 2 to 12 items"),
        ({"options": [{"optionName": f"{it}"} for it in range(13)]}, "from 2 to 12"),
        ({"options": [{"optionName": "I"}, {}]}, "not allowed to be empty"),
        ({"options": ["I", "You"]}, "not allowed to be empty"),
        ({"options": [{"optionName": "I"}, {"optionName": "I"}]}, "duplicate"),
        ({"multipleAnswers": "no"}, "must be a boolean"),
        ({"message": ""}, "'message' is not allowed to be empty"),
        ({"quotedMessageId": "1"}, "at least 16"),
    ],
)
@pytest.mark.usefixtures("account")
async def test_invalid_poll(
    call_api: ApiCall, change: dict[str, Json], words: str
) -> None:
    """A poll has 2 to 12 options, which differ."""
    reply = await call_api("sendPoll", verb="POST", content=POLL | change)
    assert reply.status == 400
    assert words in reply.text


async def test_sent_poll(call_api: ApiCall, account: Account) -> None:
    """A poll is a message in the journal."""
    reply = await call_api("sendPoll", verb="POST", content=POLL)
    content = {"chatId": CHAT, "idMessage": reply.json["idMessage"]}
    answer = (await call_api("getMessage", verb="POST", content=content)).json
    assert answer["typeMessage"] == "pollMessage"
    assert answer["pollMessageData"]["options"] == POLL["options"]


async def test_queue(call_api: ApiCall, account: Account) -> None:
    """The first notification is returned until it is deleted."""
    for text in ("1", "2"):
        account.write(text, sender_id=CHAT)
    first = await receive(call_api)
    assert first == await receive(call_api)
    assert (await call_api("getWebhooksCount")).json == {"count": 2}
    assert (await delete(call_api, 2)).json["result"] is False
    assert (await delete(call_api, 1)).json["result"] is True
    assert (await delete(call_api, 1)).json["result"] is False
    assert (await receive(call_api))["receiptId"] == 2
    account.incoming.notifications.renumber()
    assert (await receive(call_api))["receiptId"] == 3
    account.incoming.notifications.stuck = True
    assert (await delete(call_api, 3)).json["result"] is True
    assert (await receive(call_api))["receiptId"] == 3
    assert account.incoming.notifications.received == 5


@pytest.mark.usefixtures("account")
async def test_deletion_of_nothing(call_api: ApiCall, account: Account) -> None:
    """An unknown notification cannot be deleted, in one form or another."""
    account.deletion_fails = True
    reply = await delete(call_api, 1)
    assert reply.status == 500
    assert "findUnAckedMessage" in reply.text
    reply = await delete(call_api, "one")
    assert reply.status == 400
    assert "Parameter receiptId must be a Number!" in reply.text
    assert (await call_api("deleteNotification", verb="DELETE")).status == 400
    assert (await call_api("deleteNotification", query="/1")).status == 404
    assert (await call_api("getStateInstance", query="/1")).status == 404


@pytest.mark.parametrize(
    ("form", "text"), zip(EMPTY_FORMS, ["null", "", "{}"], strict=True)
)
async def test_empty(call_api: ApiCall, account: Account, form: str, text: str) -> None:
    """If nothing is waiting, the response has one of three forms."""
    account.empty_form = form
    reply = await call_api("receiveNotification")
    assert (reply.status, reply.text) == (200, text)


async def test_hidden(call_api: ApiCall, account: Account) -> None:
    """A fault of the server hides the notifications that are counted."""
    account.hides_notifications = True
    account.write(TEXT, sender_id=CHAT)
    assert (await call_api("receiveNotification")).text == ""
    assert (await call_api("getWebhooksCount")).json == {"count": 1}


async def test_life(
    call_api: ApiCall, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """A notification is lost after 24 hours."""
    account.write("1", sender_id=CHAT)
    freezer.tick(24 * 3600 - 1)
    account.write("2", sender_id=CHAT)
    assert account.webhooks == 2
    freezer.tick(2)
    assert (await take(call_api))["messageData"]["textMessageData"][
        "textMessage"
    ] == "2"
    assert account.webhooks == 0


async def test_wait(call_api: ApiCall, account: Account) -> None:
    """A request waits until there is a notification."""
    account.longest_wait = 10
    waiting = asyncio.create_task(receive(call_api, 60))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    account.write(TEXT, sender_id=CHAT)
    assert (await waiting)["receiptId"] == 1


async def test_wait_for_status(call_api: ApiCall, account: Account) -> None:
    """A request that waits hears of what happens meanwhile."""
    account.longest_wait = 10
    account.reports_statuses = True
    account.messages.delay = 0.01
    content = {"chatId": CHAT, "message": TEXT}
    await call_api("sendMessage", verb="POST", content=content)
    body = (await receive(call_api, 5))["body"]
    assert body["typeWebhook"] == "outgoingMessageStatus"
    assert (body["chatId"], body["status"]) == (CHAT, "delivered")


async def test_wait_in_vain(call_api: ApiCall, account: Account) -> None:
    """A request does not wait for longer than it says."""
    account.longest_wait = 0.05
    assert await receive(call_api) is None
    for seconds in (0, 61, -5):
        query = f"?receiveTimeout={seconds}"
        assert (await call_api("receiveNotification", query=query)).status == 400
    reply = await call_api("receiveNotification", query="?receiveTimeout=soon")
    assert reply.status == 400


@pytest.mark.parametrize(
    ("form", "content_type"),
    [
        ("parameter", "application/json"),
        ("envelope", "application/json"),
        ("text", "text/plain"),
        ("html", "text/html"),
    ],
)
async def test_webhook(
    call_api: ApiCall, account: Account, form: str, content_type: str
) -> None:
    """With a webhook, notifications are sent there and cannot be received."""
    account.refusal_form = form
    account.write("1", sender_id=CHAT)
    account.has_webhook = True
    account.write("2", sender_id=CHAT)
    for reply in (await call_api("receiveNotification"), await delete(call_api, 1)):
        assert reply.status == 400
        assert "because custom webhook url is set" in reply.text
        assert reply.headers["Content-Type"].startswith(content_type)
    assert len(account.incoming.posted) == 1
    assert len(await journal(call_api)) == 2
    account.has_webhook = False
    assert (await receive(call_api))["receiptId"] == 1


async def test_starting(call_api: ApiCall, account: Account) -> None:
    """While the instance starts, nothing is received, but it comes later."""
    account.state = "starting"
    account.write(TEXT, sender_id=CHAT, ago=10)
    assert (await call_api("receiveNotification")).status == 400
    assert await journal(call_api) == []
    account.state = "authorized"
    assert len(await journal(call_api)) == 1
    assert (await take(call_api))["timestamp"] <= time.time() - 9


async def test_journal(
    call_api: ApiCall, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """The journal has the messages of the last minutes, the latest first."""
    account.journal_lag = 10
    for text, ago in (("old", 90_000), ("1", 200), ("2", 100)):
        account.write(text, sender_id=CHAT, ago=ago)
    assert await journal(call_api) == []
    freezer.tick(10)
    for query, texts in (
        ("", ["2", "1"]),
        ("?minutes=3", ["2"]),
        ("?minutes=4", ["2", "1"]),
    ):
        items = await journal(call_api, query)
        assert [it["textMessage"] for it in items] == texts
    account.receives_messages = False
    assert await journal(call_api) == []


async def test_quota(call_api: ApiCall, account: Account) -> None:
    """The free plan has 1,000 calls per month, and notifications of three chats."""
    account.on_free_plan = True
    for number in range(1000):
        account.count_call("lastIncomingMessages")
        account.write(TEXT, sender_id=f"{number % 4}@c.us", kind="text")
    reply = await call_api("lastIncomingMessages")
    assert reply.status == 466
    assert reply.json["invokeStatus"]["method"] == "lastincomingmessages"
    types = [(await take(call_api))["typeWebhook"] for _ in range(4)]
    assert types == ["incomingMessageReceived"] * 3 + ["quotaExceeded"]


async def test_own_messages(call_api: ApiCall, account: Account) -> None:
    """Messages of the account are notifications if that is turned on."""
    content = {"chatId": CHAT, "message": TEXT}
    for setting in ("no", "yes"):
        account.settings |= dict.fromkeys(EVERYTHING, setting)
        await call_api("sendMessage", verb="POST", content=content)
        account.incoming.write_on_phone(TEXT, CHAT)
        account.state = "notAuthorized"
        account.state = "authorized"
    types = [(await take(call_api))["typeWebhook"] for _ in range(4)]
    assert types == [
        "outgoingAPIMessageReceived",
        "outgoingMessageReceived",
        "stateInstanceChanged",
        "stateInstanceChanged",
    ]
    assert account.webhooks == 0
    assert await journal(call_api) == []


async def test_control_page(
    call_api: ApiCall, call_control: ApiCall, account: Account
) -> None:
    """Somebody writes and votes on the control page."""

    async def act(action: str, **content: Json) -> Reply:
        return await call_control(
            f"/{INSTANCE_ID}/{action}", verb="POST", content=content
        )

    settings = {"receives_votes": True, "webhooks": 0}
    await call_control(f"/{INSTANCE_ID}", verb="PATCH", content=settings)
    reply = await call_api("sendPoll", verb="POST", content=POLL)
    poll_id = reply.json["idMessage"]
    shown = (await call_control()).json
    assert shown["choices"]["kinds"] == [*KINDS]
    (described,) = shown["accounts"]
    assert described["messages"][0]["options"] == ["I", "You"]
    assert CHAT in [it["id"] for it in described["people"]]
    reply = await act("write", sender=CHAT, chat=GROUP, text="Hi", quoted=poll_id)
    assert (reply.json["accepted"], reply.json["webhooks"]) == (True, 1)
    reply = await act("vote", sender=CHAT, message=poll_id, option="I")
    assert (reply.json["accepted"], reply.json["webhooks"]) == (True, 2)
    reply = await act("write", sender=CHAT, kind="image")
    assert reply.json["webhooks"] == 3
    assert [(await take(call_api))["messageData"]["typeMessage"] for _ in range(3)] == [
        *("quotedMessage", "pollUpdateMessage", "imageMessage"),
    ]
    account.receives_messages = account.receives_votes = False
    assert not (await act("write", sender=CHAT, text="Hi")).json["accepted"]
    reply = await act("vote", sender=CHAT, message=poll_id, option="I")
    assert not reply.json["accepted"]


@pytest.mark.parametrize(
    ("action", "content"),
    [
        ("write", {}),
        ("write", {"sender": ""}),
        ("write", {"sender": CHAT, "kind": "smell"}),
        ("write", {"sender": CHAT, "text": 5}),
        ("vote", {"sender": CHAT, "message": "3EB0", "option": "I"}),
        ("vote", {"sender": CHAT}),
    ],
)
@pytest.mark.usefixtures("account")
async def test_invalid_action(
    call_control: ApiCall, action: str, content: dict[str, Json]
) -> None:
    """Invalid messages and votes are refused."""
    reply = await call_control(f"/{INSTANCE_ID}/{action}", verb="POST", content=content)
    assert reply.status == 400
