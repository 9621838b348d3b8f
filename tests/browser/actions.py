"""The page on which a person performs actions."""

from typing import Final

from playwright.async_api import Locator, expect

from tests.live.configuration import DOMAIN

from .person import Person

PATH: Final = "/config/tools/action"


class Actions:
    """The page with an action of the integration in it."""

    def __init__(self, person: Person, action: str) -> None:
        """Look at the page."""
        self.person = person
        self.action = action
        page = person.page
        self.form = page.locator("ha-service-control")
        self.error = page.locator("ha-alert[alert-type=error]").filter(visible=True)
        self.response = page.locator(".response ha-yaml-editor")

    async def open(self) -> None:
        """Open the page, which keeps what was performed last."""
        await self.person.go(PATH)
        await expect(self.form).to_be_visible()

    async def choose_action(self) -> None:
        """Choose the action."""
        picker = self.form.locator("ha-service-picker")
        await picker.click()
        name = f"{DOMAIN}.{self.action}"
        await picker.locator("ha-picker-combo-box input").fill(name)
        await picker.locator("ha-list-item-option", has_text=name).click()

    async def add_target(self, name: str) -> None:
        """Choose an entity by its name."""
        picker = self.form.locator("ha-target-picker")
        await picker.locator("ha-generic-picker ha-button").click()
        await picker.locator("ha-list-item-option", has_text=name).first.click()
        await expect(picker.locator("ha-target-picker-item-row")).to_have_count(1)

    async def use(self, field: str) -> Locator:
        """Tick a field, and return its row."""
        key = f"services.{self.action}.fields.{field}"
        name = self.person.page.get_by_text(
            self.person.texts(f"{key}.name"), exact=True
        )
        row = self.form.locator("ha-settings-row").filter(has=name)
        await self.person.see(row, self.person.texts(f"{key}.description"))
        await row.locator("ha-checkbox").click()
        return row

    async def choose_media(self, field: str, source: str, name: str) -> None:
        """Choose media from one of their sources."""
        row = await self.use(field)
        await row.locator("ha-media-item-picker ha-card").click()
        cards = self.person.page.locator("ha-media-player-browse ha-card")
        await cards.filter(has_text=source).click()
        await expect(cards.filter(has_text=source)).to_have_count(0)
        await cards.filter(has_text=name).click()
        await self.person.see(row, name)

    async def perform(self) -> None:
        """Perform the action."""
        await self.person.page.locator("ha-progress-button").click()
