"""Test linking an account with a code or a password."""

import json
from typing import Final

import pytest

from custom_components.green_api.api import (
    AuthorizationKind,
    AuthorizationResponse,
    BadResponseError,
    GreenApiClient,
    InstanceStartingError,
)
from tests.simulator import Account, Fault, Messenger
from tests.support.canned import CannedServer
from tests.support.clients import METHODS, PERSONAL, result_or_error
from tests.support.fault_kinds import SLOW
from tests.support.secrecy import assert_log_is_clean

pytestmark = pytest.mark.long(5)

LINKING: Final = (
    "startAuthorization",
    "sendAuthorizationCode",
    "sendAuthorizationPassword",
)


def refusal(reason: str) -> str:
    """Return a response that refuses a code or a password."""
    return json.dumps({"status": True, "data": {"status": "fail", "reason": reason}})


@pytest.mark.parametrize("method", LINKING)
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        *(
            (refusal(kind.value), AuthorizationResponse(kind))
            for kind in AuthorizationKind
            if kind is not AuthorizationKind.ACCEPTED
        ),
        (refusal("accepted"), AuthorizationResponse(AuthorizationKind.REFUSED)),
        (refusal(" Timeout "), AuthorizationResponse(AuthorizationKind.TIMEOUT)),
        (refusal("bad_weather"), AuthorizationResponse(AuthorizationKind.REFUSED)),
        (refusal(""), AuthorizationResponse(AuthorizationKind.REFUSED)),
        (
            '{"status":true,"data":{"status":"success","reason":"already_registered"}}',
            AuthorizationResponse(AuthorizationKind.ALREADY_REGISTERED),
        ),
        (
            '{"status":true,"data":{"status":"success","reason":null}}',
            AuthorizationResponse(AuthorizationKind.ACCEPTED),
        ),
        (
            '{"status":true,"data":{"status":"ok"}}',
            AuthorizationResponse(AuthorizationKind.ACCEPTED),
        ),
        (
            '{"status":true,"data":{"status":"sent","retryAfter":60}}',
            AuthorizationResponse(AuthorizationKind.ACCEPTED, 60),
        ),
        (
            '{"data":{"status":"fail","reason":"rate_limit_exceeded","retryAfter":90}}',
            AuthorizationResponse(AuthorizationKind.RATE_LIMITED, 90),
        ),
        ('{"status":true}', AuthorizationResponse(AuthorizationKind.ACCEPTED)),
        (
            '{"status":false,"reason":"timeout"}',
            AuthorizationResponse(AuthorizationKind.TIMEOUT),
        ),
        (
            '{"status":false,"reason":"instance is starting or not authorized"}',
            InstanceStartingError,
        ),
        ('{"status":"success"}', AuthorizationResponse(AuthorizationKind.ACCEPTED)),
        ('{"data":{"status":1}}', BadResponseError),
        ('{"data":[]}', BadResponseError),
        ("[]", BadResponseError),
        ("null", BadResponseError),
        ("true", BadResponseError),
    ],
)
async def test_authorization(
    canned: CannedServer,
    canned_client: GreenApiClient,
    method: str,
    body: str,
    expected: object,
) -> None:
    """A response to a phone number, a code or a password has one of a few kinds."""
    canned.respond(200, body)
    assert await result_or_error(METHODS[method].call(canned_client)) == expected


async def test_no_password(canned: CannedServer, canned_client: GreenApiClient) -> None:
    """A code is sent without a password if there is none."""
    canned.respond(200, '{"status":true}')
    await canned_client.send_authorization_code("48151")
    assert canned.requests[0].data == {"code": "48151"}


@pytest.mark.usefixtures("asyncio_debug")
@pytest.mark.parametrize("method", LINKING)
@pytest.mark.parametrize("fault", sorted({*Fault} - {*SLOW}))
async def test_fault(
    client: GreenApiClient,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    method: str,
    fault: Fault,
) -> None:
    """Whatever the response, the request is made once, and no log has its content."""
    account.messenger = Messenger.TELEGRAM
    account.fault = fault
    result = await result_or_error(METHODS[method].call(client))
    assert [request.method for request in account.requests] == [method]
    assert account.redirects_followed == 0
    assert_log_is_clean(caplog)
    assert not [it for it in PERSONAL if it in f"{result} {caplog.text}"]
