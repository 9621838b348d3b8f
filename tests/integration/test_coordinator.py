"""Test when an account is polled, and how each response is handled."""

import asyncio
from collections import Counter
from datetime import datetime
import json
import logging
from typing import Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.green_api.api import (
    ErrorKind,
    GreenApiClient,
    Messenger,
    Settings,
)
from custom_components.green_api.const import DOMAIN
from custom_components.green_api.coordinator import MIN_RATE_LIMIT_DELAY
from homeassistant.components.homeassistant import (
    DOMAIN as HOMEASSISTANT_DOMAIN,
    SERVICE_UPDATE_ENTITY,
)
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntryState,
)
from homeassistant.const import (
    ATTR_ENTITY_ID,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import (
    async_track_state_change_event,
    async_track_state_report_event,
)
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.simulator import Account, Fault, Simulator
from tests.support.const import INSTANCE_ID, TOKEN
from tests.support.entities import (
    BUTTON,
    CONNECTIVITY,
    ERROR,
    PROBLEM,
    RESTRICTED_UNTIL,
    STATE,
)
from tests.support.entries import entry_of
from tests.support.fault_kinds import FAULTS_AND_KINDS
from tests.support.helpers import async_advance, async_polls, async_press, async_set_up
from tests.support.secrecy import assert_hidden
from tests.support.translation_check import ENGLISH
from tests.support.wait_until import async_wait_until

pytestmark = pytest.mark.long(12)

ACCOUNT: Final = "GREEN-API 1101000001"

EXCEPTIONS: Final = json.loads(ENGLISH.read_text())["exceptions"]
RECOVERED: Final = ("INFO", f"Fetching {ACCOUNT} data recovered")

MINUTE: Final = 60

# Failures that discard the last response.
DOUBTS: Final = [
    parameters
    for parameters in FAULTS_AND_KINDS
    if ErrorKind.RATE_LIMITED not in parameters.values
]


def text(kind: str) -> str:
    """Return the text that is shown for a failure of the account."""
    return EXCEPTIONS[kind]["message"].format(name=ACCOUNT, minutes=2).rstrip(".")


def method_counts(account: Account) -> Counter[str]:
    """Return how often each method was requested."""
    return Counter(request.method for request in account.requests)


def polls(account: Account) -> int:
    """Return how often the state of an account was requested."""
    return method_counts(account)["getStateInstance"]


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Return what the integration has logged."""
    return [
        (record.levelname, record.getMessage())
        for record in caplog.records
        if record.name.startswith("custom_components")
        and record.levelno > logging.DEBUG
    ]


def reauth_flows(hass: HomeAssistant, entry: MockConfigEntry) -> list[str]:
    """Return the flows that ask for a new token."""
    return [
        flow["flow_id"] for flow in entry.async_get_active_flows(hass, {SOURCE_REAUTH})
    ]


def open_flows(hass: HomeAssistant, entry: MockConfigEntry) -> list[str]:
    """Return all flows of an account."""
    sources = {SOURCE_REAUTH, SOURCE_RECONFIGURE}
    return [flow["flow_id"] for flow in entry.async_get_active_flows(hass, sources)]


def watch(hass: HomeAssistant) -> list[str]:
    """Return the entities whose states are written from now on, changed or not."""
    written: list[str] = []

    @callback
    def note(event: Event) -> None:
        written.append(event.data["entity_id"])

    entity_ids = hass.states.async_entity_ids()
    async_track_state_change_event(hass, entity_ids, note)
    async_track_state_report_event(hass, entity_ids, note)
    return written


def states(hass: HomeAssistant, *entity_ids: str) -> list[str]:
    """Return the states of entities."""
    return [hass.states.get(entity_id).state for entity_id in entity_ids]


@pytest.mark.usefixtures("loaded_entry")
async def test_poll_once_a_minute(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that the state is requested once a minute, and the queue now and then."""
    await async_advance(hass, freezer)
    account.requests.clear()

    for _ in range(5):
        await async_advance(hass, freezer, MINUTE - 1)
        assert not account.requests
        await async_advance(hass, freezer, 1)
        assert method_counts(account).keys() <= {"getStateInstance", "getMessagesCount"}
        assert polls(account) == 1
        account.requests.clear()


async def async_first_polls(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, accounts: list[Account]
) -> list[int]:
    """Return the second of the next minute in which each account is polled first."""
    seconds = [0] * len(accounts)
    for account in accounts:
        account.requests.clear()
    for second in range(1, MINUTE + 1):
        await async_advance(hass, freezer, 1)
        seconds = [
            known or (bool(account.requests) and second)
            for known, account in zip(seconds, accounts, strict=True)
        ]
    return seconds


async def test_polls_of_added_accounts_are_spread(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Test that the polls of accounts that are added one by one are spread."""
    accounts = [
        simulator.add_account(f"11010000{number:02}", TOKEN) for number in range(12)
    ]
    for account in accounts:
        await async_set_up(hass, entry_of(simulator.url, account.instance_id))
    # The first ones of an account are at fixed seconds after a minute at the latest.
    await async_first_polls(hass, freezer, accounts)
    seconds = await async_first_polls(hass, freezer, accounts)
    assert max(Counter(seconds).values()) == 1
    assert max(Counter((second - 1) // 10 for second in seconds).values()) <= 3


async def test_first_polls_are_spread(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Test that accounts set up together are polled at fixed, spread-out times."""
    accounts = [
        simulator.add_account(f"11010000{number:02}", TOKEN) for number in range(30)
    ]
    entries = [entry_of(simulator.url, account.instance_id) for account in accounts]
    for entry in entries:
        entry.add_to_hass(hass)
    await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done(wait_background_tasks=True)

    async def first_polls() -> list[int]:
        return await async_first_polls(hass, freezer, accounts)

    seconds = await first_polls()
    assert min(seconds) >= 1
    assert max(Counter(seconds).values()) <= 3
    assert max(Counter(second // 10 for second in seconds).values()) <= 10

    for entry in entries:
        await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await first_polls() == seconds

    # All are polled at the same moment.
    await async_setup_component(hass, HOMEASSISTANT_DOMAIN, {})
    await hass.services.async_call(
        HOMEASSISTANT_DOMAIN,
        SERVICE_UPDATE_ENTITY,
        {
            ATTR_ENTITY_ID: [
                STATE.replace(INSTANCE_ID, it.instance_id) for it in accounts
            ]
        },
        blocking=True,
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await first_polls() == seconds

    # All start at the same moment, and then work.
    for account in accounts:
        account.state = "starting"
    await first_polls()
    await async_advance(hass, freezer, 10)
    for account in accounts:
        account.state = "authorized"
    await first_polls()
    spread = await first_polls()
    assert max(Counter(spread).values()) <= 3


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize("state", ["starting", None])
async def test_fast_polling_ends(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    state: str | None,
) -> None:
    """Test that fast polling ends if an account starts or is created for hours."""
    caplog.set_level(logging.WARNING)
    account.state = state
    for _ in range(70):
        await async_advance(hass, freezer, 10)
    account.requests.clear()

    for _ in range(60):
        await async_advance(hass, freezer, 10)

    assert polls(account) == 10
    assert states(hass, PROBLEM) == [STATE_ON]
    unknown = f"{ACCOUNT} is in a state unknown to this integration: None"
    assert logged(caplog).count(("WARNING", unknown)) == (state is None)


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize("between", [None, "hibernating", "notAuthorized"])
@pytest.mark.parametrize("minutes", [3, 4])
async def test_fast_polling_ends_despite_changes(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    between: str | None,
    minutes: int,
) -> None:
    """Test that fast polling also ends for an account that starts over and over."""
    for half, turns in enumerate((48 // minutes, 12 // minutes)):
        account.requests.clear()
        for number in range(turns):
            account.state = ("starting", between)[(number + half) % 2]
            for _ in range(6 * minutes):
                await async_advance(hass, freezer, 10)

    assert polls(account) == 12
    assert states(hass, PROBLEM) == [STATE_ON]


async def test_first_poll_is_not_repeated(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    config_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that the first poll is not repeated at the account's time in the minute."""
    freezer.move_to(dt_util.utcnow().replace(second=59, microsecond=900_000))
    await async_set_up(hass, config_entry)
    assert polls(account) == 1

    await async_advance(hass, freezer)
    assert polls(account) == 2


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize("state", ["authorized", "notAuthorized", "hibernating"])
async def test_unchanged_state_not_written(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account, state: str
) -> None:
    """Test that a poll without changes writes no state."""
    account.state = state
    await async_polls(hass, freezer, 2)
    written = watch(hass)
    before = polls(account)

    await async_polls(hass, freezer, 3)

    assert polls(account) == before + 3
    assert written == []

    account.state = "blocked"
    await async_advance(hass, freezer)
    assert STATE in written


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize("state", ["starting", None])
async def test_fast_polling_during_start(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    state: str | None,
) -> None:
    """Test that an account that starts or is created is polled every 10 seconds."""
    account.state = state
    await async_advance(hass, freezer)

    for _ in range(3):
        account.requests.clear()
        await async_advance(hass, freezer, 9)
        assert not account.requests
        await async_advance(hass, freezer, 1)
        assert polls(account) == 1

    account.state = "authorized"
    await async_advance(hass, freezer, 10)
    assert states(hass, STATE) == ["authorized"]

    # Until the account's regular time in the minute.
    account.requests.clear()
    await async_advance(hass, freezer, 19)
    assert not account.requests
    await async_advance(hass, freezer, 1)
    assert polls(account) == 1


async def test_fast_polling_after_setup(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    config_entry: MockConfigEntry,
) -> None:
    """Test that an account that is starting when it is set up is polled fast."""
    account.state = "starting"
    await async_set_up(hass, config_entry)
    before = polls(account)

    await async_advance(hass, freezer, 10)

    assert polls(account) == before + 1


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize("fault", [None, Fault.BAD_GATEWAY])
async def test_fast_polling_after_reboot(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    fault: Fault | None,
) -> None:
    """Test that an account is polled every 10 seconds for 5 minutes after a reboot."""
    account.boot_seconds = 0
    await async_press(hass)
    account.faults["getStateInstance"] = fault
    account.requests.clear()

    for _ in range(30):
        await async_advance(hass, freezer, 10)
    assert polls(account) == 30

    await async_advance(hass, freezer, MINUTE - 1)
    assert polls(account) == 30
    await async_advance(hass, freezer, 1)
    assert polls(account) == 31


@pytest.mark.usefixtures("loaded_entry")
async def test_update_entity(hass: HomeAssistant, account: Account) -> None:
    """Test that an automation can poll the account at once."""
    await async_setup_component(hass, HOMEASSISTANT_DOMAIN, {})
    account.state = "blocked"

    await hass.services.async_call(
        HOMEASSISTANT_DOMAIN,
        SERVICE_UPDATE_ENTITY,
        {ATTR_ENTITY_ID: [STATE, CONNECTIVITY]},
        blocking=True,
    )

    assert polls(account) == 2
    assert states(hass, STATE) == ["blocked"]


@pytest.mark.parametrize(("fault", "kind"), DOUBTS)
async def test_failures(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    kind: ErrorKind,
) -> None:
    """Test that a failure removes the state, and is logged once, as is the recovery."""
    caplog.set_level(logging.DEBUG)
    failure = ("ERROR", f"Error fetching {ACCOUNT} data: {text(kind)}")

    account.fault = fault
    await async_advance(hass, freezer)
    assert (
        states(hass, STATE, CONNECTIVITY, RESTRICTED_UNTIL) == [STATE_UNAVAILABLE] * 3
    )
    assert states(hass, PROBLEM, BUTTON) == [STATE_UNAVAILABLE, STATE_UNKNOWN]
    assert states(hass, ERROR) == [kind]
    assert logged(caplog) == [failure]

    before = polls(account)
    await async_polls(hass, freezer, 2)
    assert polls(account) >= before + 2
    assert states(hass, STATE, CONNECTIVITY) == [STATE_UNAVAILABLE] * 2
    assert states(hass, BUTTON) == [STATE_UNKNOWN]
    assert logged(caplog) == [failure]

    account.fault = None
    await async_advance(hass, freezer)
    assert states(hass, STATE, CONNECTIVITY) == ["authorized", STATE_ON]
    assert states(hass, PROBLEM, BUTTON) == [STATE_OFF, STATE_UNKNOWN]
    await async_advance(hass, freezer)
    assert logged(caplog) == [failure, RECOVERED]
    assert states(hass, ERROR) == ["none"]

    assert_hidden(
        TOKEN,
        caplog,
        loaded_entry.runtime_data,
        loaded_entry.runtime_data.coordinator.last_exception,
        *hass.states.async_all(),
    )


async def test_timeout(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that the wait for a server that does not respond is limited."""
    account.fault = Fault.HANG
    freezer.tick(61)
    async_fire_time_changed(hass)
    await async_wait_until(lambda: polls(account) == 2)
    assert states(hass, STATE) == ["authorized"]

    await async_advance(hass, freezer, 16)
    assert states(hass, STATE) == [STATE_UNAVAILABLE]
    assert loaded_entry.runtime_data.coordinator.data.error is ErrorKind.CANNOT_CONNECT

    account.fault = None
    await async_advance(hass, freezer)
    assert states(hass, STATE) == ["authorized"]


@pytest.mark.usefixtures("loaded_entry")
async def test_server_down(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    simulator: Simulator,
) -> None:
    """Test that an account recovers with its server, even on the same port."""
    port = simulator.port
    await simulator.stop()
    await async_advance(hass, freezer)
    assert states(hass, STATE, PROBLEM) == [STATE_UNAVAILABLE] * 2

    account.state = "notAuthorized"
    await simulator.start(port)
    await async_advance(hass, freezer)
    assert states(hass, STATE, PROBLEM) == ["not_authorized", STATE_OFF]


@pytest.mark.usefixtures("loaded_entry")
async def test_rate_limited(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that rate limiting keeps the state for 5 minutes and pauses the requests."""
    caplog.set_level(logging.INFO)
    await async_advance(hass, freezer)
    written = watch(hass)
    account.requests.clear()

    account.fault = Fault.RATE_LIMITED
    await async_advance(hass, freezer, 60)
    await async_advance(hass, freezer, 119)
    assert polls(account) == 1
    await async_advance(hass, freezer, 1)
    assert polls(account) == 2
    await async_advance(hass, freezer, 119)
    assert states(hass, STATE, CONNECTIVITY) == ["authorized", STATE_ON]
    assert written == []
    assert logged(caplog) == []

    await async_advance(hass, freezer, 1)
    assert states(hass, STATE, CONNECTIVITY, PROBLEM) == [STATE_UNAVAILABLE] * 3
    await async_advance(hass, freezer, 119)
    assert polls(account) == 3
    await async_advance(hass, freezer, 1)
    assert polls(account) == 4
    [(level, failure)] = logged(caplog)
    assert level == "ERROR"
    assert failure.endswith(text(ErrorKind.RATE_LIMITED))

    account.fault = None
    await async_advance(hass, freezer, 120)
    assert states(hass, STATE, CONNECTIVITY, PROBLEM) == [
        "authorized",
        STATE_ON,
        STATE_OFF,
    ]
    await async_advance(hass, freezer, 60)
    assert polls(account) == 6
    assert logged(caplog)[1:] == [RECOVERED]


@pytest.mark.usefixtures("loaded_entry")
async def test_short_rate_limit(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that a rate limit does not show if a response arrives in time."""
    caplog.set_level(logging.INFO)
    await async_advance(hass, freezer)
    written = watch(hass)

    for _ in range(5):
        account.fault = Fault.RATE_LIMITED
        await async_advance(hass, freezer, 60)
        await async_advance(hass, freezer, 120)
        account.fault = None
        await async_advance(hass, freezer, 120)

    assert written == []
    assert logged(caplog) == []


@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("1", 10),
        ("30", 30),
        ("3600", 3600),
        ("86400", 3600),
        ("-5", 120),
        ("soon", 120),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 120),
    ],
)
@pytest.mark.parametrize("trusted", [True, False])
async def test_retry_after(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    retry_after: str,
    seconds: int,
    *,
    trusted: bool,
) -> None:
    """Test that a Retry-After is obeyed within limits, during an outage as well."""
    account.fault = {True: None, False: Fault.BAD_GATEWAY}[trusted]
    await async_advance(hass, freezer)
    account.retry_after = retry_after
    account.fault = Fault.RATE_LIMITED_RETRY_AFTER
    await async_advance(hass, freezer)
    account.requests.clear()

    await async_advance(hass, freezer, seconds - 2)
    assert not account.requests
    await async_advance(hass, freezer, 2)
    await async_advance(hass, freezer, MIN_RATE_LIMIT_DELAY)
    assert account.requests


@pytest.mark.usefixtures("loaded_entry")
async def test_long_wait_removes_state(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that no wait keeps the state longer than 5 minutes after a response."""
    caplog.set_level(logging.INFO)
    await async_advance(hass, freezer)
    account.retry_after = 3600
    account.fault = Fault.RATE_LIMITED_RETRY_AFTER
    await async_advance(hass, freezer, 60)
    await async_advance(hass, freezer, 239)
    assert states(hass, STATE) == ["authorized"]
    assert logged(caplog) == []

    await async_advance(hass, freezer, 1)
    assert states(hass, STATE, CONNECTIVITY) == [STATE_UNAVAILABLE] * 2
    assert len(logged(caplog)) == 1

    account.fault = None
    await async_advance(hass, freezer, 3600 - 240)
    assert states(hass, STATE, CONNECTIVITY) == ["authorized", STATE_ON]
    assert logged(caplog)[1:] == [RECOVERED]


@pytest.mark.usefixtures("loaded_entry")
async def test_response_during_long_wait(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that a response requested during a long wait counts like any other."""
    caplog.set_level(logging.INFO)
    await async_advance(hass, freezer)
    account.faults["getStateInstance"] = Fault.RATE_LIMITED
    await async_advance(hass, freezer, 60)
    await async_advance(hass, freezer, 200)
    await async_press(hass)
    assert states(hass, STATE) == ["authorized"]

    account.faults.clear()
    await async_press(hass)
    assert states(hass, STATE) == ["starting"]
    await async_advance(hass, freezer, 60)
    assert states(hass, STATE) == ["authorized"]
    assert logged(caplog) == []


@pytest.mark.usefixtures("loaded_entry")
async def test_rate_limited_during_outage(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that a rate limit does not restore what an outage has removed."""
    account.fault = Fault.BAD_GATEWAY
    await async_advance(hass, freezer)
    account.fault = Fault.RATE_LIMITED
    await async_advance(hass, freezer)

    assert states(hass, STATE) == [STATE_UNAVAILABLE]


async def test_unload_while_rate_limited(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that nothing waits for an account that is unloaded."""
    caplog.set_level(logging.INFO)
    account.retry_after = 3600
    account.fault = Fault.RATE_LIMITED_RETRY_AFTER
    await async_advance(hass, freezer)
    await hass.config_entries.async_unload(loaded_entry.entry_id)
    before = polls(account)

    await async_advance(hass, freezer, 400)

    assert polls(account) == before
    assert logged(caplog) == []


@pytest.mark.parametrize(
    ("faults", "dialogs"),
    [
        ([Fault.UNAUTHORIZED], 0),
        ([Fault.UNAUTHORIZED, None, Fault.UNAUTHORIZED], 0),
        ([Fault.UNAUTHORIZED, Fault.NOT_JSON, Fault.UNAUTHORIZED], 0),
        ([Fault.UNAUTHORIZED, Fault.FORBIDDEN_HTML, Fault.UNAUTHORIZED], 0),
        ([Fault.UNAUTHORIZED, Fault.EXPIRED_TEXT, Fault.UNAUTHORIZED], 0),
        ([Fault.UNAUTHORIZED, Fault.RATE_LIMITED], 0),
        ([Fault.UNAUTHORIZED, Fault.UNAUTHORIZED], 1),
        ([Fault.UNAUTHORIZED, Fault.UNAUTHORIZED, Fault.UNAUTHORIZED], 1),
        (
            [
                Fault.UNAUTHORIZED,
                Fault.RATE_LIMITED,
                Fault.RESET_BEFORE_HEADERS,
                Fault.UNAUTHORIZED,
            ],
            1,
        ),
        ([Fault.UNAUTHORIZED, Fault.GATEWAY_TIMEOUT, Fault.UNAUTHORIZED], 1),
        ([Fault.FORBIDDEN_HTML] * 4, 0),
        ([Fault.NOT_FOUND_HTML] * 4, 0),
        ([Fault.HTML_200] * 4, 0),
        ([Fault.NOT_JSON] * 4, 0),
        ([Fault.MISSING_FIELD] * 4, 0),
        ([Fault.DELETED] * 4, 0),
        ([Fault.BAD_GATEWAY] * 4, 0),
    ],
)
async def test_reauth_started(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    faults: list[Fault | None],
    dialogs: int,
) -> None:
    """Test that only the second rejection in a row asks for a new token, and once."""
    for fault in faults:
        account.fault = fault
        await async_advance(hass, freezer, 121)

    assert len(reauth_flows(hass, loaded_entry)) == dialogs


async def test_forgotten_dialog(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a dialog that is left open delays the request for a new token."""
    dialog = await loaded_entry.start_reconfigure_flow(hass)
    account.token = "changed"
    await async_polls(hass, freezer, 10)
    account.fault = Fault.BAD_GATEWAY
    await async_polls(hass, freezer, 1)
    assert open_flows(hass, loaded_entry) == [dialog["flow_id"]]

    account.fault = None
    await async_polls(hass, freezer, 1)
    (flow_id,) = reauth_flows(hass, loaded_entry)
    assert open_flows(hass, loaded_entry) == [flow_id]

    # Somebody enters the new token in another dialog.
    await loaded_entry.start_reconfigure_flow(hass)
    await async_polls(hass, freezer, 20)
    assert len(open_flows(hass, loaded_entry)) == 2


async def test_dialog_during_short_rejection(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that a dialog is left open if the token was rejected for a short time."""
    await loaded_entry.start_reconfigure_flow(hass)
    for _ in range(3):
        account.token = "changed"
        await async_polls(hass, freezer, 9)
        account.token = TOKEN
        await async_polls(hass, freezer, 1)
    assert len(open_flows(hass, loaded_entry)) == 1


async def test_forgotten_linking_dialog(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Test that the dialog that links the account can be forgotten as well."""
    account.state = "notAuthorized"
    await async_advance(hass, freezer)
    shown = await loaded_entry.start_reconfigure_flow(hass)
    await hass.config_entries.flow.async_configure(
        shown["flow_id"], {"next_step_id": "link_again"}
    )
    account.token = "changed"
    await async_polls(hass, freezer, 10)
    assert open_flows(hass, loaded_entry) == [shown["flow_id"]]
    await async_polls(hass, freezer, 1)
    (flow_id,) = reauth_flows(hass, loaded_entry)
    assert open_flows(hass, loaded_entry) == [flow_id]


@pytest.mark.parametrize("between", [[], [Fault.NOT_JSON], [Fault.BAD_GATEWAY]])
async def test_old_token_works_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    issue_registry: ir.IssueRegistry,
    between: list[Fault],
) -> None:
    """Test that polling continues during reauthentication, and success ends that."""
    account.token = "changed"
    await async_polls(hass, freezer, 2)
    assert len(reauth_flows(hass, loaded_entry)) == 1
    assert issue_registry.issues
    for fault in between:
        account.fault = fault
        await async_advance(hass, freezer)

    account.fault = None
    account.token = TOKEN
    await async_advance(hass, freezer)

    assert reauth_flows(hass, loaded_entry) == []
    assert not issue_registry.issues
    assert states(hass, STATE) == ["authorized"]


async def test_unknown_state(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that an unsupported state is unknown, logged once and in diagnostics."""
    await async_setup_component(hass, "diagnostics", {})
    caplog.set_level(logging.INFO)

    for state in ("hibernating", "authorized", "dreaming\nof", "hibernating") * 2:
        account.state = state
        await async_advance(hass, freezer)

    assert states(hass, STATE, CONNECTIVITY, PROBLEM) == [
        STATE_UNKNOWN,
        STATE_OFF,
        STATE_OFF,
    ]
    assert logged(caplog) == [
        ("WARNING", f"{ACCOUNT} is in a state unknown to this integration: {raw}")
        for raw in ("'hibernating'", r"'dreaming\nof'")
    ]
    diagnostics = await get_diagnostics_for_config_entry(
        hass, hass_client, loaded_entry
    )
    assert "hibernating" in json.dumps(diagnostics)


@pytest.mark.parametrize(
    ("state", "option"),
    [("authorized", "authorized"), ("notAuthorized", "not_authorized")],
)
async def test_details_do_not_delay_state(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    option: str,
) -> None:
    """Test that details neither delay the state nor, if late, change the next one."""
    asking, answer = asyncio.Event(), asyncio.Event()

    async def get_restricted_until(
        client: GreenApiClient, messenger: Messenger
    ) -> datetime:
        asking.set()
        await answer.wait()
        return dt_util.utcnow()

    monkeypatch.setattr(GreenApiClient, "get_restricted_until", get_restricted_until)
    account.state = "suspended"
    freezer.tick(61)
    async_fire_time_changed(hass)
    await asking.wait()
    assert states(hass, STATE, RESTRICTED_UNTIL) == ["suspended", STATE_UNKNOWN]

    account.state = state
    await loaded_entry.runtime_data.coordinator.async_refresh()
    answer.set()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert states(hass, STATE, RESTRICTED_UNTIL) == [option, STATE_UNKNOWN]


async def test_details_do_not_delay_setup(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    config_entry: MockConfigEntry,
) -> None:
    """Test that an account is set up at once, even if the details are slow."""
    account.faults["getSettings"] = Fault.HANG
    account.state = "suspended"
    config_entry.add_to_hass(hass)

    await hass.config_entries.async_setup(config_entry.entry_id)

    assert config_entry.state is ConfigEntryState.LOADED
    await async_wait_until(lambda: states(hass, STATE) == ["suspended"])


async def test_settings_requested_once(
    hass: HomeAssistant,
    account: Account,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that device and details share one request for the settings, even if late."""
    answer = asyncio.Event()
    get_settings = GreenApiClient.get_settings

    async def get_settings_late(client: GreenApiClient) -> Settings:
        await answer.wait()
        return await get_settings(client)

    monkeypatch.setattr(GreenApiClient, "get_settings", get_settings_late)
    account.state = "suspended"
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    answer.set()
    await hass.async_block_till_done(wait_background_tasks=True)

    assert method_counts(account) == {
        "getStateInstance": 1,
        "getSettings": 1,
        "getWaSettings": 1,
        "getMessagesCount": 1,
    }


async def test_unload_during_poll(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that a poll ends silently with the config entry."""
    caplog.set_level(logging.INFO)
    account.fault = Fault.HANG
    freezer.tick(61)
    async_fire_time_changed(hass)
    await async_wait_until(lambda: polls(account) == 2)

    assert await hass.config_entries.async_unload(loaded_entry.entry_id)
    await async_advance(hass, freezer, 600)

    assert loaded_entry.state is ConfigEntryState.NOT_LOADED
    assert polls(account) == 2
    assert logged(caplog) == []


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ("suspended", None),
        ("authorized", Fault.UNAUTHORIZED),
        ("authorized", Fault.RATE_LIMITED),
        ("authorized", Fault.EXPIRED_TEXT),
    ],
)
async def test_response_after_unload(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
    issue_registry: ir.IssueRegistry,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    fault: Fault | None,
) -> None:
    """Test that a response that arrives after the unload is discarded."""
    account.state = state
    account.fault = fault
    await async_advance(hass, freezer)
    account.faults["reboot"] = None
    asking, answer = asyncio.Event(), asyncio.Event()
    get_state = GreenApiClient.get_state

    async def get_state_late(client: GreenApiClient) -> object:
        asking.set()
        await answer.wait()
        return await get_state(client)

    monkeypatch.setattr(GreenApiClient, "get_state", get_state_late)
    press = asyncio.create_task(async_press(hass))
    await asking.wait()
    await hass.config_entries.async_unload(loaded_entry.entry_id)
    account.requests.clear()
    caplog.clear()
    caplog.set_level(logging.INFO)
    answer.set()
    await press

    assert method_counts(account) == {}
    assert reauth_flows(hass, loaded_entry) == []
    assert not issue_registry.issues
    assert logged(caplog) == []


@pytest.mark.usefixtures("loaded_entry")
async def test_details_reach_issue(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    issue_registry: ir.IssueRegistry,
) -> None:
    """Test that the issue of a restriction shows its end as soon as that is known."""
    account.state = "suspended"
    await async_polls(hass, freezer, 2)
    [issue] = issue_registry.issues.values()
    assert "until" not in issue.translation_placeholders

    account.suspended_until = 1_893_553_445
    await async_advance(hass, freezer)
    [issue] = issue_registry.issues.values()
    until = issue.translation_placeholders["until"].replace("\N{NO-BREAK SPACE}", " ")
    assert until == "Jan 1, 2030, 7:04 PM"
