"""Look at every page that a person comes to, and keep a picture of it."""

from collections.abc import Collection
from pathlib import Path
import re
import shutil
from typing import Final

from playwright.async_api import ConsoleMessage, Error, Page

from tests.live.configuration import DOMAIN

from .texts import Texts

# Runs through a page with all that hides in components.
WALK: Final = """
function* walk(node) {
  yield node;
  if (node.shadowRoot) yield* walk(node.shadowRoot);
  for (const child of node.childNodes) yield* walk(child);
}
"""

SETTLE: Final = f"""async () => {{
  {WALK}
  await document.fonts.ready;
  const pictures = [...walk(document)].filter((node) => node.localName === "img");
  await Promise.allSettled(pictures.map((picture) => picture.decode()));
}}"""

# What can be read, and whatever else the page knows; but not what a person types
# where it shows as dots.
READ: Final = f"""() => {{
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

AREA: Final = 750_000
"""Pixels that are enough for all that is on a page."""

WIDTH: Final = "() => document.documentElement.scrollWidth - innerWidth"

# A key where its text should be, or a placeholder that nothing has taken.
RAW: Final = re.compile(
    rf"component\.{DOMAIN}|\bui\.(?:common|components|dialogs|panel)\.|\{{\w+\}}"
    r"|^[a-z]+(?:_[a-z]+)+$"
)

# Without the internet Home Assistant finds the pictures of other integrations nowhere.
OTHERS_PICTURES: Final = re.compile(
    rf"/api/brands/(?!integration/{DOMAIN}/)|brands\.home-assistant\.io"
)


class Witness:
    """What was seen, and what was wrong with it."""

    def __init__(self, page: Page, texts: Texts, folder: Path, *secrets: str) -> None:
        """Watch a page; nothing of a former run is left in the folder."""
        self.complaints: list[str] = []
        self._page = page
        self._texts = texts
        self._folder = folder
        self._secrets = secrets
        self._pictures = 0
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        page.on("console", self._hear)
        page.on("pageerror", self._fail)

    async def look(
        self, name: str, *, tall: bool = False, quoted: Collection[str] = ()
    ) -> None:
        """Take a picture of the page as it is now, and read all of it.

        A tall picture shows what one scrolls to. What is quoted need be no text in
        the language of the page.
        """
        size = self._page.viewport_size
        assert size is not None
        if tall:
            height = max(size["height"], AREA // size["width"])
            await self._page.set_viewport_size(size | {"height": height})
        await self._page.evaluate(SETTLE)
        await self.take(name)
        await self._read(name, quoted)
        await self._page.set_viewport_size(size)

    async def _read(self, name: str, quoted: Collection[str]) -> None:
        """Read all of a page, and complain about what should not be there."""
        read, known = await self._page.evaluate(READ)
        told = [text for text in read if text not in quoted]
        wrong = [text for text in told if RAW.search(text)]
        wrong += self._texts.foreign.intersection(told)
        if await self._page.evaluate(WIDTH) > 0:
            wrong.append("wider than the screen")
        if any(secret in text for text in read + known for secret in self._secrets):
            wrong.append("tells a token")
        self.complaints += [f"{name}: {text}" for text in wrong]

    async def take(self, name: str) -> None:
        """Take a picture."""
        self._pictures += 1
        await self._page.screenshot(
            path=self._folder / f"{self._pictures:02}-{name}.png",
            animations="disabled",
        )

    def _hear(self, message: ConsoleMessage) -> None:
        """Take down what the page reports as an error."""
        address = message.location["url"]
        if message.type == "error" and not OTHERS_PICTURES.search(address):
            self.complaints.append(f"console: {message.text} ({address})")

    def _fail(self, error: Error) -> None:
        """Take down what the page stumbles over."""
        self.complaints.append(f"page: {error.message}")
