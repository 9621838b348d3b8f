"""Test the checks of phone numbers in the simulated GREEN-API."""

import pytest

from . import Account, Messenger
from .api_requests import ApiCall, Reply
from .checks import lid_of
from .wire import Json

NUMBER = 5511987654321
NOT_READY = "instance is starting or not authorized"


async def check(call_api: ApiCall, method: str, **fields: Json) -> Reply:
    """Check a number."""
    return await call_api(method, verb="POST", content=fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"chatId": f"{NUMBER}@c.us"},
        {"chatId": f"{NUMBER}"},
        {"phoneNumber": NUMBER},
    ],
)
async def test_check_whatsapp(
    call_api: ApiCall, account: Account, fields: dict[str, Json]
) -> None:
    """A number has three formats and two IDs, which may be those of another number."""
    account.known_as[NUMBER] = 551187654321
    answer = (await check(call_api, "checkWhatsapp", **fields)).json
    assert answer == {
        "existsWhatsapp": True,
        "chatId": lid_of(551187654321),
        "username": "",
        "phoneNumber": "551187654321@c.us",
        "fromCache": False,
    }
    answer = (await check(call_api, "checkWhatsapp", **fields)).json
    assert answer["fromCache"]


async def test_no_account(call_api: ApiCall, account: Account) -> None:
    """A number without an account has no ID."""
    account.without_account.add(NUMBER)
    answer = (await check(call_api, "checkWhatsapp", phoneNumber=NUMBER)).json
    assert not answer["existsWhatsapp"]
    assert answer["chatId"] == answer["phoneNumber"] == ""
    answer = (await check(call_api, "checkWhatsapp", chatId="120650379300963@lid")).json
    assert not answer["existsWhatsapp"]
    account.messenger = Messenger.TELEGRAM
    answer = (await check(call_api, "checkAccount", phoneNumber=NUMBER)).json
    assert answer == {"exist": False, "chatId": "", "fromCache": True}


async def test_check_account(call_api: ApiCall, account: Account) -> None:
    """A contact has the same ID as in the list of contacts."""
    account.messenger = Messenger.MAX
    answer = (await check(call_api, "checkAccount", phoneNumber=79001234568)).json
    assert answer == {"exist": True, "chatId": "10000001", "fromCache": False}
    answer = (await check(call_api, "checkAccount", phoneNumber=79001234567)).json
    assert answer["chatId"] == "10234567"


@pytest.mark.parametrize(
    ("messenger", "method", "fields", "expected"),
    [
        (Messenger.WHATSAPP, "checkWhatsapp", {}, "'value' must have at least 1 key"),
        (
            Messenger.WHATSAPP,
            "checkWhatsapp",
            {"chatId": "7123@c.us"},
            "'phone_number@c.us' or 'chat_id@lid'",
        ),
        (
            Messenger.WHATSAPP,
            "checkWhatsapp",
            {"phoneNumber": f"{NUMBER}"},
            "'phoneNumber' must contain only digits",
        ),
        (
            Messenger.WHATSAPP,
            "checkWhatsapp",
            {"phoneNumber": 1234567},
            "bad phone number, valid from 11 to 16 digits",
        ),
        (
            Messenger.MAX,
            "checkAccount",
            {"phoneNumber": NUMBER},
            "bad phone number, valid 11 or 12 digits",
        ),
    ],
)
async def test_parameters_that_are_refused(
    call_api: ApiCall,
    account: Account,
    messenger: Messenger,
    method: str,
    fields: dict[str, Json],
    expected: str,
) -> None:
    """The errors are the documented ones."""
    account.messenger = messenger
    reply = await check(call_api, method, **fields)
    assert (reply.status, expected in reply.text) == (400, True)


async def test_not_ready(call_api: ApiCall, account: Account) -> None:
    """Nothing is checked without a phone; only in WhatsApp that is an HTTP error."""
    account.state = "notAuthorized"
    reply = await check(call_api, "checkWhatsapp", phoneNumber=NUMBER)
    assert (reply.status, reply.text) == (400, NOT_READY)
    account.messenger = Messenger.TELEGRAM
    reply = await check(call_api, "checkAccount", phoneNumber=NUMBER)
    assert (reply.status, reply.json) == (200, {"status": False, "reason": NOT_READY})


async def test_limits(call_api: ApiCall, account: Account) -> None:
    """The free plan has 100 checks a month; Telegram and MAX limit them, too."""
    account.on_free_plan = True
    assert account.free_plan is not None
    account.free_plan.used["checkWhatsapp"] = 99
    assert (await check(call_api, "checkWhatsapp", phoneNumber=NUMBER)).status == 200
    reply = await check(call_api, "checkWhatsapp", phoneNumber=NUMBER)
    assert reply.status == 466
    assert reply.json["invokeStatus"]["method"] == "checkwhatsapp"
    assert reply.json["invokeStatus"]["status"] == "QUOTE_EXCEEDED"
    account.messenger = Messenger.TELEGRAM
    account.lookups_used_up = True
    reply = await check(call_api, "checkAccount", phoneNumber=NUMBER)
    assert reply.json["reason"] == "User get contact info limit reached"


async def test_no_answer(call_api: ApiCall, account: Account) -> None:
    """A check in WhatsApp may time out."""
    account.unanswered.add(NUMBER)
    reply = await check(call_api, "checkWhatsapp", phoneNumber=NUMBER)
    assert reply.status == 400
    assert reply.text == "check phone number timeout limit exceeded"
