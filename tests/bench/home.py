"""A Home Assistant in this process: its core, the accounts, and what these need."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
import json
import logging
from pathlib import Path
from tempfile import TemporaryDirectory
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

from .gateway import TOKEN, Gateway, gateway

# These log at every start what is no news here.
QUIET: Final = ("aiohttp_fast_zlib", loader.__name__)


def run[T](measure: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a measurement on an event loop like that of Home Assistant."""
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    with asyncio.Runner(loop_factory=create_event_loop) as runner:
        return runner.run(measure())


@asynccontextmanager
async def home(server: Gateway, domain: str = DOMAIN) -> AsyncIterator[HomeAssistant]:
    """Run a Home Assistant with all accounts of a gateway; `set_up` sets them up."""
    with TemporaryDirectory() as folder:
        _store_entries(Path(folder), server, domain)
        hass = HomeAssistant(folder)
        hass.config.skip_pip = True
        loader.async_setup(hass)
        hass.config_entries = ConfigEntries(hass, {})
        await loader.async_get_custom_components(hass)
        await bootstrap.async_load_base_functionality(hass)
        await async_process_ha_core_config(hass, {})
        for needed in ("homeassistant", "network"):
            await async_setup_component(hass, needed, {})
        # No event of a start: the web server would listen.
        hass.set_state(CoreState.running)
        try:
            yield hass
        finally:
            await hass.async_stop(force=True)


@asynccontextmanager
async def account(
    *, delay: float = 0.0
) -> AsyncIterator[tuple[HomeAssistant, Gateway, ConfigEntry]]:
    """Run a Home Assistant with one account, which may be asked without a pause."""
    with patch.object(RequestPacer, "DEFAULT_SPACING", 0):
        async with gateway(1, delay=delay) as server, home(server) as hass:
            await set_up(hass)
            [entry] = hass.config_entries.async_entries(DOMAIN)
            yield hass, server, entry


async def set_up(hass: HomeAssistant, domain: str = DOMAIN) -> None:
    """Set up all accounts at once, as a start does."""
    await async_setup_component(hass, domain, {})
    await hass.async_block_till_done(wait_background_tasks=True)


def _store_entries(folder: Path, server: Gateway, domain: str) -> None:
    """Write the accounts where Home Assistant keeps them."""
    stored = {
        "version": 1,
        "minor_version": 5,
        "key": "core.config_entries",
        "data": {
            "entries": [_entry(domain, server.url, it) for it in server.instances]
        },
    }
    path = folder / ".storage" / "core.config_entries"
    path.parent.mkdir()
    path.write_text(json.dumps(stored), encoding="utf-8")


def _entry(domain: str, url: str, instance: str) -> dict[str, object]:
    """Return an account as Home Assistant keeps it."""
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
