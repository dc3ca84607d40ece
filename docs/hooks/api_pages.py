"""A page of the reference for every package, and one for the nodes of each pipeline."""

import ast
from pathlib import Path

PIPELINES = "pipelines"

_HEAD = "---\nsearch: {boost: 0.5}\n---\n\n"
"""Guides come first where both have a word."""


def api_pages(package: Path) -> dict[str, str]:
    """Write the pages that mkdocstrings fills from docstrings.

    Args:
        package: Folder of the package; it is read, not imported.

    Returns:
        Content by path in the documentation's folder: ``api/ROOM-PACKAGE.md`` for each
        package below it, with a section per module, and ``api/pipelines-NAME.md`` for
        each pipeline's nodes.
    """
    pages = {}
    for init in sorted(package.glob("*/**/__init__.py")):
        name = init.parent.relative_to(package).parts
        if name[0] != PIPELINES:
            pages[f"api/{'-'.join(name)}.md"] = _package_page(package, init)
    for nodes in sorted(package.glob(f"{PIPELINES}/*/nodes.py")):
        pages[f"api/{PIPELINES}-{nodes.parent.name}.md"] = (
            f"{_HEAD}# Nodes of `{nodes.parent.name}`\n\n"
            f"::: {_dotted(package, nodes)}\n{_options(2)}"
        )
    return pages


def documented_names(module: Path) -> list[str]:
    """List what a module defines for others: public, and with a docstring.

    Args:
        module: A Python file.

    Returns:
        Names of its classes, functions and constants, in the file's order.
    """
    body = ast.parse(module.read_text("utf-8")).body
    named = [
        (_defined_name(part), part, behind)
        for part, behind in zip(body, [*body[1:], None], strict=True)
    ]
    return [
        name
        for name, part, behind in named
        if name and name[0] != "_" and _has_docstring(part, behind)
    ]


def _package_page(package: Path, init: Path) -> str:
    """What the package itself defines, then a section per module."""
    name = _dotted(package, init)
    parts = [f"{_HEAD}# `{name}`\n\n::: {name}\n{_options(2, documented_names(init))}"]
    for module in sorted(init.parent.glob("[!_]*.py")):
        if names := documented_names(module):
            dotted = _dotted(package, module)
            parts.append(f"## `{module.stem}`\n\n::: {dotted}\n{_options(3, names)}")
    return "\n".join(parts)


def _dotted(package: Path, file: Path) -> str:
    parts = file.relative_to(package.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def _options(level: int, names: list[str] | None = None) -> str:
    lines = ["options:", f"  heading_level: {level}"]
    if names is not None:
        lines.append(f"  members: [{', '.join(names)}]")
    return "".join(f"    {line}\n" for line in lines)


def _defined_name(part: ast.stmt) -> str:
    match part:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name
        case ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return ""


def _has_docstring(part: ast.stmt, behind: ast.stmt | None) -> bool:
    if isinstance(part, ast.ClassDef | ast.FunctionDef):
        return ast.get_docstring(part) is not None
    return (
        isinstance(behind, ast.Expr)
        and isinstance(behind.value, ast.Constant)
        and isinstance(behind.value.value, str)
    )
