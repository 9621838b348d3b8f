"""A person finds triggers and conditions of an account in the automation editor."""

from typing import Final

from playwright.async_api import Locator, expect
import pytest

from tests.live.configuration import DOMAIN
from tests.live.home_assistant import DEVELOPER
from tests.live.scene import Token

from .household import Household
from .look import Look
from .person import Person
from .witness import Witness

INSTANCE_ID: Final = "1101000001"
NAME: Final = f"GREEN-API {INSTANCE_ID}"

KEYS: Final = {
    "trigger": ("problem_cleared", "problem_detected", "state_changed"),
    "condition": ("has_problem", "is_authorized"),
}


class Editor:
    """The automation editor, with a new automation in it."""

    def __init__(self, person: Person) -> None:
        """Look at the page."""
        self.person = person
        self.dialog = person.page.locator("add-automation-element-dialog")
        self.items = self.dialog.locator("ha-automation-add-items")
        self.form = person.page.locator("ha-automation-sidebar")

    async def open(self) -> None:
        """Open it."""
        await self.person.go("/config/automation/edit/new")

    async def add(self, element: str) -> None:
        """Ask for what can be added."""
        part = self.person.page.locator(f"ha-automation-{element}")
        await part.locator(".buttons ha-button").first.click()

    async def by_target(self) -> None:
        """Choose the account, which is a service that is in no area."""
        await self._tab(0)
        tree = self.dialog.locator("ha-automation-add-from-target wa-tree").last
        await tree.locator("> wa-tree-item").last.click()
        await tree.locator("wa-tree-item", has_text=NAME).last.click()

    async def by_type(self) -> None:
        """Choose the integration."""
        await self._tab(1)
        await self.dialog.get_by_text("GREEN-API", exact=True).click()

    async def _tab(self, number: int) -> None:
        """Choose by what to look."""
        tabs = self.dialog.locator("ha-button-toggle-group ha-button")
        await tabs.nth(number).click()

    def item(self, text: str) -> Locator:
        """Return what can be added, by its name."""
        return self.items.locator("ha-list-item-button", has_text=text)


@pytest.mark.parametrize(
    "look",
    [Look("en", "light", "desktop"), Look("de", "dark", "desktop")],
    ids=str,
)
async def test_editor(household: Household, person: Person, witness: Witness) -> None:
    """By target and by type, all have a name, a description and an icon."""
    texts = person.texts
    account = household.simulator.add_account(INSTANCE_ID, Token.FIRST)
    flow = await household.client.start_flow(DOMAIN)
    await flow.submit(
        api_url=household.simulator.url,
        instance_id=account.instance_id,
        api_token=account.token,
    )
    await person.arrive()
    await person.log_in(DEVELOPER)
    editor = Editor(person)

    await editor.open()
    for element, keys in KEYS.items():
        await editor.add(element)
        await editor.by_type()
        for key in keys:
            item = editor.item(texts(f"{element}s.{key}.name"))
            await person.see(item, texts(f"{element}s.{key}.description"))
            await expect(item.locator("ha-svg-icon, ha-icon").first).to_be_visible()
        await witness.look(f"{element}-by-type")

        await editor.by_target()
        for key in keys:
            await person.see(editor.items, texts(f"{element}s.{key}.name"))
        await witness.look(f"{element}-by-target")

        first = f"{element}s.{keys[0]}"
        await editor.item(texts(f"{first}.name")).click()
        await person.see(
            editor.form,
            texts(f"{first}.name"),
            texts(f"{first}.description"),
            texts(f"{first}.fields.reason.name"),
            texts(f"{first}.fields.reason.description"),
        )
        await witness.look(f"{element}-form", tall=True)

    assert witness.complaints == []
