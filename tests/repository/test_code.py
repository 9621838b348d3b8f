"""Rules of core's reviewers for code, and rules that protect the token."""

import ast
from pathlib import Path
import re
from typing import Final

import pytest
import voluptuous as vol

from . import INTEGRATION, MODULES, ROOT, path_id, read
from .source import called_name, calls, imports, nodes

pytestmark = pytest.mark.long(4)

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

TRANSLATED_EXCEPTIONS: Final = {
    "ConfigEntryAuthFailed",
    "ConfigEntryError",
    "ConfigEntryNotReady",
    "HomeAssistantError",
    "ServiceValidationError",
    "UpdateFailed",
}


def _secrets(node: ast.AST) -> set[str]:
    """Return the names in a node that may contain the token, or a URL with it."""
    names = {
        name.id if isinstance(name, ast.Name) else name.attr
        for name in ast.walk(node)
        if isinstance(name, ast.Name | ast.Attribute)
    }
    return {
        name for name in names if SECRET.search(name) and not name.endswith("Error")
    }


@pytest.mark.parametrize("path", MODULES, ids=path_id)
def test_imports(path: Path) -> None:
    """Modules only import what every supported Home Assistant has."""
    assert not imports(path) & {"__future__", "probatio"}


@pytest.mark.parametrize(
    "path", [*CLIENT_MODULES, *INTEGRATION.glob("decisions/*.py")], ids=path_id
)
def test_independent_of_home_assistant(path: Path) -> None:
    """The client and the decisions do not depend on Home Assistant."""
    assert not {"custom_components", "homeassistant"} & imports(path)


@pytest.mark.parametrize("path", CLIENT_MODULES, ids=path_id)
def test_client_is_self_contained(path: Path) -> None:
    """The client only imports its own modules: it could be a library."""
    assert {node.level for node in nodes([path], ast.ImportFrom)} <= {0, 1}


@pytest.mark.parametrize(
    "path", [path for path in CLIENT_MODULES if path.stem != "client"], ids=path_id
)
def test_client_modules_are_short(path: Path) -> None:
    """No file has more than 250 lines, and no class more than 150.

    The exception is the client itself, which lists the methods of the API.
    """
    assert len(read(path).splitlines()) <= 250
    assert not [
        node.name
        for node in nodes([path], ast.ClassDef)
        if (node.end_lineno or 0) - node.lineno >= 150
    ]


def test_schema_names_exist() -> None:
    """The used names of voluptuous exist in the installed one.

    The floor has the original one, which has fewer names than its successor.
    """
    used = {
        node.attr
        for node in nodes(MODULES, ast.Attribute)
        if isinstance(node.value, ast.Name) and node.value.id == "vol"
    }
    assert used
    assert not {name for name in used if not hasattr(vol, name)}


@pytest.mark.parametrize("path", MODULES, ids=path_id)
def test_nothing_secret_is_logged_or_raised(path: Path) -> None:
    """No log record or exception gets the token, a URL or a response."""
    raised = [
        node.exc for node in nodes([path], ast.Raise) if isinstance(node.exc, ast.Call)
    ]
    assert not {
        (node.lineno, name)
        for node in (*calls([path], LOG_METHODS), *raised)
        for name in _secrets(node)
    }


def test_no_traceback_is_logged() -> None:
    """A traceback may contain the URL in the text of an exception."""
    assert not [
        node.lineno
        for node in calls(MODULES, LOG_METHODS)
        if called_name(node) == "exception"
        or any(keyword.arg == "exc_info" for keyword in node.keywords)
    ]


def test_client_raises_outside_of_handlers() -> None:
    """An exception of aiohttp, which has the URL, is never a `__context__`."""
    handlers = nodes(CLIENT_MODULES, ast.ExceptHandler)
    assert handlers
    assert not [
        node.lineno
        for handler in handlers
        for node in ast.walk(handler)
        if isinstance(node, ast.Raise) and node.exc
    ]


def test_exceptions_are_translated() -> None:
    """Exceptions that are shown have a translation key and no text of their own."""
    raised = calls(MODULES, TRANSLATED_EXCEPTIONS)
    assert raised
    assert not [node.lineno for node in raised if node.args or not node.keywords]


def test_forms_name_their_step() -> None:
    """Home Assistant requires the step ID of every form."""
    forms = calls(MODULES, {"async_show_form"})
    assert forms
    assert all("step_id" in {word.arg for word in form.keywords} for form in forms)


def test_tests_do_not_call_internal_functions() -> None:
    """Tests set up the integration with Home Assistant, and never call it directly."""
    internal_functions = {
        "_async_update_data",
        "async_setup_entry",
        "async_unload_entry",
    }
    assert not calls(TEST_MODULES, internal_functions)


def test_tests_have_no_branches() -> None:
    """No test has an if or match statement."""
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
