"""Page object of Home Assistant's frontend, for all languages.

The texts of the integration are found by their translations, those of Home Assistant
by its own translation keys, and the rest by the components of the frontend.
"""

import asyncio
import base64
from io import BytesIO
from typing import Final

from PIL import Image
from playwright.async_api import Locator, Page, expect

from tests.live.configuration import DOMAIN
from tests.live.sign_in import User

from .texts import Texts

TIMEOUT_MS: Final = 120_000
"""Milliseconds to wait for an expected change of the page."""

INTEGRATION: Final = "WhatsApp, Telegram, MAX (GREEN-API)"
"""The name in the list of what can be added, which is searched."""

MENU_CLICKS: Final = 3
"""How often an option of a menu is clicked at most."""

MENU_TIMEOUT_MS: Final = 20_000
"""Milliseconds within which a menu is gone, unless the click was lost."""

expect.set_options(timeout=TIMEOUT_MS)

NAVIGATE: Final = """(path) => {
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
GET_CLICKS: Final = "() => window.clicks ?? null"
SET_CLICKS: Final = """(clicks) => {
  if (clicks !== null) window.clicks = clicks;
}"""
IMAGES: Final = "step-flow-progress img, step-flow-menu img"

MODULE_PIXELS: Final = 3.5
"""The smallest width of a module of a QR code, in pixels."""

IS_PHONE: Final = "() => matchMedia('(pointer: coarse)').matches"
WIDTH: Final = "(picture) => picture.clientWidth"
IS_SHOWN: Final = "(picture) => picture.complete && picture.naturalWidth > 0"


def modules_of(url: str) -> int:
    """Return how many modules the QR code of a data URL has in a row, with its margin.

    The simulator draws each of them with the same number of pixels, and the code begins
    with a dark row of seven.
    """
    _, _, content = url.partition(",")
    with Image.open(BytesIO(base64.b64decode(content))) as image:
        pixels = image.convert("L")
    size = pixels.width
    middle = next(at for at in range(size) if pixels.getpixel((at, at)) == 0)
    dark = (at for at in range(middle, size) if pixels.getpixel((at, middle)) != 0)
    return round(size / ((next(dark) - middle) / 7))


class Frontend:
    """The frontend of Home Assistant on one page of a browser."""

    def __init__(self, page: Page, url: str, texts: Texts) -> None:
        """Initialize with a page, the URL of Home Assistant and the texts."""
        page.set_default_timeout(TIMEOUT_MS)
        self.page = page
        self.texts = texts
        self._url = url
        # A closed dialog stays as an empty element: only an open one has a frame.
        self.dialog = page.locator(
            "dialog-data-entry-flow, dialog-repairs-issue"
        ).filter(has=page.locator("ha-dialog"))
        self.entry_rows = page.locator("ha-config-entry-row")

    # -- Navigation

    async def open_login_page(self) -> None:
        """Open the login page."""
        await self.page.goto(self._url)
        await expect(self.page.locator("input[name=username]")).to_be_visible()

    async def log_in(self, user: User) -> None:
        """Log in and wait for the first page."""
        await self.page.locator("input[name=username]").fill(user.name)
        await self.page.locator("input[name=password]").fill(user.password)
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_url("**/home/**")
        await expect(self.page.locator("hui-root")).to_be_visible()

    async def navigate(self, path: str) -> None:
        """Navigate to another page of Home Assistant."""
        await self.page.evaluate(NAVIGATE, path)

    async def open_dashboard(self, path: str) -> None:
        """Open a dashboard as soon as it is registered."""
        await self.page.wait_for_function(HAS_PANEL, arg=path)
        await self.navigate(f"/{path}/account")

    async def core_text(self, key: str) -> str:
        """Return one of Home Assistant's own texts as soon as it is loaded."""
        found = await self.page.wait_for_function(LOCALIZE, arg=key)
        return str(await found.json_value())

    async def expect_text(self, place: Locator, *texts: str) -> None:
        """Wait until an element contains all of the texts."""
        for text in texts:
            await expect(place).to_contain_text(text)

    async def count_clicks(self) -> None:
        """Reset the counter of clicks, which lasts until the page is reloaded."""
        await self.page.evaluate(COUNT_CLICKS)

    async def clicks(self) -> int:
        """Return the number of clicks since `count_clicks`."""
        return int(await self.page.evaluate(GET_CLICKS))

    # -- Dialogs

    async def fill_form(self, **values: str) -> None:
        """Fill in fields of the dialog's form."""
        for name, value in values.items():
            await self.dialog.locator(f"input[name={name}]").fill(value)

    async def submit_form(self) -> None:
        """Click the primary button of the dialog."""
        await self.dialog.locator("ha-button[slot=primaryAction]").click()

    @property
    def menu_options(self) -> Locator:
        """Return the options of the dialog's menu."""
        # Since the frontend of 2026.12, they are buttons.
        return self.dialog.locator("step-flow-menu").locator(
            "ha-list-item, ha-list-item-button"
        )

    async def expect_ways(self, qr_code: str, code: str) -> None:
        """Wait until the menu offers the QR code first, but on a phone the code."""
        is_phone = await self.page.evaluate(IS_PHONE)
        first, second = (code, qr_code) if is_phone else (qr_code, code)
        await expect(self.menu_options.nth(0)).to_contain_text(first)
        await expect(self.menu_options.nth(1)).to_contain_text(second)

    async def select_menu_option(self, option: str) -> None:
        """Select an option of the dialog's menu, and wait until it is gone.

        On a busy computer, Home Assistant may redraw the menu under the pointer, and
        the click is lost. It is repeated then, and a lost click is not counted.
        """
        item = self.menu_options.filter(has_text=option)
        counted = await self.page.evaluate(GET_CLICKS)
        for attempt in range(1, MENU_CLICKS + 1):
            await item.click()
            try:
                await expect(item).to_have_count(0, timeout=MENU_TIMEOUT_MS)
            except AssertionError:
                if attempt == MENU_CLICKS:
                    raise
                await self.page.evaluate(SET_CLICKS, counted)
            else:
                return

    async def expect_dialog_text(self, key: str, **placeholders: str) -> None:
        """Wait until the dialog contains all lines of an integration's text."""
        await self.expect_text(self.dialog, *self.texts.lines(key, **placeholders))

    async def expect_form_error(self, *errors: str) -> None:
        """Wait until the form shows the errors."""
        await self.expect_text(self.dialog.locator("step-flow-form"), *errors)

    async def close_dialog(self) -> None:
        """Close the dialog with its close button."""
        buttons = self.dialog.locator("ha-icon-button").filter(visible=True)
        await buttons.first.click()
        await self.expect_dialog_closed()

    async def finish_dialog(self) -> None:
        """Click the primary button of the last step, which closes the dialog."""
        await self.submit_form()
        await self.expect_dialog_closed()

    async def expect_dialog_closed(self) -> None:
        """Wait until no dialog is open."""
        await expect(self.dialog.locator("dialog")).to_have_count(0)

    # -- The integration

    async def search_integration(self, text: str) -> Locator:
        """Search the list of integrations, and return the match of this one."""
        await self.navigate("/config/integrations/dashboard")
        await self.page.locator("ha-button[slot=fab]").click()
        dialog = self.page.locator("dialog-add-integration")
        await dialog.locator("input").fill(text)
        found = dialog.locator("ha-integration-list-item", has_text=INTEGRATION)
        await expect(found).to_be_in_viewport(ratio=1)
        return found

    async def open_integration(self) -> None:
        """Open the page of the integration with its config entries."""
        await self.navigate(f"/config/integrations/integration/{DOMAIN}")
        await self._expect_loaded(self.entry_rows.first)

    async def _expect_loaded(self, content: Locator) -> None:
        """Wait until a page shows its content, and reload it if it does not.

        Occasionally, on a busy computer, a page stays empty for as long as it is open.
        """
        try:
            await expect(content).to_be_visible(timeout=TIMEOUT_MS / 3)
        except AssertionError:
            await self.page.reload()
            await expect(content).to_be_visible()

    def entry_row(self, name: str) -> Locator:
        """Return the row of a config entry."""
        return self.entry_rows.filter(has_text=name)

    async def open_entry_menu(self, name: str) -> None:
        """Open the three-dot menu of a config entry."""
        await self.entry_row(name).locator("ha-icon-button[slot=trigger]").first.click()

    async def select_entry_action(self, name: str, key: str) -> None:
        """Select from the open menu of an entry, by Home Assistant's text key."""
        text = await self.core_text(f"ui.panel.config.integrations.config_entry.{key}")
        items = self.entry_row(name).locator("ha-dropdown-item")
        await items.filter(has_text=text).first.click()

    async def confirm(self) -> None:
        """Confirm the dialog box."""
        await self.page.locator("dialog-box ha-button[slot=primaryAction]").click()

    async def open_device(self, name: str) -> None:
        """Open the device page of an account."""
        await self.open_integration()
        await self.entry_row(name).locator("ha-config-entry-device-row").click()
        await expect(self.page.locator("ha-device-info-card")).to_be_visible()

    async def download_diagnostics(self, name: str) -> str:
        """Download the diagnostics from the open menu of an entry."""
        async with self.page.expect_download() as download:
            await self.select_entry_action(name, "download_diagnostics")
        path = await (await download.value).path()
        return await asyncio.to_thread(path.read_text, encoding="utf-8")

    # -- Repairs

    async def open_repairs(self) -> None:
        """Open the page with the repair issues."""
        await self.navigate("/config/repairs")
        await self._expect_loaded(self.page.locator("ha-config-repairs"))

    def repair_row(self, title: str) -> Locator:
        """Return the row of a repair issue."""
        repairs = self.page.locator("ha-config-repairs ha-list-item-button")
        return repairs.filter(has_text=title)

    async def open_repair(self, title: str) -> None:
        """Open a repair by an event: after a dialog, its row may still be scrolling."""
        await self.repair_row(title).dispatch_event("click")

    async def expect_code(self) -> str:
        """Wait until the dialog shows a code and its image, and return the code."""
        code = self.dialog.locator("step-flow-progress strong", has_text="\u2011")
        await expect(code).to_be_visible()
        await self.expect_image()
        return await code.inner_text()

    async def expect_qr_code(self, *, other_than: str = "") -> str:
        """Wait until the dialog shows another QR code, and return its URL.

        It is large enough for the camera of a phone.
        """
        url = await self.expect_image(other_than=other_than)
        picture, width = self.dialog.locator(IMAGES), MODULE_PIXELS * modules_of(url)
        try:
            async with asyncio.timeout(TIMEOUT_MS / 1000):
                # A code that was just replaced has no width yet, which is not an event.
                while await picture.evaluate(WIDTH) < width:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"No QR code of {width} pixels is shown") from None
        return url

    async def expect_image(self, *, other_than: str = "") -> str:
        """Wait until the dialog shows another image, and return its URL."""
        picture = self.dialog.locator(IMAGES)
        await expect(picture).not_to_have_attribute("src", other_than)
        await expect(picture).to_be_in_viewport(ratio=1)
        assert await picture.evaluate(IS_SHOWN)
        return await picture.get_attribute("src") or ""
