"""Use every dialog with the keyboard alone.

Only the options of menus have to be clicked before Home Assistant 2026.12. Home
Assistant closes a dialog with Escape only in its first step, before anything was
entered: afterward, its close button is used.
"""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
import logging
from typing import Any, Final

from playwright.async_api import expect
import pytest

from tests.live.home_assistant import DEVELOPER
from tests.live.scenario import Token
from tests.simulator import Messenger

from .appearance import Appearance
from .frontend import Frontend
from .installation import (
    LOGGED_OUT,
    NOT_FIXABLE,
    NOT_SENDING,
    NOT_SENDING_AFTER_REBOOT,
    SECOND_LOGGED_OUT,
    STUCK_STARTING,
    TELEGRAM,
    WRONG_ADDRESS,
    Installation,
    ProblemAccount,
)
from .keyboard import (
    DIALOGS,
    Player,
    Step,
    choose,
    close,
    escape,
    fails,
    fill,
    finish,
    pick,
    press_in_field,
    select,
    shows,
    submit,
    toggle,
)
from .page_recorder import PageRecorder
from .scenario import Scenario

pytestmark = pytest.mark.long(90)

# Milliseconds within which a repair that is opened shows its texts.
OPEN_TIMEOUT_MS: Final = 15_000

_LOGGER: Final = logging.getLogger(__name__)

NEW_ACCOUNT: Final = "1101000001"
PASSWORD: Final = "correct horse battery"
NUMBER: Final = "+44 7700 900123"
UNKNOWN_NUMBER: Final = "447700900999"
BLOCKED: Final = next(it for it in NOT_FIXABLE if it.issue == "blocked")
RECIPIENT: Final = "config_subentries.recipient"


# -- Where dialogs are opened


async def open_add(player: Player) -> None:
    """Search the integration, and open the dialog that adds an account."""
    await player.frontend.navigate("/config/integrations/dashboard")
    await player.keyboard.start(player.frontend.page.locator("ha-button[slot=fab]"))
    await player.keyboard.expect_focus("ha-input-search")
    await player.keyboard.type("green-api")
    await player.keyboard.focus("ha-integration-list-item", "Tab")
    await player.keyboard.press("Enter")


async def open_from_menu(player: Player, item: str) -> None:
    """Open a dialog from the three-dot menu of the account."""
    await player.frontend.open_integration()
    row = player.frontend.entry_row(player.name)
    await player.keyboard.start(row.locator("ha-icon-button[slot=trigger]").first)
    await player.keyboard.expect_focus("ha-dropdown-item")
    await player.keyboard.focus(item, "ArrowDown")
    await player.keyboard.press("Enter")


async def open_reconfigure(player: Player) -> None:
    """Open the dialog that changes or links the account."""
    key = "ui.panel.config.integrations.config_entry.reconfigure"
    await open_from_menu(player, await player.frontend.core_text(key))


async def open_add_recipient(player: Player) -> None:
    """Open the dialog that adds a recipient."""
    await open_from_menu(player, player.text("initiate_flow.user"))


async def open_change_recipient(player: Player) -> None:
    """Open the dialog that changes the recipient."""
    await player.frontend.open_integration()
    row = player.frontend.entry_row(player.name).locator("ha-config-sub-entry-row")
    await player.keyboard.start(row.locator("ha-icon-button[slot=end]").first, "Space")


async def open_options(player: Player) -> None:
    """Open the options of the account."""
    await player.frontend.open_integration()
    row = player.frontend.entry_row(player.name)
    await player.keyboard.start(row.locator("ha-icon-button[slot=end]").first)


async def open_reauth(player: Player) -> None:
    """Open the dialog that asks for a new token."""
    await player.frontend.open_integration()
    row = player.frontend.page.locator(".attention", has_text=player.name)
    await player.keyboard.start(row.locator("ha-button[slot=end]"))


async def open_repair(player: Player) -> None:
    """Open the repair of the account.

    If the list changes just before the key is pressed, another repair is opened.
    """
    await player.frontend.open_repairs()
    issue = player.flow.removesuffix(".fix_flow")
    title = player.frontend.texts(f"{issue}.title", name=player.name)
    row = player.frontend.repair_row(title)
    await player.keyboard.start(row)
    with suppress(AssertionError):
        await expect(player.frontend.dialog).to_contain_text(
            player.name, timeout=OPEN_TIMEOUT_MS
        )
        return
    await player.keyboard.press("Escape")
    await player.keyboard.start(row)


# -- What happens elsewhere


async def scan(player: Player) -> None:
    """Scan the QR code that the dialog shows."""
    await player.frontend.expect_qr_code()
    assert player.account.scan()


async def enter_code(player: Player) -> None:
    """Enter the code that the dialog shows on the phone."""
    assert player.account.enter_code(await player.frontend.expect_code())


async def require_password(player: Player) -> None:
    """Protect the account with a password."""
    player.account.cloud_password = PASSWORD


async def boot_soon(player: Player) -> None:
    """Let the instance start within seconds."""
    player.account.boot_seconds = 1


async def turn_on_receiving(player: Player) -> None:
    """Let the instance report received messages."""
    player.account.receives_messages = True


async def close_account(player: Player) -> None:
    """Let the unknown number have no account in the messenger."""
    player.account.without_account.add(int(UNKNOWN_NUMBER))


async def recover(player: Player) -> None:
    """Let the server serve the instance again."""
    player.account.fault = None


async def change_token(player: Player) -> None:
    """Change the token in the console, and let Home Assistant notice it."""
    player.account.token = Token.LATER
    for _ in range(2):
        await player.scenario.installation.refresh(player.account)


async def ends(player: Player, reason: str) -> None:
    """Wait until the dialog ends for a reason of which Home Assistant has the text."""
    text = await player.scenario.abort_text(reason)
    await player.frontend.expect_text(player.frontend.dialog, text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """How a dialog is opened, and what is done in it."""

    title: str
    flow: str
    opens: Callable[[Player], Coroutine[Any, Any, None]]
    first: str
    """The key of the first text that the dialog shows."""
    steps: tuple[Step, ...]
    instance_id: str = NEW_ACCOUNT
    before: tuple[Step, ...] = ()
    leaves: Step = escape
    """How the dialog is left when nothing was entered yet."""


def repair(problem: ProblemAccount, first: str, *steps: Step) -> Story:
    """Return the story of a repair that ends with a text of its own."""
    return Story(
        title=f"repair {problem.issue} of {problem.instance_id}",
        flow=f"issues.{problem.issue}.fix_flow",
        opens=open_repair,
        first=first,
        steps=steps,
        instance_id=problem.instance_id,
    )


STORIES: Final = (
    Story(
        title="add an account of MAX, and link it by QR code and password",
        flow="config",
        opens=open_add,
        first="step.user.description",
        steps=(
            require_password,
            partial(fill, instance_id="WhatsApp", api_token=Token.WRONG),
            partial(press_in_field, name="api_token"),
            partial(fails, error="invalid_instance_id"),
            partial(
                fill,
                api_url="{simulator.url}",
                instance_id="{account.instance_id}",
                api_token="{account.token}",
            ),
            partial(submit, key="Space"),
            partial(choose, step="max_ways", option="qr_code"),
            scan,
            partial(shows, key="step.password.description"),
            partial(fill, password="?"),
            submit,
            partial(fails, error="invalid_password"),
            partial(fill, password=PASSWORD),
            submit,
            partial(shows, key="abort.linked"),
            close,
        ),
    ),
    Story(
        title="enter a new token",
        flow="config",
        opens=open_reauth,
        first="step.reauth_confirm.description",
        before=(change_token,),
        # Home Assistant continues a flow that exists already.
        leaves=close,
        steps=(
            partial(fill, api_token="{account.token}"),
            submit,
            partial(ends, reason="reauth_successful"),
            close,
        ),
    ),
    Story(
        title="change the API URL",
        flow="config",
        opens=open_reconfigure,
        first="step.reconfigure.description",
        steps=(
            partial(choose, step="reconfigure", option="address"),
            partial(fill, api_url="http://green-api.com"),
            submit,
            partial(fails, error="insecure_url"),
            partial(fill, api_url="{simulator.url}", api_token="{account.token}"),
            submit,
            partial(ends, reason="reconfigure_successful"),
            close,
        ),
    ),
    Story(
        title="link an account of Telegram again by code and password",
        flow="config",
        opens=open_reconfigure,
        first="step.reconfigure.description",
        instance_id=TELEGRAM.instance_id,
        steps=(
            require_password,
            partial(choose, step="reconfigure", option="link_again"),
            partial(choose, step="ways", option="sent_code"),
            partial(fill, phone_number=NUMBER),
            submit,
            partial(fill, code="00000"),
            submit,
            partial(fails, error="invalid_code"),
            partial(fill, code="{account.authorization.code}"),
            submit,
            partial(shows, key="step.password.description"),
            partial(fill, password=PASSWORD),
            submit,
            partial(shows, key="abort.linked"),
            close,
        ),
    ),
    Story(
        title="choose how messages are received",
        flow="options",
        opens=open_options,
        first="step.init.title",
        steps=(
            partial(select, name="receive_messages", option="only_home_assistant"),
            submit,
            partial(fails, error="incoming_off"),
            turn_on_receiving,
            submit,
            finish,
        ),
    ),
    repair(
        LOGGED_OUT,
        "step.ways.description",
        partial(choose, step="ways", option="phone_number"),
        partial(fill, phone_number="call me"),
        submit,
        partial(fails, error="invalid_phone_number"),
        partial(fill, phone_number=NUMBER),
        partial(press_in_field, name="phone_number"),
        enter_code,
        partial(shows, key="abort.linked"),
        close,
    ),
    Story(
        title="add a recipient who may write, with a test message",
        flow=RECIPIENT,
        opens=open_add_recipient,
        first="step.user.description",
        instance_id=LOGGED_OUT.instance_id,
        steps=(
            partial(pick, text="care", option="Caretaker ("),
            partial(fill, name="Janitor"),
            partial(toggle, name="test"),
            submit,
            partial(choose, step="tested", option="keep"),
            partial(shows, key="step.may_write.title"),
            partial(toggle, name="may_write"),
            turn_on_receiving,
            submit,
            partial(shows, key="step.receive.title"),
            partial(select, name="receive_messages", option="beside_others"),
            submit,
            finish,
        ),
    ),
    Story(
        title="change a recipient to a number without an account, then to a group",
        flow=RECIPIENT,
        opens=open_change_recipient,
        first="step.reconfigure.description",
        instance_id=LOGGED_OUT.instance_id,
        steps=(
            close_account,
            partial(pick, text=UNKNOWN_NUMBER, option=f'"{UNKNOWN_NUMBER}"'),
            submit,
            partial(choose, step="no_account", option="correct"),
            partial(pick, text="Family", option="Group: Family"),
            submit,
            partial(ends, reason="reconfigure_successful"),
            close,
        ),
    ),
    repair(
        SECOND_LOGGED_OUT,
        "step.ways.description",
        boot_soon,
        partial(choose, step="ways", option="reboot"),
        submit,
        partial(choose, step="ways", option="qr_code"),
        scan,
        partial(shows, key="abort.linked"),
        close,
    ),
    repair(
        STUCK_STARTING,
        "step.confirm.description",
        submit,
        partial(shows, key="abort.rebooting"),
        close,
    ),
    repair(
        NOT_SENDING,
        "step.init.description",
        partial(choose, step="init", option="clear_queue"),
        partial(shows, key="step.clear_queue.title"),
        close,
        open_repair,
        partial(choose, step="init", option="reboot"),
        submit,
        partial(shows, key="abort.rebooting"),
        close,
    ),
    repair(
        NOT_SENDING_AFTER_REBOOT,
        "step.confirm.description",
        partial(submit, key="Space"),
        partial(shows, key="abort.cleared"),
        close,
    ),
    repair(
        WRONG_ADDRESS,
        "step.confirm.description",
        recover,
        submit,
        partial(press_in_field, name="api_url"),
        partial(ends, reason="reconfigure_successful"),
        close,
    ),
    Story(
        title="read a repair that only explains",
        flow=f"issues.{BLOCKED.issue}",
        opens=open_repair,
        first="description",
        instance_id=BLOCKED.instance_id,
        steps=(close,),
    ),
)

PROBLEMS: Final = (
    BLOCKED,
    LOGGED_OUT,
    NOT_SENDING,
    NOT_SENDING_AFTER_REBOOT,
    SECOND_LOGGED_OUT,
    STUCK_STARTING,
    TELEGRAM,
    WRONG_ADDRESS,
)


async def play(scenario: Scenario, story: Story) -> None:
    """Open a dialog and leave it, then open it again, and do what there is to do."""
    _LOGGER.info(story.title)
    account = scenario.installation.simulator.accounts[story.instance_id]
    player = Player(scenario=scenario, account=account, flow=story.flow)
    for step in story.before:
        await step(player)
    await story.opens(player)
    await shows(player, story.first)
    await player.keyboard.expect_focus(*DIALOGS)
    await story.leaves(player)
    await story.opens(player)
    await shows(player, story.first)
    for step in story.steps:
        await step(player)


@pytest.mark.parametrize("appearance", [Appearance("en", "light", "desktop")], ids=str)
async def test_keyboard(
    installation: Installation, frontend: Frontend, recorder: PageRecorder
) -> None:
    """Every dialog can be opened, left and completed, without an error in the page."""
    await installation.set_up_problems(*PROBLEMS)
    account = installation.simulator.add_account(
        NEW_ACCOUNT, Token.FIRST, state="notAuthorized", messenger=Messenger.MAX
    )
    scenario = Scenario(installation, frontend, recorder, account)
    await frontend.open_login_page()
    await frontend.log_in(DEVELOPER)
    for story in STORIES:
        await scenario.run_step(play, story)
    assert recorder.complaints == []
