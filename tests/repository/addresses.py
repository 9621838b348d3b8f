"""The addresses of the published repository in its files."""

import json
from pathlib import Path
import re
from typing import Final

from . import MANIFEST, ROOT, files

TEXT_SUFFIXES: Final = {
    "",
    ".json",
    ".md",
    ".py",
    ".pyi",
    ".sh",
    ".toml",
    ".yaml",
    ".yml",
}

# The repository may have any name, so its own name is matched too.
NAME: Final = r"({name}|[\w-]*green-api)(?![\w-])"

ADDRESSES: Final = (
    rf"(?:github|githubusercontent)\.com(?:/|%2F)([\w-]+)(?:/|%2F){NAME}",
    rf"img\.shields\.io/github/(?:[\w-]+/)+([\w-]+)/{NAME}",
    r"owner=([\w-]+)&(?:amp;)?repository=([\w-]+)",
)


def published_address(repository: Path) -> tuple[str, str]:
    """Return the account and the repository's name in the manifest."""
    manifest = repository / MANIFEST.relative_to(ROOT)
    address = json.loads(manifest.read_text(encoding="utf-8"))["documentation"]
    account, name = address.split("/")[-2:]
    return account, name


def addresses(repository: Path) -> dict[str, set[tuple[str, str]]]:
    """Return the accounts and names in a repository's files, by file."""
    _, name = published_address(repository)
    patterns = [re.compile(it.format(name=re.escape(name))) for it in ADDRESSES]
    found = {}
    for path in files(repository):
        if path.suffix in TEXT_SUFFIXES:
            text = path.read_text(encoding="utf-8")
            in_file = {it for pattern in patterns for it in pattern.findall(text)}
            found[str(path.relative_to(repository))] = in_file
    return {path: in_file for path, in_file in found.items() if in_file}
