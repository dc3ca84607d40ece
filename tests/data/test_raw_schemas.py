"""Errors of the border tables name file, column and rows."""

import pandas as pd
import pandera.pandas as pandera
import pytest

from mmctr.data.raw_schemas import (
    CHALLENGE_ROWS,
    ITEMS,
    LEVEL,
    check_frame,
    column,
)

INTERACTIONS = pandera.DataFrameSchema(
    {name: column(None, None, "") for name in ("user_id", "item_id")}
    | {"timestamp": column("int64", pandera.Check.ge(0, error="must be 0 or more"), "")}
)


@pytest.fixture
def log():
    return pd.DataFrame(
        {"user_id": [1, 1, 2], "item_id": ["a", "b", "a"], "timestamp": [0, 5, 9]}
    )


def test_a_sound_table_passes(log):
    assert check_frame(log, INTERACTIONS, "log.parquet") is None


def test_optional_columns_may_be_absent():
    check_frame(pd.DataFrame({"item_id": [1], "title": [""]}), ITEMS, "items")


def test_counts_are_finite_and_begin_at_zero():
    items = pd.DataFrame({"item_id": range(3), "title": [""] * 3})
    counts = {"likes": [0.0, 0.5, 1e300], "views": [0.0, 1.0, 2.0]}
    check_frame(items.assign(**counts), ITEMS, "items")
    for wrong in (-1.0, float("inf")):
        with pytest.raises(ValueError, match=r"views' must be finite and not neg"):
            check_frame(items.assign(views=[0.0, wrong, 1.0]), ITEMS, "items")


def test_a_missing_column_is_named(log):
    with pytest.raises(ValueError, match=r"log: column 'item_id' is missing$"):
        check_frame(log.drop(columns="item_id"), INTERACTIONS, "log")


def test_a_wrong_type_is_named(log):
    with pytest.raises(
        ValueError, match="column 'timestamp' is float64, expected dtype.*int64"
    ):
        check_frame(log.astype({"timestamp": float}), INTERACTIONS, "log")


def test_empty_values_are_named(log):
    with pytest.raises(ValueError, match=r"'item_id' has empty values in rows \[1\]"):
        check_frame(log.assign(item_id=["a", None, "a"]), INTERACTIONS, "log")


def test_all_defects_are_told_and_five_rows_each():
    rows = pd.DataFrame(
        {
            "user_id": range(8),
            "item_id": [0] * 8,
            "likes_level": [11] * 8,
            "views_level": [0] * 8,
            "label": [0] * 7 + [3],
        }
    )
    with pytest.raises(ValueError, match="train") as error:
        check_frame(rows, CHALLENGE_ROWS, "train")
    message = str(error.value)
    assert message.count("rows [0, 1, 2, 3, 4] and 3 more") == 2
    assert "'item_id' must be 1 or above" in message
    assert "'likes_level' must be a level of 0 to 10" in message
    assert "'label' must be 0 or 1; rows [7] hold 3" in message
    assert "views_level" not in message


def test_a_check_that_can_not_be_made_is_told_too():
    level = pandera.DataFrameSchema({"level": column(None, LEVEL, "")})
    with pytest.raises(ValueError, match="'level' must be a level.*TypeError"):
        check_frame(pd.DataFrame({"level": ["a"]}), level, "train")


def told(frame, schema):
    with pytest.raises(ValueError, match="there") as error:
        check_frame(frame, schema, "there")
    return str(error.value)


@pytest.mark.parametrize(
    ("wrong", "more"), [(5, ""), (6, " and 1 more"), (7, " and 2 more")]
)
def test_what_is_wrong_is_told_word_for_word(wrong, more):
    frame = pd.DataFrame({"user_id": [1] * 8, "item_id": [1] * 8, "timestamp": [0] * 8})
    frame.loc[: wrong - 1, "timestamp"] = range(-wrong, 0)
    frame["user_id"] = [None] * wrong + [1] * (8 - wrong)
    first = ", ".join(str(value) for value in range(-wrong, -wrong + 5))
    assert told(frame, INTERACTIONS) == (
        f"there: column 'user_id' has empty values in rows [0, 1, 2, 3, 4]{more}, null "
        "or NaN; fill or drop them; column 'timestamp' must be 0 or more; rows "
        f"[0, 1, 2, 3, 4]{more} hold {first}"
    )
    items = pd.DataFrame({"item_id": [7] * wrong, "title": [""] * wrong})
    assert told(items, ITEMS) == (
        f"there: column 'item_id' has repeated values in rows [0, 1, 2, 3, 4]{more}; "
        "keep one row for each"
    )
