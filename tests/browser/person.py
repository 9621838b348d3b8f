"""What a person does in the frontend of Home Assistant, in whatever language.

The texts of the integration are found by their translations, those of Home Assistant
by the keys of its own, and the rest by the components that the frontend is made of.
"""

import asyncio
from typing import Final

from playwright.async_api import Locator, Page, expect

from tests.live.configuration import DOMAIN
from tests.live.sign_in import User

from .texts import Texts

PATIENCE: Final = 60_000
"""Milliseconds to wait for what is expected to happen by itself."""

expect.set_options(timeout=PATIENCE)

FOLLOW: Final = """(path) => {
  history.pushState(null, "", path);
  window.dispatchEvent(new CustomEvent("location-changed"));
}"""
HAS_PANEL: Final = """(path) =>
  path in document.querySelector("home-assistant").hass.panels"""
LOCALIZE: Final = """(key) =>
  document.querySelector("home-assistant").hass.localize(key)"""
COUNT_CLICKS: Final = """() => {
  if (window.clicks === undefined)
    addEventListener("click", (click) => (window.clicks += click.isTrusted), true);
  window.clicks = 0;
}"""
IS_SHOWN: Final = "(picture) => picture.complete && picture.naturalWidth > 0"


class Person:
    """Somebody at a page of Home Assistant."""

    def __init__(self, page: Page, url: str, texts: Texts) -> None:
        """Sit down at a page."""
        page.set_default_timeout(PATIENCE)
        self.page = page
        self.texts = texts
        self._url = url
        # A dialog that was closed stays, empty: the one that is open has a frame.
        self.flow = page.locator("dialog-data-entry-flow, dialog-repairs-issue").filter(
            has=page.locator("ha-dialog")
        )
        self.entries = page.locator("ha-config-entry-row")

    # -- The frontend

    async def arrive(self) -> None:
        """Come to the front door."""
        await self.page.goto(self._url)
        await expect(self.page.locator("input[name=username]")).to_be_visible()

    async def log_in(self, user: User) -> None:
        """Tell who is there, and see the first page."""
        await self.page.locator("input[name=username]").fill(user.name)
        await self.page.locator("input[name=password]").fill(user.password)
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_url("**/home/**")
        await expect(self.page.locator("hui-root")).to_be_visible()

    async def go(self, path: str) -> None:
        """Follow a link to another page of Home Assistant."""
        await self.page.evaluate(FOLLOW, path)

    async def open_dashboard(self, path: str) -> None:
        """Open a dashboard, as soon as it is in the sidebar."""
        await self.page.wait_for_function(HAS_PANEL, arg=path)
        await self.go(f"/{path}/account")

    async def home_text(self, key: str) -> str:
        """Return one of Home Assistant's own texts, as soon as the page has it."""
        found = await self.page.wait_for_function(LOCALIZE, arg=key)
        return str(await found.json_value())

    async def see(self, place: Locator, *texts: str) -> None:
        """See texts in a place."""
        for text in texts:
            await expect(place).to_contain_text(text)

    async def count_clicks(self) -> None:
        """Count the clicks from now on, for as long as the page is not left."""
        await self.page.evaluate(COUNT_CLICKS)

    async def clicks(self) -> int:
        """Return how often something was clicked."""
        return int(await self.page.evaluate("() => window.clicks"))

    # -- Dialogs

    async def fill(self, **values: str) -> None:
        """Fill in fields of a form."""
        for name, value in values.items():
            await self.flow.locator(f"input[name={name}]").fill(value)

    async def submit(self) -> None:
        """Press the button of the dialog that goes on."""
        await self.flow.locator("ha-button[slot=primaryAction]").click()

    async def choose(self, option: str) -> None:
        """Choose from the menu of a dialog."""
        await self.flow.locator("step-flow-menu ha-list-item", has_text=option).click()

    async def read(self, key: str, **placeholders: str) -> None:
        """Read one of the integration's texts in the dialog, line by line."""
        await self.see(self.flow, *self.texts.lines(key, **placeholders))

    async def be_told(self, *errors: str) -> None:
        """Read what is wrong with a form."""
        await self.see(self.flow.locator("step-flow-form"), *errors)

    async def close(self) -> None:
        """Close the dialog before its end."""
        buttons = self.flow.locator("ha-icon-button").filter(visible=True)
        await buttons.first.click()
        await self.be_done()

    async def finish(self) -> None:
        """Leave the dialog at its end."""
        await self.submit()
        await self.be_done()

    async def be_done(self) -> None:
        """See the dialog go."""
        await expect(self.flow.locator("dialog")).to_have_count(0)

    # -- The integration

    async def search_integration(self, text: str) -> Locator:
        """Open the list of what can be added, search it and return what is found."""
        await self.go("/config/integrations/dashboard")
        await self.page.locator("ha-button[slot=fab]").click()
        dialog = self.page.locator("dialog-add-integration")
        await dialog.locator("input").fill(text)
        found = dialog.locator("ha-integration-list-item")
        await expect(found).to_have_count(1)
        return found

    async def open_integration(self) -> None:
        """Open the page with all accounts."""
        await self.go(f"/config/integrations/integration/{DOMAIN}")
        try:
            await expect(self.entries.first).to_be_visible(timeout=PATIENCE / 3)
        except AssertionError:
            # Once in a while, on a busy computer, the page of Home Assistant says for
            # as long as it is open that there are none.
            await self.page.reload()
            await expect(self.entries.first).to_be_visible()

    def entry(self, name: str) -> Locator:
        """Return the row of an account."""
        return self.entries.filter(has_text=name)

    async def open_menu(self, name: str) -> None:
        """Open the three dots beside an account."""
        await self.entry(name).locator("ha-icon-button[slot=trigger]").first.click()

    async def pick(self, name: str, key: str) -> None:
        """Pick from the open menu of an account, by a key of Home Assistant's texts."""
        text = await self.home_text(f"ui.panel.config.integrations.config_entry.{key}")
        items = self.entry(name).locator("ha-dropdown-item")
        await items.filter(has_text=text).first.click()

    async def confirm(self) -> None:
        """Answer a question with yes."""
        await self.page.locator("dialog-box ha-button[slot=primaryAction]").click()

    async def open_device(self, name: str) -> None:
        """Open the page of an account's service."""
        await self.open_integration()
        await self.entry(name).locator("ha-config-entry-device-row").click()
        await expect(self.page.locator("ha-device-info-card")).to_be_visible()

    async def download_diagnostics(self, name: str) -> str:
        """Download the diagnostics from the open menu of an account."""
        async with self.page.expect_download() as download:
            await self.pick(name, "download_diagnostics")
        path = await (await download.value).path()
        return await asyncio.to_thread(path.read_text, encoding="utf-8")

    # -- Repairs

    async def open_repairs(self) -> None:
        """Open the page with what is to be repaired."""
        await self.go("/config/repairs")
        await expect(self.page.locator("ha-config-repairs")).to_be_visible()

    def repair(self, title: str) -> Locator:
        """Return the row of a repair."""
        repairs = self.page.locator("ha-config-repairs ha-list-item-button")
        return repairs.filter(has_text=title)

    async def open_repair(self, title: str) -> None:
        """Open a repair, wherever its row is: the page scrolls after each dialog."""
        await self.repair(title).dispatch_event("click")

    async def see_code(self) -> str:
        """See all of a code in the dialog, and return it."""
        code = self.flow.locator("step-flow-progress strong", has_text="\u2011")
        await expect(code).to_be_visible()
        await self.see_picture()
        return await code.inner_text()

    async def see_qr_code(self, *, other_than: str = "") -> str:
        """See all of a QR code in the dialog, and return which one it is."""
        return await self.see_picture(other_than=other_than)

    async def see_picture(self, *, other_than: str = "") -> str:
        """See all of the picture in the dialog, and return which one it is."""
        picture = self.flow.locator("step-flow-progress img")
        await expect(picture).not_to_have_attribute("src", other_than)
        await expect(picture).to_be_in_viewport(ratio=1)
        assert await picture.evaluate(IS_SHOWN)
        return await picture.get_attribute("src") or ""
