"""Take the pictures of the README; scripts/screenshots starts it.

What they show is real, but for two things: the past is painted, so that the history
is not empty, and the QR codes are the simulator's and lead nowhere.
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

from tests.live.configuration import ROOT
from tests.live.home_assistant import DEVELOPER, HomeAssistantProcess
from tests.live.scene import Token
from tests.simulator import Simulator

from .cards import README_ACCOUNT, readme_dashboard
from .chromium import chromium
from .household import Household, Problem
from .look import Look
from .past import live_through_past, spread_past
from .person import Person
from .texts import Texts

FOLDER: Final = ROOT / "images"
LARGEST: Final = 80_000
"""Bytes that a picture may have."""

SCHEMES: Final = ("light", "dark")
TALL: Final = 1800
"""Pixels of a page that is long enough for a whole dashboard."""

MARGIN: Final = 16
"""Pixels of the page that are seen around what is shown."""

PROBLEM: Final = Problem(
    instance_id=README_ACCOUNT,
    issue="logged_out",
    state="notAuthorized",
    enabled=("qr_code",),
)


@dataclass(frozen=True, slots=True)
class Painter:
    """Somebody who takes pictures of Home Assistant in light or in dark."""

    person: Person
    scheme: str

    @property
    def page(self) -> Page:
        """What is painted."""
        return self.person.page

    async def paint_desktop(self) -> None:
        """Take all pictures that show a desktop."""
        await self.paint_setup()
        await self.paint_device()
        await self.paint_dashboard("dashboard")
        await self.paint_linking()

    async def paint_phone(self) -> None:
        """Take the picture that shows a phone."""
        await self.paint_dashboard("dashboard-phone")

    async def paint_setup(self) -> None:
        """Take a picture of the dialog that adds an account."""
        found = await self.person.search_integration("green-api")
        await found.click()
        await self.person.fill(instance_id=README_ACCOUNT, api_token=Token.WRONG)
        await self.person.flow.locator("input[name=api_token]").blur()
        await self.save("setup", self.person.flow.locator("dialog"))
        await self.person.close()

    async def paint_device(self) -> None:
        """Take a picture of an account's page."""
        await self.person.open_device(PROBLEM.name)
        await expect(self.page.locator("ha-logbook-entry").first).to_be_visible()
        await self.save("device", self.page.locator("ha-config-device-page ha-card"))

    async def paint_dashboard(self, name: str) -> None:
        """Take a picture of the cards that the documentation gives to copy."""
        await self.person.open_dashboard("whatsapp-account")
        await expect(self.page.locator("hui-picture-entity-card img")).to_be_visible()
        await expect(self.page.locator("state-history-chart-timeline")).to_be_visible()
        await expect(self.page.locator("hui-alert-badge")).to_be_visible()
        # A picture ends where the page does.
        before = self.page.viewport_size or {"width": 0, "height": 0}
        await self.page.set_viewport_size({**before, "height": TALL})
        shown = self.page.locator("hui-alert-badge, hui-grid-section")
        await self.save(name, shown)
        await self.page.set_viewport_size(before)

    async def paint_linking(self) -> None:
        """Take a picture of the dialog that links an account again."""
        await self.person.open_repairs()
        texts = self.person.texts
        await self.person.open_repair(
            texts("issues.logged_out.title", name=PROBLEM.name)
        )
        await self.person.choose(
            texts("issues.logged_out.fix_flow.step.ways.menu_options.qr_code")
        )
        await self.person.see_qr_code()
        await self.save("link", self.person.flow.locator("dialog"))
        await self.person.close()

    async def save(self, name: str, shown: Locator) -> None:
        """Keep a picture of something, with a little of what is around it."""
        clip = _around([await it.bounding_box() for it in await shown.all()])
        png = await self.page.screenshot(clip=clip, animations="disabled")
        path = FOLDER / f"{name}-{self.scheme}.webp"
        size = _save(png, path)
        if size > LARGEST:
            raise TooLargeError(path, size)
        sys.stdout.write(f"{path.relative_to(ROOT)}  {size} bytes\n")


SCREENS: Final = {"desktop": Painter.paint_desktop, "phone": Painter.paint_phone}


class TooLargeError(Exception):
    """A picture is too large for a README."""

    def __init__(self, path: Path, size: int) -> None:
        """Say which one."""
        super().__init__(f"{path.name} has {size} bytes, more than {LARGEST}")


def _around(boxes: Iterable[FloatRect | None]) -> FloatRect:
    """Return what holds all of some boxes and has a margin."""
    seen = [box for box in boxes if box is not None]
    left = min(box["x"] for box in seen) - MARGIN
    top = min(box["y"] for box in seen) - MARGIN
    right = max(box["x"] + box["width"] for box in seen) + MARGIN
    bottom = max(box["y"] + box["height"] for box in seen) + MARGIN
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


def _save(png: bytes, path: Path) -> int:
    """Write a picture in a small format and return its size."""
    Image.open(io.BytesIO(png)).save(path, quality=80, method=6)
    return path.stat().st_size


async def prepare(household: Household) -> None:
    """Have an account that has been logged out for a while, and a dashboard."""
    await household.get_into(PROBLEM)
    account = household.simulator.accounts[README_ACCOUNT]
    await live_through_past(household, account)
    entity_ids = [
        await household.entity_id(account, key) for key in ("state", "problem")
    ]
    await household.leave()
    for entity_id in entity_ids:
        spread_past(household.home_assistant.folder, entity_id)
    await household.come_back()
    await household.client.save_dashboard(
        "whatsapp-account",
        "WhatsApp",
        "mdi:whatsapp",
        readme_dashboard(README_ACCOUNT, await household.device_id(account)),
    )


async def paint(browser: Browser, household: Household) -> None:
    """Take all pictures, in light and in dark."""
    for scheme, screen in product(SCHEMES, SCREENS):
        look = Look("en", scheme, screen)
        page = await browser.new_page(**look.options(), device_scale_factor=1.5)
        person = Person(page, household.home_assistant.url, Texts("en"))
        await person.arrive()
        await person.log_in(DEVELOPER)
        await SCREENS[screen](Painter(person, scheme))


async def main() -> None:
    """Take the pictures of a Home Assistant that is made for them."""
    simulator = Simulator(enforce_limits=False)
    await simulator.start()
    with TemporaryDirectory() as folder:
        async with (
            HomeAssistantProcess(Path(folder) / "config") as home_assistant,
            chromium() as browser,
        ):
            household = Household(home_assistant, simulator)
            await prepare(household)
            await paint(browser, household)
    await simulator.stop()


if __name__ == "__main__":
    asyncio.run(main())
