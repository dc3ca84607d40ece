"""Row statistics as columns of a table of rows."""

import numpy as np
import pyarrow as pa
import pytest
from worlds import N_ITEMS, rows_table, with_statistics

from mmctr.ctr.inputs.click_log import ClickLog

POPULARITY = ("popularity.age", "popularity.events_30d")


@pytest.fixture
def table() -> pa.Table:
    rng = np.random.default_rng(0)
    return with_statistics(rng, rows_table(rng, 30))


def read(table: pa.Table, *kinds: str) -> ClickLog:
    return ClickLog.from_arrow(table, 100, N_ITEMS, statistics=kinds)


def test_the_kinds_that_are_named_are_read(table):
    log = read(table, "popularity")
    assert log.statistic_names == POPULARITY
    for place, name in enumerate(POPULARITY):
        np.testing.assert_array_equal(log.statistics[:, place], table[name].to_numpy())
    assert read(table).statistics.shape == (30, 0)


def test_a_batch_has_the_statistics_of_its_rows(table):
    """An empty value of the table is NaN."""
    log = read(table, "popularity", "lexical")
    batch = log[np.array([4, 17, 4])]
    assert batch.statistics.shape == (3, 3)
    np.testing.assert_array_equal(batch.statistics[1], log.statistics[17])
    empty = table["lexical.first_word"].is_null().to_numpy()
    assert 0 < empty.sum() < 30
    np.testing.assert_array_equal(np.isnan(log.statistics[:, 0]), empty)


def test_the_order_of_the_columns_does_not_matter(table):
    turned = table.select(table.column_names[::-1])
    one, other = (read(x, "popularity", "lexical") for x in (table, turned))
    assert one.statistic_names == other.statistic_names
    np.testing.assert_array_equal(one.statistics, other.statistics)


def test_some_kinds_of_a_log_can_be_chosen(table):
    log = read(table, "popularity", "lexical")
    chosen = log.with_statistics(["popularity"])
    assert chosen.statistic_names == POPULARITY
    np.testing.assert_array_equal(
        chosen.statistics, read(table, "popularity").statistics
    )


def test_kinds_that_are_not_there_are_named_with_what_to_do(table):
    message = (
        r"names codes, tags, and the rows have no column of these kinds \(theirs: "
        r"lexical, popularity\); switch them on in row_statistics.kinds and run kedro "
        "run --pipeline row_statistics"
    )
    with pytest.raises(ValueError, match=message):
        read(table, "tags", "codes")
    with pytest.raises(ValueError, match="theirs: none"):
        read(rows_table(np.random.default_rng(0), 5), "tags")


def test_a_kind_without_anything_to_count_has_no_column(table):
    assert read(table, "popularity", "tags").statistic_names == POPULARITY


def test_an_infinite_value_is_named(table):
    values = table["popularity.age"].to_numpy().copy()
    values[[3, 8]] = np.inf, -np.inf
    place = table.column_names.index("popularity.age")
    wrong = table.set_column(place, "popularity.age", pa.array(values))
    with pytest.raises(ValueError, match=r"'popularity.age' .* in rows \[3, 8\]"):
        read(wrong, "popularity")
