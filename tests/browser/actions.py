"""Page object of the developer tools' page for actions."""

from typing import Final

from playwright.async_api import Locator, expect

from tests.live.configuration import DOMAIN

from .frontend import Frontend

PATH: Final = "/config/tools/action"


class ActionsPage:
    """The page with an action of the integration selected."""

    def __init__(self, frontend: Frontend, action: str) -> None:
        """Initialize with the frontend and the key of an action."""
        self.frontend = frontend
        self.action = action
        page = frontend.page
        self.form = page.locator("ha-service-control")
        self.error = page.locator("ha-alert[alert-type=error]").filter(visible=True)
        self.response = page.locator(".response ha-yaml-editor")

    async def open(self) -> None:
        """Open the page, which keeps the last performed action."""
        await self.frontend.navigate(PATH)
        await expect(self.form).to_be_visible()

    async def select_action(self) -> None:
        """Select the action."""
        picker = self.form.locator("ha-service-picker")
        await picker.click()
        name = f"{DOMAIN}.{self.action}"
        await picker.locator("ha-picker-combo-box input").fill(name)
        await picker.locator("ha-list-item-option", has_text=name).click()

    async def add_target(self, name: str) -> None:
        """Add an entity to the targets, by its name."""
        picker = self.form.locator("ha-target-picker")
        await picker.locator("ha-generic-picker ha-button").click()
        await picker.locator("ha-list-item-option", has_text=name).first.click()
        await expect(picker.locator("ha-target-picker-item-row")).to_have_count(1)

    async def enable_field(self, field: str) -> Locator:
        """Enable an optional field and return its row."""
        key = f"services.{self.action}.fields.{field}"
        name = self.frontend.page.get_by_text(
            self.frontend.texts(f"{key}.name"), exact=True
        )
        row = self.form.locator("ha-settings-row").filter(has=name)
        await self.frontend.expect_text(row, self.frontend.texts(f"{key}.description"))
        await row.locator("ha-checkbox").click()
        return row

    async def select_media(self, field: str, source: str, name: str) -> None:
        """Select media from one of the media sources."""
        row = await self.enable_field(field)
        await row.locator("ha-media-item-picker ha-card").click()
        cards = self.frontend.page.locator("ha-media-player-browse ha-card")
        await cards.filter(has_text=source).click()
        await expect(cards.filter(has_text=source)).to_have_count(0)
        await cards.filter(has_text=name).click()
        await self.frontend.expect_text(row, name)

    async def perform(self) -> None:
        """Perform the action."""
        await self.frontend.page.locator("ha-progress-button").click()
