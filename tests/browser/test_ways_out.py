"""Every dialog that links an account, with every ending."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Final

from playwright.async_api import expect
import pytest

from tests.live.configuration import DOMAIN
from tests.live.home_assistant import DEVELOPER
from tests.simulator import Fault

from .appearance import Appearance
from .frontend import TIMEOUT_MS, Frontend
from .installation import LOGGED_OUT, SECOND_LOGGED_OUT, Installation, ProblemAccount
from .page_recorder import PageRecorder
from .scenario import Scenario

pytestmark = pytest.mark.long(200)

# Milliseconds after which the dialog stops waiting for the QR code to be scanned.
UNTIL_TIMEOUT: Final = 180_000 + TIMEOUT_MS

# Seconds within which a request that is pending when a dialog is closed has finished,
# and within which no other may follow.
LAST_REQUEST_DONE_AFTER: Final = 1
NO_REQUEST_WITHIN: Final = 15

# Seconds that the server asks to wait.
RETRY_AFTER: Final = 5

type Action = Callable[[Scenario], Coroutine[Any, Any, None]]


async def open_setup(scenario: Scenario) -> None:
    """Open the setup dialog and add the account."""
    await scenario.remove_account()
    await scenario.open_add_dialog()
    await scenario.frontend.submit_form()


async def open_reconfigure(scenario: Scenario) -> None:
    """Open the reconfigure dialog when the account is loaded, to link it again."""
    await scenario.wait_until_loaded()
    await scenario.open_link_again()


async def open_repair(scenario: Scenario) -> None:
    """Open the repair of the account."""
    await scenario.frontend.open_repairs()
    await scenario.frontend.open_repair(
        scenario.frontend.texts("issues.logged_out.title", name=scenario.name)
    )


async def expect_linked(scenario: Scenario, dialog: LinkingDialog) -> None:
    """Show that the account is linked, and close the dialog."""
    await scenario.frontend.expect_dialog_text(
        f"{dialog.texts}.abort.linked", name=scenario.name, messenger="WhatsApp"
    )
    await scenario.frontend.close_dialog()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkingDialog:
    """A dialog that links an account: how it opens, and its texts."""

    open: Action
    texts: str


SETUP: Final = LinkingDialog(open=open_setup, texts="config")
RECONFIGURE: Final = LinkingDialog(open=open_reconfigure, texts="config")
REPAIR: Final = LinkingDialog(open=open_repair, texts="issues.logged_out.fix_flow")


async def select_qr_code(scenario: Scenario, dialog: LinkingDialog) -> None:
    """Select to scan a QR code."""
    await scenario.frontend.select_menu_option(
        scenario.frontend.texts(f"{dialog.texts}.step.ways.menu_options.qr_code")
    )


async def expect_abort(
    scenario: Scenario, dialog: LinkingDialog, reason: str, **placeholders: str
) -> None:
    """Show why the account is not linked, and close the dialog."""
    await scenario.frontend.expect_dialog_text(
        f"{dialog.texts}.abort.{reason}", name=scenario.name, **placeholders
    )
    await scenario.recorder.record(reason.replace("_", "-"))
    await scenario.frontend.close_dialog()


async def close_dialog(scenario: Scenario, dialog: LinkingDialog) -> None:
    """Close the dialog during the linking: no further code is requested."""
    await dialog.open(scenario)
    await select_qr_code(scenario, dialog)
    await scenario.frontend.expect_qr_code()
    await scenario.frontend.close_dialog()
    await asyncio.sleep(LAST_REQUEST_DONE_AFTER)
    scenario.account.requests.clear()
    await asyncio.sleep(NO_REQUEST_WITHIN)
    methods = [request.method for request in scenario.account.requests]
    assert "qr" not in methods
    # The account is polled, as always.
    assert methods.count("getStateInstance") <= 1


async def show_rate_limit(scenario: Scenario, dialog: LinkingDialog) -> None:
    """Show how long the server asks to wait."""
    scenario.account.retry_after = RETRY_AFTER
    await dialog.open(scenario)
    scenario.account.faults["qr"] = Fault.RATE_LIMITED_RETRY_AFTER
    await select_qr_code(scenario, dialog)
    await expect_abort(scenario, dialog, "rate_limited", minutes="1")
    scenario.account.faults.clear()
    await asyncio.sleep(RETRY_AFTER)


async def show_passkey_required(scenario: Scenario, dialog: LinkingDialog) -> None:
    """Show where to link an account that requires a passkey, and wait for that."""
    scenario.account.passkey = True
    await dialog.open(scenario)
    await select_qr_code(scenario, dialog)
    await scenario.frontend.expect_dialog_text(
        f"{dialog.texts}.step.use_passkey.description", name=scenario.name
    )
    await scenario.recorder.record("passkey")
    await scenario.frontend.close_dialog()
    scenario.account.passkey = False


async def lose_server_connection(scenario: Scenario, dialog: LinkingDialog) -> None:
    """Show the QR code again after an outage of the server."""
    frontend = scenario.frontend
    await dialog.open(scenario)
    await select_qr_code(scenario, dialog)
    shown = await frontend.expect_qr_code()
    scenario.account.fault = Fault.BAD_GATEWAY
    await frontend.expect_dialog_text(f"{dialog.texts}.progress.wait_for_server")
    await scenario.recorder.record("wait-for-server")
    scenario.account.fault = None
    await frontend.expect_qr_code(other_than=shown)
    await frontend.close_dialog()


async def time_out(scenario: Scenario, dialog: LinkingDialog) -> None:
    """Do not scan the QR code, until the dialog asks how to continue."""
    await dialog.open(scenario)
    await select_qr_code(scenario, dialog)
    await scenario.frontend.expect_qr_code()
    step = f"{dialog.texts}.step.qr_timeout"
    await expect(scenario.frontend.dialog).to_contain_text(
        scenario.frontend.texts(f"{step}.description"), timeout=UNTIL_TIMEOUT
    )
    await scenario.recorder.record("qr-timeout")
    await scenario.frontend.select_menu_option(
        scenario.frontend.texts(f"{step}.menu_options.qr_code")
    )
    await scenario.frontend.expect_qr_code()
    await scenario.frontend.close_dialog()


async def reload_while_linking(scenario: Scenario, dialog: LinkingDialog) -> None:
    """Link an account whose entry is reloaded while its QR code is shown."""
    await dialog.open(scenario)
    await select_qr_code(scenario, dialog)
    shown = await scenario.frontend.expect_qr_code()
    for entry in await scenario.installation.client.entries(DOMAIN):
        if entry["title"] == scenario.name:
            await scenario.installation.client.reload_entry(entry["entry_id"])
    await scenario.frontend.expect_qr_code(other_than=shown)
    assert scenario.account.scan()
    await expect_linked(scenario, dialog)
    assert scenario.account.linked


async def link_elsewhere(scenario: Scenario, dialog: LinkingDialog) -> None:
    """Finish when the account has been linked elsewhere."""
    await dialog.open(scenario)
    await scenario.frontend.expect_dialog_text(
        f"{dialog.texts}.step.ways.description",
        name=scenario.name,
        messenger="WhatsApp",
    )
    scenario.account.state = "authorized"
    await select_qr_code(scenario, dialog)
    await expect_linked(scenario, dialog)


type Ending = Callable[[Scenario, LinkingDialog], Coroutine[Any, Any, None]]

# Each account is linked only once: the next repair issue is raised minutes later.
ENDINGS: Final[tuple[tuple[ProblemAccount, Ending], ...]] = (
    (LOGGED_OUT, close_dialog),
    (LOGGED_OUT, show_rate_limit),
    (LOGGED_OUT, show_passkey_required),
    (LOGGED_OUT, lose_server_connection),
    (LOGGED_OUT, reload_while_linking),
    (SECOND_LOGGED_OUT, link_elsewhere),
)
# The same in all dialogs: waiting for it once is enough.
WITH_TIMEOUT: Final = (*ENDINGS[:1], (LOGGED_OUT, time_out), *ENDINGS[1:])


@pytest.mark.parametrize(
    ("appearance", "dialog", "endings"),
    [
        pytest.param(Appearance("en", "dark", "desktop"), SETUP, ENDINGS, id="set-up"),
        pytest.param(
            Appearance("de", "light", "phone"),
            RECONFIGURE,
            WITH_TIMEOUT,
            id="reconfigure",
        ),
        pytest.param(
            Appearance("es", "light", "desktop"), REPAIR, ENDINGS, id="repair"
        ),
    ],
)
async def test_dialog_endings(
    installation: Installation,
    frontend: Frontend,
    recorder: PageRecorder,
    dialog: LinkingDialog,
    endings: tuple[tuple[ProblemAccount, Ending], ...],
) -> None:
    """Open a dialog repeatedly and end it in every possible way."""
    await installation.set_up_problems(LOGGED_OUT, SECOND_LOGGED_OUT)
    await frontend.open_login_page()
    await frontend.log_in(DEVELOPER)
    account = installation.simulator.accounts[LOGGED_OUT.instance_id]
    scenario = Scenario(installation, frontend, recorder, account)
    for problem, ending in endings:
        it = replace(scenario, account=scenario.account_of(problem))
        await it.run_step(ending, dialog)
    assert recorder.complaints == []
