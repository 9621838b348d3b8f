"""The texts of the integration, as they are shown on a page."""

from collections.abc import Iterator
from datetime import datetime
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
        """Read the translations of a language."""
        self.language = language
        self._texts = dict(_read(language))
        english = dict(_read("en"))
        self.foreign = frozenset(english.values()) - frozenset(self._texts.values())
        """The English texts that are not texts of this language too."""

    def __call__(self, key: str, **placeholders: str) -> str:
        """Return a text, such as `config.error.unknown`."""
        return self._texts[key].format(**placeholders)

    def moment(self, moment: datetime) -> str:
        """Return a date and time in the form of the language."""
        return moment.strftime(self("common.moment")).replace(" ", "\N{NO-BREAK SPACE}")

    def lines(self, key: str, **placeholders: str) -> list[str]:
        """Return the lines of a text as they are rendered, without markup."""
        text = LINK.sub(r"\1", PICTURE.sub("", self._texts[key]))
        plain = MARK.sub("", text).format(**{"waiting": "", **placeholders})
        return [line for line in plain.splitlines() if line]


def _read(language: str) -> Iterator[tuple[str, str]]:
    """Yield the keys and texts of a language."""
    content = (FOLDER / f"{language}.json").read_text(encoding="utf-8")
    return _flattened(json.loads(content))


def _flattened(branch: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts of a part of the tree with their full keys."""
    for name, value in branch.items():
        key = f"{path}.{name}" if path else name
        if isinstance(value, dict):
            yield from _flattened(value, key)
        else:
            yield key, value
