"""The texts of the integration, as people read them on a page."""

from collections.abc import Iterator
import json
import re
from typing import Any, Final

from tests.live.configuration import DOMAIN, ROOT

FOLDER: Final = ROOT / "custom_components" / DOMAIN / "translations"

PICTURE: Final = re.compile(r"!\[[^\]]*\]\([^)]*\)")
LINK: Final = re.compile(r"\[([^\]]*)\]\([^)]*\)")
MARK: Final = re.compile(r"^(?:# |\d+\. )|\*\*|\\|`", re.MULTILINE)


class Texts:
    """The integration's texts in one language."""

    def __init__(self, language: str) -> None:
        """Read them."""
        self.language = language
        self._texts = dict(_read(language))
        english = dict(_read("en"))
        self.foreign = frozenset(english.values()) - frozenset(self._texts.values())
        """The English ones that are said in another way in this language."""

    def __call__(self, key: str, **placeholders: str) -> str:
        """Return a text, such as `config.error.unknown`."""
        return self._texts[key].format(**placeholders)

    def lines(self, key: str, **placeholders: str) -> list[str]:
        """Return the lines of a text as they look when their markup is rendered."""
        text = LINK.sub(r"\1", PICTURE.sub("", self._texts[key]))
        plain = MARK.sub("", text).format(**{"waiting": "", **placeholders})
        return [line for line in plain.splitlines() if line]


def _read(language: str) -> Iterator[tuple[str, str]]:
    """Yield the keys and texts of a language."""
    content = (FOLDER / f"{language}.json").read_text(encoding="utf-8")
    return _flattened(json.loads(content))


def _flattened(branch: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts of a branch with their full keys."""
    for name, value in branch.items():
        key = f"{path}.{name}" if path else name
        if isinstance(value, dict):
            yield from _flattened(value, key)
        else:
            yield key, value
