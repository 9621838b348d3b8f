"""Test that an alarm is sent in time while everything else hangs."""

import asyncio
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any, Final

import pytest

from custom_components import green_api as integration
from custom_components.green_api.const import DOMAIN
from custom_components.green_api.receiving.permissions import ReceiveMode
from homeassistant.components.button import DOMAIN as BUTTON_DOMAIN, SERVICE_PRESS
from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from tests.simulator import Fault, Simulator
from tests.simulator.methods import METHODS
from tests.support.entities import BUTTON, STATE
from tests.support.entries import entry_of
from tests.support.receiving import BESIDE, BOTH_WAYS, SAM, Receiving
from tests.support.recipients import ALEX, ALEX_CHAT, FAMILY, recipient, sent_messages
from tests.support.secrecy import LogRecorder
from tests.support.sending_reference import NORMAL_DELAY

pytestmark = pytest.mark.paced

FILE: Final = Path(integration.__file__).parent / "brand" / "icon.png"
NEIGHBOR: Final = "notify.neighbor"


async def add_neighbor(home: Receiving, simulator: Simulator) -> None:
    """Add another account on the same server."""
    account = simulator.add_account("1101000002", "token+2", state="authorized")
    entry = entry_of(simulator.url, account.instance_id, account.token)
    entry.add_to_hass(home.hass)
    home.hass.config_entries.async_add_subentry(entry, recipient("Neighbor", ALEX_CHAT))


def call(home: Receiving, domain: str, service: str, **data: Any) -> Any:
    """Return a call of an action."""
    return home.hass.services.async_call(domain, service, data, blocking=True)


async def link(home: Receiving) -> None:
    """Open the dialog that links the account again."""
    shown = await home.entry.start_reconfigure_flow(home.hass)
    await home.hass.config_entries.flow.async_configure(
        shown["flow_id"], {"next_step_id": "link_again"}
    )


def everything(home: Receiving) -> list[Coroutine[Any, Any, Any]]:
    """Return everything that makes requests for the account."""
    entries, entry_id = home.hass.config_entries, home.entry.entry_id
    send = {"entity_id": SAM, "message": "Before"}
    return [
        call(home, DOMAIN, "send_message", **send, confirm_within=60),
        call(home, DOMAIN, "send_message", **send, attachment=f"{FILE}"),
        call(home, BUTTON_DOMAIN, SERVICE_PRESS, entity_id=BUTTON),
        call(home, "homeassistant", "update_entity", entity_id=STATE),
        entries.subentries.async_init(
            (entry_id, "recipient"), context={"source": "user"}
        ),
        entries.options.async_init(entry_id),
        link(home),
    ]


async def alarm(
    home: Receiving, domain: str, entity_id: str, text: str, **data: Any
) -> float:
    """Send an alarm, and return the seconds that it took."""
    data |= {"entity_id": entity_id, "message": text}
    began = home.time.now
    await call(home, domain, "send_message", **data)
    return home.time.now - began


def unexpected(results: Iterable[object]) -> list[object]:
    """Return the exceptions that nobody is told in their language."""
    exceptions = [it for it in results if isinstance(it, BaseException)]
    return [it for it in exceptions if not isinstance(it, HomeAssistantError)]


@pytest.mark.parametrize("mode", BOTH_WAYS)
@pytest.mark.parametrize("end", ["async_reload", "async_unload"])
async def test_everything_hangs(
    home: Receiving,
    simulator: Simulator,
    log_recorder: LogRecorder,
    mode: ReceiveMode,
    end: str,
) -> None:
    """Test that alarms are sent in time, by this account and by another one.

    Nothing that hangs delays the account when it is reloaded or unloaded.
    """
    assert await async_setup_component(home.hass, "homeassistant", {})
    home.hass.config.allowlist_external_dirs = {f"{FILE.parent}"}
    home.account.reports_statuses = True
    await add_neighbor(home, simulator)
    await home.set_up(mode)
    await home.time.advance(20)
    home.account.faults = {it: Fault.HANG for it in METHODS if it != "sendMessage"}
    begun = [asyncio.ensure_future(it) for it in everything(home)]
    alarms = []
    for seconds in range(0, 42, 3):
        alarms += [
            asyncio.ensure_future(alarm(home, domain, entity_id, f"{seconds}"))
            for domain in (DOMAIN, NOTIFY_DOMAIN)
            for entity_id in (ALEX, FAMILY, NEIGHBOR)
        ]
        await home.time.advance(3)
    took = await home.time.result(asyncio.gather(*alarms), NORMAL_DELAY)
    assert max(took) <= NORMAL_DELAY
    began = home.time.now
    change = getattr(home.hass.config_entries, end)(home.entry.entry_id)
    await home.time.result(asyncio.ensure_future(change), 1)
    assert home.time.now == began
    await home.time.advance(120)
    results = await asyncio.gather(*begun, return_exceptions=True)
    assert unexpected(results) == []
    assert log_recorder.unexpected_errors == []


async def test_no_thread_is_free(
    home: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that alarms are sent and confirmed while something hangs in all threads."""
    home.hass.config.allowlist_external_dirs = {f"{FILE.parent}"}
    home.account.reports_statuses = True
    home.account.messages.delay = 0
    await home.set_up(BESIDE)
    loop = home.hass.loop
    monkeypatch.setattr(loop, "run_in_executor", lambda *_: loop.create_future())
    for _ in range(2):
        await home.time.advance(60)
        alarms = [
            alarm(home, NOTIFY_DOMAIN, ALEX, "Text"),
            alarm(home, DOMAIN, ALEX, "Question", choices=["Yes", "No"]),
            alarm(home, DOMAIN, FAMILY, "Picture", attachment=f"{FILE}"),
            alarm(home, DOMAIN, FAMILY, "Confirmed", confirm_within=60),
        ]
        await home.time.result(asyncio.gather(*alarms), 12)
        await home.hass.config_entries.async_reload(home.entry.entry_id)
    texts = ["Text", "Question\n\n1. Yes\n2. No", "Picture", "Confirmed"]
    sent = [text for _, text in sent_messages(home.account)]
    assert sorted(sent) == sorted(2 * texts)
