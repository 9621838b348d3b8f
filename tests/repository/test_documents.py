"""The documents have what people look for, and their links lead somewhere."""

from pathlib import Path
import re
from typing import Any, Final

import pytest
import voluptuous as vol
import yaml

from tests.support.manual import MANUAL, PAGES

from . import ENGLISH, INTEGRATION, MODULES, README, ROOT, files, named, read, read_json
from .documents import (
    DOCUMENTS,
    headings,
    leads_somewhere,
    own_links,
    text_links,
)
from .entities import Described, described

DEVELOPMENT: Final = ROOT / "docs/development.md"
FORMS: Final = {
    path.stem: yaml.safe_load(read(path))
    for path in ROOT.glob(".github/ISSUE_TEMPLATE/*.yml")
    if path.stem != "config"
}

EXPLAINED_IN: Final = {
    "state": "docs/states.md",
    "problem_reason": "docs/repairs.md",
    "error": "docs/troubleshooting.md",
}

LONGEST_PAGE: Final = 250

SECTIONS: Final = [
    "automation",
    "configuration",
    "development",
    "entities",
    "installation",
    "licence",
    "limitations",
    "prerequisites",
    "removal",
    "use cases",
]

_TEXT: Final = vol.All(str, vol.Length(min=1))

FORM_SCHEMA: Final = vol.Schema(
    {
        vol.Required("name"): _TEXT,
        vol.Required("description"): _TEXT,
        vol.Required("labels"): [_TEXT],
        vol.Required("body"): [
            vol.Any(
                {
                    vol.Required("type"): "markdown",
                    vol.Required("attributes"): {vol.Required("value"): _TEXT},
                },
                {
                    vol.Required("type"): vol.In(["dropdown", "input", "textarea"]),
                    vol.Required("id"): vol.Match(r"[\w-]+$"),
                    vol.Required("attributes"): {
                        vol.Required("label"): _TEXT,
                        "description": _TEXT,
                        "options": [_TEXT],
                        "placeholder": _TEXT,
                    },
                    "validations": {"required": bool},
                },
            )
        ],
    }
)

TEXTS: Final[dict[str, Any]] = read_json(ENGLISH)
MESSAGES: Final[dict[str, str]] = TEXTS["config"]["error"]
REPAIRS: Final[dict[str, dict[str, str]]] = TEXTS["issues"]


@pytest.mark.parametrize("section", SECTIONS)
def test_readme_has_section(section: str) -> None:
    """The README has what people look for before they install anything."""
    assert section in " ".join(headings(README)).lower()


def test_every_entity_is_in_the_readme() -> None:
    """The README names each entity."""
    readme = read(README).lower()
    assert not [
        entity.name
        for entity in described()
        if f"| **{entity.name.lower()}**" not in readme
    ]


@pytest.mark.parametrize(
    "entity",
    [entity for entity in described() if "state" in entity.texts],
    ids=lambda entity: entity.description.key,
)
def test_every_state_is_explained(entity: Described) -> None:
    """Each state of an entity is on one page, with its value in automations."""
    page = read(ROOT / EXPLAINED_IN[entity.description.key])
    assert not {
        (text, value)
        for value, text in entity.texts["state"].items()
        if f"| {text} | `{value}` |" not in page and f"*{text}* (`{value}`)" not in page
    }


@pytest.mark.parametrize("key", MESSAGES)
def test_message_is_explained(key: str) -> None:
    """Every message of the set-up dialog is on a page, with what to do."""
    first_sentence, *_ = re.split(r"(?<=\.) ", MESSAGES[key])
    assert f"| *{first_sentence}* |" in MANUAL


@pytest.mark.parametrize("key", REPAIRS)
def test_repair_is_explained(key: str) -> None:
    """Every repair is on a page, with what to do."""
    assert f"| {REPAIRS[key]['title'].replace('{name}', '…')} |" in MANUAL


@pytest.mark.parametrize("path", [README, *PAGES], ids=named)
def test_page_is_short(path: Path) -> None:
    """Nobody has to search a page for long."""
    assert len(read(path).splitlines()) <= LONGEST_PAGE


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_page_begins_with_what_it_is_for(path: Path) -> None:
    """A page has a title, then a sentence for whoever does not know where they are."""
    assert re.match(r"# .+\n\n[A-Z]\w+ ", read(path))


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_page_is_found(path: Path) -> None:
    """The README leads to every page."""
    assert named(path) in {link.partition("#")[0] for link in text_links(README)}


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_links_lead_somewhere(path: Path) -> None:
    """Files and headings that a document links to exist."""
    assert not {
        link
        for link in text_links(path)
        if not leads_somewhere(
            link if link[0] != "#" else path.name + link, path.parent
        )
    }


def test_links_to_the_repository_lead_somewhere() -> None:
    """Files and headings that are linked by their address on GitHub exist."""
    links = {
        link
        for path in files(ROOT)
        if path.suffix in {".json", ".md", ".py", ".yaml", ".yml"}
        for link in own_links(path)
    }
    assert links
    assert not {link for link in links if not leads_somewhere(link, ROOT)}


def test_modules_are_explained() -> None:
    """The page for developers says what each module does, and names no other."""
    table = re.findall(r"^\| (`.*`) \|", read(DEVELOPMENT), re.MULTILINE)
    explained = {name for row in table for name in re.findall(r"`(\w+)`", row)}
    modules = {path.relative_to(INTEGRATION).parts[0] for path in MODULES}
    assert explained == {Path(name).stem for name in modules} - {"__init__"}


@pytest.mark.parametrize("name", FORMS)
def test_issue_form(name: str) -> None:
    """A form has what GitHub asks for: it hides a wrong one without a word."""
    FORM_SCHEMA(FORMS[name])


def test_bug_report_asks_for_what_helps() -> None:
    """Whoever reports a bug has to say which version, and add diagnostics and log."""
    required = {
        field["id"]
        for field in FORMS["bug"]["body"]
        if field.get("validations", {}).get("required")
    }
    assert required >= {"version", "home-assistant", "diagnostics", "log"}


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md"])
def test_contributors_find_their_document(name: str) -> None:
    """What GitHub shows to contributors lies where it looks for it."""
    assert read(ROOT / name).startswith("# ")
    assert (ROOT / ".github/pull_request_template.md").is_file()
