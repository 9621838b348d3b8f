"""Link an account of a real Home Assistant from every dialog, in all ways out."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
import logging
from typing import Final

import pytest

from tests.simulator import Account, Fault, Simulator

from .client import Flow, HomeAssistantClient
from .configuration import DOMAIN
from .home_assistant import HomeAssistantProcess
from .scene import (
    CERTAINTY,
    Token,
    assert_in_good_order,
    assert_kept_secret,
)
from .wire import Entry, FlowStep

_LOGGER: Final = logging.getLogger(__name__)

# Seconds after which nobody waits for a QR code to be scanned any more.
UNTIL_TIMEOUT: Final = 240

PHONE: Final = "+44 (0)7700 900123"


@dataclass
class House:
    """A Home Assistant, and an account that is not linked."""

    home_assistant: HomeAssistantProcess
    simulator: Simulator
    account: Account

    @property
    def client(self) -> HomeAssistantClient:
        """The person at Home Assistant."""
        return self.home_assistant.client

    async def entries(self) -> list[Entry]:
        """Return the config entry of the account, or none."""
        title = f"GREEN-API {self.account.instance_id}"
        return [it for it in await self.client.entries(DOMAIN) if it["title"] == title]

    async def add(self) -> Flow:
        """Add the account by pasting the URL of a request, and go on."""
        for entry in await self.entries():
            await self.client.remove_entry(entry["entry_id"])
        flow = await self.client.start_flow(DOMAIN)
        step = await flow.submit(
            api_url=f"{self.simulator.url}/waInstance{self.account.instance_id}"
            f"/getStateInstance/{self.account.token}"
        )
        assert step["type"] == "create_entry"
        await flow.go_on()
        return flow

    async def reconfigure(self) -> Flow:
        """Choose to link the account again."""
        (entry,) = await self.entries()
        await self.client.wait_for_entry_state(entry["entry_id"], "loaded")
        flow = await self.client.start_reconfigure(entry)
        await flow.choose("link_again")
        return flow

    async def repair(self) -> Flow:
        """Open the repair, as soon as there is one."""
        (entry,) = await self.entries()
        issue = await self.client.wait_for_issue(
            DOMAIN, f"{entry['entry_id']}_logged_out", within=CERTAINTY
        )
        return await self.client.start_repair(issue)


@pytest.fixture
async def house(
    home_assistant: HomeAssistantProcess, simulator: Simulator
) -> AsyncIterator[House]:
    """Return a house that is in good order afterwards."""
    account = simulator.add_account("1101000001", Token.FIRST, state="notAuthorized")
    yield House(home_assistant, simulator, account)
    assert_in_good_order(home_assistant.log())
    assert await home_assistant.stop() == 0
    assert_kept_secret(home_assistant, known_to=frozenset({"core.config_entries"}))


type Door = Callable[[House], Awaitable[Flow]]


def shows(action: str) -> Callable[[FlowStep], bool]:
    """Return what identifies a step that shows some progress."""
    return lambda step: step.get("progress_action") == action


def is_over(step: FlowStep) -> bool:
    """Tell the last step of a dialog."""
    return step["type"] in {"abort", "create_entry"}


async def scan(flow: Flow) -> None:
    """Follow the dialog to the QR code."""
    await flow.choose("qr_code")
    await flow.follow_until(shows("scan_qr_code"))


async def close(house: House, door: Door) -> None:
    """Close a dialog that shows a QR code: nothing more is asked for."""
    flow = await door(house)
    await scan(flow)
    await flow.close()
    house.account.requests.clear()
    flow = await door(house)
    assert "qr" not in {request.method for request in house.account.requests}
    await flow.close()


async def be_rate_limited(house: House, door: Door) -> None:
    """See for how long the server asks to wait."""
    house.account.retry_after = 1
    flow = await door(house)
    house.account.faults["qr"] = Fault.RATE_LIMITED_RETRY_AFTER
    await flow.choose("qr_code")
    step = await flow.follow_until(is_over)
    assert step["reason"] == "rate_limited"
    assert step["description_placeholders"]["minutes"] == "1"
    house.account.faults.clear()


async def need_a_passkey(house: House, door: Door) -> None:
    """See where an account is linked that wants a passkey."""
    flow = await door(house)
    house.account.passkey = True
    await flow.choose("qr_code")
    assert (await flow.follow_until(is_over))["reason"] == "passkey_required"
    house.account.passkey = False


async def wait_for_the_server(house: House, door: Door) -> None:
    """Watch the QR code come back when the server does."""
    flow = await door(house)
    await scan(flow)
    house.account.fault = Fault.BAD_GATEWAY
    await flow.follow_until(shows("wait_for_server"))
    house.account.fault = None
    await flow.follow_until(shows("scan_qr_code"))
    await flow.close()


async def time_out(house: House, door: Door) -> None:
    """Wait until the dialog asks how to continue, because nobody has scanned the QR code."""
    flow = await door(house)
    await scan(flow)
    step = await flow.follow_until(
        lambda step: step["type"] != "progress", within=UNTIL_TIMEOUT
    )
    assert step["step_id"] == "qr_timeout"
    await scan(flow)
    await flow.close()


async def reload(house: House, door: Door) -> None:
    """Link an account that is reloaded while its QR code is shown."""
    flow = await door(house)
    await scan(flow)
    (entry,) = await house.entries()
    await house.client.reload_entry(entry["entry_id"])
    assert house.account.scan()
    await end_well(flow)
    house.account.state = "notAuthorized"


async def be_linked_already(house: House, door: Door) -> None:
    """Find out that somebody else has linked the account."""
    flow = await door(house)
    house.account.state = "authorized"
    await flow.choose("qr_code")
    await end_well(flow)
    house.account.state = "notAuthorized"


async def type_a_code(house: House, door: Door) -> None:
    """Link the account with a code for its phone number."""
    flow = await door(house)
    await flow.choose("phone_number")
    step = await flow.submit(phone_number=PHONE)
    assert house.account.enter_code(step["description_placeholders"]["code"])
    await end_well(flow)
    assert house.account.phone == "447700900123"
    house.account.state = "notAuthorized"


async def end_well(flow: Flow) -> None:
    """See the dialog say by itself that the account is linked."""
    step = await flow.follow_until(is_over)
    assert (step["type"], step.get("reason")) in {
        ("abort", "linked"),
        ("create_entry", None),
    }


type WayOut = Callable[[House, Door], Awaitable[None]]

UNLINKED: Final = (
    close,
    be_rate_limited,
    need_a_passkey,
    wait_for_the_server,
    time_out,
)

# What links an account: it takes two minutes until there is a repair for it again.
LINKED: Final = (reload, be_linked_already)


@pytest.mark.parametrize(
    ("door", "more"),
    [
        pytest.param(House.add, (type_a_code,), id="set-up"),
        pytest.param(House.reconfigure, (type_a_code,), id="reconfigure"),
        pytest.param(House.repair, (), id="repair"),
    ],
)
async def test_ways_out(house: House, door: Door, more: tuple[WayOut, ...]) -> None:
    """Go through a dialog again and again, and leave it in every way there is."""
    other = replace(
        house,
        account=house.simulator.add_account(
            "1101000002", Token.OTHER, state="notAuthorized"
        ),
    )
    for it in (house, other):
        await (await House.add(it)).close()
    for way_out in (*UNLINKED, *more):
        await _leave(way_out, house, door)
    for way_out, it in zip(LINKED, (house, other), strict=True):
        await _leave(way_out, it, door)


async def _leave(way_out: WayOut, house: House, door: Door) -> None:
    """Leave a dialog in a way."""
    _LOGGER.info("%s: %s", way_out.__name__, way_out.__doc__)
    await way_out(house, door)


async def test_another_phone(house: House) -> None:
    """Move an account that works to another phone."""
    house.account.state = "authorized"
    flow = await house.client.start_flow(DOMAIN)
    step = await flow.submit(
        api_url=house.simulator.url,
        instance_id=house.account.instance_id,
        api_token=house.account.token,
    )
    assert step["description_placeholders"] == {"messenger": "WhatsApp"}
    flow = await house.reconfigure()
    assert flow.step["progress_action"] == "log_out"

    house.account.state = "notAuthorized"
    await flow.follow_until(lambda step: step["type"] == "menu")
    await scan(flow)
    assert house.account.scan()
    await end_well(flow)
