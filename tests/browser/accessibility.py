"""Check dialogs with axe, and tell our findings from those of Home Assistant."""

from importlib import resources
from typing import Any, Final, NamedTuple

from playwright.async_api import Locator, Page

DIALOGS: Final = "dialog-data-entry-flow, dialog-repairs-issue"

_SOURCE: Final = resources.files("axe_playwright_python") / "axe.min.js"
AXE: Final = f"if (!window.axe) {{ {_SOURCE.read_text(encoding='utf-8')} }}"
# All of a dialog is Home Assistant's, except for what our texts are rendered to.
RUN: Final = """async (dialog) => {
  const isInText = (node) =>
    node &&
    (node.localName === "ha-markdown" || isInText(node.parentNode ?? node.host));
  const options = {
    resultTypes: ["violations"],
    elementRef: true,
    // The slowest rule. Home Assistant chooses the colors.
    rules: { "color-contrast": { enabled: false } },
  };
  return (await axe.run(dialog, options)).violations.flatMap(({ id, nodes }) =>
    nodes.map(({ element, html }) => [id, html, isInText(element) ?? false])
  );
}"""

# Home Assistant removes the alternative texts of pictures in texts: what a picture
# shows is also said beside it.
NOT_OURS: Final = frozenset({"image-alt"})


class Finding(NamedTuple):
    """Something that not everyone can use."""

    rule: str
    html: str
    is_ours: bool


def open_dialog(page: Page) -> Locator:
    """Return the open dialog; a closed one stays as an element without a frame."""
    return page.locator(DIALOGS).filter(has=page.locator("ha-dialog"))


async def findings(dialog: Locator) -> list[Finding]:
    """Return what axe finds in a dialog."""
    await dialog.page.evaluate(AXE)
    found: list[Any] = await dialog.evaluate(RUN)
    return [
        Finding(rule, html, is_ours=is_in_text and rule not in NOT_OURS)
        for rule, html, is_in_text in found
    ]
