"""The documents are complete, and the targets of their links exist."""

from pathlib import Path
import re
from typing import Any, Final

import pytest
import voluptuous as vol
import yaml

from tests.support.documentation import DOCUMENTATION, PAGES

from . import (
    ENGLISH,
    INTEGRATION,
    MODULES,
    README,
    ROOT,
    files,
    path_id,
    read,
    read_json,
)
from .documents import (
    DOCUMENTS,
    headings,
    link_exists,
    relative_links,
    repository_links,
)
from .entities import DescribedEntity, entity_descriptions

DEVELOPMENT: Final = ROOT / "docs/development.md"
FORMS: Final = {
    path.stem: yaml.safe_load(read(path))
    for path in ROOT.glob(".github/ISSUE_TEMPLATE/*.yml")
    if path.stem != "config"
}

STATE_PAGES: Final = {
    "state": "docs/states.md",
    "problem_reason": "docs/repairs.md",
    "error": "docs/troubleshooting.md",
    "last_message": "docs/states.md",
}

MAX_PAGE_LINES: Final = 250

SECTIONS: Final = [
    "automation",
    "configuration",
    "development",
    "entities",
    "installation",
    "license",
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
    """The README has the sections that users need before the installation."""
    assert section in " ".join(headings(README)).lower()


def test_every_entity_is_in_the_readme() -> None:
    """The README lists every entity."""
    readme = read(README).lower()
    assert not [
        entity.name
        for entity in entity_descriptions()
        if f"| **{entity.name.lower()}**" not in readme
    ]


@pytest.mark.parametrize(
    "entity",
    [entity for entity in entity_descriptions() if "state" in entity.texts],
    ids=lambda entity: entity.description.key,
)
def test_every_state_is_explained(entity: DescribedEntity) -> None:
    """Each state of an entity is documented, with its value in automations."""
    page = read(ROOT / STATE_PAGES[entity.description.key])
    assert not {
        (text, value)
        for value, text in entity.texts["state"].items()
        if f"| {text} | `{value}` |" not in page and f"*{text}* (`{value}`)" not in page
    }


@pytest.mark.parametrize("key", MESSAGES)
def test_message_is_explained(key: str) -> None:
    """Every error of the setup dialog is documented, with what to do."""
    first_sentence, *_ = re.split(r"(?<=\.) ", MESSAGES[key])
    assert f"| *{first_sentence}* |" in DOCUMENTATION


@pytest.mark.parametrize("key", REPAIRS)
def test_repair_is_explained(key: str) -> None:
    """Every repair is documented, with what to do."""
    assert f"| {REPAIRS[key]['title'].replace('{name}', '…')} |" in DOCUMENTATION


@pytest.mark.parametrize("path", [README, *PAGES], ids=path_id)
def test_page_is_short(path: Path) -> None:
    """No page is longer than the maximum."""
    assert len(read(path).splitlines()) <= MAX_PAGE_LINES


@pytest.mark.parametrize("path", PAGES, ids=path_id)
def test_page_begins_with_its_purpose(path: Path) -> None:
    """A page has a title, then a sentence about its purpose."""
    assert re.match(r"# .+\n\n[A-Z]\w+ ", read(path))


@pytest.mark.parametrize("path", PAGES, ids=path_id)
def test_page_is_linked_in_readme(path: Path) -> None:
    """The README links to every page."""
    assert path_id(path) in {link.partition("#")[0] for link in relative_links(README)}


@pytest.mark.parametrize("path", DOCUMENTS, ids=path_id)
def test_relative_links_exist(path: Path) -> None:
    """Files and headings that a document links to exist."""
    assert not {
        link
        for link in relative_links(path)
        if not link_exists(link if link[0] != "#" else path.name + link, path.parent)
    }


def test_repository_links_exist() -> None:
    """Files and headings that are linked by their URL on GitHub exist."""
    links = {
        link
        for path in files(ROOT)
        if path.suffix in {".json", ".md", ".py", ".yaml", ".yml"}
        for link in repository_links(path)
    }
    assert links
    assert not {link for link in links if not link_exists(link, ROOT)}


def test_modules_are_explained() -> None:
    """The page for developers explains exactly the existing modules."""
    table = re.findall(r"^\| (`.*`) \|", read(DEVELOPMENT), re.MULTILINE)
    explained = {name for row in table for name in re.findall(r"`(\w+)`", row)}
    modules = {path.relative_to(INTEGRATION).parts[0] for path in MODULES}
    assert explained == {Path(name).stem for name in modules} - {"__init__"}


@pytest.mark.parametrize("name", FORMS)
def test_issue_form(name: str) -> None:
    """A form is valid for GitHub, which silently hides invalid ones."""
    FORM_SCHEMA(FORMS[name])


def test_bug_report_required_fields() -> None:
    """A bug report requires the versions, the diagnostics and the log."""
    required = {
        field["id"]
        for field in FORMS["bug"]["body"]
        if field.get("validations", {}).get("required")
    }
    assert required >= {"version", "home-assistant", "diagnostics", "log"}


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md"])
def test_contributor_documents_exist(name: str) -> None:
    """The documents that GitHub shows to contributors are where it expects them."""
    assert read(ROOT / name).startswith("# ")
    assert (ROOT / ".github/pull_request_template.md").is_file()
