"""The appearances of Home Assistant: language, color scheme and screen size."""

from dataclasses import dataclass
from typing import Any, Final, override

SCREENS: Final[dict[str, dict[str, Any]]] = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "has_touch": True,
        "is_mobile": True,
    },
    "small": {
        "viewport": {"width": 320, "height": 568},
        "has_touch": True,
        "is_mobile": True,
    },
}


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

    def context_options(self) -> dict[str, Any]:
        """Return the options of a browser context with this appearance."""
        return {
            "locale": self.language,
            "color_scheme": self.scheme,
            "reduced_motion": "reduce",
            **SCREENS[self.screen],
        }
