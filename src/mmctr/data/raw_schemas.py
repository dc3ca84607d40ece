"""The tables that enter and leave the project, and the wording of their errors."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pandera.pandas as pandera
from pandera.errors import SchemaErrors

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
_SECONDS = pandera.Check.in_range(
    0,
    MAX_TIMESTAMP,
    error="must be unix seconds, not negative and not milliseconds",
)
_ID = "whole number or text"
_TEXT = "text; empty where there is none"
_VECTORS = "vectors of one width; all zero where there is none, which gives a warning"


def column(
    kind: str | None,
    check: pandera.Check | None,
    about: str,
    *,
    nullable: bool = False,
    unique: bool = False,
    required: bool = True,
) -> pandera.Column:
    """Describe a column.

    Args:
        kind: Its type; None for any.
        check: What its values must be, if anything.
        about: What it is, for the documentation.
        nullable: Whether values may be empty.
        unique: Whether no value may occur twice.
        required: Whether the table must have it.
    """
    return pandera.Column(
        kind,
        checks=check,
        nullable=nullable,
        unique=unique,
        required=required,
        description=about,
    )


INTERACTIONS = pandera.DataFrameSchema(
    {
        "user_id": column(None, None, _ID),
        "item_id": column(None, None, f"{_ID}, as in the item table"),
        "timestamp": column(
            "int64", _SECONDS, "unix seconds, an Arrow timestamp or a date"
        ),
    },
    title="interactions.parquet",
    description="Your own log: one row per event, in any order.",
)

ITEMS = pandera.DataFrameSchema(
    {
        "item_id": column(None, None, _ID, unique=True),
        "title": column("str", None, _TEXT),
        "likes": column("float64", _COUNT, "popularity, of any scale", required=False),
        "views": column("float64", _COUNT, "popularity, of any scale", required=False),
    },
    title="items.parquet",
    description="Your own items: one row per item.",
)

CHALLENGE_ITEMS = pandera.DataFrameSchema(
    {
        "item_id": column("int64", _ITEM_NUMBER, "in any order", unique=True),
        "item_title": column("str", None, _TEXT),
        "likes_level": column(None, LEVEL, "level of the item"),
        "views_level": column(None, LEVEL, "level of the item"),
    },
    title="MicroLens_1M_MMCTR/item_feature.parquet",
    description="The challenge's items: one row per item.",
)

CHALLENGE_ROWS = pandera.DataFrameSchema(
    {
        "user_id": column(None, None, _ID),
        "item_id": column("int64", _ITEM_NUMBER, "the target"),
        "likes_level": column(None, LEVEL, "level as the row gives it"),
        "views_level": column(None, LEVEL, "level as the row gives it"),
        "label": column(
            "int64", LABEL, "needed in train and valid, not in test", required=False
        ),
    },
    title="MicroLens_1M_x1/{train,valid,test}.parquet",
    description="The challenge's parts: one row per impression.",
)

CHALLENGE_TEST_ROWS = CHALLENGE_ROWS.update_columns(
    {name: {"checks": []} for name in ("likes_level", "views_level")}
)
"""Rows to score: how invalid levels are treated is a parameter."""

RAW_LISTS = {
    "items.parquet": pandera.DataFrameSchema(
        {
            "tags": column(
                "str",
                None,
                "a list of tags, text or numbers, none or more; or column `tag`, one "
                "tag or none",
                required=False,
            ),
            "image_vector": column("float32", FINITE, _VECTORS, required=False),
        }
    ),
    "MicroLens_1M_MMCTR/item_feature.parquet": pandera.DataFrameSchema(
        {
            "item_tags": column("int64", _PADDED, "lists of one length, padded with 0"),
            "img_emb_CLIPRN50": column("float32", FINITE, _VECTORS, required=False),
        }
    ),
    "MicroLens_1M_x1/{train,valid,test}.parquet": pandera.DataFrameSchema(
        {
            "item_seq": column(
                "int64",
                _PADDED,
                "history, oldest first: lists of one length, padded with 0 in front",
            )
        }
    ),
}
"""List columns of raw files, by the values in them; the readers check them as arrays,
see :mod:`mmctr.data.datasets.columns`."""


def check_frame(
    frame: pd.DataFrame, schema: pandera.DataFrameSchema, file: str
) -> None:
    """Check a table read from a file.

    Args:
        frame: The table.
        schema: What it must look like.
        file: Where it comes from, for the message.

    Raises:
        ValueError: Naming file, column, the first five rows that fail, and what was
            expected.
    """
    problems = frame_problems(frame, schema)
    if problems:
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
