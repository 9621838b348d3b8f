"""The documents and their links."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
import re
from typing import Final
from urllib.parse import unquote

from tests.support.documentation import PAGES

from . import MANIFEST, ROOT, read, read_json

DOCUMENTS: Final = sorted({*ROOT.glob("*.md"), *ROOT.glob(".github/**/*.md"), *PAGES})

_LINK: Final = re.compile(r"""(?:\]\(|(?:src|srcset|href)=")([^)\s"]+)""")


def relative_links(path: Path) -> set[str]:
    """Return the links of a document, without web pages."""
    return {link for link in _LINK.findall(read(path)) if "://" not in link}


def repository_links(path: Path) -> set[str]:
    """Return the links of a file to files of the repository on GitHub."""
    address = re.escape(f"{read_json(MANIFEST)['documentation']}/blob/main/")
    return set(re.findall(rf"{address}([^\s)\"]+)", unquote(read(path))))


def link_exists(link: str, folder: Path) -> bool:
    """Return whether the target of a link exists, relative to a folder."""
    name, _, anchor = link.partition("#")
    target = folder / name
    return target.exists() and (not anchor or anchor in anchors(target))


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return the anchors that GitHub generates for the headings of a document."""
    return frozenset(
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")
        for heading in headings(path)
    )


def headings(path: Path) -> Iterator[str]:
    """Yield the headings of a document."""
    without_code = re.sub(
        r"^```.*?^```$", "", read(path), flags=re.DOTALL | re.MULTILINE
    )
    yield from re.findall(r"^#+ (.*)$", without_code, re.MULTILINE)
