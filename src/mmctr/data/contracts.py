"""What the tables between pipelines must hold."""

from collections.abc import Iterable

import numpy as np
import pandera.pandas as pandera

from mmctr.data.fields.field import CODES, VALUES
from mmctr.data.fields.log_columns import PUBLISHED
from mmctr.data.raw_schemas import LABEL, column

_POSITIVE = pandera.Check.in_range(
    0,
    float("inf"),
    include_min=False,
    include_max=False,
    error="must be finite and over 0",
)

ANY_CODES = "NAME_codes"
"""Stands for any number of columns: the codes of every modality."""

IN_ORDER = "in order"
"""Name of the check that compares the rows of a whole column."""

_FIELDS = (
    " Of every field there is an int32 column `field_NAME` with its codes, lists for "
    "tags, and of a number also a float32 column `value_NAME`."
)


def codes_columns(names: Iterable[str]) -> dict[str, str]:
    """Find the columns of codes among an item table's: modality -> column."""
    ending = ANY_CODES.removeprefix("NAME")
    return {
        name.removesuffix(ending): name
        for name in names
        if name.endswith(ending) and not name.startswith((CODES, VALUES))
    }


def _from(first: int) -> pandera.Check:
    """Rows numbered in order."""
    return pandera.Check(
        lambda ids: ids == np.arange(first, first + len(ids)),
        name=IN_ORDER,
        error=f"must be {first}, {first + 1}, {first + 2} and so on, in order",
    )


def _at_least(least: int, meaning: str) -> pandera.Check:
    return pandera.Check.ge(least, error=f"must be {least} or above ({meaning})")


def _time(about: str) -> pandera.Column:
    return column("Int64", None, about, nullable=True)


def _rows(*, labelled: bool) -> pandera.DataFrameSchema:
    target = (
        column("Int64", _at_least(1, "0 is padding"), "the target")
        if labelled
        else column(
            "Int64",
            _at_least(0, "0 is an item that the item table lacks"),
            "the target; 0 where the item table lacks it and "
            "preparation.unknown_items=pad",
        )
    )
    return pandera.DataFrameSchema(
        {
            "user_id": column(None, None, "whole number or text, as in the source"),
            "group_id": column(
                "Int64",
                _at_least(0, "groups are numbered from 0"),
                "rows that are compared with each other in gAUC",
            ),
            "item_id": target,
            "label": column(
                "Int8",
                LABEL,
                "1: clicked" if labelled else "1: clicked; empty where withheld",
                nullable=not labelled,
            ),
            "item_seq": column(
                "int32",
                _at_least(1, "padding is left out"),
                "history, oldest first, of any length",
                lists="any",
            ),
            "timestamp": _time("unix seconds of the row; empty without times"),
            "as_of": _time(
                "statistics of the row know of events before it; empty without times"
            ),
            "weight": column(
                "float32",
                _POSITIVE,
                "weight of the row, 1 on average in train; only with "
                "preparation.weight_column",
                required=False,
            ),
        },
        title="train, valid, train_rows, valid_rows"
        if labelled
        else "test, test_rows, test_frozen_rows",
        description="One row per impression; in those that end in `_rows` also a "
        "float32 column `kind.name` per row statistic, NaN where undefined." + _FIELDS,
    )


def _codes() -> pandera.Column:
    check = _at_least(0, "0 is padding")
    return column("int32", check, "code + 1 of a modality, 0 in row 0", lists="one")


CONTRACTS = {
    "items": pandera.DataFrameSchema(
        {
            "item_id": column("Int64", _from(1), "numbered in the source's order"),
            "title": column("str", None, "empty where there is none"),
            PUBLISHED: column(
                "float64",
                None,
                "the item's date in days since 1970; only with fields.published_column",
                nullable=True,
                required=False,
            ),
        },
        title="items",
        description="One row per item." + _FIELDS,
    ),
    "item_id_mapping": pandera.DataFrameSchema(
        {
            "item_id": column("Int64", _from(1), "as in items"),
            "original_id": column(
                None, None, "whole number or text, as in the source", unique=True
            ),
        },
        title="item_id_mapping",
        description="One row per item.",
    ),
    "events": pandera.DataFrameSchema(
        {
            "user_id": column(None, None, "whole number or text, as in the source"),
            "item_id": column("Int64", _at_least(1, "0 is padding"), "as in items"),
            "timestamp": _time("unix seconds; empty without times"),
            "label": column(
                "Int8",
                LABEL,
                "1: clicked, empty: a click from before the log, or of a history; only "
                "of impressions and of a challenge, else all are clicks",
                required=False,
                nullable=True,
            ),
        },
        title="events",
        description="One row per event that row statistics may count, in time order: "
        "every click, or every impression; of a challenge clicks of train's histories, "
        "then train's rows.",
    ),
    "labelled_rows": _rows(labelled=True),
    "test_rows": _rows(labelled=False),
    "item_table": pandera.DataFrameSchema(
        {
            "item_id": column("Int32", _from(0), "row i is item i"),
            ANY_CODES: _codes(),
        },
        title="item_table",
        description="One row per item, behind row 0, which is padding." + _FIELDS,
    ),
    "predictions": pandera.DataFrameSchema(
        {
            "user_id": column(None, None, "as in the source"),
            "item_id": column(
                None,
                None,
                "as in the source; empty where the item table lacks it",
                nullable=True,
            ),
            "label": column("Int8", LABEL, "empty where withheld", nullable=True),
            "probability": column(
                "float64",
                pandera.Check.in_range(0, 1, error="must lie within 0 and 1"),
                "probability of a click, calibrated; where negatives were drawn, "
                "relative to preparation.negatives_per_positive: see `probability` in "
                "the file's metadata",
            ),
            "raw_probability": column(
                "float64",
                pandera.Check.in_range(0, 1, error="must lie within 0 and 1"),
                "before calibration; the same where there is none",
            ),
        },
        title="valid_predictions, test_predictions, test_frozen_predictions",
        description="One row per row of the part, in its order.",
    ),
}
"""The contracts by their name in the catalog."""
