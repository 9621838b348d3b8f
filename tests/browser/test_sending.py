"""A person sends what a camera sees, before and after the account is logged out."""

from pathlib import Path
import shutil
from typing import Any, Final

from playwright.async_api import expect
import pytest

from homeassistant.components import demo
from tests.live.configuration import DOMAIN
from tests.live.home_assistant import DEVELOPER
from tests.live.scene import CERTAINTY, Token
from tests.simulator import Account

from .actions import Actions
from .household import Household
from .look import Look
from .person import Person
from .scene import Scene
from .witness import Witness

PICTURE: Final = Path(demo.__file__).parent / "demo_0.jpg"
CAMERA: Final = "Front door"
FAMILY: Final = "Family"
FAMILY_CHAT: Final = "120363043968066561@g.us"
TEXT: Final = "Somebody is at the door"

# The response is shown as Home Assistant writes it.
RESPONSE: Final = ("message_id",)


def arrived(account: Account) -> list[tuple[str, str, int]]:
    """Return the chats, captions and sizes of the files that GREEN-API has accepted."""
    bodies: list[Any] = [message.body for message in account.messages]
    return [(it["chatId"], it["caption"], it["file"]["size"]) for it in bodies]


async def log_in(scene: Scene) -> None:
    """Have an account and a camera, and log in."""
    client = scene.household.client
    flow = await client.start_flow(DOMAIN)
    await flow.submit(
        api_url=scene.household.simulator.url,
        instance_id=scene.account.instance_id,
        api_token=scene.account.token,
    )
    picture = scene.household.home_assistant.folder / "www" / f"{CAMERA}.jpg"
    picture.parent.mkdir()
    shutil.copy(PICTURE, picture)
    flow = await client.start_flow("local_file")
    await flow.submit(file_path=f"{picture}")
    await scene.person.arrive()
    await scene.person.log_in(DEVELOPER)


async def add_a_recipient(scene: Scene) -> None:
    """Choose a group from the list of the account's chats."""
    person, texts = scene.person, scene.person.texts
    recipient = "config_subentries.recipient"
    await person.open_integration()
    await person.open_menu(scene.name)
    await (
        person.entry(scene.name)
        .locator("ha-dropdown-item", has_text=texts(f"{recipient}.initiate_flow.user"))
        .click()
    )
    await person.read(
        f"{recipient}.step.user.description", account=scene.name, messenger="WhatsApp"
    )
    await scene.witness.look("recipient")
    picker = person.flow.locator("ha-selector-select ha-generic-picker")
    await picker.click()
    await person.see(picker, FAMILY, "Caretaker (+447700900123)")
    await scene.witness.look("chats")
    await picker.locator("ha-list-item-option", has_text=FAMILY).click()
    await person.see(picker.locator("ha-picker-field"), FAMILY)
    await scene.witness.look("chosen")
    await person.submit()
    await person.finish()
    await person.see(person.entry(scene.name), FAMILY, texts(f"{recipient}.entry_type"))
    await scene.witness.look("recipients")


async def send(scene: Scene) -> None:
    """Send what the camera sees."""
    actions = Actions(scene.person, "send_message")
    await actions.open()
    await actions.choose_action()
    await actions.add_target(FAMILY)
    message = await actions.use("message")
    await message.locator("textarea").fill(TEXT)
    await actions.choose_media("attachment", "Camera", CAMERA)
    await scene.witness.look("action", tall=True)
    await perform(scene, actions)
    await scene.witness.look("sent", quoted=RESPONSE)


async def perform(scene: Scene, actions: Actions) -> None:
    """Perform the action, and read the id of the message that was sent."""
    before = arrived(scene.account)
    await actions.perform()
    await scene.person.see(actions.response, "message_id")
    await actions.response.scroll_into_view_if_needed()
    picture = (FAMILY_CHAT, TEXT, PICTURE.stat().st_size)
    assert arrived(scene.account) == [*before, picture]


async def be_refused(scene: Scene) -> None:
    """Read why it is not sent while the account is logged out."""
    assert scene.account.logout()
    await scene.household.update(scene.account)
    actions = Actions(scene.person, "send_message")
    await actions.perform()
    await scene.person.see(
        actions.error,
        scene.person.texts("exceptions.logged_out.message", name=scene.name),
    )
    assert len(arrived(scene.account)) == 1
    await actions.error.scroll_into_view_if_needed()
    await scene.witness.look("refused", quoted=RESPONSE)


async def link_again(scene: Scene) -> None:
    """Link the account in the repairs, where it says to."""
    person, texts = scene.person, scene.person.texts
    await scene.household.client.wait_for_issues(DOMAIN, "logged_out", within=CERTAINTY)
    await person.open_repairs()
    await person.open_repair(texts("issues.logged_out.title", name=scene.name))
    await person.choose(
        texts("issues.logged_out.fix_flow.step.ways.menu_options.qr_code")
    )
    await person.see_qr_code()
    assert scene.account.scan()
    await scene.see_repaired()
    await person.finish()


async def send_again(scene: Scene) -> None:
    """Send it again, as the page has kept it."""
    actions = Actions(scene.person, "send_message")
    await actions.open()
    await perform(scene, actions)
    await scene.witness.look("sent-again", quoted=RESPONSE)


async def see_when(scene: Scene) -> None:
    """See on the page of the recipient when a message was sent last: two were."""
    person = scene.person
    (device_id,) = [
        device["id"]
        for device in await scene.household.client.devices(DOMAIN)
        if device["name"] == FAMILY
    ]
    await person.go(f"/config/devices/device/{device_id}")
    card = person.page.locator("ha-device-entities-card")
    await expect(card.locator("hui-generic-entity-row").first).to_be_visible()
    await expect(person.page.locator("ha-logbook ha-spinner")).to_have_count(0)
    await scene.witness.look("recipient-page", tall=True)
    assert len(arrived(scene.account)) == 2


STORY: Final = (
    log_in,
    add_a_recipient,
    send,
    be_refused,
    link_again,
    send_again,
    see_when,
)


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(look, id=str(look))
        for look in (Look("en", "dark", "desktop"), Look("he", "dark", "phone"))
    ],
)
async def test_story(household: Household, person: Person, witness: Witness) -> None:
    """Go through what a person does, and find nothing wrong on the way."""
    account = household.simulator.add_account("1101000001", Token.FIRST)
    scene = Scene(household, person, witness, account)
    for step in STORY:
        await scene.go_through(step)
    assert witness.complaints == []
