"""The appearances of Home Assistant: language, color scheme and screen size."""

from dataclasses import dataclass
from typing import Any, Final, override

from playwright.async_api import Browser

SCREENS: Final[dict[str, dict[str, Any]]] = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "phone": {"viewport": {"width": 390, "height": 844}},
    "small": {"viewport": {"width": 320, "height": 568}},
}

# How Chromium calls itself on every phone, apart from its version.
PHONE: Final = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/{} Mobile Safari/537.36"
)


@dataclass(frozen=True, slots=True)
class Appearance:
    """An appearance of Home Assistant."""

    language: str
    scheme: str
    screen: str

    @override
    def __str__(self) -> str:
        """Return the name of the appearance."""
        return f"{self.language}-{self.scheme}-{self.screen}"

    @property
    def is_phone(self) -> bool:
        """Return whether the screen is that of a phone."""
        return self.screen != "desktop"

    def context_options(self, browser: Browser) -> dict[str, Any]:
        """Return the options of a browser's context with this appearance."""
        options: dict[str, Any] = {
            "locale": self.language,
            "color_scheme": self.scheme,
            "reduced_motion": "reduce",
            "has_touch": self.is_phone,
            "is_mobile": self.is_phone,
            **SCREENS[self.screen],
        }
        if self.is_phone:
            options["user_agent"] = PHONE.format(browser.version)
        return options
