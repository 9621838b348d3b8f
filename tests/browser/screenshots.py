"""Take the screenshots of the documentation; scripts/screenshots starts it.

They show a real Home Assistant, with three exceptions: the history is generated, the
QR codes are the simulator's and link nothing, and the chat is a drawing.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
import io
from itertools import product
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from typing import Final

from PIL import Image
from playwright.async_api import Browser, FloatRect, Locator, Page, expect

from tests.live.configuration import DOMAIN, ROOT
from tests.live.home_assistant import DEVELOPER, HomeAssistantProcess
from tests.live.scenario import Token
from tests.simulator import Simulator

from .appearance import Appearance
from .cards import README_ACCOUNT, readme_dashboard
from .chromium import chromium
from .frontend import Frontend
from .history import backdate_history, write_history
from .installation import TELEGRAM, Installation, ProblemAccount
from .texts import Texts

FOLDER: Final = ROOT / "images"
LARGEST: Final = 80_000
"""The maximum size of a screenshot, in bytes."""

CHAT: Final = Path(__file__).with_name("chat.html")
"""The drawing of an alarm in a chat."""

SCHEMES: Final = ("light", "dark")
TALL: Final = 1800
"""The height of a viewport for a whole dashboard, in pixels."""

MARGIN: Final = 16
"""The margin around the shown elements, in pixels."""

PROBLEM: Final = ProblemAccount(
    instance_id=README_ACCOUNT,
    issue="logged_out",
    state="notAuthorized",
    enabled=("qr_code",),
)
AUTHORIZED: Final = "1101000002"
"""The instance ID of an account without a problem."""

PERSON: Final = "Caretaker"
"""A contact of that account."""


@dataclass(frozen=True, slots=True)
class ScreenshotTaker:
    """Takes the screenshots in the light or the dark color scheme."""

    frontend: Frontend
    simulator: Simulator
    scheme: str

    @property
    def page(self) -> Page:
        """Return the page in the browser."""
        return self.frontend.page

    async def take_on_desktop(self) -> None:
        """Take all screenshots of a desktop."""
        await self.take_setup()
        await self.take_device()
        await self.take_dashboard("dashboard")
        await self.take_linking()
        await self.take_password()
        await self.take_may_write()
        await self.take_chat()

    async def take_on_phone(self) -> None:
        """Take the screenshot of a phone."""
        await self.take_dashboard("dashboard-phone")

    async def take_setup(self) -> None:
        """Take a screenshot of the dialog that adds an account."""
        found = await self.frontend.search_integration("green-api")
        await found.click()
        await self.frontend.fill_form(instance_id=README_ACCOUNT, api_token=Token.WRONG)
        await self.frontend.dialog.locator("input[name=api_token]").blur()
        await self.save("setup", self.frontend.dialog.locator("dialog"))
        await self.frontend.close_dialog()

    async def take_device(self) -> None:
        """Take a screenshot of an account's device page.

        The activity is left out: it begins when Home Assistant was started for this.
        """
        await self.frontend.open_device(PROBLEM.name)
        await expect(self.page.locator("ha-logbook-entry").first).to_be_visible()
        cards = self.page.locator("ha-config-device-page ha-card")
        activity = self.page.locator("ha-logbook")
        await self.save("device", cards.filter(has_not=activity))

    async def take_dashboard(self, name: str) -> None:
        """Take a screenshot of the documentation's example cards."""
        await self.frontend.open_dashboard("whatsapp-account")
        await expect(self.page.locator("hui-picture-entity-card img")).to_be_visible()
        await expect(self.page.locator("state-history-chart-timeline")).to_be_visible()
        await expect(self.page.locator("hui-alert-badge")).to_be_visible()
        # A screenshot is limited to the viewport.
        before = self.page.viewport_size or {"width": 0, "height": 0}
        await self.page.set_viewport_size({**before, "height": TALL})
        shown = self.page.locator("hui-alert-badge, hui-grid-section")
        await self.save(name, shown)
        await self.page.set_viewport_size(before)

    async def take_linking(self) -> None:
        """Take a screenshot of the dialog that links an account again."""
        await self.open_qr_code(PROBLEM)
        await self.save("link", self.frontend.dialog.locator("dialog"))
        await self.frontend.close_dialog()

    async def take_password(self) -> None:
        """Take a screenshot of the dialog that asks for the account's own password."""
        account = self.simulator.accounts[TELEGRAM.instance_id]
        account.cloud_password = Token.OTHER
        await self.open_qr_code(TELEGRAM)
        account.scan()
        await self.frontend.fill_form(password=Token.WRONG)
        await self.save("password", self.frontend.dialog.locator("dialog"))
        await self.frontend.close_dialog()
        account.state = TELEGRAM.state

    async def open_qr_code(self, problem: ProblemAccount) -> None:
        """Open the repair of a logged-out account, and have its QR code shown."""
        texts = self.frontend.texts
        await self.frontend.open_repairs()
        await self.frontend.open_repair(
            texts("issues.logged_out.title", name=problem.name)
        )
        await self.frontend.select_menu_option(
            texts("issues.logged_out.fix_flow.step.ways.menu_options.qr_code")
        )
        await self.frontend.expect_qr_code()

    async def take_may_write(self) -> None:
        """Take a screenshot of the dialog that lets a person write."""
        texts, dialog = self.frontend.texts, self.frontend.dialog
        await self.frontend.open_integration()
        row = self.frontend.entry_row(AUTHORIZED)
        await self.frontend.open_entry_menu(AUTHORIZED)
        add = texts("config_subentries.recipient.initiate_flow.user")
        await row.locator("ha-dropdown-item", has_text=add).click()
        picker = dialog.locator("ha-selector-select ha-generic-picker")
        await picker.click()
        await picker.locator("ha-list-item-option", has_text=PERSON).click()
        await self.frontend.submit_form()
        await dialog.locator("ha-selector-boolean ha-switch").click()
        await self.save("may-write", dialog.locator("dialog"))
        await self.frontend.close_dialog()

    async def take_chat(self) -> None:
        """Take a screenshot of the drawing, which is the last page."""
        await self.page.goto(CHAT.as_uri())
        await self.save("chat", self.page.locator("main"))

    async def save(self, name: str, shown: Locator) -> None:
        """Save a screenshot of elements with a margin around them.

        Raises TooLargeError if it has more than `LARGEST` bytes.
        """
        clip = _bounding_box([await it.bounding_box() for it in await shown.all()])
        png = await self.page.screenshot(clip=clip, animations="disabled")
        path = FOLDER / f"{name}-{self.scheme}.webp"
        size = _save(png, path)
        if size > LARGEST:
            raise TooLargeError(path, size)
        sys.stdout.write(f"{path.relative_to(ROOT)}  {size} bytes\n")


SCREENS: Final = {
    "desktop": ScreenshotTaker.take_on_desktop,
    "phone": ScreenshotTaker.take_on_phone,
}


class TooLargeError(Exception):
    """A screenshot is too large for the README."""

    def __init__(self, path: Path, size: int) -> None:
        """Initialize with the path and the size in bytes."""
        super().__init__(f"{path.name} has {size} bytes, more than {LARGEST}")


def _bounding_box(boxes: Iterable[FloatRect | None]) -> FloatRect:
    """Return the box around all of the boxes, with a margin."""
    seen = [box for box in boxes if box is not None]
    left = min(box["x"] for box in seen) - MARGIN
    top = min(box["y"] for box in seen) - MARGIN
    right = max(box["x"] + box["width"] for box in seen) + MARGIN
    bottom = max(box["y"] + box["height"] for box in seen) + MARGIN
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


def _save(png: bytes, path: Path) -> int:
    """Write an image in a compact format and return its size in bytes."""
    Image.open(io.BytesIO(png)).save(path, quality=80, method=6)
    return path.stat().st_size


async def set_up_installation(installation: Installation) -> None:
    """Set up accounts that have been logged out for an hour, and a dashboard."""
    await installation.add_problem_account(PROBLEM)
    await installation.add_problem_account(TELEGRAM)
    await add_authorized_account(installation)
    account = installation.simulator.accounts[README_ACCOUNT]
    await write_history(installation, account)
    entity_ids = [
        await installation.entity_id(account, key) for key in ("state", "problem")
    ]
    await installation.stop()
    for entity_id in entity_ids:
        backdate_history(installation.home_assistant.folder, entity_id)
    await installation.start_an_hour_later()
    await installation.client.save_dashboard(
        "whatsapp-account",
        "WhatsApp",
        "mdi:whatsapp",
        readme_dashboard(README_ACCOUNT, await installation.device_id(account)),
    )


async def add_authorized_account(installation: Installation) -> None:
    """Add an account without a problem."""
    account = installation.simulator.add_account(AUTHORIZED, Token.FIRST)
    flow = await installation.client.start_flow(DOMAIN)
    await flow.submit(
        api_url=installation.simulator.url,
        instance_id=account.instance_id,
        api_token=account.token,
    )


async def take_all(browser: Browser, installation: Installation) -> None:
    """Take all screenshots in both color schemes."""
    for scheme, screen in product(SCHEMES, SCREENS):
        appearance = Appearance("en", scheme, screen)
        async with await browser.new_page(
            **appearance.context_options(browser), device_scale_factor=1.5
        ) as page:
            frontend = Frontend(page, installation.home_assistant.url, Texts("en"))
            await frontend.open_login_page()
            await frontend.log_in(DEVELOPER)
            taker = ScreenshotTaker(frontend, installation.simulator, scheme)
            await SCREENS[screen](taker)


async def main() -> None:
    """Take the screenshots of a new Home Assistant."""
    simulator = Simulator(enforce_limits=False)
    await simulator.start()
    with TemporaryDirectory() as folder:
        async with (
            HomeAssistantProcess(Path(folder) / "config") as home_assistant,
            chromium() as browser,
        ):
            installation = Installation(home_assistant, simulator)
            await set_up_installation(installation)
            await take_all(browser, installation)
    await simulator.stop()


if __name__ == "__main__":
    asyncio.run(main())
