"""The schemas as a page: ``python docs/hooks/schema_tables.py > docs/schemas.md``.

Everything on it comes from the pandera schemas that the tables are checked by.
"""

from collections.abc import Iterator

import click
import pandera.pandas as pandera

from mmctr.data.contracts import CONTRACTS
from mmctr.data.raw_schemas import (
    CHALLENGE_ROWS,
    challenge_items_schema,
    property_of,
)
from mmctr.runtime.markdown import markdown_table

_INTRODUCTION = """\
# Tables and what they must hold

Written by `python docs/hooks/schema_tables.py > docs/schemas.md` from the schemas
that the tables are checked by. A violation is an error that names file, column and
rows, before anything is written. Columns may come in any order; of a challenge, columns
that are not named here are not read.

In lists, type and rule are those of the values."""

_RAW = """\
## Files of a challenge

Those of a log of your own have [many forms](own-log.md).

Numbers may have any integer or float width; where the type is an integer they must be
whole and fit into int64. Text may be dictionary-encoded. Lists may have any Arrow list
type."""

_ARTIFACTS = """\
## Between pipelines

Checked whenever such a table is saved, and again whenever it is loaded. Items are
numbered from 1; 0 is always padding."""


def schema_page() -> str:
    """Write the page, Markdown."""
    raw = [challenge_items_schema(), CHALLENGE_ROWS]
    blocks = [_INTRODUCTION, _RAW, *map(_section, raw)]
    blocks += [_ARTIFACTS, *map(_section, CONTRACTS.values())]
    return "\n\n".join(blocks) + "\n"


def _section(schema: pandera.DataFrameSchema) -> str:
    rows = [
        [
            f"`{name}`",
            _type(column),
            "yes" if column.required else "no",
            "; ".join(_rules(column)) or "-",
            str(column.description),
        ]
        for name, column in schema.columns.items()
    ]
    table = markdown_table(("column", "type", "needed", "rule", "what it is"), rows)
    return f"### {schema.title}\n\n{schema.description}\n\n{table}"


def _type(column: pandera.Column) -> str:
    """A name that does not depend on how pandas keeps text."""
    kind = "any" if column.dtype is None else str(column.dtype).lower()
    kind = "text" if kind.startswith("str") else kind
    lists = property_of(column, "lists")
    ending = ", one length" if lists == "one" else ""
    return f"list of {kind}{ending}" if lists else kind


def _rules(column: pandera.Column) -> Iterator[str]:
    for check in column.checks:
        yield str(check.error)
    if column.unique:
        yield "no value twice"
    if column.nullable:
        yield "may be empty"


if __name__ == "__main__":
    click.echo(schema_page(), nl=False)
