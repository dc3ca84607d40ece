"""The schemas as a page: ``python -m mmctr.data.schemas_page > docs/schemas.md``.

Everything on it comes from the pandera schemas that the tables are checked by.
"""

from collections.abc import Iterator

import click
import pandera.pandas as pandera

from mmctr.data.contracts import CONTRACTS
from mmctr.data.raw_schemas import (
    CHALLENGE_ITEMS,
    CHALLENGE_ROWS,
    INTERACTIONS,
    ITEMS,
    RAW_LISTS,
)
from mmctr.runtime.markdown import markdown_table

_INTRODUCTION = """\
# Tables and what they must hold

Written by `python -m mmctr.data.schemas_page > docs/schemas.md` from the schemas
that the tables are checked by. A violation is an error that names file, column and
rows, before anything is written. Columns may come in any order; columns that are not
named here are not read.

In lists, type and rule are those of the values."""

_RAW = """\
## Raw files

Numbers may have any integer or float width; where the type is an integer they must be
whole and fit into int64. Text may be dictionary-encoded. Lists may have any Arrow list
type."""

_ARTIFACTS = """\
## Between pipelines

Checked whenever such a table is saved, and again whenever it is loaded. Items are
numbered from 1; 0 is always padding."""


def schemas_page() -> str:
    """Write the page, Markdown."""
    blocks = [_INTRODUCTION, _RAW]
    for schema in (INTERACTIONS, ITEMS, CHALLENGE_ITEMS, CHALLENGE_ROWS):
        blocks.append(_section(schema, RAW_LISTS.get(str(schema.title))))
    blocks.append(_ARTIFACTS)
    for contract in CONTRACTS.values():
        blocks.append(_section(contract.scalars, contract.lists, contract.one_length))
    return "\n\n".join(blocks) + "\n"


def _section(
    scalars: pandera.DataFrameSchema,
    lists: pandera.DataFrameSchema | None,
    one_length: frozenset[str] = frozenset(),
) -> str:
    rows = [_cells(column, _type(column)) for column in scalars.columns.values()]
    for name, column in lists.columns.items() if lists else ():
        ending = ", one length" if name in one_length else ""
        rows.append(_cells(column, f"list of {_type(column)}{ending}"))
    table = markdown_table(("column", "type", "needed", "rule", "what it is"), rows)
    return f"### {scalars.title}\n\n{scalars.description}\n\n{table}"


def _cells(column: pandera.Column, kind: str) -> list[str]:
    rule = "; ".join(_rules(column)) or "-"
    needed = "yes" if column.required else "no"
    return [f"`{column.name}`", kind, needed, rule, column.description or "-"]


def _type(column: pandera.Column) -> str:
    """A name that does not depend on how pandas keeps text."""
    if column.dtype is None:
        return "any"
    kind = str(column.dtype).lower()
    return "text" if kind.startswith("str") else kind


def _rules(column: pandera.Column) -> Iterator[str]:
    for check in column.checks:
        yield str(check.error)
    if column.unique:
        yield "no value twice"
    if column.nullable:
        yield "may be empty"


if __name__ == "__main__":
    click.echo(schemas_page(), nl=False)
