"""Add an account of a server that means harm, and look at all that people see then.

Whoever owns the server at the API URL knows the token already. What else it can do is
bounded: what it says is never shown, but for a code, a picture and, in the log and in
diagnostics, the word for a state; it is sent nowhere else; it fills no memory.
"""

from base64 import b64encode
from collections.abc import AsyncGenerator
import json
from socket import AF_INET, AI_NUMERICHOST, AddressFamily
from typing import Any, Final
from urllib.parse import quote

from aiohttp import ClientTimeout
from aiohttp.abc import ResolveResult
from aiohttp.resolver import AsyncResolver
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
import segno

from custom_components.green_api.api import ErrorKind, transport
from custom_components.green_api.const import (
    DOMAIN,
)
from custom_components.green_api.coordinator import (
    FRESH_FOR,
    MAX_RATE_LIMIT_DELAY,
    MIN_RATE_LIMIT_DELAY,
    RATE_LIMIT_DELAY,
)
from custom_components.green_api.unknown_states import MAX_LOGGED_STATES
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from tests.simulator import Account
from tests.support.canned import CannedServer
from tests.support.const import INSTANCE_ID, TOKEN
from tests.support.entities import ERROR, RESTRICTED_UNTIL, STATE
from tests.support.entries import entry_of
from tests.support.person import Person, Shown, async_meet, hurry, said
from tests.support.secrecy import Listener, token_leaks

# By this one finds again whatever the server says.
MARK: Final = "EVIL"

TEXTS: Final = {
    "markup": f"<img src=x onerror=alert({MARK})><ha-alert>{MARK}</ha-alert>",
    "markdown": f"# {MARK}\n![{MARK}](https://evil.example/{MARK}.png) [{MARK}](/x)",
    "script": f"javascript:alert('{MARK}')",
    "template": f"{{{{ states }}}} {{name}} {{console_url}} %s %(x)s {MARK}",
    "control characters": f"{MARK}\r\nERROR (MainThread) \x1b[2J\x00\x07\x85\u2028{MARK}",
    "writing direction": f"{MARK}\u202e{MARK}\u2066",
    "half a character": f"{MARK}\ud800",
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


# The word for a state is the only one that is shown.
OTHER_FIELDS: Final = [field for field in HEALTHY if field != "stateInstance"]


@pytest.fixture
async def server(socket_enabled: None) -> AsyncGenerator[CannedServer]:
    """Run a server that means harm, but has done none yet."""
    async with CannedServer() as server:
        say(server)
        yield server


@pytest.fixture
def url(server: CannedServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address of the server by name: cookies are for names alone."""

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
async def person(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> Person:
    """Return somebody with an account at the server, not set up yet."""
    hurry(monkeypatch)
    nobody = Account(INSTANCE_ID, TOKEN)
    return await async_meet(hass, hass_client, nobody, config_entry)


def say(server: CannedServer, **fields: Any) -> None:
    """Set the fields of every answer of the server."""
    server.say(200, json.dumps(HEALTHY | fields))


async def go_everywhere(person: Person, server: CannedServer, answer: bytes) -> None:
    """Meet the same answer wherever something may be shown of it."""
    say(server)
    await person.start()
    by_qr_code, by_code = await person.repair(), await person.repair()
    server.answer = answer
    await person.see_image()
    await ask_for_qr_code(person, by_qr_code)
    await ask_for_code(person, by_code)
    await person.press()
    await person.start()


async def ask_for_qr_code(person: Person, dialog: Shown) -> Shown:
    """Ask for a QR code in the dialog that links an account, and close it again."""
    if dialog["type"] == "abort":
        # The state of the account, which comes first, was no answer either.
        return dialog
    dialog = await person.follow(
        await person.choose(dialog, "qr_code"),
        lambda shown: shown.get("progress_action") != "get_qr_code",
    )
    await person.close(dialog)
    return dialog


async def ask_for_code(person: Person, dialog: Shown) -> Shown:
    """Ask for a code in the dialog that links an account, and close it again."""
    dialog = await person.choose(dialog, "phone_number")
    dialog = await person.submit(dialog, phone_number="79001234567")
    await person.close(dialog)
    return dialog


# What it says


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
async def test_text_is_not_shown(
    server: CannedServer, person: Person, listener: Listener, text: str
) -> None:
    """What the server says in any field is neither shown nor logged."""
    for field in OTHER_FIELDS:
        say(server, **{field: text})
        await go_everywhere(person, server, server.answer)
        say(server, **{"stateInstance": "suspended", field: text})
        await person.start()

    output = (*listener.lines, *person.seen(), *await person.diagnostics())
    assert [line for line in output if MARK in line] == []


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
async def test_state_is_told_with_care(
    server: CannedServer,
    person: Person,
    listener: Listener,
    hass_storage: dict[str, Any],
    text: str,
) -> None:
    """The word for a state is not shown, and logged in a line that nothing breaks."""
    say(server, stateInstance=text)
    await person.start()
    # What is remembered is written when Home Assistant stops, at the latest.
    person.hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await person.settle()

    assert person.state(STATE) == "unknown"
    assert [line for line in person.seen() if MARK in line] == []
    (line,) = [line for line in listener.lines if MARK in line]
    assert line.isprintable()
    assert len(line) < 250
    (diagnostics,) = await person.diagnostics()
    assert len(diagnostics) < 1500
    for kept in (diagnostics, json.dumps(hass_storage[DOMAIN], ensure_ascii=False)):
        assert MARK in kept
        assert kept.encode()


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 429, 466, 500])
async def test_head_is_not_shown(
    server: CannedServer, person: Person, listener: Listener, status: int
) -> None:
    """What the server says in the head of an answer is neither shown nor logged."""
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
    await go_everywhere(person, server, answer)

    output = (*listener.lines, *person.seen(), *await person.diagnostics())
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
async def test_token_is_not_repeated(
    server: CannedServer,
    person: Person,
    listener: Listener,
    status: int,
    fields: list[str],
    echo: str,
) -> None:
    """A token that the server echoes is neither shown nor logged, nor kept elsewhere."""
    server.say(
        status,
        json.dumps(HEALTHY | dict.fromkeys(fields, echo) | {"path": echo}),
        Set_Cookie=f"{echo}=1; Path={echo}",
        Location=echo,
        Retry_After=echo,
    )
    await go_everywhere(person, server, server.answer)

    output = (*listener.lines, *person.seen(), *await person.diagnostics())
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
    server: CannedServer, person: Person, code: object, shown: str | None
) -> None:
    """A code is shown if it is one; nothing else is."""
    await person.start()
    say(server, code=code)

    dialog = await ask_for_code(person, await person.repair())

    assert dialog["description_placeholders"].get("code") == shown
    assert said(dialog) == ("progress enter_code" if shown else "form no_code")


def png(width: int, height: int, size: int = 0) -> str:
    """Return the beginning of a picture, and blanks after it, in base64."""
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
    server: CannedServer, person: Person, message: object
) -> None:
    """What is no picture of a bearable size is not shown."""
    await person.start()
    say(server, message=message)

    assert (
        said(await ask_for_qr_code(person, await person.repair()))
        == "abort bad_response"
    )
    assert await person.see_image() == "500 text/plain"


async def test_large_picture(server: CannedServer, person: Person) -> None:
    """A picture that is still bearable is shown, and not much larger than it is."""
    await person.start()
    say(server, message=png(4096, 4096, size=180 * 1024))

    dialog = await ask_for_qr_code(person, await person.repair())

    assert said(dialog) == "progress scan_qr_code"
    assert len(json.dumps(dialog)) < 256 * 1024
    assert await person.see_image() == "200 image/png"


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
    person: Person,
    time_zone: str,
    seconds: object,
    year: int | None,
) -> None:
    """An end of a restriction that no clock shows is none."""
    await hass.config.async_set_time_zone(time_zone)
    say(server, stateInstance="suspended", suspendedUntil=seconds)
    await person.start()

    (issue,) = ir.async_get(hass).issues.values()
    until = issue.translation_placeholders.get("until", "")
    assert person.state(RESTRICTED_UNTIL)[:4] == (f"{year}" if year else "unkn")
    assert bool(until) is bool(year)


# What it asks for


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
    server: CannedServer, person: Person, retry_after: str, delay: float
) -> None:
    """The server may ask to be left alone, but neither never nor for ever."""
    await person.start()
    server.say(429, "", Retry_After=retry_after)

    await person.wait()

    # At the latest when the last answer is no longer fresh, the state goes.
    interval = person.entry.runtime_data.coordinator.update_interval.total_seconds()
    assert interval == pytest.approx(min(delay, FRESH_FOR), abs=1)


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
async def test_redirect(server: CannedServer, person: Person, target: str) -> None:
    """The server cannot send Home Assistant anywhere, least of all with the token."""
    await person.start()
    for status in (300, 301, 302, 303, 305, 307, 308):
        server.say(status, json.dumps(HEALTHY), Location=target)
        server.requests.clear()
        await person.wait()

        assert person.state(STATE) == "unavailable"
        assert (
            person.entry.runtime_data.coordinator.data.error is ErrorKind.WRONG_ADDRESS
        )
        assert len(server.requests) == 1


# What it tries to fill


async def test_cookies(
    hass: HomeAssistant, server: CannedServer, person: Person, url: str
) -> None:
    """A cookie is not kept in the session that all of Home Assistant uses."""
    await person.start()
    server.say(
        200,
        json.dumps(HEALTHY),
        Set_Cookie="session=stolen; Max-Age=99999999; Path=/",
    )

    await go_everywhere(person, server, server.answer)

    session = async_get_clientsession(hass)
    assert list(session.cookie_jar) == []
    assert {request.headers["Cookie"] for request in server.requests} == {None}
    # Another one would be.
    await session.get(url)
    assert [cookie.key for cookie in session.cookie_jar] == ["session"]


async def test_states_without_end(
    server: CannedServer, person: Person, listener: Listener
) -> None:
    """States that are made up one after the other fill neither memory nor log."""
    await person.start()
    for number in range(200):
        say(server, stateInstance=f"{MARK} {number}")
        await person.entry.runtime_data.coordinator.async_refresh()

    assert f"{MARK} 199" in (await person.diagnostics())[0]
    output = [line for line in listener.lines if MARK in line]
    assert len(output) == MAX_LOGGED_STATES
    unknown_states = person.entry.runtime_data.coordinator._unknown_states
    assert len(unknown_states._logged) == MAX_LOGGED_STATES


async def test_promises_without_end(
    server: CannedServer, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that keeps saying that it is about to answer is not waited for."""
    monkeypatch.setattr(transport, "TIMEOUT", ClientTimeout(total=0.2))
    server.answer = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 50_000

    await person.hass.config_entries.async_setup(person.entry.entry_id)

    assert person.entry.state is ConfigEntryState.LOADED
    assert person.state(ERROR) == ErrorKind.CANNOT_CONNECT
