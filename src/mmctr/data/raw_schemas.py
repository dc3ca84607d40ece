"""The tables that cross the border of the project, and how their errors read."""

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


def _level(description: str) -> pandera.Column:
    return pandera.Column(
        checks=pandera.Check.in_range(
            0, MAX_LEVEL, error=f"must be a level of 0 to {MAX_LEVEL}"
        ),
        nullable=False,
        description=description,
    )


def _count(description: str) -> pandera.Column:
    return pandera.Column(
        float,
        checks=pandera.Check.in_range(
            0, float("inf"), include_max=False, error="must be finite and not negative"
        ),
        nullable=False,
        required=False,
        description=description,
    )


_ITEM_NUMBER = pandera.Check.ge(1, error="must be 1 or above (0 is padding)")

LABEL = pandera.Check.isin([0, 1], error="must be 0 or 1")
"""What a label may be."""

INTERACTIONS = pandera.DataFrameSchema(
    {
        "user_id": pandera.Column(nullable=False, description="whole number or text"),
        "item_id": pandera.Column(
            nullable=False, description="whole number or text, as in the item table"
        ),
        "timestamp": pandera.Column(
            "int64",
            checks=pandera.Check.in_range(
                0,
                MAX_TIMESTAMP,
                error="must be unix seconds, not negative and not milliseconds",
            ),
            nullable=False,
            description="unix seconds, an Arrow timestamp or a date",
        ),
    },
    title="interactions.parquet",
    description="Your own log: one row an event, in any order.",
)

ITEMS = pandera.DataFrameSchema(
    {
        "item_id": pandera.Column(
            nullable=False, unique=True, description="whole number or text"
        ),
        "title": pandera.Column(
            str, nullable=False, description="text; empty where there is none"
        ),
        "likes": _count("popularity, of any scale"),
        "views": _count("popularity, of any scale"),
    },
    title="items.parquet",
    description="Your own items: one row an item.",
)

CHALLENGE_ITEMS = pandera.DataFrameSchema(
    {
        "item_id": pandera.Column(
            "int64",
            checks=_ITEM_NUMBER,
            nullable=False,
            unique=True,
            description="in any order",
        ),
        "item_title": pandera.Column(
            str, nullable=False, description="text; empty where there is none"
        ),
        "likes_level": _level("level of the item"),
        "views_level": _level("level of the item"),
    },
    title="MicroLens_1M_MMCTR/item_feature.parquet",
    description="The challenge's items: one row an item.",
)

CHALLENGE_ROWS = pandera.DataFrameSchema(
    {
        "user_id": pandera.Column(nullable=False, description="whole number or text"),
        "item_id": pandera.Column(
            "int64", checks=_ITEM_NUMBER, nullable=False, description="the target"
        ),
        "likes_level": _level("level as the row gives it"),
        "views_level": _level("level as the row gives it"),
        "label": pandera.Column(
            "int64",
            checks=LABEL,
            nullable=False,
            required=False,
            description="only test may be without",
        ),
    },
    title="MicroLens_1M_x1/{train,valid,test}.parquet",
    description="The challenge's parts: one row an impression.",
)


CHALLENGE_TEST_ROWS = CHALLENGE_ROWS.update_columns(
    {name: {"checks": []} for name in ("likes_level", "views_level")}
)
"""Rows to score: what becomes of a level that is none is a parameter."""

_PADDED_ID = pandera.Column(
    "int64",
    checks=pandera.Check.ge(0, error="must be 0 (padding) or above"),
    nullable=False,
    description="lists of one length, padded with 0",
)


def _vector(description: str) -> pandera.Column:
    return pandera.Column(
        "float32",
        checks=pandera.Check(
            np.isfinite,
            error="must hold neither NaN nor infinity",
        ),
        nullable=False,
        required=False,
        description=description,
    )


_VECTORS = "vectors of one width; all zero where there is none, which is warned of"

RAW_LISTS = {
    "items.parquet": pandera.DataFrameSchema(
        {
            "tags": pandera.Column(
                str,
                nullable=False,
                required=False,
                description="a list of tags, text or numbers, none or more; or column "
                "`tag`, one tag or none",
            ),
            "image_vector": _vector(_VECTORS),
        }
    ),
    "MicroLens_1M_MMCTR/item_feature.parquet": pandera.DataFrameSchema(
        {"item_tags": _PADDED_ID, "img_emb_CLIPRN50": _vector(_VECTORS)}
    ),
    "MicroLens_1M_x1/{train,valid,test}.parquet": pandera.DataFrameSchema(
        {
            "item_seq": pandera.Column(
                "int64",
                checks=pandera.Check.ge(0, error="must be 0 (padding) or above"),
                nullable=False,
                description="history, oldest first: lists of one length, padded with 0 "
                "in front",
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
        ValueError: Naming file, column, the first five rows that fail, and what is
            wanted.
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
        row_of: From the number of a row here to the one that is named.

    Returns:
        A phrase a column and check that fails, with its first five rows; none where
        all is well.
    """
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        # What is of another type fails everything else too.
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
        return f"column '{column}' is {frame[column].dtype}, wanted {check}"
    rows = _rows(cases, row_of)
    if check == "not_nullable":
        return (
            f"column '{column}' has empty values in {rows}, null or NaN; "
            "fill or drop them"
        )
    if check == "field_uniqueness":
        return f"column '{column}' has repeated values in {rows}; keep one row for each"
    places = cases["index"].dropna().head(5).astype(int)
    # As the table holds them: among other failures pandera makes floats of integers. A
    # check that could not be made has no rows, but an error.
    held = frame[column].iloc[places] if len(places) else cases["failure_case"].head(5)
    values = ", ".join(str(value) for value in held)
    return f"column '{column}' {check}; {rows} hold {values}"


def _rows(cases: pd.DataFrame, row_of: Callable[[int], int]) -> str:
    # Several values of a list may fail: its row is named once.
    rows = list(dict.fromkeys(row_of(place) for place in cases["index"].dropna()))
    more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
    return f"rows {rows[:5]}{more}"
