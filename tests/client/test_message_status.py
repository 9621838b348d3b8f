"""Test the request for the status of a message."""

import asyncio
import json
from typing import Final

import pytest

from custom_components.green_api.api import (
    BadResponseError,
    ChatQuotaError,
    GreenApiClient,
    GreenApiError,
    MessageRefusedError,
    MethodQuotaError,
    WrongAddressError,
)
from tests.simulator import Account, Fault
from tests.support.canned import CannedServer
from tests.support.clients import METHODS, PERSONAL, result_or_error
from tests.support.const import TOKEN
from tests.support.request_failures import (
    ALL_FAILURES,
    Failure,
    GoodResponse,
    Outage,
    expected_outcome,
    failing,
)
from tests.support.secrecy import assert_log_is_clean

GET_MESSAGE: Final = METHODS["getMessage"]

QUOTA: Final = {
    "method": "getmessage",
    "used": 1001,
    "total": 1000,
    "status": "QUOTE_EXCEEDED",
}


@pytest.mark.usefixtures("asyncio_debug", "sent_message")
@pytest.mark.parametrize("failure", ALL_FAILURES)
async def test_failure(
    client: GreenApiClient,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    failure: Failure,
) -> None:
    """A failure raises its error after one request, and nothing personal is logged."""
    with failing(failure, "getMessage", account):
        result = await result_or_error(GET_MESSAGE.call(client))
    expected = expected_outcome(failure, "getMessage")
    is_good = expected is GoodResponse.ANSWER
    assert (result == "sent") == is_good
    assert is_good or issubclass(result, GreenApiError)
    assert is_good or result.kind is expected
    assert len(account.requests) == (failure not in Outage)
    await asyncio.sleep(0)  # let something be logged
    assert_log_is_clean(caplog)
    assert [it for it in PERSONAL if it in caplog.text] == []


@pytest.mark.parametrize("form", ["json", "text", "html"])
@pytest.mark.parametrize("calls", [(), ("sendMessage",)])
async def test_missing(
    client: GreenApiClient, account: Account, form: str, calls: tuple[str, ...]
) -> None:
    """A message that is not in the journal is an error, however it is sent."""
    account.journal_errors = form
    for method in calls:
        await METHODS[method].call(client)
    assert await result_or_error(GET_MESSAGE.call(client)) is MessageRefusedError


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"invokeStatus": QUOTA}, MethodQuotaError),
        (
            {
                "invokeStatus": QUOTA,
                "correspondentsStatus": {"status": "CORRESPONDENTS_QUOTE_ALLOWED"},
            },
            MethodQuotaError,
        ),
        (
            {
                "invokeStatus": QUOTA,
                "correspondentsStatus": {"status": "CORRESPONDENTS_QUOTE_EXCEEDED"},
            },
            ChatQuotaError,
        ),
        ("", MethodQuotaError),
        ("<html>466</html>", MethodQuotaError),
    ],
)
async def test_quota(
    canned: CannedServer,
    canned_client: GreenApiClient,
    answer: object,
    expected: type[GreenApiError],
) -> None:
    """The status 466 is a quota, whatever the response contains."""
    body = answer if isinstance(answer, str) else json.dumps(answer)
    canned.respond(466, body)
    assert await result_or_error(GET_MESSAGE.call(canned_client)) is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"statusMessage":"someday"}', "someday"),
        ('{"statusMessage":""}', ""),
        ('{"statusMessage":null}', BadResponseError),
        ('{"statusMessage":["delivered"]}', BadResponseError),
        ('{"type":"incoming","idMessage":"3EB0"}', BadResponseError),
        ('[{"statusMessage":"delivered"}]', BadResponseError),
        ("delivered", BadResponseError),
        ("null", BadResponseError),
        ("<html>delivered</html>", WrongAddressError),
    ],
)
@pytest.mark.usefixtures("asyncio_debug")
async def test_answer(
    canned: CannedServer,
    canned_client: GreenApiClient,
    caplog: pytest.LogCaptureFixture,
    body: str,
    expected: object,
) -> None:
    """The status is a text in its own field."""
    canned.respond(200, body)
    assert await result_or_error(GET_MESSAGE.call(canned_client)) == expected
    assert_log_is_clean(caplog)
    assert [it for it in PERSONAL if it in caplog.text] == []


async def test_wrong_token(client: GreenApiClient, account: Account) -> None:
    """A rejected token is an error like in any other request."""
    account.token = TOKEN[::-1]
    result = await result_or_error(GET_MESSAGE.call(client))
    account.token, account.fault = TOKEN, Fault.UNAUTHORIZED
    assert result is await result_or_error(GET_MESSAGE.call(client))
