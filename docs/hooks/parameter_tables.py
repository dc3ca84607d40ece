"""A table of every parameter, from the typed models and the configuration."""

import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from annotated_types import Ge, Gt, Le, Lt, MinLen
from kedro.config import OmegaConfigLoader
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mmctr.project.params import ProjectParams
from mmctr.runtime.markdown import markdown_table

BASE = "base"
OTHERS = ("interactions", "microlens")
PROJECT = "project"
"""Stands for the parameters of no section."""

NAME = "NAME"
"""Stands for a key that the user chooses."""

_BOUNDS = {Ge: ("ge", "at least"), Gt: ("gt", "over"), Le: ("le", "at most")}
_BOUNDS |= {Lt: ("lt", "under"), MinLen: ("min_length", "length at least")}
_WORDS: dict[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
    Path: "path",
    Any: "anything",
}
_INTRODUCTION = """# Parameters

Every parameter, from the typed models (`src/mmctr/**/params.py`) and `conf/`. Set one
with `--params NAME=VALUE`, several separated by commas; lists in a file for `--config`
([how](settings.md)). The full name is the heading, a dot and the parameter's name:
`quantization.rq_kmeans.levels`. *Base* is the value without `--env`; values of other
environments that differ are listed beside it. Values are checked before any work.
"""


class Row(NamedTuple):
    """A parameter in words."""

    name: str
    kind: str
    base: str
    elsewhere: str
    meaning: str


def parameter_page(conf: Path) -> str:
    """Write the page of all parameters.

    Args:
        conf: The project's configuration folder.

    Returns:
        Markdown: a table a model.
    """
    tables: dict[str, list[Row]] = {}
    for row in parameter_rows(conf):
        tables.setdefault(row.name.rpartition(".")[0], []).append(row)
    parts, last = [_INTRODUCTION], ""
    for section, rows in sorted(tables.items(), key=_place):
        head, dot, _ = section.partition(".")
        if head != last or not head:
            parts.append(f"\n## {head or PROJECT}\n\n{_describe(head)}")
        if dot:
            parts.append(f"\n### {section}\n")
        last = head
        header = ("parameter", "may be", "base", "what it is")
        parts.append(markdown_table(header, map(_cells, rows)))
    return "\n".join(parts) + "\n"


def parameter_rows(conf: Path) -> list[Row]:
    """List every parameter that can be set, sections left out.

    Args:
        conf: The project's configuration folder.

    Returns:
        A row a parameter, in the order of the models.
    """
    values = {env: _parameters(conf, env) for env in (BASE, *OTHERS)}
    return [
        Row(
            name=".".join(path),
            kind=_kind(field.annotation, field.metadata),
            base=_value(values[BASE], path),
            elsewhere=", ".join(
                f"`{env}`: {_value(values[env], path)}"
                for env in OTHERS
                if _value(values[env], path) != _value(values[BASE], path)
            ),
            meaning=field.description or "",
        )
        for path, field in _leaves(ProjectParams, ())
    ]


def _parameters(conf: Path, env: str) -> dict[str, Any]:
    """The merged tree, defaults of the models included."""
    loader = OmegaConfigLoader(
        str(conf),
        env=env,
        base_env=BASE,
        default_run_env=BASE,
        merge_strategy={"parameters": "soft"},
    )
    given = loader["parameters"]
    return ProjectParams.model_validate(given).model_dump(mode="json")


def _leaves(
    model: type[BaseModel], section: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    for name, field in model.model_fields.items():
        models = list(_models_in(field.annotation))
        if not models:
            yield (*section, name), field
        for free, kind in models:
            yield from _leaves(kind, (*section, name, *free))


def _models_in(kind: Any) -> Iterator[tuple[tuple[str, ...], type[BaseModel]]]:
    """Models in a field's type, with the free names that lead to them."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield (), kind
        return
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) is dict:
        for free, model in _models_in(arguments[1]):
            yield (NAME, *free), model
        return
    for argument in arguments:
        yield from _models_in(argument)


def _kind(kind: Any, metadata: list[Any]) -> str:
    """A type and its bounds in words."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        inner, *own = arguments
        flat = [m for item in own for m in getattr(item, "metadata", [item])]
        return _kind(inner, [*flat, *metadata])
    if origin in {typing.Union, types.UnionType}:
        shown = " or ".join(_kind(argument, []) for argument in arguments)
    elif origin is typing.Literal:
        shown = ", ".join(f"`{_plain(value)}`" for value in arguments)
    elif origin in {list, dict, tuple}:
        inside = " to ".join(_kind(a, []) for a in arguments if a is not Ellipsis)
        shown = f"{origin.__name__} of {inside}"
    elif kind is type(None):
        shown = "`null`"
    else:
        shown = _WORDS.get(kind) or kind.__name__
    bounds = [
        f"{words} {getattr(item, attribute):,}"
        for item in metadata
        for bound, (attribute, words) in _BOUNDS.items()
        if isinstance(item, bound)
    ]
    return ", ".join([shown, *bounds])


def _value(tree: Any, path: tuple[str, ...]) -> str:
    for part in path:
        if part == NAME or not isinstance(tree, dict) or part not in tree:
            return ""
        tree = tree[part]
    if isinstance(tree, dict):
        return f"{len(tree)} entries"
    return f"`{_plain(tree)}`"


def _plain(value: Any) -> str:
    """As YAML has it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _describe(section: str) -> str:
    field = ProjectParams.model_fields.get(section)
    models = list(_models_in(field.annotation)) if field else []
    first = (models[0][1].__doc__ or "").strip().partition("\n")[0] if models else ""
    return f"{first}\n" if first else ""


def _place(table: tuple[str, list[Row]]) -> tuple[int, bool]:
    """Sections in the order of the models, each before its parts."""
    head, dot, _ = table[0].partition(".")
    return list(ProjectParams.model_fields).index(head) if head else -1, bool(dot)


def _cells(row: Row) -> list[str]:
    base = "; ".join(filter(None, [row.base, row.elsewhere]))
    name = row.name.rpartition(".")[2]
    return [f"`{name}`", *map(_cell, [row.kind, base, row.meaning])]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
