"""Test an account on a malicious server, and everything that users see of it.

The owner of the server at the API URL already knows the token. What else the server can
do is limited: its texts are never shown, except for a code, a picture and, in the log
and in diagnostics, the name of a state; they are sent nowhere else; they fill no
memory.
"""

from base64 import b64encode
from collections.abc import AsyncGenerator
import json
from socket import AF_INET, AI_NUMERICHOST, AddressFamily
from typing import Any, Final
from urllib.parse import quote

from aiohttp.abc import ResolveResult
from aiohttp.resolver import AsyncResolver
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
import segno

from custom_components.green_api.api import ErrorKind
from custom_components.green_api.const import (
    DOMAIN,
)
from custom_components.green_api.coordinator import (
    MAX_RATE_LIMIT_DELAY,
    MIN_RATE_LIMIT_DELAY,
    RATE_LIMIT_DELAY,
)
from custom_components.green_api.decisions.freshness import GOOD_FOR
from custom_components.green_api.monitors import MAX_LOGGED_STATES
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from tests.simulator import Account
from tests.support.canned import CannedServer
from tests.support.clients import request_timeout
from tests.support.const import INSTANCE_ID, TOKEN
from tests.support.entities import ERROR, RESTRICTED_UNTIL, STATE
from tests.support.entries import entry_of
from tests.support.secrecy import LogRecorder, token_leaks
from tests.support.simulated_user import (
    FlowResponse,
    SimulatedUser,
    async_create_user,
    shorten_waits,
    summary_of,
)

pytestmark = pytest.mark.long(20)

# A marker that finds everything that the server says.
MARK: Final = "EVIL"

TEXTS: Final = {
    "markup": f"<img src=x onerror=alert({MARK})><ha-alert>{MARK}</ha-alert>",
    "markdown": f"# {MARK}\n![{MARK}](https://evil.example/{MARK}.png) [{MARK}](/x)",
    "script": f"javascript:alert('{MARK}')",
    "template": f"{{{{ states }}}} {{name}} {{console_url}} %s %(x)s {MARK}",
    "control characters": (
        f"{MARK}\r\nERROR (MainThread) \x1b[2J\x00\x07\x85\u2028{MARK}"
    ),
    "writing direction": f"{MARK}\u202e{MARK}\u2066",
    "lone surrogate": f"{MARK}\ud800",
    "very long": MARK * 50_000,
}


HEALTHY: Final[dict[str, Any]] = {
    "stateInstance": "notAuthorized",
    "typeInstance": "whatsapp",
    "wid": "79001234567@c.us",
    "webhookUrl": "",
    "stateWebhook": "no",
    "suspendedUntil": 1800000000,
    "count": 7,
    "type": "qrCode",
    "message": segno.make("2@healthy").png_data_uri().partition(",")[2],
    "status": True,
    "code": "GAPI2015",
    "isReboot": True,
}


# The name of a state is the only text that is shown.
OTHER_FIELDS: Final = [field for field in HEALTHY if field != "stateInstance"]


@pytest.fixture
async def server(socket_enabled: None) -> AsyncGenerator[CannedServer]:
    """Run a malicious server that behaves well so far."""
    async with CannedServer() as server:
        set_fields(server)
        yield server


@pytest.fixture
def url(server: CannedServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of the server with a host name: cookies need a name."""

    async def resolve(
        resolver: AsyncResolver, host: str, port: int, family: AddressFamily
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=port,
                family=AF_INET,
                proto=0,
                flags=AI_NUMERICHOST,
            )
        ]

    monkeypatch.setattr(AsyncResolver, "resolve", resolve)
    return server.url.replace("127.0.0.1", "localhost")


@pytest.fixture
def config_entry(url: str) -> MockConfigEntry:
    """Return the config entry of the account."""
    return entry_of(url, INSTANCE_ID)


@pytest.fixture
async def user(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> SimulatedUser:
    """Return a user with an account on the server, not set up yet."""
    shorten_waits(monkeypatch)
    unused_account = Account(INSTANCE_ID, TOKEN)
    return await async_create_user(hass, hass_client, unused_account, config_entry)


def set_fields(server: CannedServer, **fields: Any) -> None:
    """Set the fields of every response of the server."""
    server.respond(200, json.dumps(HEALTHY | fields))


async def show_everywhere(
    user: SimulatedUser, server: CannedServer, answer: bytes
) -> None:
    """Trigger the same response wherever part of it may be shown."""
    set_fields(server)
    await user.start()
    by_qr_code, by_code = await user.start_fix_flow(), await user.start_fix_flow()
    server.response = answer
    await user.fetch_image()
    await ask_for_qr_code(user, by_qr_code)
    await ask_for_code(user, by_code)
    await user.press()
    await user.start()


async def ask_for_qr_code(user: SimulatedUser, dialog: FlowResponse) -> FlowResponse:
    """Request a QR code in the dialog that links an account, and close it again."""
    if dialog["type"] == "abort":
        # The request for the state of the account, which comes first, failed as well.
        return dialog
    dialog = await user.poll_until(
        await user.select_option(dialog, "qr_code"),
        lambda shown: shown.get("progress_action") != "get_qr_code",
    )
    await user.close(dialog)
    return dialog


async def ask_for_code(user: SimulatedUser, dialog: FlowResponse) -> FlowResponse:
    """Request a code in the dialog that links an account, and close it again."""
    dialog = await user.select_option(dialog, "phone_number")
    dialog = await user.submit(dialog, phone_number="79001234567")
    await user.close(dialog)
    return dialog


# What the server says


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
async def test_text_not_shown(
    server: CannedServer, user: SimulatedUser, log_recorder: LogRecorder, text: str
) -> None:
    """Test that no text of the server is shown or logged, in any field."""
    for field in OTHER_FIELDS:
        set_fields(server, **{field: text})
        await show_everywhere(user, server, server.response)
        set_fields(server, **{"stateInstance": "suspended", field: text})
        await user.start()

    output = (*log_recorder.lines, *user.all_shown(), *await user.diagnostics())
    assert [line for line in output if MARK in line] == []


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
async def test_state_name_escaped(
    server: CannedServer,
    user: SimulatedUser,
    log_recorder: LogRecorder,
    hass_storage: dict[str, Any],
    text: str,
) -> None:
    """Test that a state's name is not shown, and cannot break its line in the log."""
    set_fields(server, stateInstance=text)
    await user.start()
    # Stored data is written when Home Assistant stops, at the latest.
    user.hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await user.settle()

    assert user.state(STATE) == "unknown"
    assert [line for line in user.all_shown() if MARK in line] == []
    (line,) = [line for line in log_recorder.lines if MARK in line]
    assert line.isprintable()
    assert len(line) < 250
    (diagnostics,) = await user.diagnostics()
    assert len(diagnostics) < 1500
    for kept in (diagnostics, json.dumps(hass_storage[DOMAIN], ensure_ascii=False)):
        assert MARK in kept
        assert kept.encode()


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 429, 466, 500])
async def test_headers_not_shown(
    server: CannedServer, user: SimulatedUser, log_recorder: LogRecorder, status: int
) -> None:
    """Test that no header of a response is shown or logged."""
    answer = (
        f"HTTP/1.1 {status} <b>{MARK}</b>\r\n"
        f"Content-Type: application/json; charset={MARK}; {MARK}=<b>\r\n"
        f"Location: javascript:alert('{MARK}')\r\n"
        f"Link: <javascript:{MARK}>; rel={MARK}\r\n"
        f"Refresh: 0; url=https://evil.example/{MARK}\r\n"
        f"Retry-After: <b>{MARK}</b>\r\n"
        f"Server: {MARK}\r\n"
        f"Set-Cookie: {MARK}={MARK}\r\n"
        f"Set-Cookie: <b>{MARK}</b>={MARK}\r\n"
        f"WWW-Authenticate: Basic realm=<b>{MARK}</b>\r\n"
        f"X-{MARK}: {MARK}\r\n\r\n{json.dumps(HEALTHY)}"
    ).encode()
    await show_everywhere(user, server, answer)

    output = (*log_recorder.lines, *user.all_shown(), *await user.diagnostics())
    assert [line for line in output if MARK in line] == []


@pytest.mark.parametrize(
    "echo",
    [
        TOKEN,
        quote(TOKEN, safe=""),
        f"/waInstance{INSTANCE_ID}/getStateInstance/{quote(TOKEN, safe='')}",
    ],
)
@pytest.mark.parametrize("fields", [["stateInstance"], OTHER_FIELDS])
@pytest.mark.parametrize("status", [200, 400, 500])
async def test_token_not_repeated(
    server: CannedServer,
    user: SimulatedUser,
    log_recorder: LogRecorder,
    status: int,
    fields: list[str],
    echo: str,
) -> None:
    """Test that a token that the server echoes is not shown, logged or stored again."""
    server.respond(
        status,
        json.dumps(HEALTHY | dict.fromkeys(fields, echo) | {"path": echo}),
        Set_Cookie=f"{echo}=1; Path={echo}",
        Location=echo,
        Retry_After=echo,
    )
    await show_everywhere(user, server, server.response)

    output = (*log_recorder.lines, *user.all_shown(), *await user.diagnostics())
    assert token_leaks(*output) == []


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("GAPI2015", "GAPI\u20112015"),
        ("12345678", "1234\u20115678"),
        *(
            (code, None)
            for code in (
                "",
                "GAPI 2015",
                "GAPI\n2015",
                "**GAPI**",
                "[GAPI](https://evil.example)",
                "![GAPI](https://evil.example/x.png)",
                "<b>GAPI2015</b>",
                "{{ 2015 }}",
                "GAPI\u202e2015",
                "GAPI\ud800",
                "G" * 65,
                2015,
                None,
                ["GAPI2015"],
            )
        ),
    ],
)
async def test_code(
    server: CannedServer, user: SimulatedUser, code: object, shown: str | None
) -> None:
    """Test that only a valid code is shown."""
    await user.start()
    set_fields(server, code=code)

    dialog = await ask_for_code(user, await user.start_fix_flow())

    assert dialog["description_placeholders"].get("code") == shown
    assert summary_of(dialog) == ("progress enter_code" if shown else "form no_code")


def png(width: int, height: int, size: int = 0) -> str:
    """Return the start of a PNG picture, padded with spaces, in base64."""
    head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
    sides = width.to_bytes(4) + height.to_bytes(4)
    return b64encode(head + sides + b" " * size).decode()


@pytest.mark.parametrize(
    "message",
    [
        "",
        "https://evil.example/x.png",
        "data:image/png;base64,iVBORw0KGgo=",
        'iVBORw0KGgo=")](javascript:alert(1))',
        b64encode(b"<svg onload='alert(1)'/>").decode(),
        b64encode(b"GIF89a").decode(),
        png(0, 300),
        png(300, 0),
        png(300, 300)[:12],
        png(4097, 300),
        png(300, 0xFFFFFFFF),
        png(300, 300, size=256 * 1024),
        png(300, 300) + "\n",
        300,
        None,
    ],
)
async def test_no_picture(
    server: CannedServer, user: SimulatedUser, message: object
) -> None:
    """Test that only a picture of a reasonable size is shown."""
    await user.start()
    set_fields(server, message=message)

    assert (
        summary_of(await ask_for_qr_code(user, await user.start_fix_flow()))
        == "abort bad_response"
    )
    assert await user.fetch_image() == "500 text/plain"


async def test_large_picture(server: CannedServer, user: SimulatedUser) -> None:
    """Test that a large picture is shown within the limit, at about its own size."""
    await user.start()
    set_fields(server, message=png(4096, 4096, size=180 * 1024))

    dialog = await ask_for_qr_code(user, await user.start_fix_flow())

    assert summary_of(dialog) == "menu scan_qr_code"
    assert len(json.dumps(dialog)) < 256 * 1024
    assert await user.fetch_image() == "200 image/png"


@pytest.mark.parametrize(
    ("seconds", "year"),
    [
        (1, 1970),
        (1800000000, 2027),
        (253370764799, 9998),
        (253370764800, None),
        (253402300799, None),
        (253402300800, None),
        (1800000000000, None),
        (10**30, None),
        (10**400, None),
        (-1, None),
        (0, None),
        (1800000000.5, None),
        ("1800000000", None),
        (True, None),
    ],
)
@pytest.mark.parametrize("time_zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
async def test_end_of_restriction(
    hass: HomeAssistant,
    server: CannedServer,
    user: SimulatedUser,
    time_zone: str,
    seconds: object,
    year: int | None,
) -> None:
    """Test that an impossible end of a restriction is ignored.

    One that is over is not shown in the repair.
    """
    await hass.config.async_set_time_zone(time_zone)
    set_fields(server, stateInstance="suspended", suspendedUntil=seconds)
    await user.start()

    (issue,) = ir.async_get(hass).issues.values()
    until = issue.translation_placeholders.get("until", "")
    assert user.state(RESTRICTED_UNTIL)[:4] == (f"{year}" if year else "unkn")
    assert bool(until) is (year in {2027, 9998})


# What the server asks for


@pytest.mark.parametrize(
    ("retry_after", "delay"),
    [
        ("30", 30),
        (" 30 ", 30),
        ("0.5", MIN_RATE_LIMIT_DELAY),
        ("1e-300", MIN_RATE_LIMIT_DELAY),
        ("3601", MAX_RATE_LIMIT_DELAY),
        ("1e300", MAX_RATE_LIMIT_DELAY),
        *(
            (retry_after, RATE_LIMIT_DELAY)
            for retry_after in (
                "",
                "0",
                "-30",
                "1e999",
                "-inf",
                "nan",
                "9" * 4000,
                "0x10",
                "soon",
                "30, 60",
                "Wed, 21 Oct 2026 07:28:00 GMT",
                "<b>30</b>",
            )
        ),
    ],
)
async def test_retry_after(
    server: CannedServer, user: SimulatedUser, retry_after: str, delay: float
) -> None:
    """Test that the wait that the server asks for has a minimum and a maximum."""
    await user.start()
    server.respond(429, "", Retry_After=retry_after)

    await user.wait()

    # The state is removed when the last response is no longer fresh, at the latest.
    interval = user.entry.runtime_data.coordinator.update_interval.total_seconds()
    assert interval == pytest.approx(min(delay, GOOD_FOR), abs=1)


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:application/json,{}",
        "//evil.example/",
        "http://127.0.0.1:8123/",
        "https://user:password@evil.example/",
        "/elsewhere",
        "http://[",
        "\xff",
        "",
    ],
)
async def test_redirect(server: CannedServer, user: SimulatedUser, target: str) -> None:
    """Test that redirects are not followed, least of all with the token."""
    await user.start()
    for status in (300, 301, 302, 303, 305, 307, 308):
        server.respond(status, json.dumps(HEALTHY), Location=target)
        server.requests.clear()
        await user.wait()

        assert user.state(STATE) == "unavailable"
        assert user.entry.runtime_data.coordinator.data.error is ErrorKind.WRONG_ADDRESS
        assert len(server.requests) == 1


# What the server tries to fill


async def test_cookies(
    hass: HomeAssistant, server: CannedServer, user: SimulatedUser, url: str
) -> None:
    """Test that no cookie is stored in the session that Home Assistant shares."""
    await user.start()
    server.respond(
        200,
        json.dumps(HEALTHY),
        Set_Cookie="session=stolen; Max-Age=99999999; Path=/",
    )

    await show_everywhere(user, server, server.response)

    session = async_get_clientsession(hass)
    assert list(session.cookie_jar) == []
    assert {request.headers["Cookie"] for request in server.requests} == {None}
    # A cookie of another server would be.
    await session.get(url)
    assert [cookie.key for cookie in session.cookie_jar] == ["session"]


async def test_endless_states(
    server: CannedServer, user: SimulatedUser, log_recorder: LogRecorder
) -> None:
    """Test that endless new states fill neither memory nor log."""
    await user.start()
    for number in range(200):
        set_fields(server, stateInstance=f"{MARK} {number}")
        await user.entry.runtime_data.coordinator.async_refresh()

    assert f"{MARK} 199" in (await user.diagnostics())[0]
    output = [line for line in log_recorder.lines if MARK in line]
    assert len(output) == MAX_LOGGED_STATES
    unknown_states = user.entry.runtime_data.coordinator._unknown_states
    assert len(unknown_states._logged) == MAX_LOGGED_STATES


async def test_endless_promises(server: CannedServer, user: SimulatedUser) -> None:
    """Test that a server that keeps announcing a response times out."""
    server.response = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 50_000

    with request_timeout(0.3):
        await user.hass.config_entries.async_setup(user.entry.entry_id)
        await user.settle()

    assert user.entry.state is ConfigEntryState.LOADED
    assert user.state(ERROR) == ErrorKind.CANNOT_CONNECT
