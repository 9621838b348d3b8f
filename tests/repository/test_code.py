"""What core's reviewers look for in code, and what keeps the token in."""

import ast
from pathlib import Path
import re
from typing import Final

import pytest
import voluptuous as vol

from . import INTEGRATION, MODULES, ROOT, named, read
from .source import called, calls, imports, nodes

CLIENT_MODULES: Final = sorted(INTEGRATION.glob("api/*.py"))
TEST_MODULES: Final = sorted(ROOT.glob("tests/**/test_*.py"))

LOG_METHODS: Final = {
    "critical",
    "debug",
    "error",
    "exception",
    "info",
    "log",
    "warning",
}
SECRET: Final = re.compile(r"url|token|body|headers|request|response", re.IGNORECASE)

TRANSLATED: Final = {
    "ConfigEntryAuthFailed",
    "ConfigEntryError",
    "ConfigEntryNotReady",
    "HomeAssistantError",
    "ServiceValidationError",
    "UpdateFailed",
}


def _secrets(node: ast.AST) -> set[str]:
    """Return the names below a node that may hold the token, or a URL with it."""
    names = {
        name.id if isinstance(name, ast.Name) else name.attr
        for name in ast.walk(node)
        if isinstance(name, ast.Name | ast.Attribute)
    }
    return {
        name for name in names if SECRET.search(name) and not name.endswith("Error")
    }


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_imports(path: Path) -> None:
    """Modules import what every supported Home Assistant has, as of today."""
    assert not imports(path) & {"__future__", "probatio"}


@pytest.mark.parametrize(
    "path", [*CLIENT_MODULES, INTEGRATION / "problem.py"], ids=named
)
def test_free_of_home_assistant(path: Path) -> None:
    """The client, and what decides on problems, could be used anywhere."""
    assert not {"custom_components", "homeassistant"} & imports(path)


@pytest.mark.parametrize("path", CLIENT_MODULES, ids=named)
def test_client_needs_nothing_outside(path: Path) -> None:
    """The client could be moved into a library of its own."""
    assert {node.level for node in nodes([path], ast.ImportFrom)} <= {0, 1}


@pytest.mark.parametrize("path", CLIENT_MODULES, ids=named)
def test_client_is_read_in_one_go(path: Path) -> None:
    """No file of the client has more than 250 lines, no class more than 150."""
    assert len(read(path).splitlines()) <= 250
    assert not [
        node.name
        for node in nodes([path], ast.ClassDef)
        if (node.end_lineno or 0) - node.lineno >= 150
    ]


def test_schema_names_exist() -> None:
    """What is used of voluptuous is in the one that is installed.

    The floor has the real one, which knows fewer names than its successor.
    """
    used = {
        node.attr
        for node in nodes(MODULES, ast.Attribute)
        if isinstance(node.value, ast.Name) and node.value.id == "vol"
    }
    assert used
    assert not {name for name in used if not hasattr(vol, name)}


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_nothing_secret_is_logged_or_raised(path: Path) -> None:
    """No log record and no exception is given the token, a URL or an answer."""
    raised = [
        node.exc for node in nodes([path], ast.Raise) if isinstance(node.exc, ast.Call)
    ]
    assert not {
        (node.lineno, name)
        for node in (*calls([path], LOG_METHODS), *raised)
        for name in _secrets(node)
    }


def test_no_traceback_is_logged() -> None:
    """A traceback may hold the URL in the text of an exception."""
    assert not [
        node.lineno
        for node in calls(MODULES, LOG_METHODS)
        if called(node) == "exception"
        or any(keyword.arg == "exc_info" for keyword in node.keywords)
    ]


def test_client_raises_outside_of_handlers() -> None:
    """An exception of aiohttp, which holds the URL, is nobody's `__context__`."""
    handlers = nodes(CLIENT_MODULES, ast.ExceptHandler)
    assert handlers
    assert not [
        node.lineno
        for handler in handlers
        for node in ast.walk(handler)
        if isinstance(node, ast.Raise) and node.exc
    ]


def test_exceptions_are_translated() -> None:
    """Exceptions that people see have a key, and no text of their own."""
    made = calls(MODULES, TRANSLATED)
    assert made
    assert not [node.lineno for node in made if node.args or not node.keywords]


def test_forms_name_their_step() -> None:
    """Home Assistant will ask every form for its step."""
    forms = calls(MODULES, {"async_show_form"})
    assert forms
    assert all("step_id" in {word.arg for word in form.keywords} for form in forms)


def test_tests_use_the_front_door() -> None:
    """Tests set up through Home Assistant, never by calling the integration."""
    back_doors = {"_async_update_data", "async_setup_entry", "async_unload_entry"}
    assert not calls(TEST_MODULES, back_doors)


def test_tests_take_one_way() -> None:
    """No test decides while it runs what it tests."""
    tests: list[ast.FunctionDef | ast.AsyncFunctionDef] = [
        *nodes(TEST_MODULES, ast.FunctionDef),
        *nodes(TEST_MODULES, ast.AsyncFunctionDef),
    ]
    assert not {
        test.name
        for test in tests
        if test.name.startswith("test_")
        and any(isinstance(node, ast.If | ast.Match) for node in ast.walk(test))
    }
