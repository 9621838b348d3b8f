"""Remove from a text what a user does not see."""

from typing import Final
import unicodedata

# Maximum length in characters; longer than any number, even in a link.
MAX_LENGTH: Final = 4096

# Characters used for a minus sign or a hyphen.
_MINUS: Final = dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0x02D7), "-")


def visible_text(text: str) -> str:
    """Return a text without invisible characters.

    Copied text may contain direction marks and the like.
    """
    if text.isascii():
        return text
    return "".join(char for char in text if unicodedata.category(char) != "Cf")


def plain_text(text: str) -> str:
    """Return a text with ASCII digits and signs and without invisible characters.

    Return an empty string for a text that is too long for a number or a name.
    """
    text = text.strip()
    if len(text) > MAX_LENGTH:
        return ""
    if text.isascii():
        return text
    normalized = unicodedata.normalize("NFKC", text).translate(_MINUS)
    return "".join(
        str(unicodedata.decimal(char)) if char.isdecimal() else char
        for char in visible_text(normalized)
    ).strip()
