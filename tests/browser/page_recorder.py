"""Take a screenshot of every page that is shown, and check its texts."""

from collections.abc import Collection
from pathlib import Path
import re
import shutil
from typing import Final

from playwright.async_api import ConsoleMessage, Error, Page

from tests.live.configuration import DOMAIN

from .accessibility import findings, open_dialog
from .texts import Texts

# Walks through a page, including the shadow roots of its components.
WALK: Final = """
function* walk(node) {
  yield node;
  if (node.shadowRoot) yield* walk(node.shadowRoot);
  for (const child of node.childNodes) yield* walk(child);
}
"""

LOAD_IMAGES: Final = f"""async () => {{
  {WALK}
  await document.fonts.ready;
  const pictures = [...walk(document)].filter((node) => node.localName === "img");
  await Promise.allSettled(pictures.map((picture) => picture.decode()));
}}"""

# The visible texts, and the hidden ones with attributes and inputs; but not the input
# of password fields.
READ_TEXTS: Final = f"""() => {{
  {WALK}
  const read = [], known = [];
  for (const node of walk(document)) {{
    const text = node.nodeType === Node.TEXT_NODE && node.textContent.trim();
    if (text && !["style", "script"].includes(node.parentNode.localName))
      (node.parentElement?.checkVisibility() ?? true ? read : known).push(text);
    for (const attribute of node.attributes ?? []) known.push(attribute.value);
    if (["input", "textarea"].includes(node.localName) && node.type !== "password")
      known.push(node.value);
  }}
  return [read, known];
}}"""

TALL_AREA: Final = 750_000
"""The area of a tall screenshot, in pixels."""

OVERFLOW: Final = "() => document.documentElement.scrollWidth - innerWidth"

# A translation key instead of its text, or a placeholder without a value.
UNTRANSLATED: Final = re.compile(
    rf"component\.{DOMAIN}|\bui\.(?:common|components|dialogs|panel)\.|\{{\w+\}}"
    r"|^[a-z]+(?:_[a-z]+)+$"
)

# Without internet access, the brand images of other integrations cannot be loaded.
FOREIGN_IMAGES: Final = re.compile(
    rf"/api/brands/(?!integration/{DOMAIN}/)|brands\.home-assistant\.io"
)


class PageRecorder:
    """Records a page: screenshots, and complaints.

    They are about texts, errors in the console, and the accessibility of dialogs.
    """

    def __init__(self, page: Page, texts: Texts, folder: Path, *secrets: str) -> None:
        """Start to record a page, and empty the folder of its screenshots."""
        self.complaints: list[str] = []
        self.of_home_assistant: list[str] = []
        """What is not accessible, but not ours to change."""
        self._page = page
        self._texts = texts
        self._folder = folder
        self._secrets = secrets
        self._count = 0
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        page.on("console", self._record_console)
        page.on("pageerror", self._record_error)

    async def record(
        self, name: str, *, tall: bool = False, quoted: Collection[str] = ()
    ) -> None:
        """Take a screenshot of the page and check its texts.

        A tall screenshot includes what is below the viewport. Quoted texts need not be
        in the language of the page.
        """
        size = self._page.viewport_size
        assert size is not None
        if tall:
            height = max(size["height"], TALL_AREA // size["width"])
            await self._page.set_viewport_size(size | {"height": height})
        await self._page.evaluate(LOAD_IMAGES)
        await self.take_screenshot(name)
        await self._check_texts(name, quoted)
        await self._check_accessibility(name)
        await self._page.set_viewport_size(size)

    async def _check_texts(self, name: str, quoted: Collection[str]) -> None:
        """Check all texts of the page, and its width."""
        visible, hidden = await self._page.evaluate(READ_TEXTS)
        checked = [text for text in visible if text not in quoted]
        complaints = [text for text in checked if UNTRANSLATED.search(text)]
        complaints += self._texts.foreign.intersection(checked)
        if await self._page.evaluate(OVERFLOW) > 0:
            complaints.append("wider than the screen")
        if any(secret in text for text in visible + hidden for secret in self._secrets):
            complaints.append("contains a token")
        self.complaints += [f"{name}: {text}" for text in complaints]

    async def _check_accessibility(self, name: str) -> None:
        """Check the open dialog, if any."""
        dialog = open_dialog(self._page)
        for finding in await findings(dialog) if await dialog.count() else []:
            text = f"{name}: {finding.rule}: {finding.html}"
            (self.complaints if finding.is_ours else self.of_home_assistant).append(
                text
            )

    async def take_screenshot(self, name: str) -> None:
        """Take a screenshot, with a number and a name."""
        self._count += 1
        await self._page.screenshot(
            path=self._folder / f"{self._count:02}-{name}.png",
            animations="disabled",
        )

    def _record_console(self, message: ConsoleMessage) -> None:
        """Record an error in the console."""
        address = message.location["url"]
        if message.type == "error" and not FOREIGN_IMAGES.search(address):
            self.complaints.append(f"console: {message.text} ({address})")

    def _record_error(self, error: Error) -> None:
        """Record an uncaught error of the page."""
        self.complaints.append(f"page: {error.message}")
