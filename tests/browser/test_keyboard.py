"""Link an account with the keyboard alone."""

from importlib.metadata import version
from typing import Final

from playwright.async_api import expect
import pytest

from tests.live.home_assistant import DEVELOPER
from tests.live.scenario import Token

from .appearance import Appearance
from .frontend import Frontend
from .installation import LOGGED_OUT, Installation
from .page_recorder import PageRecorder
from .scenario import Scenario

# The most keys that lead to an element of a dialog.
KEYS: Final = 12

# The first frontend whose menus consist of buttons.
FOCUSABLE_SINCE: Final = 20261125

FOCUSED: Final = """() => {
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  const label = node?.innerText || node?.getRootNode().host?.innerText || "";
  return `${node?.localName} ${node?.name ?? ""} ${label}`;
}"""


async def focus(frontend: Frontend, text: str, *keys: str) -> None:
    """Press keys in turn until what has a text or a name is focused."""
    seen = []
    for key in keys * KEYS:
        seen.append(await frontend.page.evaluate(FOCUSED))
        if text in seen[-1]:
            return
        await frontend.page.keyboard.press(key)
    pytest.fail(f"{text} is not among {seen}")


@pytest.mark.skipif(
    int(version("home-assistant-frontend").split(".")[0]) < FOCUSABLE_SINCE,
    reason="Home Assistant's menus cannot be focused",
)
@pytest.mark.parametrize("appearance", [Appearance("en", "light", "desktop")], ids=str)
async def test_link_by_keyboard(
    installation: Installation, frontend: Frontend, recorder: PageRecorder
) -> None:
    """The repair can be done without a mouse."""
    await installation.set_up_problems(LOGGED_OUT)
    account = installation.simulator.add_account("1101000001", Token.FIRST)
    scenario = Scenario(installation, frontend, recorder, account)
    keyboard = frontend.page.keyboard
    by_number = frontend.texts(
        "issues.logged_out.fix_flow.step.ways.menu_option_descriptions.phone_number"
    )

    await frontend.open_login_page()
    await frontend.log_in(DEVELOPER)
    await scenario.open_repair(LOGGED_OUT)
    await frontend.expect_text(frontend.dialog, by_number)
    await focus(frontend, by_number, "Tab", "ArrowDown")
    await keyboard.press("Enter")

    await expect(frontend.dialog.locator("input[name=phone_number]")).to_be_visible()
    await focus(frontend, "phone_number", "Tab")
    await keyboard.type("+44 7700 900123")
    await keyboard.press("Enter")
    code = await frontend.expect_code()
    assert scenario.account_of(LOGGED_OUT).enter_code(code)
    await scenario.expect_repaired(LOGGED_OUT, "linked")
    await focus(frontend, "Close", "Tab")
    await keyboard.press("Enter")
    await frontend.expect_dialog_closed()
    assert recorder.complaints == []
