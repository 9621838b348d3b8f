"""A Home Assistant in this process: its core, the accounts and their dependencies."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
import json
import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final
from unittest.mock import patch

from custom_components.green_api.api import RequestPacer
from custom_components.green_api.const import DOMAIN
from homeassistant import bootstrap, loader
from homeassistant.config_entries import ConfigEntries, ConfigEntry
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.runner import create_event_loop
from homeassistant.setup import async_setup_component

from .certificates import server_certificate
from .gateway import TOKEN, Conditions, Gateway, gateway

# These log warnings at every start that are expected here.
QUIET: Final = ("aiohttp_fast_zlib", loader.__name__)


def run[T](measure: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a measurement on an event loop like that of Home Assistant."""
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    with asyncio.Runner(loop_factory=create_event_loop) as runner:
        return runner.run(measure())


@asynccontextmanager
async def running_hass(
    server: Gateway,
    domain: str = DOMAIN,
    changes: Mapping[str, object] = MappingProxyType({}),
) -> AsyncIterator[HomeAssistant]:
    """Run a Home Assistant with all accounts of a gateway; `set_up` sets them up.

    The changes are those of their config entries.
    """
    with TemporaryDirectory() as folder:
        _store_entries(Path(folder), server, domain, changes)
        hass = HomeAssistant(folder)
        hass.config.skip_pip = True
        loader.async_setup(hass)
        hass.config_entries = ConfigEntries(hass, {})
        await loader.async_get_custom_components(hass)
        await bootstrap.async_load_base_functionality(hass)
        await async_process_ha_core_config(hass, {})
        for integration in ("homeassistant", "network"):
            await async_setup_component(hass, integration, {})
        # No start event: it would start the web server.
        hass.set_state(CoreState.running)
        try:
            yield hass
        finally:
            await hass.async_stop(force=True)


@asynccontextmanager
async def hass_with_account(
    *,
    delay: float = 0.0,
    changes: Mapping[str, object] = MappingProxyType({}),
) -> AsyncIterator[tuple[HomeAssistant, Gateway, ConfigEntry]]:
    """Run a Home Assistant with one account, whose requests are not spaced.

    The changes are those of its config entry.
    """
    with patch.object(RequestPacer, "DEFAULT_SPACING", 0):
        async with (
            gateway(1, Conditions(delay)) as server,
            running_hass(server, changes=changes) as hass,
        ):
            yield hass, server, await set_up_account(hass)


@asynccontextmanager
async def house(
    accounts: int = 1,
    *,
    round_trip: float = 0.0,
    contacts: int = 0,
    changes: Mapping[str, object] = MappingProxyType({}),
) -> AsyncIterator[tuple[HomeAssistant, Gateway]]:
    """Run a Home Assistant whose accounts are reached over TLS.

    The process must trust the server's certificate. The changes are those of the config
    entries of the accounts, which `set_up` sets up.
    """
    conditions = Conditions(
        certificate=server_certificate(), round_trip=round_trip, contacts=contacts
    )
    async with (
        gateway(accounts, conditions) as server,
        running_hass(server, changes=changes) as hass,
    ):
        yield hass, server


async def set_up_account(hass: HomeAssistant) -> ConfigEntry:
    """Set up the only account, and return its config entry."""
    await set_up(hass)
    [entry] = hass.config_entries.async_entries(DOMAIN)
    return entry


def recipients(count: int, *, may_write: bool = False) -> list[dict[str, object]]:
    """Return the recipients of an account as they are stored."""
    permission = {"may_write": True} if may_write else {}
    return [
        {
            "data": {"chat_id": f"7900{number:07}@c.us", **permission},
            "subentry_id": f"{number:0>26}",
            "subentry_type": "recipient",
            "title": f"Recipient {number}",
            "unique_id": f"7900{number:07}@c.us",
        }
        for number in range(count)
    ]


async def set_up(hass: HomeAssistant, domain: str = DOMAIN) -> None:
    """Set up all accounts at once, as during a start."""
    await async_setup_component(hass, domain, {})
    await hass.async_block_till_done(wait_background_tasks=True)


def _store_entries(
    folder: Path, server: Gateway, domain: str, changes: Mapping[str, object]
) -> None:
    """Write the config entries to Home Assistant's storage."""
    stored = {
        "version": 1,
        "minor_version": 5,
        "key": "core.config_entries",
        "data": {
            "entries": [
                {**_entry(domain, server.url, it), **changes} for it in server.instances
            ]
        },
    }
    path = folder / ".storage" / "core.config_entries"
    path.parent.mkdir()
    path.write_text(json.dumps(stored), encoding="utf-8")


def _entry(domain: str, url: str, instance: str) -> dict[str, object]:
    """Return the config entry of an account as it is stored."""
    return {
        "created_at": "2026-01-01T00:00:00+00:00",
        "data": {"api_url": url, "instance_id": instance, "api_token": TOKEN},
        "disabled_by": None,
        "discovery_keys": {},
        "domain": domain,
        "entry_id": f"{instance:0>26}",
        "minor_version": 1,
        "modified_at": "2026-01-01T00:00:00+00:00",
        "options": {},
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "subentries": [],
        "title": f"GREEN-API {instance}",
        "unique_id": instance,
        "version": 1,
    }
