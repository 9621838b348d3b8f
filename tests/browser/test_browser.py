"""Add an account, use it, and repair it when it has problems."""

from typing import Final

from playwright.async_api import expect
import pytest

from tests.live.configuration import DOMAIN
from tests.live.dashboard import account_dashboard
from tests.live.home_assistant import DEVELOPER
from tests.live.scenario import TOKEN_CORE, Token

from .appearance import Appearance
from .cards import readme_dashboard
from .frontend import Frontend
from .installation import (
    LOGGED_OUT,
    NOT_FIXABLE,
    NOT_SENDING,
    NOT_SENDING_AFTER_REBOOT,
    RESTRICTED_UNTIL,
    SECOND_LOGGED_OUT,
    STUCK_STARTING,
    TELEGRAM,
    WRONG_ADDRESS,
    Installation,
)
from .page_recorder import PageRecorder
from .scenario import Scenario, Step

pytestmark = pytest.mark.long(80)

CONSOLE: Final = "https://console.green-api.com"
PASSWORD: Final = "correct horse battery"


async def log_in(scenario: Scenario) -> None:
    """Log in."""
    await scenario.frontend.open_login_page()
    await scenario.recorder.record("login")
    await scenario.frontend.log_in(DEVELOPER)


async def search(scenario: Scenario) -> None:
    """Find the integration by what people know: a messenger, or the vendor."""
    for text in ("whatsapp", "Telegram", "MAX", "green-api"):
        await scenario.frontend.search_integration(text)
        await scenario.recorder.record(f"search-{text.lower()}")
        await scenario.frontend.page.keyboard.press("Escape")


async def enter_invalid_values(scenario: Scenario) -> None:
    """Enter wrong values in the form, and show the errors."""
    frontend, texts = scenario.frontend, scenario.frontend.texts
    found = await frontend.search_integration("green-api")
    await found.click()
    await frontend.expect_dialog_text("config.step.user.description")
    await expect(frontend.dialog.locator(f"a[href='{CONSOLE}']")).to_be_visible()
    await scenario.recorder.record("form")

    await frontend.fill_form(api_url="http://green-api.com", instance_id="WhatsApp")
    await frontend.fill_form(api_token=Token.WRONG)
    await frontend.submit_form()
    await frontend.expect_form_error(texts("config.error.insecure_url"))
    await frontend.expect_form_error(texts("config.error.invalid_instance_id"))
    await scenario.recorder.record("mistakes")

    await frontend.fill_form(api_url=scenario.installation.simulator.url)
    await frontend.fill_form(
        instance_id=scenario.account.instance_id, api_token=Token.WRONG
    )
    await frontend.submit_form()
    await frontend.expect_form_error(texts("config.error.invalid_auth"))
    await scenario.recorder.record("wrong-token")


async def add_account(scenario: Scenario) -> None:
    """Correct the last value, and add the account."""
    frontend = scenario.frontend
    await frontend.fill_form(api_token=Token.FIRST)
    await frontend.submit_form()
    await frontend.expect_dialog_text(
        "config.create_entry.default", messenger="WhatsApp"
    )
    await scenario.recorder.record("added")
    await frontend.finish_dialog()
    await frontend.open_integration()
    await frontend.expect_text(frontend.entry_row(scenario.name), "WhatsApp")
    await scenario.recorder.record("accounts")


async def reboot(scenario: Scenario) -> None:
    """Press the reboot button on the device page, and follow the state."""
    frontend, texts = scenario.frontend, scenario.frontend.texts
    scenario.account.boot_seconds = 5
    await frontend.open_device(scenario.name)
    await frontend.expect_text(
        frontend.page.locator("ha-config-device-page"),
        texts("entity.sensor.state.name"),
        texts("entity.sensor.state.state.authorized"),
        texts("entity.sensor.restricted_until.name"),
        texts("entity.button.reboot.name"),
    )
    await scenario.recorder.record("device", tall=True)

    await frontend.page.locator("hui-button-entity-row ha-button").click()
    state = frontend.page.locator("hui-sensor-entity-row").filter(
        has=frontend.page.get_by_text(texts("entity.sensor.state.name"), exact=True)
    )
    await frontend.expect_text(state, texts("entity.sensor.state.state.starting"))
    await scenario.recorder.record("rebooting")
    await frontend.expect_text(state, texts("entity.sensor.state.state.authorized"))


async def watch_dashboard(scenario: Scenario) -> None:
    """Follow the state on a dashboard."""
    frontend, client = scenario.frontend, scenario.installation.client
    entities = [
        entity
        for entity in await client.entities(DOMAIN)
        if entity["unique_id"].startswith(scenario.account.instance_id)
    ]
    await client.save_dashboard(
        "my-account",
        "GREEN-API",
        "mdi:message-badge",
        account_dashboard(scenario.name, entities),
    )
    await frontend.open_dashboard("my-account")
    state = frontend.page.locator("hui-tile-card").first
    await frontend.expect_text(
        state, frontend.texts("entity.sensor.state.state.authorized")
    )
    await expect(frontend.page.locator("ha-logbook-entry").first).to_be_visible()
    await scenario.recorder.record("dashboard", tall=True)
    scenario.account.state = "notAuthorized"
    await frontend.expect_text(
        state, frontend.texts("entity.sensor.state.state.not_authorized")
    )
    await scenario.recorder.record("dashboard-not-authorized", tall=True)
    scenario.account.state = "authorized"


async def show_readme_cards(scenario: Scenario) -> None:
    """Show an account's problem and QR code in the documentation's cards."""
    frontend = scenario.frontend
    await scenario.installation.client.save_dashboard(
        "from-readme",
        "WhatsApp",
        "mdi:whatsapp",
        readme_dashboard(
            LOGGED_OUT.instance_id,
            await scenario.installation.device_id(scenario.account_of(LOGGED_OUT)),
        ),
    )
    await frontend.open_dashboard("from-readme")
    await frontend.expect_text(
        frontend.page.locator("hui-section").nth(1),
        frontend.texts("entity.sensor.problem_reason.state.logged_out"),
    )
    await expect(frontend.page.locator("hui-alert-card")).to_be_visible()
    await frontend.expect_text(
        frontend.page.locator("hui-section").nth(2),
        frontend.texts("entity.sensor.state.name"),
    )
    await expect(frontend.page.locator("hui-picture-entity-card img")).to_be_visible()
    await scenario.recorder.record("cards", tall=True, quoted=["Reboot"])


async def link_by_code(scenario: Scenario) -> None:
    """Link an account again with a code for its phone number."""
    frontend, texts = scenario.frontend, scenario.frontend.texts
    step = "issues.logged_out.fix_flow.step"
    await frontend.open_repairs()
    await scenario.recorder.record("repairs")
    await scenario.open_repair(LOGGED_OUT)
    await frontend.expect_dialog_text(
        f"{step}.ways.description", name=LOGGED_OUT.name, messenger="WhatsApp"
    )
    await scenario.recorder.record("ways")
    await frontend.select_menu_option(texts(f"{step}.ways.menu_options.phone_number"))
    await frontend.expect_dialog_text(f"{step}.phone_number.description")
    await frontend.fill_form(phone_number="call me")
    await frontend.submit_form()
    await frontend.expect_form_error(
        texts("issues.logged_out.fix_flow.error.invalid_phone_number")
    )
    await scenario.recorder.record("wrong-phone-number")
    await frontend.fill_form(phone_number="+44 7700 900-123")
    await frontend.submit_form()
    code = await frontend.expect_code()
    await frontend.expect_dialog_text(
        "issues.logged_out.fix_flow.progress.enter_code",
        name=LOGGED_OUT.name,
        code=code,
    )
    await scenario.recorder.record("code")
    assert scenario.account_of(LOGGED_OUT).enter_code(code)
    await scenario.expect_repaired(LOGGED_OUT, "linked")
    await scenario.recorder.record("linked-by-code")
    await frontend.close_dialog()


async def link_by_qr_code(scenario: Scenario) -> None:
    """Link an account again with the second QR code that is shown."""
    frontend, texts = scenario.frontend, scenario.frontend.texts
    await scenario.open_repair(SECOND_LOGGED_OUT)
    await frontend.select_menu_option(
        texts("issues.logged_out.fix_flow.step.ways.menu_options.qr_code")
    )
    first = await frontend.expect_qr_code()
    await frontend.expect_dialog_text(
        "issues.logged_out.fix_flow.step.scan_qr_code.description",
        messenger="WhatsApp",
        name=SECOND_LOGGED_OUT.name,
    )
    await scenario.recorder.record("qr-code")
    await frontend.expect_qr_code(other_than=first)
    await scenario.recorder.record("next-qr-code")
    assert scenario.account_of(SECOND_LOGGED_OUT).scan()
    await scenario.expect_repaired(SECOND_LOGGED_OUT, "linked")
    await scenario.recorder.record("linked-by-qr-code")
    await frontend.close_dialog()


async def link_telegram(scenario: Scenario) -> None:
    """Link a Telegram account that has a password with its repair."""
    frontend, texts = scenario.frontend, scenario.frontend.texts
    flow = "issues.logged_out.fix_flow"
    account = scenario.account_of(TELEGRAM)
    account.cloud_password = PASSWORD
    await scenario.open_repair(TELEGRAM)
    await frontend.select_menu_option(texts(f"{flow}.step.ways.menu_options.qr_code"))
    await frontend.expect_qr_code()
    await frontend.expect_dialog_text(
        f"{flow}.step.scan_qr_code_telegram.description",
        name=TELEGRAM.name,
        messenger="Telegram",
    )
    await scenario.recorder.record("telegram")
    assert account.scan()
    await frontend.expect_dialog_text(
        f"{flow}.step.password.description", name=TELEGRAM.name
    )
    await frontend.fill_form(password=PASSWORD)
    await scenario.recorder.record("telegram-password")
    await frontend.submit_form()
    await scenario.expect_repaired(TELEGRAM, "linked")
    await frontend.close_dialog()


async def repair_stuck_instance(scenario: Scenario) -> None:
    """Reboot an instance that is stuck while starting, with its repair."""
    frontend = scenario.frontend
    account = scenario.account_of(STUCK_STARTING)
    await scenario.open_repair(STUCK_STARTING)
    await frontend.expect_dialog_text(
        "issues.stuck_starting.fix_flow.step.confirm.description",
        name=STUCK_STARTING.name,
    )
    await scenario.recorder.record("stuck")
    account.requests.clear()
    await frontend.submit_form()
    await scenario.expect_repaired(STUCK_STARTING, "rebooting")
    assert "reboot" in {request.method for request in account.requests}
    await frontend.close_dialog()


async def repair_stuck_queue(scenario: Scenario) -> None:
    """Reboot an instance that does not send its messages, with its repair."""
    frontend, texts = scenario.frontend, scenario.frontend.texts
    account = scenario.account_of(NOT_SENDING)
    step = "issues.not_sending.fix_flow.step"
    await scenario.open_repair(NOT_SENDING)
    await frontend.expect_dialog_text(f"{step}.init.description", name=NOT_SENDING.name)
    await scenario.recorder.record("not-sending")
    await frontend.select_menu_option(texts(f"{step}.init.menu_options.reboot"))
    await frontend.expect_dialog_text(
        f"{step}.reboot.description", name=NOT_SENDING.name
    )
    await scenario.recorder.record("not-sending-reboot")
    await frontend.submit_form()
    await scenario.expect_repaired(NOT_SENDING, "rebooting")
    assert not account.queue_stuck
    await frontend.close_dialog()


async def repair_by_clearing_queue(scenario: Scenario) -> None:
    """Clear the queue that is not sent even after a reboot, with its repair."""
    account = scenario.account_of(NOT_SENDING_AFTER_REBOOT)
    await scenario.open_repair(NOT_SENDING_AFTER_REBOOT)
    await scenario.frontend.expect_dialog_text(
        "issues.not_sending_after_reboot.fix_flow.step.confirm.description",
        name=NOT_SENDING_AFTER_REBOOT.name,
    )
    await scenario.recorder.record("not-sending-after-reboot")
    assert account.queue == NOT_SENDING_AFTER_REBOOT.waiting
    await scenario.frontend.submit_form()
    await scenario.expect_repaired(NOT_SENDING_AFTER_REBOOT, "cleared")
    assert account.queue == 0
    await scenario.frontend.close_dialog()


async def show_unfixable_repairs(scenario: Scenario) -> None:
    """Show the repairs that only explain what to do elsewhere."""
    frontend = scenario.frontend
    for problem in NOT_FIXABLE:
        await scenario.open_repair(problem)
        await frontend.expect_dialog_text(
            f"issues.{problem.issue}.description",
            name=problem.name,
            until=frontend.texts.moment(RESTRICTED_UNTIL),
        )
        await scenario.recorder.record(problem.issue.replace("_", "-"))
        await frontend.close_dialog()


async def repair_wrong_address(scenario: Scenario) -> None:
    """Open the reconfigure dialog from the repair of a wrong address."""
    frontend = scenario.frontend
    await scenario.open_repair(WRONG_ADDRESS)
    await frontend.expect_dialog_text(
        "issues.wrong_address_fixable.fix_flow.step.confirm.description",
        name=WRONG_ADDRESS.name,
    )
    await scenario.recorder.record("wrong-address")
    await frontend.submit_form()
    await frontend.expect_dialog_text(
        "config.step.address.description", name=WRONG_ADDRESS.name
    )
    await scenario.recorder.record("change-the-address")
    scenario.account_of(WRONG_ADDRESS).fault = None
    await frontend.submit_form()
    await frontend.expect_text(
        frontend.dialog, await scenario.abort_text("reconfigure_successful")
    )
    await frontend.close_dialog()


async def reauthenticate(scenario: Scenario) -> None:
    """Enter the new token in the reauthentication dialog."""
    frontend = scenario.frontend
    scenario.account.token = Token.LATER
    await scenario.installation.refresh(scenario.account)
    await scenario.installation.refresh(scenario.account)
    await frontend.open_integration()
    attention = frontend.page.locator(".attention", has_text=scenario.name)
    await attention.locator("ha-button[slot=end]").click()
    await frontend.expect_dialog_text(
        "config.step.reauth_confirm.description", name=scenario.name
    )
    await scenario.recorder.record("new-token")
    await frontend.fill_form(api_token=Token.LATER)
    await frontend.submit_form()
    await frontend.expect_text(
        frontend.dialog, await scenario.abort_text("reauth_successful")
    )
    await scenario.recorder.record("new-token-works")
    await frontend.close_dialog()


async def download_diagnostics(scenario: Scenario) -> None:
    """Download diagnostics, which have the state, but not the instance ID."""
    frontend = scenario.frontend
    await scenario.wait_until_loaded()
    await frontend.open_entry_menu(scenario.name)
    await scenario.recorder.record("menu")
    text = await frontend.download_diagnostics(scenario.name)
    assert "authorized" in text
    assert scenario.account.instance_id not in text
    assert TOKEN_CORE not in text


async def reconfigure(scenario: Scenario) -> None:
    """Change the API URL of the account."""
    frontend = scenario.frontend
    await frontend.open_entry_menu(scenario.name)
    await frontend.select_entry_action(scenario.name, "reconfigure")
    await frontend.expect_dialog_text(
        "config.step.reconfigure.description", name=scenario.name
    )
    await scenario.recorder.record("reconfigure")
    await frontend.select_menu_option(
        frontend.texts("config.step.reconfigure.menu_options.address")
    )
    await frontend.expect_dialog_text(
        "config.step.address.description", name=scenario.name
    )
    await scenario.recorder.record("address")
    await frontend.fill_form(api_url=f"{scenario.installation.simulator.url}/v3/")
    await frontend.submit_form()
    await frontend.expect_text(
        frontend.dialog, await scenario.abort_text("reconfigure_successful")
    )
    await scenario.recorder.record("reconfigured")
    await frontend.close_dialog()


async def delete_account(scenario: Scenario) -> None:
    """Delete the account."""
    frontend = scenario.frontend
    await frontend.open_entry_menu(scenario.name)
    await frontend.select_entry_action(scenario.name, "delete")
    await frontend.expect_text(frontend.page.locator("dialog-box"), scenario.name)
    await scenario.recorder.record("delete")
    await frontend.confirm()
    await expect(frontend.entry_row(scenario.name)).to_have_count(0)
    await scenario.recorder.record("deleted")


ALL_STEPS: Final = (
    log_in,
    search,
    enter_invalid_values,
    add_account,
    reboot,
    watch_dashboard,
    show_readme_cards,
    link_by_code,
    link_by_qr_code,
    link_telegram,
    repair_stuck_instance,
    repair_stuck_queue,
    repair_by_clearing_queue,
    show_unfixable_repairs,
    repair_wrong_address,
    reauthenticate,
    download_diagnostics,
    reconfigure,
    delete_account,
)
RIGHT_TO_LEFT_STEPS: Final = (
    log_in,
    search,
    enter_invalid_values,
    add_account,
    show_readme_cards,
    link_by_code,
    link_by_qr_code,
)


@pytest.mark.parametrize(
    ("appearance", "steps"),
    [
        pytest.param(appearance, steps, id=str(appearance))
        for appearance, steps in (
            (Appearance("ru", "dark", "phone"), ALL_STEPS),
            (Appearance("en", "light", "desktop"), ALL_STEPS),
            (Appearance("he", "light", "phone"), RIGHT_TO_LEFT_STEPS),
        )
    ],
)
async def test_account_lifecycle(
    installation: Installation,
    frontend: Frontend,
    steps: tuple[Step, ...],
    recorder: PageRecorder,
) -> None:
    """Run all steps, without a complaint about any page."""
    await installation.set_up_problems(
        LOGGED_OUT,
        SECOND_LOGGED_OUT,
        TELEGRAM,
        STUCK_STARTING,
        NOT_SENDING,
        NOT_SENDING_AFTER_REBOOT,
        *NOT_FIXABLE,
        WRONG_ADDRESS,
    )
    account = installation.simulator.add_account("1101000001", Token.FIRST)
    scenario = Scenario(installation, frontend, recorder, account)
    await scenario.run_steps(steps)
