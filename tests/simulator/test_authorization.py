"""Test linking accounts of Telegram and MAX with codes and passwords."""

from freezegun.api import FrozenDateTimeFactory
import pytest

from .account import Account
from .api_requests import ApiCall, Reply
from .authorization import ATTEMPTS, SENT_CODE_LIFE
from .messengers import Messenger
from .server import Simulator

PHONE = {"phoneNumber": 79001234567}
PASSWORD = "correct horse battery"
SUCCESS = {"status": True, "data": {"status": "success", "reason": ""}}

of_both = pytest.mark.parametrize("messenger", [Messenger.TELEGRAM, Messenger.MAX])


def failure(reason: str) -> object:
    """Return the response that refuses something for a reason."""
    return {"status": True, "data": {"status": "fail", "reason": reason}}


@pytest.fixture
def messenger() -> Messenger:
    """Return the messenger of the account."""
    return Messenger.TELEGRAM


@pytest.fixture
def account(simulator: Simulator, account: Account, messenger: Messenger) -> Account:
    """Return an account that is not linked."""
    simulator.enforce_limits = False
    account.messenger = messenger
    account.state = "notAuthorized"
    return account


async def start(call_api: ApiCall) -> object:
    """Make the messenger send a code."""
    return (await call_api("startAuthorization", verb="POST", content=PHONE)).json


async def send_code(call_api: ApiCall, code: str | None, **more: str) -> object:
    """Send a code."""
    content = {"code": code} | more
    return (await call_api("sendAuthorizationCode", verb="POST", content=content)).json


async def send_password(call_api: ApiCall, password: str = PASSWORD) -> object:
    """Send a password."""
    reply: Reply = await call_api(
        "sendAuthorizationPassword", verb="POST", content={"password": password}
    )
    return reply.json


@pytest.mark.parametrize(
    ("messenger", "state", "answer"),
    [
        (
            Messenger.TELEGRAM,
            "notAuthorized",
            {"type": "pending_password", "message": ""},
        ),
        (
            Messenger.MAX,
            "pendingCode",
            {"type": "pendingPassword", "message": "2FA password required"},
        ),
    ],
)
async def test_code_and_password(
    call_api: ApiCall,
    account: Account,
    freezer: FrozenDateTimeFactory,
    state: str,
    answer: object,
) -> None:
    """A code is not enough for an account that has a password."""
    account.cloud_password = PASSWORD
    account.wid = "1@c.us"
    assert await start(call_api) == SUCCESS
    assert account.state == state
    assert await send_code(call_api, "") == failure("invalid_code")
    code = account.authorization.code
    assert await send_code(call_api, code) == failure("invalid_password")
    assert account.state == "pendingPassword"
    assert (await call_api("qr")).json == answer
    assert await send_password(call_api, "?") == failure("invalid_password")
    assert await send_password(call_api) == SUCCESS
    freezer.tick(account.link_seconds)
    assert account.state == "authorized"
    assert account.wid == "79001234567@c.us"
    for again in (start(call_api), send_code(call_api, code), send_password(call_api)):
        assert await again == failure("already_registered")


@of_both
async def test_scan_and_password(
    call_api: ApiCall, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """The password is asked for after the QR code was scanned."""
    account.cloud_password = PASSWORD
    await call_api("qr")
    assert account.scan()
    freezer.tick(account.link_seconds)
    assert account.state == "pendingPassword"
    assert await send_password(call_api) == SUCCESS
    freezer.tick(account.link_seconds)
    assert account.state == "authorized"


async def test_code_with_password(call_api: ApiCall, account: Account) -> None:
    """The password can be sent with the code."""
    account.cloud_password = PASSWORD
    await start(call_api)
    code = account.authorization.code
    assert await send_code(call_api, code, password="?") == failure("invalid_password")
    assert await send_code(call_api, code, password=PASSWORD) == SUCCESS


async def test_code_alone_succeeds(call_api: ApiCall, account: Account) -> None:
    """A server may accept a code although the password is missing."""
    account.cloud_password = PASSWORD
    account.authorization.code_alone_succeeds = True
    await start(call_api)
    assert await send_code(call_api, account.authorization.code) == SUCCESS
    assert account.state == "pendingPassword"


@of_both
async def test_life_of_a_code(
    call_api: ApiCall, account: Account, freezer: FrozenDateTimeFactory
) -> None:
    """A code is valid for five minutes, in which no other one is sent."""
    await start(call_api)
    code = account.authorization.code
    freezer.tick(SENT_CODE_LIFE - 1)
    await start(call_api)
    assert account.authorization.code == code
    freezer.tick(1)
    assert account.authorization.code is None
    assert await send_code(call_api, code) == failure("timeout")
    await start(call_api)
    assert await send_code(call_api, account.authorization.code) == SUCCESS


@pytest.mark.parametrize("with_password", [True, False])
async def test_too_many_attempts(
    call_api: ApiCall, account: Account, *, with_password: bool
) -> None:
    """After some attempts, everything is refused."""
    send = send_password if with_password else send_code
    await start(call_api)
    account.cloud_password = PASSWORD
    account.state = "pendingPassword" if with_password else "pendingCode"
    for _ in range(ATTEMPTS):
        await send(call_api, "?")
    account.authorization.retry_after = 90
    assert await send(call_api, "?") == {
        "status": True,
        "data": {
            "status": "fail",
            "reason": "rate_limit_exceeded",
            "retryAfter": 90,
        },
    }


async def test_not_started(call_api: ApiCall, account: Account) -> None:
    """Nothing can be sent that was not asked for."""
    assert await send_code(call_api, "12345") == failure("authorization_not_started")
    assert await send_password(call_api) == failure("authorization_not_started")


async def test_forced_reason(call_api: ApiCall, account: Account) -> None:
    """Any reason can be set."""
    account.authorization.reason = "bad_weather"
    for answer in (start(call_api), send_code(call_api, "1"), send_password(call_api)):
        assert await answer == failure("bad_weather")


async def test_code_of_a_blocked_account(call_api: ApiCall, account: Account) -> None:
    """No code is sent in states in which no account can be linked."""
    account.state = "blocked"
    reply = await call_api("startAuthorization", verb="POST", content=PHONE)
    assert (reply.status, reply.text) == (400, "instance is starting or not authorized")


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("content", [{}, {"code": 12345}])
async def test_parameters_that_are_refused(call_api: ApiCall, content: object) -> None:
    """A code is a text."""
    reply = await call_api("sendAuthorizationCode", verb="POST", content=content)
    assert reply.status == 400
    assert "Validation failed. Details: 'code' must be a string" in reply.text


async def test_password_of_whatsapp(call_api: ApiCall, account: Account) -> None:
    """WhatsApp has neither these methods nor such a password."""
    account.messenger = Messenger.WHATSAPP
    account.cloud_password = PASSWORD
    for method in ("startAuthorization", "sendAuthorizationCode"):
        assert (await call_api(method, verb="POST", content=PHONE)).status == 404
    await call_api("qr")
    account.link_seconds = 0
    assert account.scan()
    assert account.state == "authorized"
