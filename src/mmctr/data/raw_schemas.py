"""The tables that enter and leave the project, and the wording of their errors."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pandera.pandas as pandera
from pandera.errors import SchemaErrors

from mmctr.data.column_kinds import KINDS

MAX_LEVEL = 10
"""Popularity levels run from 0 to this number."""

MAX_TIMESTAMP = 10**11
"""Unix seconds stay below this until the year 5138; milliseconds have been above it
since 1973."""

LABEL = pandera.Check.isin([0, 1], error="must be 0 or 1")
LEVEL = pandera.Check.in_range(
    0, MAX_LEVEL, error=f"must be a level of 0 to {MAX_LEVEL}"
)
FINITE = pandera.Check(np.isfinite, error="must hold neither NaN nor infinity")

_ITEM_NUMBER = pandera.Check.ge(1, error="must be 1 or above (0 is padding)")
_PADDED = pandera.Check.ge(0, error="must be 0 (padding) or above")
_COUNT = pandera.Check.in_range(
    0, float("inf"), include_max=False, error="must be finite and not negative"
)
_ID = "whole number or text"
_TEXT = "text; empty where there is none"
_VECTORS = "vectors of one width; all zero where there is none, which gives a warning"


def column(
    dtype: str | None,
    check: pandera.Check | None,
    about: str,
    *,
    nullable: bool = False,
    unique: bool = False,
    required: bool = True,
    lists: str | None = None,
    kind: str | None = None,
) -> pandera.Column:
    """Describe a column.

    Args:
        dtype: Type of its values; None for any.
        check: What its values must be, if anything.
        about: What it is, for the documentation.
        nullable: Whether values may be empty.
        unique: Whether no value may occur twice.
        required: Whether the table must have it.
        lists: For lists of such values: which lengths, ``any`` or ``one``.
        kind: In raw files: a key of :data:`mmctr.data.column_kinds.KINDS`.
    """
    return pandera.Column(
        dtype,
        checks=check,
        nullable=nullable,
        unique=unique,
        required=required,
        description=about,
        metadata={"lists": lists, "kind": kind},
    )


def raw_column(
    kind: str, check: pandera.Check | None, about: str, **options: bool
) -> pandera.Column:
    """Describe a column of a raw file; its kind gives the type after reading."""
    lists = "any" if kind in ("ids", "vectors", "tags") else None
    return column(KINDS[kind].dtype, check, about, lists=lists, kind=kind, **options)


def property_of(column: pandera.Column, name: str) -> str | None:
    """``lists`` or ``kind`` of a column; see :func:`column`."""
    return (column.metadata or {}).get(name)


def names_of(schema: pandera.DataFrameSchema, *, lists: bool) -> list[str]:
    """The columns that hold lists, or those of one value per row."""
    columns = schema.columns.items()
    return [n for n, held in columns if lists == bool(property_of(held, "lists"))]


ITEMS = pandera.DataFrameSchema(
    {
        "item_id": raw_column("id", None, _ID, unique=True),
        **{
            name: raw_column(
                "count", _COUNT, "popularity", required=False, nullable=True
            )
            for name in ("likes", "views")
        },
    }
)
"""Columns of a log's items, once they are read."""


def challenge_items_schema(
    image_column: str | None = "img_emb_CLIPRN50",
) -> pandera.DataFrameSchema:
    """Describe ``item_feature.parquet``, with the name of its column of vectors."""
    return pandera.DataFrameSchema(
        {
            "item_id": raw_column("integer", _ITEM_NUMBER, "in any order", unique=True),
            "item_title": raw_column("text", None, _TEXT),
            "likes_level": raw_column("integer", LEVEL, "level of the item"),
            "views_level": raw_column("integer", LEVEL, "level of the item"),
            "item_tags": raw_column(
                "ids", _PADDED, "lists of one length, padded with 0"
            ),
            **_images(image_column),
        },
        title="MicroLens_1M_MMCTR/item_feature.parquet",
        description="The challenge's items: one row per item.",
    )


def _images(name: str | None) -> dict[str, pandera.Column]:
    if name is None:
        return {}
    return {name: raw_column("vectors", FINITE, _VECTORS, required=False)}


CHALLENGE_ROWS = pandera.DataFrameSchema(
    {
        "user_id": raw_column("id", None, _ID),
        "item_id": raw_column("integer", _ITEM_NUMBER, "the target"),
        "likes_level": raw_column("integer", LEVEL, "level as the row gives it"),
        "views_level": raw_column("integer", LEVEL, "level as the row gives it"),
        "label": raw_column("integer", LABEL, "not needed in test"),
        "item_seq": raw_column(
            "ids",
            _PADDED,
            "history, oldest first: lists of one length, padded with 0 in front",
        ),
    },
    title="MicroLens_1M_x1/{train,valid,test}.parquet",
    description="The challenge's parts: one row per impression.",
)

CHALLENGE_TEST_ROWS = CHALLENGE_ROWS.update_columns(
    {
        "likes_level": {"checks": []},
        "views_level": {"checks": []},
        "label": {"required": False},
    }
)
"""Rows to score: how invalid levels are treated is a parameter."""


def check_frame(
    frame: pd.DataFrame, schema: pandera.DataFrameSchema, file: str
) -> None:
    """Check a table read from a file.

    Args:
        frame: The table.
        schema: What it must look like; readers check its lists as arrays, see
            :mod:`mmctr.data.columns`.
        file: Where it comes from, for the message.

    Raises:
        ValueError: Naming file, column, the first five rows that fail, and what was
            expected.
    """
    scalars = schema.select_columns(names_of(schema, lists=False))
    if problems := frame_problems(frame, scalars):
        raise ValueError(f"{file}: " + "; ".join(problems))


def frame_problems(
    frame: pd.DataFrame,
    schema: pandera.DataFrameSchema,
    row_of: Callable[[int], int] = int,
) -> list[str]:
    """Compare a table with its schema.

    Args:
        frame: The table, rows numbered from 0.
        schema: What it must look like.
        row_of: Maps a row's number here to the one to name.

    Returns:
        One phrase per column and failed check, with its first five rows.
    """
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        # A column of another type fails all its other checks too.
        mistyped = cases[cases["check"].str.startswith("dtype")]
        others = ~cases["column"].isin(mistyped["column"])
        cases = cases[others | cases.index.isin(mistyped.index)]
        return [
            _explain(frame, str(column), str(check), group, row_of)
            for (column, check), group in cases.groupby(
                [cases["column"].fillna("table"), "check"], sort=False
            )
        ]
    return []


def _explain(
    frame: pd.DataFrame,
    column: str,
    check: str,
    cases: pd.DataFrame,
    row_of: Callable[[int], int],
) -> str:
    if check == "column_in_dataframe":
        return f"column '{cases['failure_case'].iloc[0]}' is missing"
    if check.startswith("dtype"):
        return f"column '{column}' is {frame[column].dtype}, expected {check}"
    rows = _rows(cases, row_of)
    if check == "not_nullable":
        return (
            f"column '{column}' has empty values in {rows}, null or NaN; "
            "fill or drop them"
        )
    if check == "field_uniqueness":
        return f"column '{column}' has repeated values in {rows}; keep one row for each"
    places = cases["index"].dropna().head(5).astype(int)
    # Values from the table: pandera turns integers into floats among other failures. A
    # check that raised has no rows, but an error.
    held = frame[column].iloc[places] if len(places) else cases["failure_case"].head(5)
    values = ", ".join(str(value) for value in held)
    return f"column '{column}' {check}; {rows} hold {values}"


def _rows(cases: pd.DataFrame, row_of: Callable[[int], int]) -> str:
    # Several values of one list may fail; its row is named once.
    rows = list(dict.fromkeys(row_of(place) for place in cases["index"].dropna()))
    more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
    return f"rows {rows[:5]}{more}"
