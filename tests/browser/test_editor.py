"""The triggers and conditions of an account in the automation editor."""

from typing import Final

from playwright.async_api import Locator, expect
import pytest

from tests.live.configuration import DOMAIN
from tests.live.home_assistant import DEVELOPER
from tests.live.scenario import Token

from .appearance import Appearance
from .frontend import Frontend
from .installation import Installation
from .page_recorder import PageRecorder

INSTANCE_ID: Final = "1101000001"
NAME: Final = f"GREEN-API {INSTANCE_ID}"

KEYS: Final = {
    "trigger": ("problem_cleared", "problem_detected", "state_changed"),
    "condition": ("has_problem", "is_authorized", "was_rebooted"),
}


class Editor:
    """Page object of the automation editor, with a new automation."""

    def __init__(self, frontend: Frontend) -> None:
        """Initialize with the frontend."""
        self.frontend = frontend
        self.dialog = frontend.page.locator("add-automation-element-dialog")
        self.items = self.dialog.locator("ha-automation-add-items")
        self.form = frontend.page.locator("ha-automation-sidebar")

    async def open(self) -> None:
        """Open the editor with a new automation."""
        await self.frontend.navigate("/config/automation/edit/new")

    async def add(self, element: str) -> None:
        """Open the dialog that adds a trigger or a condition."""
        part = self.frontend.page.locator(f"ha-automation-{element}")
        await part.locator(".buttons ha-button").first.click()

    async def by_target(self) -> None:
        """Select the account, which is a service without an area."""
        await self._tab(0)
        tree = self.dialog.locator("ha-automation-add-from-target wa-tree").last
        await tree.locator("> wa-tree-item").last.click()
        await tree.locator("wa-tree-item", has_text=NAME).last.click()

    async def by_type(self) -> None:
        """Select the integration."""
        await self._tab(1)
        name = self.frontend.page.get_by_text("GREEN-API", exact=True)
        await self.dialog.locator("ha-list-item-button").filter(has=name).click()

    async def _tab(self, number: int) -> None:
        """Select a tab of the dialog."""
        tabs = self.dialog.locator("ha-button-toggle-group ha-button")
        await tabs.nth(number).click()

    def item(self, text: str) -> Locator:
        """Return the item with this name."""
        return self.items.locator("ha-list-item-button", has_text=text)


@pytest.mark.parametrize("appearance", [Appearance("en", "light", "desktop")], ids=str)
async def test_editor(
    installation: Installation, frontend: Frontend, recorder: PageRecorder
) -> None:
    """All triggers and conditions are listed by target and by type."""
    texts = frontend.texts
    account = installation.simulator.add_account(INSTANCE_ID, Token.FIRST)
    flow = await installation.client.start_flow(DOMAIN)
    await flow.submit(
        api_url=installation.simulator.url,
        instance_id=account.instance_id,
        api_token=account.token,
    )
    await frontend.open_login_page()
    await frontend.log_in(DEVELOPER)
    editor = Editor(frontend)

    await editor.open()
    for element, keys in KEYS.items():
        await editor.add(element)
        await editor.by_type()
        for key in keys:
            item = editor.item(texts(f"{element}s.{key}.name"))
            await frontend.expect_text(item, texts(f"{element}s.{key}.description"))
            await expect(item.locator("ha-svg-icon, ha-icon").first).to_be_visible()
        await recorder.record(f"{element}-by-type")

        await editor.by_target()
        for key in keys:
            await frontend.expect_text(editor.items, texts(f"{element}s.{key}.name"))
        await recorder.record(f"{element}-by-target")

        first = f"{element}s.{keys[0]}"
        await editor.item(texts(f"{first}.name")).click()
        await frontend.expect_text(
            editor.form,
            texts(f"{first}.name"),
            texts(f"{first}.description"),
            texts(f"{first}.fields.reason.name"),
            texts(f"{first}.fields.reason.description"),
        )
        await recorder.record(f"{element}-form", tall=True)

    assert recorder.complaints == []
