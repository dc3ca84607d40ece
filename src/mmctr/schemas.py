"""The tables that cross the border of the project, and how their errors read."""

import pandas as pd
import pandera.pandas as pandera
from pandera.errors import SchemaErrors

MAX_LEVEL = 10
"""Popularity levels run from 0 to this number."""

MAX_TIMESTAMP = 10**11
"""Unix seconds stay below this until the year 5138; milliseconds have been above it
since 1973."""

_ID = pandera.Column(nullable=False)
_ITEM_NUMBER = pandera.Check.ge(1, error="must be 1 or above (0 is padding)")
_LEVEL = pandera.Column(
    checks=pandera.Check.in_range(
        0, MAX_LEVEL, error=f"must be a level of 0 to {MAX_LEVEL}"
    ),
    nullable=False,
)
_COUNT = pandera.Column(
    float,
    checks=pandera.Check.in_range(
        0, float("inf"), include_max=False, error="must be finite and not negative"
    ),
    nullable=False,
    required=False,
)

INTERACTIONS = pandera.DataFrameSchema(
    {
        "user_id": _ID,
        "item_id": _ID,
        "timestamp": pandera.Column(
            "int64",
            checks=pandera.Check.in_range(
                0,
                MAX_TIMESTAMP,
                error="must be unix seconds, not negative and not milliseconds",
            ),
            nullable=False,
        ),
    }
)

ITEMS = pandera.DataFrameSchema(
    {
        "item_id": pandera.Column(nullable=False, unique=True),
        "title": pandera.Column(str, nullable=False),
        "likes": _COUNT,
        "views": _COUNT,
    }
)

CHALLENGE_ITEMS = pandera.DataFrameSchema(
    {
        "item_id": pandera.Column(
            "int64", checks=_ITEM_NUMBER, nullable=False, unique=True
        ),
        "item_title": pandera.Column(str, nullable=False),
        "likes_level": _LEVEL,
        "views_level": _LEVEL,
    }
)

CHALLENGE_ROWS = pandera.DataFrameSchema(
    {
        "user_id": _ID,
        "item_id": pandera.Column("int64", checks=_ITEM_NUMBER, nullable=False),
        "likes_level": _LEVEL,
        "views_level": _LEVEL,
        "label": pandera.Column(
            "int64",
            checks=pandera.Check.isin([0, 1], error="must be 0 or 1"),
            nullable=False,
            required=False,
        ),
    }
)


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
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        lines = [
            _explain(str(column), str(check), group)
            for (column, check), group in cases.groupby(
                [cases["column"].fillna("table"), "check"], sort=False
            )
        ]
        raise ValueError(f"{file}: " + "; ".join(lines)) from None


def _explain(column: str, check: str, cases: pd.DataFrame) -> str:
    if check == "column_in_dataframe":
        return f"column '{cases['failure_case'].iloc[0]}' is missing"
    if check == "not_nullable":
        return (
            f"column '{column}' has empty values in {_rows(cases)}; fill or drop them"
        )
    if check == "field_uniqueness":
        return (
            f"column '{column}' has repeated values in {_rows(cases)}; "
            "keep one row for each"
        )
    if check.startswith("dtype"):
        return f"column '{column}' is {cases['failure_case'].iloc[0]}, wanted {check}"
    values = ", ".join(str(value) for value in cases["failure_case"].head(5))
    return f"column '{column}' {check}; {_rows(cases)} hold {values}"


def _rows(cases: pd.DataFrame) -> str:
    rows = [int(row) for row in cases["index"].dropna().head(5)]
    more = len(cases) - len(rows)
    return f"rows {rows}" + (f" and {more} more" if more > 0 else "")
