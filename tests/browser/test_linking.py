"""Link accounts with the setup dialog, the repair and the reconfigure dialog."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import logging
import math
import time
from typing import Final

import pytest

from tests.live.configuration import DOMAIN
from tests.live.home_assistant import DEVELOPER
from tests.live.scenario import Token
from tests.simulator import Fault, Messenger

from .appearance import Appearance
from .frontend import Frontend
from .installation import LOGGED_OUT, Installation
from .page_recorder import PageRecorder
from .scenario import Scenario

pytestmark = pytest.mark.long(120)

_LOGGER: Final = logging.getLogger(__name__)

WAYS: Final = "config.step.ways.menu_options"

PASSWORD: Final = "correct horse battery"

# Seconds that the server asks to wait.
RETRY_AFTER: Final = 5


@asynccontextmanager
async def measured(
    scenario: Scenario, what: str, *, seconds: float, clicks: int
) -> AsyncIterator[None]:
    """Print the seconds and clicks, and assert that they are not exceeded."""
    started_at = time.monotonic()
    await scenario.frontend.count_clicks()
    yield
    took, clicked = time.monotonic() - started_at, await scenario.frontend.clicks()
    _LOGGER.info("%s: %.0f s, %d clicks", what, took, clicked)
    print(f"{what}: {took:.0f} s, {clicked} clicks")  # noqa: T201
    assert took <= seconds
    assert clicked <= clicks


async def submit_account(scenario: Scenario) -> None:
    """Submit the form that adds the account."""
    await scenario.open_add_dialog()
    await scenario.frontend.submit_form()


async def expect_abort(scenario: Scenario, reason: str, **placeholders: str) -> None:
    """Show why the dialog has ended, and close it."""
    await scenario.frontend.expect_dialog_text(
        f"config.abort.{reason}", name=scenario.name, **placeholders
    )
    await scenario.recorder.record(reason.replace("_", "-"))
    await scenario.frontend.close_dialog()


async def log_in(scenario: Scenario) -> None:
    """Log in."""
    await scenario.frontend.open_login_page()
    await scenario.frontend.log_in(DEVELOPER)


async def expect_ways(scenario: Scenario, flow: str) -> None:
    """Wait until a dialog offers both ways of WhatsApp in the right order."""
    options = f"{flow}.step.ways.menu_options"
    await scenario.frontend.expect_ways(
        qr_code=scenario.frontend.texts(f"{options}.qr_code"),
        code=scenario.frontend.texts(f"{options}.phone_number"),
    )


async def link_from_repair(scenario: Scenario) -> None:
    """Link an account with its repair, with a phone that scans immediately."""
    frontend = scenario.frontend
    await frontend.open_repairs()
    async with measured(scenario, "repair to linked", seconds=60, clicks=6):
        await frontend.repair_row(
            frontend.texts("issues.logged_out.title", name=LOGGED_OUT.name)
        ).click()
        await expect_ways(scenario, "issues.logged_out.fix_flow")
        await frontend.select_menu_option(
            frontend.texts("issues.logged_out.fix_flow.step.ways.menu_options.qr_code")
        )
        await frontend.expect_qr_code()
        assert scenario.account_of(LOGGED_OUT).scan()
        await scenario.expect_repaired(LOGGED_OUT, "linked")
        await frontend.close_dialog()


async def link_from_setup(scenario: Scenario) -> None:
    """Add an account and link it, with a phone that scans immediately."""
    frontend, texts = scenario.frontend, scenario.frontend.texts
    async with measured(scenario, "Add integration to linked", seconds=90, clicks=5):
        await scenario.open_add_dialog()
        before = await frontend.clicks()
        await frontend.submit_form()
        await frontend.expect_dialog_text(
            "config.step.ways.description", name=scenario.name, messenger="WhatsApp"
        )
        await expect_ways(scenario, "config")
        await scenario.recorder.record("ways")
        await frontend.select_menu_option(texts(f"{WAYS}.qr_code"))
        await frontend.expect_qr_code()
        await frontend.expect_dialog_text(
            "config.step.scan_qr_code.description",
            name=scenario.name,
            messenger="WhatsApp",
        )
        await scenario.recorder.record("qr-code")
        assert scenario.account.scan()
        await frontend.expect_dialog_text(
            "config.abort.linked", name=scenario.name, messenger="WhatsApp"
        )
        await scenario.recorder.record("linked")
        await frontend.close_dialog()
        assert await frontend.clicks() - before <= 3
    assert scenario.account.linked


async def link_another_phone(scenario: Scenario) -> None:
    """Link an authorized account to another phone, with a code."""
    frontend, texts = scenario.frontend, scenario.frontend.texts
    await frontend.open_integration()
    await frontend.open_entry_menu(scenario.name)
    await frontend.select_entry_action(scenario.name, "reconfigure")
    await frontend.expect_dialog_text(
        "config.step.reconfigure.description", name=scenario.name
    )
    await scenario.recorder.record("reconfigure")
    await frontend.select_menu_option(
        texts("config.step.reconfigure.menu_options.link_again")
    )
    await frontend.expect_dialog_text("config.progress.log_out", name=scenario.name)
    await scenario.recorder.record("log-out")
    scenario.account.state = "notAuthorized"
    await frontend.expect_dialog_text(
        "config.step.ways.description", name=scenario.name, messenger="WhatsApp"
    )
    await expect_ways(scenario, "config")
    await frontend.select_menu_option(texts(f"{WAYS}.phone_number"))
    await frontend.fill_form(phone_number="+44 (0)7700 900-123")
    await frontend.submit_form()
    code = await frontend.expect_code()
    await scenario.recorder.record("code")
    assert scenario.account.enter_code(code)
    await frontend.expect_dialog_text(
        "config.abort.linked", name=scenario.name, messenger="WhatsApp"
    )
    await frontend.close_dialog()
    await scenario.remove_account()


async def paste_request_url(scenario: Scenario) -> None:
    """Add an authorized account by pasting the URL of a request."""
    frontend = scenario.frontend
    found = await frontend.search_integration("green-api")
    await found.click()
    await frontend.fill_form(
        api_url=f"{scenario.installation.simulator.url}/waInstance"
        f"{scenario.account.instance_id}/getStateInstance/{scenario.account.token}"
    )
    await frontend.submit_form()
    await frontend.expect_dialog_text(
        "config.create_entry.default", messenger="WhatsApp"
    )
    await scenario.recorder.record("authorized")
    await frontend.finish_dialog()
    await scenario.remove_account()


async def link_later(scenario: Scenario) -> None:
    """Add an account and link it later."""
    scenario.account.state = "notAuthorized"
    await submit_account(scenario)
    await scenario.frontend.select_menu_option(scenario.frontend.texts(f"{WAYS}.later"))
    await expect_abort(scenario, "later")
    await scenario.remove_account()


async def wait_for_new_instance(scenario: Scenario) -> None:
    """Wait for an instance that is being created, and do not link it."""
    scenario.account.boot_seconds = math.inf
    scenario.account.create()
    await submit_account(scenario)
    await scenario.frontend.expect_dialog_text(
        "config.progress.start_instance", name=scenario.name
    )
    await scenario.recorder.record("start-instance")
    scenario.account.state = "notAuthorized"
    await scenario.frontend.expect_dialog_text(
        "config.step.ways.description", name=scenario.name, messenger="WhatsApp"
    )
    await scenario.frontend.close_dialog()
    await scenario.remove_account()


async def show_why_not_linkable(scenario: Scenario) -> None:
    """Show why accounts cannot be linked here."""
    for state, reason in (
        ("blocked", "blocked"),
        ("pendingPassword", "password_required"),
        ("suspended", "restricted"),
    ):
        scenario.account.state = state
        await submit_account(scenario)
        await expect_abort(scenario, reason, messenger="WhatsApp")
        await scenario.remove_account()
    scenario.account.state = "notAuthorized"


async def expect_linked(scenario: Scenario, messenger: str) -> None:
    """Show that the account is linked, close the dialog, and log the account out."""
    await scenario.frontend.expect_dialog_text(
        "config.abort.linked", name=scenario.name, messenger=messenger
    )
    await scenario.frontend.close_dialog()
    await scenario.remove_account()
    scenario.account.state = "notAuthorized"


async def show_passkey_required(scenario: Scenario) -> None:
    """Show where to link an account that requires a passkey, and wait for that."""
    scenario.account.passkey = True
    await submit_account(scenario)
    await scenario.frontend.select_menu_option(
        scenario.frontend.texts(f"{WAYS}.qr_code")
    )
    await scenario.frontend.expect_dialog_text(
        "config.step.use_passkey.description", name=scenario.name
    )
    await scenario.recorder.record("passkey")
    scenario.account.passkey = False
    scenario.account.state = "authorized"
    await expect_linked(scenario, "WhatsApp")


async def enter_password(scenario: Scenario, messenger: str) -> None:
    """Enter a wrong password, then the password of the account."""
    frontend = scenario.frontend
    await frontend.expect_dialog_text(
        "config.step.password.description", name=scenario.name
    )
    await frontend.fill_form(password="?")
    await frontend.submit_form()
    await frontend.expect_form_error(frontend.texts("config.error.invalid_password"))
    await scenario.recorder.record(f"{messenger}-password".lower())
    await frontend.fill_form(password=PASSWORD)
    await frontend.submit_form()
    await expect_linked(scenario, messenger)


async def link_telegram(scenario: Scenario) -> None:
    """Link an account of Telegram with a QR code and a password."""
    frontend, texts, account = (
        scenario.frontend,
        scenario.frontend.texts,
        scenario.account,
    )
    account.messenger = Messenger.TELEGRAM
    account.cloud_password = PASSWORD
    await submit_account(scenario)
    await frontend.select_menu_option(texts(f"{WAYS}.qr_code"))
    await frontend.expect_qr_code()
    await frontend.expect_dialog_text(
        "config.step.scan_qr_code_telegram.description",
        name=scenario.name,
        messenger="Telegram",
    )
    await scenario.recorder.record("telegram-qr-code")
    assert account.scan()
    await enter_password(scenario, "Telegram")
    account.cloud_password = None


async def enter_telegram_code(scenario: Scenario) -> None:
    """Link an account of Telegram with the code that is sent to it."""
    frontend, texts = scenario.frontend, scenario.frontend.texts
    await submit_account(scenario)
    await frontend.expect_dialog_text(
        "config.step.ways.description", name=scenario.name, messenger="Telegram"
    )
    await frontend.select_menu_option(texts(f"{WAYS}.sent_code", messenger="Telegram"))
    await frontend.fill_form(phone_number="+44 (0)7700 900-123")
    await scenario.recorder.record("telegram-phone-number")
    await frontend.submit_form()
    await frontend.expect_dialog_text(
        "config.step.confirm_code.description", messenger="Telegram"
    )
    await frontend.fill_form(code=scenario.account.authorization.code or "")
    await scenario.recorder.record("telegram-code")
    await frontend.submit_form()
    await expect_linked(scenario, "Telegram")


async def link_max(scenario: Scenario) -> None:
    """Link an account of MAX with a QR code, although it has a password."""
    frontend, account = scenario.frontend, scenario.account
    account.messenger = Messenger.MAX
    account.cloud_password = PASSWORD
    await submit_account(scenario)
    await frontend.expect_dialog_text(
        "config.step.max_ways.description", name=scenario.name, messenger="MAX"
    )
    await scenario.recorder.record("max-ways")
    await frontend.select_menu_option(
        frontend.texts("config.step.max_ways.menu_options.qr_code")
    )
    await frontend.expect_qr_code()
    await frontend.expect_dialog_text(
        "config.step.scan_qr_code_max.description",
        name=scenario.name,
        messenger="MAX",
    )
    await scenario.recorder.record("max-qr-code")
    assert account.scan()
    await enter_password(scenario, "MAX")
    account.cloud_password = None
    account.messenger = Messenger.WHATSAPP


async def lose_server_connection(scenario: Scenario) -> None:
    """Show the QR code again after an outage of the server, and after a reload."""
    frontend = scenario.frontend
    await submit_account(scenario)
    await frontend.select_menu_option(frontend.texts(f"{WAYS}.qr_code"))
    first = await frontend.expect_qr_code()
    scenario.account.fault = Fault.BAD_GATEWAY
    await frontend.expect_dialog_text("config.progress.wait_for_server")
    await scenario.recorder.record("wait-for-server")
    scenario.account.fault = None
    second = await frontend.expect_qr_code(other_than=first)
    for entry in await scenario.installation.client.entries(DOMAIN):
        await scenario.installation.client.reload_entry(entry["entry_id"])
    await frontend.expect_qr_code(other_than=second)


async def show_rate_limit(scenario: Scenario) -> None:
    """Show in another dialog how long the server asks to wait."""
    scenario.account.retry_after = RETRY_AFTER
    scenario.account.faults["getAuthorizationCode"] = Fault.RATE_LIMITED_RETRY_AFTER
    frontend = scenario.frontend
    await frontend.close_dialog()
    await scenario.open_link_again()
    await frontend.select_menu_option(frontend.texts(f"{WAYS}.phone_number"))
    await frontend.fill_form(phone_number="+44 7700 900-123")
    await frontend.submit_form()
    await frontend.expect_form_error(
        frontend.texts("config.error.rate_limited", minutes="1")
    )
    await scenario.recorder.record("rate-limited")
    await frontend.close_dialog()
    scenario.account.faults.clear()


STEPS: Final = (
    log_in,
    link_from_repair,
    link_from_setup,
    link_another_phone,
    paste_request_url,
    link_later,
    wait_for_new_instance,
    show_why_not_linkable,
    show_passkey_required,
    link_telegram,
    enter_telegram_code,
    link_max,
    lose_server_connection,
    show_rate_limit,
)


@pytest.mark.parametrize(
    "appearance",
    [
        pytest.param(appearance, id=str(appearance))
        for appearance in (
            Appearance("he", "light", "phone"),
            Appearance("ru", "dark", "small"),
        )
    ],
)
async def test_linking(
    installation: Installation,
    frontend: Frontend,
    recorder: PageRecorder,
    appearance: Appearance,
) -> None:
    """Run all steps, without a complaint about any page."""
    await installation.set_up_problems(LOGGED_OUT)
    account = installation.simulator.add_account(
        "1101000001", Token.FIRST, state="notAuthorized"
    )
    scenario = Scenario(installation, frontend, recorder, account)
    await scenario.run_steps(STEPS)
