"""Send the image of a camera, before and after the account is logged out."""

from pathlib import Path
import shutil
from typing import Any, Final

from playwright.async_api import expect
import pytest

from homeassistant.components import demo
from tests.live.configuration import DOMAIN
from tests.live.home_assistant import DEVELOPER
from tests.live.scenario import CONFIRMATION_TIMEOUT, Token
from tests.simulator import Account

from .actions import ActionsPage
from .appearance import Appearance
from .frontend import Frontend
from .installation import Installation
from .page_recorder import PageRecorder
from .scenario import Scenario

pytestmark = pytest.mark.long(110)

PICTURE: Final = Path(demo.__file__).parent / "demo_0.jpg"
CAMERA: Final = "Front door"
FAMILY: Final = "Family"
FAMILY_CHAT: Final = "120363043968066561@g.us"
TEXT: Final = "Somebody is at the door"

# The response is shown as Home Assistant writes it.
RESPONSE: Final = ("message_id",)


def accepted_files(account: Account) -> list[tuple[str, str, int]]:
    """Return chat ID, caption and size of the files that GREEN-API has accepted."""
    bodies: list[Any] = [message.body for message in account.messages]
    return [(it["chatId"], it["caption"], it["file"]["size"]) for it in bodies]


async def log_in(scenario: Scenario) -> None:
    """Set up an account and a camera, and log in."""
    client = scenario.installation.client
    flow = await client.start_flow(DOMAIN)
    await flow.submit(
        api_url=scenario.installation.simulator.url,
        instance_id=scenario.account.instance_id,
        api_token=scenario.account.token,
    )
    picture = scenario.installation.home_assistant.folder / "www" / f"{CAMERA}.jpg"
    picture.parent.mkdir()
    shutil.copy(PICTURE, picture)
    flow = await client.start_flow("local_file")
    await flow.submit(file_path=f"{picture}")
    await scenario.frontend.open_login_page()
    await scenario.frontend.log_in(DEVELOPER)


async def add_recipient(scenario: Scenario) -> None:
    """Select a group from the list of the account's chats."""
    frontend, texts = scenario.frontend, scenario.frontend.texts
    recipient = "config_subentries.recipient"
    await frontend.open_integration()
    await frontend.open_entry_menu(scenario.name)
    await (
        frontend.entry_row(scenario.name)
        .locator("ha-dropdown-item", has_text=texts(f"{recipient}.initiate_flow.user"))
        .click()
    )
    await frontend.expect_dialog_text(
        f"{recipient}.step.user.description",
        account=scenario.name,
        messenger="WhatsApp",
    )
    await scenario.recorder.record("recipient")
    picker = frontend.dialog.locator("ha-selector-select ha-generic-picker")
    await picker.click()
    group = f"{texts('common.group')}: {FAMILY}"
    await frontend.expect_text(
        picker, group, f"{texts('common.person')}: Caretaker (+447700900123)"
    )
    await scenario.recorder.record("chats")
    await picker.locator("ha-list-item-option", has_text=group).click()
    await frontend.expect_text(picker.locator("ha-picker-field"), group)
    await scenario.recorder.record("chosen")
    await frontend.submit_form()
    await frontend.finish_dialog()
    await frontend.expect_text(
        frontend.entry_row(scenario.name), FAMILY, texts(f"{recipient}.entry_type")
    )
    await scenario.recorder.record("recipients")


async def send(scenario: Scenario) -> None:
    """Send the image of the camera."""
    actions = ActionsPage(scenario.frontend, "send_message")
    await actions.open()
    await actions.select_action()
    await actions.add_target(FAMILY)
    message = await actions.enable_field("message")
    await message.locator("textarea").fill(TEXT)
    await actions.select_media("attachment", "Camera", CAMERA)
    await scenario.recorder.record("action", tall=True)
    await expect_sent(scenario, actions)
    await scenario.recorder.record("sent", quoted=RESPONSE)


async def expect_sent(scenario: Scenario, actions: ActionsPage) -> None:
    """Perform the action, and show the ID of the sent message."""
    before = accepted_files(scenario.account)
    await actions.perform()
    await scenario.frontend.expect_text(actions.response, "message_id")
    await actions.response.scroll_into_view_if_needed()
    picture = (FAMILY_CHAT, TEXT, PICTURE.stat().st_size)
    assert accepted_files(scenario.account) == [*before, picture]


async def send_while_logged_out(scenario: Scenario) -> None:
    """Show why it is not sent while the account is logged out."""
    assert scenario.account.logout()
    await scenario.installation.refresh(scenario.account)
    actions = ActionsPage(scenario.frontend, "send_message")
    await actions.perform()
    await scenario.frontend.expect_text(
        actions.error,
        scenario.frontend.texts("exceptions.logged_out.message", name=scenario.name),
    )
    assert len(accepted_files(scenario.account)) == 1
    await actions.error.scroll_into_view_if_needed()
    await scenario.recorder.record("refused", quoted=RESPONSE)


async def link_again(scenario: Scenario) -> None:
    """Link the account with its repair, as the error says."""
    frontend, texts = scenario.frontend, scenario.frontend.texts
    await scenario.installation.client.wait_for_issues(
        DOMAIN, "logged_out", within=CONFIRMATION_TIMEOUT
    )
    await frontend.open_repairs()
    await frontend.open_repair(texts("issues.logged_out.title", name=scenario.name))
    await frontend.select_menu_option(
        texts("issues.logged_out.fix_flow.step.ways.menu_options.qr_code")
    )
    await frontend.expect_qr_code()
    assert scenario.account.scan()
    await frontend.expect_dialog_text(
        "issues.logged_out.fix_flow.abort.linked",
        name=scenario.name,
        messenger="WhatsApp",
    )
    await frontend.close_dialog()


async def send_again(scenario: Scenario) -> None:
    """Perform the action again, which the page has kept."""
    actions = ActionsPage(scenario.frontend, "send_message")
    await actions.open()
    await expect_sent(scenario, actions)
    await scenario.recorder.record("sent-again", quoted=RESPONSE)


async def show_recipient_page(scenario: Scenario) -> None:
    """Show on the recipient's device page when the last of two messages was sent."""
    frontend = scenario.frontend
    (device_id,) = [
        device["id"]
        for device in await scenario.installation.client.devices(DOMAIN)
        if device["name"] == FAMILY
    ]
    await frontend.navigate(f"/config/devices/device/{device_id}")
    card = frontend.page.locator("ha-device-entities-card")
    await expect(card.locator("hui-generic-entity-row").first).to_be_visible()
    await expect(frontend.page.locator("ha-logbook ha-spinner")).to_have_count(0)
    await scenario.recorder.record("recipient-page", tall=True)
    assert len(accepted_files(scenario.account)) == 2


STEPS: Final = (
    log_in,
    add_recipient,
    send,
    send_while_logged_out,
    link_again,
    send_again,
    show_recipient_page,
)


@pytest.mark.parametrize("appearance", [Appearance("he", "dark", "phone")], ids=str)
async def test_sending_camera_image(
    installation: Installation, frontend: Frontend, recorder: PageRecorder
) -> None:
    """Run all steps, without a complaint about any page."""
    account = installation.simulator.add_account("1101000001", Token.FIRST)
    scenario = Scenario(installation, frontend, recorder, account)
    await scenario.run_steps(STEPS)
