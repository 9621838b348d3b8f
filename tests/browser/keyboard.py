"""Use dialogs with the keyboard alone."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

from playwright.async_api import Locator, expect
import pytest

from tests.simulator import Account

from .frontend import Frontend
from .scenario import MESSENGER_NAMES, Scenario

# The most keys that lead to an element.
KEYS: Final = 20

# The first frontend whose menus consist of buttons. In older ones, the options have the
# tab index -1, no role, and do not handle any key: they can only be clicked.
MENUS_WITH_BUTTONS_SINCE: Final = 20261125
HAS_MENU_BUTTONS: Final = (
    int(version("home-assistant-frontend").split(".")[0]) >= MENUS_WITH_BUTTONS_SINCE
)

DIALOGS: Final = ("dialog-data-entry-flow", "dialog-repairs-issue")

# What identifies the focused element: the components that contain it, with their names
# and slots, and its label. Empty if the page doesn't show where the focus is.
FOCUSED: Final = """() => {
  const path = [];
  let node = document.activeElement;
  for (; node; node = node.shadowRoot?.activeElement) path.push(node);
  const last = path.at(-1);
  if (!last.matches(":focus-visible")) return [];
  const host = last.getRootNode().host;
  const label = last.innerText || last.ariaLabel || host?.innerText || "";
  const texts = `${label}\\n${last.shadowRoot?.textContent ?? ""}`.split("\\n");
  const known = path.flatMap((node) => [node.localName, node.slot, node.name]);
  return [...known, ...texts.map((text) => text.trim())].filter(Boolean);
}"""
IS_FOCUSED: Final = f"(wanted) => ({FOCUSED})().some((it) => wanted.includes(it))"


class Keyboard:
    """The keyboard of a page."""

    def __init__(self, frontend: Frontend) -> None:
        """Initialize with the frontend."""
        self._page = frontend.page

    async def focused(self) -> list[str]:
        """Return what identifies the focused element, if its focus is visible."""
        found: list[str] = await self._page.evaluate(FOCUSED)
        return found

    async def expect_focus(self, *wanted: str) -> None:
        """Wait until the focus has moved to one of the elements by itself."""
        await self._page.wait_for_function(IS_FOCUSED, arg=wanted)

    async def focus(self, wanted: str, *keys: str) -> None:
        """Press keys in turn until an element is focused, visibly."""
        seen = []
        for key in keys * KEYS:
            seen.append(await self.focused())
            if wanted in seen[-1]:
                return
            await self.press(key)
        pytest.fail(f"{wanted} is not among {seen}")

    async def press(self, *keys: str) -> None:
        """Press keys."""
        for key in keys:
            await self._page.keyboard.press(key)

    async def start(self, launcher: Locator, key: str = "Enter") -> None:
        """Press a key where a person starts."""
        await launcher.focus()
        await self.press(key)

    async def type(self, text: str) -> None:
        """Type a text."""
        await self._page.keyboard.type(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """Who uses the dialog of an account."""

    scenario: Scenario
    account: Account
    flow: str
    """Where the texts of the dialog are."""

    @property
    def frontend(self) -> Frontend:
        """Return the frontend."""
        return self.scenario.frontend

    @property
    def keyboard(self) -> Keyboard:
        """Return the keyboard."""
        return Keyboard(self.frontend)

    @property
    def placeholders(self) -> dict[str, str]:
        """Return the placeholders of most texts."""
        return {
            "account": self.name,
            "messenger": MESSENGER_NAMES[self.account.messenger],
            "name": self.name,
        }

    @property
    def name(self) -> str:
        """Return the title of the account's config entry."""
        return f"GREEN-API {self.account.instance_id}"

    def text(self, key: str) -> str:
        """Return a text of the dialog."""
        return self.frontend.texts(f"{self.flow}.{key}", **self.placeholders)


type Step = Callable[[Player], Coroutine[Any, Any, None]]


async def shows(player: Player, key: str, **placeholders: str) -> None:
    """Wait until the dialog shows a text."""
    await player.frontend.expect_dialog_text(
        f"{player.flow}.{key}", **player.placeholders | placeholders
    )


async def fails(player: Player, error: str) -> None:
    """Wait until the form shows an error."""
    await player.frontend.expect_form_error(player.text(f"error.{error}"))


async def press_in_field(player: Player, name: str, key: str = "Enter") -> None:
    """Press a key in a field of a form, as soon as there is one; Enter submits it."""
    field = player.frontend.dialog.locator(f"input[name={name}]")
    await expect(field).to_be_visible()
    await player.keyboard.focus(name, "Tab")
    await player.keyboard.press(key)


async def fill(player: Player, **values: str) -> None:
    """Enter values into the fields of a form."""
    for name, value in values.items():
        await press_in_field(player, name, "ControlOrMeta+a")
        simulator = player.scenario.installation.simulator
        await player.keyboard.type(
            value.format(account=player.account, simulator=simulator)
        )


async def toggle(player: Player, name: str) -> None:
    """Turn on a switch of a form."""
    await player.keyboard.focus(name, "Tab")
    await player.keyboard.press("Space")
    switch = player.frontend.dialog.locator("ha-selector-boolean input")
    await expect(switch).to_be_checked()


async def select(player: Player, name: str, option: str) -> None:
    """Select one of the options of a list."""
    await player.keyboard.focus(name, "Tab")
    text = player.frontend.texts(f"selector.{name}.options.{option}")
    await player.keyboard.focus(text, "ArrowDown")


async def pick(player: Player, text: str, option: str) -> None:
    """Search the list of chats for a text, and take one of the options that are found.

    Enter would open the list too, but also submit the form: a fault of Home Assistant.
    """
    keyboard = player.keyboard
    await keyboard.focus("chat_id", "Tab")
    await keyboard.press("Space")
    await keyboard.expect_focus("ha-picker-combo-box")
    await keyboard.type(text)
    # What was typed is offered as well, as soon as the list is filtered.
    options = player.frontend.dialog.locator("ha-list-item-option")
    await expect(options.filter(has_text=f'"{text}"')).to_be_visible()
    reached = options.and_(player.frontend.page.locator("[active]"))
    for _ in range(KEYS):
        if await reached.filter(has_text=option).count():
            break
        await keyboard.press("ArrowDown")
    await expect(reached).to_contain_text(option)
    await keyboard.press("Enter")
    await keyboard.expect_focus("ha-picker-field")


async def submit(player: Player, key: str = "Enter") -> None:
    """Press the primary button of the dialog."""
    await player.keyboard.focus("primaryAction", "Tab")
    await player.keyboard.press(key)


async def finish(player: Player) -> None:
    """Press the primary button of the last step, which closes the dialog."""
    created = player.frontend.dialog.locator("step-flow-create-entry")
    await expect(created).to_be_visible()
    await submit(player)
    await player.frontend.expect_dialog_closed()


async def escape(player: Player) -> None:
    """Leave the dialog with Escape."""
    await player.keyboard.press("Escape")
    await player.frontend.expect_dialog_closed()


async def close(player: Player) -> None:
    """Press the close button of the dialog."""
    label = await player.frontend.core_text("ui.common.close")
    await player.keyboard.focus(label, "Shift+Tab")
    await player.keyboard.press("Enter")
    await player.frontend.expect_dialog_closed()


async def choose(player: Player, step: str, option: str) -> None:
    """Select an option of a menu, by keyboard where that is possible."""
    text = player.text(f"step.{step}.menu_options.{option}")
    item = player.frontend.menu_options.filter(has_text=text)
    await expect(item).to_be_visible()
    await _CHOOSE[HAS_MENU_BUTTONS](player, text)
    await expect(item).to_have_count(0)


async def _press_option(player: Player, text: str) -> None:
    """Press a button of a menu."""
    await player.keyboard.focus(text, "Tab", "ArrowDown")
    await player.keyboard.press("Enter")


async def _click_option(player: Player, text: str) -> None:
    """Click an option of a menu that cannot be focused."""
    items = player.frontend.menu_options
    assert set(await items.evaluate_all("items => items.map(it => it.tabIndex)")) == {
        -1
    }
    await player.frontend.select_menu_option(text)


_CHOOSE: Final = {True: _press_option, False: _click_option}
