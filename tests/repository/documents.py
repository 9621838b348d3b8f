"""The documents, and where their links lead."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
import re
from typing import Final
from urllib.parse import unquote

from tests.support.manual import PAGES

from . import MANIFEST, ROOT, read, read_json

DOCUMENTS: Final = sorted({*ROOT.glob("*.md"), *ROOT.glob(".github/**/*.md"), *PAGES})

_LINK: Final = re.compile(r"""(?:\]\(|(?:src|srcset|href)=")([^)\s"]+)""")


def text_links(path: Path) -> set[str]:
    """Return what a document links to, without web pages."""
    return {link for link in _LINK.findall(read(path)) if "://" not in link}


def own_links(path: Path) -> set[str]:
    """Return the links of a file to files of the repository as GitHub shows them."""
    address = re.escape(f"{read_json(MANIFEST)['documentation']}/blob/main/")
    return set(re.findall(rf"{address}([^\s)\"]+)", unquote(read(path))))


def leads_somewhere(link: str, folder: Path) -> bool:
    """Return whether there is what a link names, seen from a folder."""
    name, _, anchor = link.partition("#")
    target = folder / name
    return target.exists() and (not anchor or anchor in anchors(target))


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return the anchors that GitHub gives to the headings of a document."""
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
