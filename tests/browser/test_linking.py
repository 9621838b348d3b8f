"""A person links accounts, from their set-up on, and leaves the dialogs in every way."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import logging
import time
from typing import Final

import pytest

from tests.live.configuration import DOMAIN
from tests.live.home_assistant import DEVELOPER
from tests.live.scene import Token
from tests.simulator import Fault, Messenger

from .household import LOGGED_OUT, Household
from .look import Look
from .person import Person
from .scene import Scene
from .witness import Witness

_LOGGER: Final = logging.getLogger(__name__)

WAYS: Final = "config.step.ways.menu_options"

# Seconds for which the server wants to be left alone.
RETRY_AFTER: Final = 5


@asynccontextmanager
async def measured(
    scene: Scene, what: str, *, seconds: float, clicks: int
) -> AsyncIterator[None]:
    """Count what somebody has to do, and print it."""
    began_at = time.monotonic()
    await scene.person.count_clicks()
    yield
    took, clicked = time.monotonic() - began_at, await scene.person.clicks()
    _LOGGER.info("%s: %.0f s, %d clicks", what, took, clicked)
    print(f"{what}: {took:.0f} s, {clicked} clicks")  # noqa: T201
    assert took <= seconds
    assert clicked <= clicks


async def add(scene: Scene) -> None:
    """Add the account, and come to what follows."""
    await scene.add()
    await scene.person.submit()


async def read_end(scene: Scene, reason: str, **placeholders: str) -> None:
    """Read how a dialog ends, and leave it."""
    await scene.person.read(f"config.abort.{reason}", name=scene.name, **placeholders)
    await scene.witness.look(reason.replace("_", "-"))
    await scene.person.close()


async def log_in(scene: Scene) -> None:
    """Log in."""
    await scene.person.arrive()
    await scene.person.log_in(DEVELOPER)


async def link_from_repair(scene: Scene) -> None:
    """Link an account from its repair, with a phone that scans at once."""
    person = scene.person
    await person.open_repairs()
    async with measured(scene, "repair to linked", seconds=60, clicks=6):
        await person.repair(
            person.texts("issues.logged_out.title", name=LOGGED_OUT.name)
        ).click()
        await person.choose(
            person.texts("issues.logged_out.fix_flow.step.ways.menu_options.qr_code")
        )
        await person.see_qr_code()
        assert scene.account_of(LOGGED_OUT).scan()
        await scene.see_repaired()
        await person.finish()


async def link_from_set_up(scene: Scene) -> None:
    """Add an account and link it, with a phone that scans at once."""
    person, texts = scene.person, scene.person.texts
    async with measured(scene, "Add integration to linked", seconds=90, clicks=5):
        await scene.add()
        before = await person.clicks()
        await person.submit()
        await person.read("config.step.ways.description", name=scene.name)
        await scene.witness.look("ways")
        await person.choose(texts(f"{WAYS}.qr_code"))
        await person.see_qr_code()
        await person.read("config.progress.scan_qr_code", name=scene.name)
        await scene.witness.look("qr-code")
        assert scene.account.scan()
        await person.read("config.abort.linked", name=scene.name, messenger="WhatsApp")
        await scene.witness.look("linked")
        await person.close()
        assert await person.clicks() - before <= 3
    assert scene.account.linked


async def move_to_another_phone(scene: Scene) -> None:
    """Link an account that works to another phone, with a code."""
    person, texts = scene.person, scene.person.texts
    await person.open_integration()
    await person.open_menu(scene.name)
    await person.pick(scene.name, "reconfigure")
    await person.read("config.step.reconfigure.description", name=scene.name)
    await scene.witness.look("reconfigure")
    await person.choose(texts("config.step.reconfigure.menu_options.link_again"))
    await person.read("config.progress.log_out", name=scene.name)
    await scene.witness.look("log-out")
    scene.account.state = "notAuthorized"
    await person.read("config.step.ways.description", name=scene.name)
    await person.choose(texts(f"{WAYS}.phone_number"))
    await person.fill(phone_number="+44 (0)7700 900-123")
    await person.submit()
    code = await person.see_code()
    await scene.witness.look("code")
    assert scene.account.enter_code(code)
    await person.read("config.abort.linked", name=scene.name, messenger="WhatsApp")
    await person.close()
    await scene.remove()


async def paste_a_request(scene: Scene) -> None:
    """Add an account that works by pasting the URL of a request."""
    person = scene.person
    found = await person.search_integration("green-api")
    await found.click()
    await person.fill(
        api_url=f"{scene.household.simulator.url}/waInstance"
        f"{scene.account.instance_id}/getStateInstance/{scene.account.token}"
    )
    await person.submit()
    await person.read("config.create_entry.default", messenger="WhatsApp")
    await scene.witness.look("authorized")
    await person.finish()
    await scene.remove()


async def put_it_off(scene: Scene) -> None:
    """Add an account and link it later."""
    scene.account.state = "notAuthorized"
    await add(scene)
    await scene.person.choose(scene.person.texts(f"{WAYS}.later"))
    await read_end(scene, "later")
    await scene.remove()


async def wait_for_the_instance(scene: Scene) -> None:
    """Wait for an instance that is being created, and link it elsewhere then."""
    scene.account.boot_seconds = 4
    scene.account.create()
    await add(scene)
    await scene.person.read("config.progress.start_instance", name=scene.name)
    await scene.witness.look("start-instance")
    await scene.person.read("config.step.ways.description", name=scene.name)
    await scene.person.close()
    await scene.remove()


async def be_told_why_not(scene: Scene) -> None:
    """Read what keeps accounts from being linked here."""
    for state, reason in (
        ("blocked", "blocked"),
        ("pendingPassword", "password_required"),
        ("suspended", "restricted"),
    ):
        scene.account.state = state
        await add(scene)
        await read_end(scene, reason, messenger="WhatsApp")
        await scene.remove()
    scene.account.state = "notAuthorized"
    scene.account.messenger = Messenger.TELEGRAM
    await add(scene)
    await read_end(scene, "link_in_console", messenger="Telegram")
    await scene.remove()
    scene.account.messenger = Messenger.WHATSAPP


async def need_a_passkey(scene: Scene) -> None:
    """Read where an account is linked that wants a passkey."""
    scene.account.passkey = True
    await add(scene)
    await scene.person.choose(scene.person.texts(f"{WAYS}.qr_code"))
    await read_end(scene, "passkey_required")
    await scene.remove()
    scene.account.passkey = False


async def lose_the_server(scene: Scene) -> None:
    """Watch the QR code go with the server, come back with it, and with a reload."""
    person = scene.person
    await add(scene)
    await person.choose(person.texts(f"{WAYS}.qr_code"))
    first = await person.see_qr_code()
    scene.account.fault = Fault.BAD_GATEWAY
    await person.read("config.progress.wait_for_server")
    await scene.witness.look("wait-for-server")
    scene.account.fault = None
    second = await person.see_qr_code(other_than=first)
    for entry in await scene.household.client.entries(DOMAIN):
        await scene.household.client.reload_entry(entry["entry_id"])
    await person.see_qr_code(other_than=second)


async def be_asked_to_wait(scene: Scene) -> None:
    """Read in another dialog for how long the server wants to be left alone."""
    scene.account.retry_after = RETRY_AFTER
    scene.account.faults["getAuthorizationCode"] = Fault.RATE_LIMITED_RETRY_AFTER
    person = scene.person
    await person.close()
    await scene.link_again()
    await person.choose(person.texts(f"{WAYS}.phone_number"))
    await person.fill(phone_number="+44 7700 900-123")
    await person.submit()
    await person.be_told(person.texts("config.error.rate_limited", minutes="1"))
    await scene.witness.look("rate-limited")
    await person.close()
    scene.account.faults.clear()


STORY: Final = (
    log_in,
    link_from_repair,
    link_from_set_up,
    move_to_another_phone,
    paste_a_request,
    put_it_off,
    wait_for_the_instance,
    be_told_why_not,
    need_a_passkey,
    lose_the_server,
    be_asked_to_wait,
)


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(look, id=str(look))
        for look in (
            Look("en", "light", "desktop"),
            Look("he", "light", "phone"),
            Look("ru", "dark", "small"),
        )
    ],
)
async def test_story(
    household: Household, person: Person, witness: Witness, look: Look
) -> None:
    """Go through the dialogs, and find nothing wrong on the way."""
    await household.had_problem(LOGGED_OUT)
    account = household.simulator.add_account(
        "1101000001", Token.FIRST, state="notAuthorized"
    )
    scene = Scene(household, person, witness, account)
    for step in STORY:
        await scene.go_through(step)
    assert witness.complaints == []
