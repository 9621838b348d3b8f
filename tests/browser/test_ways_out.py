"""A person leaves every dialog that links an account in every way there is."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Final

from playwright.async_api import expect
import pytest

from tests.live.configuration import DOMAIN
from tests.live.home_assistant import DEVELOPER
from tests.simulator import Fault

from .household import LOGGED_OUT, LOGGED_OUT_TOO, Household, Problem
from .look import Look
from .person import PATIENCE, Person
from .scene import Scene
from .witness import Witness

# Milliseconds after which nobody waits for a QR code to be scanned any more.
UNTIL_TIMEOUT: Final = 180_000 + PATIENCE

# Seconds in which a request that is under way when a dialog is closed comes to its end,
# and in which nothing may follow it.
UNDER_WAY: Final = 1
AFTERWARDS: Final = 15

# Seconds for which the server wants to be left alone.
RETRY_AFTER: Final = 5

type Action = Callable[[Scene], Coroutine[Any, Any, None]]


async def open_set_up(scene: Scene) -> None:
    """Add the account."""
    await scene.remove()
    await scene.add()
    await scene.person.submit()


async def open_reconfigure(scene: Scene) -> None:
    """Choose to link the account again, when it is loaded."""
    await scene.expect_loaded()
    await scene.link_again()


async def open_repair(scene: Scene) -> None:
    """Open the repair of the account."""
    await scene.person.open_repairs()
    await scene.person.open_repair(
        scene.person.texts("issues.logged_out.title", name=scene.name)
    )


async def see_linked(scene: Scene) -> None:
    """Read that the account is linked, and leave the dialog."""
    await scene.person.read(
        "config.abort.linked", name=scene.name, messenger="WhatsApp"
    )
    await scene.person.close()


async def see_repaired(scene: Scene) -> None:
    """Read that the account is repaired, and leave the dialog."""
    await scene.see_repaired()
    await scene.person.finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A dialog that links an account: how it is opened and ends, and its texts."""

    open: Action
    see_linked: Action
    texts: str


SET_UP: Final = Door(open=open_set_up, see_linked=see_linked, texts="config")
RECONFIGURE: Final = Door(open=open_reconfigure, see_linked=see_linked, texts="config")
REPAIR: Final = Door(
    open=open_repair, see_linked=see_repaired, texts="issues.logged_out.fix_flow"
)


async def choose_qr_code(scene: Scene, door: Door) -> None:
    """Choose to scan a QR code."""
    await scene.person.choose(
        scene.person.texts(f"{door.texts}.step.ways.menu_options.qr_code")
    )


async def read_end(scene: Scene, door: Door, reason: str, **placeholders: str) -> None:
    """Read why the account is not linked, and leave the dialog."""
    await scene.person.read(
        f"{door.texts}.abort.{reason}", name=scene.name, **placeholders
    )
    await scene.witness.look(reason.replace("_", "-"))
    await scene.person.close()


async def close(scene: Scene, door: Door) -> None:
    """Close the dialog in the middle: nothing is asked for any more."""
    await door.open(scene)
    await choose_qr_code(scene, door)
    await scene.person.see_qr_code()
    await scene.person.close()
    await asyncio.sleep(UNDER_WAY)
    scene.account.requests.clear()
    await asyncio.sleep(AFTERWARDS)
    methods = [request.method for request in scene.account.requests]
    assert "qr" not in methods
    # The account is polled, as always.
    assert methods.count("getStateInstance") <= 1


async def be_asked_to_wait(scene: Scene, door: Door) -> None:
    """Read for how long the server wants to be left alone."""
    scene.account.retry_after = RETRY_AFTER
    await door.open(scene)
    scene.account.faults["qr"] = Fault.RATE_LIMITED_RETRY_AFTER
    await choose_qr_code(scene, door)
    await read_end(scene, door, "rate_limited", minutes="1")
    scene.account.faults.clear()
    await asyncio.sleep(RETRY_AFTER)


async def need_a_passkey(scene: Scene, door: Door) -> None:
    """Read where an account is linked that wants a passkey."""
    scene.account.passkey = True
    await door.open(scene)
    await choose_qr_code(scene, door)
    await read_end(scene, door, "passkey_required")
    scene.account.passkey = False


async def lose_the_server(scene: Scene, door: Door) -> None:
    """Watch the QR code go with the server, and come back with it."""
    person = scene.person
    await door.open(scene)
    await choose_qr_code(scene, door)
    shown = await person.see_qr_code()
    scene.account.fault = Fault.BAD_GATEWAY
    await person.read(f"{door.texts}.progress.wait_for_server")
    await scene.witness.look("wait-for-server")
    scene.account.fault = None
    await person.see_qr_code(other_than=shown)
    await person.close()


async def time_out(scene: Scene, door: Door) -> None:
    """Scan no QR code, and be asked how to go on."""
    await door.open(scene)
    await choose_qr_code(scene, door)
    await scene.person.see_qr_code()
    step = f"{door.texts}.step.qr_timeout"
    await expect(scene.person.flow).to_contain_text(
        scene.person.texts(f"{step}.description"), timeout=UNTIL_TIMEOUT
    )
    await scene.witness.look("qr-timeout")
    await scene.person.choose(scene.person.texts(f"{step}.menu_options.qr_code"))
    await scene.person.see_qr_code()
    await scene.person.close()


async def be_reloaded(scene: Scene, door: Door) -> None:
    """Link the account although it is reloaded while the QR code is shown."""
    await door.open(scene)
    await choose_qr_code(scene, door)
    shown = await scene.person.see_qr_code()
    for entry in await scene.household.client.entries(DOMAIN):
        if entry["title"] == scene.name:
            await scene.household.client.reload_entry(entry["entry_id"])
    await scene.person.see_qr_code(other_than=shown)
    assert scene.account.scan()
    await door.see_linked(scene)
    assert scene.account.linked


async def be_linked_already(scene: Scene, door: Door) -> None:
    """Find out in the dialog that somebody else has linked the account."""
    await door.open(scene)
    await scene.person.read(f"{door.texts}.step.ways.description", name=scene.name)
    scene.account.state = "authorized"
    await choose_qr_code(scene, door)
    await door.see_linked(scene)


type WayOut = Callable[[Scene, Door], Coroutine[Any, Any, None]]

# Each account is linked but once: it takes minutes until there is a repair again.
WAYS_OUT: Final[tuple[tuple[Problem, WayOut], ...]] = (
    (LOGGED_OUT, close),
    (LOGGED_OUT, be_asked_to_wait),
    (LOGGED_OUT, need_a_passkey),
    (LOGGED_OUT, lose_the_server),
    (LOGGED_OUT, time_out),
    (LOGGED_OUT, be_reloaded),
    (LOGGED_OUT_TOO, be_linked_already),
)


@pytest.mark.parametrize(
    ("look", "door"),
    [
        pytest.param(Look("en", "dark", "desktop"), SET_UP, id="set-up"),
        pytest.param(Look("de", "light", "phone"), RECONFIGURE, id="reconfigure"),
        pytest.param(Look("es", "light", "desktop"), REPAIR, id="repair"),
    ],
)
async def test_ways_out(
    household: Household, person: Person, witness: Witness, door: Door
) -> None:
    """Open a dialog again and again, and leave it in every way."""
    await household.had_problem(LOGGED_OUT, LOGGED_OUT_TOO)
    await person.arrive()
    await person.log_in(DEVELOPER)
    account = household.simulator.accounts[LOGGED_OUT.instance_id]
    scene = Scene(household, person, witness, account)
    for problem, way_out in WAYS_OUT:
        it = replace(scene, account=scene.account_of(problem))
        await it.go_through(way_out, door)
    assert witness.complaints == []
