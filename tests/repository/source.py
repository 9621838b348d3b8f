"""Static analysis of the integration's source."""

import ast
from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import cache
from importlib import import_module
from pathlib import Path

from . import MODULES, ROOT, read


def nodes[Node: ast.AST](
    paths: Iterable[Path],
    kind: type[Node],
    condition: Callable[[Node], bool] = lambda _: True,
) -> list[Node]:
    """Return the nodes of a kind in modules."""
    return [
        node
        for path in paths
        for node in _nodes(path)
        if isinstance(node, kind) and condition(node)
    ]


@cache
def _nodes(path: Path) -> tuple[ast.AST, ...]:
    """Return all nodes in a module."""
    return tuple(ast.walk(ast.parse(read(path), filename=str(path))))


def called_name(node: ast.Call) -> str:
    """Return the name of the called function or method."""
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def calls(paths: Iterable[Path], names: set[str]) -> list[ast.Call]:
    """Return the calls of functions or methods with one of the names."""
    return nodes(paths, ast.Call, lambda node: called_name(node) in names)


def imports(path: Path) -> set[str]:
    """Return the packages that a module imports, without relative imports."""
    plain = [alias.name for node in nodes([path], ast.Import) for alias in node.names]
    froms = [
        node.module
        for node in nodes([path], ast.ImportFrom)
        if node.module and not node.level
    ]
    return {module.split(".")[0] for module in (*plain, *froms)}


def strings() -> set[str]:
    """Return the strings in the code, including the values of StrEnum members.

    A prefix that is put before a value in the code is put before each of these values.
    """
    literals = {
        node.value
        for node in nodes(MODULES, ast.Constant)
        if isinstance(node.value, str)
    }
    members = {
        member.value
        for path in MODULES
        for value in vars(
            import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        ).values()
        if isinstance(value, type) and issubclass(value, StrEnum)
        if value.__module__.startswith("custom_components.")
        for member in value
    }
    prefixed = {prefix + member for prefix in _prefixes() for member in members}
    return literals | members | prefixed


def _prefixes() -> set[str]:
    """Return the beginnings of f-strings that consist of a prefix and a value."""
    return {
        prefix
        for node in nodes(MODULES, ast.JoinedStr)
        if len(node.values) == 2
        for first, second in [node.values]
        if isinstance(second, ast.FormattedValue)
        if isinstance(first, ast.Constant)
        if (prefix := str(first.value)).endswith("_")
    }
