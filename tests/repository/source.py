"""What can be seen in the source of the integration without running it."""

import ast
from collections.abc import Callable, Iterable
from enum import StrEnum
from importlib import import_module
from pathlib import Path

from . import MODULES, ROOT, read


def nodes[Node: ast.AST](
    paths: Iterable[Path],
    kind: type[Node],
    where: Callable[[Node], bool] = lambda _: True,
) -> list[Node]:
    """Return the nodes of a kind in some modules."""
    return [
        node
        for path in paths
        for node in ast.walk(ast.parse(read(path), filename=str(path)))
        if isinstance(node, kind) and where(node)
    ]


def called(node: ast.Call) -> str:
    """Return the name of what is called."""
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def calls(paths: Iterable[Path], names: set[str]) -> list[ast.Call]:
    """Return the calls of what has one of the names."""
    return nodes(paths, ast.Call, lambda node: called(node) in names)


def imports(path: Path) -> set[str]:
    """Return the packages that a module imports, not counting its own."""
    plain = [alias.name for node in nodes([path], ast.Import) for alias in node.names]
    froms = [
        node.module
        for node in nodes([path], ast.ImportFrom)
        if node.module and not node.level
    ]
    return {module.split(".")[0] for module in (*plain, *froms)}


def strings() -> set[str]:
    """Return the strings in the code, those that enums make of names included."""
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
    return literals | members
