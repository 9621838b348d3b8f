"""Link an account from every dialog of a real Home Assistant, with every ending."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
import logging
from typing import Final

import pytest

from tests.simulator import Account, Fault, Messenger, Simulator

from .client import Flow, HomeAssistantClient
from .configuration import DOMAIN
from .home_assistant import HomeAssistantProcess
from .models import Entry, FlowStep
from .scenario import (
    CONFIRMATION_TIMEOUT,
    Token,
    assert_log_clean,
    assert_tokens_secret,
)

pytestmark = pytest.mark.long(300)

_LOGGER: Final = logging.getLogger(__name__)

# Seconds after which the dialog stops waiting for the QR code to be scanned.
UNTIL_TIMEOUT: Final = 240

PHONE: Final = "+44 (0)7700 900123"


@dataclass
class LinkingScenario:
    """A Home Assistant process and an account that is not linked."""

    home_assistant: HomeAssistantProcess
    simulator: Simulator
    account: Account

    @property
    def client(self) -> HomeAssistantClient:
        """Return the client of the signed-in user."""
        return self.home_assistant.client

    async def entries(self) -> list[Entry]:
        """Return the config entries of the account: one, or none."""
        title = f"GREEN-API {self.account.instance_id}"
        return [it for it in await self.client.entries(DOMAIN) if it["title"] == title]

    async def open_setup(self) -> Flow:
        """Add the account by the URL of a request, and open the flow that links it."""
        for entry in await self.entries():
            await self.client.remove_entry(entry["entry_id"])
        flow = await self.client.start_flow(DOMAIN)
        step = await flow.submit(
            api_url=f"{self.simulator.url}/waInstance{self.account.instance_id}"
            f"/getStateInstance/{self.account.token}"
        )
        assert step["type"] == "create_entry"
        await flow.continue_with_next_flow()
        return flow

    async def open_reconfigure(self) -> Flow:
        """Open the reconfigure flow, and select to link the account again."""
        (entry,) = await self.entries()
        await self.client.wait_for_entry_state(entry["entry_id"], "loaded")
        flow = await self.client.start_reconfigure(entry)
        await flow.select_option("link_again")
        return flow

    async def open_repair(self) -> Flow:
        """Open the repair as soon as the issue is raised."""
        (entry,) = await self.entries()
        issue = await self.client.wait_for_issue(
            DOMAIN, f"{entry['entry_id']}_logged_out", within=CONFIRMATION_TIMEOUT
        )
        return await self.client.start_repair(issue)


@pytest.fixture
async def scenario(
    home_assistant: HomeAssistantProcess, simulator: Simulator
) -> AsyncIterator[LinkingScenario]:
    """Return the scenario, and check the log and the token afterwards."""
    account = simulator.add_account("1101000001", Token.FIRST, state="notAuthorized")
    yield LinkingScenario(home_assistant, simulator, account)
    assert_log_clean(home_assistant.log())
    assert await home_assistant.stop() == 0
    assert_tokens_secret(
        home_assistant, allowed_files=frozenset({"core.config_entries"})
    )


type OpenDialog = Callable[[LinkingScenario], Awaitable[Flow]]


def shows_progress(action: str) -> Callable[[FlowStep], bool]:
    """Return a predicate for the step that shows a progress action."""
    return lambda step: action in {step.get("progress_action"), step.get("step_id")}


def is_last_step(step: FlowStep) -> bool:
    """Return whether the step is the last one of its flow."""
    return step["type"] in {"abort", "create_entry"}


async def show_qr_code(flow: Flow, action: str = "scan_qr_code") -> None:
    """Select the QR code and wait until it is shown."""
    await flow.select_option("qr_code")
    await flow.wait_for_step(shows_progress(action))


async def close_dialog(scenario: LinkingScenario, open_dialog: OpenDialog) -> None:
    """Close a dialog that shows a QR code: no further code is requested."""
    flow = await open_dialog(scenario)
    await show_qr_code(flow)
    await flow.close()
    scenario.account.requests.clear()
    flow = await open_dialog(scenario)
    assert "qr" not in {request.method for request in scenario.account.requests}
    await flow.close()


async def show_rate_limit(scenario: LinkingScenario, open_dialog: OpenDialog) -> None:
    """Show how long to wait when the server limits the rate."""
    scenario.account.retry_after = 1
    flow = await open_dialog(scenario)
    scenario.account.faults["qr"] = Fault.RATE_LIMITED_RETRY_AFTER
    await flow.select_option("qr_code")
    step = await flow.wait_for_step(is_last_step)
    assert step["reason"] == "rate_limited"
    assert step["description_placeholders"]["minutes"] == "1"
    scenario.account.faults.clear()


async def show_passkey_required(
    scenario: LinkingScenario, open_dialog: OpenDialog
) -> None:
    """Show where to link an account that requires a passkey, and wait for that."""
    flow = await open_dialog(scenario)
    scenario.account.passkey = True
    await flow.select_option("qr_code")
    await flow.wait_for_step(shows_progress("use_passkey"))
    await flow.close()
    scenario.account.passkey = False


async def wait_for_server(scenario: LinkingScenario, open_dialog: OpenDialog) -> None:
    """Show a QR code again when the server is available again."""
    flow = await open_dialog(scenario)
    await show_qr_code(flow)
    scenario.account.fault = Fault.BAD_GATEWAY
    await flow.wait_for_step(shows_progress("wait_for_server"))
    scenario.account.fault = None
    await flow.wait_for_step(shows_progress("scan_qr_code"))
    await flow.close()


async def time_out(scenario: LinkingScenario, open_dialog: OpenDialog) -> None:
    """Wait until the dialog asks how to continue: the QR code was not scanned."""
    flow = await open_dialog(scenario)
    await show_qr_code(flow)
    await flow.wait_for_step(
        lambda step: step.get("step_id") == "qr_timeout", within=UNTIL_TIMEOUT
    )
    await show_qr_code(flow)
    await flow.close()


async def reload_while_linking(
    scenario: LinkingScenario, open_dialog: OpenDialog
) -> None:
    """Link an account whose entry is reloaded while its QR code is shown."""
    flow = await open_dialog(scenario)
    await show_qr_code(flow)
    (entry,) = await scenario.entries()
    await scenario.client.reload_entry(entry["entry_id"])
    assert scenario.account.scan()
    await expect_linked(flow)
    scenario.account.state = "notAuthorized"


async def link_elsewhere(scenario: LinkingScenario, open_dialog: OpenDialog) -> None:
    """Finish when the account has been linked elsewhere."""
    flow = await open_dialog(scenario)
    scenario.account.state = "authorized"
    await flow.select_option("qr_code")
    await expect_linked(flow)
    scenario.account.state = "notAuthorized"


async def enter_code(scenario: LinkingScenario, open_dialog: OpenDialog) -> None:
    """Link the account with a code for its phone number."""
    flow = await open_dialog(scenario)
    await flow.select_option("phone_number")
    step = await flow.submit(phone_number=PHONE)
    assert scenario.account.enter_code(step["description_placeholders"]["code"])
    await expect_linked(flow)
    assert scenario.account.phone == "447700900123"
    scenario.account.state = "notAuthorized"


async def expect_linked(flow: Flow) -> None:
    """Wait until the dialog ends because the account is linked."""
    step = await flow.wait_for_step(is_last_step)
    assert (step["type"], step["reason"]) == ("abort", "linked")


type Ending = Callable[[LinkingScenario, OpenDialog], Awaitable[None]]

ENDINGS_UNLINKED: Final = (
    close_dialog,
    show_rate_limit,
    show_passkey_required,
    wait_for_server,
)

# These link the account: the next repair issue for it is raised two minutes later.
ENDINGS_LINKED: Final = (reload_while_linking, link_elsewhere)


@pytest.mark.parametrize(
    ("open_dialog", "more_endings"),
    [
        pytest.param(LinkingScenario.open_setup, (enter_code,), id="set-up"),
        pytest.param(LinkingScenario.open_reconfigure, (enter_code,), id="reconfigure"),
        # The same in all dialogs: waiting for it once is enough.
        pytest.param(LinkingScenario.open_repair, (time_out,), id="repair"),
    ],
)
async def test_dialog_endings(
    scenario: LinkingScenario, open_dialog: OpenDialog, more_endings: tuple[Ending, ...]
) -> None:
    """Open a dialog repeatedly and end it in every possible way."""
    other = replace(
        scenario,
        account=scenario.simulator.add_account(
            "1101000002", Token.OTHER, state="notAuthorized"
        ),
    )
    for it in (scenario, other):
        await (await LinkingScenario.open_setup(it)).close()
    for ending in (*ENDINGS_UNLINKED, *more_endings):
        await _run_ending(ending, scenario, open_dialog)
    for ending, it in zip(ENDINGS_LINKED, (scenario, other), strict=True):
        await _run_ending(ending, it, open_dialog)


async def _run_ending(
    ending: Ending, scenario: LinkingScenario, open_dialog: OpenDialog
) -> None:
    """Log and run one ending of a dialog."""
    _LOGGER.info("%s: %s", ending.__name__, ending.__doc__)
    await ending(scenario, open_dialog)


async def test_link_another_phone(scenario: LinkingScenario) -> None:
    """Link an authorized account to another phone."""
    scenario.account.state = "authorized"
    flow = await scenario.client.start_flow(DOMAIN)
    step = await flow.submit(
        api_url=scenario.simulator.url,
        instance_id=scenario.account.instance_id,
        api_token=scenario.account.token,
    )
    assert step["description_placeholders"] == {"messenger": "WhatsApp"}
    flow = await scenario.open_reconfigure()
    assert flow.step["progress_action"] == "log_out"

    scenario.account.state = "notAuthorized"
    await flow.wait_for_step(lambda step: step["type"] == "menu")
    await show_qr_code(flow)
    assert scenario.account.scan()
    await expect_linked(flow)


PASSWORD: Final = "correct horse battery"


async def scan_and_enter_password(
    scenario: LinkingScenario, open_dialog: OpenDialog, action: str
) -> None:
    """Link an account that has a password with a QR code, after a wrong password."""
    scenario.account.cloud_password = PASSWORD
    flow = await open_dialog(scenario)
    await show_qr_code(flow, action)
    assert scenario.account.scan()
    step = await flow.wait_for_step(lambda step: step["type"] == "form")
    assert step["step_id"] == "password"
    step = await flow.submit(password="?")
    assert step["errors"] == {"password": "invalid_password"}
    step = await flow.submit(password=PASSWORD)
    assert step["progress_action"] == "finish_linking"
    await expect_linked(flow)
    scenario.account.cloud_password = None


async def use_passkey(scenario: LinkingScenario, open_dialog: OpenDialog) -> None:
    """Finish when an account that requires a passkey is linked in the console."""
    scenario.account.passkey = True
    flow = await open_dialog(scenario)
    await flow.select_option("qr_code")
    await flow.wait_for_step(shows_progress("use_passkey"))
    scenario.account.state = "authorized"
    await expect_linked(flow)


async def enter_sent_code(scenario: LinkingScenario, open_dialog: OpenDialog) -> None:
    """Link an account with the code that Telegram sends to it."""
    flow = await open_dialog(scenario)
    await flow.select_option("sent_code")
    step = await flow.submit(phone_number=PHONE)
    assert step["step_id"] == "confirm_code"
    await flow.submit(code=scenario.account.authorization.code)
    await expect_linked(flow)
    assert scenario.account.phone == "447700900123"


@pytest.mark.parametrize(
    ("messenger", "action"),
    [
        (Messenger.TELEGRAM, "scan_qr_code_telegram"),
        (Messenger.MAX, "scan_qr_code_max"),
    ],
)
async def test_link_with_password(
    scenario: LinkingScenario, messenger: Messenger, action: str
) -> None:
    """Link an account of Telegram or MAX that has a password, from every dialog."""
    scenario.account.messenger = messenger
    for open_dialog in (
        LinkingScenario.open_setup,
        LinkingScenario.open_reconfigure,
        LinkingScenario.open_repair,
    ):
        scenario.account.state = "notAuthorized"
        await scan_and_enter_password(scenario, open_dialog, action)
    assert PASSWORD not in scenario.home_assistant.log()


async def test_link_with_sent_code(scenario: LinkingScenario) -> None:
    """Link an account of Telegram with a code, and then one that waits for it."""
    scenario.account.messenger = Messenger.TELEGRAM
    await enter_sent_code(scenario, LinkingScenario.open_setup)
    scenario.account.authorization.send_code(447700900123)
    scenario.account.state = "pendingCode"
    flow = await scenario.open_reconfigure()
    assert flow.step["step_id"] == "confirm_code"
    await flow.submit(code=scenario.account.authorization.code)
    await expect_linked(flow)


async def test_link_with_passkey(scenario: LinkingScenario) -> None:
    """Link an account that requires a passkey in the console."""
    await use_passkey(scenario, LinkingScenario.open_setup)
