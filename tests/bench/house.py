"""Polls at the pace of a house: over TLS, a minute apart.

Home Assistant's own session closes connections that are idle for 15 seconds. Anything
that uses it opens a new one for each poll.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
import importlib
from statistics import mean, median
import sys
import time
from typing import Any, Final
from unittest.mock import patch

import aiohttp

from custom_components.green_api.api import RequestPacer
from custom_components.green_api.api.connections import KEPT_FOR
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import (
    HomeAssistantTCPConnector,
    async_get_clientsession,
)
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util.ssl import client_context

from .bare import bare_coordinator, bare_request
from .certificates import own_authority
from .clock import MINUTE, Clock, advancing_clock
from .cpu import Action
from .gateway import Counts, Gateway
from .hass import house, run, set_up, set_up_account
from .libraries import FOLDER
from .processes import fresh_processes
from .rest import async_set_up_rest_sensor
from .table import Row

ROUNDS: Final = 10
MINUTES: Final = 10
"""Polls of one kind in a row, before those of the next kind."""
TRIPS_OF_HANDSHAKE: Final = 2
"""Round trips to open a connection: one each for TCP and for TLS 1.3."""

NOTHING: Final = "nothing"
REQUEST: Final = "a bare request"
KEPT: Final = "a bare request on a connection that is kept"
BARE: Final = "a bare request by Home Assistant's coordinator"
KEPT_BARE: Final = f"{BARE} on a kept connection"
UPTIMEROBOT: Final = "a poll of Home Assistant's uptimerobot"
REST: Final = "a poll of Home Assistant's REST sensor"
OWN: Final = "a poll"

MOST_OF_REST: Final = 1 / 3
"""Goal for a poll. A quarter would be what a bare request alone takes, on a connection
that is kept and by Home Assistant's coordinator."""
MOST_OF_KEPT_BARE: Final = 1.4
"""Goal for a poll: pacing, the repetition on a new connection, and the record are worth
less than half of the request."""

SERVERS: Final = (1, 10)
"""Numbers of accounts on one server."""


@dataclass(frozen=True, slots=True)
class Minute:
    """What a poll and the minute before it take."""

    cpu: float
    """CPU time in seconds."""
    counts: Counts


def measure() -> list[Row]:
    """Measure polls a minute apart, and how many connections accounts need."""
    with own_authority(), fresh_processes() as processes:
        return [
            *processes.submit(measure_polls).result(),
            *(
                row
                for accounts in SERVERS
                for row in processes.submit(measure_handshakes, accounts).result()
            ),
        ]


def measure_polls() -> list[Row]:
    """Compare a poll with those of other integrations."""
    return run(_polls)


def measure_handshakes(accounts: int) -> list[Row]:
    """Count the handshakes of accounts on one server, as Home Assistant polls them."""

    async def count() -> list[Row]:
        async with house(accounts) as (hass, server):
            with advancing_clock(hass, server) as clock:
                await set_up(hass)
                await clock.let_pass(MINUTE)
                first = await server.counts()
                await clock.let_pass(MINUTES * MINUTE)
                later = (await server.counts()).since(first)
        of = "1 account" if accounts == 1 else f"{accounts} accounts on one server"
        return [
            Row(f"house: handshakes of {of}, in the first minute", first.handshakes),
            Row(f"  in {MINUTES} minutes after it", later.handshakes, at_most=0),
            Row("  requests in these", sum(later.requests.values())),
        ]

    return run(count)


async def _polls() -> list[Row]:
    changes = {"pref_disable_polling": True}
    async with house(changes=changes) as (hass, server), _kept_session() as session:
        with (
            patch.object(RequestPacer, "DEFAULT_SPACING", 0),
            advancing_clock(hass, server) as clock,
        ):
            entry = await set_up_account(hass)
            actions = await _actions(hass, server, entry, session)
            minutes: dict[str, list[list[Minute]]] = {name: [] for name in actions}
            turns = [*actions.items()]
            for _ in range(ROUNDS):
                turns.append(turns.pop(0))
                for name, action in turns:
                    minutes[name].append(await _minutes(clock, server, action))
    return [*_rows(minutes)]


async def _actions(
    hass: HomeAssistant,
    server: Gateway,
    entry: ConfigEntry,
    kept_session: aiohttp.ClientSession,
) -> Mapping[str, Action]:
    """Return what is measured, the scheduling of the next poll excepted."""
    url = server.state_url(*server.instances)
    request = bare_request(async_get_clientsession(hass), url)

    async def nothing() -> None:
        pass

    kept_request = bare_request(kept_session, url)
    rest = await async_set_up_rest_sensor(hass, url)
    rest.update_interval = None
    coordinators = {
        BARE: bare_coordinator(hass, entry, request),
        KEPT_BARE: bare_coordinator(hass, entry, kept_request),
        UPTIMEROBOT: _uptimerobot(hass, server, entry),
        REST: rest,
        OWN: entry.runtime_data.coordinator,
    }
    polls = {name: partial(_poll, hass, it) for name, it in coordinators.items()}
    return {NOTHING: nothing, REQUEST: request, KEPT: kept_request, **polls}


async def _poll(hass: HomeAssistant, coordinator: DataUpdateCoordinator[Any]) -> None:
    """Poll as Home Assistant does when it is time: in a task."""
    poll = coordinator._handle_refresh_interval()
    await hass.async_create_background_task(poll, coordinator.name)


def _kept_session() -> aiohttp.ClientSession:
    """Return a session that keeps connections for as long as the integration does."""
    connector = HomeAssistantTCPConnector(
        keepalive_timeout=KEPT_FOR, ssl=client_context()
    )
    return aiohttp.ClientSession(connector=connector)


def _uptimerobot(
    hass: HomeAssistant, server: Gateway, entry: ConfigEntry
) -> DataUpdateCoordinator[Any]:
    """Return the coordinator of Home Assistant's uptimerobot with one monitor."""
    sys.path.append(str(FOLDER))
    library = importlib.import_module("pyuptimerobot")
    module = importlib.import_module("homeassistant.components.uptimerobot.coordinator")
    importlib.import_module("pyuptimerobot.decorator").API_BASE_URL = server.url  # type: ignore[attr-defined]
    api = library.UptimeRobot("", async_get_clientsession(hass))
    coordinator: DataUpdateCoordinator[Any] = module.UptimeRobotDataUpdateCoordinator(
        hass, entry, api
    )
    coordinator.async_add_listener(lambda: None)
    return coordinator


async def _minutes(clock: Clock, server: Gateway, action: Action) -> list[Minute]:
    """Return what an action takes each minute, once it has been done."""
    await clock.let_pass(MINUTE)
    await action()
    await clock.let_pass(1)
    minutes = []
    for _ in range(MINUTES):
        before = await server.counts()
        cpu = time.thread_time()
        await clock.let_pass(MINUTE)
        await action()
        # What follows, if anything does.
        await clock.let_pass(1)
        cpu = time.thread_time() - cpu
        minutes.append(Minute(cpu, (await server.counts()).since(before)))
    return minutes


def _rows(measured: Mapping[str, list[list[Minute]]]) -> list[Row]:
    """Return the CPU time and the round trips of each kind of poll."""
    idle = [median(it.cpu for it in block) for block in measured[NOTHING]]

    def cpu(name: str) -> list[float]:
        """Return the CPU time of the polls of each round, in seconds."""
        return [
            median(it.cpu for it in block) - of_nothing
            for block, of_nothing in zip(measured[name], idle, strict=True)
        ]

    def ratio(name: str, other: str) -> float:
        """Return the CPU time of a poll as a multiple of another one's."""
        return median(a / b for a, b in zip(cpu(name), cpu(other), strict=True))

    rows = [Row("house: CPU time of a bare request", 1e6 * median(cpu(REQUEST)), "µs")]
    rows += [
        *(
            Row(f"  {name}, of a bare request", ratio(name, REQUEST), "x")
            for name in (KEPT, BARE, KEPT_BARE, UPTIMEROBOT, REST, OWN)
        ),
        Row(
            "house: CPU time of a poll, of the REST sensor's",
            ratio(OWN, REST),
            "x",
            MOST_OF_REST,
        ),
        Row("  of uptimerobot's", ratio(OWN, UPTIMEROBOT), "x"),
        Row(f"  of {KEPT_BARE}", ratio(OWN, KEPT_BARE), "x", MOST_OF_KEPT_BARE),
    ]
    for name in (REQUEST, UPTIMEROBOT, REST, OWN):
        minutes = [minute for block in measured[name] for minute in block]
        handshakes = mean(it.counts.handshakes for it in minutes)
        requests = (
            1
            if name == UPTIMEROBOT
            else mean(it.counts.requests.get("getStateInstance", 0) for it in minutes)
        )
        rows += [
            Row(
                f"house: round trips of {name}",
                requests + TRIPS_OF_HANDSHAKE * handshakes,
            ),
            Row("  handshakes", handshakes),
        ]
    return rows
